"""A clearinghouse for this machine, so that claims get answers: ``make answer-claims``, and a part of ``make run``.

A development tool: it reads the 837P files of the outbox folder and writes a TA1, a 999 and a 277CA for each into the
inbox folder, named after the file. Nothing of the product imports it; a file marked as production gets no answer.

What it answers depends on the file alone, so the same file always has the same answers, to the byte. pyx12 judges the
syntax. Beyond that the total of a claim decides, as test amounts do in card payments; the first rule that fits counts:

| total | answer |
| --- | --- |
| claim sent again: its number ends in V2 or more | accepted as below |
| 210.00 | 999: the transaction set the claim is in is refused (IK5*R) |
| ends in 8.50 | 277CA A7:562:85, rejected: NPI of the billing provider |
| ends in 3.50 | 277CA A7:454, rejected: the procedure code of its last line |
| ends in .25 | 277CA A3:21:IL and A3:164:IL, returned: the subscriber's member id |
| ends in .10 | 277CA A0:16:PR, forwarded: no decision yet |
| ends in .13 | none |
| else, payer id ends in an even digit | 277CA A1:19:PR, received by the payer |
| else | 277CA A2:20, accepted, with the payer's claim control number |

An answer that is there is left alone. Claims of a refused transaction set have no 277CA, nor has a refused file.
"""

from __future__ import annotations

import io
import itertools
import logging
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from include.development import environment
from include.development.simulated_answers import ClaimAnswer, SetVerdict, write_277ca, write_999, write_ta1
from include.development.simulated_reception import (
    Elements,
    Envelope,
    SentClaim,
    SentSet,
    Unanswerable,
    divide_sets,
    read_envelope,
    read_set,
)

#: A first claim of this total has its whole transaction set refused.
REFUSED_TOTAL: Final = Decimal("210.00")
#: What the end of a first claim's total stands for; None: no answer.
ENDINGS: Final[Mapping[str, ClaimAnswer | None]] = {
    "8.50": ClaimAnswer(("A7:562:85",)),
    "3.50": ClaimAnswer(("A7:454",), blames_last_line=True),
    ".25": ClaimAnswer(("A3:21:IL", "A3:164:IL")),
    ".10": ClaimAnswer(("A0:16:PR",)),
    ".13": None,
}
RECEIVED: Final = ClaimAnswer(("A1:19:PR",))
ACCEPTED: Final = ClaimAnswer(("A2:20",), has_payer_number=True)

#: In the order in which they are written: who finds the last one knows that the others are there.
SUFFIXES: Final = ("277ca", "999", "ta1")


class FolderMissing(Exception):
    """A folder somebody has named is not there; it is not made, because a disk may not be mounted."""


@dataclass(frozen=True)
class Answered:
    """What a look into the folder came to; names of 837P files."""

    answered: tuple[str, ...]
    left_alone: tuple[str, ...]
    unanswerable: tuple[tuple[str, str], ...]  # and why


def answer(body: bytes) -> dict[str, bytes]:
    """The answers to an 837P file by their suffix: always ``ta1``, ``999`` unless the interchange itself is refused,
    ``277ca`` when the 999 accepts a transaction set. Raises Unanswerable."""
    envelope = read_envelope(body)
    if envelope.usage_indicator != "T":
        raise Unanswerable("it is not marked as a test file (ISA15)")
    if envelope.note_code != "000":
        return {"ta1": write_ta1(envelope)}
    group, verdicts, group_errors = _judge_syntax(body, envelope)
    accepted: list[SentSet] = []
    for verdict, segments in zip(verdicts, divide_sets(envelope), strict=False):
        # What pyx12 refused may lack anything, so its claims are not read.
        if verdict.is_accepted and not group_errors:
            sent = read_set(segments, envelope.component_separator)
            _refuse_test_total(verdict, sent)
            if verdict.is_accepted:
                accepted.append(sent)
    answers = {"ta1": write_ta1(envelope), "999": write_999(envelope, group, verdicts, group_errors)}
    claim_answers = write_277ca(envelope, accepted, decide)
    if claim_answers is not None:
        answers["277ca"] = claim_answers
    return answers


def decide(claim: SentClaim) -> ClaimAnswer | None:
    """The answer to a claim in an accepted transaction set, by the table above."""
    if _is_first(claim):
        total = f"{claim.total:.2f}"
        for ending, found in ENDINGS.items():
            if total.endswith(ending):
                return found
    return RECEIVED if re.search(r"[02468]$", claim.payer_id) else ACCEPTED


def _is_first(claim: SentClaim) -> bool:
    version = re.search(r"V([0-9]+)$", claim.number)
    return version is None or int(version[1]) == 1


