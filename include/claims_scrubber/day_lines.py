"""All lines that one client has with one clinician on one day: a claim's own and those of the client's other claims.

Coding rules speak about such a day, not about a claim: a session and its add-on are refused together however the
practice spread them over claims.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.claims_scrubber.context import Mask, ScrubContext
from include.claims_scrubber.text_columns import TextColumns

Positions = npt.NDArray[np.intp]
Bits = npt.NDArray[np.int64]

#: Stands for a line of another claim, which has no place in the scrubbed lines, and for a missing procedure.
NONE = -1


@dataclass(frozen=True, eq=False)
class DayLines:
    """Rows side by side by day; void claims are left out.

    `line`: place in the scrubbed lines or `NONE`. `other`: place in the same-day lines or `NONE`. `day`: number of the
    row's day, ascending. `procedure`: place in `procedures`, the distinct codes in upper case, or `NONE`.
    """

    line: Positions
    other: Positions
    day: Positions
    procedure: Positions
    procedures: list[str]

    def per_procedure(self, classify: Callable[[str], int]) -> Bits:
        """Per row `classify` of the procedure code, asked once per distinct code; 0 where there is none."""
        return np.array([*map(classify, self.procedures), 0], dtype=np.int64)[self.procedure]

    def any_of_day(self, bits: Bits) -> Bits:
        """Per row the bits of all rows of its day together."""
        if not len(self.day):
            return bits
        starts = np.flatnonzero(np.concatenate([[True], self.day[1:] != self.day[:-1]]))
        lengths = np.diff(np.append(starts, len(self.day)))
        return np.repeat(np.bitwise_or.reduceat(bits, starts), lengths)

    def pairs(self) -> Iterator[tuple[Positions, Positions]]:
        """Every two different rows of one day once, in portions, the earlier row first."""
        left = np.flatnonzero(self.day[1:] == self.day[:-1])
        step = 1
        while len(left):
            yield left, left + step
            step += 1
            left = left[left + step < len(self.day)]
            left = left[self.day[left] == self.day[left + step]]

    def of_lines(self, mask: Mask, size: int) -> Mask:
        """A mask over these rows as a mask over the `size` scrubbed lines."""
        found = np.zeros(size, dtype=np.bool_)
        own = self.line[mask]
        found[own[own >= 0]] = True
        return found


def build_day_lines(context: ScrubContext) -> DayLines:
    """The day lines of a scrub, to be asked for through `ScrubContext.once`.

    The other claims' lines belong to the claim's earliest service date; a line without a date counts to it as well.
    """
    codes, texts = context.line_columns.distinct("procedure_code")
    numbers, procedures = _in_upper_case(codes, list(texts))
    day = context.claim_of_line + _later_days(context)
    line = np.arange(len(day))
    is_kept = ~context.is_void[context.claim_of_line]
    if not is_kept.all():
        line, day, numbers = line[is_kept], day[is_kept], numbers[is_kept]
    other = np.full(len(line), NONE)
    if len(context.same_day_lines):
        other_codes, other_texts = TextColumns(context.same_day_lines).distinct("procedure_code")
        known = {text: number for number, text in enumerate(procedures)}
        unified = [known.setdefault(text.strip().upper(), len(known)) for text in other_texts]
        procedures = list(known)
        beside = np.flatnonzero(~context.is_void[context.claim_of_same_day_line])
        numbers = np.concatenate([numbers, np.array([*unified, NONE], dtype=np.intp)[other_codes[beside]]])
        day = np.concatenate([day, context.claim_of_same_day_line[beside]])
        line = np.concatenate([line, np.full(len(beside), NONE)])
        other = np.concatenate([other, beside])
    if (day[1:] < day[:-1]).any():
        order = np.argsort(day, kind="stable")
        line, other, day, numbers = line[order], other[order], day[order], numbers[order]
    return DayLines(line, other, day, numbers, procedures)


def _in_upper_case(codes: npt.NDArray[np.int32], texts: list[str]) -> tuple[Positions, list[str]]:
    """The same codes, with texts that differ only in case or spaces as one."""
    known: dict[str, int] = {}
    unified = [known.setdefault(text.strip().upper(), len(known)) for text in texts]
    return np.array([*unified, NONE], dtype=np.intp)[codes], list(known)


def _later_days(context: ScrubContext) -> Positions:
    """Per line what to add to its claim's position to get the number of its day: 0 on the claim's first day.

    A claim has one service date by rule, so all but nothing is left to number.
    """
    days = context.lines["service_on"].to_numpy(dtype="datetime64[s]")
    first = context.first_service_on[context.claim_of_line]
    differs = np.flatnonzero((days != first) & ~np.isnat(days))
    added = np.zeros(len(days), dtype=np.intp)
    if len(differs):
        keys = pd.MultiIndex.from_arrays([context.claim_of_line[differs], days[differs]])
        number = pd.factorize(keys)[0]
        added[differs] = len(context.claims) + number - context.claim_of_line[differs]
    return added
