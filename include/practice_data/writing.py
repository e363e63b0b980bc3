"""Checked sheets into the database: copied into a temporary table, then merged so that equal rows are left alone."""

from __future__ import annotations

import csv
import io
from typing import Any

import psycopg
from psycopg import sql

from include import database
from include.practice_data.csv_files import Sheet
from include.practice_data.written_rules import SEPARATOR

Connection = psycopg.Connection[Any]


def copy_sheet(connection: Connection, sheet: Sheet) -> None:
    """Make the temporary table `loaded_<name>` with the sheet's columns (and `line`, its place in the file)."""
    table = sheet.table
    loaded = sql.Identifier(f"loaded_{table.name}")
    columns = sql.SQL(", ").join(map(sql.Identifier, table.column_names))
    if table.is_read_as_is:
        typed = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in table.column_names)
        connection.execute(sql.SQL("CREATE TEMP TABLE {} ({}, line bigint) ON COMMIT DROP").format(loaded, typed))
    else:
        connection.execute(
            sql.SQL(
                "CREATE TEMP TABLE {loaded} ON COMMIT DROP AS SELECT {columns}, 0::bigint AS line FROM {table} LIMIT 0"
            ).format(loaded=loaded, columns=columns, table=sql.Identifier(table.schema, table.name))
        )
    statement = sql.SQL("COPY {loaded} ({columns}, line) FROM STDIN (FORMAT csv, FORCE_NULL ({columns}))").format(
        loaded=loaded, columns=columns
    )
    content = io.StringIO()
    frame = sheet.frame.assign(line=sheet.lines)
    frame.to_csv(content, header=False, index=False, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
    with connection.cursor().copy(statement) as copy:
        copy.write(content.getvalue())
    connection.execute(sql.SQL("ANALYZE {}").format(loaded))


def merge_sheet(connection: Connection, sheet: Sheet) -> tuple[int, int]:
    """Rows inserted and rows changed; a row that says what the database says is not written at all."""
    if sheet.table.is_read_as_is:
        parameters = {"separator": SEPARATOR}
        cursor = database.execute(connection, f"practice_data/merge_{sheet.table.name}.sql", parameters)
        if sheet.table.name == "exclusion_rule":
            database.execute(connection, "practice_data/number_exclusion_rules.sql", {})
    else:
        cursor = connection.execute(_merge_statement(sheet))
    inserted, changed = cursor.fetchone() or (0, 0)
    return int(inserted), int(changed)


def _merge_statement(sheet: Sheet) -> sql.Composed:
    table = sheet.table
    values = [name for name in table.column_names if name not in table.key]
    # A unique index is looked at row by row: who stops being the default must do so before another becomes it.
    order = ["is_default", *table.key] if "is_default" in values else list(table.key)

    def listed(names: list[str], form: str = "{}") -> sql.Composed:
        return sql.SQL(", ").join(sql.SQL(form).format(sql.Identifier(name)) for name in names)

    action: sql.Composable = sql.SQL("NOTHING")
    if values:
        action = sql.SQL("UPDATE SET ({}) = ROW ({}) WHERE ({}) IS DISTINCT FROM ({})").format(
            listed(values), listed(values, "excluded.{}"), listed(values, "stored.{}"), listed(values, "excluded.{}")
        )
    return sql.SQL(
        "WITH written AS ("
        "INSERT INTO {table} AS stored ({columns}) SELECT {columns} FROM {loaded} ORDER BY {order}"
        " ON CONFLICT ({key}) DO {action} RETURNING stored.xmax = 0 AS is_new"
        ") SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM written"
    ).format(
        table=sql.Identifier(table.schema, table.name),
        columns=listed(table.column_names),
        loaded=sql.Identifier(f"loaded_{table.name}"),
        order=listed(order),
        key=listed(list(table.key)),
        action=action,
    )
