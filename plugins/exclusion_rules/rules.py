"""Rules: checked when a person saves them, compiled into arrays when a run applies them.

Both use one parser, so a rule that can be saved can be compiled. At compile time nothing an organization stored may
stop a run: a rule that cannot work matches nothing and is listed as broken.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exclusion_rules.fields import FIELDS, Field, Kind, offered_field, offered_fields

Integers = NDArray[np.int64]
#: Lowest and highest number of an interval, both included.
Interval = tuple[int, int]

#: Stands for "no value" in encoded columns. No interval contains it; numpy's NaT is the same number.
ABSENT = int(np.iinfo(np.int64).min)
_LOWEST = ABSENT + 1
_HIGHEST = int(np.iinfo(np.int64).max)

_ID = re.compile("[1-9][0-9]{0,18}")
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EPOCH = date(1970, 1, 1).toordinal()
_TEXT_KINDS = (Kind.CHOICE, Kind.CODE)

_COLUMNS = ("organization_id", "rule_id", "position", "condition_number", "field", "match_values")


@dataclass(frozen=True, slots=True)
class CompiledRules:
    """The working rules of many organizations for one automation, as arrays; made by ``compile_rules``.

    Rules lie in order of organization, position, rule id; rules of organization ``i`` are
    ``first_rule[i]:first_rule[i + 1]``, conditions of rule ``r`` are ``first_condition[r]:first_condition[r + 1]``
    (cheapest first), intervals of condition ``c`` are ``first_interval[c]:first_interval[c + 1]`` (ascending, apart).
    A condition holds if an encoded value of the item lies in one of its intervals.

    ``broken``: one row per rule that matches nothing, in order of organization_id, rule_id: organization_id, rule_id
    (int64), why (text without stored values other than ids; codes and field labels).
    """

    automation: str
    organization_ids: Integers
    first_rule: Integers
    rule_ids: Integers
    first_condition: Integers
    condition_group: NDArray[np.int8]
    first_interval: Integers
    low: Integers
    high: Integers
    groups: tuple[tuple[str, bool], ...]
    """Per value of ``condition_group``: the fact, and whether a condition of it has more than one interval."""
    vocabularies: Mapping[str, pd.Index[str]]
    """Per fact of text: the texts that rules name; an encoded value is the place in it."""
    broken: pd.DataFrame

    @property
    def facts_needed(self) -> set[str]:
        """The facts that working rules read: what the caller has to fetch. Broken rules need none."""
        return {fact for fact, _ in self.groups}

    def organizations_reading(self, fact: str) -> list[int]:
        """The organizations that have a working rule on the fact, ascending: only their items need it."""
        groups = [number for number, (name, _) in enumerate(self.groups) if name == fact]
        conditions = np.flatnonzero(np.isin(self.condition_group, groups))
        rules = np.searchsorted(self.first_condition, conditions, side="right") - 1
        places = np.unique(np.searchsorted(self.first_rule, rules, side="right") - 1)
        return [int(organization_id) for organization_id in self.organization_ids[places]]


def validate_condition(automation: str, field: str, match_values: Sequence[str]) -> list[str]:
    """What is wrong with one condition, in words for the person who edits it; empty if it can be saved.

    Values are named by their place, not repeated: what somebody typed may be a client's name. Whether an id exists is
    the caller's to check. Raises ``ValueError`` only for an automation that has no rules.
    """
    offered = offered_field(automation, field)
    if offered is None:
        return [_not_offered(automation, field)]
    return _parse_values(offered, match_values)[1]


def validate_rule(automation: str, conditions: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """What is wrong with a whole rule, given as (field, match_values) per condition; empty if it can be saved."""
    offered_fields(automation)
    if not conditions:
        return ["a rule needs at least one condition"]
    return [
        f"condition {number}: {problem}"
        for number, (field, match_values) in enumerate(conditions, start=1)
        for problem in validate_condition(automation, field, match_values)
    ]


def compile_rules(
    automation: str, rules: pd.DataFrame, *, known_values: Mapping[str, Collection[int]] | None = None
) -> CompiledRules:
    """Compile stored rules of one automation for ``first_matching_rule``.

    ``rules``: one row per condition: organization_id, rule_id, position, condition_number (integers), field (text),
    match_values (list of text). A rule without conditions may be given as one row without a field; it is broken.
    ``known_values``: per fact of ids, all ids that exist; a fact that is not named is not checked.

    A value that is malformed or does not exist any more is left out and the condition matches on its other values. A
    condition with no value left, or on a field the automation does not offer, makes its rule broken: all conditions
    have to hold, so without it the rule would exclude more than its author meant.

    Raises ``ValueError`` if a column is missing or a rule has two organizations or positions, ``TypeError`` if
    match_values holds text instead of lists: mistakes of the query, which would silently switch off every rule.
    """
    offered = {each.code: each for each in offered_fields(automation)}
    _refuse_malformed_frame(rules)
    build = _Build(automation, offered, known_values or {})
    ordered = rules.sort_values(["organization_id", "position", "rule_id", "condition_number"], kind="stable")
    pending: list[tuple[object, object]] = []
    previous: tuple[int, int] | None = None
    columns = (ordered[name].tolist() for name in ("organization_id", "rule_id", "field", "match_values"))
    for organization_id, rule_id, field, match_values in zip(*columns, strict=True):
        key = (int(organization_id), int(rule_id))
        if previous is not None and key != previous:
            build.add_rule(*previous, pending)
            pending = []
        previous = key
        if isinstance(field, str):
            pending.append((field, match_values))
    if previous is not None:
        build.add_rule(*previous, pending)
    return build.finish()


def _refuse_malformed_frame(rules: pd.DataFrame) -> None:
    missing = [name for name in _COLUMNS if name not in rules.columns]
    if missing:
        raise ValueError(f"rules lack the columns {', '.join(missing)}")
    distinct = rules[["organization_id", "rule_id", "position"]].drop_duplicates()
    twice = distinct.loc[distinct["rule_id"].duplicated(), "rule_id"]
    if len(twice):
        raise ValueError(f"{len(twice)} rules have more than one organization or position, e.g. rule {twice.iloc[0]}")
    if any(isinstance(cell, str) for cell in rules["match_values"]):
        raise TypeError("match_values holds text where a list of texts is expected")


class _Build:
    """Collects rule after rule into plain lists; ``finish`` makes the arrays."""

    def __init__(self, automation: str, offered: Mapping[str, Field], known: Mapping[str, Collection[int]]) -> None:
        self._automation = automation
        self._offered = offered
        # Sets and ranges answer "is it in" at once and may be large; only what does not is copied.
        self._known = {
            fact: ids if isinstance(ids, (Set, range)) else frozenset(int(each) for each in ids)
            for fact, ids in known.items()
        }
        self._organization_ids: list[int] = []
        self._first_rule: list[int] = []
        self._rule_ids: list[int] = []
        self._first_condition: list[int] = []
        self._condition_group: list[int] = []
        self._first_interval: list[int] = []
        self._intervals: list[Interval] = []
        self._groups: dict[tuple[str, bool], int] = {}
        self._codes: dict[str, dict[str, int]] = {}
        self._broken: list[tuple[int, int, str]] = []

    def add_rule(self, organization_id: int, rule_id: int, conditions: Sequence[tuple[object, object]]) -> None:
        """Take one rule; its conditions are (field, match_values) as stored. Rules come in their final order."""
        compiled: list[tuple[Field, list[Interval]]] = []
        problems = [] if conditions else ["a rule needs at least one condition"]
        for number, (code, stored) in enumerate(conditions, start=1):
            field = self._offered.get(str(code))
            if field is None:
                problems.append(f"condition {number}: {_not_offered(self._automation, str(code))}")
                continue
            intervals, why = self._intervals_of(field, stored)
            if intervals:
                compiled.append((field, intervals))
            else:
                problems.append(f"condition {number}: {'; '.join(why)}")
        if problems:
            self._broken.append((organization_id, rule_id, "; ".join(problems)))
            return
        if not self._organization_ids or self._organization_ids[-1] != organization_id:
            self._organization_ids.append(organization_id)
            self._first_rule.append(len(self._rule_ids))
        self._rule_ids.append(rule_id)
        self._first_condition.append(len(self._condition_group))
        # Cheapest first: what a cheap condition turns away never reaches a dear one.
        for field, intervals in sorted(compiled, key=lambda each: (each[0].is_many, len(each[1]))):
            group = self._groups.setdefault((field.fact, len(intervals) > 1), len(self._groups))
            self._condition_group.append(group)
            self._first_interval.append(len(self._intervals))
            self._intervals.extend(intervals)

    def _intervals_of(self, field: Field, stored: object) -> tuple[list[Interval], list[str]]:
        """Intervals of the values that can match, and why the others cannot; no interval means a broken condition."""
        values = list(stored) if isinstance(stored, (list, tuple, np.ndarray)) else []
        parsed, problems = _parse_values(field, values)
        known = self._known.get(field.fact) if field.kind is Kind.ID else None
        intervals: list[Interval] = []
        for value in parsed:
            if isinstance(value, str):
                codes = self._codes.setdefault(field.fact, {})
                code = codes.setdefault(value, len(codes))
                intervals.append((code, code))
            elif known is not None and value[0] not in known:
                problems.append(f"{field.label} {value[0]} does not exist any more")
            else:
                intervals.append(value)
        return _merge(intervals), problems

    def finish(self) -> CompiledRules:
        """The arrays of everything added, each with its closing offset."""
        bounds = np.array(self._intervals, dtype=np.int64).reshape(-1, 2)
        broken = pd.DataFrame(self._broken, columns=["organization_id", "rule_id", "why"])
        broken = broken.astype({"organization_id": "int64", "rule_id": "int64", "why": "str"})
        return CompiledRules(
            automation=self._automation,
            organization_ids=np.array(self._organization_ids, dtype=np.int64),
            first_rule=np.array([*self._first_rule, len(self._rule_ids)], dtype=np.int64),
            rule_ids=np.array(self._rule_ids, dtype=np.int64),
            first_condition=np.array([*self._first_condition, len(self._condition_group)], dtype=np.int64),
            condition_group=np.array(self._condition_group, dtype=np.int8),
            first_interval=np.array([*self._first_interval, len(self._intervals)], dtype=np.int64),
            low=np.ascontiguousarray(bounds[:, 0]),
            high=np.ascontiguousarray(bounds[:, 1]),
            groups=tuple(self._groups),
            vocabularies={fact: pd.Index(list(codes), dtype="str") for fact, codes in self._codes.items()},
            broken=broken.sort_values(["organization_id", "rule_id"], ignore_index=True),
        )


def _not_offered(automation: str, code: str) -> str:
    field = FIELDS.get(code)
    if field is None:
        return "unknown field"
    return f"{field.label} is not offered in {automation}"


def _parse_values(field: Field, match_values: Sequence[object]) -> tuple[list[str | Interval], list[str]]:
    """The well-formed values (text for codes and choices, else an interval), and the problems of the others."""
    if len(match_values) == 0:
        return [], [f"{field.label} needs at least one value"]
    parsed: list[str | Interval] = []
    problems: list[str] = []
    for place, text in enumerate(match_values, start=1):
        value, problem = _parse_value(field, text) if isinstance(text, str) else (None, "is missing")
        if value is None:
            problems.append(f"{field.label}: value {place} {problem}")
        else:
            parsed.append(value)
    return parsed, problems


def _parse_value(field: Field, text: str) -> tuple[str | Interval | None, str]:
    """One stored value, or None and what is wrong with it."""
    if field.kind is Kind.DATE_RANGE:
        return _parse_range(text)
    if field.kind is Kind.DATE:
        day = _parse_day(text)
        return (None, "is not a date like 2026-11-02") if day is None else ((day, day), "")
    if field.kind is Kind.ID:
        number = int(text) if _ID.fullmatch(text) else _HIGHEST + 1
        return (None, "is not an id (a whole number above 0)") if number > _HIGHEST else ((number, number), "")
    if field.kind is Kind.CODE:
        return (text, "") if re.fullmatch(field.pattern, text) else (None, f"is not {field.pattern_words}")
    if text not in field.choices:
        return None, f"is none of {', '.join(field.choices)}"
    if field.kind in _TEXT_KINDS:
        return text, ""
    number = int(text == "yes") if field.kind is Kind.YES_NO else int(text)
    return (number, number), ""


def _parse_range(text: str) -> tuple[Interval | None, str]:
    ends = text.split("/")
    if len(ends) != 2:
        return None, "is not a range like 2026-11-02/2026-11-09"
    if ends == ["..", ".."]:
        return None, "needs a start or an end"
    start = _LOWEST if ends[0] == ".." else _parse_day(ends[0])
    end = _HIGHEST if ends[1] == ".." else _parse_day(ends[1])
    if start is None or end is None:
        return None, "is not a range like 2026-11-02/2026-11-09"
    if end < start:
        return None, "ends before it starts"
    return (start, end), ""


def _parse_day(text: str) -> int | None:
    """Days since 1970-01-01 of a date written as 2026-11-02, None for anything else."""
    if not _DATE.fullmatch(text):  # fromisoformat also takes 20261102 and week dates
        return None
    try:
        return date.fromisoformat(text).toordinal() - _EPOCH
    except ValueError:
        return None


def _merge(intervals: list[Interval]) -> list[Interval]:
    """The same whole numbers as few ascending intervals that do not touch."""
    merged: list[Interval] = []
    for low, high in sorted(intervals):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged
