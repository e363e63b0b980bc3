"""Generate practices of any size straight into the tables, for benchmarks and trials.

`python -m include.practice_data.generate --organizations 5000 --appointments-per-night 200 --seed 1` fills the database
named by `BILLING_DATABASE_URL`. The same arguments make the same rows. A million appointments take a minute or two
with `--skip-reference-checks`.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from datetime import date
from typing import Any

import psycopg
from psycopg import sql

from include import database

log = logging.getLogger(__name__)

#: The statements in `generated/`, in the order in which rows come to reference each other.
_STATEMENTS = (
    "draw",
    "npi",
    "plan",
    "organization",
    "billing_provider",
    "location",
    "staff",
    "insurer",
    "service_type",
    "fee",
    "client",
    "client_payment",
    "policy",
    "diagnosis",
    "appointment",
    "appointment_service",
    "progress_note",
    "exclusion_rule",
    "automation_setting",
    "deployment",
)
_FIRST_NIGHT = date(2026, 11, 2)
# The numbers given to NPIs have eight digits.
_MOST_ORGANIZATIONS = 999_999


class GenerateRefused(Exception):
    """Nothing was generated; the text says why."""


def generate(
    connection: psycopg.Connection[Any],
    organizations: int,
    appointments_per_night: int,
    *,
    night: date = _FIRST_NIGHT,
    seed: int = 1,
    timezone: str | None = "America/Chicago",
    skips_reference_checks: bool = False,
) -> None:
    """Write `organizations` practices with `appointments_per_night` kept appointments each on `night`; all or nothing.

    Everything is in order: each appointment not kept back by a rule becomes an invoice, a claim and part of a file, one
    client in ten pays by himself. `timezone` is the bucket of all, None spreads them over eight. The database is marked
    as a sample. `skips_reference_checks` leaves out foreign keys and triggers and needs a superuser; the rows are the
    same. Raises `GenerateRefused` for a database that holds organizations, an unknown bucket or sizes below 1.
    """
    if not 1 <= organizations <= _MOST_ORGANIZATIONS or appointments_per_night < 1:
        raise GenerateRefused(f"sizes start at 1, and there are at most {_MOST_ORGANIZATIONS} organizations")
    parameters = {
        "organizations": organizations,
        "appointments": appointments_per_night,
        # A client comes once or twice.
        "clients": (appointments_per_night + 1) // 2,
        # One session after the other fits into a day; by fours, as their supervision goes.
        "clinicians": 4 * -(-appointments_per_night // 40),
        "night": night,
        "seed": seed,
        "timezone": timezone,
    }
    with database.writing(connection, actor="generator"):
        if connection.execute("SELECT FROM practice.organization LIMIT 1").fetchone() is not None:
            raise GenerateRefused("the database holds organizations: generate into an empty one")
        buckets = [
            row[0] for row in connection.execute("SELECT timezone FROM practice.timezone_bucket ORDER BY ordinal")
        ]
        if timezone is not None and timezone not in buckets:
            raise GenerateRefused(f"no bucket {timezone}; known: {', '.join(buckets)}")
        if skips_reference_checks:
            connection.execute("SET LOCAL session_replication_role = replica")
        for name in _STATEMENTS:
            written = database.execute(connection, f"practice_data/generated/{name}.sql", parameters).rowcount
            log.info("%s: %s rows", name, max(written, 0))
        database.execute(connection, "practice_data/number_exclusion_rules.sql", {})
    with connection.transaction():
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('practice', 'billing')"
        ).fetchall()
        for schema, table in tables:
            connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(schema, table)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Generate from the command line; 0 when done, 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m include.practice_data.generate", description=__doc__)
    parser.add_argument("--organizations", type=int, required=True)
    parser.add_argument("--appointments-per-night", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--night", type=date.fromisoformat, default=_FIRST_NIGHT)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--timezone", default="America/Chicago", help="the bucket of all organizations")
    where.add_argument("--spread", action="store_true", help="over eight buckets instead")
    parser.add_argument("--skip-reference-checks", action="store_true", help="faster; needs a superuser")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        with database.connect() as connection:
            generate(
                connection,
                options.organizations,
                options.appointments_per_night,
                night=options.night,
                seed=options.seed,
                timezone=None if options.spread else options.timezone,
                skips_reference_checks=options.skip_reference_checks,
            )
    except GenerateRefused as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
