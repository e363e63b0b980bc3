"""One database for all tests of settings and rules: each test has a practice of its own in it."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from starlette.testclient import TestClient

from include.development import environment
from tests.support.practice import Practice
from tests.support.settings_page import VIEWER, grant_all, open_page

Connection = psycopg.Connection[Any]
MakePractice = Callable[..., Practice]


@pytest.fixture(scope="package")
def settings_owner_url(server_url: str, template: str) -> Iterator[str]:
    """The owner's URL of the database that these tests share."""
    name = f"billing_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(environment.with_database(server_url, "postgres"), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        # Tests commit row by row, and nothing here has to survive a power cut.
        server.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(name)))
        yield environment.with_database(server_url, name)
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="package")
def owner(settings_owner_url: str) -> Iterator[Connection]:
    """The owner's connection: writes what the practice-management side would write."""
    with psycopg.connect(settings_owner_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="package")
def open_page_connection(settings_owner_url: str) -> Callable[[], Connection]:
    """Opens connections as the page does: in the role billing_settings, autocommit."""
    url = environment.with_query(settings_owner_url, options="-crole=billing_settings")
    return lambda: psycopg.connect(url, autocommit=True)


@pytest.fixture(scope="package")
def page(open_page_connection: Callable[[], Connection]) -> Iterator[Connection]:
    """One of them."""
    with open_page_connection() as connection:
        yield connection


@pytest.fixture(scope="package")
def make_practice(owner: Connection) -> MakePractice:
    """A practice of its own for the test, with everything in its plan and nothing switched unless said otherwise."""
    ids = itertools.count(1)

    def make(**choices: Any) -> Practice:
        return Practice(owner, next(ids), **({"enabled": ()} | choices))

    return make


@pytest.fixture
def practice(make_practice: MakePractice) -> Practice:
    return make_practice()


@pytest.fixture
def history(owner: Connection) -> Callable[[Practice, str], list[tuple[Any, ...]]]:
    """What history says of one subject of the practice: (action, who, detail), oldest first."""

    def read(practice: Practice, subject: str) -> list[tuple[Any, ...]]:
        return owner.execute(
            "SELECT action, changed_by, detail FROM billing.history WHERE organization_id = %s AND subject = %s"
            " ORDER BY history_id",
            (practice.organization_id, subject),
        ).fetchall()

    return read


@pytest.fixture(scope="package")
def client(settings_owner_url: str) -> TestClient:
    """The page as somebody sees it who may change everything, asked as htmx asks."""
    grant_all(settings_owner_url)
    made = open_page(settings_owner_url)
    made.headers["HX-Request"] = "true"
    return made


@pytest.fixture(scope="package")
def viewer(settings_owner_url: str, client: TestClient) -> TestClient:
    """The page as somebody sees it who may look only."""
    made = open_page(settings_owner_url, VIEWER)
    made.headers["HX-Request"] = "true"
    return made
