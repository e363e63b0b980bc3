"""What a person does about an item that stays, each through its named SQL function, and done once.

Every action is one transaction: it waits its turn at the item, checks that the item is the organization's and that
there is still something to do, and calls the function, which writes history. A form that is sent twice finds nothing
left to do the second time and says so (`Refused`). Returned texts and refusals hold ids, numbers and dates only.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import psycopg

from include.database import writing
from include.exception_queue.files import ClaimFile, read_claim_file
from include.exception_queue.item import ItemFacts, read_facts, read_findings, read_hand_work
from include.exception_queue.reason_words import AUTOMATIONS
from include.settings.errors import Refused
from include.settings.organizations import Principals

Connection = psycopg.Connection[Any]

#: How long an action waits for a nightly run that works on the organization.
_LOCK_TIMEOUT: Final = "5s"
_REASON_LENGTH: Final = 300


@dataclass(frozen=True, slots=True)
class Target:
    """The item an action is about, and who acts (a login name)."""

    organization_id: int
    automation: str
    item_id: int
    actor: str

    @property
    def noun(self) -> str:
        return AUTOMATIONS[self.automation][1] if self.automation in AUTOMATIONS else "item"


@contextmanager
def _acting(connection: Connection, target: Target) -> Iterator[ItemFacts]:
    """One transaction on the item, after those that began before; what the functions refuse becomes `Refused`."""
    try:
        with writing(connection, actor=target.actor):
            connection.execute("SELECT set_config('lock_timeout', %s, true)", (_LOCK_TIMEOUT,))
            # One lock per request; docs/decisions/0004 is about thousands in one transaction.
            connection.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"{target.automation} {target.item_id}",)
            )
            yield read_facts(connection, target.organization_id, target.automation, target.item_id)
    except psycopg.errors.RaiseException as error:
        raise Refused(error.diag.message_primary or "it cannot be done any more: load the page again") from None
    except psycopg.errors.UniqueViolation:
        raise Refused("a nightly run or somebody else was faster: load the page again") from None


def hold(connection: Connection, target: Target, reason: str, until: date | None) -> str:
    """Keep the item until a night, or until lifted; another reason or date replaces the standing ones."""
    reason = _check_reason(reason)
    with _acting(connection, target) as facts:
        _check_waits(connection, target, facts)
        if until is not None and until <= _local_today(connection, target.organization_id):
            raise Refused("choose a date after today: the first night that may take it again")
        for each in read_hand_work(connection, target.organization_id, target.automation, target.item_id):
            if each.kind == "hold" and (each.reason, each.until) == (reason, until):
                raise Refused(f"{_named(target, facts)} is on hold already, with this reason and date")
        connection.execute(
            "SELECT billing.hold_item(%s, %s, %s, %s)", (target.automation, target.item_id, reason, until)
        )
    return f"{_named(target, facts, upper=True)} is on hold until {until or 'somebody lifts it'}."


def lift_hold(connection: Connection, target: Target) -> str:
    """End the hold."""
    with _acting(connection, target) as facts:
        held = read_hand_work(connection, target.organization_id, target.automation, target.item_id)
        if not any(each.kind == "hold" for each in held):
            raise Refused(f"{_named(target, facts)} is not on hold: nothing was changed")
        connection.execute("SELECT billing.lift_hold(%s, %s)", (target.automation, target.item_id))
    return f"{_named(target, facts, upper=True)} is no longer on hold: the next night looks at it."


def release(connection: Connection, target: Target, reason: str, *, in_spite_of_rules: bool = False) -> str:
    """Let the next night take the item before its review day is over, and if asked in spite of exclusion rules."""
    reason = _check_reason(reason)
    with _acting(connection, target) as facts:
        _check_waits(connection, target, facts)
        for each in read_hand_work(connection, target.organization_id, target.automation, target.item_id):
            if each.kind == "release" and each.ignores_rules >= in_spite_of_rules:
                raise Refused(f"{_named(target, facts)} is released already, by {each.by_whom}")
        connection.execute(
            "SELECT billing.release_item(%s, %s, %s, %s)",
            (target.automation, target.item_id, reason, in_spite_of_rules),
        )
    return f"{_named(target, facts, upper=True)} is released: tonight takes it if nothing else speaks against it."


def advance_now(connection: Connection, target: Target, reason: str = "") -> str:
    """Move the item on by hand, whatever rules say: make the invoice or the primary claim at once.

    A claim leaves in files only, and only after the scrubber: it is released in spite of rules for tonight, which asks
    for a reason.
    """
    if target.automation == "claims_submission":
        return release(connection, target, reason, in_spite_of_rules=True)
    with _acting(connection, target) as facts:
        _check_waits(connection, target, facts)
        if target.automation == "invoice_creation":
            made = _value(connection, "SELECT billing.create_invoice(%s)", target.item_id)
            return f"Invoice {made} is made of appointment {target.item_id}."
        made = _value(connection, "SELECT billing.create_claim(%s)", target.item_id)
        return f"Invoice {target.item_id} is claimed: claim {made} awaits submission."


def move_back(connection: Connection, target: Target, reason: str) -> str:
    """Take a claim that was not sent back to its invoice, all its parts together."""
    reason = _check_reason(reason)
    with _acting(connection, target) as facts:
        _check_automation(target, "claims_submission")
        _check_waits(connection, target, facts)
        connection.execute("SELECT billing.move_back_claim(%s, %s)", (target.item_id, reason))
    return f"Claim {facts.number} is moved back to invoice {facts.invoice_id}, whose review day begins again."


def void_invoice(connection: Connection, target: Target, reason: str) -> str:
    """Void an open invoice without a live claim; its appointment is held."""
    reason = _check_reason(reason)
    with _acting(connection, target) as facts:
        _check_automation(target, "invoice_processing")
        _check_waits(connection, target, facts)
        connection.execute("SELECT billing.void_invoice(%s, %s)", (target.item_id, reason))
    return f"Invoice {target.item_id} is void, and appointment {facts.appointment_id} is on hold."


def confirm_invoice(connection: Connection, target: Target) -> str:
    """Say that an invoice stands although its appointment was changed after it."""
    with _acting(connection, target) as facts:
        _check_automation(target, "invoice_processing")
        _check_waits(connection, target, facts)
        if facts.is_confirmed:
            raise Refused(f"invoice {target.item_id} is confirmed already: its appointment has not changed since")
        connection.execute("SELECT billing.confirm_invoice(%s)", (target.item_id,))
    return f"Invoice {target.item_id} stands: the next night looks at it."


def override_finding(connection: Connection, target: Target, edit_code: str, line_number: int, reason: str) -> str:
    """Let the claim go out in spite of a standing error, where the edit allows it. `line_number` 0: the claim."""
    reason = _check_reason(reason)
    with _acting(connection, target) as facts:
        _check_automation(target, "claims_submission")
        _check_waits(connection, target, facts)
        for each in read_findings(connection, target.organization_id, target.item_id):
            if (each.edit_code, each.line_number) == (edit_code, line_number):
                if each.overridden_by is not None:
                    raise Refused(f"{edit_code} is overridden already, by {each.overridden_by}")
                if each.severity == "error" and not each.is_overridable:
                    raise Refused(
                        f"{edit_code} cannot be overridden: the file or its receiver cannot take such a claim. "
                        f"Correct the data at {each.fix_location}, or hold the claim"
                    )
                break
        else:
            raise Refused(f"claim {facts.number} has no such finding any more: load the page again")
        connection.execute(
            "SELECT billing.override_finding(%s, %s, %s, %s)", (target.item_id, edit_code, reason, line_number)
        )
    return f"{edit_code} no longer holds claim {facts.number}."


def withdraw_override(connection: Connection, target: Target, edit_code: str, line_number: int, reason: str) -> str:
    """Take an override back: from the next scrub on the error holds the claim again."""
    reason = _check_reason(reason)
    with _acting(connection, target) as facts:
        _check_automation(target, "claims_submission")
        _check_waits(connection, target, facts)
        found = read_findings(connection, target.organization_id, target.item_id)
        if not any(
            (each.edit_code, each.line_number) == (edit_code, line_number) and each.overridden_by for each in found
        ):
            raise Refused(f"claim {facts.number} has no such override any more: load the page again")
        connection.execute(
            "SELECT billing.withdraw_override(%s, %s, %s, %s)", (target.item_id, edit_code, reason, line_number)
        )
    return f"{edit_code} holds claim {facts.number} again."


def return_claim(connection: Connection, target: Target, reason: str) -> str:
    """Send a rejected claim again although nothing on it changed: a new version, with a review day of its own."""
    reason = _check_reason(reason)
    with _acting(connection, target) as facts:
        _check_automation(target, "claims_submission")
        if facts.status != "rejected":
            raise Refused(f"claim {facts.number} is not rejected any more: nothing was done")
        connection.execute("SELECT billing.return_claim(%s, %s)", (target.item_id, reason))
    return f"Claim {facts.number} is back in Awaiting Submission, under a new number."


def confirm_file(connection: Connection, target: Target, principals: Principals, reason: str) -> str:
    """Say that the clearinghouse has the claim's file of unknown outcome."""
    reason = _check_reason(reason)
    with _acting(connection, target):
        file = _check_file(connection, target, principals)
        connection.execute("SELECT billing.confirm_file(%s, %s)", (file.interchange_id, reason))
    return f"File {file.file_name} counts as sent."


