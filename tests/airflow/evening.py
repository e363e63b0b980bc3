"""Nights of two buckets through real Airflow services; beside them tasks that are killed and errors provoked."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
from psycopg import sql

from include.development import environment
from include.development.airflow_services import Services, temporary_services
from include.development.nights import AirflowClient, NightResult, run_nights
from nightly_schedule.slots import Slot, build_slot
from tests.faults.databases import copy_of, database_of
from tests.faults.natural_rows import Rows, rows_of_organizations
from tests.faults.test_privacy import PASSWORD, PLANT
from tests.support.nights import AUTOMATIONS, run_night

Connection = psycopg.Connection[Any]

NIGHTS: Final = ("2026-11-02", "2026-11-03", "2026-11-04")
BUCKETS: Final = ("America/Chicago", "Pacific/Honolulu")
#: (bucket, automation, night): what takes both buckets to held claims, and a night that sends nothing and is green. A
#: run takes many seconds here; `make run` has all of them.
RUNS: Final = (
    *((bucket, "invoice_creation", NIGHTS[0]) for bucket in BUCKETS),
    (BUCKETS[0], "claims_submission", NIGHTS[1]),
    *((bucket, "invoice_processing", NIGHTS[1]) for bucket in BUCKETS),
    *((bucket, "claims_submission", NIGHTS[2]) for bucket in BUCKETS),
)
LIMIT_SECONDS: Final = 240.0

#: Every planted text, whole: Airflow's own logs say "Marking", and its timestamps hold any five digits.
MARKS: Final = re.compile(
    "|".join(
        re.escape(text.removeprefix("7 ").rstrip("*"))
        for text in sorted(set(re.findall(r"'([^']*qxz[^']*)'", PLANT, re.IGNORECASE)))
    )
    + r"|1931-?03-?07|03/07/1931|1932-?04-?08|04/08/1932|2031-?05-?09|05/09/2031|98761-?2345",
    re.IGNORECASE,
)

# Organization 9 keeps what PLANT made of it: claims that the scrubber holds for one reason or another, and clean ones.
# What the others are held for is the sample's doing; their marks can all be sent.
_MEND_OTHERS: Final = """
    UPDATE practice.client SET last_name = 'Lastqxz', birth_on = '1931-03-07', state_code = 'WI',
        postal_code = '987612345', sex = coalesce(sex, 'U') WHERE organization_id <> 9;
    UPDATE practice.diagnosis SET diagnosis_code = 'F411' WHERE organization_id <> 9;
    -- Without the table of states no edit sees this; the validator does.
    UPDATE practice.client SET last_name = 'Lastqxz', state_code = 'Stateqxz'
    WHERE organization_id = 9 AND last_name LIKE '%~%';
"""


@dataclass(frozen=True)
class Kill:
    """A task that is killed in the middle of its transaction: at the first row for which the trigger fires."""

    organization_id: int
    automation: str
    night: str
    timezone: str
    task_id: str
    event: str
    condition: str = "true"

    @property
    def slot(self) -> Slot:
        return build_slot(self.automation, self.night, self.timezone)


#: In buckets of their own, whose earlier nights are done, so that all three wait for their retry at the same time.
KILLS: Final = (
    Kill(
        8,
        "invoice_creation",
        "2026-11-02",
        "America/Puerto_Rico",
        "invoice_creation.create_invoices",
        "INSERT ON billing.invoice",
    ),
    Kill(
        4,
        "invoice_processing",
        "2026-11-03",
        "America/Phoenix",
        "invoice_processing.process_invoices",
        "INSERT ON billing.claim",
    ),
    # The file lies in the outbox folder, and nothing says so yet.
    Kill(
        5,
        "claims_submission",
        "2026-11-04",
        "America/Los_Angeles",
        "clearinghouse.deliver_files",
        "UPDATE ON billing.claim",
        "NEW.claim_status = 'submitted'",
    ),
)
#: (timezone, organization, error): one is the organization's own fault, the other nobody's, so its task is tried again.
DATA_ERROR: Final = ("America/Denver", 3, "check_violation")
FAULT: Final = ("America/New_York", 1, "internal_error")

_HOOKS: Final = """
    CREATE TABLE public.provoked (organization_id bigint, error text);
    GRANT SELECT ON public.provoked TO PUBLIC;
    CREATE FUNCTION public.provoke() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        error text := (SELECT p.error FROM public.provoked p WHERE p.organization_id = NEW.organization_id);
        patient text;
    BEGIN
        IF error IS NOT NULL THEN
            SELECT c::text INTO patient FROM practice.client c
            JOIN practice.appointment a USING (client_id) WHERE a.appointment_id = NEW.appointment_id;
            RAISE EXCEPTION 'row %', patient USING ERRCODE = error, DETAIL = patient, HINT = patient;
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER provoke BEFORE INSERT ON billing.invoice FOR EACH ROW EXECUTE FUNCTION public.provoke();
    CREATE FUNCTION public.wait_for_test() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(NEW.organization_id);
        RETURN NEW;
    END $$;
