"""Databases for tests: one migrated template per session, a copy of it per test.

The server is the one of BILLING_TEST_SERVER_URL, else of BILLING_DATABASE_URL (make test sets it), else one that is
started for the session. A test sees either the owner's connection (`billing`) or the pipeline's (`pipeline`).
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from include import database
from include.development import embedded_postgres, environment
from include.practice_data.load import SAMPLE_DIRECTORY, load_directory
from tests.support import validator_maps
from tests.support.nights import SAMPLE_NIGHTS, run_nights
from tests.support.sending import allow_sending

ROOT = Path(__file__).resolve().parents[1]

# Airflow reads its settings when it is first imported, so they are set before any test module is. Its metadata are a
# database of their own: dag.test() deletes runs, so it must never see one that is to be kept.
_AIRFLOW_HOME = tempfile.mkdtemp(prefix="billing-tests-airflow-")
atexit.register(shutil.rmtree, _AIRFLOW_HOME, ignore_errors=True)
os.environ.update(
    {
        "AIRFLOW_HOME": _AIRFLOW_HOME,
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{_AIRFLOW_HOME}/airflow.db",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "plugins")]),
    }
)

# A simulated clock must come from the sample database only, never from the caller's environment.
os.environ.pop("PGOPTIONS", None)


@pytest.fixture(scope="session", autouse=True)
def validator_maps_read_once() -> None:
    validator_maps.share()


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    given = os.environ.get("BILLING_TEST_SERVER_URL") or os.environ.get("BILLING_DATABASE_URL")
    if given:
        yield given
        return
    with embedded_postgres.throwaway() as url:
        yield url


def _run(server_url: str, statement: str, *names: str) -> None:
    with psycopg.connect(environment.with_database(server_url, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))


def _new_database(server_url: str, template: str) -> str:
    name = f"billing_test_{uuid.uuid4().hex[:12]}"
    _run(server_url, "CREATE DATABASE {} TEMPLATE {}", name, template)
    if template != "template0":
        allow_sending(environment.with_database(server_url, name))
    return name


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """A migrated, empty database."""
    name = _new_database(server_url, "template0")
    database.migrate(environment.with_database(server_url, name))
    yield name
    _run(server_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(scope="session")
def sample_template(server_url: str, template: str) -> Iterator[str]:
    """A migrated database with the sample practices."""
    name = _new_database(server_url, template)
    load_directory(environment.with_database(server_url, name), SAMPLE_DIRECTORY, is_sample=True)
    yield name
    _run(server_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def database_url(server_url: str, template: str) -> Iterator[str]:
    """The owner's URL of a fresh migrated database."""
    name = _new_database(server_url, template)
    yield environment.with_database(server_url, name)
    _run(server_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def sample_url(server_url: str, sample_template: str) -> Iterator[str]:
    """The owner's URL of a fresh database with the sample practices."""
    name = _new_database(server_url, sample_template)
    yield environment.with_database(server_url, name)
    _run(server_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(scope="session")
def nights_template(
    server_url: str, sample_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """A database with the sample practices after their three nights, and the folder with the files they sent."""
    name, outbox = _new_database(server_url, sample_template), tmp_path_factory.mktemp("outbox-of-the-nights")
    url = environment.with_database(server_url, name)
    with psycopg.connect(environment.pipeline_url(url), autocommit=True) as pipeline:
        run_nights(pipeline, SAMPLE_NIGHTS, outbox)
    yield name, outbox
    _run(server_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def nights_done(server_url: str, nights_template: tuple[str, Path], tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The owner's URL of a fresh database with the sample practices after their nights, and its folder of files."""
    template, files = nights_template
    name, outbox = _new_database(server_url, template), tmp_path / "outbox"
    shutil.copytree(files, outbox)
    yield environment.with_database(server_url, name), outbox
    _run(server_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def billing(database_url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """The owner's connection to a fresh database, each statement its own transaction."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def pipeline(database_url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """The pipeline's connection to the same database as `billing`: the role that runs the nights."""
    with psycopg.connect(environment.pipeline_url(database_url), autocommit=True) as connection:
        yield connection
