"""The frozen candidates of an attempt: one set of items per organization, frozen once, decided on, acted on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import psycopg

from include.database import execute, writing
from include.errors import Unavailable
from include.nightly_run.attempt import Attempt, mark_finished
from include.nightly_run.decisions import record_decisions
from include.nightly_run.organizations import clear_failures, leave_items, lock_organizations, work_through

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]
Step = Callable[[Connection, Attempt, Sequence[int]], Any]


def freeze_candidates(
    connection: Connection, attempt: Attempt, organization_ids: Sequence[int], step: str, statement: str
) -> int:
    """Freeze the items of the organizations by `statement` and return how many; an earlier set is replaced."""
    with writing(connection, simulated_now=attempt.simulated_now):
        clear_failures(connection, attempt, organization_ids)

    def freeze(part: list[int]) -> None:
        # A worker that lost touch may freeze the same attempt while its task is tried again: one after the other, else
        # every item is there twice.
        lock_organizations(connection, attempt, part)
        parameters = attempt.parameters | {"organization_ids": part}
        execute(connection, "nightly_run/delete_candidates.sql", parameters)
        execute(connection, statement, parameters)

    work_through(connection, attempt, organization_ids, step, freeze)
    with writing(connection, simulated_now=attempt.simulated_now):
        execute(
            connection,
            "nightly_run/count_candidates.sql",
            attempt.parameters | {"organization_ids": list(organization_ids)},
        )
        # It keeps its lock until the transaction ends: a preview would make runs and other previews wait.
        if not attempt.is_preview:
            connection.execute("SELECT billing.analyze_candidates()")
    count = _compare(connection, attempt, organization_ids)[0] or 0
    log.info("run %s: %s in the step", attempt.run_id, count)
    return count


def ensure_frozen(connection: Connection, attempt: Attempt, organization_ids: Sequence[int], *steps: Step) -> None:
    """Repeat the earlier `steps` when the frozen set is not whole: a server crash or a closed attempt emptied it.

    With more than the selecting step the set must also have been decided on by the exclusion rules.
    """
    count, is_present, is_decided = _compare(connection, attempt, organization_ids)
    if count is None or not is_present or (len(steps) > 1 and not is_decided):
        log.warning("run %s: the frozen items are not whole, freezing them again", attempt.run_id)
        for step in steps:
            step(connection, attempt, organization_ids)


def lock_decided(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> None:
    """Keep other workers away from the organizations until the transaction ends, and be sure that rules have decided.

    Raises `Unavailable` when a worker that lost touch froze the set again meanwhile: the next try starts from it.
    """
    lock_organizations(connection, attempt, organization_ids)
    count, is_present, is_decided = _compare(connection, attempt, organization_ids)
    if count is None or not is_present or not is_decided:
        raise Unavailable("another worker froze the items of this batch again: the task is tried again")


def mark_decided(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> None:
    """Note that exclusion rules have decided on the frozen set of the organizations."""
    connection.execute(
        "UPDATE billing.run_organization SET rules_applied_at = clock_timestamp()"
        " WHERE attempt_id = %s AND organization_id = ANY(%s)",
        (attempt.attempt_id, list(organization_ids)),
    )


def _compare(
    connection: Connection, attempt: Attempt, organization_ids: Sequence[int]
) -> tuple[int | None, bool, bool]:
    row = execute(
        connection,
        "nightly_run/compare_candidates.sql",
        attempt.parameters | {"organization_ids": list(organization_ids)},
    ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def forget_reasons(
    connection: Connection, attempt: Attempt, organization_ids: Sequence[int], reasons: Sequence[str]
) -> None:
    """Take back the reasons that an earlier try at a step gave, so that it decides afresh."""
    connection.execute(
        "UPDATE billing.candidate SET reason = NULL, detail_code = NULL"
        " WHERE attempt_id = %s AND organization_id = ANY(%s) AND reason = ANY(%s)",
        (attempt.attempt_id, list(organization_ids), list(reasons)),
    )


def read_clock(connection: Connection) -> datetime:
    """The instant that counts as now in the current transaction."""
    row = connection.execute("SELECT billing.clock()").fetchone()
    assert row is not None
    instant: datetime = row[0]
    return instant


def finish(connection: Connection, attempt: Attempt, organization_ids: Sequence[int], failed: Sequence[int]) -> None:
    """Note that the last writing step is done; record why the items of failed organizations stay."""
    with writing(connection, simulated_now=attempt.simulated_now):
        if failed:
            record_decisions(connection, attempt, failed)
        mark_finished(connection, attempt, organization_ids)


def leave_unfinished(connection: Connection, attempt: Attempt, organization_ids: Sequence[int], select: Step) -> None:
    """Record *step_failed* for every undecided item of organizations whose last step never ended."""
    ensure_frozen(connection, attempt, organization_ids, select)
    with writing(connection, simulated_now=attempt.simulated_now):
        leave_items(connection, attempt, organization_ids, "step_failed", "not_finished")
        record_decisions(connection, attempt, organization_ids)
