"""One measured side in a process of its own: ``python -m benchmarks.sides SIDE``.

Works on the database of ``BILLING_DATABASE_URL`` in the pipeline's role and prints its figures as one line of JSON.
What a side is compared with must not share its imports, its memory or its warm caches, hence the process.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.measuring import Costs, Tally, peak_megabytes
from benchmarks.statements import statement
from include import database
from include.development.environment import pipeline_url
from nightly_schedule.slots import build_slot

Connection = psycopg.Connection[Any]
Figures = dict[str, Any]

#: In the past of any clock, because the night of a run must have come. A Monday.
NIGHT = date(2026, 1, 5)
TIMEZONE = "America/Chicago"
CREATION = build_slot("invoice_creation", NIGHT.isoformat(), TIMEZONE)
PROCESSING = build_slot("invoice_processing", (NIGHT + timedelta(days=1)).isoformat(), TIMEZONE)
VALIDATED_CLAIMS = 500
#: Batches at a time, as many as the machine has processors and no more than two.
WORKERS = min(2, os.cpu_count() or 1)


def pipeline_creation(connection: Connection, limit: int) -> Figures:
    """The whole work of Invoice Creation's tasks, `WORKERS` batches at a time."""
    from include.invoice_creation import steps
    from include.nightly_run import rules
    from include.nightly_run.attempt import open_attempt, organizations_of_batch

    mask = Tally()
    mask.watch(rules, "first_matching_rule", lambda items: items)
    run = _Run(connection, [mask])
    with run.costs.block(connection, "open_run"):
        attempt, numbers = open_attempt(connection, CREATION, "benchmark", 1)

    def work(own: Connection, costs: Costs, number: int) -> int:
        organizations = organizations_of_batch(own, attempt, number)
        with costs.block(own, "select_appointments"):
            steps.select_appointments(own, attempt, organizations)
        with costs.block(own, "apply_exclusion_rules"):
            steps.apply_exclusion_rules(own, attempt, organizations)
        with costs.block(own, "create_invoices"):
            return steps.create_invoices(own, attempt, organizations)

    created = run.work_through(numbers, work)
    with run.costs.block(connection, "close_run"):
        steps.close_run(connection, attempt)
    return run.figures() | {"rows": created, "batches": len(numbers), "mask": mask.figures}


def pipeline_processing(connection: Connection, limit: int) -> Figures:
    """The whole work of Invoice Processing's tasks, `WORKERS` batches at a time; the scrub for advice by itself."""
    from include.claim_records import scrub as claim_scrub
    from include.invoice_processing import steps
    from include.nightly_run import rules
    from include.nightly_run.attempt import open_attempt, organizations_of_batch

    mask, edits = Tally(), Tally()
    mask.watch(rules, "first_matching_rule", lambda items: items)
    run = _Run(connection, [mask])
    with run.costs.block(connection, "open_run"):
        attempt, numbers = open_attempt(connection, PROCESSING, "benchmark", 1)

    def work(own: Connection, costs: Costs, number: int) -> int:
        organizations = organizations_of_batch(own, attempt, number)
        with costs.block(own, "select_invoices"):
            steps.select_invoices(own, attempt, organizations)
        with costs.block(own, "apply_exclusion_rules"):
            steps.apply_exclusion_rules(own, attempt, organizations)
        with costs.block(own, "process_invoices"):
            return steps.process_invoices(own, attempt, organizations)

    created = run.work_through(numbers, work)
    with run.costs.block(connection, "close_run"):
        steps.close_run(connection, attempt)
    figures = run.figures()
    edits.watch(claim_scrub, "scrub", lambda frames: frames.claims)
    advice = Costs()
    for number in numbers:
        organizations = organizations_of_batch(connection, attempt, number)
        with advice.block(connection, "scrub_for_advice"):
            steps.scrub_for_advice(connection, attempt, organizations)
    peak = peak_megabytes()
    return figures | {
        "rows": created,
        "batches": len(numbers),
        "mask": mask.figures,
        "edits": edits.figures,
        "advice": advice.figures
        | {"peak_megabytes": peak, "peak_over_imports_megabytes": peak - run.imported_megabytes},
    }


