"""Workers that deliver to a real SFTP server, in this process or in one that is killed.

A moment lies before and after each exchange with the database and each packet to and from the server.
"""

from __future__ import annotations

import os
import signal
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socket import IPPROTO_TCP, TCP_NODELAY, create_connection
from typing import Any, Final

import paramiko
import psycopg
import pytest
from paramiko.sftp import BaseSFTP

from include.claims_submission.delivery import deliver_files
from include.clearinghouse.drop_box import DropBox, DropBoxSettings
from include.clearinghouse.sftp_drop_box import SftpDropBox, open_sftp_client
from include.nightly_run.attempt import read_attempt
from include.outbox.delivery import Delivery, Sender, deliver_file
from include.outbox.receivers import read_drop_box_settings
from include.outbox.settlement import settle_files
from tests.faults.stored_files import StoredFile, pipeline_connection
from tests.support.sftp_server import SftpServer

Connection = psycopg.Connection[Any]
#: Called with "database" or "server".
Notice = Callable[[str], None]

_local: Final = threading.local()


@dataclass(frozen=True)
class Address:
    """Where the server is and how it is known; may cross to another process."""

    port: int
    host_key: str
    login: str
    password: str

    @classmethod
    def of(cls, server: SftpServer) -> Address:
        """The address of a server."""
        return cls(server.port, server.host_key, server.login, server.password)

    @contextmanager
    def connected(self, seconds: float) -> Iterator[paramiko.SFTPClient]:
        """A client that waits no longer than `seconds` for an answer."""
        with paramiko.SSHClient() as ssh:
            kind, key = self.host_key.split()
            known = paramiko.Ed25519Key(data=b64decode(key))
            assert kind == known.get_name()
            ssh.get_host_keys().add(f"[127.0.0.1]:{self.port}", kind, known)
            socket = create_connection(("127.0.0.1", self.port), timeout=20)
            # paramiko writes a login in small pieces; without this each waits 40 ms for the one before.
            socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
            ssh.connect(
                "127.0.0.1",
                self.port,
                self.login,
                self.password,
                sock=socket,
                look_for_keys=False,
                allow_agent=False,
            )
            with open_sftp_client(ssh, seconds) as client:
                yield client


class Killed(BaseException):
    """What no code under test catches."""


class Worker:
    """One worker: a connection to the database and one to the server, which it keeps from file to file."""

    def __init__(self, url: str, address: Address, seconds: float) -> None:
        self._url = url
        self._address = address
        self._seconds = seconds
        self._boxes: dict[str, SftpDropBox] = {}
        self.connection = pipeline_connection(url)

    @contextmanager
    def open_drop_box(self, settings: DropBoxSettings) -> Iterator[DropBox]:
        """The receiver's box, connected already when it was used before."""
        if settings.receiver_code not in self._boxes:
            self._boxes[settings.receiver_code] = SftpDropBox(settings, lambda: self._address.connected(self._seconds))
        yield self._boxes[settings.receiver_code]

    def deliver(self, file: StoredFile, at: str) -> Delivery:
        """Deliver the file at that instant."""
        settings = read_drop_box_settings(self.connection, file.receiver_code)
        with self.open_drop_box(settings) as box:
            return deliver_file(Sender(self.connection, None, at), file.interchange_id, box)

    def deliver_night(self, attempt_id: int) -> int:
        """The task `deliver_files` of a night."""
        return deliver_files(self.connection, read_attempt(self.connection, attempt_id), self.open_drop_box)

    def settle(self, at: str) -> int:
        """Settle whatever was left behind."""
        return settle_files(self.connection, self.open_drop_box, at)

    def die_at(self, moment: int, file: StoredFile, at: str) -> bool:
        """Deliver the file until the moment of this number comes; return whether it came."""
        left = moment

        def die(_: str) -> None:
            nonlocal left
            left -= 1
            if left == -1:
                raise Killed

        try:
            with noticing(die):
                self.deliver(file, at)
        except Killed:
            # What it had open is in the middle of something.
            self.close()
            self.connection = pipeline_connection(self._url)
            return True
        return False

    def close(self) -> None:
        """End its connections."""
        for box in self._boxes.values():
            box.close()
        self._boxes.clear()
        self.connection.close()


class Sleeper:
    """A delivery in a thread that waits at a packet of its own until it is woken."""

    def __init__(self, worker: Worker, packet: int, file: StoredFile, at: str) -> None:
        self._go = threading.Event()
        self._waits = threading.Event()
        self.error: BaseException | None = None
        left = packet

        def sleep(kind: str) -> None:
            nonlocal left
            # In the middle of an exchange with the database it would hold a lock.
            left -= kind == "server"
            if left == -1 and kind == "server":
                self._waits.set()
                assert self._go.wait(60)

        def work() -> None:
            try:
                with noticing(sleep):
                    worker.deliver(file, at)
            except BaseException as error:
                self.error = error
            finally:
                self._waits.set()

        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()
        assert self._waits.wait(60)

    def wake(self) -> None:
        """Let it go on to its end."""
        self._go.set()
        self._thread.join(60)
        assert not self._thread.is_alive()
        if self.error is not None:
            raise self.error


@contextmanager
def noticed_moments() -> Iterator[None]:
    """While this lasts, `noticing` works."""

    def noticed(function: Callable[..., Any], kind: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            notice: Notice | None = getattr(_local, "notice", None)
            if notice is None:
                return function(*arguments, **named)
            notice(kind)
            result = function(*arguments, **named)
            notice(kind)
            return result

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Connection, "wait", noticed(psycopg.Connection.wait, "database"))
        for name in ("_send_packet", "_read_packet"):
            patch.setattr(BaseSFTP, name, noticed(getattr(BaseSFTP, name), "server"))
        yield


@contextmanager
def noticing(notice: Notice) -> Iterator[None]:
    """Call `notice` at every moment of this thread."""
    _local.notice = notice
    try:
        yield
    finally:
        _local.notice = None


def deliver_and_be_killed(url: str, address: Address, moment: int, file: StoredFile, at: str) -> None:
    """What a process does that is killed at the moment of this number while it delivers a file."""
    with noticed_moments():
        worker = Worker(url, address, 1)
        with noticing(_Death(moment)):
            worker.deliver(file, at)


def deliver_night_and_be_killed(url: str, address: Address, moment: int, attempt_id: int) -> None:
    """What the task of a night does whose process is killed at the moment of this number."""
    with noticed_moments():
        worker = Worker(url, address, 20)
        with noticing(_Death(moment)):
            worker.deliver_night(attempt_id)


class _Death:
    def __init__(self, moment: int) -> None:
        self.left = moment

    def __call__(self, _: str) -> None:
        self.left -= 1
        if self.left == -1:
            os.kill(os.getpid(), signal.SIGKILL)
