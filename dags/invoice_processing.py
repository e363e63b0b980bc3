"""**Invoice Processing**: at 22:00 local time open invoices whose review day is over become claims.

One run per bucket (time zone) and night. Claims are scrubbed at once for advice, so that the review day shows what is
wrong while there is time; what stays an invoice has its reason in `reporting.decisions`.

| | |
| --- | --- |
| Reads | invoices, appointments, policies, progress notes; settings and exclusion rules |
| Writes | claims in Awaiting Submission; findings; decisions; results |
| Safe to run again | yes: an invoice has at most one live claim per level, whatever is run again |
| When it fails | an organization whose data broke a step fails in `step_failures`: `docs/runbook.md`, *step failed* |
"""

from __future__ import annotations

from airflow.sdk import dag, task, task_group, teardown

from include.airflow_support import (
    billing_step,
    current_run_id,
    fail,
    hand_on,
    nightly_dag,
    open_batch,
    opened_attempt_id,
    set_label,
    slot_of_run,
)
from include.nightly_run.attempt import open_attempt, read_attempt
from include.nightly_run.failures import describe_failures, list_failed_organizations, report
from nightly_schedule.timetable import NightlyTimetable

AUTOMATION = "invoice_processing"


@dag(
    dag_display_name="Invoice Processing",
    schedule=NightlyTimetable(AUTOMATION),
    doc_md=__doc__,
    **nightly_dag(AUTOMATION),
)
def invoice_processing() -> None:
    # Steps are imported inside the tasks: they bring pandas, and parsing this file must stay cheap. A mapped task does
    # not take its documentation from a docstring, so those that are mapped one by one name it.
    @task
    def open_run() -> list[int]:
        """Freeze which organizations take part tonight, and why others do not; give the batches."""
        with billing_step() as connection:
            attempt, batches = open_attempt(connection, slot_of_run(AUTOMATION), *current_run_id())
            hand_on("attempt_id", attempt.attempt_id)
            return batches

    @task_group(group_id=AUTOMATION)
    def one_batch(attempt_id: int, batch_number: int) -> None:
        @task(map_index_template="{{ label }}")
        def select_invoices(attempt_id: int, batch_number: int) -> int:
            """Freeze the open invoices without a claim."""
            from include.invoice_processing import steps

            with billing_step() as connection:
                return steps.select_invoices(connection, *open_batch(connection, attempt_id, batch_number))

        @task(map_index_template="{{ label }}")
        def apply_exclusion_rules(attempt_id: int, batch_number: int) -> int:
            """Leave out what the organizations' rules name."""
            from include.invoice_processing import steps

            with billing_step() as connection:
                return steps.apply_exclusion_rules(connection, *open_batch(connection, attempt_id, batch_number))

        @task(map_index_template="{{ label }}")
        def process_invoices(attempt_id: int, batch_number: int) -> int:
            """Make the claims; record why the other invoices stay."""
            from include.invoice_processing import steps

            with billing_step() as connection:
                return steps.process_invoices(connection, *open_batch(connection, attempt_id, batch_number))

        @task(map_index_template="{{ label }}")
        def scrub_for_advice(attempt_id: int, batch_number: int) -> int:
            """Scrub the new claims, so that people see what to mend before they are sent."""
            from include.invoice_processing import steps

            with billing_step() as connection:
                return steps.scrub_for_advice(connection, *open_batch(connection, attempt_id, batch_number))

        (
            select_invoices(attempt_id, batch_number)
            >> apply_exclusion_rules(attempt_id, batch_number)
            >> process_invoices(attempt_id, batch_number)
            >> scrub_for_advice(attempt_id, batch_number)
        )

    @task
    def list_failures(attempt_id: int) -> list[dict[str, object]]:
        """Which organizations' data broke a step."""
        with billing_step() as connection:
            return report(list_failed_organizations(connection, read_attempt(connection, attempt_id)))

    @task(
        map_index_template="{{ label }}",
        retries=0,
        doc_md="Fail for an organization whose data broke a step; the others went on.",
    )
    def step_failures(attempt_id: int, failure: dict[str, list[int]]) -> None:
        set_label(str(failure["label"]))
        with billing_step() as connection:
            fail(describe_failures(connection, read_attempt(connection, attempt_id), failure["organization_ids"]))

    # A teardown does not count for the run's state: as a plain last task it would turn a red run green.
    @teardown
    @task(retries=4)
    def close_run() -> str:
        """Account for every invoice of the night and write the results."""
        from include.invoice_processing import steps

        attempt_id = opened_attempt_id()
        if attempt_id is None:
            return "no attempt was opened"
        with billing_step() as connection:
            return steps.close_run(connection, read_attempt(connection, attempt_id))

    batches = open_run()
    attempt_id = batches["attempt_id"]
    moved = one_batch.partial(attempt_id=attempt_id).expand(batch_number=batches)
    failures = list_failures(attempt_id)
    moved >> failures
    step_failures.partial(attempt_id=attempt_id).expand(failure=failures) >> close_run()


invoice_processing()
