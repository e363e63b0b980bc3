"""What the file cannot carry is named by claim and column, and nothing gets into it through any text."""

from __future__ import annotations

import pandas as pd
import pytest

from include.claim_frames import FRAME_COLUMNS
from include.clearinghouse.claim_folding import UncarriableClaims
from include.clearinghouse.professional_claim import build_claim_runs
from tests.unit.clearinghouse.example_claims import Row, claim, frames_of, line, line_payment, other_payer
from tests.unit.clearinghouse.valid_cases import VALID_CASES

TEXT_COLUMNS = [
    (frame, column) for frame, columns in FRAME_COLUMNS.items() for column, kind in columns.items() if kind == "text"
]
#: Known to the scrubber only; the file does not carry them.
NOT_WRITTEN = {
    *(
        ("claims", column)
        for column in (
            "other_claim_number",
            "rendering_license_type",
            "treating_license_type",
            "telehealth",
            "note_status",
            "overlapping_claim_number",
        )
    ),
    ("lines", "sent_claim_number"),
    *((frame, column) for frame, column in TEXT_COLUMNS if frame == "same_day_lines"),
}
#: A claim with a row in every frame.
EVERYTHING: Row = {
    **VALID_CASES["everything that may be told of an original claim"],
    **VALID_CASES["secondary, paid by line"],
    "same_day_lines": [{"other_claim_number": "C9", "procedure_code": "90834", "unit_count": 1}],
}
ATTACKS = ["X~CLM*STOLEN*1", "A*B", "A:B:C:D:E", "A^B", "A\nB", "\uff5eA\uff0a", "\u7530"]


def problems_of(*claims: Row) -> list[tuple[int, str, str]]:
    """claim_id, column, reason of each problem; none if the claims are written."""
    try:
        build_claim_runs(frames_of(claims))
    except UncarriableClaims as refusal:
        rows = refusal.problems[["claim_id", "column", "reason"]]
        return list(rows.itertuples(index=False, name=None))
    return []


def test_the_columns_tried_below_are_those_of_all_frames() -> None:
    assert {frame for frame, _ in TEXT_COLUMNS} == set(FRAME_COLUMNS)
    assert len(TEXT_COLUMNS) - len(NOT_WRITTEN) > 100
    assert set(TEXT_COLUMNS) >= NOT_WRITTEN


def test_nothing_is_injected_through_any_text_column_of_any_frame() -> None:
    attacks = [(frame, column, attack) for frame, column in TEXT_COLUMNS for attack in ATTACKS]
    frames = frames_of(claim(number, **EVERYTHING) for number in range(1, len(attacks) + 1))
    expected = set()
    for claim_id, (frame, column, attack) in enumerate(attacks, start=1):
        attacked: pd.DataFrame = getattr(frames, frame)
        rows = attacked.index[attacked["claim_id"] == claim_id]
        assert len(rows), f"no row of {frame} to attack"
        attacked.loc[rows, column] = attack
        if (frame, column) not in NOT_WRITTEN:
            place = "" if frame in ("claims", "lines", "diagnoses") else f"{frame}."
            expected.add((claim_id, place + column))
    with pytest.raises(UncarriableClaims) as refusal:
        build_claim_runs(frames)
    problems = refusal.value.problems
    assert set(problems[["claim_id", "column"]].itertuples(index=False, name=None)) == expected
    assert not any(attack in str(refusal.value) + problems.to_csv(index=False) for attack in ATTACKS)


@pytest.mark.parametrize(("frame", "column"), sorted(NOT_WRITTEN))
def test_a_column_the_file_does_not_carry_changes_nothing_in_it(frame: str, column: str) -> None:
    frames, clean = frames_of([claim(1, **EVERYTHING)]), frames_of([claim(1, **EVERYTHING)])
    getattr(frames, frame)[column] = pd.Series([ATTACKS[0]], dtype="str")
    assert build_claim_runs(frames) == build_claim_runs(clean)


