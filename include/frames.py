"""Query results as narrow DataFrames: COPY as CSV into pandas' C parser, never a Python object per value."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pandas as pd
import psycopg
from psycopg.sql import SQL, Identifier

from include.database import sql

#: Kind of a column -> what pandas parses it as; "day" is parsed afterwards.
_DTYPES = {"integer": "Int64", "text": "str", "category": "str", "day": "str", "flag": "str"}


def read_frame(
    connection: psycopg.Connection[Any], path: str, parameters: Mapping[str, Any], columns: Mapping[str, str]
) -> pd.DataFrame:
    """The `columns` (name -> integer, text, category, day or flag) of what the SQL file `path` returns, as a frame.

    Integers come as `Int64`, days as `datetime64[s]`, flags as `bool`, an SQL NULL as missing. Money must come as
    integer cents. An empty result is an empty frame of the same types. A column of the statement that is not asked for
    is not even computed; one that it does not have is an `UndefinedColumn` of the database.
    """
    buffer = io.BytesIO()
    statement = SQL("COPY (SELECT {names} FROM (\n{source}\n) AS source) TO STDOUT (FORMAT csv, HEADER)").format(
        names=SQL(", ").join(Identifier(name) for name in columns), source=SQL(sql(path))
    )
    with connection.cursor() as cursor, cursor.copy(statement, parameters) as copy:
        for block in copy:
            buffer.write(block)
    buffer.seek(0)
    frame = pd.read_csv(
        buffer,
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
