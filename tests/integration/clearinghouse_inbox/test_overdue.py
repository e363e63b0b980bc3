"""Silence is told once it has lasted too long, and files of which nobody here can find out more."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from include.clearinghouse_inbox import steps
from tests.integration.clearinghouse_inbox.conftest import SENT_AT, Inbox
from tests.support.answers import ClaimAnswer, ProviderAnswer, SetAnswer, a277, a999, ta1

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def overdue(inbox: Inbox, at: datetime) -> list[tuple[str, int, int, str]]:
    """What the view shows at an instant: what is missing, organization, claims, due when."""
    inbox.billing.execute("SELECT set_config('billing.simulated_now', %s, false)", (at.isoformat(),))
    found = inbox.rows(
        "SELECT missing, organization_id, claim_count::integer, (due_at AT TIME ZONE 'UTC')::text"
        " FROM reporting.overdue_answers ORDER BY 1, 2"
    )
    inbox.billing.execute("SELECT set_config('billing.simulated_now', '', false)")
    return found


def test_a_file_without_ta1_or_999_is_overdue_after_the_receivers_time_and_not_before(inbox: Inbox) -> None:
    inbox.claims(2)
    number = inbox.send()
    assert inbox.one("SELECT sent_at FROM billing.interchange") == (SENT_AT,)
    assert overdue(inbox, SENT_AT + DAY) == []
    assert overdue(inbox, SENT_AT + DAY + SECOND) == [("acknowledgment", 1, 2, "2026-03-07 04:00:00")]
    inbox.answer(ta1(number))
    assert overdue(inbox, SENT_AT + DAY + SECOND) == []


def test_claims_without_a_277ca_are_overdue_after_the_receivers_time_and_not_before(inbox: Inbox) -> None:
    answered, silent = inbox.claims(2)
    number = inbox.send()
    inbox.answer(
        # What a 999 says of a claim is no answer to it.
        a999(number, "E", SetAnswer(code="E", segments=("IK3*CLM*9*2300*8", f"CTX*CLM01:C{silent}V1", "IK4*2*782*7"))),
        a277(
            f"{number:09d}0001",
            ProviderAnswer(claims=[ClaimAnswer(f"C{answered}V1")]),
        ),
    )
    assert overdue(inbox, SENT_AT + 3 * DAY) == []
    assert overdue(inbox, SENT_AT + 3 * DAY + SECOND) == [("claim_answer", 1, 1, "2026-03-09 04:00:00")]
    inbox.answer(a277(f"{number:09d}0001", ProviderAnswer(claims=[ClaimAnswer(f"C{silent}V1", ("A3:21",))]), mark=2))
    assert overdue(inbox, SENT_AT + 3 * DAY + SECOND) == []


@pytest.mark.parametrize("status", ["A0:16", "A4:35", "A5:1", "E1:1", "P1:20"])
def test_an_answer_that_leaves_the_claim_pending_is_not_the_one_that_is_waited_for(inbox: Inbox, status: str) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    # What is said of a line decides nothing either.
    answer = ClaimAnswer(f"C{claim}V1", (status,), lines=(("1", "A7:507"),))
    inbox.answer(ta1(number), a277(f"{number:09d}0001", ProviderAnswer(claims=[answer])))
    assert inbox.statuses(claim) == ["submitted"]
    assert overdue(inbox, SENT_AT + 3 * DAY) == []
    assert overdue(inbox, SENT_AT + 3 * DAY + SECOND) == [("claim_answer", 1, 1, "2026-03-09 04:00:00")]
    inbox.answer(a277(f"{number:09d}0001", ProviderAnswer(claims=[ClaimAnswer(f"C{claim}V1")]), mark=2))
    assert overdue(inbox, SENT_AT + 3 * DAY + SECOND) == []


def test_nothing_is_due_for_a_rejected_file_or_before_a_person_expects_it(inbox: Inbox) -> None:
    inbox.claims()
    number = inbox.send()
    later = SENT_AT + 30 * DAY
    inbox.billing.execute(
        "SELECT billing.wait_for_answer(interchange_id, %s, 'closed') FROM billing.interchange", (later,)
    )
    assert overdue(inbox, later - SECOND) == []
    assert [missing for missing, *_ in overdue(inbox, later)] == ["acknowledgment", "claim_answer"]
    inbox.answer(ta1(number, "R", "006"))
    assert overdue(inbox, later) == []


def test_the_times_are_the_receivers(inbox: Inbox) -> None:
    inbox.claims()
    inbox.send()
    inbox.billing.execute(
        "UPDATE billing.receiver SET acknowledgment_due_after = '1 hour', claim_answer_due_after = '2 hours'"
    )
    hour = timedelta(hours=1)
    assert len(overdue(inbox, SENT_AT + hour)) == 0
    assert len(overdue(inbox, SENT_AT + 2 * hour)) == 1
    assert len(overdue(inbox, SENT_AT + 3 * hour)) == 2


def test_a_returned_claim_is_not_missed_in_its_old_file(inbox: Inbox) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    inbox.answer(
        ta1(number),
        a277(f"{number:09d}0001", ProviderAnswer(claims=[ClaimAnswer(f"C{claim}V1", ("A3:21",))])),
    )
    inbox.billing.execute("SELECT billing.return_claim(%s, 'asked')", (claim,))
    assert overdue(inbox, SENT_AT + 30 * DAY) == []


def test_silence_is_one_trouble_per_receiver_with_counts_and_the_way_to_the_runbook(inbox: Inbox) -> None:
    inbox.claims(2)
    inbox.send()
    assert steps.list_overdue(inbox.pipeline) == []
    inbox.billing.execute(
        "UPDATE billing.receiver SET acknowledgment_due_after = '1 minute', claim_answer_due_after = '2 minutes'"
    )
    (trouble,) = steps.list_overdue(inbox.pipeline)
    assert trouble.label == "default: 1 file without acknowledgment, 2 claims without answer"
    assert trouble.ids == [inbox.one("SELECT interchange_id FROM billing.interchange")[0]]
    assert "control number 1" in trouble.message
    assert "docs/runbook.md#no-answer-from-the-clearinghouse" in trouble.message


# Unknown outcomes


def make_unknown(inbox: Inbox, since: timedelta, fault: str | None = None) -> None:
    inbox.billing.execute("SET session_replication_role = replica")
    inbox.billing.execute(
        "UPDATE billing.interchange SET interchange_state = 'unknown', sent_at = NULL, fault_code = %s,"
        " delivery_stage = 'placing', unknown_since = billing.inbox_clock() - %s::interval",
        (fault, since),
    )
    inbox.billing.execute("RESET session_replication_role")


@pytest.mark.parametrize(
    ("since", "fault", "checks", "told"),
    [
        (DAY, None, False, True),
        (DAY - SECOND, None, False, False),
        (DAY, None, True, False),
        (SECOND, "name_taken", True, True),
        (SECOND, "connection_lost", False, False),
    ],
)
def test_a_person_is_asked_when_nothing_else_can_find_out(
    inbox: Inbox, since: timedelta, fault: str | None, checks: bool, told: bool
) -> None:
    inbox.claims()
    inbox.send()
    assert steps.list_uncertain(inbox.pipeline) == []
    inbox.billing.execute("UPDATE billing.receiver SET checks_duplicates = %s", (checks,))
    make_unknown(inbox, since, fault)
    troubles = steps.list_uncertain(inbox.pipeline)
    assert [trouble.label for trouble in troubles] == (["default: 1 file of unknown outcome"] if told else [])
    if told:
        assert troubles[0].ids == [inbox.one("SELECT interchange_id FROM billing.interchange")[0]]
        assert "billing.resend_file" in troubles[0].message
        inbox.billing.execute("UPDATE billing.interchange SET wait_until = billing.inbox_clock() + interval '1 hour'")
        assert steps.list_uncertain(inbox.pipeline) == []
