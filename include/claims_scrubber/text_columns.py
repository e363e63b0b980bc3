"""Text columns looked at once per distinct value, and kept, since most columns have several edits.

Telling the distinct values apart is what costs most about an edit; everything after it works on a few thousand texts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

Mask = npt.NDArray[np.bool_]
_Texts = npt.NDArray[np.object_]
_Codes = npt.NDArray[np.int32]
_Item = TypeVar("_Item", bound=np.generic)

#: How many values are asked for what a column is like, before it is read whole.
_SAMPLE = 512
#: How many texts are screened together; small enough that one odd text among them costs little.
_BLOCK = 256


def _are_never_odd(texts: Sequence[str], joined: str) -> bool:
    return False


@dataclass(frozen=True)
class Screened:
    """A `classify` for columns of nearly as many texts as rows (streets, member ids), where most texts have no fault.

    Many texts are looked at together: `classify` answers 0 for each of them when all are made of `characters` (ASCII),
    have a length in `lengths`, and `may_be_odd`, given them and the same joined by newlines, is false. Where one of it
    does not hold, each text is asked.
    """

    classify: Callable[[str], int]
    characters: str
    lengths: range
    may_be_odd: Callable[[Sequence[str], str], bool] = _are_never_odd

    def __call__(self, text: str) -> int:
        return self.classify(text)

    def passes(self, texts: Sequence[str]) -> bool:
        """`classify` of each of some texts is known to be 0."""
        joined = "\n".join(texts)
        if not joined.isascii():
            return False
        # Without the characters the newlines in between are left, or there is something else in a text.
        if joined.encode().translate(None, self.characters.encode()) != b"\n" * (len(texts) - 1):
            return False
        lengths = set(map(len, texts))
        return min(lengths) in self.lengths and max(lengths) in self.lengths and not self.may_be_odd(texts, joined)

    def of_all(self, texts: Sequence[str]) -> list[int]:
        """`classify` of each."""
        faults: list[int] = []
        for start in range(0, len(texts), _BLOCK):
            block = texts[start : start + _BLOCK]
            faults.extend([0] * len(block) if self.passes(block) else map(self.classify, block))
        return faults


class TextColumns:
    """Some rows of a frame, of which only text columns are asked for. `positions`: which rows; None for all."""

    def __init__(self, frame: pd.DataFrame, positions: npt.NDArray[np.intp] | None = None) -> None:
        self._frame = frame
        self._positions = positions
        self._texts: dict[str, _Texts] = {}
        self._varied: dict[str, bool] = {}
        self._given_texts: dict[str, tuple[npt.NDArray[np.intp] | slice, _Texts]] = {}
        self._distinct: dict[str, tuple[_Codes, _Texts]] = {}
        self._blank: dict[str, Mask] = {}
        self._asked: dict[tuple[str, Callable[[str], int]], npt.NDArray[np.int64]] = {}
        self._marks: dict[tuple[str, Callable[[str], int]], npt.NDArray[np.int64]] = {}

    def __len__(self) -> int:
        return len(self._frame) if self._positions is None else len(self._positions)

    def texts(self, column: str) -> _Texts:
        """The bare objects of a column: str, or NaN where it is missing."""
        if column not in self._texts:
            values = self._frame[column].to_numpy(dtype="object")
            self._texts[column] = values if self._positions is None else values[self._positions]
        return self._texts[column]

    def distinct(self, column: str) -> tuple[_Codes, _Texts]:
        """Per row the place of its text among the distinct texts (-1: missing), and those texts."""
        if column not in self._distinct:
            self._distinct[column] = _factorized(self.texts(column))
        return self._distinct[column]

    def _is_varied(self, column: str) -> bool:
        """Nearly every row has a text of its own: to tell them apart would cost more than to look at each."""
        if column not in self._varied:
            sample = _sampled(self.texts(column))
            self._varied[column] = (
                len(sample) >= _SAMPLE
                and column not in self._distinct
                # Few objects are few texts; only where there are many, the texts are looked at.
                and _are_nearly_all_different(_addresses(sample).tolist())
                and _are_nearly_all_different(sample.tolist())
            )
        return self._varied[column]

    def _given(self, column: str) -> tuple[npt.NDArray[np.intp] | slice, _Texts]:
        """The rows that have a text, and their texts."""
        if column not in self._given_texts:
            texts = self.texts(column)
            present = _present(texts)
            is_whole = len(present) == len(texts)
            self._given_texts[column] = (slice(None), texts) if is_whole else (present, texts[present])
        return self._given_texts[column]

    def _answers(self, column: str, classify: Callable[[str], int]) -> npt.NDArray[np.int64]:
        """`classify` of each distinct text, and 0 at the end, which code -1 (missing) points at."""
        key = (column, classify)
        if key not in self._asked:
            texts = self.distinct(column)[1]
            answers = classify.of_all(texts.tolist()) if isinstance(classify, Screened) else map(classify, texts)
            self._asked[key] = np.array([*answers, 0], dtype=np.int64)
        return self._asked[key]

    def marks(self, column: str, classify: Callable[[str], int]) -> npt.NDArray[np.int64]:
        """Per row `classify` of the text, asked once per distinct text; 0 where it is missing.

        Kept per function: edits that share a function of named bits share the work, so `classify` is never a lambda.
        """
        key = (column, classify)
        if key not in self._marks:
            if isinstance(classify, Screened) and self._is_varied(column):
                given, texts = self._given(column)
                marks = np.zeros(len(self), dtype=np.int64)
                marks[given] = classify.of_all(texts.tolist())
                self._marks[key] = marks
            else:
                self._marks[key] = self._answers(column, classify)[self.distinct(column)[0]]
        return self._marks[key]

    def has(self, column: str, classify: Callable[[str], int], fault: int = -1) -> Mask:
        """Per row: `classify` of the text has one of the bits of `fault`. Costs nothing per row where no text has."""
        if isinstance(classify, Screened) and self._is_varied(column):
            answer: Mask = (self.marks(column, classify) & fault) != 0
            return answer
        answers = (self._answers(column, classify) & fault) != 0
        codes = self.distinct(column)[0]
        return answers[codes] if answers.any() else np.zeros(len(codes), dtype=np.bool_)

    def equals(self, column: str, value: str) -> Mask:
        """Per row: the text is exactly `value`; a missing text equals nothing."""
        codes, texts = self.distinct(column)
        place = np.flatnonzero(texts == value)
        return codes == place[0] if len(place) else np.zeros(len(codes), dtype=np.bool_)

    def is_blank(self, column: str) -> Mask:
        """Per row: the text is missing, empty or white space only."""
        if column not in self._blank:
            if self._is_varied(column):
                given, texts = self._given(column)
                blank = np.ones(len(self), dtype=np.bool_)
                blank[given] = _are_blank(texts)
            else:
                codes, texts = self.distinct(column)
                blank_texts = _are_blank(texts)
                blank = np.append(blank_texts, True)[codes] if blank_texts.any() else codes < 0
            self._blank[column] = blank
        return self._blank[column]

    def same(self, column: str, other: str) -> Mask:
        """Per row: both texts are there and equal. `column` is the one that is more often missing."""
        answer = np.zeros(len(self), dtype=np.bool_)
        present = np.flatnonzero(~self.is_blank(column))
        answer[present] = self.texts(column)[present] == self.texts(other)[present]
        return answer


def _are_blank(texts: _Texts) -> Mask:
    """Per text: it is empty or white space only."""
    # A text whose first character is neither a space nor a control character sorts at or after "!", so the strip sees
    # next to nothing.
    blank = np.asarray(texts < "!", dtype=np.bool_)
    suspects = np.flatnonzero(blank)
    blank[suspects] = [not text.strip() for text in texts[suspects]]
    return blank


def _addresses(values: _Texts) -> npt.NDArray[np.intp]:
    """Where each object lies in memory. Rows that share an object have equal texts without a look at them, and the
    same text of a practice, a clinician or a client is one object in nearly all rows: the frames are read and put
    together so. Comparing numbers takes a tenth of the time of comparing texts."""
    return np.ndarray(values.shape, dtype=np.intp, buffer=np.ascontiguousarray(values))


def _present(values: _Texts) -> npt.NDArray[np.intp]:
    """Where a value is not missing."""
    addresses = _addresses(values)
    present = np.flatnonzero((addresses != id(np.nan)) & (addresses != id(None)) & (addresses != id(pd.NA)))
    # Nearly all missing values are the one NaN that numpy has; but a NaN of any kind does not equal itself.
    texts = values[present]
    is_text = np.asarray(texts == texts, dtype=np.bool_)
    return present if is_text.all() else present[is_text]


def _are_nearly_all_different(values: Sequence[object]) -> bool:
    return len(set(values)) * 20 >= len(values) * 19


def _sampled(values: npt.NDArray[_Item]) -> npt.NDArray[_Item]:
    return values[:: max(1, len(values) // _SAMPLE)]


def _factorized(values: _Texts) -> tuple[_Codes, _Texts]:
    """`pandas.factorize`, cheaper for columns that are mostly missing, come in runs or hold few objects."""
    addresses = _addresses(values)
    # Claims come by organization, so what belongs to the practice seldom changes from one claim to the next.
    starts = np.ones(len(values), dtype=np.bool_)
    np.not_equal(addresses[1:], addresses[:-1], out=starts[1:])
    first = np.flatnonzero(starts)
    if len(first) * 2 <= len(values):
        run_codes, texts = _factorized_objects(values[first], addresses[first])
        return np.repeat(run_codes, np.diff(np.append(first, len(values)))), texts
    present = np.flatnonzero(addresses != id(np.nan))
    if len(present) * 2 <= len(values):
        codes = np.full(len(values), -1, dtype=np.int32)
        codes[present], texts = _factorized_objects(values[present], addresses[present])
        return codes, texts
    return _factorized_objects(values, addresses)


def _factorized_objects(values: _Texts, addresses: npt.NDArray[np.intp]) -> tuple[_Codes, _Texts]:
    """`pandas.factorize` by way of the distinct objects, where they are few."""
    sample = _sampled(addresses).tolist()
    if len(set(sample)) * 2 > len(sample):
        codes, texts = _factorized_texts(values)
        return codes.astype(np.int32), texts
    object_of_row, objects = pd.factorize(addresses)
    # Written from the last row to the first, so that the first row of each object stays.
    first = np.empty(len(objects), dtype=np.intp)
    first[object_of_row[::-1]] = np.arange(len(values) - 1, -1, -1)
    codes, texts = pd.factorize(values[first])
    return codes.astype(np.int32)[object_of_row], texts


def _factorized_texts(values: _Texts) -> tuple[npt.NDArray[np.intp], _Texts]:
    """`pandas.factorize`, cheaper for texts that come in runs."""
    places = np.arange(0, len(values) - 1, max(1, len(values) // _SAMPLE))
    if np.count_nonzero(values[places] == values[places + 1]) * 2 < len(places):
        return pd.factorize(values)
    starts = np.ones(len(values), dtype=np.bool_)
    starts[1:] = values[1:] != values[:-1]
    first = np.flatnonzero(starts)
    codes, texts = pd.factorize(values[first])
    return np.repeat(codes, np.diff(np.append(first, len(values)))), texts
