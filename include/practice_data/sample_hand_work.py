"""What a person does in the sample: an invoice for a review day, a secondary claim after the primary's decision."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from include.database import connect, execute, writing
from include.practice_data.sample_rows import LONG_BEFORE

#: Centro Ceiba de Psicología, and the wall-clock time there.
ORGANIZATION_ID = 8
SERVICE_ON = date(2026, 11, 2)
TYPED_AT = "2026-11-02 15:00 America/Puerto_Rico"
#: What the primary insurer decided on the session of LONG_BEFORE, billed at 160.00 by the software before this one.
SENT_ON, DECIDED_ON = date(2026, 10, 6), date(2026, 10, 23)
PAID = "96.00"
DECIDED_LINES = [
    {
        "line_number": 1,
        "paid_amount": 96,
        "adjustments": [
            {"group_code": "CO", "reason_code": "45", "amount": 40},
            {"group_code": "PR", "reason_code": "2", "amount": 24},
        ],
    }
]


def work_by_hand(url: str) -> None:
    """Do it in the sample database, as if on that Monday afternoon; a second call does nothing."""
    with connect(url) as connection, writing(connection, simulated_now=TYPED_AT, actor="sample biller"):
        _create_invoice(connection, SERVICE_ON)
        earlier = _create_invoice(connection, LONG_BEFORE)
        if earlier is not None:
            primary = _call(connection, "SELECT billing.create_claim(%s)", earlier)
            _call(connection, "SELECT billing.mark_claim_sent(%s, %s, %s)", primary, SENT_ON, "by the software before")
            _call(
                connection,
                "SELECT billing.record_adjudication(%s, %s, %s, %s, false, %s)",
                *(primary, PAID, DECIDED_ON, "QFM2026-1023-0008", Jsonb(DECIDED_LINES)),
            )
            _call(connection, "SELECT billing.create_claim(%s, 'secondary')", earlier)


def _create_invoice(connection: psycopg.Connection[Any], service_on: date) -> int | None:
    """The invoice of that day's first appointment; None when it was made before."""
    row = execute(
        connection,
        "practice_data/sample_hand_work.sql",
        {"organization_id": ORGANIZATION_ID, "service_on": service_on},
    ).fetchone()
    return int(row[0]) if row else None


def _call(connection: psycopg.Connection[Any], statement: str, *parameters: object) -> Any:
    row = connection.execute(statement.encode(), parameters).fetchone()
    return row[0] if row else None
