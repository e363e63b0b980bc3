"""A drop box of two directories: a file appears whole under its name or not at all, and is never overwritten.

`upload` writes `.NAME.ATTEMPT.tmp` and forces it to disk; `place` renames it in a way that refuses a name that exists.
Where the file system cannot do that, it renames to `.NAME.ATTEMPT.placing`, links that to the final name (a link
refuses too) and removes it.

The middle name is there for whoever finds what a killed attempt left. While the temporary name exists, no link was
made: cancelling is safe. `.placing` alone proves nothing: the attempt may have died before the link, or after it with
the final name collected meanwhile.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NoReturn

from include.clearinghouse.drop_box import (
    DropBoxFault,
    DropBoxSettings,
    FaultCode,
    FoundFile,
    ListedFile,
    check_file_name,
    is_finished,
)
from include.clearinghouse.exclusive_rename import UNSUPPORTED, rename_to_free_name

# The file holds patient data: no access for others, whatever the umask says.
_MODE: Final = 0o640

_MEANINGS: Final[dict[int, tuple[FaultCode, str]]] = {
    errno.ENOSPC: ("disk_full", "the disk is full"),
    errno.EDQUOT: ("disk_full", "the disk quota is used up"),
    errno.EFBIG: ("disk_full", "the file is larger than the system allows"),
    errno.ENOENT: ("folder_missing", "the directory does not exist"),
    errno.ENOTDIR: ("folder_missing", "the path is not a directory"),
    errno.EACCES: ("no_permission", "the directory does not allow it to this user: it is not readable or not writable"),
    errno.EPERM: ("no_permission", "the directory allows no writing or no hard links"),
    errno.EROFS: ("no_permission", "the file system is read-only"),
    errno.EEXIST: (
        "name_taken",
        "the directory holds another file of this name by now; nothing was overwritten. Compare both; move the wrong "
        "one away, then deliver again",
    ),
    errno.ENOTSUP: ("misconfigured", "the file system has no hard links"),
    errno.EXDEV: ("misconfigured", "temporary_folder lies on another file system; it must lie on the same one"),
    errno.EIO: ("unreachable", "the disk reports an error"),
    errno.ESTALE: ("connection_lost", "the network file system has lost the directory"),
    errno.ETIMEDOUT: ("timed_out", "the network file system does not answer"),
}


class DirectoryDropBox:
    """Claim files go below `outbox`, answers come from below `inbox`.

    Raises `DropBoxFault` misconfigured when a folder of the settings leads out of them. The size of an upload is
    checked, its bytes are not read back: from the same machine's memory they would always be equal.
    """

    description = "directory"

    def __init__(self, settings: DropBoxSettings, outbox: Path, inbox: Path) -> None:
        self._is_direct = settings.upload_pattern == "direct"
        self._suffix = settings.temporary_suffix
        self._claims = _below(outbox, settings.claims_folder, "claims_folder")
        self._answers = _below(inbox, settings.answers_folder, "answers_folder")
        self._temporary = self._claims
        if settings.upload_pattern == "directory":
            self._temporary = _below(outbox, settings.temporary_folder or "", "temporary_folder")

    def find_claim_file(self, file_name: str) -> FoundFile | None:
        path = self._claims / check_file_name(file_name)
        with _told(f"{file_name} could not be looked for in {self._claims}"):
            try:
                body = path.read_bytes()
            except FileNotFoundError:
                os.stat(self._claims)  # no directory is not the same as no file
                return None
        return FoundFile(len(body), hashlib.sha256(body).hexdigest())

    def upload(self, file_name: str, attempt_count: int, body: bytes) -> None:
        check_file_name(file_name)
        if self._is_direct:
            return
        with _told(f"{file_name} was not delivered into {self._temporary}"):
            self._remove_leftovers(file_name, attempt_count)
            _write_new(self._temporary_path(file_name, attempt_count), body)

    def place(self, file_name: str, attempt_count: int, body: bytes) -> None:
        final = self._claims / check_file_name(file_name)
        with _told(f"{file_name} was not delivered into {self._claims}"):
            if self._is_direct:
                _write_new(final, body)
            else:
                self._rename(file_name, attempt_count, final)
            _sync_directory(self._claims)

    def _rename(self, file_name: str, attempt_count: int, final: Path) -> None:
        temporary = self._temporary_path(file_name, attempt_count)
        try:
            rename_to_free_name(temporary, final)
        except FileNotFoundError:
            self._refuse_cancelled(file_name, attempt_count)
        except OSError as error:
            if error.errno not in UNSUPPORTED:
                raise
            self._link(file_name, attempt_count, final)

    def _refuse_cancelled(self, file_name: str, attempt_count: int) -> NoReturn:
        os.stat(self._temporary)
        os.stat(self._claims)
        raise DropBoxFault(
            "rename_refused",
            f"{file_name} was not delivered into {self._claims}: the temporary file of attempt {attempt_count} is "
            "gone. A newer attempt has cancelled this one, or somebody has removed it; the next run delivers again",
        ) from None

    def _link(self, file_name: str, attempt_count: int, final: Path) -> None:
        temporary = self._temporary_path(file_name, attempt_count)
        placing = self._placing_path(file_name, attempt_count)
        try:
            os.rename(temporary, placing)
        except FileNotFoundError:
            self._refuse_cancelled(file_name, attempt_count)
        # On disk before the link is: or after a power cut the temporary name could be back while the receiver has
        # the file.
        _sync_directory(self._temporary)
        try:
            os.link(placing, final)
        except OSError:
            # Nothing was placed: with its name back, the attempt can be cancelled.
            with suppress(OSError):
                os.rename(placing, temporary)
            raise
        os.unlink(placing)

    def cancel(self, file_name: str, attempt_count: int) -> bool:
        check_file_name(file_name)
        if self._is_direct:
            return False
        with _told(f"{file_name} could not be looked for in {self._temporary}"):
            try:
                os.unlink(self._temporary_path(file_name, attempt_count))
            except FileNotFoundError:
                os.stat(self._temporary)
                return False
        return True

    def list_claim_files(self) -> list[ListedFile]:
        return _list(self._claims, self._suffix)

    def read_claim_file(self, file_name: str) -> bytes:
        path = self._claims / check_file_name(file_name)
        with _told(f"{file_name} could not be read in {self._claims}", missing="the file is not there any more"):
            return path.read_bytes()

    def list_answers(self) -> list[ListedFile]:
        return _list(self._answers)

    def read_answer(self, file_name: str) -> bytes:
        path = self._answers / check_file_name(file_name)
        # Without its name: the receiver chose that.
        with _told(f"a file could not be read in {self._answers}", missing="the file is not there any more"):
            return path.read_bytes()

    def remove_answer(self, file_name: str) -> None:
        path = self._answers / check_file_name(file_name)
        with _told(f"a file could not be removed from {self._answers}"), suppress(FileNotFoundError):
            os.unlink(path)

    def _temporary_path(self, file_name: str, attempt_count: int) -> Path:
        return self._temporary / f".{file_name}.{attempt_count}{self._suffix}"

    def _placing_path(self, file_name: str, attempt_count: int) -> Path:
        return self._temporary / f".{file_name}.{attempt_count}.placing"

    def _remove_leftovers(self, file_name: str, attempt_count: int) -> None:
        """Remove what this and older attempts left. Unlinked, not cut: `.placing` may be the receiver's copy too."""
        leftover = re.compile(rf"\.{re.escape(file_name)}\.(\d+)(?:{re.escape(self._suffix)}|\.placing)")
        for name in os.listdir(self._temporary):
            match = leftover.fullmatch(name)
            if match and int(match[1]) <= attempt_count:
                with suppress(FileNotFoundError):
                    os.unlink(self._temporary / name)