#: Who refers is always written as a person; levels join the rows of an insurer and are tried below.
NOT_AS_A_VALUE = {
    ("claims", "referring_entity_type"),
    *((frame, "level") for frame in ("other_payers", "line_payments", "adjustments")),
}


@pytest.mark.parametrize(
    ("frame", "column"), [each for each in TEXT_COLUMNS if each not in NOT_WRITTEN | NOT_AS_A_VALUE]
)
def test_a_column_that_is_folded_is_in_the_file(frame: str, column: str) -> None:
    """A column that is folded and then forgotten would be told to nobody."""
    dependent: Row = {**EVERYTHING, "frequency_code": "7", "payer_claim_control_number": "PCN1"}
    insured_solo = VALID_CASES["solo clinician with social security number"]
    rows = [claim(1, **dependent), claim(2, **{**insured_solo, "payer_claim_control_number": "PCN2"})]
    frames, clean = frames_of(rows), frames_of(rows)
    changed: pd.DataFrame = getattr(frames, frame)
    changed[column] = pd.Series([_OTHER_VALUES.get(column, "QX")] * len(changed), dtype="str")
    assert [run.text for run in build_claim_runs(frames)] != [run.text for run in build_claim_runs(clean)]


#: Where QX is not one of the codes or not of the form.
_OTHER_VALUES = {
    "level": "tertiary",
    "frequency_code": "8",
    "billing_entity_type": "1",
    "billing_tax_id_type": "SY",
    "billing_phone": "303-555-0199",
    "relationship": "spouse",
    "patient_sex": "U",
    "subscriber_sex": "U",
    "accident_cause": "other",
    "group_code": "OA",
    "diagnosis_pointers": "1:1",
}


@pytest.mark.parametrize("column", ["claim_number", "level", "frequency_code", "relationship", "billing_entity_type"])
def test_a_claim_without_what_the_file_cannot_do_without_is_refused(column: str) -> None:
    with pytest.raises(UncarriableClaims) as refusal:
        build_claim_runs(frames_of([claim(1, **{column: None}), claim(2)]))
    assert refusal.value.problems.iloc[0][["claim_id", "column", "reason"]].tolist() == [1, column, "missing"]


@pytest.mark.parametrize("frequency_code", ["7", "8"])
def test_a_correction_without_the_payers_number_is_refused(frequency_code: str) -> None:
    with pytest.raises(UncarriableClaims) as refusal:
        build_claim_runs(frames_of([claim(1, frequency_code=frequency_code)]))
    assert refusal.value.problems["column"].tolist() == ["payer_claim_control_number"]


def test_an_organization_that_refers_has_no_place_in_the_file() -> None:
    referred = VALID_CASES["referred"]
    assert problems_of(claim(1, **referred)) == []
    assert problems_of(claim(1, **{**referred, "referring_entity_type": "2"})) == [
        (1, "referring_entity_type", "not one of the codes the file knows")
    ]


@pytest.mark.parametrize("column", ["claim_note", "line_note", "description"])
def test_a_text_of_eighty_characters_is_carried_and_one_more_is_refused_and_not_cut(column: str) -> None:
    def with_text(text: str) -> Row:
        return claim(1, claim_note=text) if column == "claim_note" else claim(1, lines=[line(**{column: text})])

    assert problems_of(with_text("N" * 80)) == []
    assert problems_of(with_text(f"  {'N' * 79}  é ".replace("  é", "é"))) == []
    assert problems_of(with_text("N" * 81)) == [(1, column, "longer than the element holds")]
    assert problems_of(with_text("Æ" * 41)) == [(1, column, "longer than the element holds")]  # AE each


def secondary(**changes: object) -> Row:
    """A secondary claim of two lines, both decided by the primary insurer; `changes` are of that insurer."""
    payer: Row = {
        "adjudicated_on": "2026-11-24",
        "paid_cents": 9000,
        "line_payments": [line_payment(1, 9000, ("CO", "45", 6000)), line_payment(2, 0, ("PR", "1", 15000))],
        **changes,
    }
    return claim(2, level="secondary", lines=[line(), line()], other_payers=[other_payer(**payer)])


