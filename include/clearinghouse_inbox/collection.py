"""Answers come in: every file in a receiver's folder is stored once, as it is, before anybody reads it.

The folder may be the one that our claim files go into: those are no answers, and nobody else's to take away.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg

from include.clearinghouse.claim_files import parse_file_name
from include.clearinghouse.drop_box import DropBox, DropBoxFault, DropBoxSettings, ListedFile, is_finished
from include.clearinghouse_inbox.clock import read_simulated_now, writing_inbox
from include.database import execute
from include.errors import BillingError
from include.outbox.delivery import OpenDropBox
from include.outbox.receivers import read_drop_box_settings

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]
Key = tuple[str, int, datetime]

#: A file changed so recently may still be growing: if it is not whole it is looked at again at the next run.
STILL_WRITTEN: Final = timedelta(minutes=10)

#: The interchange's trailer, and behind it what systems pad files with.
_WHOLE: Final = re.compile(rb"IEA[^A-Za-z0-9\s][^A-Za-z]{3,40}[\s\x00\x1a]*\Z")
_TAIL: Final = 4_096

#: Faults of one file; any other is the folder's or the connection's, and the next file would only wait for it again.
_OF_ONE_FILE: Final = frozenset({"no_permission", "folder_missing"})


def list_receivers(connection: Connection) -> list[str]:
    """The codes of all receivers, in order."""
    rows = connection.execute("SELECT receiver_code FROM billing.receiver ORDER BY receiver_code").fetchall()
    return [code for (code,) in rows]


def collect_files(connection: Connection, receiver_code: str, open_drop_box: OpenDropBox) -> int:
    """Store what is new in the receiver's folder for answers and return how many files are new by their bytes.

    A file seen before (name, size and time) is not fetched again, one that may still be growing is left for the next
    run. Files leave the receiver's folder only where it is configured so, and only after they are stored. Raises
    `Unavailable` when the folder cannot be reached; one file that cannot be read does not hold the others and raises
    at the end.
    """
    simulated_now = read_simulated_now(connection)
    new = 0
    faults: list[DropBoxFault] = []
    settings = read_drop_box_settings(connection, receiver_code)
    with open_drop_box(settings) as box:
        listed = list_answers(connection, box, settings)
        seen = read_seen(connection, receiver_code, listed)
        for file in listed:
            if _key(file) in seen:
                continue
            try:
                new += _collect_file(connection, receiver_code, file, box, simulated_now)
            except DropBoxFault as fault:
                if fault.code not in _OF_ONE_FILE:
                    raise
                faults.append(fault)
        if _removes_answers(connection, receiver_code):
            _remove_stored(connection, box, settings)
    log.info("receiver %s: %s new files of answers", receiver_code, new)
    if faults:
        raise faults[0]
    return new


def list_answers(connection: Connection, box: DropBox, settings: DropBoxSettings) -> list[ListedFile]:
    """What lies in the folder for answers, without what is ours: claim files, whole or still under a temporary name.

    Ours is a name as we give it, with the ending of claim files: many receivers call an answer like the file it
    answers, with another one.
    """
    listed = [file for file in box.list_answers() if is_finished(file.name, settings.temporary_suffix)]
    like_ours = [file.name for file in listed if parse_file_name(file.name) is not None]
    if not like_ours:
        return listed
    rows = execute(
        connection,
        "clearinghouse_inbox/find_own_names.sql",
        {"file_names": like_ours, "receiver_code": settings.receiver_code},
    ).fetchall()
    ours = {name for (name,) in rows}
    return [file for file in listed if file.name not in ours]


def _collect_file(
    connection: Connection, receiver_code: str, file: ListedFile, box: DropBox, simulated_now: str | None
) -> bool:
    body = box.read_answer(file.name)
    if len(body) != file.byte_count or (not _is_whole(body) and _is_fresh(connection, file)):
        log.info("receiver %s: a file of %s bytes may still be growing and waits", receiver_code, len(body))
        return False
    parameters = {
        "receiver_code": receiver_code,
        "sha256": hashlib.sha256(body).hexdigest(),
        "body": body,
        "file_name": file.name,
        "byte_count": file.byte_count,
        "modified_at": file.modified_at,
    }
    row = None
    while row is None:  # where another collector stores the same bytes, its row is seen at the second look
        with writing_inbox(connection, simulated_now):
            row = execute(connection, "clearinghouse_inbox/store_file.sql", parameters).fetchone()
    inbox_file_id, is_new = row
    known = "" if is_new else ", known"
    log.info("receiver %s: answer file %s, %s bytes%s", receiver_code, inbox_file_id, len(body), known)
    return bool(is_new)


def _is_whole(body: bytes) -> bool:
    return _WHOLE.search(body[-_TAIL:]) is not None


def _is_fresh(connection: Connection, file: ListedFile) -> bool:
    """By the server's own time: that of a sample database has nothing to do with the folder's."""
    row = connection.execute("SELECT clock_timestamp() - %s < %s", (file.modified_at, STILL_WRITTEN)).fetchone()
    assert row is not None
    return bool(row[0])


def read_seen(connection: Connection, receiver_code: str, listed: Sequence[ListedFile]) -> set[Key]:
    """Name, size and time of change of those of the listed names that were fetched before."""
    rows = connection.execute(
        "SELECT file_name, byte_count, modified_at FROM billing.inbox_listing"
        " WHERE receiver_code = %s AND file_name = ANY(%s)",
        (receiver_code, [file.name for file in listed]),
    ).fetchall()
    return {(name, byte_count, modified_at) for name, byte_count, modified_at in rows}


def _removes_answers(connection: Connection, receiver_code: str) -> bool:
    row = connection.execute(
        "SELECT removes_answers FROM billing.receiver WHERE receiver_code = %s", (receiver_code,)
    ).fetchone()
    if row is None:
        raise BillingError(f"billing.receiver has no row {receiver_code}")
    return bool(row[0])


def _remove_stored(connection: Connection, box: DropBox, settings: DropBoxSettings) -> None:
    """Remove what is stored, also what an earlier run could not; listed again, because another file may have taken a
    name meanwhile. A claim file of ours stays, also one that was once stored as if it were an answer."""
    listed = list_answers(connection, box, settings)
    seen = read_seen(connection, settings.receiver_code, listed)
    for file in listed:
        if _key(file) in seen:
            box.remove_answer(file.name)


def _key(file: ListedFile) -> Key:
    return file.name, file.byte_count, file.modified_at
