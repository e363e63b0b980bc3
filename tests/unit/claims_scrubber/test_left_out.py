"""What a scrub leaves out, told apart: edits that are off for a claim, and claims that could not be checked."""

from __future__ import annotations

import pandas as pd

from include.claims_scrubber import scrub
from tests.unit.claims_scrubber.claim_sets import ALL_LOADED, NIGHT, NOTHING_LOADED, ClaimChange, claims_of, no_claims

_LAPSED = {"policy_ends_on": pd.Timestamp("2026-01-02")}


def test_what_an_edit_would_find_is_named_where_it_is_off_and_is_no_finding() -> None:
    frames = claims_of({1: ClaimChange({**_LAPSED, "organization_id": 10}), 2: ClaimChange({**_LAPSED})})
    frames.claims.loc[frames.claims["claim_id"] == 2, "organization_id"] = 11
    off = pd.DataFrame({"organization_id": [11], "insurer_id": [None], "edit_code": ["COV01"], "severity": ["off"]})
    result = scrub(frames, as_of_on=NIGHT, references=ALL_LOADED, severities=off)
    findings = result.findings.loc[result.findings["edit_code"] == "COV01"]
    assert set(findings["claim_id"]) == {1}
    assert set(result.switched_off["claim_id"]) == {2}
    assert set(result.switched_off["edit_code"]) == {"COV01"}
    assert list(result.switched_off["line_number"]) == list(findings["line_number"])
    nothing = scrub(frames, as_of_on=NIGHT, references=ALL_LOADED)
    assert nothing.switched_off.empty
    assert list(nothing.switched_off.columns) == ["claim_id", "line_number", "edit_code"]


def test_what_was_not_checked_is_counted_per_organization_too() -> None:
    frames = claims_of({number: ClaimChange() for number in (1, 2, 3)})
    frames.claims["organization_id"] = pd.array([10, 11, 11], dtype="Int64")
    result = scrub(frames, as_of_on=NIGHT, references=NOTHING_LOADED)
    counts = result.not_checked_by_organization
    paid = counts.loc[counts["edit_code"] == "PAY02"]
    assert dict(zip(paid["organization_id"], paid["claim_count"], strict=True)) == {10: 1, 11: 2}
    assert counts.groupby("edit_code")["claim_count"].sum().to_dict() == dict(
        zip(result.not_checked["edit_code"], result.not_checked["claim_count"], strict=True)
    )
    off = pd.DataFrame({"organization_id": [11], "insurer_id": [None], "edit_code": ["PAY02"], "severity": ["off"]})
    result = scrub(frames, as_of_on=NIGHT, references=NOTHING_LOADED, severities=off)
    counts = result.not_checked_by_organization
    assert counts.loc[counts["edit_code"] == "PAY02", "organization_id"].tolist() == [10]
    empty = scrub(no_claims(), as_of_on=NIGHT, references=NOTHING_LOADED).not_checked_by_organization
    assert list(empty.columns) == ["organization_id", "edit_code", "claim_count"]
    assert empty.empty
