"""Files sent from one practice, and the answers to them, in a database that the tests of a module share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from include.clearinghouse_inbox import steps
from include.clearinghouse_inbox.acknowledgments import apply_acknowledgments
from tests.faults.validators import accepting_validator
from tests.integration.nights.conftest import database_url, migrated_rows, module_url  # noqa: F401 (fixtures)
from tests.support.nights import run_night
from tests.support.practice import Connection, Practice
from tests.support.sending import directory_boxes

NIGHT = "2026-03-05"
#: When the night of `Sent.night` falls due, and files leave: 21:00 in Denver.
SENT_AT = datetime(2026, 3, 6, 4, 0, tzinfo=UTC)


@dataclass
class Inbox:
    """A practice with claims on their way, seen as owner (`billing`) and answered as the pipeline."""

    practice: Practice
    pipeline: Connection
    folder: Path
    _marks: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def billing(self) -> Connection:
        return self.practice.connection

    def claims(self, number: int = 1, **changes: Any) -> list[int]:
        """So many claims that the next night takes."""
        return [self.practice.claim(self.practice.invoice(self.practice.appointment(**changes))) for _ in range(number)]

    def send(self, night: str = NIGHT) -> int:
        """Claims Submission of the night; returns the control number of its newest file."""
        with accepting_validator():
            run_night(self.pipeline, "claims_submission", "America/Denver", night, self.folder / "out", f"run {night}")
        return int(self.one("SELECT max(control_number) FROM billing.interchange")[0])

    def receive(self, body: bytes, receiver_code: str = "default") -> int:
        """Store an answer as if it had been collected."""
        row = self.billing.execute(
            "INSERT INTO billing.inbox_file (receiver_code, sha256, body)"
            " VALUES (%s, encode(sha256(%s), 'hex'), %s) RETURNING inbox_file_id",
            (receiver_code, body, body),
        ).fetchone()
        assert row is not None
        return int(row[0])

    def answer(self, *bodies: bytes, receiver_code: str = "default") -> list[str]:
        """Receive and apply, one after the other; returns the effects of all answers in order."""
        files = []
        for body in bodies:
            files.append(self.receive(body, receiver_code))
            apply_acknowledgments(self.pipeline)
        return [
            effect
            for (effect,) in self.rows(
                "SELECT effect FROM billing.acknowledgment WHERE inbox_file_id = ANY(%s)"
                " ORDER BY inbox_file_id, position",
                files,
            )
        ]

    def collect(self) -> int:
        return steps.collect_files(self.pipeline, "default", directory_boxes(self.folder / "out", self.folder / "in"))

    def put(self, name: str, body: bytes, age: timedelta = timedelta(hours=1)) -> Path:
        """A file in the receiver's folder, last changed so long ago."""
        path = self.folder / "in" / name
        path.write_bytes(body)
        then = (datetime.now(UTC) - age).timestamp()
        os.utime(path, (then, then))
        return path

    def one(self, statement: str, *parameters: object) -> tuple[Any, ...]:
        row = self.billing.execute(statement.encode(), parameters).fetchone()
        assert row is not None
        return tuple(row)

    def rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.billing.execute(statement.encode(), parameters).fetchall()]

    def lock(self) -> str | None:
        """Why sending is locked."""
        (locked_because,) = self.one("SELECT locked_because FROM billing.deployment")
        return None if locked_because is None else str(locked_because)

    def state(self) -> str:
        return str(self.one("SELECT interchange_state FROM billing.interchange ORDER BY 1 LIMIT 1")[0])

    def statuses(self, *claims: int) -> list[str]:
        found = dict(self.rows("SELECT claim_id, claim_status FROM billing.claim"))
        return [found[claim] for claim in claims]

    def set_state(self) -> list[str]:
        return [
            state
            for (state,) in self.rows(
                "SELECT transaction_set_state FROM billing.transaction_set ORDER BY interchange_id, transaction_number"
            )
        ]

    def rejections(self, claim: int) -> list[tuple[Any, ...]]:
        return self.rows(
            "SELECT source, category_code, status_code, entity_code FROM billing.claim_rejection WHERE claim_id = %s"
            " ORDER BY 1, 2, 3, 4",
            claim,
        )

    def file_state(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "SELECT file_state, reason_code, segment_number FROM billing.inbox_file ORDER BY inbox_file_id"
        )


@pytest.fixture
def inbox(billing: Connection, pipeline: Connection, tmp_path: Path) -> Inbox:
    """A practice of Denver, whose claims leave at the night's own time."""
    for folder in ("out", "in"):
        (tmp_path / folder).mkdir()
    billing.execute("UPDATE billing.deployment SET is_sample = true, clock = 'due_instant'")
    return Inbox(Practice(billing), pipeline, tmp_path)
