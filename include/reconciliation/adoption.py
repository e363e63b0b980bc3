"""A file that left and is not known here: taken over with its bytes, so that nothing in it is billed again.

Every claim of it comes to an end that a person can see: submitted where it is known here, else what it billed is held.
The caller's transaction; nothing is seen by anybody before it commits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import psycopg

from include.clearinghouse.claim_files import ClaimFile, FiledClaim
from include.database import execute
from include.reconciliation.evidence import SeenFile
from nightly_schedule.slots import build_slot

Connection = psycopg.Connection[Any]

_SENT = ("submitted", "accepted", "rejected")


@dataclass(frozen=True)
class Found:
    """What bills the same as a claim that is not known here: items are (automation, item id)."""

    organization_id: int
    items: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Matched:
    """A claim in a file beside the claim of its id here, as match_filed_claims.sql gives it.

    `found`: of a claim that is not known here.
    """

    claim: FiledClaim
    is_same: bool
    organization_id: int | None
    version: int | None
    status: str | None
    other_interchange_id: int | None
    found: Found | None = None

    @property
    def is_known(self) -> bool:
        """Whether it is the same claim here. A void one is not: its invoice becomes a claim under another id."""
        return self.is_same and self.status != "void"

    @property
    def can_be_adopted(self) -> bool:
        """Whether it waits in just this version, or this database has not heard of this version yet."""
        if not self.is_known or self.other_interchange_id is not None or self.version is None:
            return False
        if self.version == self.claim.version:
            return self.status == "awaiting_submission"
        return self.version < self.claim.version and self.status in ("awaiting_submission", *_SENT)

    @property
    def takes_its_number(self) -> bool:
        """Whether another claim here would go out under the number that left."""
        return (
            not self.is_same
            and self.status == "awaiting_submission"
            and self.other_interchange_id is None
            and self.version is not None
            and self.version <= self.claim.version
        )


@dataclass
class Outcome:
    """What became of the claims of a file. `left_claim_ids` are claims here that are known to have left."""

    submitted_count: int = 0
    held_count: int = 0
    renumbered_count: int = 0
    reread_count: int = 0
    run: str = ""
    left_claim_ids: set[int] = field(default_factory=set)
    for_a_person: list[str] = field(default_factory=list)


def match_claims(connection: Connection, file: ClaimFile) -> list[Matched]:
    """Every claim of the file with what is known of it here, in file order. Locks the claims."""
    claims = file.claims
    rows = execute(
        connection,
        "reconciliation/match_filed_claims.sql",
        {
            "claim_ids": [claim.claim_id for claim in claims],
            "versions": [claim.version for claim in claims],
            "levels": [claim.level for claim in claims],
            "total_cents": [claim.total_cents for claim in claims],
            "service_days": [claim.service_on for claim in claims],
            "member_ids": [claim.member_id for claim in claims],
            "last_names": [claim.patient_last_name for claim in claims],
            "birth_days": [claim.patient_birth_on for claim in claims],
        },
    ).fetchall()
    matched = [Matched(claim, *row) for claim, row in zip(claims, rows, strict=True)]
    unknown = [place for place, one in enumerate(matched) if not one.is_known]
    found = _find_items(connection, [claims[place] for place in unknown])
    for place, each in zip(unknown, found, strict=True):
        matched[place] = replace(matched[place], found=each)
    return matched


def choose_organizations(connection: Connection, file: ClaimFile, matched: Sequence[Matched]) -> list[int] | None:
    """The organization of each transaction set: of a claim in it that is known or whose client is, else of the NPI.

    None when one cannot be told.
    """
    npis = sorted({claim.billing_npi for claim in file.claims})
    by_npi = dict(execute(connection, "reconciliation/find_organizations.sql", {"npis": npis}).fetchall())
    chosen: list[int] = []
    rest = iter(matched)
    for one in file.sets:
        of_set = [next(rest) for _ in one.claims]
        told = [
            *(each.organization_id for each in of_set if each.is_known),
            *(each.found.organization_id for each in of_set if each.found is not None),
            *(by_npi.get(each.claim.billing_npi) for each in of_set),
        ]
        organization_id = next((each for each in told if each is not None), None)
        if organization_id is None:
            return None
        chosen.append(organization_id)
    return chosen


def adopt_file(
    connection: Connection, receiver_code: str, seen: SeenFile, file: ClaimFile, delivered_to: str
) -> Outcome | None:
    """Store the file as sent, submit its claims that wait here, hold what its other claims billed.

    None when the organization of a transaction set is not known here: then nothing was done.
    """
    assert seen.body is not None
    matched = match_claims(connection, file)
    organizations = choose_organizations(connection, file, matched)
    if organizations is None:
        return None
    run_id, run, written_at = open_run_of(connection, file.written_at, organizations[0])
    interchange_id = _store_file(connection, receiver_code, seen, file, (run_id, written_at), organizations)
    connection.execute(
        "UPDATE billing.interchange SET delivered_to = %s WHERE interchange_id = %s", (delivered_to, interchange_id)
    )
    outcome = Outcome(run=run)
    adopted = [one for one in matched if one.can_be_adopted]
    raise_versions(connection, [(one.claim.claim_id, one.claim.version) for one in adopted])
    sets = iter([one.transaction_number for one in file.sets for _ in one.claims])
    set_of = {one.claim.claim_id: number for one, number in zip(matched, sets, strict=True)}
    recorded = {
        claim_id
        for (claim_id,) in execute(
            connection,
            "reconciliation/record_adopted_submissions.sql",
            {
                "interchange_id": interchange_id,
                "claim_ids": [one.claim.claim_id for one in adopted],
                "transaction_numbers": [set_of[one.claim.claim_id] for one in adopted],
            },
        ).fetchall()
    }
    connection.execute("SELECT billing.record_file_sent(%s)", (interchange_id,))
    execute(
        connection, "reconciliation/date_adopted_file.sql", {"interchange_id": interchange_id, "written_at": written_at}
    )
    outcome.submitted_count = len(recorded)
    outcome.left_claim_ids |= recorded
    settle_rest(connection, file, [one for one in matched if one.claim.claim_id not in recorded], outcome)
    outcome.reread_count = _read_again(
        connection, receiver_code, file.control_number, [one.claim.claim_number for one in adopted]
    )
    return outcome


def record_sent(connection: Connection, interchange_id: int) -> tuple[int, int]:
    """A file here is known to have left: return how many claims are submitted, how many files of answers read again.

    Answers that came while it counted as never sent were taken for another's, and did nothing.
    """
    row = connection.execute("SELECT claim_count FROM billing.record_file_sent(%s)", (interchange_id,)).fetchone()
    assert row is not None
    return row[0], read_answers_again(connection, interchange_id)


def read_answers_again(connection: Connection, interchange_id: int) -> int:
    """Have the inbox read again what came for a file here and did nothing; return how many files of answers."""
    row = connection.execute(
        "SELECT receiver_code, control_number FROM billing.interchange WHERE interchange_id = %s", (interchange_id,)
    ).fetchone()
    assert row is not None
    return _read_again(connection, row[0], row[1], read_claim_numbers(connection, interchange_id))


def read_claim_numbers(connection: Connection, interchange_id: int) -> list[str]:
    """The numbers (CLM01) under which claims stand in a file here."""
    rows = connection.execute(
        "SELECT claim_number FROM billing.claim_submission WHERE interchange_id = %s ORDER BY 1", (interchange_id,)
    ).fetchall()
    return [number for (number,) in rows]


def _read_again(connection: Connection, receiver_code: str, control_number: int, claim_numbers: Sequence[str]) -> int:
    rows = execute(
        connection,
        "reconciliation/read_answers_again.sql",
        {
            "receiver_code": receiver_code,
            "control_number": control_number,
            "claim_numbers": list(claim_numbers),
        },
    ).fetchall()
    return len(rows)


def settle_rest(connection: Connection, file: ClaimFile, rest: Sequence[Matched], outcome: Outcome) -> None:
    """Claims of a file that left which cannot be recorded as its own: what they billed is held, or listed."""
    label = f"file {file.control_number:09d}"
    for one in rest:
        if not one.is_known:
            continue
        outcome.left_claim_ids.add(one.claim.claim_id)
        number = one.claim.claim_number
        if one.other_interchange_id is not None:
            outcome.for_a_person.append(
                f"claim {number} is in {label} and also in file id {one.other_interchange_id} of this database"
            )
        elif one.version is not None and one.version > one.claim.version:
            outcome.for_a_person.append(f"claim {number} is in {label}, and is at version {one.version} here")
        elif one.can_be_adopted:
            outcome.for_a_person.append(f"claim {number} is in {label}, and its client has no policy here: it is held")
        else:
            outcome.for_a_person.append(f"claim {number} is in {label}, and is {one.status} here")
    # Whatever its version: a known claim that is in a file that left does not go out again unseen.
    outcome.held_count += hold_items(
        connection,
        [("claims_submission", one.claim.claim_id) for one in rest if one.is_known],
        f"after a restore: {label} holds it",
    )
    found = [item for one in rest if one.found is not None for item in one.found.items]
    outcome.held_count += hold_items(connection, found, f"after a restore: {label} holds it")
    outcome.left_claim_ids |= {item_id for automation, item_id in found if automation == "claims_submission"}
    for one in rest:
        if one.is_known:
            continue
        if one.found is None:
            outcome.for_a_person.append(
                f"claim {one.claim.claim_number} is in {label} and not known here, nor any appointment it could be of"
            )
        elif not one.found.items:
            outcome.for_a_person.append(
                f"claim {one.claim.claim_number} is in {label} and not known here; what it bills is billed here too"
            )
    taken = [(one.claim.claim_id, one.claim.version + 1) for one in rest if one.takes_its_number]
    raise_versions(connection, taken)
    outcome.renumbered_count += len(taken)


def _find_items(connection: Connection, claims: Sequence[FiledClaim]) -> list[Found | None]:
    rows = execute(
        connection,
        "reconciliation/find_billed_items.sql",
        {
            "npis": [claim.billing_npi for claim in claims],
            "levels": [claim.level for claim in claims],
            "service_days": [claim.service_on for claim in claims],
            "member_ids": [claim.member_id for claim in claims],
            "last_names": [claim.patient_last_name for claim in claims],
            "birth_days": [claim.patient_birth_on for claim in claims],
        },
    ).fetchall()
    found: list[Found | None] = [None for _ in claims]
    for position, organization_id, automation, item_id in rows:
        before = found[position - 1] or Found(organization_id, ())
        item = () if automation is None else ((automation, item_id),)
        found[position - 1] = replace(before, items=before.items + item)
    return found


def hold_items(connection: Connection, items: Iterable[tuple[str, int]], reason: str) -> int:
    """Put items (automation, item id) on hold without an end; return how many were not before."""
    pairs = list(items)
    row = execute(
        connection,
        "reconciliation/hold_items.sql",
        {"automations": [one[0] for one in pairs], "item_ids": [one[1] for one in pairs], "reason": reason},
    ).fetchone()
    assert row is not None
    return int(row[0])


def raise_versions(connection: Connection, versions: Sequence[tuple[int, int]]) -> None:
    """Bring claims, given as (claim id, version), to a version; those that have it stay."""
    execute(
        connection,
        "reconciliation/raise_versions.sql",
        {"claim_ids": [one[0] for one in versions], "versions": [one[1] for one in versions]},
    )


def withdraw_file(connection: Connection, interchange_id: int, left_claim_ids: Iterable[int]) -> int:
    """End a file that must not leave; return how many of its claims are rejected for a person to decide about."""
    connection.execute("SELECT billing.record_file_sent(%s)", (interchange_id,))
    row = execute(
        connection,
        "reconciliation/withdraw_file.sql",
        {"interchange_id": interchange_id, "left_claim_ids": sorted(left_claim_ids)},
    ).fetchone()
    assert row is not None
    return int(row[0])


def open_run_of(connection: Connection, written_at: datetime, organization_id: int) -> tuple[int, str, datetime]:
    """The run of the night in which the file was written, made where the restore has lost it; its name; the instant."""
    row = execute(
        connection, "reconciliation/place_in_time.sql", {"written_at": written_at, "organization_id": organization_id}
    ).fetchone()
    assert row is not None
    instant, timezone, night = row
    slot = build_slot("claims_submission", night.isoformat(), timezone)
    row = execute(
        connection,
        "nightly_run/open_run.sql",
        {"automation": slot.automation, "timezone": timezone, "night": night, "due_at": slot.due_at},
    ).fetchone()
    assert row is not None
    return row[0], f"{night}|{timezone}", instant


def _store_file(
    connection: Connection,
    receiver_code: str,
    seen: SeenFile,
    file: ClaimFile,
    run: tuple[int, datetime],
    organizations: Sequence[int],
) -> int:
    assert seen.body is not None
    row = execute(
        connection,
        "outbox/record_interchange.sql",
        {
            "receiver_code": receiver_code,
            "control_number": file.control_number,
            "file_name": seen.file_name,
            "sha256": hashlib.sha256(seen.body).hexdigest(),
            "body": seen.body,
            "run_id": run[0],
            "built_at": run[1],
        },
    ).fetchone()
    assert row is not None
    execute(
        connection,
        "outbox/record_transaction_sets.sql",
        {
            "interchange_id": row[0],
            "transaction_numbers": [one.transaction_number for one in file.sets],
            "organization_ids": list(organizations),
            "batch_references": [one.batch_reference for one in file.sets],
            "claim_counts": [len(one.claims) for one in file.sets],
        },
    )
    return int(row[0])
