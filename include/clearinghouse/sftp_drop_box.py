"""A drop box on an SFTP server.

Only plain rename places a file: it refuses a name that exists. The extension posix-rename, and whatever falls back to
copying, replaces the file there without a word.

Servers speak version 3 of the protocol, whose answers are few: a rename to a taken name, a full disk and a forbidden
name are all "Failure". What a refusal means is found out by asking for the file.
"""

from __future__ import annotations

import errno
import hashlib
import io
import posixpath
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final

import paramiko

from include.clearinghouse.drop_box import (
    DropBoxFault,
    DropBoxSettings,
    FaultCode,
    FoundFile,
    ListedFile,
    check_file_name,
    is_finished,
)

#: Reads that are asked for before the first has come: 64 requests of 32 kB, as many as OpenSSH's own client has open.
_AHEAD: Final = 64 * 32_768
#: How long an answer may take where the client says nothing.
_SECONDS: Final = 60.0
#: Slower than this, an upload is given up.
_BYTES_PER_SECOND: Final = 16_384

_Meaning = tuple[FaultCode, str]

_LOST: Final[_Meaning] = (
    "connection_lost",
    "the connection broke off, or the server does not speak SSH. The next try connects anew; if it stays so, ask the "
    "receiver",
)
_SLOW: Final[_Meaning] = (
    "timed_out",
    "the server did not answer in time. The next try connects anew; for a slow server raise conn_timeout or "
    "cmd_timeout (seconds) in the connection's extra",
)
_FULL: Final[_Meaning] = (
    "disk_full",
    "the server broke off writing: its disk is full or our quota used up. Ask the receiver to make room",
)
_FORBIDDEN: Final[_Meaning] = ("no_permission", "the server does not allow it to our login. Ask the receiver")
_FOLDER_MISSING: Final[_Meaning] = (
    "folder_missing",
    "the folder does not exist. Correct claims_folder, answers_folder or temporary_folder in billing.receiver",
)
_NAME_TAKEN: Final[_Meaning] = (
    "name_taken",
    "the folder holds another file of this name by now; nothing was overwritten. Have the receiver compare and remove "
    "the wrong one, then deliver again",
)


