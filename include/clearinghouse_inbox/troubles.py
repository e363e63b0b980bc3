"""What a person has to look at: one trouble per receiver and kind, a failed task instance each; and the lock.

Labels and messages go into logs: ids, counts, codes, our control numbers; no name that a receiver gave a file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import psycopg

from include.clearinghouse_inbox.clock import read_simulated_now, writing_inbox
from include.database import execute

Connection = psycopg.Connection[Any]
Row = tuple[Any, ...]

#: Rows that a message lists; the views have the rest.
LINES: Final = 100
#: The same of the reasons for one refusal: a 999 may name a thousand segments.
REASONS: Final = 5

_LOCKS: Final = {
    "number_ahead": "an answer names a control number that was never given here: files have left that this database "
    "does not know",
    "number_reused": "a receiver says that the number of a file was used before, although it was sent once, or it "
    "answers a file that was never sent",
}


@dataclass(frozen=True)
class Trouble:
    """What one failed task instance is called and says. `ids`: of the files it is about."""

    label: str
    message: str
    ids: list[int]


def list_quarantined(connection: Connection) -> list[Trouble]:
    """The receivers with answers in quarantine, in order of code: until each is dismissed or could be read."""
    return _by_receiver(connection, "list_quarantined", _quarantined)


def list_overdue(connection: Connection) -> list[Trouble]:
    """The receivers that owe acknowledgments of files or answers to claims, in order of code."""
    return _by_receiver(connection, "list_overdue", _overdue)


def list_uncertain(connection: Connection) -> list[Trouble]:
    """The receivers with files of which only a person can find out whether they arrived, in order of code."""
    return _by_receiver(connection, "list_uncertain", _uncertain)


def list_rejected(connection: Connection) -> list[Trouble]:
    """The receivers that refused files or transaction sets as a whole, in order of code: until their claims have gone
    back to Awaiting Submission. Not: claims that a 277CA rejected one by one."""
    return _by_receiver(connection, "list_rejected", _rejected)


def describe_lock(connection: Connection) -> str | None:
    """Why nothing is sent and what to do about it; None unless sending is locked (a person's own stop is no lock)."""
    row = execute(connection, "clearinghouse_inbox/read_lock.sql", {}).fetchone()
    if row is None:
        return None
    is_another_database, locked_because = row
    reasons = []
    if is_another_database:
        reasons.append("this database was restored, copied or failed over since sending was last allowed")
    if locked_because is not None:
        reasons.append(f"{_LOCKS[locked_because]} ({locked_because})")
    return _message(
        "All sending is locked: claims stay where they are, detail sending_locked.",
        reasons,
        "Nothing leaves until somebody has compared this database with the receivers (make reconcile). "
        "See docs/runbook.md#after-a-restore.",
    )


def _by_receiver(
    connection: Connection, statement: str, trouble: Callable[[str, Sequence[Row]], Trouble]
) -> list[Trouble]:
    with writing_inbox(connection, read_simulated_now(connection)):
        rows = execute(connection, f"clearinghouse_inbox/{statement}.sql", {}).fetchall()
    return [trouble(code, [row[1:] for row in group]) for code, group in groupby(rows, key=lambda row: row[0])]


def _quarantined(code: str, rows: Sequence[Row]) -> Trouble:
    lines = [
        f"answer file {file_id}, received {received_at:%Y-%m-%d %H:%M} UTC: {reason}"
        + ("" if segment is None else f" at segment {segment}")
        for file_id, received_at, reason, segment in rows
    ]
    return Trouble(
        label=f"{code}: {_count(len(rows), 'answer file')} in quarantine",
        message=_message(
            f"{_count(len(rows), 'file')} of receiver {code} could not be read; nothing of them counts.",
            lines,
            "Ask the receiver for the file again, or say why nothing is lost without it (billing.dismiss_inbox_file). "
            "See docs/runbook.md#answers-in-quarantine.",
        ),
        ids=[row[0] for row in rows],
    )


def _overdue(code: str, rows: Sequence[Row]) -> Trouble:
    lines = [
        f"file {file_id} (control number {number}), sent {since:%Y-%m-%d %H:%M} UTC, organization {organization_id}: "
        + (f"no TA1 or 999, {_count(claims, 'claim')}" if missing == "acknowledgment" else "")
        + (f"no 277CA that decides {_count(claims, 'claim')}" if missing == "claim_answer" else "")
        for missing, file_id, number, organization_id, claims, since in rows
    ]
    files = {row[1] for row in rows if row[0] == "acknowledgment"}
    claims = sum(row[4] for row in rows if row[0] == "claim_answer")
    told = [_count(len(files), "file") + " without acknowledgment"] if files else []
    told += [_count(claims, "claim") + " without answer"] if claims else []
    return Trouble(
        label=f"{code}: {', '.join(told)}",
        message=_message(
            f"Receiver {code} has not answered in time.",
            lines,
            "All rows are in reporting.overdue_answers. See docs/runbook.md#no-answer-from-the-clearinghouse.",
        ),
        ids=sorted({row[1] for row in rows}),
    )


def _uncertain(code: str, rows: Sequence[Row]) -> Trouble:
    lines = [
        f"file {file_id} ({name}), {state}, attempt {attempts} at {attempted_at:%Y-%m-%d %H:%M} UTC"
        + ("" if fault is None else f": {fault}")
        for file_id, name, state, attempts, attempted_at, fault in rows
    ]
    return Trouble(
        label=f"{code}: {_count(len(rows), 'file')} of unknown outcome",
        message=_message(
            f"Only receiver {code} knows whether it has {_count(len(rows), 'file')}; none is sent again by itself.",
            lines,
            "Ask the receiver, then say what it answered: billing.confirm_file (it has the file), billing.resend_file "
            "(it does not) or billing.wait_for_answer. See docs/runbook.md#outcome-unknown.",
        ),
        ids=[row[0] for row in rows],
    )


def _rejected(code: str, rows: Sequence[Row]) -> Trouble:
    lines = []
    for file_id, number, is_whole, sets, organizations, claims, named, reasons in rows:
        shown = [*reasons[:REASONS], *([f"{len(reasons) - REASONS} more"] if len(reasons) > REASONS else [])]
        lines.append(
            f"file {file_id} (control number {number}), {'the whole file' if is_whole else _count(sets, 'set')}, "
            f"{_count(len(organizations), 'organization')} ({_ids(organizations)}), {_count(claims, 'claim')}"
            + (f", {named} of them named by the 999" if named else "")
            + f": {'; '.join(shown) or 'no answer, it was withdrawn after a restore'}"
        )
    files = sum(1 for row in rows if row[2])
    sets = sum(row[3] for row in rows if not row[2])
    told = [_count(files, "file")] if files else []
    told += [_count(sets, "transaction set")] if sets else []
    refused = " and ".join(told)
    return Trouble(
        label=f"{code}: {refused} refused, {_count(sum(row[5] for row in rows), 'claim')} to return",
        message=_message(
            f"Receiver {code} refused {refused}; the claims in it go nowhere by themselves.",
            lines,
            "Remove the reason, then return what was refused only together with its file or set "
            "(billing.return_claims_of_file). A claim that the 999 names comes back once it is corrected, or by "
            "billing.return_claim. See docs/runbook.md#a-file-was-rejected.",
        ),
        ids=[row[0] for row in rows],
    )


def _ids(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids[:LINES])) + (", …" if len(ids) > LINES else "")


def _message(first: str, lines: Sequence[str], last: str) -> str:
    more = [f"… and {len(lines) - LINES} more"] if len(lines) > LINES else []
    return "\n".join([first, *lines[:LINES], *more, last])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
