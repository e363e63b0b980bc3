"""What tonight would do: on the page, as CSV, and nothing of it in the database."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.looking import look_at
from tests.browser.site import Site

_COUNTS = " UNION ALL ".join(
    f"SELECT '{table}', count(*) FROM billing.{table}"  # noqa: S608  # the names are the next line's
    for table in ("run", "run_attempt", "candidate", "decision", "invoice", "claim", "history", "finding")
)


def _row_counts(site: Site) -> list[tuple[object, ...]]:
    return site.billing.execute(_COUNTS.encode()).fetchall()


def test_tonight_is_told_item_by_item_and_leaves_as_csv_and_nothing_is_written(
    visit: Visit, site: Site, tmp_path: Path
) -> None:
    before = _row_counts(site)
    page = visit("/organizations/5")
    page.get_by_role("link", name="Preview tonight").click()
    expect(page.get_by_role("heading", name="What Invoice Creation would do tonight")).to_be_visible()
    page.get_by_role("navigation", name="Automations").get_by_role("link", name="Claims Submission").click()
    expect(page.get_by_text(re.compile(r"21:00 local time · .* UTC"))).to_be_visible()
    look_at(page, "preview")

    items = page.get_by_role("region", name="Items").get_by_role("rowheader")
    waiting = site.billing.execute(
        "SELECT claim_number FROM billing.claim WHERE organization_id = 5 AND claim_status = 'awaiting_submission'"
    ).fetchall()
    assert sorted(items.all_inner_texts()) == sorted(number for (number,) in waiting)
    expect(page.get_by_text(re.compile(r"Rule \d+: When ")).first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    file = tmp_path / "preview.csv"
    download.value.save_as(file)
    with file.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    assert [row["number"] for row in rows] == items.all_inner_texts()
    assert {"excluded"} <= {row["outcome"] for row in rows}
    names = site.billing.execute("SELECT last_name FROM practice.client WHERE organization_id = 5").fetchall()
    assert names and not any(name in file.read_text(encoding="utf-8") + page.content() for (name,) in names)

    page.get_by_role("link", name="Excluded").click()
    expect(items).to_have_count(sum(row["outcome"] == "excluded" for row in rows))
    assert _row_counts(site) == before


def test_an_automation_that_is_off_shows_what_it_would_do(visit: Visit, site: Site) -> None:
    waiting = site.billing.execute(
        "SELECT count(*) FROM billing.invoice i WHERE i.organization_id = 10 AND i.invoice_status = 'open'"
        " AND NOT EXISTS (SELECT FROM billing.claim k WHERE k.invoice_id = i.invoice_id AND k.claim_status <> 'void')"
    ).fetchone()
    assert waiting is not None and waiting[0] > 0
    page = visit("/organizations/10/preview/invoice_processing", "kim")

    expect(page.get_by_text("Automation off:")).to_be_visible()
    expect(page.get_by_role("status").last).to_contain_text(f"0 invoices would advance, {waiting[0]} would stay.")
    page.get_by_role("link", name="with what waited before").click()
    expect(page.get_by_text("As if Invoice Processing were enabled. Nothing is switched")).to_be_visible()
    expect(page.get_by_role("region", name="Items")).not_to_contain_text("Automation off")
