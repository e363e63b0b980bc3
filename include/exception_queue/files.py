"""The file that carries a claim, and who may say what became of it.

A file holds claims of many organizations, so what is said of it counts for all of them: only a visitor who may see them
all may speak.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from include.database import execute
from include.settings.organizations import Principals


@dataclass(frozen=True, slots=True)
class ClaimFile:
    """One file as a biller needs it to ask the clearinghouse. Instants are aware."""

    interchange_id: int
    file_name: str
    control_number: int
    receiver_name: str
    state: str
    fault_code: str | None
    unknown_since: datetime | None
    attempted_at: datetime | None
    sent_at: datetime | None
    wait_until: datetime | None
    organization_count: int
    unseen_count: int

    @property
    def is_visitors(self) -> bool:
        """Whether the visitor may see every organization with claims in it."""
        return self.unseen_count == 0


def read_claim_file(
    connection: psycopg.Connection[Any], organization_id: int, claim_id: int, principals: Principals
) -> ClaimFile | None:
    """The file of the claim's newest version; None when that version is in no file."""
    row = execute(
        connection,
        "exception_queue/read_claim_file.sql",
        {
            "organization_id": organization_id,
            "claim_id": claim_id,
            "kinds": [kind for kind, _ in principals],
            "names": [name for _, name in principals],
        },
    ).fetchone()
    return ClaimFile(*row) if row else None
