"""The first tab as a person meets it: what each card says, the window before switching on, who may do what."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from httpx import Response
from starlette.testclient import TestClient

from include.preview.tonight import next_slot
from include.settings.rules import read_rules
from include.settings.settings import enable, pause, read_setting
from tests.integration.settings.conftest import MakePractice
from tests.support.practice import AUTOMATIONS, Practice
from tests.support.settings_page import Visitor, open_page

Connection = psycopg.Connection[Any]
CREATION, PROCESSING, SUBMISSION = AUTOMATIONS


def _tab(practice: Practice) -> str:
    return f"/organizations/{practice.organization_id}"


def _post(client: TestClient, practice: Practice, automation: str, action: str, **form: Any) -> Response:
    return client.post(f"{_tab(practice)}/settings/{automation}/{action}", data=form)


def _switch(text: str, automation: str) -> str:
    """The tag of the automation's switch."""
    found = re.search(rf'<button [^>]*id="switch-{automation}"[^>]*>', text)
    assert found is not None
    return found[0]


def _is_on(text: str, automation: str) -> bool:
    return 'aria-checked="true"' in _switch(text, automation)


def _is_disabled(text: str, automation: str) -> bool:
    return re.search(r"\sdisabled(?=[\s>])", _switch(text, automation)) is not None


def _today(practice: Practice) -> Any:
    return datetime.now(ZoneInfo(practice.timezone)).date()


def test_each_card_says_how_the_automation_stands_and_when_it_runs_in_both_clocks(
    client: TestClient, page: Connection, practice: Practice
) -> None:
    enable(page, practice.organization_id, CREATION, 0, False, "robin")
    answer = client.get(_tab(practice))
    assert answer.status_code == 200
    text = answer.text
    assert [_is_on(text, one) for one in (*AUTOMATIONS, "era_processing")] == [True, False, False, False]
    assert [_is_disabled(text, one) for one in (*AUTOMATIONS, "era_processing")] == [False, False, False, True]
    due = next_slot(CREATION, practice.timezone, datetime.now(UTC)).due_at
    assert f"{due.astimezone(ZoneInfo(practice.timezone)):%H:%M}</strong>" in text
    assert f"America/Denver; {due:%Y-%m-%d %H:%M} UTC" in text
    assert "Changed by robin, " in text
    assert text.count("Never switched.") == 2
    assert "Not available yet" in text


def test_the_window_says_what_tonight_would_do_and_changes_nothing(
    client: TestClient, page: Connection, practice: Practice
) -> None:
    today = _today(practice)
    practice.appointment(f"{today} 10:00")
    for days in (3, 4):
        practice.appointment(f"{today - timedelta(days=days)} 10:00")
    asked = client.get(f"{_tab(practice)}/settings/{CREATION}/enable").text
    assert "<dialog data-open" in asked
    assert "Tonight 1 appointment from today becomes an invoice</strong>" in asked
    assert "; up to <strong>2 more</strong> if you include what waits from before today." in asked
    assert "before start" not in asked
    assert "appointments stay" not in asked
    assert "Include the 2 appointments that wait from before today" in asked
    assert re.search(r"<button[^>]*>Enable</button>", asked)
    assert re.search(r"<button[^>]*data-close[^>]*>Disable</button>", asked)
    counted = client.get(f"{_tab(practice)}/settings/{CREATION}/tonight", params={"includes_earlier": "true"}).text
    assert "Tonight 3 appointments become invoices" in counted
    assert " more</strong>" not in counted
    assert "<dialog" not in counted
    assert read_setting(page, practice.organization_id, CREATION).version == 0


def test_the_window_tells_what_waits_from_what_a_rule_holds(client: TestClient, practice: Practice) -> None:
    today = _today(practice)
    practice.rule(CREATION, ("weekday", [1, 2, 3, 4, 5, 6, 7]))
    for days in (0, 3, 4):
        practice.appointment(f"{today - timedelta(days=days)} 10:00")
    counted = " ".join(client.get(f"{_tab(practice)}/settings/{CREATION}/tonight").text.split())
    assert "Tonight 0 appointments from today become invoices</strong>; up to <strong>2 more</strong>" in counted
    assert "1 appointment from today stays: 1 excluded." in counted


def test_the_window_offers_nothing_earlier_when_nothing_waits(client: TestClient, practice: Practice) -> None:
    asked = client.get(f"{_tab(practice)}/settings/{CREATION}/enable").text
    assert "Tonight 0 appointments become invoices" in asked
    assert "includes_earlier" not in asked


def test_enabling_turns_the_switch_on_opens_the_rules_and_shows_the_default_rule(
    client: TestClient, page: Connection, practice: Practice
) -> None:
    asked = client.get(f"{_tab(practice)}/settings/{PROCESSING}/enable").text
    assert "It starts with the exclusion rule" in asked
    answer = _post(client, practice, PROCESSING, "enable", version=0)
    assert answer.status_code == 200
    assert _is_on(answer.text, PROCESSING)
    assert f'data-opens="rules-{PROCESSING}"' in answer.text
    assert "Invoice Processing is enabled" in answer.text
    [rule] = read_rules(page, practice.organization_id, PROCESSING)
    assert f'data-rule="{rule.rule_id}"' in answer.text
    assert f'hx-swap-oob="beforeend:#list-{PROCESSING}"' in answer.text
    now = read_setting(page, practice.organization_id, PROCESSING)
    assert (now.is_enabled, now.includes_earlier, now.changed_by) == (True, False, "kim")


