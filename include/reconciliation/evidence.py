"""What the world shows of the files that left: the receiver's folders, and the answers that came.

Read before anything is decided and without any lock: folders are slow. The database may be older than all of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

from include.clearinghouse.answers import UnreadableAnswer, read_answers, read_contents
from include.clearinghouse.claim_files import parse_claim_number, parse_file_name
from include.clearinghouse.drop_box import DropBox, DropBoxFault, DropBoxSettings
from include.clearinghouse_inbox.collection import list_answers
from include.database import execute
from include.errors import BillingError, Unavailable
from include.outbox.delivery import OpenDropBox
from include.outbox.receivers import read_drop_box_settings, read_receiver

Connection = psycopg.Connection[Any]

_ACKNOWLEDGMENTS = {"TA1", "999", "277CA"}
#: A claim id so far beyond the last one here was not given in the nights that a restore has lost.
_MOST_CLAIM_IDS_AHEAD: Final = 1_000_000
#: Of files that are known to be with the receiver nothing more is asked, so they are not read again.
_SETTLED = {"sent", "acknowledged", "rejected"}


@dataclass(frozen=True)
class KnownFile:
    """A file as read_known_files.sql gives it."""

    interchange_id: int
    control_number: int
    file_name: str
    sha256: str
    byte_count: int
    state: str
    delivered_to: str | None
    attempt_count: int

    @property
    def is_settled(self) -> bool:
        return self.state in _SETTLED


@dataclass(frozen=True)
class SeenFile:
    """A file of ours that lies somewhere. `body` is None when it was not read: known, or the receiver forbids it."""

    file_name: str
    control_number: int
    byte_count: int
    body: bytes | None = field(repr=False)

    @property
    def addressed_to(self) -> str | None:
        """ISA08: receivers may share a folder, and the numbers of one are nothing to the other."""
        return None if self.body is None else self.body[54:69].decode("ascii", "replace").strip()

    def is_same_as(self, known: KnownFile) -> bool:
        """Whether these are the bytes the outbox holds; by name and size where they were not read."""
        if self.file_name != known.file_name or self.byte_count != known.byte_count:
            return False
        return self.body is None or hashlib.sha256(self.body).hexdigest() == known.sha256


@dataclass(frozen=True)
class Evidence:
    """Of one receiver. `fault`: why its folders could not be looked at; then the rest is not the whole truth.

    `answered_numbers`: of files that answers name, of a 277CA only together with a claim that can be ours: its batch
    reference may be the receiver's own number and look like one of ours. The others of those are `doubtful_numbers`.
    `answered_claims`: numbers of claims that can be ours; `far_claim_count`: how many have our form and cannot.
    `has_other_sender`: answers to us are from somebody who is no receiver; nothing in them counts.
    """

    receiver_code: str
    looked_in: str
    files: tuple[SeenFile, ...]
    answered_numbers: frozenset[int]
    doubtful_numbers: frozenset[int]
    answered_claims: frozenset[str]
    far_claim_count: int
    has_other_sender: bool
    unreadable_answer_count: int
    fault: str | None


def read_known_files(connection: Connection, receiver_code: str) -> list[KnownFile]:
    """The receiver's files that this database knows, in order of number."""
    rows = execute(connection, "reconciliation/read_known_files.sql", {"receiver_code": receiver_code}).fetchall()
    return [KnownFile(*row) for row in rows]


def gather(
    connection: Connection, receiver_code: str, open_drop_box: OpenDropBox, files_folder: Path | None
) -> Evidence:
    """Look at everything the receiver has of us; `files_folder` holds copies of claim files a person got elsewhere.

    A fault is part of the answer. Raises `BillingError` when `files_folder` cannot be read.
    """
    receiver = read_receiver(connection, receiver_code)
    settings = read_drop_box_settings(connection, receiver_code)
    known = {file.file_name: file for file in read_known_files(connection, receiver_code)}
    others = {
        receiver_id
        for (receiver_id,) in connection.execute(
            "SELECT receiver_id FROM billing.receiver WHERE receiver_id <> %s", (receiver.receiver_id,)
        ).fetchall()
    }
    files: dict[tuple[str, int], SeenFile] = {}
    if files_folder is not None:
        for seen in _copies(files_folder, receiver.submitter_id):
            files[seen.file_name, seen.byte_count] = seen
    parties = _read_parties(connection, receiver_code)
    answers = _Answers(parties)
    for stored in execute(
        connection, "reconciliation/read_stored_answers.sql", {"submitter_id": parties.submitter_id}
    ).fetchall():
        answers.note(*stored)
    for (body,) in connection.execute("SELECT body FROM billing.inbox_file WHERE file_state = 'received'"):
        answers.read(bytes(body))
    looked_in, fault = "", None
    try:
        with open_drop_box(settings) as box:
            looked_in = box.description
            for seen in _folder_files(box, settings, receiver.submitter_id, known):
                files.setdefault((seen.file_name, seen.byte_count), seen)
            for listed in list_answers(connection, box, settings):
                answers.read(box.read_answer(listed.name))
    except (BillingError, Unavailable) as error:
        fault = str(error)
    return Evidence(
        receiver_code=receiver_code,
        looked_in=looked_in,
        files=tuple(
            seen
            for _, seen in sorted(files.items(), key=lambda one: (one[1].control_number, one[0]))
            if seen.addressed_to not in others
        ),
        answered_numbers=frozenset(answers.numbers),
        doubtful_numbers=frozenset(answers.doubtful_numbers - answers.numbers),
        answered_claims=frozenset(answers.claims),
        far_claim_count=len(answers.far_claims),
        has_other_sender=answers.has_other_sender,
        unreadable_answer_count=answers.unreadable_count,
        fault=fault,
    )


