"""A claim as it was sent and as it would be sent now, readable. Patient data: for the claim's page only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg

from include.claim_records.read import read_claim_frames
from include.claims_submission.fix_places import fix_place
from include.clearinghouse.charset import SEGMENT_TERMINATOR
from include.clearinghouse.claim_folding import UncarriableClaims
from include.clearinghouse.professional_claim import build_claim_runs
from include.clearinghouse_inbox.claim_content import says_the_same
from include.clearinghouse_inbox.filed_claims import FiledClaim, cut_claims, read_set
from include.database import execute
from include.exception_queue.item import ItemFacts, read_facts
from include.exception_queue.segment_words import Loop, describe_segments

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class WrittenClaim:
    """One claim as X12, below the billing provider that claims of one file share."""

    filed: FiledClaim = field(repr=False)

    @property
    def segments(self) -> tuple[str, ...]:
        """As they stand in the file, without terminators; the billing provider's first."""
        return (*self.filed.provider_segments, *self.filed.segments)

    @property
    def loops(self) -> list[Loop]:
        """The same in words, loop by loop."""
        return describe_segments(self.segments)


@dataclass(frozen=True, slots=True)
class SentClaim:
    """The newest version that is in a file. `sent_at` None: the file has not left."""

    written: WrittenClaim
    file_name: str
    state: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClaimText:
    """`sent` None: no version is in a file. `now` None: it cannot be written as it is; `problems` say why, with places.

    `has_changed`: it would say something else now than it did; False where one of the two is missing.
    """

    facts: ItemFacts
    sent: SentClaim | None
    now: WrittenClaim | None
    problems: list[tuple[str, str]]
    has_changed: bool


def read_claim_text(connection: Connection, organization_id: int, claim_id: int) -> ClaimText:
    """The claim as sent, from the stored file, and as it would be sent now, from live data.

    Raises `Refused` when the organization has no such claim.
    """
    facts = read_facts(connection, organization_id, "claims_submission", claim_id)
    sent = _read_sent(connection, organization_id, claim_id)
    now, problems = _write_now(connection, claim_id)
    has_changed = sent is not None and now is not None and not says_the_same(sent.written.filed, now.filed)
    return ClaimText(facts, sent, now, problems, has_changed)


def _read_sent(connection: Connection, organization_id: int, claim_id: int) -> SentClaim | None:
    parameters = {"organization_id": organization_id, "claim_id": claim_id}
    row = execute(connection, "exception_queue/read_filed_claim.sql", parameters).fetchone()
    if row is None:
        return None
    claim_number, transaction_number, body, file_name, state, sent_at = row
    filed = read_set(bytes(body), transaction_number)
    found = next(claim for claim in filed.claims if claim.claim_number == claim_number)
    return SentClaim(WrittenClaim(found), file_name, state, sent_at)


def _write_now(connection: Connection, claim_id: int) -> tuple[WrittenClaim | None, list[tuple[str, str]]]:
    """The claim, or what keeps it from being written: column and reason, without values, and where to correct it."""
    frames = read_claim_frames(connection, [claim_id])
    if not len(frames.claims):
        return None, [("its appointment, client or location is gone", "")]
    try:
        runs = build_claim_runs(frames)
    except UncarriableClaims as error:
        reasons = [f"{column}: {reason}" for column, reason in error.problems[["column", "reason"]].to_numpy().tolist()]
        return None, [(reason, fix_place(reason)) for reason in dict.fromkeys(reasons)]
    claim = next(iter(cut_claims(runs[0].text.split(SEGMENT_TERMINATOR))))
    return WrittenClaim(claim), []
