"""An answer counts for the receiver whose ids it has, about what we sent there, and locks sending only as such."""

from __future__ import annotations

import psycopg
import pytest

from include.clearinghouse_inbox.acknowledgments import apply_acknowledgments
from tests.faults.validators import accepting_validator
from tests.integration.clearinghouse_inbox.conftest import NIGHT, Inbox
from tests.support.answers import ClaimAnswer, ProviderAnswer, SetAnswer, a277, a999, ta1
from tests.support.nights import BATCH_STEPS, open_night


def of_claim(batch_reference: str, claim: int, status: str, **ids: str) -> bytes:
    return a277(batch_reference, ProviderAnswer(claims=[ClaimAnswer(f"C{claim}V1", (status,))]), **ids)


def add_receiver(
    inbox: Inbox, code: str = "second", receiver_id: str = "SECOND", answer_sender_id: str | None = None
) -> None:
    """Another receiver with the same submitter id, so the same drop box."""
    inbox.billing.execute(
        "INSERT INTO billing.receiver (receiver_code, name, submitter_id, submitter_name, contact_name, contact_phone,"
        " receiver_id, answer_sender_id)"
        " SELECT %s, name, submitter_id, submitter_name, contact_name, contact_phone, %s, %s FROM billing.receiver"
        " WHERE receiver_code = 'default'",
        (code, receiver_id, answer_sender_id),
    )


def build(inbox: Inbox) -> int:
    """A file that no delivery has begun to send; returns its control number."""
    with accepting_validator():
        attempt, batches = open_night(inbox.pipeline, "claims_submission", "America/Denver", NIGHT)
        for organizations in batches:
            for step in BATCH_STEPS["claims_submission"]:
                step(inbox.pipeline, attempt, organizations)
    assert inbox.one("SELECT interchange_state, attempt_count FROM billing.interchange") == ("built", 0)
    return int(inbox.one("SELECT max(control_number) FROM billing.interchange")[0])


# To whom, and from whom


@pytest.mark.parametrize(
    ("ids", "counts"),
    [
        ({}, True),
        ({"to": "SOMEBODYELSE"}, False),
        ({"sender": "SOMEBODYELSE"}, False),
        ({"to": "RECEIVER", "sender": "SUBMITTER"}, False),
    ],
)
def test_an_answer_counts_only_from_the_receiver_to_us(inbox: Inbox, ids: dict[str, str], counts: bool) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    refusals = (
        of_claim(f"{number:09d}0001", claim, "A7:562", **ids),
        a999(number, "R", SetAnswer(code="R"), **ids),  # type: ignore[arg-type]
        ta1(number, "R", "006", **ids),  # type: ignore[arg-type]
    )
    effects = inbox.answer(*refusals)
    if counts:
        assert effects == ["no_change", "applied", "applied", "applied", "no_change"]
        assert (inbox.state(), inbox.set_state(), inbox.statuses(claim)) == ("rejected", ["rejected"], ["rejected"])
    else:
        assert effects == ["unknown"] * 5
        assert (inbox.state(), inbox.set_state(), inbox.statuses(claim)) == ("sent", ["unanswered"], ["submitted"])
        assert inbox.rejections(claim) == []
    assert inbox.lock() is None


def test_a_receiver_may_answer_under_another_id(inbox: Inbox) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    assert inbox.answer(ta1(number, sender="GATEWAY")) == ["unknown"]
    shown = "SELECT is_addressed_to_us, is_from_receiver FROM reporting.unknown_answers ORDER BY inbox_file_id"
    assert inbox.rows(shown) == [(True, False)]
    inbox.billing.execute("UPDATE billing.receiver SET answer_sender_id = 'GATEWAY'")
    assert inbox.answer(ta1(number, sender="GATEWAY", mark=2)) == ["applied"]
    assert inbox.answer(ta1(number, sender="RECEIVER", mark=3)) == ["no_change"], "under either id"
    assert inbox.answer(ta1(number, sender="SOMEBODY", mark=4)) == ["unknown"]
    assert inbox.statuses(claim) == ["submitted"]


def test_what_was_unknown_is_read_again_once_the_ids_are_right_and_only_then(inbox: Inbox) -> None:
    inbox.claims()
    number = inbox.send()
    inbox.answer(ta1(number, sender="GATEWAY"))
    (file_id,) = inbox.one("SELECT inbox_file_id FROM billing.inbox_file")
    again = "SELECT billing.retry_inbox_file(%s, 'its id was missing')"
    for sender, state in (("OTHER", "sent"), ("GATEWAY", "acknowledged")):
        inbox.billing.execute("UPDATE billing.receiver SET answer_sender_id = %s", (sender,))
        inbox.billing.execute(again.encode(), (file_id,))
        apply_acknowledgments(inbox.pipeline)
        assert inbox.state() == state
    assert inbox.rows("SELECT effect FROM billing.acknowledgment") == [("applied",)]
    with pytest.raises(psycopg.errors.RaiseException, match="nothing in it is unknown"):
        inbox.billing.execute(again.encode(), (file_id,))


