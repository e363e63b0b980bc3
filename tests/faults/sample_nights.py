"""The sample practices, all in one bucket: small nights in which everything happens that a night knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from include.development import environment
from tests.faults.databases import PreparedNight, copy_of, database_of
from tests.faults.interruption import count_moments, run_step, steps_of
from tests.faults.natural_rows import difference, natural_rows

Connection = psycopg.Connection[Any]

_TIMEZONE = "America/Chicago"
_NIGHTS = {
    "invoice_creation": "2026-11-02",
    "invoice_processing": "2026-11-03",
    "claims_submission": "2026-11-04",
}


@dataclass(frozen=True)
class SampleNight(PreparedNight):
    """Also the files that the undisturbed night delivers, and how many moments each of its steps has."""

    files: dict[str, bytes]
    moments: dict[str, int]


@contextmanager
def prepared_sample_nights(server_url: str, sample_template: str, outbox: Path) -> Iterator[dict[str, SampleNight]]:
    """Automation -> its night; each follows the one before."""
    found = {}
    with ExitStack() as databases:
        url = databases.enter_context(copy_of(server_url, sample_template))
        with psycopg.connect(url, autocommit=True) as billing:
            billing.execute("UPDATE practice.organization SET timezone = %s", (_TIMEZONE,))
        for automation, night in _NIGHTS.items():
            before = database_of(url)
            url = databases.enter_context(copy_of(server_url, before))
            moments = {}
            with psycopg.connect(environment.pipeline_url(url), autocommit=True) as pipeline:
                for step in steps_of(automation):
                    moments[step] = count_moments(
                        partial(run_step, pipeline, step, automation, _TIMEZONE, night, outbox, "undisturbed")
                    )
                clean, outcome = natural_rows(pipeline), newest_outcome(pipeline)
            files = files_in(outbox)
            found[automation] = SampleNight(automation, _TIMEZONE, night, before, outcome, clean, files, moments)
        assert files
        yield found


def newest_outcome(connection: Connection) -> str:
    """How the attempt that was opened last ended."""
    row = connection.execute("SELECT outcome FROM billing.run_attempt ORDER BY attempt_id DESC LIMIT 1").fetchone()
    assert row is not None
    return str(row[0])


def files_in(directory: Path) -> dict[str, bytes]:
    """Everything that lies in the directory, leftovers included."""
    return {file.name: file.read_bytes() for file in directory.iterdir()}


def assert_ended_as_undisturbed(connection: Connection, prepared: SampleNight, outbox: Path) -> None:
    """The same rows, file by file, the same directory, the same outcome, and nothing left on the work table."""
    assert difference(natural_rows(connection), prepared.clean) == {}
    assert files_in(outbox) == prepared.files
    assert newest_outcome(connection) == prepared.outcome
    assert connection.execute(
        "SELECT count(*) FROM billing.candidate JOIN billing.run_attempt USING (attempt_id) WHERE closed_at IS NOT NULL"
    ).fetchone() == (0,)
