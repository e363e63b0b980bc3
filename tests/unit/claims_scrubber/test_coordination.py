"""The sums of earlier insurers' decisions against a plain reading of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from include.claims_scrubber import catalogue, scrub
from tests.unit.claims_scrubber.cases_coordination import PRIMARY, SECOND
from tests.unit.claims_scrubber.claim_sets import ALL_LOADED, NIGHT, ClaimChange, claims_of

_LEVELS = ("primary", "secondary")
_EDITS = tuple(one for one in catalogue() if one.code in ("COB03", "COB04", "COB05"))
_CENTS = st.sampled_from([0, 1000, 3000, 18000, 21000])
_PAYMENTS = st.dictionaries(st.tuples(st.sampled_from(_LEVELS), st.integers(1, 2)), _CENTS, max_size=4)
_ADJUSTMENTS = st.lists(st.tuples(st.sampled_from(_LEVELS), st.integers(0, 2), _CENTS), max_size=6)
_PAID = st.tuples(_CENTS, _CENTS)
Payments = Mapping[tuple[str, int], int]
Adjustments = Sequence[tuple[str, int, int]]


def _expected(payments: Payments, adjustments: Adjustments, paid: tuple[int, int]) -> set[tuple[str, int]]:
    found = set()
    charges = {1: 18000, 2: 3000}
    for level, total in zip(_LEVELS, paid, strict=True):
        lines = {line: cents for (own, line), cents in payments.items() if own == level}
        own = [(line, cents) for at, line, cents in adjustments if at == level]
        for line, cents in lines.items():
            if cents + sum(amount for at, amount in own if at == line) != charges[line]:
                found.add(("COB03", line))
        if total + sum(amount for _, amount in own) != 21000:
            found.add(("COB04", 0))
        elif lines and sum(lines.values()) - sum(amount for at, amount in own if at == 0) != total:
            found.add(("COB05", 0))
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_PAYMENTS, _ADJUSTMENTS, _PAID), min_size=1, max_size=12))
def test_balances_are_those_of_a_plain_reading(claims: list[tuple[Payments, Adjustments, tuple[int, int]]]) -> None:
    changes, expected = {}, set()
    for number, (payments, adjustments, paid) in enumerate(claims):
        claim_id = 1000 - number
        others = {
            "other_payers": [{**PRIMARY, "paid_cents": paid[0]}, {**SECOND, "paid_cents": paid[1]}],
            "line_payments": [
                {"level": level, "line_number": line, "paid_cents": cents} for (level, line), cents in payments.items()
            ],
            "adjustments": [
                {"level": level, "line_number": line, "group_code": "CO", "reason_code": "45", "amount_cents": cents}
                for level, line, cents in adjustments
            ],
        }
        changes[claim_id] = ClaimChange({"level": "tertiary"}, others=others)
        expected |= {(claim_id, code, line) for code, line in _expected(payments, adjustments, paid)}
    findings = scrub(claims_of(changes), as_of_on=NIGHT, references=ALL_LOADED, edits=_EDITS).findings
    assert set(findings[["claim_id", "edit_code", "line_number"]].itertuples(index=False, name=None)) == expected
