"""The tab Preview tonight: the list, its filters and assumptions, the CSV, who may see it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from automation_settings.pages.preview import build_csv
from automation_settings.visitors import Visitor
from include.database import connect
from include.nightly_run import organizations
from include.preview import tonight
from include.preview.tonight import Preview, PreviewItem, preview_tonight
from include.settings.rule_changes import delete_rule, save_rule
from tests.integration.preview.conftest import SampleNights
from tests.support.nights import AUTOMATIONS
from tests.support.settings_page import EDITOR, OUTSIDER, VIEWER, open_page, settings_connection

HOME = "/organizations/1/preview"


@pytest.fixture
def client(sample_nights: SampleNights) -> Iterator[TestClient]:
    """A visitor who may look and change nothing."""
    with open_page(sample_nights.url, VIEWER) as client:
        yield client


@pytest.fixture
def page(sample_nights: SampleNights) -> Iterator[psycopg.Connection[Any]]:
    """The page's connection."""
    with settings_connection(sample_nights.url) as connection:
        yield connection


def preview_now(page: psycopg.Connection[Any], organization_id: int, automation: str) -> Preview:
    """What the page previews: the night after the moment of the test."""
    return preview_tonight(page, organization_id, automation, datetime.now(UTC))


def test_the_tab_lists_every_item_with_what_tonight_would_do_and_no_name_of_a_client(
    client: TestClient, page: psycopg.Connection[Any]
) -> None:
    names = page.execute("SELECT first_name, last_name FROM practice.client").fetchall()
    outcomes = set()
    for organization_id in (1, 5, 6, 7, 12):
        for automation in AUTOMATIONS:
            answer = client.get(f"/organizations/{organization_id}/preview/{automation}")
            assert answer.status_code == 200
            preview = preview_now(page, organization_id, automation)
            for item in preview.items:
                assert f'/exceptions/{automation}/{item.item_id}">{item.number}</a>' in answer.text
                outcomes.add(item.reason)
            assert f"<strong>{len(preview.advancing)} " in answer.text
            assert [name for name in names if f"{name[0]} {name[1]}" in answer.text] == []
    assert len(names) > 20
    assert outcomes >= {None, "off", "plan", "excluded", "scrub_error"}


def test_a_held_claim_says_what_the_scrubber_found_and_where_to_correct_it_without_the_value(
    client: TestClient, page: psycopg.Connection[Any]
) -> None:
    found = page.execute(
        "SELECT f.organization_id, array_agg(DISTINCT f.value) FILTER (WHERE f.value ~ '^[0-9-]{6,}$')"
        " FROM billing.finding f JOIN billing.claim c USING (claim_id)"
        " WHERE f.resolved_on IS NULL AND c.claim_status = 'awaiting_submission' GROUP BY 1"
    ).fetchall()
    assert any(values for _, values in found)
    for organization_id, values in found:
        text = unescape(client.get(f"/organizations/{organization_id}/preview/claims_submission").text)
        held = [item for item in preview_now(page, organization_id, "claims_submission").items if item.findings]
        for finding in (one for item in held for one in item.findings):
            assert f"{finding.message} Correct it at: {finding.fix_location}." in text
        assert [value for value in values or () if value in text] == []


def test_a_reason_shows_its_items_only(client: TestClient, page: psycopg.Connection[Any]) -> None:
    preview = preview_now(page, 1, "invoice_creation")
    assert preview.advancing and preview.counts["excluded"]
    text = client.get(f"{HOME}/invoice_creation?outcome=excluded").text
    for item in preview.items:
        assert (f">{item.number}</a>" in text) == (item.reason == "excluded")
    text = client.get(f"{HOME}/invoice_creation?outcome=advances&page=99").text
    for item in preview.items:
        assert (f">{item.number}</a>" in text) == (item.reason is None)
    assert client.get(f"{HOME}/invoice_creation?outcome=%3Cscript%3E").status_code == 200


def test_a_rule_is_told_in_words_with_the_number_of_a_client_and_not_the_name(
    sample_nights: SampleNights, client: TestClient, page: psycopg.Connection[Any]
) -> None:
    item = preview_now(page, 1, "invoice_creation").advancing[0]
    conditions = [("client", [str(item.client_id)])]
    rule_id = save_rule(page, 1, "invoice_creation", None, None, conditions, "kim")
    try:
        text = client.get(f"{HOME}/invoice_creation?outcome=excluded").text
        row = page.execute("SELECT last_name FROM practice.client WHERE client_id = %s", (item.client_id,)).fetchone()
        assert row is not None
        assert f"When Client Equals number {item.client_id}." in text
        assert row[0] not in text
    finally:
        delete_rule(page, 1, "invoice_creation", rule_id, 1, "kim")


