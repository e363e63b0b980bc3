"""Runs nights through Airflow's REST API: the runs are real ones, there to be seen in the UI afterwards.

Inside a bucket the order of the instants is kept (21:00 claims_submission, 22:00 invoice_processing, 23:00
invoice_creation, then the next night), each run waiting for the one before. Buckets run side by side.
"""

from __future__ import annotations

import contextlib
import secrets
import string
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from include.development import environment
from include.development.airflow_services import Services
from nightly_schedule.slots import Slot, partition_key

POLL_SECONDS = 1.0
UNFINISHED = ("queued", "running")
# A task of this name fails on purpose: one instance per practice whose claims are held, for a person to look at.
EXPECTED_FAILURES = "scrub_errors"
INBOX = "clearinghouse_inbox"
# The same there, one instance per receiver: what only a person can find out or decide.
TROUBLES = ("quarantined_files", "overdue_answers", "uncertain_files", "rejected_files")


class NightsError(Exception):
    """Airflow did not do what was asked; the message says what was seen."""


@dataclass(frozen=True)
class FailedInstance:
    """One failed task instance. ``message`` is the first line of its error."""

    task_id: str
    label: str
    message: str

    @property
    def is_expected(self) -> bool:
        return self.task_id.endswith(EXPECTED_FAILURES)


@dataclass(frozen=True)
class NightResult:
    """How one run ended."""

    slot: Slot
    run_id: str
    state: str
    seconds: float
    failed: tuple[FailedInstance, ...] = ()

    @property
    def worked(self) -> bool:
        """Whether the pipeline did its work: success, or red only through claims that are held for a person."""
        return self.state == "success" or (bool(self.failed) and all(one.is_expected for one in self.failed))

    def describe(self) -> str:
        """``success``, ``failed: 2 practices with held claims`` or ``failed: create_invoices``."""
        if not self.failed:
            return self.state
        if self.worked:
            count = len(self.failed)
            return f"{self.state}: {count} practice{'s' if count > 1 else ''} with held claims (a person has work)"
        return f"{self.state}: {', '.join(sorted({one.task_id for one in self.failed if not one.is_expected}))}"


@dataclass(frozen=True)
class InboxResult:
    """How one run of clearinghouse_inbox ended."""

    run_id: str
    state: str
    seconds: float
    failed: tuple[FailedInstance, ...] = ()

    @property
    def worked(self) -> bool:
        """Whether every step did its work: success, or red only through what a person has to look at."""
        return self.state == "success" or (bool(self.failed) and all(one.task_id in TROUBLES for one in self.failed))

    def describe(self) -> str:
        """``success``, ``failed (a person has work): default: 1 file of unknown outcome`` or ``failed: apply_…``."""
        if not self.failed:
            return self.state
        if self.worked:
            return f"{self.state} (a person has work): {'; '.join(one.label for one in self.failed)}"
        return f"{self.state}: {', '.join(sorted({one.task_id for one in self.failed if one.task_id not in TROUBLES}))}"