def _below(root: Path, folder: str, setting: str) -> Path:
    parts = Path(folder)
    if parts.is_absolute() or ".." in parts.parts or "\0" in folder:
        raise DropBoxFault(
            "misconfigured",
            f"billing.receiver.{setting} leads out of {root}: for delivery into a directory it is a path below it",
        )
    return root / parts


def _write_new(path: Path, body: bytes) -> None:
    """A new file on disk; what is not whole is removed."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _MODE)
    try:
        try:
            rest = memoryview(body)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        with suppress(OSError):
            os.unlink(path)
        raise


def _list(folder: Path, temporary_suffix: str = "") -> list[ListedFile]:
    listed = []
    with _told(f"the files could not be listed in {folder}"), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # gone meanwhile
                if is_finished(entry.name, temporary_suffix) and entry.is_file(follow_symlinks=False):
                    state = entry.stat(follow_symlinks=False)
                    modified_at = datetime.fromtimestamp(state.st_mtime, UTC)
                    listed.append(ListedFile(entry.name, state.st_size, modified_at))
    return sorted(listed, key=lambda file: file.name)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _told(what: str, missing: str | None = None) -> Iterator[None]:
    """Turn what the operating system says into a `DropBoxFault` in plain words.

    Without the `OSError` as its cause: that quotes the path, and the receiver chose the names of answers.
    """
    try:
        yield
    except OSError as error:
        code, words = _MEANINGS.get(error.errno or 0, ("unreachable", error.strerror or type(error).__name__))
        if missing and error.errno == errno.ENOENT:
            words = f"{missing}, or {words}"
        raise DropBoxFault(code, f"{what}: {words}") from None
