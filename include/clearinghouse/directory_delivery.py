"""Delivery into a directory: a file appears whole under its name or not at all, and is never overwritten.

Write under a temporary name in the same directory, force it to disk, link it to the final name (a link refuses a name
that exists, a rename would replace it), remove the temporary name, force the directory to disk. Whatever interrupts
this, doing it again with the same bytes ends in the same directory.

The temporary file is locked while it is written, so that two deliveries of one file take turns and a leftover of a
killed one is recognised: nobody holds its lock.
"""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

from include.errors import BillingError, Unavailable

# The file holds patient data: no access for others, whatever the umask says.
_MODE: Final = 0o640

_MEANINGS: Final = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file is larger than the system allows",
    errno.ENOENT: "the directory does not exist",
    errno.ENOTDIR: "the path is not a directory",
    errno.EACCES: "the directory is not writable for this user",
    errno.EPERM: "the directory allows no writing or no hard links",
    errno.EROFS: "the file system is read-only",
    errno.ENOTSUP: "the file system has no hard links or locks",
    errno.ENOLCK: "the file system has no locks",
    errno.EIO: "the disk reports an error",
}


class DeliveryFailed(Unavailable):
    """The file is not known to be delivered and no part of it is left. Deliver the same bytes again once the cause is
    removed; if they had arrived after all, that says "already there".

    The `OSError` is the cause (`__cause__`).
    """


class DeliveryRefused(BillingError):
    """Another file already has the name. Nothing was changed; a person must look at both before anything is sent."""


def deliver(body: bytes, file_name: str, directory: Path) -> Literal["delivered", "already there"]:
    """Puts `body` into `directory` as `file_name`; "already there" when the same bytes have that name.

    Raises `DeliveryRefused` or `DeliveryFailed`, and `ValueError` when `file_name` is not a plain visible name.
    """
    if os.path.basename(file_name) != file_name or file_name.startswith(".") or not file_name:
        raise ValueError("file_name must be a plain name without directories that does not begin with a dot")
    final, temporary = directory / file_name, directory / f".{file_name}.tmp"
    try:
        descriptor = _open_locked(temporary)
        try:
            outcome = _place(descriptor, body, temporary, final)
        finally:
            # Before the lock goes with the descriptor, so that nobody else's temporary file is removed.
            with suppress(OSError):
                os.unlink(temporary)
            os.close(descriptor)
        _sync_directory(directory)
    except OSError as error:
        raise _failure(error, file_name, directory) from error
    return outcome


def _place(descriptor: int, body: bytes, temporary: Path, final: Path) -> Literal["delivered", "already there"]:
    if _has_name(body, final):
        return "already there"
    rest = memoryview(body)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)
    try:
        os.link(temporary, final)
    except FileExistsError:  # by somebody who takes no lock: the bytes decide
        if _has_name(body, final):
            return "already there"
        raise
    return "delivered"


def _open_locked(temporary: Path) -> int:
    """A new, empty, locked file under the temporary name. A leftover is unlinked, not cut: it may be linked already."""
    while True:
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            ours = os.fstat(descriptor)
            try:
                named = os.stat(temporary, follow_symlinks=False)
            except FileNotFoundError:
                named = None
            if named is not None and (named.st_dev, named.st_ino) == (ours.st_dev, ours.st_ino):
                if ours.st_size == 0 and ours.st_nlink == 1:
                    return descriptor
                os.unlink(temporary)
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _has_name(body: bytes, final: Path) -> bool:
    try:
        present = final.read_bytes()
    except FileNotFoundError:
        return False
    if present != body:
        raise DeliveryRefused(
            f"{final.name}: the directory holds another file of this name ({len(present)} bytes, to deliver were "
            f"{len(body)}). Compare both; move the wrong one away, then deliver again"
        )
    return True


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _failure(error: OSError, file_name: str, directory: Path) -> DeliveryFailed:
    meaning = _MEANINGS.get(error.errno or 0, error.strerror or type(error).__name__)
    return DeliveryFailed(f"{file_name} was not delivered into {directory}: {meaning}")