class _Run:
    """One measured run: batches in processes of their own, as many at a time as `WORKERS`, like Airflow's tasks.

    The processes are there before the clock starts, with everything imported: what a task costs to start is Airflow's.
    """

    def __init__(self, connection: Connection, tallies: list[Tally]) -> None:
        self._connection = connection
        self._tallies = tallies
        self.costs = Costs()
        self.imported_megabytes = peak_megabytes()
        self._peak = self.imported_megabytes
        self._batches_seconds = 0.0

    def work_through(self, numbers: list[int], work: Callable[[Connection, Costs, int], int]) -> int:
        """Do `work` (connection, costs, batch number -> rows) for every batch; return the rows of all."""
        url = pipeline_url(os.environ["BILLING_DATABASE_URL"])
        context = multiprocessing.get_context("fork")
        waiting, done, start = context.SimpleQueue(), context.SimpleQueue(), context.Event()

        def serve() -> None:
            with psycopg.connect(url, autocommit=True) as own:
                ready.release()
                start.wait()
                while (number := waiting.get()) is not None:
                    costs = Costs()
                    for tally in self._tallies:
                        tally.seconds, tally.rows = 0.0, 0
                    rows = work(own, costs, number)
                    done.put((rows, costs, [tally.figures for tally in self._tallies], peak_megabytes()))

        ready = context.Semaphore(0)
        workers = [context.Process(target=serve, daemon=True) for _ in range(min(WORKERS, len(numbers)))]
        for worker in workers:
            worker.start()
        for _ in workers:
            ready.acquire()
        began = time.perf_counter()
        for number in numbers:
            waiting.put(number)
        start.set()
        total = 0
        for _ in numbers:
            while done.empty():
                if any(worker.exitcode not in (None, 0) for worker in workers):
                    raise RuntimeError("a batch failed; its own output says why")
                time.sleep(0.005)
            rows, costs, figures, peak = done.get()
            total += rows
            self.costs.add(costs)
            self._peak = max(self._peak, peak)
            for tally, one in zip(self._tallies, figures, strict=True):
                tally.seconds += one["seconds"]
                tally.rows += int(one["rows"])
        self._batches_seconds = time.perf_counter() - began
        for _ in workers:
            waiting.put(None)
        for worker in workers:
            worker.join()
        return total

    def figures(self) -> Figures:
        """Wall of the run, seconds of each step over all its batches, CPU and memory of the largest process."""
        figures = self.costs.figures
        ends = sum(self.costs.seconds[name] for name in ("open_run", "close_run"))
        return figures | {
            "seconds": ends + self._batches_seconds,
            "workers": WORKERS,
            "peak_megabytes": self._peak,
            "peak_over_imports_megabytes": self._peak - self.imported_megabytes,
        }


def bare_creation(connection: Connection, limit: int) -> Figures:
    """The same invoices and lines by one INSERT … SELECT that decides what can be priced."""
    return _statement(connection, "bare_creation", CREATION.due_at)


def bare_processing(connection: Connection, limit: int) -> Figures:
    """The same claims by one INSERT … SELECT that decides what is covered."""
    return _statement(connection, "bare_processing", PROCESSING.due_at)


def floor_creation(connection: Connection, limit: int) -> Figures:
    """The same invoices and lines by one INSERT … SELECT that is told which."""
    return _statement(connection, "floor_creation", CREATION.due_at)


def floor_processing(connection: Connection, limit: int) -> Figures:
    """The same claims by one INSERT … SELECT that is told which."""
    return _statement(connection, "floor_processing", PROCESSING.due_at)


def per_row_creation(connection: Connection, limit: int) -> Figures:
    """`limit` invoices as an application makes them: per appointment a SELECT, the INSERTs and a commit."""
    item_ids = _slice(connection, "practice.appointment", "appointment_id", limit)
    read, clock = statement("read_priced_lines"), CREATION.due_at
    costs = Costs()
    with costs.block(connection, "per_row"):
        for appointment_id in item_ids:
            with connection.transaction():
                lines = connection.execute(read, {"appointment_id": appointment_id, "timezone": TIMEZONE}).fetchall()
                charges = [line[12] * line[13] for line in lines]
                row = connection.execute(
                    "INSERT INTO billing.invoice (organization_id, client_id, staff_id, location_id, service_on,"
                    " appointment_id, invoice_on, entered_step_on, total_amount, created_run_id, created_by,"
                    " created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 1, 'nightly run', %s)"
                    " RETURNING invoice_id",
                    (*lines[0][:5], appointment_id, NIGHT, NIGHT, sum(charges), clock),
                ).fetchone()
                assert row is not None
                for line, charge in zip(lines, charges, strict=True):
                    connection.execute(
                        "INSERT INTO billing.invoice_line (invoice_id, line_number, service_type_id, procedure_code,"
                        " modifier_1, modifier_2, modifier_3, modifier_4, unit_count, rate_amount, charge_amount)"
                        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                        (row[0], *line[5:14], charge),
                    )
    return costs.figures | {"rows": len(item_ids)}


