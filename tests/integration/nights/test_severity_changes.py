"""Severities: who may change which for whom, from when it counts, and what is kept of it."""

from __future__ import annotations

import logging

import psycopg
import pytest

from tests.integration.nights.scrub_cases import (
    MONDAY,
    TUESDAY,
    WEDNESDAY,
    Nights,
    one,
    refused,
    rows,
    without_coverage,
    without_sex,
)
from tests.support.practice import Connection, Practice

SET = b"SELECT billing.set_edit_severity(%s, %s, %s, %s, %s)"
CLEAR = b"SELECT billing.clear_edit_severity(%s, %s, %s, %s)"


@pytest.fixture
def practice(billing: Connection, nights: Nights) -> Practice:
    """A practice whose hand work `anna` does, in a database that has scrubbed before."""
    made = Practice(billing)
    made.claim()
    nights.submit("2026-03-08")
    billing.execute("SELECT set_config('billing.actor', 'anna', false)")
    billing.execute("DELETE FROM billing.history")
    return made


def test_a_severity_has_who_why_and_when_and_each_change_is_history(practice: Practice) -> None:
    made = one(practice.connection, SET.decode(), 1, None, "COV01", "warning", "the insurer is late")
    practice.connection.execute(SET, (1, None, "COV01", "warning", "the insurer is late"))
    practice.connection.execute(SET, (1, None, "COV01", "off", "not for this practice"))
    assert rows(
        practice.connection,
        "SELECT edit_severity_id, organization_id, insurer_id, edit_code, severity, reason, changed_by,"
        "   changed_at = now() FROM billing.edit_severity WHERE changed_at <= now()",
    ) == [(*made, 1, None, "COV01", "off", "not for this practice", "anna", False)]
    practice.connection.execute(CLEAR, (1, None, "COV01", "all is well"))
    assert rows(practice.connection, "SELECT FROM billing.edit_severity") == []
    history = rows(
        practice.connection,
        "SELECT organization_id, subject, subject_id, action, detail - 'edit_code' - 'insurer_id', changed_by"
        " FROM billing.history ORDER BY history_id",
    )
    late = {"old": None, "new": "warning", "reason": "the insurer is late"}
    assert history == [
        (1, "edit_severity", *made, "insert", late, "anna"),
        (1, "edit_severity", *made, "update", {**late, "old": "warning"}, "anna"),
        (
            1,
            "edit_severity",
            *made,
            "update",
            {"old": "warning", "new": "off", "reason": "not for this practice"},
            "anna",
        ),
        (1, "edit_severity", *made, "delete", {"old": "off", "new": None, "reason": "all is well"}, "anna"),
    ]


def test_the_history_of_an_insurers_severity_is_its_organizations_and_of_everybodys_nobodys(
    practice: Practice,
) -> None:
    practice.connection.execute(SET, (None, practice.default_insurer, "COV01", "warning", "why"))
    practice.connection.execute(SET, (None, None, "COV01", "warning", "why"))
    assert rows(
        practice.connection, "SELECT organization_id, detail ->> 'insurer_id' FROM billing.history ORDER BY history_id"
    ) == [(1, str(practice.default_insurer)), (0, None)]


def test_what_is_not_there_is_refused(practice: Practice) -> None:
    other = Practice(practice.connection, 2)
    for arguments, text in (
        ((None, None, "XYZ99", "off", "why"), "there is no edit XYZ99: docs/scrubber_edits.md"),
        ((99, None, "COV01", "off", "why"), "there is no organization 99"),
        ((None, 99, "COV01", "off", "why"), r"there is no insurer 99 at organization \(any\)"),
        ((1, other.default_insurer, "COV01", "off", "why"), f"no insurer {other.default_insurer} at organization 1"),
        ((1, None, "COV01", "fatal", "why"), "there is no severity fatal: it is error, warning or off"),
        ((1, None, "COV01", None, "why"), "there is no severity NULL"),
        ((1, None, "COV01", "off", " "), "say why"),
    ):
        with refused(text):
            practice.connection.execute(SET, arguments)
    for reason, text in (("why", "nothing changes the severity of COV01 there"), (None, "say why")):
        with refused(text):
            practice.connection.execute(CLEAR, (1, None, "COV01", reason))
    assert one(practice.connection, "SELECT count(*) FROM billing.history WHERE subject = 'edit_severity'") == (0,)


