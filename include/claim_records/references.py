"""The reference tables of the database as the scrubber wants them, read once per process and release."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import psycopg

from include.claims_scrubber import REFERENCE_TABLES, References, Release
from include.database import execute
from include.errors import BillingError
from include.frames import read_table

# A load commits between the two reads at most once in a while; more than this is no coincidence.
_ATTEMPTS = 3


class ReferencesChangedError(BillingError):
    """The rows of a reference table are not those of its release, time and again. Load the table again."""


@dataclass(frozen=True, slots=True)
class _Current:
    """The release in use of one table, and so the key of what is kept: ids repeat between databases."""

    table_name: str
    release_id: int
    release_label: str
    sha256: str
    covers_from: date | None
    covers_to: date | None
    row_count: int


# The newest state only: a process works for one database, and the table of diagnosis codes has 98,000 rows.
_kept: dict[str, tuple[_Current, pd.DataFrame]] = {}
_newest: tuple[tuple[_Current, ...], References] | None = None


def read_references(connection: psycopg.Connection[Any]) -> References:
    """The loaded reference tables with their releases; a second call reads only what was loaded anew since."""
    global _newest
    for _ in range(_ATTEMPTS):
        rows = execute(connection, "claim_records/read_reference_releases.sql", {}).fetchall()
        # A table this version of the software does not know is one for a newer version.
        current = tuple(_Current(*row) for row in rows if row[0] in REFERENCE_TABLES)
        if _newest is not None and _newest[0] == current:
            return _newest[1]
        tables = {one.table_name: _read_table(connection, one) for one in current}
        if all(len(tables[one.table_name]) == one.row_count for one in current):
            _kept.clear()
            _kept.update({one.table_name: (one, tables[one.table_name]) for one in current})
            references = References(
                tables,
                {
                    one.table_name: Release(one.release_label, one.sha256, one.covers_from, one.covers_to)
                    for one in current
                },
            )
            _newest = (current, references)
            return references
    raise ReferencesChangedError("the reference tables do not have the rows their releases state: make reference")


def _read_table(connection: psycopg.Connection[Any], current: _Current) -> pd.DataFrame:
    kept = _kept.get(current.table_name)
    if kept is not None and kept[0] == current:
        return kept[1]
    columns = REFERENCE_TABLES[current.table_name]
    return read_table(connection, "reference", current.table_name, columns, release_id=current.release_id)
