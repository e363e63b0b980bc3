from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from include.claims_scrubber import catalogue
from include.clearinghouse.answer_codes import ANSWER_CODES, ANYWHERE, OPERATOR, AnswerCode, place_to_fix, words_for
from include.clearinghouse.claim_status_words import CATEGORIES, ENTITIES, STATUSES

ROOT = Path(__file__).resolve().parents[3]

#: Pages of the practice where something is corrected, as the edits name them.
PAGES = {
    " › ".join(re.split(r"[,:;]", part)[0].split(" › ")[:2])
    for edit in catalogue()
    for part in re.split(r", or |; ", edit.fix_location)
    if " › " in part
}


def codes(source: str, kind: str) -> list[str]:
    return [one.code for one in ANSWER_CODES if (one.source, one.kind) == (source, kind)]


def test_every_kind_of_code_has_its_words() -> None:
    counts = Counter((one.source, one.kind) for one in ANSWER_CODES)
    assert counts[("TA1", "TA1")] == 32
    assert counts[("999", "IK3")] == 13
    assert counts[("999", "IK4")] == 19
    assert counts[("999", "IK5")] == 25
    assert counts[("999", "AK9")] == 20
    assert counts[("277CA", "category")] >= 30
    assert counts[("277CA", "status")] >= 130
    assert counts[("277CA", "entity")] >= 45
    assert len(counts) == 8


def test_the_codes_of_ta1_and_999_are_those_of_pyx12s_maps() -> None:
    import xml.etree.ElementTree as ElementTree
    from importlib.resources import files

    text = files("pyx12").joinpath("map/999.5010X231.A1.xml").read_text(encoding="utf-8")
    listed = {
        str(element.get("xid")): {str(code.text) for code in element.iter("code")}
        for element in ElementTree.fromstring(text).iter("element")
    }
    for kind, element in (("TA1", "TA105"), ("IK3", "IK304"), ("IK4", "IK403"), ("IK5", "IK502"), ("AK9", "AK905")):
        assert set(codes("TA1" if kind == "TA1" else "999", kind)) == listed[element], element


def test_no_code_comes_twice() -> None:
    keys = Counter((one.source, one.kind, one.code) for one in ANSWER_CODES)
    assert max(keys.values()) == 1


def test_words_are_short_and_plain() -> None:
    for one in ANSWER_CODES:
        assert 2 <= len(one.words) <= 80, one
        assert one.words == one.words.strip().rstrip("."), one
        assert not re.search(r"adjudicat|entity|encounter|usage", one.words, re.IGNORECASE), one


def test_places_are_on_pages_that_the_edits_name() -> None:
    assert len(PAGES) > 12
    places = {one.fix_location for one in ANSWER_CODES if one.fix_location}
    places |= {place_to_fix("277CA", "A7", status, entity) for status in STATUSES for entity in (None, *ENTITIES)}
    assert len(places) > 50
    for place in places - {ANYWHERE, OPERATOR}:
        assert any(place.startswith(page) for page in PAGES), place


def test_the_operators_place_is_worded_as_in_the_edits() -> None:
    assert OPERATOR in {edit.fix_location for edit in catalogue()}


def test_every_rejection_code_of_an_edit_has_words() -> None:
    rejections = {code for edit in catalogue() for code in edit.rejection_codes}
    assert len(rejections) > 100
    for code in rejections:
        assert "not in our list" not in words_for("277CA", *code.split(":")), code


def test_the_place_of_a_rejection_an_edit_states_is_the_edits() -> None:
    places: dict[str, set[str]] = {}
    for edit in catalogue():
        for code in edit.rejection_codes:
            places.setdefault(code, set()).add(edit.fix_location)
    single = {code: next(iter(found)) for code, found in places.items() if len(found) == 1}
    assert len(single) > 80
    for code, place in single.items():
        assert place_to_fix("277CA", *code.split(":")) == place, code


