from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.clearinghouse import charset
from include.clearinghouse.charset import (
    UncarriableText,
    code_of,
    fold,
    fold_address,
    fold_frame,
    fold_identifier,
    fold_number,
    fold_phone,
)

CARRIED = re.compile(r"""[A-Z0-9!"&'()+,\-./;?= ]*""")


@pytest.mark.parametrize(
    ("text", "carried"),
    [
        ("García Núñez", "GARCIA NUNEZ"),
        ("O\u2019Neill", "O'NEILL"),
        ("Kea\u02bbau", "KEA'AU"),
        ("Smith\u2013Jones", "SMITH-JONES"),
        ("\u201cBo\u201d Reed", '"BO" REED'),
        ("Straße", "STRASSE"),
        ("Ærø Łódź Đorđević Þór", "AERO LODZ DORDEVIC THOR"),
        ("e\u0301 already apart", "E ALREADY APART"),
        ("Nguyễn", "NGUYEN"),
        ("  two   spaces\u00a0here ", "TWO SPACES HERE"),
        ("\uff21\uff22", "AB"),
        ("½ Elm", "1/2 ELM"),
        ("", ""),
        ("   ", ""),
    ],
)
def test_a_name_is_carried_readably(text: str, carried: str) -> None:
    assert fold(text) == carried


@pytest.mark.parametrize(
    ("text", "reason", "position"),
    [
        ("GARC~IA", charset.DELIMITER, 5),
        ("A*X", charset.DELIMITER, 2),
        ("A:X", charset.DELIMITER, 2),
        ("A^X", charset.DELIMITER, 2),
        ("A\uff0aX", charset.DELIMITER, 2),  # full-width asterisk: NFKD makes a delimiter of it
        ("\ufe55", charset.DELIMITER, 1),  # small colon
        ("A\nB", charset.CONTROL, 2),
        ("A\tB", charset.CONTROL, 2),
        ("A\x00", charset.CONTROL, 2),
        ("A\u200bB", charset.CONTROL, 2),
        ("\ufeffA", charset.CONTROL, 1),
        ("\u7530\u4e2d", charset.FOREIGN, 1),
        ("Иван", charset.FOREIGN, 1),
        ("한", charset.FOREIGN, 1),
        ("A\U0001f600", charset.FOREIGN, 2),
        ("A@B", charset.FOREIGN, 2),
        ("\u2260", charset.FOREIGN, 1),  # not equal: dropping its mark would say the opposite
        ("\u0301A", charset.FOREIGN, 1),
        ("7\u0301", charset.FOREIGN, 2),
    ],
)
def test_what_cannot_be_carried_is_refused_with_its_place_and_without_its_value(
    text: str, reason: str, position: int
) -> None:
    with pytest.raises(UncarriableText) as refusal:
        fold(text, "patient_last_name")
    assert (refusal.value.reason, refusal.value.position) == (reason, position)
    assert str(refusal.value) == f"patient_last_name: {reason} at character {position}"


@given(st.text())
def test_a_folded_text_is_basic_and_folding_again_changes_nothing_or_the_text_is_refused(text: str) -> None:
    try:
        folded = fold(text)
    except UncarriableText:
        return
    assert CARRIED.fullmatch(folded)
    assert folded == folded.strip() and "  " not in folded
    assert fold(folded) == folded


@given(st.text(), st.sampled_from("*:^~\x00\n\u7530"), st.text())
def test_a_character_that_cannot_be_carried_is_refused_wherever_it_stands(before: str, bad: str, after: str) -> None:
    with pytest.raises(UncarriableText):
        fold(before + bad + after)


@given(st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!\"&'()+,-./;?="))
def test_text_that_is_already_basic_passes_unchanged(text: str) -> None:
    assert fold(text) == text


def test_a_number_sign_is_written_out_in_an_address_and_refused_in_a_name() -> None:
    assert fold_address("12 Elm St Apt #4") == "12 ELM ST APT NO 4"
    with pytest.raises(UncarriableText):
        fold("Lot #4")


@pytest.mark.parametrize("text", ["ABÉ1", "AB\u20131", "AB#1", "A`1", "A*1", "\uff21", "Aß"])
def test_an_identifier_is_never_transliterated(text: str) -> None:
    with pytest.raises(UncarriableText):
        fold_identifier(text)


def test_an_identifier_is_written_in_upper_case() -> None:
    assert fold_identifier(" ab-12 ") == "AB-12"


def test_numbers_lose_the_hyphens_and_spaces_people_write() -> None:
    assert fold_number("80202-1234") == "802021234"
    assert fold_number("84 1234567") == "841234567"


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("(303) 555-0100", "3035550100"),
        ("+1 303.555.0100", "3035550100"),
        ("303555010", ""),
        ("30355501000", ""),
        ("303-555-0100 x5", ""),
    ],
)
def test_a_phone_number_is_ten_digits_or_left_out(text: str, phone: str) -> None:
    assert fold_phone(text) == phone


def test_a_word_without_a_code_is_refused() -> None:
    rule = code_of({"self": "18"})
    assert rule("self", "relationship") == "18"
    with pytest.raises(UncarriableText, match=r"^relationship: not one of the codes the file knows$"):
        rule("cousin", "relationship")


def test_a_frame_is_folded_row_for_row_and_problems_name_claim_and_column() -> None:
    frame = pd.DataFrame(
        {
            "claim_id": [5, 6, 7, 8],
            "name": pd.Series(["Zoë", "Bo", None, "a~b"], dtype="str"),
            "city": pd.Series(["\u7530", "Bonn", "Bonn", "\u7530"], dtype="str"),
        }
    )
    folded, problems = fold_frame(frame, {"name": fold, "city": fold})
    assert folded["name"].tolist() == ["ZOE", "BO", "", ""]
    assert folded["city"].tolist() == ["", "BONN", "BONN", ""]
    assert list(problems.itertuples(index=False, name=None)) == [
        (5, "city", charset.FOREIGN, 1),
        (8, "city", charset.FOREIGN, 1),
        (8, "name", charset.DELIMITER, 2),
    ]


def test_a_frame_without_rows_or_problems_gives_empty_frames_with_the_same_columns() -> None:
    folded, problems = fold_frame(pd.DataFrame({"claim_id": [], "name": pd.Series([], dtype="str")}), {"name": fold})
    assert list(folded.columns) == ["name"] and len(folded) == 0
    assert list(problems.columns) == charset.PROBLEM_COLUMNS and len(problems) == 0
