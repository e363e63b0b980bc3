"""Databases for the many small tests of what a night decides: one per module, emptied for each test.

A copy of the template per test would cost more than most of these tests.
"""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from include.claims_scrubber import edit_of
from include.development import environment
from tests.integration.nights.scrub_cases import EDIT_CODES, Nights
from tests.support.sending import allow_sending
from tests.support.tables import table_names


@pytest.fixture(scope="module")
def module_url(server_url: str, template: str) -> Iterator[str]:
    """The owner's URL of a migrated database that the tests of a module share."""
    name = f"billing_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(environment.with_database(server_url, "postgres"), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        # Tests commit row by row, and nothing here has to survive a power cut.
        server.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(name)))
        allow_sending(environment.with_database(server_url, name))
        yield environment.with_database(server_url, name)
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def migrated_rows(module_url: str) -> dict[str, list[tuple[object, ...]]]:
    """The rows that the migrations themselves write, per table."""
    with psycopg.connect(module_url) as connection:
        select = sql.SQL("SELECT * FROM {}")
        found = {
            name: connection.execute(select.format(sql.Identifier(*name.split(".")))).fetchall()
            for name in table_names(connection)
        }
    return {name: rows for name, rows in found.items() if rows}


@pytest.fixture
def database_url(module_url: str, migrated_rows: dict[str, list[tuple[object, ...]]]) -> Iterator[str]:
    """The module's database as the migrations left it; only the sequences go on."""
    yield module_url
    with psycopg.connect(module_url) as connection:
        # Without triggers: foreign keys would ask for an order, and history would be written.
        connection.execute("SET session_replication_role = replica")
        for name in table_names(connection):
            table = sql.Identifier(*name.split("."))
            connection.execute(sql.SQL("DELETE FROM {}").format(table))
            for row in migrated_rows.get(name, []):
                values = sql.SQL(", ").join(sql.Placeholder() for _ in row)
                connection.execute(sql.SQL("INSERT INTO {} VALUES ({})").format(table, values), row)


@pytest.fixture
def nights(pipeline: psycopg.Connection[tuple[object, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    """Claims Submission night by night in the test's database, with the edits of `scrub_cases` and no others."""
    edits = tuple(edit_of(code) for code in EDIT_CODES)
    # The package has a function of the module's name.
    monkeypatch.setattr(importlib.import_module("include.claims_scrubber.scrub"), "catalogue", lambda: edits)
    return Nights(pipeline, tmp_path)