def test_the_rules_are_fetched_when_their_panel_is_opened_first(
    settings_owner_url: str, client: TestClient, practice: Practice
) -> None:
    practice.rule(CREATION, ("weekday", [1]))
    tab = client.get(_tab(practice)).text
    assert '<span class="badge">1 rule</span>' in tab
    assert "<form" not in tab
    # Enabling has a place for its default rule although nobody opened the panel.
    assert all(f'<ol id="list-{one}" hidden>' in tab for one in AUTOMATIONS)
    [address] = re.findall(rf'<div hx-get="([^"]*/rules/{CREATION})" hx-trigger="toggle from:closest details"', tab)
    fragment = client.get(address).text
    assert "When Weekday Equals Monday" in fragment
    assert f'id="list-{CREATION}"' in fragment
    assert "<html" not in fragment
    assert "<html" in open_page(settings_owner_url).get(address).text, "typed into the address line"


def test_the_default_rule_is_promised_only_where_it_will_be_written(
    client: TestClient, page: Connection, owner: Connection, practice: Practice
) -> None:
    rule_id = practice.rule(PROCESSING, ("weekday", [1]))
    owner.execute("UPDATE billing.exclusion_rule SET deleted_at = now() WHERE rule_id = %s", (rule_id,))
    assert "It starts with" not in client.get(f"{_tab(practice)}/settings/{PROCESSING}/enable").text
    _post(client, practice, PROCESSING, "enable", version=0)
    assert read_rules(page, practice.organization_id, PROCESSING) == []


def test_what_waited_is_included_only_when_ticked(client: TestClient, page: Connection, practice: Practice) -> None:
    _post(client, practice, CREATION, "enable", version=0, includes_earlier="true")
    _post(client, practice, SUBMISSION, "enable", version=0)
    assert read_setting(page, practice.organization_id, CREATION).includes_earlier
    assert not read_setting(page, practice.organization_id, SUBMISSION).includes_earlier


def test_disabling_says_so(client: TestClient, page: Connection, practice: Practice) -> None:
    enable(page, practice.organization_id, CREATION, 0, False, "robin")
    answer = _post(client, practice, CREATION, "disable", version=1)
    assert not _is_on(answer.text, CREATION)
    assert "Invoice Creation is disabled" in answer.text
    assert not read_setting(page, practice.organization_id, CREATION).is_enabled


def test_a_pause_is_shown_with_the_night_on_which_it_ends_and_can_be_ended(
    client: TestClient, page: Connection, practice: Practice
) -> None:
    enable(page, practice.organization_id, CREATION, 0, False, "robin")
    until = _today(practice) + timedelta(days=10)
    answer = _post(client, practice, CREATION, "pause", version=1, until=until.isoformat())
    shown = f"{until:%a, %b} {until.day}, {until.year}, 23:00"
    assert f"goes on by itself on <strong>{shown}</strong>" in answer.text
    answer = _post(client, practice, CREATION, "resume", version=2)
    assert shown not in answer.text
    assert "is no longer paused" in answer.text
    assert read_setting(page, practice.organization_id, CREATION).paused_until is None


def test_a_pause_without_an_end_in_sight_is_shown_all_the_same(client: TestClient, practice: Practice) -> None:
    practice.setting(CREATION, paused_until="9999-12-31")
    assert "goes on by itself" in client.get(_tab(practice)).text


def test_a_pause_into_the_past_is_refused_in_words(client: TestClient, page: Connection, practice: Practice) -> None:
    enable(page, practice.organization_id, CREATION, 0, False, "robin")
    answer = _post(client, practice, CREATION, "pause", version=1, until="2020-01-01")
    assert answer.status_code == 422
    assert answer.headers["HX-Retarget"] == "#message"
    assert "choose a date after today" in answer.text


def test_no_form_puts_what_is_typed_into_the_address(client: TestClient, page: Connection, practice: Practice) -> None:
    enable(page, practice.organization_id, PROCESSING, 0, False, "robin")
    addresses = ("", f"/settings/{CREATION}/enable", f"/rules/{PROCESSING}", f"/rules/{PROCESSING}/new")
    forms = [
        form for one in addresses for form in re.findall(r"<form [^>]*>", client.get(f"{_tab(practice)}{one}").text)
    ]
    assert len(forms) == 4
    assert all('method="post"' in form for form in forms)


@pytest.mark.parametrize("action", ["enable", "disable", "pause", "resume"])
def test_who_comes_second_is_told_who_was_first(
    client: TestClient, page: Connection, practice: Practice, action: str
) -> None:
    enable(page, practice.organization_id, CREATION, 0, False, "robin")
    answer = _post(client, practice, CREATION, action, version=0, until="2999-01-01")
    assert answer.status_code == 409
    assert "Invoice Creation was changed by robin on " in answer.text
    assert read_setting(page, practice.organization_id, CREATION).version == 1


