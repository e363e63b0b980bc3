"""What an earlier insurer decided: recorded and withdrawn by hand, and carried by the claims of later levels."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from include.claim_records.read import read_claim_frames
from tests.support.claim_frames import MONDAY, change, invoice_of, read, values
from tests.support.practice import TUESDAY, Connection, Practice


@pytest.fixture
def practice(billing: Connection) -> Practice:
    return Practice(billing)


LINES = (
    '[{"line_number": 1, "paid_amount": 80, "adjustments": [{"group_code": "CO", "reason_code": "45", "amount": 50.5},'
    ' {"group_code": "PR", "reason_code": "2", "amount": 19.5, "quantity": 1}]},'
    ' {"line_number": 0, "adjustments": [{"group_code": "OA", "reason_code": "23", "amount": -5}]}]'
)
PAYER = (
    "claim_id",
    "level",
    "policy_id",
    "payer_claim_control_number",
    "adjudicated_on",
    "paid_cents",
    "is_crossed_over",
)


def decide(
    practice: Practice, claim: int, paid: str = "80.00", lines: str = "[]", *, crossed_over: bool = False
) -> int:
    made: int = change(
        practice,
        "SELECT billing.record_adjudication(%s, %s, '2026-03-20', 'ICN1', %s, %s)",
        *(claim, paid, crossed_over, lines),
    )
    return made


def doubly_insured(practice: Practice) -> tuple[int, int, int]:
    """A client with its primary and secondary policy."""
    client = practice.client()
    return client, practice.policy(client), practice.policy(client, practice.insurer(name="Second"), "secondary")


def test_a_secondary_claim_carries_the_primary_insurer_and_its_decision(practice: Practice) -> None:
    client, primary_policy, _ = doubly_insured(practice)
    invoice = practice.invoice(practice.appointment(client=client))
    primary, secondary = practice.sent_claim(invoice), practice.claim(invoice, "secondary")
    frames = read(practice, primary, secondary)
    assert values(frames.other_payers, *PAYER) == [(secondary, "primary", primary_policy, None, None, None, False)]
    assert values(
        frames.other_payers,
        "payer_name",
        "payer_code",
        "member_id",
        "relationship",
        "subscriber_last_name",
        "subscriber_city",
    ) == [("Prairie Health", "60054", "W123456789", "self", "Example", "Fort Example")]
    decide(practice, primary, lines=LINES, crossed_over=True)
    frames = read(practice, primary, secondary)
    assert values(frames.other_payers, *PAYER) == [
        (secondary, "primary", primary_policy, "ICN1", "2026-03-20", 8000, True)
    ]
    assert values(
        frames.line_payments, "claim_id", "level", "line_number", "procedure_code", "unit_count", "paid_cents"
    ) == [(secondary, "primary", 1, "90837", 1, 8000)]
    assert values(frames.adjustments, "line_number", "group_code", "reason_code", "amount_cents", "quantity") == [
        (0, "OA", "23", -500, None),
        (1, "CO", "45", 5050, None),
        (1, "PR", "2", 1950, 1),
    ]
    change(practice, "SELECT billing.withdraw_adjudication(%s, 'of another client')", primary)
    frames = read(practice, secondary)
    assert values(frames.other_payers, *PAYER[3:]) == [(None, None, None, False)]
    assert len(frames.line_payments) == len(frames.adjustments) == 0


def test_the_earlier_insurer_is_of_the_service_date_or_the_one_that_was_sent_the_claim(practice: Practice) -> None:
    client, primary_policy, _ = doubly_insured(practice)
    invoice = practice.invoice(practice.appointment(client=client))
    secondary = practice.claim(invoice, "secondary")

    def other_policies() -> list[Any]:
        return [policy for (policy,) in values(read(practice, secondary).other_payers, "policy_id")]

    for ends_on, expected in ((TUESDAY, [primary_policy]), (MONDAY, [])):
        change(practice, "UPDATE practice.policy SET ends_on = %s WHERE policy_id = %s", ends_on, primary_policy)
        assert other_policies() == expected
    primary = practice.sent_claim(invoice)
    change(
        practice,
        "WITH r AS (INSERT INTO billing.run (automation, timezone, night, due_at)"
        "   VALUES ('claims_submission', 'America/Denver', '2026-03-05', now()) RETURNING run_id),"
        " x AS (INSERT INTO billing.interchange (receiver_code, control_number, file_name, sha256, body, built_run_id,"
        "   built_at) SELECT 'default', 1, 'f', 'h', '', run_id, now() FROM r RETURNING interchange_id),"
        " t AS (INSERT INTO billing.transaction_set SELECT interchange_id, '0001', 1, 'b', 1 FROM x"
        "   RETURNING interchange_id)"
        " INSERT INTO billing.claim_submission SELECT %s, 1, interchange_id, '0001', 'C', 1, 150, %s, %s FROM t",
        *(primary, primary_policy, practice.default_insurer),
    )
    practice.policy(client)
    assert other_policies() == [primary_policy]


def test_a_tertiary_claim_carries_both_insurers_before_it_and_a_primary_claim_none(practice: Practice) -> None:
    client, first, second = doubly_insured(practice)
    practice.policy(client, practice.insurer(), "tertiary")
    invoice = practice.invoice(practice.appointment(client=client))
    claims = [practice.sent_claim(invoice, level) for level in ("primary", "secondary", "tertiary")]
    decide(practice, claims[0])
    decide(practice, claims[1], "12.00")
    frames = read(practice, *claims)
    assert values(frames.other_payers, "claim_id", "level", "policy_id", "paid_cents") == [
        (claims[1], "primary", first, 8000),
        (claims[2], "primary", first, 8000),
        (claims[2], "secondary", second, 1200),
    ]


def test_each_part_of_a_secondary_claim_carries_the_decision_on_the_same_part(practice: Practice) -> None:
    client, _, _ = doubly_insured(practice)
    invoice = invoice_of(practice, 51, client)
    for level in ("primary", "secondary"):
        change(practice, "SELECT billing.create_claim(%s, %s)", invoice, level)
    change(
        practice, "UPDATE billing.claim SET claim_status = 'submitted', submitted_at = now() WHERE level = 'primary'"
    )
    second = change(practice, "SELECT claim_id FROM billing.claim WHERE level = 'primary' AND part = 2")
    with pytest.raises(psycopg.errors.RaiseException, match=f"claim {second}: line 50 is not of this claim"):
        decide(practice, second, lines='[{"line_number": 50, "paid_amount": 1}]')
    decide(practice, second, lines='[{"line_number": 51, "paid_amount": 80}]')
    claims = practice.connection.execute("SELECT claim_id FROM billing.claim WHERE level = 'secondary' ORDER BY part")
    one, two = (claim for (claim,) in claims)
    frames = read(practice, one, two)
    assert values(frames.other_payers, "claim_id", "paid_cents") == [(one, None), (two, 8000)]
    assert values(frames.line_payments, "claim_id", "line_number") == [(two, 51)]


def test_a_decision_keeps_what_differs_from_the_bill_and_adds_up_repeated_adjustments(practice: Practice) -> None:
    client, _, _ = doubly_insured(practice)
    invoice = practice.invoice(
        practice.appointment(client=client, services=[{"modifier_1": "95"}, {"modifier_1": "95"}, {"modifier_1": "95"}])
    )
    primary, secondary = practice.sent_claim(invoice), practice.claim(invoice, "secondary")
    decide(
        practice,
        primary,
        "0.00",
        '[{"line_number": 1, "paid_amount": 0}, {"line_number": 2, "paid_amount": 0, "procedure_code": "90834",'
        ' "unit_count": 2, "adjustments": [{"group_code": "PR", "reason_code": "1", "amount": 1},'
        ' {"group_code": "PR", "reason_code": "1", "amount": 2}]}]',
    )
    frames = read(practice, secondary)
    assert values(frames.line_payments, "line_number", "procedure_code", "modifier_1", "unit_count") == [
        (1, "90837", "95", 1),
        (2, "90834", None, 2),
    ]
    assert values(frames.adjustments, "reason_code", "amount_cents") == [("1", 300)]


def test_a_decision_stands_once_and_recording_and_withdrawing_it_is_history(practice: Practice) -> None:
    claim = practice.sent_claim()
    change(practice, "DELETE FROM billing.history")
    change(practice, "SELECT set_config('billing.actor', 'anna', false)")
    first = decide(practice, claim)
    with pytest.raises(psycopg.errors.RaiseException, match=f"claim {claim} has a decision already: withdraw it first"):
        decide(practice, claim)
    with pytest.raises(psycopg.errors.RaiseException, match="say why its decision is withdrawn"):
        change(practice, "SELECT billing.withdraw_adjudication(%s, '')", claim)
    change(practice, "SELECT billing.withdraw_adjudication(%s, 'typed wrongly')", claim)
    with pytest.raises(psycopg.errors.RaiseException, match=f"claim {claim} has no decision to withdraw"):
        change(practice, "SELECT billing.withdraw_adjudication(%s, 'again')", claim)
    second = decide(practice, claim)
    rows = practice.connection.execute(
        "SELECT adjudication_id, recorded_by, withdrawn_by, withdrawn_at IS NULL FROM billing.adjudication ORDER BY 1"
    ).fetchall()
    assert rows == [(first, "anna", "anna", False), (second, "anna", None, True)]
    history = practice.connection.execute(
        "SELECT subject, subject_id, action, detail ->> 'adjudication_id', detail ->> 'reason' FROM billing.history"
        " ORDER BY history_id"
    ).fetchall()
    assert history == [
        ("claim", claim, "adjudication recorded", str(first), None),
        ("claim", claim, "adjudication withdrawn", str(first), "typed wrongly"),
        ("claim", claim, "adjudication recorded", str(second), None),
    ]


@pytest.mark.parametrize(
    ("paid", "decided_on", "lines", "text"),
    [
        ("-0.01", "2026-03-20", "[]", "needs the amount paid"),
        ("1.005", "2026-03-20", "[]", "needs the amount paid"),
        (None, "2026-03-20", "[]", "needs the amount paid"),
        ("NaN", "2026-03-20", "[]", "needs the amount paid"),
        ("10000000000", "2026-03-20", "[]", "needs the amount paid"),
        ("0.00", None, "[]", "needs the amount paid"),
        ("0.00", "2999-01-01", "[]", "lies in the future"),
        ("0.00", "2026-03-20", "{}", "lines are a JSON array of objects"),
        ("0.00", "2026-03-20", "[1]", "lines are a JSON array of objects"),
        ("0.00", "2026-03-20", '[{"paid_amount": 1}]', "lines are a JSON array of objects"),
        ("0.00", "2026-03-20", '[{"line_number": 1, "paid_amount": 1, "adjustments": {}}]', "lines are a JSON array"),
        ("0.00", "2026-03-20", '[{"line_number": 1}]', "line 1 is not of this claim, or has no paid_amount"),
        ("0.00", "2026-03-20", '[{"line_number": 1, "paid_amount": -1}]', "line 1 is not of this claim, or has no"),
        ("0.00", "2026-03-20", '[{"line_number": 1, "paid_amount": "NaN"}]', "line 1 is not of this claim, or has no"),
        ("0.00", "2026-03-20", '[{"line_number": 2, "paid_amount": 1}]', "line 2 is not of this claim"),
        ("0.00", "2026-03-20", '[{"line_number": 0, "paid_amount": 1}]', "line 0 is not of this claim"),
        (
            "0.00",
            "2026-03-20",
            '[{"line_number": 1, "paid_amount": 1}, {"line_number": 1, "paid_amount": 1}]',
            "named twice",
        ),
        *(
            (
                "0.00",
                "2026-03-20",
                f'[{{"line_number": 0, "adjustments": [{adjustment}]}}]',
                "adjustment of line 0 needs",
            )
            for adjustment in (
                '{"group_code": "XX", "reason_code": "45", "amount": 1}',
                '{"reason_code": "45", "amount": 1}',
                '{"group_code": "CO", "reason_code": "co45", "amount": 1}',
                '{"group_code": "CO", "amount": 1}',
                '{"group_code": "CO", "reason_code": "45", "amount": 0}',
                '{"group_code": "CO", "reason_code": "45"}',
                '{"group_code": "CO", "reason_code": "45", "amount": "NaN"}',
                '{"group_code": "CO", "reason_code": "45", "amount": 1, "quantity": 0}',
            )
        ),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused_and_nothing_of_it_is_kept(
    practice: Practice, paid: str | None, decided_on: str | None, lines: str, text: str
) -> None:
    claim = practice.sent_claim()
    with pytest.raises(psycopg.errors.RaiseException, match=text) as caught:
        change(
            practice, "SELECT billing.record_adjudication(%s, %s, %s, NULL, false, %s)", claim, paid, decided_on, lines
        )
    assert getattr(caught.value, "sqlstate", None) == "P0001"
    assert change(practice, "SELECT count(*) FROM billing.adjudication") == 0


def test_only_a_claim_that_was_sent_is_decided_on_and_one_sent_elsewhere_is_marked_first(practice: Practice) -> None:
    claim = practice.claim()
    for wrong, text in (
        (999_999, "there is no live claim 999999"),
        (claim, "was never sent: if it went to the insurer"),
    ):
        with pytest.raises(psycopg.errors.RaiseException, match=text):
            decide(practice, wrong)
    change(
        practice,
        "INSERT INTO billing.decision (organization_id, automation, item_id, reason, opened_on)"
        " VALUES (1, 'claims_submission', %s, 'review_day', '2026-03-04')",
        claim,
    )
    change(practice, "SELECT billing.mark_claim_sent(%s, '2026-03-05', 'on paper')", claim)
    assert change(practice, "SELECT claim_status FROM billing.claim") == "submitted"
    assert change(practice, "SELECT submitted_at FROM billing.claim") == practice.instant("2026-03-05 12:00")
    assert change(practice, "SELECT count(*) FROM billing.decision WHERE closed_on IS NULL") == 0
    assert change(practice, "SELECT detail FROM billing.history WHERE action = 'marked as sent'") == {
        "sent_on": "2026-03-05",
        "reason": "on paper",
    }
    decide(practice, claim)


def test_what_is_sent_or_lies_in_the_future_or_has_no_reason_is_not_marked_as_sent(practice: Practice) -> None:
    claim, sent = practice.claim(), practice.sent_claim()
    for item, sent_on, why, text in (
        (sent, "2026-03-05", "on paper", f"claim {sent} is not awaiting submission"),
        (999_999, "2026-03-05", "on paper", "claim 999999 is not awaiting submission"),
        (claim, "2999-01-01", "on paper", "it was sent today or before"),
        (claim, None, "on paper", "it was sent today or before"),
        (claim, "2026-03-05", "", "say how it was sent"),
    ):
        with pytest.raises(psycopg.errors.RaiseException, match=text):
            change(practice, "SELECT billing.mark_claim_sent(%s, %s, %s)", item, sent_on, why)
    assert (
        change(practice, "SELECT claim_status FROM billing.claim WHERE claim_id = %s", claim) == "awaiting_submission"
    )


def test_the_pipelines_role_reads_every_frame_and_writes_no_decision(practice: Practice, pipeline: Connection) -> None:
    client, _, _ = doubly_insured(practice)
    invoice = practice.invoice(practice.appointment(client=client))
    primary, secondary = practice.sent_claim(invoice), practice.claim(invoice, "secondary")
    decide(practice, primary, lines=LINES)
    assert len(read_claim_frames(pipeline, [primary, secondary]).adjustments) == 3
    for table in ("adjudication", "adjudication_line", "adjustment"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            pipeline.execute(f"DELETE FROM billing.{table}".encode())  # noqa: S608


def test_a_changed_detail_of_the_appointment_counts_as_a_change_of_it(practice: Practice) -> None:
    appointment = practice.appointment()
    before = change(practice, "SELECT updated_at FROM practice.appointment WHERE appointment_id = %s", appointment)
    change(practice, "UPDATE practice.appointment SET claim_note = 'agreed' WHERE appointment_id = %s", appointment)
    assert change(practice, "SELECT updated_at FROM practice.appointment") > before
