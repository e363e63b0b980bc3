"""Nights in their order, bucket by bucket, and what is said about how they ended."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest

from include.development import nights
from include.development.nights import (
    AirflowClient,
    FailedInstance,
    InboxResult,
    NightResult,
    NightsError,
    run_inbox,
    run_nights,
)
from nightly_schedule.slots import Slot, build_slot

AUTOMATIONS = ("invoice_creation", "claims_submission", "invoice_processing")
HELD = FailedInstance("claims_submission.scrub_errors", "Practice A", "Practice A: 2 claims held")
BROKEN = FailedInstance("create_invoices", "batch 1", "OperationalError")
QUARANTINED = FailedInstance("quarantined_files", "default: 1 answer file in quarantine", "1 file of receiver default")
REFUSED = FailedInstance("rejected_files", "default: 1 file refused, 2 claims to return", "file 1")
UNREACHABLE = FailedInstance("collect_files", "default", "folder_missing")
DENVER_SLOT = build_slot("claims_submission", "2026-11-02", "America/Denver")


class FakeAirflow(AirflowClient):
    """Every run takes two looks; ``states`` says how the runs of an automation end."""

    def __init__(self, states: dict[str, str] | None = None, looks: int = 2) -> None:
        self.states = states or {}
        self.looks = looks
        self.triggered: list[Slot] = []
        self.at_work: dict[tuple[str, str], int] = {}
        self.overlaps: list[Slot] = []
        self._numbers = itertools.count()

    def trigger(self, slot: Slot) -> str:
        self.triggered.append(slot)
        run_id = f"{slot.bucket.city}__{next(self._numbers)}"
        if any(other.startswith(f"{slot.bucket.city}__") for _, other in self.at_work):
            self.overlaps.append(slot)
        self.at_work[(slot.automation, run_id)] = self.looks
        return run_id

    def unfinished_runs(self, dag_ids: Iterable[str]) -> set[tuple[str, str]]:
        for run in list(self.at_work):
            self.at_work[run] -= 1
            if self.at_work[run] == 0:
                del self.at_work[run]
        return {run for run in self.at_work if run[0] in set(dag_ids)}

    def run_state(self, dag_id: str, run_id: str) -> str:
        return self.states.get(dag_id, "success")

    def failed_instances(self, dag_id: str, run_id: str) -> tuple[FailedInstance, ...]:
        return (HELD,)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nights, "POLL_SECONDS", 0.0)


def plan(*days: str, zones: Iterable[str] = ("America/Denver", "America/Phoenix")) -> list[Slot]:
    return [build_slot(automation, day, zone) for automation in AUTOMATIONS for zone in zones for day in days]


def test_inside_a_bucket_nights_ascend_and_the_automations_follow_the_clock() -> None:
    airflow = FakeAirflow()

    results = run_nights(airflow, plan("2026-11-03", "2026-11-02"), report=lambda _: None, run_limit_seconds=60)

    assert len(results) == 12
    for zone in ("America/Denver", "America/Phoenix"):
        order = [(slot.night.day, slot.automation) for slot in airflow.triggered if slot.bucket.timezone == zone]
        expected = ("claims_submission", "invoice_processing", "invoice_creation")
        assert order == [(day, automation) for day in (2, 3) for automation in expected]


def test_buckets_run_side_by_side_and_one_bucket_one_run_at_a_time() -> None:
    airflow = FakeAirflow()

    run_nights(airflow, plan("2026-11-02"), report=lambda _: None, run_limit_seconds=60)

    assert {slot.bucket.city for slot in airflow.triggered[:2]} == {"Denver", "Phoenix"}
    assert airflow.overlaps == []


def test_a_failed_run_does_not_stop_the_ones_after_it() -> None:
    airflow = FakeAirflow({"claims_submission": "failed"})

    results = run_nights(airflow, plan("2026-11-02", "2026-11-03"), report=lambda _: None, run_limit_seconds=60)

    assert len(results) == 12
    assert {result.slot.automation for result in results if result.state == "failed"} == {"claims_submission"}
    assert all(result.failed == (HELD,) for result in results if result.state == "failed")


def test_every_run_is_reported_once_with_its_place_in_the_whole() -> None:
    lines: list[str] = []

    run_nights(FakeAirflow(), plan("2026-11-02"), report=lines.append, run_limit_seconds=60)

    assert [line.split("]")[0] for line in lines] == ["[1/6", "[2/6", "[3/6", "[4/6", "[5/6", "[6/6"]


def test_a_run_that_does_not_end_is_named_in_the_error() -> None:
    airflow = FakeAirflow(looks=1_000_000)

    with pytest.raises(NightsError, match="claims_submission Denver__0"):
        run_nights(airflow, [DENVER_SLOT], report=lambda _: None, run_limit_seconds=0)


def test_nothing_to_run_is_no_error() -> None:
    assert run_nights(FakeAirflow(), [], report=lambda _: None, run_limit_seconds=60) == []


@pytest.mark.parametrize(
    ("state", "failed", "worked"),
    [
        ("success", (), True),
        ("failed", (HELD,), True),
        ("failed", (HELD, BROKEN), False),
        ("failed", (BROKEN,), False),
        ("failed", (), False),  # a run can fail without an instance: a deadlock, a timeout of the whole run
    ],
)
def test_a_run_worked_when_only_held_claims_are_red(
    state: str, failed: tuple[FailedInstance, ...], worked: bool
) -> None:
    assert NightResult(DENVER_SLOT, "run", state, 1.0, failed).worked is worked


def test_an_instance_of_another_name_is_not_an_expected_failure() -> None:
    assert HELD.is_expected
    assert not FailedInstance("scrub_errors_report", "", "").is_expected


def test_the_first_line_of_the_last_error_is_taken_from_the_log() -> None:
    log = [
        {"event": "::group::Log", "level": "info"},
        {"event": "try again", "level": "error", "error_detail": [{"exc_type": "OSError", "exc_value": "first"}]},
        {
            "event": "Task failed with exception",
            "level": "error",
            "error_detail": [{"exc_type": "AirflowFailException", "exc_value": "Practice A: 2 claims held\n - 17"}],
        },
        {"event": "::endgroup::", "level": "info"},
    ]

    assert nights.first_line_of_error(log) == "Practice A: 2 claims held"


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ([{"level": "error", "error_detail": [{"exc_type": "KeyError", "exc_value": ""}]}], "KeyError"),
        ([{"level": "error", "event": "killed by signal 9\nmore"}], "killed by signal 9"),
        ([{"level": "info", "event": "fine"}], "(no error in its log)"),
        (["plain text"], "(no error in its log)"),
        ([], "(no error in its log)"),
    ],
)
def test_a_log_without_an_error_text_still_gives_one_line(log: list[dict[str, object]], line: str) -> None:
    assert nights.first_line_of_error(log) == line


class FakeInbox(AirflowClient):
    """One run, which takes as many looks as it has states; remembers whether the DAG was unpaused at each."""

    def __init__(self, *states: str, failed: tuple[FailedInstance, ...] = ()) -> None:
        self._states = list(states)
        self._failed = failed
        self.is_unpaused = False
        self.looks: list[bool] = []

    @contextmanager
    def unpaused(self, dag_ids: Iterable[str]) -> Iterator[None]:
        assert list(dag_ids) == ["clearinghouse_inbox"]
        self.is_unpaused = True
        yield
        self.is_unpaused = False

    def trigger_inbox(self) -> str:
        assert self.is_unpaused
        return "manual__abcd"

    def run_state(self, dag_id: str, run_id: str) -> str:
        assert (dag_id, run_id) == ("clearinghouse_inbox", "manual__abcd")
        self.looks.append(self.is_unpaused)
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]

    def failed_instances(self, dag_id: str, run_id: str) -> tuple[FailedInstance, ...]:
        return self._failed


def test_the_inbox_is_run_once_to_its_end_and_paused_again() -> None:
    airflow = FakeInbox("queued", "running", "success", failed=(UNREACHABLE,))

    result = run_inbox(airflow, run_limit_seconds=60)

    assert (result.run_id, result.state, result.failed) == ("manual__abcd", "success", ())
    assert airflow.looks == [True, True, True]
    assert not airflow.is_unpaused


def test_a_red_inbox_says_what_failed() -> None:
    result = run_inbox(FakeInbox("running", "failed", failed=(QUARANTINED,)), run_limit_seconds=60)

    assert result.failed == (QUARANTINED,)
    assert result.describe() == "failed (a person has work): default: 1 answer file in quarantine"


def test_an_inbox_that_does_not_end_is_named_in_the_error() -> None:
    with pytest.raises(NightsError, match="clearinghouse_inbox manual__abcd"):
        run_inbox(FakeInbox("queued"), run_limit_seconds=0)


@pytest.mark.parametrize(
    ("state", "failed", "worked", "words"),
    [
        ("success", (), True, "success"),
        ("failed", (QUARANTINED,), True, "failed (a person has work): default: 1 answer file in quarantine"),
        ("failed", (REFUSED,), True, "failed (a person has work): default: 1 file refused, 2 claims to return"),
        ("failed", (QUARANTINED, UNREACHABLE), False, "failed: collect_files"),
        ("failed", (), False, "failed"),
    ],
)
def test_the_inbox_worked_when_only_what_a_person_has_to_look_at_is_red(
    state: str, failed: tuple[FailedInstance, ...], worked: bool, words: str
) -> None:
    result = InboxResult("run", state, 1.0, failed)
    assert result.worked is worked
    assert result.describe() == words
