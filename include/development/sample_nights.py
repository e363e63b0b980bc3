"""``make run``: the sample practices, three consecutive nights of the three automations through Airflow, and the
answers of a simulated clearinghouse to the files they sent.

The dates are fixed and a sample database has a simulated clock, so the result is the same on any day. A second call
runs every night again: new attempts, and nothing else changes.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import date
from types import FrameType
from typing import Any

import psycopg

from include import database
from include.development import airflow_services, embedded_postgres, environment, sample_answers
from include.development.backfill import buckets_with_practices
from include.development.nights import INBOX, AirflowClient, NightResult, NightsError, run_nights
from include.development.simulated_clearinghouse import FolderMissing
from include.practice_data.load import SAMPLE_DIRECTORY, load_directory
from include.practice_data.problems import LoadRefused
from include.practice_data.sample_hand_work import work_by_hand
from include.reference_data.load import load_references
from nightly_schedule.buckets import AUTOMATION_LOCAL_TIMES
from nightly_schedule.slots import build_slot

NIGHTS = (date(2026, 11, 2), date(2026, 11, 3), date(2026, 11, 4))
RUN_LIMIT_SECONDS = 240.0


def read_nightly_results(connection: psycopg.Connection[Any]) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows of the printed table, one row per automation, night and bucket. The only query of results
    in this module."""
    cursor = connection.execute(
        """
        SELECT automation, night, timezone AS bucket,
            sum(candidate_count) AS candidates, sum(advanced_count) AS advanced, sum(excluded_count) AS excluded,
            sum(blocked_count) AS blocked, sum(review_day_count) AS "review day",
            sum(scrub_error_count) AS "scrub errors",
            sum(waiting_count + before_start_count + on_hold_count + refused_count + left_to_another_run_count
                + step_failed_count) AS other,
            sum(advanced_amount) AS dollars
        FROM reporting.nightly_results
        WHERE night = ANY(%s)
        GROUP BY automation, night, timezone
        ORDER BY automation, night, timezone
        """,
        [list(NIGHTS)],
    )
    return [column.name for column in cursor.description or ()], cursor.fetchall()


def run_sample() -> int:
    """Everything ``make run`` does. The exit code: 0 when every run ended as it should and every claim that was sent
    has an answer."""
    begun = time.monotonic()
    with airflow_services.databases() as (owner_url, _):
        applied = database.migrate(owner_url)
        load_references(owner_url)
        loaded = load_directory(owner_url, SAMPLE_DIRECTORY, is_sample=True)
        work_by_hand(owner_url)
        print(
            f"Billing database ready ({len(applied)} migrations applied, {loaded.written_count} sample rows written)."
        )
        timezones = buckets_with_practices(owner_url)
        slots = [
            build_slot(automation, night.isoformat(), timezone)
            for night in NIGHTS
            for timezone in timezones
            for automation in AUTOMATION_LOCAL_TIMES
        ]
        print("Starting Airflow (api-server, scheduler, dag-processor) …", flush=True)
        with airflow_services.temporary_services() as services, AirflowClient(services) as client:
            client.wait_for_dags([*AUTOMATION_LOCAL_TIMES, INBOX])
            ready = time.monotonic()
            print(
                f"Ready after {ready - begun:.0f} s. {len(slots)} runs: 3 nights, {len(timezones)} buckets.", flush=True
            )
            with client.unpaused(AUTOMATION_LOCAL_TIMES):
                results = run_nights(client, slots, report=_print_now, run_limit_seconds=RUN_LIMIT_SECONDS)
            print(f"{len(results)} runs in {time.monotonic() - ready:.0f} s.")
            inbox = sample_answers.close_loop(client, report=_print_now, run_limit_seconds=RUN_LIMIT_SECONDS)
        with psycopg.connect(owner_url) as connection:
            names, rows = read_nightly_results(connection)
            files = sample_answers.read_file_answers(connection)
            rejections = sample_answers.read_rejections(connection)
    print()
    print(as_table(names, rows))
    _print_failures(results)
    print()
    print(as_table(sample_answers.COLUMNS, [each.row for each in files]))
    print()
    print(sample_answers.describe_rejections(rejections))
    _print_where()
    broken = [
        f"{result.slot.automation} {result.run_id}: {result.describe()}" for result in results if not result.worked
    ]
    broken += [] if inbox.worked else [f"{INBOX} {inbox.run_id}: {inbox.describe()}"]
    print()
    if broken:
        print("\n  ".join([f"{len(broken)} of {len(results) + 1} runs did not work:", *broken]))
        return 1
    faults = sample_answers.faults_of(files)
    if faults:
        print("\n  ".join(["Not everything that was sent has an answer:", *faults]))
        return 1
    held = sum(len(result.failed) for result in results)
    print(
        f"The pipeline worked, in {time.monotonic() - begun:.0f} s."
        f" The {held} failed task instances are meant to be: the sample holds claims with errors, one instance for each"
        " practice and night that has some."
    )
    print(
        f"The loop is closed: all {sum(each.claims for each in files)} claims sent have an answer. What the simulated"
        " clearinghouse rejects, and by which rules: include/development/simulated_clearinghouse.py"
    )
    return 0


