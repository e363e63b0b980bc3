"""Delivery over SFTP to a real server that refuses, breaks off, fills up, replaces and forgets at chosen moments."""

from __future__ import annotations

import base64
import hashlib
import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import paramiko
import pytest

from include.clearinghouse import sftp_drop_box
from include.clearinghouse.drop_box import DropBoxFault, DropBoxSettings, FoundFile
from include.clearinghouse.sftp_drop_box import SftpDropBox, open_sftp_client
from tests.support.sftp_server import Fault, SftpServer, serving

NAME = "SUBM01_000000001_0a1b2c3d.837"
#: Several blocks.
BODY = b"ISA*00~CLM*SECRETMARK~IEA*1~" * 5000
TEMPORARY = f"{NAME}.1.tmp"
CANCELLED = f"{NAME}.1.cancelled.tmp"
FOUND = FoundFile(len(BODY), hashlib.sha256(BODY).hexdigest())

SETTINGS = DropBoxSettings(
    receiver_code="default",
    delivery_method="sftp",
    connection_id="clearinghouse",
    claims_folder="claims",
    answers_folder="answers",
    upload_pattern="suffix",
    temporary_suffix=".tmp",
    temporary_folder=None,
    can_read_back=True,
)


@pytest.fixture(scope="module")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    with serving(tmp_path_factory.mktemp("receiver")) as server:
        yield server


@pytest.fixture
def server(one_server: SftpServer) -> Iterator[SftpServer]:
    """The server with empty folders and without faults."""
    yield one_server
    one_server.disarm()
    one_server.collected.clear()
    one_server.requests.clear()
    for path in one_server.folder.rglob("*"):
        if path.is_file():
            path.unlink()
    one_server.removes_at_once = one_server.refuses_reads = one_server.refuses_removes = False
    one_server.has_posix_rename = one_server.replaces_at_rename = False


def clients(
    server: SftpServer, *, seconds: float = 20, **login: Any
) -> Callable[[], AbstractContextManager[paramiko.SFTPClient]]:
    """What opens a client that knows the server's key of now."""
    host_key = paramiko.Ed25519Key(data=base64.b64decode(server.host_key.split()[1]))
    login = {"username": server.login, "password": server.password} | login

    @contextmanager
    def open_client() -> Iterator[paramiko.SFTPClient]:
        with closing(paramiko.SSHClient()) as ssh:
            ssh.get_host_keys().add(f"[127.0.0.1]:{server.port}", "ssh-ed25519", host_key)
            ssh.connect("127.0.0.1", server.port, timeout=20, allow_agent=False, look_for_keys=False, **login)
            with closing(open_sftp_client(ssh, seconds)) as client:
                yield client

    return open_client


Boxes = Callable[..., SftpDropBox]


@pytest.fixture
def box_with(server: SftpServer) -> Iterator[Boxes]:
    """Opens drop boxes on the server; arguments are settings, and `seconds`."""
    opened: list[SftpDropBox] = []

    def open_box(*, seconds: float = 20, **settings: Any) -> SftpDropBox:
        opened.append(SftpDropBox(replace(SETTINGS, **settings), clients(server, seconds=seconds)))
        return opened[-1]

    yield open_box
    for box in opened:
        box.close()


@pytest.fixture
def box(box_with: Boxes) -> SftpDropBox:
    return box_with()


def deliver(box: SftpDropBox, attempt_count: int = 1, body: bytes = BODY) -> None:
    box.upload(NAME, attempt_count, body)
    box.place(NAME, attempt_count, body)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fault_of(work: Callable[[], object], code: str, words: str) -> DropBoxFault:
    """The fault that the work ends with; it says nothing that is to stay here."""
    with pytest.raises(DropBoxFault, match=words) as failure:
        work()
    assert failure.value.code == code
    assert "clearinghouse" in str(failure.value)
    shown = "".join(traceback.format_exception(failure.value))
    assert "SECRETMARK" not in shown and "practice" not in str(failure.value) and "AAAA" not in shown
    assert failure.value.__cause__ is failure.value.__context__ is None
    return failure.value


