"""From bytes to a sheet: the structure of a CSV file, before any column is looked at."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.practice_data.problems import Problem, show
from include.practice_data.tables import Column, Table

Mask = npt.NDArray[np.bool_]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# A header cell of another form may be data of a file without a header, and is not repeated.
_HEADER_NAME = re.compile("[a-z][a-z0-9_]{0,40}")


@dataclass(slots=True)
class Sheet:
    """The rows of one file. `frame`: all columns of the table as text without outer white space, "" for absent.

    `lines`: the line on which each row ends. A cell that turned out wrong becomes "" and its row is noted in
    `flawed`, so that one mistake is one problem.
    """

    table: Table
    frame: pd.DataFrame
    lines: npt.NDArray[np.int64]
    problems: list[Problem] = field(default_factory=list)
    flawed: Mask = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))

    def __post_init__(self) -> None:
        self.flawed = np.zeros(len(self.frame), dtype=np.bool_)

    def refuse(self, mask: Mask, column: str, reason: str | Sequence[str]) -> None:
        """Note a problem on every row of `mask`; `reason` is one text, or one per such row."""
        at = np.flatnonzero(mask)
        reasons = [reason] * len(at) if isinstance(reason, str) else reason
        for line, text in zip(self.lines[at].tolist(), reasons, strict=True):
            self.problems.append(Problem(self.table.file, line, column, text))
        self.flawed |= mask

    def refuse_cells(self, mask: Mask, column: Column, reason: str) -> None:
        """`refuse` for wrong cells: the value is shown where the column may be shown, and emptied."""
        if not mask.any():
            return
        values = self.frame.loc[mask, column.name].tolist()
        reasons = [reason if column.is_sensitive else f"{show(value)} {reason}" for value in values]
        self.refuse(mask, column.name, reasons)
        self.frame.loc[mask, column.name] = ""


def read_content(path: Path) -> bytes:
    """The bytes of a file, unpacked if its name ends in .gz; raises what reading and unpacking raise."""
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix.lower() == ".gz" else content


def read_sheet(path: Path, table: Table) -> tuple[Sheet | None, list[Problem]]:
    """The sheet of one file, or None and what is wrong with its structure (no row can be trusted then).

    Blank lines are passed over; a byte order mark is taken off. Every row must have as many cells as the header.
    """
    name = path.name
    try:
        content = read_content(path).removeprefix(_BYTE_ORDER_MARK)
    except (OSError, EOFError, zlib.error):
        return None, [Problem(name, 0, "", "cannot be read: the file is missing or damaged")]
    if not content.strip():
        return None, [Problem(name, 0, "", "the file is empty: it needs at least the header")]
    if (place := content.find(b"\0")) >= 0:
        return None, [Problem(name, content.count(b"\n", 0, place) + 1, "", "holds a NUL byte: not a text file")]
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return None, [Problem(name, line, "", "is not UTF-8: save the file as CSV UTF-8")]
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(row for row in reader if row)
        header_line = reader.line_num
        shape = np.array([(len(row), reader.line_num) for row in reader if row], dtype=np.int64).reshape(-1, 2)
    except csv.Error:
        return None, [Problem(name, reader.line_num, "", "a quotation mark is not closed, or stands inside a cell")]
    header = [cell.strip() for cell in header]
    problems = _header_problems(header, header_line, table)
    problems += [
        Problem(name, line, "", f"{count} cells, the header has {len(header)}")
        for count, line in shape[shape[:, 0] != len(header)].tolist()
    ]
    if problems:
        return None, problems
    frame = pd.read_csv(io.StringIO(text, newline=""), dtype="str", keep_default_na=False, skip_blank_lines=True)
    if len(frame) != len(shape):
        return None, [Problem(name, 0, "", "the rows cannot be told apart: check quotation marks and line ends")]
    frame.columns = pd.Index(header)
    frame = frame[table.column_names].apply(lambda column: column.str.strip())
    return Sheet(table, frame, shape[:, 1]), []


def _header_problems(header: list[str], line: int, table: Table) -> list[Problem]:
    expected = table.column_names
    known = set(header) & set(expected)
    if not known:
        return [Problem(table.file, line, "", f"the first line is not the header; expected {', '.join(expected)}")]
    problems = []
    for place, name in enumerate(header, start=1):
        if name not in known:
            is_shown = len(known) * 2 >= len(expected) and _HEADER_NAME.fullmatch(name)
            what = f"unknown column {name}" if is_shown else f"unknown column in place {place}"
            problems.append(Problem(table.file, line, "", f"{what}; known: {', '.join(expected)}"))
    for name in expected:
        count = header.count(name)
        if count != 1:
            problems.append(
                Problem(
                    table.file, line, name, "the column is missing" if not count else f"the column comes {count} times"
                )
            )
    return problems
