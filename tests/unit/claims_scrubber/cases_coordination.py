"""Cases of the edits on what other insurers decided, and on those insurers themselves. See `edit_cases`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from tests.unit.claims_scrubber.claim_sets import NIGHT
from tests.unit.claims_scrubber.edit_cases import Case

_WHOLE = frozenset({0})
_CLEAN: frozenset[int] = frozenset()
_SERVICE = date(2026, 11, 23)
Rows = Sequence[Mapping[str, object]]

#: The primary insurer's decision on the valid claim (180.00 and 30.00): 120.00 + 20.00 paid, the rest adjusted.
PRIMARY: Mapping[str, object] = {
    "level": "primary",
    "policy_id": 81,
    "insurer_id": 91,
    "payer_name": "Mesa Mutual",
    "payer_code": "SX107",
    "claim_filing_code": "CI",
    "member_id": "M987654321",
    "relationship": "self",
    "assignment_of_benefits": True,
    "release_of_information": True,
    "subscriber_last_name": "Example",
    "subscriber_first_name": "Robin",
    "adjudicated_on": date(2026, 11, 24),
    "paid_cents": 14000,
    "is_crossed_over": False,
}
SECOND: Mapping[str, object] = {
    **PRIMARY,
    "level": "secondary",
    "payer_code": "77950",
    "member_id": "S1",
    "paid_cents": 0,
}
PAID: Rows = [
    {"level": "primary", "line_number": 1, "procedure_code": "90837", "unit_count": 1, "paid_cents": 12000},
    {"level": "primary", "line_number": 2, "procedure_code": "90785", "unit_count": 1, "paid_cents": 2000},
]
ADJUSTED: Rows = [
    {"level": "primary", "line_number": 1, "group_code": "CO", "reason_code": "45", "amount_cents": 4000},
    {"level": "primary", "line_number": 1, "group_code": "PR", "reason_code": "2", "amount_cents": 2000},
    {"level": "primary", "line_number": 2, "group_code": "PR", "reason_code": "3", "amount_cents": 1000},
]
#: The second insurer's: denied on the claim, nothing on the lines.
DENIED: Mapping[str, object] = {
    "level": "secondary",
    "line_number": 0,
    "group_code": "OA",
    "reason_code": "23",
    "amount_cents": 21000,
}
SECONDARY: Mapping[str, object] = {"level": "secondary"}


def posted(
    payer: Mapping[str, object] | None = None, *, paid: Rows = PAID, adjusted: Rows = ADJUSTED, more: Rows = ()
) -> dict[str, Rows]:
    """The frames of a primary insurer that decided, with changes to its row, and further insurers."""
    return {
        "other_payers": [{**PRIMARY, **(payer or {})}, *more],
        "line_payments": paid,
        "adjustments": adjusted,
    }


def _line(rows: Rows, place: int, changes: Mapping[str, object]) -> Rows:
    return [{**row, **changes} if number == place else row for number, row in enumerate(rows)]


def _with(
    name: str,
    found: frozenset[int],
    others: Mapping[str, Rows],
    claim: Mapping[str, object] = SECONDARY,
    also: frozenset[tuple[str, int]] = frozenset(),
    value: str | None = None,
) -> Case:
    return Case(name, found, claim, others=others, also=also, value=value)


_TERTIARY: Mapping[str, object] = {"level": "tertiary"}
_BESIDE: Mapping[str, object] = {**SECOND, "adjudicated_on": None, "paid_cents": None}
_ONLY_OF_CLAIM = posted(
    paid=[],
    adjusted=[{"level": "primary", "line_number": 0, "group_code": "PR", "reason_code": "1", "amount_cents": 7000}],
)

_EARLIER: Sequence[Case] = [
    Case("secondary and no other insurer", _WHOLE, SECONDARY, value="secondary"),
    _with(
        "secondary and nothing posted",
        _WHOLE,
        posted({"adjudicated_on": None, "paid_cents": None}, paid=[], adjusted=[]),
    ),
    _with("tertiary and only the primary posted", _WHOLE, posted(more=[_BESIDE]), _TERTIARY, value="tertiary"),
    _with(
        "tertiary and only the secondary posted", _WHOLE, {"other_payers": [SECOND], "adjustments": [DENIED]}, _TERTIARY
    ),
    Case("no level", _WHOLE, {"level": None}),
    _with("secondary and posted", _CLEAN, posted()),
    _with("posted on the claim only", _CLEAN, _ONLY_OF_CLAIM),
    _with("tertiary and both posted", _CLEAN, posted(more=[SECOND], adjusted=[*ADJUSTED, DENIED]), _TERTIARY),
    Case("primary", _CLEAN, {"level": "primary"}),
    _with("primary beside another insurer", _CLEAN, {"other_payers": [_BESIDE]}, {}),
]

CASES: Mapping[str, Sequence[Case]] = {
    "COB01": _EARLIER,
    "COB02": [
        _with("missing", _WHOLE, posted({"paid_cents": None}), value="secondary"),
        _with(
            "nothing",
            _CLEAN,
            posted(
                {"paid_cents": 0},
                paid=[],
                adjusted=[
                    {
                        "level": "primary",
                        "line_number": 0,
                        "group_code": "CO",
                        "reason_code": "29",
                        "amount_cents": 21000,
                    }
                ],
            ),
        ),
    ],
    "COB03": [
        _with(
            "a cent too much on one line",
            frozenset({1}),
            posted({"paid_cents": 14001}, paid=_line(PAID, 0, {"paid_cents": 12001})),
            also=frozenset({("COB04", 0)}),
        ),
        _with("an adjustment left out", frozenset({2}), posted(adjusted=ADJUSTED[:2]), also=frozenset({("COB04", 0)})),
        _with("the wrong line", frozenset({1, 2}), posted(adjusted=_line(ADJUSTED, 2, {"line_number": 1}))),
        _with("balanced", _CLEAN, posted()),
        _with("no line told", _CLEAN, _ONLY_OF_CLAIM),
        _with(
            "the other insurer's lines do not count",
            _CLEAN,
            posted(more=[SECOND], adjusted=[*ADJUSTED, DENIED]),
            _TERTIARY,
        ),
    ],
    "COB04": [
        _with(
            "a cent too little paid",
            _WHOLE,
            posted({"paid_cents": 6999 + 7000}, paid=[], adjusted=_ONLY_OF_CLAIM["adjustments"]),
            value="secondary",
        ),
        _with("an adjustment of the claim left out", _WHOLE, posted(paid=[], adjusted=[])),
        _with("balanced", _CLEAN, posted()),
        _with("balanced on the claim", _CLEAN, _ONLY_OF_CLAIM),
        _with("a second insurer is out", _WHOLE, posted(more=[SECOND]), _TERTIARY),
        _with(
            "not paid yet: another edit says so", _CLEAN, posted({"paid_cents": None}), also=frozenset({("COB02", 0)})
        ),
    ],
    "COB05": [
        _with(
            "an adjustment of the claim missing from the payment",
            _WHOLE,
            posted(
                {"paid_cents": 14000},
                paid=_line(PAID, 1, {"paid_cents": 2100}),
                adjusted=_line(ADJUSTED, 2, {"amount_cents": 1000}),
            ),
            also=frozenset({("COB03", 2)}),
        ),
        _with(
            "lines less the claim's adjustment",
            _CLEAN,
            posted(
                {"paid_cents": 13000},
                adjusted=[
                    *ADJUSTED,
                    {
                        "level": "primary",
                        "line_number": 0,
                        "group_code": "OA",
                        "reason_code": "94",
                        "amount_cents": 1000,
                    },
                ],
            ),
        ),
        _with("balanced", _CLEAN, posted()),
        _with("no line told", _CLEAN, _ONLY_OF_CLAIM),
    ],
    "COB06": [
        _with(
            "of the claim",
            _WHOLE,
            posted(
                {"paid_cents": -100},
                paid=[],
                adjusted=[
                    {
                        "level": "primary",
                        "line_number": 0,
                        "group_code": "CO",
                        "reason_code": "45",
                        "amount_cents": 21100,
                    }
                ],
            ),
        ),
        _with(
            "of a line",
            _WHOLE,
            posted(
                {"paid_cents": 11999},
                paid=_line(PAID, 1, {"paid_cents": -1}),
                adjusted=_line(ADJUSTED, 2, {"amount_cents": 3001}),
            ),
        ),
        _with(
            "zero",
            _CLEAN,
            posted(
                {"paid_cents": 12000},
                paid=_line(PAID, 1, {"paid_cents": 0}),
                adjusted=_line(ADJUSTED, 2, {"amount_cents": 3000}),
            ),
        ),
    ],
    "COB07": [
        _with("as the claim's own", _WHOLE, {"other_payers": [{**_BESIDE, "level": "primary"}]}, {}, value="primary"),
        _with("twice", _WHOLE, {"other_payers": [_BESIDE, {**_BESIDE, "member_id": "S2"}]}, {}),
        _with("once each", _CLEAN, posted(more=[{**_BESIDE, "level": "tertiary"}])),
    ],
    "COB08": [
        _with("no group code", _WHOLE, posted(adjusted=_line(ADJUSTED, 0, {"group_code": None}))),
        _with("another group code", _WHOLE, posted(adjusted=_line(ADJUSTED, 0, {"group_code": "XX"}))),
        _with("no reason", _WHOLE, posted(adjusted=_line(ADJUSTED, 1, {"reason_code": " "}))),
        _with("an amount of zero", _WHOLE, posted(adjusted=[*ADJUSTED, {**ADJUSTED[0], "amount_cents": 0}])),
        _with("no amount", _WHOLE, posted(adjusted=[*ADJUSTED, {**ADJUSTED[0], "amount_cents": None}])),
        _with(
            "an amount below zero",
            _CLEAN,
            posted(
                adjusted=[
                    *_line(ADJUSTED, 0, {"amount_cents": 4500}),
                    {**ADJUSTED[0], "reason_code": "253", "amount_cents": -500},
                ]
            ),
        ),
        *(
            _with(f"group {code}", _CLEAN, posted(adjusted=_line(ADJUSTED, 0, {"group_code": code})))
            for code in ("CO", "CR", "OA", "PI", "PR")
        ),
    ],
    "COB09": [
        _with("tomorrow", _WHOLE, posted({"adjudicated_on": NIGHT + timedelta(days=1)})),
        _with("the day before the service", _WHOLE, posted({"adjudicated_on": _SERVICE - timedelta(days=1)})),
        _with("on the night", _CLEAN, posted({"adjudicated_on": NIGHT})),
        _with("on the day of service", _CLEAN, posted({"adjudicated_on": _SERVICE})),
    ],
    "COB10": [
        _with("missing", _WHOLE, posted({"payer_code": None})),
        _with("beside a primary claim", _WHOLE, {"other_payers": [{**_BESIDE, "payer_code": ""}]}, {}),
        _with("there", _CLEAN, posted()),
    ],
    "COB11": [
        _with("missing", _WHOLE, posted({"member_id": None})),
        _with("there", _CLEAN, posted()),
    ],
    "COB12": [
        _with("no last name", _WHOLE, posted({"subscriber_last_name": None})),
        _with("no first name", _WHOLE, posted({"subscriber_first_name": " "})),
        _with("no relationship", _WHOLE, posted({"relationship": None})),
        _with("another relationship", _WHOLE, posted({"relationship": "cousin"})),
        *(_with(word, _CLEAN, posted({"relationship": word})) for word in ("self", "spouse", "child", "other")),
    ],
    "COB13": [
        _with("by the primary", _WHOLE, posted({"is_crossed_over": True}), value="secondary"),
        _with("by a later insurer", _CLEAN, posted(more=[{**_BESIDE, "level": "tertiary", "is_crossed_over": True}])),
        _with("not", _CLEAN, posted()),
    ],
    "COB14": [
        _with("the same", _WHOLE, posted({"payer_code": "60054", "member_id": "W123456789"}), value="secondary"),
        _with("the same insurer, another member", _CLEAN, posted({"payer_code": "60054"})),
        _with("the same number, another insurer", _CLEAN, posted({"member_id": "W123456789"})),
        _with(
            "both missing: other edits say so",
            _CLEAN,
            posted({"payer_code": None, "member_id": None}),
            also=frozenset({("COB10", 0), ("COB11", 0)}),
        ),
    ],
    "COB15": [
        _with(
            "both",
            _WHOLE,
            posted({"claim_filing_code": "MB"}),
            {**SECONDARY, "claim_filing_code": "MB", "member_id": "1EG4TE5MK73"},
            also=frozenset({("MSP01", 0)}),
        ),
        _with("only the other", _CLEAN, posted({"claim_filing_code": "MB"})),
        _with(
            "only this one",
            _CLEAN,
            posted(),
            {**SECONDARY, "claim_filing_code": "MB", "member_id": "1EG4TE5MK73"},
            also=frozenset({("MSP01", 0)}),
        ),
    ],
    "COB16": [
        _with("missing", _WHOLE, posted({"claim_filing_code": None})),
        _with("there", _CLEAN, posted()),
    ],
    "MSP01": [
        _with(
            "second",
            _WHOLE,
            posted(),
            {**SECONDARY, "claim_filing_code": "MB", "member_id": "1EG4TE5MK73"},
            value="secondary",
        ),
        Case("first", _CLEAN, {"claim_filing_code": "MB", "member_id": "1EG4TE5MK73"}),
        _with("another insurer second", _CLEAN, posted()),
    ],
}
