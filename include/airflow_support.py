"""The one border between steps and Airflow: which night a run is for, the connection, and what an error may say."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from airflow.exceptions import AirflowException
from airflow.sdk import Param, get_current_context
from airflow.sdk.exceptions import AirflowFailException

from include.errors import BillingError, Unavailable
from include.nightly_run.attempt import Attempt, organizations_of_batch, read_attempt
from include.nightly_run.organizations import error_code
from nightly_schedule.buckets import BUCKETS
from nightly_schedule.resolve import resolve_slot
from nightly_schedule.slots import InvalidNight, Slot

log = logging.getLogger(__name__)

CONNECTION_ID = "billing_database"


class StepFault(AirflowException):  # type: ignore[misc]  # Airflow is not seen by mypy
    """A step met an error that nobody foresaw. Says its kind and place; its text may quote a row and is left out."""


def nightly_dag(automation: str) -> dict[str, Any]:
    """What the DAGs of the nightly automations have in common, as arguments of `@dag`."""
    return {
        "dag_id": automation,
        "catchup": False,
        # Every bucket of a night at once, and a backfill beside it.
        "max_active_runs": 2 * len(BUCKETS),
        "dagrun_timeout": timedelta(hours=6),
        "default_args": {
            "retries": 2,
            "retry_delay": timedelta(minutes=1),
            "execution_timeout": timedelta(hours=2),
        },
        "params": {
            "night": Param(
                None,
                type=["null", "string"],
                format="date",
                description="The night to run, as the bucket's local date. Only where no partition key can be given.",
            ),
            "bucket": Param(
                None,
                type=["null", "string"],
                enum=[None, *(bucket.timezone for bucket in BUCKETS)],
                description="The bucket to run. Only where no partition key can be given.",
            ),
        },
        "tags": ["billing", "nightly"],
    }


@contextmanager
def billing_step() -> Iterator[psycopg.Connection[Any]]:
    """A connection to the billing database for one step, and a border that only harmless texts cross.

    `BillingError` and `InvalidNight` fail the task at once (trying again does not help), everything else may be tried
    again. The texts of database and parser errors may quote rows, so they are replaced by the error's code and place.
    """
    problem: Exception
    try:
        with _connect() as connection:
            yield connection
        return
    except (AirflowException, Unavailable):
        raise
    except (BillingError, InvalidNight) as error:
        problem = AirflowFailException(str(error))
    except psycopg.OperationalError as error:
        problem = Unavailable(
            f"the billing database did not answer as it should ({error_code(error)}): check that it runs and that the "
            f"Airflow connection {CONNECTION_ID} is right; the task is tried again"
        )
    except Exception as error:
        problem = StepFault(f"{error_code(error)} at {_place(error)}; the text is left out because it may quote data")
    # The caller's with statement is still handling the original, so Python attaches it as context, and a log would
    # print it.
    try:
        raise problem
    finally:
        problem.__context__ = None


@contextmanager
def _connect() -> Iterator[psycopg.Connection[Any]]:
    # Slow to import; workers inherit it from the plugin (billing_plugin), DAG parsing must not pay for it.
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    connection = PostgresHook(postgres_conn_id=CONNECTION_ID).get_conn()
    connection.autocommit = True
    try:
        yield connection
    finally:
        connection.close()


def _place(error: Exception) -> str:
    """File and line of the step where the error arose: the innermost of ours, or else the outermost of all.

    Not of `database.py`: every statement runs through it, so it says nothing. And not of what is installed in `.venv`,
    which may lie in our folder.
    """
    place = "?"
    trace = error.__traceback__
    root = Path(__file__).resolve().parents[1]
    ours = {root / "include", root / "plugins", root / "dags"}
    silent = {root / "include" / "database.py", Path(__file__).resolve()}
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename).resolve()
        if place == "?" or (not ours.isdisjoint(file.parents) and file not in silent):
            place = f"{file.name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def slot_of_run(automation: str) -> Slot:
    """The night and bucket of the current run: its partition key, else the params night and bucket."""
    context = get_current_context()
    return resolve_slot(automation, context.get("partition_key"), context["params"], datetime.now(UTC))


def current_run_id() -> tuple[str, int]:
    """Airflow's id of the current run and the try of the current task instance."""
    context = get_current_context()
    return context["run_id"], context["ti"].try_number


def current_try_number() -> int:
    """The try of the current task instance: more than one when it was cleared."""
    return int(get_current_context()["ti"].try_number)


def hand_on(key: str, value: int) -> None:
    """Give a number to later tasks beside what this task returns (they are mapped over that)."""
    get_current_context()["ti"].xcom_push(key, value)


def opened_attempt_id() -> int | None:
    """The attempt that this run opened; none when opening failed or nothing was opened."""
    attempt_id = get_current_context()["ti"].xcom_pull(task_ids="open_run", key="attempt_id")
    return None if attempt_id is None else int(attempt_id)


def set_label(label: str) -> None:
    """What the UI calls this mapped task instance (`map_index_template="{{ label }}"`)."""
    get_current_context()["label"] = label


def open_batch(connection: psycopg.Connection[Any], attempt_id: int, batch_number: int) -> tuple[Attempt, list[int]]:
    """The attempt and the organizations of a batch; names the task instance after it."""
    attempt = read_attempt(connection, attempt_id)
    organizations = organizations_of_batch(connection, attempt, batch_number)
    size = "1 organization" if len(organizations) == 1 else f"{len(organizations)} organizations"
    set_label(f"batch {batch_number}: {size}")
    return attempt, organizations


def outbox_directory() -> Path:
    """Where files are delivered: `BILLING_OUTBOX_DIR`. Raises `BillingError` when it is not set."""
    directory = os.environ.get("BILLING_OUTBOX_DIR")
    if not directory:
        raise BillingError("BILLING_OUTBOX_DIR is not set: name the folder the clearinghouse collects files from")
    return Path(directory)


def fail(message: str) -> None:
    """Fail the task instance at once, without retries, with this text in its log."""
    raise AirflowFailException(message)
