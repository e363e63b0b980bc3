"""One queue over all automations: every item that stays, with the one reason as it stands now.

A row holds ids, numbers, dates, codes, amounts and words for them, and what somebody typed as the reason of a hold: no
patient data. Values that the scrubber found are on the item's page (`include.exception_queue.item`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import psycopg

from include.database import execute
from include.exception_queue.answers import ClaimAnswer, read_answers
from include.exception_queue.reason_words import AUTOMATIONS, CLAIM_REMEDIES, REASONS, ReasonWords, describe_detail
from include.preview.tonight import next_slot
from include.settings.rules import Condition, Rule, describe_conditions, read_rules

Connection = psycopg.Connection[Any]

PAGE_SIZE: Final = 50
#: Errors and rejections that a row spells out; the item's page has them all.
_SPELLED_OUT: Final = 2


@dataclass(frozen=True, slots=True)
class QueueFilters:
    """What of the queue to show. `reason` None: all but items of automations that are off or not in the plan.

    `minimum_age` counts nights; `ready`: only these (automation, item_id), None: not asked.
    """

    automation: str | None = None
    reason: str | None = None
    minimum_age: int = 0
    ready: Sequence[tuple[str, int]] | None = None


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One item that stays. `number` is what a person quotes; `since`: local date from which the reason holds.

    `details`: the reason in words; `fixes`: where to correct it; `amount` None: not priced yet.
    """

    automation: str
    item_id: int
    number: str
    client_id: int
    service_on: date
    amount: Decimal | None
    reason: str
    detail_code: str | None
    rule_id: int | None
    since: date
    age: int
    hold_until: date | None
    hold_reason: str | None
    is_released: bool
    ignores_rules: bool
    entered_step_on: date | None
    interchange_id: int | None
    details: tuple[str, ...] = ()
    fixes: tuple[str, ...] = ()

    @property
    def words(self) -> ReasonWords:
        return REASONS[self.reason]

    @property
    def remedy(self) -> str:
        """What moves it; "" when nothing has to."""
        of_claim = CLAIM_REMEDIES.get(self.reason) if self.automation == "claims_submission" else None
        return of_claim or self.words.remedy

    @property
    def noun(self) -> str:
        """appointment, invoice, claim."""
        return AUTOMATIONS[self.automation][1]


