"""Invoices of more lines than a claim holds: parts, their links, and moving them back."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.support.claim_frames import change, invoice_of, read, values
from tests.support.nights import run_night
from tests.support.practice import Connection, Practice


@pytest.fixture
def practice(billing: Connection) -> Practice:
    return Practice(billing)


@pytest.mark.parametrize(("count", "parts"), [(50, [50]), (51, [50, 1]), (100, [50, 50]), (101, [50, 50, 1])])
def test_an_invoice_becomes_as_many_claims_as_its_lines_need(practice: Practice, count: int, parts: list[int]) -> None:
    invoice = invoice_of(practice, count)
    assert change(practice, "SELECT last_line_number FROM billing.invoice") == count
    first = change(practice, "SELECT billing.create_claim(%s)", invoice)
    claims = [claim for (claim,) in practice.connection.execute("SELECT claim_id FROM billing.claim ORDER BY part")]
    assert claims[0] == first
    frames = read(practice, *claims)
    assert values(frames.claims, "claim_id", "part", "part_count") == [
        (claim, number, len(parts)) for number, claim in enumerate(claims, start=1)
    ]
    sums = frames.lines.groupby("claim_id")["charge_cents"].sum().tolist()
    assert (
        frames.claims["total_charge_cents"].tolist() == sums == [15000 * size * (i + 1) for i, size in enumerate(parts)]
    )
    assert frames.lines.groupby("claim_id").size().tolist() == parts
    assert frames.lines["line_number"].tolist() == list(range(1, count + 1))
    assert values(frames.lines.drop_duplicates("claim_id"), "sent_claim_number") == [(None,)] * len(parts)
    reported = practice.connection.execute(
        "SELECT claim_id, invoice_id, part, part_count FROM reporting.claims ORDER BY part"
    ).fetchall()
    assert reported == [(claim, invoice, number, len(parts)) for number, claim in enumerate(claims, start=1)]
    assert change(
        practice, "SELECT count(*) FROM billing.history WHERE action = 'created by hand' AND subject = 'claim'"
    ) == (len(parts))


def test_the_parts_of_a_claim_are_each_others_lines_of_the_day(practice: Practice) -> None:
    change(practice, "SELECT billing.create_claim(%s)", invoice_of(practice, 52))
    first, second = (
        claim for (claim,) in practice.connection.execute("SELECT claim_id FROM billing.claim ORDER BY part")
    )
    same_day = read(practice, first, second).same_day_lines
    assert same_day.groupby(["claim_id", "other_claim_number"]).size().to_dict() == {
        (first, f"C{second}V1"): 2,
        (second, f"C{first}V1"): 50,
    }


def test_parts_are_moved_back_together_or_not_at_all_and_only_what_is_missing_is_made_again(practice: Practice) -> None:
    invoice = invoice_of(practice, 51)
    first = change(practice, "SELECT billing.create_claim(%s)", invoice)
    second = change(practice, "SELECT claim_id FROM billing.claim WHERE part = 2")
    change(practice, "SELECT billing.move_back_claim(%s, 'wrong client')", second)
    assert change(practice, "SELECT count(*) FROM billing.claim WHERE claim_status <> 'void'") == 0
    assert change(
        practice, "SELECT array_agg(subject_id ORDER BY 1) FROM billing.history WHERE action = 'moved back'"
    ) == [
        first,
        second,
    ]
    change(practice, "SELECT billing.create_claim(%s)", invoice)
    change(
        practice,
        "UPDATE billing.claim SET claim_status = 'submitted', submitted_at = now() WHERE part = 1 AND claim_id > %s",
        second,
    )
    rest = change(practice, "SELECT max(claim_id) FROM billing.claim")
    with pytest.raises(psycopg.errors.RaiseException, match=f"claim {rest}: another part of its invoice is sent"):
        change(practice, "SELECT billing.move_back_claim(%s, 'why')", rest)
    assert change(practice, "SELECT claim_status FROM billing.claim WHERE claim_id = %s", rest) == "awaiting_submission"
    change(practice, "UPDATE billing.claim SET claim_status = 'void' WHERE claim_id = %s", rest)
    made = change(practice, "SELECT billing.create_claim(%s)", invoice)
    assert change(practice, "SELECT part FROM billing.claim WHERE claim_id = %s", made) == 2
    with pytest.raises(psycopg.errors.RaiseException, match="has a live primary claim"):
        change(practice, "SELECT billing.create_claim(%s)", invoice)


@pytest.mark.parametrize("numbers", [[1, 51], [51, 52], [60, 130]])
def test_a_night_counts_an_invoice_once_wherever_its_lines_begin(
    practice: Practice, pipeline: Connection, tmp_path: Path, numbers: list[int]
) -> None:
    invoice = invoice_of(practice, 2)
    change(practice, "UPDATE practice.appointment_service SET line_number = (%s::smallint[])[line_number]", numbers)
    change(practice, "UPDATE billing.invoice_line SET line_number = (%s::smallint[])[line_number]", numbers)
    change(practice, "UPDATE billing.invoice SET last_line_number = %s", numbers[-1])
    run_night(pipeline, "invoice_processing", "America/Denver", "2026-03-04", tmp_path)
    assert change(practice, "SELECT sum(total_amount) FROM billing.claim WHERE invoice_id = %s", invoice) == 300
    assert practice.connection.execute(
        "SELECT candidate_count, advanced_count, advanced_amount FROM reporting.nightly_results"
    ).fetchall() == [(1, 1, 300)]
