"""The rules editor: what a rule would hold before it is saved, order, undo, two people at one rule."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.browser.looking import look_at
from tests.browser.site import PAGE, Site


def _rules(site: Site, organization_id: int, automation: str) -> list[tuple[Any, ...]]:
    """(rule id, conditions as field and values) of the standing rules in order."""
    return site.billing.execute(
        "SELECT r.rule_id,"
        " array_agg(c.field || '=' || array_to_string(c.match_values, ',') ORDER BY c.condition_number)"
        " FROM billing.exclusion_rule r JOIN billing.exclusion_condition c USING (rule_id)"
        " WHERE (r.organization_id, r.automation) = (%s, %s) AND r.deleted_at IS NULL"
        " GROUP BY r.rule_id ORDER BY r.position, r.rule_id",
        (organization_id, automation),
    ).fetchall()


def _form(page: Page, sentence: str) -> Locator:
    return page.get_by_role("form", name=sentence)


def test_a_new_rule_says_what_it_would_hold_tonight_before_it_is_saved(visit: Visit, site: Site) -> None:
    page = visit("/organizations/2/preview/claims_submission?outcome=advances", "kim")
    items = page.get_by_role("region", name="Items").get_by_role("row")
    expected = items.filter(has_text="Quillfeather Mutual").count()
    assert 0 < expected < items.count() - 1  # it holds some, not all
    page.goto(f"{PAGE}/organizations/2/rules/claims_submission")
    before = _rules(site, 2, "claims_submission")

    page.get_by_role("button", name="+ Add Rule").click()
    rule = _form(page, "New rule")
    field = rule.get_by_role("combobox", name="Field", exact=True)
    expect(field).to_be_focused()
    expect(field.get_by_role("option", name="Appointment Staff")).to_have_count(0)
    field.select_option("Primary Insurer")
    rule.get_by_label("Search Primary Insurer").press_sequentially("quill", delay=20)
    rule.get_by_label("Quillfeather Mutual").check()
    expect(rule.get_by_role("status").last).to_contain_text(f"this rule would hold {expected} of ")
    look_at(page, "rule-new")
    assert _rules(site, 2, "claims_submission") == before

    rule.get_by_role("button", name="+ Add Condition").click()
    expect(field).to_have_count(2)
    field.last.select_option("Service Date range")
    rule.get_by_label("From").fill("2026-11-01")
    rule.get_by_role("button", name="Save").click()

    expect(page.get_by_role("status").first).to_contain_text("Rule saved: it counts from tonight on.")
    saved = _form(page, "When Primary Insurer Equals Quillfeather Mutual and Service Date range")
    expect(saved.get_by_role("button", name="Save")).to_be_focused()
    conditions = ["primary_insurer=201", "service_date_range=2026-11-01/.."]
    assert [one[1] for one in _rules(site, 2, "claims_submission")] == [*(one[1] for one in before), conditions]
    page.goto(f"{PAGE}/organizations/2/preview/claims_submission?outcome=excluded")
    expect(items.filter(has_text="When Primary Insurer Equals Quillfeather Mutual")).to_have_count(expected)


def test_rules_change_places_with_the_keyboard(visit: Visit, site: Site) -> None:
    page = visit("/organizations/3/rules/invoice_creation", "kim")
    ids = [one[0] for one in _rules(site, 3, "invoice_creation")]
    look_at(page, "rules")

    _form(page, "When Client pays by Equals Self-pay").get_by_role("button", name="Up").press("Enter")

    expect(page.get_by_text(f"The rule is number 1 of {len(ids)} now.")).to_be_visible()
    expect(page.get_by_role("form").first).to_have_accessible_name("When Client pays by Equals Self-pay")
    expect(page.get_by_role("form").first.get_by_role("button", name="Up")).to_be_focused()
    assert [one[0] for one in _rules(site, 3, "invoice_creation")] == [ids[1], ids[0], *ids[2:]]


def test_a_deleted_rule_comes_back_where_it_stood(visit: Visit, site: Site) -> None:
    page = visit("/organizations/4/rules/invoice_processing", "kim")
    before = _rules(site, 4, "invoice_processing")

    page.get_by_role("form").nth(1).get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    assert _rules(site, 4, "invoice_processing") == [before[0], *before[2:]]

    page.keyboard.press("Enter")
    expect(page.get_by_text("The rule stands again.")).to_be_visible()
    assert _rules(site, 4, "invoice_processing") == before


def test_a_rule_whose_value_is_gone_is_marked(visit: Visit, site: Site) -> None:
    site.billing.execute("UPDATE practice.insurer SET deleted_on = current_date WHERE insurer_id = 403")
    page = visit("/organizations/4", "kim")

    page.get_by_text("Exclusion rules of Invoice Processing").click()
    expect(page.get_by_text("1 broken")).to_be_visible()
    expect(page.get_by_text("this rule holds nothing")).to_be_visible()
    look_at(page, "rules-broken")


def test_of_two_people_at_one_rule_the_second_is_told_and_changes_nothing(visit: Visit, site: Site) -> None:
    sentence = "When Client pays by Equals Self-pay"
    first, second = (visit("/organizations/8/rules/invoice_processing", name) for name in ("kim", "admin"))
    for page in (first, second):
        _form(page, sentence).get_by_label("Insurance").check()

    _form(first, sentence).get_by_role("button", name="Save").click()
    expect(first.get_by_text("Rule saved")).to_be_visible()
    stored = _rules(site, 8, "invoice_processing")
    assert sorted(stored[0][1][0].partition("=")[2].split(",")) == ["insurance", "self_pay"]
    _form(second, sentence).get_by_label("Self-pay").uncheck()
    _form(second, sentence).get_by_role("button", name="Save").click()

    expect(second.get_by_role("alert")).to_contain_text("kim")
    expect(_form(second, sentence).get_by_label("Self-pay")).not_to_be_checked()  # what was typed is not lost
    assert _rules(site, 8, "invoice_processing") == stored


def test_leaving_with_an_unsaved_rule_is_asked_even_where_the_browser_may_not_ask(visit: Visit, site: Site) -> None:
    page = visit("/organizations/8/rules/invoice_creation", "kim")
    page.on("dialog", lambda dialog: dialog.accept())  # the window's own question must not come on top
    before = _rules(site, 8, "invoice_creation")
    link = page.get_by_role("link", name="Nights")
    question = page.get_by_role("dialog", name="You have rules that are not saved")

    page.get_by_role("button", name="+ Add Rule").click()
    _form(page, "New rule").get_by_role("combobox", name="Field", exact=True).select_option("Weekday")
    _form(page, "New rule").get_by_label("Monday").check()
    link.press("Enter")
    expect(question.get_by_role("button", name="Stay")).to_be_focused()
    look_at(page, "rule-unsaved")
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    expect(link).to_be_focused()
    link.press("Enter")
    page.keyboard.press("Enter")
    expect(question).to_have_count(0)
    expect(_form(page, "New rule").get_by_label("Monday")).to_be_checked()
    assert page.url.endswith("/organizations/8/rules/invoice_creation")

    link.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/organizations/8/nights")
    assert _rules(site, 8, "invoice_creation") == before

    page.goto(f"{PAGE}/organizations/8/rules/invoice_creation")
    page.get_by_role("link", name="Nights").click()  # nothing changed, nothing asked
    page.wait_for_url("**/organizations/8/nights")


def test_a_check_that_took_long_is_repeated_only_by_its_button(visit: Visit) -> None:
    page = visit("/organizations/8/rules/claims_submission", "kim")
    # A clock that goes two seconds ahead each time somebody looks at it.
    page.evaluate(
        "() => { const now = performance.now.bind(performance); let ahead = 0;"
        " performance.now = () => now() + (ahead += 2000); }"
    )
    page.get_by_role("button", name="+ Add Rule").click()
    rule = _form(page, "New rule")
    line = rule.get_by_role("status").last
    rule.get_by_role("combobox", name="Field", exact=True).select_option("Weekday")
    rule.get_by_label("Monday").check()
    expect(line).to_contain_text("this rule would hold")

    rule.get_by_label("Tuesday").check()
    expect(line).to_contain_text(re.compile(r"the last check took \d s\. Press Check tonight\."))
    rule.get_by_role("button", name="Check tonight").click()
    expect(line).to_contain_text("this rule would hold")