"""


class Api(AirflowClient):
    """The driver's client, and what only tests ask."""

    def instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """All task instances of a run."""
        found = self._get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances", limit=100)
        assert found["total_entries"] == len(found["task_instances"])
        return list(found["task_instances"])

    def tries(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> list[dict[str, Any]]:
        """Every try of a task instance, in order."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        path += f"/{map_index}/tries" if map_index >= 0 else "/tries"
        return sorted(self._get(path)["task_instances"], key=lambda one: int(one["try_number"]))

    def log(self, dag_id: str, run_id: str, instance: Mapping[str, Any]) -> str:
        """Everything the log of an instance's newest try says, as text."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{instance['task_id']}/logs/{instance['try_number']}"
        return "\n".join(_texts(self._get(path, map_index=instance["map_index"])["content"]))

    def clear(self, dag_id: str, run_id: str, task_id: str, map_index: int) -> set[str]:
        """Clear a mapped instance with what comes after it, as the UI does; return the ids of the cleared tasks."""
        body = {
            "dry_run": False,
            "dag_run_id": run_id,
            "task_ids": [[task_id, map_index]],
            "include_downstream": True,
            "only_failed": False,
        }
        answer = self._call("POST", f"/dags/{dag_id}/clearTaskInstances", json=body).json()
        return {str(one["task_id"]) for one in answer["task_instances"]}

    def wait_for_end(self, dag_id: str, run_id: str) -> str:
        """Wait until the run has ended; return its state."""
        wait_until(lambda: self.run_state(dag_id, run_id) in ("success", "failed"), f"{dag_id} {run_id} ends")
        return self.run_state(dag_id, run_id)


@dataclass(frozen=True)
class Reason:
    """Why a claim is held, and everything a log must say of it."""

    practice: str
    claim_number: str
    texts: list[str]


@dataclass(frozen=True, repr=False)
class Evening:
    """What happened, and the services, which still run."""

    api: Api
    billing: Connection
    metadata: Connection
    outbox: Path
    folder: Path  # of the services: secrets, logs
    password: str
    results: list[NightResult]
    held: dict[tuple[str, str], list[tuple[int, str, int]]]  # (timezone, night) -> organization, name, claims
    reasons: list[Reason]  # why claims are held, as of the last night
    killed: dict[Kill, str]  # -> run id
    data_error_run: str
    fault_run: str
    undisturbed: Rows  # of the organizations of KILLS, in a copy in which their nights ran without Airflow


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait for what others do; fails when it does not come."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {LIMIT_SECONDS:.0f} s"
        time.sleep(0.3)


@contextmanager
def whole_evening(server_url: str, sample_template: str, folder: Path) -> Iterator[Evening]:
    """Everything, from the databases to the end of the last run; services and databases go with the block."""
    with ExitStack() as stack:
        url = stack.enter_context(copy_of(server_url, sample_template))
        _prepare(url, folder)
        undisturbed = _undisturbed(server_url, url, folder)
        metadata_url = stack.enter_context(copy_of(server_url, "template0"))
        billing, metadata, holder = (
            stack.enter_context(psycopg.connect(one, autocommit=True)) for one in (url, metadata_url, url)
        )
        billing.execute(_HOOKS.encode())
        for kill in KILLS:
            billing.execute(
                f"CREATE TRIGGER wait_{kill.organization_id} BEFORE {kill.event} FOR EACH ROW WHEN"
                f" (NEW.organization_id = {kill.organization_id} AND {kill.condition})"
                " EXECUTE FUNCTION public.wait_for_test()".encode()
            )
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        password = _environment(patch, url, metadata_url, folder / "local")
        services = stack.enter_context(temporary_services())
        api = stack.enter_context(Api(services))
        api.wait_for_dags(AUTOMATIONS)
        with api.unpaused(AUTOMATIONS):
            killed = _kill(api, services, holder, metadata)
            data_error_run, fault_run = _provoke(api, billing, metadata)
            slots = [build_slot(automation, night, timezone) for timezone, automation, night in RUNS]
            results = run_nights(api, slots, report=lambda line: None, run_limit_seconds=LIMIT_SECONDS)
            held, reasons = _held(billing)
            for kill, run_id in killed.items():
                api.wait_for_end(kill.automation, run_id)
            for run_id in (data_error_run, fault_run):
                api.wait_for_end("invoice_creation", run_id)
            yield Evening(
                api,
                billing,
                metadata,
                folder / "local" / "outbox",
                folder / "local",
                password,
                results,
                held,
                reasons,
                killed,
                data_error_run,
                fault_run,
                undisturbed,
            )


def _prepare(url: str, folder: Path) -> None:
    """Plant the marks; let what comes before the nights of KILLS happen."""
    with psycopg.connect(url, autocommit=True) as billing:
        billing.execute("DELETE FROM practice.prior_authorization")
        billing.execute(PLANT.encode())
        billing.execute(_MEND_OTHERS.encode())
    nothing = folder / "nothing"
    nothing.mkdir()
    with psycopg.connect(environment.pipeline_url(url), autocommit=True) as pipeline:
        for kill in KILLS[1:]:
            run_night(pipeline, "invoice_creation", kill.timezone, NIGHTS[0], nothing)
        run_night(pipeline, "invoice_processing", KILLS[2].timezone, NIGHTS[1], nothing)


def _undisturbed(server_url: str, url: str, folder: Path) -> Rows:
    """The organizations of KILLS after their nights, which nobody disturbs, in a copy of the database."""
    outbox = folder / "undisturbed"
    outbox.mkdir()
    with (
        copy_of(server_url, database_of(url)) as twin,
        psycopg.connect(environment.pipeline_url(twin), autocommit=True) as pipeline,
    ):
        for kill in KILLS:
            run_night(pipeline, kill.automation, kill.timezone, kill.night, outbox)
        return only(rows_of_organizations(pipeline), {kill.organization_id for kill in KILLS})


def only(rows: Rows, organization_ids: set[int]) -> Rows:
    """The rows of these organizations."""
    return {table: [row for row in found if row[0] in organization_ids] for table, found in rows.items()}


def _environment(patch: pytest.MonkeyPatch, url: str, metadata_url: str, local: Path) -> str:
    """What `make run` would find in its environment, and nothing of the caller's; the password in the URLs.

    A server that trusts everybody is given a password that is only there to be found again.
    """
    for name in [name for name in os.environ if name.startswith(("AIRFLOW", "BILLING_"))]:
        patch.delenv(name)
    patch.setenv("BILLING_LOCAL_DIR", str(local))
    patch.setenv("BILLING_DATABASE_URL", _with_password(url))
    patch.setenv(
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
        _with_password(metadata_url).replace("postgresql://", "postgresql+psycopg2://", 1),
    )
    given = urlsplit(url).password
    # A short password of a test server is an ordinary word; only where it stands as a password is it a secret.
    return f":{given}@" if given else PASSWORD


def _with_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password:
        return url
    user, _, host = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{user}:{PASSWORD}@{host}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def _kill(api: Api, services: Services, holder: Connection, metadata: Connection) -> dict[Kill, str]:
    """Start the runs of KILLS, SIGKILL each task when it waits inside its transaction; return their run ids."""
    for kill in KILLS:
        holder.execute("SELECT pg_advisory_lock(%s)", (kill.organization_id,))
    started = {kill: api.trigger(kill.slot) for kill in KILLS}
    waiting = set(KILLS)

    def next_waiting() -> Kill | None:
        rows = holder.execute(
            "SELECT l.objid FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            " WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted"
        ).fetchall()
        return next((kill for kill in waiting if (kill.organization_id,) in rows), None)

    while waiting:
        wait_until(next_waiting, f"one of {[one.task_id for one in waiting]} waits in its transaction")
        kill = next_waiting()
        assert kill is not None
        _kill_task(services, metadata, kill, started[kill])
        holder.execute("SELECT pg_advisory_unlock(%s)", (kill.organization_id,))
        waiting.remove(kill)
    return started


def _kill_task(services: Services, metadata: Connection, kill: Kill, run_id: str) -> None:
    rows = metadata.execute(
        "SELECT pid FROM task_instance WHERE (dag_id, run_id, task_id, state) = (%s, %s, %s, 'running')",
        (kill.automation, run_id, kill.task_id),
    ).fetchall()
    assert len(rows) == 1, (kill.task_id, rows)
    process = psutil.Process(rows[0][0])
    parents = [parent.pid for parent in process.parents()]
    assert services.components["scheduler"] in parents[1:], "a task is the child of a worker of the scheduler"
    assert os.getsid(process.pid) == services.session
    process.kill()


def _provoke(api: Api, billing: Connection, metadata: Connection) -> tuple[str, str]:
    """Start the runs with the errors; the fault passes after the first try. Their run ids."""
    run_ids = []
    for timezone, organization_id, error in (DATA_ERROR, FAULT):
        billing.execute("INSERT INTO public.provoked VALUES (%s, %s)", (organization_id, error))
        run_ids.append(api.trigger(build_slot("invoice_creation", NIGHTS[0], timezone)))
    wait_until(
        lambda: metadata.execute(
            "SELECT 1 FROM task_instance WHERE run_id = %s AND state = 'up_for_retry'", (run_ids[1],)
        ).fetchone(),
        "a task is to be tried again",
    )
    billing.execute("DELETE FROM public.provoked WHERE organization_id = %s", (FAULT[1],))
    return run_ids[0], run_ids[1]


def _held(
    billing: Connection,
) -> tuple[dict[tuple[str, str], list[tuple[int, str, int]]], list[Reason]]:
    held: dict[tuple[str, str], list[tuple[int, str, int]]] = {}
    rows = billing.execute(
        "SELECT timezone, night::text, organization_id, organization_name, scrub_error_count + refused_count"
        " FROM reporting.nightly_results WHERE automation = 'claims_submission' AND timezone = ANY(%s)"
        " AND scrub_error_count + refused_count > 0 ORDER BY organization_id",
        (list(BUCKETS),),
    ).fetchall()
    for timezone, night, *organization in rows:
        held.setdefault((timezone, night), []).append((organization[0], organization[1], organization[2]))
    reasons = billing.execute(
        "SELECT e.organization_name, e.claim_number, ARRAY[e.edit_code, e.message, e.fix_location]"
        " FROM reporting.open_scrub_errors e"
        " JOIN reporting.decisions d ON d.step = 'claim' AND d.item_id = e.claim_id AND d.reason = 'scrub_error'"
        " WHERE d.is_open AND e.severity = 'error'"
        " UNION ALL SELECT d.organization_name, c.claim_number, ARRAY['by the validator', d.detail_code]"
        " FROM reporting.decisions d JOIN reporting.claims c ON c.claim_id = d.item_id"
        " WHERE d.step = 'claim' AND d.is_open AND d.reason = 'refused_by_validator'"
    ).fetchall()
    return held, [Reason(*row) for row in reasons]


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, Mapping):
        for value in content.values():
            yield from _texts(value)
    elif isinstance(content, list):
        for value in content:
            yield from _texts(value)
    elif content is not None:
        yield str(content)


def metadata_texts(metadata: Connection) -> dict[str, str]:
    """Table of Airflow's metadata -> everything in it, as text."""
    tables = metadata.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
    found = {}
    for (table,) in tables:
        rows = metadata.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))).fetchall()
        found[table] = "\n".join(
            value.decode("latin-1") if isinstance(value, bytes) else str(value) for row in rows for value in row
        )
    return found
