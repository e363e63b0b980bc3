"""What the watch tells of: each set of files once, and nothing of receivers that do not answer."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from include.clearinghouse.drop_box import DropBox, DropBoxFault, DropBoxSettings, FaultCode
from include.clearinghouse_inbox.arrivals import FAULT_PAUSE, REFUSAL_PAUSE, SERVER_PAUSE, ArrivalWatch
from include.clearinghouse_inbox.collection import collect_files
from include.outbox.delivery import OpenDropBox
from tests.support.sending import directory_boxes

Connection = psycopg.Connection[Any]


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Receivers:
    """Drop boxes in a folder that count how often they are opened, and fail or are servers where a test says so."""

    def __init__(self, folder: Path) -> None:
        self._open_directory = directory_boxes(folder, folder)
        self.fault: Exception | None = None
        self.description = "directory"
        self.opened = 0

    @contextmanager
    def open(self, settings: DropBoxSettings) -> Iterator[DropBox]:
        self.opened += 1
        if self.fault:
            raise self.fault
        with self._open_directory(settings) as box:
            box.description = self.description  # type: ignore[misc]  # of this instance only
            yield box


@pytest.fixture
def receivers(tmp_path: Path) -> Receivers:
    return Receivers(tmp_path)


def put(folder: Path, name: str, body: bytes = b"nothing of X12") -> Path:
    """A file that nobody is still writing."""
    path = folder / name
    path.write_bytes(body)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def open_box(folder: Path) -> OpenDropBox:
    return directory_boxes(folder, folder)


def test_a_new_set_of_files_is_told_of_once(pipeline: Connection, tmp_path: Path) -> None:
    watch = ArrivalWatch()
    assert watch.count_new_files(pipeline, open_box(tmp_path)) == {}
    put(tmp_path, "a.999")
    put(tmp_path, "b.277")
    assert watch.count_new_files(pipeline, open_box(tmp_path)) == {"default": 2}
    assert watch.count_new_files(pipeline, open_box(tmp_path)) == {}, "they lie there, and that was said"


def test_one_more_file_is_news_also_beside_those_that_were_told_of(pipeline: Connection, tmp_path: Path) -> None:
    watch = ArrivalWatch()
    put(tmp_path, "a.999")
    watch.count_new_files(pipeline, open_box(tmp_path))
    put(tmp_path, "b.277")
    assert watch.count_new_files(pipeline, open_box(tmp_path)) == {"default": 2}


def test_as_many_other_files_are_news(pipeline: Connection, tmp_path: Path) -> None:
    watch = ArrivalWatch()
    gone = put(tmp_path, "a.999")
    watch.count_new_files(pipeline, open_box(tmp_path))
    gone.unlink()
    put(tmp_path, "b.277")
    assert watch.count_new_files(pipeline, open_box(tmp_path)) == {"default": 1}


def test_a_file_that_grew_is_news(pipeline: Connection, tmp_path: Path) -> None:
    watch = ArrivalWatch()
    put(tmp_path, "a.999", b"IS")
    watch.count_new_files(pipeline, open_box(tmp_path))
    put(tmp_path, "a.999", b"ISA")
    assert watch.count_new_files(pipeline, open_box(tmp_path)) == {"default": 1}


def test_what_a_run_has_fetched_is_no_news_for_anybody(pipeline: Connection, tmp_path: Path) -> None:
    put(tmp_path, "a.999")
    assert collect_files(pipeline, "default", open_box(tmp_path)) == 1
    assert ArrivalWatch().count_new_files(pipeline, open_box(tmp_path)) == {}
    put(tmp_path, "b.277")
    assert ArrivalWatch().count_new_files(pipeline, open_box(tmp_path)) == {"default": 1}


def test_after_a_restart_what_still_lies_there_is_told_of_again(pipeline: Connection, tmp_path: Path) -> None:
    put(tmp_path, "a.999")
    for _ in range(2):
        assert ArrivalWatch().count_new_files(pipeline, open_box(tmp_path)) == {"default": 1}


def test_our_own_claim_files_in_a_shared_folder_are_no_news(pipeline: Connection, tmp_path: Path) -> None:
    watch = ArrivalWatch()
    put(tmp_path, "SUBMITTER_000000001_0123abcd.837")
    put(tmp_path, "SUBMITTER_000000002_0123abcd.837.1.tmp")
    assert watch.count_new_files(pipeline, open_box(tmp_path)) == {}
    put(tmp_path, "SUBMITTER_000000001_0123abcd.999")
    assert watch.count_new_files(pipeline, open_box(tmp_path)) == {"default": 1}


def test_each_receiver_is_counted_for_itself(pipeline: Connection, billing: Connection, tmp_path: Path) -> None:
    billing.execute(
        "INSERT INTO billing.receiver SELECT (r).* FROM (SELECT jsonb_populate_record(r, jsonb_build_object("
        " 'receiver_code', code, 'receiver_id', upper(code), 'answers_folder', code)) AS r"
        " FROM billing.receiver r, unnest(ARRAY['missing', 'second']) code) x"
    )
    (tmp_path / "second").mkdir()
    put(tmp_path, "a.999")
    put(tmp_path / "second", "a.999")
    put(tmp_path / "second", "b.999")
    watch = ArrivalWatch()
    counts = watch.count_new_files(pipeline, open_box(tmp_path))
    assert counts == {"default": 1, "second": 2}, "the folder of the third does not exist: none"


@pytest.mark.parametrize(
    ("code", "pause"),
    [
        ("login_refused", REFUSAL_PAUSE),
        ("host_key_changed", REFUSAL_PAUSE),
        ("misconfigured", REFUSAL_PAUSE),
        ("unreachable", FAULT_PAUSE),
        ("timed_out", FAULT_PAUSE),
    ],
)
def test_a_receiver_with_a_fault_is_left_alone_for_a_while_and_keeps_its_place(
    pipeline: Connection, tmp_path: Path, receivers: Receivers, code: FaultCode, pause: float
) -> None:
    clock = Clock()
    watch = ArrivalWatch(clock)
    put(tmp_path, "a.999")
    assert watch.count_new_files(pipeline, receivers.open) == {"default": 1}
    receivers.fault = DropBoxFault(code, "a reason")
    assert watch.count_new_files(pipeline, receivers.open) == {}
    asked = receivers.opened
    clock.now += pause - 1
    assert watch.count_new_files(pipeline, receivers.open) == {}
    assert receivers.opened == asked, "not asked"
    receivers.fault = None
    clock.now += 1
    assert watch.count_new_files(pipeline, receivers.open) == {}, "asked, and the file was told of before"
    assert receivers.opened == asked + 1
    put(tmp_path, "b.999")
    assert watch.count_new_files(pipeline, receivers.open) == {"default": 2}


def test_a_server_is_not_asked_every_time(pipeline: Connection, tmp_path: Path, receivers: Receivers) -> None:
    clock = Clock()
    watch = ArrivalWatch(clock)
    receivers.description = "sftp clearinghouse"
    watch.count_new_files(pipeline, receivers.open)
    put(tmp_path, "a.999")
    clock.now += SERVER_PAUSE - 1
    assert watch.count_new_files(pipeline, receivers.open) == {}
    clock.now += 1
    assert watch.count_new_files(pipeline, receivers.open) == {"default": 1}
    assert receivers.opened == 2


def test_the_log_names_no_file_of_a_receiver(
    pipeline: Connection, tmp_path: Path, receivers: Receivers, caplog: pytest.LogCaptureFixture
) -> None:
    put(tmp_path, "remittance of Nameqxz.txt")
    watch = ArrivalWatch()
    with caplog.at_level(logging.DEBUG):
        assert watch.count_new_files(pipeline, receivers.open) == {"default": 1}
        receivers.fault = DropBoxFault("unreachable", "a reason")
        watch.count_new_files(pipeline, receivers.open)
    assert "receiver default: not asked for 5 minutes: a reason" in caplog.text
    assert "qxz" not in caplog.text
