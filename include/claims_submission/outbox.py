"""The outbox: clean claims become files with control numbers, all in the database before anything leaves."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from typing import Any

import pandas as pd
import psycopg

from include.claim_records.read import read_claim_frames
from include.clearinghouse.interchange import Receiver, UnnumberedInterchange, batch_number, file_name
from include.clearinghouse.isolation import isolate_refused
from include.database import execute
from include.errors import BillingError
from include.nightly_run.attempt import Attempt
from include.nightly_run.candidates import read_clock
from include.nightly_run.decisions import record_decisions
from include.nightly_run.organizations import lock_organizations, work_through

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]

#: One file holds about this many claims: the validator takes about 300 claims a second, and a lost file costs a file.
CLAIMS_PER_FILE = 5_000
DEFAULT_RECEIVER = "default"


def store_files(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> tuple[int, list[int]]:
    """File the organizations' clean claims; return how many claims were filed and which organizations failed.

    A claim that the validator refuses stays with its reason and does not hold its neighbours.
    """
    filed = 0
    failed: list[int] = []

    def store(part: list[int]) -> None:
        nonlocal filed
        filed += _store_file(connection, attempt, part)

    for group in _groups(connection, attempt, organization_ids):
        failed += work_through(connection, attempt, group, "build_files", store)
    return filed, failed


def _groups(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> list[list[int]]:
    """The organizations with clean claims, together while their claims fit into one file."""
    counts = execute(
        connection,
        "claims_submission/count_clean_claims.sql",
        attempt.parameters | {"organization_ids": list(organization_ids)},
    ).fetchall()
    groups: list[list[int]] = []
    size = CLAIMS_PER_FILE
    for organization_id, claim_count in counts:
        if size + claim_count > CLAIMS_PER_FILE:
            groups.append([])
            size = 0
        groups[-1].append(organization_id)
        size += claim_count
    return groups


def _store_file(connection: Connection, attempt: Attempt, organization_ids: list[int]) -> int:
    parameters = attempt.parameters | {"organization_ids": organization_ids}
    receiver = read_receiver(connection, DEFAULT_RECEIVER)
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
        store_interchange(connection, attempt, receiver, isolation.interchange, isolation.accepted.claims)
    record_decisions(connection, attempt, organization_ids)
    return len(isolation.accepted.claims)


def _clean_claims(connection: Connection, parameters: dict[str, Any]) -> list[int]:
    rows = execute(connection, "claims_submission/read_clean_claims.sql", parameters).fetchall()
    return [claim_id for (claim_id,) in rows]


def read_receiver(connection: Connection, receiver_code: str) -> Receiver:
    """The receiver with this code. Raises `BillingError` when there is none."""
    row = connection.execute(
        "SELECT receiver_code, submitter_id, submitter_name, contact_name, contact_phone, receiver_id, name,"
        " usage_indicator FROM billing.receiver WHERE receiver_code = %s",
        (receiver_code,),
    ).fetchone()
    if row is None:
        raise BillingError(f"billing.receiver has no row {receiver_code}: add the clearinghouse's ids there")
    code, submitter_id, submitter_name, contact_name, contact_phone, receiver_id, name, usage = row
    return Receiver(
        receiver_code=code,
        submitter_id=submitter_id,
        submitter_name=submitter_name,
        contact_name=contact_name,
        contact_phone=contact_phone,
        receiver_id=receiver_id,
        receiver_name=name,
        usage_indicator=usage,
    )


def store_interchange(
    connection: Connection,
    attempt: Attempt,
    receiver: Receiver,
    interchange: UnnumberedInterchange,
    claims: pd.DataFrame,
) -> int:
    """Number the file and store its bytes and submissions in the caller's transaction; return interchange_id.

    From here on the file is never built again. A claim version that is in a file already fails by its primary key.
    """
    row = execute(
        connection, "claims_submission/allocate_control_number.sql", {"receiver_code": receiver.receiver_code}
    ).fetchone()
    assert row is not None
    number: int = row[0]
    built_at = read_clock(connection)
    body = interchange.numbered(number, built_at)
    row = execute(
        connection,
        "claims_submission/record_interchange.sql",
        {
            "receiver_code": receiver.receiver_code,
            "control_number": number,
            "file_name": file_name(receiver, number, body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "body": body,
            "run_id": attempt.run_id,
            "built_at": built_at,
        },
    ).fetchone()
    assert row is not None
    interchange_id: int = row[0]
    sets = interchange.transaction_sets
    execute(
        connection,
        "claims_submission/record_transaction_sets.sql",
        {
            "interchange_id": interchange_id,
            "transaction_numbers": [one.st02 for one in sets],
            "organization_ids": [one.organization_id for one in sets],
            "batch_references": [batch_number(number, one.st02) for one in sets],
            "claim_counts": [len(one.claim_ids) for one in sets],
        },
    )
    coverage = claims.set_index("claim_id").loc[list(interchange.claim_ids), ["policy_id", "insurer_id"]]
    execute(
        connection,
        "claims_submission/record_submissions.sql",
        {
            "interchange_id": interchange_id,
            "claim_ids": list(interchange.claim_ids),
            "transaction_numbers": [one.st02 for one in sets for _ in one.claim_ids],
            "policy_ids": coverage["policy_id"].tolist(),
            "insurer_ids": coverage["insurer_id"].tolist(),
        },
    )
    log.info("run %s: file %s with %s claims", attempt.run_id, interchange_id, len(interchange.claim_ids))
    return interchange_id
