"""Files that an earlier attempt left behind: found out about, and delivered where that is safe."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from typing import Any

import psycopg

from include.database import execute, writing
from include.errors import BillingError, Unavailable
from include.outbox.delivery import Delivery, OpenDropBox, Sender, deliver_file, is_sending_allowed
from include.outbox.receivers import read_drop_box_settings

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]


def deliver_in_turn(
    sender: Sender, files: Iterable[tuple[int, str]], open_drop_box: OpenDropBox
) -> tuple[list[Delivery], list[str]]:
    """Deliver files, given as (interchange_id, receiver_code) in order of receiver; what became of them, and problems.

    A file or a receiver with a fault does not hold up the others. With sending stopped no receiver is even asked.
    """
    deliveries: list[Delivery] = []
    problems: list[str] = []
    if not is_sending_allowed(sender.connection):
        log.info("no file leaves: all sending is stopped or locked")
        return deliveries, problems
    for receiver_code, group in groupby(files, key=itemgetter(1)):
        try:
            with open_drop_box(read_drop_box_settings(sender.connection, receiver_code)) as box:
                for interchange_id, _ in group:
                    delivery = deliver_file(sender, interchange_id, box)
                    deliveries.append(delivery)
                    problems += _problem(interchange_id, delivery)
        except (BillingError, Unavailable) as error:
            problems.append(f"receiver {receiver_code}: {error}")
    return deliveries, problems


def _problem(interchange_id: int, delivery: Delivery) -> list[str]:
    if delivery.outcome == "unknown":
        cause = f" ({delivery.fault})" if delivery.fault else ""
        return [f"file {interchange_id}: whether it arrived is unknown{cause}: docs/runbook.md, Outcome unknown"]
    return [] if delivery.fault is None else [f"file {interchange_id}: {delivery.fault}"]


def settle_files(connection: Connection, open_drop_box: OpenDropBox, simulated_now: str | None = None) -> int:
    """Find out about, and deliver, every file that an attempt left behind; return how many are still not with the
    receiver. Their results count for the run that built them.

    Files that no attempt has touched are a night's own work and stay.
    """
    sender = Sender(connection, simulated_now=simulated_now)
    with sender.writing():
        files = execute(connection, "outbox/read_left_behind.sql", {}).fetchall()
    _, problems = deliver_in_turn(sender, files, open_drop_box)
    for problem in problems:
        log.warning("%s", problem)
    recount_results(connection, simulated_now)
    # Counted afterwards, because another worker may have delivered some of them meanwhile.
    row = connection.execute(
        "SELECT count(*) FROM billing.interchange"
        " WHERE interchange_id = ANY(%s) AND interchange_state IN ('built', 'sending', 'unknown')",
        ([interchange_id for interchange_id, _ in files],),
    ).fetchone()
    assert row is not None
    return int(row[0])


def recount_results(connection: Connection, simulated_now: str | None = None) -> None:
    """Write the results of runs anew whose files turned out to be with the receiver after the run had closed."""
    with writing(connection, simulated_now=simulated_now, actor="delivery"):
        for run_id, attempt_id, automation, night in execute(connection, "outbox/read_stale_runs.sql", {}).fetchall():
            execute(
                connection,
                "nightly_run/record_results.sql",
                {"run_id": run_id, "attempt_id": attempt_id, "automation": automation, "night": night},
            )
            log.info("run %s: results counted again", run_id)