def test_an_automation_that_is_off_says_so_and_offers_what_enabling_would_do(client: TestClient) -> None:
    address = "/organizations/12/preview/invoice_creation"
    plain = client.get(address).text
    assert "Automation off" in plain and "<strong>0 appointments would advance</strong>" in plain
    assert f"{address}?assume_enabled=true&amp;includes_earlier=true" in plain
    assumed = client.get(f"{address}?assume_enabled=true&includes_earlier=true").text
    assert "As if Invoice Creation were enabled" in assumed
    assert "<strong>0 appointments" not in assumed
    # Looking has switched nothing.
    assert client.get(address).text.partition("<main")[2] == plain.partition("<main")[2] != ""


def test_the_csv_holds_every_item_by_number_and_code(client: TestClient, page: psycopg.Connection[Any]) -> None:
    for automation in AUTOMATIONS:
        preview = preview_now(page, 1, automation)
        answer = client.get(f"{HOME}/{automation}.csv")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert (
            f'filename="preview_{automation}_{preview.night}_organization_1.csv"'
            in answer.headers["content-disposition"]
        )
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert [(row["number"], row["outcome"], row["rule_id"]) for row in rows] == [
            (item.number, item.reason or "advances", str(item.rule_id or "")) for item in preview.items
        ]
        names = {item.staff for item in preview.items} | {item.insurer for item in preview.items if item.insurer}
        assert [name for name in names if name in answer.text] == []
    assert client.get(
        "/organizations/12/preview/invoice_creation.csv?assume_enabled=true&includes_earlier=true"
    ).text.count("advances")


def test_no_cell_of_the_csv_begins_as_a_formula_does() -> None:
    plain = PreviewItem(1, "C1V1", date(2026, 11, 2), 3, "", None, "90834", Decimal("1.00"), None, None, None)
    items = [replace(plain, procedure_codes=f"{start}1+1") for start in ("=", "+", "-", "@", "\t", "\r", "\n")]
    preview = Preview(
        "claims_submission", date(2026, 11, 2), datetime(2026, 11, 3, tzinfo=UTC), "ready", [plain, *items]
    )
    _, first, *rows = csv.reader(io.StringIO(build_csv(preview), newline=""))
    assert first == [
        "2026-11-02",
        "claims_submission",
        "C1V1",
        "2026-11-02",
        "3",
        "90834",
        "1.00",
        "advances",
        "",
        "",
        "",
    ]
    assert len(rows) == 7
    for row in rows:
        assert row[5][0] == "'" and row[5][2:] == "1+1"


def test_while_a_run_works_on_the_organization_there_is_no_list_and_no_csv(
    sample_nights: SampleNights, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(organizations, "PREVIEW_LOCK_TIMEOUT", "20ms")
    monkeypatch.setattr(tonight, "PREVIEW_LOCK_TIMEOUT", "20ms")
    with connect(sample_nights.url) as run:
        run.execute(
            "SELECT FROM billing.work_lock WHERE organization_id = 1 AND automation = 'invoice_creation' FOR UPDATE"
        )
        answer = client.get(f"{HOME}/invoice_creation")
        assert answer.status_code == 200
        assert "works on this organization right now" in answer.text and "<table>" not in answer.text
        assert client.get(f"{HOME}/invoice_creation.csv").status_code == 503


def test_the_tab_leads_to_the_first_automation(client: TestClient) -> None:
    answer = client.get(HOME)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HOME}/invoice_creation")


@pytest.mark.parametrize("address", ["", "/invoice_creation", "/claims_submission.csv"])
def test_who_may_not_see_the_organization_sees_no_preview_of_it(sample_nights: SampleNights, address: str) -> None:
    stranger = Visitor("pat", (("user", "pat"),), True, EDITOR.editable)
    for visitor, status in ((None, 401), (OUTSIDER, 403), (stranger, 404), (EDITOR, 303 if not address else 200)):
        with open_page(sample_nights.url, visitor) as client:
            assert client.get(f"{HOME}{address}").status_code == status


@pytest.mark.parametrize(
    "address",
    ["/era_processing", "/nothing.csv", "/invoice_creation?page=0", "/invoice_creation?assume_enabled=perhaps"],
)
def test_what_there_is_no_preview_of_is_refused(client: TestClient, address: str) -> None:
    assert client.get(f"{HOME}{address}").status_code == 422
