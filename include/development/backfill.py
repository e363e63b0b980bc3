"""Runs missed nights: ``make backfill FROM=2026-11-02 TO=2026-11-04 [DAG=invoice_creation] [BUCKET=America/Denver]``.

Both nights are included. By default all three automations run for every bucket that has practices, nights in order.
A night whose last run succeeded is left alone unless FORCE=1; a failed one runs again. Needs ``make up``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import psycopg

from include import database
from include.development import airflow_services, embedded_postgres
from include.development.nights import UNFINISHED, AirflowClient, NightsError, run_nights
from include.development.with_server import billing_database
from nightly_schedule.buckets import AUTOMATION_LOCAL_TIMES, BUCKET_BY_TIMEZONE
from nightly_schedule.slots import Slot, build_slot

RUN_LIMIT_SECONDS = 4 * 3600.0


class BackfillRefused(Exception):
    """What was asked for cannot be run; the message says why and what can."""


@dataclass(frozen=True)
class Left:
    """A slot that is not run, and why."""

    slot: Slot
    reason: str


def choose_slots(
    first: date, last: date, automations: Sequence[str], timezones: Sequence[str], *, now: datetime
) -> list[Slot]:
    """Every slot of the nights ``first`` to ``last``, both included. Raises BackfillRefused if one cannot run yet."""
    if first > last:
        raise BackfillRefused(f"FROM={first} is after TO={last}.")
    if not timezones:
        raise BackfillRefused("No practice is loaded, so there is no bucket to run: make load DIR=…")
    nights = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    slots = [
        build_slot(automation, night.isoformat(), timezone)
        for night in nights
        for timezone in timezones
        for automation in automations
    ]
    early = [slot for slot in slots if slot.due_at > now]
    if early:
        soonest = min(early, key=lambda slot: slot.due_at)
        raise BackfillRefused(
            f"{len(early)} of {len(slots)} runs have not fallen due. The first of them: {soonest.automation} of"
            f" {soonest.night}, {soonest.bucket.timezone}, {soonest.due_at:%Y-%m-%d %H:%M} UTC. Take an earlier TO."
        )
    return slots


def divide(
    slots: Sequence[Slot], last_state: Callable[[Slot], str | None], *, force: bool
) -> tuple[list[Slot], list[Left]]:
    """The slots to run, and the ones to leave: those whose newest run succeeded or is still at work."""
    chosen: list[Slot] = []
    left: list[Left] = []
    for slot in slots:
        state = last_state(slot)
        if state in UNFINISHED:
            left.append(Left(slot, f"a run of it is {state}"))
        elif state == "success" and not force:
            left.append(Left(slot, "its last run succeeded (FORCE=1 runs it again)"))
        else:
            chosen.append(slot)
    return chosen, left


def buckets_with_practices(url: str) -> list[str]:
    """The zones that have at least one organization, in order of their ordinals."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT DISTINCT timezone FROM practice.organization").fetchall()
    return sorted((zone for (zone,) in rows), key=lambda zone: BUCKET_BY_TIMEZONE[zone].ordinal)


def backfill(first: date, last: date, automations: Sequence[str], timezone: str, *, force: bool) -> int:
    """Runs what is missing and prints what was run and what was left. The exit code: 0 when every run worked."""
    services = airflow_services.find()
    if services is None or services.purpose != "up" or "scheduler" in services.down_components():
        raise BackfillRefused("Airflow is not running, so nothing would execute the runs. Start it first: make up")
    with billing_database() as url:
        timezones = [timezone] if timezone else buckets_with_practices(url)
    slots = choose_slots(first, last, automations, timezones, now=datetime.now(UTC))
    with AirflowClient(services) as client:
        client.wait_for_dags(automations)
        chosen, left = divide(slots, client.last_state, force=force)
        with client.unpaused(automations):
            results = run_nights(client, chosen, report=print, run_limit_seconds=RUN_LIMIT_SECONDS)
    for one in left:
        print(f"left: {one.slot.night} {one.slot.bucket.timezone} {one.slot.automation}: {one.reason}")
    for result in results:
        for instance in result.failed:
            print(f"{result.slot.automation} {result.run_id} {instance.task_id}: {instance.message}")
    broken = [result for result in results if not result.worked]
    print(f"{len(results)} runs ({len(broken)} failed), {len(left)} left alone")
    return 1 if broken else 0


def _night(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a night is a date like 2026-11-02, not {text!r}") from None


def _one_of(allowed: Collection[str]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text and text not in allowed:
            raise argparse.ArgumentTypeError(f"{text!r} is none of: {', '.join(allowed)}")
        return text

    return check


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make backfill", description=__doc__)
    parser.add_argument("--from", dest="first", type=_night, required=True, metavar="FROM")
    parser.add_argument("--to", dest="last", type=_night, required=True, metavar="TO")
    parser.add_argument("--dag", type=_one_of(AUTOMATION_LOCAL_TIMES), default="", metavar="DAG")
    parser.add_argument("--bucket", type=_one_of(BUCKET_BY_TIMEZONE), default="", metavar="BUCKET")
    parser.add_argument("--force", default="", metavar="1")
    parsed = parser.parse_args(arguments)
    automations = [parsed.dag] if parsed.dag else list(AUTOMATION_LOCAL_TIMES)
    try:
        return backfill(parsed.first, parsed.last, automations, parsed.bucket, force=parsed.force not in ("", "0"))
    except BackfillRefused as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except (
        NightsError,
        airflow_services.ServicesError,
        embedded_postgres.EmbeddedPostgresError,
        database.MigrationError,
        psycopg.OperationalError,
    ) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped waiting. Runs already started go on in Airflow.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
