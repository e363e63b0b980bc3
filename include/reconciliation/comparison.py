"""One receiver after a restore: which of its files this database has missed, and which numbers are used up.

Every finding is acted on at once, in the caller's transaction, which may be rolled back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import psycopg

from include.clearinghouse.claim_files import ClaimFile, UnreadableClaimFile, parse_file_name, read_claim_file
from include.database import execute
from include.reconciliation.adoption import (
    Outcome,
    adopt_file,
    match_claims,
    read_answers_again,
    read_claim_numbers,
    record_sent,
    settle_rest,
)
from include.reconciliation.evidence import Evidence, KnownFile, SeenFile, read_known_files

Connection = psycopg.Connection[Any]

#: A number so far behind the last one given here is a mistake, or another's: nights of years do not need as many files.
MOST_NUMBERS_AHEAD: Final = 10_000
_NUMBERS_SHOWN: Final = 5


@dataclass(frozen=True)
class Said:
    """What a person knows and no folder shows.

    `last_numbers`: per receiver the highest control number its portal shows. `nothing_sent`: nothing left after this
    database's newest record. `files`: a folder with copies of claim files. `is_seen`: what is listed is looked after.
    `not_ours`: ids of files here that never left: what the receiver has under their numbers is somebody else's.
    """

    last_numbers: Mapping[str, int] = field(default_factory=dict)
    nothing_sent: bool = False
    files: Path | None = None
    is_seen: bool = False
    not_ours: frozenset[int] = frozenset()


@dataclass
class Report:
    """What was found and done, in lines without patient data; *unlocked* only when a person confirmed it.

    *possible*: a confirmed call would unlock. *refused*: it would not, `reasons` say why.
    """

    outcome: Literal["not locked", "possible", "unlocked", "refused"] = "refused"
    lines: list[str] = field(default_factory=list)
    for_a_person: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


@dataclass
class Findings:
    """Of all receivers: what must not go out again, and which numbers left without their file.

    `left_since`: what shows that something left after the backup. `found_ids`: files here whose bytes lie somewhere.
    """

    left_claim_ids: set[int] = field(default_factory=set)
    lost_numbers: list[str] = field(default_factory=list)
    lost_count: int = 0
    highest_claim_id: int = 0
    withdrawn_ids: set[int] = field(default_factory=set)
    left_since: list[str] = field(default_factory=list)
    found_ids: set[int] = field(default_factory=set)


def compare_receiver(
    connection: Connection, evidence: Evidence, said: Said, findings: Findings, report: Report
) -> None:
    """Take over what left and use up its numbers; the report says what was found, and what keeps sending locked."""
    code = evidence.receiver_code
    row = connection.execute(
        "SELECT last_control_number FROM billing.receiver WHERE receiver_code = %s", (code,)
    ).fetchone()
    assert row is not None
    last: int = row[0]
    known = read_known_files(connection, code)
    seen, answered = count_of(len(evidence.files), "file"), count_of(len(evidence.answered_numbers), "file")
    report.lines.append(
        f"receiver {code}: last control number here {last}; looked in: {evidence.looked_in or 'nothing'}; "
        f"{seen} of ours seen, {answered} answered"
    )
    if evidence.fault is not None:
        report.reasons.append(f"receiver {code}: its folders cannot be read: {evidence.fault}")
    _check_place(evidence, known, report)
    if evidence.unreadable_answer_count:
        report.for_a_person.append(
            f"receiver {code}: {count_of(evidence.unreadable_answer_count, 'file')} of answers cannot be read"
        )
    if evidence.far_claim_count:
        report.for_a_person.append(
            f"receiver {code}: answers name {count_of(evidence.far_claim_count, 'claim')} numbered as ours and far "
            "beyond those here: ask the receiver whose they are"
        )
    if evidence.has_other_sender:
        report.for_a_person.append(
            f"receiver {code}: there are answers to us from a sender (ISA06) that is no receiver here, and they count "
            "for nothing: if it is this one, put that id into answer_sender_id of billing.receiver"
        )
    _take_files(connection, evidence, known, findings, report)
    believed = {number for number in evidence.answered_numbers if number <= last + MOST_NUMBERS_AHEAD}
    _list_doubtful(evidence, last, believed, report)
    _settle_answered(connection, evidence, said, findings, report)
    # Without the counter and what only waits here: the receiver need not have heard of those.
    left = max(
        [
            0,
            *believed,
            *(file.control_number for file in evidence.files),
            *(file.control_number for file in known if file.is_settled),
        ]
    )
    _check_what_is_said(code, last, left, said, report)
    highest = max(last, left, said.last_numbers.get(code, 0))
    if highest > last + MOST_NUMBERS_AHEAD:
        report.reasons.append(
            f"receiver {code}: number {highest} is more than {MOST_NUMBERS_AHEAD:,} beyond {last}, the last one here: "
            "look at the portal again. If it is right, this backup is too old to go on from: restore a newer one"
        )
        return
    _use_up_numbers(connection, code, last, highest, findings, report)


def _check_place(evidence: Evidence, known: list[KnownFile], report: Report) -> None:
    """Where the newest file went is where to look: a connection that is missing must not pass for an empty folder."""
    went_to = next((file.delivered_to for file in reversed(known) if file.delivered_to), None)
    if went_to is not None and evidence.looked_in and went_to != evidence.looked_in:
        report.for_a_person.append(
            f"receiver {evidence.receiver_code}: its newest file here went to {went_to}, but the one looked in is "
            f"{evidence.looked_in}: is the Airflow connection there?"
        )


def _list_doubtful(evidence: Evidence, last: int, believed: set[int], report: Report) -> None:
    """Numbers that answers name and that may be anybody's: nobody is made to say a LAST_NUMBER for them."""
    named = evidence.answered_numbers | evidence.doubtful_numbers
    doubtful = sorted(number for number in named - believed if number > last)
    if not doubtful:
        return
    shown = ", ".join(map(str, doubtful[:_NUMBERS_SHOWN]))
    more = f" and {len(doubtful) - _NUMBERS_SHOWN} more" if len(doubtful) > _NUMBERS_SHOWN else ""
    report.for_a_person.append(
        f"receiver {evidence.receiver_code}: answers name {shown}{more}, which may be no numbers of ours: look in the "
        "portal, and say its last one all the same"
    )


