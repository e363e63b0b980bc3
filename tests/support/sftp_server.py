"""A real SFTP server on 127.0.0.1 that fails where a test tells it to.

A fault is armed, happens once at its place, and is gone; armed faults of one place happen in the order of arming. What
the receiver always does is an attribute: whether it collects files at once, refuses reading, knows posix-rename.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

import asyncssh
from asyncssh.sftp import FXF_READ, FXF_WRITE

from include.clearinghouse.drop_box import is_finished


class Fault(Enum):
    """What may be armed. CUT: the connection ends without a word."""

    LOGIN_REFUSED = auto()
    CUT_AT_LOGIN = auto()
    SILENT_SFTP = auto()  # logged in, and never a word about files
    CUT_AT_OPEN = auto()  # of a file that is to be written
    OPEN_REFUSED = auto()  # of a file that is to be written
    DISK_FULL = auto()  # after_bytes of the next file are written, then writing fails
    CUT_WHILE_WRITING = auto()  # after_bytes of the next file are written
    WRITTEN_OTHERWISE = auto()  # the first byte of the next file is another one than was sent
    WRITTEN_SHORT = auto()  # the last byte of each write of the next file is acknowledged and lost
    CUT_AT_CLOSE = auto()  # the file is whole and closed, the answer does not arrive
    CUT_AT_STAT = auto()
    CUT_AT_READ = auto()
    CUT_AT_LIST = auto()
    CUT_BEFORE_REMOVE = auto()
    CUT_AFTER_REMOVE = auto()
    CUT_BEFORE_RENAME = auto()
    CUT_AFTER_RENAME = auto()  # the file has its new name, the answer does not arrive
    RENAME_REFUSED = auto()
    SLOW = auto()  # the next open, stat, rename or removal is done after `seconds`
    SLOW_RENAME = auto()  # the next rename is done after `seconds`, if the client still waits


_RENAME = (Fault.CUT_BEFORE_RENAME, Fault.CUT_AFTER_RENAME, Fault.RENAME_REFUSED)
_REMOVE = (Fault.CUT_BEFORE_REMOVE, Fault.CUT_AFTER_REMOVE)
_OPEN = (Fault.CUT_AT_OPEN, Fault.OPEN_REFUSED)
_WRITE = (Fault.DISK_FULL, Fault.CUT_WHILE_WRITING, Fault.WRITTEN_OTHERWISE, Fault.WRITTEN_SHORT)


@dataclass(frozen=True)
class Armed:
    fault: Fault
    after_bytes: int
    seconds: float


class SftpServer:
    """The server; `serving` starts and stops one.

    `folder` is what the login sees as /. It holds `claims_folder`, `temporary` and `answers`. Whoever collects moves
    finished claim files to `store`, which no client sees: `collected` lists all of them in order as (name, bytes), so a
    file that was delivered twice is there twice.
    """

    login = "practice"
    password = "SECRETMARK-password"
    claims_folder = "claims"
    temporary_folder = "temporary"
    answers_folder = "answers"

    def __init__(self, directory: Path) -> None:
        self.folder = directory / "server"
        self.store = directory / "collected"
        for folder in (self.claims, self.answers, self.folder / self.temporary_folder, self.store):
            folder.mkdir(parents=True)
        self.collected: list[tuple[str, bytes]] = []
        self.removes_at_once = False
        self.refuses_reads = False  # of claim files
        self.refuses_removes = False
        self.has_posix_rename = False
        self.replaces_at_rename = False  # against the protocol
        self.requests: list[str] = []
        self.port = 0
        self.client_key = asyncssh.generate_private_key("ssh-ed25519")
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._armed: list[Armed] = []
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._acceptor: Any = None
        self._open: set[Any] = set()

    # For tests

    @property
    def claims(self) -> Path:
        return self.folder / self.claims_folder

    @property
    def answers(self) -> Path:
        return self.folder / self.answers_folder

    @property
    def host_key(self) -> str:
        """The public key as the extra host_key of an Airflow connection has it."""
        return " ".join(self._host_key.export_public_key().decode().split()[:2])

    @property
    def private_key(self) -> str:
        """The key that logs in as well as the password."""
        return str(self.client_key.export_private_key().decode())

    def connection(self, **extra: Any) -> str:
        """The Airflow connection as JSON, with password and host key unless `extra` says otherwise."""
        extra = {"host_key": self.host_key, "look_for_keys": "false"} | extra
        return json.dumps(
            {
                "conn_type": "sftp",
                "host": "127.0.0.1",
                "port": self.port,
                "login": self.login,
                "password": None if "private_key" in extra or "key_file" in extra else self.password,
                "extra": {name: value for name, value in extra.items() if value is not None},
            }
        )

    def arm(self, fault: Fault, *, after_bytes: int = 0, seconds: float = 0.0) -> None:
        """Let the fault happen once, the next time its place is reached."""
        with self._lock:
            self._armed.append(Armed(fault, after_bytes, seconds))

    @property
    def armed(self) -> list[Fault]:
        """What has not happened yet."""
        with self._lock:
            return [one.fault for one in self._armed]

    def disarm(self) -> None:
        with self._lock:
            self._armed.clear()

    def collect(self) -> None:
        """Collect every finished claim file now."""
        for path in sorted(self.claims.iterdir()):
            self._collect(path)

    def drop_connections(self) -> None:
        """End all connections, as a firewall does with idle ones."""
        self._run(self._abort_all())

    def change_host_key(self) -> None:
        """Restart with another host key on the same port."""
        self.stop()
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.start()

    def start(self) -> None:
        if not self._thread.is_alive():
            self._thread.start()
        self._acceptor = self._run(
            asyncssh.listen(
                "127.0.0.1",
                self.port,
                server_factory=lambda: _Login(self),
                server_host_keys=[self._host_key],
                sftp_factory=self._files,
                process_factory=None,
                login_timeout=10,
            )
        )
        self.port = self._acceptor.get_port()

    def stop(self) -> None:
        """Take no more connections and end those that are open."""
        acceptor, self._acceptor = self._acceptor, None
        if acceptor is not None:
            self._run(_closed(acceptor))
        self.drop_connections()

    def end(self) -> None:
        self.stop()
        self._run(self._cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    # For the server's own classes

    def take(self, *faults: Fault) -> Armed | None:
        """The first armed one of these, which is then gone."""
        with self._lock:
            for one in self._armed:
                if one.fault in faults:
                    self._armed.remove(one)
                    return one
        return None

    def taken(self, fault: Fault) -> bool:
        return self.take(fault) is not None

    def finished(self, path: Path) -> None:
        """A file has its final name and is whole."""
        if self.removes_at_once:
            self._collect(path)

    def is_claim(self, path: Path) -> bool:
        return path.parent == self.claims and is_finished(path.name)

    def _collect(self, path: Path) -> None:
        if self.is_claim(path) and path.is_file():
            self.collected.append((path.name, path.read_bytes()))
            os.replace(path, self.store / f"{len(self.collected):04d}_{path.name}")

    async def _files(self, channel: Any) -> Any:
        if self.taken(Fault.SILENT_SFTP):
            await asyncio.Event().wait()
        return _Files(channel, self)

    def _run(self, work: Awaitable[Any]) -> Any:
        async def awaited() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result(20)

    async def _abort_all(self) -> None:
        for connection in list(self._open):
            connection.abort()

    async def _cancel_all(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _closed(acceptor: Any) -> None:
    acceptor.close()
    await acceptor.wait_closed()


@contextmanager
def serving(directory: Path) -> Iterator[SftpServer]:
    """A server over new folders below the directory."""
    server = SftpServer(directory)
    server.start()
    try:
        yield server
    finally:
        server.end()


class _Login(asyncssh.SSHServer):
    def __init__(self, server: SftpServer) -> None:
        self._server = server

    def connection_made(self, conn: Any) -> None:
        self._connection = conn
        self._server._open.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server._open.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        if self._server.taken(Fault.CUT_AT_LOGIN):
            self._connection.abort()
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        known = (self._server.login, self._server.password)
        return not self._server.taken(Fault.LOGIN_REFUSED) and (username, password) == known

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: Any) -> bool:
        return username == self._server.login and key == self._server.client_key.convert_to_public()


class _Files(asyncssh.SFTPServer):
    """The files of one connection."""

    def __init__(self, chan: Any, server: SftpServer) -> None:
        super().__init__(chan, chroot=os.fsencode(server.folder))
        self._server = server
        self._written: dict[Any, Path] = {}
        self._failing: dict[Any, Armed] = {}
        self._is_cut = False

    def _path(self, path: bytes) -> Path:
        return Path(os.fsdecode(self.map_path(path)))

    def _note(self, request: str, *paths: bytes) -> None:
        self._server.requests.append(" ".join([request, *(os.fsdecode(path) for path in paths)]))

    def _cut(self) -> Exception:
        self._is_cut = True
        self.connection.abort()
        return asyncssh.SFTPConnectionLost("cut")

    async def _wait(self, *also: Fault) -> None:
        slow = self._server.take(Fault.SLOW, *also)
        if slow is not None:
            await asyncio.sleep(slow.seconds)

    async def open(self, path: bytes, pflags: int, attrs: Any) -> Any:
        await self._wait()
        where = self._path(path)
        if not pflags & FXF_WRITE:
            self._note("read", path)
            if self._server.taken(Fault.CUT_AT_READ):
                raise self._cut()
            if self._server.refuses_reads and pflags & FXF_READ and where.parent != self._server.answers:
                raise asyncssh.SFTPPermissionDenied("no reading")
            return super().open(path, pflags, attrs)
        self._note("write", path)
        armed = self._server.take(*_OPEN)
        if armed is not None:
            raise self._cut() if armed.fault is Fault.CUT_AT_OPEN else asyncssh.SFTPFailure("Failure")
        file: Any = super().open(path, pflags, attrs)
        self._written[file] = where
        failing = self._server.take(*_WRITE)
        if failing is not None:
            self._failing[file] = failing
        return file

    def write(self, file_obj: Any, offset: int, data: bytes) -> Any:
        failing = self._failing.get(file_obj)
        if failing is None:
            return super().write(file_obj, offset, data)
        if failing.fault is Fault.WRITTEN_OTHERWISE:
            first = bytes([data[0] ^ 1]) if offset == 0 and data else data[:1]
            return super().write(file_obj, offset, first + data[1:])
        if failing.fault is Fault.WRITTEN_SHORT:
            super().write(file_obj, offset, data[:-1])
            return len(data)
        fits = max(0, failing.after_bytes - offset)
        if len(data) <= fits:
            return super().write(file_obj, offset, data)
        super().write(file_obj, offset, data[:fits])
        if failing.fault is Fault.CUT_WHILE_WRITING:
            raise self._cut()
        raise asyncssh.SFTPFailure("Failure")

    def close(self, file_obj: Any) -> Any:
        path = self._written.pop(file_obj, None)
        failing = self._failing.pop(file_obj, None)
        super().close(file_obj)
        if path is None or self._is_cut or self.channel.is_closing():
            return
        if failing is None or failing.fault not in (Fault.DISK_FULL, Fault.CUT_WHILE_WRITING):
            self._server.finished(path)
        if self._server.taken(Fault.CUT_AT_CLOSE):
            raise self._cut()

    async def stat(self, path: bytes) -> Any:
        self._note("stat", path)
        if self._server.taken(Fault.CUT_AT_STAT):
            raise self._cut()
        await self._wait()
        return super().stat(path)

    async def scandir(self, path: bytes) -> Any:
        self._note("list", path)
        if self._server.taken(Fault.CUT_AT_LIST):
            raise self._cut()
        async for entry in super().scandir(path):
            yield entry

    async def remove(self, path: bytes) -> None:
        self._note("remove", path)
        await self._wait()
        armed = self._server.take(*_REMOVE)
        if armed is not None and armed.fault is Fault.CUT_BEFORE_REMOVE:
            raise self._cut()
        if self._server.refuses_removes:
            raise asyncssh.SFTPPermissionDenied("no removing")
        super().remove(path)
        if armed is not None:
            raise self._cut()

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        self._note("rename", oldpath, newpath)
        await self._wait(Fault.SLOW_RENAME)
        armed = self._server.take(*_RENAME)
        if armed is not None and armed.fault is Fault.RENAME_REFUSED:
            raise asyncssh.SFTPFailure("Failure")
        if armed is not None and armed.fault is Fault.CUT_BEFORE_RENAME:
            raise self._cut()
        if self._server.replaces_at_rename:
            super().posix_rename(oldpath, newpath)
        else:
            super().rename(oldpath, newpath)
        self._server.finished(self._path(newpath))
        if armed is not None:
            raise self._cut()

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        self._note("posix-rename", oldpath, newpath)
        if not self._server.has_posix_rename:
            raise asyncssh.SFTPOpUnsupported("posix-rename")
        super().posix_rename(oldpath, newpath)
        self._server.finished(self._path(newpath))