def resend_file(connection: Connection, target: Target, principals: Principals, reason: str) -> str:
    """Say that the clearinghouse does not have the claim's file of unknown outcome: it leaves again."""
    reason = _check_reason(reason)
    with _acting(connection, target):
        file = _check_file(connection, target, principals)
        connection.execute("SELECT billing.resend_file(%s, %s)", (file.interchange_id, reason))
    return f"File {file.file_name} leaves again with the next run."


def wait_for_answer(
    connection: Connection, target: Target, principals: Principals, reason: str, until: date | None
) -> str:
    """Silence the alarm about the claim's file of unknown outcome until the local beginning of a day."""
    reason = _check_reason(reason)
    with _acting(connection, target):
        file = _check_file(connection, target, principals)
        if until is None or until <= _local_today(connection, target.organization_id):
            raise Refused("choose a date after today: until when the answer can wait")
        instant = _value(
            connection,
            "SELECT %s::date::timestamp AT TIME ZONE o.timezone FROM practice.organization o"
            " WHERE o.organization_id = %s",
            until,
            target.organization_id,
        )
        if file.wait_until == instant:
            raise Refused(f"the answer to file {file.file_name} can wait until {until} already")
        connection.execute("SELECT billing.wait_for_answer(%s, %s, %s)", (file.interchange_id, instant, reason))
    return f"The answer to file {file.file_name} can wait until {until}."


