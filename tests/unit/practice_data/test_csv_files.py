"""The structure of a CSV file, before any column is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.practice_data.csv_files import read_sheet
from include.practice_data.problems import Problem
from include.practice_data.tables import TABLES

HEADER = "client_id,organization_id,starts_on,pays_by\n"
TABLE = TABLES["client_payment"]


def read(tmp_path: Path, content: str | bytes) -> tuple[list[list[str]], list[int], list[Problem]]:
    path = tmp_path / TABLE.file
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    sheet, problems = read_sheet(path, TABLE)
    if sheet is None:
        return [], [], problems
    return sheet.frame.to_numpy().tolist(), sheet.lines.tolist(), problems


def test_rows_come_out_as_text_without_outer_space_and_know_their_line(tmp_path: Path) -> None:
    rows, lines, problems = read(tmp_path, HEADER + "1,2, 2026-01-01 ,NA\n\n007,2,,null\n")
    assert rows == [["1", "2", "2026-01-01", "NA"], ["007", "2", "", "null"]]
    assert lines == [2, 4]
    assert problems == []


def test_a_byte_order_mark_windows_line_ends_and_another_order_of_columns_are_fine(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbfpays_by,client_id,starts_on,organization_id\r\ninsurance,1,2026-01-01,2\r\n"
    assert read(tmp_path, content)[0] == [["1", "2", "2026-01-01", "insurance"]]


def test_a_quoted_line_break_does_not_shift_the_lines_that_follow(tmp_path: Path) -> None:
    _, lines, _ = read(tmp_path, HEADER + '1,2,"a\nb",x\n1,2,c,x\n')
    assert lines == [3, 4]


def test_a_header_without_rows_is_an_empty_sheet(tmp_path: Path) -> None:
    assert read(tmp_path, HEADER) == ([], [], [])


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("", 0, "the file is empty"),
        (" \n\n", 0, "the file is empty"),
        (HEADER + "1,2,\0,x\n", 2, "holds a NUL byte"),
        ((HEADER + "1,2,").encode() + b"\xe9,x\n", 2, "is not UTF-8"),
        (HEADER + "1,2,3\n", 2, "3 cells, the header has 4"),
        (HEADER + "1,2,3,4\n1,2,3,4,5\n", 3, "5 cells, the header has 4"),
        (HEADER + '1,2,"3,4\n', 2, "a quotation mark is not closed"),
        (HEADER + '1,2,"3"x,4\n', 2, "a quotation mark is not closed, or stands inside a cell"),
        ("client_id,organization_id,starts_on\n1,2,3\n", 1, "the column is missing"),
        ("client_id,organization_id,starts_on,pays_by,pays_by\n1,2,3,4,5\n", 1, "the column comes 2 times"),
        ("client_id,organization_id,starts_on,pays_by,payer\n1,2,3,4,5\n", 1, "unknown column payer; known: client_id"),
        ("1,2,2026-01-01,insurance\n", 1, "the first line is not the header; expected client_id"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(
    tmp_path: Path, content: str | bytes, line: int, reason: str
) -> None:
    rows, _, problems = read(tmp_path, content)
    assert rows == []
    assert [(problem.file, problem.line) for problem in problems] == [(TABLE.file, line)]
    assert reason in problems[0].reason


def test_all_ragged_rows_are_listed_not_only_the_first(tmp_path: Path) -> None:
    _, _, problems = read(tmp_path, HEADER + "1\n1,2,3,4\n1,2\n")
    assert [problem.line for problem in problems] == [2, 4]


@pytest.mark.parametrize(
    "first_line",
    [
        "pseudonymia,1,2,3",
        # One cell happens to spell a column's name, or most do and the last is no name.
        "client_id,pseudonymia,1,2",
        "client_id,organization_id,starts_on,PSEUDONYMIA",
        "client_id,organization_id,starts_on,pseudonymia of old",
    ],
)
def test_a_first_line_that_may_be_data_is_not_repeated(tmp_path: Path, first_line: str) -> None:
    _, _, problems = read(tmp_path, first_line + "\n")
    assert problems
    assert "pseudonymia" not in " ".join(map(str, problems)).lower()
