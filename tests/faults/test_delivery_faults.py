"""Hundreds of small disasters between the outbox and a real SFTP server: afterwards every claim version is in exactly
one whole file at the receiver, or its file is in a state that a person can see.

A sequence is drawn from its seed; a test that fails prints both. The same seed draws the same sequence, but two workers
at once, and a server that is slow, need not meet again in the same way.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from include.clearinghouse.drop_box import is_finished
from include.outbox.delivery import Sender, deliver_file
from include.outbox.receivers import read_drop_box_settings
from tests.faults.interruption import processes
from tests.faults.sftp_workers import Address, Sleeper, Worker, deliver_and_be_killed, noticed_moments, noticing
from tests.faults.stored_files import (
    NOW,
    StoredFile,
    add_receiver,
    claim_statuses,
    control_number_of,
    outbox_database,
    state_of,
    store_file,
)
from tests.support.sending import directory_boxes
from tests.support.sftp_server import Fault, SftpServer, serving

Connection = psycopg.Connection[Any]

SEQUENCES: Final = 240
IN_ONE_TEST: Final = 20

#: How long a worker waits for an answer, a slow server's delay, and how long whoever settles at the end waits.
_SECONDS, _SLOW, _PATIENT = 0.3, 0.45, 20.0

_WAITING: Final = (Fault.SLOW, Fault.SLOW_RENAME, Fault.SILENT_SFTP)

_RECEIVERS: Final[dict[str, dict[str, object]]] = {
    "suffix": {"upload_pattern": "suffix"},
    "suffix, size only": {"upload_pattern": "suffix", "can_read_back": False},
    "suffix, checking": {"upload_pattern": "suffix", "checks_duplicates": True},
    "directory": {"upload_pattern": "directory", "temporary_folder": SftpServer.temporary_folder},
    "directory, size only": {
        "upload_pattern": "directory",
        "temporary_folder": SftpServer.temporary_folder,
        "can_read_back": False,
    },
    "direct": {"upload_pattern": "direct"},
    "direct, size only, checking": {"upload_pattern": "direct", "can_read_back": False, "checks_duplicates": True},
}


@pytest.fixture(scope="module")
def url(server_url: str, template: str) -> Iterator[str]:
    with outbox_database(server_url, template) as url:
        with psycopg.connect(url, autocommit=True) as owner:
            for code, columns in _RECEIVERS.items():
                add_receiver(owner, code, delivery_method="sftp", claims_folder=SftpServer.claims_folder, **columns)
        yield url


@pytest.fixture(scope="module")
def owner(url: str) -> Iterator[Connection]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    with serving(tmp_path_factory.mktemp("sftp")) as server, noticed_moments():
        yield server


@pytest.fixture(scope="module")
def workers(url: str, server: SftpServer) -> Iterator[list[Worker]]:
    """Two that give up soon, one that sleeps, and a patient one for the end."""
    workers = [Worker(url, Address.of(server), seconds) for seconds in (_SECONDS, _SECONDS, _SECONDS, _PATIENT)]
    yield workers
    for worker in workers:
        worker.close()


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    return processes()


@pytest.fixture(scope="module")
def moments(url: str, owner: Connection, server: SftpServer) -> dict[str, list[str]]:
    """Receiver -> the moments of a new worker's undisturbed delivery to it, by what is exchanged with whom."""
    found: dict[str, list[str]] = {}
    for code, columns in _RECEIVERS.items():
        server.refuses_reads = not columns.get("can_read_back", True)
        file = store_file(owner, code)
        with closing(Worker(url, Address.of(server), _PATIENT)) as worker, noticing(found.setdefault(code, []).append):
            assert worker.deliver(file, NOW.isoformat()).outcome == "sent"
    server.refuses_reads = False
    return found


@pytest.fixture
def new_worker(url: str, server: SftpServer) -> Iterator[Worker]:
    """One whose delivery has the moments of `moments`."""
    with closing(Worker(url, Address.of(server), _PATIENT)) as worker:
        yield worker


#: Where a fault leaves most behind.
_AROUND_PLACING: Final = (
    *(Fault.CUT_BEFORE_RENAME, Fault.CUT_AFTER_RENAME, Fault.CUT_AFTER_RENAME, Fault.RENAME_REFUSED),
    *(Fault.CUT_WHILE_WRITING, Fault.CUT_AT_CLOSE, Fault.CUT_AT_STAT, Fault.CUT_AT_STAT),
    *(Fault.CUT_BEFORE_REMOVE, Fault.CUT_AFTER_REMOVE),
)