def test_what_the_plan_lacks_is_disabled_with_the_reason(
    client: TestClient, page: Connection, make_practice: MakePractice
) -> None:
    practice = make_practice(plan=[CREATION])
    text = client.get(_tab(practice)).text
    assert [_is_disabled(text, one) for one in AUTOMATIONS] == [False, True, True]
    assert f"The plan {practice.organization_id} plan does not include Claims Submission" in text
    answer = _post(client, practice, SUBMISSION, "enable", version=0)
    assert answer.status_code == 422
    assert "does not include Claims Submission" in answer.text
    assert read_setting(page, practice.organization_id, SUBMISSION).version == 0


def test_a_plan_that_was_lost_says_so_and_lets_switch_off(
    client: TestClient, page: Connection, owner: Connection, practice: Practice
) -> None:
    enable(page, practice.organization_id, CREATION, 0, False, "robin")
    owner.execute("DELETE FROM practice.plan_automation WHERE plan_code = %s", (f"plan {practice.organization_id}",))
    text = client.get(_tab(practice)).text
    assert "it was switched on and does not run any more" in text
    assert not _is_disabled(text, CREATION)
    assert not _is_on(_post(client, practice, CREATION, "disable", version=1).text, CREATION)


def test_who_may_only_look_sees_everything_and_changes_nothing(
    viewer: TestClient, page: Connection, practice: Practice
) -> None:
    enable(page, practice.organization_id, PROCESSING, 0, False, "robin")
    pause(page, practice.organization_id, PROCESSING, 1, _today(practice) + timedelta(days=2), "robin")
    text = viewer.get(_tab(practice)).text
    assert all(_is_disabled(text, one) for one in AUTOMATIONS)
    assert "You may look but not change" in text
    buttons = re.findall(r"<button [^>]*hx-(?:post|get)=[^>]*>", text)
    panel = viewer.get(f"{_tab(practice)}/rules/{PROCESSING}", headers={"HX-Request": "true"}).text
    in_forms = re.findall(r"<fieldset class=\"plain\" disabled>", panel)
    assert len(in_forms) == 1, "the default rule"
    outside = [*buttons, *re.findall(r"<button [^>]*hx-get=[^>]*/new[^>]*>", panel)]
    assert len(outside) == 2, "resume, and a new rule"
    assert all(re.search(r"\sdisabled(?=[\s>])", one) for one in outside)
    for action in ("enable", "disable", "pause", "resume"):
        assert _post(viewer, practice, PROCESSING, action, version=2, until="2999-01-01").status_code == 403
    assert viewer.get(f"{_tab(practice)}/settings/{CREATION}/enable").status_code == 403
    assert read_setting(page, practice.organization_id, PROCESSING).version == 2


def test_the_organization_of_somebody_else_looks_like_none(
    settings_owner_url: str, owner: Connection, page: Connection, make_practice: MakePractice
) -> None:
    own, other = make_practice(), make_practice()
    owner.execute("SELECT billing.grant_access('user', 'lee', %s)", (own.organization_id,))
    lee = open_page(settings_owner_url, Visitor("lee", (("user", "lee"),), True, frozenset(AUTOMATIONS)))
    assert lee.get(_tab(own)).status_code == 200
    assert lee.get(_tab(other)).status_code == 404
    assert _post(lee, other, CREATION, "enable", version=0).status_code == 404
    assert read_setting(page, other.organization_id, CREATION).version == 0
    assert _post(lee, own, CREATION, "enable", version=0).status_code == 200


@pytest.mark.parametrize(
    ("automation", "action", "form", "status"),
    [
        (CREATION, "enable", {}, 422),
        (CREATION, "enable", {"version": "-1"}, 422),
        (CREATION, "enable", {"version": str(2**40)}, 422),
        (CREATION, "enable", {"version": "0", "includes_earlier": "perhaps"}, 422),
        (CREATION, "pause", {"version": "0", "until": "soon"}, 422),
        ("era_processing", "enable", {"version": "0"}, 422),
        ("nonsense", "enable", {"version": "0"}, 404),
    ],
)
def test_a_form_that_the_page_never_made_changes_nothing(
    client: TestClient, page: Connection, practice: Practice, automation: str, action: str, form: Any, status: int
) -> None:
    assert _post(client, practice, automation, action, **form).status_code == status
    assert read_setting(page, practice.organization_id, CREATION).version == 0


def test_without_the_proof_that_the_form_is_ours_nothing_changes(
    settings_owner_url: str, client: TestClient, page: Connection, practice: Practice
) -> None:
    forged = open_page(settings_owner_url, csrf=False)
    assert _post(forged, practice, CREATION, "enable", version=0).status_code == 403
    assert client.get(f"{_tab(practice)}/settings/{CREATION}/disable").status_code == 405
    assert read_setting(page, practice.organization_id, CREATION).version == 0
