"""What a clearinghouse or insurer answers to a claim file: TA1, 999 (005010X231) and 277CA (005010X214).

One file may hold several interchanges, each with a TA1, with groups, or both, and other transaction sets beside them,
which are passed over here. Names, member ids and the copies of faulty values in a file (IK404) are never kept, nor what
stands in the place of a code and is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from include.clearinghouse.answer_records import (
    CONTROL_NUMBER,
    TA1_NOTE,
    Answer,
    AnswerFile,
    read_code,
    read_day,
    read_needed,
    read_outcome,
    read_text,
)
from include.clearinghouse.claim_answers import ClaimReader
from include.clearinghouse.envelope import UnreadableAnswer, read_segments, split_segments
from include.clearinghouse.syntax_answers import AcknowledgmentReader

__all__ = ["Answer", "UnreadableAnswer", "read_answers", "read_contents"]

#: ST03 (GS08 where it is absent) begins so in a 277 that acknowledges claims; others answer inquiries.
_CLAIM_ACKNOWLEDGMENT: Final = "005010X214"


def read_contents(body: bytes) -> frozenset[str]:
    """What a file holds: TA1, 999, 277CA, and 835, 277 or another number of a transaction set; "other" where ST01 is
    no number. Nothing when it is not X12; of a damaged file what stands before the damage. Never raises."""
    found = set()
    version = ""
    try:
        for _, elements, _ in split_segments(body):
            if elements[0] == "TA1":
                found.add("TA1")
            elif elements[0] == "GS":
                version = read_text(elements, 8)
            elif elements[0] == "ST":
                found.add(_content(elements, version))
    except UnreadableAnswer:
        pass
    return frozenset(found)


def _content(elements: list[str], group_version: str) -> str:
    kind = read_text(elements, 1)
    if kind == "277" and (read_text(elements, 3) or group_version).startswith(_CLAIM_ACKNOWLEDGMENT):
        return "277CA"
    return kind if re.fullmatch(r"[0-9]{3}", kind) else "other"


def read_answers(body: bytes) -> Iterator[Answer]:
    """All answers of a file in their order; one claim may have several. Holds one claim of the file at a time.

    A claim's statuses (STC01, STC10, STC11 of each STC) and a transaction set's errors (IK502 to IK506) are an answer
    each. Raises `UnreadableAnswer`: for the envelope before the first answer, for an element that is needed in between,
    so the caller keeps all of a file or nothing.
    """
    # Once before: no answer of a file whose envelope is not whole, and of each set of a 999 its verdict, which stands
    # behind the segments it is about.
    verdicts = iter([read_text(elements, 1) for _, elements, _ in read_segments(body) if elements[0] == "IK5"])
    reader: AcknowledgmentReader | ClaimReader | None = None
    file = AnswerFile()
    version = ""
    for number, elements, delimiters in split_segments(body):
        name = elements[0]
        if reader is not None:
            yield from reader.read(number, elements, delimiters)
            if name == "SE":
                reader = None
        elif name == "ISA":
            file.sender_id, file.submitter_id = elements[6].strip() or None, elements[8].strip()
            file.sent_on = file.group_on = read_day("20" + elements[9])
        elif name == "TA1":
            yield _interchange_answer(number, elements, file)
        elif name == "GS":
            file.group_on, version = read_day(read_text(elements, 4)) or file.sent_on, read_text(elements, 8)
        elif name == "ST":
            content = _content(elements, version)
            if content == "999":
                reader = AcknowledgmentReader(file, verdicts)
            elif content == "277CA":
                reader = ClaimReader(file)


def _interchange_answer(number: int, elements: list[str], file: AnswerFile) -> Answer:
    return file.numbered(
        Answer(
            position=0,
            source="TA1",
            grain="interchange",
            outcome=read_outcome(number, elements, 4),
            submitter_id=file.submitter_id,
            control_number=int(read_needed(number, elements, 1, CONTROL_NUMBER)),
            category_code="TA1",
            status_code=read_code(number, elements, 5, TA1_NOTE),
            answered_on=file.sent_on,
            sender_id=file.sender_id,
        )
    )
