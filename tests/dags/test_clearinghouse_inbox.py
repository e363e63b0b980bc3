"""The inbox through Airflow's own scheduling of the tasks: red exactly when a person has something to do."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from include.development import environment
from include.errors import Unavailable
from tests.support.answers import ta1
from tests.support.nights import run_night

Run = Callable[[], Any]

NIGHTS = {"invoice_creation": "2026-11-02", "invoice_processing": "2026-11-03", "claims_submission": "2026-11-04"}
STEPS = {
    "list_receivers",
    "collect_files",
    "acknowledgments.apply_acknowledgments",
    "acknowledgments.settle_files",
    "acknowledgments.return_corrected_claims",
    "list_quarantined",
    "list_overdue",
    "list_uncertain",
    "list_rejected",
}
MAPPED = {"quarantined_files", "overdue_answers", "uncertain_files", "rejected_files"}
# The lock has no instances, and a database that does not answer is none.
LEAVES = {*MAPPED, "failed_steps", "sending_locked"}


def states(run: Any) -> Counter[tuple[str, str]]:
    """How many task instances of which task ended in which state."""
    return Counter((instance.task_id, str(instance.state)) for instance in run.get_task_instances())


def labels(run: Any, task_id: str) -> list[str]:
    """What the UI calls the instances of a mapped task."""
    return [one.rendered_map_index for one in run.get_task_instances() if one.task_id == task_id]


def submit_claims(sample_url: str, outbox: Path) -> None:
    """Three nights of one bucket: a file is built, and delivered where sending is allowed."""
    with psycopg.connect(environment.pipeline_url(sample_url), autocommit=True) as pipeline:
        for automation, night in NIGHTS.items():
            run_night(pipeline, automation, "America/Chicago", night, outbox)


def test_an_event_or_the_clock_starts_one_run_at_a_time(dags: dict[str, Any]) -> None:
    dag = dags["clearinghouse_inbox"]
    assert dag.max_active_runs == 1
    assert dag.timetable.timetable.expression == "30 * * * *"
    (asset,) = dag.timetable.asset_condition.objects
    (watcher,) = asset.watchers
    assert watcher.trigger.serialize() == ("clearinghouse_watch.trigger.NewAnswersTrigger", {"poll_seconds": 60.0})


def test_what_may_be_red_is_a_leaf_and_named_so_that_a_person_recognises_it(dags: dict[str, Any]) -> None:
    dag = dags["clearinghouse_inbox"]
    assert {task.task_id for task in dag.tasks} == STEPS | LEAVES
    assert {task.task_id for task in dag.leaves} == LEAVES
    for task_id in ("collect_files", *MAPPED):
        assert dag.get_task(task_id).map_index_template == "{{ label }}", task_id
    for task_id in LEAVES - {"sending_locked"}:
        assert dag.get_task(task_id).retries == 0, task_id
    for task_id in STEPS | {"sending_locked"}:
        assert dag.get_task(task_id).retries == 2, task_id


def test_no_step_that_can_fail_is_forgotten_by_the_leaf_that_makes_the_run_red(dags: dict[str, Any]) -> None:
    dag = dags["clearinghouse_inbox"]
    # A list that fails takes its own leaf with it.
    lists = {"list_quarantined", "list_overdue", "list_uncertain", "list_rejected"}
    assert dag.get_task("failed_steps").upstream_task_ids == STEPS - lists
    assert all(dag.get_task(task_id).downstream_task_ids <= LEAVES for task_id in lists)


def test_with_nothing_there_the_run_is_green(run_inbox: Run) -> None:
    run = run_inbox()
    assert run.state == "success"
    assert states(run) == {
        **{(task, "success"): 1 for task in STEPS | {"sending_locked"}},
        **{(task, "skipped"): 1 for task in LEAVES - {"sending_locked"}},
    }
    assert labels(run, "collect_files") == ["default"]


def test_a_file_that_cannot_be_read_is_red_until_a_person_has_dismissed_it(
    run_inbox: Run, sample_url: str, tmp_path: Path
) -> None:
    name = "remittance of Nameqxz.txt"
    junk = tmp_path / "inbox" / name
    junk.write_bytes(b"nothing of X12")
    os.utime(junk, (1_700_000_000, 1_700_000_000))  # not one that is still being written
    run = run_inbox()
    assert run.state == "failed"
    assert {task for task, state in states(run) if state == "failed"} == {"quarantined_files"}
    assert labels(run, "quarantined_files") == ["default: 1 answer file in quarantine"]

    run = run_inbox()
    assert run.state == "failed", "as long as nobody has looked at it"
    with psycopg.connect(sample_url, autocommit=True) as billing:
        billing.execute("SELECT billing.dismiss_inbox_file(inbox_file_id, 'not for us') FROM billing.inbox_file")
    assert run_inbox().state == "success"


def test_an_answer_that_does_not_come_is_red_until_a_person_says_how_long_to_wait(
    run_inbox: Run, sample_url: str, tmp_path: Path
) -> None:
    submit_claims(sample_url, tmp_path / "outbox")
    assert run_inbox().state == "success", "it is not due yet"
    with psycopg.connect(sample_url, autocommit=True) as billing:
        billing.execute("UPDATE billing.receiver SET acknowledgment_due_after = '1 minute'")
        run = run_inbox()
        assert run.state == "failed"
        assert {task for task, state in states(run) if state == "failed"} == {"overdue_answers"}
        assert labels(run, "overdue_answers") == ["default: 1 file without acknowledgment"]
        billing.execute("SELECT billing.wait_for_answer(interchange_id, 'infinity', 'asked') FROM billing.interchange")
    assert run_inbox().state == "success"


def test_a_file_that_only_a_person_can_get_out_is_red_and_leaves_by_itself_afterwards(
    run_inbox: Run, sample_url: str, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable, match="does not exist"):
        submit_claims(sample_url, tmp_path / "not mounted")
    with psycopg.connect(sample_url, autocommit=True) as billing:
        row = billing.execute("SELECT file_name, interchange_state FROM billing.interchange").fetchone()
        assert row is not None and row[1] == "built"
        other = tmp_path / "outbox" / str(row[0])
        other.write_bytes(b"other bytes under our name")
        run = run_inbox()
        assert run.state == "failed"
        assert {task for task, state in states(run) if state == "failed"} == {"uncertain_files"}
        assert labels(run, "uncertain_files") == ["default: 1 file of unknown outcome"]
        other.unlink()
        assert run_inbox().state == "success"
        assert billing.execute("SELECT interchange_state FROM billing.interchange").fetchall() == [("sent",)]


def test_a_refused_file_is_red_until_its_claims_are_returned(run_inbox: Run, sample_url: str, tmp_path: Path) -> None:
    submit_claims(sample_url, tmp_path / "outbox")
    with psycopg.connect(sample_url, autocommit=True) as billing:
        row = billing.execute("SELECT interchange_id, control_number FROM billing.interchange").fetchone()
        assert row is not None
        (tmp_path / "inbox" / "a.ta1").write_bytes(ta1(row[1], "R", "006"))
        for _ in range(2):
            run = run_inbox()
            assert run.state == "failed", "also when the answer is an old one"
            assert {task for task, state in states(run) if state == "failed"} == {"rejected_files"}
            (label,) = labels(run, "rejected_files")
            assert label.startswith("default: 1 file refused, ")
        billing.execute("SELECT billing.return_claims_of_file(%s, 'receiver id corrected')", (row[0],))
    assert run_inbox().state == "success"


def test_a_lock_is_red_until_it_is_opened_and_a_persons_stop_is_not(run_inbox: Run, sample_url: str) -> None:
    with psycopg.connect(sample_url, autocommit=True) as billing:
        billing.execute("SELECT billing.lock_sending('number_ahead')")
        run = run_inbox()
        assert run.state == "failed"
        assert {task for task, state in states(run) if state == "failed"} == {"sending_locked"}
        billing.execute("SELECT billing.unlock_sending('compared')")
        billing.execute("UPDATE billing.deployment SET is_sending_enabled = false")
    assert run_inbox().state == "success"


def test_a_receiver_that_cannot_be_reached_fails_alone_and_the_run_is_red(
    run_inbox: Run, sample_url: str, tmp_path: Path
) -> None:
    (tmp_path / "inbox" / "second").mkdir()
    with psycopg.connect(sample_url, autocommit=True) as billing:
        billing.execute(
            "INSERT INTO billing.receiver SELECT (r).* FROM (SELECT jsonb_populate_record(r, jsonb_build_object("
            " 'receiver_code', code, 'receiver_id', upper(code), 'answers_folder', code)) AS r"
            " FROM billing.receiver r, unnest(ARRAY['missing', 'second']) code) x"
        )
        junk = tmp_path / "inbox" / "second" / "a.txt"
        junk.write_bytes(b"nothing of X12")
        os.utime(junk, (1_700_000_000, 1_700_000_000))
        run = run_inbox()
        stored = billing.execute("SELECT receiver_code, file_state FROM billing.inbox_file").fetchall()
    assert run.state == "failed"
    counted = states(run)
    assert counted["collect_files", "success"] == 2
    assert {(task, state) for task, state in counted if state == "failed"} == {
        ("collect_files", "failed"),
        ("failed_steps", "failed"),
        ("quarantined_files", "failed"),
    }
    assert sorted(labels(run, "collect_files")) == ["default", "missing", "second"]
    assert stored == [("second", "quarantined")], "its answers were read all the same"


@pytest.mark.parametrize("step", ["apply_acknowledgments", "settle_files", "return_corrected_claims"])
def test_a_step_that_fails_stops_no_other_and_the_run_is_red(
    run_inbox: Run, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    from include.clearinghouse_inbox import steps

    def broken(*_: object) -> None:
        raise ValueError("a row")

    monkeypatch.setattr(steps, step, broken)
    run = run_inbox()
    assert run.state == "failed"
    counted = states(run)
    assert {task for task, state in counted if state == "failed"} == {f"acknowledgments.{step}", "failed_steps"}
    others = {*STEPS, "sending_locked"} - {f"acknowledgments.{step}"}
    assert {task for task, state in counted if state == "success"} == others


def test_what_goes_through_airflow_is_counts_ids_and_labels(
    run_inbox: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    junk = tmp_path / "inbox" / "remittance of Nameqxz.txt"
    junk.write_bytes(b"nothing of X12, but Nameqxz")
    os.utime(junk, (1_700_000_000, 1_700_000_000))
    run = run_inbox()
    with create_session() as session:
        values = [row.value for row in session.query(XComModel).filter(XComModel.run_id == run.run_id)]
    assert any("in quarantine" in str(value) for value in values)
    assert "qxz" not in str(values)
