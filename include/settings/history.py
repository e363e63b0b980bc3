"""Who changed what and when, in words: settings, rules, access, and what people did to single items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import psycopg

from exclusion_rules import FIELDS
from include.database import execute
from include.settings.automations import AUTOMATION_LABELS

Connection = psycopg.Connection[Any]
Detail = Mapping[str, Any]

PAGE_SIZE: Final = 100
#: What the software calls itself in history: no change of a person, and no name of a visitor.
SOFTWARE: Final = frozenset({"nightly run", "delivery", "clearinghouse inbox"})

#: Subject of a change -> what it is called before its number.
_SUBJECTS: Final = {
    "invoice_creation": "Appointment",
    "invoice_processing": "Invoice",
    "claims_submission": "Claim",
    "invoice": "Invoice",
    "claim": "Claim",
    "file": "File",
    "inbox_file": "Answer file",
}
_RULE_SUBJECTS: Final = ("exclusion_rule", "exclusion_condition")


@dataclass(frozen=True)
class Change:
    """One change as a person made it. `lines`: what changed, in words; `history_id`: of its oldest row."""

    history_id: int
    changed_at: datetime
    changed_by: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Row:
    history_id: int
    subject: str
    subject_id: int
    action: str
    detail: Detail
    changed_by: str
    changed_at: datetime


def read_history(
    connection: Connection, organization_id: int, *, before_id: int | None = None, is_settings: bool | None = None
) -> tuple[list[Change], int | None]:
    """A page of changes, newest first, and the id to go on before (None: that was all).

    `is_settings`: settings, rules and access only; False: single items only.
    """
    found = execute(
        connection,
        "settings/read_history.sql",
        {
            "organization_id": organization_id,
            "before_id": before_id,
            "is_settings": is_settings,
            "row_limit": PAGE_SIZE + 1,
        },
    ).fetchall()
    rows = [_Row(*row) for row in found]
    groups = [list(group) for _, group in groupby(rows[:PAGE_SIZE], key=_belongs_to)]
    if len(rows) > PAGE_SIZE and len(groups) > 1 and _belongs_to(rows[PAGE_SIZE]) == _belongs_to(groups[-1][-1]):
        # What was saved together stands on the next page together.
        groups.pop()
    changes = [
        Change(
            min(row.history_id for row in together),
            together[0].changed_at,
            together[0].changed_by,
            tuple(_describe_together(together)),
        )
        for together in groups
    ]
    return changes, groups[-1][-1].history_id if len(rows) > PAGE_SIZE else None


def _belongs_to(row: _Row) -> tuple[Any, ...]:
    """A rule and its conditions are saved together and make one change."""
    if row.subject in _RULE_SUBJECTS:
        return (row.changed_at, row.changed_by, "rule", row.subject_id)
    return (row.history_id,)


def _describe_together(rows: Sequence[_Row]) -> list[str]:
    # In the order in which they were written.
    rows = sorted(rows, key=lambda row: row.history_id)
    if rows[0].subject not in _RULE_SUBJECTS:
        return [describe_change(row.subject, row.subject_id, row.action, row.detail) for row in rows]
    return _describe_rule(rows)


def describe_change(subject: str, subject_id: int, action: str, detail: Detail) -> str:
    """One change of anything but a rule, in words."""
    if subject == "automation_setting":
        return _describe_setting(detail)
    if subject == "organization_access":
        verb = "may see" if action == "granted" else "may no longer see"
        which = "this organization" if subject_id else "every organization"
        return f"{detail['kind'].capitalize()} {detail['name']} {verb} {which}"
    if subject == "edit_severity":
        edit = (detail.get("new") or detail.get("old") or {}).get("edit_code", "")
        severity = (detail.get("new") or {}).get("severity")
        return f"Edit {edit}: {severity or 'back to its default'}{_because(detail)}"
    words = f"{_SUBJECTS.get(subject, subject.replace('_', ' ').capitalize())} {subject_id}: {action.replace('_', ' ')}"
    if detail.get("until"):
        words += f" until {detail['until']}"
    if detail.get("in_spite_of_rules"):
        words += " in spite of the rules"
    if detail.get("edit_code"):
        words += f" ({detail['edit_code']})"
    return words + _because(detail)


def _because(detail: Detail) -> str:
    reason = detail.get("reason") or detail.get("why") or (detail.get("new") or {}).get("reason")
    return f" – {reason}" if reason else ""


def _describe_setting(detail: Detail) -> str:
    old, new = detail.get("old") or {}, detail["new"]
    label = AUTOMATION_LABELS.get(detail["automation"], detail["automation"])
    said = []
    if bool(old.get("is_enabled")) != new["is_enabled"]:
        if new["is_enabled"]:
            earlier = ", with what waited before" if new["includes_earlier"] else ""
            said.append(f"enabled from {new['enabled_on']}{earlier}")
        else:
            said.append("disabled")
    elif old and old.get("includes_earlier") != new["includes_earlier"]:
        said.append("takes what waited before, too" if new["includes_earlier"] else "leaves what waited before")
    if old.get("paused_until") != new["paused_until"]:
        said.append(f"paused until {new['paused_until']}" if new["paused_until"] else "resumed")
    return f"{label} {' and '.join(said) or 'saved without a change'}"


def _describe_rule(rows: Sequence[_Row]) -> list[str]:
    """What was done to a rule as a whole, then each condition that it has now or lost."""
    rule_id = rows[0].subject_id
    rules = [row for row in rows if row.subject == "exclusion_rule"]
    conditions = [row for row in rows if row.subject == "exclusion_condition"]
    told = [row.detail.get("new") or row.detail.get("old") or {} for row in rows]
    automation = next((str(one["automation"]) for one in told if "automation" in one), "")
    lines = [f"{AUTOMATION_LABELS.get(automation, automation)} rule {rule_id} {_done_to_rule(rules)}"]
    now = {row.detail["new"]["condition_number"]: row.detail["new"] for row in conditions if row.detail.get("new")}
    for number in sorted(now):
        lines.append(f"When {_describe_condition(now[number])}")
    for row in conditions:
        old = row.detail.get("old")
        if old and not row.detail.get("new") and old["condition_number"] not in now:
            lines.append(f"no longer when {_describe_condition(old)}")
    return lines


def _done_to_rule(rules: Sequence[_Row]) -> str:
    for row in rules:
        old, new = row.detail.get("old"), row.detail.get("new")
        if not old:
            return "added"
        if new and bool(old["deleted_at"]) != bool(new["deleted_at"]):
            return "deleted" if new["deleted_at"] else "brought back"
        if new and old["position"] != new["position"]:
            return f"moved from place {old['position']} to {new['position']}"
    return "changed"


def _describe_condition(condition: Detail) -> str:
    """Field and values as stored: ids, codes and dates, no names."""
    field = FIELDS.get(condition["field"])
    values = [field.choices.get(value, value) if field else value for value in condition["match_values"]]
    return f"{field.label if field else condition['field']} Equals {', '.join(values)}"
