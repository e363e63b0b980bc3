"""Overrides: which errors a person may let pass, for which claim, how long, and what is kept of it."""

from __future__ import annotations

import hashlib

import pytest

from include.claim_records.scrub import scrub_claims
from tests.integration.nights.scrub_cases import (
    MONDAY,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    Nights,
    correct,
    one,
    override,
    refused,
    rows,
    without_coverage,
    without_sex,
)
from tests.support.practice import Connection, Practice


@pytest.fixture
def practice(billing: Connection) -> Practice:
    """A practice whose hand work `anna` does."""
    made = Practice(billing)
    billing.execute("SELECT set_config('billing.actor', 'anna', false)")
    return made


# What an override does


def test_an_overridden_error_stays_a_finding_and_holds_its_claim_no_longer(practice: Practice, nights: Nights) -> None:
    mine, other = without_coverage(practice), without_coverage(practice)
    assert nights.submit(MONDAY) == {mine: "scrub_error", other: "scrub_error"}
    made = override(practice, mine)
    state = "SELECT claim_id, is_overridden, severity FROM reporting.open_scrub_errors ORDER BY claim_id"
    assert rows(practice.connection, state) == [(mine, True, "error"), (other, False, "error")]
    assert nights.submit(TUESDAY) == {mine: "advanced", other: "scrub_error"}
    finding = "SELECT override_id, first_seen_on::text, last_seen_on::text, resolved_on FROM billing.finding"
    assert one(practice.connection, f"{finding} WHERE claim_id = %s", mine) == (made, MONDAY, TUESDAY, None)
    assert one(practice.connection, f"{finding} WHERE claim_id = %s", other)[0] is None


def test_the_other_errors_of_the_claim_hold_it_until_all_are_overridden(practice: Practice, nights: Nights) -> None:
    client = practice.insured(ends_on="2026-03-02")
    second = practice.service_type(procedure_code="90785", name="Interactive complexity")
    appointment = practice.appointment(client=client, services=[practice.default_service_type, second])
    claim = practice.claim(practice.invoice(appointment))
    nights.submit(MONDAY)
    override(practice, claim, line_number=1)
    assert nights.submit(TUESDAY) == {claim: "scrub_error"}
    assert [line for line in nights.log(TUESDAY).splitlines() if "COV01" in line] == [
        "      COV01: Line 2: the policy was not active on the date of service."
    ]
    assert nights.labels(TUESDAY) == ["Practice 1: 1 claim held, 1 error (none new)"]
    override(practice, claim, line_number=2)
    assert nights.submit(WEDNESDAY) == {claim: "advanced"}


def test_clearing_the_task_instance_sends_what_was_overridden(practice: Practice, nights: Nights) -> None:
    claim = without_coverage(practice)
    nights.submit(MONDAY)
    override(practice, claim)
    assert nights.clear(MONDAY) == {claim: "advanced"}
    assert nights.log(MONDAY) == ""


def test_advice_counts_an_overridden_error_as_little_as_the_night_does(
    practice: Practice, nights: Nights, pipeline: Connection
) -> None:
    claim = without_coverage(practice)
    nights.submit(MONDAY)
    attempt = nights.attempt(MONDAY)
    assert scrub_claims(pipeline, attempt, [claim], "advice") == [claim]
    override(practice, claim)
    assert scrub_claims(pipeline, attempt, [claim], "advice") == []


# Which may be overridden


def test_an_error_that_the_file_or_its_receiver_cannot_take_is_never_overridden(
    practice: Practice, nights: Nights
) -> None:
    claim = without_sex(practice)
    nights.submit(MONDAY)
    with refused(r"SEX01 cannot be overridden: .*Correct the data at Client › Profile › Sex.*billing\.hold_item"):
        override(practice, claim, "SEX01", 0)
    assert rows(practice.connection, "SELECT FROM billing.finding_override") == []


