"""Which claims and lines an edit can speak about: its dates of effect and the reach of its reference table.

A claim edit goes by the claim's earliest service date for its dates of effect, and must find all service dates of the
claim within the reach of its table. Where there is no service date, the date of the scrub stands in.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.claims_scrubber.catalogue import Edit, Grain
from include.claims_scrubber.context import Mask, ScrubContext


class ServiceDays:
    """The service dates of one scrub, looked at once for all edits."""

    def __init__(self, context: ScrubContext) -> None:
        self._context = context
        self._covered_lines: dict[str, Mask | None] = {}
        self._covered_claims: dict[str, Mask] = {}

    @cached_property
    def of_lines(self) -> npt.NDArray[np.datetime64]:
        """Per line its service date, or the date of the scrub."""
        days = self._context.lines["service_on"].fillna(pd.Timestamp(self._context.as_of_on))
        return days.to_numpy(dtype="datetime64[s]")

    @cached_property
    def earliest_of_claims(self) -> npt.NDArray[np.datetime64]:
        """Per claim its earliest service date, or the date of the scrub."""
        earliest = np.full(len(self._context.claims), np.datetime64("9999-12-31", "s"))
        np.minimum.at(earliest, self._context.claim_of_line, self.of_lines)
        return np.where(self._context.line_count == 0, self._context.today(), earliest)

    def effective(self, edit: Edit, grain: Grain) -> Mask | None:
        """Per claim or line: its service date lies in the edit's dates, ends included; None when all do by rule."""
        if edit.effective_from is None and edit.effective_to is None:
            return None
        days = self.earliest_of_claims if grain == "claim" else self.of_lines
        effective = np.ones(len(days), dtype=np.bool_)
        if edit.effective_from is not None:
            effective &= days >= np.datetime64(edit.effective_from, "s")
        if edit.effective_to is not None:
            effective &= days <= np.datetime64(edit.effective_to, "s")
        return effective

    def effective_claims(self, edit: Edit) -> Mask:
        """Per claim: the edit, whatever its grain, applies to the claim or to one of its lines."""
        effective = self.effective(edit, edit.grain)
        if effective is None:
            return np.ones(len(self._context.claims), dtype=np.bool_)
        return effective if edit.grain == "claim" else self._context.any_line(effective)

    def covered(self, table: str, grain: Grain) -> Mask | None:
        """Per claim or line: the reference table is loaded and reaches its service dates; None when it does for all."""
        lines = self._lines_covered(table)
        if lines is None:
            return None
        return lines if grain == "line" else self.covered_claims(table)

    def covered_claims(self, table: str) -> Mask:
        """Per claim: the reference table is loaded and reaches every one of its service dates."""
        if table not in self._covered_claims:
            context = self._context
            lines = self._lines_covered(table)
            if lines is None:
                covered = np.ones(len(context.claims), dtype=np.bool_)
            else:
                covered = ~context.any_line(~lines)
                without_lines = np.flatnonzero(context.line_count == 0)
                covered[without_lines] = context.references.covers(table, np.array([context.today()]))[0]
            self._covered_claims[table] = covered
        return self._covered_claims[table]

    def _lines_covered(self, table: str) -> Mask | None:
        if table not in self._covered_lines:
            context = self._context
            today = np.array([context.today()])
            # The first and the last day decide for all: the reach of a table has no gaps.
            ends = np.array([self.of_lines.min(), self.of_lines.max()]) if len(self.of_lines) else today
            if (context.line_count == 0).any():
                ends = np.concatenate([ends, today])
            is_whole = bool(context.references.covers(table, ends).all())
            self._covered_lines[table] = None if is_whole else context.references.covers(table, self.of_lines)
        return self._covered_lines[table]
