"""How severe a finding is for this organization and this insurer.

Overrides are rows of organization_id, insurer_id (either or both may be missing), edit_code and severity (error,
warning, off). The most specific row wins:

1. this organization and this insurer
2. this insurer, at every organization
3. this organization, for every insurer
4. neither: the whole installation
5. the edit's default

An insurer beats an organization because the insurer is who refuses the claim. An edit that an 837P or its receiver
cannot take stays an error whatever an override says; such rows are ignored and reported.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.claims_scrubber.catalogue import Edit
from include.claims_scrubber.context import NO_ID, ids

SEVERITY_COLUMNS = ("organization_id", "insurer_id", "edit_code", "severity")
SEVERITIES = frozenset({"error", "warning", "off"})

#: The keys of each level, the least specific first: a later level overwrites an earlier one.
_LEVELS: tuple[tuple[str, ...], ...] = (
    (),
    ("organization_id",),
    ("insurer_id",),
    ("organization_id", "insurer_id"),
)


def split_severities(severities: pd.DataFrame | None, edits: tuple[Edit, ...]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Overrides that count, and those refused, each with a `reason` (not overridable, unknown edit).

    Ids are int64 with -1 for "any" in both. Raises `ValueError` (counts and words, no ids of people) when a column is
    missing, a severity is none of the three, or two rows speak for the same organization, insurer and edit.
    """
    if severities is None:
        severities = pd.DataFrame({column: pd.Series(dtype="object") for column in SEVERITY_COLUMNS})
    missing = [column for column in SEVERITY_COLUMNS if column not in severities.columns]
    if missing:
        raise ValueError(f"severity overrides: missing columns {missing}")
    rows = pd.DataFrame(
        {
            "organization_id": ids(severities["organization_id"]),
            "insurer_id": ids(severities["insurer_id"]),
            "edit_code": severities["edit_code"].astype("str").to_numpy(),
            "severity": severities["severity"].astype("str").to_numpy(),
        }
    )
    wrong = int((~rows["severity"].isin(SEVERITIES)).sum())
    if wrong:
        raise ValueError(f"severity overrides: {wrong} rows with a severity other than error, warning, off")
    doubled = int(rows.duplicated(["organization_id", "insurer_id", "edit_code"]).sum())
    if doubled:
        raise ValueError(f"severity overrides: {doubled} rows repeat an organization, insurer and edit")

    fixed = {one.code for one in edits if not one.is_overridable}
    is_known = rows["edit_code"].isin({one.code for one in edits})
    is_lowered = rows["edit_code"].isin(fixed) & (rows["severity"] != "error")
    refused = rows.loc[~is_known | is_lowered].copy()
    refused["reason"] = np.where(is_known.loc[refused.index], "not overridable", "unknown edit")
    return rows.loc[is_known & ~is_lowered].reset_index(drop=True), refused.reset_index(drop=True)


def resolve_severities(
    edit_codes: pd.Series,
    organization_ids: npt.NDArray[np.int64],
    insurer_ids: npt.NDArray[np.int64],
    overrides: pd.DataFrame,
    edits: tuple[Edit, ...],
) -> pd.Series:
    """The severity (error, warning, off) of each finding, in order; `overrides` as `split_severities` accepts them."""
    severity = edit_codes.map({one.code: one.default_severity for one in edits}).astype("str")
    if overrides.empty:
        return severity
    findings = pd.DataFrame(
        {"edit_code": edit_codes.to_numpy(), "organization_id": organization_ids, "insurer_id": insurer_ids}
    )
    for keys in _LEVELS:
        speaks = np.ones(len(overrides), dtype=np.bool_)
        for key in ("organization_id", "insurer_id"):
            speaks &= (overrides[key] != NO_ID).to_numpy() == (key in keys)
        if speaks.any():
            columns = ["edit_code", *keys]
            said = findings.merge(overrides.loc[speaks, [*columns, "severity"]], on=columns, how="left")["severity"]
            severity = said.where(said.notna(), severity)
    return severity
