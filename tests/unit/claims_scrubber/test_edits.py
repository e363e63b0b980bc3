"""Every edit finds what it is for, and leaves alone what comes close."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.claims_scrubber import catalogue, edit_of, scrub
from include.claims_scrubber.npi import is_valid_npi
from tests.unit.claims_scrubber.all_cases import ALL_CASES as CASES
from tests.unit.claims_scrubber.claim_sets import (
    ALL_LOADED,
    NIGHT,
    OTHER_HOLDER,
    SOLO,
    VALID_CLAIM,
    ClaimChange,
    claim_set,
    claims_of,
    found,
    no_claims,
    npi,
)

_ALL = [(code, case) for code, cases in CASES.items() for case in cases]


@cache
def _findings_by_case() -> Mapping[int, pd.DataFrame]:
    """The findings of every case by its place in `_ALL`, scrubbed together with all others of the same night.

    Together, because a mask or join that slips by a row shows only among neighbours; the claim ids fall, so that
    neither claims nor lines come in the order of their ids.
    """
    found_by_case: dict[int, pd.DataFrame] = {}
    for night in {case.as_of_on for _, case in _ALL}:
        changes = {1000 - place: case.change for place, (_, case) in enumerate(_ALL) if case.as_of_on == night}
        findings = scrub(claims_of(changes), as_of_on=night, references=ALL_LOADED).findings
        for claim_id in changes:
            found_by_case[1000 - claim_id] = findings.loc[findings["claim_id"] == claim_id]
    return found_by_case


@pytest.mark.parametrize("place", range(len(_ALL)), ids=[f"{code}: {case.name}" for code, case in _ALL])
def test_an_edit_finds_what_it_is_for_and_nothing_else_is_found(place: int) -> None:
    code, case = _ALL[place]
    findings = _findings_by_case()[place]
    assert found(findings) == {(code, line) for line in case.lines_found} | case.also
    if case.value is not None:
        assert set(findings.loc[findings["edit_code"] == code, "value"]) == {case.value}


def test_every_edit_of_the_catalogue_has_cases_on_both_sides_and_every_case_an_edit() -> None:
    codes = {one.code for one in catalogue()}
    assert codes
    assert set(CASES) == codes
    for code, cases in CASES.items():
        assert any(case.lines_found for case in cases), f"{code}: no claim it finds something on"
        assert any(not case.lines_found for case in cases), f"{code}: no claim it leaves alone"


def test_a_line_edit_names_lines_and_a_claim_edit_the_whole_claim() -> None:
    for code, cases in CASES.items():
        lines = {line for case in cases for line in case.lines_found}
        assert (lines == {0}) == (edit_of(code).grain == "claim"), code


@pytest.mark.parametrize("code", sorted(CASES))
def test_a_claim_scrubbed_alone_has_the_findings_it_has_among_others(code: str) -> None:
    case = next(case for case in CASES[code] if case.lines_found)
    findings = scrub(claims_of({1: case.change}), as_of_on=case.as_of_on, references=ALL_LOADED).findings
    assert found(findings) == {(code, line) for line in case.lines_found} | case.also


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param({}, id="group practice, client is the policy holder"),
        pytest.param(OTHER_HOLDER, id="client insured through a parent"),
        pytest.param(SOLO, id="solo practice"),
        pytest.param({"frequency_code": "7", "payer_claim_control_number": "8123"}, id="correction"),
        pytest.param(
            dict.fromkeys(column for column in VALID_CLAIM if column.startswith("facility_")), id="no facility"
        ),
    ],
)
def test_a_valid_claim_has_no_finding(claim: dict[str, object]) -> None:
    result = scrub(claim_set(claim), as_of_on=NIGHT, references=ALL_LOADED)
    assert result.findings.empty
    assert result.not_checked.empty
    assert not result.findings["severity"].eq("error").any()


def test_no_claims_have_no_findings_and_the_same_columns() -> None:
    empty = scrub(no_claims(), as_of_on=NIGHT, references=ALL_LOADED)
    full = scrub(claim_set({"member_id": None}), as_of_on=NIGHT, references=ALL_LOADED)
    assert empty.findings.empty
    assert not full.findings.empty
    pd.testing.assert_series_equal(empty.findings.dtypes, full.findings.dtypes)


_POINTERS = st.lists(st.integers(0, 13), max_size=6)
_RANKS = st.sets(st.integers(1, 12), min_size=1)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(_POINTERS, _RANKS), min_size=1, max_size=30))
def test_pointers_are_right_exactly_when_a_plain_reading_says_so(claims: list[tuple[list[int], set[int]]]) -> None:
    changes = {}
    expected = set()
    for number, (pointers, ranks) in enumerate(claims):
        text = ":".join(map(str, pointers))
        lines = {1: {"diagnosis_pointers": text}, 2: {"diagnosis_pointers": str(min(ranks))}}
        changes[number] = ClaimChange(lines=lines, diagnoses=[(rank, f"F{rank:02}") for rank in sorted(ranks)])
        if not (1 <= len(pointers) <= 4 and len(set(pointers)) == len(pointers) and set(pointers) <= ranks):
            expected.add((number, "DIA02", 1))
    findings = scrub(claims_of(changes), as_of_on=NIGHT, references=ALL_LOADED, edits=(edit_of("DIA02"),)).findings
    assert set(findings[["claim_id", "edit_code", "line_number"]].itertuples(index=False, name=None)) == expected


@given(st.integers(0, 10**10 - 1))
def test_an_npi_is_valid_exactly_when_the_textbook_luhn_says_so(number: int) -> None:
    for text in (f"{number:010}", npi(f"{number % 10**9:09}")):
        assert is_valid_npi(text) == (text[0] in "12" and npi(text[:9]) == text)
