"""Cases of the edits on member ids, insurers, coverage and authorizations. See `edit_cases`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from tests.unit.claims_scrubber.claim_sets import VALID_LINES
from tests.unit.claims_scrubber.edit_cases import Case

_WHOLE = frozenset({0})
_CLEAN: frozenset[int] = frozenset()
_MEDICARE: Mapping[str, object] = {"claim_filing_code": "MB", "member_id": "1EG4TE5MK73"}
_AUTHORIZED: Mapping[str, object] = {
    "authorization_number": "A1",
    "authorization_starts_on": date(2026, 11, 1),
    "authorization_ends_on": date(2026, 11, 30),
    "authorization_visit_limit": 10,
    "authorization_visit_count": 9,
}
#: An insurer that wants an authorization for 90837, and one that wants one for everything.
_FOR_ONE: Mapping[str, object] = {"payer_code": "77950", "rendering_license_type": "LCSW"}
_FOR_ALL: Mapping[str, object] = {"payer_code": "77951"}
_OTHER_LINES: Sequence[Mapping[str, object]] = [{**VALID_LINES[0], "procedure_code": "90834"}, VALID_LINES[1]]


def _medicare(member_id: str) -> Mapping[str, object]:
    return {**_MEDICARE, "member_id": member_id}


CASES: Mapping[str, Sequence[Case]] = {
    "MEM02": [
        Case("hyphens", _WHOLE, _medicare("1EG4-TE5-MK73"), value="1EG4-TE5-MK73"),
        Case("ten characters", _WHOLE, _medicare("1EG4TE5MK7")),
        Case("twelve characters", _WHOLE, _medicare("1EG4TE5MK733")),
        Case("first a zero", _WHOLE, _medicare("0EG4TE5MK73")),
        Case("a letter that is not used", _WHOLE, _medicare("1EG4TE5MS73")),
        Case("a digit for a letter", _WHOLE, _medicare("11G4TE5MK73")),
        Case("a letter for a digit", _WHOLE, _medicare("1EG4TE5MK7A")),
        Case("a social security number and a letter", _WHOLE, _medicare("123456789A")),
        Case("right", _CLEAN, _MEDICARE),
        Case("right, with a digit where both may stand", _CLEAN, _medicare("1E14T55MK73")),
        Case("small letters", _CLEAN, _medicare("1eg4te5mk73")),
        Case("another insurer", _CLEAN, {"member_id": "1EG4TE5MK7"}),
        Case("missing: another edit says so", _CLEAN, _medicare(" "), also=frozenset({("MEM01", 0)})),
    ],
    "MEM03": [
        *(
            Case(text, _WHOLE, {"member_id": text}, value=text)
            for text in ("UNKNOWN", "none", "999999999", "00000", "123456789", "PENDING", "XXX", "NA", "TBD")
        ),
        Case("with a sign", _WHOLE, {"member_id": "N/A"}),
        Case("four nines", _CLEAN, {"member_id": "9999"}),
        Case("nines and another digit", _CLEAN, {"member_id": "9999999998"}),
        Case("a word in a number", _CLEAN, {"member_id": "TEST123"}),
    ],
    "MEM04": [
        Case("spaces", _WHOLE, {"member_id": "W123 456 789"}, value="W123 456 789"),
        Case("a hyphen", _WHOLE, {"member_id": "W123456789-01"}),
        Case("letters and digits", _CLEAN, {"member_id": "w123456789A01"}),
        Case(
            "what no file can carry: another edit says so",
            _CLEAN,
            {"member_id": "W1234*6789"},
            also=frozenset({("CHR03", 0)}),
        ),
        Case("Medicare's: another edit says so", _CLEAN, _medicare("1EG4-TE5-MK73"), also=frozenset({("MEM02", 0)})),
        Case("a placeholder: another edit says so", _CLEAN, {"member_id": "n/a"}, also=frozenset({("MEM03", 0)})),
    ],
    "MEM05": [
        Case("one character", _WHOLE, {"member_id": "W"}, value="W"),
        Case("81 characters", _WHOLE, {"member_id": "W1" * 40 + "W"}),
        Case("two characters", _CLEAN, {"member_id": "W1"}),
        Case("80 characters", _CLEAN, {"member_id": "W1" * 40}),
    ],
    "MEM06": [
        Case("a commercial insurer", _WHOLE, {"member_id": "1EG4TE5MK73"}, value="1EG4TE5MK73"),
        Case("Medicare", _CLEAN, _MEDICARE),
        Case("a plan in the place of Medicare", _CLEAN, {**_MEDICARE, "claim_filing_code": "16"}),
        Case("Medicaid", _CLEAN, {**_MEDICARE, "claim_filing_code": "MC"}),
        Case("eleven characters of another form", _CLEAN, {"member_id": "W1234567890"}),
    ],
    "MEM07": [
        Case("digits only", _WHOLE, {"claim_filing_code": "BL", "member_id": "123456780"}, value="123456780"),
        Case("a prefix", _CLEAN, {"claim_filing_code": "BL", "member_id": "XYZ123456780"}),
        Case("a prefix with a digit", _CLEAN, {"claim_filing_code": "BL", "member_id": "2AB123456780"}),
        Case("the federal program", _CLEAN, {"claim_filing_code": "BL", "member_id": "R12345678"}),
        Case("another insurer", _CLEAN, {"member_id": "123456780"}),
    ],
    "GRP01": [
        Case("equal", _WHOLE, {"group_number": "W123456789"}, value="W123456789"),
        Case("a part of it", _CLEAN, {"group_number": "W12345678"}),
        Case("none", _CLEAN, {"group_number": None}),
    ],
    "GRP02": [
        Case("an ampersand", _WHOLE, {"group_number": "A&B"}, value="A&B"),
        Case("a full stop", _WHOLE, {"group_number": "12.34"}),
        Case("a hyphen and a space", _CLEAN, {"group_number": "76-412345 001"}),
        Case(
            "what no file can carry: another edit says so",
            _CLEAN,
            {"group_number": "A*B"},
            also=frozenset({("CHR03", 0)}),
        ),
    ],
    "CHR03": [
        Case("member ID", _WHOLE, {"member_id": "W123~45"}, value="member ID"),
        Case("group number", _WHOLE, {"group_number": "A^B"}, value="group number"),
        Case("authorization number", _WHOLE, {"authorization_number": "A:1"}, value="authorization number"),
        Case(
            "the insurer's claim number",
            _WHOLE,
            {"frequency_code": "7", "payer_claim_control_number": "81*23"},
            value="insurer's claim number",
        ),
        Case(
            "the insurer's claim number with hyphens",
            _CLEAN,
            {"frequency_code": "7", "payer_claim_control_number": "81-23"},
        ),
        Case("an accent is another identifier", _WHOLE, {"group_number": "É1"}),
        Case("small letters", _CLEAN, {"authorization_number": "a1"}),
    ],
    "LEN03": [
        Case("group of 51", _WHOLE, {"group_number": "1" * 51}, value="group number"),
        Case("authorization of 51", _WHOLE, {"authorization_number": "1" * 51}, value="authorization number"),
        Case("group of 50", _CLEAN, {"group_number": "1" * 50}),
        Case("authorization of 50", _CLEAN, {"authorization_number": "1" * 50}),
        Case(
            "a long member ID: another edit says so", _CLEAN, {"member_id": "W1" * 41}, also=frozenset({("MEM05", 0)})
        ),
    ],
    "PAY04": [
        Case("missing", _WHOLE, {"payer_name": None}),
        Case("spaces", _WHOLE, {"payer_name": "  "}),
        Case("there", _CLEAN, {"payer_name": "Q"}),
        Case(
            "no policy: other edits say so",
            _CLEAN,
            dict.fromkeys(["policy_id", "payer_name"]),
            also=frozenset({("COV01", 1), ("COV01", 2)}),
        ),
    ],
    "PAY03": [
        Case("a space", _WHOLE, {"payer_code": "60 054"}, also=frozenset({("PAY02", 0)}), value="60 054"),
        Case("a sign", _WHOLE, {"payer_code": "60054/A"}, also=frozenset({("PAY02", 0)})),
        Case("one character", _WHOLE, {"payer_code": "6"}, also=frozenset({("PAY02", 0)})),
        Case("letters and digits", _CLEAN, {"payer_code": "SX107"}),
        Case("missing: another edit says so", _CLEAN, {"payer_code": " "}, also=frozenset({("PAY01", 0)})),
    ],
    "CFI01": [
        Case("missing", _WHOLE, {"claim_filing_code": None}),
        Case("empty", _WHOLE, {"claim_filing_code": ""}),
        Case("there", _CLEAN, {"claim_filing_code": "ZZ"}),
        Case(
            "no policy: other edits say so",
            _CLEAN,
            dict.fromkeys(["policy_id", "claim_filing_code"]),
            also=frozenset({("COV01", 1), ("COV01", 2)}),
        ),
    ],
    "CFI02": [
        Case("unknown", _WHOLE, {"claim_filing_code": "QQ"}, value="QQ"),
        Case("ended the day before", _WHOLE, {"claim_filing_code": "10"}),
        Case("starts the day after", _WHOLE, {"claim_filing_code": "15"}),
        Case("starts on the day", _CLEAN, {"claim_filing_code": "17"}),
        Case("always", _CLEAN, {"claim_filing_code": "ZZ"}),
        Case("missing: another edit says so", _CLEAN, {"claim_filing_code": None}, also=frozenset({("CFI01", 0)})),
    ],
    "COV02": [
        Case("two", _WHOLE, {"policies_at_level": 2}, value="primary"),
        Case("one", _CLEAN, {"policies_at_level": 1}),
        Case("not counted", _CLEAN, {"policies_at_level": None}),
    ],
    "AUT01": [
        Case("a service that needs one", _WHOLE, _FOR_ONE),
        Case("an insurer that always wants one", _WHOLE, _FOR_ALL),
        Case("a service that needs none", _CLEAN, _FOR_ONE, _OTHER_LINES),
        Case("authorized", _CLEAN, {**_FOR_ONE, "authorization_number": "A1"}),
        Case("another insurer", _CLEAN, {}),
    ],
    "AUT02": [
        Case(
            "ended the day before",
            frozenset({1, 2}),
            {**_AUTHORIZED, "authorization_ends_on": date(2026, 11, 22)},
            value="2026-11-23",
        ),
        Case(
            "starts after one line",
            frozenset({1}),
            {**_AUTHORIZED, "authorization_starts_on": date(2026, 11, 23)},
            [{**VALID_LINES[0], "service_on": date(2026, 11, 22)}, {**VALID_LINES[1], "procedure_code": "90834"}],
        ),
        Case("on its last day", _CLEAN, {**_AUTHORIZED, "authorization_ends_on": date(2026, 11, 23)}),
        Case("on its first day", _CLEAN, {**_AUTHORIZED, "authorization_starts_on": date(2026, 11, 23)}),
        Case("open", _CLEAN, {"authorization_number": "A1"}),
        Case("no authorization", _CLEAN, {"authorization_ends_on": date(2026, 11, 22)}),
    ],
    "AUT03": [
        Case("used up", _WHOLE, {**_AUTHORIZED, "authorization_visit_count": 10}),
        Case("one left", _CLEAN, _AUTHORIZED),
        Case("without a limit", _CLEAN, {**_AUTHORIZED, "authorization_visit_limit": None}),
        Case("not used yet", _CLEAN, {**_AUTHORIZED, "authorization_visit_count": None}),
    ],
    "AUT04": [
        Case("expired", _WHOLE, {"lapsed_authorization_on": date(2026, 10, 31)}, value="2026-10-31"),
        Case(
            "another is in force", _CLEAN, {"lapsed_authorization_on": date(2026, 10, 31), "authorization_number": "A2"}
        ),
        Case("never had one", _CLEAN, {}),
    ],
}
