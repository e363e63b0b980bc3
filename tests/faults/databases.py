"""Copies of prepared databases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from include.development import environment
from tests.faults.natural_rows import Rows
from tests.support.sending import allow_sending


@dataclass(frozen=True)
class PreparedNight:
    """A database to copy, in which everything up to this night has happened, and how the undisturbed night ends."""

    automation: str
    timezone: str
    night: str
    template: str
    outcome: str
    clean: Rows


@contextmanager
def copy_of(server_url: str, template: str) -> Iterator[str]:
    """The owner's URL of a copy of the database `template`, dropped at the end."""
    name = f"billing_test_{uuid.uuid4().hex[:12]}"
    administration = environment.with_database(server_url, "postgres")
    with psycopg.connect(administration, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    url = environment.with_database(server_url, name)
    try:
        allow_sending(url)
        yield url
    finally:
        with psycopg.connect(administration, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def database_of(url: str) -> str:
    """The name of the database that `url` points at."""
    return str(conninfo_to_dict(url)["dbname"])
