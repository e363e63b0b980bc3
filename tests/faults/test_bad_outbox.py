"""A folder that takes no files, sending switched off, a database that is not there, nights that are none: each says
what is wrong, is mended by running again, and leaves nothing half-written."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException

from include import airflow_support
from include.claims_submission.delivery import deliver_files
from include.clearinghouse import directory_drop_box
from include.development import environment
from include.errors import BillingError, Unavailable
from include.nightly_run.attempt import Attempt
from nightly_schedule.resolve import resolve_slot
from nightly_schedule.slots import InvalidNight
from tests.faults.databases import copy_of
from tests.faults.natural_rows import difference, natural_rows
from tests.faults.sample_nights import SampleNight, assert_ended_as_undisturbed, files_in
from tests.support.nights import BATCH_STEPS, close_night, open_night, run_night
from tests.support.sending import directory_boxes

Connection = psycopg.Connection[Any]


@pytest.fixture
def prepared(sample_nights: dict[str, SampleNight]) -> SampleNight:
    return sample_nights["claims_submission"]


@pytest.fixture
def database(server_url: str, prepared: SampleNight) -> Iterator[str]:
    with copy_of(server_url, prepared.template) as url:
        yield url


@pytest.fixture
def owner(database: str) -> Iterator[Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def runner(database: str) -> Iterator[Connection]:
    with psycopg.connect(environment.pipeline_url(database), autocommit=True) as connection:
        yield connection


@contextmanager
def _mounted(directory: Path, options: str) -> Iterator[bool]:
    """A small file system of its own, where the user may mount one; else False."""
    command = ["mount", "-t", "tmpfs", "-o", options, "billing-test", str(directory)]
    is_mounted = os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", str(directory)], check=True)


@contextmanager
def _writing_fails_halfway() -> Iterator[None]:
    """The disk takes half of a file and no more, as the operating system would say it."""

    class System:
        def __getattr__(self, name: str) -> Any:
            return getattr(os, name)

        def write(self, descriptor: int, data: memoryview) -> int:
            if os.fstat(descriptor).st_size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return os.write(descriptor, data[: len(data) // 2])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(directory_drop_box, "os", System())
        yield


@contextmanager
def _full(directory: Path, owner: Connection) -> Iterator[None]:
    with (
        _mounted(directory, "size=4k,mode=755") as is_mounted,
        nullcontext() if is_mounted else _writing_fails_halfway(),
    ):
        yield
        assert not files_in(directory)


@contextmanager
def _missing(directory: Path, owner: Connection) -> Iterator[None]:
    directory.rmdir()
    yield
    directory.mkdir()


@contextmanager
def _unwritable(directory: Path, owner: Connection) -> Iterator[None]:
    with _mounted(directory, "ro") as is_mounted:
        if not is_mounted and os.geteuid() == 0:
            pytest.skip("root may write everywhere, and may mount nothing here")
        if not is_mounted:
            directory.chmod(0o500)
        yield
        assert not files_in(directory)
    directory.chmod(0o755)


@contextmanager
def _another_file_of_the_name(directory: Path, owner: Connection) -> Iterator[None]:
    [(name,)] = owner.execute("SELECT file_name FROM billing.interchange").fetchall()
    other = directory / name
    other.write_bytes(b"somebody else's")
    yield
    assert files_in(directory) == {name: b"somebody else's"}
    other.unlink()


Trouble = Callable[[Path, Connection], Any]


def _until_delivery(runner: Connection, prepared: SampleNight) -> Attempt:
    attempt, batches = open_night(runner, prepared.automation, prepared.timezone, prepared.night, "troubled")
    for organizations in batches:
        for step in BATCH_STEPS[prepared.automation]:
            step(runner, attempt, organizations)
    return attempt


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (_full, "the disk is full"),
        (_missing, "the directory does not exist"),
        (_unwritable, "the file system is read-only|not writable for this user"),
        (_another_file_of_the_name, "holds another file of this name"),
    ],
)
def test_files_that_cannot_be_delivered_stay_in_the_outbox_and_leave_as_they_were_once_the_folder_takes_them(
    owner: Connection, runner: Connection, prepared: SampleNight, tmp_path: Path, trouble: Trouble, words: str
) -> None:
    outbox = tmp_path / "outbox"
    outbox.mkdir()
    attempt = _until_delivery(runner, prepared)
    [(name, body)] = owner.execute("SELECT file_name, body FROM billing.interchange").fetchall()
    with trouble(outbox, owner):
        with pytest.raises(Unavailable, match=words) as failure:
            deliver_files(runner, attempt, directory_boxes(outbox))
        assert name in str(failure.value)
        assert len(body) > 4096
        assert close_night(runner, attempt) == "fault"
    assert owner.execute("SELECT interchange_state, sent_at FROM billing.interchange").fetchall() == [("built", None)]
    assert owner.execute("SELECT count(*) FROM billing.claim WHERE submitted_at IS NOT NULL").fetchone() == (0,)
    reasons = owner.execute(
        "SELECT count(*), (SELECT count(*) FROM billing.claim_submission) FROM reporting.decisions"
        " WHERE is_open AND (reason, detail_code) = ('step_failed', 'undelivered')"
    ).fetchone()
    assert reasons is not None
    assert reasons[0] == reasons[1] > 0

    run_night(runner, prepared.automation, prepared.timezone, prepared.night, outbox, "mended")
    assert files_in(outbox) == {name: bytes(body)}
    assert_ended_as_undisturbed(runner, prepared, outbox)


def test_with_sending_switched_off_claims_are_held_and_leave_when_it_is_on_again(
    owner: Connection, runner: Connection, prepared: SampleNight, tmp_path: Path
) -> None:
    night = (prepared.automation, prepared.timezone, prepared.night, tmp_path)
    owner.execute("UPDATE billing.deployment SET is_sending_enabled = false")
    assert run_night(runner, *night, "stopped") == "ok"
    assert not files_in(tmp_path)
    assert owner.execute("SELECT count(*) FROM billing.interchange").fetchone() == (0,)
    assert owner.execute(
        "SELECT DISTINCT reason, detail_code FROM reporting.decisions"
        " WHERE is_open AND automation = 'claims_submission' AND reason = 'on_hold' AND detail_code IS NOT NULL"
    ).fetchall() == [("on_hold", "sending_stopped")]
    owner.execute("UPDATE billing.deployment SET is_sending_enabled = true")
    run_night(runner, *night, "going on")
    assert_ended_as_undisturbed(runner, prepared, tmp_path)


def test_a_built_file_stays_when_sending_is_switched_off_before_it_leaves(
    owner: Connection, runner: Connection, prepared: SampleNight, tmp_path: Path
) -> None:
    attempt = _until_delivery(runner, prepared)
    owner.execute("UPDATE billing.deployment SET is_sending_enabled = false")
    assert deliver_files(runner, attempt, directory_boxes(tmp_path)) == 0
    close_night(runner, attempt)
    assert not files_in(tmp_path)
    assert owner.execute("SELECT interchange_state FROM billing.interchange").fetchall() == [("built",)]
    owner.execute("UPDATE billing.deployment SET is_sending_enabled = true")
    run_night(runner, prepared.automation, prepared.timezone, prepared.night, tmp_path, "going on")
    assert_ended_as_undisturbed(runner, prepared, tmp_path)


def test_an_outbox_folder_that_nobody_named_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BILLING_OUTBOX_DIR", raising=False)
    with pytest.raises(BillingError, match="BILLING_OUTBOX_DIR is not set: name the folder"):
        airflow_support.outbox_directory()


def _connect_to(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    monkeypatch.setattr(PostgresHook, "get_conn", lambda hook: psycopg.connect(url))


def test_a_database_that_is_down_is_said_to_be_and_the_task_may_be_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _connect_to(monkeypatch, f"postgresql://billing:PASSWORDMARK@/billing?host={tmp_path}")
    with (
        pytest.raises(Unavailable, match="the billing database did not answer as it should") as failure,
        airflow_support.billing_step(),
    ):
        raise AssertionError("there is no connection")
    assert "billing_database is right; the task is tried again" in str(failure.value)
    assert "PASSWORDMARK" not in str(failure.value)
    assert failure.value.__context__ is None


def test_a_connection_that_breaks_in_the_middle_leaves_nothing_and_may_be_tried_again(
    monkeypatch: pytest.MonkeyPatch, database: str, owner: Connection, prepared: SampleNight
) -> None:
    _connect_to(monkeypatch, environment.pipeline_url(database))
    before = natural_rows(owner)
    with (
        pytest.raises(Unavailable, match="SQLSTATE 57P01"),
        airflow_support.billing_step() as connection,
        connection.transaction(),
    ):
        connection.execute("INSERT INTO billing.work_lock VALUES (1, 'broken')")
        owner.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
        connection.execute("SELECT 1")
    assert difference(natural_rows(owner), before) == {}


@pytest.mark.parametrize(
    ("night", "timezone", "words"),
    [
        ((datetime.now(UTC) + timedelta(days=2)).date().isoformat(), "America/Chicago", "which has not come yet"),
        ("2026-11-04", "America/Gotham", "bucket 'America/Gotham' is unknown"),
        ("2026-11-31", "America/Chicago", "is not a date written YYYY-MM-DD"),
    ],
)
def test_a_night_that_cannot_be_run_fails_at_once_with_the_valid_ones_and_opens_nothing(
    monkeypatch: pytest.MonkeyPatch, database: str, owner: Connection, night: str, timezone: str, words: str
) -> None:
    _connect_to(monkeypatch, environment.pipeline_url(database))
    before = natural_rows(owner)
    with pytest.raises(AirflowFailException, match=words) as failure, airflow_support.billing_step() as connection:
        open_night(connection, "claims_submission", timezone, night)
    assert "America/Puerto_Rico" in str(failure.value)
    assert difference(natural_rows(owner), before) == {}


def test_a_run_without_a_key_and_params_is_told_how_to_name_its_night() -> None:
    with pytest.raises(InvalidNight, match="no partition key and no param night and bucket") as failure:
        resolve_slot("claims_submission", None, {"night": None, "bucket": None}, datetime.now(UTC))
    assert "2026-11-22|America/Denver" in str(failure.value)
    assert "America/Puerto_Rico" in str(failure.value)
