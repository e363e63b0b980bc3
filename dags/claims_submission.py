"""**Claims Submission**: at 21:00 local time claims are scrubbed, and the clean ones leave in 837P files.

One run per bucket (time zone) and night. A claim with an error is held and its organization gets one failed task
instance, whose log says which claim, which edit and where to fix it. Clean claims go out meanwhile.

| | |
| --- | --- |
| Reads | claims, live client, coverage and provider data; settings and exclusion rules |
| Writes | findings; files in the outbox and at the clearinghouse; submitted claims; decisions; results |
| Safe to run again | yes: a claim version is in one file for ever; a file leaves with its stored bytes only |
| When it fails | `scrub_errors`: billers fix the data, clearing it sends what is clean. Else: `docs/runbook.md` |
"""

from __future__ import annotations

from airflow.sdk import TaskGroup, dag, task, task_group, teardown

from include.airflow_support import (
    billing_step,
    current_run_id,
    current_try_number,
    fail,
    hand_on,
    nightly_dag,
    open_batch,
    open_drop_box,
    opened_attempt_id,
    set_label,
    slot_of_run,
)
from include.nightly_run.attempt import open_attempt, read_attempt
from include.nightly_run.failures import describe_failures, list_failed_organizations, report
from nightly_schedule.timetable import NightlyTimetable

AUTOMATION = "claims_submission"


@dag(
    dag_display_name="Claims Submission",
    schedule=NightlyTimetable(AUTOMATION),
    doc_md=__doc__,
    **nightly_dag(AUTOMATION),
)
def claims_submission() -> None:
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
        def select_claims(attempt_id: int, batch_number: int) -> int:
            """Freeze the claims in Awaiting Submission."""
            from include.claims_submission import steps

            with billing_step() as connection:
                return steps.select_claims(connection, *open_batch(connection, attempt_id, batch_number))

        @task(map_index_template="{{ label }}")
        def apply_exclusion_rules(attempt_id: int, batch_number: int) -> int:
            """Leave out what the organizations' rules name."""
            from include.claims_submission import steps

            with billing_step() as connection:
                return steps.apply_exclusion_rules(connection, *open_batch(connection, attempt_id, batch_number))

        @task(map_index_template="{{ label }}")
        def scrub_claims(attempt_id: int, batch_number: int) -> int:
            """Run the edits, hold the claims with errors, record why each claim stays."""
            from include.claims_submission import steps

            with billing_step() as connection:
                return steps.scrub_claims(connection, *open_batch(connection, attempt_id, batch_number))

        (
            select_claims(attempt_id, batch_number)
            >> apply_exclusion_rules(attempt_id, batch_number)
            >> scrub_claims(attempt_id, batch_number)
        )

    # A batch that failed must not hide what is held in the others.
    @task(trigger_rule="all_done_min_one_success")
    def list_held_organizations(attempt_id: int) -> list[dict[str, object]]:
        """Which organizations have held claims."""
        from include.claims_submission import held_claims

        with billing_step() as connection:
            held = held_claims.list_held_organizations(connection, read_attempt(connection, attempt_id))
            return report([(one.organization_id, one.label) for one in held])

    @task(
        map_index_template="{{ label }}",
        retries=0,
        doc_md="Fail for an organization with held claims; when cleared, first scrub again and send the clean ones.",
    )
    def scrub_errors(attempt_id: int, held: dict[str, list[int]]) -> None:
        from include.claims_submission import held_claims, steps

        set_label(str(held["label"]))
        with billing_step() as connection:
            attempt = read_attempt(connection, attempt_id)
            if current_try_number() > 1:
                steps.resubmit_organizations(connection, attempt, held["organization_ids"], open_drop_box)
                # What is held now is not what was held when the instance got its name.
                set_label(held_claims.build_label(connection, attempt, held["organization_ids"]))
            message = held_claims.describe_held_claims(connection, attempt, held["organization_ids"])
            if message:
                fail(message)

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
        """Account for every claim of the night and write the results."""
        from include.claims_submission import steps

        attempt_id = opened_attempt_id()
        if attempt_id is None:
            return "no attempt was opened"
        with billing_step() as connection:
            return steps.close_run(connection, read_attempt(connection, attempt_id))

    batches = open_run()
    attempt_id = batches["attempt_id"]
    scrubbed = one_batch.partial(attempt_id=attempt_id).expand(batch_number=batches)
    with TaskGroup("clearinghouse"):

        @task(map_index_template="{{ label }}", doc_md="Put the clean claims into validated 837P files in the outbox.")
        def build_files(attempt_id: int, batch_number: int) -> int:
            from include.claims_submission import steps

            with billing_step() as connection:
                return steps.build_files(connection, *open_batch(connection, attempt_id, batch_number))

        # Always: a batch that failed, or a night with nothing new, must not keep finished files back.
        @task(trigger_rule="all_done")
        def deliver_files() -> int:
            """Deliver the stored bytes of every file that has not left; its claims are submitted then."""
            from include.claims_submission.delivery import deliver_files

            attempt_id = opened_attempt_id()
            if attempt_id is None:
                return 0
            with billing_step() as connection:
                return deliver_files(connection, read_attempt(connection, attempt_id), open_drop_box)

        built = build_files.partial(attempt_id=attempt_id).expand(batch_number=batches)
        sent = deliver_files()
        built >> sent
    held, failures = list_held_organizations(attempt_id), list_failures(attempt_id)
    # Held claims must not keep the clean ones; and the validator holds some more while the files are built.
    scrubbed >> built >> [held, failures]
    reported = [
        scrub_errors.partial(attempt_id=attempt_id).expand(held=held),
        step_failures.partial(attempt_id=attempt_id).expand(failure=failures),
    ]
    [sent, *reported] >> close_run()


claims_submission()