@dataclass(frozen=True, slots=True)
class QueuePage:
    """`rows`: the page; `total_count`: of all pages; `counts`: reason -> items, whatever reason was asked for."""

    rows: list[QueueItem]
    total_count: int
    counts: dict[str, int]
    page: int

    @property
    def page_count(self) -> int:
        return max(1, -(-self.total_count // PAGE_SIZE))


def read_queue(
    connection: Connection, organization_id: int, filters: QueueFilters, page: int, now: datetime
) -> QueuePage:
    """The page (from 1) of the items that stay, oldest reason first; an empty page beyond the last.

    `now` is aware and decides which local day it is. The reason is that of the newest night, except for what people,
    answers or the data have changed since: a hold, a release, an override, a correction that resolved the findings.
    """
    rows, counts = _read(connection, organization_id, filters, now, (page - 1) * PAGE_SIZE)
    shown = counts if filters.reason is None else {filters.reason: counts.get(filters.reason, 0)}
    hidden = ("plan", "off") if filters.reason is None else ()
    total = sum(count for reason, count in shown.items() if reason not in hidden)
    return QueuePage(_with_words(connection, organization_id, rows), total, counts, page)


def read_queue_item(
    connection: Connection, organization_id: int, automation: str, item_id: int, now: datetime
) -> QueueItem | None:
    """One item of the queue; None when it does not stay: it has moved on, or is no item of the organization."""
    found, _ = _read(connection, organization_id, QueueFilters(automation), now, 0, item_id)
    return next(iter(_with_words(connection, organization_id, found)), None)


def _read(
    connection: Connection,
    organization_id: int,
    filters: QueueFilters,
    now: datetime,
    offset: int,
    item_id: int | None = None,
) -> tuple[list[QueueItem], dict[str, int]]:
    nights = _read_next_nights(connection, organization_id, now)
    rows = execute(
        connection,
        "exception_queue/read_queue.sql",
        {
            "organization_id": organization_id,
            "now": now,
            "automation": filters.automation,
            "item_id": item_id,
            "reason": filters.reason,
            "minimum_age": filters.minimum_age,
            "ready_automations": None if filters.ready is None else [automation for automation, _ in filters.ready],
            "ready_ids": None if filters.ready is None else [ready_id for _, ready_id in filters.ready],
            "night_automations": list(nights),
            "nights": list(nights.values()),
            "row_limit": PAGE_SIZE,
            "row_offset": offset,
        },
    ).fetchall()
    return [QueueItem(*row[1:]) for row in rows if row[1] is not None], rows[0][0]


def _read_next_nights(connection: Connection, organization_id: int, now: datetime) -> dict[str, date]:
    """Automation -> the night of its next run: what a pause is compared with. Empty: there is no such organization."""
    row = execute(connection, "preview/read_timezone.sql", {"organization_id": organization_id}).fetchone()
    return {automation: next_slot(automation, row[0], now).night for automation in AUTOMATIONS} if row else {}


def _with_words(connection: Connection, organization_id: int, rows: list[QueueItem]) -> list[QueueItem]:
    rules = {
        rule_id: words
        for automation in sorted({row.automation for row in rows if row.rule_id is not None})
        for rule_id, words in read_rule_words(connection, organization_id, automation).items()
    }
    # A rule's words of today are not why the night left the item when they were others then.
    for rule_id in _read_changed_rules(connection, organization_id, rows):
        rules.pop(rule_id, None)
    errors: dict[int, list[tuple[str, str]]] = {}
    held = [row.item_id for row in rows if row.reason == "scrub_error"]
    if held:
        parameters = {"organization_id": organization_id, "claim_ids": held}
        for claim_id, code, message, place in execute(
            connection, "exception_queue/read_open_errors.sql", parameters
        ).fetchall():
            said = (f"{code}: {message or 'this edit is no longer in use'}", place or "")
            errors.setdefault(claim_id, []).append(said)
    rejected = [row.item_id for row in rows if row.reason == "rejected"]
    answers = read_answers(connection, organization_id, rejected)
    return [_spelled_out(row, rules, errors.get(row.item_id, []), answers.get(row.item_id, [])) for row in rows]


def _read_changed_rules(connection: Connection, organization_id: int, rows: Sequence[QueueItem]) -> list[int]:
    rule_ids = sorted({row.rule_id for row in rows if row.rule_id is not None})
    if not rule_ids:
        return []
    parameters = {"organization_id": organization_id, "rule_ids": rule_ids}
    return [row[0] for row in execute(connection, "exception_queue/read_changed_rules.sql", parameters).fetchall()]


def _spelled_out(
    row: QueueItem,
    rules: Mapping[int, str],
    errors: Sequence[tuple[str, str]],
    answers: Sequence[ClaimAnswer],
) -> QueueItem:
    said: list[tuple[str, str]] = []
    if row.reason == "scrub_error":
        said = list(errors)
    elif row.reason == "rejected":
        newest = (one for one in answers if one.is_newest_version and one.outcome == "rejected")
        said = list(dict.fromkeys((one.text, one.fix_location or "") for one in newest))
        said = said or [("Nobody has recorded why.", "")]
    elif row.rule_id is not None:
        words = rules.get(row.rule_id, "The rule was changed or deleted since; the next night looks again")
        said = [(f"{words}.", "")]
    elif row.reason == "on_hold" and row.detail_code is None:
        until = f"Until {row.hold_until}" if row.hold_until else "Until it is lifted"
        said = [(f"{until}: {row.hold_reason}", "")]
    elif row.reason == "waiting" and row.is_released:
        said = [("Released: the next night takes it if nothing else speaks against it.", "")]
    elif row.reason == "review_day":
        said = [(f"It came on {row.entered_step_on}.", "")]
    else:
        said = [describe_detail(row.reason, row.detail_code)]
    more = len(said) - _SPELLED_OUT
    details = [words for words, _ in said[:_SPELLED_OUT] if words] + ([f"and {more} more"] if more > 0 else [])
    return replace(row, details=tuple(details), fixes=tuple(dict.fromkeys(place for _, place in said if place)))


def read_rule_words(connection: Connection, organization_id: int, automation: str) -> dict[int, str]:
    """Live rule -> its words without names of clients: conditions on clients say their numbers."""
    return {rule.rule_id: _without_names(rule) for rule in read_rules(connection, organization_id, automation)}


def _without_names(rule: Rule) -> str:
    return describe_conditions(_numbered(each) if each.field == "client" else each for each in rule.conditions)


def _numbered(condition: Condition) -> Condition:
    return replace(condition, values=tuple(replace(value, label=f"client {value.value}") for value in condition.values))
