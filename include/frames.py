"""Query results as narrow DataFrames: COPY as CSV into pandas' C parser, never a Python object per value."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pandas as pd
import psycopg

from include.database import sql

#: Kind of a column -> what pandas parses it as; "day" is parsed afterwards.
_DTYPES = {"integer": "Int64", "text": "str", "category": "str", "day": "str", "flag": "str"}


def read_frame(
    connection: psycopg.Connection[Any], path: str, parameters: Mapping[str, Any], columns: Mapping[str, str]
) -> pd.DataFrame:
    """The result of the SQL file `path` as a frame with `columns` (name -> integer, text, category, day or flag).

    Integers come as `Int64`, days as `datetime64[s]`, flags as `bool`, an SQL NULL as missing. Money must come as
    integer cents. An empty result is an empty frame of the same types. Raises `ValueError` when the statement returns
    other columns.
    """
    buffer = io.BytesIO()
    statement = f"COPY ({sql(path)}) TO STDOUT (FORMAT csv, HEADER)"
    with connection.cursor() as cursor, cursor.copy(statement.encode(), parameters) as copy:
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
    if list(frame.columns) != list(columns):
        raise ValueError(f"{path} returns other columns than its caller expects")
    for name, kind in columns.items():
        if kind == "day":
            frame[name] = pd.to_datetime(frame[name], format="%Y-%m-%d").astype("datetime64[s]")
        elif kind == "category":
            # Not by the parser: it would make a number of a place of service such as 02.
            frame[name] = frame[name].astype("category")
        elif kind == "flag":
            frame[name] = frame[name].eq("t")
    return frame