# What goes well


@pytest.mark.parametrize("size", [0, 1, 2, 32_768, 32_769, 130 * 32_768])
def test_a_file_of_any_size_is_placed_whole_under_its_name_only(
    server: SftpServer, box: SftpDropBox, size: int
) -> None:
    body = (BODY * 40)[:size]
    deliver(box, body=body)
    assert names(server.claims) == [NAME]
    assert (server.claims / NAME).read_bytes() == body
    assert box.find_claim_file(NAME) == FoundFile(size, hashlib.sha256(body).hexdigest())
    assert box.read_claim_file(NAME) == body


def test_until_it_is_placed_a_file_has_a_temporary_name_that_carries_the_attempt(
    server: SftpServer, box: SftpDropBox
) -> None:
    box.upload(NAME, 1, BODY)
    assert names(server.claims) == [TEMPORARY]
    assert box.find_claim_file(NAME) is None
    assert box.list_claim_files() == []


def test_a_temporary_folder_takes_the_file_first(server: SftpServer, box_with: Boxes) -> None:
    box = box_with(upload_pattern="directory", temporary_folder="temporary", temporary_suffix=".part")
    box.upload(NAME, 3, BODY)
    assert (names(server.folder / "temporary"), names(server.claims)) == ([f"{NAME}.3.part"], [])
    box.place(NAME, 3, BODY)
    assert (names(server.folder / "temporary"), names(server.claims)) == ([], [NAME])


def test_a_receiver_that_waits_until_a_file_is_whole_gets_it_under_its_name_at_once(
    server: SftpServer, box_with: Boxes
) -> None:
    box = box_with(upload_pattern="direct")
    box.upload(NAME, 1, BODY)
    assert names(server.claims) == []
    box.place(NAME, 1, BODY)
    assert box.find_claim_file(NAME) == FOUND
    assert not any(request.startswith("rename") for request in server.requests)


@pytest.mark.parametrize("pattern", ["suffix", "direct"])
def test_a_file_that_is_collected_at_once_is_delivered(server: SftpServer, box_with: Boxes, pattern: str) -> None:
    server.removes_at_once = True
    box = box_with(upload_pattern=pattern)
    deliver(box)
    assert server.collected == [(NAME, BODY)]
    assert box.find_claim_file(NAME) is None


def test_what_may_not_be_read_is_compared_by_size(server: SftpServer, box_with: Boxes) -> None:
    server.refuses_reads = True
    box = box_with(can_read_back=False)
    deliver(box)
    assert box.find_claim_file(NAME) == FoundFile(len(BODY), None)


