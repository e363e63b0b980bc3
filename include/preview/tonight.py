"""Preview: what a night would decide about each item of one organization, with nothing written.

The steps are those of the nightly run. They write as always; the transaction is rolled back, and the role
billing_preview cannot commit: whatever it writes leaves a mark in billing.preview_mark that refuses to be kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import psycopg

from include.claims_submission import steps as claims_submission
from include.database import execute, writing
from include.errors import BillingError
from include.invoice_creation import steps as invoice_creation
from include.invoice_processing import steps as invoice_processing
from include.nightly_run.attempt import Attempt
from include.nightly_run.organizations import PREVIEW_LOCK_TIMEOUT, lock_organizations
from include.settings.rule_changes import save_rule
from include.settings.rules import read_rule
from include.settings.settings import enable, read_setting, resume
from nightly_schedule.buckets import AUTOMATION_LOCAL_TIMES, BUCKET_BY_TIMEZONE
from nightly_schedule.slots import Slot, latest_due_night

Connection = psycopg.Connection[Any]
Step = Callable[[Connection, Attempt, Sequence[int]], int]

#: No statement of a preview runs longer: somebody waits for the page, and a night may wait for the preview.
STATEMENT_TIMEOUT: Final = "20s"
#: Who acts in what is rolled back.
_ACTOR: Final = "preview"

#: What freezes the items, and what decides about them. Not what builds and delivers files, nor the scrub for advice.
_STEPS: Final[dict[str, tuple[Step, tuple[Step, ...]]]] = {
    "invoice_creation": (
        invoice_creation.select_appointments,
        (invoice_creation.apply_exclusion_rules, invoice_creation.create_invoices),
    ),
    "invoice_processing": (
        invoice_processing.select_invoices,
        (invoice_processing.apply_exclusion_rules, invoice_processing.process_invoices),
    ),
    "claims_submission": (
        claims_submission.select_claims,
        (claims_submission.apply_exclusion_rules, claims_submission.scrub_claims),
    ),
}
_READ_ITEMS: Final = {
    "invoice_creation": "preview/read_appointments.sql",
    "invoice_processing": "preview/read_invoices.sql",
    "claims_submission": "preview/read_claims.sql",
}

#: The order in which the first reason that applies is the one an item has.
REASON_ORDER: Final = (
    "plan",
    "off",
    "paused",
    "before_start",
    "on_hold",
    "review_day",
    "excluded",
    "blocked",
    "scrub_error",
    "left_to_another_run",
    "step_failed",
)


@dataclass(frozen=True, slots=True)
class AssumedRule:
    """A rule as if it were saved. `rule_id` None: a new one, last in order; an id: that rule changed to this."""

    rule_id: int | None
    conditions: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class PreviewFinding:
    """What the scrubber would find; the value it found stays out. An overridden error holds nothing."""

    edit_code: str
    line_number: int
    severity: str
    message: str
    fix_location: str
    is_overridden: bool


@dataclass(frozen=True, slots=True)
class PreviewItem:
    """One item in the step. `reason` None: it advances.

    `number`: what a person quotes (appointment id, invoice id, claim number); `staff`, `insurer`: names; `amount`:
    dollars, None where no price is set yet.
    """

    item_id: int
    number: str
    service_on: date
    client_id: int
    staff: str
    insurer: str | None
    procedure_codes: str
    amount: Decimal | None
    reason: str | None
    detail_code: str | None
    rule_id: int | None
    findings: tuple[PreviewFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What one night would decide. `items`: those that advance first, then by reason, then by id.

    `due_at`: UTC; `gate`: ready, plan, off or paused; `is_busy`: a run works on the organization right now, so nothing
    could be said; `assumed_rule_id`: the id that stands in `rule_id` for the assumed rule.
    """

    automation: str
    night: date
    due_at: datetime
    gate: str
    items: list[PreviewItem]
    is_busy: bool = False
    assumed_rule_id: int | None = None

    @property
    def advancing(self) -> list[PreviewItem]:
        """The items that would advance."""
        return [item for item in self.items if item.reason is None]

    @property
    def advancing_amount(self) -> Decimal:
        """Dollars of the items that would advance."""
        return sum((item.amount or Decimal(0) for item in self.advancing), Decimal(0))

    @property
    def counts(self) -> dict[str, int]:
        """How many items stay, by reason, in the order of `REASON_ORDER`."""
        found = Counter(item.reason for item in self.items if item.reason is not None)
        return {reason: found[reason] for reason in sorted(found, key=_place)}

    @property
    def held_by_assumed_rule(self) -> int:
        """How many items the assumed rule would hold: those for which it is the first that matches."""
        if self.assumed_rule_id is None:
            return 0
        return sum(item.rule_id == self.assumed_rule_id for item in self.items)


def next_slot(automation: str, timezone: str, now: datetime) -> Slot:
    """The automation's next slot in the bucket whose instant has not come at `now` (aware).

    Raises `BillingError` for an automation without a nightly schedule or a zone that is no bucket.
    """
    if automation not in AUTOMATION_LOCAL_TIMES:
        raise BillingError(f"{automation} has no nightly schedule, so there is nothing to preview")
    bucket = BUCKET_BY_TIMEZONE.get(timezone)
    if bucket is None:
        raise BillingError(f"{timezone} is no bucket: see practice.timezone_bucket")
    return Slot(automation, bucket, latest_due_night(automation, bucket, now) + timedelta(days=1))


