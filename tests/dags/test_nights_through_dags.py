"""Whole nights through Airflow's own scheduling of the tasks, in this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.dags.conftest import set_environment
from tests.faults.databases import copy_of, database_of
from tests.support.nights import AUTOMATIONS

Run = Callable[..., Any]


def states(run: Any) -> Counter[tuple[str, str]]:
    """How many task instances of which task ended in which state."""
    return Counter((instance.task_id, str(instance.state)) for instance in run.get_task_instances())


@dataclass(frozen=True)
class Chicago:
    """Chicago after its nights until the third one's Claims Submission: only looked at, changed in copies."""

    url: str
    outbox: Path
    earlier_states: dict[tuple[str, str], str]
    third_submission: Any


@pytest.fixture(scope="module")
def chicago(
    dags: dict[str, Any], server_url: str, sample_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chicago]:
    folder = tmp_path_factory.mktemp("chicago")
    with copy_of(server_url, sample_template) as url:
        with pytest.MonkeyPatch.context() as patch:
            set_environment(url, folder, patch)

            def run(dag_id: str, night: str) -> Any:
                return dags[dag_id].test(run_conf={"night": night, "bucket": "America/Chicago"})

            earlier = {
                (dag_id, night): run(dag_id, night).state
                for night in ("2026-11-02", "2026-11-03")
                for dag_id in AUTOMATIONS
            }
            third_submission = run("claims_submission", "2026-11-04")
        yield Chicago(url, folder / "outbox", earlier, third_submission)


def test_a_claim_goes_from_appointment_to_file_and_only_held_claims_are_red(chicago: Chicago) -> None:
    assert len(chicago.earlier_states) == 6
    assert set(chicago.earlier_states.values()) == {"success"}, chicago.earlier_states
    run = chicago.third_submission
    counted = states(run)
    with psycopg.connect(chicago.url) as billing:
        held = billing.execute(
            "SELECT organization_name, scrub_error_count FROM reporting.nightly_results"
            " WHERE automation = 'claims_submission' AND night = '2026-11-04' AND scrub_error_count > 0"
            " AND timezone = 'America/Chicago'"
        ).fetchall()
        outcome = billing.execute(
            "SELECT outcome FROM reporting.runs WHERE automation = 'claims_submission' AND night = '2026-11-04'"
        ).fetchone()
    assert held
    assert run.state == "failed"
    assert counted["scrub_errors", "failed"] == len(held)
    assert {task for task, state in counted if state not in ("success", "skipped")} == {"scrub_errors"}
    assert counted["close_run", "success"] == 1
    assert outcome == ("held_claims",)
    labels = {ti.rendered_map_index for ti in run.get_task_instances() if ti.task_id == "scrub_errors"}
    assert all(any(label.startswith(f"{name}: {count} claim") for label in labels) for name, count in held)
    assert len(list(chicago.outbox.iterdir())) == 1


@pytest.fixture
def chicago_url(chicago: Chicago, server_url: str) -> Iterator[str]:
    """A copy of Chicago's database."""
    with copy_of(server_url, database_of(chicago.url)) as url:
        yield url


