"""*Ready tonight*: what of the queue the next nights would advance, by a preview of each automation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg

from include.exception_queue.reason_words import AUTOMATIONS
from include.preview.tonight import preview_tonight


def read_ready(
    connection: psycopg.Connection[Any], organization_id: int, now: datetime, automation: str | None = None
) -> list[tuple[str, int]] | None:
    """(automation, item_id) of everything that tonight would advance, of one automation or of all three.

    None: a run works on the organization right now, so nothing can be said.
    """
    found: list[tuple[str, int]] = []
    for each in [automation] if automation else AUTOMATIONS:
        preview = preview_tonight(connection, organization_id, each, now)
        if preview.is_busy:
            return None
        found += [(each, item.item_id) for item in preview.advancing]
    return found
