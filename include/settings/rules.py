"""The exclusion rules of an organization as a person reads them: with labels, in order, the broken ones marked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg

from exclusion_rules import AUTOMATIONS, FIELDS
from include.database import execute
from include.nightly_run import rules as nightly_rules
from include.settings.errors import Refused
from include.settings.values import Value, read_labels

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Condition:
    """When (field) Equals any of the values."""

    field: str
    label: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One live rule; all of its conditions must hold. ``broken``: why it matches nothing, None when it works."""

    rule_id: int
    version: int
    position: int
    conditions: tuple[Condition, ...]
    broken: str | None


def read_rules(connection: Connection, organization_id: int, automation: str) -> list[Rule]:
    """The live rules in the order in which they are tried; empty for an automation without exclusion rules.

    Whether a rule is broken is judged by what the night itself uses.
    """
    if automation not in AUTOMATIONS:
        return []
    rows = execute(
        connection, "settings/read_rules.sql", {"organization_id": organization_id, "automation": automation}
    ).fetchall()
    if not rows:
        return []
    compiled = nightly_rules.read_rules(connection, automation, [organization_id])
    broken = {int(rule_id): str(why) for rule_id, why in zip(compiled.broken.rule_id, compiled.broken.why, strict=True)}
    labelled = read_labels(connection, organization_id, [(FIELDS[field], values) for *_, field, values in rows])
    conditions: dict[tuple[int, int, int], list[Condition]] = {}
    for (rule_id, version, position, field, _), values in zip(rows, labelled, strict=True):
        condition = Condition(field, FIELDS[field].label, tuple(values))
        conditions.setdefault((rule_id, version, position), []).append(condition)
    return [
        Rule(rule_id, version, position, tuple(own), broken.get(rule_id))
        for (rule_id, version, position), own in conditions.items()
    ]


def read_rule(connection: Connection, organization_id: int, automation: str, rule_id: int) -> Rule:
    """One live rule. Raises `Refused` if the organization has no such rule (any more)."""
    for rule in read_rules(connection, organization_id, automation):
        if rule.rule_id == rule_id:
            return rule
    raise Refused(f"there is no rule {rule_id} here any more")


def describe_rule(rule: Rule) -> str:
    """The rule in a sentence: *When Primary Insurer Equals Aetna, Cigna and Weekday Equals Monday*.

    A condition on clients names them: for the page only.
    """
    return describe_conditions(rule.conditions)


def describe_conditions(conditions: Iterable[Condition]) -> str:
    """The same for conditions that are not saved yet."""
    parts = [f"{each.label} Equals {', '.join(value.label for value in each.values)}" for each in conditions]
    return f"When {' and '.join(parts)}"