def _folder_files(
    box: DropBox, settings: DropBoxSettings, submitter_id: str, known: dict[str, KnownFile]
) -> Iterable[SeenFile]:
    try:
        listed_files = box.list_claim_files()
    except DropBoxFault as fault:
        # Where a receiver lets nobody read its folder, the folder shows nothing; a person has to say the last number.
        if settings.can_read_back or fault.code != "no_permission":
            raise
        return
    for listed in listed_files:
        number = _number_of(listed.name, submitter_id)
        if number is None:
            continue
        of_outbox = known.get(listed.name)
        is_enough = of_outbox is not None and of_outbox.is_settled and of_outbox.byte_count == listed.byte_count
        body = None if is_enough or not settings.can_read_back else box.read_claim_file(listed.name)
        yield SeenFile(listed.name, number, listed.byte_count if body is None else len(body), body)


def _copies(folder: Path, submitter_id: str) -> Iterable[SeenFile]:
    try:
        for path in sorted(folder.iterdir()):
            number = _number_of(path.name, submitter_id)
            if number is not None:
                body = path.read_bytes()
                yield SeenFile(path.name, number, len(body), body)
    except OSError as error:
        raise BillingError(f"the folder FILES names cannot be read: {error.strerror}") from None


def _number_of(name: str, submitter_id: str) -> int | None:
    parsed = parse_file_name(name)
    return parsed[1] if parsed is not None and parsed[0] == submitter_id else None


@dataclass(frozen=True)
class _Parties:
    """Whose answers count: those from `sender_ids` to `submitter_id`; other receivers share the folder."""

    submitter_id: str
    sender_ids: frozenset[str]
    other_sender_ids: frozenset[str]
    highest_claim_id: int


class _Answers:
    """Numbers of ours that answers name; whatever else they say is the business of the inbox."""

    def __init__(self, parties: _Parties) -> None:
        self.numbers: set[int] = set()
        self.doubtful_numbers: set[int] = set()
        self.claims: set[str] = set()
        self.far_claims: set[str] = set()
        self.unreadable_count = 0
        self.has_other_sender = False
        self._parties = parties

    def note(self, sender_id: str | None, source: str, control_number: int | None, claim_number: str | None) -> None:
        """Of an answer to us. What names no number is no loss, whoever wrote it."""
        if sender_id not in self._parties.sender_ids:
            says_something = control_number is not None or claim_number is not None
            self.has_other_sender |= says_something and sender_id not in self._parties.other_sender_ids
            return
        key = parse_claim_number(claim_number) if claim_number is not None else None
        can_be_ours = key is not None and 0 < key[0] <= self._parties.highest_claim_id
        if claim_number is not None and key is not None:
            (self.claims if can_be_ours else self.far_claims).add(claim_number)
        if control_number is not None and control_number > 0:
            is_certain = source != "277CA" or can_be_ours
            (self.numbers if is_certain else self.doubtful_numbers).add(control_number)

    def read(self, body: bytes) -> None:
        if _ACKNOWLEDGMENTS.isdisjoint(read_contents(body)):
            return
        parties = self._parties
        try:
            for answer in read_answers(body):
                if answer.submitter_id == parties.submitter_id:
                    self.note(answer.sender_id, answer.source, answer.control_number, answer.claim_number)
        except UnreadableAnswer:
            self.unreadable_count += 1


def _read_parties(connection: Connection, receiver_code: str) -> _Parties:
    row = connection.execute(
        "SELECT v.submitter_id, array_remove(ARRAY[v.answer_sender_id, v.receiver_id], NULL),"
        " ARRAY(SELECT unnest(ARRAY[o.answer_sender_id, o.receiver_id]) FROM billing.receiver o"
        " WHERE o.receiver_code <> v.receiver_code),"
        " (SELECT last_value FROM billing.claim_claim_id_seq)"
        " FROM billing.receiver v WHERE v.receiver_code = %s",
        (receiver_code,),
    ).fetchone()
    assert row is not None
    submitter_id, sender_ids, others, last_claim_id = row
    return _Parties(submitter_id, frozenset(sender_ids), frozenset(others), last_claim_id + _MOST_CLAIM_IDS_AHEAD)
