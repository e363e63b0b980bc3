"""Organizations whose step failed, for their failed task instances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from include.nightly_run.attempt import Attempt

#: The first so many organizations of a run get a task instance each; any more share one.
INSTANCES = 100

Reported = dict[str, Any]


def report(labels: Sequence[tuple[int, str]]) -> list[Reported]:
    """One entry per task instance: organization_ids and label; the last one is shared when there are too many."""
    entries: list[Reported] = [
        {"organization_ids": [organization_id], "label": label} for organization_id, label in labels[:INSTANCES]
    ]
    rest = [organization_id for organization_id, _ in labels[INSTANCES:]]
    if rest:
        entries.append({"organization_ids": rest, "label": f"{len(rest)} more organizations"})
    return entries


def list_failed_organizations(connection: psycopg.Connection[Any], attempt: Attempt) -> list[tuple[int, str]]:
    """Organization and label of each whose step failed in this attempt, in order of id."""
    rows = connection.execute(
        "SELECT ro.organization_id, o.name, ro.failed_step FROM billing.run_organization ro"
        " JOIN practice.organization o USING (organization_id)"
        " WHERE ro.attempt_id = %s AND ro.failed_step IS NOT NULL ORDER BY ro.organization_id",
        (attempt.attempt_id,),
    ).fetchall()
    return [(organization_id, f"{name}: {step} failed") for organization_id, name, step in rows]


def describe_failures(connection: psycopg.Connection[Any], attempt: Attempt, organization_ids: Sequence[int]) -> str:
    """What failed for these organizations and what to do, for the log; without the data that caused it."""
    rows = connection.execute(
        "SELECT ro.organization_id, o.name, ro.failed_step, ro.failed_code FROM billing.run_organization ro"
        " JOIN practice.organization o USING (organization_id)"
        " WHERE ro.attempt_id = %s AND ro.organization_id = ANY(%s) AND ro.failed_step IS NOT NULL"
        " ORDER BY ro.organization_id",
        (attempt.attempt_id, list(organization_ids)),
    ).fetchall()
    lines = [
        f"organization {organization_id} ({name}): {step} failed with {code}"
        for organization_id, name, step, code in rows
    ]
    return "\n".join(
        [
            f"{len(rows)} organizations were left where they were; the others of the bucket went on.",
            *lines,
            "Something in the organization's own data cannot be computed (a value out of range, a broken reference). "
            "Its items have the reason step_failed in reporting.decisions. Correct the data; the next night takes "
            "them, or clear the run's batch. See docs/runbook.md, step failed.",
        ]
    )
