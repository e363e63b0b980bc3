"""Which drop box a receiver's settings open, and which Airflow connections are refused."""

from __future__ import annotations

import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from include import airflow_support
from include.airflow_support import open_drop_box
from include.clearinghouse.drop_box import DropBoxFault, DropBoxSettings
from include.errors import BillingError
from tests.support.sftp_server import Fault, SftpServer, serving

NAME = "SUBM01_000000001_0a1b2c3d.837"
SETTINGS = DropBoxSettings(
    receiver_code="test_receiver",
    delivery_method="automatic",
    connection_id="test_receiver_box",
    claims_folder="claims",
    answers_folder="answers",
    upload_pattern="suffix",
    temporary_suffix=".tmp",
    temporary_folder=None,
    can_read_back=True,
)
VARIABLE = "AIRFLOW_CONN_TEST_RECEIVER_BOX"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with serving(tmp_path_factory.mktemp("receiver")) as server:
        yield server


@pytest.fixture
def directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "outbox" / "claims").mkdir(parents=True)
    (tmp_path / "inbox" / "answers").mkdir(parents=True)
    monkeypatch.setenv("BILLING_OUTBOX_DIR", str(tmp_path / "outbox"))
    monkeypatch.setenv("BILLING_INBOX_DIR", str(tmp_path / "inbox"))
    return tmp_path


def delivered_by(settings: DropBoxSettings) -> str:
    """Deliver a file whose bytes are the drop box's description, which is returned."""
    with open_drop_box(settings) as box:
        box.upload(NAME, 1, box.description.encode())
        box.place(NAME, 1, box.description.encode())
        return box.description


@pytest.mark.parametrize("method", ["automatic", "directory"])
def test_without_a_connection_files_go_into_the_directory(directories: Path, method: Any) -> None:
    assert delivered_by(replace(SETTINGS, delivery_method=method)) == "directory"
    assert (directories / "outbox" / "claims" / NAME).read_bytes() == b"directory"
    (directories / "inbox" / "answers" / "a.999").write_bytes(b"ISA")
    with open_drop_box(replace(SETTINGS, delivery_method=method)) as box:
        assert [file.name for file in box.list_answers()] == ["a.999"]


@pytest.mark.parametrize("method", ["automatic", "sftp"])
@pytest.mark.parametrize("login", ["password", "private_key", "key_file"])
def test_with_a_connection_files_go_to_the_server(
    server: SftpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: Any, login: str
) -> None:
    monkeypatch.delenv("BILLING_OUTBOX_DIR", raising=False)
    key_file = tmp_path / "key"
    key_file.write_text(server.private_key)
    key_file.chmod(0o600)
    extra = {
        "password": {},
        "private_key": {"private_key": server.private_key},
        "key_file": {"key_file": str(key_file)},
    }
    monkeypatch.setenv(VARIABLE, server.connection(**extra[login]))
    assert delivered_by(replace(SETTINGS, delivery_method=method)) == "sftp test_receiver_box"
    assert (server.claims / NAME).read_bytes() == b"sftp test_receiver_box"
    (server.claims / NAME).unlink()


def test_the_directory_is_used_where_the_settings_say_so_whatever_connections_there_are(
    server: SftpServer, directories: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, server.connection())
    assert delivered_by(replace(SETTINGS, delivery_method="directory")) == "directory"


def test_a_receiver_with_sftp_and_without_its_connection_is_not_served_from_the_directory(directories: Path) -> None:
    with (
        pytest.raises(BillingError, match="connection test_receiver_box of receiver test_receiver does not exist"),
        open_drop_box(replace(SETTINGS, delivery_method="sftp")),
    ):
        raise AssertionError("there is no drop box")


