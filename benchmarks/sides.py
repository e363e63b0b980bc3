"""One measured side in a process of its own: ``python -m benchmarks.sides SIDE``.

Works on the database of ``BILLING_DATABASE_URL`` in the pipeline's role and prints its figures as one line of JSON.
What a side is compared with must not share its imports, its memory or its warm caches, hence the process.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
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


def pipeline_creation(connection: Connection, limit: int) -> Figures:
    """The whole work of Invoice Creation's tasks, batch by batch."""
    from include.invoice_creation import steps
    from include.nightly_run import rules
    from include.nightly_run.attempt import open_attempt, organizations_of_batch

    imported = peak_megabytes()
    costs, mask = Costs(), Tally()
    mask.watch(rules, "first_matching_rule", lambda items: items)
    with costs.block(connection, "open_run"):
        attempt, batches = open_attempt(connection, CREATION, "benchmark", 1)
    created = 0
    for number in batches:
        organizations = organizations_of_batch(connection, attempt, number)
        with costs.block(connection, "select_appointments"):
            steps.select_appointments(connection, attempt, organizations)
        with costs.block(connection, "apply_exclusion_rules"):
            steps.apply_exclusion_rules(connection, attempt, organizations)
        with costs.block(connection, "create_invoices"):
            created += steps.create_invoices(connection, attempt, organizations)
    with costs.block(connection, "close_run"):
        steps.close_run(connection, attempt)
    return costs.figures | _memory(imported) | {"rows": created, "batches": len(batches), "mask": mask.figures}


def pipeline_processing(connection: Connection, limit: int) -> Figures:
    """The whole work of Invoice Processing's tasks, batch by batch; the scrub for advice after it, by itself."""
    from include.claim_records import scrub as claim_scrub
    from include.invoice_processing import steps
    from include.nightly_run import rules
    from include.nightly_run.attempt import open_attempt, organizations_of_batch

    imported = peak_megabytes()
    costs, advice, mask, edits = Costs(), Costs(), Tally(), Tally()
    mask.watch(rules, "first_matching_rule", lambda items: items)
    edits.watch(claim_scrub, "scrub", lambda frames: frames.claims)
    with costs.block(connection, "open_run"):
        attempt, numbers = open_attempt(connection, PROCESSING, "benchmark", 1)
    batches = [organizations_of_batch(connection, attempt, number) for number in numbers]
    created = 0
    for organizations in batches:
        with costs.block(connection, "select_invoices"):
            steps.select_invoices(connection, attempt, organizations)
        with costs.block(connection, "apply_exclusion_rules"):
            steps.apply_exclusion_rules(connection, attempt, organizations)
        with costs.block(connection, "process_invoices"):
            created += steps.process_invoices(connection, attempt, organizations)
    before_advice = peak_megabytes()
    for organizations in batches:
        with advice.block(connection, "scrub_for_advice"):
            steps.scrub_for_advice(connection, attempt, organizations)
    with costs.block(connection, "close_run"):
        steps.close_run(connection, attempt)
    return (
        costs.figures
        | _memory(imported)
        | {
            "rows": created,
            "batches": len(batches),
            "mask": mask.figures,
            "edits": edits.figures,
            "advice": advice.figures,
            "peak_before_advice_megabytes": before_advice,
        }
    )


def bare_creation(connection: Connection, limit: int) -> Figures:
    """The same invoices and lines by one INSERT … SELECT."""
    return _bare(connection, "bare_creation", CREATION.due_at)


def bare_processing(connection: Connection, limit: int) -> Figures:
    """The same claims by one INSERT … SELECT."""
    return _bare(connection, "bare_processing", PROCESSING.due_at)


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
    from include.claims_submission.outbox import DEFAULT_RECEIVER, read_receiver
    from include.clearinghouse.interchange import build_interchange
    from include.clearinghouse.validation import validate

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
        per_row_creation,
        pipeline_processing,
        bare_processing,
        per_row_processing,
        files,
    )
}


def _bare(connection: Connection, name: str, clock: datetime) -> Figures:
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
