from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from include.clearinghouse.envelope import FAULTS, UnreadableAnswer, read_segments, split_segments
from tests.support.answer_files import (
    ClaimVerdict,
    Interchange,
    ProviderVerdict,
    SetVerdict,
    Style,
    acknowledgment,
    acknowledgment_group,
    claim_acknowledgment,
    claim_group,
    ta1_segment,
    written,
)

SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "samples"

Edit = Callable[[list[str]], None]


def interchange(**changes: object) -> Interchange:
    groups = [
        acknowledgment_group(acknowledgment(17, [SetVerdict("0001")]), acknowledgment(18, [SetVerdict("0001")])),
        claim_group(
            claim_acknowledgment("0000000170001", [ProviderVerdict("1234567893", [ClaimVerdict("C1V1")])]),
            control_number=2,
        ),
    ]
    return Interchange(**{"ta1": [ta1_segment(17)], "groups": groups, **changes})  # type: ignore[arg-type]


def names(body: bytes) -> list[str]:
    return [elements[0] for _, elements, _ in read_segments(body)]


def fault(body: bytes) -> tuple[str, int] | None:
    """Code and segment number of what is wrong; None for a whole file."""
    try:
        names(body)
    except UnreadableAnswer as raised:
        assert raised.code in FAULTS
        assert str(raised) == f"segment {raised.segment_number}: {FAULTS[raised.code]}"
        return raised.code, raised.segment_number
    return None


def spoiled(edit: Edit, whole: Interchange | None = None) -> tuple[str, int] | None:
    segments = list((whole or interchange()).segments())
    edit(segments)
    return fault(written(segments))


def at(segments: list[str], beginning: str, occurrence: int = 0) -> int:
    return [number for number, each in enumerate(segments) if each.startswith(beginning)][occurrence]


def put(beginning: str, text: str, occurrence: int = 0) -> Edit:
    def edit(segments: list[str]) -> None:
        segments[at(segments, beginning, occurrence)] = text

    return edit


def drop(beginning: str, occurrence: int = 0) -> Edit:
    def edit(segments: list[str]) -> None:
        del segments[at(segments, beginning, occurrence)]

    return edit


def insert_before(beginning: str, text: str) -> Edit:
    def edit(segments: list[str]) -> None:
        segments.insert(at(segments, beginning), text)

    return edit


def test_a_whole_file_is_read_segment_by_segment_with_its_numbers() -> None:
    segments = list(interchange().segments())
    read = list(read_segments(bytes(interchange())))
    assert [number for number, _, _ in read] == list(range(1, len(segments) + 1))
    assert ["*".join(elements) for _, elements, _ in read] == segments


@pytest.mark.parametrize("file", ["imsweb/277ca_accepted.txt", "imsweb/999_rejected.txt", "generated"])
def test_segments_are_those_that_pyx12_reads(file: str) -> None:
    from pyx12.x12file import X12Reader

    if file == "generated":
        body = bytes(interchange())
    elif (SAMPLES / file).exists():
        body = (SAMPLES / file).read_bytes()
    else:
        pytest.skip(f"public sample {file} is not beside the checkout")
    reader = X12Reader(io.StringIO(body.decode()))
    theirs = [str(each.get_seg_id()) for each in reader]
    reader.cleanup()
    assert [error for error in reader.pop_errors() if error[0] != "seg"] == []
    assert names(body) == theirs
    assert len(theirs) > 5


def test_all_public_samples_split_and_are_whole() -> None:
    files = sorted(SAMPLES.glob("*/*.txt"))
    if not files:
        pytest.skip("the public samples are not beside the checkout")
    assert {file.name: fault(file.read_bytes()) for file in files} == {file.name: None for file in files}


STYLES = {
    "line breaks": Style(between="\n"),
    "DOS line breaks and indentation": Style(between="\r\n  \t"),
    "line break for terminator": Style(terminator="\n"),
    "carriage return for terminator": Style(terminator="\r", between="\n"),
    "other delimiters": Style("|", ">", "!", "'", ""),
    "control characters": Style("\x1d", "\x1f", "\x1e", "\x1c", ""),
}


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_delimiters_and_blanks_between_segments_change_nothing(style: Style) -> None:
    plain = [elements[1:3] for _, elements, _ in read_segments(bytes(interchange())) if elements[0] != "ISA"]
    other = [elements[1:3] for _, elements, _ in read_segments(bytes(interchange(style=style))) if elements[0] != "ISA"]
    assert [[each.replace(style.component, ":") for each in pair] for pair in other] == plain


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b" \r\n", b"\xef\xbb\xbf\n  "])
@pytest.mark.parametrize("after", [b"", b"\n\n", b" \r\n\x1a", b"\x00\x00"])
def test_what_stands_around_the_file_is_passed_over(before: bytes, after: bytes) -> None:
    assert fault(before + bytes(interchange()) + after) is None


