"""Invoice Processing, step by step: freeze the invoices, let rules take some out, make claims, scrub for advice."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import psycopg

from include.claim_records.scrub import scrub_claims
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
from include.nightly_run.organizations import in_slices, work_through
from include.nightly_run.rules import FactSources, exclude_items

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]

FACTS = FactSources(
    columns={
        "primary_insurer": ("primary_insurer_id", "integer"),
        "claim_level": ("level", "category"),
        "client_pays_by": ("pays_by", "category"),
        "rendering_provider": ("staff_id", "integer"),
        "invoice_date": ("invoice_on", "day"),
        "location": ("location_id", "integer"),
        "client": ("client_id", "integer"),
    },
    statements={
        "service_type": "invoice_processing/read_service_types.sql",
        "progress_note_signed": "invoice_processing/read_note_signatures.sql",
    },
)


def select_invoices(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> int:
    """Freeze the organizations' invoices in the step and return how many; again freezes afresh."""
    return freeze_candidates(
        connection, attempt, organization_ids, "select_invoices", "invoice_processing/select_invoices.sql"
    )


def apply_exclusion_rules(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> int:
    """Mark the invoices that rules exclude and return how many; again decides afresh."""
    return exclude_items(connection, attempt, organization_ids, FACTS, select_invoices)


def process_invoices(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> int:
    """Make the claims of each invoice left and record why the others stay; return how many this call made."""
    ensure_frozen(connection, attempt, organization_ids, select_invoices, apply_exclusion_rules)
    claims = 0

    def process(part: list[int]) -> None:
        nonlocal claims
        lock_decided(connection, attempt, part)
        forget_reasons(connection, attempt, part, ["blocked"])
        parameters = attempt.parameters | {"organization_ids": part, "clock": read_clock(connection)}
        execute(connection, "invoice_processing/block_invoices.sql", parameters)
        claims += execute(connection, "invoice_processing/create_claims.sql", parameters).rowcount
        record_decisions(connection, attempt, part)

    failed = work_through(connection, attempt, organization_ids, "process_invoices", process)
    finish(connection, attempt, organization_ids, failed)
    log.info("run %s: %s claims, %s organizations failed", attempt.run_id, claims, len(failed))
    return claims


def scrub_for_advice(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> int:
    """Scrub the claims this run made, so that the review day shows the findings; return how many have an error.

    Holds nothing back: the claims are scrubbed again before they are sent.
    """
    found = 0

    def scrub_part(part: list[int]) -> None:
        nonlocal found
        for some in in_slices(part):
            rows = execute(
                connection,
                "invoice_processing/read_new_claims.sql",
                attempt.parameters | {"organization_ids": list(some)},
            ).fetchall()
            found += len(scrub_claims(connection, attempt, [claim_id for (claim_id,) in rows], "advice"))

    failed = work_through(connection, attempt, organization_ids, "scrub_for_advice", scrub_part)
    log.info("run %s: %s new claims with errors, %s organizations failed", attempt.run_id, found, len(failed))
    return found


def close_run(connection: Connection, attempt: Attempt) -> str:
    """Account for every invoice of the night and write the results; return how the attempt ended."""
    return close_attempt(
        connection, attempt, lambda unfinished: leave_unfinished(connection, attempt, unfinished, select_invoices)
    )
