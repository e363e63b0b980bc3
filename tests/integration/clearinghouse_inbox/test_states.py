"""What each answer makes of files, transaction sets and claims, on both sides of each rule."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from tests.integration.clearinghouse_inbox.conftest import Inbox
from tests.support.answers import ClaimAnswer, ProviderAnswer, SetAnswer, a277, a999, joined, ta1
from tests.support.practice import Practice


def claims_277(number: int, *claims: ClaimAnswer, mark: int = 1, **changes: str) -> bytes:
    return a277(f"{number:09d}0001", ProviderAnswer(claims=claims), mark=mark, **changes)


def number_of(claim: int, version: int = 1) -> str:
    return f"C{claim}V{version}"


# TA1


@pytest.mark.parametrize("code", ["A", "E"])
def test_a_ta1_that_accepts_acknowledges_the_file_and_says_nothing_of_claims(inbox: Inbox, code: str) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    assert inbox.answer(ta1(number, code)) == ["applied"]
    assert (inbox.state(), inbox.set_state(), inbox.statuses(claim)) == ("acknowledged", ["unanswered"], ["submitted"])
    assert inbox.one("SELECT acknowledged_at IS NOT NULL FROM billing.interchange") == (True,)


def test_a_ta1_that_refuses_rejects_the_file_its_sets_and_its_claims(inbox: Inbox) -> None:
    claims = inbox.claims(2)
    number = inbox.send()
    assert inbox.answer(ta1(number, "R", "006")) == ["applied"]
    assert (inbox.state(), inbox.set_state(), inbox.statuses(*claims)) == ("rejected", ["rejected"], ["rejected"] * 2)
    assert [inbox.rejections(claim) for claim in claims] == [[("TA1", "TA1", "006", None)]] * 2
    assert inbox.one("SELECT locked_because FROM billing.deployment") == (None,)


@pytest.mark.parametrize("attempts", [1, 2])
def test_a_number_used_before_rejects_a_file_that_was_not_sent_again_and_locks_sending(
    inbox: Inbox, attempts: int
) -> None:
    """An attempt that certainly placed nothing does not make the receiver know the number."""
    (claim,) = inbox.claims()
    number = inbox.send()
    inbox.billing.execute("UPDATE billing.interchange SET attempt_count = %s", (attempts,))
    assert inbox.answer(ta1(number, "R", "025")) == ["applied"]
    assert (inbox.state(), inbox.statuses(claim)) == ("rejected", ["rejected"])
    assert inbox.one("SELECT locked_because FROM billing.deployment") == ("number_reused",)
    inbox.billing.execute("SELECT billing.unlock_sending('looked')")
    assert inbox.answer(ta1(number, "R", "025", mark=2)) == ["no_change"]
    assert inbox.one("SELECT locked_because FROM billing.deployment") == (None,)


@pytest.mark.parametrize("state", ["unknown", "sending"])
def test_a_number_used_before_rejects_also_a_file_of_which_nothing_is_known(inbox: Inbox, state: str) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    unsend(inbox, state)
    assert inbox.answer(ta1(number, "R", "025")) == ["applied"]
    assert (inbox.state(), inbox.statuses(claim), inbox.lock()) == ("rejected", ["rejected"], "number_reused")


def test_a_number_used_before_by_somebody_else_leaves_a_file_that_certainly_did_not_arrive(inbox: Inbox) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    unsend(inbox, "built")
    assert inbox.answer(ta1(number, "R", "025")) == ["unknown"]
    assert (inbox.state(), inbox.statuses(claim)) == ("built", ["awaiting_submission"])
    assert inbox.lock() == "number_reused"


@pytest.mark.parametrize("before", ["TA1", "999 of the set", "999", "277CA", "277CA pending", "by hand"])
def test_a_number_used_before_says_nothing_once_anything_of_the_file_was_answered(inbox: Inbox, before: str) -> None:
    first, _ = inbox.claims(2)
    number = inbox.send()
    if before == "by hand":
        inbox.billing.execute("SELECT billing.record_rejection(%s, 'A3', '21')", (number_of(first),))
    else:
        inbox.answer(
            {
                "TA1": ta1(number),
                "999": a999(number, "P"),
                "999 of the set": a999(number, "A", SetAnswer()),
                "277CA": claims_277(number, ClaimAnswer(number_of(first))),
                "277CA pending": claims_277(number, ClaimAnswer(number_of(first), ("A0:16",))),
            }[before]
        )
    tables = ("claim", "interchange", "transaction_set", "claim_rejection", "deployment")
    found = [inbox.rows(f"SELECT t::text FROM billing.{table} t ORDER BY 1") for table in tables]  # noqa: S608
    assert inbox.answer(ta1(number, "R", "025", mark=9)) == ["no_change"]
    assert [inbox.rows(f"SELECT t::text FROM billing.{table} t ORDER BY 1") for table in tables] == found  # noqa: S608
    assert inbox.lock() is None


@pytest.mark.parametrize("acceptance", [ta1, a999])
def test_a_number_used_before_says_nothing_beside_an_acceptance(
    inbox: Inbox, acceptance: Callable[[int], bytes]
) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    inbox.answer(joined(ta1(number, "R", "025"), acceptance(number)))
    assert (inbox.state(), inbox.statuses(claim), inbox.lock()) == ("acknowledged", ["submitted"], None)


@pytest.mark.parametrize(
    ("state", "effect"),
    [("sent", "no_change"), ("unknown", "applied"), ("sending", "applied"), ("built", "applied")],
)
def test_a_number_used_before_proves_the_receipt_of_a_file_that_was_sent_again(
    inbox: Inbox, state: str, effect: str
) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    unsend(inbox, state)
    inbox.billing.execute("UPDATE billing.interchange SET resend_count = 1")
    assert inbox.answer(ta1(number, "R", "025")) == [effect]
    assert (inbox.state(), inbox.set_state(), inbox.statuses(claim)) == ("sent", ["unanswered"], ["submitted"])
    assert inbox.rejections(claim) == []
    assert inbox.one("SELECT locked_because FROM billing.deployment") == (None,)


# What delivery did not see


def unsend(inbox: Inbox, state: str) -> None:
    """The file and its claims as they are when their delivery has not been recorded."""
    if state == "sent":
        return
    inbox.billing.execute("SET session_replication_role = replica")
    inbox.billing.execute(
        "UPDATE billing.interchange SET interchange_state = %s, sent_at = NULL, sent_run_id = NULL,"
        " unknown_since = CASE WHEN %s = 'unknown' THEN built_at END,"
        " delivery_stage = CASE WHEN %s <> 'built' THEN 'placing' END",
        (state, state, state),
    )
    inbox.billing.execute("UPDATE billing.claim SET claim_status = 'awaiting_submission', submitted_at = NULL")
    inbox.billing.execute("RESET session_replication_role")


@pytest.mark.parametrize("state", ["built", "sending", "unknown"])
def test_any_answer_proves_that_the_file_arrived(inbox: Inbox, state: str) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    unsend(inbox, state)
    assert inbox.answer(ta1(number)) == ["applied"]
    assert (inbox.state(), inbox.statuses(claim)) == ("acknowledged", ["submitted"])
    unsend(inbox, state)
    assert inbox.answer(claims_277(number, ClaimAnswer(number_of(claim)))) == ["no_change", "applied"]
    assert (inbox.state(), inbox.statuses(claim)) == ("sent", ["accepted"])


# 999


@pytest.mark.parametrize(("code", "state"), [("A", "accepted"), ("E", "accepted_with_errors")])
def test_a_999_decides_on_the_transaction_set(inbox: Inbox, code: str, state: str) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    assert inbox.answer(a999(number, code, SetAnswer(code=code))) == ["applied", "applied"]
    assert (inbox.state(), inbox.set_state(), inbox.statuses(claim)) == ("acknowledged", [state], ["submitted"])


@pytest.mark.parametrize(("code", "state"), [("A", "accepted"), ("E", "unanswered"), ("P", "unanswered")])
def test_the_group_speaks_for_sets_that_are_not_named_only_if_it_has_no_error(
    inbox: Inbox, code: str, state: str
) -> None:
    inbox.claims()
    number = inbox.send()
    inbox.answer(a999(number, code))
    assert (inbox.state(), inbox.set_state()) == ("acknowledged", [state])


def test_a_refused_set_rejects_its_claims_and_no_others(inbox: Inbox) -> None:
    (first,) = inbox.claims()
    other = Practice(inbox.billing, 2)
    second = other.claim()
    number = inbox.send()
    assert len(inbox.set_state()) == 2
    effects = inbox.answer(a999(number, "P", SetAnswer("0001", "R", errors=("5",)), SetAnswer("0002")))
    assert effects == ["applied", "applied", "applied"]
    assert (inbox.state(), inbox.set_state()) == ("acknowledged", ["rejected", "accepted"])
    assert inbox.statuses(first, second) == ["rejected", "submitted"]
    assert (inbox.rejections(first), inbox.rejections(second)) == ([("999", "IK5", "5", None)], [])


def test_a_refused_group_rejects_the_file(inbox: Inbox) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    assert inbox.answer(a999(number, "R")) == ["applied"]
    assert (inbox.state(), inbox.set_state(), inbox.statuses(claim)) == ("rejected", ["rejected"], ["rejected"])
    assert inbox.rejections(claim) == [("999", "AK9", "NONE", None)]


def test_in_a_refused_set_the_claim_in_error_has_its_own_reason_by_number_or_by_position(inbox: Inbox) -> None:
    named, placed, neighbour = inbox.claims(3)
    number = inbox.send()
    body = bytes(inbox.one("SELECT body FROM billing.interchange")[0]).decode("ascii")
    segments = body[body.index("ST*837") :].split("~")
    position = next(n for n, one in enumerate(segments, 1) if one.startswith(f"CLM*{number_of(placed)}*")) + 1
    before = position - 4
    errors = (
        "IK3*CLM*5*2300*8",
        f"CTX*CLM01:{number_of(named)}",
        "IK4*2*782*7",
        f"IK3*HI*{position}*2300*8",
        "IK4*1*1271*I9",
        f"IK3*NM1*{before}*2010BA*3",
    )
    inbox.answer(a999(number, "R", SetAnswer(code="R", segments=errors, errors=("5",))))
    assert inbox.statuses(named, placed, neighbour) == ["rejected"] * 3
    assert ("999", "IK4", "7", None) in inbox.rejections(named)
    assert ("999", "IK4", "I9", None) in inbox.rejections(placed)
    assert ("999", "IK3", "3", None) in inbox.rejections(placed), "the subscriber's loop belongs to the claim after it"
    assert all(category.startswith("IK") and category != "IK5" for _, category, _, _ in inbox.rejections(placed))
    assert inbox.rejections(neighbour) == [("999", "IK5", "5", None)]


def test_errors_in_a_set_that_was_taken_are_kept_and_reject_nothing(inbox: Inbox) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    errors = ("IK3*CLM*5*2300*8", f"CTX*CLM01:{number_of(claim)}", "IK4*2*782*7")
    inbox.answer(a999(number, "E", SetAnswer(code="E", segments=errors, errors=("5",))))
    assert (inbox.statuses(claim), inbox.rejections(claim)) == (["submitted"], [])
    assert (claim,) in inbox.rows("SELECT claim_id FROM billing.acknowledgment WHERE grain = 'segment'")


# 277CA


@pytest.mark.parametrize(
    ("status", "becomes", "effect"),
    [
        ("A1:19", "accepted", "applied"),
        ("A2:20", "accepted", "applied"),
        ("A3:21", "rejected", "applied"),
        ("A6:562", "rejected", "applied"),
        ("A7:562:82", "rejected", "applied"),
        ("A8:562", "rejected", "applied"),
        ("A0:16", "submitted", "no_change"),
        ("A5:35", "submitted", "no_change"),
        ("P1:20", "submitted", "no_change"),
    ],
)
def test_a_277ca_decides_on_the_claim(inbox: Inbox, status: str, becomes: str, effect: str) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    effects = inbox.answer(claims_277(number, ClaimAnswer(number_of(claim), (status,))))
    assert effects == ["no_change", effect]
    assert (inbox.state(), inbox.statuses(claim)) == ("sent", [becomes])
    category, code, *entity = status.split(":")
    expected = [("277CA", category, code, entity[0] if entity else None)] if becomes == "rejected" else []
    assert inbox.rejections(claim) == expected


def test_one_rejecting_status_among_several_rejects_and_all_codes_are_kept(inbox: Inbox) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    inbox.answer(claims_277(number, ClaimAnswer(number_of(claim), ("A1:19", "A7:562:82", "A6:88"))))
    assert inbox.statuses(claim) == ["rejected"]
    assert inbox.rejections(claim) == [("277CA", "A6", "88", None), ("277CA", "A7", "562", "82")]


def test_lines_say_why_a_claim_was_rejected_and_do_not_reject_it(inbox: Inbox) -> None:
    rejected, accepted = inbox.claims(2)
    number = inbox.send()
    line = (("01", "A7:454"),)
    inbox.answer(
        claims_277(
            number,
            ClaimAnswer(number_of(rejected), ("A3:21",), lines=line),
            ClaimAnswer(number_of(accepted), ("A2:20",), lines=line),
        )
    )
    assert inbox.statuses(rejected, accepted) == ["rejected", "accepted"]
    assert inbox.rejections(rejected) == [("277CA", "A3", "21", None), ("277CA", "A7", "454", None)]
    assert inbox.rejections(accepted) == []


@pytest.mark.parametrize("answered", [True, False])
def test_a_rejected_provider_rejects_the_claims_under_it_unless_they_are_answered_one_by_one(
    inbox: Inbox, answered: bool
) -> None:
    insurer = inbox.practice.insurer(
        billing_provider_id=inbox.practice.billing_provider(name="Birch Counseling", npi="1245319599")
    )
    (own,) = inbox.claims()
    (other,) = inbox.claims(client=inbox.practice.insured(insurer))
    number = inbox.send()
    below = [ClaimAnswer(number_of(own))] if answered else []
    effects = inbox.answer(a277(f"{number:09d}0001", ProviderAnswer("1234567893", "A3:26:85", below)))
    assert effects == ["no_change", "no_change" if answered else "applied", *(["applied"] if answered else [])]
    assert inbox.statuses(own, other) == ["accepted" if answered else "rejected", "submitted"]
    assert inbox.rejections(own) == ([] if answered else [("277CA", "A3", "26", "85")])


@pytest.mark.parametrize("answered", [True, False])
def test_a_rejected_batch_rejects_its_claims_unless_they_are_answered_one_by_one(inbox: Inbox, answered: bool) -> None:
    first, second = inbox.claims(2)
    number = inbox.send()
    providers = [ProviderAnswer(claims=[ClaimAnswer(number_of(first))])] if answered else []
    inbox.answer(a277(f"{number:09d}0001", *providers, batch_status="A3:24:41"))
    assert inbox.statuses(first, second) == (["accepted", "submitted"] if answered else ["rejected", "rejected"])


def test_the_insurers_number_is_kept_on_a_claim_that_was_taken_and_not_on_a_replacement(inbox: Inbox) -> None:
    taken, refused, replacement = inbox.claims(3)
    inbox.billing.execute(
        "UPDATE billing.claim SET frequency_code = '7', payer_claim_control_number = 'OLD' WHERE claim_id = %s",
        (replacement,),
    )
    number = inbox.send()
    inbox.answer(
        claims_277(
            number,
            ClaimAnswer(number_of(taken), payer_number="ICN1"),
            ClaimAnswer(number_of(refused), ("A3:21",), payer_number="ICN2"),
            ClaimAnswer(number_of(replacement), payer_number="ICN3"),
        )
    )
    found = dict(inbox.rows("SELECT claim_id, payer_claim_control_number FROM billing.claim"))
    assert [found[claim] for claim in (taken, refused, replacement)] == ["ICN1", None, "OLD"]


# Order and repetition


def test_a_rejection_is_final_for_a_version_and_an_acceptance_is_not(inbox: Inbox) -> None:
    first, second = inbox.claims(2)
    number = inbox.send()
    yes = claims_277(number, ClaimAnswer(number_of(first)), ClaimAnswer(number_of(second)))
    no = claims_277(number, ClaimAnswer(number_of(first), ("A3:21",)), mark=2)
    later = claims_277(number, ClaimAnswer(number_of(first)), mark=3)
    effects = inbox.answer(yes, no, later)
    assert effects == ["no_change", "applied", "applied", "no_change", "applied", "no_change", "no_change"]
    assert inbox.statuses(first, second) == ["rejected", "accepted"]


def test_a_rejected_file_is_final_too(inbox: Inbox) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    inbox.answer(ta1(number, "R", "006"), ta1(number), a999(number, "A", SetAnswer()))
    inbox.answer(claims_277(number, ClaimAnswer(number_of(claim))))
    assert (inbox.state(), inbox.set_state(), inbox.statuses(claim)) == ("rejected", ["rejected"], ["rejected"])


def test_an_acknowledged_file_can_still_be_rejected(inbox: Inbox) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    effects = inbox.answer(ta1(number), a999(number, "A", SetAnswer()), a999(number, "R", SetAnswer(code="R"), mark=2))
    assert effects == ["applied", "applied", "no_change", "applied", "applied"]
    assert (inbox.state(), inbox.set_state(), inbox.statuses(claim)) == ("rejected", ["rejected"], ["rejected"])


def test_in_one_file_the_refusal_counts_in_whatever_order(inbox: Inbox) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    inbox.answer(
        joined(a999(number, "R", SetAnswer(code="R")), ta1(number), claims_277(number, ClaimAnswer(number_of(claim))))
    )
    assert (inbox.state(), inbox.statuses(claim)) == ("rejected", ["rejected"])


@pytest.mark.parametrize("resends", [0, 1])
def test_of_a_file_that_was_sent_again_a_duplicate_undoes_no_acceptance(inbox: Inbox, resends: int) -> None:
    """It is of the copy, whether it is of the claim or its batch."""
    claim, other = inbox.claims(2)
    number = inbox.send()
    inbox.billing.execute("UPDATE billing.interchange SET resend_count = %s", (resends,))
    inbox.answer(claims_277(number, ClaimAnswer(number_of(claim))))
    twice = ClaimAnswer(number_of(claim), ("A3:54",), payer_number="ICN")
    effects = inbox.answer(claims_277(number, twice, ClaimAnswer(number_of(other), ("A3:54",)), mark=2))
    assert effects == ["no_change", "no_change" if resends else "applied", "applied"]
    assert inbox.statuses(claim, other) == ["accepted" if resends else "rejected", "rejected"]
    assert inbox.rejections(claim) == ([] if resends else [("277CA", "A3", "54", None)])
    inbox.answer(a277(f"{number:09d}0001", batch_status="A3:78:41", mark=3))
    assert inbox.statuses(claim) == ["accepted" if resends else "rejected"]
    assert bool(inbox.rejections(claim)) is not bool(resends)


def test_what_an_insurer_rejects_after_the_clearinghouse_took_it_counts_also_of_a_file_that_was_sent_again(
    inbox: Inbox,
) -> None:
    claim, other = inbox.claims(2)
    number = inbox.send()
    inbox.billing.execute("UPDATE billing.interchange SET resend_count = 1")
    inbox.answer(claims_277(number, *(ClaimAnswer(number_of(one)) for one in (claim, other))))
    inbox.answer(claims_277(number, ClaimAnswer(number_of(claim), ("A7:164:IL",)), mark=2))
    assert inbox.statuses(claim, other) == ["rejected", "accepted"]
    assert inbox.rejections(claim) == [("277CA", "A7", "164", "IL")]
    inbox.answer(a277(f"{number:09d}0001", ProviderAnswer(status="A3:26:85"), mark=3))
    assert inbox.statuses(other) == ["rejected"]


def test_both_answers_to_a_file_that_was_sent_again_may_come_in_one_file(inbox: Inbox) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    inbox.billing.execute("UPDATE billing.interchange SET resend_count = 1")
    inbox.answer(joined(a999(number, "A", SetAnswer()), a999(number, "R", SetAnswer(code="R"))))
    assert (inbox.set_state(), inbox.statuses(claim)) == (["accepted"], ["submitted"])
    twice = ClaimAnswer(number_of(claim), ("A3:54",))
    inbox.answer(joined(claims_277(number, ClaimAnswer(number_of(claim))), claims_277(number, twice)))
    assert (inbox.statuses(claim), inbox.rejections(claim)) == (["accepted"], [])


@pytest.mark.parametrize("state", ["sent", "unknown"])
def test_a_person_gives_up_a_file_whose_claims_then_get_new_numbers(inbox: Inbox, state: str) -> None:
    claim, accepted = inbox.claims(2)
    number = inbox.send()
    file = inbox.one("SELECT interchange_id FROM billing.interchange")[0]
    if state == "sent":
        inbox.answer(claims_277(number, ClaimAnswer(number_of(accepted))))
    unsend(inbox, state)
    door = "SELECT billing.reject_file(%s, %s)"
    with pytest.raises(psycopg.errors.RaiseException, match="say who"):
        inbox.one(door, file, "")
    inbox.billing.execute("UPDATE billing.interchange SET attempted_at = now()")
    if state == "unknown":
        with pytest.raises(psycopg.errors.RaiseException, match="three hours"):
            inbox.one(door, file, "their number was used")
        inbox.billing.execute("UPDATE billing.interchange SET attempted_at = now() - interval '4 hours'")
    assert inbox.one(door, file, "their number was used") == (1 if state == "sent" else 2,)
    assert (inbox.state(), inbox.set_state()) == ("rejected", ["rejected"])
    assert inbox.statuses(claim, accepted) == ["rejected", "accepted" if state == "sent" else "rejected"]
    inbox.one("SELECT billing.return_claims_of_file(%s, 'given up')", file)
    assert inbox.statuses(claim) == ["awaiting_submission"]
    with pytest.raises(psycopg.errors.RaiseException, match="cannot be given up"):
        inbox.one(door, file, "again")


@pytest.mark.parametrize(
    ("accepted", "refused", "stays"),
    [
        ("TA1", "TA1", True),
        ("TA1", "999", False),
        ("999", "TA1", True),
        ("999", "999", True),
        ("999", "set", True),
        ("group", "set", True),
        ("277CA", "999", True),
        ("277CA", "set", True),
        ("277CA", "TA1", True),
    ],
)
@pytest.mark.parametrize("resends", [0, 1])
def test_the_refusal_of_a_copy_refuses_nothing_that_was_taken(
    inbox: Inbox, accepted: str, refused: str, stays: bool, resends: int
) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    inbox.billing.execute("UPDATE billing.interchange SET resend_count = %s", (resends,))
    inbox.answer(
        {
            "TA1": ta1(number),
            "999": a999(number, "A", SetAnswer()),
            "group": a999(number, "A"),
            "277CA": claims_277(number, ClaimAnswer(number_of(claim))),
        }[accepted]
    )
    before = (inbox.state(), inbox.set_state(), inbox.statuses(claim))
    effects = inbox.answer(
        {
            "TA1": ta1(number, "R", "006", mark=2),
            "999": a999(number, "R", mark=2),
            "set": a999(number, "P", SetAnswer(code="R"), mark=2),
        }[refused]
    )
    after = (inbox.state(), inbox.set_state(), inbox.statuses(claim))
    if resends and stays:
        assert effects[0] == "no_change"
        assert (after[1:], inbox.rejections(claim)) == (before[1:], [])
        assert after[0] in (before[0], "acknowledged")
    else:
        assert effects[0] == "applied"
        assert after[1:] == (["rejected"], ["rejected"])


@pytest.mark.parametrize("status", ["paid", "denied", "void"])
def test_what_an_insurer_decided_or_a_person_voided_never_changes(inbox: Inbox, status: str) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    inbox.billing.execute("UPDATE billing.claim SET claim_status = %s", (status,))
    assert inbox.answer(claims_277(number, ClaimAnswer(number_of(claim), ("A3:21",)))) == ["no_change", "no_change"]
    inbox.answer(ta1(number, "R", "006"))
    assert inbox.statuses(claim) == [status]


def test_an_answer_about_an_older_version_is_superseded(inbox: Inbox) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    inbox.answer(claims_277(number, ClaimAnswer(number_of(claim), ("A3:21",))))
    inbox.billing.execute("SELECT billing.return_claim(%s, 'asked')", (claim,))
    effects = inbox.answer(claims_277(number, ClaimAnswer(number_of(claim), payer_number="ICN9"), mark=2))
    assert effects == ["no_change", "superseded"]
    inbox.answer(ta1(number, "R", "006"))
    assert inbox.statuses(claim) == ["awaiting_submission"]
    assert inbox.one("SELECT payer_claim_control_number FROM billing.claim") == (None,)


def test_an_answer_about_an_older_version_does_not_touch_the_one_on_its_way(inbox: Inbox) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    inbox.answer(claims_277(number, ClaimAnswer(number_of(claim), ("A3:21",))))
    inbox.billing.execute("SELECT billing.return_claim(%s, 'asked')", (claim,))
    inbox.billing.execute("UPDATE billing.claim SET claim_status = 'submitted', submitted_at = now()")
    for status in ("A2:20", "A7:562"):
        answer = ClaimAnswer(number_of(claim), (status,), payer_number="ICN9")
        assert inbox.answer(claims_277(number, answer, mark=int(status[1]))) == ["no_change", "superseded"]
    inbox.answer(ta1(number, "R", "006"))
    assert inbox.statuses(claim) == ["submitted"]
    assert inbox.one("SELECT payer_claim_control_number FROM billing.claim") == (None,)
    assert ("277CA", "A7", "562", None) in inbox.rejections(claim), "what was wrong with it is known all the same"


def test_the_same_content_in_another_file_changes_nothing_but_its_own_rows(inbox: Inbox) -> None:
    claims = inbox.claims(2)
    number = inbox.send()

    def answers(mark: int) -> list[bytes]:
        return [
            ta1(number, mark=mark),
            a999(number, "A", SetAnswer(), mark=mark),
            claims_277(
                number,
                ClaimAnswer(number_of(claims[0]), payer_number="ICN"),
                ClaimAnswer(number_of(claims[1]), ("A7:562:82",)),
                mark=mark,
            ),
        ]

    inbox.answer(*answers(1))
    tables = ("claim", "interchange", "transaction_set", "claim_rejection", "history", "deployment")
    before = [inbox.rows(f"SELECT t::text FROM billing.{table} t ORDER BY 1") for table in tables]  # noqa: S608
    assert set(inbox.answer(*answers(2))) == {"no_change"}
    assert [inbox.rows(f"SELECT t::text FROM billing.{table} t ORDER BY 1") for table in tables] == before  # noqa: S608


def test_what_stands_in_the_place_of_a_code_and_is_none_is_nowhere_kept(inbox: Inbox) -> None:
    first, second = inbox.claims(2)
    number = inbox.send()
    body = claims_277(number, ClaimAnswer(number_of(first), ("SMITH:19800402:ROBIN",)))
    assert inbox.answer(body, body.replace(b"*WQ*150", b"*U*150")) == ["no_change", "no_change", "no_change", "applied"]
    errors = ("IK3*HI*9*2300*SMITH", f"CTX*CLM01:{number_of(second)}", "IK4*1*1271*ROBIN")
    inbox.answer(
        a999(number, "R", SetAnswer(code="R", segments=errors, errors=("SMITH",))), ta1(number, "R", "ROBIN", mark=3)
    )
    assert inbox.statuses(first, second) == ["rejected", "rejected"]
    assert inbox.rejections(first)[0] == ("277CA", "NONE", "NONE", None)
    tables = ("history", "claim_rejection", "acknowledgment", "answer_place")
    views = ("claim_answers", "unknown_answers")
    for relation in [*(f"billing.{name}" for name in tables), *(f"reporting.{name}" for name in views)]:
        kept = str(inbox.rows(f"SELECT t::text FROM {relation} t"))  # noqa: S608
        assert not any(word in kept for word in ("SMITH", "ROBIN", "19800402")), relation


def test_history_says_what_changed_in_codes(inbox: Inbox) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    file_id = inbox.receive(claims_277(number, ClaimAnswer(number_of(claim), ("A7:562:82",))))
    inbox.answer(ta1(number))
    rows = inbox.rows(
        "SELECT action, detail, changed_by FROM billing.history WHERE subject = 'claim' AND subject_id = %s"
        " AND changed_by = 'clearinghouse inbox' ORDER BY history_id",
        claim,
    )
    assert rows == [
        ("rejected", {"old": "submitted", "version": 1}, "clearinghouse inbox"),
        (
            "rejection recorded",
            {"version": 1, "source": "277CA", "code": "A7:562:82", "inbox_file_id": file_id},
            "clearinghouse inbox",
        ),
    ]
