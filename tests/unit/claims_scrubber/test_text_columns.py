"""Columns looked at once per distinct text against a plain look at each text."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.claims_scrubber.text_columns import Screened, TextColumns
from include.claims_scrubber.text_faults import (
    city_faults,
    identifier_faults,
    name_faults,
    street_faults,
    zip_faults,
)

#: Texts that come in runs, that are mostly missing, or that differ from row to row.
_VALUES = st.one_of(st.none(), st.sampled_from(["", " ", "\t", "A", "a", "B", " B", "Z9"]))
_RUNS = st.lists(st.tuples(_VALUES, st.integers(1, 12)), max_size=30).map(
    lambda runs: [value for value, count in runs for _ in range(count)]
)


def _length(text: str) -> int:
    return len(text) + 1


@settings(deadline=None)
@given(_RUNS, st.data())
def test_marks_blanks_and_equality_are_those_of_a_plain_loop(values: list[str | None], data: st.DataObject) -> None:
    frame = pd.DataFrame({"text": pd.Series(values, dtype="str"), "other": pd.Series(values[::-1], dtype="str")})
    chosen = data.draw(st.none() | st.lists(st.integers(0, max(len(values) - 1, 0)), max_size=len(values)))
    positions = None if chosen is None or not values else np.array(sorted(set(chosen)), dtype=np.intp)
    columns = TextColumns(frame, positions)
    rows = range(len(values)) if positions is None else positions.tolist()
    own, others = [values[row] for row in rows], [values[::-1][row] for row in rows]
    assert columns.marks("text", _length).tolist() == [0 if text is None else len(text) + 1 for text in own]
    assert columns.is_blank("text").tolist() == [text is None or not text.strip() for text in own]
    assert columns.equals("text", "A").tolist() == [text == "A" for text in own]
    assert columns.same("text", "other").tolist() == [
        text is not None and bool(text.strip()) and text == other for text, other in zip(own, others, strict=True)
    ]


def _of_one_kind(count: int, kind: str) -> list[str | None]:
    """Texts of which nearly every one is another, or that share objects, or that are equal without sharing them."""
    if kind == "varied":
        return [f"W{number:08d}" for number in range(count)]
    if kind == "shared":
        return [("Okafor", "Reyes", "Lindqvist", None)[number * 7 % 4] for number in range(count)]
    return ["".join(["Unit ", str(number // 40)]) for number in range(count)]


@pytest.mark.parametrize("kind", ["varied", "shared", "runs of equal texts"])
def test_long_columns_of_every_kind_are_seen_as_a_plain_loop_sees_them(kind: str) -> None:
    values = _of_one_kind(2_000, kind)
    odd = {3: "UNKNOWN", 700: " ", 701: None, 1_200: "", 1_500: "A*B", 1_999: "W00000000"}
    for row, text in odd.items():
        values[row] = text
    frame = pd.DataFrame({"text": pd.Series(values, dtype="str"), "other": pd.Series(values[::-1], dtype="str")})
    # A missing value of another kind than pandas makes.
    frame["text"].array._ndarray[701] = float("nan")
    columns = TextColumns(frame)
    is_blank = [text is None or not text.strip() for text in values]
    faults = [0 if text is None else identifier_faults.classify(text) for text in values]
    assert columns.is_blank("text").tolist() == is_blank
    assert columns.marks("text", identifier_faults).tolist() == faults
    assert columns.has("text", identifier_faults, 4).tolist() == [fault & 4 != 0 for fault in faults]
    assert columns.same("text", "other").tolist() == [
        not blank and text == other for text, blank, other in zip(values, is_blank, values[::-1], strict=True)
    ]
    # As before, and with the distinct texts known.
    codes, texts = columns.distinct("text")
    assert [None if code < 0 else texts[code] for code in codes] == values
    assert len(set(texts)) == len(texts)
    assert columns.marks("text", zip_faults).tolist() == [0 if text is None else zip_faults(text) for text in values]
    assert columns.equals("text", "UNKNOWN").tolist() == [text == "UNKNOWN" for text in values]


_SCREENED = {
    "name": name_faults,
    "street": street_faults,
    "city": city_faults,
    "identifier": identifier_faults,
}
_ODD = [
    *("UNKNOWN", "unknown", "N/A", "TBD", "Test", "Last Name", "xxx", "zzTester", "Not given", "None", "NA", "UNK"),
    *("Address", "00000", "9999999", "123456789", "pending", "1EG4TE5MK73", "1eg4te5mk73", "W", "", " ", "A*B", "Иван"),
    *("José", "O\u2019Neil", "A" * 26, "A" * 31, "A" * 56, "B C", "12 Main St #4", "a\nb", "Sm1th"),
]  # fmt: skip
_TEXTS = st.one_of(
    st.sampled_from(_ODD),
    st.text("ABCabcdefxyzNTUKOWS019 .'-", max_size=30),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12),
)


@pytest.mark.parametrize("name", _SCREENED)
@settings(deadline=None, max_examples=200)
@given(texts=st.lists(_TEXTS, min_size=1, max_size=40))
def test_a_screen_passes_no_text_that_has_a_fault(name: str, texts: list[str]) -> None:
    screened: Screened = _SCREENED[name]
    limits = {"name": 25, "street": 55, "city": 30, "identifier": 25}
    plain = [screened.classify(text) for text in texts]
    if screened.passes(texts):
        # Of lengths a screen knows only the shortest element that its column is asked about.
        assert all(fault == 0 or len(text) <= limits[name] for fault, text in zip(plain, texts, strict=True))
        assert all(fault & 15 == 0 for fault in plain)
    else:
        assert screened.of_all(texts) == plain


@pytest.mark.parametrize("odd", _ODD)
@pytest.mark.parametrize("name", _SCREENED)
def test_a_screen_passes_no_odd_text_beside_ordinary_ones(name: str, odd: str) -> None:
    screened = _SCREENED[name]
    texts = ["Okafor", odd, "Reyes"]
    assert screened.of_all(texts)[1] & 15 == screened.classify(odd) & 15


@pytest.mark.parametrize("name", _SCREENED)
def test_a_screen_lets_ordinary_texts_pass(name: str) -> None:
    texts = {
        "name": ["Okafor", "O'Neil-Lee", "De la Cruz Jr."],
        "street": ["12 Willow Lane, Apt #4", "1 Post Office Square"],
        "city": ["Fort Example", "St. Mary's"],
        "identifier": ["W123456780", "xyz901", "XYZ123456789"],
    }[name]
    screened = _SCREENED[name]
    assert screened.passes(texts)
    assert [screened(text) for text in texts] == [0] * len(texts)


def test_a_fault_among_a_thousand_texts_is_found_at_its_place() -> None:
    texts = ["Okafor" + "abcdefghij"[number % 10] * (number // 10 % 5) for number in range(1000)]
    texts[700] = "UNKNOWN"
    assert [place for place, fault in enumerate(name_faults.of_all(texts)) if fault] == [700]


@pytest.mark.parametrize(("text", "prefix"), [("80521", 805), ("805211234", 805), ("00601", 6)])
def test_a_zip_code_tells_its_prefix(text: str, prefix: int) -> None:
    assert zip_faults(text) >> 4 == prefix + 1
