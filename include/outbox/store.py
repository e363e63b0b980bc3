"""Into the outbox: a finished file gets its control number and lies in the database before anything leaves."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

import pandas as pd
import psycopg

from include.clearinghouse.interchange import Receiver, UnnumberedInterchange, batch_number, file_name
from include.database import execute

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]


def store_interchange(
    connection: Connection,
    run_id: int,
    receiver: Receiver,
    interchange: UnnumberedInterchange,
    claims: pd.DataFrame,
) -> int:
    """Number the file and store its bytes and submissions in the caller's transaction; return interchange_id.

    `claims` has claim_id, policy_id and insurer_id of every claim in the file. From here on the file is never built
    again. A claim version that is in a file already fails by its primary key.
    """
    row = execute(
        connection, "outbox/allocate_control_number.sql", {"receiver_code": receiver.receiver_code}
    ).fetchone()
    assert row is not None
    number, built_at = row
    body = interchange.numbered(number, built_at)
    row = execute(
        connection,
        "outbox/record_interchange.sql",
        {
            "receiver_code": receiver.receiver_code,
            "control_number": number,
            "file_name": file_name(receiver, number, body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "body": body,
            "run_id": run_id,
            "built_at": built_at,
        },
    ).fetchone()
    assert row is not None
    interchange_id: int = row[0]
    sets = interchange.transaction_sets
    execute(
        connection,
        "outbox/record_transaction_sets.sql",
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
        "outbox/record_submissions.sql",
        {
            "interchange_id": interchange_id,
            "claim_ids": list(interchange.claim_ids),
            "transaction_numbers": [one.st02 for one in sets for _ in one.claim_ids],
            "policy_ids": coverage["policy_id"].tolist(),
            "insurer_ids": coverage["insurer_id"].tolist(),
        },
    )
    log.info("run %s: file %s with %s claims", run_id, interchange_id, len(interchange.claim_ids))
    return interchange_id