@pytest.mark.parametrize("severity", ["warning", "off"])
def test_what_the_file_or_its_receiver_cannot_take_stays_an_error(practice: Practice, severity: str) -> None:
    with refused(r"SEX01 stays an error: .*Correct the data at Client › Profile › Sex.*billing\.hold_item"):
        practice.connection.execute(SET, (1, None, "SEX01", severity, "why"))
    practice.connection.execute(SET, (1, None, "SEX01", "error", "to be sure"))


def test_a_change_counts_from_the_next_scrub_and_the_insurers_word_before_the_practices(
    practice: Practice, nights: Nights
) -> None:
    strict = practice.insurer()
    lenient, held = without_coverage(practice), without_coverage(practice, strict)
    assert nights.submit(MONDAY) == {lenient: "scrub_error", held: "scrub_error"}
    practice.connection.execute(SET, (1, None, "COV01", "warning", "why"))
    practice.connection.execute(SET, (None, strict, "COV01", "error", "why"))
    assert nights.submit(TUESDAY) == {lenient: "advanced", held: "scrub_error"}
    practice.connection.execute(CLEAR, (None, strict, "COV01", "why"))
    assert nights.submit(WEDNESDAY) == {held: "advanced"}


def test_a_finding_whose_edit_was_switched_off_is_not_called_fixed(practice: Practice, nights: Nights) -> None:
    strict = practice.insurer()
    off, fixed = without_coverage(practice), without_coverage(practice, strict)
    nights.submit(MONDAY)
    practice.connection.execute(SET, (None, practice.default_insurer, "COV01", "off", "why"))
    practice.connection.execute("UPDATE practice.policy SET ends_on = NULL WHERE insurer_id = %s", (strict,))
    nights.submit(TUESDAY)
    assert rows(
        practice.connection, "SELECT claim_id, resolved_on::text, resolution FROM billing.finding ORDER BY claim_id"
    ) == [(off, TUESDAY, "switched_off"), (fixed, TUESDAY, "fixed")]


def test_a_row_that_counts_for_nothing_is_named_in_the_log(
    practice: Practice, nights: Nights, caplog: pytest.LogCaptureFixture
) -> None:
    claim = without_sex(practice)
    practice.connection.execute(
        "INSERT INTO billing.edit_severity (organization_id, edit_code, severity)"
        " VALUES (1, 'SEX01', 'off'), (NULL, 'SEX01', 'warning'), (1, 'OLD01', 'off'), (1, 'COV01', 'off')"
    )
    with caplog.at_level(logging.WARNING, "include.claim_records.scrub"):
        assert nights.submit(MONDAY) == {claim: "scrub_error"}
    (text,) = [record.getMessage() for record in caplog.records if record.name == "include.claim_records.scrub"]
    assert "3 rows of billing.edit_severity are ignored: OLD01 (unknown edit, 1), SEX01 (not overridable, 2)" in text


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO billing.edit_severity (edit_code, severity) VALUES ('SEX01', 'off')",
        "UPDATE billing.edit_severity SET severity = 'off'",
        "DELETE FROM billing.edit_severity",
        "UPDATE billing.finding_override SET withdrawn_at = now()",
        "DELETE FROM billing.finding_override",
        "DELETE FROM billing.claim_rejection",
        "UPDATE billing.scrub SET claim_count = 0",
    ],
)
@pytest.mark.parametrize("role", ["billing_settings", "billing_pipeline", "billing_analyst"])
def test_no_role_goes_round_the_functions(database_url: str, role: str, statement: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"SET ROLE {role}".encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())
