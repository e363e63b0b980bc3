"""Whole tables for comparison."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

#: Tables that grow with every attempt, and nothing else does.
ATTEMPT_TABLES = frozenset(
    {"billing.run_attempt", "billing.run_organization", "billing.edit_not_checked", "billing.scrub"}
)


def table_names(connection: psycopg.Connection[Any]) -> list[str]:
    """Every table of practice and billing, in order."""
    rows = connection.execute(
        "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('practice', 'billing') ORDER BY 1"
    )
    return [name for (name,) in rows.fetchall()]


def table_hashes(
    connection: psycopg.Connection[Any], without: frozenset[str] = ATTEMPT_TABLES
) -> dict[str, tuple[int, str]]:
    """Row count and hash of every table's rows, whatever their order."""
    hashes = {}
    for name in table_names(connection):
        if name not in without:
            statement = sql.SQL(
                "SELECT count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t"
            )
            row = connection.execute(statement.format(sql.Identifier(*name.split(".")))).fetchone()
            assert row is not None
            hashes[name] = (row[0], row[1])
    return hashes
