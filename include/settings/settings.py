"""The four automations of an organization: read how they stand, switch them, pause them.

Every change names the version it was made on. Two people at once: the second gets `Stale` and changes nothing. History
is written by the tables' triggers in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

from include.database import execute, writing
from include.settings.errors import Refused, build_stale
from nightly_schedule.slots import LAST_NIGHT

Connection = psycopg.Connection[Any]

#: Automations that have a setting but no DAG yet: shown, and not to be switched.
UNAVAILABLE = frozenset({"era_processing"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One automation of one organization as it stands. ``step``: what its items are (appointment, invoice, claim).

    ``version`` counts its changes, 0 when it was never switched; ``changed_local`` is ``changed_at`` on the clock of
    the organization, without a zone.
    """

    automation: str
    label: str
    step: str
    is_in_plan: bool
    is_enabled: bool
    enabled_on: date | None
    includes_earlier: bool
    paused_until: date | None
    version: int
    changed_by: str | None
    changed_at: datetime | None
    changed_local: datetime | None

    @property
    def is_available(self) -> bool:
        """Whether the automation exists in this version of the software."""
        return self.automation not in UNAVAILABLE

    @property
    def is_working(self) -> bool:
        """Whether nights take its items, pauses aside: it exists, the plan has it, and it is switched on."""
        return self.is_available and self.is_in_plan and self.is_enabled

    def is_paused_on(self, night: date) -> bool:
        """Whether the pause keeps that night out; the first night that works again is ``paused_until`` itself."""
        return self.is_enabled and self.paused_until is not None and self.paused_until > night


def read_settings(connection: Connection, organization_id: int) -> list[Setting]:
    """The four settings in the order of the work; empty if there is no such organization."""
    rows = execute(connection, "settings/read_settings.sql", {"organization_id": organization_id}).fetchall()
    return [Setting(*row) for row in rows]


def read_setting(connection: Connection, organization_id: int, automation: str) -> Setting:
    """One of the settings. Raises `Refused` if there is no such organization or automation."""
    for setting in read_settings(connection, organization_id):
        if setting.automation == automation:
            return setting
    raise Refused(f"there is no organization {organization_id} with this automation")


def enable(
    connection: Connection, organization_id: int, automation: str, version: int, includes_earlier: bool, actor: str
) -> Setting:
    """Switch off to on: the next night takes items from the local today on, or also what waited before.

    A pause that was left over ends. Invoice Processing gets its default rule, unless the organization ever had a rule
    for it: a default that was deleted stays deleted. Raises `Refused` if the plan or the software lacks the automation
    or it is on already, `Stale` if somebody switched it since ``version``.
    """
    with writing(connection, actor=actor):
        setting = _read_switchable(connection, organization_id, automation, version)
        if setting.is_enabled:
            raise Refused(f"{setting.label} is enabled already")
        switch_setting(
            connection,
            organization_id,
            setting,
            is_enabled=True,
            is_start=True,
            includes_earlier=includes_earlier,
            paused_until=None,
        )
        if automation == "invoice_processing":
            execute(connection, "settings/write_default_rule.sql", {"organization_id": organization_id})
        return read_setting(connection, organization_id, automation)


def gets_default_rule(connection: Connection, organization_id: int, automation: str) -> bool:
    """Whether `enable` would write the default rule *Client pays by Equals Self-pay*."""
    if automation != "invoice_processing":
        return False
    names = {"organization_id": organization_id, "automation": automation}
    return execute(connection, "settings/has_rule_ever.sql", names).fetchone() == (False,)


def disable(connection: Connection, organization_id: int, automation: str, version: int, actor: str) -> Setting:
    """Switch on to off; items stay where they are. Possible without the plan. Raises `Refused`, `Stale`."""
    with writing(connection, actor=actor):
        setting = _read_unchanged(connection, organization_id, automation, version)
        if not setting.is_enabled:
            raise Refused(f"{setting.label} is disabled already")
        switch_setting(connection, organization_id, setting, is_enabled=False, paused_until=setting.paused_until)
        return read_setting(connection, organization_id, automation)


def pause(
    connection: Connection, organization_id: int, automation: str, version: int, until: date, actor: str
) -> Setting:
    """Leave out the nights before ``until``; from that night on it works again by itself.

    Raises `Refused` if it is not on or the date is not after the local today (or beyond
    the calendar of the nights), `Stale`.
    """
    with writing(connection, actor=actor):
        setting = _read_switchable(connection, organization_id, automation, version)
        if not setting.is_enabled:
            raise Refused(f"{setting.label} is disabled: there is nothing to pause")
        row = execute(connection, "settings/read_local_today.sql", {"organization_id": organization_id}).fetchone()
        if row is None or until <= row[0]:
            raise Refused("choose a date after today: the first night on which the automation works again")
        if until > LAST_NIGHT:
            raise Refused(f"choose a date until {LAST_NIGHT}, or disable the automation")
        switch_setting(connection, organization_id, setting, is_enabled=True, paused_until=until)
        return read_setting(connection, organization_id, automation)


def resume(connection: Connection, organization_id: int, automation: str, version: int, actor: str) -> Setting:
    """End a pause: the next night works again. ``enabled_on`` stays. Raises `Refused` if there is none, `Stale`."""
    with writing(connection, actor=actor):
        setting = _read_unchanged(connection, organization_id, automation, version)
        if setting.paused_until is None or not setting.is_enabled:
            raise Refused(f"{setting.label} is not paused")
        switch_setting(connection, organization_id, setting, is_enabled=True, paused_until=None)
        return read_setting(connection, organization_id, automation)


def switch_setting(
    connection: Connection,
    organization_id: int,
    setting: Setting,
    *,
    is_enabled: bool,
    paused_until: date | None,
    includes_earlier: bool | None = None,
    is_start: bool = False,
) -> None:
    """Write the setting over ``setting``, in the caller's transaction; raises `Stale` if it is no longer as read."""
    written = execute(
        connection,
        "settings/write_setting.sql",
        {
            "organization_id": organization_id,
            "automation": setting.automation,
            "version": setting.version,
            "is_enabled": is_enabled,
            "includes_earlier": setting.includes_earlier if includes_earlier is None else includes_earlier,
            "paused_until": paused_until,
            "enabled_on": setting.enabled_on,
            "is_start": is_start,
        },
    ).fetchone()
    if written is None:
        # Another transaction was between the read and the write; its row is visible now.
        now = read_setting(connection, organization_id, setting.automation)
        raise build_stale(now.label, now.changed_by, now.changed_local)


def _read_unchanged(connection: Connection, organization_id: int, automation: str, version: int) -> Setting:
    setting = read_setting(connection, organization_id, automation)
    if setting.version != version:
        raise build_stale(setting.label, setting.changed_by, setting.changed_local)
    return setting


def _read_switchable(connection: Connection, organization_id: int, automation: str, version: int) -> Setting:
    setting = _read_unchanged(connection, organization_id, automation, version)
    if not setting.is_available:
        raise Refused(f"{setting.label} is not available yet")
    if not setting.is_in_plan:
        raise Refused(f"the plan of this organization does not include {setting.label}")
    return setting