class SftpDropBox:
    """A drop box over the client that `open_client` opens: at the first call, and again after a fault.

    `open_client` raises what paramiko and the operating system raise; see `open_sftp_client`.
    """

    def __init__(
        self, settings: DropBoxSettings, open_client: Callable[[], AbstractContextManager[paramiko.SFTPClient]]
    ) -> None:
        self.description = f"sftp {settings.connection_id}"
        self._settings = settings
        self._is_direct = settings.upload_pattern == "direct"
        self._temporary = settings.claims_folder
        if settings.upload_pattern == "directory":
            if not settings.temporary_folder:
                raise DropBoxFault("misconfigured", "billing.receiver.temporary_folder is empty: name the folder")
            self._temporary = settings.temporary_folder
        self._open_client = open_client
        self._connection = ExitStack()
        self._client: Any = None

    def close(self) -> None:
        """Ends the connection, if there is one. The next call opens another."""
        self._client = None
        with suppress(Exception):  # one that is broken need not close well
            self._connection.close()

    def find_claim_file(self, file_name: str) -> FoundFile | None:
        path = self._claim_path(file_name)
        with self._connected(f"{file_name} could not be looked for in", self._settings.claims_folder) as client:
            try:
                size: int | None = client.stat(path).st_size
            except FileNotFoundError:
                _check_folder(client, self._settings.claims_folder)
                return None
            try:
                digest = _sha256(client, path) if self._settings.can_read_back else None
            except FileNotFoundError:  # collected between the two questions: it was there
                digest = None
        return FoundFile(size or 0, digest)

    def upload(self, file_name: str, attempt_count: int, body: bytes) -> None:
        check_file_name(file_name)
        if self._is_direct:
            return
        temporary = self._temporary_path(file_name, attempt_count)
        with self._connected(f"{file_name} was not delivered into", self._temporary) as client:
            if attempt_count > 1:
                self._remove_leftovers(client, file_name, attempt_count)
            self._write(client, temporary, "w", body)
            try:
                self._verify(client, temporary, body)
            except FileNotFoundError:
                raise _Told(
                    "temporary_taken",
                    "the uploaded temporary file is not there: the receiver collects unfinished files. Agree on another"
                    " temporary_suffix or upload_pattern with it, and ask what it has received",
                ) from None

    def place(self, file_name: str, attempt_count: int, body: bytes) -> None:
        final = self._claim_path(file_name)
        with self._connected(f"{file_name} was not delivered into", self._settings.claims_folder) as client:
            # Only for servers that break the protocol and replace; what decides is that the others refuse.
            if _exists(client, final):
                raise _Told(*_NAME_TAKEN)
            if self._is_direct:
                self._write_in_place(client, final, body)
            else:
                self._rename(client, self._temporary_path(file_name, attempt_count), final)

    def _rename(self, client: Any, temporary: str, final: str) -> None:
        try:
            client.rename(temporary, final)
        except OSError as error:
            if not _is_refusal(error, client):
                raise
            if _exists(client, final):
                raise _Told(*_NAME_TAKEN) from None
            _check_folder(client, self._settings.claims_folder)
            if not _exists(client, temporary):
                raise _Told(
                    "rename_refused",
                    "its temporary file is gone. A newer attempt has cancelled this one, or the receiver has removed "
                    "it; the next run delivers again",
                ) from None
            raise _Told(
                "rename_refused",
                "the server does not rename the uploaded file to its final name. Ask the receiver for permission to "
                "rename; temporary_folder must lie on the same disk; else agree on upload_pattern direct",
            ) from None

    def _write_in_place(self, client: Any, final: str, body: bytes) -> None:
        try:
            self._write(client, final, "wx", body)
            with suppress(FileNotFoundError):  # collected already
                self._verify(client, final, body)
        except _NotOpened:
            if _exists(client, final):
                raise _Told(*_NAME_TAKEN) from None
            raise
        except BaseException:
            # Ours, and not whole: nobody should collect it.
            if not _is_lost(client):
                with suppress(Exception):
                    client.remove(final)
            raise

    def cancel(self, file_name: str, attempt_count: int) -> bool:
        check_file_name(file_name)
        if self._is_direct:
            return False
        with self._connected(f"the temporary file of {file_name} could not be removed from", self._temporary) as client:
            if self._take_away(client, file_name, attempt_count):
                return True
            _check_folder(client, self._temporary)
        return False

    def list_claim_files(self) -> list[ListedFile]:
        return self._list(self._settings.claims_folder, self._settings.temporary_suffix)

    def read_claim_file(self, file_name: str) -> bytes:
        with self._connected(f"{file_name} could not be read in", self._settings.claims_folder) as client:
            return _read(client, self._claim_path(file_name))

    def list_answers(self) -> list[ListedFile]:
        return self._list(self._settings.answers_folder)

    def read_answer(self, file_name: str) -> bytes:
        # Without its name: the receiver chose that.
        with self._connected("a file could not be read in", self._settings.answers_folder) as client:
            return _read(client, self._answer_path(file_name))

    def remove_answer(self, file_name: str) -> None:
        with (
            self._connected("a file could not be removed from", self._settings.answers_folder) as client,
            suppress(FileNotFoundError),
        ):
            client.remove(self._answer_path(file_name))

    # Names

    def _claim_path(self, file_name: str) -> str:
        return posixpath.join(self._settings.claims_folder, check_file_name(file_name))

    def _answer_path(self, file_name: str) -> str:
        return posixpath.join(self._settings.answers_folder, check_file_name(file_name))

    def _temporary_path(self, file_name: str, attempt_count: int) -> str:
        return posixpath.join(self._temporary, f"{file_name}.{attempt_count}{self._settings.temporary_suffix}")

    def _remove_leftovers(self, client: Any, file_name: str, attempt_count: int) -> None:
        """Take away what older attempts left, so that none of them can place it any more.

        By name: not every server lets us list.
        """
        for older in range(1, attempt_count):
            self._take_away(client, file_name, older)

    def _take_away(self, client: Any, file_name: str, attempt_count: int) -> bool:
        """Whether the temporary file was there; it is gone now, or has another name where nothing may be removed.

        That name still looks unfinished: a receiver must not collect it.
        """
        temporary, suffix = self._temporary_path(file_name, attempt_count), self._settings.temporary_suffix
        try:
            client.remove(temporary)
        except FileNotFoundError:
            return False
        except OSError as error:
            if not _is_refusal(error, client):
                raise
            # Some refuse without looking.
            if not _exists(client, temporary):
                return False
            client.rename(temporary, temporary.removesuffix(suffix) + ".cancelled" + suffix)
        return True

    # Bytes

    def _write(self, client: Any, path: str, mode: str, body: bytes) -> None:
        """Write a file. Raises `_NotOpened` when the server refuses to create it."""
        seconds = (client.get_channel().gettimeout() or _SECONDS) + len(body) / _BYTES_PER_SECOND
        with _ended_after(seconds, client.get_channel().get_transport()):
            try:
                file = client.open(path, mode)
            except OSError as error:
                if _is_refusal(error, client):
                    raise _NotOpened(error) from None
                raise
            try:
                with file:
                    # Not waiting for the answer to each block: half a minute for a big file over a long line.
                    file.set_pipelined(True)
                    file.write(body[:-1])
                    # paramiko forgets the answers that are still to come when it closes a file; a write that is not
                    # pipelined waits for all of them, and raises a refusal.
                    file.set_pipelined(False)
                    file.write(body[-1:])
            except OSError as error:
                if _is_refusal(error, client) and error.errno is None:
                    raise _Told(*_FULL) from None
                raise

    def _verify(self, client: Any, path: str, body: bytes) -> None:
        size = client.stat(path).st_size
        if size != len(body):
            raise _Told(
                "verification_failed",
                f"the server holds {size} of {len(body)} bytes: its disk may be full, or the upload broke off. The next"
                " run delivers again",
            )
        if not self._settings.can_read_back:
            return
        try:
            digest = _sha256(client, path)
        except PermissionError:
            raise _Told(
                "no_permission",
                "the server does not let us read what we uploaded. Set can_read_back to false in billing.receiver: "
                "then the size is compared",
            ) from None
        if digest != hashlib.sha256(body).hexdigest():
            raise _Told(
                "verification_failed",
                "the server holds other bytes than were sent (SHA-256 differs). The next run delivers again; if it "
                "stays so, ask the receiver: a transfer in text mode does this",
            )

    def _list(self, folder: str, temporary_suffix: str = "") -> list[ListedFile]:
        with self._connected("the files could not be listed in", folder) as client:
            listed = [
                ListedFile(entry.filename, entry.st_size or 0, datetime.fromtimestamp(entry.st_mtime or 0, UTC))
                for entry in client.listdir_attr(folder or ".")
                if is_finished(entry.filename, temporary_suffix)
                and (entry.st_mode is None or stat.S_ISREG(entry.st_mode))
            ]
        return sorted(listed, key=lambda file: file.name)

    # Connection and faults

    @contextmanager
    def _connected(self, what: str, folder: str) -> Iterator[Any]:
        """The client; every error that crosses this border becomes a `DropBoxFault` and ends the connection.

        Whatever the server or a library says stays behind: it may quote a key, a login or a name.
        """
        place = f"{what} {folder or 'the folder of our login'} ({self.description})"
        is_open = False
        try:
            if self._client is None or _is_lost(self._client):
                self.close()
                self._connection = ExitStack()
                self._client = self._connection.enter_context(self._open_client())
            is_open = True
            yield self._client
            return
        except _Told as told:
            meaning = told.meaning
        except (OSError, EOFError, paramiko.SSHException, paramiko.SFTPError, UnicodeError) as error:
            meaning = _meaning_of(error, self._client) if is_open else _meaning_at_opening(error)
        self.close()
        fault = DropBoxFault(meaning[0], f"{place}: {meaning[1]}")
        # The caller's with statement is still handling the original, so Python attaches it as context, and a log
        # would print it.
        try:
            raise fault
        finally:
            fault.__context__ = None


