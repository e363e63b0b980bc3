"""Which rule excludes which item: compiled rules over a narrow frame of items.

Nothing here loops over items, rules or organizations. In step *k* every item that is still undecided meets the *k*-th
rule of its own organization, all organizations at once; within it the items are narrowed condition by condition. An
item leaves as soon as a rule matches or its organization has no further rule, so one organization with many rules
costs only its own items, and the rule an item leaves with is its first matching one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exclusion_rules.fields import FIELDS, Kind
from exclusion_rules.rules import ABSENT, CompiledRules, Integers

Booleans = NDArray[np.bool_]
AnySeries: TypeAlias = "pd.Series[Any]"

#: Kind of each fact. A date and its range share a fact and are encoded alike.
_KIND_OF_FACT = {field.fact: field.kind for field in FIELDS.values()}


def first_matching_rule(
    items: pd.DataFrame, many: Mapping[str, pd.DataFrame], rules: CompiledRules, *, chunk_rows: int = 131_072
) -> pd.Series[int]:
    """Rule id of the first matching rule of its organization per item, <NA> where none matches; Int64, index of items.

    ``items``: one row per item: ``organization_id`` (integer, never missing) and a column per single-valued fact:
    ids and weekdays integer or Int64, codes category or text, dates datetime64 without zone (the time of day is
    ignored), progress_note_signed bool or boolean; any of them as category. ``many``: per many-valued fact a frame
    with ``item`` (row position in items) and ``value``, any order, any number of rows per item. A fact found in
    ``many`` is not read from ``items``. Only facts in ``rules.facts_needed`` are read, the others may be absent.

    A missing value equals nothing. Items are taken ``chunk_rows`` at a time, which bounds memory and not the result.

    Raises ``ValueError`` if a needed fact is given nowhere or ``item`` points outside items, ``TypeError`` for a
    column of another type: mistakes of the caller.
    """
    unknown = sorted(fact for fact in rules.facts_needed if fact not in many and fact not in items.columns)
    if unknown:
        raise ValueError(f"the rules need facts that were not given: {', '.join(unknown)}")
    grouped = {fact: _group_by_item(fact, many[fact], len(items)) for fact in rules.facts_needed if fact in many}
    organizations = items["organization_id"]
    if len(items) and not pd.api.types.is_integer_dtype(organizations.dtype):
        raise TypeError(f"organization_id is {organizations.dtype}, expected integers")
    found = np.zeros(len(items), dtype=np.int64)
    is_found = np.zeros(len(items), dtype=np.bool_)
    if len(rules.rule_ids):
        for start in range(0, len(items), chunk_rows):
            stop = min(start + chunk_rows, len(items))
            chunk = _Chunk(items, grouped, rules, start, stop)
            ids = organizations.iloc[start:stop].to_numpy(dtype=np.int64)
            rows, matched = _match_chunk(chunk, ids, rules)
            found[start + rows] = rules.rule_ids[matched]
            is_found[start + rows] = True
    return pd.Series(pd.arrays.IntegerArray(found, ~is_found), index=items.index, name="rule_id")


@dataclass(frozen=True, slots=True)
class _ManyValues:
    """The values of a many-valued fact, ordered by the item they belong to."""

    item: Integers
    value: AnySeries


def _group_by_item(fact: str, frame: pd.DataFrame, item_count: int) -> _ManyValues:
    if len(frame) == 0:
        return _ManyValues(np.zeros(0, dtype=np.int64), frame["value"])
    if not pd.api.types.is_integer_dtype(frame["item"].dtype):
        raise TypeError(f"column item of {fact} is {frame['item'].dtype}, expected integers")
    item = frame["item"].to_numpy(dtype=np.int64)
    if item.min() < 0 or item.max() >= item_count:
        raise ValueError(f"column item of {fact} points outside the {item_count} items")
    if np.all(item[1:] >= item[:-1]):  # the usual case, a query in order of item
        return _ManyValues(item, frame["value"])
    order = np.argsort(item, kind="stable")
    return _ManyValues(item[order], frame["value"].iloc[order])


class _Chunk:
    """Encoded values of the items ``start:stop``, each fact encoded when a condition first asks for it.

    Rows are counted from ``start``.
    """

    def __init__(
        self, items: pd.DataFrame, grouped: Mapping[str, _ManyValues], rules: CompiledRules, start: int, stop: int
    ) -> None:
        self._items = items
        self._grouped = grouped
        self._rules = rules
        self._start = start
        self._stop = stop
        self._values: dict[str, Integers] = {}
        self._first_value: dict[str, Integers] = {}

    def holds(self, group: int, rows: Integers, conditions: Integers) -> Booleans:
        """Per place: whether the item of that row meets the condition; all conditions belong to ``group``."""
        fact, has_several = self._rules.groups[group]
        if fact not in self._values:
            self._read(fact)
        values = self._values[fact]
        if fact not in self._grouped:
            return self._in_intervals(values[rows], conditions, has_several)
        first = self._first_value[fact]
        counts = first[rows + 1] - first[rows]
        # One entry per (place, value of its item): the place, and where the value lies.
        places = np.repeat(np.arange(len(rows)), counts)
        ends = np.cumsum(counts)
        within = np.arange(len(places)) - np.repeat(ends - counts, counts)
        hit = self._in_intervals(values[first[rows][places] + within], conditions[places], has_several)
        result = np.zeros(len(rows), dtype=np.bool_)
        result[places[hit]] = True
        return result

    def _in_intervals(self, values: Integers, conditions: Integers, has_several: bool) -> Booleans:
        """Whether each value lies in an interval of its condition."""
        rules = self._rules
        at = rules.first_interval[conditions]
        if has_several and len(at):
            # Binary search, all places at once, for the last interval that starts at or below the value.
            last = rules.first_interval[conditions + 1] - 1
            step = 1 << (int((last - at).max()).bit_length() - 1)
            while step:
                further = np.minimum(at + step, last)
                at = np.where(rules.low[further] <= values, further, at)
                step >>= 1
        return (rules.low[at] <= values) & (values <= rules.high[at])

    def _read(self, fact: str) -> None:
        vocabulary = self._rules.vocabularies.get(fact)
        grouped = self._grouped.get(fact)
        if grouped is None:
            self._values[fact] = _encode(fact, self._items[fact].iloc[self._start : self._stop], vocabulary)
            return
        bounds = np.searchsorted(grouped.item, np.arange(self._start, self._stop + 1))
        self._first_value[fact] = bounds - bounds[0]
        self._values[fact] = _encode(fact, grouped.value.iloc[bounds[0] : bounds[-1]], vocabulary)


def _match_chunk(chunk: _Chunk, organization_ids: Integers, rules: CompiledRules) -> tuple[Integers, Integers]:
    """Rows of the chunk that a rule matches, and the place of the first such rule, in no order."""
    organization = np.searchsorted(rules.organization_ids, organization_ids)
    organization[organization == len(rules.organization_ids)] = 0
    rows = np.flatnonzero(rules.organization_ids[organization] == organization_ids)
    rule = rules.first_rule[organization[rows]]
    end = rules.first_rule[organization[rows] + 1]
    decided: list[tuple[Integers, Integers]] = []
    while len(rows):
        is_matched = _rule_matches(chunk, rows, rule, rules)
        decided.append((rows[is_matched], rule[is_matched]))
        goes_on = ~is_matched & (rule + 1 < end)
        rows, rule, end = rows[goes_on], rule[goes_on] + 1, end[goes_on]
    if not decided:
        return rows, rule
    return np.concatenate([row for row, _ in decided]), np.concatenate([rule for _, rule in decided])


def _rule_matches(chunk: _Chunk, rows: Integers, rule: Integers, rules: CompiledRules) -> Booleans:
    """Per place: whether the item of ``rows`` meets all conditions of ``rule``."""
    result = np.zeros(len(rows), dtype=np.bool_)
    place = np.arange(len(rows))
    condition = rules.first_condition[rule]
    end = rules.first_condition[rule + 1]
    while len(place):
        holds = np.zeros(len(place), dtype=np.bool_)
        group = rules.condition_group[condition]
        for each in np.flatnonzero(np.bincount(group)):
            at = np.flatnonzero(group == each)
            holds[at] = chunk.holds(int(each), rows[place[at]], condition[at])
        place, condition, end = place[holds], condition[holds] + 1, end[holds]
        is_complete = condition == end
        result[place[is_complete]] = True
        place, condition, end = place[~is_complete], condition[~is_complete], end[~is_complete]
    return result


def _encode(fact: str, values: AnySeries, vocabulary: pd.Index[str] | None) -> Integers:
    """Values as whole numbers that compare like the compiled intervals; in none of them if missing."""
    if len(values) == 0:
        return np.zeros(0, dtype=np.int64)
    if isinstance(values.dtype, pd.CategoricalDtype):
        categories = _encode(fact, pd.Series(values.cat.categories), vocabulary)
        return np.append(categories, ABSENT)[values.cat.codes.to_numpy()]  # code -1, a missing value, is the last
    kind = _KIND_OF_FACT[fact]
    if kind in (Kind.CHOICE, Kind.CODE):
        if vocabulary is None or not (pd.api.types.is_string_dtype(values.dtype) or values.dtype == np.dtype(object)):
            raise TypeError(f"{fact} is {values.dtype}, expected text or category")
        # -1 for a missing or unnamed text lies in no interval, as ABSENT does: places count from 0.
        place: Integers = vocabulary.get_indexer(pd.Index(values)).astype(np.int64)
        return place
    if kind in (Kind.DATE, Kind.DATE_RANGE):
        if not pd.api.types.is_datetime64_dtype(values.dtype):
            raise TypeError(f"{fact} is {values.dtype}, expected datetime64 without a zone")
        return values.to_numpy().astype("datetime64[D]").astype(np.int64)
    is_expected = pd.api.types.is_bool_dtype if kind is Kind.YES_NO else pd.api.types.is_integer_dtype
    if not is_expected(values.dtype):
        # Floats are refused: an id column that pandas turned to float has lost its large ids already.
        raise TypeError(f"{fact} is {values.dtype}, expected {'bool' if kind is Kind.YES_NO else 'integers or Int64'}")
    if isinstance(values.dtype, np.dtype):
        return values.to_numpy().astype(np.int64)
    return values.to_numpy(dtype=np.int64, na_value=ABSENT)
