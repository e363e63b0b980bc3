"""One file from the outbox to its receiver: in exactly one whole copy, or in a state that a person can see.

What is about to happen is committed before it happens. `uploading` is harmless: a temporary name is no delivery, and
the next attempt fences the old one off by counting `attempt_count` up. From `placing` on the file may be at the
receiver, so after a crash nobody guesses: `find_out` looks for the file, then takes its temporary file away. Who has
removed that has made sure that it can never be placed any more; where neither is left, the file was picked up, or is
lost: *unknown*.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import psycopg

from include.clearinghouse.drop_box import DropBox, DropBoxFault, DropBoxSettings, FoundFile
from include.database import execute, writing

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]
OpenDropBox = Callable[[DropBoxSettings], AbstractContextManager[DropBox]]


@dataclass(frozen=True)
class OutboxFile:
    """A file as read_file.sql gives it."""

    interchange_id: int
    receiver_code: str
    file_name: str
    sha256: str
    byte_count: int
    state: str
    stage: str | None
    attempt_count: int
    may_resend: bool

    @property
    def may_be_there(self) -> bool:
        """Whether an attempt came so far that only the receiver's folder can tell what became of it."""
        return self.state == "unknown" or (self.state == "sending" and self.stage == "placing")

    def is_found_as(self, found: FoundFile) -> bool:
        """Whether these are our bytes; by size alone where the receiver lets nobody read."""
        return found.byte_count == self.byte_count and found.sha256 in (None, self.sha256)


@dataclass(frozen=True)
class Delivery:
    """What became of a file: *left* means that it left before, is another worker's, or that sending is stopped."""

    outcome: Literal["sent", "built", "unknown", "left"]
    claim_count: int = 0
    amount: Decimal = Decimal(0)
    fault: DropBoxFault | None = None


@dataclass(frozen=True)
class Sender:
    """On whose behalf files are delivered: a run (none: whoever built the file) and what counts as now for it."""

    connection: Connection
    run_id: int | None = None
    simulated_now: str | None = None

    def writing(self) -> AbstractContextManager[None]:
        """One transaction at the sender's time."""
        return writing(self.connection, simulated_now=self.simulated_now, actor="delivery")


def is_sending_allowed(connection: Connection) -> bool:
    """False while a person has stopped all sending, or a restored database has not been reconciled."""
    row = connection.execute("SELECT is_allowed FROM billing.sending").fetchone()
    assert row is not None
    return bool(row[0])


def read_file(sender: Sender, interchange_id: int) -> OutboxFile:
    """Where the delivery of a file stands, at the sender's time."""
    with sender.writing():
        row = execute(sender.connection, "outbox/read_file.sql", {"interchange_id": interchange_id}).fetchone()
    assert row is not None
    return OutboxFile(*row)


def deliver_file(sender: Sender, interchange_id: int, box: DropBox) -> Delivery:
    """Deliver one file unless it has left; may be killed anywhere and called again, also twice at once.

    A fault of the drop box is part of the answer and not raised: it must not hold up other files.
    """
    file = read_file(sender, interchange_id)
    if file.may_be_there:
        outcome = find_out(sender, file, box)
        if outcome.outcome == "sent" or outcome.fault is not None:
            return outcome
        if outcome.outcome == "unknown":
            if not file.may_resend:
                return outcome
            log.info("file %s is sent again: its receiver checks duplicates", interchange_id)
            with sender.writing():
                execute(
                    sender.connection,
                    "outbox/allow_resend.sql",
                    {"interchange_id": interchange_id, "attempt_count": file.attempt_count},
                )
        file = read_file(sender, interchange_id)
    with sender.writing():
        begun = execute(
            sender.connection,
            "outbox/begin_delivery.sql",
            {
                "interchange_id": interchange_id,
                "attempt_count": file.attempt_count,
                "target": box.description,
            },
        ).fetchone()
    if begun is None:
        log.info("file %s stays: it has left, another worker has it, or all sending is stopped", interchange_id)
        return Delivery("left")
    attempt_count, file_name, stored, sha256 = begun
    body = bytes(stored)
    try:
        box.upload(file_name, attempt_count, body)
    except DropBoxFault as fault:
        if fault.code != "temporary_taken":
            return _not_delivered(sender, interchange_id, attempt_count, fault)
        # Whoever takes unfinished files may have taken this one for a whole one.
        uploading = OutboxFile(
            interchange_id, file.receiver_code, file_name, sha256, len(body), "sending", None, attempt_count, False
        )
        return _unknown(sender, uploading, fault)
    if not _begin_placing(sender, interchange_id, attempt_count):
        with suppress(DropBoxFault):  # what stays is no claim file, and the next upload removes it
            box.cancel(file_name, attempt_count)
        _end_attempt(sender, interchange_id, attempt_count, "built", None)
        log.info("file %s stays: another worker has it, or all sending is stopped", interchange_id)
        return Delivery("left")
    try:
        box.place(file_name, attempt_count, body)
    except DropBoxFault as fault:
        placing = OutboxFile(
            interchange_id, file.receiver_code, file_name, sha256, len(body), "sending", "placing", attempt_count, False
        )
        return find_out(sender, placing, box, after=fault)
    return record_sent(sender, interchange_id)


def find_out(sender: Sender, file: OutboxFile, box: DropBox, after: DropBoxFault | None = None) -> Delivery:
    """What became of an attempt that may have placed its file; the file's state says the same afterwards.

    `after` is the fault that ended the attempt, for the record. *built*: certainly not placed, and never will be.
    """
    try:
        found = box.find_claim_file(file.file_name)
        if found is None or not file.is_found_as(found):
            is_cancelled = box.cancel(file.file_name, file.attempt_count)
            if found is None and after is not None and after.code == "name_taken":
                # The name is ours alone: taken a moment ago and free now, it was this file, picked up meanwhile.
                after = None
            elif is_cancelled:
                return _not_delivered(sender, file.interchange_id, file.attempt_count, after)
            # It may have been placed between the two looks.
            found = box.find_claim_file(file.file_name)
    except DropBoxFault as fault:
        return _unknown(sender, file, after or fault)
    if found is not None and file.is_found_as(found):
        return record_sent(sender, file.interchange_id)
    if found is not None and (after is None or after.code != "name_taken"):
        after = DropBoxFault("name_taken", f"{file.file_name}: the receiver's folder holds other bytes under this name")
    return _unknown(sender, file, after)


def record_sent(sender: Sender, interchange_id: int) -> Delivery:
    """The file is with the receiver: its claims are submitted. A second call changes nothing."""
    with sender.writing():
        row = execute(
            sender.connection,
            "outbox/record_delivery.sql",
            {"interchange_id": interchange_id, "run_id": sender.run_id},
        ).fetchone()
    assert row is not None
    log.info("file %s is delivered: %s claims, $%s", interchange_id, *row)
    return Delivery("sent", *row)


def _begin_placing(sender: Sender, interchange_id: int, attempt_count: int) -> bool:
    with sender.writing():
        return (
            execute(
                sender.connection,
                "outbox/begin_placing.sql",
                {"interchange_id": interchange_id, "attempt_count": attempt_count},
            ).fetchone()
            is not None
        )


def _not_delivered(sender: Sender, interchange_id: int, attempt_count: int, fault: DropBoxFault | None) -> Delivery:
    if not _end_attempt(sender, interchange_id, attempt_count, "built", fault):
        return Delivery("left")
    return Delivery("built", fault=fault)


def _unknown(sender: Sender, file: OutboxFile, fault: DropBoxFault | None) -> Delivery:
    if not _end_attempt(sender, file.interchange_id, file.attempt_count, "unknown", fault):
        return Delivery("left")
    log.warning("file %s: whether it arrived is unknown", file.interchange_id)
    return Delivery("unknown", fault=fault)


def _end_attempt(
    sender: Sender, interchange_id: int, attempt_count: int, state: str, fault: DropBoxFault | None
) -> bool:
    with sender.writing():
        return (
            execute(
                sender.connection,
                "outbox/end_attempt.sql",
                {
                    "interchange_id": interchange_id,
                    "attempt_count": attempt_count,
                    "state": state,
                    "fault_code": None if fault is None else fault.code,
                },
            ).fetchone()
            is not None
        )
