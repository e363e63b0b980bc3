"""The four automations: switched on and off as a person would, with the window that says what will happen."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.looking import look_at
from tests.browser.site import Site

_BLUE = "rgb(26, 115, 232)"


def _setting(site: Site, organization_id: int, automation: str) -> dict[str, Any]:
    """The stored row; empty if there is none."""
    row = site.billing.execute(
        "SELECT to_jsonb(s) FROM billing.automation_setting s WHERE (organization_id, automation) = (%s, %s)",
        (organization_id, automation),
    ).fetchone()
    return dict(row[0]) if row else {}


def _message(page: Page, text: str) -> None:
    expect(page.locator("#message")).to_contain_text(text)


def test_enabling_says_what_will_happen_and_disable_in_that_window_changes_nothing(visit: Visit, site: Site) -> None:
    page = visit("/organizations/12", "kim")
    switch = page.get_by_role("switch", name="Invoice Creation")
    expect(switch).to_have_attribute("aria-checked", "false")
    look_at(page, "automations-off")

    switch.focus()
    page.keyboard.press("Space")
    window = page.get_by_role("dialog", name="Enable Invoice Creation?")
    expect(window).to_contain_text(
        re.compile(r"From tonight, .*, 23:00 \(America/Los_Angeles; \d{4}-\d\d-\d\d 0[67]:00 UTC\)")
    )
    expect(window).to_contain_text(
        "Tonight 0 appointments from today become invoices; up to 8 more if you include what waits from before today."
    )
    expect(window.get_by_role("button", name="Enable")).to_be_focused()
    look_at(page, "enable")
    window.get_by_role("button", name="Disable").click()

    expect(window).to_have_count(0)
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(switch).to_be_focused()
    assert _setting(site, 12, "invoice_creation") == {}


def test_an_automation_is_switched_on_with_what_waited_and_off_again(visit: Visit, site: Site) -> None:
    page = visit("/organizations/12", "kim")
    switch = page.get_by_role("switch", name="Invoice Creation")
    rules = page.get_by_role("list", name="Exclusion rules of Invoice Creation")
    expect(rules).to_be_hidden()

    switch.click()
    window = page.get_by_role("dialog")
    window.get_by_label("Include the 8 appointments that wait from before today").check()
    expect(window.get_by_role("status")).not_to_contain_text("up to")
    expect(window.get_by_role("status")).to_contain_text(
        re.compile(r"Tonight [1-8] appointments? becomes? (an invoice|invoices)")
    )
    window.get_by_role("button", name="Enable").press("Enter")

    _message(page, "Invoice Creation is enabled: it runs from tonight on")
    expect(window).to_have_count(0)
    expect(switch).to_have_attribute("aria-checked", "true")
    expect(switch).to_have_css("background-color", _BLUE)
    expect(page.get_by_role("button", name="+ Add Rule to Invoice Creation")).to_be_visible()
    stored = _setting(site, 12, "invoice_creation")
    assert (stored["is_enabled"], stored["includes_earlier"], stored["changed_by"]) == (True, True, "kim")

    switch.click()
    _message(page, "Invoice Creation is disabled: nothing moves by itself any more.")
    expect(switch).to_have_attribute("aria-checked", "false")
    stored = _setting(site, 12, "invoice_creation")
    assert (stored["is_enabled"], stored["changed_by"], stored["version"]) == (False, "kim", 2)
    assert site.billing.execute(
        "SELECT count(*) FROM billing.history"
        " WHERE (organization_id, subject, changed_by) = (12, 'automation_setting', 'kim')"
    ).fetchone() == (2,)


def test_enabling_invoice_processing_brings_the_self_pay_rule(visit: Visit, site: Site) -> None:
    page = visit("/organizations/12", "kim")

    page.get_by_role("switch", name="Invoice Processing").click()
    expect(page.get_by_role("dialog")).to_contain_text("When Client pays by Equals Self-pay")
    page.get_by_role("button", name="Enable").click()

    rule = page.get_by_role("form", name="When Client pays by Equals Self-pay")
    expect(rule.get_by_label("Self-pay")).to_be_checked()
    expect(rule.get_by_label("Insurance")).not_to_be_checked()
    look_at(page, "automations")
    assert site.billing.execute(
        "SELECT c.field, c.match_values FROM billing.exclusion_rule r"
        " JOIN billing.exclusion_condition c USING (rule_id) WHERE r.organization_id = 12"
    ).fetchall() == [("client_pays_by", ["self_pay"])]


def test_what_the_plan_lacks_and_what_does_not_exist_yet_say_why(visit: Visit) -> None:
    page = visit("/organizations/6", "kim")

    expect(page.get_by_role("switch", name="Claims Submission")).to_have_accessible_description(
        "The Starter plan does not include Claims Submission: it was switched on and does not run any more."
    )
    expect(page.get_by_role("switch", name="ERA Processing")).to_be_disabled()
    expect(page.get_by_role("switch", name="ERA Processing")).to_have_accessible_description(
        re.compile("Not available yet")
    )


def test_a_pause_ends_on_the_chosen_night_or_by_hand(visit: Visit, site: Site) -> None:
    page = visit("/organizations/10", "kim")
    until = date.today() + timedelta(days=30)  # noqa: DTZ011  # as the person's own calendar says

    page.get_by_text("Pause Invoice Creation until a date").click()
    page.get_by_label("First night to run again").fill(until.isoformat())
    page.get_by_role("button", name="Pause", exact=True).click()
    _message(
        page, f"Invoice Creation is paused and goes on by itself on the night of {until:%b} {until.day}, {until.year}."
    )
    expect(
        page.get_by_text(f"Paused: goes on by itself on {until:%a, %b} {until.day}, {until.year}, 23:00")
    ).to_be_visible()
    assert _setting(site, 10, "invoice_creation")["paused_until"] == until.isoformat()

    page.get_by_role("button", name="Resume Invoice Creation").click()
    _message(page, "Invoice Creation is no longer paused: it runs tonight.")
    assert _setting(site, 10, "invoice_creation")["paused_until"] is None


def test_of_two_people_at_one_switch_the_second_is_told(visit: Visit, site: Site) -> None:
    first, second = (visit("/organizations/4", name) for name in ("kim", "admin"))

    first.get_by_role("switch", name="Claims Submission").click()
    _message(first, "Claims Submission is disabled")
    second.get_by_role("switch", name="Claims Submission").click()

    expect(second.get_by_role("alert")).to_contain_text("kim")
    stored = _setting(site, 4, "claims_submission")
    assert (stored["is_enabled"], stored["changed_by"]) == (False, "kim")


def test_a_viewer_sees_everything_and_can_change_nothing(visit: Visit) -> None:
    page = visit("/organizations/1", "sam")

    expect(page.get_by_text("You may look but not change everything here")).to_be_visible()
    for switch in page.get_by_role("switch").all():
        expect(switch).to_be_disabled()
    page.get_by_text("Exclusion rules of Invoice Processing").click()
    expect(page.get_by_role("form").first.get_by_role("button", name="Save")).to_be_disabled()
