"""Exclusion rules over the frozen candidates: fetch what they need, ask the shared plugin, write back who is out."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import psycopg

from exclusion_rules import CompiledRules, compile_rules, first_matching_rule
from include.database import execute, writing
from include.frames import read_frame
from include.nightly_run.attempt import Attempt
from include.nightly_run.candidates import Step, ensure_frozen, mark_decided
from include.nightly_run.organizations import lock_organizations, work_through

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]

#: Facts that may name ids, and the table that holds them.
_ID_TABLES = {
    "primary_insurer": "insurer",
    "secondary_insurer": "insurer",
    "appointment_staff": "staff",
    "rendering_provider": "staff",
    "billing_provider": "billing_provider",
    "service_type": "service_type",
    "location": "location",
    "client": "client",
}


@dataclass(frozen=True)
class FactSources:
    """Where the facts of an automation's items come from.

    `columns`: fact -> (column of billing.candidate, kind of frame column). `statements`: fact -> SQL file that returns
    item_id and value, for what is not frozen because only some rules ask for it. The day that `weekday` is of is
    `day_column`.
    """

    columns: Mapping[str, tuple[str, str]]
    statements: Mapping[str, str]
    day_column: str = "service_on"


def exclude_items(
    connection: Connection,
    attempt: Attempt,
    organization_ids: Sequence[int],
    sources: FactSources,
    select: Step,
) -> int:
    """Let the organizations' rules take items out of the frozen set and return how many; again decides afresh."""
    ensure_frozen(connection, attempt, organization_ids, select)
    excluded = 0

    def exclude(part: list[int]) -> None:
        nonlocal excluded
        lock_organizations(connection, attempt, part)
        excluded += apply_rules(connection, attempt, part, sources)

    work_through(connection, attempt, organization_ids, "apply_exclusion_rules", exclude)
    with writing(connection, simulated_now=attempt.simulated_now):
        mark_decided(connection, attempt, organization_ids)
    log.info("run %s: %s excluded", attempt.run_id, excluded)
    return excluded


def apply_rules(connection: Connection, attempt: Attempt, organization_ids: Sequence[int], sources: FactSources) -> int:
    """Mark each undecided candidate that a rule excludes with the first rule that matches; return how many.

    A second call decides afresh with the rules of that moment. A rule that is broken matches nothing; the log names it.
    """
    parameters = attempt.parameters | {"organization_ids": list(organization_ids)}
    execute(connection, "nightly_run/forget_exclusions.sql", parameters)
    rules = read_rules(connection, attempt.automation, organization_ids)
    for broken in rules.broken.itertuples():
        log.warning("organization %s: rule %s is broken and excludes nothing: %s", *broken[1:4])
    if not len(rules.rule_ids):
        return 0
    parameters["organization_ids"] = rules.organization_ids.tolist()
    items, many = _read_items(connection, parameters, rules, sources)
    rule_ids = first_matching_rule(items, many, rules)
    is_excluded = rule_ids.notna()
    marked = execute(
        connection,
        "nightly_run/mark_excluded.sql",
        parameters
        | {
            "organization_id": items.loc[is_excluded, "organization_id"].tolist(),
            "item_id": items.loc[is_excluded, "item_id"].tolist(),
            "rule_id": rule_ids[is_excluded].tolist(),
        },
    )
    return marked.rowcount


def read_rules(connection: Connection, automation: str, organization_ids: Sequence[int]) -> CompiledRules:
    """The live rules of the organizations, compiled against the ids that exist now."""
    rows = execute(
        connection,
        "nightly_run/read_rules.sql",
        {"automation": automation, "organization_ids": list(organization_ids)},
    ).fetchall()
    frame = pd.DataFrame(
        rows, columns=["organization_id", "rule_id", "position", "condition_number", "field", "match_values"]
    )
    needed = compile_rules(automation, frame).facts_needed
    known = {
        fact: _known_ids(connection, table, organization_ids) for fact, table in _ID_TABLES.items() if fact in needed
    }
    return compile_rules(automation, frame, known_values=known)


def _known_ids(connection: Connection, table: str, organization_ids: Sequence[int]) -> set[int]:
    rows = execute(
        connection, "nightly_run/read_known_ids.sql", {"table": table, "organization_ids": list(organization_ids)}
    )
    return {identifier for (identifier,) in rows.fetchall()}


def _read_items(
    connection: Connection, parameters: Mapping[str, Any], rules: CompiledRules, sources: FactSources
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    facts = rules.facts_needed
    asked = {fact: column for fact, column in sources.columns.items() if fact in facts}
    columns = {"organization_id": "integer", "item_id": "integer"} | dict(asked.values())
    if "weekday" in facts:
        columns[sources.day_column] = "day"
    frame = read_frame(connection, "nightly_run/read_candidates.sql", parameters, columns)
    items = frame[["organization_id", "item_id"]].copy()
    for fact, (column, _) in asked.items():
        items[fact] = frame[column]
    if "weekday" in facts:
        items["weekday"] = (frame[sources.day_column].dt.day_of_week + 1).astype("Int64")
    many: dict[str, pd.DataFrame] = {}
    places = pd.Index(frame["item_id"])
    for fact, path in sources.statements.items():
        if fact not in facts:
            continue
        kind = "flag" if fact == "progress_note_signed" else "integer" if fact in _ID_TABLES else "category"
        # Only for the organizations whose rules ask: it is the dear part of the filter.
        asking = {"organization_ids": rules.organizations_reading(fact)}
        values = read_frame(connection, path, {**parameters, **asking}, {"item_id": "integer", "value": kind})
        place = places.get_indexer(values["item_id"])
        known = place >= 0
        if kind == "flag":
            # No note at all counts as unsigned, so an item without a row is False.
            signed = np.zeros(len(items), dtype=np.bool_)
            signed[place[known]] = values.loc[known, "value"].to_numpy()
            items[fact] = signed
        else:
            many[fact] = pd.DataFrame({"item": place[known], "value": values.loc[known, "value"].array})
    return items, many