class Sequence:
    """One or more files for one receiver, what happens to them, and what must hold whatever happened."""

    def __init__(
        self,
        seed: int,
        url: str,
        owner: Connection,
        server: SftpServer,
        workers: list[Worker],
        context: ForkServerContext,
        moments: dict[str, list[str]],
    ) -> None:
        self.draw = random.Random(f"delivery {seed}")
        self.url, self.owner, self.server, self.context = url, owner, server, context
        self.one, self.other, self.sleepy, self.patient = workers
        self.receiver_code = list(_RECEIVERS)[seed % len(_RECEIVERS)]
        self.columns = _RECEIVERS[self.receiver_code]
        self.moments = moments[self.receiver_code]
        self.files: list[StoredFile] = []
        self.at = NOW
        self.sleeper: Sleeper | None = None
        self.is_slow = False
        self.told: list[str] = []
        server.removes_at_once = self.draw.random() < 0.4
        server.has_posix_rename = self.draw.random() < 0.5
        server.refuses_reads = not self.columns.get("can_read_back", True)
        self.told.append(
            f"receiver {self.receiver_code}, collects at once {server.removes_at_once},"
            f" posix-rename {server.has_posix_rename}"
        )
        self.store()

    @property
    def file(self) -> StoredFile:
        """The file that things happen to."""
        return self.files[-1]

    @property
    def now(self) -> str:
        return self.at.isoformat()

    @property
    def state(self) -> str:
        return str(state_of(self.owner, self.file)[0])

    def store(self) -> None:
        self.files.append(store_file(self.owner, self.receiver_code, self.draw.choice([300, 5_000, 90_000])))
        self.told.append(f"file {self.file.interchange_id} of {len(self.file.body)} bytes")

    # What happens

    def act(self) -> None:
        """Up to five things, and whatever must hold after each."""
        actions: dict[Callable[[], None], int] = {
            self.deliver: 4,
            self.settle: 3,
            self.die: 6,
            self.be_killed: 1,
            self.deliver_at_once: 3,
            self.fall_asleep: 3,
            self.collect: 2,
            self.collect_from_now_on: 2,
            self.collect_no_more: 1,
            self.restart: 1,
            self.lose_connections: 1,
        }
        when_unknown: dict[Callable[[], None], int] = {
            self.ask_the_clearinghouse: 4,
            self.get_an_answer: 2,
            self.pass_time: 2,
            self.deliver: 1,
            self.settle: 1,
            self.deliver_at_once: 1,
            self.collect: 1,
        }
        for _ in range(self.draw.randint(1, 5)):
            state = self.state
            if state == "sent":
                self.store()
            chosen = when_unknown if state == "unknown" else actions
            [action] = self.draw.choices(list(chosen), list(chosen.values()))
            if action in (self.deliver, self.settle, self.deliver_at_once, self.die, self.be_killed):
                for _ in range(self.draw.choice([0, 1, 1, 2])):
                    self.arm()
            self.told.append(action.__name__)
            action()
            self.check_copies()

    def arm(self) -> None:
        fault = self.draw.choice([*Fault, *_AROUND_PLACING])
        # More than once is only slow; and where nothing may be read, nobody sees that bytes are others.
        if (fault in _WAITING and self.is_slow) or (fault is Fault.WRITTEN_OTHERWISE and self.server.refuses_reads):
            return
        self.is_slow |= fault in _WAITING
        after = self.draw.randrange(len(self.file.body))
        self.told.append(f"arm {fault.name}" + (f" after {after} bytes" if "WRIT" in fault.name else ""))
        self.server.arm(fault, after_bytes=after, seconds=_SLOW)
        if "LOGIN" in fault.name or "SFTP" in fault.name:
            self.server.drop_connections()

    def deliver(self) -> None:
        self.told.append(str(self.one.deliver(self.file, self.now)))

    def settle(self) -> None:
        self.told.append(str(self.one.settle(self.now)))

    def draw_moment(self, count: int) -> int:
        """Half of them towards the end, where it matters most."""
        return self.draw.randrange(self.draw.choice([0, count // 2]), count)

    def die(self) -> None:
        moment = self.draw_moment(len(self.moments))
        self.told.append(f"at {moment}: {self.one.die_at(moment, self.file, self.now)}")

    def be_killed(self) -> None:
        moment = self.draw_moment(len(self.moments))
        process = self.context.Process(
            target=deliver_and_be_killed, args=(self.url, Address.of(self.server), moment, self.file, self.now)
        )
        process.start()
        process.join(60)
        assert process.exitcode in (0, -signal.SIGKILL)
        self.told.append(f"at {moment}: {process.exitcode}")

    def deliver_at_once(self) -> None:
        errors: list[BaseException] = []

        def work() -> None:
            try:
                self.other.deliver(self.file, self.now)
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        self.one.deliver(self.file, self.now)
        thread.join(60)
        assert not errors, errors

    def fall_asleep(self) -> None:
        self.wake()
        packet = self.draw_moment(self.moments.count("server"))
        self.told.append(f"at packet {packet}")
        self.sleeper = Sleeper(self.sleepy, packet, self.file, self.now)

    def wake(self) -> None:
        if self.sleeper is not None:
            self.told.append("wake")
            self.sleeper.wake()
            self.sleeper = None

    def collect(self) -> None:
        """The receiver takes what is whole."""
        for file in self.files:
            path = self.server.claims / file.file_name
            if path.exists() and path.read_bytes() == file.body:
                self.server.collected.append((path.name, file.body))
                path.unlink()

    def collect_from_now_on(self) -> None:
        self.collect()
        self.server.removes_at_once = True

    def collect_no_more(self) -> None:
        self.server.removes_at_once = False

    def restart(self) -> None:
        self.server.stop()
        self.told.append(str(self.one.deliver(self.file, self.now)))
        self.server.start()

    def lose_connections(self) -> None:
        self.server.drop_connections()

    def pass_time(self) -> None:
        """No task lives longer than resend_after."""
        self.wake()
        self.at += timedelta(hours=25)

    def ask_the_clearinghouse(self) -> None:
        """A person asks, and does what the answer allows; while a worker may be alive nobody can say what is there."""
        self.wake()
        self.await_the_slow()
        self.at += timedelta(hours=4)
        if self.state == "unknown" and self.copies(self.file):
            self.say("confirm_file")
        elif self.state == "unknown" and self.lying(self.file) is None:
            self.say("resend_file")

    def say(self, door: str) -> None:
        self.told.append(door)
        with self.owner.transaction():
            self.owner.execute("SELECT set_config('billing.simulated_now', %s, true)", (self.now,))
            self.owner.execute(f"SELECT billing.{door}(%s, 'asked on the phone')".encode(), (self.file.interchange_id,))

    def get_an_answer(self) -> None:
        """The receiver acknowledges what it has collected, whatever the delivery saw."""
        for file in self.files:
            if any(name == file.file_name for name, _ in self.server.collected):
                self.told.append(f"for {file.interchange_id}")
                self.one.connection.execute("SELECT billing.record_file_sent(%s)", (file.interchange_id,))

    def await_the_slow(self) -> None:
        """What the server still has to do for somebody who has hung up is done by then."""
        if self.is_slow:
            time.sleep(_SLOW)

    # What holds

    def lying(self, file: StoredFile) -> bytes | None:
        path = self.server.claims / file.file_name
        return path.read_bytes() if path.exists() else None

    def copies(self, file: StoredFile) -> int:
        """Whole copies that the receiver has, without those it refuses as duplicates."""
        bodies = [body for name, body in self.server.collected if name == file.file_name]
        lying = self.lying(file)
        # Half a file that is written directly is one that the receiver still waits for.
        if lying is not None and (lying == file.body or self.columns["upload_pattern"] != "direct"):
            bodies.append(lying)
        assert all(body == file.body for body in bodies), "the receiver has other bytes"
        if self.columns.get("checks_duplicates"):
            return len({control_number_of(body) for body in bodies})
        return len(bodies)

    def check_copies(self) -> None:
        """At any time: never two, and never sent without being there."""
        for file in self.files:
            copies, state = self.copies(file), state_of(self.owner, file)[0]
            assert copies <= 1, file.interchange_id
            assert copies == 1 or state != "sent", file.interchange_id

    def end(self) -> None:
        """The faults go away, and the files are looked after twice more."""
        self.wake()
        self.server.disarm()
        self.await_the_slow()
        for _ in range(2):
            for file in self.files:
                self.told.append(str(self.patient.deliver(file, self.now)))
            self.patient.settle(self.now)
            self.check_copies()

    def check(self) -> None:
        """After all of it."""
        for file in self.files:
            state, _, attempts, fault = state_of(self.owner, file)
            lying = self.lying(file)
            self.told.append(f"{state}, {attempts} attempts, {fault}, {self.copies(file)} copies, lies {bool(lying)}")
            assert state in ("sent", "unknown")
            assert attempts > 0
            if state == "sent":
                assert self.copies(file) == 1
                assert claim_statuses(self.owner, file) == {"submitted"}
            else:
                assert lying != file.body, "who looked should have found it"
                assert lying is None or fault == "name_taken"
                assert claim_statuses(self.owner, file) == {"awaiting_submission"}
        known = {name for (name,) in self.owner.execute("SELECT file_name FROM billing.interchange").fetchall()}
        assert {name for name, _ in self.server.collected} <= known
        for path in self.server.claims.iterdir():
            assert path.name in known or not is_finished(path.name, ".tmp")
            assert path.name in known or not self.server.is_claim(path)

    def retire(self) -> None:
        """Out of the way of the next: nothing armed, nobody asleep, and nobody settles these files any more."""
        self.server.disarm()
        if self.sleeper is not None:
            self.sleeper.wake()
        for file in self.files:
            self.owner.execute("SELECT billing.record_file_sent(%s)", (file.interchange_id,))


@pytest.mark.parametrize("first", range(0, SEQUENCES, IN_ONE_TEST))
def test_after_any_faults_a_file_is_at_its_receiver_once_or_somebody_sees_that_it_is_not(
    url: str,
    owner: Connection,
    server: SftpServer,
    workers: list[Worker],
    context: ForkServerContext,
    moments: dict[str, list[str]],
    first: int,
) -> None:
    for seed in range(first, first + IN_ONE_TEST):
        sequence = Sequence(seed, url, owner, server, workers, context, moments)
        try:
            sequence.act()
            sequence.end()
            sequence.check()
        except BaseException as error:
            error.add_note(f"seed {seed}:\n" + "\n".join(sequence.told))
            raise
        finally:
            sequence.retire()


@pytest.fixture
def quiet(server: SftpServer) -> Iterator[SftpServer]:
    """The server as it is when nothing is wrong, with everything that an uploading client may ask for."""
    server.removes_at_once = server.refuses_reads = False
    server.has_posix_rename = True
    yield server
    server.disarm()
    server.removes_at_once = False


@pytest.mark.parametrize("receiver_code", ["suffix", "directory"])
def test_other_bytes_under_the_name_are_never_replaced(
    owner: Connection, quiet: SftpServer, workers: list[Worker], receiver_code: str
) -> None:
    file = store_file(owner, receiver_code)
    (quiet.claims / file.file_name).write_bytes(b"somebody else's")
    assert workers[3].deliver(file, NOW.isoformat()).outcome == "built"
    assert (quiet.claims / file.file_name).read_bytes() == b"somebody else's"
    assert state_of(owner, file) == ("built", None, 1, "name_taken")
    (quiet.claims / file.file_name).unlink()
    assert workers[3].deliver(file, NOW.isoformat()).outcome == "sent"


def test_other_bytes_under_the_name_are_never_replaced_on_our_own_disk(
    owner: Connection, workers: list[Worker], tmp_path: Path
) -> None:
    file = store_file(owner)
    (tmp_path / file.file_name).write_bytes(b"somebody else's")
    sender = Sender(workers[3].connection, None, NOW.isoformat())
    with directory_boxes(tmp_path)(read_drop_box_settings(workers[3].connection, "default")) as box:
        assert deliver_file(sender, file.interchange_id, box).outcome == "built"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {file.file_name: b"somebody else's"}
    assert state_of(owner, file) == ("built", None, 1, "name_taken")


def test_killed_when_it_has_placed_and_not_recorded_a_file_that_was_collected_is_not_sent_again(
    owner: Connection, quiet: SftpServer, workers: list[Worker], new_worker: Worker, moments: dict[str, list[str]]
) -> None:
    quiet.removes_at_once = True
    file = store_file(owner, "suffix")
    last_answer = len(moments["suffix"]) - 1 - moments["suffix"][::-1].index("server")
    assert new_worker.die_at(last_answer, file, NOW.isoformat())
    assert [body for name, body in quiet.collected if name == file.file_name] == [file.body]
    assert workers[3].deliver(file, NOW.isoformat()).outcome == "unknown"
    assert workers[3].settle(NOW.isoformat()) >= 1
    assert [body for name, body in quiet.collected if name == file.file_name] == [file.body]


def test_an_attempt_that_a_person_gave_up_cannot_place_any_more(
    owner: Connection, quiet: SftpServer, workers: list[Worker], new_worker: Worker, moments: dict[str, list[str]]
) -> None:
    file = store_file(owner, "suffix")
    # The request and the answer of the rename are the last of the server's, with a moment before and after each.
    sleeper = Sleeper(new_worker, moments["suffix"].count("server") - 4, file, NOW.isoformat())
    assert state_of(owner, file) == ("sending", "placing", 1, None)
    quiet.arm(Fault.CUT_AT_STAT)
    assert workers[3].deliver(file, NOW.isoformat()).outcome == "unknown"
    owner.execute("SELECT billing.resend_file(%s, 'asked on the phone: not there')", (file.interchange_id,))
    assert workers[3].deliver(file, NOW.isoformat()).outcome == "sent"
    quiet.collect()
    sleeper.wake()
    quiet.collect()
    assert [body for name, body in quiet.collected if name == file.file_name] == [file.body]
    assert state_of(owner, file)[0] == "sent"
