"""What is wrong with a directory of CSV files, said without repeating patient data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

#: A shown value is cut here: a longer one is not an id, date or code but something that slipped into the column.
_SHOWN_LENGTH = 40


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """One thing to correct. `line` counts from 1 with the header, 0 is the whole file; `column` "": a whole line."""

    file: str
    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        place = self.file + (f", line {self.line}" if self.line else "") + (f", {self.column}" if self.column else "")
        return f"{place}: {self.reason}"


class LoadRefused(Exception):
    """Nothing was loaded. `problems` lists everything found, in order of file and line; fix it and load again.

    The text holds file names, lines, columns and reasons, never a value of a column that may hold patient data.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        first = "; ".join(str(problem) for problem in self.problems[:3])
        more = len(self.problems) - 3
        super().__init__(f"nothing was loaded: {first}" + (f"; and {more} more" if more > 0 else ""))


def show(value: str) -> str:
    """`value` in quotes on one line, cut to a length at which ids, dates and codes are whole."""
    value = "".join(character if character.isprintable() else "?" for character in value)
    return f"'{value}'" if len(value) <= _SHOWN_LENGTH else f"'{value[:_SHOWN_LENGTH]}…'"
