from __future__ import annotations

import errno
import hashlib
import os
import pickle
import re
import resource
import stat
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from include.clearinghouse import directory_drop_box, exclusive_rename
from include.clearinghouse.directory_drop_box import DirectoryDropBox
from include.clearinghouse.drop_box import DropBoxFault, DropBoxSettings, FoundFile

NAME = "SUBM01_000000001_0a1b2c3d.837"
BODY = b"ISA*00~IEA*1~" * 1000
TEMPORARY = f".{NAME}.1.tmp"
PLACING = f".{NAME}.1.placing"
FOUND = FoundFile(len(BODY), hashlib.sha256(BODY).hexdigest())
SETTINGS = DropBoxSettings(
    receiver_code="default",
    delivery_method="directory",
    connection_id="clearinghouse",
    claims_folder="",
    answers_folder="",
    upload_pattern="suffix",
    temporary_suffix=".tmp",
    temporary_folder=None,
    can_read_back=True,
)


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    (tmp_path / "outbox").mkdir()
    return tmp_path / "outbox"


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


def box_over(outbox: Path, **settings: Any) -> DirectoryDropBox:
    return DirectoryDropBox(replace(SETTINGS, **settings), outbox, outbox.parent / "inbox")


@pytest.fixture
def by_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without the exclusive rename."""

    def unsupported(source: Path, target: Path) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(directory_drop_box, "rename_to_free_name", unsupported)


@pytest.fixture
def box(outbox: Path, inbox: Path) -> DirectoryDropBox:
    return box_over(outbox)


def deliver(box: DirectoryDropBox, attempt_count: int = 1, body: bytes = BODY) -> None:
    box.upload(NAME, attempt_count, body)
    box.place(NAME, attempt_count, body)


def names(directory: Path) -> list[str]:
    return sorted(each.name for each in directory.iterdir())


def fault_of(work: Callable[[], object], code: str, words: str) -> DropBoxFault:
    with pytest.raises(DropBoxFault, match=words) as failure:
        work()
    assert failure.value.code == code
    return failure.value


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


def failing(number: int) -> Callable[..., None]:
    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number), "/secret/path")

    return fail


# What goes well


def test_a_file_is_delivered_whole_under_its_name_only(outbox: Path, box: DirectoryDropBox) -> None:
    assert box.find_claim_file(NAME) is None
    deliver(box)
    assert names(outbox) == [NAME]
    assert (outbox / NAME).read_bytes() == BODY
    assert (outbox / NAME).stat().st_nlink == 1
    assert box.find_claim_file(NAME) == FOUND
    assert box.read_claim_file(NAME) == BODY


def test_until_it_is_placed_a_file_is_hidden(outbox: Path, box: DirectoryDropBox) -> None:
    box.upload(NAME, 1, BODY)
    assert names(outbox) == [TEMPORARY]
    assert box.find_claim_file(NAME) is None
    assert box.list_claim_files() == []


def test_a_delivered_file_is_closed_to_others(outbox: Path, box: DirectoryDropBox) -> None:
    before = os.umask(0)
    try:
        deliver(box)
    finally:
        os.umask(before)
    assert stat.S_IMODE((outbox / NAME).stat().st_mode) & 0o007 == 0


def test_a_temporary_folder_takes_the_file_first(outbox: Path, inbox: Path) -> None:
    (outbox / "in").mkdir()
    (outbox / "tmp").mkdir()
    box = box_over(
        outbox, upload_pattern="directory", claims_folder="in", temporary_folder="tmp", temporary_suffix=".part"
    )
    box.upload(NAME, 1, BODY)
    assert (names(outbox / "in"), names(outbox / "tmp")) == ([], [f".{NAME}.1.part"])
    box.place(NAME, 1, BODY)
    assert (names(outbox / "in"), names(outbox / "tmp")) == ([NAME], [])


def test_a_receiver_that_waits_until_a_file_is_whole_gets_it_under_its_name_at_once(outbox: Path, inbox: Path) -> None:
    box = box_over(outbox, upload_pattern="direct")
    box.upload(NAME, 1, BODY)
    assert names(outbox) == []
    box.place(NAME, 1, BODY)
    assert box.find_claim_file(NAME) == FOUND
    assert box.cancel(NAME, 1) is False


def test_a_delivered_file_is_recognised_on_a_full_disk(box: DirectoryDropBox, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(box)
    monkeypatch.setattr(directory_drop_box.os, "write", failing(errno.ENOSPC))
    assert box.find_claim_file(NAME) == FOUND


# Names that are taken


@pytest.mark.parametrize("present", [b"", BODY[:-1], BODY, BODY.replace(b"IEA", b"IEB", 1)])
@pytest.mark.parametrize("pattern", ["suffix", "direct"])
def test_a_file_of_that_name_is_left_alone_whatever_its_bytes(
    outbox: Path, inbox: Path, pattern: str, present: bytes
) -> None:
    box = box_over(outbox, upload_pattern=pattern)
    (outbox / NAME).write_bytes(present)
    box.upload(NAME, 1, BODY)
    fault_of(lambda: box.place(NAME, 1, BODY), "name_taken", f"^{NAME} .*holds another file of this name.*nothing was")
    assert (outbox / NAME).read_bytes() == present
    assert box.cancel(NAME, 1) is (pattern == "suffix")
    assert names(outbox) == [NAME]


@pytest.mark.usefixtures("by_link")
def test_a_file_that_appears_before_the_link_is_not_overwritten(
    outbox: Path, box: DirectoryDropBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_link = os.link

    def link_after_another(source: Path, target: Path) -> None:
        Path(target).write_bytes(b"another")
        real_link(source, target)

    monkeypatch.setattr(directory_drop_box.os, "link", link_after_another)
    fault_of(lambda: deliver(box), "name_taken", "nothing was overwritten")
    assert (outbox / NAME).read_bytes() == b"another"


def test_a_file_that_appears_before_the_rename_is_not_overwritten(outbox: Path, box: DirectoryDropBox) -> None:
    box.upload(NAME, 1, BODY)
    (outbox / NAME).write_bytes(b"another")
    fault_of(lambda: box.place(NAME, 1, BODY), "name_taken", "nothing was overwritten")
    assert (outbox / NAME).read_bytes() == b"another"
    assert box.cancel(NAME, 1) is True


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_the_rename_the_file_is_placed_or_can_be_cancelled(
    outbox: Path, box: DirectoryDropBox, moment: str
) -> None:
    real = directory_drop_box.rename_to_free_name

    def killed() -> None:
        def die(source: Path, target: Path) -> None:
            if moment == "after":
                real(source, target)
            os._exit(9)

        directory_drop_box.rename_to_free_name = die
        deliver(box)

    assert in_child(killed) == 9
    assert names(outbox) == [TEMPORARY if moment == "before" else NAME]
    assert box.cancel(NAME, 1) is (moment == "before")


def test_a_rename_that_the_disk_refuses_is_told_and_can_be_cancelled(
    outbox: Path, box: DirectoryDropBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory_drop_box, "rename_to_free_name", failing(errno.EXDEV))
    fault_of(lambda: deliver(box), "misconfigured", "another file system")
    assert box.cancel(NAME, 1) is True


def test_an_exclusive_rename_says_when_it_cannot_be_had(outbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class WithoutIt:
        pass

    monkeypatch.setattr(exclusive_rename.ctypes, "CDLL", lambda *_, **__: WithoutIt())
    (outbox / "here").write_bytes(b"")
    with pytest.raises(OSError) as refusal:
        exclusive_rename.rename_to_free_name(outbox / "here", outbox / "there")
    assert refusal.value.errno in exclusive_rename.UNSUPPORTED
    assert names(outbox) == ["here"]


# Directories and disks that fail


@pytest.mark.parametrize("ask", ["find_claim_file", "list_claim_files", "upload", "place", "cancel", "list_answers"])
def test_a_missing_directory_is_named_and_is_not_an_empty_one(tmp_path: Path, ask: str) -> None:
    box = DirectoryDropBox(SETTINGS, tmp_path / "nowhere", tmp_path / "nowhere")
    arguments = {"find_claim_file": (NAME,), "upload": (NAME, 1, BODY), "place": (NAME, 1, BODY), "cancel": (NAME, 1)}
    work = getattr(box, ask)
    fault_of(lambda: work(*arguments.get(ask, ())), "folder_missing", "nowhere: the directory does not exist")


def test_a_file_in_place_of_the_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_bytes(b"")
    fault_of(lambda: deliver(box_over(tmp_path / "outbox")), "folder_missing", "the path is not a directory")


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may write everywhere")
def test_a_directory_that_is_not_writable_is_named(outbox: Path, box: DirectoryDropBox) -> None:
    outbox.chmod(0o500)
    fault_of(lambda: deliver(box), "no_permission", "not writable")


@pytest.mark.parametrize("folder", ["/etc", "..", "in/../..", "in\0"])
@pytest.mark.parametrize("setting", ["claims_folder", "answers_folder", "temporary_folder"])
def test_a_folder_that_leads_out_of_the_directory_is_refused(outbox: Path, setting: str, folder: str) -> None:
    settings = {"temporary_folder": "tmp", setting: folder}
    fault_of(lambda: box_over(outbox, upload_pattern="directory", **settings), "misconfigured", f"{setting} leads out")


@pytest.mark.usefixtures("by_link")
@pytest.mark.parametrize(
    ("call", "number", "code", "meaning"),
    [
        ("open", errno.EACCES, "no_permission", "not writable"),
        ("open", errno.EROFS, "no_permission", "read-only"),
        ("write", errno.ENOSPC, "disk_full", "the disk is full"),
        ("write", errno.EDQUOT, "disk_full", "quota"),
        ("fsync", errno.EIO, "unreachable", "the disk reports an error"),
        ("rename", errno.ENOSPC, "disk_full", "the disk is full"),
        ("link", errno.EPERM, "no_permission", "no hard links"),
        ("link", errno.ENOTSUP, "misconfigured", "no hard links"),
        ("link", errno.EXDEV, "misconfigured", "another file system"),
        ("link", errno.ENOSPC, "disk_full", "the disk is full"),
        ("link", errno.ELOOP, "unreachable", os.strerror(errno.ELOOP)),
    ],
)
def test_a_failing_disk_is_told_without_paths_and_nothing_is_placed(
    outbox: Path,
    box: DirectoryDropBox,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    number: int,
    code: str,
    meaning: str,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(directory_drop_box.os, call, failing(number))
        fault = fault_of(
            lambda: deliver(box), code, f"^{NAME} was not delivered into {re.escape(str(outbox))}: .*{meaning}"
        )
    assert fault.__cause__ is None and fault.__suppress_context__ and "secret" not in str(fault)
    assert not (outbox / NAME).exists()
    # Either nothing is left, or what can be cancelled.
    assert names(outbox) == ([TEMPORARY] if box.cancel(NAME, 1) else []) or names(outbox) == []
    deliver(box, 2)
    assert names(outbox) == [NAME]


@pytest.mark.parametrize("pattern", ["suffix", "direct"])
def test_a_file_half_written_when_space_runs_out_leaves_nothing(outbox: Path, inbox: Path, pattern: str) -> None:
    def with_little_space() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(BODY) // 2, len(BODY) // 2))
        try:
            deliver(box_over(outbox, upload_pattern=pattern))
        except DropBoxFault as fault:
            os._exit(3 if fault.code == "disk_full" else 2)

    assert in_child(with_little_space) == 3
    assert names(outbox) == []


# Killed


def kill_at(box: DirectoryDropBox, call: str, moment: str, nth: int = 1) -> None:
    """Deliver in a process that dies at the nth call of a function of the operating system."""

    def killed() -> None:
        real = getattr(os, call)
        left = nth

        def die(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left:
                return real(*arguments, **options)
            if moment == "midway":
                real(arguments[0], arguments[1][:100])
            if moment == "after":
                real(*arguments, **options)
            os._exit(9)

        setattr(os, call, die)
        deliver(box)

    assert in_child(killed) == 9


@pytest.mark.usefixtures("by_link")
@pytest.mark.parametrize(
    ("call", "moment", "nth", "left", "can_cancel"),
    [
        ("open", "before", 1, [], False),
        ("open", "after", 1, [TEMPORARY], True),
        ("write", "before", 1, [TEMPORARY], True),
        ("write", "midway", 1, [TEMPORARY], True),
        ("write", "after", 1, [TEMPORARY], True),
        ("fsync", "before", 1, [TEMPORARY], True),
        ("fsync", "after", 1, [TEMPORARY], True),
        ("rename", "before", 1, [TEMPORARY], True),
        ("rename", "after", 1, [PLACING], False),
        ("fsync", "before", 2, [PLACING], False),
        ("link", "before", 1, [PLACING], False),
        ("link", "after", 1, [PLACING, NAME], False),
        ("unlink", "before", 1, [PLACING, NAME], False),
        ("unlink", "after", 1, [NAME], False),
        ("fsync", "before", 3, [NAME], False),
        ("fsync", "after", 3, [NAME], False),
    ],
)
def test_killed_at_any_step_the_file_is_whole_or_absent_and_only_what_was_not_placed_can_be_cancelled(
    outbox: Path, box: DirectoryDropBox, call: str, moment: str, nth: int, left: list[str], can_cancel: bool
) -> None:
    kill_at(box, call, moment, nth)
    assert names(outbox) == left
    assert box.find_claim_file(NAME) == (FOUND if NAME in left else None)
    assert box.cancel(NAME, 1) is can_cancel
    if NAME not in left:
        deliver(box, 2)
    else:
        box.upload(NAME, 2, BODY)
        assert box.cancel(NAME, 2) is True
    assert names(outbox) == [NAME]
    assert (outbox / NAME).read_bytes() == BODY


@pytest.mark.usefixtures("by_link")
def test_a_file_collected_after_its_worker_was_killed_cannot_be_cancelled(outbox: Path, box: DirectoryDropBox) -> None:
    kill_at(box, "link", "after")
    (outbox / NAME).unlink()
    assert (box.find_claim_file(NAME), box.cancel(NAME, 1)) == (None, False)


@pytest.mark.usefixtures("by_link")
def test_a_leftover_that_is_linked_elsewhere_is_not_written_through(
    tmp_path: Path, outbox: Path, box: DirectoryDropBox
) -> None:
    """Killed between link and unlink, then the receiver moved the file away: its copy must stay whole."""
    kill_at(box, "link", "after")
    (outbox / NAME).rename(tmp_path / "collected")
    other = b"other" * 10
    deliver(box, 2, other)
    assert (tmp_path / "collected").read_bytes() == BODY
    assert (outbox / NAME).read_bytes() == other
    assert names(outbox) == [NAME]


# Attempts


def test_an_attempt_that_was_cancelled_can_not_place_any_more(outbox: Path, box: DirectoryDropBox) -> None:
    box.upload(NAME, 1, BODY)
    assert box.cancel(NAME, 1) is True
    assert box.cancel(NAME, 1) is False
    fault_of(lambda: box.place(NAME, 1, BODY), "rename_refused", "the temporary file of attempt 1 is gone")
    assert names(outbox) == []


def test_only_the_attempt_that_is_named_is_cancelled(outbox: Path, box: DirectoryDropBox) -> None:
    box.upload(NAME, 2, BODY)
    assert box.cancel(NAME, 1) is False
    assert names(outbox) == [f".{NAME}.2.tmp"]


def test_only_what_older_attempts_of_the_same_file_left_is_removed(outbox: Path, box: DirectoryDropBox) -> None:
    others = [f".{NAME}.3.tmp", f".X{NAME}.1.tmp", f".{NAME}.tmp", f".{NAME}.1.tmp.tmp"]
    for name in [TEMPORARY, PLACING, *others]:
        (outbox / name).write_bytes(b"")
    box.upload(NAME, 2, BODY)
    assert names(outbox) == sorted([*others, f".{NAME}.2.tmp"])


@pytest.mark.parametrize("pattern", ["suffix", "direct"])
def test_of_attempts_that_place_at_once_one_does(outbox: Path, inbox: Path, pattern: str) -> None:
    boxes = [box_over(outbox, upload_pattern=pattern) for _ in range(8)]
    bodies = [BODY * 50 + bytes([number]) for number in range(8)]
    # Newest first, or each would clear the older ones away.
    for number in reversed(range(8)):
        boxes[number].upload(NAME, number + 1, bodies[number])
    outcomes: list[str] = []
    start = threading.Barrier(8)

    def run(number: int) -> None:
        start.wait()
        try:
            boxes[number].place(NAME, number + 1, bodies[number])
            outcomes.append("placed")
        except DropBoxFault as fault:
            outcomes.append(fault.code)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["name_taken"] * 7 + ["placed"]
    assert (outbox / NAME).read_bytes() in bodies


# Listing and answers


def test_answers_are_listed_read_and_removed_without_hidden_and_unfinished_ones(
    inbox: Path, box: DirectoryDropBox
) -> None:
    for name in ("b.999", "a.TA1", ".hidden", "c.tmp", "c.PART", "c.filepart", "c.partial"):
        (inbox / name).write_bytes(name.encode())
    (inbox / "older").mkdir()
    (inbox / "elsewhere.999").symlink_to("/etc/passwd")
    os.utime(inbox / "a.TA1", (1_800_000_000, 1_800_000_000))
    listed = box.list_answers()
    assert [(file.name, file.byte_count) for file in listed] == [("a.TA1", 5), ("b.999", 5)]
    assert listed[0].modified_at.isoformat() == "2027-01-15T08:00:00+00:00"
    assert box.read_answer("b.999") == b"b.999"
    box.remove_answer("b.999")
    box.remove_answer("b.999")
    assert not (inbox / "b.999").exists()


def test_an_answer_that_is_gone_is_a_fault_that_does_not_name_it(inbox: Path, box: DirectoryDropBox) -> None:
    fault = fault_of(lambda: box.read_answer("SECRETMARK"), "folder_missing", "the file is not there any more, or")
    assert "SECRETMARK" not in str(fault)


def test_claim_files_are_listed_without_those_of_the_receivers_own_suffix(outbox: Path, inbox: Path) -> None:
    for name in (NAME, f"{NAME}.1.uploading", "x.tmp"):
        (outbox / name).write_bytes(BODY)
    assert [file.name for file in box_over(outbox, temporary_suffix=".uploading").list_claim_files()] == [NAME]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", ".hidden", "/abs", "a\0"])
def test_a_name_that_leads_elsewhere_is_refused(outbox: Path, box: DirectoryDropBox, name: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: box.upload(name, 1, BODY),
        lambda: box.place(name, 1, BODY),
        lambda: box.cancel(name, 1),
        lambda: box.find_claim_file(name),
        lambda: box.read_claim_file(name),
        lambda: box.read_answer(name),
        lambda: box.remove_answer(name),
    ]
    for call in calls:
        with pytest.raises(ValueError):
            call()
    assert names(outbox) == []


def test_a_fault_crosses_to_another_process_whole() -> None:
    fault = pickle.loads(pickle.dumps(DropBoxFault("disk_full", "no room")))
    assert (fault.code, str(fault)) == ("disk_full", "no room")
