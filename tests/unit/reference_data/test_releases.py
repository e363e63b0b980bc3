"""Folders of reference tables: what is read of them and every way in which one is refused."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import pytest

from include.claims_scrubber import REFERENCE_TABLES
from include.practice_data.problems import Problem
from include.reference_data.releases import TableRelease, checksum, read_releases
from include.reference_data.tables import FILES, PERIODIC_TABLES

HEADER = "table_name,release_label,source,covers_from,covers_to\n"
MUE = "procedure_code,unit_limit,adjudication_indicator,starts_on,ends_on\n"
MUE_RELEASE = HEADER + "mue,2026 Q4,CMS,2026-10-01,2026-12-31\n"


def _read(tmp_path: Path, files: dict[str, str | bytes]) -> tuple[list[TableRelease], list[Problem]]:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_releases(tmp_path, is_shipped=False)


def _problems(tmp_path: Path, files: dict[str, str | bytes]) -> list[str]:
    return [str(problem) for problem in _read(tmp_path, files)[1]]


def test_every_table_of_the_scrubber_has_a_file_with_the_same_columns() -> None:
    assert {name: table.column_names for name, table in FILES.items()} == {
        name: list(columns) for name, columns in REFERENCE_TABLES.items()
    }


def test_a_plain_list_needs_no_release(tmp_path: Path) -> None:
    releases, problems = _read(tmp_path, {"payer_list.csv": "payer_code\n60054\nSX107\n"})
    assert problems == []
    assert [(one.table_name, one.origin, one.covers_from, one.covers_to) for one in releases] == [
        ("payer_list", "supplied", None, None)
    ]
    assert releases[0].sheet.frame["payer_code"].tolist() == ["60054", "SX107"]
    assert releases[0].sha256[:12] in releases[0].release_label


def test_a_release_says_which_service_dates_it_is_good_for(tmp_path: Path) -> None:
    files = {"reference_release.csv": MUE_RELEASE, "mue.csv": MUE + "90837,1,3,2013-01-01,\n"}
    releases, problems = _read(tmp_path, files)
    assert problems == []
    assert releases[0].release_label == "2026 Q4"
    assert (releases[0].covers_from, releases[0].covers_to) == (date(2026, 10, 1), date(2026, 12, 31))


@pytest.mark.parametrize("name", sorted(PERIODIC_TABLES))
def test_a_table_published_periodically_needs_its_release_and_its_last_day(tmp_path: Path, name: str) -> None:
    content = {
        "diagnosis_code": "diagnosis_code,is_billable,starts_on,ends_on\nF41.1,true,,\n",
        "procedure_code": "procedure_code,starts_on,ends_on\n90837,,\n",
        "mue": MUE + "90837,1,3,,\n",
        "ncci_pair": "column_1_code,column_2_code,modifier_indicator,starts_on,ends_on\n90837,90834,0,,\n",
    }[name]
    problems = _problems(tmp_path, {f"{name}.csv": content})
    assert len(problems) == 1
    assert "reference_release.csv" in problems[0]
    endless = HEADER + f"{name},2026,somebody,2026-01-01,\n"
    problems = _problems(tmp_path, {f"{name}.csv": content, "reference_release.csv": endless})
    assert problems == [
        "reference_release.csv, line 2, covers_to: is required: this table is published anew at fixed times"
    ]


def test_a_packed_file_is_the_same_release_as_the_plain_one(tmp_path: Path) -> None:
    text = b"payer_code\n60054\n"
    plain = tmp_path / "plain.txt"
    plain.write_bytes(text)
    releases, problems = _read(tmp_path, {"payer_list.csv.gz": gzip.compress(text)})
    assert problems == []
    assert releases[0].sha256 == checksum(plain)


def test_a_damaged_packed_file_is_a_problem(tmp_path: Path) -> None:
    problems = _problems(tmp_path, {"payer_list.csv.gz": gzip.compress(b"payer_code\n60054\n")[:-9]})
    assert problems == ["payer_list.csv.gz: cannot be read: the file is missing or damaged"]


def test_diagnosis_codes_come_with_or_without_the_dot(tmp_path: Path) -> None:
    release = HEADER + "diagnosis_code,2027,CDC,2026-10-01,2027-09-30\n"
    content = "diagnosis_code,is_billable,starts_on,ends_on\nf41.1,true,,\nF33,false,,\nQA0.0101,true,,\n"
    releases, problems = _read(tmp_path, {"reference_release.csv": release, "diagnosis_code.csv": content})
    assert problems == []
    assert releases[0].sheet.frame["diagnosis_code"].tolist() == ["F411", "F33", "QA00101"]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (["90837,1,3,,", "90837,1,3,,"], "mue.csv, line 3, starts_on: the code is in force already"),
        (["90837,1,3,2026-01-01,2026-03-31", "90837,2,3,2026-03-31,"], "mue.csv, line 3, starts_on: the code is in"),
        (
            ["90837,2,3,2026-03-31,", "90837,1,3,,2026-03-31"],
            "mue.csv, line 2, starts_on: the code is in force already",
        ),
        (["90837,1,3,2026-02-01,2026-01-31"], "mue.csv, line 2, ends_on: lies before starts_on"),
        (["90837,-1,3,,"], "mue.csv, line 2, unit_limit: '-1' is not a whole number from 0"),
        (["90837,1,4,,"], "mue.csv, line 2, adjudication_indicator: '4' is none of 1, 2, 3"),
        (["9083,1,3,,"], "mue.csv, line 2, procedure_code: '9083' is not a CPT or HCPCS code"),
        ([",1,3,,"], "mue.csv, line 2, procedure_code: is required"),
        (["90837,1,3,2026-02-30,"], "mue.csv, line 2, starts_on: '2026-02-30' is not a date"),
        ([], "mue.csv: holds no rows"),
    ],
)
def test_each_wrong_row_is_named_by_file_line_and_column(tmp_path: Path, rows: list[str], problem: str) -> None:
    problems = _problems(tmp_path, {"reference_release.csv": MUE_RELEASE, "mue.csv": MUE + "\n".join(rows) + "\n"})
    assert len(problems) == 1
    assert problems[0].startswith(problem)


def test_periods_that_meet_do_not_overlap(tmp_path: Path) -> None:
    rows = "90837,1,3,,2026-03-31\n90837,2,3,2026-04-01,\n90834,1,3,2026-01-01,\n"
    assert _problems(tmp_path, {"reference_release.csv": MUE_RELEASE, "mue.csv": MUE + rows}) == []


def test_a_period_of_one_day_is_a_period(tmp_path: Path) -> None:
    rows = "90837,1,3,2026-10-01,2026-10-01\n90837,2,3,2026-10-02,\n"
    assert _problems(tmp_path, {"reference_release.csv": MUE_RELEASE, "mue.csv": MUE + rows}) == []


def test_every_row_within_a_longer_period_overlaps(tmp_path: Path) -> None:
    rows = "90837,1,3,2026-01-01,2026-12-31\n90837,2,3,2026-02-01,2026-02-28\n90837,2,3,2026-06-01,\n"
    problems = _problems(tmp_path, {"reference_release.csv": MUE_RELEASE, "mue.csv": MUE + rows})
    assert [problem.split(":")[0] for problem in problems] == [
        "mue.csv, line 3, starts_on",
        "mue.csv, line 4, starts_on",
    ]


def test_a_repeated_row_of_a_table_without_periods_is_refused(tmp_path: Path) -> None:
    content = "payer_code,procedure_code\nA,\nA,90837\nA,\nB,\n"
    assert _problems(tmp_path, {"payer_authorization.csv": content}) == [
        "payer_authorization.csv, line 4, payer_code: payer_code, procedure_code: the row comes twice"
    ]


def test_all_problems_of_all_files_are_said_at_once(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "reference_release.csv": HEADER
        + "mue,,CMS,2026-10-01,2026-09-30\ntaxonomy,26.1,NUCC,,\nmue,1,CMS,,2026-12-31\n",
        "mue.csv": MUE + "90837,x,3,,\n",
        "payers.csv": "payer_code\nA\n",
        "taxonomies.csv": "taxonomy_code\n",
    }
    problems = "\n".join(_problems(tmp_path, files))
    for text in (
        "reference_release.csv, line 2, release_label: is required",
        "reference_release.csv, line 2, covers_to: lies before covers_from",
        "reference_release.csv, line 4, table_name: comes twice",
        "reference_release.csv, line 3, table_name: there is no file taxonomy.csv",
        "mue.csv, line 2, unit_limit: 'x' is not a whole number",
        "payers.csv: no reference table has this name",
        "taxonomies.csv: no reference table has this name",
    ):
        assert text in problems


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    assert "holds no file of a reference table" in _problems(tmp_path, {})[0]
    assert "is not a folder" in str(read_releases(tmp_path / "none", is_shipped=False)[1][0])
