"""Cases of the edits on how another insurer and its policy are written. See `edit_cases`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.unit.claims_scrubber.cases_coordination import ADJUSTED, PAID, SECONDARY, Rows, posted
from tests.unit.claims_scrubber.edit_cases import Case

_WHOLE = frozenset({0})
_CLEAN: frozenset[int] = frozenset()
_ADDRESS: Mapping[str, object] = {
    "subscriber_address_1": "4 Oak Street",
    "subscriber_city": "Fort Example",
    "subscriber_state_code": "CO",
    "subscriber_postal_code": "80521",
}
#: Word, column, longest text.
_TEXTS = (
    ("insurer's name", "payer_name", 60),
    ("payer ID", "payer_code", 80),
    ("member ID", "member_id", 80),
    ("group number", "group_number", 50),
    ("insurer's claim number", "payer_claim_control_number", 50),
    ("policy holder's last name", "subscriber_last_name", 60),
    ("policy holder's first name", "subscriber_first_name", 35),
    ("policy holder's middle name", "subscriber_middle_name", 25),
    ("policy holder's street", "subscriber_address_1", 55),
    ("policy holder's second address line", "subscriber_address_2", 55),
    ("policy holder's city", "subscriber_city", 30),
)


def _with(
    name: str,
    lines_found: frozenset[int],
    payer: Mapping[str, object] | None = None,
    *,
    paid: Rows = PAID,
    adjusted: Rows = ADJUSTED,
    also: frozenset[tuple[str, int]] = frozenset(),
    value: str | None = None,
) -> Case:
    others = posted(payer, paid=paid, adjusted=adjusted)
    return Case(name, lines_found, SECONDARY, others=others, also=also, value=value)


def _reason(code: str | None) -> Rows:
    first, *others = ADJUSTED
    return [{**first, "reason_code": code}, *others]


CASES: Mapping[str, Sequence[Case]] = {
    "COB17": [
        _with("missing", _WHOLE, {"payer_name": None}),
        _with("spaces", _WHOLE, {"payer_name": " "}),
        _with("there", _CLEAN, {"payer_name": "Q"}),
    ],
    "COB18": [
        _with("unknown", _WHOLE, {"claim_filing_code": "XX"}),
        _with("ended before the service", _WHOLE, {"claim_filing_code": "10"}),
        _with("begins after the service", _WHOLE, {"claim_filing_code": "15"}),
        _with("begins on the day", _CLEAN, {"claim_filing_code": "17"}),
        _with("missing: another edit says so", _CLEAN, {"claim_filing_code": " "}, also=frozenset({("COB16", 0)})),
    ],
    "COB19": [
        _with("six characters", _WHOLE, adjusted=_reason("123456")),
        _with("a hyphen", _WHOLE, adjusted=_reason("CO-45")),
        _with("two codes in one", _WHOLE, adjusted=_reason("45 97")),
        _with("five characters", _CLEAN, adjusted=_reason("12345")),
        _with("letters and digits", _CLEAN, adjusted=_reason("b15")),
        _with("missing: another edit says so", _CLEAN, adjusted=_reason(" "), also=frozenset({("COB08", 0)})),
    ],
    "COB20": [
        _with("a payment on a third line", _WHOLE, paid=[*PAID, {**PAID[0], "line_number": 3, "paid_cents": 0}]),
        _with("on line 12,000", _WHOLE, paid=[*PAID, {**PAID[0], "line_number": 12_000, "paid_cents": 0}]),
        _with(
            "an adjustment on a third line, its payment as well",
            _WHOLE,
            {"paid_cents": 14500},
            paid=[*PAID, {**PAID[0], "line_number": 3, "paid_cents": 500}],
            adjusted=[*ADJUSTED, {**ADJUSTED[0], "line_number": 3, "amount_cents": -500}],
        ),
        _with(
            "an adjustment on a third line alone",
            _WHOLE,
            adjusted=[*ADJUSTED, {**ADJUSTED[0], "line_number": 3, "amount_cents": -500},
                      {**ADJUSTED[0], "line_number": 3, "reason_code": "97", "amount_cents": 500}],
        ),
        _with(
            "adjusted on the claim",
            _CLEAN,
            paid=[],
            adjusted=[{**ADJUSTED[0], "line_number": 0, "amount_cents": 7000}],
        ),
        _with("the claim's own lines", _CLEAN),
    ],
    "CHR04": [
        *(_with(word, _WHOLE, {column: "A^B"}, value=word) for word, column, _ in _TEXTS),
        _with("letters of another script", _WHOLE, {"subscriber_last_name": "\u0416\u0443\u043a"}),
        _with(
            "signs that a file carries",
            _CLEAN,
            {**_ADDRESS, "payer_name": "Mesa & Co. (North)", "subscriber_last_name": "O'Neil-Pe\u00f1a",
             "subscriber_address_2": "Apt #4", "member_id": "M-1", "payer_claim_control_number": "81/23"},
        ),
    ],
    "LEN04": [
        *(_with(f"{word} of {limit + 1}", _WHOLE, {column: "A" * (limit + 1)}, value=word)
          for word, column, limit in _TEXTS),
        *(_with(f"{word} of {limit}", _CLEAN, {column: "A" * limit}) for word, column, limit in _TEXTS),
    ],
    "ADR15": [
        _with("city of one letter", _WHOLE, {**_ADDRESS, "subscriber_city": "X"}, value="city"),
        _with("state of three letters", _WHOLE, {**_ADDRESS, "subscriber_state_code": "COL"}, value="state"),
        _with("ZIP code of four digits", _WHOLE, {**_ADDRESS, "subscriber_postal_code": "8052"}, value="ZIP code"),
        _with("ZIP code with letters", _WHOLE, {**_ADDRESS, "subscriber_postal_code": "K1A 0B1"}),
        _with("whole", _CLEAN, _ADDRESS),
        _with("with a hyphen", _CLEAN, {**_ADDRESS, "subscriber_postal_code": "80521-1234"}),
        _with("known in part: left out", _CLEAN, {**_ADDRESS, "subscriber_city": "X", "subscriber_state_code": None}),
        _with("none", _CLEAN),
    ],
}  # fmt: skip
