"""Checks over several columns, rows and files: keys, references, periods, local times, rules.

A reference may point to a row of the same directory or to one already in the database, always of the same organization.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import psycopg
from psycopg import sql

from include.practice_data.columns import localize
from include.practice_data.csv_files import Mask, Sheet
from include.practice_data.tables import TABLES, Kind
from include.practice_data.written_rules import UNKNOWN_OWNER, check_rules

Connection = psycopg.Connection[Any]

# (file, column that must not lie before, the other column, words)
_PERIODS = (
    ("policy", "ends_on", "starts_on", "lies before starts_on"),
    ("prior_authorization", "ends_on", "starts_on", "lies before starts_on"),
    ("diagnosis", "ends_on", "starts_on", "lies before starts_on"),
)


class Owners:
    """Which organization owns which row, over the sheets of the directory and the database.

    `broken`: files whose structure could not be read; what they hold is unknown, so references to them are not judged.
    """

    def __init__(self, connection: Connection, sheets: Mapping[str, Sheet], broken: set[str]) -> None:
        self._connection = connection
        self._sheets = sheets
        self._broken = broken

    def is_judged(self, table: str) -> bool:
        """Whether the rows of `table` are known."""
        return table not in self._broken

    def stored(self, table: str, keys: pd.Series) -> pd.Series:
        """Key -> organization (both text) of the rows of `table` in the database among `keys`."""
        spec = TABLES[table]
        wanted = keys[keys != ""].unique().tolist()
        key = spec.key[0]
        owner = "organization_id" if spec.has_organization else key
        kind = "bigint[]" if key.endswith("_id") else "text[]"
        statement = sql.SQL("SELECT {key}::text, {owner}::text FROM {table} WHERE {key} = ANY(%s::{kind})").format(
            key=sql.Identifier(key),
            owner=sql.Identifier(owner),
            table=sql.Identifier(spec.schema, spec.name),
            kind=sql.SQL(kind),
        )
        rows = self._connection.execute(statement, [wanted]).fetchall()
        return pd.Series(dict(rows), dtype="str")

    def of(self, table: str, keys: pd.Series) -> pd.Series:
        """The organization of each key, "" where there is no such row, UNKNOWN_OWNER where its own cell is wrong.

        The directory counts before the database.
        """
        spec = TABLES[table]
        found = self.stored(table, keys)
        sheet = self._sheets.get(table)
        if sheet is not None:
            key = spec.key[0]
            owner = "organization_id" if spec.has_organization else key
            first = sheet.frame.drop_duplicates(key)
            own = pd.Series(first[owner].to_numpy(), index=first[key], dtype="str").replace("", UNKNOWN_OWNER)
            found = pd.concat([own, found[~found.index.isin(own.index)]])
        return keys.map(found).astype("str").fillna("")

    def timezones(self) -> dict[str, str]:
        """Organization -> bucket as the directory says."""
        sheet = self._sheets.get("organization")
        if sheet is None:
            return {}
        return dict(zip(sheet.frame["organization_id"], sheet.frame["timezone"], strict=True))


def check_relations(connection: Connection, sheets: Mapping[str, Sheet], broken: set[str]) -> None:
    """Note every problem that concerns more than one cell in the sheets; local times become UTC."""
    owners = Owners(connection, sheets, broken)
    for sheet in sheets.values():
        _check_keys(sheet)
        _check_owner(sheet, owners)
        _check_references(sheet, owners)
        _convert_instants(sheet, owners, connection)
    for name, later, earlier, words in _PERIODS:
        if name in sheets:
            _check_order(sheets[name], later, earlier, words, is_equal_allowed=True)
    for name, check in _CHECKS.items():
        if name in sheets:
            check(sheets[name], connection)
    if "exclusion_rule" in sheets:
        check_rules(sheets["exclusion_rule"], owners.of, owners.is_judged)


def _check_keys(sheet: Sheet) -> None:
    if not sheet.table.is_key_repeated:
        _refuse_repeated(
            sheet, list(sheet.table.key), " and ".join(sheet.table.key), np.ones(len(sheet.frame), dtype=bool)
        )


def _refuse_repeated(sheet: Sheet, columns: list[str], words: str, among: Mask) -> None:
    """Refuse every row of `among` that repeats the values of `columns` of an earlier one."""
    among = among & ~sheet.flawed
    rows = sheet.frame.loc[among, columns]
    first = pd.Series(sheet.lines[among], index=rows.index).groupby([rows[name] for name in columns]).transform("first")
    repeated = rows.duplicated()
    mask = np.zeros(len(sheet.frame), dtype=bool)
    mask[np.flatnonzero(among)[repeated.to_numpy()]] = True
    sheet.refuse(mask, columns[0], [f"repeats {words} of line {line}" for line in first[repeated].tolist()])


def _check_owner(sheet: Sheet, owners: Owners) -> None:
    """A row keeps its organization for ever: its invoices and claims name both."""
    key = sheet.table.key
    if len(key) != 1 or not sheet.table.has_organization:
        return
    ids = sheet.frame[key[0]]
    stored = ids.map(owners.stored(sheet.table.name, ids)).astype("str").fillna("")
    own = sheet.frame["organization_id"]
    moved = ((stored != "") & (own != "") & (stored != own)).to_numpy(dtype=bool)
    reasons = [
        f"{identifier} belongs to organization {owner} in the database"
        for identifier, owner in zip(ids[moved], stored[moved], strict=True)
    ]
    sheet.refuse(moved, key[0], reasons)


def _check_references(sheet: Sheet, owners: Owners) -> None:
    # The organization first: what hangs on a wrong one is not judged.
    for column in sorted(sheet.table.columns, key=lambda each: each.references != "organization"):
        target = column.references
        if not target or not owners.is_judged(target):
            continue
        values = sheet.frame[column.name]
        found = owners.of(target, values)
        missing = ((values != "") & (found == "")).to_numpy(dtype=bool)
        words = target.replace("_", " ")
        sheet.refuse(missing, column.name, [f"there is no {words} {value}" for value in values[missing]])
        if target == "organization":
            sheet.frame.loc[missing, column.name] = ""
        if sheet.table.has_organization and TABLES[target].has_organization and target != "organization":
            own = sheet.frame["organization_id"]
            foreign = (~found.isin(["", UNKNOWN_OWNER]) & (own != "") & (found != own)).to_numpy(dtype=bool)
            reasons = [f"{words} {value} belongs to another organization" for value in values[foreign]]
            sheet.refuse(foreign, column.name, reasons)


def _convert_instants(sheet: Sheet, owners: Owners, connection: Connection) -> None:
    columns = [column.name for column in sheet.table.columns if column.kind is Kind.INSTANT]
    if not columns:
        return
    zones = _zones(sheet.frame["organization_id"], owners, connection)
    for name in columns:
        local = sheet.frame[name]
        sheet.frame[name], nonexistent, ambiguous = localize(local, zones)
        for mask, words in (
            (nonexistent, "does not exist in {zone}: the clocks go forward then"),
            (ambiguous, "happens twice in {zone}: the clocks go back then; add an offset such as -07:00"),
        ):
            reasons = [
                f"'{value}' {words.format(zone=zone)}" for value, zone in zip(local[mask], zones[mask], strict=True)
            ]
            sheet.refuse(mask, name, reasons)


def _zones(organizations: pd.Series, owners: Owners, connection: Connection) -> pd.Series:
    """The bucket of each organization, "" where it has none that can be trusted."""
    if not owners.is_judged("organization"):
        return pd.Series("", index=organizations.index)
    wanted = organizations[organizations != ""].unique().tolist()
    rows = connection.execute(
        "SELECT organization_id::text, timezone FROM practice.organization WHERE organization_id = ANY(%s::bigint[])",
        [wanted],
    ).fetchall()
    zones = dict(rows) | owners.timezones()
    return organizations.map(zones).astype("str").fillna("")


def _check_order(sheet: Sheet, later: str, earlier: str, words: str, *, is_equal_allowed: bool) -> None:
    """ISO texts of one form compare like the times they name."""
    after, before = sheet.frame[later], sheet.frame[earlier]
    wrong = (after < before) if is_equal_allowed else (after <= before)
    sheet.refuse(((after != "") & (before != "") & wrong).to_numpy(dtype=bool), later, words)


def _check_appointment(sheet: Sheet, connection: Connection) -> None:
    _check_order(sheet, "ends_at", "starts_at", "is not after starts_at", is_equal_allowed=False)


def _check_staff(sheet: Sheet, connection: Connection) -> None:
    frame, sound = sheet.frame, ~sheet.flawed
    has_supervisor = (frame["supervisor_id"] != "").to_numpy(dtype=bool)
    is_supervised = (frame["supervision"] != "none").to_numpy(dtype=bool)
    is_billed_under = (frame["is_billed_under_supervisor"] == "true").to_numpy(dtype=bool)
    sheet.refuse(sound & is_supervised & ~has_supervisor, "supervisor_id", "is required unless supervision is none")
    sheet.refuse(sound & ~is_supervised & has_supervisor, "supervision", "is none although a supervisor is named")
    sheet.refuse(
        sound & is_billed_under & ~has_supervisor,
        "is_billed_under_supervisor",
        "is true although no supervisor is named",
    )
    itself = (frame["supervisor_id"] == frame["staff_id"]).to_numpy(dtype=bool)
    sheet.refuse(sound & has_supervisor & itself, "supervisor_id", "is the staff member itself")


def _check_billing_provider(sheet: Sheet, connection: Connection) -> None:
    frame = sheet.frame
    is_default = (frame["is_default"] == "true").to_numpy(dtype=bool)
    _refuse_repeated(sheet, ["is_default", "organization_id"], "the default billing provider", is_default)
    stored = connection.execute(
        "SELECT organization_id::text FROM practice.billing_provider"
        " WHERE is_default AND billing_provider_id <> ALL(%s::bigint[])",
        [frame.loc[frame["billing_provider_id"] != "", "billing_provider_id"].tolist()],
    ).fetchall()
    taken = frame["organization_id"].isin([owner for (owner,) in stored]).to_numpy(dtype=bool)
    sheet.refuse(
        is_default & taken, "is_default", "the organization has another default billing provider in the database"
    )


def _check_fee(sheet: Sheet, connection: Connection) -> None:
    frame = sheet.frame
    once = ["service_type_id", "insurer_id", "starts_on"]
    _refuse_repeated(sheet, once, "service type, insurer and day", np.ones(len(frame), dtype=bool))
    rows = connection.execute(
        "SELECT service_type_id::text, coalesce(insurer_id::text, ''), starts_on::text FROM practice.fee"
        " WHERE service_type_id = ANY(%s::bigint[]) AND fee_id <> ALL(%s::bigint[])",
        [frame.loc[frame[name] != "", name].unique().tolist() for name in ("service_type_id", "fee_id")],
    ).fetchall()
    taken = pd.MultiIndex.from_frame(frame[once]).isin(rows) if rows else np.zeros(len(frame), dtype=bool)
    sheet.refuse(
        taken & ~sheet.flawed, "starts_on", "another fee in the database has this service type, insurer and day"
    )


def _check_setting(sheet: Sheet, connection: Connection) -> None:
    frame = sheet.frame
    undated = ((frame["is_enabled"] == "true") & (frame["enabled_on"] == "")).to_numpy(dtype=bool)
    sheet.refuse(undated & ~sheet.flawed, "enabled_on", "is required when is_enabled is true")


_CHECKS: Mapping[str, Callable[[Sheet, Connection], None]] = {
    "appointment": _check_appointment,
    "staff": _check_staff,
    "billing_provider": _check_billing_provider,
    "fee": _check_fee,
    "automation_setting": _check_setting,
}
