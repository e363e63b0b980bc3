"""What a test needs so that files may leave, and where to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from include.clearinghouse.directory_drop_box import DirectoryDropBox
from include.clearinghouse.drop_box import DropBox, DropBoxSettings
from include.outbox.delivery import OpenDropBox


def allow_sending(url: str) -> None:
    """A copied database sends nothing until somebody says that it is the one that sends; an empty one stays empty."""
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT to_regclass('billing.deployment')").fetchone() == (None,):
            return
        connection.execute("UPDATE billing.deployment SET database_identity = billing.database_identity()")


def directory_boxes(outbox: Path, inbox: Path | None = None) -> OpenDropBox:
    """Every receiver's claims go to `outbox`; answers lie in `inbox`."""

    @contextmanager
    def open_drop_box(settings: DropBoxSettings) -> Iterator[DropBox]:
        yield DirectoryDropBox(settings, outbox, inbox or outbox / "answers")

    return open_drop_box