class AirflowClient:
    """The few calls needed, logged in as the user of the UI. Waits out an API that is slow to answer."""

    def __init__(self, services: Services) -> None:
        self._http = httpx.Client(base_url=services.url, timeout=60)
        self._login()

    def __enter__(self) -> AirflowClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def wait_for_dags(self, dag_ids: Iterable[str], *, seconds: float = 90) -> None:
        """Waits until Airflow has read the DAGs; NightsError with the import errors when it does not."""
        wanted = set(dag_ids)
        deadline = time.monotonic() + seconds
        while True:
            known = {dag["dag_id"] for dag in self._get("/dags", limit=100)["dags"] if not dag.get("is_stale")}
            if wanted <= known:
                return
            if time.monotonic() > deadline:
                errors = self._get("/importErrors")["import_errors"]
                last_lines = [f"{e['filename']}: {e['stack_trace'].strip().splitlines()[-1]}" for e in errors]
                raise NightsError(
                    "\n  ".join([f"Airflow does not know the DAGs {', '.join(sorted(wanted - known))}.", *last_lines])
                )
            time.sleep(POLL_SECONDS)

    @contextlib.contextmanager
    def unpaused(self, dag_ids: Iterable[str]) -> Iterator[None]:
        """Lets the DAGs run for the time of a ``with`` block; those that were paused are paused again after it.

        A DAG left unpaused would start its scheduled nights at the next ``make up``, which nobody asked for.
        """
        paused = [dag_id for dag_id in dag_ids if self._get(f"/dags/{dag_id}")["is_paused"]]
        try:
            for dag_id in paused:
                self._call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})
            yield
        finally:
            for dag_id in paused:
                self._call("PATCH", f"/dags/{dag_id}", json={"is_paused": True})

    def trigger(self, slot: Slot) -> str:
        """Starts a run of the slot and returns its id."""
        run_id = f"manual__{slot.bucket.city}__{slot.night.isoformat()}__{_suffix()}"
        self._start(slot.automation, {"dag_run_id": run_id, "partition_key": partition_key(slot)})
        return run_id

    def trigger_inbox(self) -> str:
        """Starts a run of clearinghouse_inbox and returns its id."""
        run_id = f"manual__{_suffix()}{_suffix()}"
        self._start(INBOX, {"dag_run_id": run_id})
        return run_id

    def _start(self, dag_id: str, run: Mapping[str, str]) -> None:
        # 409: the first attempt arrived although its answer did not.
        body: dict[str, Any] = {"logical_date": None, "conf": {}, **run}
        self._call("POST", f"/dags/{dag_id}/dagRuns", json=body, also_fine=(409,))

    def run_state(self, dag_id: str, run_id: str) -> str:
        return str(self._get(f"/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def unfinished_runs(self, dag_ids: Iterable[str]) -> set[tuple[str, str]]:
        """(dag id, run id) of every queued or running run."""
        body = {"dag_ids": sorted(dag_ids), "states": list(UNFINISHED), "page_limit": 100}
        runs = self._call("POST", "/dags/~/dagRuns/list", json=body).json()["dag_runs"]
        return {(run["dag_id"], run["dag_run_id"]) for run in runs}

    def last_state(self, slot: Slot) -> str | None:
        """The state of the newest run of the slot, whoever started it; None when it has never run."""
        path = f"/dags/{slot.automation}/dagRuns"
        answer = self._get(path, partition_key_prefix_pattern=partition_key(slot), order_by="-run_after", limit=100)
        runs = [run for run in answer["dag_runs"] if run["partition_key"] == partition_key(slot)]
        return str(max(runs, key=lambda run: str(run["queued_at"] or run["run_after"]))["state"]) if runs else None

    def failed_instances(self, dag_id: str, run_id: str) -> tuple[FailedInstance, ...]:
        """The failed task instances of a run, in order of task and map index."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        found = []
        instances: list[dict[str, Any]] = []
        while True:
            page = self._get(path, state="failed", limit=100, offset=len(instances), order_by="map_index")
            instances += page["task_instances"]
            if not page["task_instances"] or len(instances) >= page["total_entries"]:
                break
        for instance in sorted(instances, key=lambda one: (one["task_id"], one["map_index"])):
            index = instance["map_index"]
            label = instance["rendered_map_index"] or (str(index) if index >= 0 else "")
            log = self._get(f"{path}/{instance['task_id']}/logs/{instance['try_number']}", map_index=index)
            found.append(FailedInstance(instance["task_id"], label, first_line_of_error(log["content"])))
        return tuple(found)

    def _login(self) -> None:
        user, password = environment.ui_login()
        answer = self._http.post("/auth/token", json={"username": user, "password": password})
        if not answer.is_success:
            raise NightsError(f"Airflow refused the login of {user}: HTTP {answer.status_code}")
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def _get(self, path: str, **parameters: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._call("GET", path, params=parameters).json()
        return answer

    def _call(self, method: str, path: str, *, also_fine: tuple[int, ...] = (), **arguments: Any) -> httpx.Response:
        problem = ""
        for attempt in range(5):
            time.sleep(attempt)
            try:
                answer = self._http.request(method, f"/api/v2{path}", **arguments)
            except httpx.TransportError as error:
                problem = f"{type(error).__name__}: {error}"
                continue
            if answer.is_success or answer.status_code in (also_fine if attempt else ()):
                return answer
            problem = f"HTTP {answer.status_code}: {answer.text[:500]}"
            if answer.status_code == 401:
                self._login()
            elif answer.status_code < 500:
                break
        raise NightsError(f"Airflow refused {method} {path}. {problem}")


def run_nights(
    client: AirflowClient,
    plan: Iterable[Slot],
    *,
    report: Callable[[str], None],
    run_limit_seconds: float,
) -> list[NightResult]:
    """Runs the slots and waits for them all; results in the order in which the runs ended.

    A failed run does not stop the ones after it: what a night missed, the next takes. Raises NightsError when a run
    takes longer than ``run_limit_seconds``.
    """
    waiting = sequences(plan)
    dag_ids = {slot.automation for slots in waiting.values() for slot in slots}
    total = sum(map(len, waiting.values()))
    running: dict[str, tuple[Slot, str, float]] = {}
    results: list[NightResult] = []
    while waiting or running:
        for bucket in [bucket for bucket in waiting if bucket not in running]:
            slot = waiting[bucket].pop(0)
            if not waiting[bucket]:
                del waiting[bucket]
            running[bucket] = (slot, client.trigger(slot), time.monotonic())
        time.sleep(POLL_SECONDS)
        unfinished = client.unfinished_runs(dag_ids)
        for bucket, (slot, run_id, started) in list(running.items()):
            seconds = time.monotonic() - started
            if (slot.automation, run_id) in unfinished:
                if seconds > run_limit_seconds:
                    raise NightsError(_stuck([f"{one.automation} {id_}" for one, id_, _ in running.values()], seconds))
                continue
            state = client.run_state(slot.automation, run_id)
            if state in UNFINISHED:
                continue  # not on the first page of the list
            failed = client.failed_instances(slot.automation, run_id) if state != "success" else ()
            result = NightResult(slot, run_id, state, seconds, failed)
            results.append(result)
            del running[bucket]
            report(
                f"[{len(results):>{len(str(total))}}/{total}] {slot.night} {slot.bucket.city:<12}"
                f" {slot.automation:<19} {seconds:4.0f} s  {result.describe()}"
            )
    return results


def run_inbox(client: AirflowClient, *, run_limit_seconds: float) -> InboxResult:
    """Runs clearinghouse_inbox once, unpaused for that time, and waits for its end.

    The run waits while another one is at work. Raises NightsError when it takes longer than ``run_limit_seconds``.
    """
    with client.unpaused([INBOX]):
        started = time.monotonic()
        run_id = client.trigger_inbox()
        while (state := client.run_state(INBOX, run_id)) in UNFINISHED:
            seconds = time.monotonic() - started
            if seconds > run_limit_seconds:
                raise NightsError(_stuck([f"{INBOX} {run_id}"], seconds))
            time.sleep(POLL_SECONDS)
        failed = client.failed_instances(INBOX, run_id) if state != "success" else ()
        return InboxResult(run_id, state, time.monotonic() - started, failed)


def sequences(plan: Iterable[Slot]) -> dict[str, list[Slot]]:
    """The slots of each bucket (by its zone) in the order in which they fall due."""
    by_bucket: dict[str, list[Slot]] = {}
    for slot in sorted(plan, key=lambda one: one.partition_date):
        by_bucket.setdefault(slot.bucket.timezone, []).append(slot)
    return by_bucket


def first_line_of_error(log: Iterable[Mapping[str, Any]] | Iterable[str]) -> str:
    """The first line of the error that ended a task, from its log as the API gives it."""
    lines = [line for line in log if isinstance(line, Mapping)]
    for line in reversed(lines):
        for error in line.get("error_detail") or ():
            value = str(error.get("exc_value") or "").strip()
            return value.splitlines()[0] if value else str(error.get("exc_type"))
    for line in reversed(lines):
        if line.get("level") in ("error", "critical"):
            return str(line.get("event", "")).strip().split("\n", 1)[0]
    return "(no error in its log)"


def _suffix() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(4))


def _stuck(runs: Iterable[str], seconds: float) -> str:
    return "\n".join(
        [
            f"A run has not ended after {seconds:.0f} s. Unfinished:",
            *(f"  {run}" for run in runs),
            f"What the scheduler says: {environment.logs_dir() / 'scheduler.log'}",
        ]
    )
