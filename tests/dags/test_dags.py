"""What the DAG files promise to whoever looks at them in the UI."""

from __future__ import annotations

from typing import Any

import pytest

AUTOMATIONS = ("claims_submission", "invoice_creation", "invoice_processing")


@pytest.fixture
def nightly(dags: dict[str, Any]) -> dict[str, Any]:
    return {dag_id: dags[dag_id] for dag_id in AUTOMATIONS}


def test_there_are_the_automations_each_with_its_task_group_and_the_inbox(dags: dict[str, Any]) -> None:
    assert set(dags) == {*AUTOMATIONS, "clearinghouse_inbox"}
    for dag_id in AUTOMATIONS:
        assert dag_id in dags[dag_id].task_group_dict
    assert "acknowledgments" in dags["clearinghouse_inbox"].task_group_dict
    assert "clearinghouse" in dags["claims_submission"].task_group_dict


def test_every_dag_and_every_task_says_what_it_does(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        for heading in ("Reads", "Writes", "Safe to run again", "When it fails"):
            assert f"| {heading} |" in dag.doc_md
        assert dag.tasks
        for task in dag.tasks:
            assert (task.doc_md or "").strip(), task.task_id


def test_mapped_tasks_have_names_a_person_recognises(nightly: dict[str, Any]) -> None:
    for dag in nightly.values():
        group = dag.task_group_dict[dag.dag_id]
        mapped = [task for task in dag.tasks if task.task_id.startswith(f"{group.group_id}.")]
        mapped += [task for task in dag.tasks if task.task_id in ("scrub_errors", "step_failures")]
        assert len(mapped) >= 4
        for task in mapped:
            assert task.map_index_template == "{{ label }}", task.task_id


def test_the_always_run_last_step_does_not_decide_the_colour_of_the_run(nightly: dict[str, Any]) -> None:
    for dag in nightly.values():
        close = dag.get_task("close_run")
        assert close.is_teardown
        assert not close.on_failure_fail_dagrun
        assert close.downstream_task_ids == set()
        # What may be red is a leaf: nothing but the teardown comes after it.
        for task_id in ("step_failures", "scrub_errors"):
            if task_id in dag.task_ids:
                assert dag.get_task(task_id).downstream_task_ids == {"close_run"}


def test_held_claims_do_not_keep_the_clean_ones(dags: dict[str, Any]) -> None:
    dag = dags["claims_submission"]
    assert "scrub_errors" not in dag.get_task("clearinghouse.build_files").get_flat_relative_ids(upstream=True)
    assert "scrub_errors" not in dag.get_task("clearinghouse.deliver_files").get_flat_relative_ids(upstream=True)


def test_a_bad_organization_never_stops_the_others_by_fail_fast(dags: dict[str, Any]) -> None:
    assert dags
    for dag_id, dag in dags.items():
        assert not dag.fail_fast
        assert (dag.max_active_runs >= 16) == (dag_id in AUTOMATIONS)
        assert not dag.catchup
