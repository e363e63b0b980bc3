"""A night's delivery: every file of the bucket that has not left, also those of older nights."""

from __future__ import annotations

import logging
from typing import Any

import psycopg

from include.database import execute
from include.errors import Unavailable
from include.nightly_run.attempt import Attempt
from include.outbox.delivery import OpenDropBox, Sender
from include.outbox.settlement import deliver_in_turn

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]


def deliver_files(connection: Connection, attempt: Attempt, open_drop_box: OpenDropBox) -> int:
    """Deliver the bucket's files that have not left, also those of older nights; return how many claims left.

    May be killed anywhere and called again. A file that cannot leave does not hold up the others; raises `Unavailable`
    naming such files, and those whose outcome is unknown, at the end.
    """
    files = execute(connection, "claims_submission/read_undelivered.sql", attempt.parameters).fetchall()
    sender = Sender(connection, attempt.run_id, attempt.simulated_now)
    deliveries, problems = deliver_in_turn(sender, files, open_drop_box)
    delivered = sum(delivery.claim_count for delivery in deliveries)
    log.info("run %s: %s claims delivered", attempt.run_id, delivered)
    if problems:
        raise Unavailable(f"{len(problems)} files could not be delivered:\n" + "\n".join(problems))
    return delivered
