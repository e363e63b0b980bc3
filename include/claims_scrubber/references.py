"""Reference tables that some edits compare with, and which of them are loaded.

An edit names the table it needs. Where that table is absent the edit does not run and the scrub reports it as not
checked; it never counts as passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

#: The tables an edit may need, each with the columns it must have.
REFERENCE_TABLES: Mapping[str, tuple[str, ...]] = {
    # Payer ids the clearinghouse routes to. Grain: one row per payer_code.
    "payer_list": ("payer_code",),
}


@dataclass(frozen=True)
class References:
    """The loaded reference tables by name; raises `ValueError` for an unknown table or a missing column."""

    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, table in self.tables.items():
            if name not in REFERENCE_TABLES:
                raise ValueError(f"unknown reference table {name}; known: {', '.join(sorted(REFERENCE_TABLES))}")
            missing = [column for column in REFERENCE_TABLES[name] if column not in table.columns]
            if missing:
                raise ValueError(f"reference table {name}: missing columns {missing}")

    def is_loaded(self, name: str) -> bool:
        """Whether the table can be compared with. An empty table is not loaded: a load that failed would otherwise
        hold every claim of every practice."""
        return name in self.tables and len(self.tables[name]) > 0

    def table(self, name: str) -> pd.DataFrame:
        """The loaded table; `KeyError` when it is absent, so an edit must name it in `needs`."""
        return self.tables[name]
