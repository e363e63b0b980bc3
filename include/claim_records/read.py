"""Claims as they would be sent now, as frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from include.claim_frames import CLAIM_COLUMNS, DIAGNOSIS_COLUMNS, LINE_COLUMNS, ClaimFrames
from include.frames import read_frame


def read_claim_frames(connection: psycopg.Connection[Any], claim_ids: Sequence[int]) -> ClaimFrames:
    """The claims with these ids and their lines and diagnoses, read live; unknown ids are left out."""
    parameters = {"claim_ids": list(claim_ids)}
    frames = ClaimFrames(
        claims=read_frame(connection, "claim_records/read_claims.sql", parameters, CLAIM_COLUMNS),
        lines=read_frame(connection, "claim_records/read_claim_lines.sql", parameters, LINE_COLUMNS),
        diagnoses=read_frame(connection, "claim_records/read_claim_diagnoses.sql", parameters, DIAGNOSIS_COLUMNS),
    )
    frames.check()
    return frames
