"""*Ready tonight*: what of the queue the next nights would advance, by a preview of each automation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg

from include.exception_queue.reason_words import AUTOMATIONS
from include.preview.tonight import preview_tonight


def read_ready(
    connection: psycopg.Connection[Any], organization_id: int, now: datetime, automation: str | None = None
) -> list[tuple[str, int]]:
    """(automation, item_id) of everything that tonight would advance, of one automation or of all three."""
    return [
        (each, item.item_id)
        for each in ([automation] if automation else AUTOMATIONS)
        for item in preview_tonight(connection, organization_id, each, now).items
        if item.reason is None
    ]
