"""Claim frames of invented practices, as tests look at them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from include.claim_frames import ClaimFrames
from include.claim_records.read import read_claim_frames
from tests.support.practice import TUESDAY, Practice, day_after

MONDAY, WEDNESDAY = day_after(TUESDAY, -1), day_after(TUESDAY)


def read(practice: Practice, *claims: int) -> ClaimFrames:
    return read_claim_frames(practice.connection, claims)


def facts(practice: Practice, claim: int, *columns: str) -> tuple[Any, ...]:
    """The claim's values in these columns; days as text, missing as None."""
    claims = read(practice, claim).claims
    assert len(claims) == 1
    return values(claims, *columns)[0]


def values(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """The rows in these columns; days as text, missing as None."""
    return [
        tuple(
            None if pd.isna(value) else str(value.date()) if isinstance(value, pd.Timestamp) else value for value in row
        )
        for row in frame[list(columns)].astype(object).itertuples(index=False, name=None)
    ]


def claim_of(practice: Practice, starts: str = f"{TUESDAY} 10:00", **changes: Any) -> int:
    return practice.claim(practice.invoice(practice.appointment(starts, **changes)))


def change(practice: Practice, statement: str, *parameters: object) -> Any:
    cursor = practice.connection.execute(statement.encode(), parameters)
    row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def invoice_of(practice: Practice, count: int, client: int | None = None) -> int:
    """An invoice of so many lines: one unit each in the first fifty, two in the next, and so on."""
    services = [{"unit_count": 1 + number // 50} for number in range(count)]
    return practice.invoice(practice.appointment(services=services, client=client))
