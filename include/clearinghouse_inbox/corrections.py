"""Rejected claims go back to Awaiting Submission once they would say something else than what was rejected."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

import psycopg

from include.claim_frames import ClaimFrames
from include.claim_records.read import read_claim_frames
from include.clearinghouse.claim_folding import fold_claims
from include.clearinghouse_inbox.claim_content import contents_now, contents_of_file
from include.clearinghouse_inbox.clock import read_simulated_now, writing_inbox
from include.database import execute

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]
#: claim_id, version, claim_number of a rejected claim.
Rejected = tuple[int, int, str]

#: Claims in memory together; a claim is about 2 kB of frames.
CLAIMS_IN_MEMORY: Final = 500


def return_corrected_claims(connection: Connection) -> int:
    """Return every rejected claim that would be written otherwise now than it was; return how many.

    A claim whose data cannot be written at all now stays rejected: it has changed, but nobody has finished correcting
    it, and as a new version it would only be held. One of which nothing changed waits for `billing.return_claim`. Each
    returned claim enters its step as if a run had put it there, with a review day of its own. Again returns none.
    """
    simulated_now = read_simulated_now(connection)
    returned = unwritable = 0
    for interchange_id, rejected in _rejected_by_file(connection):
        row = connection.execute(
            "SELECT body FROM billing.interchange WHERE interchange_id = %s", (interchange_id,)
        ).fetchone()
        assert row is not None
        before = contents_of_file(bytes(row[0]), {number for _, _, number in rejected})
        for start in range(0, len(rejected), CLAIMS_IN_MEMORY):
            some = rejected[start : start + CLAIMS_IN_MEMORY]
            now = contents_now(_writable(read_claim_frames(connection, [claim_id for claim_id, _, _ in some])))
            changed = [one for one in some if now.get(one[2], before[one[2]]) != before[one[2]]]
            unwritable += sum(number not in now for _, _, number in some)
            returned += _return(connection, changed, simulated_now) if changed else 0
    log.info("%s rejected claims returned, %s cannot be written as they are", returned, unwritable)
    return returned


def _rejected_by_file(connection: Connection) -> Iterator[tuple[int, list[Rejected]]]:
    rows = execute(connection, "clearinghouse_inbox/read_rejected.sql", {}).fetchall()
    for interchange_id, of_file in groupby(rows, key=lambda row: row[0]):
        yield int(interchange_id), [(claim_id, version, number) for _, claim_id, version, number in of_file]


def _writable(frames: ClaimFrames) -> ClaimFrames:
    problems = fold_claims(frames).problems
    claim_ids = frames.claims["claim_id"]
    return frames.of_claims(claim_ids[~claim_ids.isin(problems["claim_id"])]) if len(problems) else frames


def _return(connection: Connection, changed: list[Rejected], simulated_now: str | None) -> int:
    # Compared without a lock; who was faster has made another version of it, which is left alone.
    with writing_inbox(connection, simulated_now):
        row = connection.execute(
            "SELECT billing.return_claims(%s, %s::smallint[], false, 'its data have changed since it was rejected')",
            ([claim_id for claim_id, _, _ in changed], [version for _, version, _ in changed]),
        ).fetchone()
    assert row is not None
    return int(row[0])
