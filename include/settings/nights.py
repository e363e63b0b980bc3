"""What the last nights did for one organization, and which organizations an Airflow run was for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import psycopg

from include.database import execute
from include.settings.organizations import Organization, Principals

Connection = psycopg.Connection[Any]

NIGHT_COUNT: Final = 30


@dataclass(frozen=True)
class Night:
    """One automation's run of a night, as it was for the organization.

    `outcome`: of the whole run (ok, held_claims, fault; None: not closed); `failed_step`: where the organization's data
    broke it. `advanced_amount` in dollars. `held_count`: scrub errors and claims refused by the validator;
    `stopped_count`: blocked, failed, left to another run; `waiting_count`: what stays for a reason nobody has to mend.
    """

    night: date
    automation: str
    run_id: int
    airflow_run_id: str
    outcome: str | None
    failed_step: str | None
    advanced_count: int
    advanced_amount: Decimal
    held_count: int
    stopped_count: int
    waiting_count: int

    @property
    def item_count(self) -> int:
        """All items in the step that night."""
        return self.advanced_count + self.held_count + self.stopped_count + self.waiting_count


def read_nights(connection: Connection, organization: Organization, now: datetime) -> list[Night]:
    """The runs of the last 30 nights, newest first; of the last 30 that ran when there were none lately."""
    rows = execute(
        connection,
        "settings/read_nights.sql",
        {
            "organization_id": organization.organization_id,
            "today": now.astimezone(ZoneInfo(organization.timezone)).date(),
            "night_count": NIGHT_COUNT,
        },
    ).fetchall()
    return [Night(*row) for row in rows]


@dataclass(frozen=True)
class RunOrganization:
    """An organization of a run, with how many of its items stay for which kind of reason."""

    organization_id: int
    name: str
    advanced_count: int
    held_count: int
    stopped_count: int
    waiting_count: int


def list_run_organizations(
    connection: Connection, principals: Principals, automation: str, airflow_run_id: str
) -> Sequence[RunOrganization]:
    """The organizations of an Airflow run that the principals may see; those with work for a person first."""
    rows = execute(
        connection,
        "settings/list_run_organizations.sql",
        {
            "automation": automation,
            "airflow_run_id": airflow_run_id,
            "kinds": [kind for kind, _ in principals],
            "names": [name for _, name in principals],
        },
    ).fetchall()
    return [RunOrganization(*row) for row in rows]
