"""Nights without Airflow: the same steps in the same order, for tests that are about what they do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg

from include.claims_submission import steps as claims_submission
from include.claims_submission.delivery import deliver_files
from include.invoice_creation import steps as invoice_creation
from include.invoice_processing import steps as invoice_processing
from include.nightly_run.attempt import Attempt, open_attempt, organizations_of_batch
from nightly_schedule.slots import build_slot
from tests.support.sending import directory_boxes

Connection = psycopg.Connection[Any]
Step = Callable[[Connection, Attempt, Sequence[int]], int]

#: In the order in which they fall due.
AUTOMATIONS = ("claims_submission", "invoice_processing", "invoice_creation")

SAMPLE_NIGHTS = ("2026-11-02", "2026-11-03", "2026-11-04")

#: What a batch goes through, per automation.
BATCH_STEPS: dict[str, tuple[Step, ...]] = {
    "invoice_creation": (
        invoice_creation.select_appointments,
        invoice_creation.apply_exclusion_rules,
        invoice_creation.create_invoices,
    ),
    "invoice_processing": (
        invoice_processing.select_invoices,
        invoice_processing.apply_exclusion_rules,
        invoice_processing.process_invoices,
        invoice_processing.scrub_for_advice,
    ),
    "claims_submission": (
        claims_submission.select_claims,
        claims_submission.apply_exclusion_rules,
        claims_submission.scrub_claims,
        claims_submission.build_files,
    ),
}
_CLOSE = {
    "invoice_creation": invoice_creation.close_run,
    "invoice_processing": invoice_processing.close_run,
    "claims_submission": claims_submission.close_run,
}


def open_night(
    connection: Connection,
    automation: str,
    timezone: str,
    night: str,
    airflow_run_id: str = "test",
    try_number: int = 1,
) -> tuple[Attempt, list[list[int]]]:
    """Open an attempt; return it and the organizations of each batch."""
    attempt, batches = open_attempt(connection, build_slot(automation, night, timezone), airflow_run_id, try_number)
    return attempt, [organizations_of_batch(connection, attempt, number) for number in batches]


def close_night(connection: Connection, attempt: Attempt) -> str:
    """Close the attempt; return its outcome."""
    return _CLOSE[attempt.automation](connection, attempt)


def run_night(
    connection: Connection, automation: str, timezone: str, night: str, outbox: Path, airflow_run_id: str = "test"
) -> str:
    """The whole night of one automation and bucket; return its outcome."""
    attempt, batches = open_night(connection, automation, timezone, night, airflow_run_id)
    for organizations in batches:
        for step in BATCH_STEPS[automation]:
            step(connection, attempt, organizations)
    if automation == "claims_submission":
        deliver_files(connection, attempt, directory_boxes(outbox))
    return close_night(connection, attempt)


def timezones(connection: Connection) -> list[str]:
    """The buckets that have organizations, in order of ordinal."""
    rows = connection.execute(
        "SELECT b.timezone FROM practice.timezone_bucket b WHERE EXISTS"
        " (SELECT FROM practice.organization o WHERE o.timezone = b.timezone) ORDER BY b.ordinal"
    )
    return [timezone for (timezone,) in rows.fetchall()]


def run_nights(connection: Connection, nights: Sequence[str], outbox: Path, airflow_run_id: str = "test") -> None:
    """All automations of all buckets for the nights, in the order in which they fall due."""
    for night in nights:
        for automation in AUTOMATIONS:
            for timezone in timezones(connection):
                run_night(connection, automation, timezone, night, outbox, airflow_run_id)
