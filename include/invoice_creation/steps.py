"""Invoice Creation, step by step: freeze the appointments, let rules take some out, make invoices of the rest."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import psycopg

from include.database import execute
from include.nightly_run.attempt import Attempt, close_attempt
from include.nightly_run.candidates import (
    ensure_frozen,
    finish,
    forget_reasons,
    freeze_candidates,
    leave_unfinished,
    lock_decided,
    read_clock,
)
from include.nightly_run.decisions import record_decisions
from include.nightly_run.organizations import work_through
from include.nightly_run.rules import FactSources, exclude_items

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]

FACTS = FactSources(
    columns={
        "primary_insurer": ("primary_insurer_id", "integer"),
        "client_pays_by": ("pays_by", "category"),
        "appointment_staff": ("staff_id", "integer"),
        "appointment_date": ("service_on", "day"),
        "location": ("location_id", "integer"),
        "client": ("client_id", "integer"),
    },
    statements={
        "service_type": "invoice_creation/read_service_types.sql",
        "progress_note_signed": "invoice_creation/read_note_signatures.sql",
    },
)


def select_appointments(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> int:
    """Freeze the organizations' appointments in the step and return how many; again freezes afresh."""
    return freeze_candidates(
        connection, attempt, organization_ids, "select_appointments", "invoice_creation/select_appointments.sql"
    )


def apply_exclusion_rules(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> int:
    """Mark the appointments that rules exclude and return how many; again decides afresh."""
    return exclude_items(connection, attempt, organization_ids, FACTS, select_appointments)


def create_invoices(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> int:
    """Make one invoice per appointment left, with a line per service, and record why the others stay.

    Returns the number of invoices made by this call; a second call makes none. Amounts are dollars.
    """
    ensure_frozen(connection, attempt, organization_ids, select_appointments, apply_exclusion_rules)
    counts = [0, 0]

    def create(part: list[int]) -> None:
        lock_decided(connection, attempt, part)
        forget_reasons(connection, attempt, part, ["blocked"])
        row = execute(
            connection,
            "invoice_creation/price_and_create.sql",
            attempt.parameters | {"organization_ids": part, "clock": read_clock(connection)},
        ).fetchone()
        assert row is not None
        record_decisions(connection, attempt, part)
        counts[0] += row[0]
        counts[1] += row[1]

    failed = work_through(connection, attempt, organization_ids, "create_invoices", create)
    finish(connection, attempt, organization_ids, failed)
    log.info("run %s: %s invoices, %s blocked, %s organizations failed", attempt.run_id, *counts, len(failed))
    return counts[0]


def close_run(connection: Connection, attempt: Attempt) -> str:
    """Account for every appointment of the night and write the results; return how the attempt ended."""
    return close_attempt(
        connection, attempt, lambda unfinished: leave_unfinished(connection, attempt, unfinished, select_appointments)
    )
