"""What the simulated clearinghouse reads out of an 837P file: envelope, transaction sets, claims.

Delimiters are taken from the ISA. Only what an answer repeats is kept. Order and counts are not checked here: pyx12 has
judged the file before its claims are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

Elements = list[str]

_ISA_LENGTH = 106


class Unanswerable(ValueError):
    """The file gets no answer: nobody could tell whom to answer, or it is none of a simulation's business."""


@dataclass(frozen=True)
class Envelope:
    """ISA of a file, and whether its end is there. `note_code` is TA105: 000 when the interchange is in order."""

    sender_qualifier: str
    sender_id: str
    receiver_qualifier: str
    receiver_id: str
    sent_at: datetime
    control_number: str
    usage_indicator: str
    note_code: str
    component_separator: str
    segments: list[Elements] = field(repr=False)


@dataclass
class SentLine:
    """One service line: the composite of SV101, its charge, days (CCYYMMDD) and REF*6R."""

    procedure: list[str]
    charge: str
    days: list[str] = field(default_factory=list)
    control_number: str = ""


@dataclass
class SentClaim:
    """One CLM with the people above it, as elements of their NM1. `position` counts segments from ST, which is 1."""

    number: str
    total: Decimal
    position: int
    billing_provider: Elements
    patient: Elements
    member_id: str
    payer_id: str
    lines: list[SentLine] = field(default_factory=list)

    @property
    def days(self) -> list[str]:
        """All days of service, sorted."""
        return sorted({day for line in self.lines for day in line.days})


@dataclass
class SentSet:
    """One ST to SE."""

    st02: str
    batch_reference: str = ""
    submitter: Elements = field(default_factory=list)
    receiver_name: str = ""
    claims: list[SentClaim] = field(default_factory=list)


def read_envelope(body: bytes) -> Envelope:
    """The envelope of a file and its segments. Raises Unanswerable when there is no readable ISA."""
    text = body.decode("ascii", errors="replace")
    if len(text) < _ISA_LENGTH or not text.startswith("ISA"):
        raise Unanswerable("it does not begin with an interchange header")
    element, component, terminator = text[3], text[104], text[105]
    segments = [part.strip().split(element) for part in text.split(terminator) if part.strip()]
    isa = segments[0]
    if len(isa) != 17:
        raise Unanswerable("its interchange header has not 16 elements")
    try:
        sent_at = datetime.strptime(isa[9] + isa[10], "%y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        raise Unanswerable("its interchange header has no date and time") from None
    return Envelope(
        sender_qualifier=isa[5],
        sender_id=isa[6].strip(),
        receiver_qualifier=isa[7],
        receiver_id=isa[8].strip(),
        sent_at=sent_at,
        control_number=isa[13],
        usage_indicator=isa[15],
        note_code=_note_code(body, segments),
        component_separator=component,
        segments=segments,
    )


def _note_code(body: bytes, segments: list[Elements]) -> str:
    """TA105: 023 when the end is missing, 001 and 021 for a trailer that disagrees, 024 for what is no 837P."""
    last = segments[-1]
    groups = [each for each in segments if each[0] == "GS"]
    if last[0] != "IEA" or len(last) != 3:
        return "023"
    if last[2] != segments[0][13]:
        return "001"
    if last[1] != str(len(groups)):
        return "021"
    if len(groups) != 1 or groups[0][1] != "HC" or sum(each[0] == "ISA" for each in segments) != 1:
        return "024"
    return "000" if body.isascii() else "024"


def divide_sets(envelope: Envelope) -> list[list[Elements]]:
    """The segments of each transaction set, ST to SE, in order."""
    divided: list[list[Elements]] = []
    for each in envelope.segments:
        if each[0] == "ST":
            divided.append([])
        if divided and each[0] not in ("GE", "IEA"):
            divided[-1].append(each)
    return divided


def read_set(segments: list[Elements], component: str) -> SentSet:
    """A transaction set that pyx12 has accepted, with its claims in order. `component` is ISA16."""
    found = SentSet(st02=segments[0][2])
    people: dict[str, Elements] = {}
    claim: SentClaim | None = None
    for position, given in enumerate(segments, start=1):
        # Elements left out at the end are empty ones.
        name, code, *_ = each = given + [""] * (12 - len(given))
        if name == "BHT":
            found.batch_reference = each[3]
        elif name == "HL":
            claim = None  # what follows stands above the next claim
            for entity in _names_to_forget(each[3]):
                people.pop(entity, None)
        elif name == "NM1" and code == "41":
            found.submitter = each
        elif name == "NM1" and code == "40":
            found.receiver_name = each[3]
        elif name == "NM1" and claim is None:
            people[code] = each
        elif name == "CLM":
            claim = SentClaim(
                number=code,
                total=Decimal(each[2]),
                position=position,
                billing_provider=people["85"],
                patient=people.get("QC", people["IL"]),
                member_id=people["IL"][9],
                payer_id=people["PR"][9],
            )
            found.claims.append(claim)
        elif claim is not None:
            _read_line_segment(claim, each, component)
    return found


def _names_to_forget(level: str) -> Iterator[str]:
    """Whom a new hierarchical level replaces: 20 all, 22 the subscriber with payer and dependents, 23 the dependent."""
    if level == "20":
        yield from ("85", "87")
    if level in ("20", "22"):
        yield from ("IL", "PR")
    yield "QC"


def _read_line_segment(claim: SentClaim, each: Elements, component: str) -> None:
    name, code = each[0], each[1]
    if name == "SV1":
        claim.lines.append(SentLine(procedure=code.split(component), charge=each[2]))
    elif name == "DTP" and code == "472" and claim.lines:
        claim.lines[-1].days += each[3].split("-")
    elif name == "REF" and code == "6R" and claim.lines:
        claim.lines[-1].control_number = each[2]
