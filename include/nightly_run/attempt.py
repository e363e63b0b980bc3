"""Attempts at a run: opened before anything moves, closed after everything, whatever happened in between."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

from include.database import execute, writing
from include.errors import BillingError
from nightly_schedule.buckets import BUCKETS
from nightly_schedule.slots import Slot, refuse_future

log = logging.getLogger(__name__)

# A task instance costs Airflow about a second, a batch of this size some seconds of work (make bench). Every batch
# reads past the rows of the others, so a night of a million items costs more in eight batches than in four; and four
# keep a bucket's night a handful of task instances.
MAXIMUM_BATCHES = 4
ITEMS_PER_BATCH = 50_000
ORGANIZATIONS_PER_BATCH = 1_000

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Attempt:
    """One try at the run of one automation, bucket and night."""

    attempt_id: int
    run_id: int
    automation: str
    timezone: str
    night: date
    due_at: datetime
    #: One organization, all in one transaction that is rolled back (include.preview).
    is_preview: bool = False

    @property
    def simulated_now(self) -> str:
        """What counts as now in a sample database, and only there."""
        return self.due_at.isoformat()

    @property
    def parameters(self) -> dict[str, Any]:
        """The named parameters that the SQL files of every automation take."""
        return {
            "attempt_id": self.attempt_id,
            "run_id": self.run_id,
            "automation": self.automation,
            "timezone": self.timezone,
            "night": self.night,
        }


def check_buckets(connection: Connection) -> None:
    """Raise `BillingError` when the timetable and the database do not state the same buckets."""
    stored = connection.execute(
        "SELECT ordinal, timezone, label FROM practice.timezone_bucket ORDER BY ordinal"
    ).fetchall()
    stated = [(bucket.ordinal, bucket.timezone, bucket.city) for bucket in BUCKETS]
    if stored != stated:
        raise BillingError(
            "the timetable and practice.timezone_bucket do not state the same buckets: "
            "run the migrations of this version, or deploy the version that fits the database"
        )


def open_attempt(
    connection: Connection, slot: Slot, airflow_run_id: str, airflow_try_number: int
) -> tuple[Attempt, list[int]]:
    """Open the attempt and return it with the numbers of its batches (none: no organization has it enabled).

    A second call with the same Airflow run and try returns the same attempt and batches. Freezes who takes part and
    why others do not; writes the decisions *plan*, *off*, *paused* (one row per organization).
    Raises `InvalidNight` when the night's instant has not come.
    """
    check_buckets(connection)
    refuse_future(slot, _only_value(connection.execute("SELECT now()")))
    with writing(connection, simulated_now=slot.due_at.isoformat()):
        run_id = _only_value(
            execute(
                connection,
                "nightly_run/open_run.sql",
                {
                    "automation": slot.automation,
                    "timezone": slot.bucket.timezone,
                    "night": slot.night,
                    "due_at": slot.due_at,
                },
            )
        )
        attempt_id = _only_value(
            execute(
                connection,
                "nightly_run/open_attempt.sql",
                {"run_id": run_id, "airflow_run_id": airflow_run_id, "airflow_try_number": airflow_try_number},
            )
        )
        attempt = Attempt(attempt_id, run_id, slot.automation, slot.bucket.timezone, slot.night, slot.due_at)
        execute(connection, "nightly_run/delete_old_candidates.sql", attempt.parameters)
        execute(connection, "nightly_run/count_items.sql", attempt.parameters | {"only_organization_id": None})
        # Else what follows is planned for a handful of organizations, and each is compared with each.
        connection.execute("SELECT billing.analyze_candidates()")
        execute(connection, "nightly_run/assign_batches.sql", attempt.parameters | _batch_limits())
        execute(connection, "nightly_run/prepare_work_locks.sql", attempt.parameters)
        for statement in ("close_items_of_gated", "close_gates", "open_gates", "count_gates"):
            execute(connection, f"nightly_run/{statement}.sql", attempt.parameters)
        batches = [
            number
            for (number,) in connection.execute(
                "SELECT DISTINCT batch_number FROM billing.run_organization"
                " WHERE attempt_id = %s AND batch_number IS NOT NULL ORDER BY 1",
                (attempt.attempt_id,),
            ).fetchall()
        ]
    log.info("run %s attempt %s: %s batches", attempt.run_id, attempt.attempt_id, len(batches))
    if not batches:
        log.info("no organization of %s has %s enabled tonight: nothing to do", attempt.timezone, attempt.automation)
    return attempt, batches


def _only_value(cursor: psycopg.Cursor[Any]) -> Any:
    row = cursor.fetchone()
    assert row is not None
    return row[0]


def _batch_limits() -> dict[str, int]:
    return {
        "maximum_batches": MAXIMUM_BATCHES,
        "items_per_batch": ITEMS_PER_BATCH,
        "organizations_per_batch": ORGANIZATIONS_PER_BATCH,
    }


def read_attempt(connection: Connection, attempt_id: int) -> Attempt:
    """The attempt with this id. Raises `BillingError` when there is none."""
    row = connection.execute(
        "SELECT a.attempt_id, r.run_id, r.automation, r.timezone, r.night, r.due_at"
        " FROM billing.run_attempt a JOIN billing.run r USING (run_id) WHERE a.attempt_id = %s",
        (attempt_id,),
    ).fetchone()
    if row is None:
        raise BillingError(f"there is no attempt {attempt_id}: clear the whole run, so that it opens a new one")
    return Attempt(*row)


def organizations_of_batch(connection: Connection, attempt: Attempt, batch_number: int) -> list[int]:
    """The organizations of the batch, in order of id."""
    rows = connection.execute(
        "SELECT organization_id FROM billing.run_organization"
        " WHERE attempt_id = %s AND batch_number = %s ORDER BY organization_id",
        (attempt.attempt_id, batch_number),
    )
    return [organization_id for (organization_id,) in rows.fetchall()]


def mark_finished(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> None:
    """Note that the last writing step is done with the organizations; a failed one is done too, with its failure."""
    connection.execute(
        "UPDATE billing.run_organization SET finished_at = clock_timestamp()"
        " WHERE attempt_id = %s AND organization_id = ANY(%s)",
        (attempt.attempt_id, list(organization_ids)),
    )


def close_attempt(
    connection: Connection,
    attempt: Attempt,
    leave_unfinished: Callable[[Sequence[int]], None],
) -> str:
    """Write the run's results and return its outcome: *ok*, *held_claims* or *fault*. May be called again.

    `leave_unfinished` gets the organizations whose last step never came to an end and records why each of their
    items stays; so every item of every night is accounted for, also after a crash.
    """
    unfinished = [
        organization_id
        for (organization_id,) in connection.execute(
            "SELECT organization_id FROM billing.run_organization WHERE attempt_id = %s AND gate = 'ready'"
            " AND finished_at IS NULL ORDER BY organization_id",
            (attempt.attempt_id,),
        ).fetchall()
    ]
    if unfinished:
        leave_unfinished(unfinished)
    with writing(connection, simulated_now=attempt.simulated_now):
        execute(connection, "nightly_run/record_results.sql", attempt.parameters)
        outcome = str(
            _only_value(
                execute(
                    connection,
                    "nightly_run/close_attempt.sql",
                    attempt.parameters | {"has_unfinished": bool(unfinished)},
                )
            )
        )
        connection.execute("DELETE FROM billing.candidate WHERE attempt_id = %s", (attempt.attempt_id,))
    log.info("run %s attempt %s: closed, %s", attempt.run_id, attempt.attempt_id, outcome)
    return outcome
