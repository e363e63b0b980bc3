"""Invented claims for the tests of this folder; nobody in them exists."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

from include.claim_frames import CLAIM_COLUMNS, DIAGNOSIS_COLUMNS, LINE_COLUMNS, ClaimFrames, as_frame
from include.clearinghouse.interchange import Receiver

RECEIVER = Receiver(
    receiver_code="TESTHOUSE",
    submitter_id="SUBM01",
    submitter_name="Practice Billing Service",
    contact_name="Dana Okafor",
    contact_phone="(303) 555-0100",
    receiver_id="HOUSE01",
    receiver_name="Test Clearinghouse",
)
CREATED_AT = datetime(2026, 11, 25, 21, 4, tzinfo=UTC)

Row = dict[str, object]

_LINE: Row = {
    "service_on": date(2026, 11, 23),
    "procedure_code": "90837",
    "unit_count": 1,
    "charge_cents": 15000,
    "place_of_service_code": "11",
    "diagnosis_pointers": "1",
}


def line(**changes: object) -> Row:
    return {**_LINE, **changes}


def claim(claim_id: int = 1, **changes: object) -> Row:
    """One valid claim of a client insured by themself, billed by a group; `lines` and `diagnoses` may be given."""
    row: Row = {
        "claim_id": claim_id,
        "organization_id": 7,
        "claim_number": f"C{claim_id:06d}",
        "version": 1,
        "level": "primary",
        "frequency_code": "1",
        "place_of_service_code": "11",
        "invoice_id": 100 + claim_id,
        "appointment_id": 200 + claim_id,
        "billing_provider_id": 1,
        "billing_entity_type": "2",
        "billing_name": "Aspen Counseling Group",
        "billing_npi": "1234567893",
        "billing_tax_id": "84-1234567",
        "billing_tax_id_type": "EI",
        "billing_taxonomy_code": "261QM0801X",
        "billing_address_1": "100 Larimer St",
        "billing_city": "Denver",
        "billing_state_code": "CO",
        "billing_postal_code": "80202-1234",
        "billing_phone": "303-555-0101",
        "rendering_staff_id": 11,
        "rendering_last_name": "Quill",
        "rendering_first_name": "Maren",
        "rendering_npi": "1245319599",
        "rendering_taxonomy_code": "101YM0800X",
        "client_id": 300 + claim_id,
        "policy_id": 400 + claim_id,
        "insurer_id": 5,
        "payer_name": "Mesa Mutual",
        "payer_code": "MESA1",
        "claim_filing_code": "CI",
        "member_id": f"M{claim_id:08d}",
        "group_number": "G-55",
        "relationship": "self",
        "assignment_of_benefits": True,
        "release_of_information": True,
        **person("patient", "Arbor", "Lena"),
        **person("subscriber", "Arbor", "Lena"),
        "lines": [line()],
        "diagnoses": ["F411"],
    }
    row.update(changes)
    if "total_charge_cents" not in row:
        charges = [each.get("charge_cents") for each in row["lines"]]  # type: ignore[attr-defined]
        row["total_charge_cents"] = sum(charge for charge in charges if isinstance(charge, int))
    return row


def person(role: str, last_name: str, first_name: str, **changes: object) -> Row:
    """The columns of a patient or subscriber."""
    values: Row = {
        "last_name": last_name,
        "first_name": first_name,
        "birth_on": date(1988, 2, 29),
        "sex": "F",
        "address_1": "12 Juniper Ln",
        "city": "Boulder",
        "state_code": "CO",
        "postal_code": "80301",
        **changes,
    }
    return {f"{role}_{name}": value for name, value in values.items()}


def frames_of(claims: Iterable[Row]) -> ClaimFrames:
    """The three frames of `claims`, in the order the frames are promised in."""
    claims = list(claims)
    by_organization = sorted(claims, key=lambda row: (row["organization_id"], row["claim_id"]))  # type: ignore[return-value,arg-type]
    by_id = sorted(claims, key=lambda row: row["claim_id"])  # type: ignore[return-value,arg-type]
    claim_rows = [{k: v for k, v in row.items() if k not in ("lines", "diagnoses")} for row in by_organization]
    line_rows = [
        {"claim_id": row["claim_id"], "line_number": number, **each}
        for row in by_id
        for number, each in enumerate(row["lines"], start=1)  # type: ignore[arg-type]
    ]
    diagnosis_rows = [
        {"claim_id": row["claim_id"], "rank": rank, "diagnosis_code": code}
        for row in by_id
        for rank, code in enumerate(row["diagnoses"], start=1)  # type: ignore[arg-type]
    ]
    frames = ClaimFrames(
        _frame(claim_rows, CLAIM_COLUMNS), _frame(line_rows, LINE_COLUMNS), _frame(diagnosis_rows, DIAGNOSIS_COLUMNS)
    )
    frames.check()
    return frames


def _frame(rows: list[Row], columns: dict[str, str]):  # type: ignore[no-untyped-def]
    return as_frame({column: [row.get(column) for row in rows] for column in columns}, columns)


_SOLO: Row = {
    "billing_provider_id": 2,
    "billing_entity_type": "1",
    "billing_name": "Quill",
    "billing_first_name": "Maren",
    "billing_npi": "1245319599",
    "billing_tax_id": "987654321",
    "billing_tax_id_type": "SY",
    "billing_taxonomy_code": "101YM0800X",
}
_FACILITY: Row = {
    "location_id": 3,
    "facility_name": "Aspen Counseling East",
    "facility_address_1": "9 Quebec Way",
    "facility_address_2": "Suite 2",
    "facility_city": "Denver",
    "facility_state_code": "CO",
    "facility_postal_code": "80230-0001",
}
_SUPERVISOR: Row = {
    "supervising_last_name": "Thorne",
    "supervising_first_name": "Ida",
    "supervising_npi": "1093817465",
}
_CHILD: Row = {"relationship": "child", **person("patient", "Arbor", "Pim", birth_on=date(2015, 5, 1), sex="M")}

#: Cases that must all be accepted, by what is special about them; `claim(**case)` makes the claim.
VALID_CASES: dict[str, Row] = {
    "group bills, subscriber is the client": {},
    "child of the subscriber": _CHILD,
    "spouse of the subscriber": {"relationship": "spouse", **person("patient", "Arbor", "Noor", sex="M")},
    "other relationship": {"relationship": "other", **person("patient", "Vale", "Sam", sex="U")},
    "sex unknown": {"subscriber_sex": "U", "patient_sex": "U"},
    "middle names": {"patient_middle_name": "J", "subscriber_middle_name": "Jo"},
    "second address lines": {"subscriber_address_2": "Apt #4", "billing_address_2": "Floor 3"},
    "solo clinician with social security number": _SOLO,
    "solo clinician billing for another clinician": {**_SOLO, "rendering_npi": "1093817465"},
    "group without taxonomy and phone": {"billing_taxonomy_code": None, "billing_phone": None},
    "phone with extension is left out": {"billing_phone": "303-555-0101 x5"},
    "no rendering clinician": {
        "rendering_last_name": None,
        "rendering_first_name": None,
        "rendering_npi": None,
        "rendering_taxonomy_code": None,
    },
    "rendering clinician without taxonomy": {"rendering_taxonomy_code": None},
    "supervised": _SUPERVISOR,
    "facility elsewhere": _FACILITY,
    "facility with its own NPI": {**_FACILITY, "facility_npi": "1598765430"},
    "facility, supervised, child": {**_FACILITY, **_SUPERVISOR, **_CHILD},
    "telehealth with modifier": {
        "place_of_service_code": "10",
        "lines": [line(place_of_service_code="10", modifier_1="95")],
    },
    "four modifiers": {"lines": [line(modifier_1="95", modifier_2="HO", modifier_3="GT", modifier_4="59")]},
    "line at another place of service": {"lines": [line(), line(place_of_service_code="02", procedure_code="90785")]},
    "twelve diagnoses": {
        "diagnoses": [
            "F411", "F331", "F4310", "F900", "Z630", "F4323", "F410", "F429", "F5101", "Z6282", "F1020", "Z560",
        ],
        "lines": [line(diagnosis_pointers="1:2:11:12")],
    },
    "fifty lines": {"lines": [line(charge_cents=100 + number) for number in range(50)]},
    "two days, several units": {
        "lines": [line(unit_count=3, charge_cents=4550), line(service_on=date(2026, 11, 24), charge_cents=10025)]
    },
    "prior authorization": {"authorization_number": "AUTH-77"},
    "replacement": {"frequency_code": "7", "payer_claim_control_number": "PCN2026A"},
    "void with authorization": {
        "frequency_code": "8",
        "payer_claim_control_number": "PCN2026B",
        "authorization_number": "A1",
    },
    "secondary": {"level": "secondary", "group_number": None},
    "tertiary": {"level": "tertiary"},
    "benefits not assigned, informed consent": {"assignment_of_benefits": False, "release_of_information": False},
    "no group number": {"group_number": None},
    "Medicaid": {"claim_filing_code": "MC", "payer_name": "Health First", "payer_code": "COMCD"},
    "names with accents, apostrophes and hyphens": person("subscriber", "O\u2019Neill-Núñez", "Zoë"),
    "longest claim number": {"claim_number": "C2345678901234567"},
    "large charge": {"lines": [line(charge_cents=123_456_789)]},
}  # fmt: skip


def valid_claims() -> list[Row]:
    """One claim per case, in three organizations."""
    return [
        claim(number, **{"organization_id": 7 + number % 3, **case})
        for number, case in enumerate(VALID_CASES.values(), start=1)
    ]
