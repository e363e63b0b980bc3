"""The benchmark's own databases: made, copied and dropped on the server of the billing database."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any

import psycopg
from psycopg import sql

from include import database
from include.development.environment import with_database
from include.practice_data.generate import generate

PREFIX = "billing_bench_"
#: Settings that decide what writing costs; they stand in the record.
SETTINGS = (
    "shared_buffers",
    "work_mem",
    "maintenance_work_mem",
    "max_wal_size",
    "wal_level",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "checkpoint_timeout",
    "effective_cache_size",
    "random_page_cost",
    "jit",
)


class Databases:
    """Databases with a common token in their names, so that two benchmarks at once do not meet."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._token = f"{PREFIX}{secrets.token_hex(4)}_"
        self._names: set[str] = set()

    def url(self, label: str) -> str:
        """The owner's URL of the database `label`."""
        return with_database(self._server_url, self._token + label)

    def create(self, label: str, template: str | None = None) -> str:
        """A new database, empty or a copy of the database `template`, written out to disk; its owner's URL."""
        name = self._token + label
        with self._maintenance() as connection:
            source = self._token + template if template else "template0"
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(source))
            if template and connection.info.server_version >= 150000:
                # Whole files instead of a WAL record per page.
                statement += sql.SQL(" STRATEGY FILE_COPY")
            connection.execute(statement)
            self._names.add(name)
            with suppress(psycopg.errors.InsufficientPrivilege):
                connection.execute("CHECKPOINT")
        return self.url(label)

    def drop(self, label: str) -> None:
        """Drop the database, whoever is connected."""
        self._drop(self._token + label)

    def drop_all(self) -> None:
        """Drop everything that was created and is still there."""
        for name in sorted(self._names):
            self._drop(name)

    def _drop(self, name: str) -> None:
        with self._maintenance() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        self._names.discard(name)

    @contextmanager
    def _maintenance(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(with_database(self._server_url, "postgres"), autocommit=True) as connection:
            yield connection


def fill(url: str, organizations: int, appointments_per_organization: int, night: date, seed: int) -> None:
    """Migrate the database and generate practices into it, all in one bucket: the worst case."""
    database.migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
        generate(
            connection,
            organizations,
            appointments_per_organization,
            night=night,
            seed=seed,
            skips_reference_checks=bool(row and row[0]),
        )
    settle(url)


def settle(url: str) -> None:
    """VACUUM and ANALYZE, so that no side pays for being the first to read the rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")


def leave_out(url: str, items: list[tuple[int, bool]]) -> None:
    """Write benchmark.left_out: what a run left where it was, and whether rules excluded it.

    The bare statements leave out what rules excluded, the floor and the code row by row everything.
    """
    with psycopg.connect(url) as connection:
        connection.execute("CREATE SCHEMA benchmark")
        connection.execute("CREATE TABLE benchmark.left_out (item_id bigint PRIMARY KEY, is_excluded boolean NOT NULL)")
        with connection.cursor().copy("COPY benchmark.left_out FROM STDIN") as copy:
            for item in items:
                copy.write_row(item)
        connection.execute("GRANT USAGE ON SCHEMA benchmark TO billing_pipeline")
        connection.execute("GRANT SELECT ON benchmark.left_out TO billing_pipeline")
    settle(url)


def server_facts(url: str) -> dict[str, str]:
    """Version and settings of the server."""
    with psycopg.connect(url) as connection:
        facts = {"version": connection.execute("SHOW server_version").fetchone()}
        for name in SETTINGS:
            facts[name] = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
    return {name: str(row[0]) for name, row in facts.items() if row}
