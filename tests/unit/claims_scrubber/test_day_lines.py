"""The lines of a client's day side by side, against a plain reading of the frames."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from include.claims_scrubber.context import ScrubContext
from include.claims_scrubber.day_lines import DayLines, build_day_lines
from tests.unit.claims_scrubber.claim_sets import NIGHT, NOTHING_LOADED, ClaimChange, claims_of

_CODES = st.sampled_from(["90837", "90785", " 90837", "h0004", "H0004", None])
_LINES = st.lists(st.tuples(_CODES, st.sampled_from([None, 0, 0, 0, 1, 2])), max_size=4)
_CLAIMS = st.lists(st.tuples(_LINES, st.lists(_CODES, max_size=2), st.sampled_from(["1", "1", "8"])), max_size=6)

Claims = list[tuple[list[tuple[str | None, int | None]], list[str | None], str]]


def _build(claims: Claims) -> DayLines:
    first = date(2026, 11, 20)
    changes = {
        # Falling ids, so that neither lines nor claims come in order of their ids.
        100 - number: ClaimChange(
            {"frequency_code": frequency},
            [
                {
                    "line_number": place,
                    "procedure_code": code,
                    "service_on": None if day is None else first + timedelta(days=day),
                }
                for place, (code, day) in enumerate(lines, start=1)
            ],
            others={"same_day_lines": [{"procedure_code": code, "unit_count": 1} for code in others]},
        )
        for number, (lines, others, frequency) in enumerate(claims)
    }
    return build_day_lines(ScrubContext(claims_of(changes), NIGHT, NOTHING_LOADED))


def _read(claims: Claims) -> list[tuple[tuple[int, int], str, int]]:
    """Every row as (its day, its code in upper case, its line or -1 less its other line)."""
    rows = []
    line = other = -1
    for number, (lines, others, frequency) in enumerate(claims):
        days = [day for _, day in lines if day is not None]
        earliest = min(days, default=0)
        for code, day in lines:
            line += 1
            if frequency != "8":
                rows.append(((number, earliest if day is None else day), (code or "").strip().upper(), line))
        for code in others:
            other += 1
            if frequency != "8":
                rows.append(((number, earliest), (code or "").strip().upper(), -2 - other))
    return rows


@settings(max_examples=60, deadline=None)
@given(_CLAIMS)
def test_days_hold_the_lines_that_a_plain_reading_gives_them(claims: Claims) -> None:
    rows = _build(claims)
    expected = _read(claims)
    marks = np.where(rows.line >= 0, rows.line, -2 - rows.other).tolist()
    texts = [rows.procedures[place] if place >= 0 else "" for place in rows.procedure]
    assert sorted(zip(texts, marks, strict=True)) == sorted((code, mark) for _, code, mark in expected)
    assert (np.diff(rows.day) >= 0).all()
    day_of = dict(zip(marks, rows.day.tolist(), strict=True))
    for (one_day, _, one), (other_day, _, other) in combinations(expected, 2):
        assert (day_of[one] == day_of[other]) == (one_day == other_day)


@settings(max_examples=60, deadline=None)
@given(_CLAIMS)
def test_pairs_are_every_two_rows_of_a_day_once(claims: Claims) -> None:
    rows = _build(claims)
    found = [pair for left, right in rows.pairs() for pair in zip(left.tolist(), right.tolist(), strict=True)]
    size = range(len(rows.day))
    assert len(found) == len(set(found))
    assert set(found) == {(one, two) for one, two in combinations(size, 2) if rows.day[one] == rows.day[two]}


@settings(max_examples=60, deadline=None)
@given(_CLAIMS)
def test_the_bits_of_a_day_are_those_of_its_rows_together(claims: Claims) -> None:
    rows = _build(claims)
    bits = rows.per_procedure(lambda code: {"90837": 1, "90785": 2, "H0004": 4}[code])
    of_day = rows.any_of_day(bits)
    for place, day in enumerate(rows.day):
        assert of_day[place] == np.bitwise_or.reduce(bits[rows.day == day])
