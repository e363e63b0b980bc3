"""Joins by position: the tables that make up the claim frames are put together by number, never by value.

A position counts rows from 0; `ABSENT` stands where there is no row. On a million claims this takes a fraction of what
a join of whole tables takes, in the database or here.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

Positions = npt.NDArray[np.intp]
Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

ABSENT: Final = -1


def look_up(wanted: Ids, ids: Ids) -> Positions:
    """The position in `ids` (ascending) of each of `wanted`: the first where one comes more than once."""
    if not len(ids):
        return np.full(len(wanted), ABSENT, dtype=np.intp)
    found = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return np.where(ids[found] == wanted, found, ABSENT)


def pair(wanted: Ids, ids: Ids) -> tuple[Positions, Positions]:
    """Every two positions in `wanted` and `ids` (ascending) that hold the same id, in that order."""
    first = np.searchsorted(ids, wanted, side="left")
    counts = np.searchsorted(ids, wanted, side="right") - first
    left = np.repeat(np.arange(len(wanted)), counts)
    # Counts up from `first` for each of `wanted`.
    right = np.arange(len(left)) + np.repeat(first - (np.cumsum(counts) - counts), counts)
    return left, right


def taken(column: pd.Series, positions: Positions) -> pd.Series:
    """The values at `positions`, missing where absent; whole numbers as Int64, flags false where absent."""
    if column.dtype.kind not in "bi" or not isinstance(column.dtype, np.dtype):
        return pd.Series(column.array.take(positions, allow_fill=True))
    absent = positions == ABSENT
    if column.dtype.kind == "b":
        return pd.Series(_at(column.to_numpy(dtype="bool"), positions) & ~absent)
    return pd.Series(pd.arrays.IntegerArray(_at(column.to_numpy(dtype="int64"), positions), absent))


def _at(values: npt.NDArray[Any], positions: Positions) -> npt.NDArray[Any]:
    """The values at `positions`; anything where absent."""
    return values[positions] if len(values) else np.zeros(len(positions), dtype=values.dtype)


def days(column: pd.Series, absent: Any) -> Ids:
    """Days as whole numbers, `absent` where there is none."""
    numbers = column.to_numpy().astype("datetime64[D]").astype("int64")
    return np.where(column.isna().to_numpy(), absent, numbers)
