"""Scrubbing claims of the database: read them live, run the edits, record the findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import psycopg

from include.claim_records.read import read_claim_frames
from include.claims_scrubber import SEVERITY_COLUMNS, References, catalogue, scrub
from include.database import execute
from include.nightly_run.attempt import Attempt


def scrub_claims(connection: psycopg.Connection[Any], attempt: Attempt, claim_ids: Sequence[int]) -> list[int]:
    """Scrub the claims as of the attempt's night and return those with an error, ascending.

    Findings that stand keep the night they were first seen; those not found again are resolved. The catalogue's
    version and the edits that could not be checked are recorded with the attempt.
    """
    if not claim_ids:
        return []
    result = scrub(
        read_claim_frames(connection, claim_ids),
        as_of_on=attempt.night,
        references=References(),
        severities=_read_severities(connection),
    )
    _publish_catalogue(connection)
    findings = result.findings
    found = attempt.parameters | {
        "claim_ids": list(claim_ids),
        "found_claim_id": findings["claim_id"].tolist(),
        "found_line_number": findings["line_number"].tolist(),
        "found_edit_code": findings["edit_code"].tolist(),
        "found_severity": findings["severity"].tolist(),
        "found_value": findings["value"].astype(object).where(findings["value"].notna(), None).tolist(),
        "edit_codes": result.not_checked["edit_code"].tolist(),
    }
    execute(connection, "claim_records/resolve_findings.sql", found)
    execute(connection, "claim_records/record_findings.sql", found)
    execute(connection, "claim_records/record_not_checked.sql", found)
    connection.execute(
        "UPDATE billing.run_attempt SET edit_catalogue_version = %s WHERE attempt_id = %s",
        (result.catalogue_version, attempt.attempt_id),
    )
    return [int(claim_id) for claim_id in result.held_claim_ids()]


def _read_severities(connection: psycopg.Connection[Any]) -> pd.DataFrame:
    rows = connection.execute(
        "SELECT organization_id, insurer_id, edit_code, severity FROM billing.edit_severity ORDER BY edit_severity_id"
    ).fetchall()
    return pd.DataFrame(rows, columns=list(SEVERITY_COLUMNS)).astype(
        {"organization_id": "Int64", "insurer_id": "Int64"}
    )


def _publish_catalogue(connection: psycopg.Connection[Any]) -> None:
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
        },
    )
