"""Small files in the outbox, with claims of their own and no practice behind them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from psycopg import sql

from include.development import environment
from tests.faults.databases import copy_of, database_of

Connection = psycopg.Connection[Any]

#: When the files are built and first delivered, for whoever passes it as simulated_now.
NOW: Final = datetime(2026, 11, 4, 23, tzinfo=UTC)
CLAIMS_PER_FILE: Final = 2

_ADD_CLAIMS = """
WITH invoice AS (
    INSERT INTO billing.invoice (organization_id, appointment_id, client_id, staff_id, location_id, service_on,
        invoice_on, entered_step_on, total_amount, created_at)
    SELECT 1, coalesce((SELECT max(i.appointment_id) FROM billing.invoice i), 0) + n, 1, 1, 1, '2026-11-01',
        '2026-11-02', '2026-11-02', 150, %(now)s
    FROM generate_series(1, %(count)s) AS n
    RETURNING invoice_id
), claim AS (
    INSERT INTO billing.claim (organization_id, invoice_id, client_id, level, total_amount, entered_step_on,
        entered_step_at)
    SELECT 1, i.invoice_id, 1, 'primary', 150, '2026-11-03', %(now)s FROM invoice i
    RETURNING claim_id, version, claim_number
), transaction_set AS (
    INSERT INTO billing.transaction_set (interchange_id, transaction_number, organization_id, batch_reference,
        claim_count)
    VALUES (%(interchange_id)s, '0001', 1, %(number)s || '0001', %(count)s)
)
INSERT INTO billing.claim_submission (claim_id, version, interchange_id, transaction_number, claim_number,
    organization_id, total_amount, policy_id, insurer_id)
SELECT k.claim_id, k.version, %(interchange_id)s, '0001', k.claim_number, 1, 150, 1, 1 FROM claim k
"""


@dataclass(frozen=True)
class StoredFile:
    """A file as it was stored."""

    interchange_id: int
    receiver_code: str
    control_number: int
    file_name: str
    body: bytes


@contextmanager
def outbox_database(server_url: str, template: str) -> Iterator[str]:
    """The owner's URL of a database whose clock is the caller's, with the run that builds the files."""
    with copy_of(server_url, template) as url:
        with psycopg.connect(url, autocommit=True) as owner:
            # Nothing here has to survive a power cut.
            owner.execute(
                sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(database_of(url)))
            )
            owner.execute("UPDATE billing.deployment SET is_sample = true, clock = 'due_instant'")
            owner.execute(
                "INSERT INTO billing.run (automation, timezone, night, due_at)"
                " VALUES ('claims_submission', 'America/Chicago', '2026-11-04', %s)",
                (NOW,),
            )
        yield url


def add_receiver(owner: Connection, receiver_code: str, **columns: object) -> str:
    """A receiver with the ids of `default` and other ways; return its code."""
    names = [*columns, "receiver_code"]
    owner.execute(
        sql.SQL(
            "INSERT INTO billing.receiver (name, submitter_id, submitter_name, contact_name, contact_phone,"
            " receiver_id, {}) SELECT name, submitter_id, submitter_name, contact_name, contact_phone,"
            " 'RECEIVER' || (SELECT count(*) FROM billing.receiver), {}"
            " FROM billing.receiver WHERE receiver_code = 'default'"
        ).format(
            sql.SQL(", ").join(sql.Identifier(name) for name in names),
            sql.SQL(", ").join(sql.Placeholder() for _ in names),
        ),
        (*columns.values(), receiver_code),
    )
    return receiver_code


def store_file(owner: Connection, receiver_code: str = "default", byte_count: int = 600) -> StoredFile:
    """The receiver's next file, built and not delivered, of so many bytes (at least 200)."""
    with owner.transaction():
        row = owner.execute(
            "UPDATE billing.receiver SET last_control_number = last_control_number + 1 WHERE receiver_code = %s"
            " RETURNING last_control_number",
            (receiver_code,),
        ).fetchone()
        assert row is not None
        number = row[0]
        body = file_body(receiver_code, number, byte_count)
        digest = hashlib.sha256(body).hexdigest()
        name = f"SUBMITTER_{number:09d}_{digest[:8]}.837"
        row = owner.execute(
            "INSERT INTO billing.interchange (receiver_code, control_number, file_name, sha256, body, built_run_id,"
            " built_at) SELECT %s, %s, %s, %s, %s, min(run_id), %s FROM billing.run RETURNING interchange_id",
            (receiver_code, number, name, digest, body, NOW),
        ).fetchone()
        assert row is not None
        owner.execute(
            _ADD_CLAIMS,
            {"interchange_id": row[0], "number": f"{number:09d}", "count": CLAIMS_PER_FILE, "now": NOW},
        )
    return StoredFile(row[0], receiver_code, number, name, body)


def file_body(receiver_code: str, control_number: int, byte_count: int) -> bytes:
    """Bytes with an ISA that names the number; whatever follows is for the transport only."""
    nothing, sides = f"00*{'':10}", f"ZZ*{'SUBMITTER':15}*ZZ*{'RECEIVER':15}"
    isa = f"ISA*{nothing}*{nothing}*{sides}*261104*2300*^*00501*{control_number:09d}*0*T*:~"
    draw = random.Random(f"{receiver_code} {control_number}")
    text = "".join(draw.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789*~", k=max(byte_count - len(isa), 0)))
    return (isa + text).encode("ascii")


def control_number_of(body: bytes) -> int:
    """ISA13, as whoever receives the file reads it."""
    return int(body[90:99])


def state_of(connection: Connection, file: StoredFile) -> tuple[Any, ...]:
    """(interchange_state, delivery_stage, attempt_count, fault_code)"""
    row = connection.execute(
        "SELECT interchange_state, delivery_stage, attempt_count, fault_code FROM billing.interchange"
        " WHERE interchange_id = %s",
        (file.interchange_id,),
    ).fetchone()
    assert row is not None
    return tuple(row)


def claim_statuses(connection: Connection, file: StoredFile) -> set[str]:
    """The statuses that the file's claims have."""
    rows = connection.execute(
        "SELECT DISTINCT k.claim_status FROM billing.claim k JOIN billing.claim_submission s USING (claim_id, version)"
        " WHERE s.interchange_id = %s",
        (file.interchange_id,),
    ).fetchall()
    assert rows
    return {status for (status,) in rows}


def pipeline_connection(url: str) -> Connection:
    """A worker's connection to the database of `url`."""
    return psycopg.connect(environment.pipeline_url(url), autocommit=True)


def say(owner: Connection, door: str, *parameters: object) -> None:
    """What a person says at a door of billing, in the role of the settings page."""
    with owner.transaction():
        owner.execute("SET LOCAL ROLE billing_settings")
        owner.execute(f"SELECT billing.{door}".encode(), parameters)
