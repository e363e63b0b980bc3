"""Claim files that we wrote ourselves, read back: which file it is, and which claims are in it.

For a database that has lost the record of them. What `interchange` writes is all that has to be understood: delimiters
are ours, and a file that is damaged is refused as a whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from include.errors import BillingError

_NAME: Final = re.compile(r"(?P<submitter>[A-Z0-9]{2,15})_(?P<number>[0-9]{9})_(?P<sha>[0-9a-f]{8})\.[A-Za-z0-9]{1,8}")
_CLAIM_NUMBER: Final = re.compile(r"C([0-9]{1,15})V([0-9]{1,5})")
_LEVELS: Final = {"P": "primary", "S": "secondary", "T": "tertiary"}
_HIGHEST_VERSION: Final = 32_767


class UnreadableClaimFile(BillingError):
    """The bytes are not a whole claim file of ours. The text names the segment, never what is in it."""


@dataclass(frozen=True, slots=True)
class FiledClaim:
    """A claim as it stands in a file: its number, and what it takes to recognise it under another number."""

    claim_number: str
    claim_id: int
    version: int
    level: str
    total_cents: int
    service_on: date | None
    billing_npi: str
    member_id: str = field(repr=False)
    patient_last_name: str = field(repr=False)
    patient_birth_on: date | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class FiledSet:
    """A transaction set: ST02, BHT03 and its claims in file order."""

    transaction_number: str
    batch_reference: str
    claims: tuple[FiledClaim, ...]


@dataclass(frozen=True, slots=True)
class ClaimFile:
    """A whole file. `written_at` is local time of the database that numbered it, to the minute."""

    submitter_id: str
    receiver_id: str
    control_number: int
    written_at: datetime
    sets: tuple[FiledSet, ...]

    @property
    def claims(self) -> tuple[FiledClaim, ...]:
        """In file order."""
        return tuple(claim for one in self.sets for claim in one.claims)


def parse_file_name(name: str) -> tuple[str, int, str] | None:
    """Submitter id, control number and first eight hex digits of the SHA-256; None when `file_name` writes no such."""
    match = _NAME.fullmatch(name)
    return (match["submitter"], int(match["number"]), match["sha"]) if match else None


def parse_claim_number(text: str) -> tuple[int, int] | None:
    """Claim id and version of a number of ours (C12V1); None for any other text."""
    match = _CLAIM_NUMBER.fullmatch(text)
    if match is None or int(match[2]) > _HIGHEST_VERSION:
        return None
    return int(match[1]), int(match[2])


def read_claim_file(body: bytes) -> ClaimFile:
    """The file's numbers and claims. Raises `UnreadableClaimFile` unless every count and trailer agrees."""
    try:
        texts = body.decode("ascii").split("~")
    except UnicodeDecodeError:
        raise UnreadableClaimFile("the file is not ASCII: it is damaged, or not ours") from None
    if texts.pop() != "" or not texts:
        raise UnreadableClaimFile("the file ends in the middle of a segment")
    reader = _Reader()
    for number, text in enumerate(texts, start=1):
        elements = text.split("*")
        try:
            reader.read(elements)
        except (ValueError, IndexError, InvalidOperation):
            name = elements[0] if elements[0].isalnum() and len(elements[0]) <= 3 else "?"
            raise UnreadableClaimFile(f"segment {number} ({name}) is not as we write it") from None
    if not reader.is_finished:
        raise UnreadableClaimFile("the file ends before its last trailer")
    return reader.file()


