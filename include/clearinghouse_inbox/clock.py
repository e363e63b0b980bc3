"""What counts as now for answers: they belong to no night."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import psycopg

from include.database import writing

Connection = psycopg.Connection[Any]


def read_simulated_now(connection: Connection) -> str | None:
    """In a sample database one hour after its newest night fell due, else None: the database's own time counts."""
    row = connection.execute(
        "SELECT billing.inbox_clock() FROM billing.deployment WHERE clock = 'due_instant'"
    ).fetchone()
    return None if row is None else str(row[0].isoformat())


def writing_inbox(connection: Connection, simulated_now: str | None) -> AbstractContextManager[None]:
    """One writing transaction at the inbox's time, in its name."""
    return writing(connection, simulated_now=simulated_now, actor="clearinghouse inbox")