def test_each_interchange_of_a_file_has_its_own_delimiters() -> None:
    styles = [Style(), *STYLES.values()]
    body = b"\n".join(bytes(interchange(control_number=n, style=style)) for n, style in enumerate(styles, start=1))
    read = list(read_segments(body))
    assert len(read) == len(styles) * len(list(interchange().segments()))
    assert [d.element for _, elements, d in read if elements[0] == "IEA"] == [style.element for style in styles]


def test_letters_beyond_ascii_are_read_as_utf_8_or_else_as_latin_1() -> None:
    segments = list(interchange().segments())
    segments[at(segments, "NM1*QC")] = "NM1*QC*1*PEÑA"
    text = "~".join(segments) + "~"
    for encoding in ("utf-8", "latin-1"):
        assert ["NM1", "QC", "1", "PEÑA"] in [elements for _, elements, _ in read_segments(text.encode(encoding))]


def test_empty_segments_are_not_counted() -> None:
    body = bytes(interchange()).replace(b"~AK9", b"~~ ~AK9")
    assert fault(body) is None
    assert [number for number, _, _ in read_segments(body)] == list(range(1, len(list(interchange().segments())) + 1))


DAMAGE: dict[str, tuple[Edit, str]] = {
    "SE counts one more": (put("SE", "SE*7*0001"), "count_wrong"),
    "SE counts one less": (put("SE", "SE*5*0001"), "count_wrong"),
    "SE count is no number": (put("SE", "SE*X*0001"), "count_wrong"),
    "a segment of a set is lost": (drop("AK2"), "count_wrong"),
    "GE counts one more": (put("GE", "GE*3*1"), "count_wrong"),
    "GE counts one less": (put("GE", "GE*1*1"), "count_wrong"),
    "IEA counts one more": (put("IEA", "IEA*3*000000001"), "count_wrong"),
    "IEA counts one less": (put("IEA", "IEA*1*000000001"), "count_wrong"),
    "SE has another number": (put("SE", "SE*6*0002"), "control_number_differs"),
    "GE has another number": (put("GE", "GE*2*3"), "control_number_differs"),
    "SE has no number": (put("SE", "SE*6"), "value_missing"),
    "ST has no number": (put("ST*", "ST*999"), "value_missing"),
    "SE is lost": (drop("SE"), "trailer_missing"),
    "GE is lost": (drop("GE"), "trailer_missing"),
    "GE of the last group is lost": (drop("GE", 1), "trailer_missing"),
    "IEA is lost": (drop("IEA"), "truncated"),
    "ST is lost": (drop("ST*"), "segment_misplaced"),
    "GS is lost": (drop("GS"), "segment_misplaced"),
    "ISA is lost": (drop("ISA"), "not_x12"),
    "a segment between sets": (insert_before("GE", "REF*1K*1"), "segment_misplaced"),
    "a TA1 in a set": (insert_before("AK9", "TA1*000000001*261103*2210*A*000"), "segment_misplaced"),
    "a TA1 in a group": (insert_before("GE", "TA1*000000001*261103*2210*A*000"), "segment_misplaced"),
    "a second IEA": (lambda segments: segments.append("IEA*2*000000001"), "segment_misplaced"),
    "a name in small letters": (put("AK9", "ak9*A*1*1*1"), "segment_malformed"),
    "a name of four characters": (put("AK9", "AK99*A*1*1*1"), "segment_malformed"),
    "another element separator in the body": (put("GS", "GS|FA|A|B"), "segment_malformed"),
}