def _take_files(
    connection: Connection, evidence: Evidence, known: list[KnownFile], findings: Findings, report: Report
) -> None:
    by_name = {file.file_name: file for file in known}
    by_number = {file.control_number: file for file in known}
    for seen in evidence.files:
        of_outbox = by_name.get(seen.file_name)
        conflict = by_number.get(seen.control_number)
        if of_outbox is not None and seen.is_same_as(of_outbox):
            findings.found_ids.add(of_outbox.interchange_id)
            if not of_outbox.is_settled:
                _record_sent(connection, of_outbox, "is in the folder", findings, report)
            continue
        if of_outbox is not None:
            report.for_a_person.append(f"{seen.file_name}: the outbox holds other bytes under this name")
            continue
        if seen.body is None:
            # Nobody may read it: its number is used up, and told there.
            if conflict is not None:
                report.for_a_person.append(f"{seen.file_name}: its number is also that of {conflict.file_name}")
            continue
        file = _read(seen, seen.body, report)
        if file is None:
            continue
        findings.highest_claim_id = max([findings.highest_claim_id, *(claim.claim_id for claim in file.claims)])
        findings.left_since.append(f"{seen.file_name} was not known here")
        if conflict is not None:
            _take_conflict(connection, seen, file, conflict, findings, report)
            continue
        outcome = adopt_file(connection, evidence.receiver_code, seen, file, evidence.looked_in)
        if outcome is None:
            report.for_a_person.append(
                f"{seen.file_name}: no practice here bills under the NPI in it, so it cannot be taken over: load the "
                "practice first"
            )
            continue
        report.lines.append(
            f"{seen.file_name}: was not known, taken over for the night {outcome.run}: "
            f"{outcome.submitted_count} of {count_of(len(file.claims), 'claim')} submitted{_rest(outcome)}"
        )
        findings.left_claim_ids |= outcome.left_claim_ids
        report.for_a_person += outcome.for_a_person


def _take_conflict(
    connection: Connection, seen: SeenFile, file: ClaimFile, ours: KnownFile, findings: Findings, report: Report
) -> None:
    """Two files with one number: the one that lies there counts as left, without a place in the outbox."""
    outcome = Outcome()
    settle_rest(connection, file, match_claims(connection, file), outcome)
    report.lines.append(f"{seen.file_name}: its number is also that of {ours.file_name}{_rest(outcome)}")
    report.for_a_person.append(
        f"{seen.file_name} and {ours.file_name} have one control number: ask the receiver which of them it took"
    )
    report.for_a_person += outcome.for_a_person
    findings.left_claim_ids |= outcome.left_claim_ids
    if not ours.is_settled:
        findings.withdrawn_ids.add(ours.interchange_id)


def _rest(outcome: Outcome) -> str:
    parts = [
        (outcome.held_count, "item", "held"),
        (outcome.renumbered_count, "claim", "of the same number given another one"),
        (outcome.reread_count, "file", "of answers to be read again"),
    ]
    return "".join(f", {count_of(count, noun)} {words}" for count, noun, words in parts if count)


