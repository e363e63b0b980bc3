"""Claims as hypothesis draws them: everything a valid claim may be, and up to the border of each element.

Hypothesis draws the structure (whose claim, which loops, how many lines) and a seed; texts and amounts follow from the
seed, out of short lists with the lengths and characters that matter. So thousands of claims take seconds.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from hypothesis import strategies as st

from tests.unit.clearinghouse.example_claims import Row

LAST_NAMES = ["O\u2019Neill-Núñez", "Vale", "Q", "Æsir", "Smith \u2013 Jones", "d'Arc", "X" * 60, "St. Cloud", "Ng"]
FIRST_NAMES = ["Zoë", "Lena", "J.", "Pim", "Ana María", "B" * 35, "Łucja"]
STREETS = ["12 Juniper Ln", "PO Box 4", "1/2 Elm & Main", "Apt #4, 9 Oak", "S" * 55]
CITIES = ["Boulder", "St. Paul", "Cañon City", "C" * 30]
STATES = [("CO", "80301"), ("NY", "10001-1234"), ("PR", "00901"), ("WA", "981010001")]
NPIS = ["1234567893", "1245319599", "1093817465", "1679576722", "1598765430"]
IDENTIFIERS = ["AB", "a-1/2.3", "M00000001", "9" * 50]
NOTES = ["moved at the client's request", "N" * 80, "É(1)", "x"]
PROCEDURES = ["90837", "90834", "90791", "90853", "H0004", "90899"]
MODIFIERS = ["95", "93", "HO", "GT", "59", "XE"]
DIAGNOSES = ["F411", "F331", "F4310", "F900", "Z630", "F4323", "F410", "F429", "F5101", "Z6282", "F1020", "Z560", "R69"]
PLACES = ["11", "02", "10", "53"]
FILING = ["CI", "MC", "BL", "MB", "ZZ", "11"]
REASONS = ["1", "2", "3", "45", "B7", "253", "N"]
DAY = date(2026, 11, 23)


def _maybe(random: Random, values: list[str], out_of_ten: int = 5) -> str | None:
    return random.choice(values) if random.randrange(10) < out_of_ten else None


def _address(random: Random, prefix: str) -> Row:
    state_code, postal_code = random.choice(STATES)
    return {
        f"{prefix}_address_1": random.choice(STREETS),
        f"{prefix}_address_2": _maybe(random, STREETS, 2),
        f"{prefix}_city": random.choice(CITIES),
        f"{prefix}_state_code": state_code,
        f"{prefix}_postal_code": postal_code,
    }


def _person(random: Random, prefix: str) -> Row:
    return {
        f"{prefix}_last_name": random.choice(LAST_NAMES),
        f"{prefix}_first_name": random.choice(FIRST_NAMES),
        f"{prefix}_middle_name": _maybe(random, ["J", "Jo", "M" * 25], 2),
        f"{prefix}_birth_on": date(1940, 1, 1) + timedelta(days=random.randrange(29_000)),
        f"{prefix}_sex": random.choice("FMU"),
        **_address(random, prefix),
    }


def _clinician(random: Random, prefix: str) -> Row:
    return {
        f"{prefix}_last_name": random.choice(LAST_NAMES),
        f"{prefix}_first_name": _maybe(random, FIRST_NAMES, 9),
        f"{prefix}_npi": _maybe(random, NPIS, 9),
    }


def _billing(random: Random) -> Row:
    solo = random.random() < 0.5
    row: Row = {
        "billing_entity_type": "1" if solo else "2",
        "billing_name": random.choice(LAST_NAMES),
        "billing_first_name": random.choice(FIRST_NAMES) if solo else None,
        "billing_npi": random.choice(NPIS),
        "billing_tax_id": random.choice(["84-1234567", "987654321"]),
        "billing_tax_id_type": random.choice(["EI", "SY"]),
        "billing_taxonomy_code": _maybe(random, ["261QM0801X"]),
        **_address(random, "billing"),
        "billing_phone": _maybe(random, ["303-555-0101", "303-555-0101 x5"]),
    }
    return row | (_address(random, "pay_to") if random.randrange(10) < 3 else {})


def _line(random: Random, number: int, diagnosis_count: int) -> Row:
    modifiers = random.choices(MODIFIERS, k=random.choice([0, 0, 1, 2, 4]))
    pointers = random.choices(range(1, diagnosis_count + 1), k=random.randint(1, 4))
    return {
        "line_number": number,
        "service_on": DAY - timedelta(days=random.randrange(10)),
        "procedure_code": random.choice(PROCEDURES),
        **{f"modifier_{position}": each for position, each in enumerate(modifiers, start=1)},
        "unit_count": random.choice([1, 1, 1, 2, 24]),
        "charge_cents": random.choice([15000, 12050, 1, 99_999_99]),
        "place_of_service_code": _maybe(random, PLACES, 7),
        "diagnosis_pointers": ":".join(map(str, pointers)),
        "description": _maybe(random, NOTES, 1),
        "line_note": _maybe(random, NOTES, 1),
    }


def _adjustments(random: Random, most: int) -> list[tuple[str, str, int, int | None]]:
    """At most five segments: one group with up to `most` adjustments, the others with one."""
    found: list[tuple[str, str, int, int | None]] = []
    groups = random.sample(["CO", "CR", "OA", "PI", "PR"], k=random.choice([0, 1, 1, 2, 4]))
    for number, group in enumerate(groups):
        for _ in range(random.choice([1, 1, 1, 2, most]) if number == 0 else 1):
            cents, quantity = random.choice([100, 2500, 7, -250, 0]), random.choice([None, None, 1])
            found.append((group, random.choice(REASONS), cents, quantity))
    return found


def _other_payer(random: Random, level: str, line_numbers: list[int]) -> Row:
    row: Row = {
        "level": level,
        "payer_name": random.choice(LAST_NAMES),
        "payer_code": random.choice(IDENTIFIERS),
        "claim_filing_code": _maybe(random, FILING, 8),
        "member_id": random.choice(IDENTIFIERS),
        "group_number": _maybe(random, IDENTIFIERS),
        "relationship": random.choice(["self", "spouse", "child", "other"]),
        "assignment_of_benefits": random.random() < 0.5,
        "release_of_information": random.random() < 0.5,
        "subscriber_last_name": random.choice(LAST_NAMES),
        "subscriber_first_name": _maybe(random, FIRST_NAMES, 9),
        **(_address(random, "subscriber") if random.random() < 0.5 else {"subscriber_city": "Boulder"}),
        "payer_claim_control_number": _maybe(random, IDENTIFIERS),
        "line_payments": [],
        "adjustments": [],
    }
    decided = random.choice(["not", "whole", "lines", "lines", "both"])
    if decided == "not":
        return row
    row |= {"adjudicated_on": DAY, "paid_cents": random.choice([0, 9000, 12_345])}
    if decided in ("whole", "both"):
        row["adjustments"] = _adjustments(random, 7)
    if decided in ("lines", "both"):
        row["line_payments"] = [
            {
                "line_number": number,
                "procedure_code": random.choice(PROCEDURES),
                "modifier_1": _maybe(random, MODIFIERS, 3),
                "unit_count": random.choice([None, 0, 1]),
                "paid_cents": random.choice([0, 9000]),
                "adjustments": _adjustments(random, 9),
            }
            for number in line_numbers
        ]
    return row


@st.composite
def generated_claims(draw: st.DrawFn) -> Row:
    """A valid claim without `claim_id` and `claim_number`."""
    random = draw(st.randoms(use_true_random=True))  # seeded by what is drawn
    level = draw(st.sampled_from(["primary", "primary", "primary", "primary", "secondary", "secondary", "tertiary"]))
    relationship = draw(st.sampled_from(["self", "self", "child", "spouse", "other"]))
    diagnoses = random.sample(DIAGNOSES, k=draw(st.integers(1, 12)))
    line_count = 50 if draw(st.integers(0, 99)) == 57 else draw(st.sampled_from([1, 1, 1, 1, 1, 2, 2, 5]))
    part = draw(st.sampled_from([1, 1, 1, 1, 2]))
    lines = [_line(random, number + 50 * (part - 1), len(diagnoses)) for number in range(1, line_count + 1)]
    frequency_code = draw(st.sampled_from(["1", "1", "7", "8"]))
    accident_cause = _maybe(random, ["auto", "employment", "other"], 2)
    row: Row = {
        "organization_id": draw(st.integers(1, 3)),
        "version": 1,
        "level": level,
        "frequency_code": frequency_code,
        "payer_claim_control_number": random.choice(IDENTIFIERS) if frequency_code != "1" else None,
        "place_of_service_code": random.choice(PLACES),
        **_billing(Random(random.randrange(40))),  # few practices, many claims
        "payer_name": random.choice(LAST_NAMES),
        "payer_code": random.choice(IDENTIFIERS),
        "claim_filing_code": random.choice(FILING),
        "member_id": random.choice(IDENTIFIERS),
        "group_number": _maybe(random, IDENTIFIERS),
        "relationship": relationship,
        "assignment_of_benefits": draw(st.booleans()),
        "release_of_information": draw(st.booleans()),
        **_person(random, "subscriber"),
        **(_person(random, "patient") if relationship != "self" else {}),
        "authorization_number": _maybe(random, IDENTIFIERS, 2),
        "claim_note": _maybe(random, NOTES, 2),
        "accident_cause": accident_cause,
        "accident_on": DAY if accident_cause and random.randrange(4) else None,
        "accident_state_code": _maybe(random, ["UT", "CO"]) if accident_cause else None,
        "part": part,
        "part_count": part,
        "total_charge_cents": sum(each["charge_cents"] for each in lines),  # type: ignore[misc]
        "lines": lines,
        "diagnoses": diagnoses,
    }
    if random.randrange(10) < 7:
        row |= _clinician(random, "rendering") | {"rendering_taxonomy_code": _maybe(random, ["101YM0800X"])}
    if random.randrange(10) < 2:
        row |= _clinician(random, "supervising")
    if draw(st.booleans()):
        row |= _clinician(random, "referring") | {"referring_entity_type": "1"}
    if draw(st.booleans()):
        row |= {"facility_name": "Aspen East", "facility_npi": _maybe(random, NPIS), **_address(random, "facility")}
    others = {"primary": ["secondary"], "secondary": ["primary"], "tertiary": ["primary", "secondary"]}[level]
    if level != "primary" or draw(st.integers(0, 9)) == 7:
        line_numbers: list[int] = [each["line_number"] for each in lines]  # type: ignore[misc]
        row["other_payers"] = [_other_payer(random, each, line_numbers) for each in others]
    return row
