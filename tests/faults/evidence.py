"""Everything that a night lets out, as text: what is logged, printed, warned of, raised, returned, named and stored."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from include import airflow_support
from include.claims_submission import held_claims
from include.clearinghouse_inbox import steps as inbox_steps
from include.nightly_run.attempt import read_attempt
from include.nightly_run.failures import describe_failures, list_failed_organizations, report
from tests.faults.interruption import run_step, steps_of
from tests.support.sending import directory_boxes

#: Where patient data may stand in billing (table -> paths in the row as JSON): what a scrub found and what people wrote
#: as their reasons, shown on the settings page only; what insurers call their claims; what the clearinghouse gets; its
#: answers, how it names them, and numbers in them that are not ours.
ALLOWED: Final = {
    "billing.acknowledgment": ["{batch_reference}", "{claim_number}", "{payer_claim_control_number}"],
    "billing.adjudication": ["{payer_claim_control_number}"],
    "billing.claim": ["{payer_claim_control_number}"],
    "billing.edit_severity": ["{reason}"],
    "billing.finding": ["{value}"],
    "billing.finding_override": ["{reason}"],
    "billing.history": ["{detail,reason}"],
    "billing.hold": ["{reason}"],
    "billing.inbox_file": ["{body}"],
    "billing.inbox_listing": ["{file_name}"],
    "billing.interchange": ["{body}"],
    "billing.release": ["{reason}"],
}


@dataclass
class Evidence:
    """Place -> all text found there."""

    places: dict[str, list[str]] = field(default_factory=dict)

    def add(self, place: str, *texts: object) -> None:
        """Note what was found at the place."""
        self.places.setdefault(place, []).extend(str(text) for text in texts)

    def add_error(self, error: BaseException | None) -> None:
        """Everything that can be printed of an error and of those attached to it, also where Python would hide them."""
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            self.add("exceptions", repr(error), error, error.args, vars(error), *traceback.format_exception(error))
            self.add_error(error.__cause__)
            error = error.__context__

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note what is logged at any level, printed by whatever means, and warned of."""
        evidence = self

        class Watcher(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                evidence.add("log", record.getMessage(), record.args, logging.Formatter().format(record))

        root = logging.getLogger()
        level, watcher = root.level, Watcher(logging.NOTSET)
        root.addHandler(watcher)
        root.setLevel(logging.DEBUG)
        try:
            with (
                warnings.catch_warnings(record=True) as warned,
                _printed() as printed,
            ):
                warnings.simplefilter("always")
                yield
            self.add("warnings", *(warning.message for warning in warned))
            self.add("output", *printed)
        finally:
            root.removeHandler(watcher)
            root.setLevel(level)

    def add_database(self, connection: psycopg.Connection[Any]) -> None:
        """Note every reporting view and every table of billing and reference, without what `ALLOWED` names."""
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('billing', 'reference')"
            " UNION ALL SELECT schemaname, viewname FROM pg_views WHERE schemaname = 'reporting' ORDER BY 1, 2"
        ).fetchall()
        for schema, table in tables:
            name = f"{schema}.{table}"
            paths = ALLOWED.get(name, [])
            statement = sql.SQL("SELECT (to_jsonb(t) {})::text FROM {} t").format(
                sql.SQL(" ").join([sql.SQL("#- %s::text[]")] * len(paths)), sql.Identifier(schema, table)
            )
            rows = connection.execute(statement, paths).fetchall()
            self.add(name, *(text for (text,) in rows))


@contextmanager
def _printed() -> Iterator[list[str]]:
    """What the process writes to its standard output and error, also past Python."""
    found: list[str] = []
    with tempfile.TemporaryFile() as file:
        sys.stdout.flush()
        sys.stderr.flush()
        kept = [os.dup(descriptor) for descriptor in (1, 2)]
        streams = sys.stdout, sys.stderr
        try:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            sys.stdout = sys.stderr = os.fdopen(os.dup(file.fileno()), "w", encoding="utf-8")
            yield found
        finally:
            sys.stdout.close()
            sys.stdout, sys.stderr = streams
            for descriptor, saved in zip((1, 2), kept, strict=True):
                os.dup2(saved, descriptor)
                os.close(saved)
            file.seek(0)
            found.append(file.read().decode("utf-8", "replace"))


def _in_border(evidence: Evidence, work: Callable[[psycopg.Connection[Any]], object]) -> None:
    """Do it as a task does, behind the border to Airflow, and note what comes out."""
    try:
        with airflow_support.billing_step() as connection:
            evidence.add("return values", repr(work(connection)))
    except Exception as error:
        evidence.add_error(error)


def run_and_note(evidence: Evidence, automation: str, timezone: str, night: str, outbox: Path) -> None:
    """A night, task by task; after a task that fails the last one still closes the run, as in Airflow."""
    run_id = "watched"
    for step in steps_of(automation):
        _in_border(
            evidence,
            lambda connection, step=step: run_step(connection, step, automation, timezone, night, outbox, run_id),  # type: ignore[misc]
        )
    _in_border(evidence, lambda connection: _reports(connection, automation, night))
    evidence.add("file names", *outbox.iterdir())


def answer_and_note(evidence: Evidence, outbox: Path, inbox: Path) -> None:
    """A run of the clearinghouse inbox over the answers in `inbox`, task by task."""
    boxes = directory_boxes(outbox, inbox)
    works: list[Callable[[psycopg.Connection[Any]], object]] = [
        lambda connection: inbox_steps.collect_files(connection, "default", boxes),
        inbox_steps.apply_acknowledgments,
        lambda connection: inbox_steps.settle_files(connection, boxes),
        inbox_steps.return_corrected_claims,
        inbox_steps.list_quarantined,
        inbox_steps.list_overdue,
        inbox_steps.list_uncertain,
        inbox_steps.list_rejected,
        inbox_steps.describe_lock,
    ]
    for work in works:
        _in_border(evidence, work)


def _reports(connection: psycopg.Connection[Any], automation: str, night: str) -> list[object]:
    """What the failed task instances of the night say and are called."""
    row = connection.execute(
        "SELECT attempt_id FROM billing.run_attempt JOIN billing.run USING (run_id)"
        " WHERE (automation, night::text) = (%s, %s)",
        (automation, night),
    ).fetchone()
    assert row is not None
    attempt = read_attempt(connection, row[0])
    failed = list_failed_organizations(connection, attempt)
    said: list[object] = [report(failed), describe_failures(connection, attempt, [number for number, _ in failed])]
    if automation == "claims_submission":
        held = held_claims.list_held_organizations(connection, attempt)
        said += [report([(one.organization_id, one.label) for one in held])]
        said += [held_claims.describe_held_claims(connection, attempt, [one.organization_id for one in held])]
    return said
