"""Answers as a clearinghouse would write them: TA1, 999 and 277CA to files of ours, small and whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

SUBMITTER = "SUBMITTER"
RECEIVER = "RECEIVER"


@dataclass(frozen=True)
class SetAnswer:
    """What a 999 says of one transaction set. `segments`: IK3 and what belongs to it, as text."""

    number: str = "0001"
    code: str = "A"
    segments: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClaimAnswer:
    """What a 277CA says of one claim. `statuses` like A7:562:82; `lines`: (line number, status)."""

    number: str
    statuses: tuple[str, ...] = ("A2:20",)
    payer_number: str = ""
    lines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ProviderAnswer:
    """What a 277CA says of a billing provider as a whole, and of the claims below it."""

    npi: str = "1234567893"
    status: str = ""
    claims: Sequence[ClaimAnswer] = field(default_factory=tuple)


def ta1(
    number: int, code: str = "A", note: str = "000", *, to: str = SUBMITTER, sender: str = RECEIVER, mark: int = 1
) -> bytes:
    return _file([f"TA1*{number:09d}*260311*2100*{code}*{note}"], to, sender, mark, groups=0)


def a999(
    number: int,
    code: str = "A",
    *sets: SetAnswer,
    to: str = SUBMITTER,
    sender: str = RECEIVER,
    kind: tuple[str, str] = ("HC", "837"),
    mark: int = 1,
) -> bytes:
    """An answer to the group `number`; AK9 is `code`. `kind`: of the group and of its transaction sets."""
    segments = [f"AK1*{kind[0]}*{number}*005010X222A1"]
    for one in sets:
        segments += [f"AK2*{kind[1]}*{one.number}*005010X222A1", *one.segments]
        segments.append("*".join(["IK5", one.code, *one.errors]))
    accepted = sum(one.code in "AE" for one in sets)
    segments.append(f"AK9*{code}*{max(len(sets), 1)}*{max(len(sets), 1)}*{accepted}")
    return _group(segments, "FA", "999", "005010X231A1", to, sender, mark)


def a277(
    batch_reference: str,
    *providers: ProviderAnswer,
    batch_status: str = "A1:19:PR",
    to: str = SUBMITTER,
    sender: str = RECEIVER,
    mark: int = 1,
) -> bytes:
    """Claims of one batch, by billing provider."""
    segments = [
        f"BHT*0085*08*{mark:09d}*20260312*0100*TH",
        "HL*1**20*1",
        "NM1*PR*2*PRAIRIE HEALTH*****PI*60054",
        "TRN*1*R1",
        "DTP*050*D8*20260311",
        "DTP*009*D8*20260311",
        "HL*2*1*21*1",
        f"NM1*41*2*BILLING SUBMITTER*****46*{to}",
        f"TRN*2*{batch_reference}",
        f"STC*{batch_status}*20260311*{'U' if batch_status[:2] in ('A3', 'A6', 'A7', 'A8') else 'WQ'}*150",
    ]
    level = 2
    for provider in providers:
        level += 1
        parent = level
        segments += [f"HL*{level}*2*19*1", f"NM1*85*2*ASPEN COUNSELING GROUP*****XX*{provider.npi}"]
        if provider.status:
            segments += ["TRN*1*0", f"STC*{provider.status}*20260311*U*150"]
        for claim in provider.claims:
            level += 1
            segments += [f"HL*{level}*{parent}*PT", "NM1*QC*1*EXAMPLE*ROBIN****MI*W123456789", f"TRN*2*{claim.number}"]
            segments += [f"STC*{status}*20260311*{_action(status)}*150" for status in claim.statuses]
            segments += [f"REF*1K*{claim.payer_number}"] if claim.payer_number else []
            segments.append("DTP*472*D8*20260303")
            for line, status in claim.lines:
                segments += ["SVC*HC:90837*150*****1", f"STC*{status}*20260311*{_action(status)}*150"]
                segments += [f"REF*FJ*{claim.number}{line}", "DTP*472*D8*20260303"]
    return _group(segments, "HN", "277", "005010X214", to, sender, mark)


def remittance(mark: int = 1) -> bytes:
    """The beginning and end of an 835, which is kept for later."""
    segments = ["BPR*I*0*C*NON************20260312", "TRN*1*0*1512345678"]
    return _group(segments, "HP", "835", "005010X221A1", SUBMITTER, RECEIVER, mark)


def joined(*files: bytes) -> bytes:
    """Several interchanges in one file."""
    return b"".join(files)


def _action(status: str) -> str:
    return "U" if status[:2] in ("A3", "A6", "A7", "A8") else "WQ"


def _group(segments: Iterable[str], code: str, kind: str, version: str, to: str, sender: str, mark: int) -> bytes:
    inner = [f"ST*{kind}*0001*{version}", *segments]
    inner.append(f"SE*{len(inner) + 1}*0001")
    group = [f"GS*{code}*{sender}*{to}*20260312*0100*{mark}*X*{version}", *inner, f"GE*1*{mark}"]
    return _file(group, to, sender, mark, groups=1)


def _file(segments: Iterable[str], to: str, sender: str, mark: int, groups: int) -> bytes:
    isa = f"ISA*00*{' ' * 10}*00*{' ' * 10}*ZZ*{sender:<15}*ZZ*{to:<15}*260312*0100*^*00501*{mark:09d}*0*T*:"
    return ("~\n".join([isa, *segments, f"IEA*{groups}*{mark:09d}"]) + "~\n").encode("ascii")
