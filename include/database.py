"""Connections, SQL files and migrations: the one place that knows how to talk to PostgreSQL.

`python -m include.database` migrates the database named by `BILLING_DATABASE_URL`.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

log = logging.getLogger(__name__)

ROOT = Path(__file__).parent
MIGRATIONS = ROOT / "migrations"
_MIGRATION_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")
# One number for the whole server: two migrations of one database never run at once.
_MIGRATION_LOCK = 5_410_223_711


class MigrationError(RuntimeError):
    """The migration files and the database do not fit together; the message says which file and what to do."""


def connect(url: str | None = None) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection to `url`, by default the one in `BILLING_DATABASE_URL`; transactions are opened by the caller."""
    url = url or os.environ.get("BILLING_DATABASE_URL")
    if not url:
        raise RuntimeError("BILLING_DATABASE_URL is not set: name the billing database, or use the make targets")
    return psycopg.connect(url)


@functools.cache
def sql(path: str) -> str:
    """The text of the SQL file `path`, relative to `include/`, without its leading comment block."""
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    start = next((number for number, line in enumerate(lines) if line and not line.startswith("--")), len(lines))
    statement = "\n".join(lines[start:]).strip()
    if not statement:
        raise ValueError(f"{path} holds no statement")
    return statement


@contextmanager
def writing(
    connection: psycopg.Connection[Any], *, simulated_now: str | None = None, actor: str = "nightly run"
) -> Iterator[None]:
    """One transaction with the settings every writing step wants; `simulated_now` counts in a sample database only."""
    with connection.transaction():
        connection.execute(
            "SELECT set_config('billing.simulated_now', %s, true), set_config('billing.actor', %s, true),"
            # Statements over a batch sort and hash whole sets; compiling them costs more than it saves.
            " set_config('jit', 'off', true), set_config('work_mem', '128MB', true)",
            (simulated_now or "", actor),
        )
        yield


def execute(
    connection: psycopg.Connection[Any], path: str, parameters: Mapping[str, Any]
) -> psycopg.Cursor[tuple[Any, ...]]:
    """Run the SQL file `path` and return its cursor."""
    return connection.execute(sql(path).encode(), parameters)


def migration_files() -> list[tuple[str, str, str]]:
    """(name, checksum, text) of every migration in order; numbers start at 1 and have no gaps."""
    files = sorted(MIGRATIONS.glob("*.sql"))
    found = []
    for expected, file in enumerate(files, start=1):
        match = _MIGRATION_NAME.match(file.name)
        if match is None or int(match[1]) != expected:
            raise MigrationError(f"{file.name}: migrations are named 0001_topic.sql, 0002_… without gaps")
        text = file.read_text(encoding="utf-8")
        found.append((file.name, hashlib.sha256(text.encode()).hexdigest(), text))
    return found


def migrate(url: str | None = None) -> list[str]:
    """Bring the database up to date and return the names applied now; a second call applies nothing.

    All pending files run in one transaction. An applied file that was edited or has gone is refused.
    """
    with connect(url) as connection, connection.transaction():
        connection.execute("SET LOCAL lock_timeout = '5s'")
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS public.schema_migration ("
            "name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        applied = dict(connection.execute("SELECT name, checksum FROM public.schema_migration").fetchall())
        files = migration_files()
        names = {name for name, _, _ in files}
        for name in sorted(set(applied) - names):
            raise MigrationError(f"{name} is applied in the database but not in this version of the software")
        done = []
        for name, checksum, text in files:
            if name in applied:
                if applied[name] != checksum:
                    raise MigrationError(f"{name} was edited after it was applied: add a new migration instead")
                continue
            connection.execute(text.encode())
            connection.execute("INSERT INTO public.schema_migration (name, checksum) VALUES (%s, %s)", (name, checksum))
            done.append(name)
    for name in done:
        log.info("applied %s", name)
    return done


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if not migrate():
        log.info("nothing to apply")
