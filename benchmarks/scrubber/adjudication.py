"""What the insurers before the claim's own one decided: payments and adjustments that balance to the cent."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from benchmarks.scrubber.one_claim import OneClaim, Row
from benchmarks.scrubber.practices import Payer, draw_member_id


def adjudicate(made: OneClaim, level: str, payer: Payer, rng: Random) -> None:
    """Adds what an insurer before the claim's own one decided, in balance by line (or for the claim as a whole)."""
    claim = made.claim
    left_open = {row["line_number"]: row["amount_cents"] for row in made.adjustments if row["group_code"] == "PR"}
    is_self = claim["relationship"] == "self" or rng.random() < 0.3
    holder = "patient" if is_self else "subscriber"
    by_claim = level == "primary" and claim["level"] == "secondary" and rng.random() < 0.12
    adjudicated_on = made.service_on + timedelta(days=rng.randrange(12, 24) + (0 if level == "primary" else 10))
    decided = [(line, *_decide(line, left_open.get(line["line_number"]), rng)) for line in made.lines]
    for line, paid, adjustments in decided:
        if not by_claim:
            kept = (
                "line_number",
                "procedure_code",
                "modifier_1",
                "modifier_2",
                "modifier_3",
                "modifier_4",
                "unit_count",
            )
            made.line_payments.append(
                {**{column: line.get(column) for column in kept}, "level": level, "paid_cents": paid}
            )
            made.adjustments += [{**row, "level": level, "line_number": line["line_number"]} for row in adjustments]
    paid_cents = sum(paid for _, paid, _ in decided)
    if by_claim:
        rest = claim["total_charge_cents"] - paid_cents
        made.adjustments.append(
            {"level": level, "line_number": 0, "group_code": "PR", "reason_code": "2", "amount_cents": rest}
        )
    made.other_payers.append(
        {
            "level": level,
            "policy_id": 850_000 + int(claim["claim_id"]) * 2 + (level == "secondary"),
            "insurer_id": payer.insurer_id,
            "payer_name": payer.name,
            "payer_code": payer.code,
            "claim_filing_code": payer.filing_code,
            "member_id": draw_member_id(payer, rng),
            "group_number": None if payer.filing_code in ("MB", "16") else f"G{rng.randrange(100, 9999)}",
            "relationship": "self" if is_self else claim["relationship"],
            "assignment_of_benefits": True,
            "release_of_information": True,
            **{
                f"subscriber_{column}": claim[f"{holder}_{column}"]
                for column in (
                    "last_name", "first_name", "middle_name", "address_1", "address_2", "city", "state_code",
                    "postal_code",
                )
            },
            "payer_claim_control_number": f"{rng.randrange(10**12):012d}",
            "adjudicated_on": adjudicated_on,
            "paid_cents": paid_cents,
            "is_crossed_over": False,
        }
    )  # fmt: skip


def _decide(line: Row, left_open: int | None, rng: Random) -> tuple[int, list[Row]]:
    """What an insurer pays of a line and why not the rest: cents, and adjustments that make up the difference.

    `left_open` is what the insurer before left to the patient; None for the first insurer.
    """
    charge = line["charge_cents"]
    if left_open is None:
        written_off = charge * rng.randrange(15, 35) // 100
        kind = rng.choice(("1", "2", "3", "3"))
        allowed = charge - written_off
        share = allowed if kind == "1" and rng.random() < 0.5 else allowed // 5
        rows = [("CO", "45", written_off), ("PR", kind, share)]
        return charge - written_off - share, [_adjustment(*row) for row in rows]
    # A second insurer shows what the first one took off as OA-23 and keeps a copay of its own.
    copay = left_open // 2
    rows = [("OA", "23", charge - left_open), ("PR", "3", copay)]
    return left_open - copay, [_adjustment(*row) for row in rows if row[2]]


def _adjustment(group_code: str, reason_code: str, amount_cents: int) -> Row:
    return {"group_code": group_code, "reason_code": reason_code, "amount_cents": amount_cents}
