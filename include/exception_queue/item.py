"""One item with everything a person needs to decide about it. Holds patient data: for the item's page only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import psycopg

from include.database import execute
from include.exception_queue.answers import ClaimAnswer, read_answers
from include.exception_queue.files import ClaimFile, read_claim_file
from include.exception_queue.offers import Offer, build_offers
from include.exception_queue.queue import QueueItem, read_queue_item
from include.exception_queue.reason_words import AUTOMATIONS
from include.settings.errors import Refused
from include.settings.organizations import Principals

Connection = psycopg.Connection[Any]

_HISTORY_ROWS: Final = 100
#: Keys of history details that say something to a biller; all are ids, codes, dates or what a person typed as reason.
#: Of a key that is true, its words are all that is said.
_TOLD: Final = {
    "reason": "",
    "in_spite_of_rules": "in spite of the rules",
    "until": "until ",
    "edit_code": "",
    "line_number": "line ",
    "version": "version ",
    "sent_on": "sent on ",
    "code": "",
    "fault": "fault ",
}


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """Where an item is on its way. `status` is the appointment's, the invoice's or the claim's own."""

    number: str
    client_id: int
    service_on: date
    amount: Decimal | None
    status: str
    version: int | None
    level: str | None
    staff_name: str
    appointment_id: int
    invoice_id: int | None
    claim_ids: list[int] | None
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """What the scrubber found. `value` is patient data; `line_number` 0: the claim as a whole."""

    edit_code: str
    line_number: int
    severity: str
    message: str | None
    fix_location: str | None
    value: str | None = field(repr=False)
    first_seen_on: date
    is_overridable: bool
    override_reason: str | None
    overridden_by: str | None
    overridden_at: datetime | None

    @property
    def may_override(self) -> bool:
        return self.severity == "error" and self.is_overridable and self.overridden_by is None


@dataclass(frozen=True, slots=True)
class HandWork:
    """A hold or a release that stands. `until` None: until it is lifted."""

    kind: str
    reason: str
    until: date | None
    ignores_rules: bool
    by_whom: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change in words: what was done, and what was said about it."""

    changed_at: datetime
    changed_by: str
    action: str
    told: str


@dataclass(frozen=True, slots=True)
class ItemDetail:
    """`stays` None: it stays no longer, `facts.status` says what became of it. `offers`: what may be done now."""

    automation: str
    item_id: int
    facts: ItemFacts
    stays: QueueItem | None
    findings: list[Finding]
    hand_work: list[HandWork]
    answers: list[ClaimAnswer]
    file: ClaimFile | None
    history: list[HistoryEntry]
    offers: list[Offer]

    @property
    def noun(self) -> str:
        return AUTOMATIONS[self.automation][1]


def read_facts(connection: Connection, organization_id: int, automation: str, item_id: int) -> ItemFacts:
    """The item. Raises `Refused` when the organization has no such item: another's looks the same."""
    row = None
    if automation in AUTOMATIONS:
        row = execute(
            connection,
            "exception_queue/read_item.sql",
            {"organization_id": organization_id, "automation": automation, "item_id": item_id},
        ).fetchone()
    if row is None:
        noun = AUTOMATIONS[automation][1] if automation in AUTOMATIONS else "item"
        raise Refused(f"there is no {noun} {item_id} here")
    return ItemFacts(*row)


def read_hand_work(connection: Connection, organization_id: int, automation: str, item_id: int) -> list[HandWork]:
    """The hold, then the release, of those that stand."""
    parameters = {"organization_id": organization_id, "automation": automation, "item_id": item_id}
    rows = execute(connection, "exception_queue/read_hand_work.sql", parameters).fetchall()
    return [HandWork(*row) for row in rows]


def read_findings(connection: Connection, organization_id: int, claim_id: int) -> list[Finding]:
    """The findings that stand on the claim, errors first."""
    parameters = {"organization_id": organization_id, "claim_id": claim_id}
    return [Finding(*row) for row in execute(connection, "exception_queue/read_findings.sql", parameters).fetchall()]


def read_item(
    connection: Connection,
    organization_id: int,
    automation: str,
    item_id: int,
    now: datetime,
    principals: Principals = (),
) -> ItemDetail:
    """The item with reason, findings, hand work, answers, file, history and what may be done now.

    `principals`: the visitor, who may speak of the claim's file only if all organizations in it are theirs. Raises
    `Refused` when the organization has no such item.
    """
    facts = read_facts(connection, organization_id, automation, item_id)
    stays = read_queue_item(connection, organization_id, automation, item_id, now)
    hand_work = read_hand_work(connection, organization_id, automation, item_id)
    is_claim = automation == "claims_submission"
    file = read_claim_file(connection, organization_id, item_id, principals) if is_claim else None
    return ItemDetail(
        automation=automation,
        item_id=item_id,
        facts=facts,
        stays=stays,
        findings=read_findings(connection, organization_id, item_id) if is_claim else [],
        hand_work=hand_work,
        answers=read_answers(connection, organization_id, [item_id]).get(item_id, []) if is_claim else [],
        file=file,
        history=_read_history(connection, organization_id, automation, item_id),
        offers=build_offers(
            stays,
            is_held=any(each.kind == "hold" for each in hand_work),
            is_file_ours=file is not None and file.is_visitors,
        ),
    )


def _read_history(connection: Connection, organization_id: int, automation: str, item_id: int) -> list[HistoryEntry]:
    rows = execute(
        connection,
        "exception_queue/read_item_history.sql",
        {
            "organization_id": organization_id,
            "automation": automation,
            "noun": AUTOMATIONS[automation][1],
            "item_id": item_id,
            "row_limit": _HISTORY_ROWS,
        },
    ).fetchall()
    return [
        HistoryEntry(at, by_whom, f"file {action}" if subject == "file" else action.replace("_", " "), _tell(detail))
        for at, by_whom, subject, action, detail in rows
    ]


def _tell(detail: dict[str, Any]) -> str:
    said = [(before, detail[key]) for key, before in _TOLD.items() if detail.get(key) not in (None, "", 0)]
    return ", ".join(before if value is True else f"{before}{value}" for before, value in said)
