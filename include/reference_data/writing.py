"""Checked releases into the database: the whole table anew, under a release of its own."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from include import database
from include.reference_data.releases import TableRelease
from include.reference_data.tables import SCHEMA

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class CurrentRelease:
    """The release of a table that is in use."""

    table_name: str
    release_label: str
    source: str
    origin: str
    covers_from: date | None
    covers_to: date | None
    sha256: str
    row_count: int

    def says(self, release: TableRelease) -> bool:
        """Whether `release` would change nothing."""
        fields = ("release_label", "source", "origin", "covers_from", "covers_to", "sha256")
        return all(getattr(self, field) == getattr(release, field) for field in fields)


def read_current(connection: Connection) -> dict[str, CurrentRelease]:
    """The releases in use by table."""
    rows = database.execute(connection, "reference_data/read_current_releases.sql", {}).fetchall()
    return {row[0]: CurrentRelease(*row) for row in rows}


def retire_release(connection: Connection, table_name: str) -> None:
    """Take the table's release out of use and delete its rows; a table that is not loaded stays so."""
    database.execute(connection, "reference_data/retire_release.sql", {"table_name": table_name})
    connection.execute(SQL("DELETE FROM {}").format(Identifier(SCHEMA, table_name)))


def replace_release(connection: Connection, release: TableRelease) -> None:
    """Put `release` in the place of the one in use; who reads meanwhile sees the old one until the commit."""
    retire_release(connection, release.table_name)
    parameters = {
        field: getattr(release, field)
        for field in (
            *("table_name", "release_label", "source", "origin"),
            *("covers_from", "covers_to", "sha256", "row_count"),
        )
    }
    row = database.execute(connection, "reference_data/record_release.sql", parameters).fetchone()
    assert row is not None
    columns = SQL(", ").join(map(Identifier, release.sheet.table.column_names))
    statement = SQL("COPY {table} (release_id, {columns}) FROM STDIN (FORMAT csv, FORCE_NULL ({columns}))").format(
        table=Identifier(SCHEMA, release.table_name), columns=columns
    )
    content = io.StringIO()
    frame = release.sheet.frame
    frame.insert(0, "release_id", row[0])
    frame.to_csv(content, header=False, index=False, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
    with connection.cursor().copy(statement) as copy:
        copy.write(content.getvalue())
    connection.execute(SQL("ANALYZE {}").format(Identifier(SCHEMA, release.table_name)))
