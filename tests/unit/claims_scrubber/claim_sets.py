"""Invented claims for the tests of the scrubber: a valid one to start from, and changes to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from include.claim_frames import (
    CLAIM_COLUMNS,
    DIAGNOSIS_COLUMNS,
    FRAME_COLUMNS,
    LINE_COLUMNS,
    ClaimFrames,
    as_frame,
)
from include.claims_scrubber import References
from tests.unit.claims_scrubber.reference_tables import TABLES

NIGHT = date(2026, 11, 25)
ALL_LOADED = References(TABLES)
NOTHING_LOADED = References({})


def npi(nine_digits: str) -> str:
    """A valid NPI from its first nine digits, by the textbook form of the Luhn algorithm."""
    total = 0
    for place, character in enumerate(reversed("80840" + nine_digits)):
        digit = int(character) * (2 if place % 2 == 0 else 1)
        total += digit - 9 if digit > 9 else digit
    return nine_digits + str(-total % 10)


_ADDRESS = {
    "address_1": "12 Willow Lane",
    "city": "Fort Example",
    "state_code": "CO",
    "postal_code": "80521",
}
VALID_CLAIM: Mapping[str, object] = {
    "organization_id": 10,
    "claim_number": "C1V1",
    "version": 1,
    "level": "primary",
    "frequency_code": "1",
    "total_charge_cents": 21000,
    "place_of_service_code": "11",
    "invoice_id": 501,
    "appointment_id": 701,
    "billing_provider_id": 30,
    "billing_entity_type": "2",
    "billing_name": "Aspen Counseling Group",
    "billing_npi": "1234567893",
    "billing_tax_id": "841234567",
    "billing_tax_id_type": "EI",
    "billing_taxonomy_code": "101YM0800X",
    **{f"billing_{name}": value for name, value in _ADDRESS.items()},
    "billing_postal_code": "805211234",
    "rendering_staff_id": 40,
    "rendering_last_name": "Okafor",
    "rendering_first_name": "Lena",
    "rendering_npi": npi("123456780"),
    "rendering_taxonomy_code": "2084P0800X",
    "location_id": 50,
    "facility_name": "Aspen North",
    **{f"facility_{name}": value for name, value in _ADDRESS.items()},
    "facility_postal_code": "805240001",
    "client_id": 60,
    "patient_last_name": "Example",
    "patient_first_name": "Robin",
    "patient_birth_on": date(1990, 4, 2),
    "patient_sex": "F",
    **{f"patient_{name}": value for name, value in _ADDRESS.items()},
    "policy_id": 80,
    "insurer_id": 90,
    "payer_name": "Prairie Health",
    "payer_code": "60054",
    "claim_filing_code": "CI",
    "member_id": "W123456789",
    "relationship": "self",
    "policy_starts_on": date(2026, 1, 1),
    "policy_ends_on": date(2026, 12, 31),
    "assignment_of_benefits": True,
    "release_of_information": True,
    "subscriber_last_name": "Example",
    "subscriber_first_name": "Robin",
    "subscriber_birth_on": date(1990, 4, 2),
    "subscriber_sex": "F",
    **{f"subscriber_{name}": value for name, value in _ADDRESS.items()},
}
VALID_LINES: Sequence[Mapping[str, object]] = (
    {
        "line_number": 1,
        "service_on": date(2026, 11, 23),
        "procedure_code": "90837",
        "unit_count": 1,
        "charge_cents": 18000,
        "place_of_service_code": "11",
        "diagnosis_pointers": "1:2",
    },
    {
        "line_number": 2,
        "service_on": date(2026, 11, 23),
        "procedure_code": "90785",
        "unit_count": 1,
        "charge_cents": 3000,
        "diagnosis_pointers": "1",
    },
)
VALID_DIAGNOSES: Sequence[str] = ("F411", "F331")

#: The client is insured through somebody else, whose data are complete.
OTHER_HOLDER: Mapping[str, object] = {
    "relationship": "child",
    "subscriber_last_name": "Sample",
    "subscriber_first_name": "Kim",
    "subscriber_birth_on": date(1962, 8, 30),
    "subscriber_sex": "M",
}
#: A person who bills and renders alone: no 2310B on the claim.
SOLO: Mapping[str, object] = {
    "billing_entity_type": "1",
    "billing_name": "Okafor",
    "billing_first_name": "Lena",
    "rendering_staff_id": None,
    "rendering_last_name": None,
    "rendering_first_name": None,
    "rendering_npi": None,
    "rendering_taxonomy_code": None,
}


@dataclass(frozen=True)
class ClaimChange:
    """Changes to the valid claim: `claim` columns, `lines` by line number (or a whole new list), `diagnoses` as codes
    in order of rank or as (rank, code), `others` as rows of further frames by name, of which it has none."""

    claim: Mapping[str, object] | None = None
    lines: Mapping[int, Mapping[str, object]] | Sequence[Mapping[str, object]] | None = None
    diagnoses: Sequence[tuple[int, str]] | Sequence[str] | None = None
    others: Mapping[str, Sequence[Mapping[str, object]]] = field(default_factory=dict)

    def claim_row(self) -> dict[str, object]:
        return {**VALID_CLAIM, **(self.claim or {})}

    def line_rows(self) -> list[dict[str, object]]:
        if self.lines is None or isinstance(self.lines, Mapping):
            changes = self.lines or {}
            return [{**line, **changes.get(int(str(line["line_number"])), {})} for line in VALID_LINES]
        return [dict(line) for line in self.lines]

    def diagnosis_rows(self) -> list[dict[str, object]]:
        given = VALID_DIAGNOSES if self.diagnoses is None else self.diagnoses
        ranked = [entry if isinstance(entry, tuple) else (rank, entry) for rank, entry in enumerate(given, start=1)]
        return [{"rank": rank, "diagnosis_code": code} for rank, code in ranked]


def claims_of(changes: Mapping[int, ClaimChange]) -> ClaimFrames:
    """One claim per claim id, in the order given."""
    return ClaimFrames(
        claims=_frame([{**one.claim_row(), "claim_id": number} for number, one in changes.items()], CLAIM_COLUMNS),
        lines=_frame(
            [{**row, "claim_id": number} for number, one in changes.items() for row in one.line_rows()], LINE_COLUMNS
        ),
        diagnoses=_frame(
            [{**row, "claim_id": number} for number, one in changes.items() for row in one.diagnosis_rows()],
            DIAGNOSIS_COLUMNS,
        ),
        **{
            name: _frame(
                [{**row, "claim_id": number} for number, one in changes.items() for row in one.others.get(name, [])],
                columns,
            )
            for name, columns in FRAME_COLUMNS.items()
            if name not in ("claims", "lines", "diagnoses")
        },
    )


def claim_set(
    claim: Mapping[str, object] | None = None,
    lines: Mapping[int, Mapping[str, object]] | Sequence[Mapping[str, object]] | None = None,
    diagnoses: Sequence[tuple[int, str]] | Sequence[str] | None = None,
) -> ClaimFrames:
    """One claim, number 1, with the changes that `ClaimChange` describes."""
    return claims_of({1: ClaimChange(claim, lines, diagnoses)})


def no_claims() -> ClaimFrames:
    """Frames with all columns and no row."""
    return ClaimFrames(as_frame({}, CLAIM_COLUMNS), as_frame({}, LINE_COLUMNS), as_frame({}, DIAGNOSIS_COLUMNS))


def _frame(rows: Sequence[Mapping[str, object]], columns: dict[str, str]) -> pd.DataFrame:
    names = sorted({name for row in rows for name in row})
    return as_frame({name: [row.get(name) for row in rows] for name in names}, columns)


def found(findings: pd.DataFrame) -> set[tuple[str, int]]:
    """The findings of one claim as (edit code, line number)."""
    return set(zip(findings["edit_code"], findings["line_number"].astype(int), strict=True))
