"""What of the claim frames the 837P file carries, and in which characters.

Source of the codes and lengths: 005010X222A1, SBR01, SBR02/PAT01, CLM05-3, CLM11, NM102, REF01, DMG03, CAS01, NTE02 and
SV101-7 (80 characters).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from include.claim_frames import ClaimFrames
from include.clearinghouse import charset
from include.clearinghouse.charset import (
    Rule,
    at_most,
    code_of,
    fold,
    fold_address,
    fold_frame,
    fold_identifier,
    fold_number,
    fold_phone,
    matching,
)
from include.clearinghouse.coordination import coordination_problems

_LEVELS: Final = {"primary": "P", "secondary": "S", "tertiary": "T"}
#: SBR02 where the patient is the subscriber.
SELF: Final = "18"
_RELATIONSHIPS: Final = {"self": SELF, "spouse": "01", "child": "19", "other": "G8"}
_ACCIDENT_CAUSES: Final = {"auto": "AA", "employment": "EM", "other": "OA"}
_NOTE_LENGTH: Final = 80


def _as_is(*codes: str) -> Rule:
    return code_of({code: code for code in codes})


def _names(prefix: str) -> dict[str, Rule]:
    return dict.fromkeys([f"{prefix}_last_name", f"{prefix}_first_name", f"{prefix}_middle_name"], fold)


def _person(prefix: str) -> dict[str, Rule]:
    return {**_names(prefix), f"{prefix}_sex": _as_is("F", "M", "U"), **_address(prefix)}


def _address(prefix: str) -> dict[str, Rule]:
    return {
        f"{prefix}_address_1": fold_address,
        f"{prefix}_address_2": fold_address,
        f"{prefix}_city": fold,
        f"{prefix}_state_code": fold_identifier,
        f"{prefix}_postal_code": fold_number,
    }


_COVERAGE: Final[dict[str, Rule]] = {
    "payer_name": fold,
    "payer_code": fold_identifier,
    "claim_filing_code": fold_identifier,
    "member_id": fold_identifier,
    "group_number": fold_identifier,
    "relationship": code_of(_RELATIONSHIPS),
}

#: Every text column of the claims that the file carries, and how it is folded.
CLAIM_RULES: Final[dict[str, Rule]] = {
    "claim_number": matching(r"[A-Z0-9]{1,17}"),
    "level": code_of(_LEVELS),
    "frequency_code": _as_is("1", "7", "8"),
    "payer_claim_control_number": fold_identifier,
    "place_of_service_code": fold_identifier,
    "billing_entity_type": _as_is("1", "2"),
    "billing_name": fold,
    "billing_first_name": fold,
    "billing_npi": fold_identifier,
    "billing_tax_id": fold_number,
    "billing_tax_id_type": _as_is("EI", "SY"),
    "billing_taxonomy_code": fold_identifier,
    **_address("billing"),
    "billing_phone": fold_phone,
    **_address("pay_to"),
    "rendering_last_name": fold,
    "rendering_first_name": fold,
    "rendering_npi": fold_identifier,
    "rendering_taxonomy_code": fold_identifier,
    "supervising_last_name": fold,
    "supervising_first_name": fold,
    "supervising_npi": fold_identifier,
    "referring_entity_type": _as_is("1"),  # the file has no place for an organization that refers
    "referring_last_name": fold,
    "referring_first_name": fold,
    "referring_npi": fold_identifier,
    "facility_name": fold,
    "facility_npi": fold_identifier,
    **_address("facility"),
    **_person("patient"),
    **_COVERAGE,
    **_person("subscriber"),
    "authorization_number": fold_identifier,
    "accident_cause": code_of(_ACCIDENT_CAUSES),
    "accident_state_code": fold_identifier,
    "claim_note": at_most(_NOTE_LENGTH, fold),
}

_PROCEDURE: Final[dict[str, Rule]] = dict.fromkeys(
    ["procedure_code", "modifier_1", "modifier_2", "modifier_3", "modifier_4"], fold_identifier
)

LINE_RULES: Final[dict[str, Rule]] = {
    **_PROCEDURE,
    "place_of_service_code": fold_identifier,
    "diagnosis_pointers": matching(r"[0-9]{1,2}(:[0-9]{1,2}){0,3}"),
    "description": at_most(_NOTE_LENGTH, fold),
    "line_note": at_most(_NOTE_LENGTH, fold),
}

DIAGNOSIS_RULES: Final[dict[str, Rule]] = {"diagnosis_code": fold_identifier}

OTHER_PAYER_RULES: Final[dict[str, Rule]] = {
    "level": code_of(_LEVELS),
    **_COVERAGE,
    **_names("subscriber"),
    **_address("subscriber"),
    "payer_claim_control_number": fold_identifier,
}

LINE_PAYMENT_RULES: Final[dict[str, Rule]] = {"level": code_of(_LEVELS), **_PROCEDURE}

ADJUSTMENT_RULES: Final[dict[str, Rule]] = {
    "level": code_of(_LEVELS),
    "group_code": _as_is("CO", "CR", "OA", "PI", "PR"),
    "reason_code": fold_identifier,
}

# Without these the file would say something else than the claim, and a syntax validator would not notice.
_NEEDED: Final = ("claim_number", "level", "frequency_code", "relationship", "billing_entity_type")


class UncarriableClaims(ValueError):
    """Some claims cannot be written. `problems` has one row per claim, column and reason, without values.

    What to do: leave those claims out (`isolation.isolate_refused` does) and show the problems to the organization.
    """

    def __init__(self, problems: pd.DataFrame) -> None:
        columns = sorted(set(problems["column"]))
        super().__init__(f"{problems['claim_id'].nunique()} claims cannot be written, columns {columns}")
        self.problems = problems


@dataclass(frozen=True)
class FoldedClaims:
    """Claim frames whose text is ready for X12. `problems`: see `charset.fold_frame`; those claims are not writable.

    Columns of claims, lines and diagnoses are named in `problems` as they are, those of other insurers after their
    frame (`other_payers.member_id`): they are put right in another place.
    """

    frames: ClaimFrames
    claims: pd.DataFrame
    lines: pd.DataFrame
    diagnoses: pd.DataFrame
    other_payers: pd.DataFrame
    line_payments: pd.DataFrame
    adjustments: pd.DataFrame
    problems: pd.DataFrame


def fold_claims(frames: ClaimFrames) -> FoldedClaims:
    """The text of `frames` in X12 characters, with everything that cannot be written named by claim and column."""
    claims, claim_problems = fold_frame(frames.claims, CLAIM_RULES)
    lines, line_problems = fold_frame(frames.lines, LINE_RULES)
    diagnoses, diagnosis_problems = fold_frame(frames.diagnoses, DIAGNOSIS_RULES)
    other_payers, payer_problems = fold_frame(frames.other_payers, OTHER_PAYER_RULES, "other_payers.")
    line_payments, payment_problems = fold_frame(frames.line_payments, LINE_PAYMENT_RULES, "line_payments.")
    adjustments, adjustment_problems = fold_frame(frames.adjustments, ADJUSTMENT_RULES, "adjustments.")
    problems = [
        claim_problems, line_problems, diagnosis_problems, payer_problems, payment_problems, adjustment_problems
    ]  # fmt: skip
    claim_ids = frames.claims["claim_id"].to_numpy(dtype="int64")
    for column in _NEEDED:
        problems.append(_missing(claim_ids[frames.claims[column].isna().to_numpy()], column))
    correction = claims["frequency_code"].isin(["7", "8"]).to_numpy()
    unreferenced = frames.claims["payer_claim_control_number"].isna().to_numpy()
    problems.append(_missing(claim_ids[correction & unreferenced], "payer_claim_control_number"))
    # A level that is no code joins nothing; the claim is named for the code and not once more for what follows from it.
    named = np.concatenate([each["claim_id"].to_numpy(dtype="int64") for each in problems])
    problems += coordination_problems(frames, named)
    return FoldedClaims(
        frames, claims, lines, diagnoses, other_payers, line_payments, adjustments, charset.joined_problems(problems)
    )


def _missing(claim_ids: np.ndarray, column: str) -> pd.DataFrame:
    return charset.problem_rows(claim_ids, column, charset.MISSING)
