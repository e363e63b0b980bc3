"""The files with which the simulated clearinghouse answers: TA1, 999 and 277CA, each written its own way.

The ways differ on purpose, as those of clearinghouses do: the TA1 has CR and LF after each segment, the 999 other
delimiters and no line breaks at all, the 277CA a line feed after each segment.

Sources: the maps of pyx12 for 999 (005010X231A1) and 277CA (005010X214); x12.org RFI 1211 for what stands at the
provider's level (that its claims were received, not a sum of their fates) and at a line's (only what a claim is
rejected for).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from include.clearinghouse.segments import amount_text, segment
from include.development.simulated_reception import Elements, Envelope, SentClaim, SentSet

VERSION_999: Final = "005010X231A1"
VERSION_277CA: Final = "005010X214"

#: Minutes after the 837P, and the last digit of the answer's own control number.
_TA1: Final = (2, 1)
_999: Final = (5, 2)
_277CA: Final = (45, 3)


@dataclass(frozen=True)
class ClaimAnswer:
    """What the 277CA says of a claim: composites of STC01 and STC10, whether the payer has given it a number, and
    whether its last line is the reason."""

    statuses: tuple[str, ...]
    has_payer_number: bool = False
    blames_last_line: bool = False

    @property
    def is_rejection(self) -> bool:
        return self.statuses[0][:2] in ("A3", "A6", "A7", "A8")


@dataclass
class SetVerdict:
    """What the 999 says of a transaction set: IK3, IK4 and CTX of its errors, and IK5."""

    st02: str
    version: str
    notes: list[Elements]
    code: str
    error_codes: list[str]

    @property
    def is_accepted(self) -> bool:
        return self.code != "R"

    def refuse(self, notes: list[Elements], error_code: str) -> None:
        self.notes, self.code, self.error_codes = notes, "R", [error_code]


def write_ta1(envelope: Envelope) -> bytes:
    """The interchange as a whole: accepted, or rejected with the note of the envelope."""
    ta1 = segment(
        "TA1",
        envelope.control_number,
        envelope.sent_at.strftime("%y%m%d"),
        envelope.sent_at.strftime("%H%M"),
        "A" if envelope.note_code == "000" else "R",
        envelope.note_code,
    )
    text = _isa(envelope, *_TA1) + ta1 + segment("IEA", "0", _number(envelope, _TA1[1]))
    return text.replace("~", "~\r\n").encode("ascii")


def write_999(
    envelope: Envelope, group: Elements, verdicts: Sequence[SetVerdict], group_errors: Sequence[str] = ()
) -> bytes:
    """The functional group `group` (its GS) and its transaction sets. `group_errors` (AK905 to 909) refuse them all."""
    parts = [segment("ST", "999", "0001", VERSION_999), segment("AK1", "HC", group[6], group[8])]
    for each in verdicts:
        parts.append(segment("AK2", "837", each.st02, each.version))
        parts += [segment(*note) for note in each.notes]
        parts.append(segment("IK5", each.code, *each.error_codes))
    count, accepted = len(verdicts), sum(each.is_accepted for each in verdicts)
    if group_errors or not accepted:
        code, accepted = "R", 0
    else:
        code = "A" if accepted == count else "P"
    parts.append(segment("AK9", code, str(count), str(count), str(accepted), *group_errors))
    parts.append(segment("SE", str(len(parts) + 1), "0001"))
    text = _enveloped(envelope, _999, "FA", VERSION_999, parts)
    return text.translate(str.maketrans("*:", "|>")).encode("ascii", errors="replace")


def write_277ca(
    envelope: Envelope, sets: Iterable[SentSet], decide: Callable[[SentClaim], ClaimAnswer | None]
) -> bytes | None:
    """One answer per claim, a transaction set per transaction set; None when no claim gets one.

    A claim for which `decide` returns None is passed over.
    """
    answered = [(sent, [(claim, found) for claim in sent.claims if (found := decide(claim))]) for sent in sets]
    answered = [(sent, claims) for sent, claims in answered if claims]
    if not answered:
        return None
    parts = [
        part
        for number, (sent, claims) in enumerate(answered, start=1)
        for part in _answer_set(envelope, f"{number:04d}", sent, claims)
    ]
    text = _enveloped(envelope, _277CA, "HN", VERSION_277CA, parts)
    return text.replace("~", "~\n").encode("ascii")


Answered = Sequence[tuple[SentClaim, ClaimAnswer]]


def _answer_set(envelope: Envelope, st02: str, sent: SentSet, claims: Answered) -> list[str]:
    moment = _at(envelope, _277CA[0])
    day = moment.strftime("%Y%m%d")
    trace = _number(envelope, _277CA[1]) + st02
    parts = [
        segment("ST", "277", st02, VERSION_277CA),
        segment("BHT", "0085", "08", trace, day, moment.strftime("%H%M"), "TH"),
        segment("HL", "1", "", "20", "1"),
        segment("NM1", "AY", "2", sent.receiver_name, "", "", "", "", "46", envelope.receiver_id),
        segment("TRN", "1", trace),
        segment("DTP", "050", "D8", envelope.sent_at.strftime("%Y%m%d")),
        segment("DTP", "009", "D8", day),
        segment("HL", "2", "1", "21", "1"),
        segment("NM1", *sent.submitter[1:10]),
        segment("TRN", "2", sent.batch_reference),
        segment("STC", "A1:19:AY", day, "WQ", _sum(claims)),
        *_totals(claims, "90", "AA"),
    ]
    levels = 2
    for provider, group in itertools.groupby(claims, key=lambda pair: pair[0].billing_provider):
        of_provider = list(group)
        levels += 1
        provider_level = levels
        parts += [
            segment("HL", str(levels), "2", "19", "1"),
            segment("NM1", *provider[1:10]),
            segment("TRN", "1", f"{trace}{levels}"),
            segment("STC", "A1:19", "", "WQ", _sum(of_provider)),
            *_totals(of_provider, "QA", "QC"),
        ]
        for claim, found in of_provider:
            levels += 1
            parts.append(segment("HL", str(levels), str(provider_level), "PT"))
            parts += _answer_claim(claim, found, day, f"{trace}{levels}")
    return [*parts, segment("SE", str(len(parts) + 1), st02)]


def _answer_claim(claim: SentClaim, found: ClaimAnswer, day: str, house_number: str) -> list[str]:
    action = "U" if found.is_rejection else "WQ"
    first, *more = found.statuses
    patient = claim.patient
    parts = [
        segment("NM1", "QC", "1", *patient[3:6], "", patient[7], "MI", claim.member_id),
        segment("TRN", "2", claim.number),
        # STC05 to STC09 are not used; further statuses follow them.
        segment("STC", first, day, action, amount_text(_cents(claim)), *[""] * 5, *more),
    ]
    if found.has_payer_number:
        parts.append(segment("REF", "1K", f"{claim.payer_id}{house_number}"))
    parts.append(segment("REF", "D9", house_number))
    parts.append(_days("472", claim.days))
    if found.blames_last_line:
        line = claim.lines[-1]
        parts += [
            segment("SVC", ":".join(line.procedure[:6]).rstrip(":"), line.charge),
            segment("STC", first, day, "U"),
            segment("REF", "FJ", line.control_number),
            _days("472", sorted(line.days)),
        ]
    return parts


def _days(qualifier: str, days: Sequence[str]) -> str:
    if days[0] == days[-1]:
        return segment("DTP", qualifier, "D8", days[0])
    return segment("DTP", qualifier, "RD8", f"{days[0]}-{days[-1]}")


def _totals(claims: Answered, accepted_code: str, rejected_code: str) -> list[str]:
    accepted = [pair for pair in claims if not pair[1].is_rejection]
    rejected = [pair for pair in claims if pair[1].is_rejection]
    kinds = [(accepted_code, "YU", accepted), (rejected_code, "YY", rejected)]
    return [
        *(segment("QTY", code, str(len(pairs))) for code, _, pairs in kinds if pairs),
        *(segment("AMT", code, _sum(pairs)) for _, code, pairs in kinds if pairs),
    ]


def _sum(claims: Answered) -> str:
    return amount_text(sum(_cents(claim) for claim, _ in claims))


def _cents(claim: SentClaim) -> int:
    return int(claim.total * 100)


def _enveloped(envelope: Envelope, kind: tuple[int, int], code: str, version: str, parts: Sequence[str]) -> str:
    minutes, digit = kind
    moment = _at(envelope, minutes)
    number = _number(envelope, digit)
    group = str(int(number))
    day, time = moment.strftime("%Y%m%d"), moment.strftime("%H%M")
    sets = sum(part.startswith("ST*") for part in parts)
    return "".join(
        [
            _isa(envelope, minutes, digit),
            segment("GS", code, envelope.receiver_id, envelope.sender_id, day, time, group, "X", version),
            *parts,
            segment("GE", str(sets), group),
            segment("IEA", "1", number),
        ]
    )


def _isa(envelope: Envelope, minutes: int, digit: int) -> str:
    """The header back to the sender."""
    moment = _at(envelope, minutes)
    elements = (
        "ISA", "00", " " * 10, "00", " " * 10,
        envelope.receiver_qualifier, f"{envelope.receiver_id:<15}",
        envelope.sender_qualifier, f"{envelope.sender_id:<15}",
        moment.strftime("%y%m%d"), moment.strftime("%H%M"), "^", "00501", _number(envelope, digit), "0",
        envelope.usage_indicator, ":",
    )  # fmt: skip
    return "*".join(elements) + "~"


def _at(envelope: Envelope, minutes: int) -> datetime:
    return envelope.sent_at + timedelta(minutes=minutes)


def _number(envelope: Envelope, digit: int) -> str:
    """ISA13 of an answer: that of the 837P and a digit for its kind, so that it is always the same and never another's
    (of the last hundred million)."""
    return f"{(int(envelope.control_number) * 10 + digit) % 1_000_000_000:09d}"
