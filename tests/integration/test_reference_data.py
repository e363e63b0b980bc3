"""Reference tables in a real database: whole releases, all or nothing, read by the nightly runs and written by nobody
but the owner."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest

from include.claim_records import references as reading
from include.claim_records.references import ReferencesChangedError, read_references
from include.claims_scrubber import REFERENCE_TABLES
from include.practice_data.problems import LoadRefused
from include.reference_data.load import ReferenceReport, load_references, main

Connection = psycopg.Connection[Any]

SHIPPED = [
    "claim_filing", "diagnosis_code", "modifier", "place_of_service", "psychotherapy", "psychotherapy_minutes", "state",
]  # fmt: skip
RELEASE_HEADER = "table_name,release_label,source,covers_from,covers_to\n"
#: One row of each table the software does not ship.
SUPPLIED = {
    "payer_list": "payer_code\n60054\n",
    "timely_filing": "payer_code,limit_days\n60054,90\n",
    "payer_authorization": "payer_code,procedure_code\n60054,\n60054,90837\n",
    "payer_license": "payer_code,license_type\n60054,LPC\n",
    "payer_supervision": "payer_code,license_type\n60054,LPC-A\n",
    "payer_enrollment": "payer_code,npi\n60054,1234567893\n",
    "payer_telehealth": "payer_code,telehealth,modifier\n60054,video,95\n",
    "procedure_code": "procedure_code,starts_on,ends_on\n90837,2013-01-01,\n",
    "taxonomy": "taxonomy_code\n101YM0800X\n",
    "mue": "procedure_code,unit_limit,adjudication_indicator,starts_on,ends_on\n90837,1,3,,\n",
    "ncci_pair": "column_1_code,column_2_code,modifier_indicator,starts_on,ends_on\n90837,90834,0,,\n",
}
_QUARTER = "".join(f"{name},2026 Q4,CMS,2026-10-01,2026-12-31\n" for name in ("procedure_code", "mue", "ncci_pair"))


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test reads as a process of its own."""
    monkeypatch.setattr(reading, "_newest", None)
    monkeypatch.setattr(reading, "_kept", {})
    yield


def folder(tmp_path: Path, **files: str) -> Path:
    directory = tmp_path / "supplied"
    directory.mkdir(exist_ok=True)
    for path in directory.iterdir():
        path.unlink()
    for name, content in files.items():
        (directory / f"{name}.csv").write_text(content, encoding="utf-8")
    return directory


def actions(reports: tuple[ReferenceReport, ...]) -> dict[str, str]:
    return {report.table_name: report.action for report in reports}


def contents(connection: Connection) -> dict[str, Any]:
    releases = connection.execute("SELECT * FROM billing.reference_release ORDER BY release_id").fetchall()
    rows = {
        name: connection.execute(f"SELECT * FROM reference.{name} ORDER BY 2, 1").fetchall()  # noqa: S608
        for name in REFERENCE_TABLES
        if name != "diagnosis_code"
    }
    return {"releases": releases, **rows}


def test_the_shipped_tables_are_loaded_once(database_url: str, billing: Connection) -> None:
    assert actions(load_references(database_url)) == dict.fromkeys(SHIPPED, "loaded")
    before = contents(billing)
    assert actions(load_references(database_url)) == dict.fromkeys(SHIPPED, "unchanged")
    assert contents(billing) == before


def test_every_table_can_be_supplied_and_is_read_back(database_url: str, pipeline: Connection, tmp_path: Path) -> None:
    directory = folder(tmp_path, reference_release=RELEASE_HEADER + _QUARTER, **SUPPLIED)
    reports = load_references(database_url, directory)
    assert set(actions(reports)) == set(REFERENCE_TABLES)
    references = read_references(pipeline)
    for name, columns in REFERENCE_TABLES.items():
        assert references.is_loaded(name), name
        assert list(references.table(name).columns) == list(columns)
    assert references.table("payer_authorization")["procedure_code"].isna().sum() == 1
    assert references.table("timely_filing")["limit_days"].tolist() == [90]
    assert references.table("procedure_code")["starts_on"].tolist() == [pd.Timestamp("2013-01-01")]
    assert references.table("procedure_code")["ends_on"].isna().all()
    assert references.releases["mue"].covers_to == date(2026, 12, 31)
    days = pd.to_datetime(pd.Series(["2026-12-31", "2027-01-01"])).astype("datetime64[s]")
    assert references.covers("mue", days).tolist() == [True, False]


def test_headings_and_billable_codes_are_read_as_such(database_url: str, pipeline: Connection) -> None:
    load_references(database_url)
    references = read_references(pipeline)
    rows = references.rows_in_force("diagnosis_code", pd.Series(["F33", "F331", "F412X"]))
    assert rows[2] == -1
    assert references.table("diagnosis_code")["is_billable"].to_numpy()[rows[:2]].tolist() == [False, True]


def test_without_any_table_nothing_is_loaded(pipeline: Connection) -> None:
    references = read_references(pipeline)
    assert not references.tables
    assert not any(references.is_loaded(name) for name in REFERENCE_TABLES)


