"""What was refused as a whole is told until its claims have gone back, and a lock until it is opened."""

from __future__ import annotations

import pytest

from include.clearinghouse_inbox import steps
from tests.integration.clearinghouse_inbox.conftest import NIGHT, Inbox
from tests.support.answers import ClaimAnswer, ProviderAnswer, SetAnswer, a277, a999, ta1
from tests.support.practice import Practice, day_after


def labels(inbox: Inbox) -> list[str]:
    return [trouble.label for trouble in steps.list_rejected(inbox.pipeline)]


def files(inbox: Inbox) -> list[int]:
    return [number for (number,) in inbox.rows("SELECT interchange_id FROM billing.interchange ORDER BY 1")]


def test_a_refused_file_is_told_with_its_reason_until_its_claims_are_returned(inbox: Inbox) -> None:
    inbox.claims(2)
    number = inbox.send()
    assert labels(inbox) == []
    inbox.answer(ta1(number, "R", "006"))
    (trouble,) = steps.list_rejected(inbox.pipeline)
    (file,) = files(inbox)
    assert trouble.label == "default: 1 file refused, 2 claims to return"
    assert trouble.ids == [file]
    words = inbox.one("SELECT words FROM billing.answer_code WHERE (source, kind, code) = ('TA1', 'TA1', '006')")[0]
    assert (
        f"file {file} (control number {number}), the whole file, 1 organization (1), 2 claims: TA1 006: {words}"
        in trouble.message
    )
    assert "billing.return_claims_of_file" in trouble.message
    assert "docs/runbook.md#a-file-was-rejected" in trouble.message
    assert inbox.one("SELECT billing.return_claims_of_file(%s, 'receiver id corrected')", file) == (2,)
    assert labels(inbox) == []


def test_a_refused_set_is_told_and_not_the_one_beside_it(inbox: Inbox) -> None:
    inbox.claims()
    other = Practice(inbox.billing, 2)
    other.claim()
    number = inbox.send()
    inbox.answer(a999(number, "P", SetAnswer("0001"), SetAnswer("0002", "R", errors=("5", "I5"))))
    (trouble,) = steps.list_rejected(inbox.pipeline)
    assert trouble.label == "default: 1 transaction set refused, 1 claim to return"
    assert f"(control number {number}), 1 set, 1 organization (2), 1 claim: IK5 5: " in trouble.message
    assert "; IK5 I5: " in trouble.message


def test_files_and_sets_of_a_receiver_are_one_trouble(inbox: Inbox) -> None:
    inbox.claims(2)
    first = inbox.send()
    inbox.claims()
    second = inbox.send(day_after(NIGHT))
    inbox.answer(ta1(first, "R", "006"), a999(second, "P", SetAnswer(code="R"), mark=2))
    (trouble,) = steps.list_rejected(inbox.pipeline)
    assert trouble.label == "default: 1 file and 1 transaction set refused, 3 claims to return"
    assert trouble.ids == files(inbox)


def test_what_a_277ca_rejects_one_by_one_is_not_told_also_in_a_refused_file(inbox: Inbox) -> None:
    alone, together = inbox.claims(2)
    number = inbox.send()
    answer = ClaimAnswer(f"C{alone}V1", ("A7:164:IL",))
    inbox.answer(a277(f"{number:09d}0001", ProviderAnswer(claims=[answer])))
    assert inbox.statuses(alone) == ["rejected"]
    assert labels(inbox) == []
    inbox.answer(a999(number, "R"))
    assert inbox.statuses(alone, together) == ["rejected", "rejected"]
    assert labels(inbox) == ["default: 1 file refused, 1 claim to return"]


def test_a_claim_that_the_999_names_is_told_until_it_is_returned_itself(inbox: Inbox) -> None:
    named, _neighbour = inbox.claims(2)
    number = inbox.send()
    errors = ("IK3*CLM*5*2300*8", f"CTX*CLM01:C{named}V1", "IK4*2*782*7")
    inbox.answer(a999(number, "R", SetAnswer(code="R", segments=errors, errors=("5",))))
    (trouble,) = steps.list_rejected(inbox.pipeline)
    assert "2 claims, 1 of them named by the 999: " in trouble.message
    assert "IK4 7: " in trouble.message
    inbox.one("SELECT billing.return_claims_of_file(%s, 'nothing is wrong with them')", files(inbox)[0])
    assert labels(inbox) == ["default: 1 file refused, 1 claim to return"]
    inbox.billing.execute("SELECT billing.return_claim(%s, 'asked')", (named,))
    assert labels(inbox) == []


def test_of_many_reasons_some_are_shown_and_of_codes_only_what_can_be_none_but_a_code(inbox: Inbox) -> None:
    inbox.claims()
    number = inbox.send()
    inbox.answer(a999(number, "R", SetAnswer(code="R", errors=("1", "2", "3", "4", "5"))))
    inbox.billing.execute(
        "INSERT INTO billing.acknowledgment SELECT (jsonb_populate_record(a, jsonb_build_object('position', 100,"
        " 'status_code', 'NAMEQXZ'))).* FROM billing.acknowledgment a WHERE category_code = 'IK5' LIMIT 1"
    )
    (trouble,) = steps.list_rejected(inbox.pipeline)
    assert "AK9; IK5; IK5 1: " in trouble.message
    assert "; 2 more" in trouble.message
    assert "QXZ" not in trouble.message


def test_a_file_withdrawn_after_a_restore_says_so(inbox: Inbox) -> None:
    inbox.claims()
    inbox.send()
    inbox.billing.execute(
        "UPDATE billing.interchange SET interchange_state = 'rejected';"
        " UPDATE billing.transaction_set SET transaction_set_state = 'rejected', answered_at = now();"
        " UPDATE billing.claim SET claim_status = 'rejected'"
    )
    (trouble,) = steps.list_rejected(inbox.pipeline)
    assert "1 claim: no answer, it was withdrawn after a restore" in trouble.message


# The lock


def test_sending_that_is_allowed_or_stopped_by_a_person_is_no_lock(inbox: Inbox) -> None:
    assert steps.describe_lock(inbox.pipeline) is None
    inbox.billing.execute("UPDATE billing.deployment SET is_sending_enabled = false")
    assert steps.describe_lock(inbox.pipeline) is None


@pytest.mark.parametrize(
    ("identity", "because", "told", "untold"),
    [
        ("another", None, ["restored, copied or failed over"], ["number_"]),
        (None, "number_ahead", ["never given here", "(number_ahead)"], ["restored", "number_reused"]),
        (None, "number_reused", ["used before", "(number_reused)"], ["restored", "number_ahead"]),
        ("another", "number_ahead", ["restored, copied or failed over", "(number_ahead)"], ["number_reused"]),
    ],
)
def test_a_lock_says_why_and_the_way_to_the_runbook(
    inbox: Inbox, identity: str | None, because: str | None, told: list[str], untold: list[str]
) -> None:
    inbox.billing.execute(
        "UPDATE billing.deployment SET database_identity = coalesce(%s, database_identity), locked_because = %s",
        (identity, because),
    )
    message = steps.describe_lock(inbox.pipeline)
    assert message is not None
    for words in [*told, "docs/runbook.md#after-a-restore"]:
        assert words in message
    for words in untold:
        assert words not in message
