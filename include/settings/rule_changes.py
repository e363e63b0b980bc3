"""Changes of the exclusion rules of an organization: save, delete, take back, put in another order.

Every change names the version (or, for the order, the order) it was made on. Two people at once: the second gets
`Stale` and changes nothing. History is written by the tables' triggers in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb

from exclusion_rules import AUTOMATIONS, FIELDS, validate_rule
from include.database import execute, writing
from include.settings.errors import Refused, Stale, build_stale
from include.settings.values import missing_ids, read_labels

Connection = psycopg.Connection[Any]
#: Field and stored values per condition.
Conditions = Sequence[tuple[str, Sequence[str]]]

#: More than any practice needs; a form that holds more is a mistake or worse.
MOST_RULES: Final = 200
MOST_CONDITIONS: Final = 20
MOST_VALUES: Final = 500


@dataclass(frozen=True, slots=True)
class _Locked:
    """A rule as it stands, kept until the transaction ends."""

    rule_id: int
    version: int
    position: int
    is_deleted: bool


def check_conditions(
    connection: Connection, organization_id: int, automation: str, conditions: Conditions
) -> list[tuple[str, list[str]]]:
    """The conditions with each value once, if they can be saved as a rule.

    Raises `Refused` with everything that is wrong: no condition, a field that is not offered, a malformed value, an id
    that is not of this organization (or no longer).
    """
    if automation not in AUTOMATIONS:
        raise Refused("this automation has no exclusion rules")
    once = [(field, list(dict.fromkeys(values))) for field, values in conditions]
    if len(once) > MOST_CONDITIONS or any(len(values) > MOST_VALUES for _, values in once):
        raise Refused(f"a rule has at most {MOST_CONDITIONS} conditions, a condition at most {MOST_VALUES} values")
    problems = validate_rule(automation, once)
    if not problems:
        named = [(FIELDS[field], values) for field, values in once]
        labelled = read_labels(connection, organization_id, named)
        fields = [field for field, _ in named]
        problems = missing_ids(zip(fields, labelled, strict=True))
    if problems:
        raise Refused("; ".join(problems))
    return once


def save_rule(
    connection: Connection,
    organization_id: int,
    automation: str,
    rule_id: int | None,
    version: int | None,
    conditions: Conditions,
    actor: str,
) -> int:
    """Save a new rule (``rule_id`` None, behind the others) or change one; return its id.

    A rule that stays as it was is not written. Raises `Refused` (see `check_conditions`; a rule that is not there)
    and `Stale`.
    """
    with writing(connection, actor=actor):
        rules = _lock_rules(connection, organization_id, automation)
        if rule_id is not None:
            _find(connection, organization_id, rules, rule_id, version, is_deleted=False)
        elif sum(not rule.is_deleted for rule in rules) >= MOST_RULES:
            raise Refused(f"an automation has at most {MOST_RULES} rules")
        checked = check_conditions(connection, organization_id, automation, conditions)
        names = {"organization_id": organization_id, "automation": automation}
        is_new = rule_id is None
        if rule_id is None:
            row = execute(connection, "settings/insert_rule.sql", names).fetchone()
            assert row is not None
            rule_id = int(row[0])
        written = execute(
            connection,
            "settings/write_conditions.sql",
            {
                "rule_id": rule_id,
                "automation": automation,
                "conditions": Jsonb(
                    [
                        {"number": number, "field": field, "match_values": values}
                        for number, (field, values) in enumerate(checked, start=1)
                    ]
                ),
            },
        ).fetchone()
        if not is_new and written != (0,):
            _mark_rule(connection, rule_id, is_deleted=False)
        return rule_id


def delete_rule(
    connection: Connection, organization_id: int, automation: str, rule_id: int, version: int, actor: str
) -> int:
    """Delete a rule and return the version with which `restore_rule` takes it back. Raises `Refused`, `Stale`."""
    return _set_deleted(connection, organization_id, automation, rule_id, version, actor, is_deleted=True)


def restore_rule(
    connection: Connection, organization_id: int, automation: str, rule_id: int, version: int, actor: str
) -> int:
    """Take back a deletion: the rule stands again where it stood. Returns its version. Raises `Refused`, `Stale`."""
    return _set_deleted(connection, organization_id, automation, rule_id, version, actor, is_deleted=False)


def reorder_rules(
    connection: Connection,
    organization_id: int,
    automation: str,
    seen: Sequence[int],
    wanted: Sequence[int],
    actor: str,
) -> None:
    """Put the live rules, seen in the order ``seen``, in the order ``wanted``.

    Raises `Stale` if the order is no longer the one seen (another order, a rule more or less), `Refused` if the two do
    not name the same rules.
    """
    if sorted(seen) != sorted(wanted) or len(set(wanted)) != len(wanted):
        raise Refused("this order does not name each rule once")
    with writing(connection, actor=actor):
        rules = _lock_rules(connection, organization_id, automation)
        live = sorted((rule for rule in rules if not rule.is_deleted), key=lambda rule: (rule.position, rule.rule_id))
        if [rule.rule_id for rule in live] != list(seen):
            raise _build_stale(connection, organization_id, "The order of the rules", [rule.rule_id for rule in rules])
        execute(connection, "settings/order_rules.sql", {"rule_ids": list(wanted)})


def _set_deleted(
    connection: Connection,
    organization_id: int,
    automation: str,
    rule_id: int,
    version: int,
    actor: str,
    *,
    is_deleted: bool,
) -> int:
    with writing(connection, actor=actor):
        rules = _lock_rules(connection, organization_id, automation)
        _find(connection, organization_id, rules, rule_id, version, is_deleted=not is_deleted)
        _mark_rule(connection, rule_id, is_deleted=is_deleted)
        return version + 1


def _lock_rules(connection: Connection, organization_id: int, automation: str) -> list[_Locked]:
    rows = execute(
        connection, "settings/lock_rules.sql", {"organization_id": organization_id, "automation": automation}
    ).fetchall()
    return [_Locked(*row) for row in rows]


def _find(
    connection: Connection,
    organization_id: int,
    rules: Sequence[_Locked],
    rule_id: int,
    version: int | None,
    *,
    is_deleted: bool,
) -> None:
    """Nothing if the rule stands as the person saw it; raises `Refused` if it never was here, `Stale` otherwise."""
    found = next((rule for rule in rules if rule.rule_id == rule_id), None)
    if found is None:
        raise Refused(f"there is no rule {rule_id} here")
    if found.version != version or found.is_deleted != is_deleted:
        what = "This rule" if not found.is_deleted else "This rule was deleted; it"
        raise _build_stale(connection, organization_id, what, [rule_id])


def _mark_rule(connection: Connection, rule_id: int, *, is_deleted: bool) -> None:
    execute(connection, "settings/mark_rule.sql", {"rule_id": rule_id, "is_deleted": is_deleted})


def _build_stale(connection: Connection, organization_id: int, what: str, rule_ids: Sequence[int]) -> Stale:
    row = execute(
        connection,
        "settings/read_newest_change.sql",
        {"organization_id": organization_id, "rule_ids": list(rule_ids)},
    ).fetchone()
    return build_stale(what, *(row or (None, None)))