@pytest.mark.parametrize(("edit", "code"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_envelope_is_refused_with_its_reason(edit: Edit, code: str) -> None:
    found = spoiled(edit)
    assert found is not None and found[0] == code


def test_the_number_of_the_segment_is_where_it_is_noticed() -> None:
    segments = list(interchange().segments())
    assert spoiled(put("SE", "SE*7*0001", 1)) == ("count_wrong", at(segments, "SE", 1) + 1)
    first = len(segments)
    second = bytes(interchange(control_number=2)).replace(b"GE*2*1", b"GE*3*1")
    assert fault(bytes(interchange()) + second) == ("count_wrong", first + at(segments, "GE") + 1)


@pytest.mark.parametrize("share", range(1, 100, 3))
def test_a_file_cut_anywhere_is_refused(share: int) -> None:
    body = bytes(interchange())
    assert fault(body[: len(body) * share // 100]) is not None


def test_a_file_cut_by_its_last_byte_is_refused() -> None:
    body = bytes(interchange())
    assert fault(body[:-1]) == ("truncated", len(list(interchange().segments())))
    assert fault(body) is None


def test_a_cut_interchange_with_a_whole_one_behind_it_is_refused() -> None:
    body = bytes(interchange())
    cut = body[: body.index(b"~SE*") + 1]
    found = fault(cut + bytes(interchange(control_number=2)))
    assert found is not None and found[0] == "trailer_missing"


def test_numbers_with_and_without_leading_zeros_are_the_same() -> None:
    assert spoiled(put("SE", "SE*6*1")) is None
    assert spoiled(put("GE", "GE*2*0001")) is None


def test_iea_may_have_another_number_in_a_file_of_one_interchange_only() -> None:
    # The public sample imsweb/999_accepted.txt is like that.
    odd = bytes(interchange()).replace(b"IEA*2*000000001", b"IEA*2*000000009")
    assert fault(odd) is None
    last = len(list(interchange().segments()))
    assert fault(odd + bytes(interchange(control_number=2))) == ("control_number_differs", last)
    assert fault(bytes(interchange(control_number=2)) + odd) == ("control_number_differs", 2 * last)


def test_a_ta1_alone_may_be_counted_or_not() -> None:
    whole = Interchange(ta1=[ta1_segment(17)])
    assert spoiled(put("IEA", "IEA*0*000000001"), whole) is None
    assert spoiled(put("IEA", "IEA*1*000000001"), whole) is None
    assert spoiled(put("IEA", "IEA*2*000000001"), whole) == ("count_wrong", 3)
    assert spoiled(drop("TA1"), whole) == ("nothing_inside", 2)


HEADERS = {
    "no bytes": (b"", "not_x12"),
    "blanks": (b" \r\n", "not_x12"),
    "another text": (b"Dear practice, your file was fine.", "not_x12"),
    "a page": (b"<html><body>Service unavailable</body></html>" * 9, "not_x12"),
    "UTF-16": (bytes(Interchange(ta1=[ta1_segment(1)])).decode().encode("utf-16"), "not_x12"),
    "ISA and nothing": (b"ISA*00*", "truncated"),
}


@pytest.mark.parametrize(("body", "code"), HEADERS.values(), ids=HEADERS)
def test_what_is_no_x12_is_refused(body: bytes, code: str) -> None:
    assert fault(body) == (code, 1)


@pytest.mark.parametrize(
    ("find", "put_instead", "code"),
    [
        (b"OURSUBMITTER   ", b"OURSUBMITTER", "header_malformed"),
        (b"OURSUBMITTER   ", b"OURSUBMITTER    ", "header_malformed"),
        (b"*^*00501", b"*00501", "header_malformed"),
        (b"*T*:~", b"*T*~~", "delimiters_clash"),
        (b"*T*:~", b"*T***", "delimiters_clash"),
        (b"*T*:~", b"*T*:*", "delimiters_clash"),
        (b"*T*:~", b"*T*::", "delimiters_clash"),
        (b"*T*:~", b"*T*A~", "delimiters_clash"),
        (b"*T*:~", b"*T* ~", "delimiters_clash"),
        (b"*^*00501", b"*:*00501", "delimiters_clash"),
    ],
)
def test_an_isa_whose_places_or_delimiters_do_not_fit_is_refused(find: bytes, put_instead: bytes, code: str) -> None:
    body = bytes(interchange())
    assert find in body
    assert fault(body.replace(find, put_instead)) == (code, 1)


def test_isa11_that_is_a_letter_names_no_repetition_separator() -> None:
    body = bytes(interchange()).replace(b"*^*00501", b"*U*00501")
    assert fault(body) is None
    assert {delimiters.repetition for _, _, delimiters in split_segments(body)} == {None}


def test_text_behind_the_last_segment_is_refused() -> None:
    segments = len(list(interchange().segments()))
    assert fault(bytes(interchange()) + b"END OF FILE") == ("segment_misplaced", segments + 1)


def test_an_error_quotes_nothing_of_the_file() -> None:
    for edit, _ in DAMAGE.values():
        segments = list(interchange().segments())
        edit(segments)
        with pytest.raises(UnreadableAnswer) as raised:
            names(written(segments))
        assert raised.value.__context__ is None or not str(raised.value.__context__)
        assert not any(text in str(raised.value) for text in ("SAMPLE", "MEMBER1", "C1V1", "0001"))
