"""What the insurers before this one decided, and whether it adds up.

A claim to a later insurer tells, for each earlier one, what it paid and adjusted on the claim (2320) and on each line
(2430). Two sums must come out: the charge of a line is what was paid and adjusted on it, and the charge of the claim is
what was paid and adjusted on the whole.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, Mask, ScrubContext, hits, ids, is_blank, is_missing
from include.claims_scrubber.text_columns import TextColumns

_GUIDE = "837P implementation guide 005010X222A1 (general knowledge, not re-read)"
_POSTED = "practiceadmin, Claim scrubbing errors: support.practiceadmin.com; " + _GUIDE
_BALANCE = (
    "Stedi changelog, claim edit for unbalanced service lines: "
    "stedi.com/changelog/claim-edit-cob-service-lines-must-be-balanced; practiceadmin: support.practiceadmin.com"
)
_DATE = (
    "Stedi changelog, claim edit for a missing adjudication date: "
    "stedi.com/changelog/claim-edit-missing-other-payer-adjudication-date-in-cob-claims"
)
_PAID = "Stedi changelog, claim edit for an invalid paid amount: stedi.com/changelog/claim-edit-invalid-paid-amount"
_ADJUSTMENT = (
    "Stedi changelog, claim edits for a missing adjustment reason code and amount: "
    "stedi.com/site/changelog/claim-edit-missing-adjustment-reason-code; InSync, rejection errors: 5.insynchcs.com"
)
_CROSSED = (
    "Ensora Health, Secondary claim automation (6061): experience.ensorahealth.com; "
    "CollaborateMD, payment FAQs: help.collaboratemd.com/help/payment-faqs"
)

_POSTING = "Billing › Payments › post or correct the earlier insurer's remittance"
#: Line numbers of a claim stay far below.
_LINES = 10_000
_LEVELS = ("primary", "secondary", "tertiary")
#: X12 data element 1034: one to five letters and digits.
_REASON_CODE = re.compile(r"[A-Z0-9]{1,5}")
_GROUP_CODES = ("CO", "CR", "OA", "PI", "PR")


def _rank(level: str) -> int:
    return _LEVELS.index(level) + 1 if level in _LEVELS else 0


def ranks_of(columns: TextColumns) -> npt.NDArray[np.int64]:
    """1, 2, 3 for the levels, 0 for anything else."""
    return columns.marks("level", _rank)


def claims_with(context: ScrubContext, other_payers: Mask) -> Mask:
    """Per claim: `other_payers` holds for one of its other insurers."""
    if not other_payers.any():
        return np.zeros(len(context.claims), dtype=np.bool_)
    found = context.claim_of_other_payer[other_payers]
    return np.bincount(found, minlength=len(context.claims)) > 0


def _is_earlier(context: ScrubContext) -> Mask:
    """Per other insurer: it pays before the claim's own."""
    own = ranks_of(context.columns)[context.claim_of_other_payer]
    rank = ranks_of(context.other_payer_columns)
    answer: Mask = (rank > 0) & (rank < own)
    return answer


def _cents(column: pd.Series) -> npt.NDArray[np.int64]:
    return column.to_numpy(dtype="int64", na_value=0)


