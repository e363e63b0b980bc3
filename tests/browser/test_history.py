"""The history of an organization."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.looking import look_at
from tests.browser.site import Site


def test_the_history_tells_who_changed_what_newest_first(visit: Visit, site: Site) -> None:
    site.billing.execute(
        "SELECT set_config('billing.actor', 'a colleague', false), billing.hold_item('invoice_creation',"
        " (SELECT min(item_id) FROM reporting.decisions WHERE organization_id = 7 AND step = 'appointment' AND is_open"
        " AND reason = 'blocked'), 'waits for the card')"
    )
    page = visit("/organizations/7/history")

    first = page.get_by_role("region", name="Changes").get_by_role("row").nth(1)
    expect(first).to_contain_text("a colleague")
    expect(first).to_contain_text(re.compile(r"Appointment \d+: held"))
    look_at(page, "history")
    page.get_by_role("link", name="Settings and rules").click()
    expect(page.get_by_role("region", name="Changes")).not_to_contain_text("a colleague")
    expect(page.get_by_role("link", name="Settings and rules")).to_have_attribute("aria-current", "true")
