"""Scrubbing claims of the database: read them live, run the edits, record the findings and the scrub itself."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import pandas as pd
import psycopg

from include.claim_records.read import read_claim_frames
from include.claim_records.references import read_references
from include.claims_scrubber import SEVERITY_COLUMNS, References, Release, ScrubResult, catalogue, scrub
from include.database import execute
from include.nightly_run.attempt import Attempt

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]
#: Why claims are scrubbed: when they are made, before they are sent, because a person cleared a task instance.
Purpose = Literal["advice", "submission", "resubmission"]


def scrub_claims(
    connection: Connection, attempt: Attempt, claim_ids: Sequence[int], purpose: Purpose = "submission"
) -> list[int]:
    """Scrub the claims as of the attempt's night and return those that an error holds, ascending.

    Findings that stand keep the night they were first seen; those not found again are resolved, and one that comes
    back is new. An error that a person has overridden stays a finding and holds nothing. The versions of the edits and
    reference tables, and the edits that could not be checked, are recorded with the scrub.
    """
    if not claim_ids:
        return []
    references = read_references(connection)
    result = scrub(
        read_claim_frames(connection, claim_ids),
        as_of_on=attempt.night,
        references=references,
        severities=_read_severities(connection),
    )
    _warn_of_refused_severities(attempt, result.refused_severities)
    _publish_catalogue(connection)
    findings = _with_overrides(connection, result.findings)
    errors = findings.loc[(findings["severity"] == "error") & findings["override_id"].isna(), "claim_id"]
    held = sorted(int(claim_id) for claim_id in errors.unique())
    scrub_id = _record_scrub(connection, attempt, purpose, len(claim_ids), len(held), result)
    parameters = {
        "scrub_id": scrub_id,
        "is_asked_for": purpose == "resubmission",
        "is_for_sending": purpose != "advice",
        "claim_ids": list(claim_ids),
        "held_claim_ids": held,
    } | _checked_days(result.not_checked["edit_code"].tolist(), references)
    _record_findings(connection, attempt, parameters, findings, result)
    overridden = int(findings["override_id"].notna().sum())
    log.info(
        "run %s: scrub %s (%s) of %s claims: %s with errors, %s errors overridden, %s edits not checked",
        attempt.run_id,
        scrub_id,
        purpose,
        len(claim_ids),
        len(held),
        overridden,
        len(result.not_checked),
    )
    return held


def _read_severities(connection: Connection) -> pd.DataFrame:
    rows = connection.execute(
        "SELECT organization_id, insurer_id, edit_code, severity FROM billing.edit_severity ORDER BY edit_severity_id"
    ).fetchall()
    return pd.DataFrame(rows, columns=list(SEVERITY_COLUMNS)).astype(
        {"organization_id": "Int64", "insurer_id": "Int64"}
    )


def _warn_of_refused_severities(attempt: Attempt, refused: pd.DataFrame) -> None:
    """Say which rows of billing.edit_severity count for nothing; the functions refuse such, older rows may be so."""
    if refused.empty:
        return
    kinds = Counter(zip(refused["edit_code"], refused["reason"], strict=True))
    told = ", ".join(f"{code} ({reason}, {count})" for (code, reason), count in sorted(kinds.items()))
    log.warning(
        "run %s: %s rows of billing.edit_severity are ignored: %s; billing.clear_edit_severity removes them",
        attempt.run_id,
        len(refused),
        told,
    )


def _publish_catalogue(connection: Connection) -> None:
    edits = catalogue()
    execute(
        connection,
        "claim_records/publish_edits.sql",
        {
            "codes": [one.code for one in edits],
            "versions": [one.version for one in edits],
            "grains": [one.grain for one in edits],
            "severities": [one.default_severity for one in edits],
            "messages": [one.message for one in edits],
            "fix_locations": [one.fix_location for one in edits],
            "overridable": [one.is_overridable for one in edits],
            "rejection_codes": [" ".join(one.rejection_codes) for one in edits],
        },
    )


def _with_overrides(connection: Connection, findings: pd.DataFrame) -> pd.DataFrame:
    """The findings with `override_id` (Int64): of errors that a person has overridden, else missing."""
    errors = findings.loc[findings["severity"] == "error"]
    rows = execute(connection, "claim_records/read_overridden.sql", _columns(errors, "error")).fetchall()
    if not rows:
        return findings.assign(override_id=pd.Series(pd.NA, index=findings.index, dtype="Int64"))
    keys = ["claim_id", "line_number", "edit_code"]
    overridden = pd.DataFrame(rows, columns=[*keys, "override_id"]).astype(
        {"claim_id": "int64", "line_number": "int64", "edit_code": "str", "override_id": "Int64"}
    )
    return findings.merge(overridden, on=keys, how="left")


def _columns(findings: pd.DataFrame, prefix: str) -> dict[str, list[Any]]:
    """The findings as lists of equal length, parameters of the SQL files."""
    return {
        f"{prefix}_claim_id": findings["claim_id"].tolist(),
        f"{prefix}_line_number": findings["line_number"].tolist(),
        f"{prefix}_edit_code": findings["edit_code"].tolist(),
        f"{prefix}_value": findings["value"].astype(object).where(findings["value"].notna(), None).tolist(),
    }


def _record_scrub(
    connection: Connection,
    attempt: Attempt,
    purpose: Purpose,
    claim_count: int,
    error_claim_count: int,
    result: ScrubResult,
) -> int:
    findings = result.findings
    row = execute(
        connection,
        "claim_records/record_scrub.sql",
        attempt.parameters
        | {
            "purpose": purpose,
            "catalogue_version": result.catalogue_version,
            "reference_version": result.reference_version,
            "claim_count": claim_count,
            "error_claim_count": error_claim_count,
            "warning_claim_count": findings.loc[findings["severity"] == "warning", "claim_id"].nunique(),
            "not_checked_count": len(result.not_checked),
        },
    ).fetchone()
    assert row is not None
    # Batches side by side write the same: one that waited here would wait for the whole scrub of the other.
    connection.execute(
        "UPDATE billing.run_attempt SET edit_catalogue_version = %(version)s WHERE attempt_id ="
        " (SELECT a.attempt_id FROM billing.run_attempt a WHERE a.attempt_id = %(attempt_id)s"
        " AND a.edit_catalogue_version IS DISTINCT FROM %(version)s FOR NO KEY UPDATE SKIP LOCKED)",
        {"version": result.catalogue_version, "attempt_id": attempt.attempt_id},
    )
    return int(row[0])


def _checked_days(codes: Sequence[str], references: References) -> dict[str, list[Any]]:
    """Of edits that could not look at all claims the service dates they can look at: none without their table."""
    needs = {one.code: one.needs for one in catalogue()}
    never = ("infinity", "-infinity")
    spans = []
    for code in codes:
        name = needs[code]
        if name is None or not references.is_loaded(name):
            spans.append(never)
            continue
        release = references.releases.get(name, Release())
        spans.append((str(release.covers_from or "-infinity"), str(release.covers_to or "infinity")))
    return {
        "not_checked_code": list(codes),
        "checked_from": [first for first, _ in spans],
        "checked_to": [last for _, last in spans],
    }


def _record_findings(
    connection: Connection,
    attempt: Attempt,
    of_scrub: dict[str, Any],
    findings: pd.DataFrame,
    result: ScrubResult,
) -> None:
    override_ids = findings["override_id"].astype(object)
    switched_off, not_checked = result.switched_off, result.not_checked_by_organization
    parameters = (
        attempt.parameters
        | of_scrub
        | _columns(findings, "found")
        | {
            "found_severity": findings["severity"].tolist(),
            "found_override_id": override_ids.where(override_ids.notna(), None).tolist(),
            "off_claim_id": switched_off["claim_id"].tolist(),
            "off_line_number": switched_off["line_number"].tolist(),
            "off_edit_code": switched_off["edit_code"].tolist(),
            "organization_ids": not_checked["organization_id"].tolist(),
            "edit_codes": not_checked["edit_code"].tolist(),
            "claim_counts": not_checked["claim_count"].tolist(),
        }
    )
    execute(connection, "claim_records/resolve_findings.sql", parameters)
    execute(connection, "claim_records/record_findings.sql", parameters)
    execute(connection, "claim_records/record_not_checked.sql", parameters)