class _Reader:
    """Takes the segments one after another; `ValueError` for one that cannot stand there."""

    def __init__(self) -> None:
        self._expected: tuple[str, ...] = ("ISA",)  # outside of a set
        self._header: list[str] = []
        self._sets: list[FiledSet] = []
        self._number = self._batch = ""
        self._segment_count = 0  # of the open set; 0: none is open
        self._claims: list[FiledClaim] = []
        self._npi = self._level = self._member = self._last_name = ""
        self._birth_on: date | None = None
        self._open_claim: tuple[str, int] | None = None
        self._service_on: date | None = None

    @property
    def is_finished(self) -> bool:
        return not self._expected

    def file(self) -> ClaimFile:
        header = self._header
        return ClaimFile(
            submitter_id=header[6].strip(),
            receiver_id=header[8].strip(),
            control_number=int(header[13]),
            written_at=_instant(header[9], header[10]),
            sets=tuple(self._sets),
        )

    def read(self, elements: list[str]) -> None:
        name = elements[0]
        if self._segment_count:
            self._segment_count += 1
            self._read_in_set(name, elements)
            return
        _demand(name in self._expected)
        if name == "ISA":
            _demand(len(elements) == 17 and len(elements[13]) == 9)
            self._header = elements
            _instant(elements[9], elements[10])
            self._expected = ("GS",)
        elif name == "GS":
            _demand(elements[1] == "HC" and int(elements[6]) == int(self._header[13]))
            self._expected = ("ST",)
        elif name == "ST":
            _demand(elements[1] == "837")
            self._number, self._batch, self._claims, self._segment_count = elements[2], "", [], 1
            self._expected = ("ST", "GE")
        elif name == "GE":
            _demand(int(elements[1]) == len(self._sets) and int(elements[2]) == int(self._header[13]))
            self._expected = ("IEA",)
        else:
            _demand(elements[1:] == ["1", self._header[13]])
            self._expected = ()

    def _read_in_set(self, name: str, elements: list[str]) -> None:
        if name in ("HL", "CLM", "SE"):
            self._close_claim()
        if name == "BHT":
            self._batch = elements[3]
        elif name == "HL" and elements[3] == "22":
            self._level = self._member = self._last_name = ""
            self._birth_on = None
        elif name == "CLM":
            self._open_claim, self._service_on = (elements[1], _cents(elements[2])), None
        elif name == "DTP" and elements[1] == "472" and self._service_on is None:
            self._service_on = _day(elements[3])
        elif name == "SE":
            _demand(int(elements[1]) == self._segment_count and elements[2] == self._number and bool(self._batch))
            self._sets.append(FiledSet(self._number, self._batch, tuple(self._claims)))
            self._segment_count = 0
        elif self._open_claim is None:  # a claim's own loops name other insured people
            self._read_levels(name, elements)

    def _read_levels(self, name: str, elements: list[str]) -> None:
        if name == "NM1" and elements[1] == "85":
            self._npi = elements[9] if len(elements) > 9 else ""
        elif name == "SBR":
            self._level = _LEVELS[elements[1]]
        elif name == "NM1" and elements[1] == "IL":
            self._last_name, self._member = elements[3], elements[9] if len(elements) > 9 else ""
        elif name == "NM1" and elements[1] == "QC":
            self._last_name = elements[3]
        elif name == "DMG":
            self._birth_on = _day(elements[2])

    def _close_claim(self) -> None:
        if self._open_claim is None:
            return
        number, cents = self._open_claim
        key = parse_claim_number(number)
        _demand(key is not None)
        assert key is not None
        self._claims.append(
            FiledClaim(
                claim_number=number,
                claim_id=key[0],
                version=key[1],
                level=self._level,
                total_cents=cents,
                service_on=self._service_on,
                billing_npi=self._npi,
                member_id=self._member,
                patient_last_name=self._last_name,
                patient_birth_on=self._birth_on,
            )
        )
        self._open_claim = None


def _demand(holds: bool) -> None:
    if not holds:
        raise ValueError


def _day(text: str) -> date | None:
    return date(int(text[:4]), int(text[4:6]), int(text[6:8])) if text else None


def _instant(day: str, time: str) -> datetime:
    return datetime(2000 + int(day[:2]), int(day[2:4]), int(day[4:6]), int(time[:2]), int(time[2:4]))  # noqa: DTZ001 # the file names no zone


def _cents(text: str) -> int:
    cents = Decimal(text) * 100
    _demand(cents == int(cents))
    return int(cents)
