"""What the scrubber says in logs and views holds no patient data, whatever stands in the claim."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from include.claim_frames import CLAIM_COLUMNS, LINE_COLUMNS, ClaimFrames
from include.claims_scrubber import EditFailedError, edit_of, render, scrub
from tests.unit.claims_scrubber.all_cases import ALL_CASES as CASES
from tests.unit.claims_scrubber.claim_sets import ALL_LOADED, NIGHT, OTHER_HOLDER, claim_set, claims_of

#: Columns whose marks would only take the edits out of play.
_KEPT = {"frequency_code", "relationship", "billing_entity_type"}


def _marked() -> ClaimFrames:
    """A claim with a mark in every text column and a telling birth date, which many edits object to."""
    claim: dict[str, object] = dict(OTHER_HOLDER)
    claim |= {name: f"MARK{name}" for name, kind in CLAIM_COLUMNS.items() if kind == "text" and name not in _KEPT}
    claim |= {"patient_birth_on": date(2031, 3, 7), "subscriber_birth_on": date(1831, 3, 7)}
    line = {name: f"MARK{name}" for name, kind in LINE_COLUMNS.items() if kind == "text"}
    return claim_set(claim, {1: line, 2: line}, [(1, "MARKdiagnosis")])


def test_planted_marks_reach_values_and_no_message_or_fix_location() -> None:
    findings = scrub(_marked(), as_of_on=NIGHT, references=ALL_LOADED).findings
    # The marks must be there to be left out: many edits found one.
    assert findings["value"].str.startswith("MARK", na=False).sum() >= 10
    assert {"2031-03-07", "1831-03-07"} <= set(findings["value"])
    for finding in findings.to_dict("records"):
        edit = edit_of(finding["edit_code"])
        said = " ".join([render(edit, finding), edit.fix_location, *edit.fix_columns])
        assert "MARK" not in said
        assert "2031" not in said
        assert "1831" not in said
        if finding["line_number"]:
            assert f"Line {finding['line_number']}" in said


def test_messages_are_the_same_whatever_the_value_is() -> None:
    every = [case for cases in CASES.values() for case in cases]
    findings = pd.concat(
        scrub(
            claims_of({place: case.change for place, case in enumerate(every) if case.as_of_on == night}),
            as_of_on=night,
            references=ALL_LOADED,
        ).findings
        for night in {case.as_of_on for case in every}
    )
    assert set(findings["edit_code"]) == set(CASES)
    for finding in findings.to_dict("records"):
        edit = edit_of(finding["edit_code"])
        assert render(edit, finding) == edit.message.replace("{line_number}", str(finding["line_number"]))


def test_a_column_of_the_wrong_type_is_named_by_its_edit_without_its_content() -> None:
    frames = claim_set()
    claims = frames.claims.astype({"member_id": "object"})
    claims.loc[0, "member_id"] = 987654321
    with pytest.raises(EditFailedError) as failure:
        scrub(ClaimFrames(claims, frames.lines, frames.diagnoses), as_of_on=NIGHT, references=ALL_LOADED)
    assert "edit CHR03 failed" in str(failure.value)
    assert "987654321" not in str(failure.value)
