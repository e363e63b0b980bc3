"""Run the edits over claims and lay out what they found.

One bad claim never holds its neighbours: findings are per claim, and nothing here stops because of what a claim says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.claim_frames import ClaimFrames
from include.claims_scrubber.catalogue import Edit, catalogue, catalogue_version
from include.claims_scrubber.context import Hits, ScrubContext, ids
from include.claims_scrubber.references import References
from include.claims_scrubber.severities import resolve_severities, split_severities
from include.errors import BillingError


class EditFailedError(BillingError):
    """An edit broke on data it did not expect. Says which edit, what kind of error and where; never a value."""


@dataclass(frozen=True)
class ScrubResult:
    """What one scrub found.

    `findings`: claim_id, line_number (0 = the whole claim), edit_code, severity (error, warning), value (the offending
    value as text or NaN; may be patient data, for the settings page only). One row per claim, line and edit, in that
    order. `not_checked`: edit_code, claim_count, one row per edit whose reference table is absent.
    `refused_severities`: the overrides that were ignored, with the reason; -1 stands for any organization or insurer.
    """

    findings: pd.DataFrame
    not_checked: pd.DataFrame
    refused_severities: pd.DataFrame
    catalogue_version: str

    def held_claim_ids(self) -> pd.Series:
        """The claims with at least one error, each once, ascending."""
        errors = self.findings.loc[self.findings["severity"] == "error", "claim_id"]
        return errors.drop_duplicates().reset_index(drop=True)


def scrub(
    frames: ClaimFrames,
    *,
    as_of_on: date,
    references: References,
    severities: pd.DataFrame | None = None,
    edits: tuple[Edit, ...] | None = None,
) -> ScrubResult:
    """Every finding of `edits` (default: the catalogue) on the claims, as of the local date `as_of_on` (the night).

    Reads its arguments only; a second call gives the same result, and empty frames give empty findings. Raises
    `ValueError` when the frames, overrides or references are not as their contracts say, `EditFailedError` when an
    edit breaks: both are faults of the program or the data's shape, not findings.
    """
    if isinstance(as_of_on, datetime):
        raise TypeError("as_of_on must be a local date, not an instant")
    edits = catalogue() if edits is None else edits
    overrides, refused = split_severities(severities, edits)
    context = ScrubContext(frames, as_of_on, references)
    organization_ids = ids(context.claims["organization_id"])
    insurer_ids = ids(context.claims["insurer_id"])

    def severities_of(code: str, positions: npt.NDArray[np.intp]) -> pd.Series:
        codes = pd.Series([code], dtype="str").repeat(len(positions)).reset_index(drop=True)
        return resolve_severities(codes, organization_ids[positions], insurer_ids[positions], overrides, edits)

    everything = np.arange(len(context.claims))
    found: list[pd.DataFrame] = []
    not_checked: list[tuple[str, int]] = []
    for one in edits:
        if one.needs is not None and not references.is_loaded(one.needs):
            claim_count = int((severities_of(one.code, everything) != "off").sum())
            if claim_count:
                not_checked.append((one.code, claim_count))
            continue
        hits = _checked(one, context)
        if not len(hits.positions):
            continue
        rows, claim_positions = _findings_of(one, hits, context)
        rows["severity"] = severities_of(one.code, claim_positions).to_numpy()
        found.append(rows.loc[rows["severity"] != "off"])
    return ScrubResult(
        findings=_assembled(found),
        not_checked=pd.DataFrame(
            {
                "edit_code": pd.Series([code for code, _ in not_checked], dtype="str"),
                "claim_count": pd.Series([count for _, count in not_checked], dtype="int64"),
            }
        ),
        refused_severities=refused,
        catalogue_version=catalogue_version(edits),
    )


def _findings_of(one: Edit, found: Hits, context: ScrubContext) -> tuple[pd.DataFrame, npt.NDArray[np.intp]]:
    """The findings of one edit and, row by row, the position of their claim."""
    claim_positions = context.claim_of_line[found.positions] if one.grain == "line" else found.positions
    line_numbers = (
        ids(context.lines["line_number"])[found.positions]
        if one.grain == "line"
        else np.zeros(len(found.positions), dtype="int64")
    )
    values = np.nan if found.values is None else found.values.to_numpy()
    rows = pd.DataFrame(
        {"claim_id": context.claim_ids[claim_positions], "line_number": line_numbers, "edit_code": one.code}
    )
    rows["value"] = pd.Series(values, index=rows.index, dtype="str")
    if one.effective_from is None and one.effective_to is None:
        return rows, claim_positions
    applies = _is_effective(one, context)[found.positions]
    return rows.loc[applies].reset_index(drop=True), claim_positions[applies]


def _checked(one: Edit, context: ScrubContext) -> Hits:
    """Run the edit; an error leaves as `EditFailedError` without the original, whose text could hold a value."""
    try:
        return one.check(context)
    except Exception as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
        failure = EditFailedError(f"edit {one.code} failed: {type(error).__name__} at {where}")
    # Raised outside the handler, so that the original is not even attached as context.
    raise failure


def _is_effective(one: Edit, context: ScrubContext) -> npt.NDArray[np.bool_]:
    """Per claim or line, as the edit's grain says: its service date lies in the edit's dates, ends included.

    A claim goes by its earliest service date; where there is none, by the date of the scrub.
    """
    days = context.lines["service_on"].fillna(pd.Timestamp(context.as_of_on)).to_numpy(dtype="datetime64[s]")
    if one.grain == "claim":
        earliest = np.full(len(context.claims), np.datetime64("9999-12-31", "s"))
        np.minimum.at(earliest, context.claim_of_line, days)
        days = np.where(context.line_count == 0, context.today(), earliest)
    effective = np.ones(len(days), dtype=np.bool_)
    if one.effective_from is not None:
        effective &= days >= np.datetime64(one.effective_from, "s")
    if one.effective_to is not None:
        effective &= days <= np.datetime64(one.effective_to, "s")
    return effective


def _assembled(found: list[pd.DataFrame]) -> pd.DataFrame:
    """All findings in one frame, at most one per claim, line and edit, in that order."""
    columns = ["claim_id", "line_number", "edit_code", "severity", "value"]
    types = {"claim_id": "int64", "line_number": "int64", "edit_code": "str", "severity": "str", "value": "str"}
    rows = [frame for frame in found if not frame.empty]
    if not rows:
        return pd.DataFrame({column: pd.Series(dtype=kind) for column, kind in types.items()})
    keys = ["claim_id", "line_number", "edit_code"]
    findings = pd.concat(rows, ignore_index=True)[columns].astype(types)
    return findings.drop_duplicates(keys).sort_values(keys, kind="stable", ignore_index=True)
