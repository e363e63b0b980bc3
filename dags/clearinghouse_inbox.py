"""**Clearinghouse Inbox**: answers of the clearinghouses are read when they arrive, and once an hour at least.

One run for all receivers. TA1, 999 and 277CA move files and claims on; a rejected claim comes back once it would be
written otherwise; files of unknown outcome are found out about. The run is red when a person has something to do.

| | |
| --- | --- |
| Reads | files in the receivers' folders for answers; the outbox; live claim data |
| Writes | answers as received and what they say; states of files and claims; files in receivers' folders |
| Safe to run again | yes: a file is stored and applied once, and a rejection is final for its claim version |
| When it fails | one instance per receiver says which files and what to do: `docs/runbook.md` |
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, AssetOrTimeSchedule, AssetWatcher, CronTriggerTimetable, TaskGroup, dag, task

from clearinghouse_watch.trigger import NewAnswersTrigger
from include.airflow_support import billing_step, fail, open_drop_box, set_label

# An event starts a run; those that come during a run start one run after it.
ANSWERS = Asset("clearinghouse_answers", watchers=[AssetWatcher(name="new_answers", trigger=NewAnswersTrigger())])

# A receiver with something for a person to do.
INSTANCE: dict[str, Any] = {"map_index_template": "{{ label }}", "retries": 0}


def look_again(trouble: dict[str, list[int]], list_troubles: Callable[[Any], list[Any]]) -> None:
    """Fail with what is open now of the files that the instance is about; a cleared one may have nothing to say."""
    from include.clearinghouse_inbox import instances

    set_label(str(trouble["label"]))
    with billing_step() as connection:
        message = instances.still_open(list_troubles(connection), trouble["file_ids"])
        if message:
            fail(message)


@dag(
    dag_id="clearinghouse_inbox",
    dag_display_name="Clearinghouse Inbox",
    # The hourly run is the floor: it also sees what no file tells, an answer that does not come. At half past, because
    # the nightly runs start on the hour.
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("30 * * * *", timezone="UTC"), assets=[ANSWERS]),
    doc_md=__doc__,
    catchup=False,
    max_active_runs=1,
    # With one run at a time, one that hangs keeps all answers waiting.
    dagrun_timeout=timedelta(hours=2),
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1), "execution_timeout": timedelta(minutes=30)},
    tags=["billing", "clearinghouse"],
)
def clearinghouse_inbox() -> None:
    @task
    def list_receivers() -> list[str]:
        """The clearinghouses, by their codes."""
        from include.clearinghouse_inbox import steps

        with billing_step() as connection:
            return steps.list_receivers(connection)

    @task(map_index_template="{{ label }}", doc_md="Store what is new in the receiver's folder for answers.")
    def collect_files(receiver_code: str) -> int:
        from include.clearinghouse_inbox import steps

        set_label(receiver_code)
        with billing_step() as connection:
            return steps.collect_files(connection, receiver_code, open_drop_box)

    receivers = list_receivers()
    collected = collect_files.expand(receiver_code=receivers)

    # Each goes on whatever became of the one before: a receiver that cannot be reached must not keep the answers of
    # the others, nor a fault the corrected claims. `failed_steps` makes such a run red.
    with TaskGroup("acknowledgments"):

        @task(trigger_rule="all_done")
        def apply_acknowledgments() -> dict[str, int]:
            """Apply every TA1, 999 and 277CA that was stored, or put the file into quarantine."""
            from include.clearinghouse_inbox import steps

            with billing_step() as connection:
                return steps.apply_acknowledgments(connection)

        @task(trigger_rule="all_done")
        def settle_files() -> int:
            """Find out about files that an earlier attempt left behind, and deliver them where that is safe."""
            from include.clearinghouse_inbox import steps

            with billing_step() as connection:
                return steps.settle_files(connection, open_drop_box)

        @task(trigger_rule="all_done")
        def return_corrected_claims() -> int:
            """Give rejected claims back to Awaiting Submission that would be written otherwise by now."""
            from include.clearinghouse_inbox import steps

            with billing_step() as connection:
                return steps.return_corrected_claims(connection)

        applied, settled, returned = apply_acknowledgments(), settle_files(), return_corrected_claims()
        # An answer says more surely than a look into a folder that a file has arrived, and what it rejects may have
        # been corrected by now.
        applied >> settled >> returned

    @task(trigger_rule="all_done")
    def list_quarantined() -> list[dict[str, object]]:
        """Which receivers have answers in quarantine."""
        from include.clearinghouse_inbox import instances, steps

        with billing_step() as connection:
            return instances.report(steps.list_quarantined(connection))

    @task(**INSTANCE, doc_md="Fail for a receiver with answers that could not be read; when cleared, first look again.")
    def quarantined_files(trouble: dict[str, list[int]]) -> None:
        from include.clearinghouse_inbox import steps

        look_again(trouble, steps.list_quarantined)

    @task(trigger_rule="all_done")
    def list_overdue() -> list[dict[str, object]]:
        """Which receivers owe answers."""
        from include.clearinghouse_inbox import instances, steps

        with billing_step() as connection:
            return instances.report(steps.list_overdue(connection))

    @task(**INSTANCE, doc_md="Fail for a receiver that has not answered in time; when cleared, first look again.")
    def overdue_answers(trouble: dict[str, list[int]]) -> None:
        from include.clearinghouse_inbox import steps

        look_again(trouble, steps.list_overdue)

    @task(trigger_rule="all_done")
    def list_uncertain() -> list[dict[str, object]]:
        """Which receivers have files of which only a person can find out whether they arrived."""
        from include.clearinghouse_inbox import instances, steps

        with billing_step() as connection:
            return instances.report(steps.list_uncertain(connection))

    @task(**INSTANCE, doc_md="Fail for a receiver with files of unknown outcome; when cleared, first look again.")
    def uncertain_files(trouble: dict[str, list[int]]) -> None:
        from include.clearinghouse_inbox import steps

        look_again(trouble, steps.list_uncertain)

    @task(trigger_rule="all_done")
    def list_rejected() -> list[dict[str, object]]:
        """Which receivers refused files or transaction sets whose claims nobody has returned."""
        from include.clearinghouse_inbox import instances, steps

        with billing_step() as connection:
            return instances.report(steps.list_rejected(connection))

    @task(
        **INSTANCE,
        doc_md="Fail for a receiver that refused files or transaction sets; when cleared, first look again.",
    )
    def rejected_files(trouble: dict[str, list[int]]) -> None:
        from include.clearinghouse_inbox import steps

        look_again(trouble, steps.list_rejected)

    @task(trigger_rule="all_done")
    def sending_locked() -> None:
        """Fail while all sending is locked: after a restore, or when a receiver knows of numbers that we do not."""
        from include.clearinghouse_inbox import steps

        with billing_step() as connection:
            message = steps.describe_lock(connection)
            if message:
                fail(message)

    # Only leaves decide the colour of a run, and behind a step that failed the others went on.
    @task(trigger_rule="one_failed", retries=0)
    def failed_steps() -> None:
        """Fail when a step before has: a receiver that could not be reached, a database that did not answer."""
        fail("A step failed after its retries; its own log says why. The others went on, and the next run tries again.")

    quarantined, overdue, uncertain, rejected = list_quarantined(), list_overdue(), list_uncertain(), list_rejected()
    collected >> applied
    returned >> [quarantined, overdue, uncertain, rejected, sending_locked()]
    quarantined_files.expand(trouble=quarantined)
    overdue_answers.expand(trouble=overdue)
    uncertain_files.expand(trouble=uncertain)
    rejected_files.expand(trouble=rejected)
    [receivers, collected, applied, settled, returned] >> failed_steps()


clearinghouse_inbox()
