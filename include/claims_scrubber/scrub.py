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
from include.claims_scrubber.context import Hits, Mask, ScrubContext, ids
from include.claims_scrubber.references import References
from include.claims_scrubber.service_days import ServiceDays
from include.claims_scrubber.severities import resolve_severities, split_severities
from include.errors import BillingError


class EditFailedError(BillingError):
    """An edit broke on data it did not expect. Says which edit, what kind of error and where; never a value."""


@dataclass(frozen=True)
class ScrubResult:
    """What one scrub found.

    `findings`: claim_id, line_number (0 = the whole claim), edit_code, severity (error, warning), value (the offending
    value as text or NaN; may be patient data, for the settings page only). One row per claim, line and edit, in that
    order. `not_checked`: edit_code, claim_count, one row per edit whose reference table is absent or does not reach a
    service date of some claims; claims for which the edit is off or not in effect are not counted.
    `not_checked_by_organization`: organization_id, edit_code, claim_count, the same claims per organization.
    `switched_off`: claim_id, line_number, edit_code of what would be a finding, were the edit not off for the claim.
    `refused_severities`: the overrides that were ignored, with the reason; -1 stands for any organization or insurer.
    """

    findings: pd.DataFrame
    not_checked: pd.DataFrame
    not_checked_by_organization: pd.DataFrame
    switched_off: pd.DataFrame
    refused_severities: pd.DataFrame
    catalogue_version: str
    reference_version: str


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

    days = ServiceDays(context)
    found: list[pd.DataFrame] = []
    switched_off: list[pd.DataFrame] = []
    organizations, organization_codes = np.unique(organization_ids, return_inverse=True)
    not_checked: list[tuple[str, npt.NDArray[np.intp]]] = []
    for one in edits:
        covered = None if one.needs is None else days.covered(one.needs, one.grain)
        if one.needs is not None and covered is not None:
            left_out = np.flatnonzero(~days.covered_claims(one.needs) & days.effective_claims(one))
            # No edit is off by default, so only an override can make one so.
            if len(left_out) and (overrides["edit_code"] == one.code).any():
                left_out = left_out[(severities_of(one.code, left_out) != "off").to_numpy()]
            if len(left_out):
                counts = np.bincount(organization_codes[left_out], minlength=len(organizations))
                not_checked.append((one.code, counts))
            if not covered.any():
                continue
        hits = _checked(one, context)
        if not len(hits.positions):
            continue
        rows, claim_positions = _findings_of(one, hits, context, days, covered)
        rows["severity"] = severities_of(one.code, claim_positions).to_numpy()
        is_off = (rows["severity"] == "off").to_numpy()
        found.append(rows.loc[~is_off])
        if is_off.any():
            switched_off.append(rows.loc[is_off])
    return ScrubResult(
        findings=_assembled(found),
        not_checked=pd.DataFrame(
            {
                "edit_code": pd.Series([code for code, _ in not_checked], dtype="str"),
                "claim_count": pd.Series([counts.sum() for _, counts in not_checked], dtype="int64"),
            }
        ),
        not_checked_by_organization=_per_organization(organizations, not_checked),
        switched_off=_assembled(switched_off)[["claim_id", "line_number", "edit_code"]],
        refused_severities=refused,
        catalogue_version=catalogue_version(edits),
        reference_version=references.version,
    )


def _findings_of(
    one: Edit, found: Hits, context: ScrubContext, days: ServiceDays, covered: Mask | None
) -> tuple[pd.DataFrame, npt.NDArray[np.intp]]:
    """The findings of one edit and, row by row, the position of their claim; only those on service dates that the
    edit applies to and that its reference table reaches (`covered`, None: all)."""
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
    effective = days.effective(one, one.grain)
    if effective is None and covered is None:
        return rows, claim_positions
    applies = np.ones(len(rows), dtype=np.bool_)
    for mask in (effective, covered):
        if mask is not None:
            applies &= mask[found.positions]
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


def _per_organization(
    organizations: npt.NDArray[np.int64], not_checked: list[tuple[str, npt.NDArray[np.intp]]]
) -> pd.DataFrame:
    """organization_id, edit_code, claim_count; `not_checked` is a code with the claims of each of `organizations`."""
    rows = [
        (organizations[place], code, counts[place]) for code, counts in not_checked for place in np.flatnonzero(counts)
    ]
    types = {"organization_id": "int64", "edit_code": "str", "claim_count": "int64"}
    return pd.DataFrame(rows, columns=list(types)).astype(types)


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
