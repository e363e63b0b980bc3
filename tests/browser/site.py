"""The settings page where people meet it: in a real Airflow, over sample practices that have had a few nights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from include.development import environment
from include.development.airflow_services import temporary_services
from include.practice_data.load import SAMPLE_DIRECTORY, load_directory
from tests.faults.databases import copy_of
from tests.support.nights import AUTOMATIONS, BATCH_STEPS, close_night, open_night, run_night, timezones

Connection = psycopg.Connection[Any]

NIGHTS: Final = ("2026-11-02", "2026-11-03", "2026-11-04")
#: Name -> role in Airflow. Who sees which organization: `_grant_access`.
USERS: Final = {"admin": "admin", "kim": "user", "sam": "viewer", "ray": "user"}
PASSWORD: Final = "a password of the tests"
PAGE: Final = "/automation-settings"


def run_id_of(automation: str, timezone: str, night: str) -> str:
    """The id that the run of this night has in Airflow and in the billing database."""
    return f"manual__{timezone.rsplit('/', 1)[1]}__{night}__test"


@dataclass(frozen=True)
class Site:
    """Where Airflow listens, and the billing database as its owner sees it."""

    url: str
    billing: Connection
    dag_reader: subprocess.Popen[bytes]  # ends when Airflow knows the DAGs

    def wait_for_dags(self) -> None:
        """Until Airflow knows the DAGs; only links into Airflow lead to them."""
        _, errors = self.dag_reader.communicate(timeout=60)
        assert self.dag_reader.returncode == 0, errors


@contextmanager
def running_site(server_url: str, migrated: str, folder: Path) -> Iterator[Site]:
    """The api-server, over a copy of the database `migrated` with the sample practices and their nights."""
    with ExitStack() as stack:
        url = stack.enter_context(copy_of(server_url, migrated))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        _set_environment(patch, url, folder)
        worker = stack.enter_context(ThreadPoolExecutor(1))
        nights = worker.submit(_fill, url, folder)
        services = stack.enter_context(temporary_services(["api-server"]))
        metadata_url = os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
        reader = subprocess.Popen(
            [sys.executable, "-m", "airflow", "dags", "reserialize"],
            env=environment.airflow_environment(url, metadata_url, port=services.port),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        stack.callback(reader.wait)
        stack.callback(reader.kill)
        nights.result()
        billing = stack.enter_context(psycopg.connect(url, autocommit=True))
        yield Site(services.url, billing, reader)


def _set_environment(patch: pytest.MonkeyPatch, url: str, folder: Path) -> None:
    """What `make up` would find in its environment, and nothing of the caller's."""
    for name in [name for name in os.environ if name.startswith(("AIRFLOW", "BILLING_"))]:
        patch.delenv(name)
    passwords = folder / "passwords.json"
    passwords.write_text(json.dumps(dict.fromkeys(USERS, PASSWORD)), encoding="utf-8")
    patch.setenv("BILLING_LOCAL_DIR", str(folder / "local"))
    patch.setenv("BILLING_DATABASE_URL", url)
    patch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{folder}/airflow.db")
    patch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", ",".join(f"{name}:{role}" for name, role in USERS.items()))
    patch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", str(passwords))


def _fill(url: str, folder: Path) -> None:
    """Sample practices, who may see them, and the nights of every bucket."""
    outbox = folder / "outbox"
    outbox.mkdir()
    load_directory(url, SAMPLE_DIRECTORY, is_sample=True)
    with psycopg.connect(url, autocommit=True) as billing:
        _grant_access(billing)
    with psycopg.connect(environment.pipeline_url(url), autocommit=True) as pipeline:
        for night in NIGHTS:
            for automation in AUTOMATIONS:
                for timezone in timezones(pipeline):
                    run_night(pipeline, automation, timezone, night, outbox, run_id_of(automation, timezone, night))
        _lose_a_file(pipeline)


def _lose_a_file(pipeline: Connection) -> None:
    """The night after, organization 8 has a file of which nobody knows whether it arrived."""
    attempt, batches = open_night(pipeline, "claims_submission", "America/Puerto_Rico", "2026-11-05")
    for organizations in batches:
        for step in BATCH_STEPS["claims_submission"]:
            step(pipeline, attempt, organizations)
    for state in (
        "interchange_state = 'sending', delivery_stage = 'placing', attempted_at = now()",
        "interchange_state = 'unknown', unknown_since = now()",
    ):
        lost = pipeline.execute(f"UPDATE billing.interchange SET {state} WHERE sent_at IS NULL".encode())  # noqa: S608
        assert lost.rowcount == 1
    close_night(pipeline, attempt)


def _grant_access(billing: Connection) -> None:
    for kind, name, organization_id in (("role", "admin", None), ("user", "kim", None), ("user", "sam", 1)):
        billing.execute("SELECT billing.grant_access(%s, %s, %s)", (kind, name, organization_id))
