"""The benchmark at a size that proves its wiring, not its figures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from benchmarks.comparison import differences
from benchmarks.databases import PREFIX
from benchmarks.run import sizes
from include.development import environment
from include.development.environment import CHECKOUT

ROWS = [
    "invoice creation: whole run, wall",
    "invoice creation: whole run against the rows alone, wall",
    "invoice creation: items a second against row by row",
    "invoice creation: CPU of Python",
    "invoice creation: Python peak",
    "invoice processing: whole run, wall",
    "invoice processing: whole run against the rows alone, wall",
    "invoice processing: items a second against row by row",
    "invoice processing: CPU of Python",
    "invoice processing: Python peak",
    "scrub for advice: Python peak",
    "exclusion filter alone",
    "scrub edits alone",
    "scrub for advice, end to end",
    "claims read for a file",
    "837P built",
    "837P validated by pyx12",
]


def benchmark_databases(server_url: str) -> set[str]:
    with psycopg.connect(environment.with_database(server_url, "postgres")) as connection:
        names = connection.execute("SELECT datname FROM pg_database").fetchall()
    return {name for (name,) in names if name.startswith(PREFIX)}


def test_both_sides_write_the_same_rows_and_the_record_holds_every_figure(server_url: str, tmp_path: Path) -> None:
    before = benchmark_databases(server_url)
    small = ["--appointments-per-night", "390", "--repeats", "1", "--slice", "30", "--results", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.run", *small],
        cwd=CHECKOUT,
        env={**os.environ, "BILLING_DATABASE_URL": server_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert all(row in done.stdout for row in ROWS)
    (record_file,) = tmp_path.glob("*-400.json")
    record = json.loads(record_file.read_text(encoding="utf-8"))
    # The CPU rows are there where the server's process can be seen.
    assert [row["what"] for row in record["table"] if "CPU of Python and server" not in row["what"]] == ROWS
    assert all(row["value"] > 0 for row in record["table"])
    assert record["wrote_the_same"] is True
    written = record["written"]
    assert written["pipeline_creation"] == written["bare_creation"] == written["floor_creation"]
    assert written["pipeline_processing"] == written["bare_processing"] == written["floor_processing"]
    invoices = int(written["pipeline_creation"][0]["invoice_count"])
    assert 300 < invoices < 400, "rules keep some appointments back, not all"
    assert 0 < int(written["pipeline_processing"][0]["claim_count"]) < invoices
    page = record_file.with_suffix(".md").read_text(encoding="utf-8")
    assert all(f"| {row} |" in page for row in ROWS)
    for text in (page, record_file.read_text(encoding="utf-8")):
        assert str(CHECKOUT) not in text
        assert os.uname().nodename not in text.split()
    assert benchmark_databases(server_url) <= before, "its databases are gone"


def test_a_count_a_sum_or_a_row_that_differs_is_named() -> None:
    rows = {"invoice_count": "2", "total_amount": "30.00", "invoice_hash": "7"}
    claims = {"pipeline_processing": [rows], "bare_processing": [rows]}
    assert differences({"pipeline_creation": [rows], "bare_creation": [rows, rows], **claims}) == []
    for column in rows:
        found = differences({"pipeline_creation": [rows], "bare_creation": [rows, {**rows, column: "9"}], **claims})
        assert len(found) == 1
        assert column in found[0] and "bare_creation, repeat 2" in found[0]


def test_two_sides_that_wrote_nothing_do_not_count_as_equal() -> None:
    none = {"invoice_count": "0", "total_amount": "None"}
    some = {"claim_count": "1"}
    assert differences(
        {
            "pipeline_creation": [none],
            "bare_creation": [none],
            "pipeline_processing": [some],
            "bare_processing": [some],
        }
    ) == ["creation: pipeline_creation, repeat 1 wrote nothing"]
    assert len(differences({"pipeline_creation": [some], "bare_creation": []})) == 2


@pytest.mark.parametrize(
    ("appointments", "expected"),
    [(1, (20, 1)), (400, (20, 20)), (401, (20, 21)), (4_000, (20, 200)), (4_200, (21, 200)), (1_000_000, (5_000, 200))],
)
def test_organizations_have_two_hundred_appointments_and_there_are_at_least_twenty(
    appointments: int, expected: tuple[int, int]
) -> None:
    assert sizes(appointments) == expected