def _lines_of(context: ScrubContext, claims: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """The positions of all lines of these claims."""
    is_asked = np.zeros(len(context.claims), dtype=np.bool_)
    is_asked[claims] = True
    return np.flatnonzero(is_asked[context.claim_of_line])


def _line_keys(claims: npt.NDArray[np.intp], frame: pd.DataFrame) -> npt.NDArray[np.int64]:
    """One number per claim and line; a missing or impossible line number is one that no claim has."""
    lines = frame["line_number"].to_numpy(dtype="int64", na_value=-1)
    possible = np.where((lines >= 0) & (lines < _LINES), lines, _LINES - 1)
    keys: npt.NDArray[np.int64] = claims.astype(np.int64) * _LINES + possible
    return keys


def payer_keys(claims: npt.NDArray[np.intp], columns: TextColumns) -> npt.NDArray[np.int64]:
    """One number per claim and level, to find the rows of one insurer in several frames."""
    return claims.astype(np.int64) * 4 + ranks_of(columns)


class _Balance:
    """What was paid and adjusted per earlier insurer, from the frames of one scrub."""

    def __init__(self, context: ScrubContext) -> None:
        payers, payments, adjustments = context.other_payers, context.line_payments, context.adjustments
        self.key = payer_keys(context.claim_of_other_payer, context.other_payer_columns)
        self.payment_key = payer_keys(context.claim_of_line_payment, TextColumns(payments))
        self.adjustment_key = payer_keys(context.claim_of_adjustment, TextColumns(adjustments))
        self.payment_row, self.adjustment_row = self._rows(self.payment_key), self._rows(self.adjustment_key)
        self.is_decided = (
            _is_earlier(context) & ~is_missing(payers["adjudicated_on"]) & ~is_missing(payers["paid_cents"])
        )
        self.paid = _cents(payers["paid_cents"])
        self.payments = _cents(payments["paid_cents"])
        self.payment_lines = ids(payments["line_number"])
        self.amounts = _cents(adjustments["amount_cents"])
        self.adjustment_lines = ids(adjustments["line_number"])

    def _rows(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
        """Per key the other insurer whose key it is: the first of several, -1 for none."""
        if not len(self.key):
            return np.full(len(keys), -1, dtype=np.intp)
        order = np.argsort(self.key, kind="stable")
        ordered = self.key[order]
        places = np.minimum(np.searchsorted(ordered, keys), len(order) - 1)
        return np.where(ordered[places] == keys, order[places], -1)

    def sums(self, rows: npt.NDArray[np.intp], amounts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Per other insurer the sum of the `amounts` that are its own; `rows`: whose each is, -1 for nobody's."""
        totals = np.zeros(len(self.key), dtype=np.int64)
        known = rows >= 0
        np.add.at(totals, rows[known], amounts[known])
        return totals


def _is_unbalanced(context: ScrubContext) -> Mask:
    """Per other insurer: decided, and the claim's charge is not what it paid and adjusted."""
    balance = context.once(_Balance)
    adjusted = balance.sums(balance.adjustment_row, balance.amounts)
    charge = _cents(context.claims["total_charge_cents"])[context.claim_of_other_payer]
    answer: Mask = balance.is_decided & (charge != balance.paid + adjusted)
    return answer


@edit(
    "COB01",
    number=26,
    grain="claim",
    message=(
        "What an insurer before this one decided is not posted: its payment, or its denial, must be posted first."
    ),
    fix_location=_POSTING,
    fix_columns=("billing.adjudication.adjudicated_on", "billing.claim.level"),
    loop_segment="2320 CAS, AMT*D; 2330B DTP*573; 2430 SVD, CAS",
    source=_POSTED,
    is_overridable=False,
    rejection_codes=("A6:286", "A6:516"),
)
def earlier_adjudication_is_missing(context: ScrubContext) -> Hits:
    own = ranks_of(context.columns)
    decided = _is_earlier(context) & ~is_missing(context.other_payers["adjudicated_on"])
    bits = np.zeros(len(own), dtype=np.int64)
    np.bitwise_or.at(
        bits, context.claim_of_other_payer[decided], np.int64(1) << ranks_of(context.other_payer_columns)[decided]
    )
    wanted = np.array([-1, 0, 2, 6])[own]
    return hits((own != 1) & ((bits & wanted) != wanted), context.claims["level"])


@edit(
    "COB02",
    number=26,
    grain="claim",
    message=(
        "An insurer before this one has decided, but the amount it paid is missing; enter 0.00 if it paid nothing."
    ),
    fix_location=_POSTING,
    fix_columns=("billing.adjudication.paid_amount",),
    loop_segment="2320 AMT*D",
    source=_POSTED,
    is_overridable=False,
    rejection_codes=("A6:286",),
)
def earlier_payment_is_missing(context: ScrubContext) -> Hits:
    payers = context.other_payers
    wrong = _is_earlier(context) & ~is_missing(payers["adjudicated_on"]) & is_missing(payers["paid_cents"])
    return hits(claims_with(context, wrong), context.claims["level"])


@edit(
    "COB03",
    number=26,
    grain="line",
    message="Line {line_number}: what an earlier insurer paid and adjusted on it does not add up to its charge.",
    fix_location=_POSTING,
    fix_columns=("billing.adjudication_line.paid_amount", "billing.adjustment.amount"),
    loop_segment="2430 SVD02, CAS; 2400 SV102",
    source=_BALANCE,
    is_overridable=False,
    rejection_codes=("A7:400", "A8:400"),
)
def earlier_line_is_unbalanced(context: ScrubContext) -> Hits:
    balance = context.once(_Balance)
    decided = balance.payment_key[np.isin(balance.payment_key, balance.key[balance.is_decided], kind="table")]
    if not len(decided):
        return Hits(np.array([], dtype=np.intp))
    # One row per claim, level and line in both frames; the number of lines of a claim stays far below the factor.
    factor = 10_000
    keys = balance.payment_key * factor + balance.payment_lines
    lines = np.unique(keys)
    total = np.zeros(len(lines), dtype=np.int64)
    np.add.at(total, np.searchsorted(lines, keys), balance.payments)
    of_lines = balance.adjustment_key * factor + balance.adjustment_lines
    places = np.minimum(np.searchsorted(lines, of_lines), len(lines) - 1)
    known = lines[places] == of_lines
    np.add.at(total, places[known], balance.amounts[known])
    own = _lines_of(context, decided // 4)
    charges = pd.DataFrame(
        {
            "claim": context.claim_of_line[own],
            "line": ids(context.lines["line_number"].iloc[own]),
            "position": own,
        }
    )
    told = pd.DataFrame({"key": lines, "claim": lines // factor // 4, "line": lines % factor, "total": total})
    told = told[np.isin(told["key"].to_numpy() // factor, decided, kind="table")].merge(charges, on=["claim", "line"])
    positions = told["position"].to_numpy(dtype=np.intp)
    charge = context.lines["charge_cents"].iloc[positions]
    wrong = ~is_missing(charge) & (_cents(charge) != told["total"].to_numpy())
    mask = np.zeros(len(context.lines), dtype=np.bool_)
    mask[positions[wrong]] = True
    return hits(mask)


@edit(
    "COB04",
    number=26,
    grain="claim",
    message=(
        "What an earlier insurer paid and adjusted, on the claim and its lines, does not add up to the claim's charge."
    ),
    fix_location=_POSTING,
    fix_columns=("billing.adjudication.paid_amount", "billing.adjustment.amount"),
    loop_segment="2320 AMT*D, CAS; 2430 CAS; 2300 CLM02",
    source=_BALANCE,
    is_overridable=False,
    rejection_codes=("A7:400", "A8:400"),
)
def earlier_claim_is_unbalanced(context: ScrubContext) -> Hits:
    return hits(claims_with(context, context.once(_is_unbalanced)), context.claims["level"])


@edit(
    "COB05",
    number=26,
    grain="claim",
    message=(
        "What an earlier insurer paid on the lines, less its adjustments of the claim, is not what it paid on the "
        "claim."
    ),
    fix_location=_POSTING,
    fix_columns=("billing.adjudication.paid_amount", "billing.adjudication_line.paid_amount"),
    loop_segment="2320 AMT*D, CAS; 2430 SVD02",
    source=_BALANCE,
    is_overridable=False,
    rejection_codes=("A7:400", "A8:400"),
)
def earlier_lines_are_not_the_claim(context: ScrubContext) -> Hits:
    balance = context.once(_Balance)
    counts = balance.sums(balance.payment_row, np.ones(len(balance.payment_row), dtype=np.int64))
    of_claim = balance.adjustment_lines == 0
    adjusted = balance.sums(balance.adjustment_row[of_claim], balance.amounts[of_claim])
    paid = balance.sums(balance.payment_row, balance.payments)
    # Only where lines are told at all; and a claim that does not balance has COB04 for it.
    wrong = balance.is_decided & (counts > 0) & (paid - adjusted != balance.paid) & ~context.once(_is_unbalanced)
    return hits(claims_with(context, wrong), context.claims["level"])


@edit(
    "COB06",
    number=77,
    grain="claim",
    message="An earlier insurer's payment is below zero; post the reversal and the corrected payment as one result.",
    fix_location=_POSTING,
    fix_columns=("billing.adjudication.paid_amount", "billing.adjudication_line.paid_amount"),
    loop_segment="2320 AMT*D, 2430 SVD02",
    source=_PAID,
    is_overridable=False,
    rejection_codes=("A7:286",),
)
def earlier_payment_is_negative(context: ScrubContext) -> Hits:
    mask = claims_with(context, _cents(context.other_payers["paid_cents"]) < 0)
    lines = _cents(context.line_payments["paid_cents"]) < 0
    mask |= np.bincount(context.claim_of_line_payment[lines], minlength=len(context.claims)) > 0
    return hits(mask)


@edit(
    "COB08",
    number=77,
    grain="claim",
    message="An earlier insurer's adjustment has no group code (CO, CR, OA, PI, PR), no reason code, or no amount.",
    fix_location=_POSTING,
    fix_columns=("billing.adjustment.group_code", "billing.adjustment.reason_code", "billing.adjustment.amount"),
    loop_segment="2320 CAS, 2430 CAS",
    source=_ADJUSTMENT,
    is_overridable=False,
    rejection_codes=("A7:286",),
)
def earlier_adjustment_is_incomplete(context: ScrubContext) -> Hits:
    adjustments = context.adjustments
    known = adjustments["group_code"].isin(_GROUP_CODES).to_numpy(dtype="bool")
    wrong = ~known | is_blank(adjustments["reason_code"]) | (_cents(adjustments["amount_cents"]) == 0)
    return hits(np.bincount(context.claim_of_adjustment[wrong], minlength=len(context.claims)) > 0)


@edit(
    "COB19",
    number=77,
    grain="claim",
    message="The reason code of an earlier insurer's adjustment is not one to five letters and digits.",
    fix_location=_POSTING,
    fix_columns=("billing.adjustment.reason_code",),
    loop_segment="2320 CAS02, 2430 CAS02",
    source=f"X12 data element 1034 and code source 139; {_ADJUSTMENT}",
    is_overridable=False,
    rejection_codes=("A7:286",),
)
def earlier_adjustment_reason_is_misshapen(context: ScrubContext) -> Hits:
    codes, texts = TextColumns(context.adjustments).distinct("reason_code")
    misshapen = [bool(text.strip()) and not _REASON_CODE.fullmatch(text.strip().upper()) for text in texts]
    wrong = np.array([*misshapen, False], dtype=np.bool_)[codes]
    return hits(np.bincount(context.claim_of_adjustment[wrong], minlength=len(context.claims)) > 0)


@edit(
    "COB20",
    number=119,
    grain="claim",
    message="An earlier insurer's decision is about a line that the claim does not have.",
    fix_location=_POSTING,
    fix_columns=("billing.adjudication_line.line_number", "billing.adjustment.line_number"),
    loop_segment="2430 SVD, CAS",
    source=_GUIDE,
    is_overridable=False,
)
def earlier_decision_is_about_no_line(context: ScrubContext) -> Hits:
    payments = _line_keys(context.claim_of_line_payment, context.line_payments)
    adjustments = _line_keys(context.claim_of_adjustment, context.adjustments)
    # What is adjusted on line 0 is adjusted on the claim.
    adjustments = adjustments[adjustments % _LINES != 0]
    told = np.concatenate([payments, adjustments])
    if not len(told):
        return Hits(np.array([], dtype=np.intp))
    own = _lines_of(context, told // _LINES)
    absent = told[~np.isin(told, _line_keys(context.claim_of_line[own], context.lines[["line_number"]].iloc[own]))]
    return Hits(np.unique(absent // _LINES).astype(np.intp))


@edit(
    "COB09",
    number=77,
    grain="claim",
    message="An earlier insurer's decision is dated after today, or before the service.",
    fix_location=_POSTING,
    fix_columns=("billing.adjudication.adjudicated_on",),
    loop_segment="2330B DTP*573",
    source=_DATE,
    is_overridable=True,
    rejection_codes=("A7:516",),
)
def earlier_decision_has_an_impossible_date(context: ScrubContext) -> Hits:
    decided_on = context.other_payers["adjudicated_on"].to_numpy(dtype="datetime64[s]")
    service_on = context.first_service_on[context.claim_of_other_payer] if len(decided_on) else decided_on
    wrong = _is_earlier(context) & ((decided_on > context.today()) | (decided_on < service_on))
    return hits(claims_with(context, wrong))


@edit(
    "COB13",
    number=28,
    grain="claim",
    message="The earlier insurer has sent this claim on to the next one by itself (crossover); do not bill it again.",
    fix_location="Client › Claims › void this claim",
    fix_columns=("billing.adjudication.is_crossed_over", "billing.claim.claim_status"),
    loop_segment="835 NM1*TT, CLP02=19; 2320",
    source=_CROSSED,
    is_overridable=True,
    rejection_codes=("A3:54", "A3:78"),
)
def claim_was_crossed_over(context: ScrubContext) -> Hits:
    crossed = context.other_payers["is_crossed_over"].to_numpy(dtype="bool")
    return hits(claims_with(context, crossed & _is_earlier(context)), context.claims["level"])