@dataclass(frozen=True, slots=True)
class Wish:
    """What a form says. Reason and date only where the action asks for them; edit and line only for findings."""

    action: str
    reason: str = ""
    until: date | None = None
    edit_code: str = ""
    line_number: int = 0


def perform(connection: Connection, target: Target, principals: Principals, wish: Wish) -> str:
    """Do what the form says and return what was done, in words. Raises `Refused` when it cannot be done (again)."""
    match wish.action:
        case "hold":
            return hold(connection, target, wish.reason, wish.until)
        case "lift_hold":
            return lift_hold(connection, target)
        case "release":
            return release(connection, target, wish.reason)
        case "release_from_rules":
            return release(connection, target, wish.reason, in_spite_of_rules=True)
        case "advance_now":
            return advance_now(connection, target, wish.reason)
        case "move_back":
            return move_back(connection, target, wish.reason)
        case "void_invoice":
            return void_invoice(connection, target, wish.reason)
        case "confirm_invoice":
            return confirm_invoice(connection, target)
        case "override_finding":
            return override_finding(connection, target, wish.edit_code, wish.line_number, wish.reason)
        case "withdraw_override":
            return withdraw_override(connection, target, wish.edit_code, wish.line_number, wish.reason)
        case "return_claim":
            return return_claim(connection, target, wish.reason)
        case "confirm_file":
            return confirm_file(connection, target, principals, wish.reason)
        case "resend_file":
            return resend_file(connection, target, principals, wish.reason)
        case "wait_for_answer":
            return wait_for_answer(connection, target, principals, wish.reason, wish.until)
    raise Refused("there is no such action")


def _named(target: Target, facts: ItemFacts, *, upper: bool = False) -> str:
    noun = target.noun.capitalize() if upper else target.noun
    return f"{noun} {facts.number}"


def _check_reason(reason: str) -> str:
    """The reason without blanks around it. Raises `Refused` for none, a long one, or one of several lines."""
    reason = reason.strip()
    if not reason or len(reason) > _REASON_LENGTH or any(unicodedata.category(one)[0] == "C" for one in reason):
        raise Refused(f"say why, in one line of at most {_REASON_LENGTH} characters")
    return reason


def _check_automation(target: Target, automation: str) -> None:
    if target.automation != automation:
        raise Refused("there is no such action on this kind of item")


def _check_waits(connection: Connection, target: Target, facts: ItemFacts) -> None:
    """Raise `Refused`, with what became of it, unless the item waits in its step."""
    became = None
    if target.automation == "invoice_creation":
        if facts.invoice_id is not None:
            became = f"has invoice {facts.invoice_id}"
        elif facts.status != "kept":
            became = f"is {facts.status.replace('_', ' ')}"
    elif target.automation == "invoice_processing":
        if facts.status != "open":
            became = f"is {facts.status}"
        elif facts.claim_ids:
            became = f"has claim {facts.claim_ids[0]}"
    elif facts.status != "awaiting_submission":
        became = f"is {facts.status}"
    elif read_claim_file(connection, target.organization_id, target.item_id, ()) is not None:
        became = "is in a file already"
    if became is not None:
        raise Refused(f"{_named(target, facts)} {became}: nothing was changed")


def _check_file(connection: Connection, target: Target, principals: Principals) -> ClaimFile:
    """The file of the claim if its outcome is unknown and the visitor may speak of it; else `Refused`."""
    _check_automation(target, "claims_submission")
    file = read_claim_file(connection, target.organization_id, target.item_id, principals)
    if file is None or file.state != "unknown":
        raise Refused("the outcome of the claim's file is not unknown any more: load the page again")
    if not file.is_visitors:
        raise Refused(
            f"file {file.file_name} also holds claims of organizations that you may not see: "
            "data-ops can say what became of it"
        )
    return file


def _local_today(connection: Connection, organization_id: int) -> date:
    today: date = _value(connection, "SELECT billing.local_today(%s)", organization_id)
    return today


def _value(connection: Connection, statement: str, *parameters: object) -> Any:
    row = connection.execute(statement.encode(), parameters).fetchone()
    assert row is not None
    return row[0]
