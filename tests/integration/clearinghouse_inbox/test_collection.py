"""Answers come in once each, whole, and are taken out of the receiver's folder only after they are stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from include.clearinghouse.drop_box import DropBoxFault, FaultCode, ListedFile
from include.clearinghouse_inbox import steps
from tests.integration.clearinghouse_inbox.conftest import Inbox
from tests.support.answers import ta1
from tests.support.sending import directory_boxes

MINUTE = timedelta(minutes=1)


def stored(inbox: Inbox) -> list[bytes]:
    return [bytes(body) for (body,) in inbox.rows("SELECT body FROM billing.inbox_file ORDER BY inbox_file_id")]


def test_a_file_is_stored_once_by_its_bytes_and_fetched_once_by_its_name(inbox: Inbox) -> None:
    inbox.put("a.999", ta1(1))
    inbox.put("b.999", ta1(1))
    inbox.put("c.999", ta1(2))
    assert inbox.collect() == 2
    assert inbox.collect() == 0
    assert stored(inbox) == [ta1(1), ta1(2)]
    names = inbox.rows("SELECT file_name, inbox_file_id FROM billing.inbox_listing ORDER BY 1")
    assert [name for name, _ in names] == ["a.999", "b.999", "c.999"]
    assert names[0][1] == names[1][1] != names[2][1]
    assert inbox.file_state() == [("received", None, None)] * 2


def test_what_was_seen_is_not_fetched_again_until_its_size_or_time_changes(inbox: Inbox) -> None:
    fetched: list[str] = []

    class Box:
        day = 1

        def list_answers(self) -> list[ListedFile]:
            return [ListedFile("a", len(ta1(1)), datetime(2026, 3, self.day, tzinfo=UTC))]

        def read_answer(self, name: str) -> bytes:
            fetched.append(name)
            return ta1(1)

    box = Box()
    collect(inbox, box)
    collect(inbox, box)
    assert fetched == ["a"]
    box.day = 2
    collect(inbox, box)
    assert fetched == ["a", "a"]
    assert len(stored(inbox)) == 1


def collect(inbox: Inbox, box: object) -> int:
    @contextmanager
    def opened(_settings: object) -> Iterator[object]:
        yield box

    return steps.collect_files(inbox.pipeline, "default", opened)  # type: ignore[arg-type]


@pytest.mark.parametrize("body", [b"", ta1(1)[:-20], ta1(1)[:60], b"not a claim file"])
def test_a_file_that_is_not_whole_is_looked_at_again_while_it_may_grow(inbox: Inbox, body: bytes) -> None:
    inbox.put("a", body, age=9 * MINUTE)
    assert inbox.collect() == 0
    assert inbox.rows("SELECT FROM billing.inbox_listing") == []
    inbox.put("a", body, age=11 * MINUTE)
    assert inbox.collect() == 1


def test_a_whole_file_is_taken_at_once(inbox: Inbox) -> None:
    inbox.put("a", ta1(1), age=timedelta(0))
    inbox.put("padded", ta1(2) + b"\r\n\x1a", age=timedelta(0))
    assert inbox.collect() == 2


def test_a_file_of_another_size_than_listed_is_looked_at_again(inbox: Inbox) -> None:
    class Box:
        size = 10

        def list_answers(self) -> list[ListedFile]:
            return [ListedFile("a", self.size, datetime(2026, 3, 1, tzinfo=UTC))]

        def read_answer(self, name: str) -> bytes:
            return ta1(1)

    box = Box()
    assert collect(inbox, box) == 0
    box.size = len(ta1(1))
    assert collect(inbox, box) == 1


@pytest.mark.parametrize("removes", [True, False])
def test_files_leave_the_folder_only_where_the_receiver_says_so(inbox: Inbox, removes: bool) -> None:
    inbox.billing.execute("UPDATE billing.receiver SET removes_answers = %s", (removes,))
    path = inbox.put("a", ta1(1))
    growing = inbox.put("b", b"ISA", age=MINUTE)
    inbox.collect()
    assert path.exists() is not removes
    assert growing.exists()


def test_a_file_that_could_not_be_removed_is_removed_by_the_next_run(inbox: Inbox) -> None:
    path = inbox.put("a", ta1(1))
    inbox.collect()
    inbox.billing.execute("UPDATE billing.receiver SET removes_answers = true")
    assert inbox.collect() == 0
    assert not path.exists()


def test_nothing_is_removed_that_is_not_stored(inbox: Inbox) -> None:
    inbox.billing.execute("UPDATE billing.receiver SET removes_answers = true")
    inbox.billing.execute(
        "CREATE FUNCTION break_inbox() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;"
        " CREATE TRIGGER break_inbox BEFORE INSERT ON billing.inbox_listing FOR EACH ROW EXECUTE FUNCTION break_inbox()"
    )
    path = inbox.put("a", ta1(1))
    try:
        with pytest.raises(Exception, match="no"):
            inbox.collect()
    finally:
        inbox.billing.execute("DROP FUNCTION break_inbox() CASCADE")
    assert path.exists()
    assert stored(inbox) == []


def test_a_file_that_took_the_name_meanwhile_is_not_removed(inbox: Inbox) -> None:
    removed: list[str] = []

    class Box:
        looks = 0

        def list_answers(self) -> list[ListedFile]:
            self.looks += 1
            return [ListedFile("a", len(ta1(1)), datetime(2026, 3, self.looks, tzinfo=UTC))]

        def read_answer(self, name: str) -> bytes:
            return ta1(1)

        def remove_answer(self, name: str) -> None:
            removed.append(name)

    inbox.billing.execute("UPDATE billing.receiver SET removes_answers = true")
    collect(inbox, Box())
    assert removed == []


@pytest.mark.parametrize(("code", "count"), [("no_permission", 1), ("connection_lost", 0)])
def test_one_file_that_cannot_be_read_holds_no_other_and_a_lost_connection_ends_it(
    inbox: Inbox, code: FaultCode, count: int
) -> None:
    class Box:
        def list_answers(self) -> list[ListedFile]:
            return [ListedFile(name, len(ta1(1)), datetime(2026, 3, 1, tzinfo=UTC)) for name in ("a", "b")]

        def read_answer(self, name: str) -> bytes:
            if name == "a":
                raise DropBoxFault(code, "a file could not be read")
            return ta1(1)

    with pytest.raises(DropBoxFault):
        collect(inbox, Box())
    assert len(stored(inbox)) == count


def test_our_own_claim_files_in_a_shared_folder_are_no_answers_and_are_never_removed(inbox: Inbox) -> None:
    inbox.claims()
    inbox.send()
    (sent,) = (inbox.folder / "out").glob("*.837")
    box = directory_boxes(inbox.folder / "out", inbox.folder / "out")
    # As an earlier version left it: stored as if it were an answer, so that nothing but its name protects it.
    modified_at = datetime.fromtimestamp(sent.stat().st_mtime, UTC)
    inbox.billing.execute(
        "INSERT INTO billing.inbox_listing (receiver_code, file_name, byte_count, modified_at, inbox_file_id)"
        " VALUES ('default', %s, %s, %s, %s)",
        (sent.name, sent.stat().st_size, modified_at, inbox.receive(b"stored before")),
    )
    lost = sent.with_name("SUBMITTER_000000077_0123abcd.837")
    lost.write_bytes(sent.read_bytes())  # one of which a restore has taken the record
    inbox.billing.execute("UPDATE billing.receiver SET removes_answers = true, temporary_suffix = '.up'")
    unfinished = sent.with_name(f"{sent.name}.2.UP")
    unfinished.write_bytes(sent.read_bytes())
    answer = sent.with_suffix(".999")
    answer.write_bytes(ta1(1))
    assert steps.collect_files(inbox.pipeline, "default", box) == 1, "the answer that is called like its file"
    assert stored(inbox) == [b"stored before", ta1(1)]
    assert sent.exists() and lost.exists() and unfinished.exists()
    assert not answer.exists()
    assert steps.collect_files(inbox.pipeline, "default", box) == 0


def test_a_claim_file_is_known_by_the_outbox_when_its_ending_is_another_one_by_now(inbox: Inbox) -> None:
    inbox.claims()
    inbox.send()
    (sent,) = (inbox.folder / "out").glob("*.837")
    box = directory_boxes(inbox.folder / "out", inbox.folder / "out")
    inbox.billing.execute("UPDATE billing.receiver SET file_extension = 'dat'")
    newer = sent.with_suffix(".DAT")
    newer.write_bytes(sent.read_bytes())
    stranger = sent.with_name("SUBMITTER_000000077_0123abcd.837")
    stranger.write_bytes(ta1(1))
    assert steps.collect_files(inbox.pipeline, "default", box) == 1
    assert inbox.rows("SELECT file_name FROM billing.inbox_listing") == [(stranger.name,)]


def test_a_folder_that_is_not_there_raises(inbox: Inbox) -> None:
    (inbox.folder / "in").rmdir()
    with pytest.raises(DropBoxFault):
        inbox.collect()


def test_each_receiver_is_looked_at_in_its_own_folder_and_knows_its_own_files(inbox: Inbox) -> None:
    inbox.billing.execute(
        "INSERT INTO billing.receiver (receiver_code, name, submitter_id, submitter_name, contact_name, contact_phone,"
        " receiver_id, answers_folder)"
        " VALUES ('other', 'OTHER', 'OURID', 'US', 'OFFICE', '5555550100', 'THEM', 'other')"
    )
    (inbox.folder / "in" / "other").mkdir()
    (inbox.folder / "in" / "other" / "a").write_bytes(ta1(1))
    assert steps.list_receivers(inbox.pipeline) == ["default", "other"]
    boxes = directory_boxes(inbox.folder / "out", inbox.folder / "in")
    assert steps.collect_files(inbox.pipeline, "other", boxes) == 1
    inbox.put("a", ta1(1))
    assert inbox.collect() == 1
