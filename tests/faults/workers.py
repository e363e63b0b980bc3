"""Workers that deliver one file and can be stopped, killed or overtaken at each moment.

A moment lies before and after each transaction and each call of the drop box; no lock is held at any.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from include.outbox.delivery import Delivery, Sender, deliver_file
from tests.faults.model_receiver import ModelReceiver, Notice
from tests.faults.stored_files import NOW, StoredFile

Connection = psycopg.Connection[Any]


class Killed(BaseException):
    """What no code under test catches."""


@dataclass(frozen=True)
class WatchedSender(Sender):
    """A sender whose transactions are noticed."""

    notice: Notice = lambda _: None

    @contextmanager
    def writing(self) -> Iterator[None]:
        self.notice("before commit")
        with super().writing():
            yield
        self.notice("after commit")


class Moments:
    """Called at each moment; acts at the one of this number, counted from 0."""

    def __init__(self, number: int | None = None, act: Callable[[], None] = lambda: None) -> None:
        self.number = number
        self.act = act
        self.names: list[str] = []

    def __call__(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) - 1 == self.number:
            self.act()


def kill() -> None:
    """Ends the worker."""
    raise Killed


def deliver(
    connection: Connection,
    receiver: ModelReceiver,
    file: StoredFile,
    notice: Notice = lambda _: None,
    *,
    at: str | None = None,
    direct: bool = False,
    can_read_back: bool = True,
) -> Delivery:
    """One worker delivers the file, at the given instant (none: `NOW`)."""
    sender = WatchedSender(connection, None, at or NOW.isoformat(), notice)
    box = receiver.box(notice, direct=direct, can_read_back=can_read_back)
    return deliver_file(sender, file.interchange_id, box)


def deliver_killed(connection: Connection, receiver: ModelReceiver, file: StoredFile, moment: int, **how: Any) -> bool:
    """One worker, killed at the moment of this number; return whether it came to that."""
    try:
        deliver(connection, receiver, file, Moments(moment, kill), **how)
    except Killed:
        return True
    return False


class StoppedWorker:
    """A worker in a thread of its own that waits at a moment until it is told to go on."""

    def __init__(
        self, connection: Connection, receiver: ModelReceiver, file: StoredFile, moment: int, **how: Any
    ) -> None:
        self._go = threading.Event()
        self._waits = threading.Event()
        self._error: BaseException | None = None
        self.outcome: Delivery | None = None
        self.moments = Moments(moment, self._wait)

        def work() -> None:
            try:
                self.outcome = deliver(connection, receiver, file, self.moments, **how)
            except BaseException as error:
                self._error = error
            finally:
                self._waits.set()

        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()
        assert self._waits.wait(30)

    def _wait(self) -> None:
        self._waits.set()
        assert self._go.wait(30)

    def go_on(self) -> Delivery:
        """Let it go on, and return what it says at its end."""
        self._go.set()
        self._thread.join(30)
        assert not self._thread.is_alive()
        if self._error is not None:
            raise self._error
        assert self.outcome is not None
        return self.outcome
