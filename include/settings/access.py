"""Who may see which organization on the settings page: `python -m include.settings.access`, called by `make access`.

Without arguments it lists every grant. With a user or role it grants, or with --revoke takes back, one organization or
all of them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import psycopg

from include.database import connect, writing

Connection = psycopg.Connection[Any]


def list_grants(connection: Connection) -> list[str]:
    """One line per grant, by kind, name and organization."""
    rows = connection.execute(
        "SELECT a.principal_kind, a.principal_name, a.organization_id, o.name, a.granted_by, a.granted_at"
        " FROM billing.organization_access a LEFT JOIN practice.organization o USING (organization_id)"
        " ORDER BY a.principal_kind DESC, a.principal_name, a.organization_id NULLS FIRST"
    ).fetchall()
    return [
        f"{kind} {name}: {'every organization' if number is None else f'{number} {label}'}"
        f" (by {by}, {at:%Y-%m-%d %H:%M %Z})"
        for kind, name, number, label, by, at in rows
    ]


def change_grant(
    connection: Connection, kind: str, name: str, organization_id: int | None, *, is_revoked: bool
) -> None:
    """Grant or take back; the database refuses, in words, what makes no sense."""
    with writing(connection, actor="make access"):
        connection.execute(
            "SELECT billing.revoke_access(%s, %s, %s)" if is_revoked else "SELECT billing.grant_access(%s, %s, %s)",
            (kind, name, organization_id),
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 2 when the database refuses."""
    parser = argparse.ArgumentParser(prog="make access", description=__doc__)
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--login", help="name of a user in Airflow")
    who.add_argument("--role", help="role in Airflow")
    parser.add_argument("--organization", type=int, help="its id; without it: every organization")
    parser.add_argument("--revoke", action="store_true", help="take back exactly this grant")
    given = parser.parse_args(arguments)
    if not (given.login or given.role) and (given.organization or given.revoke):
        parser.error("name a user or a role: LOGIN=… or ROLE=…")
    with connect() as connection:
        if given.login or given.role:
            try:
                change_grant(
                    connection,
                    "user" if given.login else "role",
                    given.login or given.role,
                    given.organization,
                    is_revoked=given.revoke,
                )
            except psycopg.errors.RaiseException as error:
                sys.stderr.write(f"{error.diag.message_primary}\n")
                return 2
        grants = list_grants(connection)
        sys.stdout.write("\n".join(grants or ["Nobody may see any organization."]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
