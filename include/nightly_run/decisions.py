"""Why an item stays: decisions as intervals of nights, written from the frozen candidates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from include.database import execute
from include.nightly_run.attempt import Attempt


def record_decisions(
    connection: psycopg.Connection[Any],
    attempt: Attempt,
    organization_ids: Sequence[int],
    *,
    leaves_undecided: bool = False,
) -> None:
    """Bring the decisions on the organizations' items up to date with `billing.candidate`; again changes nothing.

    A candidate with a reason gets a decision that covers the night, one without (it advanced) loses its standing one.
    A decision opens once and stands until something changes; a re-run of an old night never touches what a later night
    decided, except that it may find the same reason already held earlier, or that the item has now moved on.
    With `leaves_undecided` a candidate without a reason has not advanced yet: a later step may still hold it back for
    the reason that stands, which then goes on standing.
    """
    parameters = attempt.parameters | {
        "organization_ids": list(organization_ids),
        "leaves_undecided": leaves_undecided,
    }
    for statement in ("split_decisions", "close_decisions", "extend_decisions", "open_decisions"):
        execute(connection, f"nightly_run/{statement}.sql", parameters)
