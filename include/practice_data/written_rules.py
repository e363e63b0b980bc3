"""The check of `exclusion_rule.csv`: one row per condition, judged by the rules package that runs them at night."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from include.practice_data.csv_files import Sheet
from include.practice_data.problems import Problem

#: Stands between two values of a condition.
SEPARATOR = "|"
#: Stands for the organization of a row whose own cell is wrong: what refers to it is not judged.
UNKNOWN_OWNER = "?"
#: The file behind each kind of id a condition may name.
TABLE_OF_FACT = {
    "primary_insurer": "insurer",
    "secondary_insurer": "insurer",
    "appointment_staff": "staff",
    "rendering_provider": "staff",
    "billing_provider": "billing_provider",
    "service_type": "service_type",
    "location": "location",
    "client": "client",
}
_ONCE_PER_RULE = ("organization_id", "automation", "position")


def check_rules(
    sheet: Sheet, owners_of: Callable[[str, pd.Series], pd.Series], is_judged: Callable[[str], bool]
) -> None:
    """Note conditions that cannot be saved, rules whose rows disagree, and ids the organization does not have."""
    # Imported here: a directory without rules loads without the rules package.
    from exclusion_rules import validate_condition

    frame = sheet.frame
    for name in _ONCE_PER_RULE:
        first = frame.groupby("rule_id")[name].transform("first")
        differs = ((frame[name] != first) & (frame["rule_id"] != "")).to_numpy(dtype=bool)
        sheet.refuse(differs & ~sheet.flawed, name, "differs from the rule's first line")
    sound = frame[~sheet.flawed]
    values = sound["match_values"].str.split(SEPARATOR)
    # One pass per condition, not per item: a practice has a handful of rules.
    lines = sheet.lines[~sheet.flawed].tolist()
    for line, automation, field, written in zip(lines, sound["automation"], sound["field"], values, strict=True):
        for reason in validate_condition(automation, field, written):
            sheet.problems.append(Problem(sheet.table.file, line, "match_values", reason))
    exploded = values.explode()
    for fact, target in TABLE_OF_FACT.items():
        named = exploded[(sound["field"].reindex(exploded.index) == fact).to_numpy(dtype=bool)]
        named = named[named.str.fullmatch("[1-9][0-9]{0,17}")]
        if named.empty or not is_judged(target):
            continue
        own = frame["organization_id"].reindex(named.index)
        found = owners_of(target, named)
        strange = named[((found != own) & (found != UNKNOWN_OWNER) & (own != "")).to_numpy(dtype=bool)]
        mask = np.zeros(len(frame), dtype=bool)
        mask[frame.index.get_indexer(strange.index.unique())] = True
        words = target.replace("_", " ")
        reasons = [
            f"the organization has no {words} {', '.join(ids)}" for ids in strange.groupby(level=0).agg(list).tolist()
        ]
        sheet.refuse(mask, "match_values", reasons)