def per_row_processing(connection: Connection, limit: int) -> Figures:
    """`limit` claims as an application makes them: per invoice a SELECT, an INSERT and a commit."""
    item_ids = _slice(connection, "billing.invoice", "invoice_id", limit)
    night, clock = PROCESSING.night, PROCESSING.due_at
    costs = Costs()
    with costs.block(connection, "per_row"):
        for invoice_id in item_ids:
            with connection.transaction():
                row = connection.execute(
                    "SELECT organization_id, client_id, total_amount FROM billing.invoice"
                    " WHERE invoice_id = %s AND invoice_status = 'open'",
                    (invoice_id,),
                ).fetchone()
                assert row is not None
                connection.execute(
                    "INSERT INTO billing.claim (organization_id, client_id, total_amount, invoice_id, level,"
                    " entered_step_on, entered_step_at, created_run_id, created_by)"
                    " VALUES (%s, %s, %s, %s, 'primary', %s, %s, 1, 'nightly run')",
                    (*row, invoice_id, night, clock),
                )
    return costs.figures | {"rows": len(item_ids)}


def files(connection: Connection, limit: int) -> Figures:
    """`limit` claims read and built into an 837P file with numbers; the first of them validated by pyx12."""
    from include.claim_records.read import read_claim_frames
    from include.clearinghouse.interchange import build_interchange
    from include.clearinghouse.validation import validate
    from include.outbox.receivers import DEFAULT_RECEIVER, read_receiver

    imported = peak_megabytes()
    rows = connection.execute("SELECT claim_id FROM billing.claim ORDER BY claim_id LIMIT %s", (limit,))
    claim_ids = [claim_id for (claim_id,) in rows]
    built_at = PROCESSING.due_at + timedelta(days=1)
    receiver = read_receiver(connection, DEFAULT_RECEIVER)
    read, build, check = Costs(), Costs(), Costs()
    with read.block(connection, "read"):
        frames = read_claim_frames(connection, claim_ids)
    with build.block(connection, "build"):
        build_interchange(frames, receiver).numbered(1, built_at)
    few = claim_ids[:VALIDATED_CLAIMS]
    body = build_interchange(read_claim_frames(connection, few), receiver).numbered(1, built_at)
    with check.block(connection, "validate"):
        verdict = validate(body)
    assert verdict.accepted, "the generated claims are in order, so their file must be"
    return _memory(imported) | {
        "read": read.figures | {"rows": len(claim_ids)},
        "build": build.figures | {"rows": len(claim_ids)},
        "validate": check.figures | {"rows": len(few)},
    }


SIDES: dict[str, Callable[[Connection, int], Figures]] = {
    side.__name__: side
    for side in (
        pipeline_creation,
        bare_creation,
        floor_creation,
        per_row_creation,
        pipeline_processing,
        bare_processing,
        floor_processing,
        per_row_processing,
        files,
    )
}


def _statement(connection: Connection, name: str, clock: datetime) -> Figures:
    costs = Costs()
    parameters = {"night": NIGHT, "timezone": TIMEZONE, "clock": clock}
    with costs.block(connection, name), database.writing(connection):
        written = connection.execute(statement(name), parameters).rowcount
    return costs.figures | {"rows": written}


def _slice(connection: Connection, table: str, column: str, limit: int) -> list[int]:
    """The first ids of the table that are not in benchmark.left_out."""
    query = sql.SQL(
        "SELECT {column} FROM {table} WHERE {column} NOT IN (SELECT item_id FROM benchmark.left_out)"
        " ORDER BY {column} LIMIT {limit}"
    )
    rows = connection.execute(
        query.format(column=sql.Identifier(column), table=sql.Identifier(*table.split(".")), limit=limit)
    )
    return [item_id for (item_id,) in rows]


def _memory(imported: float) -> Figures:
    peak = peak_megabytes()
    return {"peak_megabytes": peak, "peak_over_imports_megabytes": peak - imported}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sides", description=__doc__)
    parser.add_argument("side", choices=SIDES)
    parser.add_argument("--limit", type=int, default=2_000, help="items of a side that works on a slice")
    options = parser.parse_args(arguments)
    with psycopg.connect(pipeline_url(os.environ["BILLING_DATABASE_URL"]), autocommit=True) as connection:
        figures = SIDES[options.side](connection, options.limit)
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
