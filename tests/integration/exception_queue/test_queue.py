"""The queue: every item that stays, once, with the reason that the night decided and what has changed since."""

from __future__ import annotations

import pytest

from include.exception_queue.queue import PAGE_SIZE, QueueFilters, read_queue
from include.exception_queue.reason_words import REASONS
from include.settings.rules import describe_rule, read_rules
from tests.integration.exception_queue.conftest import Desk
from tests.integration.nights.scrub_cases import MONDAY, rows, without_coverage
from tests.support.practice import AUTOMATIONS, Practice

CREATION, PROCESSING, SUBMISSION = AUTOMATIONS
CHANGED_RULE = "The rule was changed or deleted since; the next night looks again."


def decided(desk: Desk) -> dict[tuple[str, int], tuple[object, ...]]:
    """What billing.decision says now, in the queue's own words for a file of unknown outcome."""
    found = rows(
        desk.billing,
        "SELECT automation, item_id, CASE detail_code WHEN 'outcome_unknown' THEN detail_code ELSE reason END,"
        " nullif(detail_code, 'outcome_unknown'), rule_id, opened_on FROM billing.decision"
        " WHERE closed_on IS NULL AND item_id IS NOT NULL AND organization_id = 1",
    )
    return {(row[0], row[1]): row[2:] for row in found}


def everything(desk: Desk) -> dict[str, tuple[str, int]]:
    """One item of every reason that an item of a working automation can have, and the runs of Monday over them."""
    practice = desk.practice
    made: dict[str, tuple[str, int]] = {
        "rejected": (SUBMISSION, desk.rejected()),
        "outcome_unknown": (SUBMISSION, desk.unknown()),
    }
    excluded = practice.service_type(procedure_code="90791", name="Evaluation")
    practice.rule(CREATION, ("service_type", [excluded]))
    held = practice.appointment()
    desk.billing.execute("SELECT billing.hold_item(%s, %s, 'card is new')", (CREATION, held))
    made |= {
        "excluded": (CREATION, practice.appointment(services=[excluded])),
        "on_hold": (CREATION, held),
        "before_start": (CREATION, practice.appointment("2025-12-30 10:00")),
        "blocked": (PROCESSING, practice.invoice(practice.appointment(client=practice.client()))),
        "review_day": (PROCESSING, practice.invoice(entered_step_on=MONDAY)),
        "scrub_error": (SUBMISSION, without_coverage(practice)),
        "refused_by_validator": (SUBMISSION, refused_claim(practice)),
    }
    desk.run(SUBMISSION, PROCESSING, CREATION)
    for reason in ("left_to_another_run", "step_failed"):
        claim = practice.claim()
        made[reason] = (SUBMISSION, claim)
        desk.billing.execute(
            "INSERT INTO billing.decision (organization_id, automation, item_id, reason, opened_on)"
            " VALUES (1, %s, %s, %s, %s)",
            (SUBMISSION, claim, reason, MONDAY),
        )
    made["waiting"] = (CREATION, practice.appointment())
    return made


def refused_claim(practice: Practice) -> int:
    """A claim whose client's name has no letters that X12 knows."""
    client = practice.client(last_name="Петрова")
    practice.policy(client)
    return practice.claim(practice.invoice(practice.appointment(client=client)))


def test_each_reason_appears_once_and_is_what_the_night_decided(desk: Desk) -> None:
    made = everything(desk)
    assert set(made) == set(REASONS) - {"plan", "off", "paused"}
    page = desk.queue()
    shown = {(row.automation, row.item_id): row for row in page.rows}
    assert len(shown) == len(page.rows) == page.total_count
    assert {reason: shown[item].reason for reason, item in made.items()} == {reason: reason for reason in made}
    decisions = decided(desk)
    assert len(decisions) >= 9
    for item, (reason, detail_code, rule_id, opened_on) in decisions.items():
        row = shown[item]
        assert (row.reason, row.detail_code, row.rule_id) == (reason, detail_code, rule_id), item
        assert reason == "outcome_unknown" or row.since == opened_on, item
    assert {row.reason for item, row in shown.items() if item not in decisions} == {"waiting", "rejected"}
    assert sum(page.counts.values()) == page.total_count
    assert {reason for reason, count in page.counts.items() if count} >= set(made)


