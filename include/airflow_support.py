"""The one border between steps and Airflow: which night a run is for, the connection, and what an error may say."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from airflow.exceptions import AirflowException
from airflow.sdk import Param, get_current_context
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

from include.clearinghouse.directory_drop_box import DirectoryDropBox
from include.clearinghouse.drop_box import NEEDS_A_PERSON, DropBox, DropBoxFault, DropBoxSettings
from include.errors import BillingError, Unavailable, error_place
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

    `BillingError`, `InvalidNight` and refusals of a drop box fail the task at once (trying again does not help),
    everything else may be tried again. The texts of database and parser errors may quote rows, so they are replaced by
    the error's code and place.
    """
    problem: Exception
    try:
        with open_connection(CONNECTION_ID) as connection:
            yield connection
        return
    except (AirflowException, Unavailable) as error:
        if not isinstance(error, DropBoxFault) or error.code not in NEEDS_A_PERSON:
            raise
        problem = AirflowFailException(str(error))
    except (BillingError, InvalidNight) as error:
        problem = AirflowFailException(str(error))
    except psycopg.OperationalError as error:
        problem = Unavailable(
            f"the billing database did not answer as it should ({error_code(error)}): check that it runs and that the "
            f"Airflow connection {CONNECTION_ID} is right; the task is tried again"
        )
    except Exception as error:
        place = error_place(error)
        problem = StepFault(f"{error_code(error)} at {place}; the text is left out because it may quote data")
    # The caller's with statement is still handling the original, so Python attaches it as context, and a log would
    # print it.
    try:
        raise problem
    finally:
        problem.__context__ = None


@contextmanager
def open_connection(connection_id: str) -> Iterator[psycopg.Connection[Any]]:
    """The database that an Airflow connection names, in autocommit."""
    # Slow to import; workers inherit it from the plugin (billing_plugin), DAG parsing must not pay for it.
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    connection = PostgresHook(postgres_conn_id=connection_id).get_conn()
    connection.autocommit = True
    try:
        yield connection
    finally:
        connection.close()


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
    """Where claim files are delivered: `BILLING_OUTBOX_DIR`. Raises `BillingError` when it is not set."""
    return _directory(
        "BILLING_OUTBOX_DIR", os.environ.get("BILLING_OUTBOX_DIR"), "the folder the clearinghouse collects files from"
    )


def inbox_directory() -> Path:
    """Where answers are found: `BILLING_INBOX_DIR`. Raises `BillingError` when it is not set."""
    return _directory(
        "BILLING_INBOX_DIR", os.environ.get("BILLING_INBOX_DIR"), "the folder the clearinghouse puts its answers into"
    )


def _directory(variable: str, directory: str | None, meaning: str) -> Path:
    if not directory:
        raise BillingError(f"{variable} is not set: name {meaning}")
    return Path(directory)


@contextmanager
def open_drop_box(settings: DropBoxSettings) -> Iterator[DropBox]:
    """The receiver's drop box: its SFTP server, or the local directories.

    `automatic` is SFTP where the Airflow connection exists. Airflow says that it does not exist also when a secrets
    backend failed; production is therefore never automatic (a constraint of billing.receiver).

    Raises `BillingError` when the connection or a directory is not named, `DropBoxFault` misconfigured when the
    connection cannot be used safely. Whether the server answers shows at the first call.
    """
    connection = None if settings.delivery_method == "directory" else _sftp_connection(settings)
    if connection is None:
        yield DirectoryDropBox(settings, outbox_directory(), inbox_directory())
        return
    # Slow to import, and only receivers with SFTP need it.
    from include.clearinghouse.sftp_drop_box import SftpDropBox

    with closing(SftpDropBox(settings, _sftp_clients(settings.connection_id, connection))) as box:
        yield box


def _sftp_connection(settings: DropBoxSettings) -> Any:
    """The Airflow connection; None when there is none and the receiver is automatic."""
    from airflow.sdk import BaseHook

    try:
        return BaseHook.get_connection(settings.connection_id)
    except AirflowNotFoundException:
        if settings.delivery_method == "automatic":
            return None
    raise BillingError(
        f"the Airflow connection {settings.connection_id} of receiver {settings.receiver_code} does not exist: add it "
        "(type SFTP), or correct connection_id or delivery_method in billing.receiver"
    )


def _sftp_clients(connection_id: str, connection: Any) -> Callable[[], AbstractContextManager[Any]]:
    """What opens an SFTP client over the Airflow connection. Raises `DropBoxFault` misconfigured."""
    from airflow.providers.ssh.hooks.ssh import SSHHook

    from include.clearinghouse.sftp_drop_box import open_sftp_client

    extra = connection.extra_dejson
    for name in ("no_host_key_check", "allow_host_key_change", "ignore_hostkey_verification"):
        if str(extra.get(name)).lower() == "true":
            raise DropBoxFault(
                "misconfigured",
                f"the Airflow connection {connection_id} has {name} in its extra, so anybody could pass for the "
                "receiver: remove it, and put the server's public key into host_key (docs/delivery.md)",
            )
    conn_timeout = _seconds(connection_id, extra, "conn_timeout", 30)
    cmd_timeout = _seconds(connection_id, extra, "cmd_timeout", 60)
    fault = ""
    try:
        # Not SFTPHook: it adds a client whose requests wait for ever. One attempt: three refused logins in a row may
        # close the account, and Airflow tries the task again anyway.
        hook = SSHHook(
            ssh_conn_id=connection_id,
            conn_timeout=conn_timeout,
            banner_timeout=conn_timeout,
            auth_timeout=conn_timeout,
            conn_retry_attempts=1,
        )
    except Exception as error:
        fault = type(error).__name__  # its text may quote a key
    if fault:
        raise DropBoxFault(
            "misconfigured",
            f"the Airflow connection {connection_id} cannot be used ({fault}): check host, and in the extra "
            "private_key or key_file (not both) and host_key (type and key, as in known_hosts)",
        )

    @contextmanager
    def open_client() -> Iterator[Any]:
        with closing(hook.get_conn()) as ssh, closing(open_sftp_client(ssh, cmd_timeout)) as client:
            yield client

    return open_client


def _seconds(connection_id: str, extra: dict[str, Any], name: str, default: float) -> float:
    given = str(extra.get(name) or default)
    if not re.fullmatch(r"\d+(\.\d+)?", given) or float(given) == 0:
        raise DropBoxFault(
            "misconfigured",
            f"the Airflow connection {connection_id}: {name} in its extra must be a number of seconds greater than 0",
        )
    return float(given)


def fail(message: str) -> None:
    """Fail the task instance at once, without retries, with this text in its log."""
    raise AirflowFailException(message)
