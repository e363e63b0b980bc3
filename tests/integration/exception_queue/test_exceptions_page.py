"""The Exceptions tab as a browser asks for it: who sees and changes what, and where patient data are."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from include.exception_queue import ready
from include.preview.tonight import Preview, preview_tonight
from tests.integration.exception_queue.conftest import Desk
from tests.integration.nights.scrub_cases import rows, without_coverage
from tests.support.practice import AUTOMATIONS, Practice
from tests.support.settings_page import EDITOR, VIEWER, open_page

CREATION, PROCESSING, SUBMISSION = AUTOMATIONS
HOME = "/organizations/1"
HX = {"HX-Request": "true"}
PATIENT_DATA = ("Example", "EXAMPLE", "Robin", "ROBIN", "1990", "W123456789", "F411", "Willow")


@pytest.fixture
def page(desk: Desk, database_url: str) -> TestClient:
    for one in (EDITOR, VIEWER):
        desk.billing.execute("SELECT billing.grant_access('user', %s, 1)", (one.name,))
    return open_page(database_url)


@pytest.fixture
def viewer(page: TestClient, database_url: str) -> TestClient:
    return open_page(database_url, VIEWER)


def chips(text: str) -> dict[str, int]:
    found = re.findall(r'<a class="chip"[^>]*>([^<]+) <span class="badge">([0-9,]+)</span>', text)
    return {label: int(count.replace(",", "")) for label, count in found}


def test_the_list_shows_items_reasons_and_counts_and_no_patient_data(desk: Desk, page: TestClient) -> None:
    claim, invoice = without_coverage(desk.practice), desk.practice.invoice()
    rejected = desk.rejected()
    desk.run(SUBMISSION)
    answer = page.get(f"{HOME}/exceptions")
    assert answer.status_code == 200
    for automation, item in ((SUBMISSION, claim), (PROCESSING, invoice), (SUBMISSION, rejected)):
        assert f'href="{HOME}/exceptions/{automation}/{item}"' in answer.text
    assert chips(answer.text) == {"All": 3, "Rejected": 1, "Scrub errors": 1, "Waiting": 1}
    assert "COV01: Line 1: the policy was not active on the date of service." in answer.text
    assert "Correct it at: Practice › Staff › NPI" in answer.text
    for secret in PATIENT_DATA:
        assert secret not in answer.text, secret
    narrowed = page.get(f"{HOME}/exceptions?reason=rejected&automation=claims_submission").text
    assert f"C{rejected}V1" in narrowed and f"C{claim}V1" not in narrowed


def test_filters_are_parts_of_the_address_and_wrong_ones_are_refused(desk: Desk, page: TestClient) -> None:
    desk.practice.appointment()
    text = page.get(f"{HOME}/exceptions?automation=invoice_creation&age=3").text
    assert "?automation=invoice_creation&amp;reason=waiting&amp;age=3" in text
    assert "1 item" in text
    assert "0 items" in page.get(f"{HOME}/exceptions?age=3650").text
    # As the form sends them: everything there, most of it empty.
    for age in ("0", ""):
        answer = page.get(f"{HOME}/exceptions?reason=&automation=&age={age}")
        assert (answer.status_code, "1 item" in answer.text) == (200, True)
    for query, status in (
        ("reason=nothing", 404),
        ("automation=era_processing", 422),
        ("age=-1", 422),
        ("age=99999999999999999999", 422),
        ("page=0", 422),
        ("page=1000001", 422),
        ("ready=perhaps", 422),
    ):
        assert page.get(f"{HOME}/exceptions?{query}").status_code == status, query
    assert page.get(f"{HOME}/exceptions?page=1000000").status_code == 200


def test_ready_tonight_is_what_the_preview_says(desk: Desk, page: TestClient) -> None:
    ready = desk.practice.appointment()
    unpriced = desk.practice.appointment(services=[desk.practice.service_type(rate=None)])
    everything = page.get(f"{HOME}/exceptions").text
    tonight = page.get(f"{HOME}/exceptions?ready=true").text
    for item, is_ready in ((ready, True), (unpriced, False)):
        link = f'href="{HOME}/exceptions/{CREATION}/{item}"'
        assert link in everything
        assert (link in tonight) is is_ready


def test_ready_tonight_says_that_a_run_is_at_work_instead_of_nothing(
    desk: Desk, page: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.practice.appointment()

    def preview(connection: Any, organization_id: int, automation: str, now: datetime) -> Preview:
        found = preview_tonight(connection, organization_id, automation, now)
        return replace(found, items=[], is_busy=True) if automation == PROCESSING else found

    monkeypatch.setattr(ready, "preview_tonight", preview)
    for query in ("ready=true", "ready=true&automation=invoice_processing"):
        text = page.get(f"{HOME}/exceptions?{query}").text
        assert "A nightly run works on this organization right now" in text
        assert "0 items" not in text and "Nothing stays" not in text
    text = page.get(f"{HOME}/exceptions?ready=true&automation=invoice_creation").text
    assert "A nightly run works" not in text and "1 item that tonight would take" in text


def test_a_form_sent_before_scripts_run_puts_nothing_into_an_address(desk: Desk, page: TestClient) -> None:
    claim = without_coverage(desk.practice)
    desk.run(SUBMISSION)
    desk.practice.setting(PROCESSING, is_enabled=False)
    tags = []
    for path in (f"/exceptions/{SUBMISSION}/{claim}", "", "/settings/invoice_processing/enable"):
        answer = page.get(f"{HOME}{path}")
        tags += re.findall(r"<form[^>]*hx-post[^>]*>", answer.text)
    assert len(tags) > 3
    for tag in tags:
        assert 'method="post"' in tag, tag


def test_the_item_page_shows_values_found_and_what_may_be_done(
    desk: Desk, page: TestClient, viewer: TestClient
) -> None:
    claim = without_coverage(desk.practice)
    desk.run(SUBMISSION)
    (value,) = desk.one("SELECT value FROM billing.finding WHERE claim_id = %s AND edit_code = 'COV01'", claim)
    address = f"{HOME}/exceptions/{SUBMISSION}/{claim}"
    text = page.get(address).text
    assert f"<code>{value}</code>" in text
    for action in ("override_finding", "hold", "move_back"):
        assert f'hx-post="{address}/{action}"' in text
    # A release would not help: the scrubber holds it.
    assert f'hx-post="{address}/advance_now"' not in text
    text = viewer.get(address).text
    assert f"<code>{value}</code>" in text
    assert "hx-post" not in text and "You may look but not change" in text


def test_an_action_answers_the_item_as_it_is_then_and_what_was_done(desk: Desk, page: TestClient) -> None:
    item = desk.practice.appointment()
    address = f"{HOME}/exceptions/{CREATION}/{item}"
    form = {"reason": "card <b>new</b>", "until": "2999-12-01"}
    answer = page.post(f"{address}/hold", data=form, headers=HX)
    assert answer.status_code == 200
    assert 'id="item"' in answer.text and 'hx-swap-oob="outerHTML"' in answer.text
    assert f"Appointment {item} is on hold until 2999-12-01." in answer.text
    assert "card &lt;b&gt;new&lt;/b&gt;" in answer.text
    again = page.post(f"{address}/hold", data=form, headers=HX)
    assert (again.status_code, again.headers["HX-Retarget"]) == (422, "#message")
    assert "is on hold already" in again.text
    assert rows(desk.billing, "SELECT held_by FROM billing.hold") == [(EDITOR.name,)]
    # An empty date is none.
    assert page.post(f"{address}/hold", data={"reason": "new", "until": ""}, headers=HX).status_code == 200


def test_what_is_malformed_changes_nothing(desk: Desk, page: TestClient) -> None:
    item = desk.practice.appointment()
    address = f"{HOME}/exceptions/{CREATION}/{item}"
    for path, form, status in (
        ("hold", {}, 422),
        ("hold", {"reason": "wait", "until": "tomorrow"}, 422),
        ("hold", {"reason": "x" * 1001}, 422),
        ("hold", {"reason": "a\x00b"}, 422),
        ("override_finding", {"reason": "wait", "line_number": "-1"}, 422),
        ("delete", {"reason": "wait"}, 422),
    ):
        assert page.post(f"{address}/{path}", data=form, headers=HX).status_code == status, (path, form)
    too_large = f"{HOME}/exceptions/{CREATION}/{2**63}"
    assert page.get(too_large).status_code == page.post(f"{too_large}/hold", data={"reason": "a"}).status_code == 422
    assert rows(desk.billing, "SELECT FROM billing.hold") == []


def test_only_editors_with_a_form_of_ours_change_anything(
    desk: Desk, page: TestClient, viewer: TestClient, database_url: str
) -> None:
    item = desk.practice.appointment()
    address = f"{HOME}/exceptions/{CREATION}/{item}/hold"
    nobody = open_page(database_url, None)
    forged = open_page(database_url, csrf=False)
    for client, status in ((viewer, 403), (forged, 403), (nobody, 401)):
        assert client.post(address, data={"reason": "wait"}, headers=HX).status_code == status
    assert page.get(address).status_code == 405
    assert rows(desk.billing, "SELECT FROM billing.hold") == []
    assert page.post(address, data={"reason": "wait"}, headers=HX).status_code == 200


def test_another_organizations_items_and_claims_are_not_there(desk: Desk, page: TestClient) -> None:
    other = Practice(desk.billing, 2)
    claim = other.claim()
    for organization, status in ((1, 404), (2, 404)):
        home = f"/organizations/{organization}"
        assert page.get(f"{home}/exceptions/{SUBMISSION}/{claim}").status_code == status
        assert page.get(f"{home}/claims/{claim}").status_code == status
    assert page.get("/organizations/2/exceptions").status_code == 404
    form = {"reason": "wait"}
    mine = page.post(f"{HOME}/exceptions/{SUBMISSION}/{claim}/hold", data=form, headers=HX)
    assert mine.status_code == 422 and f"there is no claim {claim} here" in mine.text
    theirs = page.post(f"/organizations/2/exceptions/{SUBMISSION}/{claim}/hold", data=form, headers=HX)
    assert theirs.status_code == 404
    assert rows(desk.billing, "SELECT FROM billing.hold") == []


def test_the_claim_page_shows_the_claim_in_words_and_as_it_is(desk: Desk, page: TestClient) -> None:
    claim = desk.rejected()
    text = page.get(f"{HOME}/claims/{claim}").text
    for part in (
        "As it was sent",
        "As it would be sent now",
        "NM1*IL*1*EXAMPLE*ROBIN****MI*W123456789~",
        "Policy holder",
    ):
        assert part in text
    assert "It would say the same now as it did." in text
    waiting = page.get(f"{HOME}/claims/{desk.practice.claim()}").text
    assert "It is in no file yet." in waiting
