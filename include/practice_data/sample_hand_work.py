"""The one thing a person does in the sample: so that a night shows an invoice on its review day."""

from __future__ import annotations

from datetime import date

from include.database import connect, execute, writing

#: Centro Ceiba de Psicología, and the wall-clock time there.
ORGANIZATION_ID = 8
SERVICE_ON = date(2026, 11, 2)
TYPED_AT = "2026-11-02 15:00 America/Puerto_Rico"


def work_by_hand(url: str) -> None:
    """Type the invoice into the sample database, as if on that Monday afternoon; a second call does nothing."""
    with connect(url) as connection, writing(connection, simulated_now=TYPED_AT, actor="sample biller"):
        execute(
            connection,
            "practice_data/sample_hand_work.sql",
            {"organization_id": ORGANIZATION_ID, "service_on": SERVICE_ON},
        )
