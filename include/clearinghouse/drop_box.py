"""The receiver's drop box: where claim files go in and answers come out, whatever carries them.

A claim file is first uploaded under a temporary name that carries the number of the attempt, then placed under its
own name, which must be free. Whoever uploads again in a newer attempt can cancel an older one while its temporary file
is there: from then on the older attempt has nothing left to place.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

from include.errors import Unavailable

FaultCode = Literal[
    "login_refused",
    "host_key_changed",
    "unreachable",
    "connection_lost",
    "timed_out",
    "disk_full",
    "no_permission",
    "folder_missing",
    "rename_refused",
    "name_taken",
    "verification_failed",
    "temporary_taken",
    "misconfigured",
]

#: Trying again changes nothing, and a server may close the account of somebody who goes on.
NEEDS_A_PERSON: Final[frozenset[FaultCode]] = frozenset({"login_refused", "host_key_changed", "misconfigured"})

#: What programs that upload write at the end of a name while the file is not whole.
_UNFINISHED: Final = (".tmp", ".part", ".filepart", ".partial")


class DropBoxFault(Unavailable):
    """The drop box did not do what was asked. `code` says what stopped it, the text also what to do about it.

    It does not say that nothing was done: after `connection_lost` and `timed_out` the last request may have been
    carried out. The text names our file and the folder; no secret, no key, no login, no name that the receiver chose.
    """

    def __init__(self, code: FaultCode, message: str) -> None:
        super().__init__(code, message)  # both, or the error cannot cross to another process
        self.code: FaultCode = code

    def __str__(self) -> str:
        return str(self.args[1])


@dataclass(frozen=True, slots=True)
class DropBoxSettings:
    """How a receiver takes files: the columns of billing.receiver of the same names (migration 0010)."""

    receiver_code: str
    delivery_method: Literal["automatic", "directory", "sftp"]
    connection_id: str
    claims_folder: str
    answers_folder: str
    upload_pattern: Literal["suffix", "directory", "direct"]
    temporary_suffix: str
    temporary_folder: str | None
    can_read_back: bool


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A claim file that lies in the receiver's folder. `sha256` (hex) is None where it may not or cannot be read."""

    byte_count: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class ListedFile:
    """An entry of a folder; `modified_at` is UTC by the clock of whoever keeps the folder."""

    name: str
    byte_count: int
    modified_at: datetime


class DropBox(Protocol):
    """Every call raises `DropBoxFault`; the next one connects anew. `ValueError`: not a plain file name."""

    @property
    def description(self) -> str:
        """`directory`, or `sftp` and the connection's name."""

    def find_claim_file(self, file_name: str) -> FoundFile | None:
        """The file under its own name; None when the folder is there and the file is not."""

    def upload(self, file_name: str, attempt_count: int, body: bytes) -> None:
        """Puts the whole file under the attempt's temporary name and checks it; removes what older attempts left.

        Does nothing for the pattern direct, which has no temporary name.
        """

    def place(self, file_name: str, attempt_count: int, body: bytes) -> None:
        """Gives the uploaded file its own name. `name_taken` when a file has it, whatever its bytes: none is replaced.

        For the pattern direct, writes the file under its own name.
        """

    def cancel(self, file_name: str, attempt_count: int) -> bool:
        """True: the attempt's temporary file was there, so it was not placed, and is gone, so it never will be.

        False proves nothing.
        """

    def list_claim_files(self) -> list[ListedFile]:
        """Files that lie in the folder for claims, by name, without unfinished ones."""

    def read_claim_file(self, file_name: str) -> bytes:
        """The bytes of a file in the folder for claims."""

    def list_answers(self) -> list[ListedFile]:
        """Files that lie in the folder for answers, by name, without hidden and unfinished ones."""

    def read_answer(self, file_name: str) -> bytes:
        """The bytes of a file in the folder for answers."""

    def remove_answer(self, file_name: str) -> None:
        """Removes a file from the folder for answers; one that is gone already is no fault."""


def check_file_name(file_name: str) -> str:
    """The name. Raises `ValueError` unless it is a plain, visible one, without folders."""
    if os.path.basename(file_name) != file_name or file_name.startswith(".") or not file_name or "\0" in file_name:
        raise ValueError("file_name must be a plain name without folders that does not begin with a dot")
    return file_name


def is_finished(name: str, temporary_suffix: str = "") -> bool:
    """Whether a name in a folder is that of a whole file, and one that `check_file_name` lets pass."""
    endings = (*_UNFINISHED, temporary_suffix.lower()) if temporary_suffix else _UNFINISHED
    is_plain = bool(name) and not name.startswith(".") and "/" not in name and "\0" not in name
    return is_plain and not name.lower().endswith(endings)
