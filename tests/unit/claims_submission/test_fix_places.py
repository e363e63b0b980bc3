"""Where a biller corrects what the validator refused."""

from __future__ import annotations

import pytest

from include.claim_frames import CLAIM_COLUMNS, DIAGNOSIS_COLUMNS, LINE_COLUMNS
from include.claims_submission.fix_places import ANYWHERE, fix_place
from include.clearinghouse.claim_folding import CLAIM_RULES, DIAGNOSIS_RULES, LINE_RULES
from include.clearinghouse.validation import SyntaxFinding


@pytest.mark.parametrize(
    ("reason", "place"),
    [
        ("patient_last_name: cannot be written", "Client › Profile"),
        ("subscriber_city: cannot be written", "Client › Profile, or Client › Insurance › Policy holder"),
        ("billing_name: missing", "Practice › Billing providers"),
        ("rendering_npi: missing", "Practice › Staff"),
        ("facility_name: missing", "Practice › Locations"),
        ("payer_name: missing", "Practice › Insurers"),
        ("payer_claim_control_number: missing", ANYWHERE),
        ("member_id: missing", "Client › Insurance"),
        (
            "place_of_service_code: missing",
            "Appointment › Place of service, or Practice › Locations › Place of service",
        ),
        ("diagnosis_code: too long", "Client › Diagnoses"),
        ("claim_number: missing", ANYWHERE),
        ("2010AA/N403: element is too short", "Practice › Billing providers"),
        ("2010BB/NM1: segment is not expected here", "Practice › Insurers"),
        ("2300/HI01-2: value is not in the code list", "Client › Diagnoses"),
        ("2300/CLM05-1: element is too long", ANYWHERE),
        (
            "2400/SV101-2: mandatory element is missing",
            "Appointment › Services, then void the invoice so that it is made anew",
        ),
        # Noticed at the claim after the gap.
        ("2300/CLM: Mandatory loop Rendering Provider (2310B) is missing", "Practice › Staff"),
        ("2300/CLM: loop Something (2999) is missing", ANYWHERE),
        ("NM1: segment is out of sequence", ANYWHERE),
        ("file: refused without a stated error", ANYWHERE),
        ("", ANYWHERE),
        (None, ANYWHERE),
    ],
)
def test_a_reason_names_a_place_by_its_column_or_loop(reason: str | None, place: str) -> None:
    assert fix_place(reason) == place


def test_a_place_is_known_for_the_columns_that_a_file_carries_and_a_person_types_in() -> None:
    columns = set(CLAIM_RULES) | set(LINE_RULES) | set(DIAGNOSIS_RULES)
    assert columns <= {*CLAIM_COLUMNS, *LINE_COLUMNS, *DIAGNOSIS_COLUMNS}
    assert {column for column in columns if fix_place(f"{column}: missing") == ANYWHERE} <= {
        # The program's own, not typed in.
        *("claim_number", "level", "frequency_code", "diagnosis_pointers"),
        # In several places, or in none yet.
        *("payer_claim_control_number", "claim_note", "line_note", "description"),
        *(column for column in columns if column.startswith(("accident_", "referring_"))),
    }


def test_a_finding_of_the_validator_reads_as_a_reason() -> None:
    assert fix_place(str(SyntaxFinding(7, "2310B/NM109", "1", "mandatory element is missing"))) == "Practice › Staff"
