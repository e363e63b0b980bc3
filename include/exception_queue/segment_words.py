"""The segments of a claim in words: which loop, what each segment is, what its elements mean. Pure.

Only what our own files hold has words (`include.clearinghouse.claim_loops` and its neighbours); anything else is shown
with the numbers of its elements.

Source of the meanings: 005010X222A1 as its pyx12 map names segments and elements.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class SegmentWords:
    """One segment: its name in words, (meaning, value) of each element that is not empty, and the segment as it is."""

    name: str
    elements: tuple[tuple[str, str], ...]
    raw: str


@dataclass(frozen=True, slots=True)
class Loop:
    """Segments that belong together, under a title."""

    title: str
    segments: tuple[SegmentWords, ...]


_LEVELS: Final = {"20": "Billing provider", "22": "Policy holder", "23": "Patient"}
_ENTITIES: Final = {
    "85": "Billing provider",
    "87": "Where payments go",
    "IL": "Policy holder",
    "PR": "Insurer",
    "QC": "Patient",
    "DN": "Referring provider",
    "82": "Rendering provider",
    "77": "Service location",
    "DQ": "Supervising provider",
}
#: Segment -> its name, and the meaning of its elements in order; "" for one that says nothing to a biller. The raw
#: segment holds them all.
_SEGMENTS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "HL": ("Level", ("",) * 4),
    "SBR": ("Coverage", ("level", "patient is", "group number", "group name", "", "", "", "", "kind of insurer")),
    "PAT": ("Patient", ("relationship to the policy holder",)),
    "PRV": ("Specialty", ("", "", "taxonomy code")),
    "NM1": ("Name", ("", "", "last name or name", "first name", "middle name", "", "", "kind of number", "number")),
    "N3": ("Street", ("address", "address, line 2")),
    "N4": ("City", ("city", "state", "ZIP code")),
    "DMG": ("Birth and sex", ("", "born on", "sex")),
    "REF": ("Number", ("kind", "number")),
    "PER": ("Contact", ("", "name", "", "telephone")),
    "CLM": (
        "Claim",
        ("claim number", "total charge", "", "", "place of service and kind of claim", "provider's signature on file",
         "accepts assignment", "benefits assigned", "information may be released", "", "accident"),
    ),
    "DTP": ("Date", ("kind", "", "date")),
    "NTE": ("Note", ("", "text")),
    "HI": ("Diagnoses", ("diagnosis",) * 12),
    "AMT": ("Amount", ("kind", "amount")),
    "OI": ("Other insurer's consent", ("", "", "benefits assigned", "", "", "information may be released")),
    "CAS": ("Adjustment", ("who bears it", *(("reason code", "amount", "quantity") * 6))),
    "LX": ("Line", ("number",)),
    "SV1": (
        "Service", ("procedure and modifiers", "charge", "", "units", "place of service", "", "points to diagnosis")
    ),
    "SVD": ("Decision on the line", ("insurer", "paid", "procedure and modifiers", "", "units")),
}  # fmt: skip
#: (segment, element) -> code -> in words.
_CODES: Final[Mapping[tuple[str, int], Mapping[str, str]]] = {
    ("SBR", 1): {"P": "primary", "S": "secondary", "T": "tertiary"},
    ("SBR", 2): {"18": "the policy holder", "01": "spouse", "19": "child", "G8": "other"},
    ("PAT", 1): {"01": "spouse", "19": "child", "G8": "other"},
    ("NM1", 8): {"XX": "NPI", "MI": "member id", "PI": "payer id"},
    ("DMG", 3): {"F": "female", "M": "male", "U": "unknown"},
    ("REF", 1): {
        "EI": "employer tax id",
        "SY": "social security number",
        "G1": "prior authorization",
        "F8": "insurer's claim number",
        "6R": "our line number",
    },
    ("DTP", 1): {"472": "service", "439": "accident", "573": "decided"},
    ("AMT", 1): {"D": "paid by this insurer", "EAF": "patient's share"},
    ("CLM", 6): {"Y": "yes", "N": "no"},
    ("CLM", 7): {"A": "yes", "C": "no"},
    ("CLM", 8): {"Y": "yes", "N": "no"},
    ("CLM", 9): {"Y": "yes", "I": "yes, by informed consent"},
    ("OI", 3): {"Y": "yes", "N": "no"},
    ("OI", 6): {"Y": "yes", "I": "yes, by informed consent"},
    ("CAS", 1): {
        "CO": "the practice, by contract",
        "PR": "the patient",
        "OA": "other",
        "PI": "the insurer",
        "CR": "correction",
    },
}
_FREQUENCIES: Final = {"1": "original", "7": "replacement", "8": "void"}
_ACCIDENTS: Final = {"AA": "car accident", "EM": "at work", "OA": "other accident"}
_AMOUNTS: Final = {("CLM", 2), ("SV1", 2), ("SVD", 2), ("AMT", 2)}
_DAY: Final = re.compile(r"[0-9]{8}")


def describe_segments(segments: Iterable[str]) -> list[Loop]:
    """The segments (without terminators) of one claim, billing provider first, as loops in their order."""
    titles = _Titles()
    loops: list[tuple[str, list[SegmentWords]]] = []
    for segment in segments:
        name, *elements = segment.split("*")
        title = titles.after(name, elements)
        if not loops or loops[-1][0] != title:
            loops.append((title, []))
        loops[-1][1].append(_describe(name, elements, segment))
    return [Loop(title, tuple(own)) for title, own in loops]


class _Titles:
    """Which loop a segment stands in, from those before it."""

    def __init__(self) -> None:
        self._title = ""
        self._is_in_claim = False
        self._line = ""

    def after(self, name: str, elements: list[str]) -> str:
        first = elements[0] if elements else ""
        if name == "HL":
            self._title = _LEVELS.get(elements[2] if len(elements) > 2 else "", "Level")
            self._is_in_claim, self._line = False, ""
        elif name == "CLM":
            self._title, self._is_in_claim = "Claim", True
        elif name == "SBR" and self._is_in_claim:
            self._title = "Other insurer"
        elif name == "LX":
            self._title = self._line = f"Service line {first}"
        elif name == "SVD":
            self._title = f"{self._line}: decision of insurer {first}"
        elif name == "NM1":
            of_other = self._title.startswith("Other insurer") and first in ("IL", "PR")
            title = _ENTITIES.get(first, f"Entity {first}")
            self._title = f"Other insurer: {title[0].lower()}{title[1:]}" if of_other else title
        return self._title


def _describe(name: str, elements: list[str], raw: str) -> SegmentWords:
    words, meanings = _SEGMENTS.get(name, (name, ()))
    told = []
    for number, value in enumerate(elements, start=1):
        meaning = meanings[number - 1] if number <= len(meanings) else f"element {number}"
        if value and meaning:
            told.append((meaning, _value(name, number, value)))
    return SegmentWords(words, tuple(told), raw)


def _value(name: str, number: int, value: str) -> str:
    codes = _CODES.get((name, number))
    if codes is not None:
        return codes.get(value, f"code {value}")
    if (name, number) in _AMOUNTS or (name == "CAS" and number > 1 and number % 3 == 0):
        return f"${value}"
    if name in ("DTP", "DMG") and _DAY.fullmatch(value):
        return f"{value[:4]}-{value[4:6]}-{value[6:]}"
    if (name, number) == ("CLM", 5):
        place, _, frequency = (*value.split(":"), "", "")[:3]
        return f"place {place}, {_FREQUENCIES.get(frequency, frequency)}"
    if (name, number) == ("CLM", 11):
        cause, *rest = value.split(":")
        return " ".join([_ACCIDENTS.get(cause, cause), *(part for part in rest if part)])
    if name == "HI":
        return value.partition(":")[2]
    if (name, number) in (("SV1", 1), ("SVD", 3)):
        return " ".join(part for part in value.split(":")[1:] if part)
    if (name, number) == ("SV1", 7):
        return value.replace(":", ", ")
    return value