def count_of(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _read(seen: SeenFile, body: bytes, report: Report) -> ClaimFile | None:
    try:
        file = read_claim_file(body)
    except UnreadableClaimFile as error:
        report.for_a_person.append(f"{seen.file_name}: {error}; what is in it is unknown")
        return None
    parsed = parse_file_name(seen.file_name)
    if parsed is None or (file.submitter_id, file.control_number) != parsed[:2]:
        report.for_a_person.append(f"{seen.file_name}: inside is another submitter or number; it is left alone")
        return None
    return file


def _record_sent(connection: Connection, file: KnownFile, why: str, findings: Findings, report: Report) -> None:
    if file.state == "built":
        findings.left_since.append(f"{file.file_name} was not sent here and {why}")
    told = describe_sent(*record_sent(connection, file.interchange_id))
    report.lines.append(f"{file.file_name}: was {file.state}, {why}: {told}")


def describe_sent(claim_count: int, reread_count: int) -> str:
    again = f", {count_of(reread_count, 'file')} of answers to be read again" if reread_count else ""
    return f"sent, {count_of(claim_count, 'claim')} submitted{again}"


def _settle_answered(
    connection: Connection, evidence: Evidence, said: Said, findings: Findings, report: Report
) -> None:
    """A file that was never delivered from here may have lent its number to another one, whose answer it is."""
    for file in read_known_files(connection, evidence.receiver_code):
        is_delivered = file.attempt_count > 0
        is_proven = (
            is_delivered
            or file.interchange_id in findings.found_ids
            or not evidence.answered_claims.isdisjoint(read_claim_numbers(connection, file.interchange_id))
        )
        if file.interchange_id in said.not_ours and file.state != "rejected" and not is_proven:
            findings.withdrawn_ids.add(file.interchange_id)
            findings.left_since.append(f"what left under the number of {file.file_name} is somebody else's")
        elif file.control_number not in evidence.answered_numbers:
            continue
        elif file.is_settled:
            # A person confirmed it, which the answers that came before did not hear of.
            again = 0 if is_delivered else read_answers_again(connection, file.interchange_id)
            if again:
                report.lines.append(f"{file.file_name}: {count_of(again, 'file')} of answers to be read again")
        elif is_proven:
            _record_sent(connection, file, "has an answer", findings, report)
        else:
            if file.state == "built":
                findings.left_since.append(f"{file.file_name} was not sent here and its number has an answer")
            doubt_file(connection, file)
            report.lines.append(f"{file.file_name}: was {file.state}, its number has an answer: unknown")
            report.for_a_person.append(
                f"{file.file_name} (file id {file.interchange_id}): was never delivered from here, and its number has "
                "an answer that names no claim of it: look in the portal whose file that is. Ours: FILES= with a copy, "
                "or billing.confirm_file afterwards. Another's: never billing.resend_file; "
                f"--not-ours {file.interchange_id} withdraws ours, and billing.return_claim returns each claim"
            )


def doubt_file(connection: Connection, file: KnownFile) -> None:
    """Whether an unsettled file arrived is unknown from now on."""
    if file.state == "unknown":
        return
    connection.execute(
        "UPDATE billing.interchange SET interchange_state = 'sending', delivery_stage = 'placing'"
        " WHERE interchange_id = %s",
        (file.interchange_id,),
    )
    execute(connection, "reconciliation/doubt_file.sql", {"interchange_id": file.interchange_id})


def _check_what_is_said(code: str, last: int, left: int, said: Said, report: Report) -> None:
    """Only a person can say which number was the last: a file that was collected and not answered leaves no trace.

    Whatever is seen, the folder's newest file too, may have a later one that is gone. It belies the person at most.
    """
    told = said.last_numbers.get(code)
    if told is not None:
        if told < left:
            report.reasons.append(
                f"receiver {code}: LAST_NUMBER says {told}, but {left} is known: look at the portal again"
            )
        return
    if said.nothing_sent:
        if left > last:
            report.reasons.append(
                f"receiver {code}: NOTHING_SENT=1 cannot be, number {left} left and the last one here is {last}"
            )
        return
    report.reasons.append(
        f"receiver {code}: nothing shows that {left} is the last number that left: a file that was collected leaves "
        f"no trace, and answers take their time. Say what its portal shows, LAST_NUMBER='{code}={left}' or higher; "
        "or NOTHING_SENT=1 when you can prove that no file left after the backup"
    )


def _use_up_numbers(
    connection: Connection, code: str, last: int, highest: int, findings: Findings, report: Report
) -> None:
    if highest <= last:
        return
    here = {file.control_number for file in read_known_files(connection, code)}
    lost = sorted(set(range(last + 1, highest + 1)) - here)
    connection.execute("UPDATE billing.receiver SET last_control_number = %s WHERE receiver_code = %s", (highest, code))
    report.lines.append(f"receiver {code}: the next file gets the number {highest + 1}")
    if lost:
        numbers = f"{lost[0]}" if len(lost) == 1 else f"{lost[0]} to {lost[-1]}"
        findings.lost_count += len(lost)
        findings.lost_numbers.append(f"{code} {numbers}")
        report.lines.append(
            f"receiver {code}: {count_of(len(lost), 'number')} used by files that left and are not to be had: {numbers}"
        )
