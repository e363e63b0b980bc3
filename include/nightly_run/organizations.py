"""One practice's trouble never stops another's: work over all organizations, halved until the bad one is alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg

from include.database import execute, writing
from include.errors import BillingError
from include.nightly_run.attempt import Attempt

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]
Work = Callable[[list[int]], None]

#: How long a step waits for another run that works on the same organization.
LOCK_TIMEOUT = "2min"
#: How long a preview does: somebody looks at the page meanwhile.
PREVIEW_LOCK_TIMEOUT = "2s"
#: Whose claims are in memory together. A busy practice has some hundred a night, a claim is about 2 kB of frames.
ORGANIZATIONS_IN_MEMORY = 250

# What one organization's data can cause. Everything else (a lost connection, a mistake in a statement) concerns all.
_DATA_ERRORS = (
    psycopg.errors.DataError,
    psycopg.errors.IntegrityError,
    psycopg.errors.LockNotAvailable,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
    BillingError,
)


def lock_organizations(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> None:
    """Keep other runs of the automation away from the organizations until the transaction ends.

    Waits for them; when that takes longer than `LOCK_TIMEOUT` (a preview: `PREVIEW_LOCK_TIMEOUT`) the work fails with
    `LockNotAvailable`, and `work_through` leaves the organization to the other run.
    """
    timeout = PREVIEW_LOCK_TIMEOUT if attempt.is_preview else LOCK_TIMEOUT
    connection.execute("SELECT set_config('lock_timeout', %s, true)", (timeout,))
    execute(
        connection,
        "nightly_run/lock_organizations.sql",
        {"automation": attempt.automation, "organization_ids": list(organization_ids)},
    )


def work_through(
    connection: Connection, attempt: Attempt, organization_ids: Sequence[int], step: str, work: Work
) -> list[int]:
    """Run `work` over all organizations in one transaction and return those that failed.

    When `work` fails on data it is undone and tried on each half, down to the single organization. That one is left:
    its undecided items get the reason *step_failed* (or *left_to_another_run* when another run holds it), the others
    go on. When every one of several organizations fails, the fault is not theirs and the first error is raised.
    """
    with writing(connection, simulated_now=attempt.simulated_now):
        failures = _halve(connection, list(organization_ids), work)
        if len(organization_ids) > 1 and len(failures) == len(organization_ids):
            raise next(iter(failures.values()))
        for organization_id, error in failures.items():
            leave_organization(connection, attempt, organization_id, step, error)
    return [
        organization_id
        for organization_id, error in failures.items()
        if not isinstance(error, psycopg.errors.LockNotAvailable)
    ]


def in_slices(organization_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """The organizations a slice at a time: what holds all their claims in memory holds no more than one slice's."""
    for start in range(0, len(organization_ids), ORGANIZATIONS_IN_MEMORY):
        yield organization_ids[start : start + ORGANIZATIONS_IN_MEMORY]


def _halve(connection: Connection, organization_ids: list[int], work: Work) -> dict[int, Exception]:
    if not organization_ids:
        return {}
    try:
        with connection.transaction():
            work(organization_ids)
    except _DATA_ERRORS as error:
        if len(organization_ids) == 1:
            return {organization_ids[0]: error}
        middle = len(organization_ids) // 2
        return _halve(connection, organization_ids[:middle], work) | _halve(connection, organization_ids[middle:], work)
    return {}


def error_code(error: Exception) -> str:
    """What may be shown of any error: our own text, else SQLSTATE or class name; other texts may quote a row."""
    if isinstance(error, BillingError):
        return str(error)
    if isinstance(error, psycopg.Error) and error.sqlstate:
        return f"SQLSTATE {error.sqlstate}"
    return type(error).__name__


def leave_organization(
    connection: Connection, attempt: Attempt, organization_id: int, step: str, error: Exception
) -> None:
    """Leave the organization's undecided items where they are and note why; nothing of it is half done."""
    code = error_code(error)
    is_busy = isinstance(error, psycopg.errors.LockNotAvailable)
    leave_items(
        connection,
        attempt,
        [organization_id],
        "left_to_another_run" if is_busy else "step_failed",
        None if is_busy else f"{step}: {code}",
    )
    if not is_busy:
        connection.execute(
            "UPDATE billing.run_organization SET failed_step = %s, failed_code = %s"
            " WHERE attempt_id = %s AND organization_id = %s",
            (step, code, attempt.attempt_id, organization_id),
        )
    log.warning("run %s: organization %s left at %s: %s", attempt.run_id, organization_id, step, code)


def leave_items(
    connection: Connection, attempt: Attempt, organization_ids: Sequence[int], reason: str, detail_code: str | None
) -> None:
    """Give every undecided item of the organizations this reason to stay, also those not frozen yet."""
    parameters = attempt.parameters | {
        "organization_ids": list(organization_ids),
        "reason": reason,
        "detail_code": detail_code,
    }
    execute(connection, "nightly_run/leave_candidates.sql", parameters)
    execute(connection, "nightly_run/leave_items.sql", parameters)


def clear_failures(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> None:
    """Forget earlier failures of the organizations in this attempt: they are tried again from the start."""
    connection.execute(
        "UPDATE billing.run_organization SET failed_step = NULL, failed_code = NULL, finished_at = NULL"
        " WHERE attempt_id = %s AND organization_id = ANY(%s)",
        (attempt.attempt_id, list(organization_ids)),
    )
