"""Clean claims become files: grouped by receiver, built, validated, put into the outbox."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import psycopg

from include.claim_records.read import read_claim_frames
from include.clearinghouse.isolation import isolate_refused
from include.database import execute
from include.nightly_run.attempt import Attempt
from include.nightly_run.decisions import record_decisions
from include.nightly_run.organizations import lock_organizations, work_through
from include.outbox.receivers import read_receiver
from include.outbox.store import store_interchange

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]

#: One file holds about this many claims: the validator takes about 300 claims a second, and a lost file costs a file.
CLAIMS_PER_FILE = 5_000


def store_files(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> tuple[int, list[int]]:
    """File the organizations' clean claims; return how many claims were filed and which organizations failed.

    A claim that the validator refuses stays with its reason and does not hold its neighbours.
    """
    filed = 0
    failed: list[int] = []

    for receiver_code, group in _groups(connection, attempt, organization_ids):

        def store(part: list[int], receiver_code: str = receiver_code) -> None:
            nonlocal filed
            filed += _store_file(connection, attempt, part, receiver_code)

        failed += work_through(connection, attempt, group, "build_files", store)
    return filed, failed


def _groups(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> list[tuple[str, list[int]]]:
    """Receivers and organizations with clean claims for them, together while these fit into one file."""
    counts = execute(
        connection,
        "claims_submission/count_clean_claims.sql",
        attempt.parameters | {"organization_ids": list(organization_ids)},
    ).fetchall()
    groups: list[tuple[str, list[int]]] = []
    size = CLAIMS_PER_FILE
    for receiver_code, organization_id, claim_count in counts:
        if size + claim_count > CLAIMS_PER_FILE or groups[-1][0] != receiver_code:
            groups.append((receiver_code, []))
            size = 0
        groups[-1][1].append(organization_id)
        size += claim_count
    return groups


def _store_file(connection: Connection, attempt: Attempt, organization_ids: list[int], receiver_code: str) -> int:
    parameters = attempt.parameters | {"organization_ids": organization_ids, "receiver_code": receiver_code}
    receiver = read_receiver(connection, receiver_code)
    claim_ids = _clean_claims(connection, parameters)
    while claim_ids:
        # The slow part holds no lock.
        isolation = isolate_refused(read_claim_frames(connection, claim_ids), receiver)
        lock_organizations(connection, attempt, organization_ids)
        still_clean = set(_clean_claims(connection, parameters))
        if still_clean.issuperset(claim_ids):
            break
        claim_ids = [claim_id for claim_id in claim_ids if claim_id in still_clean]
    else:
        return 0
    execute(
        connection,
        "claims_submission/hold_claims.sql",
        parameters
        | {
            "claim_ids": isolation.refused["claim_id"].tolist(),
            "reason": "refused_by_validator",
            "detail_codes": isolation.refused["reason"].tolist(),
        },
    )
    if isolation.interchange is not None:
        store_interchange(connection, attempt.run_id, receiver, isolation.interchange, isolation.accepted.claims)
    record_decisions(connection, attempt, organization_ids)
    return len(isolation.accepted.claims)


def _clean_claims(connection: Connection, parameters: dict[str, Any]) -> list[int]:
    rows = execute(connection, "claims_submission/read_clean_claims.sql", parameters).fetchall()
    return [claim_id for (claim_id,) in rows]