@pytest.mark.parametrize(
    ("status", "place"),
    [
        # Most edits with the code name it.
        (("A7", "164", "IL"), "Client › Insurance › Member ID"),
        # They disagree: our list decides.
        (("A3", "54", None), "Client › Claims › the claim already sent, or Appointment › Services › Modifiers"),
        (("A7", "481", None), OPERATOR),
        (("A7", "187", None), "Appointment › Date"),
        # Only another category is stated by an edit.
        (("A3", "562", "77"), "Practice › Locations › NPI"),
        # The edit states it without an entity.
        (("A7", "453", "82"), "Appointment › Services › Modifiers, or Practice › Service types › Modifiers"),
        # No edit: our list, with the page of the entity.
        (("A7", "562", "FA"), "Practice › Locations › NPI"),
        (("A7", "124", "85"), "Practice › Billing providers"),
        (
            ("A7", "796", None),
            "Practice › Service types › Procedure code, then void the invoice so that it is made anew",
        ),
        # Only the entity says where.
        (("A3", "26", "82"), "Practice › Staff"),
        (("A3", "21", "QC"), "Client › Profile"),
        # Nothing does.
        (("A3", "21", None), ANYWHERE),
        (("A7", "562", None), ANYWHERE),
        (("A7", "99999", "??"), ANYWHERE),
        (("A3", None, None), ANYWHERE),
    ],
)
def test_the_place_of_a_277ca(status: tuple[str, str | None, str | None], place: str) -> None:
    assert place_to_fix("277CA", *status) == place


@pytest.mark.parametrize(
    ("source", "category", "status", "place"),
    [
        ("TA1", "TA1", "025", OPERATOR),
        ("999", "IK3", "3", OPERATOR),
        ("999", "IK4", "7", ANYWHERE),
        ("999", "IK4", "10", OPERATOR),
        ("999", "IK5", "5", OPERATOR),
        ("999", "AK9", None, OPERATOR),
    ],
)
def test_the_place_of_a_ta1_or_999(source: str, category: str, status: str | None, place: str) -> None:
    assert place_to_fix(source, category, status) == place


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (("277CA", "A7", "562", "82"), "Rejected, something in it is not valid: NPI (rendering provider)"),
        (("277CA", "A2", "20"), "Accepted, the insurer decides on it now: accepted for processing"),
        (("277CA", "A3", "998", "QQ"), "code 998: not in our list (code QQ: not in our list)"),
        (("277CA", "Z9", "20"), "code Z9: not in our list: accepted for processing"),
        (("277CA", "A3", None), "Rejected as it is, the insurer will not work on it"),
        (("TA1", "TA1", "025"), "A file with this number came before"),
        (("TA1", "TA1", "099"), "code 099: not in our list"),
        (("999", "IK4", "I12"), "Value does not have the form it must have"),
        (("999", "IK3", "I12"), "code I12: not in our list"),
        (("999", "AK9", None), ""),
    ],
)
def test_words_of_an_answer(fields: tuple[str, ...], words: str) -> None:
    assert words_for(*fields).endswith(words)


def test_a_status_that_depends_on_the_entity_has_no_place_of_its_own() -> None:
    one = next(one for one in ANSWER_CODES if (one.kind, one.code) == ("status", "562"))
    assert one == AnswerCode("277CA", "status", "562", "NPI", None)


def test_the_error_free_note_is_no_fault() -> None:
    assert next(one for one in ANSWER_CODES if (one.kind, one.code) == ("TA1", "000")).fix_location is None
    assert all(one.fix_location for one in ANSWER_CODES if one.source == "TA1" and one.code != "000")
    assert {code for code in CATEGORIES if words_for("277CA", code, None).startswith("Rejected")} == {
        "A3",
        "A6",
        "A7",
        "A8",
    }


def test_reading_and_wording_answers_imports_neither_pandas_nor_pyx12() -> None:
    program = (
        "import sys; import include.clearinghouse.answers, include.clearinghouse.answer_codes as codes;"
        "codes.words_for('277CA', 'A7', '562', '82');"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'pandas', 'numpy', 'pyx12'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr[-500:]
