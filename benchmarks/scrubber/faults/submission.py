"""Faults of corrections, duplicates, records and of what other insurers decided."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any, Final

from benchmarks.scrubber.mutation import (
    GENERAL,
    SESSIONS,
    STEDI,
    THERABILL,
    X12,
    Change,
    Mutation,
    blank,
    every,
    has,
    is_coordinated,
    is_first,
    is_medicare,
    put,
    where,
)
from benchmarks.scrubber.one_claim import OneClaim
from benchmarks.scrubber.valid_claims import AS_OF

_CONTROL_NUMBER = (
    f"{THERABILL}217240863-Payer-Specific-Edit-Original-Ref-No-Box-22-REF-F8-not-a-Martins-Point-Claim-Number-"
    "Must-be-11-or-13-digits"
)
_FREQUENCY = f"{STEDI}claim-edit-invalid-claim-frequency-code"
_resubmission = partial(Mutation, group="corrections", stage="rejected")
CORRECTIONS: Final = (
    _resubmission("frequency_6", description="frequency code 6, which professional claims do not have", source=SESSIONS,
                  change=put(frequency_code="6"), needs=has("payer_claim_control_number")),
    _resubmission("frequency_missing", description="no frequency code", source=_FREQUENCY,
                  change=blank("frequency_code")),
    _resubmission("replacement_without_number", description="replacement without the insurer's claim number",
                  source=_CONTROL_NUMBER, change=blank("payer_claim_control_number"), needs=where(frequency_code="7")),
    _resubmission("void_without_number", description="void without the insurer's claim number", source=_CONTROL_NUMBER,
                  change=blank("payer_claim_control_number"), needs=where(frequency_code="8")),
    _resubmission("level_unknown", description="payer responsibility that has no code", source=X12, stage="syntax",
                  change=put(level="private"), needs=is_first),
)  # fmt: skip

_again = partial(Mutation, group="duplicates", stage="denied", source=GENERAL + " (CARC 18: exact duplicate)")
DUPLICATES: Final = (
    _again("line_sent_before", description="the same service was sent on an earlier claim that was not rejected",
           change=lambda claim: claim.lines[0].update(sent_claim_number="K1234567891"), needs=is_first),
    _again("appointment_claimed_twice", description="another live claim of the same appointment and level",
           change=put(other_claim_number="K1234567891"), needs=is_first),
    _again("sessions_overlap", description="another claim of the clinician overlaps this individual session in time",
           source=GENERAL,
           change=put(overlapping_claim_number="K1234567891"),
           needs=every(is_first, lambda claim: claim.codes() == ["90837"])),
)  # fmt: skip

_record = partial(Mutation, group="records", stage="denied", source="CMS MLN909160, Complying with Medical Record "
                  "Documentation Requirements", needs=is_medicare)  # fmt: skip
RECORDS: Final = (
    _record("note_missing", description="no progress note for a session billed to Medicare",
            change=put(note_status="missing")),
    _record("note_unsigned", description="unsigned progress note for a session billed to Medicare",
            change=put(note_status="unsigned")),
)  # fmt: skip


def _other(**values: Any) -> Change:
    return lambda claim: claim.other_payers[0].update(values)


def _adjustment(**values: Any) -> Change:
    return lambda claim: claim.adjustments[0].update(values)


def _drop_decisions(claim: OneClaim) -> None:
    claim.other_payers[0].update(adjudicated_on=None, paid_cents=None)
    claim.line_payments.clear()
    claim.adjustments.clear()


def _drop_all(claim: OneClaim) -> None:
    claim.other_payers.clear()
    claim.line_payments.clear()
    claim.adjustments.clear()


def _raise_paid(claim: OneClaim) -> None:
    claim.line_payments[0]["paid_cents"] += 100
    claim.other_payers[0]["paid_cents"] += 100


def _drop_adjustment(claim: OneClaim) -> None:
    claim.adjustments.pop()


def _drop_second_line(claim: OneClaim) -> None:
    number = claim.lines[-1]["line_number"]
    claim.line_payments[:] = [row for row in claim.line_payments if row["line_number"] != number]
    claim.adjustments[:] = [row for row in claim.adjustments if row["line_number"] != number]


def _decide_absent_line(claim: OneClaim) -> None:
    for row in (*claim.line_payments, *claim.adjustments):
        if row["line_number"] == 1:
            row["line_number"] = 9


def _make_secondary(claim: OneClaim) -> None:
    for row in (*claim.other_payers, *claim.line_payments, *claim.adjustments):
        row["level"] = "secondary"


def _take_back(claim: OneClaim) -> None:
    """The first line is paid -10.00; sums and balance fit."""
    change = claim.line_payments[0]["paid_cents"] + 1000
    claim.line_payments[0]["paid_cents"] = -1000
    claim.other_payers[0]["paid_cents"] -= change
    claim.adjustments[0]["amount_cents"] += change


def _by_claim(claim: OneClaim) -> bool:
    return bool(claim.claim["level"] == "secondary" and not claim.line_payments)


_BALANCE = f"{STEDI}claim-edit-cob-service-lines-must-be-balanced"
_PRIMARY = f"{STEDI}new-claim-edit-missing-primary-payer"
_DATE = f"{STEDI}claim-edit-missing-other-payer-adjudication-date-in-cob-claims"
_first = partial(Mutation, group="other insurers", stage="rejected", needs=is_coordinated)
OTHER_INSURERS: Final = (
    _first("secondary_without_primary", description="secondary claim that names no other insurer", source=_PRIMARY,
           change=_drop_all),
    _first("secondary_with_second_secondary", description="the other insurer of a secondary claim is a secondary too",
           source=_PRIMARY, change=_make_secondary),
    _first("primary_has_not_decided", description="secondary claim before the primary decided", source=_DATE,
           change=_drop_decisions, stage="denied"),
    _first("no_adjudication_date", description="primary's decision without its date", source=_DATE,
           change=_other(adjudicated_on=None)),
    _first("adjudicated_before_service", description="primary decided before the service", source=GENERAL,
           change=lambda claim: claim.other_payers[0].update(adjudicated_on=claim.service_on - timedelta(days=1))),
    _first("adjudicated_in_future", description="primary's decision is dated after the night of the claim",
           source=GENERAL,
           change=_other(adjudicated_on=AS_OF + timedelta(days=5))),
    _first("line_out_of_balance", description="a line's payment and adjustments do not make up its charge",
           source=_BALANCE, change=_raise_paid),
    _first("adjustment_left_out", description="one of the primary's adjustments is missing", source=_BALANCE,
           change=_drop_adjustment),
    _first("claim_out_of_balance", description="adjustment of the whole claim does not make up its charge",
           source=_BALANCE, change=lambda claim: claim.adjustments[0].update(
               amount_cents=claim.adjustments[0]["amount_cents"] - 500), needs=_by_claim),
    _first("paid_sum_differs", description="primary's total payment is not the sum of its lines", source=GENERAL
           + " (005010X222A1, 1.4.4 balancing)",
           change=lambda claim: claim.other_payers[0].update(paid_cents=claim.other_payers[0]["paid_cents"] + 700)),
    _first("line_not_decided", description="primary's decision is missing for one of two lines", source=_BALANCE,
           change=_drop_second_line, needs=every(is_coordinated, lambda claim: len(claim.lines) > 1)),
    _first("paid_negative", description="negative payment of the primary",
           source=f"{STEDI}claim-edit-invalid-paid-amount", change=_take_back),
    _first("adjustment_without_reason", description="adjustment without a reason code",
           source=f"{STEDI}claim-edit-missing-adjustment-reason-code", change=_adjustment(reason_code=None)),
    _first("adjustment_without_amount", description="adjustment reason without an amount",
           source=f"{STEDI}claim-edit-missing-adjustment-amount", change=_adjustment(amount_cents=None)),
    _first("adjustment_without_group", description="adjustment without a group code", source=X12, stage="syntax",
           change=_adjustment(group_code=None)),
    _first("adjustment_group_unknown", description="adjustment group code that does not exist", source=X12,
           stage="syntax", change=_adjustment(group_code="XX")),
    _first("adjustment_reason_too_long", description="adjustment reason of six characters; it has at most five",
           source=X12, stage="syntax", change=_adjustment(reason_code="CO0045")),
    _first("decision_on_absent_line", description="primary's decision on a line the claim does not have",
           source=_BALANCE,
           change=_decide_absent_line),
    _first("other_member_id_missing", description="no member id with the primary", source=X12, stage="syntax",
           change=_other(member_id=None)),
    _first("other_subscriber_name_missing", description="no name of the primary's member", source=X12, stage="syntax",
           change=_other(subscriber_last_name=None)),
    _first("other_payer_name_missing", description="primary without name", source=X12, stage="syntax",
           change=_other(payer_name=None)),
    _first("other_payer_code_missing", description="primary without payer id", source=X12, stage="syntax",
           change=_other(payer_code=None)),
    _first("other_relationship_missing", description="relationship to the primary's member is not stated", source=X12,
           stage="syntax", change=_other(relationship=None)),
    _first("other_claim_filing_unknown", description="primary's claim filing indicator does not exist", source=X12,
           stage="syntax", change=_other(claim_filing_code="QQ")),
    _first("other_name_with_delimiter", description="element separator in the name of the primary's member", source=X12,
           stage="syntax", change=_other(subscriber_last_name="Gorse*wood")),
    _first("crossed_over", description="the primary has sent the claim to the secondary itself", stage="denied",
           source=GENERAL + " (CARC 18: exact duplicate)", change=_other(is_crossed_over=True)),
)  # fmt: skip

SUBMISSION: Final = (*CORRECTIONS, *DUPLICATES, *RECORDS, *OTHER_INSURERS)