def test_a_reason_says_in_words_what_is_wrong_and_where_to_correct_it(desk: Desk) -> None:
    made = everything(desk)
    shown = {(row.automation, row.item_id): row for row in desk.queue().rows}

    def told(reason: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        row = shown[made[reason]]
        return row.details, row.fixes

    assert told("blocked") == (("The client has no primary policy.",), ("Client › Insurance",))
    assert told("on_hold") == (("Until it is lifted: card is new",), ())
    assert told("excluded") == (("When Service Type Equals Evaluation · 90791.",), ())
    assert told("scrub_error")[0] == ("COV01: Line 1: the policy was not active on the date of service.",)
    assert told("refused_by_validator")[1] == ("Client › Profile",)
    words, fixes = told("rejected")
    assert words == ("277CA A7:562:82: Rejected, something in it is not valid; NPI; rendering provider",)
    assert fixes == ("Practice › Staff › NPI",)
    assert told("waiting") == ((), ())
    text = repr(list(shown.values()))
    for secret in ("Example", "Robin", "Петрова", "1990", "W123456789", "F411", "12 Willow"):
        assert secret not in text, f"{secret}: a row holds patient data"


def test_the_words_of_a_rule_on_clients_hold_no_name(desk: Desk) -> None:
    client = desk.practice.insured()
    desk.practice.rule(CREATION, ("client", [client]))
    appointment = desk.practice.appointment(client=client)
    desk.run(CREATION)
    row = desk.row(CREATION, appointment)
    assert row is not None and row.details == (f"When Client Equals client {client}.",)
    (rule,) = read_rules(desk.settings, 1, CREATION)
    assert "Example" in describe_rule(rule)


def test_a_rule_that_changed_since_the_night_is_not_quoted_until_a_night_has_looked(desk: Desk) -> None:
    practice = desk.practice
    excluded = practice.service_type(procedure_code="90791", name="Evaluation")
    rule = practice.rule(CREATION, ("service_type", [excluded]))
    appointment = practice.appointment(services=[excluded])

    def told() -> tuple[str, ...]:
        row = desk.row(CREATION, appointment)
        assert row is not None and row.reason == "excluded"
        return row.details

    desk.run(CREATION)
    # Another place in the order is not another rule.
    desk.billing.execute("UPDATE billing.exclusion_rule SET position = 9, version = 2 WHERE rule_id = %s", (rule,))
    assert told() == ("When Service Type Equals Evaluation · 90791.",)
    values = [str(excluded), str(practice.service_type(procedure_code="90834", name="Therapy"))]
    desk.billing.execute("UPDATE billing.exclusion_condition SET match_values = %s WHERE rule_id = %s", (values, rule))
    assert told() == (CHANGED_RULE,)
    desk.run(CREATION, night="2026-03-10")
    assert told() == ("When Service Type Equals Evaluation · 90791, Therapy · 90834.",)


def test_a_hold_and_a_release_since_the_night_count_at_once(desk: Desk) -> None:
    practice = desk.practice
    excluded = practice.service_type(procedure_code="90791")
    practice.rule(PROCESSING, ("service_type", [excluded]))
    ruled = practice.invoice(practice.appointment(services=[excluded]))
    fresh = practice.invoice(entered_step_on=MONDAY)
    held = practice.appointment()
    desk.billing.execute("SELECT billing.hold_item(%s, %s, 'wait')", (CREATION, held))
    desk.run(PROCESSING, CREATION)
    assert [desk.reason(PROCESSING, ruled), desk.reason(PROCESSING, fresh), desk.reason(CREATION, held)] == [
        "excluded", "review_day", "on_hold"
    ]  # fmt: skip
    desk.billing.execute("SELECT billing.release_item(%s, %s, 'seen')", (PROCESSING, fresh))
    desk.billing.execute("SELECT billing.release_item(%s, %s, 'agreed', true)", (PROCESSING, ruled))
    desk.billing.execute("SELECT billing.lift_hold(%s, %s)", (CREATION, held))
    assert [desk.reason(PROCESSING, ruled), desk.reason(PROCESSING, fresh), desk.reason(CREATION, held)] == [
        "waiting", "waiting", "waiting"
    ]  # fmt: skip
    desk.billing.execute("SELECT billing.hold_item(%s, %s, 'after all', '2026-03-11')", (PROCESSING, ruled))
    row = desk.row(PROCESSING, ruled)
    assert row is not None and (row.reason, row.details) == ("on_hold", ("Until 2026-03-11: after all",))
    # A run of the night named may take it.
    desk.billing.execute("SELECT billing.hold_item(%s, %s, 'after all', '2026-03-09')", (PROCESSING, ruled))
    assert desk.reason(PROCESSING, ruled) == "waiting"


def test_what_came_today_has_its_review_day_and_what_came_before_is_looked_at_tonight(desk: Desk) -> None:
    today, before = (desk.practice.invoice(entered_step_on=day) for day in (MONDAY, "2026-03-08"))
    assert (desk.reason(PROCESSING, today), desk.reason(PROCESSING, before)) == ("review_day", "waiting")
    row = desk.row(PROCESSING, today)
    assert row is not None and row.details == ("It came on 2026-03-09.",)


def test_a_release_that_keeps_to_the_rules_leaves_an_excluded_item_excluded(desk: Desk) -> None:
    excluded = desk.practice.service_type(procedure_code="90791")
    desk.practice.rule(CREATION, ("service_type", [excluded]))
    appointment = desk.practice.appointment(services=[excluded])
    desk.run(CREATION)
    desk.billing.execute("SELECT billing.release_item(%s, %s, 'seen')", (CREATION, appointment))
    assert desk.reason(CREATION, appointment) == "excluded"


def test_overrides_confirmations_and_rules_that_are_gone_count_at_once(desk: Desk) -> None:
    practice = desk.practice
    claim = without_coverage(practice)
    invoice = practice.invoice()
    desk.billing.execute(
        "UPDATE practice.appointment a SET appointment_status = 'cancelled' FROM billing.invoice i"
        " WHERE i.appointment_id = a.appointment_id AND i.invoice_id = %s",
        (invoice,),
    )
    appointment = practice.appointment()
    rule = practice.rule(CREATION, ("appointment_staff", [practice.default_staff]))
    desk.run(*AUTOMATIONS)
    assert desk.reason(SUBMISSION, claim) == "scrub_error"
    assert desk.reason(PROCESSING, invoice) == "blocked"
    desk.billing.execute("SELECT billing.override_finding(%s, 'COV01', 'agreed', 1)", (claim,))
    desk.billing.execute("SELECT billing.confirm_invoice(%s)", (invoice,))
    desk.billing.execute("UPDATE billing.exclusion_rule SET deleted_at = now() WHERE rule_id = %s", (rule,))
    assert desk.reason(SUBMISSION, claim) == "waiting"
    assert desk.reason(PROCESSING, invoice) == "waiting"
    row = desk.row(CREATION, appointment)
    assert row is not None and row.details == (CHANGED_RULE,)
    desk.billing.execute("UPDATE practice.appointment SET updated_at = now() + interval '1 day'")
    assert desk.reason(PROCESSING, invoice) == "blocked"


def test_items_of_an_automation_that_is_off_are_counted_and_shown_when_asked_for(desk: Desk) -> None:
    appointment, invoice = desk.practice.appointment(), desk.practice.invoice()
    desk.practice.setting(CREATION, is_enabled=False)
    desk.practice.setting(PROCESSING, paused_until="2026-03-11")
    page = desk.queue()
    assert [(row.item_id, row.reason) for row in page.rows] == [(invoice, "paused")]
    assert page.counts == {"off": 1, "paused": 1}
    assert [row.item_id for row in desk.queue(reason="off").rows] == [appointment]
    assert desk.item(CREATION, appointment).stays is not None
    desk.billing.execute("DELETE FROM practice.plan_automation WHERE automation = %s", (CREATION,))
    # Monday's run is over: the next one is of Tuesday, the night until which it is paused.
    desk.practice.setting(PROCESSING, paused_until="2026-03-10")
    assert desk.queue().counts == {"plan": 1, "waiting": 1}


def test_a_pause_is_one_of_the_next_night_of_its_automation(desk: Desk) -> None:
    made = {automation: desk.practice.item(automation) for automation in AUTOMATIONS}
    for automation in made:
        desk.practice.setting(automation, paused_until="2026-03-10")
    late = desk.practice.instant("2026-03-09 22:30")
    page = read_queue(desk.settings, 1, QueueFilters(), 1, late)
    # At half past ten Invoice Creation is the only one whose run of Monday is yet to come.
    assert {row.automation: row.reason for row in page.rows} == {
        CREATION: "paused", PROCESSING: "waiting", SUBMISSION: "waiting"
    }  # fmt: skip


def test_when_all_sending_is_stopped_claims_are_on_hold_and_say_why(desk: Desk) -> None:
    claim = desk.practice.claim()
    desk.billing.execute("UPDATE billing.deployment SET is_sending_enabled = false")
    row = desk.row(SUBMISSION, claim)
    assert row is not None and (row.reason, row.detail_code) == ("on_hold", "sending_stopped")
    assert row.details == ("All sending is stopped, by a person of data-ops.",)
    desk.run(SUBMISSION)
    assert decided(desk)[SUBMISSION, claim][:2] == ("on_hold", "sending_stopped")


def test_filters_narrow_by_automation_reason_age_and_readiness_and_counts_stay(desk: Desk) -> None:
    practice = desk.practice
    old, young = practice.appointment("2026-03-02 10:00"), practice.appointment("2026-03-09 10:00")
    invoice = practice.invoice(invoice_on="2026-03-07")
    assert [row.item_id for row in desk.queue().rows] == [old, invoice, young]
    assert [(row.item_id, row.age) for row in desk.queue(minimum_age=2).rows] == [(old, 7), (invoice, 2)]
    assert [row.item_id for row in desk.queue(minimum_age=3).rows] == [old]
    assert [row.item_id for row in desk.queue(automation=PROCESSING).rows] == [invoice]
    held = practice.appointment("2026-03-05 10:00")
    desk.billing.execute("SELECT billing.hold_item(%s, %s, 'wait')", (CREATION, held))
    page = desk.queue(reason="on_hold")
    assert ([row.item_id for row in page.rows], page.total_count) == ([held], 1)
    assert page.counts == {"on_hold": 1, "waiting": 3}
    ready = [(CREATION, young), (PROCESSING, old), (CREATION, 999)]
    assert [row.item_id for row in desk.queue(ready=ready).rows] == [young]
    assert desk.queue(ready=[]).rows == []


def test_a_page_holds_fifty_and_the_rest_follow(desk: Desk) -> None:
    client = desk.practice.insured()
    made = [desk.practice.appointment(client=client) for _ in range(PAGE_SIZE + 1)]
    first, second, third = desk.queue(), desk.queue(2), desk.queue(3)
    assert [row.item_id for row in (*first.rows, *second.rows)] == made
    assert (len(first.rows), len(second.rows), third.rows) == (PAGE_SIZE, 1, [])
    assert first.total_count == third.total_count == PAGE_SIZE + 1
    assert first.page_count == 2


def test_the_queue_is_one_organizations_and_leaves_out_what_is_yet_to_come(desk: Desk) -> None:
    other = Practice(desk.billing, 2)
    strangers = [other.item(automation) for automation in AUTOMATIONS]
    desk.billing.execute(
        "UPDATE billing.claim SET claim_status = 'rejected' WHERE claim_id = %s", (other.sent_claim(),)
    )
    desk.practice.appointment("2026-03-10 00:00")
    mine = desk.practice.appointment("2026-03-09 23:59")
    assert [row.item_id for row in desk.queue().rows] == [mine]
    assert len(strangers) == 3


@pytest.mark.parametrize("code", ["no_service", "no_rate", "zero_rate", "no_units"])
def test_a_blocked_appointment_says_what_is_missing(desk: Desk, code: str) -> None:
    practice = desk.practice
    services: dict[str, object] = {
        "no_service": [],
        "no_rate": [practice.service_type(rate=None)],
        "zero_rate": [practice.service_type(rate="0.00")],
        "no_units": [{"unit_count": 0}],
    }
    appointment = practice.appointment(services=services[code])  # type: ignore[arg-type]
    desk.run(CREATION)
    row = desk.row(CREATION, appointment)
    assert row is not None and row.detail_code == code
    assert row.details and row.fixes
