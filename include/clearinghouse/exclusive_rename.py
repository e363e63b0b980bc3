"""A rename that refuses a name that exists, in one step of the kernel.

Python has none: `os.rename` replaces, and a link with an unlink after it is two steps, between which a process can die.
"""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path
from typing import Final

_AT_FDCWD: Final = -100
_RENAME_NOREPLACE: Final = 1  # linux/fs.h
#: The kernel, the C library or the file system (some network ones) does not have it.
UNSUPPORTED: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP})


def rename_to_free_name(source: Path, target: Path) -> None:
    """Give the file another name. `FileExistsError`: the name is taken and nothing is changed; errno in `UNSUPPORTED`:
    it cannot be done in one step here."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from None
    if renameat2(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), _RENAME_NOREPLACE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
