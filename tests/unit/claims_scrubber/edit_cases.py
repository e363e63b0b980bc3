"""For every edit: claims it must find something on, and claims as close to them as can be that it must leave alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.unit.claims_scrubber.claim_sets import NIGHT, OTHER_HOLDER, SOLO, VALID_LINES, ClaimChange, npi

_DAY = timedelta(days=1)
_WHOLE = frozenset({0})
_CLEAN: frozenset[int] = frozenset()
_CORRECTION = {"frequency_code": "7", "payer_claim_control_number": "8123"}
_VOID = {"frequency_code": "8", "payer_claim_control_number": "8123"}


@dataclass(frozen=True)
class Case:
    """Changes to the valid claim, the lines (0: the claim) its edit must find, and what other edits then find too.

    `value`: what every finding of the edit must show as the offending value, if the case cares.
    """

    name: str
    lines_found: frozenset[int]
    claim: Mapping[str, object] = field(default_factory=dict)
    lines: Mapping[int, Mapping[str, object]] | Sequence[Mapping[str, object]] | None = None
    diagnoses: Sequence[tuple[int, str]] | Sequence[str] | None = None
    also: frozenset[tuple[str, int]] = frozenset()
    value: str | None = None
    as_of_on: date = NIGHT
    others: Mapping[str, Sequence[Mapping[str, object]]] = field(default_factory=dict)

    @property
    def change(self) -> ClaimChange:
        return ClaimChange(self.claim, self.lines, self.diagnoses, self.others)


def _names(prefix: str, base: Mapping[str, object]) -> list[Case]:
    return [
        Case(
            "last name missing", _WHOLE, {**base, f"{prefix}_last_name": None, f"{prefix}_middle_name": "Q"},
            value="last name",
        ),
        Case("first name missing", _WHOLE, {**base, f"{prefix}_first_name": None}, value="first name"),
        Case("first name of spaces", _WHOLE, {**base, f"{prefix}_first_name": " \t "}, value="first name"),
        Case("last name empty", _WHOLE, {**base, f"{prefix}_last_name": ""}, value="last name"),
        Case(
            "both missing", _WHOLE, {**base, f"{prefix}_last_name": None, f"{prefix}_first_name": None},
            value="last name, first name",
        ),
        Case("one letter is a name", _CLEAN, {**base, f"{prefix}_first_name": "J"}),
        Case("a name after a space is a name", _CLEAN, {**base, f"{prefix}_last_name": " Lee"}),
        Case("middle name missing", _CLEAN, {**base, f"{prefix}_middle_name": None}),
    ]  # fmt: skip


def _impossible_births(column: str, base: Mapping[str, object]) -> list[Case]:
    return [
        Case("the day after the night", _WHOLE, {**base, column: NIGHT + _DAY}, value="2026-11-26"),
        Case("on the night itself", _CLEAN, {**base, column: NIGHT}, _both_lines({"service_on": NIGHT})),
        Case("150 years old on the night", _WHOLE, {**base, column: date(1876, 11, 25)}, value="1876-11-25"),
        Case("150 years old tomorrow", _CLEAN, {**base, column: date(1876, 11, 26)}),
        Case("200 years old", _WHOLE, {**base, column: date(1826, 1, 1)}),
        Case(
            "150 years old the day before a leap day",
            _WHOLE,
            {**base, column: date(1878, 2, 28), "policy_ends_on": None},
            as_of_on=date(2028, 2, 29),
        ),
        Case(
            "150 years old the day after a leap day",
            _CLEAN,
            {**base, column: date(1878, 3, 1), "policy_ends_on": None},
            as_of_on=date(2028, 2, 29),
        ),
    ]


def _sexes(column: str, base: Mapping[str, object]) -> list[Case]:
    return [
        Case("missing", _WHOLE, {**base, column: None}),
        Case("empty", _WHOLE, {**base, column: ""}),
        Case("another letter", _WHOLE, {**base, column: "X"}, value="X"),
        Case("lower case", _WHOLE, {**base, column: "f"}, value="f"),
        *(Case(code, _CLEAN, {**base, column: code}) for code in ("F", "M", "U")),
    ]


def _addresses(prefix: str, base: Mapping[str, object]) -> list[Case]:
    return [
        Case("street missing", _WHOLE, {**base, f"{prefix}_address_1": None}, value="street"),
        Case("city missing", _WHOLE, {**base, f"{prefix}_city": " "}, value="city"),
        Case("state missing", _WHOLE, {**base, f"{prefix}_state_code": ""}, value="state"),
        Case("ZIP missing", _WHOLE, {**base, f"{prefix}_postal_code": None}, value="ZIP code"),
        Case(
            "street only in the second line", _WHOLE,
            {**base, f"{prefix}_address_1": None, f"{prefix}_address_2": "Suite 4", f"{prefix}_city": None},
            value="street, city",
        ),
        Case("second address line missing", _CLEAN, {**base, f"{prefix}_address_2": None}),
    ]  # fmt: skip


def _wrong_npis(column: str) -> list[Case]:
    return [
        Case("check digit one off", _WHOLE, {column: "1234567894"}, value="1234567894"),
        Case("two digits swapped", _WHOLE, {column: "1234576893"}),
        Case("nine digits", _WHOLE, {column: "123456789"}),
        Case("eleven digits", _WHOLE, {column: "12345678930"}),
        Case("first digit 3 with a right check digit", _WHOLE, {column: npi("323456789")}),
        Case("first digit 0 with a right check digit", _WHOLE, {column: npi("012345678")}),
        Case("a letter", _WHOLE, {column: "12345678X3"}),
        Case("digits of another script", _WHOLE, {column: "1٢٣٤٥٦٧٨٩٣"}),
        Case("a space behind", _WHOLE, {column: "1234567893 "}),
        Case("first digit 1", _CLEAN, {column: npi("198765432")}),
        Case("first digit 2", _CLEAN, {column: npi("298765432")}),
        Case("check digit 0", _CLEAN, {column: _npi_ending_in_zero()}),
    ]


def _npi_ending_in_zero() -> str:
    return next(number for number in map(npi, map(str, range(100000000, 100000100))) if number.endswith("0"))


def _nine_digits(column: str, base: Mapping[str, object]) -> list[Case]:
    return [
        Case("missing", _WHOLE, {**base, column: None}),
        Case("empty", _WHOLE, {**base, column: ""}),
        Case("five digits", _WHOLE, {**base, column: "80521"}, value="80521"),
        Case("eight digits", _WHOLE, {**base, column: "80521123"}),
        Case("ten digits", _WHOLE, {**base, column: "8052112345"}),
        Case("a hyphen left in", _WHOLE, {**base, column: "80521-123"}),
        Case("a letter among them", _WHOLE, {**base, column: "80521123O"}),
        Case("hyphen and nine digits: the writer takes it out", _CLEAN, {**base, column: "80521-1234"}),
        Case("a space and nine digits", _CLEAN, {**base, column: " 80521 1234"}),
        Case("digits of another script", _WHOLE, {**base, column: "٨٠٥٢١١٢٣٤"}),
        Case("nine digits", _CLEAN, {**base, column: "805211234"}),
        Case("nine digits with leading zeros", _CLEAN, {**base, column: "016015432"}),
    ]


_NO_PLACE = dict.fromkeys(["facility_address_1", "facility_city", "facility_state_code"])


def _both_lines(changes: Mapping[str, object]) -> dict[int, Mapping[str, object]]:
    return {1: changes, 2: changes}


_SELF_WITHOUT_HOLDER = {
    "subscriber_last_name": None,
    "subscriber_first_name": None,
    "subscriber_birth_on": None,
    "subscriber_sex": None,
    "subscriber_address_1": None,
    "subscriber_postal_code": None,
}
_SELF_CASE = Case("the client is the policy holder", _CLEAN, _SELF_WITHOUT_HOLDER)
_NO_POLICY_CASE = Case(
    "no policy at all: other edits say so",
    _CLEAN,
    {
        **dict.fromkeys(["policy_id", "insurer_id", "payer_code", "member_id", "relationship"]),
        **_SELF_WITHOUT_HOLDER,
    },
    also=frozenset({("MEM01", 0), ("PAY01", 0), ("COV01", 1), ("COV01", 2)}),
)

CASES: Mapping[str, Sequence[Case]] = {
    "NAM01": _names("patient", {}),
    "NAM02": [*_names("subscriber", OTHER_HOLDER), _SELF_CASE, _NO_POLICY_CASE],
    "DOB01": [
        Case("missing", _WHOLE, {"patient_birth_on": None}),
        Case("present", _CLEAN, {"patient_birth_on": date(2020, 2, 29)}),
    ],
    "DOB02": _impossible_births("patient_birth_on", {}),
    "DOB03": [
        Case("missing", _WHOLE, {**OTHER_HOLDER, "subscriber_birth_on": None}),
        Case("present", _CLEAN, OTHER_HOLDER),
        _SELF_CASE,
        _NO_POLICY_CASE,
    ],
    "DOB04": [
        *_impossible_births("subscriber_birth_on", {**OTHER_HOLDER, "relationship": "other"}),
        Case("the client is the policy holder", _CLEAN, {"subscriber_birth_on": NIGHT + _DAY}),
    ],
    "SEX01": _sexes("patient_sex", {}),
    "SEX02": [*_sexes("subscriber_sex", OTHER_HOLDER), _SELF_CASE, _NO_POLICY_CASE],
    "ADR01": _addresses("patient", {}),
    "ADR02": [*_addresses("subscriber", OTHER_HOLDER), _SELF_CASE, _NO_POLICY_CASE],
    "MEM01": [
        Case("missing", _WHOLE, {"member_id": None}),
        Case("spaces", _WHOLE, {"member_id": "  "}),
        Case("present", _CLEAN, {"member_id": "12"}),
    ],
    "NPI01": [
        Case("missing", _WHOLE, {"billing_npi": None}),
        Case("spaces", _WHOLE, {"billing_npi": "   "}),
        Case("present", _CLEAN, {"billing_npi": npi("123456781")}),
    ],
    "NPI02": _wrong_npis("billing_npi"),
    "NPI03": [
        Case("missing", _WHOLE, {"rendering_npi": None}),
        Case("an organization bills and nobody renders", _WHOLE, {**SOLO, "billing_entity_type": "2"}),
        Case(
            "a person bills for somebody else",
            _WHOLE,
            {"billing_entity_type": "1", "billing_first_name": "Ann", "rendering_npi": ""},
        ),
        Case(
            "a rendering name without a staff id",
            _WHOLE,
            {**SOLO, "rendering_last_name": "Okafor", "rendering_first_name": "Lena"},
        ),
        Case("a staff id without a rendering name", _WHOLE, {**SOLO, "rendering_staff_id": 40}),
        Case("a person who bills alone", _CLEAN, SOLO),
        Case("present", _CLEAN, {"rendering_npi": npi("123456782")}),
    ],
    "NPI04": _wrong_npis("rendering_npi"),
    "TAX01": _nine_digits("billing_tax_id", {}),
    "ZIP01": _nine_digits("billing_postal_code", {}),
    "ZIP02": [
        *_nine_digits("facility_postal_code", {}),
        Case(
            "a street without a name", _WHOLE, {"facility_name": None, "facility_postal_code": None},
            also=frozenset({("FAC03", 0)}),
        ),
        Case("a name without an address", _WHOLE, {**_NO_PLACE, "facility_postal_code": "80524"}),
        Case(
            "no facility on the claim",
            _CLEAN,
            {"facility_name": None, "facility_postal_code": None, **_NO_PLACE},
        ),
    ],
    "PAY01": [
        Case("missing", _WHOLE, {"payer_code": None}),
        Case("empty", _WHOLE, {"payer_code": ""}),
        Case("present", _CLEAN, {"payer_code": "SX107"}),
    ],
    "PAY02": [
        Case("not on the list", _WHOLE, {"payer_code": "60055"}, value="60055"),
        Case("other case than on the list", _WHOLE, {"payer_code": "sx107"}),
        Case("on the list", _CLEAN, {"payer_code": "SX107"}),
        Case("missing: another edit says so", _CLEAN, {"payer_code": None}, also=frozenset({("PAY01", 0)})),
    ],
    "COV01": [
        Case(
            "starts the day after one line", frozenset({1}), {"policy_starts_on": date(2026, 11, 23)},
            {1: {"service_on": date(2026, 11, 22)}}, value="2026-11-22", also=frozenset({("PSY01", 2)}),
        ),
        Case("ends the day before both lines", frozenset({1, 2}), {"policy_ends_on": date(2026, 11, 22)}),
        Case("no policy", frozenset({1, 2}), {"policy_id": None, "insurer_id": None}),
        Case("starts on the day", _CLEAN, {"policy_starts_on": date(2026, 11, 23)}),
        Case("ends on the day", _CLEAN, {"policy_ends_on": date(2026, 11, 23)}),
        Case("one day long", _CLEAN, dict.fromkeys(["policy_starts_on", "policy_ends_on"], date(2026, 11, 23))),
        Case("open start", _CLEAN, {"policy_starts_on": None}),
        Case("open end", _CLEAN, {"policy_ends_on": None}),
        Case("open on both sides", _CLEAN, dict.fromkeys(["policy_starts_on", "policy_ends_on"])),
    ],
    "DIA01": [
        Case("none", _WHOLE, diagnoses=[]),
        Case("none, and no pointer either", _WHOLE, {}, _both_lines({"diagnosis_pointers": None}), []),
        Case("a rank without a code", _WHOLE, diagnoses=[(1, " ")]),
        Case("one", _CLEAN, {}, _both_lines({"diagnosis_pointers": "1"}), ["F411"]),
    ],
    "DIA02": [
        Case("missing", frozenset({2}), {}, {2: {"diagnosis_pointers": None}}),
        Case("empty", frozenset({2}), {}, {2: {"diagnosis_pointers": ""}}),
        Case("one rank past the last", frozenset({1}), {}, {1: {"diagnosis_pointers": "3"}}, value="3"),
        Case("the second of two is not there", frozenset({1}), {}, {1: {"diagnosis_pointers": "1:3"}}),
        Case("rank 0", frozenset({1}), {}, {1: {"diagnosis_pointers": "0"}}),
        Case("twice the same", frozenset({1}), {}, {1: {"diagnosis_pointers": "1:1"}}),
        Case("five", frozenset({1}), {}, {1: {"diagnosis_pointers": "1:2:3:4:5"}}, ["A00", "A01", "A02", "A03", "A04"]),
        Case("a comma", frozenset({1}), {}, {1: {"diagnosis_pointers": "1,2"}}),
        Case("a colon behind", frozenset({1}), {}, {1: {"diagnosis_pointers": "1:"}}),
        Case("a letter as on the paper form", frozenset({1}), {}, {1: {"diagnosis_pointers": "A"}}),
        Case(
            "rank 13", frozenset({1}), {}, {1: {"diagnosis_pointers": "13"}}, [f"A0{n}" for n in range(10, 23)],
            also=frozenset({("DIA09", 0)}),
        ),
        Case("points at a rank without a code", frozenset({1}), diagnoses=[(1, "F411"), (2, "")]),
        Case(
            "points into a gap", frozenset({1}), diagnoses=[(1, "F411"), (3, "F331")],
            also=frozenset({("DIA09", 0)}),
        ),
        Case("the last rank there is", _CLEAN, {}, {1: {"diagnosis_pointers": "2"}}),
        Case("four", _CLEAN, {}, {1: {"diagnosis_pointers": "4:3:2:1"}}, ["A00", "A01", "A02", "A03"]),
        Case("rank 12", _CLEAN, {}, {1: {"diagnosis_pointers": "12:1"}}, [f"A0{n}" for n in range(10, 22)]),
        Case("no diagnosis at all: another edit says so", _CLEAN, diagnoses=[], also=frozenset({("DIA01", 0)})),
    ],
    "LIN01": [
        Case("no line", _WHOLE, lines=[]),
        Case("one line", _CLEAN, {"total_charge_cents": 18000}, VALID_LINES[:1]),
    ],
    "CHG01": [
        Case("missing", frozenset({2}), {}, {2: {"charge_cents": None}}),
        Case(
            "one cent below zero", frozenset({2}), {"total_charge_cents": 17999}, {2: {"charge_cents": -1}},
            value="-0.01",
        ),
        Case("one cent", _CLEAN, {"total_charge_cents": 18001}, {2: {"charge_cents": 1}}),
        Case(
            "zero: another edit says so", _CLEAN, {"total_charge_cents": 18000}, {2: {"charge_cents": 0}},
            also=frozenset({("CHG02", 2)}),
        ),
    ],
    "CHG02": [
        Case("zero", frozenset({2}), {"total_charge_cents": 18000}, {2: {"charge_cents": 0}}, value="0.00"),
        Case("one cent", _CLEAN, {"total_charge_cents": 18001}, {2: {"charge_cents": 1}}),
        Case(
            "one cent below zero: another edit says so", _CLEAN,
            {"total_charge_cents": 17999}, {2: {"charge_cents": -1}},
            also=frozenset({("CHG01", 2)}),
        ),
        Case("missing: another edit says so", _CLEAN, {}, {2: {"charge_cents": None}}, also=frozenset({("CHG01", 2)})),
    ],
    "CHG03": [
        Case("one cent too much", _WHOLE, {"total_charge_cents": 21001}, value="210.01"),
        Case("one cent too little", _WHOLE, {"total_charge_cents": 20999}),
        Case("missing", _WHOLE, {"total_charge_cents": None}),
        Case(
            "missing, and the sum is zero", _WHOLE, {"total_charge_cents": None}, _both_lines({"charge_cents": 0}),
            also=frozenset({("CHG02", 1), ("CHG02", 2)}),
        ),
        Case("equal", _CLEAN, {"total_charge_cents": 18100}, {2: {"charge_cents": 100}}),
        Case(
            "a line without a charge: another edit says so", _CLEAN, {}, {2: {"charge_cents": None}},
            also=frozenset({("CHG01", 2)}),
        ),
        Case("no line: another edit says so", _CLEAN, lines=[], also=frozenset({("LIN01", 0)})),
    ],
    "UNI01": [
        Case("missing", frozenset({1}), {}, {1: {"unit_count": None}}),
        Case("zero", frozenset({2}), {}, {2: {"unit_count": 0}}, value="0"),
        Case("below zero", frozenset({1, 2}), {}, _both_lines({"unit_count": -1}), value="-1"),
        Case("one", _CLEAN, {}, _both_lines({"unit_count": 1})),
        Case("many", _CLEAN, {}, _both_lines({"unit_count": 99}), also=frozenset({("PSY13", 1)})),
    ],
    "POS01": [
        Case("missing", _WHOLE, {"place_of_service_code": None}),
        Case("empty", _WHOLE, {"place_of_service_code": ""}),
        Case("an unassigned number", _WHOLE, {"place_of_service_code": "28"}, value="28"),
        Case("one digit", _WHOLE, {"place_of_service_code": "2"}, value="2"),
        Case("a space behind", _WHOLE, {"place_of_service_code": "11 "}),
        *(
            Case(f"code {code}", _CLEAN, {"place_of_service_code": code})
            for code in ("01", "11", "12", "27", "53", "99")
        ),
        *(
            Case(f"code {code}", _CLEAN, {"place_of_service_code": code, "telehealth": "video"})
            for code in ("02", "10")
        ),
    ],
    "POS02": [
        Case("an unassigned number", frozenset({2}), {}, {2: {"place_of_service_code": "30"}}, value="30"),
        Case("one digit", frozenset({1}), {}, {1: {"place_of_service_code": "1"}}),
        Case("missing: the claim's counts", _CLEAN, {}, _both_lines({"place_of_service_code": None})),
        Case("empty: the claim's counts", _CLEAN, {}, _both_lines({"place_of_service_code": " "})),
        Case("another than the claim's", _CLEAN, {}, {2: {"place_of_service_code": "10"}}),
    ],
    "DOS01": [
        Case(
            "the day after the night", frozenset({2}), {}, {2: {"service_on": NIGHT + _DAY}}, value="2026-11-26",
            also=frozenset({("PSY01", 2)}),
        ),
        Case("missing", frozenset({1}), {}, {1: {"service_on": None}}),
        Case("on the night itself", _CLEAN, {}, _both_lines({"service_on": NIGHT})),
    ],
    "DUP01": [
        Case("one line sent before", frozenset({2}), {}, {2: {"sent_claim_number": "C7V1"}}, value="C7V1"),
        Case("empty", _CLEAN, {}, {2: {"sent_claim_number": ""}}),
        Case("none sent before", _CLEAN, {}, _both_lines({"sent_claim_number": None})),
        Case("a correction", _CLEAN, _CORRECTION, {2: {"sent_claim_number": "C7V1"}}),
        Case("a void", _CLEAN, _VOID, {2: {"sent_claim_number": "C7V1"}}),
    ],
    "DUP02": [
        Case("another claim", _WHOLE, {"other_claim_number": "C8V1"}, value="C8V1"),
        Case("empty", _CLEAN, {"other_claim_number": ""}),
        Case("no other claim", _CLEAN, {"other_claim_number": None}),
        Case("a correction", _CLEAN, {**_CORRECTION, "other_claim_number": "C8V1"}),
        Case("a void", _CLEAN, {**_VOID, "other_claim_number": "C8V1"}),
    ],
}  # fmt: skip
