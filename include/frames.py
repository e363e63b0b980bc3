"""Query results as narrow DataFrames: COPY as CSV into pandas' C parser, never a Python object per value."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pandas as pd
import psycopg
from psycopg.sql import SQL, Composable, Identifier

from include.database import sql

#: Kind of a column -> what pandas parses it as; "day" is parsed afterwards.
_DTYPES = {"id": "int64", "integer": "Int64", "text": "str", "category": "str", "day": "str", "flag": "str"}


def read_frame(
    connection: psycopg.Connection[Any], path: str, parameters: Mapping[str, Any], columns: Mapping[str, str]
) -> pd.DataFrame:
    """The `columns` (name -> id, integer, text, category, day or flag) of what the SQL file `path` returns, as a frame.

    Integers come as `Int64`, ids (whole numbers that are never NULL) as `int64`, days as `datetime64[s]`, flags as
    `bool`, an SQL NULL as missing. Money must come as integer cents. An empty result is an empty frame of the same
    types. A column of the statement that is not asked for is not even computed; one that it does not have is an
    `UndefinedColumn` of the database.
    """
    return _copy(connection, SQL("({})").format(SQL("\n" + sql(path) + "\n")), parameters, columns)


def read_table(
    connection: psycopg.Connection[Any], schema: str, table: str, columns: Mapping[str, str], *, release_id: int
) -> pd.DataFrame:
    """The rows of one release of a reference table as a frame with `columns`; see `read_frame`."""
    source = SQL("(SELECT * FROM {table} WHERE release_id = {release_id})").format(
        table=Identifier(schema, table), release_id=release_id
    )
    return _copy(connection, source, {}, columns)


def _copy(
    connection: psycopg.Connection[Any], source: Composable, parameters: Mapping[str, Any], columns: Mapping[str, str]
) -> pd.DataFrame:
    buffer = io.BytesIO()
    statement = SQL("COPY (SELECT {names} FROM {source} AS source) TO STDOUT (FORMAT csv, HEADER)").format(
        names=SQL(", ").join(Identifier(name) for name in columns), source=source
    )
    with connection.cursor() as cursor, cursor.copy(statement, parameters) as copy:
        for block in copy:
            buffer.write(block)
    buffer.seek(0)
    return parse(buffer, columns)


def parse(text: io.BytesIO, columns: Mapping[str, str]) -> pd.DataFrame:
    """The frame that PostgreSQL's CSV (`text`, header included, t and f for flags) stands for; see `read_frame`."""
    frame = pd.read_csv(
        text,
        dtype={name: _DTYPES[kind] for name, kind in columns.items()},
        keep_default_na=False,
        na_values=[""],
        engine="c",
    )
    for name, kind in columns.items():
        if kind == "day":
            frame[name] = pd.to_datetime(frame[name], format="%Y-%m-%d").astype("datetime64[s]")
        elif kind == "category":
            # Not by the parser: it would make a number of a place of service such as 02.
            frame[name] = frame[name].astype("category")
        elif kind == "flag":
            frame[name] = frame[name].eq("t")
    return frame
