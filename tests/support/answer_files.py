"""Writers of the files a clearinghouse sends back: TA1, 999 and 277CA, with counts and control numbers that agree.

What is written is invented. `Interchange.segments` and `written` are apart, so that a test can spoil a segment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

SENT_ON = "20261104"


@dataclass(frozen=True)
class Style:
    """How a file is written: its delimiters and what stands between its segments."""

    element: str = "*"
    component: str = ":"
    repetition: str = "^"
    terminator: str = "~"
    between: str = ""


PLAIN = Style()
#: Segments with "*", ":", "^" and "~" for the delimiters, which `written` puts in.
Segments = Sequence[str]


@dataclass(frozen=True)
class SegmentError:
    """One IK3 with its CTX and IK4: `elements` are (position, code, copy of the faulty value)."""

    segment_code: str
    position: int
    loop: str
    code: str
    claim_number: str | None = None
    elements: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class SetVerdict:
    """One AK2 to IK5."""

    transaction_number: str
    code: str = "A"
    errors: tuple[str, ...] = ()
    segments: tuple[SegmentError, ...] = ()


@dataclass(frozen=True)
class LineVerdict:
    """One SVC with its STC and REF*FJ (our REF*6R)."""

    statuses: tuple[str, ...]
    line_reference: str | None = None


@dataclass(frozen=True)
class ClaimVerdict:
    """One claim of a 277CA; each of `statuses` is an STC: up to three composites like "A7:562:82"."""

    claim_number: str
    statuses: tuple[tuple[str, ...], ...] = (("A2:20",),)
    payer_number: str | None = None
    action: str | None = None
    lines: tuple[LineVerdict, ...] = ()


@dataclass(frozen=True)
class ProviderVerdict:
    """One billing provider of a 277CA with its claims; `status` is an STC of its own, mostly there is none."""

    npi: str
    claims: Iterable[ClaimVerdict] = ()
    status: str | None = None


@dataclass(frozen=True)
class Group:
    """GS to GE; each of `sets` is the segments between ST and SE."""

    kind: str
    version: str
    set_kind: str
    sets: Sequence[Segments]
    control_number: int = 1


@dataclass(frozen=True)
class Interchange:
    """ISA to IEA: TA1 segments and groups."""

    submitter_id: str = "OURSUBMITTER"
    control_number: int = 1
    ta1: Segments = ()
    groups: Sequence[Group] = ()
    style: Style = field(default=PLAIN)

    def segments(self) -> Iterator[str]:
        yield (
            f"ISA*00*{'':10}*00*{'':10}*ZZ*{'CLEARINGHOUSE':15}*ZZ*{self.submitter_id:15}*{SENT_ON[2:]}*0930*^*00501*"
            f"{self.control_number:09d}*0*T*:"
        )
        yield from self.ta1
        for group in self.groups:
            yield f"GS*{group.kind}*CLEARINGHOUSE*OURS*{SENT_ON}*0930*{group.control_number}*X*{group.version}"
            for number, inner in enumerate(group.sets, start=1):
                yield f"ST*{group.set_kind}*{number:04d}*{group.version}"
                yield from inner
                yield f"SE*{len(inner) + 2}*{number:04d}"
            yield f"GE*{len(group.sets)}*{group.control_number}"
        yield f"IEA*{len(self.groups)}*{self.control_number:09d}"

    def __bytes__(self) -> bytes:
        return written(self.segments(), self.style)


def written(segments: Iterable[str], style: Style = PLAIN) -> bytes:
    """The segments as bytes of a file in this style."""
    table = str.maketrans({"*": style.element, ":": style.component, "^": style.repetition})
    return "".join(f"{each.translate(table)}{style.terminator}{style.between}" for each in segments).encode()


def ta1_segment(control_number: int, code: str = "A", note: str = "000") -> str:
    return f"TA1*{control_number:09d}*261103*2210*{code}*{note}"


def acknowledgment(
    control_number: int, sets: Sequence[SetVerdict], code: str = "A", errors: Sequence[str] = ()
) -> list[str]:
    """The segments of a 999 between ST and SE about our group of this number."""
    segments = [f"AK1*HC*{control_number}*005010X222A1"]
    for each in sets:
        segments.append(f"AK2*837*{each.transaction_number}*005010X222A1")
        for error in each.segments:
            segments.append(f"IK3*{error.segment_code}*{error.position}*{error.loop}*{error.code}")
            if error.claim_number is not None:
                segments.append(f"CTX*CLM01:{error.claim_number}")
            for place, element_code, copy in error.elements:
                segments.append(f"IK4*{place}*67*{element_code}*{copy}".rstrip("*"))
        segments.append("*".join(["IK5", each.code, *each.errors]))
    accepted = sum(each.code in ("A", "E") for each in sets)
    segments.append("*".join(["AK9", code, str(len(sets)), str(len(sets)), str(accepted), *errors]))
    return segments


def acknowledgment_group(*sets: Segments, control_number: int = 1) -> Group:
    return Group("FA", "005010X231A1", "999", sets, control_number)


def claim_acknowledgment(
    batch_reference: str, providers: Iterable[ProviderVerdict], batch_status: str = "A1:20"
) -> list[str]:
    """The segments of a 277CA between ST and SE about the batch of this BHT03."""
    segments = [
        f"BHT*0085*08*ACK{batch_reference}*{SENT_ON}*0930*TH",
        "HL*1**20*1",
        "NM1*PR*2*SAMPLE INSURER*****PI*SAMPLE1",
        "TRN*1*RECEIPT1",
        f"DTP*050*D8*{SENT_ON}",
        f"DTP*009*D8*{SENT_ON}",
        "HL*2*1*21*1",
        "NM1*41*2*SAMPLE PRACTICE*****46*OURSUBMITTER",
        f"TRN*2*{batch_reference}",
        _status((batch_status,), None, "100"),
    ]
    level = 2
    for provider in providers:
        level += 1
        above = level
        segments += [f"HL*{level}*2*19*1", f"NM1*85*2*SAMPLE PRACTICE*****XX*{provider.npi}"]
        if provider.status:
            segments += ["TRN*1*0", _status((provider.status,), None, "100", day="")]
        for claim in provider.claims:
            level += 1
            segments += [f"HL*{level}*{above}*PT", "NM1*QC*1*SAMPLE*PAT****MI*MEMBER1", f"TRN*2*{claim.claim_number}"]
            segments += [_status(each, claim.action, "100") for each in claim.statuses]
            if claim.payer_number:
                segments.append(f"REF*1K*{claim.payer_number}")
            segments += ["REF*D9*CLEARING1", "DTP*472*D8*20261102"]
            for line in claim.lines:
                segments += ["SVC*HC:90837*100", _status(line.statuses, "U", "")]
                if line.line_reference:
                    segments.append(f"REF*FJ*{line.line_reference}")
    return segments


def claim_group(*sets: Segments, control_number: int = 1) -> Group:
    return Group("HN", "005010X214", "277", sets, control_number)


def _status(composites: Sequence[str], action: str | None, amount: str, day: str = SENT_ON) -> str:
    action = action or ("U" if composites[0][:2] in ("A3", "A6", "A7", "A8") else "WQ")
    segment = f"STC*{composites[0]}*{day}*{action}*{amount}"
    return (segment + "*" * 6 + "*".join(composites[1:])).rstrip("*")


def claim_number(number: int) -> str:
    return f"C{number}V1"


def many_claim_answers(count: int) -> bytes:
    """A 277CA about so many claims in sets of 5,000: every tenth rejected for the rendering provider's NPI."""
    sets = []
    for start in range(0, count, 5_000):
        claims = (
            ClaimVerdict(claim_number(number), (("A7:562:82", "A7:125:82"),))
            if number % 10 == 0
            else ClaimVerdict(claim_number(number), payer_number=f"26{number:09d}")
            for number in range(start, min(start + 5_000, count))
        )
        reference = f"{1:09d}{len(sets) + 1:04d}"
        sets.append(claim_acknowledgment(reference, [ProviderVerdict("1234567893", claims)]))
    return bytes(Interchange(groups=[claim_group(*sets)]))


def many_syntax_answers(count: int) -> bytes:
    """A 999 with an error in each of so many claims, in sets of 5,000."""
    sets = [
        SetVerdict(
            f"{number + 1:04d}",
            "R",
            ("5",),
            tuple(
                SegmentError("NM1", 20 + 15 * claim, "2310", "8", claim_number(start + claim), (("9", "7", "X"),))
                for claim in range(min(5_000, count - start))
            ),
        )
        for number, start in enumerate(range(0, count, 5_000))
    ]
    return bytes(Interchange(groups=[acknowledgment_group(acknowledgment(1, sets, "R"))]))
