"""The script that makes the databases of docker-compose.yaml, run on a server of its own, and a night as its roles."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from include import database
from include.development import embedded_postgres, environment
from include.practice_data.load import SAMPLE_DIRECTORY, load_directory
from include.preview.tonight import preview_tonight
from tests.support.nights import run_nights

PASSWORDS = {
    "BILLING_OWNER_PASSWORD": "owner'secret",
    "BILLING_TASKS_PASSWORD": "tasks secret",
    "BILLING_PAGE_PASSWORD": "page secret",
    "AIRFLOW_DATABASE_PASSWORD": "airflow-secret",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server as the image leaves it to the script: no database of ours. Gives the URL of ``billing``."""
    data_dir = tmp_path_factory.mktemp("compose") / "postgres"
    with embedded_postgres.serving(data_dir) as url:
        for name in embedded_postgres.DATABASES:
            with psycopg.connect(environment.with_database(url, "postgres"), autocommit=True) as connection:
                connection.execute(f'DROP DATABASE "{name}"'.encode())
        running = embedded_postgres.running(data_dir)
        assert running is not None
        subprocess.run(
            ["bash", str(environment.CHECKOUT / "docker" / "create_databases.sh")],
            env={
                "PATH": f"{embedded_postgres.binaries_dir()}:{os.environ['PATH']}",
                "PGHOST": str(running.socket_dir),
                "POSTGRES_USER": "postgres",
                **PASSWORDS,
            },
            check=True,
        )
        yield url


def as_login(url: str, name: str, database_name: str = "billing") -> str:
    return environment.with_database(url.replace("postgres@", f"{name}@"), database_name)


def test_the_owner_migrates_and_loads_and_the_login_of_the_tasks_runs_the_nights(server: str, tmp_path: Path) -> None:
    assert database.migrate(as_login(server, "billing_owner"))
    load_directory(as_login(server, "billing_owner"), SAMPLE_DIRECTORY, is_sample=True)

    with psycopg.connect(as_login(server, "billing_tasks"), autocommit=True) as tasks:
        run_nights(tasks, ["2026-11-02", "2026-11-03", "2026-11-04"], tmp_path)
        outcomes = tasks.execute("SELECT DISTINCT outcome FROM reporting.runs").fetchall()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            tasks.execute("CREATE TABLE billing.made_by_a_task (id bigint)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            tasks.execute("UPDATE practice.client SET last_name = 'x'")
    assert {outcome for (outcome,) in outcomes} == {"ok", "held_claims"}
    assert list(tmp_path.iterdir())


def test_the_login_of_the_page_may_what_its_role_says_and_keeps_no_preview(server: str) -> None:
    """After the nights of the test before."""
    with psycopg.connect(as_login(server, "billing_page"), autocommit=True) as page:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            page.execute("SELECT FROM practice.organization")
        page.execute("SET ROLE billing_settings")
        assert preview_tonight(page, 2, "claims_submission", datetime.now(UTC)).items
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            page.execute("UPDATE billing.claim SET claim_status = 'void'")
        page.execute("SET ROLE billing_preview")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="a preview writes nothing"):
            page.execute("DELETE FROM billing.candidate")


def test_each_login_opens_its_own_database_and_has_no_rights_of_a_superuser(server: str) -> None:
    with psycopg.connect(as_login(server, "airflow", "airflow"), autocommit=True) as connection:
        connection.execute("CREATE TABLE dag_run (id bigint)")
    for name, other in (
        ("airflow", "billing"),
        ("billing_tasks", "airflow"),
        ("billing_page", "airflow"),
        ("billing_owner", "airflow"),
    ):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(as_login(server, name, other))
    with psycopg.connect(environment.with_database(server, "postgres")) as connection:
        rows = connection.execute(
            "SELECT rolname, rolsuper, rolcreaterole, rolpassword IS NOT NULL FROM pg_authid"
            " WHERE rolcanlogin AND rolname <> 'postgres' ORDER BY 1"
        ).fetchall()
    assert rows == [
        ("airflow", False, False, True),
        ("billing_owner", False, True, True),
        ("billing_page", False, False, True),
        ("billing_tasks", False, False, True),
    ]
