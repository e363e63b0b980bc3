"""A night's delivery: every file of the bucket that has not left, also those of older nights."""

from __future__ import annotations

import logging
import time
from typing import Any

import psycopg

from include.database import execute
from include.errors import Unavailable
from include.nightly_run.attempt import Attempt
from include.outbox.delivery import OpenDropBox, Sender
from include.outbox.settlement import deliver_in_turn

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]

#: A worker brings a file of some megabytes to its receiver in less; one that is killed leaves it for longer.
LONGEST_WAIT_SECONDS = 60.0


def deliver_files(connection: Connection, attempt: Attempt, open_drop_box: OpenDropBox) -> int:
    """Deliver the bucket's files that have not left, also those of older nights; return how many claims left.

    May be killed anywhere and called again. A file that cannot leave does not hold up the others; raises `Unavailable`
    naming such files, and those whose outcome is unknown, at the end.
    """
    files = execute(connection, "claims_submission/read_undelivered.sql", attempt.parameters).fetchall()
    sender = Sender(connection, attempt.run_id, attempt.simulated_now)
    deliveries, problems = deliver_in_turn(sender, files, open_drop_box)
    _await_others(connection, [interchange_id for interchange_id, _ in files])
    delivered = sum(delivery.claim_count for delivery in deliveries)
    log.info("run %s: %s claims delivered", attempt.run_id, delivered)
    if problems:
        raise Unavailable(f"{len(problems)} files could not be delivered:\n" + "\n".join(problems))
    return delivered


def _await_others(connection: Connection, interchange_ids: list[int]) -> None:
    """Wait while another worker is at one of the files, so that the run's results say what became of it.

    Not for ever: its worker may be dead. Then the next attempt finds out.
    """
    ends_at = time.monotonic() + LONGEST_WAIT_SECONDS
    while time.monotonic() < ends_at:
        row = connection.execute(
            "SELECT count(*) FROM billing.interchange WHERE interchange_id = ANY(%s) AND interchange_state = 'sending'",
            (interchange_ids,),
        ).fetchone()
        assert row is not None
        if row[0] == 0:
            return
        time.sleep(0.5)
    log.info("another worker is still at some of %s files", len(interchange_ids))