def test_only_a_standing_error_of_a_claim_awaiting_submission_is_overridden(practice: Practice, nights: Nights) -> None:
    lenient = practice.insurer()
    held, warned, mended = without_coverage(practice), without_coverage(practice, lenient), without_coverage(practice)
    practice.connection.execute(
        "INSERT INTO billing.edit_severity (edit_code, insurer_id, severity) VALUES ('COV01', %s, 'warning')",
        (lenient,),
    )
    practice.connection.execute("SELECT billing.hold_item('claims_submission', %s, 'wait')", (warned,))
    nights.submit(MONDAY)
    practice.connection.execute("SELECT billing.lift_hold('claims_submission', %s)", (warned,))
    attempt = nights.attempt(MONDAY)
    scrub_claims(nights.pipeline, attempt, [warned], "advice")
    practice.connection.execute(
        "UPDATE practice.policy y SET ends_on = NULL FROM billing.claim k WHERE k.client_id = y.client_id"
        " AND k.claim_id = %s",
        (mended,),
    )
    scrub_claims(nights.pipeline, attempt, [mended], "advice")
    nothing = r"awaits submission with no finding COV01 on line"
    for claim, line_number, text in (
        (999999, 1, "there is no claim 999999"),
        (held, 0, f"{nothing} 0"),
        (held, 2, f"{nothing} 2"),
        (mended, 1, f"{nothing} 1"),
        (warned, 1, "is a warning: it holds nothing"),
    ):
        with refused(text):
            override(practice, claim, line_number=line_number)
    with refused("say why"):
        override(practice, held, why=" ")
    override(practice, held)
    nights.submit(TUESDAY)
    with refused(f"{nothing} 1"):
        override(practice, held)
    assert one(practice.connection, "SELECT count(*) FROM billing.finding_override") == (1,)


