"""Claim numbers are looked at in blocks; a wrong one is found whatever stands beside it."""

from __future__ import annotations

import pytest

from include.claims_scrubber import edit_of, scrub
from include.claims_scrubber.edits import claim_header
from tests.unit.claims_scrubber.all_cases import ALL_CASES
from tests.unit.claims_scrubber.claim_sets import ALL_LOADED, NIGHT, ClaimChange, claims_of
from tests.unit.claims_scrubber.edit_cases import Case


@pytest.mark.parametrize("case", ALL_CASES["NUM01"], ids=[case.name for case in ALL_CASES["NUM01"]])
@pytest.mark.parametrize("place", [0, 1, 2, 3, 4])
def test_a_wrong_claim_number_is_found_among_right_ones_at_any_place_of_a_block(
    case: Case, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim_header, "_BLOCK", 2)
    frames = claims_of({number: case.change if number == place else ClaimChange() for number in range(5)})
    findings = scrub(frames, as_of_on=NIGHT, references=ALL_LOADED, edits=(edit_of("NUM01"),)).findings
    assert set(findings["claim_id"]) == ({place} if case.lines_found else set())