def preview_tonight(
    connection: Connection,
    organization_id: int,
    automation: str,
    now: datetime,
    *,
    assume_enabled: bool = False,
    includes_earlier: bool | None = None,
    assume_rule: AssumedRule | None = None,
) -> Preview:
    """What the next night after `now` (aware) would decide about each item of the organization. Nothing is written.

    `connection` is in autocommit, and its login may change into billing_preview. `assume_enabled`: as if the automation
    were enabled now (with what waited before, if `includes_earlier`), or its pause ended; a plan that lacks it still
    stops it. `assume_rule`: as if that rule were saved. Claims that advance here may still be refused by the
    independent validator when their file is built.

    Raises `Refused` for a rule that cannot be saved, `BillingError` for an automation or organization there is not,
    `QueryCanceled` when a statement takes longer than `STATEMENT_TIMEOUT`.
    """
    row = execute(connection, "preview/read_timezone.sql", {"organization_id": organization_id}).fetchone()
    if row is None:
        raise BillingError(f"there is no organization {organization_id}")
    slot = next_slot(automation, row[0], now)
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("SET LOCAL ROLE billing_preview")
            connection.execute(
                "SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)",
                (PREVIEW_LOCK_TIMEOUT, STATEMENT_TIMEOUT),
            )
            if assume_enabled:
                _assume_enabled(connection, organization_id, automation, bool(includes_earlier))
            rule_id = _assume_rule(connection, organization_id, automation, assume_rule) if assume_rule else None
            attempt, gate = _open(connection, organization_id, slot)
            _decide(connection, attempt, organization_id, gate)
            items = _read_items(connection, attempt)
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
        return Preview(automation, slot.night, slot.due_at, "ready", [], is_busy=True)
    return Preview(automation, slot.night, slot.due_at, gate, items, assumed_rule_id=rule_id)


def _assume_enabled(connection: Connection, organization_id: int, automation: str, includes_earlier: bool) -> None:
    """Enable the automation as the page would, default rule included, or end its pause."""
    setting = read_setting(connection, organization_id, automation)
    if setting.is_enabled and setting.paused_until is not None:
        resume(connection, organization_id, automation, setting.version, _ACTOR)
    elif not setting.is_enabled and setting.is_in_plan:
        enable(connection, organization_id, automation, setting.version, includes_earlier, _ACTOR)


def _assume_rule(connection: Connection, organization_id: int, automation: str, rule: AssumedRule) -> int:
    version = None
    if rule.rule_id is not None:
        version = read_rule(connection, organization_id, automation, rule.rule_id).version
    return save_rule(connection, organization_id, automation, rule.rule_id, version, rule.conditions, _ACTOR)


def _open(connection: Connection, organization_id: int, slot: Slot) -> tuple[Attempt, str]:
    """An attempt with this organization alone, whatever stops it, and its gate."""
    timezone = slot.bucket.timezone
    with writing(connection, simulated_now=slot.due_at.isoformat(), actor=_ACTOR):
        row = execute(
            connection,
            "preview/open_preview.sql",
            {"automation": slot.automation, "timezone": timezone, "due_at": slot.due_at},
        ).fetchone()
        assert row is not None
        attempt = Attempt(row[0], row[1], slot.automation, timezone, slot.night, slot.due_at, is_preview=True)
        execute(
            connection,
            "nightly_run/count_items.sql",
            attempt.parameters | {"only_organization_id": organization_id},
        )
        execute(connection, "nightly_run/prepare_work_locks.sql", attempt.parameters)
        # Here and not in the steps, which would leave the items to the run that holds the lock.
        lock_organizations(connection, attempt, [organization_id])
        gate = execute(connection, "preview/read_gate.sql", attempt.parameters).fetchone()
        assert gate is not None
    return attempt, str(gate[0])


def _decide(connection: Connection, attempt: Attempt, organization_id: int, gate: str) -> None:
    select, deciding = _STEPS[attempt.automation]
    select(connection, attempt, [organization_id])
    if gate != "ready":
        execute(connection, "preview/stop_items.sql", attempt.parameters | {"gate": gate})
        return
    for step in deciding:
        step(connection, attempt, [organization_id])


def _read_items(connection: Connection, attempt: Attempt) -> list[PreviewItem]:
    findings: dict[int, list[PreviewFinding]] = {}
    if attempt.automation == "claims_submission":
        for claim_id, *finding in execute(connection, "preview/read_findings.sql", attempt.parameters).fetchall():
            findings.setdefault(claim_id, []).append(PreviewFinding(*finding))
    rows = execute(connection, _READ_ITEMS[attempt.automation], attempt.parameters).fetchall()
    items = [replace(PreviewItem(*row), findings=tuple(findings.get(row[0], ()))) for row in rows]
    return sorted(items, key=lambda item: (item.reason is not None, _place(item.reason), item.item_id))


def _place(reason: str | None) -> int:
    return REASON_ORDER.index(reason) if reason in REASON_ORDER else len(REASON_ORDER)