def test_two_receivers_that_could_not_be_told_apart_by_their_answers_are_refused(inbox: Inbox) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation, match="receiver_once_per_answerer"):
        add_receiver(inbox, answer_sender_id="RECEIVER")


def test_of_two_receivers_with_one_folder_the_ids_in_the_answer_decide(inbox: Inbox) -> None:
    """Both rows collect the same file, and both have a file of that number."""
    add_receiver(inbox)
    insurer = inbox.practice.insurer(name="Other", payer_code="99999")
    inbox.billing.execute("INSERT INTO billing.receiver_route (receiver_code, payer_code) VALUES ('second', '99999')")
    (first,), (second,) = inbox.claims(), inbox.claims(client=inbox.practice.insured(insurer))
    assert inbox.send() == 1
    body = a999(1, "R", SetAnswer(code="R"), sender="SECOND")
    assert inbox.answer(body) == ["applied", "applied"], "collected under the other row"
    assert inbox.answer(body, receiver_code="second") == ["no_change", "no_change"]
    assert inbox.statuses(first, second) == ["submitted", "rejected"]
    states = "SELECT interchange_state FROM billing.interchange ORDER BY receiver_code"
    assert inbox.rows(states) == [("sent",), ("rejected",)]
    inbox.billing.execute("UPDATE billing.receiver SET last_control_number = 7 WHERE receiver_code = 'default'")
    inbox.answer(ta1(7), receiver_code="second")
    assert inbox.lock() is None, "not ahead of the receiver that it is from"
    inbox.answer(ta1(7, sender="SECOND"))
    assert inbox.lock() == "number_ahead"


# About what


@pytest.mark.parametrize(
    ("kind", "counts"),
    [(("HC", "837"), True), (("HS", "270"), False), (("HR", "837"), False), (("HC", "276"), False)],
)
def test_an_answer_about_another_kind_of_group_or_set_is_not_ours(
    inbox: Inbox, kind: tuple[str, str], counts: bool
) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    effects = inbox.answer(a999(number, "P", SetAnswer(code="R", errors=("5",)), kind=kind))
    assert effects[0] == ("applied" if counts else "unknown")
    assert (inbox.set_state(), inbox.statuses(claim)) == (
        (["rejected"], ["rejected"]) if counts else (["unanswered"], ["submitted"])
    )
    inbox.answer(a999(number + 1, "A", SetAnswer(), kind=("HS", "270"), mark=2))
    assert inbox.lock() is None


# Numbers that lock sending


@pytest.mark.parametrize(
    ("ahead", "ids", "locked"),
    [
        (0, {}, None),
        (1, {}, "number_ahead"),
        (10_000, {}, "number_ahead"),
        (10_001, {}, None),
        (1, {"to": "SOMEBODY"}, None),
        (1, {"sender": "SOMEBODY"}, None),
    ],
)
@pytest.mark.parametrize("source", ["TA1", "999"])
def test_an_answer_to_us_about_a_number_not_given_yet_locks_sending(
    inbox: Inbox, source: str, ahead: int, ids: dict[str, str], locked: str | None
) -> None:
    inbox.claims()
    number = inbox.send() + ahead
    inbox.answer(ta1(number, **ids) if source == "TA1" else a999(number, "A", **ids))  # type: ignore[arg-type]
    assert inbox.lock() == locked
    shown = inbox.rows("SELECT control_number FROM reporting.unknown_answers")
    assert shown == ([(number,)] if ahead or ids else [])


@pytest.mark.parametrize("reference", ["20261124093015", "0000000020001", "0000000010009"])
def test_a_batch_reference_that_is_not_ours_locks_nothing_and_hides_no_claim(inbox: Inbox, reference: str) -> None:
    (claim,) = inbox.claims()
    assert inbox.send() == 1
    effects = inbox.answer(of_claim(reference, claim, "A2:20"))
    assert (effects, inbox.statuses(claim)) == (["unknown", "applied"], ["accepted"])
    assert inbox.lock() is None


@pytest.mark.parametrize("source", ["TA1", "999", "277CA", "claim"])
def test_a_file_that_was_never_sent_cannot_be_answered(inbox: Inbox, source: str) -> None:
    (claim,) = inbox.claims()
    number = build(inbox)
    body = {
        "TA1": ta1(number),
        "999": a999(number, "A", SetAnswer()),
        "277CA": a277(f"{number:09d}0001"),
        "claim": of_claim("0", claim, "A7:562"),
    }[source]
    assert set(inbox.answer(body)) == {"unknown"}
    assert (inbox.state(), inbox.set_state(), inbox.statuses(claim)) == (
        "built",
        ["unanswered"],
        ["awaiting_submission"],
    )
    assert inbox.rejections(claim) == []
    assert inbox.lock() == "number_reused"
