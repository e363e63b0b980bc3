"""The way to an organization: who gets there, by keyboard, and inside Airflow's frame."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.looking import assert_readable, keep_picture, look_at
from tests.browser.site import PAGE, PASSWORD, Site, run_id_of


def test_an_organization_is_found_by_a_part_of_its_name_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit("/")
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(12)
    look_at(page, "organizations")

    expect(page.get_by_label("Organization, by name or id")).to_be_focused()
    page.keyboard.type("larks")
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Larkspur Therapy Group")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_contain_text("Larkspur Therapy Group")
    expect(page.get_by_text("Complete plan · America/Denver · organization 3")).to_be_visible()
    expect(page.get_by_role("link", name="Automations")).to_have_attribute("aria-current", "page")


def test_who_is_granted_one_organization_sees_that_one_and_no_other(visit: Visit) -> None:
    page = visit("/", "sam")

    expect(page.get_by_role("main").get_by_role("listitem")).to_have_text([re.compile("Hawthorn Lane Counseling")])
    page.goto(page.url + "organizations/2/nights")
    expect(page.get_by_role("main")).to_contain_text("There is no such organization, or you may not see it.")


def test_who_is_granted_nothing_is_told_so(visit: Visit) -> None:
    page = visit("/", "ray")

    expect(page.get_by_role("main")).to_contain_text("There is no organization that you may see.")
    assert_readable(page)


def test_who_is_not_logged_in_sees_nothing(visit: Visit) -> None:
    page = visit("/", user="", root="/auth/login")

    for path in ("/", "/organizations/1", "/static/page.js"):
        answer = page.request.get(f"{PAGE}{path}")
        assert answer.status == 401
        assert "Hawthorn" not in answer.text()


def test_inside_airflow_the_page_follows_its_theme_and_leads_to_its_run(visit: Visit, site: Site) -> None:
    page = visit("", user="", root="/")
    page.get_by_label("Username").fill("kim")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Automation Settings").click()
    expect(page).to_have_url(re.compile("/plugin/automation_settings"))
    frame = page.frame_locator("iframe")
    html = frame.locator("html")
    frame.get_by_role("link", name="Hawthorn Lane Counseling").click()
    frame.get_by_role("link", name="Nights").click()
    expect(frame.get_by_role("heading", name="The last nights")).to_be_visible()
    expect(html).to_have_attribute("data-theme", "light")

    page.get_by_role("button", name="User").click()
    page.get_by_role("menuitem", name="Appearance").hover()
    page.get_by_role("menuitemradio", name="Dark Mode").click()
    expect(html).to_have_attribute("data-theme", "dark")
    assert_readable(page.frames[1])
    keep_picture(page, "inside-airflow-dark-1280")

    run_id = run_id_of("invoice_creation", "America/New_York", "2026-11-04")
    site.wait_for_dags()
    page.request.post(
        f"{site.url}/api/v2/dags/invoice_creation/dagRuns",
        data={"dag_run_id": run_id, "logical_date": None, "partition_key": "2026-11-04|America/New_York"},
    )
    frame.get_by_role("link", name="Airflow run of Invoice Creation, Wed, Nov 4, 2026").click()
    expect(page).to_have_url(f"{site.url}/dags/invoice_creation/runs/{run_id}")
    expect(page.locator("iframe")).to_have_count(0)
    expect(page.get_by_text(run_id).first).to_be_visible()
    keep_picture(page, "airflow-run")