class _Told(Exception):
    """A fault whose meaning is known where it arises."""

    def __init__(self, code: FaultCode, words: str) -> None:
        super().__init__(code, words)
        self.meaning: _Meaning = (code, words)


class _NotOpened(_Told):
    """The server refuses to create a file."""

    def __init__(self, error: OSError) -> None:
        code, words = _meaning_of(error, None)
        if error.errno is None:
            words = f"the server refuses to create the file: does it allow this name? {words}"
        super().__init__(code, words)


def open_sftp_client(ssh: paramiko.SSHClient, seconds: float) -> paramiko.SFTPClient:
    """A client over a connection that is logged in. No request waits longer than `seconds` for its answer.

    `SSHClient.open_sftp` waits an hour for the channel, and for ever for the server's first word.
    """
    transport = ssh.get_transport()
    if transport is None:
        raise paramiko.SSHException("not connected")
    with _ended_after(seconds, transport):
        channel = transport.open_session()
        channel.settimeout(seconds)
        channel.invoke_subsystem("sftp")
        return paramiko.SFTPClient(channel)


@contextmanager
def _ended_after(seconds: float, transport: Any) -> Iterator[None]:
    """Ends the connection when the block takes longer, and raises `TimeoutError`.

    A timeout on the channel does not reach all: not the request for a subsystem, nor writing to a server that has
    stopped to read.
    """
    is_over = threading.Event()

    def end() -> None:
        is_over.set()
        transport.close()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, EOFError, paramiko.SSHException):
        if is_over.is_set():
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()


