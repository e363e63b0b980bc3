"""One 837P file: claims built once, numbered later.

`build_interchange` does the slow part without control numbers, so that it can be validated and kept outside of any
lock; `UnnumberedInterchange.numbered` then adds the numbers and the clock in a few joins. Both are pure: the same
claims, number and time give the same bytes.

Segments end with `~` and nothing else. X12 is silent on line breaks between segments (x12.org RFI 28), most readers
skip them, some refuse them, and none needs them.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from include.claim_frames import ClaimFrames
from include.clearinghouse.charset import (
    COMPONENT_SEPARATOR,
    REPETITION_SEPARATOR,
    fold,
    fold_phone,
)
from include.clearinghouse.professional_claim import (
    CLAIMS_PER_TRANSACTION_SET,
    ClaimRun,
    build_claim_runs,
)
from include.clearinghouse.segments import segment

VERSION: Final = "005010X222A1"
HIGHEST_CONTROL_NUMBER: Final = 999_999_999

_ENVELOPE_SEGMENTS: Final = 2  # ISA and GS stand before the first ST


@dataclass(frozen=True)
class Receiver:
    """Who sends and who receives, as agreed with one clearinghouse. Raises `ValueError` naming a field that cannot be.

    `receiver_code` is our key and not in the file; `usage_indicator` is T (test) or P (production).
    """

    receiver_code: str
    submitter_id: str
    submitter_name: str
    contact_name: str
    contact_phone: str
    receiver_id: str
    receiver_name: str
    usage_indicator: str = "T"
    submitter_qualifier: str = "ZZ"
    receiver_qualifier: str = "ZZ"
    file_extension: str = "837"

    def __post_init__(self) -> None:
        for name in ("submitter_id", "receiver_id"):
            if not re.fullmatch(r"[A-Z0-9]{2,15}", getattr(self, name)):
                raise ValueError(f"receiver {self.receiver_code}: {name} must be 2 to 15 characters A-Z, 0-9")
        for name in ("submitter_name", "contact_name", "receiver_name"):
            if not 1 <= len(fold(getattr(self, name), name)) <= 60:
                raise ValueError(f"receiver {self.receiver_code}: {name} must have 1 to 60 characters")
        if not fold_phone(self.contact_phone, "contact_phone"):
            raise ValueError(f"receiver {self.receiver_code}: contact_phone must be a ten-digit number")
        if self.usage_indicator not in ("T", "P"):
            raise ValueError(f"receiver {self.receiver_code}: usage_indicator must be T or P")
        for name in ("submitter_qualifier", "receiver_qualifier"):
            if getattr(self, name) not in ("01", "14", "20", "27", "28", "29", "30", "33", "ZZ"):
                raise ValueError(f"receiver {self.receiver_code}: {name} is not an interchange id qualifier")


@dataclass(frozen=True)
class TransactionSet:
    """One ST to SE: claims of one organization. `body` is what stands between BHT and SE.

    Positions count segments of the whole file from 1 (ISA). `segment_count` is SE01.
    """

    organization_id: int
    st02: str
    body: bytes = field(repr=False)
    claim_ids: tuple[int, ...]
    segment_count: int
    first_position: int
    claim_positions: tuple[int, ...]
    provider_positions: tuple[tuple[int, int], ...]

    @property
    def last_position(self) -> int:
        return self.first_position + self.segment_count - 1

    def claims_at(self, position: int) -> tuple[int, ...]:
        """The claims a segment belongs to: one, all under a billing provider, or none (header, trailer)."""
        if position >= self.last_position or not self.claim_positions or position < self.provider_positions[0][0]:
            return ()
        provider = bisect_right(self.provider_positions, (position, len(self.claim_ids))) - 1
        first_claim = self.provider_positions[provider][1]
        if position >= self.claim_positions[first_claim]:
            return (self.claim_ids[bisect_right(self.claim_positions, position) - 1],)
        following = self.provider_positions[provider + 1 : provider + 2]
        return self.claim_ids[first_claim : following[0][1] if following else None]


@dataclass(frozen=True)
class UnnumberedInterchange:
    """A finished file except for its control numbers and its time."""

    receiver: Receiver
    transaction_sets: tuple[TransactionSet, ...]

    @property
    def claim_ids(self) -> tuple[int, ...]:
        """In file order."""
        return tuple(claim_id for each in self.transaction_sets for claim_id in each.claim_ids)

    @property
    def segment_count(self) -> int:
        """Segments of the whole file, ISA to IEA."""
        return 2 * _ENVELOPE_SEGMENTS + sum(each.segment_count for each in self.transaction_sets)

    def claims_at(self, position: int) -> tuple[int, ...]:
        """The claims the segment at `position` (ISA is 1) belongs to; none for envelope, header and trailer."""
        found = self.transaction_set_at(position)
        return found.claims_at(position) if found else ()

    def transaction_set_at(self, position: int) -> TransactionSet | None:
        """The transaction set, ST to SE, that the segment at `position` belongs to."""
        index = bisect_right([each.first_position for each in self.transaction_sets], position) - 1
        if index < 0 or position > self.transaction_sets[index].last_position:
            return None
        return self.transaction_sets[index]

    def numbered(self, control_number: int, created_at: datetime) -> bytes:
        """The file: ISA13, GS06 and their trailers carry `control_number`; times are `created_at` in its own zone.

        The caller gives each receiver's files rising numbers and never one twice: receivers refuse a repeated ISA13,
        and BHT03 comes back in acknowledgments. Raises `ValueError` for a number of more than nine digits or a time
        without zone.
        """
        if not 1 <= control_number <= HIGHEST_CONTROL_NUMBER:
            raise ValueError(f"control number {control_number} is not between 1 and {HIGHEST_CONTROL_NUMBER}")
        if created_at.tzinfo is None:
            raise ValueError("created_at has no time zone")
        day, time = created_at.strftime("%Y%m%d"), created_at.strftime("%H%M")
        parts = [self._header(control_number, day, time)]
        for each in self.transaction_sets:
            bht03 = batch_number(control_number, each.st02)
            parts.append(
                (
                    segment("ST", "837", each.st02, VERSION) + segment("BHT", "0019", "00", bht03, day, time, "CH")
                ).encode("ascii")
            )
            parts.append(each.body)
            parts.append(segment("SE", str(each.segment_count), each.st02).encode("ascii"))
        trailer = segment("GE", str(len(self.transaction_sets)), str(control_number)) + segment(
            "IEA", "1", f"{control_number:09d}"
        )
        return b"".join([*parts, trailer.encode("ascii")])

    def _header(self, control_number: int, day: str, time: str) -> bytes:
        receiver = self.receiver
        isa = "*".join(
            (
                "ISA", "00", " " * 10, "00", " " * 10,
                receiver.submitter_qualifier, f"{receiver.submitter_id:<15}",
                receiver.receiver_qualifier, f"{receiver.receiver_id:<15}",
                day[2:], time, REPETITION_SEPARATOR, "00501", f"{control_number:09d}", "0",
                receiver.usage_indicator, COMPONENT_SEPARATOR,
            )
        )  # fmt: skip
        gs = segment(
            "GS", "HC", receiver.submitter_id, receiver.receiver_id, day, time, str(control_number), "X", VERSION
        )
        return f"{isa}~{gs}".encode("ascii")


def batch_number(control_number: int, st02: str) -> str:
    """BHT03 of a transaction set, unique per receiver: a 277CA names the batch by it."""
    return f"{control_number:09d}{st02}"


def file_name(receiver: Receiver, control_number: int, body: bytes) -> str:
    """The name under which `body` is delivered: the same bytes always have the same name, others another."""
    digest = hashlib.sha256(body).hexdigest()[:8]
    return f"{receiver.submitter_id}_{control_number:09d}_{digest}.{receiver.file_extension}"


def build_interchange(
    frames: ClaimFrames, receiver: Receiver, claims_per_transaction_set: int = CLAIMS_PER_TRANSACTION_SET
) -> UnnumberedInterchange:
    """All claims of `frames` as one file: a transaction set per organization, more where it has too many claims.

    Raises `UncarriableClaims` when a claim cannot be written, `ValueError` when there are no claims: an empty file
    would use up a control number.
    """
    runs = build_claim_runs(frames, claims_per_transaction_set)
    if not runs:
        raise ValueError("no claims to write")
    header = segment(
        "NM1", "41", "2", fold(receiver.submitter_name), "", "", "", "", "46", receiver.submitter_id
    ) + segment("PER", "IC", fold(receiver.contact_name), "TE", fold_phone(receiver.contact_phone, "contact_phone"))
    header += segment("NM1", "40", "2", fold(receiver.receiver_name), "", "", "", "", "46", receiver.receiver_id)
    sets: list[TransactionSet] = []
    position = _ENVELOPE_SEGMENTS + 1
    for number, run in enumerate(runs, start=1):
        sets.append(_transaction_set(run, f"{number:04d}", header, position))
        position += sets[-1].segment_count
    return UnnumberedInterchange(receiver, tuple(sets))


def _transaction_set(run: ClaimRun, st02: str, header: str, first_position: int) -> TransactionSet:
    before = 2 + header.count("~")  # ST, BHT and the header loops
    offset = first_position + before - 1
    return TransactionSet(
        organization_id=run.organization_id,
        st02=st02,
        body=(header + run.text).encode("ascii"),
        claim_ids=run.claim_ids,
        segment_count=before + run.segment_count + 1,
        first_position=first_position,
        claim_positions=tuple(offset + start for start in run.claim_starts),
        provider_positions=tuple((offset + start, first) for start, first in run.provider_starts),
    )
