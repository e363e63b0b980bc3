"""One answer of a receiver, and the reading of single elements that all answers share."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from include.clearinghouse.envelope import UnreadableAnswer


@dataclass(frozen=True, slots=True)
class Answer:
    """One statement of a receiver about something we sent; `position` counts the answers of a file from 1.

    `source`: TA1, 999 or 277CA. `grain`: interchange, group, transaction_set, segment, batch, provider, claim, line.
    `outcome`: accepted, accepted_with_errors, rejected, pending; a segment's is that of its transaction set.
    `submitter_id`: to whom the file is addressed (ISA08). `sender_id`: who wrote it (ISA06). `control_number`: of our
    interchange and group, None in a 277CA whose batch reference has not the form of ours and in a 999 about no group
    HC or no transaction set 837. `transaction_number`: ST02 of ours. `category_code`: of a 277CA; in the others the
    segment that speaks, TA1, IK3, IK4, IK5 or AK9. `status_code`: None where an IK5 or AK9 states no error. Category,
    status and entity are None too where what stands there has not the form of a code: it may be anything, so a name.
    `segment_position` counts from ST = 1 in our transaction set, `element_position` is like 5 or 5:1, `loop_code` like
    2010BA. `answered_on`: the receiver's day.
    """

    position: int
    source: str
    grain: str
    outcome: str
    submitter_id: str
    control_number: int | None = None
    transaction_number: str | None = None
    batch_reference: str | None = None
    claim_number: str | None = None
    provider_npi: str | None = None
    line_number: int | None = None
    category_code: str | None = None
    status_code: str | None = None
    entity_code: str | None = None
    segment_code: str | None = None
    segment_position: int | None = None
    element_position: str | None = None
    payer_claim_control_number: str | None = None
    answered_on: date | None = None
    loop_code: str | None = None
    sender_id: str | None = None


#: TA104, IK501 and AK901 -> outcome. M, W and X are failures of authentication and encryption; P: some sets rejected.
OUTCOMES: Final = {
    "TA1": {"A": "accepted", "E": "accepted_with_errors", "R": "rejected"},
    "IK5": {"A": "accepted", "E": "accepted_with_errors", **dict.fromkeys("MRWX", "rejected")},
    "AK9": {"A": "accepted", **dict.fromkeys("EP", "accepted_with_errors"), **dict.fromkeys("MRWX", "rejected")},
}
#: Forms of elements that are kept.
CODE: Final = re.compile(r"[A-Z0-9]{1,8}")
NUMBER: Final = re.compile(r"[0-9]{1,10}")
CONTROL_NUMBER: Final = re.compile(r"[0-9]{1,9}")
IDENTIFIER: Final = re.compile(r"[!-~]([ -~]{0,48}[!-~])?")
#: What the code lists of TA1 and 999 hold: TA105; IK304, IK403, IK502 to IK506 and AK905 to AK909.
TA1_NOTE: Final = re.compile(r"[0-9]{3}")
SYNTAX_ERROR: Final = re.compile(r"[1-9][0-9]?|I[1-9][0-9]?")


class AnswerFile:
    """What all answers of a file share, and how many there were."""

    def __init__(self) -> None:
        self.submitter_id = ""
        self.sender_id: str | None = None
        self.sent_on: date | None = None
        self.group_on: date | None = None
        self._count = 0

    def numbered(self, answer: Answer) -> Answer:
        self._count += 1
        return replace(answer, position=self._count)


def read_outcome(number: int, elements: list[str], place: int) -> str:
    code = read_needed(number, elements, place, CODE)
    if code not in OUTCOMES[elements[0]]:
        raise UnreadableAnswer("value_malformed", number)
    return OUTCOMES[elements[0]][code]


def read_text(elements: list[str], place: int) -> str:
    """The element without blanks around it; "" when it is absent."""
    return elements[place].strip() if place < len(elements) else ""


def read_optional(elements: list[str], place: int, form: re.Pattern[str]) -> str | None:
    """The element; None when it is absent or has not the form of what we look for."""
    value = read_text(elements, place)
    return value if form.fullmatch(value) else None


def read_code(number: int, elements: list[str], place: int, form: re.Pattern[str]) -> str | None:
    """The code; None where something else stands. Raises `UnreadableAnswer` where it is absent or not even a word."""
    value = read_needed(number, elements, place, CODE)
    return value if form.fullmatch(value) else None


def read_needed(number: int, elements: list[str], place: int, form: re.Pattern[str]) -> str:
    """The element; raises `UnreadableAnswer` when it is absent or has another form."""
    value = read_text(elements, place)
    if not form.fullmatch(value):
        raise UnreadableAnswer("value_malformed" if value else "value_missing", number)
    return value


@functools.lru_cache(maxsize=64)
def read_day(text: str) -> date | None:
    """CCYYMMDD as a day; None for anything else: no answer fails for its date."""
    if not re.fullmatch(r"[0-9]{8}", text):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
