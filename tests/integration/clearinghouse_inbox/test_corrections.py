"""A rejected claim goes out again under a new number once its data have changed, or because a person says so."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import psycopg
import pytest

from include.claim_records.read import read_claim_frames
from include.clearinghouse_inbox import corrections
from include.clearinghouse_inbox.claim_content import contents_now, contents_of_file
from include.clearinghouse_inbox.corrections import return_corrected_claims
from include.clearinghouse_inbox.steps import apply_acknowledgments
from include.development import environment
from tests.integration.clearinghouse_inbox.conftest import NIGHT, Inbox
from tests.support.answers import ClaimAnswer, ProviderAnswer, SetAnswer, a277, a999
from tests.support.practice import day_after


def rejected(inbox: Inbox, number: int = 1) -> list[int]:
    """Claims that were sent and rejected."""
    claims = inbox.claims(number)
    control_number = inbox.send()
    reject(inbox, control_number, claims)
    return claims


def reject(inbox: Inbox, control_number: int, claims: list[int], version: int = 1) -> None:
    answers = [ClaimAnswer(f"C{claim}V{version}", ("A7:164:IL",)) for claim in claims]
    inbox.answer(a277(f"{control_number:09d}0001", ProviderAnswer(claims=answers)))
    assert inbox.statuses(*claims) == ["rejected"] * len(claims)


def change_member(inbox: Inbox, claim: int, member_id: str = "W000000009") -> None:
    inbox.billing.execute(
        "UPDATE practice.policy y SET member_id = %s FROM billing.claim k"
        " WHERE k.client_id = y.client_id AND k.claim_id = %s",
        (member_id, claim),
    )


def test_only_the_claim_whose_data_changed_returns_and_goes_out_under_a_new_number(inbox: Inbox) -> None:
    changed, same = rejected(inbox, 2)
    assert return_corrected_claims(inbox.pipeline) == 0
    change_member(inbox, changed)
    assert return_corrected_claims(inbox.pipeline) == 1
    assert return_corrected_claims(inbox.pipeline) == 0
    assert inbox.statuses(changed, same) == ["awaiting_submission", "rejected"]
    row = inbox.one(
        "SELECT version, claim_number, submitted_at, entered_step_on::text FROM billing.claim WHERE claim_id = %s",
        changed,
    )
    # The sample's inbox runs at 22:00 of the night, so on its billing day.
    assert row == (2, f"C{changed}V2", None, NIGHT)
    number = inbox.send(NIGHT)
    assert number == 1, "the review day"
    number = inbox.send(day_after(NIGHT))
    assert number == 2
    assert inbox.statuses(changed, same) == ["submitted", "rejected"]
    body = bytes(inbox.one("SELECT body FROM billing.interchange WHERE control_number = 2")[0])
    assert f"CLM*C{changed}V2*".encode() in body
    assert b"W000000009" in body
    reject(inbox, 2, [changed], version=2)
    assert return_corrected_claims(inbox.pipeline) == 0, "compared with the file of the newest version"


def test_a_change_that_is_taken_back_is_no_change(inbox: Inbox) -> None:
    (claim,) = rejected(inbox)
    change_member(inbox, claim)
    change_member(inbox, claim, "W123456789")
    assert return_corrected_claims(inbox.pipeline) == 0


def test_a_claim_that_cannot_be_written_now_stays_until_it_can(inbox: Inbox) -> None:
    (claim,) = rejected(inbox)
    change_member(inbox, claim, "W~9")
    assert return_corrected_claims(inbox.pipeline) == 0
    assert inbox.statuses(claim) == ["rejected"]
    change_member(inbox, claim, "W9")
    assert return_corrected_claims(inbox.pipeline) == 1


def test_the_insurers_number_of_what_was_rejected_does_not_hold_the_new_version(inbox: Inbox) -> None:
    claim, replacement = inbox.claims(2)
    inbox.billing.execute(
        "UPDATE billing.claim SET frequency_code = '7', payer_claim_control_number = 'OLD' WHERE claim_id = %s",
        (replacement,),
    )
    number = inbox.send()
    taken = ClaimAnswer(f"C{claim}V1", ("A1:20",), payer_number="ICN1")
    inbox.answer(a277(f"{number:09d}0001", ProviderAnswer(claims=[taken])))
    reject(inbox, number, [claim, replacement])
    assert numbers(inbox, claim, replacement) == ["ICN1", "OLD"]
    assert return_corrected_claims(inbox.pipeline) == 0, "it is not part of what an original says"
    change_member(inbox, claim)
    change_member(inbox, replacement)
    assert return_corrected_claims(inbox.pipeline) == 2
    assert numbers(inbox, claim, replacement) == [None, "OLD"]
    inbox.send(day_after(NIGHT))
    assert inbox.statuses(claim, replacement) == ["submitted", "submitted"]
    body = bytes(inbox.one("SELECT body FROM billing.interchange WHERE control_number = 2")[0])
    assert b"ICN1" not in body
    assert b"REF*F8*OLD~" in body


def numbers(inbox: Inbox, *claims: int) -> list[str | None]:
    found = dict(inbox.rows("SELECT claim_id, payer_claim_control_number FROM billing.claim"))
    return [found[claim] for claim in claims]


def test_accepted_and_paid_claims_never_return(inbox: Inbox) -> None:
    claims = rejected(inbox, 3)
    for claim, status in zip(claims, ("accepted", "paid", "denied"), strict=True):
        change_member(inbox, claim)
        inbox.billing.execute("UPDATE billing.claim SET claim_status = %s WHERE claim_id = %s", (status, claim))
    assert return_corrected_claims(inbox.pipeline) == 0


def test_claims_are_compared_in_slices(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corrections, "CLAIMS_IN_MEMORY", 2)
    claims = rejected(inbox, 5)
    for claim in claims[1:4]:
        change_member(inbox, claim)
    assert return_corrected_claims(inbox.pipeline) == 3
    assert inbox.statuses(*claims) == ["rejected", *["awaiting_submission"] * 3, "rejected"]


def test_a_release_was_for_the_version_before(inbox: Inbox) -> None:
    (claim,) = rejected(inbox)
    inbox.billing.execute("SELECT billing.release_item('claims_submission', %s, 'urgent')", (claim,))
    change_member(inbox, claim)
    return_corrected_claims(inbox.pipeline)
    assert inbox.one("SELECT withdrawn_at IS NOT NULL FROM billing.release") == (True,)


def test_history_tells_the_return_and_its_reason(inbox: Inbox) -> None:
    (claim,) = rejected(inbox)
    change_member(inbox, claim)
    return_corrected_claims(inbox.pipeline)
    rows = inbox.rows(
        "SELECT action, detail ->> 'version', detail ->> 'reason', changed_by FROM billing.history"
        " WHERE subject = 'claim' AND subject_id = %s ORDER BY history_id DESC LIMIT 2",
        claim,
    )
    assert sorted(rows) == [
        ("awaiting_submission", "2", None, "clearinghouse inbox"),
        ("returned", "2", "its data have changed since it was rejected", "clearinghouse inbox"),
    ]


def test_a_person_returns_a_rejected_claim_unchanged_on_the_local_date(inbox: Inbox) -> None:
    first, second = rejected(inbox, 2)
    inbox.billing.execute(
        "SELECT set_config('billing.simulated_now', %s, false)",
        (inbox.practice.instant("2026-03-06 09:00").isoformat(),),
    )
    with pytest.raises(psycopg.errors.RaiseException, match="say why"):
        inbox.billing.execute("SELECT billing.return_claim(%s, '')", (first,))
    inbox.billing.execute("SELECT billing.return_claim(%s, 'the insurer asked')", (first,))
    assert inbox.statuses(first, second) == ["awaiting_submission", "rejected"]
    assert inbox.one("SELECT entered_step_on::text, version FROM billing.claim WHERE claim_id = %s", first) == (
        "2026-03-06",
        2,
    )
    for claim in (first, 999999):
        with pytest.raises(psycopg.errors.RaiseException, match=f"claim {claim} is not rejected"):
            inbox.billing.execute("SELECT billing.return_claim(%s, 'again')", (claim,))
    inbox.billing.execute("SELECT set_config('billing.simulated_now', '', false)")


def test_a_person_returns_what_was_refused_only_together_with_others(inbox: Inbox) -> None:
    named, *neighbours = inbox.claims(3)
    number = inbox.send()
    file = inbox.one("SELECT interchange_id FROM billing.interchange")[0]
    again = "SELECT billing.return_claims_of_file(%s, %s)"
    with pytest.raises(psycopg.errors.RaiseException, match="no claim of it was rejected"):
        inbox.one(again, file, "too early")
    errors = ("IK3*CLM*5*2300*8", f"CTX*CLM01:C{named}V1", "IK4*2*782*7")
    inbox.answer(a999(number, "R", SetAnswer(code="R", segments=errors, errors=("5",))))
    assert inbox.statuses(named, *neighbours) == ["rejected"] * 3
    with pytest.raises(psycopg.errors.RaiseException, match="say why"):
        inbox.one(again, file, "")
    assert inbox.one(again, file, "nothing is wrong with them") == (2,)
    assert inbox.statuses(named, *neighbours) == ["rejected", "awaiting_submission", "awaiting_submission"]
    with pytest.raises(psycopg.errors.RaiseException, match="no claim of it was rejected"):
        inbox.one(again, file, "a second time")


def test_a_file_of_which_any_claim_was_answered_is_not_sent_again(inbox: Inbox) -> None:
    claim, other = inbox.claims(2)
    number = inbox.send()
    file = inbox.one("SELECT interchange_id FROM billing.interchange")[0]
    reject(inbox, number, [claim])
    assert (inbox.state(), inbox.statuses(other)) == ("sent", ["submitted"])
    with pytest.raises(psycopg.errors.RaiseException, match="so it has it"):
        inbox.one("SELECT billing.resend_file(%s, 'they say they do not have it')", file)


def test_a_corrected_claim_of_the_morning_enters_its_step_on_the_day_before(inbox: Inbox) -> None:
    (claim,) = rejected(inbox)
    inbox.billing.execute(
        "SELECT set_config('billing.simulated_now', %s, false)",
        (inbox.practice.instant("2026-03-06 09:00").isoformat(),),
    )
    inbox.billing.execute("SELECT billing.return_claims(ARRAY[%s::bigint], ARRAY[1::smallint], false, 'x')", (claim,))
    assert inbox.one("SELECT entered_step_on::text FROM billing.claim") == ("2026-03-05",)
    inbox.billing.execute("SELECT set_config('billing.simulated_now', '', false)")


@pytest.mark.parametrize("by_hand", [True, False])
def test_both_wait_for_a_night_that_writes_to_the_organization(inbox: Inbox, database_url: str, by_hand: bool) -> None:
    (claim,) = rejected(inbox)
    change_member(inbox, claim)

    def work() -> None:
        url = database_url if by_hand else environment.pipeline_url(database_url)
        with psycopg.connect(url, autocommit=True) as connection:
            if by_hand:
                connection.execute("SELECT billing.return_claim(%s, 'asked')", (claim,))
            else:
                return_corrected_claims(connection)

    with psycopg.connect(database_url) as night:
        night.execute(
            "SELECT FROM billing.work_lock WHERE (organization_id, automation) = (1, 'claims_submission') FOR UPDATE"
        )
        thread = threading.Thread(target=work)
        thread.start()
        deadline = time.monotonic() + 30
        while inbox.one(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ) == (0,):
            assert time.monotonic() < deadline, "nobody waits"
            time.sleep(0.02)
        assert inbox.statuses(claim) == ["rejected"]
    thread.join(30)
    assert inbox.statuses(claim) == ["awaiting_submission"]


def test_no_claim_of_the_sample_practices_has_changed_by_being_sent(nights_done: tuple[str, Path]) -> None:
    url, _ = nights_done
    with psycopg.connect(environment.pipeline_url(url), autocommit=True) as pipeline:
        files = pipeline.execute("SELECT interchange_id, body FROM billing.interchange").fetchall()
        compared = 0
        for interchange_id, body in files:
            sent = pipeline.execute(
                "SELECT claim_id, claim_number FROM billing.claim_submission WHERE interchange_id = %s",
                (interchange_id,),
            ).fetchall()
            before = contents_of_file(bytes(body), {number for _, number in sent})
            assert contents_now(read_claim_frames(pipeline, [claim_id for claim_id, _ in sent])) == before
            compared += len(before)
        assert compared > 10
        assert apply_acknowledgments(pipeline) == {}
        assert return_corrected_claims(pipeline) == 0