def test_clearing_the_failed_instance_after_the_data_are_mended_sends_the_claims(
    dags: dict[str, Any], chicago_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(chicago_url, tmp_path, monkeypatch)
    with psycopg.connect(chicago_url, autocommit=True) as billing:
        before = _awaiting(billing)
        billing.execute("UPDATE practice.client SET sex = 'U' WHERE sex IS NULL")
        mended = billing.execute(
            "SELECT count(*) FROM reporting.open_scrub_errors e WHERE edit_code = 'SEX01' AND severity = 'error'"
            " AND NOT EXISTS (SELECT FROM reporting.open_scrub_errors o"
            "   WHERE o.claim_id = e.claim_id AND o.edit_code <> 'SEX01' AND o.severity = 'error')"
        ).fetchone()
        assert mended is not None and mended[0] >= 1
        # A cleared instance runs with a try number above one; dag.test() has no clearing of its own.
        import include.airflow_support

        monkeypatch.setattr(include.airflow_support, "current_try_number", lambda: 2)
        run = dags["claims_submission"].test(run_conf={"night": "2026-11-04", "bucket": "America/Chicago"})
        after = _awaiting(billing)
    assert before - after == mended[0]
    assert states(run)["scrub_errors", "failed"] == 1, "the other claims are still held"
    (label,) = {ti.rendered_map_index for ti in run.get_task_instances() if ti.task_id == "scrub_errors"}
    with psycopg.connect(chicago_url) as billing:
        held = billing.execute(
            "SELECT organization_name, count(DISTINCT claim_id), count(*) FROM reporting.open_scrub_errors e"
            " WHERE severity = 'error' AND EXISTS (SELECT FROM reporting.decisions d WHERE d.is_open"
            "   AND d.step = 'claim' AND d.item_id = e.claim_id AND d.reason = 'scrub_error') GROUP BY 1"
        ).fetchall()
    assert [label.split(" (")[0]] == [
        f"{name}: {claims} claim{'s' * (claims > 1)} held, {errors} error{'s' * (errors > 1)}"
        for name, claims, errors in held
    ]


def _awaiting(billing: psycopg.Connection[Any]) -> int:
    row = billing.execute("SELECT count(*) FROM billing.claim WHERE claim_status = 'awaiting_submission'").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(
    ("automation", "field", "value"),
    [
        ("invoice_creation", "appointment_date", "2026-11-02"),
        ("invoice_processing", "claim_level", "primary"),
        ("claims_submission", "service_date", "2026-11-02"),
    ],
)
def test_a_rule_excludes_through_the_dag(
    run_dag: Run, sample_url: str, automation: str, field: str, value: str
) -> None:
    nights = [
        ("invoice_creation", "2026-11-02"),
        ("invoice_processing", "2026-11-03"),
        ("claims_submission", "2026-11-04"),
    ]
    with psycopg.connect(sample_url, autocommit=True) as billing:
        organization = billing.execute(
            "SELECT organization_id FROM practice.organization WHERE timezone = 'America/Puerto_Rico'"
        ).fetchone()
        assert organization is not None
        billing.execute("DELETE FROM billing.exclusion_rule WHERE organization_id = %s", organization)
        with billing.transaction():
            rule = billing.execute(
                "INSERT INTO billing.exclusion_rule (organization_id, automation, position) VALUES (%s, %s, 1)"
                " RETURNING rule_id",
                (*organization, automation),
            ).fetchone()
            assert rule is not None
            billing.execute(
                "INSERT INTO billing.exclusion_condition VALUES (%s, 1, %s, %s, %s)",
                (*rule, automation, field, [value]),
            )
        for dag_id, night in nights:
            run_dag(dag_id, night, "America/Puerto_Rico")
            result = billing.execute(
                "SELECT advanced_count, excluded_count FROM reporting.nightly_results"
                " WHERE automation = %s AND night = %s AND organization_id = %s",
                (dag_id, night, *organization),
            ).fetchone()
            assert result is not None
            if dag_id == automation:
                assert result[0] == 0 and result[1] > 0
                break
            assert result[0] > 0 and result[1] == 0


@pytest.mark.parametrize(
    ("dag_id", "done"),
    [
        ("invoice_creation", {"open_run", "close_run"}),
        ("invoice_processing", {"open_run", "close_run"}),
        # Files of older nights leave also when there is nothing new.
        ("claims_submission", {"open_run", "clearinghouse.deliver_files", "close_run"}),
    ],
)
def test_a_bucket_without_organizations_ends_at_once_and_green(run_dag: Run, dag_id: str, done: set[str]) -> None:
    run = run_dag(dag_id, "2026-11-02", "Pacific/Guam")
    assert run.state == "success"
    assert {task for task, state in states(run) if state == "success"} == done
    assert {state for _, state in states(run)} == {"success", "skipped"}


@pytest.mark.parametrize(
    ("night", "bucket"),
    [("2999-01-01", "America/Denver"), (None, None), ("2026-11-02", None)],
)
def test_a_night_that_cannot_be_run_is_refused_at_once(
    run_dag: Run, sample_url: str, night: str | None, bucket: str | None
) -> None:
    run = run_dag("invoice_creation", night, bucket)
    assert run.state == "failed"
    assert states(run)["open_run", "failed"] == states(run)["close_run", "success"] == 1
    with psycopg.connect(sample_url) as billing:
        assert billing.execute("SELECT count(*) FROM billing.run").fetchone() == (0,)
