"""A file's way to its receiver, moment by moment: what each state means after a death, beside another worker, by a
person's word, and in time.

The receiver is a model, so that every order of events can be had; test_delivery_faults.py has a real server.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import psycopg
import pytest

from include.clearinghouse.drop_box import DropBox, DropBoxFault, DropBoxSettings
from include.errors import BillingError
from include.outbox.delivery import Delivery, Sender
from include.outbox.settlement import deliver_in_turn, settle_files
from tests.faults.model_receiver import ModelReceiver
from tests.faults.stored_files import (
    CLAIMS_PER_FILE,
    NOW,
    StoredFile,
    add_receiver,
    claim_statuses,
    outbox_database,
    pipeline_connection,
    say,
    state_of,
    store_file,
)
from tests.faults.workers import Moments, StoppedWorker, deliver, deliver_killed

Connection = psycopg.Connection[Any]

RESEND_AFTER: Final = timedelta(hours=24)  # the default of billing.receiver
LATER: Final = (NOW + timedelta(hours=1)).isoformat()
SENT: Final = ("sent", None)


@pytest.fixture(scope="module")
def url(server_url: str, template: str) -> Iterator[str]:
    with outbox_database(server_url, template) as url:
        with psycopg.connect(url, autocommit=True) as owner:
            add_receiver(owner, "checking", checks_duplicates=True)
            add_receiver(owner, "other")
        yield url


@pytest.fixture(scope="module")
def owner(url: str) -> Iterator[Connection]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def worker(url: str) -> Iterator[Connection]:
    with pipeline_connection(url) as connection:
        yield connection


@pytest.fixture(scope="module")
def another(url: str) -> Iterator[Connection]:
    with pipeline_connection(url) as connection:
        yield connection


@pytest.fixture
def receiver() -> ModelReceiver:
    return ModelReceiver()


@pytest.fixture
def file(owner: Connection) -> StoredFile:
    return store_file(owner)


def _state(owner: Connection, file: StoredFile) -> tuple[str, str | None]:
    state, stage, _, _ = state_of(owner, file)
    return state, stage


def _make_unknown(connection: Connection, file: StoredFile, *, at: str | None = None) -> ModelReceiver:
    """A file that is placed and collected while its worker hears nothing: whether it arrived is unknown."""
    receiver = ModelReceiver(collects=True)
    receiver.arm("place", "connection_lost", "after")
    assert deliver(connection, receiver, file, at=at).outcome == "unknown"
    return receiver


# The straight way


def test_a_file_is_announced_uploaded_announced_again_placed_and_recorded(
    owner: Connection, worker: Connection, receiver: ModelReceiver, file: StoredFile
) -> None:
    seen: list[tuple[str, str | None]] = []

    def look(name: str) -> None:
        if name.startswith("before ") and name != "before commit":
            seen.append(_state(owner, file))

    outcome = deliver(worker, receiver, file, look)
    assert outcome == Delivery("sent", CLAIMS_PER_FILE, Decimal(150 * CLAIMS_PER_FILE))
    assert receiver.calls == ["upload", "place"]
    assert seen == [("sending", "uploading"), ("sending", "placing")]
    assert receiver.folder == {file.file_name: file.body}
    assert not receiver.temporary
    assert _state(owner, file) == SENT
    assert claim_statuses(owner, file) == {"submitted"}
    assert owner.execute(
        "SELECT attempt_count, delivered_to, attempted_at, sent_at, sent_run_id = built_run_id"
        " FROM billing.interchange WHERE interchange_id = %s",
        (file.interchange_id,),
    ).fetchone() == (1, "a model", NOW, NOW, True)


@pytest.mark.parametrize("state", ["sent", "acknowledged", "rejected"])
def test_a_file_that_has_left_does_not_leave_again(
    owner: Connection, worker: Connection, receiver: ModelReceiver, file: StoredFile, state: str
) -> None:
    deliver(worker, receiver, file)
    owner.execute(
        "UPDATE billing.interchange SET interchange_state = %s WHERE interchange_id = %s", (state, file.interchange_id)
    )
    receiver.collect()
    receiver.calls.clear()
    assert deliver(worker, receiver, file) == Delivery("left")
    assert receiver.calls == []


# Death at each moment


def _moments(worker: Connection, owner: Connection, **how: Any) -> list[str]:
    moments = Moments()
    assert deliver(worker, ModelReceiver(), store_file(owner), moments, **how).outcome == "sent"
    return moments.names


def test_there_are_as_many_moments_as_the_tests_below_think(worker: Connection, owner: Connection) -> None:
    commit = ["before commit", "after commit"]
    upload, place = ["before upload", "after upload"], ["before place", "after place"]
    # Read, begin, upload, announce, place, record.
    assert _moments(worker, owner) == [*commit, *commit, *upload, *commit, *place, *commit]


MOMENTS: Final = 12
PLACED_FROM, RECORDED_FROM = 9, 11  # "after place", the last "after commit"


@pytest.mark.parametrize("direct", [False, True], ids=["under a temporary name", "directly"])
@pytest.mark.parametrize("collects", [False, True], ids=["lies there", "collected at once"])
@pytest.mark.parametrize("moment", range(MOMENTS))
def test_killed_at_any_moment_a_file_arrives_once_by_the_next_attempt_or_is_unknown(
    owner: Connection,
    worker: Connection,
    another: Connection,
    file: StoredFile,
    moment: int,
    collects: bool,
    direct: bool,
) -> None:
    receiver = ModelReceiver(collects=collects)
    assert deliver_killed(worker, receiver, file, moment, direct=direct)
    assert (len(receiver.copies(file.file_name)) == 1) == (moment >= PLACED_FROM)
    assert (claim_statuses(owner, file) == {"submitted"}) == (moment >= RECORDED_FROM)
    deliver(another, receiver, file, direct=direct)
    # From the second announcement on only the folder can tell, and where there is no temporary file to take away, an
    # empty folder does not.
    was_announced = 7 <= moment < RECORDED_FROM
    is_unknown = was_announced and (
        (collects and moment >= PLACED_FROM) or (direct and not (moment >= PLACED_FROM and not collects))
    )
    assert _state(owner, file) == (("unknown", "placing") if is_unknown else SENT)
    expected = [] if is_unknown and moment < PLACED_FROM else [file.body]
    assert receiver.copies(file.file_name) == expected
    assert not receiver.temporary
    assert claim_statuses(owner, file) == {"awaiting_submission" if is_unknown else "submitted"}


@pytest.mark.parametrize("moment", range(4))
def test_killed_while_finding_out_the_next_one_finds_out(
    owner: Connection, worker: Connection, another: Connection, receiver: ModelReceiver, file: StoredFile, moment: int
) -> None:
    assert deliver_killed(worker, receiver, file, PLACED_FROM - 2)  # announced, not placed
    assert deliver_killed(another, receiver, file, 2 + moment)
    deliver(worker, receiver, file)
    # Who took the temporary file away and died before saying so leaves nothing that proves it: a person is asked.
    is_taken_away = moment >= 3
    assert _state(owner, file) == (("unknown", "placing") if is_taken_away else SENT)
    assert len(receiver.copies(file.file_name)) == (0 if is_taken_away else 1)


# Two workers


def test_a_worker_that_is_stopped_before_it_places_finds_that_another_has(
    owner: Connection, worker: Connection, another: Connection, receiver: ModelReceiver, file: StoredFile
) -> None:
    slow = StoppedWorker(worker, receiver, file, 8)
    assert slow.moments.names[-1] == "before place"
    assert deliver(another, receiver, file).claim_count == CLAIMS_PER_FILE
    assert slow.go_on() == Delivery("sent", 0)
    assert receiver.copies(file.file_name) == [file.body]
    assert state_of(owner, file) == ("sent", None, 2, None)


def test_a_late_rename_finds_nothing_once_another_worker_has_cancelled_it(
    owner: Connection, worker: Connection, another: Connection, receiver: ModelReceiver, file: StoredFile
) -> None:
    slow = StoppedWorker(worker, receiver, file, 8)
    # The other one cancels the first attempt and is in the middle of its own when the first wakes up.
    other = StoppedWorker(another, receiver, file, 12)
    assert other.moments.names[-1] == "before upload"
    assert state_of(owner, file) == ("sending", "uploading", 2, None)
    assert slow.go_on() == Delivery("left")
    assert receiver.copies(file.file_name) == []
    assert other.go_on().outcome == "sent"
    assert receiver.copies(file.file_name) == [file.body]


@pytest.mark.parametrize(
    ("moment", "name", "is_uploaded"),
    [(4, "before upload", False), (5, "after upload", True), (8, "before place", True)],
    ids=["before upload", "after upload", "before place"],
)
def test_a_worker_that_is_overtaken_while_it_uploads_does_not_place(
    owner: Connection,
    worker: Connection,
    another: Connection,
    receiver: ModelReceiver,
    file: StoredFile,
    moment: int,
    name: str,
    is_uploaded: bool,
) -> None:
    slow = StoppedWorker(worker, receiver, file, 5)
    assert slow.moments.names[-1] == "after upload"
    other = StoppedWorker(another, receiver, file, moment)
    assert other.moments.names[-1] == name
    assert slow.go_on() == Delivery("left")
    assert receiver.copies(file.file_name) == []
    # The newer attempt's temporary file is not the older one's to take away.
    assert receiver.temporary == ({(file.file_name, 2): file.body} if is_uploaded else {})
    assert other.go_on().outcome == "sent"
    assert receiver.copies(file.file_name) == [file.body]


def test_of_two_workers_that_saw_the_same_attempt_only_one_begins_the_next(
    owner: Connection, worker: Connection, another: Connection, receiver: ModelReceiver, file: StoredFile
) -> None:
    late = StoppedWorker(worker, receiver, file, 1)
    other = StoppedWorker(another, receiver, file, 4)
    assert (late.moments.names[-1], other.moments.names[-1]) == ("after commit", "before upload")
    # Taking over what has just begun would only make both upload.
    assert late.go_on() == Delivery("left")
    assert other.go_on().outcome == "sent"
    assert receiver.calls == ["upload", "place"]
    assert state_of(owner, file) == ("sent", None, 1, None)


def test_an_older_attempt_that_fails_does_not_end_the_newer(
    owner: Connection, worker: Connection, another: Connection, receiver: ModelReceiver, file: StoredFile
) -> None:
    slow = StoppedWorker(worker, receiver, file, 4)
    assert slow.moments.names[-1] == "before upload"
    newer = StoppedWorker(another, receiver, file, 8)
    assert newer.moments.names[-1] == "before place"
    receiver.arm("upload", "disk_full")
    assert slow.go_on() == Delivery("left")
    assert state_of(owner, file) == ("sending", "placing", 2, None)
    assert newer.go_on().outcome == "sent"
    assert receiver.copies(file.file_name) == [file.body]


@pytest.mark.parametrize("collects", [False, True], ids=["lies there", "collected at once"])
@pytest.mark.parametrize("first", range(MOMENTS))
def test_two_workers_at_one_file_in_any_order_deliver_it_once(
    owner: Connection, worker: Connection, another: Connection, first: int, collects: bool
) -> None:
    # One is stopped at a moment, the other at each of its own; then both go on, in this order and in the other.
    second, is_second_first = 0, False
    tried = 0
    while True:
        receiver = ModelReceiver(collects=collects)
        file = store_file(owner)
        one = StoppedWorker(worker, receiver, file, first)
        other = StoppedWorker(another, receiver, file, second)
        is_over = other.outcome is not None
        for each in (other, one) if is_second_first else (one, other):
            each.go_on()
        where = (first, second, is_second_first, one.moments.names, other.moments.names)
        copies = receiver.copies(file.file_name)
        assert copies in ([], [file.body]), where
        state, stage, _, _ = state_of(owner, file)
        if copies:
            assert (state, stage) in (SENT, ("unknown", "placing")), where
        else:
            assert state == "unknown" or (state, stage) in (("built", None), ("sending", "uploading")), where
        # Whoever comes next delivers it, unless somebody has to be asked; and nothing twice.
        deliver(worker, receiver, file)
        copies = receiver.copies(file.file_name)
        state = state_of(owner, file)[0]
        assert (state, copies) in (("sent", [file.body]), ("unknown", [file.body]), ("unknown", [])), where
        if not collects and copies:
            assert state == "sent", where
        assert not receiver.temporary, where
        tried += 1
        if is_over and is_second_first:
            break
        second, is_second_first = (second, True) if not is_second_first else (second + 1, False)
    assert tried >= 2 * 5  # one that finds the file gone has four moments


def test_an_attempt_that_a_person_gave_up_cannot_place_any_more(
    owner: Connection, worker: Connection, another: Connection, receiver: ModelReceiver, file: StoredFile
) -> None:
    # The first worker sleeps before it places; the second cannot look; the clearinghouse, asked, has nothing.
    slow = StoppedWorker(worker, receiver, file, 8)
    receiver.arm("find", "unreachable")
    assert deliver(another, receiver, file).outcome == "unknown"
    say(owner, "resend_file(%s, 'asked on the phone: not there')", file.interchange_id)
    assert deliver(another, receiver, file).outcome == "sent"
    receiver.collect()
    slow.go_on()
    assert receiver.copies(file.file_name) == [file.body]
    assert _state(owner, file) == SENT


# Unknown


def test_a_file_that_could_not_be_looked_for_is_found_later(
    owner: Connection, worker: Connection, receiver: ModelReceiver, file: StoredFile
) -> None:
    receiver.arm("place", "connection_lost", "after")
    receiver.arm("find", "unreachable")
    outcome = deliver(worker, receiver, file)
    assert (outcome.outcome, outcome.fault.code if outcome.fault else None) == ("unknown", "connection_lost")
    assert state_of(owner, file) == ("unknown", "placing", 1, "connection_lost")
    assert claim_statuses(owner, file) == {"awaiting_submission"}
    assert deliver(worker, receiver, file, at=LATER).outcome == "sent"
    assert state_of(owner, file) == ("sent", None, 1, None)
    assert receiver.calls_counted()["place"] == 1


def test_a_file_that_could_not_be_looked_for_and_was_never_placed_is_delivered_later(
    owner: Connection, worker: Connection, receiver: ModelReceiver, file: StoredFile
) -> None:
    receiver.arm("place", "connection_lost", "before")
    receiver.arm("find", "unreachable")
    assert deliver(worker, receiver, file).outcome == "unknown"
    assert deliver(worker, receiver, file, at=LATER).outcome == "sent"
    assert state_of(owner, file) == ("sent", None, 2, None)
    assert receiver.copies(file.file_name) == [file.body]


@pytest.mark.parametrize(
    ("receiver_code", "after", "is_resent"),
    [
        ("checking", RESEND_AFTER - timedelta(seconds=1), False),
        ("checking", RESEND_AFTER, True),
        ("default", 100 * RESEND_AFTER, False),
    ],
)
def test_an_unknown_file_is_sent_again_only_where_duplicates_are_checked_and_only_after_a_time(
    owner: Connection, worker: Connection, receiver_code: str, after: timedelta, is_resent: bool
) -> None:
    file = store_file(owner, receiver_code)
    receiver = _make_unknown(worker, file)
    outcome = deliver(worker, receiver, file, at=(NOW + after).isoformat())
    assert outcome.outcome == ("sent" if is_resent else "unknown")
    # The same bytes under the same name and number: the receiver refuses the second.
    assert receiver.copies(file.file_name) == [file.body] * (2 if is_resent else 1)
    assert state_of(owner, file)[2] == (2 if is_resent else 1)


def test_looking_in_vain_does_not_make_an_unknown_file_wait_longer(owner: Connection, worker: Connection) -> None:
    file = store_file(owner, "checking")
    receiver = _make_unknown(worker, file)
    for hours in (1, 23):
        assert deliver(worker, receiver, file, at=(NOW + timedelta(hours=hours)).isoformat()).outcome == "unknown"
    assert deliver(worker, receiver, file, at=(NOW + RESEND_AFTER).isoformat()).outcome == "sent"


def test_an_unknown_file_is_not_sent_again_while_nobody_can_look_for_it(owner: Connection, worker: Connection) -> None:
    file = store_file(owner, "checking")
    receiver = _make_unknown(worker, file)
    receiver.arm("find", "unreachable")
    outcome = deliver(worker, receiver, file, at=(NOW + RESEND_AFTER).isoformat())
    assert (outcome.outcome, outcome.fault.code if outcome.fault else None) == ("unknown", "unreachable")
    assert len(receiver.copies(file.file_name)) == 1


@pytest.mark.parametrize("moment", range(4, 14))
def test_killed_while_sending_again_a_file_is_not_sent_a_third_time(
    owner: Connection, worker: Connection, another: Connection, moment: int
) -> None:
    file = store_file(owner, "checking")
    receiver = _make_unknown(worker, file)
    again = (NOW + RESEND_AFTER).isoformat()
    assert deliver_killed(worker, receiver, file, moment, at=again)
    deliver(another, receiver, file, at=again)
    # The first, and the one that was sent again, unless the worker died before it placed that: the same bytes.
    assert receiver.copies(file.file_name) in ([file.body], [file.body, file.body])
    assert state_of(owner, file)[0] in ("sent", "unknown")


@pytest.mark.parametrize("state", ["built", "sending", "unknown"])
def test_an_answer_proves_that_a_file_arrived_and_it_does_not_leave_again(
    owner: Connection, worker: Connection, receiver: ModelReceiver, file: StoredFile, state: str
) -> None:
    if state == "unknown":
        receiver = _make_unknown(worker, file)
    elif state == "sending":
        deliver_killed(worker, receiver, file, 10)
    worker.execute("SELECT billing.record_file_sent(%s)", (file.interchange_id,))
    assert _state(owner, file) == SENT
    assert claim_statuses(owner, file) == {"submitted"}
    receiver.calls.clear()
    assert deliver(worker, receiver, file) == Delivery("left")
    assert receiver.calls == []


@pytest.mark.parametrize("moment", range(6))
def test_an_answer_that_comes_before_the_second_announcement_keeps_a_resend_from_being_placed(
    owner: Connection, worker: Connection, another: Connection, moment: int
) -> None:
    file = store_file(owner)
    receiver = _make_unknown(worker, file)
    say(owner, "resend_file(%s, 'they say it is not there')", file.interchange_id)
    resending = StoppedWorker(worker, receiver, file, moment)
    another.execute("SELECT billing.record_file_sent(%s)", (file.interchange_id,))
    assert resending.go_on() == Delivery("left")
    assert receiver.copies(file.file_name) == [file.body]
    assert not receiver.temporary
    assert _state(owner, file) == SENT


# A person's doors


def test_a_person_may_have_an_unknown_file_sent_again(owner: Connection, worker: Connection, file: StoredFile) -> None:
    receiver = ModelReceiver()
    assert deliver_killed(worker, receiver, file, 8, direct=True)
    assert deliver(worker, receiver, file, direct=True).outcome == "unknown"
    say(owner, "resend_file(%s, 'Kim at the clearinghouse: not there')", file.interchange_id)
    assert _state(owner, file) == ("built", None)
    assert deliver(worker, receiver, file, direct=True).outcome == "sent"
    assert receiver.copies(file.file_name) == [file.body]
    assert owner.execute(
        "SELECT changed_by, detail ->> 'reason' FROM billing.history"
        " WHERE (subject, subject_id, action) = ('file', %s, 'to be sent again')",
        (file.interchange_id,),
    ).fetchall() == [("billing_settings", "Kim at the clearinghouse: not there")]


def test_a_file_sent_again_by_a_person_while_it_still_lies_in_the_folder_is_not_sent_twice(
    owner: Connection, worker: Connection, receiver: ModelReceiver, file: StoredFile
) -> None:
    deliver(worker, receiver, file)
    say(owner, "resend_file(%s, 'they say it is not there')", file.interchange_id)
    assert deliver(worker, receiver, file).outcome == "sent"
    assert receiver.copies(file.file_name) == [file.body]


def test_a_name_that_was_taken_and_is_free_again_means_that_the_file_was_picked_up(
    owner: Connection, worker: Connection, receiver: ModelReceiver, file: StoredFile
) -> None:
    # Asked, the receiver has nothing: the file lies in the folder still. It is picked up between the refusal of the
    # second copy and the look that follows.
    deliver(worker, receiver, file)
    say(owner, "resend_file(%s, 'they say it is not there')", file.interchange_id)

    def pick_up(name: str) -> None:
        if name == "before find":
            receiver.collect()

    assert deliver(worker, receiver, file, pick_up) == Delivery("unknown")
    assert state_of(owner, file) == ("unknown", "placing", 2, None)
    assert not receiver.temporary
    deliver(worker, receiver, file)
    assert receiver.copies(file.file_name) == [file.body]


def test_a_person_may_confirm_an_unknown_file(owner: Connection, worker: Connection, file: StoredFile) -> None:
    receiver = _make_unknown(worker, file)
    say(owner, "confirm_file(%s, 'Kim at the clearinghouse has it')", file.interchange_id)
    assert _state(owner, file) == SENT
    assert claim_statuses(owner, file) == {"submitted"}
    assert deliver(worker, receiver, file) == Delivery("left")


def test_a_person_may_let_an_answer_wait(owner: Connection, worker: Connection, file: StoredFile) -> None:
    _make_unknown(worker, file)
    until = NOW + timedelta(days=3)
    say(owner, "wait_for_answer(%s, %s, 'they are moving house')", file.interchange_id, until)
    assert owner.execute(
        "SELECT wait_until FROM billing.interchange WHERE interchange_id = %s", (file.interchange_id,)
    ).fetchone() == (until,)


# Faults of the box


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_upload_that_fails_delivers_nothing_and_the_next_attempt_begins_anew(
    owner: Connection, worker: Connection, receiver: ModelReceiver, file: StoredFile, when: str
) -> None:
    receiver.arm("upload", "disk_full", when)
    outcome = deliver(worker, receiver, file)
    assert (outcome.outcome, outcome.fault.code if outcome.fault else None) == ("built", "disk_full")
    assert state_of(owner, file) == ("built", None, 1, "disk_full")
    assert deliver(worker, receiver, file).outcome == "sent"
    assert state_of(owner, file) == ("sent", None, 2, None)
    assert receiver.copies(file.file_name) == [file.body]
    assert not receiver.temporary


def test_a_receiver_that_takes_unfinished_files_gets_no_second_one(
    owner: Connection, worker: Connection, receiver: ModelReceiver, file: StoredFile
) -> None:
    """It may have taken the whole upload for the file."""
    receiver.arm("upload", "temporary_taken", "after")
    outcome = deliver(worker, receiver, file)
    assert (outcome.outcome, outcome.fault.code if outcome.fault else None) == ("unknown", "temporary_taken")
    receiver.temporary.clear()
    assert deliver(worker, receiver, file).outcome == "unknown"
    assert receiver.copies(file.file_name) == []
    assert state_of(owner, file)[:3] == ("unknown", "uploading", 1)


def test_a_rename_that_is_refused_is_taken_back(
    owner: Connection, worker: Connection, receiver: ModelReceiver, file: StoredFile
) -> None:
    receiver.arm("place", "rename_refused")
    outcome = deliver(worker, receiver, file)
    assert (outcome.outcome, outcome.fault.code if outcome.fault else None) == ("built", "rename_refused")
    assert state_of(owner, file) == ("built", None, 1, "rename_refused")
    assert not receiver.temporary
    assert receiver.calls == ["upload", "place", "find", "cancel"]


def test_other_bytes_under_the_name_are_never_replaced_and_somebody_is_told(
    owner: Connection, worker: Connection, receiver: ModelReceiver, file: StoredFile
) -> None:
    receiver.folder[file.file_name] = b"somebody else's"
    for attempt in (1, 2):
        outcome = deliver(worker, receiver, file)
        assert outcome.fault is not None
        assert outcome.fault.code == "name_taken"
        assert state_of(owner, file) == ("built", None, attempt, "name_taken")
    assert receiver.folder == {file.file_name: b"somebody else's"}
    assert not receiver.temporary
    del receiver.folder[file.file_name]
    assert deliver(worker, receiver, file).outcome == "sent"


def test_other_bytes_where_only_the_size_can_be_seen_are_told_by_it(
    owner: Connection, worker: Connection, receiver: ModelReceiver, file: StoredFile
) -> None:
    receiver.folder[file.file_name] = file.body[:-1]
    assert deliver(worker, receiver, file, can_read_back=False).outcome == "built"
    receiver.folder[file.file_name] = file.body
    assert deliver(worker, receiver, file, can_read_back=False).outcome == "sent"


def test_half_a_file_written_directly_is_unknown_and_says_why(
    owner: Connection, worker: Connection, receiver: ModelReceiver, file: StoredFile
) -> None:
    deliver_killed(worker, receiver, file, 8, direct=True)
    receiver.folder[file.file_name] = file.body[:100]
    outcome = deliver(worker, receiver, file, direct=True)
    assert (outcome.outcome, outcome.fault.code if outcome.fault else None) == ("unknown", "name_taken")
    assert state_of(owner, file)[0] == "unknown"


def test_sending_that_is_stopped_between_upload_and_placing_leaves_nothing_there(
    owner: Connection, worker: Connection, receiver: ModelReceiver, file: StoredFile
) -> None:
    _stopped_after_upload(owner, worker, receiver, file)
    assert state_of(owner, file) == ("built", None, 1, None)
    assert not receiver.temporary
    assert deliver(worker, receiver, file).outcome == "sent"


def test_sending_that_is_stopped_while_the_server_goes_away_holds_up_no_other_file(
    owner: Connection, worker: Connection, receiver: ModelReceiver, file: StoredFile
) -> None:
    receiver.arm("cancel", "unreachable")
    _stopped_after_upload(owner, worker, receiver, file)
    assert _state(owner, file) == ("built", None)
    assert deliver(worker, receiver, file).outcome == "sent"
    assert not receiver.temporary


def _stopped_after_upload(owner: Connection, worker: Connection, receiver: ModelReceiver, file: StoredFile) -> None:
    def stop(name: str) -> None:
        if name == "after upload":
            owner.execute("UPDATE billing.deployment SET is_sending_enabled = false")

    try:
        assert deliver(worker, receiver, file, stop) == Delivery("left")
        assert receiver.copies(file.file_name) == []
        assert deliver(worker, receiver, file) == Delivery("left")
        assert receiver.calls_counted()["upload"] == 1
    finally:
        owner.execute("UPDATE billing.deployment SET is_sending_enabled = true")


# Several files


def _boxes(receivers: dict[str, ModelReceiver | Exception]) -> Any:
    @contextmanager
    def open_drop_box(settings: DropBoxSettings) -> Iterator[DropBox]:
        found = receivers[settings.receiver_code]
        if isinstance(found, Exception):
            raise found
        with found.boxes()(settings) as box:
            yield box

    return open_drop_box


def _deliver_all(
    worker: Connection, files: list[StoredFile], receivers: dict[str, ModelReceiver | Exception]
) -> tuple[list[str], list[str]]:
    sender = Sender(worker, None, NOW.isoformat())
    deliveries, problems = deliver_in_turn(
        sender, [(file.interchange_id, file.receiver_code) for file in files], _boxes(receivers)
    )
    return [delivery.outcome for delivery in deliveries], problems


@pytest.mark.parametrize(
    "fault",
    [
        BillingError("the Airflow connection clearinghouse does not exist"),
        DropBoxFault("login_refused", "the server refuses our login"),
    ],
    ids=["no connection", "no login"],
)
def test_a_receiver_that_cannot_be_reached_does_not_hold_up_another(
    owner: Connection, worker: Connection, receiver: ModelReceiver, fault: Exception
) -> None:
    files = [store_file(owner, code) for code in ("default", "default", "other", "other")]
    outcomes, problems = _deliver_all(worker, files, {"default": fault, "other": receiver})
    assert outcomes == ["sent", "sent"]
    assert problems == [f"receiver default: {fault}"]
    assert [state_of(owner, file)[0] for file in files] == ["built", "built", "sent", "sent"]


def test_a_file_that_cannot_leave_does_not_hold_up_the_next(
    owner: Connection, worker: Connection, receiver: ModelReceiver
) -> None:
    files = [store_file(owner) for _ in range(4)]
    receiver.arm("upload", "disk_full")
    receiver.arm("place", "connection_lost")
    receiver.arm("find", "connection_lost")
    outcomes, problems = _deliver_all(worker, files, {"default": receiver})
    assert outcomes == ["built", "unknown", "sent", "sent"]
    assert [problem.split(":")[0] for problem in problems] == [f"file {file.interchange_id}" for file in files[:2]]
    assert "docs/runbook.md, Outcome unknown" in problems[1]


def test_with_sending_stopped_no_receiver_is_asked(owner: Connection, worker: Connection, file: StoredFile) -> None:
    owner.execute("UPDATE billing.deployment SET locked_because = 'number_ahead'")
    try:
        assert _deliver_all(worker, [file], {"default": AssertionError("asked")}) == ([], [])
    finally:
        owner.execute("UPDATE billing.deployment SET locked_because = NULL")


def test_a_receiver_without_a_row_is_named(worker: Connection) -> None:
    _, problems = deliver_in_turn(Sender(worker), [(1, "nobody")], _boxes({}))
    assert problems == ["receiver nobody: billing.receiver has no row nobody: add the clearinghouse's ids there"]


# Settlement


@pytest.fixture
def only(owner: Connection) -> None:
    """No other test's file is left behind: what settles, settles this test's."""
    owner.execute(
        "SELECT billing.record_file_sent(interchange_id) FROM billing.interchange"
        " WHERE interchange_state IN ('built', 'sending', 'unknown')"
    )


@pytest.mark.usefixtures("only")
@pytest.mark.parametrize(
    ("after", "is_settled"),
    [(timedelta(hours=3), False), (timedelta(hours=3, seconds=1), True)],
)
def test_an_upload_under_way_is_left_to_its_worker_until_no_worker_can_be_alive(
    owner: Connection, worker: Connection, receiver: ModelReceiver, file: StoredFile, after: timedelta, is_settled: bool
) -> None:
    deliver_killed(worker, receiver, file, 5)
    assert settle_files(worker, receiver.boxes(), (NOW + after).isoformat()) == 0
    assert (_state(owner, file) == SENT) == is_settled


@pytest.mark.usefixtures("only")
def test_what_was_attempted_is_settled_and_what_was_not_is_a_nights_own_work(
    owner: Connection, worker: Connection, receiver: ModelReceiver
) -> None:
    untouched, failed, dead, unknown = (store_file(owner) for _ in range(4))
    receiver.arm("upload", "disk_full")
    deliver(worker, receiver, failed)
    deliver_killed(worker, receiver, dead, 9)
    other = _make_unknown(worker, unknown)
    assert settle_files(worker, receiver.boxes(), LATER) == 1
    assert [state_of(owner, each)[0] for each in (untouched, failed, dead, unknown)] == [
        *("built", "sent", "sent", "unknown")
    ]
    assert len(receiver.folder) == 2
    assert len(other.collected) == 1


@pytest.mark.usefixtures("only")
def test_a_fault_while_settling_is_logged_and_counted_and_raises_nothing(
    worker: Connection, file: StoredFile, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = _make_unknown(worker, file)
    receiver.arm("find", "unreachable")
    with caplog.at_level(logging.WARNING):
        assert settle_files(worker, receiver.boxes(), LATER) == 1
    assert f"file {file.interchange_id}: whether it arrived is unknown (find: unreachable)" in caplog.text
