"""What a scrub returns besides the findings of its edits: what was not checked, effective dates, faults."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime

import pandas as pd
import pytest

from include.claim_frames import ClaimFrames
from include.claims_scrubber import EditFailedError, References, catalogue, catalogue_version, edit_of, scrub
from include.claims_scrubber.catalogue import Edit
from include.claims_scrubber.context import Hits, ScrubContext
from tests.unit.claims_scrubber.claim_sets import (
    ALL_LOADED,
    NIGHT,
    NOTHING_LOADED,
    ClaimChange,
    claim_set,
    claims_of,
    found,
    no_claims,
)

_NEEDS_PAYERS = (edit_of("PAY02"),)
_EMPTY_LIST = References({"payer_list": pd.DataFrame({"payer_code": pd.Series(dtype="str")})})


@pytest.mark.parametrize("references", [NOTHING_LOADED, _EMPTY_LIST], ids=["absent", "empty"])
def test_an_edit_without_its_table_is_not_checked_and_not_passed(references: References) -> None:
    frames = claims_of({1: ClaimChange({"payer_code": "60055"}), 2: ClaimChange()})
    result = scrub(frames, as_of_on=NIGHT, references=references, edits=_NEEDS_PAYERS)
    assert result.findings.empty
    assert result.not_checked.to_dict("records") == [{"edit_code": "PAY02", "claim_count": 2}]


def test_the_half_of_an_edit_that_needs_no_table_is_still_checked() -> None:
    result = scrub(claim_set({"payer_code": None}), as_of_on=NIGHT, references=NOTHING_LOADED)
    assert found(result.findings) == {("PAY01", 0)}


def test_claims_whose_edit_is_off_do_not_count_as_not_checked() -> None:
    frames = claims_of({1: ClaimChange({"organization_id": 10}), 2: ClaimChange({"organization_id": 11})})
    off = pd.DataFrame({"organization_id": [11], "insurer_id": [None], "edit_code": ["PAY02"], "severity": ["off"]})
    one = scrub(frames, as_of_on=NIGHT, references=NOTHING_LOADED, severities=off, edits=_NEEDS_PAYERS)
    assert one.not_checked["claim_count"].tolist() == [1]
    for_all = off.assign(organization_id=off["insurer_id"])
    none = scrub(frames, as_of_on=NIGHT, references=NOTHING_LOADED, severities=for_all, edits=_NEEDS_PAYERS)
    assert none.not_checked.empty


def test_no_claims_leave_nothing_unchecked() -> None:
    assert scrub(no_claims(), as_of_on=NIGHT, references=NOTHING_LOADED).not_checked.empty


def test_unknown_tables_and_missing_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown reference table payers"):
        References({"payers": pd.DataFrame()})
    with pytest.raises(ValueError, match="payer_list: missing columns"):
        References({"payer_list": pd.DataFrame({"code": ["60054"]})})


def test_held_claims_are_those_with_an_error_each_once() -> None:
    frames = claims_of(
        {
            7: ClaimChange({"member_id": None, "payer_code": None}),
            8: ClaimChange({"payer_code": "60055"}),
            9: ClaimChange(),
        }
    )
    lower = pd.DataFrame(
        {"organization_id": [None], "insurer_id": [None], "edit_code": ["PAY02"], "severity": ["warning"]}
    )
    result = scrub(frames, as_of_on=NIGHT, references=ALL_LOADED, severities=lower)
    assert result.findings.loc[result.findings["severity"] == "error", "claim_id"].unique().tolist() == [7]
    assert result.findings["claim_id"].tolist() == [7, 7, 8]


def test_findings_come_in_order_of_claim_line_and_code() -> None:
    frames = claims_of(
        {
            9: ClaimChange(
                {"member_id": None}, {2: {"unit_count": 0}, 1: {"unit_count": 0, "diagnosis_pointers": "9"}}
            ),
            3: ClaimChange({"billing_npi": None}),
        }
    )
    findings = scrub(frames, as_of_on=NIGHT, references=ALL_LOADED).findings
    assert list(zip(findings["claim_id"], findings["line_number"], findings["edit_code"], strict=True)) == [
        (3, 0, "NPI01"), (9, 0, "MEM01"), (9, 1, "DIA02"), (9, 1, "UNI01"), (9, 2, "UNI01"),
    ]  # fmt: skip


def test_a_repeated_line_gives_one_finding_per_claim_line_and_edit() -> None:
    frames = claim_set({"total_charge_cents": 42000}, {1: {"unit_count": 0}})
    doubled = ClaimFrames(frames.claims, pd.concat([frames.lines, frames.lines]), frames.diagnoses)
    findings = scrub(doubled, as_of_on=NIGHT, references=ALL_LOADED, edits=(edit_of("UNI01"),)).findings
    assert found(findings) == {("UNI01", 1)}
    assert len(findings) == 1


def test_a_scrub_changes_nothing_and_a_second_one_finds_the_same() -> None:
    frames = claim_set({"member_id": " ", "payer_code": "60055"}, {1: {"charge_cents": -5}})
    before = ClaimFrames(frames.claims.copy(), frames.lines.copy(), frames.diagnoses.copy())
    first = scrub(frames, as_of_on=NIGHT, references=ALL_LOADED)
    second = scrub(frames, as_of_on=NIGHT, references=ALL_LOADED)
    assert len(first.findings) >= 3
    pd.testing.assert_frame_equal(first.findings, second.findings)
    for name in ("claims", "lines", "diagnoses"):
        pd.testing.assert_frame_equal(getattr(frames, name), getattr(before, name))


def test_a_scrub_records_which_edits_ran() -> None:
    assert scrub(no_claims(), as_of_on=NIGHT, references=ALL_LOADED).catalogue_version == catalogue_version()
    some = catalogue()[:2]
    result = scrub(no_claims(), as_of_on=NIGHT, references=ALL_LOADED, edits=some)
    assert result.catalogue_version == catalogue_version(some)


def test_integer_columns_of_either_kind_are_read() -> None:
    frames = claim_set({"member_id": None})
    plain = ClaimFrames(
        frames.claims.astype({"claim_id": "int64", "organization_id": "int64", "insurer_id": "float64"}),
        frames.lines.astype({"claim_id": "int64", "unit_count": "float64", "charge_cents": "float64"}),
        frames.diagnoses.astype({"claim_id": "int64", "rank": "int64"}),
    )
    assert found(scrub(plain, as_of_on=NIGHT, references=ALL_LOADED).findings) == {("MEM01", 0)}


# Effective dates


def _between(code: str, first: date | None, last: date | None) -> tuple[Edit]:
    return (dataclasses.replace(edit_of(code), effective_from=first, effective_to=last),)


@pytest.mark.parametrize(
    ("first", "last", "lines"),
    [
        (date(2026, 11, 23), None, {1, 2}),
        (date(2026, 11, 24), None, {2}),
        (None, date(2026, 11, 23), {1}),
        (None, date(2026, 11, 22), set()),
        (date(2026, 11, 23), date(2026, 11, 23), {1}),
        (date(2026, 11, 24), date(2026, 11, 24), {2}),
    ],
)
def test_a_line_edit_applies_to_service_dates_within_its_dates(first: date, last: date, lines: set[int]) -> None:
    frames = claim_set(lines={1: {"unit_count": 0}, 2: {"unit_count": 0, "service_on": date(2026, 11, 24)}})
    result = scrub(frames, as_of_on=NIGHT, references=ALL_LOADED, edits=_between("UNI01", first, last))
    assert found(result.findings) == {("UNI01", line) for line in lines}


@pytest.mark.parametrize(
    ("first", "last", "applies"),
    [
        (date(2026, 11, 23), None, True),
        (date(2026, 11, 24), None, False),
        (None, date(2026, 11, 23), True),
        (None, date(2026, 11, 22), False),
    ],
)
def test_a_claim_edit_goes_by_the_earliest_service_date(first: date, last: date, applies: bool) -> None:
    frames = claim_set({"member_id": None}, {2: {"service_on": date(2026, 11, 24)}})
    result = scrub(frames, as_of_on=NIGHT, references=ALL_LOADED, edits=_between("MEM01", first, last))
    assert found(result.findings) == ({("MEM01", 0)} if applies else set())


def test_a_claim_without_lines_goes_by_the_date_of_the_scrub() -> None:
    frames = claim_set({"member_id": None}, [])
    for first, expected in ((NIGHT, {("MEM01", 0)}), (date(2026, 11, 26), set())):
        result = scrub(frames, as_of_on=NIGHT, references=ALL_LOADED, edits=_between("MEM01", first, None))
        assert found(result.findings) == expected


# Faults of the program or of the data's shape


def test_an_instant_is_not_a_night() -> None:
    with pytest.raises(TypeError, match="local date"):
        scrub(no_claims(), as_of_on=datetime(2026, 11, 25), references=ALL_LOADED)  # noqa: DTZ001


def test_a_claim_that_comes_twice_is_refused() -> None:
    frames = claim_set()
    doubled = ClaimFrames(pd.concat([frames.claims, frames.claims]), frames.lines, frames.diagnoses)
    with pytest.raises(ValueError, match="1 claims come more than once"):
        scrub(doubled, as_of_on=NIGHT, references=ALL_LOADED)


@pytest.mark.parametrize("name", ["lines", "diagnoses"])
def test_a_row_without_its_claim_is_refused(name: str) -> None:
    frames = claim_set()
    strangers = getattr(claims_of({2: ClaimChange()}), name)
    with pytest.raises(ValueError, match=f"2 rows of {name} name a claim that is not there"):
        scrub(dataclasses.replace(frames, **{name: strangers}), as_of_on=NIGHT, references=ALL_LOADED)


def test_missing_columns_are_refused() -> None:
    frames = claim_set()
    with pytest.raises(ValueError, match="member_id"):
        scrub(
            ClaimFrames(frames.claims.drop(columns="member_id"), frames.lines, frames.diagnoses),
            as_of_on=NIGHT,
            references=ALL_LOADED,
        )


def test_an_edit_that_breaks_says_which_and_where_and_no_value() -> None:
    def break_on_a_value(context: ScrubContext) -> Hits:
        raise ValueError(f"cannot read {context.claims['patient_last_name'].iloc[0]}")

    broken = dataclasses.replace(edit_of("NAM01"), check=break_on_a_value)
    with pytest.raises(EditFailedError) as failure:
        scrub(claim_set({"patient_last_name": "MARKED"}), as_of_on=NIGHT, references=ALL_LOADED, edits=(broken,))
    assert "NAM01 failed: ValueError at test_scrub.py" in str(failure.value)
    assert "MARKED" not in str(failure.value)
    assert failure.value.__cause__ is None
    assert failure.value.__context__ is None