def _refuse_test_total(verdict: SetVerdict, sent: SentSet) -> None:
    """Refuses the set when it holds a first claim of REFUSED_TOTAL: its CLM02 does not match a pattern (I12)."""
    for claim in sent.claims:
        if claim.total == REFUSED_TOTAL and _is_first(claim):
            place = [str(claim.position), "2300"]
            notes = [
                ["IK3", "CLM", *place, "8"],
                ["CTX", f"CLM01:{claim.number}"],
                ["IK4", "2", "782", "I12", f"{claim.total:f}"],
                ["CTX", "SITUATIONAL TRIGGER", "CLM", *place, "2", "782"],
            ]
            verdict.refuse(notes, "I5")
            return


def _judge_syntax(body: bytes, envelope: Envelope) -> tuple[Elements, list[SetVerdict], list[str]]:
    """GS of the file, what pyx12's own 999 says of each transaction set, and its errors of the group."""
    import pyx12.params
    import pyx12.x12n_document

    # It logs what it complains about with the offending values.
    logger = logging.getLogger("pyx12")
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False
    acknowledgment = io.StringIO()
    group = next(each for each in envelope.segments if each[0] == "GS")
    try:
        pyx12.x12n_document.x12n_document(
            pyx12.params.params(), io.StringIO(body.decode("ascii")), acknowledgment, None
        )
    except Exception as error:  # of many kinds, for a file it cannot make anything of
        raise Unanswerable(f"the validator broke off ({type(error).__name__})") from None
    verdicts: list[SetVerdict] = []
    group_errors: list[str] = []
    for each in (part.strip().split("*") for part in acknowledgment.getvalue().split("~")):
        if each[0] == "AK2":
            verdicts.append(SetVerdict(each[2], each[3], [], "R", []))
        elif each[0] in ("IK3", "IK4", "CTX"):
            verdicts[-1].notes.append(each)
        elif each[0] == "IK5":
            verdicts[-1].code, verdicts[-1].error_codes = each[1], each[2:]
            verdicts[-1].notes = _in_fixed_order(verdicts[-1].notes)
        elif each[0] == "AK9":
            group_errors = each[5:]
    return group, verdicts, group_errors


def _in_fixed_order(notes: list[Elements]) -> list[Elements]:
    """pyx12 writes several IK3 of one segment in the order of a set, which differs between processes. 8 stays last:
    the IK4 behind it are its own."""
    ordered: list[Elements] = []
    for _, group in itertools.groupby(notes, key=lambda note: note[:4] if note[0] == "IK3" else None):
        of_segment = list(group)
        if of_segment[0][0] == "IK3":
            of_segment.sort(key=lambda note: (note[4:] == ["8"], note))
        ordered += of_segment
    return ordered


def answer_folder(outbox: Path, inbox: Path) -> Answered:
    """Answers every 837P file (``*.837``) of `outbox` that has no answers in `inbox`. Raises FolderMissing."""
    for folder in (outbox, inbox):
        if not folder.is_dir():
            raise FolderMissing(f"There is no folder {folder}.")
    answered: list[str] = []
    left_alone: list[str] = []
    unanswerable: list[tuple[str, str]] = []
    for path in sorted(outbox.glob("*.837")):
        if path.name.startswith(".") or not path.is_file():
            continue
        names = {suffix: inbox / f"{path.stem}.{suffix}" for suffix in SUFFIXES}
        if names[SUFFIXES[-1]].exists():
            left_alone.append(path.name)
            continue
        try:
            answers = answer(path.read_bytes())
        except Unanswerable as reason:
            unanswerable.append((path.name, str(reason)))
            continue
        for suffix in SUFFIXES:
            if suffix in answers and not names[suffix].exists():
                _write_whole(names[suffix], answers[suffix])
        answered.append(path.name)
    return Answered(tuple(answered), tuple(left_alone), tuple(unanswerable))


def _write_whole(path: Path, body: bytes) -> None:
    # Hidden until it is whole; readable by the owner only, because it names patients.
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(body)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def main(arguments: Sequence[str]) -> int:
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    outbox, inbox = environment.outbox_dir(), environment.inbox_dir()
    try:
        done = answer_folder(outbox, inbox)
    except FolderMissing as error:
        print(error, file=sys.stderr)
        return 1
    print(f"837P files in {outbox}: {len(done.answered)} answered, {len(done.left_alone)} answered before.")
    print(f"Answers are in {inbox}; the DAG clearinghouse_inbox reads them.")
    for name, reason in done.unanswerable:
        print(f"  not answered: {name}: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