def test_an_override_of_an_edit_that_may_not_be_overridden_any_more_counts_for_nothing(
    practice: Practice, nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = without_coverage(practice)
    nights.submit(MONDAY)
    override(practice, claim)
    # As a newer catalogue would say.
    monkeypatch.setattr(
        "include.claim_records.scrub._publish_catalogue",
        lambda connection: connection.execute(
            "UPDATE billing.edit SET is_overridable = false WHERE edit_code = 'COV01'"
        ),
    )
    assert nights.submit(TUESDAY) == {claim: "scrub_error"}
    assert one(practice.connection, "SELECT override_id FROM billing.finding") == (None,)


# How long


def _sent_twice(practice: Practice, nights: Nights) -> tuple[int, int]:
    """A claim that was sent, and one that DUP01 holds for it."""
    client = practice.insured()
    first, second = (practice.claim(practice.invoice(practice.appointment(client=client))) for _ in range(2))
    practice.connection.execute("SELECT billing.hold_item('claims_submission', %s, 'wait')", (second,))
    assert nights.submit(MONDAY) == {first: "advanced", second: "on_hold"}
    practice.connection.execute("SELECT billing.lift_hold('claims_submission', %s)", (second,))
    assert nights.submit(TUESDAY)[second] == "scrub_error"
    return first, second


def test_an_override_outlives_a_correction_of_the_claim(practice: Practice, nights: Nights) -> None:
    _, claim = _sent_twice(practice, nights)
    override(practice, claim, "DUP01")
    assert nights.submit(WEDNESDAY)[claim] == "advanced"
    correct(practice, claim, WEDNESDAY)
    assert nights.submit(THURSDAY)[claim] == "advanced"
    assert one(practice.connection, "SELECT version FROM billing.claim WHERE claim_id = %s", claim) == (2,)
    assert one(practice.connection, "SELECT count(*), min(version) FROM billing.finding_override") == (1, 1)


def test_an_override_lapses_when_another_value_is_found_and_can_be_given_again(
    practice: Practice, nights: Nights
) -> None:
    sent, claim = _sent_twice(practice, nights)
    first = override(practice, claim, "DUP01")
    # The claim it repeats is another one now.
    practice.connection.execute("UPDATE billing.claim SET version = 2 WHERE claim_id = %s", (sent,))
    assert nights.submit(WEDNESDAY)[claim] == "scrub_error"
    again = override(practice, claim, "DUP01", why="this one too")
    assert again != first
    assert rows(
        practice.connection, "SELECT override_id, reason, withdrawn_by FROM billing.finding_override ORDER BY 1"
    ) == [(first, "agreed", "anna"), (again, "this one too", None)]
    assert nights.submit(THURSDAY)[claim] == "advanced"


@pytest.mark.parametrize(("codes", "outcome"), [(("A3", "78"), "scrub_error"), (("A3", "79"), "advanced")])
def test_an_override_lapses_when_the_claim_is_rejected_for_just_that(
    practice: Practice, nights: Nights, monkeypatch: pytest.MonkeyPatch, codes: tuple[str, str], outcome: str
) -> None:
    _, claim = _sent_twice(practice, nights)
    monkeypatch.setattr(
        "include.claim_records.scrub._publish_catalogue",
        lambda connection: connection.execute(
            "UPDATE billing.edit SET rejection_codes = '{A3:78}' WHERE edit_code = 'DUP01'"
        ),
    )
    override(practice, claim, "DUP01")
    assert nights.submit(WEDNESDAY)[claim] == "advanced"
    practice.connection.execute("SELECT billing.record_rejection(%s, %s, %s)", (f"C{claim}V1", *codes))
    correct(practice, claim, WEDNESDAY)
    assert nights.submit(THURSDAY)[claim] == outcome


def test_a_withdrawn_override_lets_the_error_hold_the_claim_again(practice: Practice, nights: Nights) -> None:
    claim = without_coverage(practice)
    nights.submit(MONDAY)
    made = override(practice, claim)
    with refused("say why the override is withdrawn"):
        practice.connection.execute("SELECT billing.withdraw_override(%s, 'COV01', '', 1)", (claim,))
    withdraw = "SELECT billing.withdraw_override(%s, 'COV01', 'a mistake', 1)"
    practice.connection.execute(withdraw.encode(), (claim,))
    assert one(practice.connection, "SELECT is_overridden FROM reporting.open_scrub_errors") == (False,)
    assert nights.submit(TUESDAY) == {claim: "scrub_error"}
    assert one(
        practice.connection, "SELECT override_id, overridden_by, withdrawn_by FROM billing.finding_override"
    ) == (made, "anna", "anna")
    with refused("is not overridden: billing.finding_override"):
        practice.connection.execute(withdraw.encode(), (claim,))


def test_what_went_out_overridden_stays_marked_so_when_the_override_is_withdrawn(
    practice: Practice, nights: Nights
) -> None:
    claim = without_coverage(practice)
    nights.submit(MONDAY)
    made = override(practice, claim)
    nights.submit(TUESDAY)
    practice.connection.execute("SELECT billing.withdraw_override(%s, 'COV01', 'never again', 1)", (claim,))
    assert one(practice.connection, "SELECT override_id FROM billing.finding") == (made,)
    correct(practice, claim, TUESDAY)
    assert nights.submit(WEDNESDAY) == {claim: "scrub_error"}


# What is kept of it


def test_who_overrode_and_withdrew_is_history_and_a_second_call_changes_the_reason(
    practice: Practice, nights: Nights
) -> None:
    claim = without_coverage(practice)
    nights.submit(MONDAY)
    practice.connection.execute("DELETE FROM billing.history")
    first = override(practice, claim, why="asked the insurer")
    assert override(practice, claim, why="asked twice") == first
    assert rows(practice.connection, "SELECT reason, overridden_by, version FROM billing.finding_override") == [
        ("asked twice", "anna", 1)
    ]
    practice.connection.execute("SELECT billing.withdraw_override(%s, 'COV01', 'no', 1)", (claim,))
    mark = {"edit_code": "COV01", "line_number": 1, "override_id": first}
    assert rows(
        practice.connection,
        "SELECT subject, subject_id, action, detail, changed_by FROM billing.history ORDER BY history_id",
    ) == [
        ("claim", claim, "finding overridden", mark, "anna"),
        ("claim", claim, "finding overridden", mark, "anna"),
        ("claim", claim, "override withdrawn", {**mark, "reason": "no"}, "anna"),
    ]


def test_the_value_an_override_was_given_for_stands_nowhere_but_in_the_finding(
    practice: Practice, nights: Nights
) -> None:
    claims = [without_coverage(practice) for _ in range(3)]
    nights.submit(MONDAY)
    for claim, value in zip(claims, ("Zyx-value", "Zyx-value", None), strict=True):
        practice.connection.execute("UPDATE billing.finding SET value = %s WHERE claim_id = %s", (value, claim))
        override(practice, claim)
    same, equal, missing = rows(practice.connection, "SELECT value_key FROM billing.finding_override ORDER BY claim_id")
    assert same == equal
    assert len(same[0]) == 64
    assert same[0] != hashlib.sha256(b"Zyx-value").hexdigest()
    assert missing == (None,)
    tables = rows(
        practice.connection,
        "SELECT schemaname || '.' || relname FROM (SELECT schemaname, tablename AS relname FROM pg_tables UNION ALL"
        "   SELECT schemaname, viewname FROM pg_views) t"
        " WHERE schemaname = 'reporting' OR schemaname = 'billing' AND relname <> 'finding'",
    )
    assert len(tables) > 30
    for (table,) in tables:
        text = rows(practice.connection, f"SELECT string_agg(t::text, ' ') FROM {table} t")  # noqa: S608
        assert "Zyx" not in str(text), table
