"""Whose word counts for the severity of a finding."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest

from include.claims_scrubber import ScrubResult, catalogue, scrub
from tests.unit.claims_scrubber.claim_sets import ALL_LOADED, NIGHT, ClaimChange, claim_set, claims_of

Override = tuple[int | None, int | None, str, str]

_ORGANIZATION, _INSURER = 10, 90


def _overrides(rows: Sequence[Override]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["organization_id", "insurer_id", "edit_code", "severity"])


def _scrub(rows: Sequence[Override], claim: dict[str, object] | None = None) -> ScrubResult:
    """A claim of organization 10 and insurer 90 whose payer id is not listed: the overridable edit PAY02."""
    frames = claim_set({"payer_code": "60055", **(claim or {})})
    return scrub(frames, as_of_on=NIGHT, references=ALL_LOADED, severities=_overrides(rows))


def _severity(rows: Sequence[Override], claim: dict[str, object] | None = None) -> str:
    severities = _scrub(rows, claim).findings["severity"].tolist()
    assert len(severities) <= 1
    return severities[0] if severities else "off"


@pytest.mark.parametrize("severity", ["warning", "off"])
@pytest.mark.parametrize(
    ("organization_id", "insurer_id"),
    [(None, None), (_ORGANIZATION, None), (None, _INSURER), (_ORGANIZATION, _INSURER)],
)
def test_an_override_counts_at_every_level(organization_id: int, insurer_id: int, severity: str) -> None:
    assert _severity([(organization_id, insurer_id, "PAY02", severity)]) == severity


@pytest.mark.parametrize(
    ("organization_id", "insurer_id"),
    [(11, None), (None, 91), (_ORGANIZATION, 91), (11, _INSURER)],
)
def test_an_override_for_somebody_else_does_not_count(organization_id: int, insurer_id: int) -> None:
    assert _severity([(organization_id, insurer_id, "PAY02", "off")]) == "error"
    assert _severity([(_ORGANIZATION, _INSURER, "COV01", "off")]) == "error"


def test_without_overrides_the_default_counts() -> None:
    assert _severity([]) == "error"


_MOST_SPECIFIC_LAST: list[tuple[int | None, int | None]] = [
    (None, None),
    (_ORGANIZATION, None),
    (None, _INSURER),
    (_ORGANIZATION, _INSURER),
]


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("is_reversed", [False, True])
def test_the_most_specific_override_wins_in_whatever_order_they_come(count: int, is_reversed: bool) -> None:
    levels = _MOST_SPECIFIC_LAST[:count]
    rows: list[Override] = [(*level, "PAY02", "off") for level in levels[:-1]]
    rows.append((*levels[-1], "PAY02", "warning"))
    assert _severity(rows[::-1] if is_reversed else rows) == "warning"


def test_a_more_specific_override_can_raise_again() -> None:
    assert _severity([(None, None, "PAY02", "off"), (_ORGANIZATION, _INSURER, "PAY02", "error")]) == "error"


def test_a_claim_without_an_insurer_takes_the_organizations_word() -> None:
    claim: dict[str, object] = {"insurer_id": None}
    rows: list[Override] = [(None, _INSURER, "PAY02", "off"), (_ORGANIZATION, None, "PAY02", "warning")]
    assert _severity(rows, claim) == "warning"
    assert _severity(rows[:1], claim) == "error"


@pytest.mark.parametrize("severity", ["warning", "off"])
def test_what_an_837p_cannot_take_stays_an_error_and_the_override_is_reported(severity: str) -> None:
    result = _scrub([(_ORGANIZATION, None, "MEM01", severity)], {"member_id": None, "payer_code": "60054"})
    assert result.findings[["edit_code", "severity"]].to_numpy().tolist() == [["MEM01", "error"]]
    assert result.refused_severities.to_dict("records") == [
        {
            "organization_id": _ORGANIZATION,
            "insurer_id": -1,
            "edit_code": "MEM01",
            "severity": severity,
            "reason": "not overridable",
        }
    ]


def test_no_edit_that_cannot_be_overridden_can_be_lowered() -> None:
    fixed = [one.code for one in catalogue() if not one.is_overridable]
    assert fixed
    result = _scrub([(None, None, code, "off") for code in fixed])
    assert sorted(result.refused_severities["edit_code"]) == sorted(fixed)


def test_every_edit_that_can_be_overridden_can_be_lowered() -> None:
    loose = [one.code for one in catalogue() if one.is_overridable]
    assert loose
    assert _scrub([(None, None, code, "off") for code in loose]).refused_severities.empty


def test_an_override_that_says_error_is_no_lowering_and_an_unknown_edit_is_reported() -> None:
    result = _scrub([(None, None, "MEM01", "error"), (None, None, "OLD99", "off")])
    assert result.refused_severities[["edit_code", "reason"]].to_numpy().tolist() == [["OLD99", "unknown edit"]]


def test_each_claim_gets_the_severity_of_its_own_organization_and_insurer() -> None:
    frames = claims_of(
        {
            1: ClaimChange({"payer_code": "60055", "organization_id": 10, "insurer_id": 90}),
            2: ClaimChange({"payer_code": "60055", "organization_id": 11, "insurer_id": 90}),
            3: ClaimChange({"payer_code": "60055", "organization_id": 11, "insurer_id": 91}),
            4: ClaimChange({"payer_code": "60055", "organization_id": 12, "insurer_id": 92}),
        }
    )
    rows: list[Override] = [(11, None, "PAY02", "off"), (None, 90, "PAY02", "warning")]
    findings = scrub(frames, as_of_on=NIGHT, references=ALL_LOADED, severities=_overrides(rows)).findings
    assert dict(zip(findings["claim_id"], findings["severity"], strict=True)) == {
        1: "warning",
        2: "warning",
        4: "error",
    }


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(None, None, "PAY02", "ignore")], "1 rows with a severity other than"),
        ([(10, None, "PAY02", "off"), (10, None, "PAY02", "warning")], "1 rows repeat"),
    ],
)
def test_overrides_that_make_no_sense_are_refused(rows: list[Override], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _scrub(rows)


def test_overrides_without_a_column_are_refused() -> None:
    with pytest.raises(ValueError, match="missing columns"):
        scrub(
            claim_set(),
            as_of_on=NIGHT,
            references=ALL_LOADED,
            severities=_overrides([]).drop(columns="insurer_id"),
        )
