"""Every reason and every code of something missing has words, here and in the runbook."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from include.exception_queue.reason_words import BLOCKED, CHANGED_APPOINTMENT, REASONS, describe_detail

ROOT = Path(__file__).resolve().parents[3]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
#: What the queue says besides billing.decision.
OWN = {"waiting", "outcome_unknown", "rejected"}


def test_every_reason_of_a_decision_has_words_and_no_other_has() -> None:
    migration = (ROOT / "include" / "migrations" / "0002_billing.sql").read_text(encoding="utf-8")
    check = re.search(r"reason text NOT NULL CHECK \(reason IN \(([^)]+)\)", migration)
    assert check is not None
    decided = set(re.findall(r"'(\w+)'", check[1]))
    assert len(decided) == 12
    assert set(REASONS) == decided | OWN


def test_every_code_of_something_missing_that_a_step_writes_has_words_and_a_place() -> None:
    written: set[str] = set()
    for file in ("invoice_creation/price_and_create.sql", "invoice_processing/select_invoices.sql"):
        statement = (ROOT / "include" / file).read_text(encoding="utf-8").rpartition("-- Leaves out")[2]
        written |= set(re.findall(r"THEN '(\w+)'", statement)) - {"before_start", "on_hold", "review_day"}
    assert written == set(BLOCKED)
    assert len(CHANGED_APPOINTMENT) == 3
    for code in BLOCKED:
        words, place = describe_detail("blocked", code)
        assert words[0].isupper() and words.endswith(".") and place, code


def test_the_runbook_names_every_reason_and_code() -> None:
    for code in (*REASONS, *BLOCKED):
        assert f"`{code}`" in RUNBOOK or code == "waiting", code


@pytest.mark.parametrize(
    ("reason", "code", "words"),
    [
        ("excluded", None, ("", "")),
        ("on_hold", "sending_stopped", ("All sending is stopped, by a person of data-ops.", "")),
        ("step_failed", "undelivered", ("Its file is built and has not left yet.", "")),
        ("step_failed", "create_invoices: SQLSTATE 22003", ("create_invoices: SQLSTATE 22003.", "")),
        ("refused_by_validator", "patient_last_name: missing", ("patient_last_name: missing.", "Client › Profile")),
        ("blocked", "of_tomorrow", ("Code of_tomorrow.", "")),
    ],
)
def test_a_detail_reads_as_words_and_one_without_words_stands_as_it_is(
    reason: str, code: str | None, words: tuple[str, str]
) -> None:
    assert describe_detail(reason, code) == words
