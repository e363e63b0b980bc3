"""Organizations as the settings page shows them, and who may see which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from include.database import execute

Connection = psycopg.Connection[Any]
#: ('user' or 'role', name), as in billing.organization_access.
Principals = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Organization:
    """One practice. `enabled_count`: of its automations; `is_sample`: invented."""

    organization_id: int
    name: str
    timezone: str
    plan_label: str
    is_sample: bool
    enabled_count: int


def list_organizations(
    connection: Connection, principals: Principals, text: str = "", *, limit: int = 50
) -> tuple[list[Organization], int]:
    """The organizations the principals may see whose name or id contains the text, by name; and how many in all."""
    rows = execute(
        connection,
        "settings/list_organizations.sql",
        _named(principals) | {"text": text.strip(), "organization_id": None, "row_limit": limit},
    ).fetchall()
    return [Organization(*row[:-1]) for row in rows], rows[0][-1] if rows else 0


def read_organization(connection: Connection, principals: Principals, organization_id: int) -> Organization | None:
    """The organization; None when there is none, or none that the principals may see."""
    row = execute(
        connection,
        "settings/list_organizations.sql",
        _named(principals) | {"text": "", "organization_id": organization_id, "row_limit": 1},
    ).fetchone()
    return Organization(*row[:-1]) if row else None


def _named(principals: Principals) -> dict[str, Any]:
    return {"kinds": [kind for kind, _ in principals], "names": [name for _, name in principals]}
