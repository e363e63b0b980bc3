"""The queue of what stays, and what a person does about single items."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.browser.looking import look_at
from tests.browser.site import PAGE, Site

#: What the scrubber finds fault with in a claim of organization 9: a date of birth.
_BIRTH_DATE = "1871-04-02"


def _one(site: Site, statement: str, *values: object) -> tuple[Any, ...]:
    row = site.billing.execute(statement.encode(), values).fetchone()
    assert row is not None
    return tuple(row)


def _claim_with(site: Site, edit_code: str) -> int:
    """The last claim of organization 9 in which the scrubber found this."""
    statement = (
        "SELECT max(claim_id) FROM billing.finding WHERE organization_id = 9 AND edit_code = %s AND resolved_on IS NULL"
    )
    return int(_one(site, statement, edit_code)[0])


def _items(page: Page) -> Locator:
    return page.get_by_role("region", name="Items that stay").get_by_role("rowheader")


def _act(page: Page, label: str, reason: str = "") -> None:
    """Open the form of an action, give the reason, send it."""
    if reason:
        page.get_by_text(label, exact=True).first.click()
        page.get_by_label("Reason").locator("visible=true").fill(reason)
    page.get_by_role("button", name=label, exact=True).locator("visible=true").click()


def test_the_queue_is_narrowed_by_automation_and_by_reason(visit: Visit, site: Site) -> None:
    page = visit("/organizations/7/exceptions")
    open_count = _one(site, "SELECT count(*) FROM billing.decision WHERE organization_id = 7 AND closed_on IS NULL")[0]
    assert _items(page).count() >= open_count > 0
    look_at(page, "exceptions")

    page.get_by_label("Automation").select_option("Claims Submission")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="Scrub errors").click()
    expect(_items(page)).to_have_count(4)
    expect(page.get_by_role("link", name="Scrub errors")).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("cell", name="NPI02")).to_be_visible()
    page.get_by_label("At least so many nights old").fill("3650")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("main")).to_contain_text("Nothing stays where it is that fits these filters.")


def test_what_the_scrubber_found_is_on_the_page_of_the_claim_and_nowhere_else(visit: Visit, site: Site) -> None:
    page = visit("/organizations/9/exceptions")
    expect(page.get_by_role("cell", name="DOB02").first).to_contain_text("Client › Profile › Date of birth")
    number, last_name = _one(
        site,
        "SELECT k.claim_number, c.last_name FROM billing.finding f JOIN billing.claim k USING (claim_id)"
        " JOIN practice.client c USING (client_id)"
        " WHERE f.organization_id = 9 AND f.value = %s AND f.resolved_on IS NULL",
        _BIRTH_DATE,
    )
    assert _BIRTH_DATE not in page.content() and last_name not in page.content()

    page.get_by_role("link", name=f"Claim {number}", exact=True).click()
    expect(page.get_by_text(_BIRTH_DATE)).to_be_visible()
    look_at(page, "exception")
    page.get_by_role("link", name="the claim as it was sent, and as it would be sent now").click()
    expect(page.get_by_role("heading", name=f"Claim {number}")).to_be_visible()
    expect(page.get_by_role("heading", name="As it would be sent now")).to_be_visible()
    look_at(page, "claim")
    assert _BIRTH_DATE not in page.url


def test_a_sent_claim_can_be_read_as_it_was_sent(visit: Visit, site: Site) -> None:
    (claim_id,) = _one(
        site, "SELECT min(claim_id) FROM billing.claim WHERE organization_id = 9 AND claim_status = 'submitted'"
    )
    page = visit(f"/organizations/9/claims/{claim_id}")

    sent = page.get_by_role("region", name="As it was sent")
    expect(sent).to_contain_text("Claim number")
    sent.get_by_text("X12, segment by segment").click()
    expect(sent).to_contain_text("CLM*")
    look_at(page, "claim-sent")


def test_a_hold_with_its_reason_is_placed_and_lifted(visit: Visit, site: Site) -> None:
    claim_id = _claim_with(site, "POS01")
    page = visit(f"/organizations/9/exceptions/claims_submission/{claim_id}", "kim")
    hold = "SELECT reason, held_by, lifted_by FROM billing.hold WHERE (automation, item_id) = ('claims_submission', %s)"

    _act(page, "Hold", "asked the front desk")
    expect(page.locator("#message")).to_have_class(re.compile("good"))
    expect(page.get_by_text("On hold", exact=True)).to_be_visible()
    assert _one(site, hold, claim_id) == ("asked the front desk", "kim", None)

    page.get_by_role("button", name="Lift the hold").press("Enter")
    expect(page.get_by_text("On hold", exact=True)).to_have_count(0)
    assert _one(site, hold, claim_id) == ("asked the front desk", "kim", "kim")


def test_an_excluded_appointment_is_advanced_by_hand_and_its_invoice_voided(visit: Visit, site: Site) -> None:
    page = visit("/organizations/2/exceptions?reason=excluded", "kim")
    first = _items(page).first.get_by_role("link")
    appointment_id = int((first.get_attribute("href") or "").rpartition("/")[2])
    first.click()

    page.get_by_role("button", name="Advance now: make the invoice").click()
    expect(page.get_by_text("It does not stay any more: it has an invoice.")).to_be_visible()
    invoice = "SELECT invoice_id, invoice_status FROM billing.invoice WHERE appointment_id = %s"
    invoice_id, status = _one(site, invoice, appointment_id)
    assert status != "void"

    page.get_by_role("link", name=str(invoice_id), exact=True).click()
    _act(page, "Void the invoice", "wrong service")
    expect(page.locator("#message")).to_have_class(re.compile("good"))
    assert _one(site, invoice, appointment_id) == (invoice_id, "void")
    assert _one(site, "SELECT count(*) FROM billing.hold WHERE item_id = %s AND lifted_at IS NULL", appointment_id) == (
        1,
    )


def test_an_excluded_claim_is_ready_tonight_after_its_release_and_another_moves_back(visit: Visit, site: Site) -> None:
    page = visit("/organizations/5/exceptions?automation=claims_submission&reason=excluded", "kim")
    links = [one.get_attribute("href") or "" for one in page.get_by_role("rowheader").get_by_role("link").all()]
    released, moved = (int(link.rpartition("/")[2]) for link in links[:2])

    page.goto(f"{PAGE}/organizations/5/exceptions/claims_submission/{released}")
    _act(page, "Advance tonight", "insurer agreed")
    expect(page.locator("#message")).to_have_class(re.compile("good"))
    page.get_by_role("link", name="All exceptions").click()
    page.get_by_label("Ready tonight").check()
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("rowheader").locator(f"a[href$='/{released}']")).to_have_count(1)

    page.goto(f"{PAGE}/organizations/5/exceptions/claims_submission/{moved}")
    _act(page, "Move back", "another policy")
    expect(page.locator("#message")).to_have_class(re.compile("good"))
    assert _one(site, "SELECT claim_status FROM billing.claim WHERE claim_id = %s", moved)[0] != "awaiting_submission"


def test_a_finding_is_overridden_and_the_override_withdrawn(visit: Visit, site: Site) -> None:
    claim_id = _claim_with(site, "DUP01")
    page = visit(f"/organizations/9/exceptions/claims_submission/{claim_id}", "kim")
    override = "SELECT edit_code, reason, overridden_by, withdrawn_by FROM billing.finding_override WHERE claim_id = %s"

    page.get_by_text("Override DUP01 on line 1").click()
    page.get_by_label("Reason").locator("visible=true").fill("two sessions that day")
    page.get_by_role("button", name="Override", exact=True).locator("visible=true").click()
    expect(page.get_by_text("by kim,").first).to_be_visible()
    assert _one(site, override, claim_id) == ("DUP01", "two sessions that day", "kim", None)

    page.get_by_text("Withdraw the override DUP01 on line 1").click()
    page.get_by_label("Reason").locator("visible=true").fill("one session after all")
    page.get_by_role("button", name="Withdraw the override", exact=True).locator("visible=true").click()
    expect(page.get_by_text("Override DUP01 on line 1", exact=True)).to_be_visible()
    assert _one(site, override, claim_id)[3] == "kim"


def test_a_rejected_claim_is_sent_again_under_a_new_number(visit: Visit, site: Site) -> None:
    claim_id, number, version = _one(
        site,
        "UPDATE billing.claim SET claim_status = 'rejected' WHERE claim_id ="
        " (SELECT min(claim_id) FROM billing.claim WHERE organization_id = 8 AND claim_status = 'submitted')"
        " RETURNING claim_id, claim_number, version",
    )
    page = visit("/organizations/8/exceptions", "kim")
    page.get_by_role("link", name="Rejected").click()
    page.get_by_role("link", name=f"Claim {number}").click()

    _act(page, "Send again", "the payer asked for it")
    expect(page.locator("#message")).to_have_class(re.compile("good"))
    assert _one(site, "SELECT claim_status, version FROM billing.claim WHERE claim_id = %s", claim_id) == (
        "awaiting_submission",
        version + 1,
    )


def test_a_file_of_unknown_outcome_waits_for_what_a_person_finds_out(visit: Visit, site: Site) -> None:
    state = (
        "SELECT i.interchange_id, i.interchange_state, i.wait_until, array_agg(DISTINCT k.claim_status)"
        " FROM billing.interchange i JOIN billing.claim_submission s USING (interchange_id)"
        " JOIN billing.claim k USING (claim_id) WHERE k.organization_id = 8 GROUP BY 1 ORDER BY 1 DESC LIMIT 1"
    )
    assert _one(site, state)[1:] == ("unknown", None, ["awaiting_submission"])
    page = visit("/organizations/8/exceptions?reason=outcome_unknown", "kim")
    _items(page).first.get_by_role("link").click()

    page.get_by_text("They will know later", exact=True).first.click()
    page.get_by_label("Reason").locator("visible=true").fill("their help desk, case 12")
    page.get_by_label("Until").fill("2099-01-31")
    page.get_by_role("button", name="They will know later").click()
    expect(page.get_by_text("Answer can wait", exact=True)).to_be_visible()
    assert _one(site, state)[2] is not None

    _act(page, "The clearinghouse has the file", "their help desk, case 12")
    expect(page.get_by_text("Outcome unknown", exact=True)).to_have_count(0)
    assert (_one(site, state)[1], _one(site, state)[3]) == ("sent", ["submitted"])


def test_a_viewer_is_offered_nothing_to_do(visit: Visit) -> None:
    page = visit("/organizations/1/exceptions", "sam")
    _items(page).first.get_by_role("link").click()

    expect(page.get_by_text("You may look but not change")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("button")).to_have_count(0)