def as_table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows under their names, numbers to the right; the first column is written only where it changes."""
    cells = [["" if value is None else str(value) for value in row] for row in rows]
    if not cells:
        return "(no results)"
    widths = [max(len(name), *(len(row[number]) for row in cells)) for number, name in enumerate(names)]
    to_right = [all(_is_number(row[number]) for row in cells) for number in range(len(names))]

    def line(values: Sequence[str]) -> str:
        padded = (
            value.rjust(width) if right else value.ljust(width)
            for value, width, right in zip(values, widths, to_right, strict=True)
        )
        return "  ".join(padded).rstrip()

    written = [line(names), line(["-" * width for width in widths])]
    before = ""
    for row in cells:
        written.append(line(["" if row[0] == before else row[0], *row[1:]]))
        before = row[0]
    return "\n".join(written)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace("-", "", 1).isdigit()


def _print_now(text: str) -> None:
    print(text, flush=True)


def _print_failures(results: Sequence[NightResult]) -> None:
    failed = [(result, instance) for result in results for instance in result.failed]
    print(f"\nFailed task instances: {len(failed)}")
    for result, instance in sorted(failed, key=lambda pair: (pair[0].slot.partition_date, pair[1].label)):
        slot = result.slot
        print(f"  {slot.automation} {slot.night} {slot.bucket.city} {instance.task_id} [{instance.label}]")
        print(f"      {instance.message}")


def _print_where() -> None:
    outbox = environment.outbox_dir()
    files = sorted(path for path in outbox.rglob("*") if path.is_file()) if outbox.is_dir() else []
    print(f"\n837P files: {len(files)} in {outbox}")
    for path in files:
        print(f"  {path.relative_to(outbox)}  {path.stat().st_size} bytes")
    inbox = environment.inbox_dir()
    print(f"Answers:    {sum(path.is_file() for path in inbox.rglob('*'))} in {inbox}")
    print("\nAirflow with these runs in its UI:  make up    (ends with make down)")
    print("The billing database:               make psql")


def _exit_on_signal(signal_number: int, _frame: FrameType | None) -> None:
    # As an exception, so that the with blocks end what they have started.
    raise SystemExit(128 + signal_number)


def main() -> int:
    signal.signal(signal.SIGTERM, _exit_on_signal)
    signal.signal(signal.SIGHUP, _exit_on_signal)
    try:
        return run_sample()
    except LoadRefused as refused:
        print("The sample is not loaded, and nothing is run:", file=sys.stderr)
        for problem in refused.problems:
            print(f"  {problem}", file=sys.stderr)
        return 2
    except (
        NightsError,
        FolderMissing,
        airflow_services.ServicesError,
        embedded_postgres.EmbeddedPostgresError,
        database.MigrationError,
        psycopg.OperationalError,
    ) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
