"""The text a writer without checks would give for a claim, so that a validator of text has something to judge.

Our own writer refuses what it cannot carry, and a validator behind it would never see those faults. Here a value that
breaks a rule of the writer goes into the text as it stands, in upper case. Loops and order are the writer's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

import pandas as pd

from include.claim_frames import ClaimFrames
from include.clearinghouse.charset import Rule, UncarriableText, fold_frame
from include.clearinghouse.claim_folding import (
    ADJUSTMENT_RULES,
    CLAIM_RULES,
    DIAGNOSIS_RULES,
    LINE_PAYMENT_RULES,
    LINE_RULES,
    OTHER_PAYER_RULES,
    FoldedClaims,
)
from include.clearinghouse.claim_loops import billing_loops, claim_loops, patient_loops, subscriber_loops
from include.clearinghouse.interchange import VERSION
from include.clearinghouse.segments import amount_text, segment

_TRIAL_TIME: Final = ("20261103", "2100")
#: Stands for an adjustment without an amount, with which the loops cannot count, and is taken out of the text again.
_NO_AMOUNT_CENTS: Final = 98_765_432_19
_NO_AMOUNT: Final = amount_text(_NO_AMOUNT_CENTS)


def transaction_sets(frames: ClaimFrames) -> dict[int, str]:
    """A transaction set, ST to SE, for each claim; its number is the claim id in nine digits."""
    folded = _fold_without_checks(frames)
    texts: dict[int, str] = {}
    for claim_id, billing, subscriber, patient, claim in zip(
        frames.claims["claim_id"].tolist(),
        billing_loops(folded),
        subscriber_loops(folded),
        patient_loops(folded),
        claim_loops(folded),
        strict=True,
    ):
        number = f"{claim_id:09d}"
        body = (
            segment("ST", "837", number, VERSION)
            + segment("BHT", "0019", "00", number, *_TRIAL_TIME, "CH")
            + segment("NM1", "41", "2", "CASES", "", "", "", "", "46", "SUBM01")
            + segment("PER", "IC", "DANA OKAFOR", "TE", "3035550100")
            + segment("NM1", "40", "2", "TEST CLEARINGHOUSE", "", "", "", "", "46", "HOUSE01")
            + f"HL*1**20*1~{billing}HL*2*1*22*{1 if patient else 0}~{subscriber}"
            + (f"HL*3*2*23*0~{patient}" if patient else "")
            + claim
        )
        body = body.replace(f"*{_NO_AMOUNT}~", "~").replace(_NO_AMOUNT, "")
        texts[claim_id] = body + segment("SE", str(body.count("~") + 1), number)
    return texts


def file_of(sets: Mapping[int, str], day: date) -> str:
    """One interchange with these transaction sets."""
    isa = "*".join(
        (
            "ISA", "00", " " * 10, "00", " " * 10, "ZZ", f"{'SUBM01':<15}", "ZZ", f"{'HOUSE01':<15}",
            f"{day:%y%m%d}", _TRIAL_TIME[1], "^", "00501", "000000001", "0", "T", ":",
        )
    )  # fmt: skip
    group = segment("GS", "HC", "SUBM01", "HOUSE01", f"{day:%Y%m%d}", _TRIAL_TIME[1], "1", "X", VERSION)
    trailer = segment("GE", str(len(sets)), "1") + segment("IEA", "1", "000000001")
    return f"{isa}~{group}{''.join(sets.values())}{trailer}"


def _fold_without_checks(frames: ClaimFrames) -> FoldedClaims:
    amounts = frames.adjustments["amount_cents"].fillna(_NO_AMOUNT_CENTS)
    return FoldedClaims(
        frames=replace(frames, adjustments=frames.adjustments.assign(amount_cents=amounts)),
        claims=_fold(frames.claims, CLAIM_RULES),
        lines=_fold(frames.lines, LINE_RULES),
        diagnoses=_fold(frames.diagnoses, DIAGNOSIS_RULES),
        other_payers=_fold(frames.other_payers, OTHER_PAYER_RULES),
        line_payments=_fold(frames.line_payments, LINE_PAYMENT_RULES),
        adjustments=_fold(frames.adjustments, ADJUSTMENT_RULES),
        problems=pd.DataFrame(),
    )


def _fold(frame: pd.DataFrame, rules: Mapping[str, Rule]) -> pd.DataFrame:
    return fold_frame(frame, {column: _lenient(rule) for column, rule in rules.items()})[0]


def _lenient(rule: Rule) -> Rule:
    def fold_or_keep(text: str, field: str = "text") -> str:
        try:
            return rule(text, field)
        except UncarriableText:
            return text.upper()

    return fold_or_keep