def test_a_release_takes_the_place_of_the_one_before_as_a_whole(
    database_url: str, billing: Connection, pipeline: Connection, tmp_path: Path
) -> None:
    load_references(database_url, folder(tmp_path, payer_list="payer_code\nA\nB\n"))
    first = read_references(pipeline)
    load_references(database_url, folder(tmp_path, payer_list="payer_code\nB\nC\n"))
    second = read_references(pipeline)
    assert second.table("payer_list")["payer_code"].tolist() == ["B", "C"]
    assert first.version != second.version
    assert first.table("modifier") is second.table("modifier")
    assert read_references(pipeline) is second
    rows = billing.execute(
        "SELECT is_current FROM billing.reference_release WHERE table_name = 'payer_list' ORDER BY release_id"
    ).fetchall()
    assert rows == [(False,), (True,)]


def test_a_bad_file_leaves_every_table_as_it_was(database_url: str, billing: Connection, tmp_path: Path) -> None:
    load_references(database_url, folder(tmp_path, payer_list="payer_code\nA\n"))
    before = contents(billing)
    bad = folder(tmp_path, payer_list="payer_code\nB\n", payer_telehealth="payer_code,telehealth,modifier\nB,fax,95\n")
    with pytest.raises(LoadRefused) as refused:
        load_references(database_url, bad)
    assert [str(problem) for problem in refused.value.problems] == [
        "payer_telehealth.csv, line 2, telehealth: 'fax' is none of video, audio"
    ]
    assert contents(billing) == before


def test_a_load_that_breaks_in_the_middle_leaves_every_table_as_it_was(
    database_url: str, billing: Connection, tmp_path: Path
) -> None:
    load_references(database_url, folder(tmp_path, payer_list="payer_code\nA\n"))
    before = contents(billing)
    billing.execute("ALTER TABLE reference.timely_filing ADD CHECK (limit_days < 1000)")
    both = folder(tmp_path, payer_list="payer_code\nB\n", timely_filing="payer_code,limit_days\nB,1000\n")
    with pytest.raises(LoadRefused, match=r"timely_filing\.csv: the database refuses it: 23514"):
        load_references(database_url, both)
    assert contents(billing) == before


_STATES = "state_code,postal_prefix\nCO,800\n"


@pytest.mark.parametrize(
    ("covers_to", "action"), [("2026-12-30", "loaded"), ("2026-12-31", "kept"), ("2027-06-30", "kept"), ("", "kept")]
)
def test_a_shipped_table_takes_the_place_of_a_supplied_one_only_if_it_reaches_further(
    database_url: str, tmp_path: Path, covers_to: str, action: str
) -> None:
    release = RELEASE_HEADER + f"modifier,own,us,,{covers_to}\n"
    load_references(database_url, folder(tmp_path, modifier="modifier\n95\n", reference_release=release))
    reports = load_references(database_url)
    assert actions(reports) == {**dict.fromkeys(SHIPPED, "unchanged"), "modifier": action}


@pytest.mark.parametrize(("covers_from", "action"), [("2026-03-31", "kept"), ("2026-04-01", "loaded"), ("", "kept")])
def test_a_shipped_table_does_not_take_days_away_that_a_supplied_one_reaches(
    database_url: str, tmp_path: Path, covers_from: str, action: str
) -> None:
    release = RELEASE_HEADER + f"diagnosis_code,own,us,{covers_from},2026-06-30\n"
    codes = "diagnosis_code,is_billable,starts_on,ends_on\nF411,true,,\n"
    load_references(database_url, folder(tmp_path, diagnosis_code=codes, reference_release=release))
    assert actions(load_references(database_url))["diagnosis_code"] == action


def test_a_withdrawn_table_is_gone_and_a_shipped_one_comes_back(
    database_url: str, pipeline: Connection, tmp_path: Path
) -> None:
    load_references(database_url, folder(tmp_path, payer_list="payer_code\nA\n", state=_STATES))
    reports = load_references(database_url, withdraw=["payer_list", "state"])
    assert actions(reports) == {**dict.fromkeys(SHIPPED, "unchanged"), "state": "loaded"}
    references = read_references(pipeline)
    assert not references.is_loaded("payer_list")
    assert len(references.table("state")) > 900
    with pytest.raises(LoadRefused, match="no reference table has this name"):
        load_references(database_url, withdraw=["payers"])


def test_rows_that_are_not_those_of_their_release_are_never_used(
    database_url: str, billing: Connection, pipeline: Connection
) -> None:
    load_references(database_url)
    billing.execute("DELETE FROM reference.state WHERE state_code = 'CO'")
    with pytest.raises(ReferencesChangedError, match="make reference"):
        read_references(pipeline)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO reference.modifier (release_id, modifier) VALUES (1, '00')",
        "DELETE FROM reference.modifier",
        "UPDATE billing.reference_release SET is_current = false",
    ],
)
def test_the_nightly_runs_only_read(database_url: str, pipeline: Connection, statement: str) -> None:
    load_references(database_url)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        pipeline.execute(statement.encode())


def test_analysts_see_which_releases_are_in_use(database_url: str, billing: Connection) -> None:
    load_references(database_url)
    billing.execute("SET ROLE billing_analyst")
    rows = billing.execute(
        "SELECT table_name, covers_from, covers_to FROM reporting.reference_tables WHERE table_name = 'diagnosis_code'"
    ).fetchall()
    assert rows == [("diagnosis_code", date(2026, 4, 1), date(2026, 9, 30))]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        billing.execute("SELECT * FROM reference.modifier")


def test_the_command_line_lists_tables_and_problems(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BILLING_DATABASE_URL", database_url)
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert "2026-09-30" in printed
    assert "not loaded, so not checked: payer_list" in printed
    assert main([str(folder(tmp_path, payers="payer_code\nA\n"))]) == 1
    assert "nothing was loaded" in capsys.readouterr().err
