"""What the clearinghouse or an insurer said of sent claims, as a biller reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from include.database import execute


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    """One thing said of one version of a claim. `claim_number`: as it was sent; `line_number` None: of all of it."""

    claim_id: int
    claim_number: str
    is_newest_version: bool
    source: str
    outcome: str
    effect: str
    line_number: int | None
    category_code: str | None
    category_words: str | None
    status_code: str | None
    status_words: str | None
    entity_code: str | None
    entity_words: str | None
    fix_location: str | None
    received_at: datetime

    @property
    def codes(self) -> str:
        """As the answer has them: A7:562:82."""
        return ":".join(code for code in (self.category_code, self.status_code, self.entity_code) if code)

    @property
    def words(self) -> str:
        """The codes in our words; a code that we have no words for stands as it is."""
        parts = [
            words or (f"code {code}" if code else "")
            for code, words in (
                (self.category_code, self.category_words),
                (self.status_code, self.status_words),
                (self.entity_code, self.entity_words),
            )
        ]
        line = [f"line {self.line_number}"] if self.line_number is not None else []
        return "; ".join([part for part in parts if part] + line) or "no reason given"

    @property
    def text(self) -> str:
        """All of it in a line: 277CA A7:562:82: words."""
        return f"{self.source.replace('_', ' ')} {self.codes}: {self.words}"


def read_answers(
    connection: psycopg.Connection[Any], organization_id: int, claim_ids: Sequence[int]
) -> dict[int, list[ClaimAnswer]]:
    """Claim -> what was said of it, newest version first; claims of which nothing was said are left out."""
    found: dict[int, list[ClaimAnswer]] = {}
    if claim_ids:
        parameters = {"organization_id": organization_id, "claim_ids": list(claim_ids)}
        for row in execute(connection, "exception_queue/read_answers.sql", parameters).fetchall():
            found.setdefault(row[0], []).append(ClaimAnswer(*row))
    return found