def test_a_connection_that_cannot_be_looked_up_is_not_taken_for_one_that_does_not_exist(
    directories: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk import BaseHook

    def denied(connection_id: str) -> None:
        raise RuntimeError("the secrets backend says no")

    monkeypatch.setattr(BaseHook, "get_connection", denied)
    with pytest.raises(RuntimeError, match="the secrets backend"), open_drop_box(SETTINGS):
        raise AssertionError("there is no drop box")


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"no_host_key_check": "true"}, "no_host_key_check in its extra.*put the server's public key into host_key"),
        ({"no_host_key_check": True, "host_key": None}, "no_host_key_check in its extra"),
        ({"allow_host_key_change": "True"}, "allow_host_key_change in its extra"),
        ({"ignore_hostkey_verification": True}, "ignore_hostkey_verification in its extra"),
        ({"host_key": "ssh-ed25519 SECRETMARK"}, "cannot be used.*check host"),
        ({"host_key": "ssh-SECRETMARK AAAA"}, "cannot be used .ValueError.: check host"),
        ({"private_key": "SECRETMARK"}, "cannot be used"),
        ({"cmd_timeout": "soon"}, "cmd_timeout in its extra must be a number of seconds"),
        ({"conn_timeout": "0"}, "conn_timeout in its extra must be a number of seconds"),
    ],
)
def test_an_unsafe_or_broken_connection_is_refused_with_the_cure_and_without_its_secrets(
    server: SftpServer, monkeypatch: pytest.MonkeyPatch, extra: dict[str, Any], words: str
) -> None:
    monkeypatch.setenv(VARIABLE, server.connection(**extra))
    with (
        pytest.raises(DropBoxFault, match=f"^the Airflow connection test_receiver_box.*{words}") as failure,
        open_drop_box(SETTINGS),
    ):
        raise AssertionError("there is no drop box")
    assert failure.value.code == "misconfigured"
    assert "SECRETMARK" not in "".join(traceback.format_exception(failure.value))


@pytest.mark.parametrize("name", ["no_host_key_check", "allow_host_key_change"])
def test_saying_that_the_host_key_is_checked_is_no_fault(
    server: SftpServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(VARIABLE, server.connection(**{name: "false"}))
    with open_drop_box(SETTINGS) as box:
        assert box.list_answers() == []


def test_a_server_whose_key_is_neither_in_the_connection_nor_known_is_not_trusted(
    server: SftpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(VARIABLE, server.connection(host_key=None))
    with open_drop_box(SETTINGS) as box, pytest.raises(DropBoxFault) as failure:
        box.list_answers()
    assert failure.value.code == "host_key_changed"


def test_a_changed_host_key_is_refused_until_the_connection_says_the_new_one(
    server: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, server.connection())
    with open_drop_box(SETTINGS) as box:
        assert box.list_answers() == []
    server.change_host_key()
    with open_drop_box(SETTINGS) as box, pytest.raises(DropBoxFault) as failure:
        box.list_answers()
    assert failure.value.code == "host_key_changed"
    monkeypatch.setenv(VARIABLE, server.connection())
    with open_drop_box(SETTINGS) as box:
        assert box.list_answers() == []


def test_a_refused_login_is_not_tried_again_at_once(server: SftpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, server.connection())
    server.arm(Fault.LOGIN_REFUSED)
    with open_drop_box(SETTINGS) as box, pytest.raises(DropBoxFault) as failure:
        box.list_answers()
    assert failure.value.code == "login_refused"


def test_the_connection_says_how_long_an_answer_may_take(server: SftpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, server.connection(cmd_timeout="0.3"))
    server.arm(Fault.SILENT_SFTP)
    with open_drop_box(SETTINGS) as box:
        with pytest.raises(DropBoxFault) as failure:
            box.list_answers()
        assert failure.value.code == "timed_out"
        assert box.list_answers() == []


def test_a_drop_box_is_left_without_a_connection(server: SftpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, server.connection())
    with open_drop_box(SETTINGS) as box:
        box.list_answers()
        transport = box._client.get_channel().get_transport()  # type: ignore[attr-defined]
        assert transport.is_active()
    assert not transport.is_active()


@pytest.mark.parametrize(
    ("variable", "directory"),
    [
        ("BILLING_OUTBOX_DIR", airflow_support.outbox_directory),
        ("BILLING_INBOX_DIR", airflow_support.inbox_directory),
    ],
)
def test_a_folder_that_nobody_named_is_asked_for(
    directories: Path, monkeypatch: pytest.MonkeyPatch, variable: str, directory: Any
) -> None:
    assert directory() in (directories / "outbox", directories / "inbox")
    monkeypatch.setenv(variable, "")
    with pytest.raises(BillingError, match=f"{variable} is not set: name the folder"):
        directory()
    with pytest.raises(BillingError, match=variable), open_drop_box(replace(SETTINGS, delivery_method="directory")):
        raise AssertionError("there is no drop box")
