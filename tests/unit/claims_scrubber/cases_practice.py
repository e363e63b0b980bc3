"""Cases of the edits on the practice's own data: addresses, ids, roles, qualifications. See `edit_cases`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.unit.claims_scrubber.cases_people import elsewhere, states
from tests.unit.claims_scrubber.claim_sets import OTHER_HOLDER, SOLO, npi
from tests.unit.claims_scrubber.edit_cases import Case

_WHOLE = frozenset({0})
_CLEAN: frozenset[int] = frozenset()
#: The payer that the payer tables speak of.
_STRICT: Mapping[str, object] = {
    "payer_code": "77950",
    "billing_npi": "1234567893",
    "authorization_number": "A1",
    "rendering_license_type": "LCSW",
}
_SUPERVISED: Mapping[str, object] = {
    "supervising_last_name": "Reyes",
    "supervising_first_name": "Ana",
    "supervising_npi": npi("123456785"),
}
_REFERRED: Mapping[str, object] = {
    "referring_entity_type": "1",
    "referring_last_name": "Moss",
    "referring_first_name": "Ida",
    "referring_npi": npi("123456786"),
}
#: The location is where the billing provider is, as people write it.
_AT_BILLING: Mapping[str, object] = {
    "facility_address_1": "12  WILLOW lane",
    "facility_city": "Fort Example ",
    "facility_state_code": "co",
    "facility_postal_code": "80521-9999",
}
_PAY_TO: Mapping[str, object] = {
    "pay_to_address_1": "PO Box 12",
    "pay_to_city": "Fort Example",
    "pay_to_state_code": "CO",
    "pay_to_postal_code": "80522",
}


def _boxes(column: str) -> list[Case]:
    return [
        *(
            Case(street, _WHOLE, {column: street})
            for street in (
                "PO Box 12",
                "P.O. BOX 12",
                "p o box 12",
                "12 Main St, POBox 3",
                "Post Office Box 7",
                "POB 12",
                "Lock Box 9",
                "Lockbox 9",
                "Caller Box 1",
                "1 Main St PMB 45",
            )
        ),
        *(
            Case(street, _CLEAN, {column: street})
            for street in (
                "1 Post Office Square",
                "12 Boxwood Lane",
                "5 Pobst Road",
                "RR 2 Box 15",
                "100 Box Elder Court",
                "1 PMB Road",
            )
        ),
    ]


def _bare_boxes(prefix: str) -> list[Case]:
    return [
        Case("a box and no street", _WHOLE, {f"{prefix}_address_1": "Box 12"}, value="street"),
        Case("a box of a rural route", _CLEAN, {f"{prefix}_address_1": "RR 2", f"{prefix}_address_2": "Box 12"}),
    ]


def _missing_parts(prefix: str, base: Mapping[str, object]) -> list[Case]:
    return [
        Case("street", _WHOLE, {**base, f"{prefix}_address_1": None}, value="street"),
        Case("city of spaces", _WHOLE, {**base, f"{prefix}_city": " "}, value="city"),
        Case("state", _WHOLE, {**base, f"{prefix}_state_code": ""}, value="state"),
        Case("second line missing", _CLEAN, {**base, f"{prefix}_address_2": None}),
        Case("whole", _CLEAN, base),
    ]


def _wrong_npis(column: str, base: Mapping[str, object]) -> list[Case]:
    return [
        Case("check digit off", _WHOLE, {**base, column: "1234567894"}, value="1234567894"),
        Case("nine digits", _WHOLE, {**base, column: "123456789"}),
        Case("a valid one", _CLEAN, {**base, column: npi("123456787")}),
    ]


def _taxonomies(column: str) -> list[Case]:
    return [
        Case("nine characters", _WHOLE, {column: "01YM0800X"}, value="01YM0800X"),
        Case("eleven characters", _WHOLE, {column: "1101YM0800X"}),
        Case("ends in another letter", _WHOLE, {column: "101YM08001"}),
        Case("a sign", _WHOLE, {column: "101Y-0800X"}),
        Case("small letters", _CLEAN, {column: "101ym0800x"}),
        Case("missing", _CLEAN, {column: None}),
    ]


def _listed(column: str) -> list[Case]:
    return [
        Case("not in the set", _WHOLE, {column: "999YM0800X"}, value="999YM0800X"),
        Case("in the set", _CLEAN, {column: "1041C0700X"}),
        Case("missing", _CLEAN, {column: None}),
    ]


_ONE_DIGIT_NPI = npi("111111111")
_TAX_IDS = {"billing_tax_id_type": "SY"}
_LONG = {
    "billing_name": 60,
    "billing_address_1": 55,
    "billing_city": 30,
    "rendering_last_name": 60,
    "rendering_first_name": 35,
    "facility_name": 60,
    "facility_address_2": 55,
    "payer_name": 60,
}

CASES: Mapping[str, Sequence[Case]] = {
    "ADR05": states("billing"),
    "ADR06": states("facility"),
    "ADR07": [*_boxes("billing_address_1"), *_boxes("billing_address_2"), *_bare_boxes("billing")],
    "ADR08": [*_boxes("facility_address_1"), *_boxes("facility_address_2"), *_bare_boxes("facility")],
    "ADR09": _missing_parts("billing", {}),
    "ADR10": [
        *_missing_parts("facility", {}),
        Case(
            "no address at all",
            _CLEAN,
            {
                "facility_name": None,
                **dict.fromkeys(f"facility_{part}" for part in ("address_1", "city", "state_code", "postal_code")),
            },
        ),
    ],
    "ADR11": [
        *_missing_parts("pay_to", _PAY_TO),
        Case("no ZIP code", _WHOLE, {**_PAY_TO, "pay_to_postal_code": None}, value="ZIP code"),
        Case("a misshapen ZIP code", _WHOLE, {**_PAY_TO, "pay_to_postal_code": "8052"}),
        Case("only a ZIP code", _WHOLE, {"pay_to_postal_code": "80522"}, value="street, city, state"),
        Case("none", _CLEAN, {}),
    ],
    "ZIP07": elsewhere("billing", {}),
    "ZIP08": elsewhere("facility", {}),
    "ZIP09": [
        Case("zeros behind", _WHOLE, {"billing_postal_code": "805210000"}, value="805210000"),
        Case("zeros", _WHOLE, {"billing_postal_code": "000001234"}),
        Case("nines", _WHOLE, {"billing_postal_code": "999991234"}),
        Case("a zero and three other digits", _CLEAN, {"billing_postal_code": "805210001"}),
    ],
    "ZIP10": [
        Case("zeros behind", _WHOLE, {"facility_postal_code": "805240000"}),
        Case("nines", _WHOLE, {"facility_postal_code": "999991234"}),
        Case("a guess is not looked for here", _CLEAN, {"facility_postal_code": "805249999"}),
    ],
    "ZIP11": [
        Case("nines behind", _WHOLE, {"billing_postal_code": "805219999"}, value="805219999"),
        Case("three nines", _CLEAN, {"billing_postal_code": "805219998"}),
        Case(
            "only nines: another edit says so", _CLEAN, {"billing_postal_code": "9" * 9}, also=frozenset({("ZIP09", 0)})
        ),
    ],
    "NPI05": [
        Case("the billing provider's", _WHOLE, {"billing_npi": _ONE_DIGIT_NPI}, value="billing provider"),
        Case("the clinician's", _WHOLE, {"rendering_npi": _ONE_DIGIT_NPI}, value="rendering clinician"),
        Case("one other digit among them", _CLEAN, {"rendering_npi": npi("111111112")}),
    ],
    "NPI06": [
        Case("of an organization", _WHOLE, {"rendering_npi": "1234567893"}, value="1234567893"),
        Case(
            "of a person",
            _CLEAN,
            {**SOLO, "rendering_npi": "1234567893", "rendering_last_name": "Okafor", "rendering_first_name": "Lena"},
        ),
        Case("two NPIs", _CLEAN, {}),
    ],
    "TAX02": [
        Case("one digit", _WHOLE, {"billing_tax_id": "111111111"}, value="111111111"),
        Case("zeros", _WHOLE, {"billing_tax_id": "000000000"}),
        Case("counted up", _WHOLE, {"billing_tax_id": "123456789", **_TAX_IDS}),
        Case("counted down", _WHOLE, {"billing_tax_id": "987654321"}),
        Case("two digits", _CLEAN, {"billing_tax_id": "111111112"}),
    ],
    "TAX03": [
        Case("prefix 00", _WHOLE, {"billing_tax_id": "001234567"}, value="001234567"),
        Case("prefix 89", _WHOLE, {"billing_tax_id": "89-1234567"}),
        Case("prefix 01", _CLEAN, {"billing_tax_id": "011234567"}),
        Case("prefix 88", _CLEAN, {"billing_tax_id": "88-1234567"}),
        Case("of a person", _CLEAN, {**_TAX_IDS, "billing_tax_id": "891234567"}),
    ],
    "TAX04": [
        Case("area 000", _WHOLE, {**_TAX_IDS, "billing_tax_id": "000123456"}, value="000123456"),
        Case("area 666", _WHOLE, {**_TAX_IDS, "billing_tax_id": "666123456"}),
        Case("group 00", _WHOLE, {**_TAX_IDS, "billing_tax_id": "123-00-4567"}),
        Case("serial 0000", _WHOLE, {**_TAX_IDS, "billing_tax_id": "123450000"}),
        Case("area 001", _CLEAN, {**_TAX_IDS, "billing_tax_id": "001123456"}),
        Case("area 900, of people without a number", _CLEAN, {**_TAX_IDS, "billing_tax_id": "900123456"}),
        Case("of an employer", _CLEAN, {"billing_tax_id": "843004567"}),
    ],
    "TAX05": [
        Case("missing", _WHOLE, {"billing_tax_id_type": None}),
        Case("another code", _WHOLE, {"billing_tax_id_type": "TJ"}, value="TJ"),
        Case("a person's", _CLEAN, _TAX_IDS),
        Case("an employer's", _CLEAN, {"billing_tax_id_type": "EI"}),
    ],
    "PRV01": [
        Case("no name", _WHOLE, {"billing_name": None}, value="name"),
        Case("no type", _WHOLE, {"billing_entity_type": None}, value="type"),
        Case("a person without a first name", _WHOLE, {**SOLO, "billing_first_name": " "}, value="first name"),
        Case("an organization without a first name", _CLEAN, {"billing_first_name": None}),
        Case("a person", _CLEAN, SOLO),
    ],
    "PRV02": [
        Case("no last name", _WHOLE, {"rendering_last_name": None}, value="last name"),
        Case("no first name", _WHOLE, {"rendering_first_name": ""}, value="first name"),
        Case("nobody renders", _CLEAN, SOLO),
        Case("both", _CLEAN, {}),
    ],
    "TEL01": [
        Case("nine digits", _WHOLE, {"billing_phone": "303555010"}, value="303555010"),
        Case("an extension", _WHOLE, {"billing_phone": "303-555-0100 x12"}),
        Case("foreign", _WHOLE, {"billing_phone": "+44 20 7946 0000"}),
        Case("brackets and hyphens", _CLEAN, {"billing_phone": "(303) 555-0100"}),
        Case("a country code", _CLEAN, {"billing_phone": "+1 303.555.0100"}),
        Case("missing", _CLEAN, {"billing_phone": None}),
    ],
    "TEL02": [
        Case("area code with 0", _WHOLE, {"billing_phone": "0135550100"}, value="0135550100"),
        Case("area code with 1", _WHOLE, {"billing_phone": "1135550100"}),
        Case("exchange with 1", _WHOLE, {"billing_phone": "303-155-0100"}),
        Case("exchange with 0", _WHOLE, {"billing_phone": "303-055-0100"}),
        Case("exchange with 2", _CLEAN, {"billing_phone": "202-255-0100"}),
    ],
    "TXN01": _taxonomies("billing_taxonomy_code"),
    "TXN02": _taxonomies("rendering_taxonomy_code"),
    "TXN03": _listed("billing_taxonomy_code"),
    "TXN04": _listed("rendering_taxonomy_code"),
    "TXN05": [
        Case("Medicaid", _WHOLE, {"claim_filing_code": "MC", "billing_taxonomy_code": None}),
        Case("Medicaid with one", _CLEAN, {"claim_filing_code": "MC"}),
        Case("another insurer", _CLEAN, {"billing_taxonomy_code": None}),
    ],
    "ENR01": [
        Case("not enrolled", _WHOLE, {**_STRICT, "billing_npi": npi("123456783")}, value=npi("123456783")),
        Case("enrolled", _CLEAN, _STRICT),
        Case("an insurer without a list", _CLEAN, {"billing_npi": npi("123456783")}),
    ],
    "SUP01": [
        Case(
            "nobody supervises",
            _WHOLE,
            {**_STRICT, "treating_license_type": "LAC", "treating_staff_id": 40},
            value="LAC",
        ),
        Case(
            "a supervisor", _CLEAN, {**_STRICT, **_SUPERVISED, "treating_license_type": "LAC", "treating_staff_id": 40}
        ),
        Case("billed under another", _CLEAN, {**_STRICT, "treating_license_type": "LAC", "treating_staff_id": 41}),
        Case("a full licence", _CLEAN, {**_STRICT, "treating_license_type": "LCSW", "treating_staff_id": 40}),
        Case("another insurer", _CLEAN, {"treating_license_type": "LAC", "treating_staff_id": 40}),
    ],
    "SUP02": _wrong_npis("supervising_npi", _SUPERVISED),
    "SUP03": [
        Case("missing", _WHOLE, {**_SUPERVISED, "supervising_npi": None}),
        Case("there", _CLEAN, _SUPERVISED),
        Case("no supervisor", _CLEAN, {}),
    ],
    "SUP04": [
        Case("no last name", _WHOLE, {**_SUPERVISED, "supervising_last_name": None}, value="last name"),
        Case("no first name", _WHOLE, {**_SUPERVISED, "supervising_first_name": " "}, value="first name"),
        Case("both", _CLEAN, _SUPERVISED),
    ],
    "SUP05": [
        Case("the same NPI", _WHOLE, {**_SUPERVISED, "supervising_npi": npi("123456780")}),
        Case("another NPI", _CLEAN, _SUPERVISED),
    ],
    "LIC01": [
        Case("not paid", _WHOLE, {**_STRICT, "rendering_license_type": "LAC"}, value="LAC"),
        Case("paid", _CLEAN, {**_STRICT, "rendering_license_type": "LPC"}),
        Case("an insurer without a list", _CLEAN, {"rendering_license_type": "LAC"}),
    ],
    "LIC02": [
        Case("not entered", _WHOLE, {**_STRICT, "rendering_license_type": None}),
        Case("entered", _CLEAN, _STRICT),
        Case("an insurer without a list", _CLEAN, {"rendering_license_type": None}),
    ],
    "REF01": [
        Case("an organization", _WHOLE, {**_REFERRED, "referring_entity_type": "2", "referring_first_name": None}),
        Case("a person", _CLEAN, _REFERRED),
        Case("nobody", _CLEAN, {}),
    ],
    "REF02": [
        Case("no last name", _WHOLE, {**_REFERRED, "referring_last_name": None}, value="last name"),
        Case("no first name", _WHOLE, {**_REFERRED, "referring_first_name": ""}, value="first name"),
        Case("no NPI", _WHOLE, {**_REFERRED, "referring_npi": None}, value="NPI"),
        Case("only a type", _WHOLE, {"referring_entity_type": "1"}, value="last name, first name, NPI"),
        Case("whole", _CLEAN, _REFERRED),
        Case("nobody", _CLEAN, {}),
    ],
    "REF03": _wrong_npis("referring_npi", _REFERRED),
    "REF04": [
        Case("the same NPI", _WHOLE, {**_REFERRED, "referring_npi": npi("123456780")}),
        Case("another NPI", _CLEAN, _REFERRED),
    ],
    "FAC01": [
        Case("the same NPI", _WHOLE, {"facility_npi": "1234567893"}, value="1234567893"),
        Case("an NPI of its own", _CLEAN, {"facility_npi": npi("123456788")}),
        Case("none", _CLEAN, {"facility_npi": None}),
    ],
    "FAC02": _wrong_npis("facility_npi", {}),
    "FAC03": [
        Case("at another address", _WHOLE, {"facility_name": None}),
        Case(
            "at the billing address with an NPI of its own",
            _WHOLE,
            {"facility_name": " ", **_AT_BILLING, "facility_npi": npi("123456788")},
        ),
        Case(
            "at the billing address of another suite",
            _WHOLE,
            {"facility_name": None, **_AT_BILLING, "facility_address_2": "Suite 4"},
        ),
        Case("at the billing address, written otherwise", _CLEAN, {"facility_name": None, **_AT_BILLING}),
        Case(
            "at the billing address with its NPI",
            _CLEAN,
            {"facility_name": None, **_AT_BILLING, "facility_npi": "1234567893"},
            also=frozenset({("FAC01", 0)}),
        ),
        Case("no location", _CLEAN, dict.fromkeys(["facility_name", *_AT_BILLING])),
    ],
    "ADR14": [
        *(
            Case(f"{prefix} city", _WHOLE, {**base, f"{prefix}_city": "X"}, value=word)
            for prefix, base, word in (
                ("patient", {}, "client's city"),
                ("billing", {}, "billing city"),
                ("pay_to", _PAY_TO, "pay-to city"),
                ("facility", {}, "location's city"),
            )
        ),
        Case("a letter and a space", _WHOLE, {"patient_city": "X "}),
        Case("two letters", _CLEAN, {"patient_city": "Ai", "billing_city": "Ai", "facility_city": "Ai"}),
        Case("a policy holder's, who is not the client", _CLEAN, {**OTHER_HOLDER, "subscriber_city": "X"}),
    ],
    "CHR02": [
        Case("billing name", _WHOLE, {"billing_name": "Aspen*Group"}, value="billing provider's name"),
        Case("insurer", _WHOLE, {"payer_name": "Prairie@Health"}, value="insurer's name"),
        Case("location's street", _WHOLE, {"facility_address_1": "1~Main"}, value="location's street"),
        Case("supervisor", _WHOLE, {**_SUPERVISED, "supervising_last_name": "R^yes"}, value="supervisor's last name"),
        Case(
            "referrer", _WHOLE, {**_REFERRED, "referring_first_name": "I:da"}, value="referring provider's first name"
        ),
        Case("a number sign in a street", _CLEAN, {"facility_address_2": "Suite #4"}),
        Case("a number sign in a name", _WHOLE, {"facility_name": "House #4"}, value="location's name"),
        Case("signs that a file carries", _CLEAN, {"billing_name": "Aspen & Co. (North), Inc/Ltd"}),
    ],
    "LEN02": [
        Case(f"{column} of {size}", _WHOLE if size > limit else _CLEAN, {column: "A" * size})
        for column, limit in _LONG.items()
        for size in (limit, limit + 1)
    ],
}
