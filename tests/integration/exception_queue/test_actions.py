"""What a person does about an item: its effect, once; and what is refused, in words, with nothing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from threading import Barrier, Thread
from typing import Any

import psycopg
import pytest

from include.exception_queue import actions
from include.exception_queue.actions import Target, Wish, perform
from include.settings.errors import Refused
from tests.integration.exception_queue.conftest import ANNA, PRINCIPALS, Desk
from tests.integration.nights.scrub_cases import rows, without_coverage, without_sex
from tests.support.practice import AUTOMATIONS, Practice

CREATION, PROCESSING, SUBMISSION = AUTOMATIONS
TOMORROW = date(2999, 12, 1)
TABLES = ("hold", "release", "invoice", "claim", "finding_override", "interchange", "history", "decision")


@contextmanager
def refused(desk: Desk, text: str) -> Iterator[None]:
    """It is refused with a text that matches, and changes nothing."""
    before = contents(desk)
    with pytest.raises(Refused, match=text):
        yield
    assert contents(desk) == before


def contents(desk: Desk) -> dict[str, list[tuple[Any, ...]]]:
    return {table: rows(desk.billing, f"SELECT t.*::text FROM billing.{table} t ORDER BY 1") for table in TABLES}  # noqa: S608 (our own names)


def act(desk: Desk, automation: str, item_id: int, action: str, **said: Any) -> str:
    return perform(desk.settings, desk.target(automation, item_id), PRINCIPALS, Wish(action, **said))


# Hold and release


@pytest.mark.parametrize("automation", AUTOMATIONS)
def test_a_hold_keeps_the_item_and_lifting_it_lets_it_go(desk: Desk, automation: str) -> None:
    item = desk.practice.item(automation)
    assert act(desk, automation, item, "hold", reason=" card is new ", until=TOMORROW).endswith("until 2999-12-01.")
    row = desk.row(automation, item)
    assert row is not None and (row.reason, row.hold_until, row.hold_reason) == ("on_hold", TOMORROW, "card is new")
    act(desk, automation, item, "hold", reason="another reason")
    row = desk.row(automation, item)
    assert row is not None and (row.hold_until, row.hold_reason) == (None, "another reason")
    act(desk, automation, item, "lift_hold")
    assert desk.reason(automation, item) == "waiting"
    assert desk.history(item) == [("held", ANNA), ("held", ANNA), ("hold lifted", ANNA)]


def test_a_hold_and_its_end_are_done_once(desk: Desk) -> None:
    item = desk.practice.appointment()
    act(desk, CREATION, item, "hold", reason="wait", until=TOMORROW)
    with refused(desk, f"appointment {item} is on hold already"):
        act(desk, CREATION, item, "hold", reason="wait", until=TOMORROW)
    act(desk, CREATION, item, "lift_hold")
    with refused(desk, f"appointment {item} is not on hold"):
        act(desk, CREATION, item, "lift_hold")


def test_a_hold_ends_after_today_or_not_at_all(desk: Desk) -> None:
    item = desk.practice.appointment()
    (today,) = desk.one("SELECT billing.local_today(1)")
    with refused(desk, "choose a date after today"):
        act(desk, CREATION, item, "hold", reason="wait", until=today)


def test_a_release_skips_the_review_day_once_and_only_if_asked_the_rules(desk: Desk) -> None:
    excluded = desk.practice.service_type(procedure_code="90791")
    desk.practice.rule(PROCESSING, ("service_type", [excluded]))
    item = desk.practice.invoice(desk.practice.appointment(services=[excluded]))
    desk.run(PROCESSING)
    act(desk, PROCESSING, item, "release", reason="seen")
    assert desk.reason(PROCESSING, item) == "excluded"
    with refused(desk, f"invoice {item} is released already, by anna"):
        act(desk, PROCESSING, item, "release", reason="seen again")
    act(desk, PROCESSING, item, "release_from_rules", reason="agreed")
    assert desk.reason(PROCESSING, item) == "waiting"
    for action in ("release", "release_from_rules"):
        with refused(desk, "is released already"):
            act(desk, PROCESSING, item, action, reason="agreed")
    assert desk.history(item) == [("released", ANNA), ("released", ANNA)]


@pytest.mark.parametrize("reason", ["", "  ", "x" * 301, "two\nlines", "a\x00b", "\u202eright to left"])
def test_a_reason_is_one_line_of_text(desk: Desk, reason: str) -> None:
    item = desk.practice.appointment()
    with refused(desk, "say why, in one line"):
        act(desk, CREATION, item, "hold", reason=reason)


# Forward and back


def test_an_appointment_is_advanced_to_its_invoice_once(desk: Desk) -> None:
    item = desk.practice.appointment()
    done = act(desk, CREATION, item, "advance_now")
    ((invoice,),) = rows(desk.billing, "SELECT invoice_id FROM billing.invoice WHERE created_by = %s", ANNA)
    assert done == f"Invoice {invoice} is made of appointment {item}."
    assert desk.row(CREATION, item) is None
    with refused(desk, f"appointment {item} has invoice {invoice}: nothing was changed"):
        act(desk, CREATION, item, "advance_now")


def test_an_invoice_is_advanced_to_its_claim_once_in_spite_of_rules(desk: Desk) -> None:
    desk.practice.rule(PROCESSING, ("rendering_provider", [desk.practice.default_staff]))
    item = desk.practice.invoice()
    desk.run(PROCESSING)
    assert desk.reason(PROCESSING, item) == "excluded"
    act(desk, PROCESSING, item, "advance_now")
    ((claim,),) = rows(desk.billing, "SELECT claim_id FROM billing.claim WHERE invoice_id = %s", item)
    assert desk.reason(SUBMISSION, claim) in ("review_day", "waiting")
    with refused(desk, f"invoice {item} has claim {claim}"):
        act(desk, PROCESSING, item, "advance_now")


def test_what_cannot_be_advanced_says_what_is_missing(desk: Desk) -> None:
    unpriced = desk.practice.appointment(services=[desk.practice.service_type(rate=None)])
    with refused(desk, "cannot be priced"):
        act(desk, CREATION, unpriced, "advance_now")
    uninsured = desk.practice.invoice(desk.practice.appointment(client=desk.practice.client()))
    with refused(desk, "no primary policy is active"):
        act(desk, PROCESSING, uninsured, "advance_now")


def test_a_claim_is_advanced_by_a_release_in_spite_of_rules_which_needs_a_reason(desk: Desk) -> None:
    item = desk.practice.claim()
    with refused(desk, "say why"):
        act(desk, SUBMISSION, item, "advance_now")
    act(desk, SUBMISSION, item, "advance_now", reason="agreed")
    assert desk.one("SELECT ignores_rules, reason FROM billing.release WHERE item_id = %s", item) == (True, "agreed")
    with refused(desk, "is released already"):
        act(desk, SUBMISSION, item, "advance_now", reason="agreed")


def test_a_claim_moves_back_to_its_invoice_once(desk: Desk) -> None:
    invoice = desk.practice.invoice()
    item = desk.practice.claim(invoice)
    act(desk, SUBMISSION, item, "move_back", reason="wrong insurer")
    assert desk.row(SUBMISSION, item) is None
    assert desk.reason(PROCESSING, invoice) in ("review_day", "waiting")
    with refused(desk, f"claim C{item}V1 is void: nothing was changed"):
        act(desk, SUBMISSION, item, "move_back", reason="wrong insurer")


def test_an_invoice_is_voided_once_and_its_appointment_held(desk: Desk) -> None:
    appointment = desk.practice.appointment()
    item = desk.practice.invoice(appointment)
    act(desk, PROCESSING, item, "void_invoice", reason="wrong service")
    assert desk.row(PROCESSING, item) is None
    assert desk.reason(CREATION, appointment) == "on_hold"
    with refused(desk, f"invoice {item} is void"):
        act(desk, PROCESSING, item, "void_invoice", reason="wrong service")


def test_an_invoice_whose_appointment_changed_is_confirmed_once(desk: Desk) -> None:
    item = desk.practice.invoice()
    desk.billing.execute("UPDATE practice.appointment SET appointment_status = 'cancelled'")
    desk.run(PROCESSING)
    assert desk.reason(PROCESSING, item) == "blocked"
    assert "confirm_invoice" in [offer.action for offer in desk.item(PROCESSING, item).offers]
    act(desk, PROCESSING, item, "confirm_invoice")
    assert desk.reason(PROCESSING, item) == "waiting"
    with refused(desk, f"invoice {item} is confirmed already"):
        act(desk, PROCESSING, item, "confirm_invoice")


# Findings


def test_a_finding_is_overridden_and_taken_back_once(desk: Desk) -> None:
    item = without_coverage(desk.practice)
    desk.run(SUBMISSION)
    said = {"edit_code": "COV01", "line_number": 1, "reason": "the insurer confirmed it"}
    act(desk, SUBMISSION, item, "override_finding", **said)
    assert desk.reason(SUBMISSION, item) == "waiting"
    with refused(desk, "COV01 is overridden already, by anna"):
        act(desk, SUBMISSION, item, "override_finding", **said)
    act(desk, SUBMISSION, item, "withdraw_override", **said)
    assert desk.reason(SUBMISSION, item) == "scrub_error"
    with refused(desk, "has no such override any more"):
        act(desk, SUBMISSION, item, "withdraw_override", **said)
    assert desk.history(item) == [("finding overridden", ANNA), ("override withdrawn", ANNA)]


def test_an_override_is_not_taken_back_from_a_claim_that_left(desk: Desk) -> None:
    item = without_coverage(desk.practice)
    desk.run(SUBMISSION, night="2026-03-05")
    said = {"edit_code": "COV01", "line_number": 1, "reason": "the insurer confirmed it"}
    act(desk, SUBMISSION, item, "override_finding", **said)
    desk.file("2026-03-06")
    with refused(desk, "is in a file already: nothing was changed"):
        act(desk, SUBMISSION, item, "withdraw_override", **said)


def test_only_standing_findings_that_may_pass_are_overridden(desk: Desk) -> None:
    item = without_sex(desk.practice)
    desk.run(SUBMISSION)
    with refused(desk, "SEX01 cannot be overridden: .*Client › Profile › Sex for insurance, or hold the claim$"):
        act(desk, SUBMISSION, item, "override_finding", edit_code="SEX01", reason="agreed")
    with refused(desk, "has no such finding any more"):
        act(desk, SUBMISSION, item, "override_finding", edit_code="SEX01", line_number=1, reason="agreed")


# After sending


def test_a_rejected_claim_is_returned_once(desk: Desk) -> None:
    item = desk.rejected()
    act(desk, SUBMISSION, item, "return_claim", reason="they had it wrong")
    assert desk.one("SELECT claim_status, version FROM billing.claim WHERE claim_id = %s", item) == (
        "awaiting_submission", 2
    )  # fmt: skip
    with refused(desk, "is not rejected any more"):
        act(desk, SUBMISSION, item, "return_claim", reason="they had it wrong")


def test_nothing_but_returning_is_done_to_a_rejected_claim(desk: Desk) -> None:
    item = desk.rejected()
    assert [offer.action for offer in desk.item(SUBMISSION, item).offers] == ["return_claim"]
    for action in ("hold", "release", "advance_now", "move_back"):
        with refused(desk, "is rejected: nothing was changed"):
            act(desk, SUBMISSION, item, action, reason="try")


@pytest.mark.parametrize(
    ("action", "state"), [("confirm_file", "sent"), ("resend_file", "built"), ("wait_for_answer", "unknown")]
)
def test_what_became_of_a_file_of_unknown_outcome_is_said_once(desk: Desk, action: str, state: str) -> None:
    item = desk.unknown()
    said: dict[str, Any] = {"reason": "their portal shows it", "until": TOMORROW}
    act(desk, SUBMISSION, item, action, **said)
    assert desk.one("SELECT interchange_state FROM billing.interchange") == (state,)
    again = "can wait until 2999-12-01 already" if state == "unknown" else "is not unknown any more"
    with refused(desk, again):
        act(desk, SUBMISSION, item, action, **said)


def test_who_may_not_see_every_organization_of_a_file_does_not_speak_of_it(desk: Desk) -> None:
    Practice(desk.billing, 2).claim()
    item = desk.unknown()
    assert desk.one("SELECT count(*) FROM billing.interchange") == (1,)
    assert desk.item(SUBMISSION, item).offers == []
    for action in ("confirm_file", "resend_file", "wait_for_answer"):
        with refused(desk, "also holds claims of organizations that you may not see: data-ops"):
            act(desk, SUBMISSION, item, action, reason="their portal shows it", until=TOMORROW)
    desk.billing.execute("SELECT billing.grant_access('user', %s, 2)", (ANNA,))
    act(desk, SUBMISSION, item, "confirm_file", reason="their portal shows it")


def test_a_claim_in_a_file_is_not_moved(desk: Desk) -> None:
    item = desk.unknown()
    for action in ("hold", "release", "advance_now", "move_back"):
        with refused(desk, "is in a file already: nothing was changed"):
            act(desk, SUBMISSION, item, action, reason="try")


# Whose it is


@pytest.mark.parametrize("automation", AUTOMATIONS)
def test_another_organizations_item_is_not_there(desk: Desk, automation: str) -> None:
    item = Practice(desk.billing, 2).item(automation)
    noun = {CREATION: "appointment", PROCESSING: "invoice", SUBMISSION: "claim"}[automation]
    made = ("hold", "lift_hold", "release", "release_from_rules", "advance_now", "move_back", "void_invoice",
        "confirm_invoice", "override_finding", "withdraw_override", "return_claim", "confirm_file", "resend_file",
        "wait_for_answer")  # fmt: skip
    for action in made:
        with refused(desk, f"there is no {noun} {item} here"):
            act(desk, automation, item, action, reason="try", edit_code="COV01", until=TOMORROW)
    with refused(desk, f"there is no {noun} {item} here"):
        desk.item(automation, item)


def test_an_action_of_another_kind_of_item_is_refused(desk: Desk) -> None:
    appointment = desk.practice.appointment()
    for action in ("move_back", "void_invoice", "confirm_invoice", "return_claim", "confirm_file"):
        with refused(desk, "no such action on this kind of item"):
            act(desk, CREATION, appointment, action, reason="try")
    with refused(desk, "there is no such action"):
        act(desk, CREATION, appointment, "delete", reason="try")
    with refused(desk, f"there is no item {appointment} here"):
        act(desk, "era_processing", appointment, "hold", reason="try")


# Two at once


@pytest.mark.parametrize("action", ["hold", "release", "advance_now"])
def test_of_two_equal_forms_at_once_one_is_done_and_one_is_told(desk: Desk, action: str, database_url: str) -> None:
    item = desk.practice.appointment()
    start = Barrier(2)
    told: list[str] = []

    def send() -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            start.wait()
            try:
                perform(connection, Target(1, CREATION, item, ANNA), PRINCIPALS, Wish(action, reason="twice"))
                told.append("done")
            except Refused:
                told.append("refused")

    both = [Thread(target=send) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(told) == ["done", "refused"]
    assert len(rows(desk.billing, "SELECT FROM billing.history WHERE changed_by = %s", ANNA)) == 1


def test_every_offered_action_is_one_that_can_be_done(desk: Desk) -> None:
    named = set(actions.__dict__)
    makers: list[Callable[[], tuple[str, int]]] = [
        lambda: (CREATION, desk.practice.appointment()),
        lambda: (PROCESSING, desk.practice.invoice()),
        lambda: (SUBMISSION, desk.practice.claim()),
    ]
    tried = set()
    for make in makers:
        automation, item = make()
        for offer in desk.item(automation, item).offers:
            automation, item = make()
            act(desk, automation, item, offer.action, reason="try", until=TOMORROW if offer.date_label else None)
            tried.add(offer.action)
    assert {"hold", "advance_now", "move_back", "void_invoice"} <= tried <= named
