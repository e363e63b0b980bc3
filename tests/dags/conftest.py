"""The DAGs as Airflow loads them, over the sample practices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from include.development import environment

RunNight = Callable[..., Any]


@pytest.fixture(scope="session")
def dags() -> dict[str, Any]:
    """Every DAG of the project by its id; fails when a file does not load."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.db import initdb

    initdb()
    bag = DagBag()
    assert bag.import_errors == {}
    return dict(bag.dags)


@pytest.fixture
def run_dag(dags: dict[str, Any], sample_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunNight:
    """Run one night of a DAG over the sample practices and return the run."""
    set_environment(sample_url, tmp_path, monkeypatch)

    def run(dag_id: str, night: str | None, bucket: str | None) -> Any:
        return dags[dag_id].test(run_conf={"night": night, "bucket": bucket})

    return run


@pytest.fixture
def run_inbox(
    dags: dict[str, Any], sample_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Any]:
    """Run clearinghouse_inbox over the sample practices and return the run; no task is tried again."""
    set_environment(sample_url, tmp_path, monkeypatch)
    dag = dags["clearinghouse_inbox"]
    for task in dag.tasks:
        if task.is_mapped:
            monkeypatch.setitem(task.partial_kwargs, "retries", 0)
        else:
            monkeypatch.setattr(task, "retries", 0)
    return lambda: dag.test()


def set_environment(sample_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database and the folders that tasks work with, made in `folder`."""
    for name in ("outbox", "inbox"):
        (folder / name).mkdir()
        monkeypatch.setenv(f"BILLING_{name.upper()}_DIR", str(folder / name))
    monkeypatch.setenv("AIRFLOW_CONN_BILLING_DATABASE", environment.pipeline_url(sample_url))
