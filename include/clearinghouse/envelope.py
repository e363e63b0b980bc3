"""Segments of a file a clearinghouse sent, and whether its envelope is whole.

A file is one or more interchanges (ISA to IEA), each with delimiters of its own, in them groups (GS to GE) of
transaction sets (ST to SE). Who reads a file through `read_segments` gets every segment of a file whose counts and
control numbers agree, or `UnreadableAnswer`; the error may come after segments, so what they say counts only once the
iteration has ended.

Not pyx12's X12Reader, which tests compare with (tests/unit/clearinghouse/test_envelope.py): it takes its delimiters
from the first ISA, so a second interchange with others is passed over in silence; it stops at an empty segment; a
trailer without a header breaks it with IndexError; and segments outside of a transaction set are nothing to it.

Source: X12.5 and X12.6 as 005010 implementation guides restate them in public companion guides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from include.errors import BillingError

#: All codes of `UnreadableAnswer`, with what each says.
FAULTS: Final = {
    "not_x12": "the file does not begin with an ISA segment",
    "header_malformed": "the ISA segment is not 106 characters with its elements in their places",
    "delimiters_clash": "the ISA segment names delimiters that are the same, or letters, digits or blanks",
    "segment_malformed": "a segment has no proper name: the delimiters of the ISA segment do not fit, or it is damaged",
    "component_separator": "a composite is not split by the component separator of the ISA segment",
    "truncated": "the file ends in the middle",
    "trailer_missing": "a header or trailer comes before the trailer that must stand there",
    "segment_misplaced": "a segment stands where none of its kind can stand",
    "segment_missing": "a segment that must come before this one is missing",
    "count_wrong": "a trailer counts otherwise than what the file holds",
    "control_number_differs": "a trailer has another control number than its header",
    "value_missing": "an element that is needed is empty",
    "value_malformed": "an element that is needed has not the form it must have",
    "nothing_inside": "an interchange holds neither a group nor a TA1",
}

_BLANKS: Final = " \t\r\n"
#: After the last segment some systems pad with NUL or end with Ctrl-Z.
_PADDING: Final = b" \t\r\n\x00\x1a"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_ISA_LENGTH: Final = 106
_ISA_SEPARATORS: Final = {3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103}
_REPETITION: Final = 82
_COMPONENT: Final = 104
_TERMINATOR: Final = 105
_SEGMENT_NAME: Final = re.compile(r"[A-Z][A-Z0-9]{1,2}")
_ENVELOPE: Final = frozenset(("ISA", "IEA", "GS", "GE", "ST", "SE", "TA1"))


class UnreadableAnswer(BillingError):
    """A file that must not be applied. `code`: one of `FAULTS`; `segment_number`: counts from 1 over the whole file.

    The text never quotes the file. What to do: get the file again from the receiver, or dismiss it.
    """

    def __init__(self, code: str, segment_number: int) -> None:
        super().__init__(f"segment {segment_number}: {FAULTS[code]}")
        self.code = code
        self.segment_number = segment_number


@dataclass(frozen=True, slots=True)
class Delimiters:
    """Of one interchange; `repetition` is None where ISA11 names none (a letter, as before 00402)."""

    element: str
    component: str
    repetition: str | None
    terminator: bytes


#: Number in the file from 1, elements with the segment's name first, the delimiters of its interchange.
Segment = tuple[int, list[str], Delimiters]


def split_segments(body: bytes) -> Iterator[Segment]:
    """All segments in file order, without a look at counts and control numbers; holds one segment at a time.

    Blanks and line breaks between segments and a UTF-8 byte order mark are passed over, and so are empty segments.
    Raises `UnreadableAnswer` where the file cannot be split.
    """
    end = len(body)
    while end and body[end - 1] in _PADDING:
        end -= 1
    position = len(_BYTE_ORDER_MARK) if body.startswith(_BYTE_ORDER_MARK) else 0
    number, delimiters, last = 0, None, ""
    names: set[str] = set()
    while True:
        while position < end and body[position] in _PADDING[:4]:
            position += 1
        if position >= end and last:
            return
        number += 1
        if body.startswith(b"ISA", position):
            delimiters, elements = _read_header(body, position, number)
            position += _ISA_LENGTH
        else:
            if delimiters is None:
                raise UnreadableAnswer("not_x12", number)
            found = body.find(delimiters.terminator, position)
            if found < 0:
                raise UnreadableAnswer("segment_misplaced" if last == "IEA" else "truncated", number)
            text = _decode(body[position:found]).strip(_BLANKS)
            position = found + 1
            if not text:
                number -= 1
                continue
            elements = text.split(delimiters.element)
            if elements[0] not in names:
                if not _SEGMENT_NAME.fullmatch(elements[0]):
                    raise UnreadableAnswer("segment_malformed", number)
                names.add(elements[0])
        last = elements[0]
        yield number, elements, delimiters


def _read_header(body: bytes, position: int, number: int) -> tuple[Delimiters, list[str]]:
    """Delimiters and elements of the ISA at `position`; its elements have fixed lengths, so they say all of it."""
    header = body[position : position + _ISA_LENGTH]
    if len(header) < _ISA_LENGTH:
        raise UnreadableAnswer("truncated", number)
    text = header.decode("latin-1")
    separator, component, terminator, repetition = (text[at] for at in (3, _COMPONENT, _TERMINATOR, _REPETITION))
    places = {place for place, character in enumerate(text) if character == separator}
    if places - {_REPETITION, _COMPONENT, _TERMINATOR} != _ISA_SEPARATORS:
        raise UnreadableAnswer("header_malformed", number)
    delimiting = [separator, component, terminator]
    if any(not each.isascii() or each.isalnum() or each == " " for each in delimiting):
        raise UnreadableAnswer("delimiters_clash", number)
    names_repetition = not (repetition.isalnum() or repetition == " ")
    if names_repetition:
        delimiting.append(repetition)
    if len(set(delimiting)) < len(delimiting):
        raise UnreadableAnswer("delimiters_clash", number)
    elements = text[:_TERMINATOR].split(separator)
    return Delimiters(separator, component, repetition if names_repetition else None, header[_TERMINATOR:]), elements


def _decode(piece: bytes) -> str:
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError:
        return piece.decode("latin-1")


def read_segments(body: bytes) -> Iterator[Segment]:
    """All segments of a whole file, as `split_segments` gives them.

    Raises `UnreadableAnswer` for a header without its trailer, segments out of place, counts (SE01, GE01, IEA01) and
    control numbers that do not agree. IEA02 is the exception, as a public sample has it: it may differ in a file of one
    interchange, of which groups, sets and counts prove that nothing is missing.
    """
    check = _Envelope()
    number = 0
    for number, elements, delimiters in split_segments(body):
        if elements[0] in _ENVELOPE:
            check.enter(number, elements)
        else:
            check.count(number)
        yield number, elements, delimiters
    check.end(number)


class _Envelope:
    """What is open, and what trailers must say."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._numbers: list[str] = []
        #: What is inside of each open header; of a set the segments, itself included.
        self._counts: list[int] = []
        self._ta1_count = 0
        self._interchanges = 0
        self._differing_at = 0

    def count(self, number: int) -> None:
        """A segment that is not of the envelope."""
        if not self._open or self._open[-1] != "ST":
            raise UnreadableAnswer("segment_misplaced", number)
        self._counts[-1] += 1

    def enter(self, number: int, elements: list[str]) -> None:
        """A segment of the envelope."""
        name = elements[0]
        if name == "TA1":
            if self._open != ["ISA"]:
                raise UnreadableAnswer("segment_misplaced", number)
            self._ta1_count += 1
        elif name in _HEADERS:
            self._begin(number, name, _HEADERS[name], elements)
        else:
            self._close(number, name, *_TRAILERS[name], elements)

    def _begin(self, number: int, name: str, header: tuple[str | None, int], elements: list[str]) -> None:
        above, place = header
        if (self._open[-1] if self._open else None) != above:
            raise UnreadableAnswer("trailer_missing" if name in self._open else "segment_misplaced", number)
        if above is not None:
            self._counts[-1] += 1
        else:
            self._ta1_count = 0
            self._interchanges += 1
            self._refuse_difference()
        self._open.append(name)
        self._numbers.append(_element(number, elements, place))
        self._counts.append(1 if name == "ST" else 0)

    def _close(self, number: int, name: str, header: str, elements: list[str]) -> None:
        if not self._open or self._open[-1] != header:
            raise UnreadableAnswer("trailer_missing" if header in self._open else "segment_misplaced", number)
        self._open.pop()
        counted, numbered = self._counts.pop(), self._numbers.pop()
        stated = _element(number, elements, 1)
        if not re.fullmatch(r"[0-9]{1,10}", stated):
            raise UnreadableAnswer("count_wrong", number)
        if name == "SE":
            counted += 1
        # A TA1 alone is no group, so the count is 0; some count it all the same.
        allowed = (counted, self._ta1_count) if name == "IEA" and not counted else (counted,)
        if int(stated) not in allowed:
            raise UnreadableAnswer("count_wrong", number)
        if name == "IEA" and not counted and not self._ta1_count:
            raise UnreadableAnswer("nothing_inside", number)
        if _element(number, elements, 2).lstrip("0") != numbered.lstrip("0"):
            if name != "IEA":
                raise UnreadableAnswer("control_number_differs", number)
            self._differing_at = number
            self._refuse_difference()

    def _refuse_difference(self) -> None:
        if self._differing_at and self._interchanges > 1:
            raise UnreadableAnswer("control_number_differs", self._differing_at)

    def end(self, number: int) -> None:
        """After the last segment."""
        if self._open:
            raise UnreadableAnswer("truncated", number)


#: Header -> what must be open around it, and the element of its control number.
_HEADERS: Final[dict[str, tuple[str | None, int]]] = {"ISA": (None, 13), "GS": ("ISA", 6), "ST": ("GS", 2)}
#: Trailer -> its header.
_TRAILERS: Final = {"IEA": ("ISA",), "GE": ("GS",), "SE": ("ST",)}


def _element(number: int, elements: list[str], place: int) -> str:
    """A needed element of an envelope segment, without blanks around it."""
    value = elements[place].strip() if place < len(elements) else ""
    if not value:
        raise UnreadableAnswer("value_missing", number)
    return value
