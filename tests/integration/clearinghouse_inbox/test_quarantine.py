"""A file that cannot be read or written counts as a whole or not at all, and never stops the next."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from include.clearinghouse_inbox import acknowledgments, steps
from include.clearinghouse_inbox.acknowledgments import apply_acknowledgments
from include.development import environment
from tests.integration.clearinghouse_inbox.conftest import Inbox
from tests.support.answers import ClaimAnswer, ProviderAnswer, SetAnswer, a277, a999, joined, remittance, ta1


def of_claim(number: int, claim: int, status: str = "A2:20", mark: int = 1) -> bytes:
    answer = ClaimAnswer(f"C{claim}V1", (status,))
    return a277(f"{number:09d}0001", ProviderAnswer(claims=[answer]), mark=mark)


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda body: body[:-30], "truncated"),
        (lambda body: body.replace(b"STC*A2:20", b"STC*A2>20"), "component_separator"),
        (lambda body: body.replace(b"SE*", b"SE*9"), "count_wrong"),
        (lambda body: b"Dear customer,\n", "not_x12"),
        (lambda body: b"", "not_x12"),
        (lambda body: body.replace(b"005010X214", b"005010X212"), "other_contents"),
    ],
)
def test_nothing_of_an_unreadable_file_counts_and_the_next_one_does(inbox: Inbox, damage, code: str) -> None:  # type: ignore[no-untyped-def]
    first, second = inbox.claims(2)
    number = inbox.send()
    # The sound interchange before the damaged one is not applied either.
    inbox.receive(
        damage(of_claim(number, first))
        if code in ("not_x12", "other_contents")
        else joined(ta1(number), damage(of_claim(number, first)))
    )
    inbox.receive(of_claim(number, second, mark=2))
    assert apply_acknowledgments(inbox.pipeline) == {"quarantined": 1, "applied": 1}
    assert [state for state, _, _ in inbox.file_state()] == ["quarantined", "applied"]
    assert inbox.file_state()[0][1] == code
    assert (inbox.state(), inbox.statuses(first, second)) == ("sent", ["submitted", "accepted"])
    assert inbox.one("SELECT count(*) FROM billing.incoming_answer") == (0,)
    assert inbox.one("SELECT count(DISTINCT inbox_file_id) FROM billing.acknowledgment") == (1,)
    assert apply_acknowledgments(inbox.pipeline) == {}


def test_a_byte_order_mark_and_indented_segments_are_no_reason(inbox: Inbox) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    inbox.answer(b"\xef\xbb\xbf" + of_claim(number, claim))
    assert inbox.statuses(claim) == ["accepted"]


def test_an_error_of_the_database_puts_the_file_aside_with_its_sqlstate(inbox: Inbox) -> None:
    bad, good = inbox.claims(2)
    number = inbox.send()
    inbox.billing.execute(
        "CREATE FUNCTION break_claim() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'a value' USING ERRCODE = '22003'; END $$"
    )
    inbox.billing.execute(
        "CREATE TRIGGER break_claim BEFORE UPDATE ON billing.claim FOR EACH ROW"
        f" WHEN (NEW.claim_id = {bad}) EXECUTE FUNCTION break_claim()"
    )
    try:
        inbox.receive(joined(ta1(number), of_claim(number, bad)))
        inbox.receive(of_claim(number, good, mark=2))
        assert apply_acknowledgments(inbox.pipeline) == {"quarantined": 1, "applied": 1}
    finally:
        inbox.billing.execute("DROP FUNCTION break_claim() CASCADE")
    assert inbox.file_state()[0] == ("quarantined", "SQLSTATE 22003", None)
    assert (inbox.state(), inbox.statuses(bad, good)) == ("sent", ["submitted", "accepted"])
    file_id = inbox.one("SELECT min(inbox_file_id) FROM billing.inbox_file")[0]
    inbox.billing.execute("SELECT billing.retry_inbox_file(%s, 'mended')", (file_id,))
    assert apply_acknowledgments(inbox.pipeline) == {"applied": 1}
    assert inbox.statuses(bad) == ["accepted"]


def test_a_mistake_of_the_reader_puts_the_file_aside_by_the_name_of_its_error(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(body: bytes) -> Iterator[object]:
        raise KeyError("Robin Example")

    monkeypatch.setattr(acknowledgments, "read_answers", broken)
    inbox.receive(ta1(1))
    assert apply_acknowledgments(inbox.pipeline) == {"quarantined": 1}
    assert inbox.file_state() == [("quarantined", "KeyError", None)]


def test_a_conflict_with_another_transaction_is_no_fault_of_the_file(inbox: Inbox) -> None:
    inbox.receive(ta1(1))
    inbox.billing.execute(
        "CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION USING ERRCODE = 'deadlock_detected'; END $$;"
        " CREATE TRIGGER conflict BEFORE INSERT ON billing.acknowledgment FOR EACH ROW EXECUTE FUNCTION conflict()"
    )
    try:
        with pytest.raises(psycopg.errors.DeadlockDetected):
            apply_acknowledgments(inbox.pipeline)
    finally:
        inbox.billing.execute("DROP FUNCTION conflict() CASCADE")
    assert inbox.file_state() == [("received", None, None)]
    assert apply_acknowledgments(inbox.pipeline) == {"applied": 1}


def test_remittances_wait_and_the_acknowledgments_beside_them_count(inbox: Inbox) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    inbox.receive(remittance())
    inbox.receive(joined(remittance(2), ta1(number), of_claim(number, claim)))
    assert apply_acknowledgments(inbox.pipeline) == {"waiting": 2}
    assert inbox.statuses(claim) == ["accepted"]
    assert inbox.rows("SELECT contents FROM billing.inbox_file ORDER BY inbox_file_id") == [
        (["835"],),
        (["277CA", "835", "TA1"],),
    ]
    assert apply_acknowledgments(inbox.pipeline) == {}


def test_quarantine_is_told_per_receiver_until_each_file_is_dismissed(inbox: Inbox) -> None:
    assert steps.list_quarantined(inbox.pipeline) == []
    ids = [inbox.receive(b"x"), inbox.receive(ta1(7)[:-3])]
    inbox.receive(ta1(1))
    apply_acknowledgments(inbox.pipeline)
    (trouble,) = steps.list_quarantined(inbox.pipeline)
    assert trouble.label == "default: 2 answer files in quarantine"
    assert trouble.ids == ids
    assert "not_x12" in trouble.message
    assert "truncated at segment 3" in trouble.message
    assert "docs/runbook.md#" in trouble.message
    with pytest.raises(psycopg.errors.RaiseException, match="say why"):
        inbox.billing.execute("SELECT billing.dismiss_inbox_file(%s, '')", (ids[0],))
    inbox.billing.execute("SELECT billing.dismiss_inbox_file(%s, 'a letter')", (ids[0],))
    (trouble,) = steps.list_quarantined(inbox.pipeline)
    assert (trouble.label, trouble.ids) == ("default: 1 answer file in quarantine", ids[1:])
    with pytest.raises(psycopg.errors.RaiseException, match="not in quarantine"):
        inbox.billing.execute("SELECT billing.dismiss_inbox_file(%s, 'again')", (ids[0],))
    history = inbox.rows("SELECT action, detail FROM billing.history WHERE subject = 'inbox_file' ORDER BY history_id")
    assert history == [
        ("quarantined", {"code": "not_x12"}),
        ("quarantined", {"code": "truncated", "segment": 3}),
        ("dismissed", {"reason": "a letter"}),
    ]


# What is not ours


def test_answers_about_nothing_we_sent_are_kept_and_shown_without_names(inbox: Inbox) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    effects = inbox.answer(
        ta1(number + 1, to="SOMEBODY"),
        a999(number, "A", SetAnswer("0077")),
        of_claim(number, claim + 1000),
        a277("BATCH DOE", ProviderAnswer(claims=[ClaimAnswer("DOE JANE 1961", ("A7:562",))])),
    )
    assert effects == ["unknown", "unknown", "applied", "no_change", "unknown", "unknown", "unknown"]
    assert inbox.statuses(claim) == ["submitted"]
    shown = inbox.rows(
        "SELECT source, grain, control_number, claim_number FROM reporting.unknown_answers ORDER BY 1, 2, 4"
    )
    assert shown == [
        ("277CA", "batch", None, None),
        ("277CA", "claim", number, f"C{claim + 1000}V1"),
        ("277CA", "claim", None, None),
        ("999", "transaction_set", number, None),
        ("TA1", "interchange", number + 1, None),
    ]
    assert ("DOE JANE 1961",) in inbox.rows("SELECT claim_number FROM billing.acknowledgment")


def test_a_claim_sent_to_another_receiver_is_not_touched(inbox: Inbox) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    inbox.billing.execute(
        "INSERT INTO billing.receiver (receiver_code, name, submitter_id, submitter_name, contact_name, contact_phone,"
        " receiver_id, last_control_number)"
        " VALUES ('other', 'OTHER', 'OURID', 'US', 'OFFICE', '5555550100', 'THEM', 100)"
    )
    answers = (
        ta1(number, "R", "006", to="OURID", sender="THEM"),
        a277(
            f"{number:09d}0001",
            ProviderAnswer(claims=[ClaimAnswer(f"C{claim}V1", ("A7:562",))]),
            to="OURID",
            sender="THEM",
        ),
    )
    assert inbox.answer(*answers, receiver_code="default") == ["unknown"] * 3
    assert (inbox.state(), inbox.statuses(claim), inbox.lock()) == ("sent", ["submitted"], None)


# Two at once


def test_two_workers_apply_one_file_once_and_neither_fails(inbox: Inbox, database_url: str) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    inbox.receive(of_claim(number, claim))
    results: list[dict[str, int]] = []

    def work() -> None:
        with psycopg.connect(environment.pipeline_url(database_url), autocommit=True) as connection:
            results.append(apply_acknowledgments(connection))

    with psycopg.connect(database_url) as blocker:
        blocker.execute("SELECT FROM billing.work_lock WHERE organization_id = 0 FOR UPDATE")
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        _wait_for_waiting(inbox, 2)
        blocker.rollback()
    for thread in threads:
        thread.join(30)
    assert sorted(results, key=len) == [{}, {"applied": 1}]
    assert inbox.statuses(claim) == ["accepted"]


def _wait_for_waiting(inbox: Inbox, number: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        (waiting,) = inbox.one(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        if waiting >= number:
            return
        time.sleep(0.02)
    raise AssertionError("nobody waits")
