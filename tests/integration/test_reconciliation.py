"""After a restore: a copy made before a night is reconciled with what the night left in the world.

The original runs a night and delivers; the copy is the restored database. It knows nothing of that night, so whatever
it would send by itself is billed twice.
"""

from __future__ import annotations

import importlib
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from include.claims_scrubber import edit_of
from include.clearinghouse.drop_box import DropBoxFault
from include.clearinghouse_inbox import steps
from include.development import environment
from include.reconciliation import command
from include.reconciliation.comparison import Report, Said
from include.reconciliation.reconciliation import reconcile
from tests.integration.nights.scrub_cases import DENVER, EDIT_CODES
from tests.support.answers import ClaimAnswer, ProviderAnswer, a277, a999, ta1
from tests.support.nights import run_night
from tests.support.practice import Connection, Practice
from tests.support.sending import allow_sending, directory_boxes

FIRST, SECOND, THIRD = "2026-03-09", "2026-03-10", "2026-03-11"
LOCKED = "sending_locked"


@dataclass
class World:
    """A database with a practice, a copy of it, and the receiver's folders that both deliver to."""

    server_url: str
    original: str
    outbox: Path
    inbox: Path
    made: list[str] = field(default_factory=list)

    def url(self, name: str) -> str:
        return environment.with_database(self.server_url, name)

    def connect(self, name: str) -> Connection:
        return psycopg.connect(self.url(name), autocommit=True)

    def server(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))  # type: ignore[arg-type]

    def backup(self, of: str | None = None) -> str:
        """A restored copy of the database as it is now: it is locked."""
        name = f"billing_test_{uuid.uuid4().hex[:12]}"
        self.server("CREATE DATABASE {} TEMPLATE {}", name, of or self.original)
        self.made.append(name)
        return name

    def submit(self, name: str, night: str) -> None:
        """Claims Submission of a night, delivered into the receiver's folder."""
        with psycopg.connect(environment.pipeline_url(self.url(name)), autocommit=True) as pipeline:
            run_night(pipeline, "claims_submission", DENVER, night, self.outbox)

    def run(self, name: str, automation: str, night: str) -> None:
        with psycopg.connect(environment.pipeline_url(self.url(name)), autocommit=True) as pipeline:
            run_night(pipeline, automation, DENVER, night, self.outbox)

    def reconcile(self, name: str, said: Said | None = None, *, confirmed: bool = True) -> Report:
        with self.connect(name) as owner:
            return reconcile(owner, directory_boxes(self.outbox, self.inbox), said or Said(), confirmed)

    def answer(self, body: bytes, name: str = "answer.txt") -> None:
        (self.inbox / name).write_bytes(body)

    def files(self) -> list[str]:
        return sorted(path.name for path in self.outbox.iterdir() if path.is_file())

    def sent_claims(self) -> list[str]:
        """The claim numbers in all files that lie in the folder, one per claim and file."""
        return sorted(
            segment.split("*")[1]
            for path in self.outbox.iterdir()
            for segment in path.read_text("ascii").split("~")
            if segment.startswith("CLM*")
        )

    def rows(self, name: str, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.connect(name) as owner:
            return owner.execute(statement.encode(), parameters).fetchall()

    def statuses(self, name: str) -> dict[str, str]:
        return dict(self.rows(name, "SELECT claim_number, claim_status FROM billing.claim"))

    def stop_code(self, name: str) -> str | None:
        code: str | None = self.rows(name, "SELECT stop_code FROM billing.sending")[0][0]
        return code

    def held(self, name: str) -> set[tuple[str, int]]:
        return set(self.rows(name, "SELECT automation, item_id FROM billing.hold WHERE lifted_at IS NULL"))


@pytest.fixture(autouse=True)
def few_edits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What scrubbing finds is not the matter here."""
    edits = tuple(edit_of(code) for code in EDIT_CODES)
    monkeypatch.setattr(importlib.import_module("include.claims_scrubber.scrub"), "catalogue", lambda: edits)


@pytest.fixture
def world(server_url: str, template: str, tmp_path: Path) -> Iterator[World]:
    world = World(server_url, template, tmp_path / "outbox", tmp_path / "inbox")
    world.outbox.mkdir()
    world.inbox.mkdir()
    world.original = world.backup()
    allow_sending(world.url(world.original))
    yield world
    for name in world.made:
        world.server("DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def add(world: World) -> Callable[..., list[int]]:
    """Adds claims of the same practice, one client and appointment each, to a database; returns their ids."""
    practices: dict[str, Practice] = {}

    def claims(count: int, to: str | None = None) -> list[int]:
        with world.connect(to or world.original) as owner:
            practice = practices.get("practice") or Practice(owner)
            practices["practice"], practice.connection = practice, owner
            made = []
            for _ in range(count):
                client = insured(practice, f"Example{uuid.uuid4().hex[:6]}")
                made.append(practice.claim(practice.invoice(practice.appointment(client=client))))
            return made

    return claims


def insured(practice: Practice, last_name: str) -> int:
    """A client whom nobody takes for another one."""
    client = practice.client(last_name=last_name)
    practice.policy(client, member_id=f"W{uuid.uuid4().hex[:9].upper()}")
    return client


def names(ids: list[int], version: int = 1) -> list[str]:
    return sorted(f"C{one}V{version}" for one in ids)


def shown(number: int, *, files: Path | None = None, is_seen: bool = False) -> Said:
    """What a person says: the highest number on the receiver's portal."""
    return Said(last_numbers={"default": number}, files=files, is_seen=is_seen)


# A copy that was made before a night


def test_a_copy_is_locked_and_its_nights_send_nothing(world: World, add: Callable[..., list[int]]) -> None:
    add(2)
    copy = world.backup()
    assert world.stop_code(copy) == LOCKED
    assert world.stop_code(world.original) is None
    world.submit(copy, FIRST)
    assert world.files() == []


def test_files_in_the_folder_are_taken_over_and_no_claim_is_sent_twice(
    world: World, add: Callable[..., list[int]]
) -> None:
    ids = add(3)
    copy = world.backup()
    world.submit(world.original, FIRST)
    assert world.sent_claims() == names(ids)

    report = world.reconcile(copy, shown(1))
    assert (report.outcome, report.for_a_person) == ("unlocked", [])
    assert set(world.statuses(copy).values()) == {"submitted"}
    columns = "control_number, file_name, sha256, body, interchange_state, attempt_count, delivered_to"
    both = [world.rows(one, f"SELECT {columns} FROM billing.interchange") for one in (world.original, copy)]  # noqa: S608
    assert both[0] == both[1]
    columns = (
        "claim_id, version, transaction_number, claim_number, organization_id, total_amount, policy_id, insurer_id"
    )
    both = [
        world.rows(one, f"SELECT {columns} FROM billing.claim_submission ORDER BY 1")  # noqa: S608
        for one in (world.original, copy)
    ]
    assert both[0] == both[1]
    columns = "transaction_number, batch_reference, claim_count, organization_id"
    both = [world.rows(one, f"SELECT {columns} FROM billing.transaction_set") for one in (world.original, copy)]  # noqa: S608
    assert both[0] == both[1]
    # Under the run of the night in which it was written, and at the time it was written.
    when = (
        "SELECT r.automation, r.timezone, r.night = billing.billing_day(x.built_at, r.timezone),"
        " abs(extract(epoch FROM x.sent_at - now())) < 300 FROM billing.interchange x JOIN billing.run r"
        " ON r.run_id = x.sent_run_id"
    )
    assert world.rows(copy, when) == [("claims_submission", DENVER, True, True)]

    new = add(1, copy)
    world.submit(copy, SECOND)
    assert world.sent_claims() == sorted(names(ids) + names(new))
    assert [name.split("_")[1] for name in world.files()] == ["000000001", "000000002"]


def test_a_look_changes_nothing_and_says_the_same(world: World, add: Callable[..., list[int]]) -> None:
    add(2)
    copy = world.backup()
    world.submit(world.original, FIRST)

    looked = world.reconcile(copy, shown(1), confirmed=False)
    assert looked.outcome == "possible"
    assert world.stop_code(copy) == LOCKED
    assert world.rows(copy, "SELECT FROM billing.interchange") == []
    assert set(world.statuses(copy).values()) == {"awaiting_submission"}
    done = world.reconcile(copy, shown(1))
    assert done.outcome == "unlocked"
    assert [line for line in done.lines if not line.startswith("new claims")] == looked.lines


def test_a_second_call_changes_nothing(world: World, add: Callable[..., list[int]]) -> None:
    add(2)
    copy = world.backup()
    world.submit(world.original, FIRST)
    world.reconcile(copy, shown(1))
    before = world.rows(copy, "SELECT count(*), max(history_id) FROM billing.history")

    assert world.reconcile(copy).outcome == "not locked"
    assert world.rows(copy, "SELECT count(*), max(history_id) FROM billing.history") == before


def test_where_nothing_is_locked_it_only_looks(world: World, add: Callable[..., list[int]]) -> None:
    add(1)
    world.submit(world.original, FIRST)
    shutil.rmtree(world.outbox)
    report = world.reconcile(world.original, shown(9))
    assert report.outcome == "not locked"
    assert world.rows(world.original, "SELECT last_control_number FROM billing.receiver") == [(1,)]
    assert world.held(world.original) == set()


# What leaves no file


def test_with_the_folder_emptied_answers_and_a_person_tell_the_numbers(
    world: World, add: Callable[..., list[int]]
) -> None:
    ids = add(3)
    copy = world.backup()
    world.submit(world.original, FIRST)
    shutil.move(world.outbox / world.files()[0], world.inbox.parent)
    world.answer(a999(1))

    alone = world.reconcile(copy)
    assert alone.outcome == "refused"
    assert "LAST_NUMBER='default=1'" in alone.reasons[0]
    assert world.stop_code(copy) == LOCKED

    report = world.reconcile(copy, shown(1))
    assert report.outcome == "unlocked"
    assert world.held(copy) == {("claims_submission", one) for one in ids}
    world.submit(copy, SECOND)
    assert world.files() == []
    with world.connect(copy) as owner:
        owner.execute("SELECT billing.lift_hold('claims_submission', %s)", (ids[0],))
    world.submit(copy, THIRD)
    assert world.sent_claims() == names(ids[:1])
    assert world.files()[0].split("_")[1] == "000000002"


def test_a_claim_an_answer_names_is_held_for_just_that(world: World, add: Callable[..., list[int]]) -> None:
    ids = add(2)
    copy = world.backup()
    world.submit(world.original, FIRST)
    (world.outbox / world.files()[0]).unlink()
    world.answer(a277("0000000010001", ProviderAnswer(claims=[ClaimAnswer(f"C{ids[1]}V1")])))

    assert world.reconcile(copy, shown(1)).outcome == "unlocked"
    reasons = dict(world.rows(copy, "SELECT item_id, reason FROM billing.hold"))
    assert "an answer of its receiver names it" in reasons[ids[1]]
    assert "a lost file may hold it (default 1)" in reasons[ids[0]]


def test_answers_that_the_inbox_has_stored_count_as_well(world: World, add: Callable[..., list[int]]) -> None:
    add(1)
    copy = world.backup()
    world.rows(
        copy,
        "INSERT INTO billing.inbox_file (receiver_code, sha256, body) VALUES ('default', 'x', %s) RETURNING 1",
        ta1(7),
    )
    report = world.reconcile(copy, shown(6))
    assert report.outcome == "refused"
    assert "LAST_NUMBER says 6, but 7 is known" in report.reasons[0]
    assert world.reconcile(copy, shown(8)).outcome == "unlocked"
    assert world.rows(copy, "SELECT last_control_number FROM billing.receiver") == [(8,)]


def test_without_any_trace_a_person_has_to_say_that_nothing_left(world: World, add: Callable[..., list[int]]) -> None:
    ids = add(2)
    copy = world.backup()
    assert world.reconcile(copy).outcome == "refused"
    assert world.reconcile(copy, Said(nothing_sent=True)).outcome == "unlocked"
    assert world.held(copy) == set()
    world.submit(copy, FIRST)
    assert world.sent_claims() == names(ids)
    assert world.files()[0].split("_")[1] == "000000001"


def test_what_lies_in_the_folder_belies_who_says_that_nothing_left(world: World, add: Callable[..., list[int]]) -> None:
    add(1)
    copy = world.backup()
    world.submit(world.original, FIRST)
    report = world.reconcile(copy, Said(nothing_sent=True))
    assert report.outcome == "refused"
    assert "NOTHING_SENT=1 cannot be" in report.reasons[0]
    assert world.rows(copy, "SELECT FROM billing.interchange") == []


def test_a_lost_file_holds_what_waits_in_every_step_and_leaves_its_claim_ids_alone(
    world: World, add: Callable[..., list[int]]
) -> None:
    ids = add(1)
    with world.connect(world.original) as owner:
        practice = Practice(owner, 2)
        appointment, invoice = practice.appointment(), practice.invoice(practice.appointment())
    copy = world.backup()
    world.rows(copy, "SELECT setval('billing.claim_claim_id_seq', 5000000)")
    assert world.reconcile(copy, shown(2)).outcome == "unlocked"
    assert world.held(copy) == {
        ("claims_submission", ids[0]),
        ("invoice_processing", invoice),
        ("invoice_creation", appointment),
    }
    assert add(1, copy)[0] > 7_000_000


def test_copies_of_the_files_from_elsewhere_take_the_place_of_holds(
    world: World, add: Callable[..., list[int]], tmp_path: Path
) -> None:
    add(2)
    copy = world.backup()
    world.submit(world.original, FIRST)
    copies = tmp_path / "from the portal"
    shutil.move(world.outbox, copies)
    world.outbox.mkdir()
    assert world.reconcile(copy, shown(1, files=copies)).outcome == "unlocked"
    assert set(world.statuses(copy).values()) == {"submitted"}
    assert world.held(copy) == set()
    assert world.files() == []


def test_a_folder_that_cannot_be_read_keeps_the_lock(world: World, add: Callable[..., list[int]]) -> None:
    add(1)
    copy = world.backup()
    shutil.rmtree(world.outbox)
    report = world.reconcile(copy, Said(nothing_sent=True))
    assert report.outcome == "refused"
    assert "its folders cannot be read" in report.reasons[0]
    assert world.stop_code(copy) == LOCKED


def test_where_nobody_may_list_the_folder_a_person_tells_the_number(
    world: World, add: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    add(1)
    copy = world.backup()

    def refused(self: object) -> None:
        raise DropBoxFault("no_permission", "the folder may not be listed")

    monkeypatch.setattr("include.clearinghouse.directory_drop_box.DirectoryDropBox.list_claim_files", refused)
    assert "may not be listed" in world.reconcile(copy, shown(1)).reasons[0]
    world.rows(copy, "UPDATE billing.receiver SET can_read_back = false RETURNING 1")
    assert world.reconcile(copy).outcome == "refused"
    assert world.reconcile(copy, shown(1)).outcome == "unlocked"


def test_receivers_that_share_a_folder_keep_their_own_numbers(world: World, add: Callable[..., list[int]]) -> None:
    add(1)
    world.rows(
        world.original,
        "INSERT INTO billing.receiver (receiver_code, name, submitter_id, submitter_name, contact_name, contact_phone,"
        " receiver_id) SELECT 'second', name, submitter_id, submitter_name, contact_name, contact_phone, 'SECOND'"
        " FROM billing.receiver RETURNING 1",
    )
    copy = world.backup()
    world.submit(world.original, FIRST)
    refused = world.reconcile(copy, shown(1))
    assert [reason.split(":")[0] for reason in refused.reasons] == ["receiver second"]
    assert world.reconcile(copy, Said(last_numbers={"default": 1, "second": 0})).outcome == "unlocked"
    numbers = "SELECT receiver_code, last_control_number FROM billing.receiver ORDER BY 1"
    assert world.rows(copy, numbers) == [("default", 1), ("second", 0)]


# What is no proof


def test_no_file_that_is_there_shows_that_no_later_one_left(
    world: World, add: Callable[..., list[int]], tmp_path: Path
) -> None:
    add(1)
    world.submit(world.original, FIRST)
    add(1)
    copy = world.backup()
    world.submit(world.original, SECOND)
    add(1)
    world.submit(world.original, THIRD)
    first, second, third = (world.outbox / name for name in world.files())
    copies = tmp_path / "copies"
    copies.mkdir()

    # The newest of all lies in its folder.
    assert world.reconcile(copy, Said(is_seen=True)).outcome == "refused"
    shutil.move(third, tmp_path)
    # A file that is not known here lies there, a later one is collected.
    assert world.reconcile(copy, Said(is_seen=True)).outcome == "refused"
    # A copy of it.
    shutil.move(second, copies)
    assert world.reconcile(copy, Said(files=copies, is_seen=True)).outcome == "refused"
    # The last file that this database knows.
    for path in copies.iterdir():
        path.unlink()
    assert world.reconcile(copy, Said(is_seen=True)).outcome == "refused"
    shutil.move(first, copies)
    report = world.reconcile(copy, Said(files=copies, is_seen=True))
    assert report.outcome == "refused"
    assert "LAST_NUMBER='default=1' or higher" in report.reasons[0]
    assert world.stop_code(copy) == LOCKED


def test_numbers_above_those_that_can_be_had_are_used_up_and_hold_what_waits(
    world: World, add: Callable[..., list[int]], tmp_path: Path
) -> None:
    first, second = add(2)
    world.rows(world.original, "UPDATE billing.claim SET entered_step_on = %s RETURNING 1", FIRST)
    world.rows(
        world.original, "UPDATE billing.claim SET entered_step_on = %s WHERE claim_id = %s RETURNING 1", SECOND, second
    )
    copy = world.backup()
    world.submit(world.original, SECOND)
    world.submit(world.original, THIRD)
    copies = tmp_path / "copies"
    shutil.move(world.outbox, copies)
    world.outbox.mkdir()
    held = [path for path in sorted(copies.iterdir()) if "_000000002_" in path.name]
    shutil.move(held[0], tmp_path)

    assert world.reconcile(copy, Said(files=copies)).outcome == "refused"
    assert world.reconcile(copy, shown(0, files=copies)).outcome == "refused"
    assert world.reconcile(copy, shown(2, files=copies)).outcome == "unlocked"
    assert world.statuses(copy) == {f"C{first}V1": "submitted", f"C{second}V1": "awaiting_submission"}
    assert world.held(copy) == {("claims_submission", second)}
    world.submit(copy, "2026-03-12")
    assert world.files() == []
    assert world.rows(copy, "SELECT last_control_number FROM billing.receiver") == [(2,)]


@pytest.mark.parametrize("last", [0, 1])
def test_a_receiver_of_which_nothing_is_seen_needs_a_word_too(
    world: World, add: Callable[..., list[int]], last: int
) -> None:
    add(1)
    copy = world.backup()
    world.rows(copy, "UPDATE billing.receiver SET last_control_number = %s RETURNING 1", last)
    assert world.reconcile(copy).outcome == "refused"
    assert world.reconcile(copy, shown(last)).outcome == "unlocked"


@pytest.mark.parametrize(("number", "outcome"), [(10_001, "unlocked"), (10_002, "refused"), (999_999_999, "refused")])
def test_a_last_number_that_is_far_ahead_is_a_mistake(
    world: World, add: Callable[..., list[int]], number: int, outcome: str
) -> None:
    add(1)
    world.submit(world.original, FIRST)
    copy = world.backup()
    report = world.reconcile(copy, shown(number))
    assert report.outcome == outcome
    if outcome == "refused":
        assert report.reasons == [
            f"receiver default: number {number} is more than 10,000 beyond 1, the last one here: look at the portal "
            "again. If it is right, this backup is too old to go on from: restore a newer one"
        ]


@pytest.mark.parametrize("number", [7, 10_000])
def test_a_batch_of_our_claims_tells_the_number_of_its_file(
    world: World, add: Callable[..., list[int]], number: int
) -> None:
    (claim,) = add(1)
    copy = world.backup()
    world.answer(a277(f"{number:09d}0001", ProviderAnswer(claims=[ClaimAnswer(f"C{claim}V1")])))
    report = world.reconcile(copy, shown(number - 1))
    assert report.outcome == "refused"
    assert f"LAST_NUMBER says {number - 1}, but {number} is known" in report.reasons[0]
    assert world.reconcile(copy, shown(number)).outcome == "unlocked"


@pytest.mark.parametrize(
    ("reference", "claim", "number"),
    [
        ("20261124093015", "C{}V1", 202_611_240),
        ("0000100010001", "C{}V1", 10_001),
        ("0000000070001", "PATIENT 7", 7),
        ("0000000070001", "C{}000000000V1", 7),
        ("0000000070001", "", 7),
    ],
)
@pytest.mark.parametrize("is_stored", [False, True])
def test_a_batch_number_of_somebody_else_is_shown_and_demands_nothing(
    world: World, add: Callable[..., list[int]], reference: str, claim: str, number: int, is_stored: bool
) -> None:
    (ours,) = add(1)
    copy = world.backup()
    claims = [ClaimAnswer(claim.format(ours))] if claim else []
    world.answer(a277(reference, ProviderAnswer(claims=claims)))
    if is_stored:
        store_answers(world, copy)

    report = world.reconcile(copy, shown(1))
    assert report.outcome == "refused"
    assert any(f"answers name {number}, " in line for line in report.for_a_person)
    assert world.reconcile(copy, shown(1, is_seen=True)).outcome == "unlocked"
    assert world.rows(copy, "SELECT last_control_number FROM billing.receiver") == [(1,)]
    assert add(1, copy)[0] < 3_000_000


def test_a_receipt_of_a_number_far_ahead_is_shown_and_demands_nothing(
    world: World, add: Callable[..., list[int]]
) -> None:
    add(1)
    copy = world.backup()
    world.answer(ta1(10_000), "near.txt")
    world.answer(a999(10_001), "far.txt")
    report = world.reconcile(copy, shown(10_000))
    assert "answers name 10001, " in report.for_a_person[0]
    assert "but 10000 is known" in world.reconcile(copy, shown(9_999)).reasons[0]
    assert world.reconcile(copy, shown(10_000, is_seen=True)).outcome == "unlocked"


@pytest.mark.parametrize(
    ("to", "sender", "outcome"),
    [
        ("SUBMITTER", "RECEIVER", "refused"),
        ("SUBMITTER", "SENDER", "unlocked"),
        ("OTHER", "RECEIVER", "unlocked"),
        ("OTHER", "SENDER", "unlocked"),
    ],
)
@pytest.mark.parametrize("is_stored", [False, True])
def test_only_what_the_receiver_writes_to_us_shows_a_number(
    world: World, add: Callable[..., list[int]], to: str, sender: str, outcome: str, is_stored: bool
) -> None:
    add(1)
    copy = world.backup()
    world.answer(from_sender(a999(7, to=to), sender))
    if is_stored:
        store_answers(world, copy)
    assert world.reconcile(copy, shown(6, is_seen=True)).outcome == outcome


def test_a_receiver_may_write_under_another_id_than_it_is_written_to(
    world: World, add: Callable[..., list[int]]
) -> None:
    add(1)
    copy = world.backup()
    world.answer(from_sender(a999(7), "SENDER"))
    for _ in range(2):
        report = world.reconcile(copy, shown(6))
        assert report.for_a_person == [
            "receiver default: there are answers to us from a sender (ISA06) that is no receiver here, and they count "
            "for nothing: if it is this one, put that id into answer_sender_id of billing.receiver"
        ]
        if (world.inbox / "answer.txt").exists():
            store_answers(world, copy)
    world.rows(copy, "UPDATE billing.receiver SET answer_sender_id = 'SENDER' RETURNING 1")
    report = world.reconcile(copy, shown(6))
    assert report.for_a_person == []
    assert "7 is known" in report.reasons[0]


def from_sender(body: bytes, sender: str) -> bytes:
    return body.replace(b"*ZZ*RECEIVER".ljust(19), f"*ZZ*{sender:<15}".encode())


def store_answers(world: World, name: str) -> None:
    """The inbox has collected and read the answer; the receiver's folder is empty again."""
    with psycopg.connect(environment.pipeline_url(world.url(name)), autocommit=True) as pipeline:
        steps.collect_files(pipeline, "default", directory_boxes(world.outbox, world.inbox))
        steps.apply_acknowledgments(pipeline)
    (world.inbox / "answer.txt").unlink()


# Files that the copy has, and whose way it has not seen to the end


@pytest.fixture
def half_way(world: World, add: Callable[..., list[int]]) -> tuple[str, list[int]]:
    """A copy whose file was built and not delivered when it was made; the original has delivered it since."""
    ids = add(2)
    with world.connect(world.original) as owner:
        owner.execute(
            "CREATE FUNCTION stop_here() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"
            "CREATE TRIGGER stop_here BEFORE UPDATE ON billing.interchange FOR EACH ROW EXECUTE FUNCTION stop_here()"
        )
    world.submit(world.original, FIRST)
    with world.connect(world.original) as owner:
        owner.execute("DROP TRIGGER stop_here ON billing.interchange; DROP FUNCTION stop_here")
    assert world.files() == []
    copy = world.backup()
    world.submit(world.original, FIRST)
    assert len(world.files()) == 1
    return copy, ids


def test_a_file_it_had_not_delivered_is_sent_when_it_lies_there(world: World, half_way: tuple[str, list[int]]) -> None:
    copy, _ = half_way
    assert world.reconcile(copy, shown(1)).outcome == "unlocked"
    assert world.rows(copy, "SELECT interchange_state FROM billing.interchange") == [("sent",)]
    assert set(world.statuses(copy).values()) == {"submitted"}


def test_a_file_it_had_not_delivered_belies_who_says_that_nothing_left(
    world: World, half_way: tuple[str, list[int]]
) -> None:
    copy, ids = half_way
    report = world.reconcile(copy, Said(nothing_sent=True))
    assert report.outcome == "refused"
    assert "NOTHING_SENT=1 cannot be" in report.reasons[0]
    (world.outbox / world.files()[0]).unlink()
    world.answer(a277("", ProviderAnswer(claims=[ClaimAnswer(f"C{ids[0]}V1")])))
    assert world.reconcile(copy, Said(nothing_sent=True)).outcome == "refused"


def test_a_file_of_unknown_outcome_may_have_left_before_the_backup(
    world: World, half_way: tuple[str, list[int]]
) -> None:
    copy, ids = half_way
    world.rows(
        copy, "UPDATE billing.interchange SET interchange_state = 'sending', delivery_stage = 'placing' RETURNING 1"
    )
    world.answer(a277("", ProviderAnswer(claims=[ClaimAnswer(f"C{ids[0]}V1")])))
    assert world.reconcile(copy, Said(nothing_sent=True), confirmed=False).outcome == "possible"
    (world.outbox / world.files()[0]).unlink()
    assert world.reconcile(copy, Said(nothing_sent=True)).outcome == "unlocked"
    assert set(world.statuses(copy).values()) == {"submitted"}


def test_a_waiting_claim_that_is_answered_belies_who_says_that_nothing_left(
    world: World, add: Callable[..., list[int]]
) -> None:
    (claim,) = add(1)
    copy = world.backup()
    world.answer(a277("", ProviderAnswer(claims=[ClaimAnswer(f"C{claim}V1")])))
    report = world.reconcile(copy, Said(nothing_sent=True))
    assert report.outcome == "refused"
    assert "NOTHING_SENT=1 cannot be" in report.reasons[0]


def test_a_file_it_had_not_delivered_is_sent_when_it_is_answered(world: World, half_way: tuple[str, list[int]]) -> None:
    copy, ids = half_way
    (world.outbox / world.files()[0]).unlink()
    world.answer(a277("", ProviderAnswer(claims=[ClaimAnswer(f"C{ids[0]}V1")])))
    assert world.reconcile(copy, shown(1)).outcome == "unlocked"
    assert set(world.statuses(copy).values()) == {"submitted"}


def test_a_file_it_had_not_delivered_is_unknown_when_nothing_shows_it(
    world: World, half_way: tuple[str, list[int]]
) -> None:
    copy, _ = half_way
    (world.outbox / world.files()[0]).unlink()
    assert world.reconcile(copy, shown(1)).outcome == "unlocked"
    assert world.rows(copy, "SELECT interchange_state FROM billing.interchange") == [("unknown",)]
    with pytest.raises(Exception, match="whether it arrived is unknown"):
        world.submit(copy, FIRST)
    assert world.files() == []


def test_a_file_it_had_not_delivered_leaves_when_nothing_had_left(
    world: World, half_way: tuple[str, list[int]]
) -> None:
    copy, ids = half_way
    (world.outbox / world.files()[0]).unlink()
    assert world.reconcile(copy, Said(nothing_sent=True)).outcome == "unlocked"
    world.submit(copy, FIRST)
    assert world.sent_claims() == names(ids)


# A file that was never delivered from here, and answers under its number


@pytest.mark.parametrize("is_in_folder", [True, False])
def test_answers_that_came_before_it_counted_as_sent_are_read_again(
    world: World, half_way: tuple[str, list[int]], is_in_folder: bool
) -> None:
    copy, ids = half_way
    if not is_in_folder:
        (world.outbox / world.files()[0]).unlink()
    claims = [ClaimAnswer(f"C{ids[0]}V1", ("A7:562",)), ClaimAnswer(f"C{ids[1]}V1", ("A2:20",))]
    world.answer(a277("0000000010001", ProviderAnswer(claims=claims)))
    store_answers(world, copy)
    assert set(world.statuses(copy).values()) == {"awaiting_submission"}

    report = world.reconcile(copy, shown(1))
    assert (report.outcome, report.for_a_person) == ("unlocked", [])
    assert any("2 claims submitted, 1 file of answers to be read again" in line for line in report.lines)
    apply_answers(world, copy)
    assert world.statuses(copy) == {f"C{ids[0]}V1": "rejected", f"C{ids[1]}V1": "accepted"}
    assert world.stop_code(copy) is None


def test_answers_that_name_only_claims_are_read_again_as_well(world: World, half_way: tuple[str, list[int]]) -> None:
    copy, ids = half_way
    (world.outbox / world.files()[0]).unlink()
    world.answer(a277("", ProviderAnswer(claims=[ClaimAnswer(f"C{ids[0]}V1", ("A7:562",))])))
    store_answers(world, copy)
    report = world.reconcile(copy, shown(1))
    assert any("name its claims: sent" in line and "to be read again" in line for line in report.lines)
    apply_answers(world, copy)
    assert world.statuses(copy) == {f"C{ids[0]}V1": "rejected", f"C{ids[1]}V1": "submitted"}


def test_an_answer_to_its_number_alone_does_not_show_that_it_left(
    world: World, half_way: tuple[str, list[int]]
) -> None:
    copy, _ = half_way
    (world.outbox / world.files()[0]).unlink()
    world.answer(a999(1))
    store_answers(world, copy)
    assert "NOTHING_SENT=1 cannot be" in world.reconcile(copy, Said(nothing_sent=True, is_seen=True)).reasons[0]

    report = world.reconcile(copy, shown(1))
    assert report.outcome == "refused"
    assert "billing.confirm_file" in report.for_a_person[0]
    assert "--not-ours 1 " in report.for_a_person[0]
    for _ in range(2):
        assert world.reconcile(copy, shown(1, is_seen=True)).outcome == "unlocked"
        assert world.rows(copy, "SELECT interchange_state FROM billing.interchange") == [("unknown",)]
        assert set(world.statuses(copy).values()) == {"awaiting_submission"}
        world.rows(copy, "SELECT billing.lock_sending('number_reused')")


def test_a_file_that_a_person_confirms_has_its_answers_read_again(
    world: World, half_way: tuple[str, list[int]]
) -> None:
    copy, _ = half_way
    (world.outbox / world.files()[0]).unlink()
    world.answer(a999(1))
    store_answers(world, copy)
    world.reconcile(copy, shown(1, is_seen=True))
    world.rows(copy, "SELECT billing.confirm_file(1, 'the portal shows it'), billing.lock_sending('number_reused')")
    report = world.reconcile(copy, shown(1))
    assert (report.outcome, report.for_a_person) == ("unlocked", [])
    apply_answers(world, copy)
    assert world.rows(copy, "SELECT interchange_state FROM billing.interchange") == [("acknowledged",)]


@pytest.mark.parametrize("is_answered_later", [False, True])
def test_a_file_whose_number_is_anothers_is_withdrawn_and_its_claims_leave_in_the_next(
    world: World, half_way: tuple[str, list[int]], is_answered_later: bool
) -> None:
    copy, ids = half_way
    (world.outbox / world.files()[0]).unlink()
    world.answer(a999(1))
    if is_answered_later:
        # The person did not know yet; the inbox takes the answer that it has not read for one of ours.
        assert world.reconcile(copy, shown(1, is_seen=True)).outcome == "unlocked"
        store_answers(world, copy)
        assert set(world.statuses(copy).values()) == {"submitted"}
        world.rows(copy, "SELECT billing.lock_sending('number_reused')")
    said = Said(last_numbers={"default": 1}, not_ours=frozenset({1}))
    report = world.reconcile(copy, said)
    assert "2 claims of it that did not leave elsewhere rejected" in report.for_a_person[0]
    assert world.reconcile(copy, replace(said, is_seen=True)).outcome == "unlocked"
    assert set(world.statuses(copy).values()) == {"rejected"}
    for claim in ids:
        world.rows(copy, "SELECT billing.return_claim(%s, 'the number was another file')", claim)
    world.rows(copy, "UPDATE billing.claim SET entered_step_on = %s RETURNING 1", SECOND)
    world.submit(copy, THIRD)
    assert world.sent_claims() == names(ids, 2)


@pytest.mark.parametrize("shows", ["the folder", "an answer", "a delivery", "no file"])
def test_a_file_that_is_shown_to_have_left_is_not_withdrawn(
    world: World, half_way: tuple[str, list[int]], shows: str
) -> None:
    copy, ids = half_way
    if shows != "the folder":
        (world.outbox / world.files()[0]).unlink()
    world.answer(a999(1))
    if shows == "an answer":
        world.answer(a277("", ProviderAnswer(claims=[ClaimAnswer(f"C{ids[0]}V1")])), "claims.txt")
    if shows == "a delivery":
        world.rows(copy, "UPDATE billing.interchange SET attempt_count = 1 RETURNING 1")
    number = 2 if shows == "no file" else 1
    said = Said(last_numbers={"default": 1}, is_seen=True, not_ours=frozenset({number}))
    report = world.reconcile(copy, said)
    assert report.outcome == "refused"
    assert f"file id {number} is not withdrawn" in report.reasons[0]


@pytest.mark.parametrize(("state", "outcome"), [("built", "unlocked"), ("sent", "refused")])
def test_a_number_that_only_waits_here_may_be_above_the_last_one_of_the_portal(
    world: World, half_way: tuple[str, list[int]], state: str, outcome: str
) -> None:
    copy, _ = half_way
    (world.outbox / world.files()[0]).unlink()
    if state == "sent":
        world.rows(copy, "SELECT billing.record_file_sent(1)")
    report = world.reconcile(copy, shown(0))
    assert report.outcome == outcome
    assert all("says 0, but 1 is known" in reason for reason in report.reasons)
    assert world.rows(copy, "SELECT last_control_number FROM billing.receiver") == [(1,)]


def apply_answers(world: World, name: str) -> None:
    with psycopg.connect(environment.pipeline_url(world.url(name)), autocommit=True) as pipeline:
        steps.apply_acknowledgments(pipeline)


# Claims that the copy does not have, or has under other numbers


def test_a_claim_made_after_the_backup_is_held_where_it_stands_now(world: World, add: Callable[..., list[int]]) -> None:
    add(1)
    with world.connect(world.original) as owner:
        practice = Practice(owner, 2)
        invoiced, kept, _ = (practice.appointment(client=insured(practice, name)) for name in ("Ash", "Birch", "Cedar"))
        invoice = practice.invoice(invoiced)
    copy = world.backup()
    with world.connect(world.original) as owner:
        practice.connection = owner
        unknown = [practice.claim(invoice), practice.claim(practice.invoice(kept))]
    world.submit(world.original, FIRST)
    with world.connect(copy) as owner:
        # A night after the restore gives a number that has left to another claim.
        practice.connection = owner
        other = practice.claim(practice.invoice())
        assert other == unknown[0]

    report = world.reconcile(copy, shown(1))
    assert (report.outcome, report.for_a_person) == ("unlocked", [])
    assert world.held(copy) == {("invoice_processing", invoice), ("invoice_creation", kept)}
    assert world.statuses(copy)[f"C{other}V2"] == "awaiting_submission"
    assert f"C{other}V1" not in world.statuses(copy)
    before = world.sent_claims()
    world.run(copy, "invoice_processing", SECOND)
    world.submit(copy, THIRD)
    assert sorted(set(world.sent_claims()) - set(before)) == [f"C{other}V2"]
    assert add(1, copy)[0] > max(unknown)


def test_a_claim_of_which_nothing_is_here_waits_for_a_person(world: World, add: Callable[..., list[int]]) -> None:
    add(1)
    copy = world.backup()
    late = add(1)
    world.submit(world.original, FIRST)
    report = world.reconcile(copy, shown(1))
    assert report.outcome == "refused"
    assert report.for_a_person == [
        f"claim C{late[0]}V1 is in file 000000001 and not known here, nor any appointment it could be of"
    ]
    assert world.reconcile(copy, shown(1, is_seen=True)).outcome == "unlocked"
    assert world.rows(
        copy, "SELECT detail -> 'for_a_person' ->> 0 FROM billing.history WHERE action = 'reconciled'"
    ) == [(report.for_a_person[0],)]


def test_a_corrected_version_that_left_is_not_sent_again(world: World, add: Callable[..., list[int]]) -> None:
    (claim,) = add(1)
    world.submit(world.original, FIRST)
    world.rows(world.original, "UPDATE billing.claim SET claim_status = 'rejected' RETURNING 1")
    copy = world.backup()
    world.rows(world.original, "SELECT billing.return_claim(%s, 'a test')", claim)
    world.rows(world.original, "UPDATE billing.claim SET entered_step_on = %s RETURNING 1", FIRST)
    world.submit(world.original, SECOND)
    assert world.sent_claims() == [f"C{claim}V1", f"C{claim}V2"]

    assert world.reconcile(copy, shown(2)).outcome == "unlocked"
    assert world.statuses(copy) == {f"C{claim}V2": "submitted"}


# Two databases that both sent


def test_two_files_with_one_number_are_told_apart_and_neither_is_sent_again(
    world: World, add: Callable[..., list[int]]
) -> None:
    ids = add(2)
    copy = world.backup()
    world.submit(world.original, FIRST)
    # It was not noticed that the copy is one: the same claims, the same number, another file.
    allow_sending(world.url(copy))
    with world.connect(copy) as owner:
        owner.execute("UPDATE practice.client SET city = 'Elsewhere'")
        owner.execute(
            "CREATE FUNCTION stop_here() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"
            "CREATE TRIGGER stop_here BEFORE UPDATE ON billing.interchange FOR EACH ROW EXECUTE FUNCTION stop_here()"
        )
    new = add(1, copy)
    world.submit(copy, FIRST)
    with world.connect(copy) as owner:
        owner.execute("DROP TRIGGER stop_here ON billing.interchange; DROP FUNCTION stop_here")
        owner.execute("SELECT billing.lock_sending('number_reused')")

    report = world.reconcile(copy, shown(1))
    assert report.outcome == "refused"
    assert any("have one control number" in line for line in report.for_a_person)
    assert world.reconcile(copy, shown(1, is_seen=True)).outcome == "unlocked"
    assert world.rows(copy, "SELECT interchange_state FROM billing.interchange") == [("rejected",)]
    expected = dict.fromkeys(names(ids), "submitted") | dict.fromkeys(names(new), "rejected")
    assert world.statuses(copy) == expected
    world.submit(copy, SECOND)
    assert world.sent_claims() == names(ids)
    with world.connect(copy) as owner:
        owner.execute("SELECT billing.return_claim(%s, 'the other file did not hold it')", (new[0],))
        owner.execute("UPDATE billing.claim SET entered_step_on = %s WHERE claim_id = %s", (SECOND, new[0]))
    world.submit(copy, THIRD)
    assert world.sent_claims() == sorted([*names(ids), *names(new, 2)])


def test_a_damaged_file_uses_up_its_number_and_is_shown(world: World, add: Callable[..., list[int]]) -> None:
    ids = add(2)
    copy = world.backup()
    world.submit(world.original, FIRST)
    file = world.outbox / world.files()[0]
    file.write_bytes(file.read_bytes()[:-30])
    report = world.reconcile(copy, shown(1))
    assert "the file ends in the middle of a segment" in report.for_a_person[0]
    assert world.reconcile(copy, shown(1, is_seen=True)).outcome == "unlocked"
    assert world.held(copy) == {("claims_submission", one) for one in ids}
    assert world.rows(copy, "SELECT last_control_number FROM billing.receiver") == [(1,)]


def test_answers_that_came_too_early_are_read_again(world: World, add: Callable[..., list[int]]) -> None:
    add(1)
    copy = world.backup()
    world.submit(world.original, FIRST)
    world.rows(
        copy,
        "WITH f AS (INSERT INTO billing.inbox_file (receiver_code, sha256, body, file_state, decided_at)"
        " VALUES ('default', 'x', %s, 'applied', now()) RETURNING inbox_file_id)"
        " INSERT INTO billing.acknowledgment (inbox_file_id, position, source, grain, outcome, effect, submitter_id,"
        " sender_id, control_number) SELECT inbox_file_id, 1, 'TA1', 'interchange', 'accepted', 'unknown', 'SUBMITTER',"
        " 'RECEIVER', 1 FROM f"
        " RETURNING 1",
        ta1(1),
    )
    assert world.reconcile(copy, shown(1)).outcome == "unlocked"
    assert world.rows(copy, "SELECT file_state FROM billing.inbox_file") == [("received",)]
    assert world.rows(copy, "SELECT FROM billing.acknowledgment") == []


# What counts as another database


def test_a_table_that_was_restored_from_a_dump_locks_sending(world: World) -> None:
    with world.connect(world.original) as owner, owner.transaction(force_rollback=True):
        owner.execute("ALTER TABLE billing.interchange RENAME TO before_the_restore")
        owner.execute("CREATE TABLE billing.interchange (LIKE billing.before_the_restore)")
        assert owner.execute("SELECT stop_code FROM billing.sending").fetchone() == (LOCKED,)


# The command


def test_the_command_says_what_it_would_do_does_it_and_ends_with_its_code(
    world: World, add: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (claim,) = add(1)
    copy = world.backup()
    world.submit(world.original, FIRST)
    monkeypatch.setenv("BILLING_DATABASE_URL", world.url(copy))
    monkeypatch.setenv("BILLING_OUTBOX_DIR", str(world.outbox))
    monkeypatch.setenv("BILLING_INBOX_DIR", str(world.inbox))
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "")

    assert command.main(["--nothing-sent"]) == 1
    assert "not unlocked, nothing was changed" in capsys.readouterr().out
    assert command.main(["--confirm"]) == 1
    assert "LAST_NUMBER='default=1'" in capsys.readouterr().out
    portal = ["--last-number", "default=1"]
    assert command.main(portal) == 0
    assert "with CONFIRM=1 all of this is done" in capsys.readouterr().out
    assert world.stop_code(copy) == LOCKED
    assert command.main(["--confirm", *portal]) == 0
    said = capsys.readouterr().out
    assert "done: sending is unlocked" in said
    assert "1 of 1 claim submitted" in said
    assert not {"Example", "EXAMPLE", "W123"} & set(said.split())
    assert command.main(["--confirm"]) == 0
    assert "sending is not locked" in capsys.readouterr().out
    assert world.statuses(copy) == {f"C{claim}V1": "submitted"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--last-number", "123"],
        ["--last-number", "default=x"],
        ["--last-number", "default=1,default=2"],
        ["--last-number", "default=1000000000"],
        ["--last-number", "default=1", "--nothing-sent"],
        ["--not-ours", "C1V1"],
        ["--sure"],
    ],
)
def test_arguments_that_cannot_be_end_with_two(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
