"""Delivery: files leave from the outbox, as they were stored, and only then do their claims count as submitted."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import psycopg

from include.clearinghouse.directory_delivery import DeliveryFailed, DeliveryRefused, deliver
from include.database import execute, writing
from include.errors import Unavailable
from include.nightly_run.attempt import Attempt
from include.nightly_run.candidates import read_clock

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]


def deliver_files(connection: Connection, attempt: Attempt, directory: Path) -> int:
    """Deliver the bucket's files that have not left, also those of older nights; return how many claims left.

    May be killed anywhere and called again: the same bytes go out under the same name, and a file that is there is
    delivered. A file that cannot leave does not hold the others; raises `Unavailable` naming such files at the end.
    """
    rows = execute(connection, "claims_submission/read_undelivered.sql", attempt.parameters).fetchall()
    delivered = 0
    problems = []
    for (interchange_id,) in rows:
        try:
            delivered += _deliver_file(connection, attempt, interchange_id, directory)
        except (DeliveryFailed, DeliveryRefused) as error:
            problems.append(str(error))
    log.info("run %s: %s claims delivered", attempt.run_id, delivered)
    if problems:
        raise Unavailable(f"{len(problems)} files could not be delivered:\n" + "\n".join(problems))
    return delivered


def _deliver_file(connection: Connection, attempt: Attempt, interchange_id: int, directory: Path) -> int:
    with writing(connection, simulated_now=attempt.simulated_now):
        file = execute(
            connection, "claims_submission/begin_delivery.sql", {"interchange_id": interchange_id}
        ).fetchone()
    if file is None:
        log.info("file %s stays: it has left meanwhile, or all sending is stopped", interchange_id)
        return 0
    name, body = file
    outcome = deliver(bytes(body), name, directory)
    with writing(connection, simulated_now=attempt.simulated_now):
        row = execute(
            connection,
            "claims_submission/record_delivery.sql",
            attempt.parameters | {"interchange_id": interchange_id, "clock": read_clock(connection)},
        ).fetchone()
        assert row is not None
    log.info("run %s: file %s %s, %s claims, $%s", attempt.run_id, name, outcome, *row)
    return int(row[0])
