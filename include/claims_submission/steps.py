"""Claims Submission, step by step: freeze the claims, apply rules, scrub, file the clean ones, deliver the files."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from include.claim_records.scrub import scrub_claims as scrub
from include.claims_scrubber import edit_of
from include.claims_submission.delivery import deliver_files
from include.claims_submission.outbox import store_files
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
from include.nightly_run.organizations import work_through
from include.nightly_run.rules import FactSources, exclude_items

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


@dataclass(frozen=True)
class HeldOrganization:
    """An organization with claims that a person has to look at."""

    organization_id: int
    name: str
    claim_count: int
    error_count: int

    @property
    def label(self) -> str:
        """What the task instance is called in the UI."""
        claims = "1 claim" if self.claim_count == 1 else f"{self.claim_count} claims"
        errors = "1 error" if self.error_count == 1 else f"{self.error_count} errors"
        return f"{self.name}: {claims} held, {errors}"


def select_claims(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> int:
    """Freeze the organizations' claims in the step and return how many; again freezes afresh."""
    return freeze_candidates(
        connection, attempt, organization_ids, "select_claims", "claims_submission/select_claims.sql"
    )


def apply_exclusion_rules(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> int:
    """Mark the claims that rules exclude and return how many; again decides afresh."""
    return exclude_items(connection, attempt, organization_ids, FACTS, select_claims)


def scrub_claims(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> int:
    """Scrub the claims left, hold those with an error, record why each claim stays; return how many are held."""
    ensure_frozen(connection, attempt, organization_ids, select_claims, apply_exclusion_rules)
    held = 0

    def scrub_part(part: list[int]) -> None:
        nonlocal held
        lock_decided(connection, attempt, part)
        forget_reasons(connection, attempt, part, ["scrub_error", "refused_by_validator"])
        parameters = attempt.parameters | {"organization_ids": part}
        rows = execute(connection, "claims_submission/read_clean_claims.sql", parameters).fetchall()
        claim_ids = scrub(connection, attempt, [claim_id for (claim_id,) in rows])
        execute(
            connection,
            "claims_submission/hold_claims.sql",
            parameters | {"claim_ids": claim_ids, "reason": "scrub_error", "detail_codes": [None for _ in claim_ids]},
        )
        record_decisions(connection, attempt, part)
        held += len(claim_ids)

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


def list_held_organizations(connection: Connection, attempt: Attempt) -> list[HeldOrganization]:
    """The organizations of the run with held claims, in order of id."""
    rows = execute(connection, "claims_submission/read_held_organizations.sql", attempt.parameters).fetchall()
    return [HeldOrganization(*row) for row in rows]


def read_held_claims(connection: Connection, attempt: Attempt, organization_id: int) -> list[str]:
    """Two or three lines per finding that holds a claim of the organization; for the log, so without patient data."""
    rows = execute(
        connection,
        "claims_submission/read_held_claims.sql",
        attempt.parameters | {"organization_id": organization_id},
    ).fetchall()
    lines = []
    for claim_number, service_on, line_number, edit_code, detail_code, first_seen_on, is_new in rows:
        seen = "new tonight" if is_new else f"known since {first_seen_on}"
        lines.append(f"{claim_number}, service {service_on}, {seen}")
        if edit_code is None:
            lines.append(f"    Refused by the validator: {detail_code}")
            continue
        edit = edit_of(edit_code)
        lines.append(f"    {edit_code}: {edit.message.format(line_number=line_number)}")
        lines.append(f"    Fix: {edit.fix_location}")
    return lines


def describe_held_claims(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> str:
    """What holds the organizations' claims, for the log of their task instance; "" when nothing does any more."""
    held = [one for one in list_held_organizations(connection, attempt) if one.organization_id in organization_ids]
    lines = []
    for one in held:
        lines.append(one.label)
        lines += [f"  {line}" for line in read_held_claims(connection, attempt, one.organization_id)]
    if lines:
        lines.append(
            "The claims stay in Awaiting Submission; the others went out. Correct the data at the places named,\n"
            "then clear this task instance (it scrubs again and sends what is clean), or wait for the next night.\n"
            "All open findings: reporting.open_scrub_errors. See docs/runbook.md, Scrub errors."
        )
    return "\n".join(lines)


def resubmit_organizations(
    connection: Connection, attempt: Attempt, organization_ids: Sequence[int], directory: Path
) -> None:
    """Look at the organizations' claims again as this run would, and send those that are clean by now.

    For a person who has fixed the data and clears the failed task instance. What a later night has sent is simply no
    longer in the step. The run's results are counted again.
    """
    select_claims(connection, attempt, organization_ids)
    apply_exclusion_rules(connection, attempt, organization_ids)
    scrub_claims(connection, attempt, organization_ids)
    build_files(connection, attempt, organization_ids)
    deliver_files(connection, attempt, directory)
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
