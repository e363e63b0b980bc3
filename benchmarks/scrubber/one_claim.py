"""One claim as plain Python rows, and back: the form in which claims are made up and broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

import pandas as pd

from include.claim_frames import FRAME_COLUMNS, ClaimFrames, as_frame

#: Values by column name of a frame; an absent column is missing.
Row = dict[str, Any]


@dataclass
class OneClaim:
    """A claim with its rows of every frame. None is missing; days are `date`, money is cents."""

    claim: Row
    lines: list[Row]
    diagnoses: list[Row]
    other_payers: list[Row] = field(default_factory=list)
    line_payments: list[Row] = field(default_factory=list)
    adjustments: list[Row] = field(default_factory=list)
    same_day_lines: list[Row] = field(default_factory=list)

    @classmethod
    def of(cls, frames: ClaimFrames) -> OneClaim:
        """The only claim of `frames`; raises `ValueError` when there is not exactly one."""
        if len(frames.claims) != 1:
            raise ValueError(f"{len(frames.claims)} claims where one is expected")
        rows = {name: _rows(getattr(frames, name), columns) for name, columns in FRAME_COLUMNS.items()}
        claim = rows.pop("claims")[0]
        return cls(claim, **rows)

    @classmethod
    def all_of(cls, frames: ClaimFrames) -> list[OneClaim]:
        """Each claim of `frames`, in order."""
        found = {row["claim_id"]: cls(row, [], []) for row in _rows(frames.claims, FRAME_COLUMNS["claims"])}
        for name, columns in FRAME_COLUMNS.items():
            if name != "claims":
                for row in _rows(getattr(frames, name), columns):
                    getattr(found[row["claim_id"]], name).append(row)
        return list(found.values())

    def frames(self) -> ClaimFrames:
        """This claim as frames."""
        return frames_of([self])

    def total(self) -> None:
        """Makes the charge of the claim the sum of its lines and numbers the lines from 1."""
        for number, line in enumerate(self.lines, start=1):
            line["line_number"] = number
        self.claim["total_charge_cents"] = sum(line["charge_cents"] for line in self.lines)

    def codes(self) -> list[str]:
        """The procedure codes in order of line."""
        return [line["procedure_code"] for line in self.lines]

    @property
    def service_on(self) -> date:
        """The day of the first line."""
        day = self.lines[0]["service_on"]
        assert isinstance(day, date)
        return day


def frames_of(claims: Sequence[OneClaim]) -> ClaimFrames:
    """The frames of `claims`, which are in order of organization_id and claim_id."""
    rows: dict[str, list[Row]] = {name: [] for name in FRAME_COLUMNS}
    for each in claims:
        claim_id = each.claim["claim_id"]
        rows["claims"].append(each.claim)
        for part in fields(each):
            if part.name != "claim":
                rows[part.name].extend({**row, "claim_id": claim_id} for row in getattr(each, part.name))
    return ClaimFrames(
        **{
            name: as_frame({column: [row.get(column) for row in rows[name]] for column in columns}, columns)
            for name, columns in FRAME_COLUMNS.items()
        }
    )


def _rows(frame: pd.DataFrame, columns: dict[str, str]) -> list[Row]:
    plain = {}
    for column, kind in columns.items():
        values = frame[column].tolist()
        if kind == "day":
            plain[column] = [None if value is pd.NaT else value.date() for value in values]
        elif kind == "integer":
            plain[column] = [None if pd.isna(value) else int(value) for value in values]
        elif kind == "flag":
            plain[column] = [bool(value) for value in values]
        else:
            plain[column] = [value if isinstance(value, str) else None for value in values]
    return [dict(zip(plain, values, strict=True)) for values in zip(*plain.values(), strict=True)]