def test_a_decision_that_hangs_together_is_no_problem() -> None:
    assert problems_of(claim(1), secondary()) == []
    assert problems_of(secondary(line_payments=[], adjustments=[("CO", "45", 100)])) == []
    assert problems_of(secondary(adjudicated_on=None, paid_cents=None, line_payments=[])) == []


UNDATED = "other_payers.adjudicated_on"
INCOHERENT: dict[str, tuple[Row, list[tuple[str, str]]]] = {
    "no day": ({"adjudicated_on": None}, [(UNDATED, "missing")]),
    "no day, only an amount": ({"adjudicated_on": None, "line_payments": []}, [(UNDATED, "missing")]),
    "no day, only an adjustment": (
        {"adjudicated_on": None, "paid_cents": None, "line_payments": [], "adjustments": [("CO", "45", 1)]},
        [(UNDATED, "missing")],
    ),
    "no amount": ({"paid_cents": None}, [("other_payers.paid_cents", "missing")]),
    "adjustment without amount": (
        {"adjustments": [("CO", "45", None)]},
        [("adjustments.amount_cents", "missing")],
    ),
    "level of the claim itself": (
        {"level": "secondary"},
        [("other_payers.level", "more than once where the file can tell only one")],
    ),
    "a line the claim has not": (
        {"line_payments": [line_payment(3, 1)]},
        [("line_payments.line_number", "belongs to nothing else on the claim")],
    ),
    "a line without number": (
        {"line_payments": [{**line_payment(1, 1), "line_number": None}]},
        [("line_payments.line_number", "belongs to nothing else on the claim")],
    ),
    "a line twice": (
        {"line_payments": [line_payment(1, 1), line_payment(1, 2)]},
        [("line_payments.line_number", "more than once where the file can tell only one")],
    ),
}


@pytest.mark.parametrize("case", INCOHERENT)
def test_a_decision_that_does_not_hang_together_is_refused_and_its_neighbour_is_not(case: str) -> None:
    changes, problems = INCOHERENT[case]
    assert problems_of(claim(1), secondary(**changes), claim(3)) == [(2, *each) for each in problems]


def test_two_insurers_at_one_level_are_refused() -> None:
    payers = [other_payer("primary"), other_payer("primary", member_id="X9")]
    assert problems_of(claim(1, level="secondary", other_payers=payers)) == [
        (1, "other_payers.level", "more than once where the file can tell only one")
    ]


@pytest.mark.parametrize("frame", ["line_payments", "adjustments"])
def test_an_amount_whose_insurer_is_not_on_the_claim_is_refused(frame: str) -> None:
    frames = frames_of([claim(1), secondary()])
    rows: pd.DataFrame = getattr(frames, frame)
    rows.loc[rows.index[-1], "level"] = "tertiary"
    with pytest.raises(UncarriableClaims) as refusal:
        build_claim_runs(frames)
    problems = set(refusal.value.problems[["claim_id", "column"]].itertuples(index=False, name=None))
    assert (2, f"{frame}.level") in problems and {claim_id for claim_id, _ in problems} == {2}


def test_an_adjustment_of_a_line_that_was_not_paid_or_denied_is_refused() -> None:
    frames = frames_of([claim(1), secondary()])
    frames.adjustments.loc[frames.adjustments.index[-1], "line_number"] = 7
    with pytest.raises(UncarriableClaims) as refusal:
        build_claim_runs(frames)
    assert refusal.value.problems["column"].tolist() == ["adjustments.line_number"]


def test_an_insurer_without_level_is_refused() -> None:
    frames = frames_of([claim(1, level="secondary", other_payers=[other_payer()])])
    frames.other_payers["level"] = pd.Series([None], dtype="str")
    with pytest.raises(UncarriableClaims) as refusal:
        build_claim_runs(frames)
    assert refusal.value.problems[["column", "reason"]].to_numpy().tolist() == [["other_payers.level", "missing"]]
