from __future__ import annotations

import errno
import os
import resource
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from include.clearinghouse import directory_delivery
from include.clearinghouse.directory_delivery import DeliveryFailed, DeliveryRefused, deliver

NAME = "SUBM01_000000001_0a1b2c3d.837"
BODY = b"ISA*00~IEA*1~" * 1000


def names(directory: Path) -> list[str]:
    return sorted(each.name for each in directory.iterdir())


def in_child(work: Callable[[], object]) -> int:
    """Runs `work` in a forked process and returns its exit code (0 when it returned)."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_file_is_delivered_whole_under_its_name_only(tmp_path: Path) -> None:
    assert deliver(BODY, NAME, tmp_path) == "delivered"
    assert names(tmp_path) == [NAME]
    assert (tmp_path / NAME).read_bytes() == BODY
    assert (tmp_path / NAME).stat().st_nlink == 1


def test_a_delivered_file_is_closed_to_others(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        deliver(BODY, NAME, tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) & 0o007 == 0


def test_delivering_again_changes_nothing_and_says_so(tmp_path: Path) -> None:
    deliver(BODY, NAME, tmp_path)
    before = (tmp_path / NAME).stat()
    assert deliver(BODY, NAME, tmp_path) == "already there"
    after = (tmp_path / NAME).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert names(tmp_path) == [NAME]


def test_a_delivered_file_is_recognised_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(BODY, NAME, tmp_path)

    def full(*_arguments: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(directory_delivery.os, "write", full)
    assert deliver(BODY, NAME, tmp_path) == "already there"


@pytest.mark.parametrize("present", [b"", BODY[:-1], BODY + b"~", BODY.replace(b"IEA", b"IEB", 1)])
def test_another_file_of_that_name_is_left_alone_and_named(tmp_path: Path, present: bytes) -> None:
    (tmp_path / NAME).write_bytes(present)
    with pytest.raises(DeliveryRefused, match=f"^{NAME}: .*move the wrong one away"):
        deliver(BODY, NAME, tmp_path)
    assert (tmp_path / NAME).read_bytes() == present
    assert names(tmp_path) == [NAME]


def test_a_file_that_appears_at_the_last_moment_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_link = os.link

    def link_after_another(source: Path, target: Path) -> None:
        Path(target).write_bytes(b"another")
        real_link(source, target)

    monkeypatch.setattr(directory_delivery.os, "link", link_after_another)
    with pytest.raises(DeliveryRefused):
        deliver(BODY, NAME, tmp_path)
    assert (tmp_path / NAME).read_bytes() == b"another" and names(tmp_path) == [NAME]


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeliveryFailed, match="nowhere: the directory does not exist") as failure:
        deliver(BODY, NAME, tmp_path / "nowhere")
    assert isinstance(failure.value.__cause__, FileNotFoundError)


def test_a_file_in_place_of_the_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_bytes(b"")
    with pytest.raises(DeliveryFailed, match="the path is not a directory"):
        deliver(BODY, NAME, tmp_path / "outbox")


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may write everywhere")
def test_a_directory_that_is_not_writable_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DeliveryFailed, match="not writable"):
        deliver(BODY, NAME, tmp_path)


@pytest.mark.parametrize(
    ("call", "number", "meaning"),
    [
        ("open", errno.EACCES, "not writable"),
        ("open", errno.EROFS, "read-only"),
        ("write", errno.ENOSPC, "the disk is full"),
        ("write", errno.EDQUOT, "quota"),
        ("fsync", errno.EIO, "the disk reports an error"),
        ("link", errno.EPERM, "no hard links"),
        ("link", errno.ENOSPC, "the disk is full"),
    ],
)
def test_a_failing_disk_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, meaning: str
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(directory_delivery.os, call, fail)
        with pytest.raises(DeliveryFailed, match=meaning) as failure:
            deliver(BODY, NAME, tmp_path)
    assert isinstance(failure.value.__cause__, OSError)
    assert names(tmp_path) == []
    assert deliver(BODY, NAME, tmp_path) == "delivered"


def test_a_file_half_written_when_space_runs_out_leaves_nothing(tmp_path: Path) -> None:
    def with_little_space() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(BODY) // 2, len(BODY) // 2))
        try:
            deliver(BODY, NAME, tmp_path)
        except DeliveryFailed:
            return
        os._exit(2)

    assert in_child(with_little_space) == 0
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("call", "moment"),
    [
        ("write", "midway"),
        *((call, moment) for call in ("write", "fsync", "link", "unlink") for moment in ("before", "after")),
    ],
)
def test_killed_at_any_step_and_done_again_it_ends_the_same(tmp_path: Path, call: str, moment: str) -> None:
    def killed() -> None:
        real = getattr(os, call)

        def die(*arguments: Any) -> None:
            if moment == "midway":
                real(arguments[0], arguments[1][:100])
            if moment == "after":
                real(*arguments)
            os._exit(9)

        setattr(os, call, die)
        deliver(BODY, NAME, tmp_path)

    assert in_child(killed) == 9
    assert not (tmp_path / NAME).exists() or (tmp_path / NAME).read_bytes() == BODY
    assert deliver(BODY, NAME, tmp_path) in ("delivered", "already there")
    assert names(tmp_path) == [NAME]
    assert (tmp_path / NAME).read_bytes() == BODY


def test_a_leftover_that_is_linked_elsewhere_is_not_written_through(tmp_path: Path) -> None:
    """Killed between link and unlink, then the receiver moved the file away: its copy must stay whole."""
    (tmp_path / f".{NAME}.tmp").write_bytes(BODY)
    (tmp_path / "picked").mkdir()
    os.link(tmp_path / f".{NAME}.tmp", tmp_path / "picked" / "copy")
    other = b"other" * 10
    assert deliver(other, NAME, tmp_path) == "delivered"
    assert (tmp_path / "picked" / "copy").read_bytes() == BODY
    assert (tmp_path / NAME).read_bytes() == other


@pytest.mark.parametrize("different", [False, True])
def test_two_deliveries_at_once_put_one_file_there(tmp_path: Path, different: bool) -> None:
    bodies = [BODY * 50, BODY * 50 + b"~" if different else BODY * 50]
    outcomes: list[object] = []
    start = threading.Barrier(8)

    def run(body: bytes) -> None:
        start.wait()
        try:
            outcomes.append(deliver(body, NAME, tmp_path))
        except DeliveryRefused:
            outcomes.append("refused")

    threads = [threading.Thread(target=run, args=(bodies[number % 2],)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("delivered") == 1 and len(outcomes) == 8
    assert outcomes.count("refused") == (4 if different else 0)
    assert names(tmp_path) == [NAME]
    assert (tmp_path / NAME).read_bytes() in bodies


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", ".hidden", "/abs"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError):
        deliver(BODY, name, tmp_path)
    assert names(tmp_path) == []
