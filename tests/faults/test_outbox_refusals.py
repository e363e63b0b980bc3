"""What the database refuses about a file, whoever asks: other bytes, ways that a state never takes, doors in the wrong
state, and anything twice that is there once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql

from tests.faults.stored_files import (
    StoredFile,
    add_receiver,
    outbox_database,
    pipeline_connection,
    say,
    state_of,
    store_file,
)

Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def url(server_url: str, template: str) -> Iterator[str]:
    with outbox_database(server_url, template) as url:
        with psycopg.connect(url, autocommit=True) as owner:
            add_receiver(owner, "other")
        yield url


@pytest.fixture(scope="module")
def owner(url: str) -> Iterator[Connection]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def file(owner: Connection) -> StoredFile:
    return store_file(owner)


# A person's doors


_REACHED: Final = {
    "built": [],
    "sending": ["sending"],
    "unknown": ["sending", "unknown"],
    "sent": ["sending", "sent"],
    "acknowledged": ["sending", "sent", "acknowledged"],
    "rejected": ["sending", "sent", "rejected"],
}


def _put(owner: Connection, file: StoredFile, state: str) -> None:
    for step in _REACHED[state]:
        owner.execute(
            "UPDATE billing.interchange SET interchange_state = %(to)s,"
            " delivery_stage = CASE %(to)s WHEN 'sending' THEN 'placing' ELSE delivery_stage END,"
            " unknown_since = CASE %(to)s WHEN 'unknown' THEN billing.clock() END,"
            " sent_at = coalesce(sent_at, CASE WHEN %(to)s NOT IN ('sending', 'unknown') THEN billing.clock() END)"
            " WHERE interchange_id = %(id)s",
            {"to": step, "id": file.interchange_id},
        )


@pytest.mark.parametrize(
    ("door", "states"),
    [
        ("resend_file(%s, %s)", {"unknown", "sent"}),
        ("confirm_file(%s, %s)", {"unknown"}),
        ("wait_for_answer(%s, '2027-01-01', %s)", {"unknown", "sent", "acknowledged"}),
    ],
)
@pytest.mark.parametrize("state", _REACHED)
def test_a_door_opens_in_its_states_only_and_asks_for_a_reason(
    owner: Connection, file: StoredFile, door: str, states: set[str], state: str
) -> None:
    _put(owner, file, state)
    before = state_of(owner, file)
    for reason in ("", None):
        with pytest.raises(psycopg.errors.RaiseException, match="say w"):
            say(owner, door, file.interchange_id, reason)
    if state in states:
        say(owner, door, file.interchange_id, "asked on the phone")
    else:
        with pytest.raises(psycopg.errors.RaiseException, match=f"file {file.interchange_id} is n"):
            say(owner, door, file.interchange_id, "asked on the phone")
        assert state_of(owner, file) == before


@pytest.mark.parametrize(("minutes", "is_open"), [(179, False), (181, True)])
def test_a_file_of_unknown_outcome_is_sent_again_only_when_its_worker_cannot_be_at_it_any_more(
    owner: Connection, file: StoredFile, minutes: int, is_open: bool
) -> None:
    _put(owner, file, "unknown")
    owner.execute(
        "UPDATE billing.interchange SET attempted_at = now() - make_interval(mins => %s) WHERE interchange_id = %s",
        (minutes, file.interchange_id),
    )
    if not is_open:
        with pytest.raises(psycopg.errors.RaiseException, match="three hours after that attempt"):
            say(owner, "resend_file(%s, %s)", file.interchange_id, "asked on the phone")
        return
    say(owner, "resend_file(%s, %s)", file.interchange_id, "asked on the phone")
    row = owner.execute(
        "SELECT interchange_state, resend_count FROM billing.interchange WHERE interchange_id = %s",
        (file.interchange_id,),
    ).fetchone()
    assert row == ("built", 1)


@pytest.mark.parametrize("door", ["resend_file(1, 'x')", "confirm_file(1, 'x')", "wait_for_answer(1, now(), 'x')"])
def test_the_doors_are_not_for_the_pipeline(url: str, door: str) -> None:
    with pipeline_connection(url) as worker, pytest.raises(psycopg.errors.InsufficientPrivilege):
        worker.execute(f"SELECT billing.{door}".encode())


# Changes


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("body", b"other bytes"),
        ("sha256", "0"),
        ("file_name", "other.837"),
        ("control_number", 999_999),
        ("receiver_code", "other"),
    ],
    ids=["body", "sha256", "file_name", "control_number", "receiver_code"],
)
def test_a_file_in_the_outbox_never_changes(owner: Connection, file: StoredFile, column: str, value: object) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="a file in the outbox never changes"):
        owner.execute(
            sql.SQL("UPDATE billing.interchange SET {} = %s WHERE interchange_id = %s").format(sql.Identifier(column)),
            (value, file.interchange_id),
        )


def test_attempts_are_never_uncounted(owner: Connection, file: StoredFile) -> None:
    count = "UPDATE billing.interchange SET attempt_count = %s WHERE interchange_id = %s"
    owner.execute(count, (2, file.interchange_id))
    with pytest.raises(psycopg.errors.RaiseException, match="attempts are never uncounted"):
        owner.execute(count, (1, file.interchange_id))


_ALLOWED: Final = {
    "built": {"sending", "sent"},
    "sending": {"built", "sent", "unknown"},
    "unknown": {"built", "sending", "sent"},
    "sent": {"built", "acknowledged", "rejected"},
    "acknowledged": {"rejected"},
    "rejected": set[str](),
}


@pytest.mark.parametrize(("state", "to"), [(one, other) for one in _REACHED for other in _REACHED if one != other])
def test_a_state_becomes_only_what_it_may(owner: Connection, file: StoredFile, state: str, to: str) -> None:
    _put(owner, file, state)
    change = (
        "UPDATE billing.interchange SET interchange_state = %(to)s, delivery_stage = 'placing', sent_at = now(),"
        " unknown_since = CASE WHEN %(to)s = 'unknown' THEN now() END WHERE interchange_id = %(id)s"
    )
    parameters = {"to": to, "id": file.interchange_id}
    if to in _ALLOWED[state]:
        owner.execute(change, parameters)
        assert state_of(owner, file)[0] == to
    else:
        with pytest.raises(psycopg.errors.RaiseException, match=f"{state} never becomes {to}"):
            owner.execute(change, parameters)


@pytest.mark.parametrize("key", ["control_number", "file_name"])
def test_a_number_and_a_name_are_given_once_per_receiver(owner: Connection, file: StoredFile, key: str) -> None:
    values = {"control_number": "control_number + 1000", "file_name": "file_name || 'x'"} | {key: key}
    copy = sql.SQL(
        "INSERT INTO billing.interchange (receiver_code, control_number, file_name, sha256, body, built_run_id,"
        " built_at) SELECT %s, {control_number}, {file_name}, sha256, body, built_run_id, built_at"
        " FROM billing.interchange WHERE interchange_id = %s"
    ).format(**{name: sql.SQL(value) for name, value in values.items()})
    with pytest.raises(psycopg.errors.UniqueViolation), owner.transaction():
        owner.execute(copy, (file.receiver_code, file.interchange_id))
    with owner.transaction(force_rollback=True):
        owner.execute(copy, ("other", file.interchange_id))


def test_a_claim_version_is_in_one_file(owner: Connection, file: StoredFile) -> None:
    other = store_file(owner)
    move = (
        "INSERT INTO billing.claim_submission SELECT claim_id, {} , %s, transaction_number, claim_number,"
        " organization_id, total_amount, policy_id, insurer_id FROM billing.claim_submission WHERE interchange_id = %s"
    )
    with pytest.raises(psycopg.errors.UniqueViolation), owner.transaction():
        owner.execute(move.format("version").encode(), (other.interchange_id, file.interchange_id))
    with owner.transaction(force_rollback=True):
        owner.execute(move.format("version + 1").encode(), (other.interchange_id, file.interchange_id))


def test_the_same_answer_file_is_kept_once_per_receiver(owner: Connection) -> None:
    keep = "INSERT INTO billing.inbox_file (receiver_code, sha256, body) VALUES (%s, 'a', 'TA1')"
    with owner.transaction(force_rollback=True):
        owner.execute(keep, ("default",))
        owner.execute(keep, ("other",))
        with pytest.raises(psycopg.errors.UniqueViolation), owner.transaction():
            owner.execute(keep, ("default",))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM billing.interchange",
        "DELETE FROM billing.claim_submission",
        "UPDATE billing.claim_submission SET interchange_id = 1",
        "UPDATE billing.deployment SET is_sending_enabled = true",
        "UPDATE billing.receiver SET checks_duplicates = true",
    ],
)
def test_the_pipeline_may_not_forget_files_nor_let_itself_send(url: str, statement: str) -> None:
    with pipeline_connection(url) as worker, pytest.raises(psycopg.errors.InsufficientPrivilege):
        worker.execute(statement.encode())
