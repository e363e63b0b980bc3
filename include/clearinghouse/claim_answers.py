"""A transaction set 277CA: what became of the claims we sent, before anyone decides on payment.

Source: 005010X214 as pyx12's map has it; x12.org RFI 1942 (in a batch only categories A), 2203 (A3, A6, A7 and A8
reject; STC03 is WQ for accepted and U for rejected) and 2145 (2200B speaks of the whole transaction set).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from include.clearinghouse.answer_records import (
    CODE,
    IDENTIFIER,
    Answer,
    AnswerFile,
    read_code,
    read_day,
    read_needed,
    read_optional,
    read_text,
)
from include.clearinghouse.claim_status_words import ENTITIES
from include.clearinghouse.envelope import Delimiters, UnreadableAnswer

_ACCEPTED: Final = frozenset(("A1", "A2"))
_REJECTED: Final = frozenset(("A3", "A6", "A7", "A8"))
#: Forwarded, split, pending, systems not available: nothing is decided, whatever STC03 says.
_UNDECIDED: Final = re.compile(r"A0|A5|P.*|E[012]")
#: What we write into BHT03: `include.clearinghouse.interchange.batch_number`.
_OUR_BATCH: Final = re.compile(r"([0-9]{9})([0-9]{4,9})")
_NPI: Final = re.compile(r"[0-9]{10}")
#: What the three code lists of a status (STC01) hold.
_CATEGORY: Final = re.compile(r"[A-Z][0-9]{1,2}|F3[FN]|RQ")
_STATUS: Final = re.compile(r"[0-9]{1,4}")
#: Of three letters only those that are known: others may be a short name.
_ENTITY: Final = re.compile(
    "|".join(["[A-Z0-9]{2}", "(?=.*[0-9])[A-Z0-9]{3}", *(code for code in ENTITIES if len(code) == 3)])
)
#: A composite that another component separator than that of ISA16 splits.
_UNSPLIT_STATUS: Final = re.compile(r"[A-Z][0-9]{1,2}[^A-Za-z0-9 ][0-9]+.*")


class ClaimReader:
    """A 277CA, segment by segment: levels 2000A (source), B (receiver: the batch), C (provider), D (patient)."""

    def __init__(self, file: AnswerFile) -> None:
        self._file = file
        self._level = ""
        self._has_levels = False
        self._batch = Answer(
            position=0,
            source="277CA",
            grain="batch",
            outcome="",
            submitter_id=file.submitter_id,
            sender_id=file.sender_id,
        )
        self._provider_npi: str | None = None
        #: Of the claim that is being read, and its answers until it ends: its insurer's number comes after them.
        self._claim_number: str | None = None
        self._payer_number: str | None = None
        self._claim: list[Answer] = []
        #: Where the answers of the service line that is being read begin in `_claim`; None before the first line.
        self._line_start: int | None = None

    def read(self, number: int, elements: list[str], delimiters: Delimiters) -> Iterator[Answer]:
        name = elements[0]
        if name == "STC":
            yield from self._read_status(number, elements, delimiters)
        elif name == "REF":
            self._read_reference(elements)
        elif name == "TRN":
            yield from self._read_trace(number, elements)
        elif name == "NM1":
            if self._level == "19" and read_text(elements, 1) == "85" and read_text(elements, 8) == "XX":
                self._provider_npi = read_optional(elements, 9, _NPI)
        elif name == "SVC":
            if self._claim_number is None:
                raise UnreadableAnswer("segment_missing", number)
            self._line_start = len(self._claim)
        elif name == "HL":
            yield from self._end_claim()
            self._begin_level(number, elements)
        elif name == "SE":
            yield from self._end_claim()
            if not self._has_levels:
                raise UnreadableAnswer("segment_missing", number)

    def _begin_level(self, number: int, elements: list[str]) -> None:
        self._has_levels = True
        self._level = read_needed(number, elements, 3, CODE)
        if self._level in ("20", "21"):
            self._batch = replace(self._batch, batch_reference=None, control_number=None, transaction_number=None)
        if self._level in ("20", "21", "19"):
            self._provider_npi = None

    def _read_trace(self, number: int, elements: list[str]) -> Iterator[Answer]:
        if self._level == "21":
            reference = read_optional(elements, 2, IDENTIFIER)
            ours = _OUR_BATCH.fullmatch(reference or "")
            self._batch = replace(
                self._batch,
                batch_reference=reference,
                control_number=int(ours[1]) if ours else None,
                transaction_number=ours[2] if ours else None,
            )
        elif self._level == "PT":
            yield from self._end_claim()
            self._claim_number = read_needed(number, elements, 2, IDENTIFIER)

    def _read_reference(self, elements: list[str]) -> None:
        if self._claim_number is None:
            return
        qualifier = read_text(elements, 1)
        if qualifier == "1K":
            self._payer_number = read_optional(elements, 2, IDENTIFIER)
        elif qualifier in ("FJ", "6R") and self._line_start is not None:
            line_number = _line_number(read_text(elements, 2), self._claim_number)
            start = self._line_start
            self._claim[start:] = [replace(each, line_number=line_number) for each in self._claim[start:]]

    def _read_status(self, number: int, elements: list[str], delimiters: Delimiters) -> Iterator[Answer]:
        if self._level == "PT":
            if self._claim_number is None:
                raise UnreadableAnswer("segment_missing", number)
            grain = "claim" if self._line_start is None else "line"
        elif self._level in ("21", "19"):
            grain = {"21": "batch", "19": "provider"}[self._level]
        else:
            raise UnreadableAnswer("segment_misplaced", number)
        answer = replace(
            self._batch,
            grain=grain,
            claim_number=self._claim_number,
            provider_npi=self._provider_npi,
            answered_on=read_day(read_text(elements, 2)) or self._file.group_on,
        )
        for place in (1, 10, 11):
            composite = read_text(elements, place)
            if not composite and place > 1:
                continue
            found = self._status(number, composite, read_text(elements, 3), answer, delimiters)
            if self._claim_number is None:
                yield self._file.numbered(found)
            else:
                self._claim.append(found)

    def _status(self, number: int, composite: str, action: str, answer: Answer, delimiters: Delimiters) -> Answer:
        if delimiters.component not in composite and _UNSPLIT_STATUS.fullmatch(composite):
            raise UnreadableAnswer("component_separator", number)
        parts = composite.split(delimiters.component)
        category = read_code(number, parts, 0, _CATEGORY)
        return replace(
            answer,
            outcome=_claim_outcome(category, action),
            category_code=category,
            status_code=read_code(number, parts, 1, _STATUS),
            entity_code=read_optional(parts, 2, _ENTITY),
        )

    def _end_claim(self) -> Iterator[Answer]:
        for answer in self._claim:
            yield self._file.numbered(replace(answer, payer_claim_control_number=self._payer_number))
        self._claim = []
        self._claim_number = self._payer_number = self._line_start = None


def _claim_outcome(category: str | None, action: str) -> str:
    """Of a 277CA: the category decides; where it does not tell, the action code does (U rejects, WQ accepts).

    What is no category accepts nothing.
    """
    if category is None:
        return "rejected" if action == "U" else "pending"
    if category in _ACCEPTED:
        return "accepted"
    if category in _REJECTED:
        return "rejected"
    if _UNDECIDED.fullmatch(category):
        return "pending"
    if action == "U":
        return "rejected"
    # Not found (A4) is never an acceptance.
    return "accepted" if action == "WQ" and category != "A4" else "pending"


def _line_number(reference: str, claim_number: str) -> int | None:
    """The line of our REF*6R, the claim's number and two or more digits; or of a bare number of a line."""
    digits = reference.removeprefix(claim_number)
    if digits == reference and len(digits) > 3:
        return None
    return int(digits) if re.fullmatch(r"[0-9]{1,4}", digits) else None
