"""What claims may look like: one case per thing that is special. Invented; nobody in them exists."""

from __future__ import annotations

from datetime import date

from tests.unit.clearinghouse.example_claims import Row, claim, line, line_payment, other_payer, person

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
_PAY_TO: Row = {
    "pay_to_address_1": "PO Box 77",
    "pay_to_city": "Golden",
    "pay_to_state_code": "CO",
    "pay_to_postal_code": "80401",
}
_REFERRED: Row = {
    "referring_entity_type": "1",
    "referring_last_name": "Moss",
    "referring_first_name": "Ada",
    "referring_npi": "1679576722",
}
_AUTO_ACCIDENT: Row = {"accident_cause": "auto", "accident_on": date(2026, 10, 2), "accident_state_code": "UT"}
#: The primary insurer paid 90 of 150 dollars for the only line.
_PAID_BY_LINE: Row = {
    "adjudicated_on": date(2026, 11, 24),
    "paid_cents": 9000,
    "payer_claim_control_number": "ICN-1",
    "line_payments": [line_payment(1, 9000, ("CO", "45", 3000), ("PR", "1", 1000), ("PR", "3", 2000, 1))],
}
_PAID_BY_CLAIM: Row = {
    "adjudicated_on": date(2026, 11, 24),
    "paid_cents": 9000,
    "adjustments": [("CO", "45", 4000), ("PR", "2", 2000)],
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
    "paid to another address": _PAY_TO,
    "solo clinician paid to another address": {**_SOLO, **_PAY_TO, "pay_to_address_2": "Suite #9"},
    "referred": _REFERRED,
    "referred without NPI": {**_REFERRED, "referring_npi": None},
    "referred, supervised, facility, child": {**_REFERRED, **_SUPERVISOR, **_FACILITY, **_CHILD},
    "car accident": _AUTO_ACCIDENT,
    "car accident in a state not told": {**_AUTO_ACCIDENT, "accident_state_code": None},
    "accident at work": {"accident_cause": "employment", "accident_on": date(2026, 9, 1)},
    "caused by work, no accident": {"accident_cause": "employment"},
    "other accident": {"accident_cause": "other", "accident_on": date(2026, 11, 23)},
    "note on the claim": {"claim_note": "Session moved at the client's request"},
    "longest notes and authorization": {
        "claim_note": "N" * 80,
        "authorization_number": "AUTH-1",
        "lines": [line(line_note="L" * 80), line(line_note="second")],
    },
    "unlisted procedure": {"lines": [line(procedure_code="90899", description="Family consultation")]},
    "unlisted procedure with modifiers": {
        "lines": [line(procedure_code="90899", description="D" * 80, modifier_1="95", modifier_2="HO")]
    },
    "everything that may be told of an original claim": {
        **_PAY_TO, **_REFERRED, **_SUPERVISOR, **_FACILITY, **_CHILD, **_AUTO_ACCIDENT,
        "authorization_number": "A-9", "claim_note": "note",
        "lines": [line(procedure_code="90899", description="consultation", line_note="line note")],
    },
    "secondary, paid by line": {"level": "secondary", "other_payers": [other_payer(**_PAID_BY_LINE)]},
    "secondary, paid as a whole": {"level": "secondary", "other_payers": [other_payer(**_PAID_BY_CLAIM)]},
    "secondary, paid by line and reduced as a whole": {
        "level": "secondary",
        "other_payers": [other_payer(**{**_PAID_BY_LINE, "adjustments": [("CO", "253", 150)], "paid_cents": 8850})],
    },
    "secondary of a child under another parent": {
        **_CHILD,
        "level": "secondary",
        "other_payers": [
            other_payer(
                relationship="child", subscriber_last_name="Vale", subscriber_first_name="Noor", **_PAID_BY_LINE
            )
        ],
    },
    "secondary, denied by the primary": {
        "level": "secondary",
        "other_payers": [
            other_payer(
                adjudicated_on=date(2026, 11, 24),
                paid_cents=0,
                line_payments=[line_payment(1, 0, ("PI", "204", 15000))],
            )
        ],
    },
    "tertiary after two that decided": {
        "level": "tertiary",
        "other_payers": [
            other_payer("primary", **_PAID_BY_LINE),
            other_payer(
                "secondary",
                adjudicated_on=date(2026, 12, 1),
                paid_cents=1000,
                line_payments=[line_payment(1, 1000, ("OA", "23", 12000), ("PR", "3", 2000))],
            ),
        ],
    },
    "primary with a secondary beside it": {
        "other_payers": [other_payer("secondary", group_number=None, assignment_of_benefits=False)]
    },
    "other insurer of a person with little known": {
        "level": "secondary",
        "other_payers": [
            other_payer(
                subscriber_first_name=None, subscriber_address_1=None, claim_filing_code=None, group_number=None
            )
        ],
    },
    "thirteen adjustments of a line in five groups": {
        "level": "secondary",
        "other_payers": [
            other_payer(
                adjudicated_on=date(2026, 11, 24),
                paid_cents=13700,
                line_payments=[
                    line_payment(
                        1, 13700, *(("CO", str(number), 100) for number in range(40, 46)),
                        *(("PR", str(number), 100, 1) for number in range(1, 5)),
                        ("OA", "23", 100), ("PI", "97", 100), ("CR", "45", 100),
                    )
                ],
            )
        ],
    },
    "secondary replacement with a note": {
        "level": "secondary",
        "frequency_code": "7",
        "payer_claim_control_number": "PCN2026C",
        "claim_note": "corrected units",
        "other_payers": [other_payer(**_PAID_BY_LINE)],
    },
    "second part of a split invoice": {
        "part": 2,
        "part_count": 2,
        "lines": [line(line_number=number) for number in (51, 52, 53)],
    },
}  # fmt: skip


def valid_claims() -> list[Row]:
    """One claim per case, in three organizations."""
    return [
        claim(number, **{"organization_id": 7 + number % 3, **case})
        for number, case in enumerate(VALID_CASES.values(), start=1)
    ]