def test_a_private_key_logs_in_as_well(server: SftpServer, tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    key_file.write_text(server.private_key)
    with closing(SftpDropBox(SETTINGS, clients(server, password=None, key_filename=str(key_file)))) as box:
        deliver(box)
    assert names(server.claims) == [NAME]


def test_empty_folders_are_the_folder_of_the_login(server: SftpServer, box_with: Boxes) -> None:
    box = box_with(claims_folder="", answers_folder="")
    deliver(box)
    (server.folder / "answer.999").write_bytes(b"ISA")
    assert [file.name for file in box.list_claim_files()] == [NAME, "answer.999"]
    assert [file.name for file in box.list_answers()] == [NAME, "answer.999"]


def test_one_connection_serves_many_calls_and_a_dropped_one_is_replaced(server: SftpServer) -> None:
    opened = 0
    open_client = clients(server)

    @contextmanager
    def counted() -> Iterator[paramiko.SFTPClient]:
        nonlocal opened
        opened += 1
        with open_client() as client:
            yield client

    with closing(SftpDropBox(SETTINGS, counted)) as box:
        assert opened == 0
        deliver(box)
        assert box.list_answers() == []
        assert opened == 1
        server.drop_connections()
        box._client.get_channel().get_transport().join(10)
        assert box.find_claim_file(NAME) == FOUND
        assert opened == 2


# Names that are taken


@pytest.mark.parametrize("has_posix_rename", [False, True])
@pytest.mark.parametrize("present", [b"another", BODY])
@pytest.mark.parametrize("pattern", ["suffix", "directory", "direct"])
def test_a_name_that_is_taken_is_never_replaced(
    server: SftpServer, box_with: Boxes, pattern: str, present: bytes, has_posix_rename: bool
) -> None:
    server.has_posix_rename = has_posix_rename
    box = box_with(upload_pattern=pattern, temporary_folder="temporary")
    box.upload(NAME, 1, BODY)
    (server.claims / NAME).write_bytes(present)
    fault_of(lambda: box.place(NAME, 1, BODY), "name_taken", f"^{NAME} .*holds another file of this name.*nothing was")
    assert (server.claims / NAME).read_bytes() == present
    assert box.cancel(NAME, 1) is (pattern != "direct")
    assert not any("posix" in request for request in server.requests)


@pytest.mark.parametrize("pattern", ["suffix", "direct"])
def test_a_name_that_is_taken_between_question_and_act_is_never_replaced(
    server: SftpServer, box_with: Boxes, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    box = box_with(upload_pattern=pattern)
    box.upload(NAME, 1, BODY)
    stat = paramiko.SFTPClient.stat
    answers = iter([FileNotFoundError()])

    def stat_of_a_moment_ago(client: Any, path: str) -> Any:
        for error in answers:
            (server.claims / NAME).write_bytes(b"another")
            raise error
        return stat(client, path)

    monkeypatch.setattr(paramiko.SFTPClient, "stat", stat_of_a_moment_ago)
    fault_of(lambda: box.place(NAME, 1, BODY), "name_taken", "nothing was overwritten")
    assert (server.claims / NAME).read_bytes() == b"another"


def test_a_server_that_replaces_at_rename_is_asked_first(server: SftpServer, box: SftpDropBox) -> None:
    server.replaces_at_rename = True
    box.upload(NAME, 1, BODY)
    (server.claims / NAME).write_bytes(b"another")
    fault_of(lambda: box.place(NAME, 1, BODY), "name_taken", "nothing was overwritten")
    assert (server.claims / NAME).read_bytes() == b"another"


# Connecting


def test_a_refused_login_is_told_and_the_next_call_tries_again(server: SftpServer, box: SftpDropBox) -> None:
    server.arm(Fault.LOGIN_REFUSED)
    fault_of(lambda: box.upload(NAME, 1, BODY), "login_refused", "refuses our login. Check login and password")
    deliver(box)
    assert names(server.claims) == [NAME]


@pytest.mark.parametrize("login", [{"username": "nobody"}, {"password": "SECRETMARK-other"}, {"password": None}])
def test_a_wrong_or_missing_login_is_refused(server: SftpServer, login: dict[str, Any]) -> None:
    with closing(SftpDropBox(SETTINGS, clients(server, **login))) as box:
        fault_of(box.list_answers, "login_refused", "refuses our login")


def test_a_changed_host_key_stops_everything_before_the_password_is_sent(
    server: SftpServer, box: SftpDropBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.change_host_key()
    asked: list[str] = []
    monkeypatch.setattr("tests.support.sftp_server._Login.begin_auth", lambda _, name: asked.append(name) or True)
    fault_of(
        lambda: box.upload(NAME, 1, BODY), "host_key_changed", "nothing was sent. Ask the receiver, by another way"
    )
    assert asked == []


def test_a_server_whose_key_nobody_gave_us_is_not_trusted(server: SftpServer) -> None:
    @contextmanager
    def open_client() -> Iterator[paramiko.SFTPClient]:
        with closing(paramiko.SSHClient()) as ssh:
            ssh.connect("127.0.0.1", server.port, username=server.login, password=server.password, timeout=20)
            yield ssh.open_sftp()

    fault_of(SftpDropBox(SETTINGS, open_client).list_answers, "host_key_changed", "put the new one into host_key")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (socket.gaierror(-2, "SECRETMARK.example"), "unreachable"),
        (OSError(113, "No route to SECRETMARK"), "unreachable"),
        (TimeoutError("SECRETMARK"), "timed_out"),
        (paramiko.AuthenticationException("Authentication timeout."), "timed_out"),
        (paramiko.AuthenticationException("Authentication failed: transport shut down or saw EOF"), "connection_lost"),
        (ConnectionResetError("SECRETMARK"), "connection_lost"),
        (paramiko.SSHException("Error reading SSH protocol banner SECRETMARK"), "connection_lost"),
        (FileNotFoundError(2, "SECRETMARK"), "misconfigured"),
        (PermissionError(13, "SECRETMARK"), "misconfigured"),
        (paramiko.PasswordRequiredException("SECRETMARK"), "misconfigured"),
        (paramiko.IncompatiblePeer("SECRETMARK"), "misconfigured"),
        (paramiko.ChannelException(1, "SECRETMARK"), "no_permission"),
    ],
)
def test_what_keeps_a_connection_from_opening_is_told_in_our_words(error: Exception, code: str) -> None:
    def open_client() -> Any:
        raise error

    fault_of(SftpDropBox(SETTINGS, open_client).list_answers, code, "could not be listed in answers")


def test_a_port_where_nobody_listens_is_told(server: SftpServer, box: SftpDropBox) -> None:
    server.stop()
    try:
        fault_of(box.list_answers, "unreachable", "Check host and port")
    finally:
        server.start()
    assert box.list_answers() == []


def test_a_connection_that_ends_during_the_login_is_not_a_refused_login(server: SftpServer, box: SftpDropBox) -> None:
    server.arm(Fault.CUT_AT_LOGIN)
    fault_of(box.list_answers, "connection_lost", "The next try connects anew")
    assert box.list_answers() == []


def test_a_server_that_never_says_its_first_word_is_given_up(server: SftpServer, box_with: Boxes) -> None:
    server.arm(Fault.SILENT_SFTP)
    box = box_with(seconds=0.3)
    fault_of(box.list_answers, "timed_out", "raise conn_timeout or cmd_timeout")
    assert box.list_answers() == []


# Uploading: whatever happens, nothing has the final name, and the next attempt delivers


@pytest.mark.parametrize("after_bytes", [0, 1, 40_000, len(BODY) - 1])
def test_a_full_disk_is_told_wherever_it_shows(server: SftpServer, box: SftpDropBox, after_bytes: int) -> None:
    server.arm(Fault.DISK_FULL, after_bytes=after_bytes)
    fault_of(
        lambda: box.upload(NAME, 1, BODY), "disk_full", f"^{NAME} was not delivered into claims .*Ask the receiver"
    )
    assert NAME not in names(server.claims)
    deliver(box, 2)
    assert names(server.claims) == [NAME]


@pytest.mark.parametrize(
    ("fault", "after_bytes", "code"),
    [
        (Fault.CUT_AT_OPEN, 0, "connection_lost"),
        (Fault.CUT_WHILE_WRITING, 0, "connection_lost"),
        (Fault.CUT_WHILE_WRITING, 40_000, "connection_lost"),
        (Fault.CUT_WHILE_WRITING, len(BODY) - 1, "connection_lost"),
        (Fault.CUT_AT_CLOSE, 0, "connection_lost"),
        (Fault.CUT_AT_STAT, 0, "connection_lost"),
        (Fault.CUT_AT_READ, 0, "connection_lost"),
        (Fault.OPEN_REFUSED, 0, "no_permission"),
        (Fault.WRITTEN_OTHERWISE, 0, "verification_failed"),
        (Fault.WRITTEN_SHORT, 0, "verification_failed"),
    ],
)
def test_a_disturbed_upload_is_told_and_the_next_attempt_delivers_and_tidies_up(
    server: SftpServer, box: SftpDropBox, fault: Fault, after_bytes: int, code: str
) -> None:
    server.arm(fault, after_bytes=after_bytes)
    fault_of(lambda: box.upload(NAME, 1, BODY), code, f"^{NAME} was not delivered into claims")
    assert server.armed == []
    assert NAME not in names(server.claims)
    deliver(box, 2)
    assert names(server.claims) == [NAME]
    assert (server.claims / NAME).read_bytes() == BODY


def test_a_full_disk_is_told_while_more_blocks_are_under_way_than_wait_for_an_answer(
    server: SftpServer, box: SftpDropBox
) -> None:
    server.arm(Fault.DISK_FULL, after_bytes=100_000)
    fault_of(lambda: box.upload(NAME, 1, BODY * 40), "disk_full", "Ask the receiver to make room")


@pytest.mark.parametrize("pattern", ["suffix", "direct"])
def test_a_file_that_came_to_be_too_short_is_found_out_where_nobody_may_read(
    server: SftpServer, box_with: Boxes, pattern: str
) -> None:
    server.refuses_reads = True
    server.arm(Fault.WRITTEN_SHORT)
    box = box_with(upload_pattern=pattern, can_read_back=False)
    fault_of(lambda: deliver(box), "verification_failed", f"of {len(BODY)} bytes")
    assert NAME not in names(server.claims)


def test_a_server_that_lets_nobody_read_is_told_how_to_be_served(server: SftpServer, box: SftpDropBox) -> None:
    server.refuses_reads = True
    fault_of(lambda: box.upload(NAME, 1, BODY), "no_permission", "Set can_read_back to false")


def test_a_receiver_that_collects_unfinished_files_is_found_out(server: SftpServer, box_with: Boxes) -> None:
    server.removes_at_once = True
    box = box_with(temporary_suffix=".837")
    fault_of(lambda: box.upload(NAME, 1, BODY), "temporary_taken", "collects unfinished files")


def test_leftovers_that_may_not_be_removed_hold_nothing_up(server: SftpServer, box: SftpDropBox) -> None:
    box.upload(NAME, 1, BODY)
    server.refuses_removes = True
    deliver(box, 2)
    assert names(server.claims) == [NAME, CANCELLED]
    assert [file.name for file in box.list_claim_files()] == [NAME]


def test_only_what_older_attempts_of_the_same_file_left_is_removed(server: SftpServer, box: SftpDropBox) -> None:
    others = [f"{NAME}.3.tmp", f"X{NAME}.1.tmp", f"{NAME}.tmp", f"{NAME}.1.tmp.tmp"]
    for name in [TEMPORARY, *others]:
        (server.claims / name).write_bytes(b"")
    box.upload(NAME, 2, BODY)
    assert names(server.claims) == sorted([*others, f"{NAME}.2.tmp"])


# Placing


def test_a_connection_cut_before_the_rename_leaves_what_can_be_cancelled(server: SftpServer, box: SftpDropBox) -> None:
    box.upload(NAME, 1, BODY)
    server.arm(Fault.CUT_BEFORE_RENAME)
    fault_of(lambda: box.place(NAME, 1, BODY), "connection_lost", "broke off")
    assert box.find_claim_file(NAME) is None
    assert box.cancel(NAME, 1) is True
    assert names(server.claims) == []
    fault_of(lambda: box.place(NAME, 1, BODY), "rename_refused", "its temporary file is gone")
    assert names(server.claims) == []


@pytest.mark.parametrize("removes_at_once", [False, True])
def test_a_connection_cut_after_the_rename_leaves_nothing_to_cancel(
    server: SftpServer, box: SftpDropBox, removes_at_once: bool
) -> None:
    server.removes_at_once = removes_at_once
    box.upload(NAME, 1, BODY)
    server.arm(Fault.CUT_AFTER_RENAME)
    fault_of(lambda: box.place(NAME, 1, BODY), "connection_lost", "broke off")
    assert box.find_claim_file(NAME) == (None if removes_at_once else FOUND)
    assert box.cancel(NAME, 1) is False
    assert len(server.collected) == removes_at_once


def test_a_refused_rename_is_told_and_can_be_cancelled(server: SftpServer, box: SftpDropBox) -> None:
    box.upload(NAME, 1, BODY)
    server.arm(Fault.RENAME_REFUSED)
    fault_of(lambda: box.place(NAME, 1, BODY), "rename_refused", "does not rename.*Ask the receiver for permission")
    assert names(server.claims) == [TEMPORARY]
    assert box.cancel(NAME, 1) is True


@pytest.mark.parametrize(
    ("fault", "after_bytes", "code", "is_left"),
    [
        (Fault.DISK_FULL, 40_000, "disk_full", False),
        (Fault.WRITTEN_SHORT, 0, "verification_failed", False),
        (Fault.WRITTEN_OTHERWISE, 0, "verification_failed", False),
        (Fault.OPEN_REFUSED, 0, "no_permission", False),
        # Nobody is there any more to remove it.
        (Fault.CUT_WHILE_WRITING, 40_000, "connection_lost", True),
        (Fault.CUT_AT_CLOSE, 0, "connection_lost", True),
    ],
)
def test_a_file_written_in_place_that_is_not_whole_is_removed_while_there_is_a_connection(
    server: SftpServer, box_with: Boxes, fault: Fault, after_bytes: int, code: str, is_left: bool
) -> None:
    box = box_with(upload_pattern="direct")
    server.arm(fault, after_bytes=after_bytes)
    fault_of(lambda: box.place(NAME, 1, BODY), code, f"^{NAME} was not delivered into claims")
    assert names(server.claims) == ([NAME] if is_left else [])
    assert box.cancel(NAME, 1) is False


def test_an_upload_to_a_server_that_has_stopped_to_read_is_given_up(
    server: SftpServer, box_with: Boxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_until_the_connection_ends(file: Any, data: bytes) -> None:
        file.sftp.get_channel().get_transport().join(20)
        raise OSError("Socket is closed")

    box = box_with(seconds=0.3)
    with monkeypatch.context() as patch:
        patch.setattr(sftp_drop_box, "_BYTES_PER_SECOND", 10**9)
        patch.setattr(paramiko.SFTPFile, "write", write_until_the_connection_ends)
        fault_of(lambda: box.upload(NAME, 1, BODY), "timed_out", "did not answer in time")
    deliver(box, 2)


@pytest.mark.parametrize("ask", ["find_claim_file", "upload", "cancel"])
def test_a_server_that_answers_too_late_is_not_waited_for(server: SftpServer, box_with: Boxes, ask: str) -> None:
    box = box_with(seconds=0.5)
    server.arm(Fault.SLOW, seconds=30)
    arguments = {"find_claim_file": (NAME,), "upload": (NAME, 1, BODY), "cancel": (NAME, 1)}
    fault_of(lambda: getattr(box, ask)(*arguments[ask]), "timed_out", "raise conn_timeout or cmd_timeout")
    assert box.list_answers() == []


def test_a_rename_that_nobody_waited_for_can_be_cancelled(server: SftpServer, box_with: Boxes) -> None:
    box = box_with(seconds=0.5)
    box.upload(NAME, 1, BODY)
    server.arm(Fault.SLOW_RENAME, seconds=30)
    fault_of(lambda: box.place(NAME, 1, BODY), "timed_out", "did not answer in time")
    assert (box.find_claim_file(NAME), box.cancel(NAME, 1)) == (None, True)


# Cancelling


def test_an_attempt_that_was_never_uploaded_cannot_be_cancelled(box: SftpDropBox) -> None:
    assert box.cancel(NAME, 1) is False


def test_only_the_attempt_that_is_named_is_cancelled(server: SftpServer, box: SftpDropBox) -> None:
    box.upload(NAME, 2, BODY)
    assert box.cancel(NAME, 1) is False
    assert names(server.claims) == [f"{NAME}.2.tmp"]


@pytest.mark.parametrize(("fault", "then"), [(Fault.CUT_BEFORE_REMOVE, True), (Fault.CUT_AFTER_REMOVE, False)])
def test_a_cancellation_of_which_nobody_knows_the_end_is_a_fault_not_an_answer(
    server: SftpServer, box: SftpDropBox, fault: Fault, then: bool
) -> None:
    box.upload(NAME, 1, BODY)
    server.arm(fault)
    fault_of(lambda: box.cancel(NAME, 1), "connection_lost", "could not be removed from claims")
    assert box.cancel(NAME, 1) is then


def test_where_nothing_may_be_removed_the_temporary_file_is_renamed(server: SftpServer, box: SftpDropBox) -> None:
    box.upload(NAME, 1, BODY)
    server.refuses_removes = True
    assert box.cancel(NAME, 1) is True
    assert names(server.claims) == [CANCELLED]
    fault_of(lambda: box.place(NAME, 1, BODY), "rename_refused", "its temporary file is gone")
    assert box.cancel(NAME, 1) is False


def test_where_nothing_may_be_removed_or_renamed_nothing_is_cancelled(server: SftpServer, box: SftpDropBox) -> None:
    box.upload(NAME, 1, BODY)
    server.refuses_removes = True
    server.arm(Fault.RENAME_REFUSED)
    fault_of(lambda: box.cancel(NAME, 1), "no_permission", "does not allow it to our login")
    assert names(server.claims) == [TEMPORARY]


@pytest.mark.parametrize("ask", ["find_claim_file", "list_claim_files", "upload", "place", "cancel", "list_answers"])
def test_a_folder_that_is_missing_is_told_and_is_not_an_empty_one(box_with: Boxes, ask: str) -> None:
    box = box_with(claims_folder="nowhere", answers_folder="nowhere")
    arguments = {"find_claim_file": (NAME,), "upload": (NAME, 1, BODY), "place": (NAME, 1, BODY), "cancel": (NAME, 1)}
    fault_of(lambda: getattr(box, ask)(*arguments.get(ask, ())), "folder_missing", "nowhere.*Correct claims_folder")


# Answers


def test_answers_are_listed_read_and_removed_without_hidden_and_unfinished_ones(
    server: SftpServer, box: SftpDropBox
) -> None:
    for name in ("b.999", "a.TA1", ".hidden", "c.tmp", "c.PART", "c.filepart", "c.partial"):
        (server.answers / name).write_bytes(name.encode() * 100_000)
    (server.answers / "older").mkdir(exist_ok=True)
    listed = box.list_answers()
    assert [(file.name, file.byte_count) for file in listed] == [("a.TA1", 500_000), ("b.999", 500_000)]
    assert all(file.modified_at.utcoffset() is not None for file in listed)
    assert abs(listed[0].modified_at.timestamp() - (server.answers / "a.TA1").stat().st_mtime) < 1
    assert box.read_answer("b.999") == b"b.999" * 100_000
    box.remove_answer("b.999")
    box.remove_answer("b.999")
    assert not (server.answers / "b.999").exists()


def test_faults_about_answers_do_not_name_them(server: SftpServer, box: SftpDropBox) -> None:
    name = "SECRETMARK.999"
    fault_of(lambda: box.read_answer(name), "folder_missing", "a file could not be read in answers")
    (server.answers / name).write_bytes(b"ISA")
    server.refuses_removes = True
    fault_of(lambda: box.remove_answer(name), "no_permission", "a file could not be removed from answers")
    server.arm(Fault.CUT_AT_LIST)
    fault_of(box.list_answers, "connection_lost", "could not be listed in answers")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", ".hidden", "/abs"])
def test_a_name_that_leads_elsewhere_is_refused(server: SftpServer, box: SftpDropBox, name: str) -> None:
    for call in (box.find_claim_file, box.read_answer, box.remove_answer, box.read_claim_file):
        with pytest.raises(ValueError):
            call(name)
    with pytest.raises(ValueError):
        box.upload(name, 1, BODY)
    assert not any(request.startswith("write") for request in server.requests)