def _is_lost(client: Any) -> bool:
    channel = client.get_channel()
    return bool(channel.closed) or not channel.get_transport().is_active()


def _is_refusal(error: OSError, client: Any) -> bool:
    """Whether the server answered and said no, and not the network."""
    return not isinstance(error, TimeoutError | ConnectionError) and not _is_lost(client)


def _exists(client: Any, path: str) -> bool:
    try:
        client.stat(path)
    except FileNotFoundError:
        return False
    return True


def _check_folder(client: Any, folder: str) -> None:
    """Raises when the folder is not there: then that a file is not there means nothing."""
    client.stat(folder or ".")


def _blocks(client: Any, path: str) -> Iterator[bytes]:
    with client.open(path, "r") as file:
        size = file.stat().st_size or 0
        for start in range(0, size, _AHEAD):
            yield from file.readv([(start, min(_AHEAD, size - start))])
        while block := file.read(io.DEFAULT_BUFFER_SIZE):  # it has grown since
            yield block


def _read(client: Any, path: str) -> bytes:
    return b"".join(_blocks(client, path))


def _sha256(client: Any, path: str) -> str:
    digest = hashlib.sha256()
    for block in _blocks(client, path):
        digest.update(block)
    return digest.hexdigest()


def _meaning_of(error: BaseException, client: Any) -> _Meaning:
    """What an error says that came over an open connection."""
    if isinstance(error, TimeoutError):
        return _SLOW
    if isinstance(error, UnicodeError):
        return "misconfigured", "a file's name there is not UTF-8. Ask the receiver to rename it"
    if not isinstance(error, OSError) or isinstance(error, ConnectionError) or (client and _is_lost(client)):
        return _LOST
    if error.errno == errno.ENOENT:
        return _FOLDER_MISSING
    text = str(error).lower()
    return _FULL if "space" in text or "quota" in text else _FORBIDDEN


def _meaning_at_opening(error: BaseException) -> _Meaning:
    """What an error says that came while connecting and logging in."""
    text = str(error)
    if isinstance(error, paramiko.BadHostKeyException) or "not found in known_hosts" in text:
        return (
            "host_key_changed",
            "the server's host key is not the one we know, so nothing was sent. Ask the receiver, by another way, "
            "whether its key has changed; only then put the new one into host_key in the connection's extra",
        )
    if isinstance(error, paramiko.PasswordRequiredException):
        return "misconfigured", "the private key is locked: put private_key_passphrase into the connection's extra"
    if isinstance(error, paramiko.IncompatiblePeer):
        return "misconfigured", "the server offers no method of encryption that we know. Ask the receiver"
    if isinstance(error, paramiko.ChannelException):
        return "no_permission", "the server lets us in but offers our login no SFTP. Ask the receiver"
    # paramiko reports a connection that breaks off during the login as a login refused.
    is_login = isinstance(error, paramiko.AuthenticationException) and "saw EOF" not in text
    if isinstance(error, TimeoutError) or (is_login and "timeout" in text):
        return _SLOW
    if is_login or "No authentication methods" in text:
        return (
            "login_refused",
            "the server refuses our login. Check login and password, or private_key or key_file, of the connection; "
            "ask the receiver whether the account is open",
        )
    if isinstance(error, paramiko.ssh_exception.NoValidConnectionsError | ConnectionRefusedError | socket.gaierror):
        return "unreachable", "the server is not reachable. Check host and port of the connection, and the network"
    if isinstance(error, FileNotFoundError | PermissionError):
        return "misconfigured", "the key_file of the connection's extra cannot be read on this worker"
    if isinstance(error, OSError) and not isinstance(error, ConnectionError):
        return "unreachable", "the network does not lead to the server. Check host and port of the connection"
    return _LOST
