"""The tabs that only tell: the last nights, and who changed what."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.looking import look_at
from tests.browser.site import NIGHTS, Site


def test_the_nights_say_what_the_database_says(visit: Visit, site: Site) -> None:
    page = visit("/organizations/1/nights")
    rows = page.get_by_role("region", name="Nights").locator("tbody tr")

    expect(rows).to_have_count(3 * len(NIGHTS))
    newest = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Wed, Nov 4, 2026"))
    expect(newest).to_contain_text("Claims Submission")
    stored = site.billing.execute(
        "SELECT candidate_count, advanced_count, advanced_amount FROM reporting.nightly_results"
        " WHERE organization_id = 1 AND automation = 'claims_submission' AND night = '2026-11-04'"
    ).fetchone()
    assert stored is not None and stored[1] > 0
    expect(newest.get_by_role("cell").nth(1)).to_have_text(str(stored[0]))
    expect(newest.get_by_role("cell").nth(2)).to_have_text(str(stored[1]))
    expect(newest.get_by_role("cell").nth(3)).to_have_text(f"${stored[2]:,.2f}")
    expect(page.get_by_role("img", name="Claims Submission")).to_be_visible()
    look_at(page, "nights")


def test_a_run_of_airflow_leads_to_its_organizations_those_with_work_first(visit: Visit) -> None:
    page = visit("/runs?dag_id=claims_submission&run_id=manual__Chicago__2026-11-04__test")

    first = page.get_by_role("main").get_by_role("listitem").first
    expect(first).to_contain_text("Prairie Wren Counseling")
    expect(first).to_contain_text("held")
    look_at(page, "run")
