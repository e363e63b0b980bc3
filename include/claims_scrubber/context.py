"""What an edit sees: the claim frames, the join of lines to claims, and masks that several edits share.

Everything here works on whole columns. Work per value (regular expressions, check digits) is done once per distinct
value; a column of a million NPIs holds a few thousand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.claim_frames import ClaimFrames
from include.claims_scrubber.references import References
from include.claims_scrubber.text_columns import TextColumns

Mask = npt.NDArray[np.bool_]
Built = TypeVar("Built")

#: Stands for a missing id; ids of the database start at 1.
NO_ID = -1


@dataclass(frozen=True)
class Hits:
    """What one edit found: positions in the claims (or lines, as the edit's grain says) and the offending values.

    `values` has one entry per position, text or NaN; None when the fault is that a value is missing.
    """

    positions: npt.NDArray[np.intp]
    values: pd.Series | None = None


def hits(mask: Mask, values: pd.Series | None = None) -> Hits:
    """The positions where `mask` is true, with the values that stand there as text (days as ISO dates)."""
    return hits_at(np.flatnonzero(mask), values)


def hits_at(positions: npt.NDArray[np.intp], values: pd.Series | None = None) -> Hits:
    """`hits` for what is known by its positions."""
    if values is None:
        return Hits(positions)
    found = values.iloc[positions]
    if found.dtype.kind == "M":
        found = found.dt.strftime("%Y-%m-%d")
    return Hits(positions, found.reset_index(drop=True).astype("str"))


def ids(column: pd.Series) -> npt.NDArray[np.int64]:
    """An integer column as int64 with `NO_ID` where it is missing."""
    return column.to_numpy(dtype="int64", na_value=NO_ID)


def is_missing(column: pd.Series) -> Mask:
    """True where there is no value."""
    return column.isna().to_numpy(dtype="bool")


def is_blank(column: pd.Series) -> Mask:
    """True where a text is missing, empty or white space only."""
    blank = is_missing(column).copy()
    present = np.flatnonzero(~blank)
    values = column.to_numpy(dtype="object")[present]
    # A text whose first character is neither a space nor a control character sorts at or after "!", so the strip below
    # sees next to nothing.
    suspects = np.flatnonzero(values < "!")
    blank[present[suspects]] = [not str(value).strip() for value in values[suspects]]
    return blank


def equals(column: pd.Series, value: str) -> Mask:
    """True where a text is exactly `value`; a missing text equals nothing."""
    return np.asarray(column.to_numpy(dtype="object") == value, dtype=np.bool_)


def numbers_of(column: pd.Series, function: Callable[[str], int]) -> npt.NDArray[np.int64]:
    """`function` of each text, computed once per distinct text; 0 where the text is missing."""
    # On the bare objects this takes a third of the time it takes on the str column.
    codes, distinct = pd.factorize(column.to_numpy(dtype="object"))
    # The extra last entry is what code -1, a missing text, points at.
    return np.array([*(function(str(text)) for text in distinct), 0], dtype=np.int64)[codes]


def holds(column: pd.Series, predicate: Callable[[str], bool]) -> Mask:
    """True where a text is present and satisfies `predicate`, which is asked once per distinct text."""
    answers: Mask = numbers_of(column, lambda text: int(predicate(text))) != 0
    return answers


def per_claim(
    reduce: np.ufunc, owners: npt.NDArray[np.intp], values: npt.NDArray[np.int64], size: int, start: int
) -> npt.NDArray[np.int64]:
    """`reduce` over the rows of each claim, `start` for a claim without rows; `owners`: each row's claim.

    Rows come in order of their claims, which makes this three times as fast as the general way beside it.
    """
    answer = np.full(size, start, dtype=np.int64)
    if not len(owners):
        return answer
    if (owners[1:] < owners[:-1]).any():
        reduce.at(answer, owners, values)
        return answer
    starts = np.flatnonzero(np.concatenate([[True], owners[1:] != owners[:-1]]))
    answer[owners[starts]] = reduce.reduceat(values, starts)
    return answer


def _is_one(text: str) -> int:
    return int(text == "1")


def _is_eight(text: str) -> int:
    return int(text == "8")


class ScrubContext:
    """The frames of one scrub with everything that edits derive from them.

    Raises `ValueError` (counts only) when a claim comes twice or a row of another frame has no claim: no finding could
    then be laid at the right door.
    """

    def __init__(self, frames: ClaimFrames, as_of_on: date, references: References) -> None:
        frames.check()
        self.claims = frames.claims.reset_index(drop=True)
        self.lines = frames.lines.reset_index(drop=True)
        self.diagnoses = frames.diagnoses.reset_index(drop=True)
        self.as_of_on = as_of_on
        self.references = references
        self.claim_ids = ids(self.claims["claim_id"])
        self._index = pd.Index(self.claim_ids)
        if not self._index.is_unique:
            raise ValueError(f"{int(self._index.duplicated().sum())} claims come more than once")
        #: The position in `claims` of each line's claim.
        self.claim_of_line = self._positions("lines", self.lines)
        self.claim_of_diagnosis = self._positions("diagnoses", self.diagnoses)
        # What earlier insurers decided, and the position in `claims` of each row's claim.
        self.other_payers = frames.other_payers.reset_index(drop=True)
        self.claim_of_other_payer = self._positions("other_payers", self.other_payers)
        self.line_payments = frames.line_payments.reset_index(drop=True)
        self.claim_of_line_payment = self._positions("line_payments", self.line_payments)
        self.adjustments = frames.adjustments.reset_index(drop=True)
        self.claim_of_adjustment = self._positions("adjustments", self.adjustments)
        #: The text columns of the claims, and of the other insurers, each looked at once per distinct value.
        self.columns = TextColumns(self.claims)
        self.other_payer_columns = TextColumns(self.other_payers)
        #: The same of lines and diagnoses.
        self.line_columns = TextColumns(self.lines)
        self.diagnosis_columns = TextColumns(self.diagnoses)
        # Lines of the client's other claims of the day, and the position in `claims` of the claim they lie beside.
        self.same_day_lines = frames.same_day_lines.reset_index(drop=True)
        self.claim_of_same_day_line = self._positions("same_day_lines", self.same_day_lines)
        self._built: dict[Callable[[ScrubContext], Any], Any] = {}

    def _positions(self, name: str, frame: pd.DataFrame) -> npt.NDArray[np.intp]:
        positions = self._index.get_indexer(pd.Index(ids(frame["claim_id"])))
        strangers = int((positions < 0).sum())
        if strangers:
            raise ValueError(f"{strangers} rows of {name} name a claim that is not there")
        return positions

    def today(self) -> np.datetime64:
        """`as_of_on` in the unit of the frames' day columns."""
        return np.datetime64(self.as_of_on, "s")

    def is_blank(self, column: str) -> Mask:
        """Per claim: the text is missing, empty or white space only. Kept, since several edits ask for it."""
        return self.columns.is_blank(column)

    def marks(self, column: str, classify: Callable[[str], int]) -> npt.NDArray[np.int64]:
        """Per claim `classify` of the text, asked once per distinct text; 0 where it is missing. Kept."""
        return self.columns.marks(column, classify)

    def has(self, column: str, classify: Callable[[str], int], fault: int = -1) -> Mask:
        """Per claim: `classify` of the text has one of the bits of `fault`. Costs next to nothing where no text has."""
        return self.columns.has(column, classify, fault)

    def equals(self, column: str, value: str) -> Mask:
        """Per claim: the text is exactly `value`; a missing text equals nothing."""
        return self.columns.equals(column, value)

    def once(self, build: Callable[[ScrubContext], Built]) -> Built:
        """What `build` makes of this scrub, made once however many edits of a topic ask for it."""
        if build not in self._built:
            self._built[build] = build(self)
        built: Built = self._built[build]
        return built

    @cached_property
    def is_original(self) -> Mask:
        """Per claim: it is sent for the first time (frequency 1), not to correct or void another."""
        original: Mask = self.marks("frequency_code", _is_one) != 0
        return original

    @cached_property
    def is_void(self) -> Mask:
        """Per claim: it takes another back (frequency 8). It repeats what was sent, right or wrong, so how that was
        coded is no longer asked."""
        void: Mask = self.marks("frequency_code", _is_eight) != 0
        return void

    def on_lines(self, column: str) -> pd.Series:
        """A column of the claims repeated for each of their lines, in the order of `lines`."""
        return self.claims[column].take(self.claim_of_line).reset_index(drop=True)

    def any_line(self, mask: Mask) -> Mask:
        """Per claim: `mask` (per line) holds for at least one of its lines."""
        return np.bincount(self.claim_of_line[mask], minlength=len(self.claims)) > 0

    @cached_property
    def has_policy(self) -> Mask:
        """Per claim: a policy is named. Without one the member id, payer and coverage edits say so; edits on the
        policy's details would only repeat it."""
        return ~is_missing(self.claims["policy_id"])

    @cached_property
    def has_other_subscriber(self) -> Mask:
        """Per claim: the policy belongs to somebody else than the client, so loop 2010BA differs from 2010CA."""
        return self.has_policy & ~equals(self.claims["relationship"], "self")

    @cached_property
    def has_supervisor(self) -> Mask:
        """Per claim: a name or an NPI stands under the supervisor."""
        parts = ("supervising_last_name", "supervising_first_name", "supervising_npi")
        answer: Mask = ~np.logical_and.reduce([self.is_blank(part) for part in parts])
        return answer

    @cached_property
    def holder_positions(self) -> npt.NDArray[np.intp]:
        """The claims with a policy holder of their own (`has_other_subscriber`)."""
        return np.flatnonzero(self.has_other_subscriber)

    @cached_property
    def holder_columns(self) -> TextColumns:
        """The text columns of the claims at `holder_positions`; the others repeat the client's."""
        return TextColumns(self.claims, self.holder_positions)

    @cached_property
    def first_service_on(self) -> npt.NDArray[np.datetime64]:
        """Per claim the earliest service date of its lines, NaT when there is none."""
        days = self.lines["service_on"].to_numpy(dtype="datetime64[s]")
        none = int(np.datetime64("9999-12-31", "s").astype(np.int64))
        numbers = np.where(np.isnat(days), none, days.astype(np.int64))
        earliest = per_claim(np.minimum, self.claim_of_line, numbers, len(self.claims), none)
        return np.where(earliest == none, np.datetime64("NaT", "s"), earliest.astype("datetime64[s]"))

    @cached_property
    def line_count(self) -> npt.NDArray[np.intp]:
        """Lines per claim."""
        return np.bincount(self.claim_of_line, minlength=len(self.claims))

    @cached_property
    def diagnosis_ranks(self) -> npt.NDArray[np.int64]:
        """Per claim, bit r set when a diagnosis of rank r (1..12) with a code is on the claim."""
        ranks = ids(self.diagnoses["rank"])
        usable = (ranks >= 1) & (ranks <= 12) & ~self.diagnosis_columns.is_blank("diagnosis_code")
        bits = np.where(usable, np.int64(1) << np.clip(ranks, 1, 12), 0)
        return per_claim(np.bitwise_or, self.claim_of_diagnosis, bits, len(self.claims), 0)
