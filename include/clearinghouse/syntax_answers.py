"""A transaction set 999: what a receiver found in the groups, transaction sets, segments and elements we sent.

We send groups HC of transaction sets 837: an answer about others keeps neither control number nor transaction number,
for our numbers are unique only among those.

Source: 005010X231A1 as pyx12's map has it; CTX: First Coast, "Interpreting the CTX segments within the ASC X12N 999
transaction" (medicare.fcso.com), x12.org RFI 2293.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from include.clearinghouse.answer_records import (
    CONTROL_NUMBER,
    IDENTIFIER,
    NUMBER,
    OUTCOMES,
    SYNTAX_ERROR,
    Answer,
    AnswerFile,
    read_code,
    read_needed,
    read_optional,
    read_outcome,
    read_text,
)
from include.clearinghouse.envelope import Delimiters, UnreadableAnswer

_OUR_GROUP: Final = "HC"
_OUR_SET: Final = "837"
_SEGMENT_CODE: Final = re.compile(r"[A-Z][A-Z0-9]{1,2}")
_LOOP: Final = re.compile(r"[0-9]{4}[A-Z]{0,2}")
#: Composites that another component separator than that of ISA16 splits.
_UNSPLIT_CLAIM: Final = re.compile(r"CLM01[^A-Za-z0-9 ].+")
_UNSPLIT_PLACE: Final = re.compile(r"[0-9]+[^A-Za-z0-9 ][0-9].*")


class AcknowledgmentReader:
    """A transaction set 999, segment by segment."""

    def __init__(self, file: AnswerFile, verdicts: Iterator[str]) -> None:
        self._file = file
        self._verdicts = verdicts
        #: What all answers begin with; of the group from AK1 on, of one of our sets between AK2 and IK5.
        self._group: Answer | None = None
        self._set: Answer | None = None
        #: An IK3 and its IK4, until the segment after them: a CTX among them names the claim.
        self._segment: list[Answer] = []
        self._is_closed = False

    def read(self, number: int, elements: list[str], delimiters: Delimiters) -> Iterator[Answer]:
        name = elements[0]
        if name in ("AK2", "IK3", "IK5", "AK9", "SE") and self._segment:
            yield from map(self._file.numbered, self._segment)
            self._segment = []
        if name == "AK1":
            self._begin_group(number, elements)
        elif name == "AK2":
            self._begin_set(number, elements)
        elif name == "IK3":
            self._segment = [self._segment_answer(number, elements)]
        elif name == "IK4":
            self._segment.append(self._element_answer(number, elements, delimiters))
        elif name == "CTX" and self._segment:
            claim_number = _claim_of_context(number, elements, delimiters)
            if claim_number:
                self._segment = [replace(each, claim_number=claim_number) for each in self._segment]
        elif name == "IK5":
            # Another verdict than at AK2: an IK5 too many, or one in a transaction set of another kind.
            if self._set is None or self._set.outcome != read_outcome(number, elements, 1):
                raise UnreadableAnswer("segment_missing" if self._set is None else "segment_misplaced", number)
            answer = replace(self._set, grain="transaction_set", category_code="IK5")
            self._set = None
            yield from self._coded(number, answer, elements[2:])
        elif name == "AK9":
            if self._group is None or self._set is not None or self._is_closed:
                raise UnreadableAnswer("segment_misplaced" if self._is_closed else "segment_missing", number)
            self._is_closed = True
            answer = replace(self._group, grain="group", category_code="AK9", outcome=read_outcome(number, elements, 1))
            yield from self._coded(number, answer, elements[5:])
        elif name == "SE" and not self._is_closed:
            raise UnreadableAnswer("segment_missing", number)

    def _begin_group(self, number: int, elements: list[str]) -> None:
        if self._group is not None:
            raise UnreadableAnswer("segment_misplaced", number)
        control_number = int(read_needed(number, elements, 2, CONTROL_NUMBER))
        self._group = Answer(
            position=0,
            source="999",
            grain="group",
            outcome="",
            submitter_id=self._file.submitter_id,
            control_number=control_number if read_text(elements, 1) == _OUR_GROUP else None,
            answered_on=self._file.group_on,
            sender_id=self._file.sender_id,
        )

    def _begin_set(self, number: int, elements: list[str]) -> None:
        if self._group is None or self._set is not None or self._is_closed:
            raise UnreadableAnswer("segment_missing" if not self._is_closed else "segment_misplaced", number)
        verdict = next(self._verdicts, "")
        if verdict not in OUTCOMES["IK5"]:
            raise UnreadableAnswer("value_malformed" if verdict else "segment_missing", number)
        transaction_number = read_needed(number, elements, 2, IDENTIFIER)
        is_ours = self._group.control_number is not None and read_text(elements, 1) == _OUR_SET
        self._set = replace(
            self._group,
            control_number=self._group.control_number if is_ours else None,
            transaction_number=transaction_number if is_ours else None,
            outcome=OUTCOMES["IK5"][verdict],
        )

    def _segment_answer(self, number: int, elements: list[str]) -> Answer:
        if self._set is None:
            raise UnreadableAnswer("segment_missing", number)
        return replace(
            self._set,
            grain="segment",
            category_code="IK3",
            status_code=read_optional(elements, 4, SYNTAX_ERROR),
            segment_code=read_optional(elements, 1, _SEGMENT_CODE),
            segment_position=int(read_needed(number, elements, 2, NUMBER)),
            loop_code=read_optional(elements, 3, _LOOP),
        )

    def _element_answer(self, number: int, elements: list[str], delimiters: Delimiters) -> Answer:
        if not self._segment:
            raise UnreadableAnswer("segment_missing", number)
        places = [each for each in read_text(elements, 1).split(delimiters.component) if each]
        if not places or not all(NUMBER.fullmatch(each) for each in places):
            code = "value_malformed" if places else "value_missing"
            unsplit = _UNSPLIT_PLACE.fullmatch(read_text(elements, 1))
            raise UnreadableAnswer("component_separator" if unsplit else code, number)
        return replace(
            self._segment[0],
            category_code="IK4",
            status_code=read_code(number, elements, 3, SYNTAX_ERROR),
            element_position=":".join(places),
        )

    def _coded(self, number: int, answer: Answer, codes: list[str]) -> Iterator[Answer]:
        """The answer once per error code, or once without one."""
        stated = [place for place in range(len(codes)) if codes[place].strip()]
        for place in stated:
            code = read_code(number, codes, place, SYNTAX_ERROR)
            yield self._file.numbered(replace(answer, status_code=code))
        if not stated:
            yield self._file.numbered(answer)


def _claim_of_context(number: int, elements: list[str], delimiters: Delimiters) -> str | None:
    """The claim a CTX*CLM01:number names; other contexts name what set off a rule, and are not kept."""
    value = read_text(elements, 1)
    for context in value.split(delimiters.repetition) if delimiters.repetition else [value]:
        name, _, reference = context.partition(delimiters.component)
        if name == "CLM01":
            return reference.strip() if IDENTIFIER.fullmatch(reference.strip()) else None
        if _UNSPLIT_CLAIM.fullmatch(context):
            raise UnreadableAnswer("component_separator", number)
    return None
