"""What analysts and billers see of answers, who may do what, and ten thousand claims at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from include.clearinghouse.answer_codes import place_to_fix
from include.clearinghouse_inbox import acknowledgments
from include.clearinghouse_inbox.acknowledgments import apply_acknowledgments
from include.development import environment
from tests.integration.clearinghouse_inbox.conftest import Inbox
from tests.support.answers import ClaimAnswer, ProviderAnswer, SetAnswer, a277, a999, ta1
from tests.support.practice import Connection

MANY = 10_000


@contextmanager
def as_role(url: str, role: str) -> Iterator[Connection]:
    with psycopg.connect(environment.with_query(url, options=f"-crole={role}"), autocommit=True) as connection:
        yield connection


def test_answers_to_a_claim_are_shown_in_words_with_a_place_to_fix(inbox: Inbox) -> None:
    refused, taken = inbox.claims(2)
    number = inbox.send()
    inbox.answer(
        a277(
            f"{number:09d}0001",
            ProviderAnswer(claims=[ClaimAnswer(f"C{refused}V1", ("A7:562:82",)), ClaimAnswer(f"C{taken}V1")]),
        )
    )
    rows = inbox.rows(
        "SELECT claim_id, source, outcome, category_code, status_code, entity_code, fix_location"
        " FROM reporting.claim_answers ORDER BY claim_id"
    )
    assert rows == [
        (refused, "277CA", "rejected", "A7", "562", "82", place_to_fix("277CA", "A7", "562", "82")),
        (taken, "277CA", "accepted", "A2", "20", None, None),
    ]
    words = inbox.rows(
        "SELECT category_words, status_words, entity_words FROM reporting.claim_answers WHERE claim_id = %s", refused
    )
    assert all(words[0])


def test_what_was_said_of_a_whole_set_or_recorded_by_hand_is_shown_of_each_claim(inbox: Inbox) -> None:
    claims = inbox.claims(2)
    number = inbox.send()
    inbox.answer(a999(number, "P", SetAnswer(code="R", errors=("5",))))
    inbox.billing.execute("SELECT billing.record_rejection(%s, 'A3', '21')", (f"C{claims[0]}V1",))
    rows = inbox.rows("SELECT claim_id, source, category_code, status_code FROM reporting.claim_answers ORDER BY 1, 2")
    assert rows == [
        (claims[0], "999", "IK5", "5"),
        (claims[0], "by_hand", "A3", "21"),
        (claims[1], "999", "IK5", "5"),
    ]


def test_the_codes_follow_the_software_and_are_written_only_when_they_change(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_acknowledgments(inbox.pipeline)
    count, newest = inbox.one("SELECT count(*), max(xmin::text::bigint) FROM billing.answer_code")
    assert count == len(acknowledgments.ANSWER_CODES) > 50
    apply_acknowledgments(inbox.pipeline)
    assert inbox.one("SELECT max(xmin::text::bigint) FROM billing.answer_code") == (newest,)


def test_a_file_and_its_answers_are_one_row_each(inbox: Inbox) -> None:
    inbox.claims(2)
    number = inbox.send()
    inbox.answer(a999(number, "P", SetAnswer(code="R")), ta1(number + 5, to="SOMEBODY"))
    assert inbox.rows(
        "SELECT control_number, interchange_state, claim_count, organization_count, set_count, rejected_set_count,"
        " night::text FROM reporting.files"
    ) == [(number, "acknowledged", 2, 1, 1, 1, "2026-03-05")]
    assert inbox.rows(
        "SELECT contents, file_state, answer_count, applied_count, unknown_count FROM reporting.inbox_files ORDER BY 1"
    ) == [(["999"], "applied", 2, 2, 0), (["TA1"], "applied", 1, 0, 1)]


@pytest.mark.parametrize("view", ["files", "inbox_files", "unknown_answers", "claim_answers", "overdue_answers"])
def test_an_analyst_reads_the_views(inbox: Inbox, database_url: str, view: str) -> None:
    with as_role(database_url, "billing_analyst") as analyst:
        analyst.execute(f"SELECT * FROM reporting.{view}".encode())  # noqa: S608


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("billing_pipeline", "SELECT billing.return_claim(1, 'x')"),
        ("billing_pipeline", "SELECT billing.dismiss_inbox_file(1, 'x')"),
        ("billing_pipeline", "UPDATE billing.inbox_file SET body = ''"),
        ("billing_pipeline", "DELETE FROM billing.inbox_file"),
        ("billing_pipeline", "DELETE FROM billing.acknowledgment"),
        ("billing_settings", "INSERT INTO billing.acknowledgment DEFAULT VALUES"),
        ("billing_settings", "SELECT billing.return_claims('{}', '{}', true, 'x')"),
        ("billing_analyst", "SELECT billing.inbox_clock()"),
        ("billing_analyst", "SELECT FROM billing.inbox_file"),
    ],
)
def test_nobody_may_do_more_than_is_theirs(inbox: Inbox, database_url: str, role: str, statement: str) -> None:
    with as_role(database_url, role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_the_settings_page_returns_claims_and_dismisses_files(inbox: Inbox, database_url: str) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    inbox.answer(ta1(number, "R", "006"))
    file_id = inbox.receive(b"x")
    apply_acknowledgments(inbox.pipeline)
    with as_role(database_url, "billing_settings") as settings:
        settings.execute("SELECT billing.return_claim(%s, 'asked')", (claim,))
        settings.execute("SELECT billing.dismiss_inbox_file(%s, 'a letter')", (file_id,))
        settings.execute("SELECT billing.retry_inbox_file(%s, 'mended')", (file_id,))
    assert inbox.statuses(claim) == ["awaiting_submission"]


def test_ten_thousand_claims_are_answered_in_one_file(inbox: Inbox) -> None:
    (claim,) = inbox.claims()
    number = inbox.send()
    inbox.billing.execute("SET session_replication_role = replica")
    inbox.billing.execute(
        "INSERT INTO billing.claim (claim_id, organization_id, invoice_id, client_id, level, part, claim_status,"
        "   total_amount, entered_step_on, submitted_at)"
        " SELECT 5000000 + n, organization_id, invoice_id, client_id, level, n + 1, 'submitted', total_amount,"
        "   entered_step_on, submitted_at FROM billing.claim, generate_series(1, %s) AS n",
        (MANY,),
    )
    inbox.billing.execute(
        "INSERT INTO billing.claim_submission SELECT k.claim_id, 1, s.interchange_id, s.transaction_number,"
        " k.claim_number, s.organization_id, s.total_amount, s.policy_id, s.insurer_id"
        " FROM billing.claim_submission s, billing.claim k WHERE k.claim_id > 5000000"
    )
    inbox.billing.execute("RESET session_replication_role")
    answers = [
        ClaimAnswer(f"C{5000000 + n}V1", ("A7:562:82",) if n % 10 == 0 else ("A2:20",), payer_number=f"ICN{n}")
        for n in range(1, MANY + 1)
    ]
    effects = inbox.answer(a277(f"{number:09d}0001", ProviderAnswer(claims=answers)))
    assert len(effects) == MANY + 1
    assert effects.count("applied") == MANY
    assert inbox.rows(
        "SELECT claim_status, count(*), count(payer_claim_control_number) FROM billing.claim GROUP BY 1 ORDER BY 1"
    ) == [
        ("accepted", 9 * MANY // 10, 9 * MANY // 10),
        ("rejected", MANY // 10, 0),
        ("submitted", 1, 0),
    ]
    assert inbox.one("SELECT count(*) FROM billing.claim_rejection") == (MANY // 10,)
    assert inbox.statuses(claim) == ["submitted"]
