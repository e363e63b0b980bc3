"""Claims Submission, step by step: freeze the claims, apply rules, scrub, file the clean ones, deliver the files."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import psycopg

from include.claim_records.scrub import Purpose
from include.claim_records.scrub import scrub_claims as scrub
from include.claims_submission.delivery import deliver_files
from include.claims_submission.files import store_files
from include.database import execute, writing
from include.nightly_run.attempt import Attempt, close_attempt
from include.nightly_run.candidates import (
    ensure_frozen,
    finish,
    forget_reasons,
    freeze_candidates,
    leave_unfinished,
    lock_decided,
)
from include.nightly_run.decisions import record_decisions
from include.nightly_run.organizations import in_slices, work_through
from include.nightly_run.rules import FactSources, exclude_items
from include.outbox.delivery import OpenDropBox

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]

FACTS = FactSources(
    columns={
        "primary_insurer": ("primary_insurer_id", "integer"),
        "secondary_insurer": ("secondary_insurer_id", "integer"),
        "claim_level": ("level", "category"),
        "rendering_provider": ("staff_id", "integer"),
        "billing_provider": ("billing_provider_id", "integer"),
        "place_of_service": ("place_of_service_code", "category"),
        "service_date": ("service_on", "day"),
        "location": ("location_id", "integer"),
        "client": ("client_id", "integer"),
    },
    statements={
        "service_type": "claims_submission/read_service_types.sql",
        "modifier": "claims_submission/read_modifiers.sql",
        "progress_note_signed": "claims_submission/read_note_signatures.sql",
    },
)


def select_claims(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> int:
    """Freeze the organizations' claims in the step and return how many; again freezes afresh."""
    return freeze_candidates(
        connection, attempt, organization_ids, "select_claims", "claims_submission/select_claims.sql"
    )


def apply_exclusion_rules(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> int:
    """Mark the claims that rules exclude and return how many; again decides afresh."""
    return exclude_items(connection, attempt, organization_ids, FACTS, select_claims)


def scrub_claims(
    connection: Connection, attempt: Attempt, organization_ids: Sequence[int], purpose: Purpose = "submission"
) -> int:
    """Scrub the claims left, hold those with an error, record why each claim stays; return how many are held."""
    ensure_frozen(connection, attempt, organization_ids, select_claims, apply_exclusion_rules)
    held = 0

    def scrub_part(part: list[int]) -> None:
        nonlocal held
        lock_decided(connection, attempt, part)
        forget_reasons(connection, attempt, part, ["scrub_error", "refused_by_validator"])
        for some in in_slices(part):
            parameters = attempt.parameters | {"organization_ids": list(some), "receiver_code": None}
            rows = execute(connection, "claims_submission/read_clean_claims.sql", parameters).fetchall()
            claim_ids = scrub(connection, attempt, [claim_id for (claim_id,) in rows], purpose)
            execute(
                connection,
                "claims_submission/hold_claims.sql",
                parameters
                | {"claim_ids": claim_ids, "reason": "scrub_error", "detail_codes": [None for _ in claim_ids]},
            )
            held += len(claim_ids)
        # The files are not built yet, and the validator may hold a claim for what it held it for last night.
        record_decisions(connection, attempt, part, leaves_undecided=True)

    failed = work_through(connection, attempt, organization_ids, "scrub_claims", scrub_part)
    if failed:
        with writing(connection, simulated_now=attempt.simulated_now):
            record_decisions(connection, attempt, failed)
    log.info("run %s: %s claims held, %s organizations failed", attempt.run_id, held, len(failed))
    return held


def build_files(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> int:
    """Put the clean claims into validated files in the outbox and return how many claims; again adds none."""
    ensure_frozen(connection, attempt, organization_ids, select_claims, apply_exclusion_rules, scrub_claims)
    filed, failed = store_files(connection, attempt, organization_ids)
    finish(connection, attempt, organization_ids, failed)
    log.info("run %s: %s claims filed, %s organizations failed", attempt.run_id, filed, len(failed))
    return filed


def resubmit_organizations(
    connection: Connection, attempt: Attempt, organization_ids: Sequence[int], open_drop_box: OpenDropBox
) -> None:
    """Look at the organizations' claims again as this run would, and send those that are clean by now.

    For a person who has fixed the data and clears the failed task instance. What a later night has sent is simply no
    longer in the step. The run's results are counted again.
    """
    select_claims(connection, attempt, organization_ids)
    apply_exclusion_rules(connection, attempt, organization_ids)
    scrub_claims(connection, attempt, organization_ids, "resubmission")
    build_files(connection, attempt, organization_ids)
    deliver_files(connection, attempt, open_drop_box)
    close_run(connection, attempt)


def close_run(connection: Connection, attempt: Attempt) -> str:
    """Account for every claim of the night, also those whose file did not leave, and write the results."""
    leave_undelivered(connection, attempt)
    return close_attempt(
        connection, attempt, lambda unfinished: leave_unfinished(connection, attempt, unfinished, select_claims)
    )


def leave_undelivered(connection: Connection, attempt: Attempt) -> None:
    """Record why the clean claims whose file has not left stay: *step_failed*, or *on_hold* when sending is stopped."""
    with writing(connection, simulated_now=attempt.simulated_now):
        organizations = [
            organization_id
            for (organization_id,) in execute(
                connection, "claims_submission/leave_undelivered.sql", attempt.parameters
            ).fetchall()
        ]
        if organizations:
            record_decisions(connection, attempt, organizations)
