"""The rules editor as a person meets it: fields, values, check, save, order, delete and undo."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from httpx import Response
from starlette.testclient import TestClient

from exclusion_rules import offered_fields
from include.settings.rule_changes import save_rule
from include.settings.rules import Rule, describe_rule, read_rules
from tests.integration.settings.conftest import MakePractice
from tests.support.practice import AUTOMATIONS, Practice
from tests.support.settings_page import open_page

Connection = psycopg.Connection[Any]
CREATION, PROCESSING, SUBMISSION = AUTOMATIONS
KEY = "0a1b2c3d"
OTHER_KEY = "4e5f6a7b"


def _path(practice: Practice, automation: str = CREATION, action: str = "") -> str:
    return f"/organizations/{practice.organization_id}/rules/{automation}" + (f"/{action}" if action else "")


def _post(client: TestClient, practice: Practice, action: str, automation: str = CREATION, **form: Any) -> Response:
    return client.post(_path(practice, automation, action), data={"_": "x", **form})


def _condition(field: str, *values: str, key: str = KEY) -> dict[str, Any]:
    return {"condition": [key], f"field-{key}": field, f"value-{key}": list(values)}


def _rules(page: Connection, practice: Practice, automation: str = CREATION) -> list[Rule]:
    return read_rules(page, practice.organization_id, automation)


def _saved(page: Connection, practice: Practice, *days: str) -> list[int]:
    """Rules on one weekday each."""
    return [
        save_rule(page, practice.organization_id, CREATION, None, None, [("weekday", [day])], "robin") for day in days
    ]


@pytest.mark.parametrize("automation", AUTOMATIONS)
def test_only_the_fields_of_the_automation_are_offered_and_the_extras_apart(
    client: TestClient, practice: Practice, automation: str
) -> None:
    text = client.get(_path(practice, automation, "new")).text
    documented, extra = text.split("<optgroup")
    fields = offered_fields(automation)
    assert re.findall(r'<option value="(\w+)"', documented) == [one.code for one in fields if not one.is_extra]
    assert re.findall(r'<option value="(\w+)"', extra) == [one.code for one in fields if one.is_extra]
    assert "autofocus" in documented


def test_an_automation_without_rules_has_no_editor(client: TestClient, practice: Practice) -> None:
    for automation in ("era_processing", "nonsense"):
        assert client.get(_path(practice, automation)).status_code == 404
        assert client.get(_path(practice, automation, "new")).status_code == 404


@pytest.mark.parametrize(
    ("automation", "field", "expected"),
    [
        (CREATION, "weekday", rf'<input type="checkbox" name="value-{KEY}" value="7"'),
        (CREATION, "progress_note_signed", rf'<input type="checkbox" name="value-{KEY}" value="no"'),
        (CREATION, "client", rf'<input type="search" name="text-{KEY}"'),
        (SUBMISSION, "modifier", rf'<input type="search" name="text-{KEY}"'),
        (CREATION, "appointment_date", rf'<input type="date" name="value-{KEY}" value=""'),
        (CREATION, "appointment_date_range", rf'<input type="date" name="to-{KEY}" value=""'),
        (CREATION, "", "Choose a field first"),
    ],
)
def test_each_kind_of_field_has_its_way_to_enter_values(
    client: TestClient, practice: Practice, automation: str, field: str, expected: str
) -> None:
    form = {"key": KEY, f"field-{KEY}": field}
    assert expected in _post(client, practice, "field", automation, **form).text


def test_dates_can_be_added_to_dates_only(client: TestClient, practice: Practice) -> None:
    row = _post(client, practice, "row", key=KEY, **{f"field-{KEY}": "appointment_date_range"})
    assert row.text.count('type="date"') == 2
    assert _post(client, practice, "row", key=KEY, **{f"field-{KEY}": "weekday"}).status_code == 422


def test_a_search_shows_the_practices_own_and_ticks_what_is_picked(
    client: TestClient, make_practice: MakePractice
) -> None:
    practice, other = make_practice(), make_practice()
    own, picked = practice.insurer(name="Aspen <b>Health</b>"), practice.insurer(name="Aspen Trust")
    foreign = other.insurer(name="Aspen Foreign")
    form = {"key": KEY, f"field-{KEY}": "primary_insurer", f"text-{KEY}": "aspen", f"value-{KEY}": [str(picked)]}
    text = _post(client, practice, "values", **form).text
    assert "Aspen &lt;b&gt;Health&lt;/b&gt;" in text
    assert re.findall(r'data-pick value="(\d+)"', text) == [str(own), str(picked)]
    assert re.search(rf'value="{picked}"[^>]* checked', text)
    assert not re.search(rf'value="{own}"[^>]* checked', text)
    assert str(foreign) not in text


def test_a_search_never_goes_through_the_address(client: TestClient, practice: Practice) -> None:
    assert client.get(_path(practice, CREATION, "values"), params={"key": KEY}).status_code == 405


def test_a_long_list_says_that_there_is_more(client: TestClient, practice: Practice) -> None:
    for number in range(51):
        practice.location(name=f"Room {number:02}")
    form = {"key": KEY, f"field-{KEY}": "location"}
    text = _post(client, practice, "values", **form, **{f"text-{KEY}": "room"}).text
    assert "50 matches, and more" in text
    assert "and more" not in _post(client, practice, "values", **form, **{f"text-{KEY}": "room 1"}).text


def test_a_saved_rule_takes_the_place_of_its_form(client: TestClient, page: Connection, practice: Practice) -> None:
    form = {
        "condition": [OTHER_KEY, KEY],
        f"field-{OTHER_KEY}": "appointment_date_range",
        f"from-{OTHER_KEY}": ["2026-11-02", "", "", "2026-12-01"],
        f"to-{OTHER_KEY}": ["", "2026-10-01", "", "2026-12-02"],
        f"field-{KEY}": "weekday",
        f"value-{KEY}": ["1", "2"],
    }
    answer = _post(client, practice, "save", rule_id="", version="0", **form)
    assert answer.status_code == 200
    [rule] = _rules(page, practice)
    assert describe_rule(rule) == (
        "When Appointment date range Equals from Nov 2, 2026, until Oct 1, 2026, Dec 1, 2026 to Dec 2, 2026"
        " and Weekday Equals Monday, Tuesday"
    )
    assert f'name="rule_id" value="{rule.rule_id}"' in answer.text
    assert 'name="version" value="1"' in answer.text
    assert f'aria-label="{describe_rule(rule)}"' in answer.text
    assert "Rule saved" in answer.text
    assert re.findall(r'name="from-\w+" value="([^"]*)"', answer.text) == ["2026-11-02", "", "2026-12-01"]
    assert re.findall(r'name="to-\w+" value="([^"]*)"', answer.text) == ["", "2026-10-01", "2026-12-02"]
    assert '<span class="badge">1 rule</span>' in answer.text


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({}, "at least one condition"),
        ({"condition": [KEY]}, "condition 1: choose a field"),
        (_condition("weekday"), "needs at least one value"),
        (_condition("modifier", "95"), "does not offer that field"),
        (_condition("location", "999999999"), "does not exist"),
        (_condition("appointment_date", "tomorrow"), "is not a date"),
        (_condition("weekday", "1") | {"rule_id": "one"}, "no such rule"),
        (_condition("weekday", "1") | {"rule_id": "987654321", "version": "1"}, "there is no rule 987654321"),
        (
            {"condition": [KEY], f"field-{KEY}": "appointment_date_range", f"from-{KEY}": ["2026-11-02"]},
            "a start and an end",
        ),
    ],
)
def test_what_cannot_be_saved_is_said_and_the_form_stays(
    client: TestClient, page: Connection, practice: Practice, form: Any, why: str
) -> None:
    answer = _post(client, practice, "save", **form)
    assert answer.status_code == 422
    assert answer.headers["HX-Retarget"] == "#message"
    assert why in answer.text
    assert _rules(page, practice) == []


def test_a_check_counts_what_the_rule_would_hold_tonight_and_saves_nothing(
    client: TestClient, page: Connection, practice: Practice
) -> None:
    today = datetime.now(ZoneInfo(practice.timezone)).date()
    other_staff = practice.staff()
    for staff in (other_staff, None, None):
        practice.appointment(f"{today} 10:00", staff=staff)
    form = _condition("appointment_staff", str(practice.default_staff))
    text = _post(client, practice, "check", rule_id="", **form).text
    assert "would hold 2 of 3 appointments</strong>, if Invoice Creation were on; 1 would advance" in " ".join(
        text.split()
    )
    practice.setting(CREATION)
    [rule_id] = _saved(page, practice, str(today.isoweekday()))
    text = " ".join(_post(client, practice, "check", rule_id=str(rule_id), **form).text.split())
    assert "would hold 2 of 3 appointments</strong>; 1 would advance" in text
    assert describe_rule(_rules(page, practice)[0]).startswith("When Weekday"), "as it was"


def test_a_check_of_a_rule_that_is_not_complete_is_no_error(client: TestClient, practice: Practice) -> None:
    answer = _post(client, practice, "check", rule_id="", **_condition("weekday"))
    assert answer.status_code == 200
    assert "Not complete yet" in answer.text
    # The time that it took says nothing about a check that counts.
    assert "X-Check-Counted" not in answer.headers
    assert "X-Check-Counted" in _post(client, practice, "check", rule_id="", **_condition("weekday", "1")).headers


def test_a_check_says_that_the_plan_stops_everything(client: TestClient, make_practice: MakePractice) -> None:
    practice = make_practice(plan=[PROCESSING])
    answer = _post(client, practice, "check", rule_id="", **_condition("weekday", "1"))
    assert "does not include Invoice Creation" in answer.text


def test_the_second_of_two_editors_is_told_and_changes_nothing(
    client: TestClient, page: Connection, practice: Practice
) -> None:
    [rule_id] = _saved(page, practice, "1")
    save_rule(page, practice.organization_id, CREATION, rule_id, 1, [("weekday", ["2"])], "robin")
    answer = _post(client, practice, "save", rule_id=str(rule_id), version="1", **_condition("weekday", "3"))
    assert answer.status_code == 409
    assert "This rule was changed by robin on " in answer.text
    assert [describe_rule(rule) for rule in _rules(page, practice)] == ["When Weekday Equals Tuesday"]


def test_a_deleted_rule_leaves_an_undo_in_its_place(client: TestClient, page: Connection, practice: Practice) -> None:
    first, second = _saved(page, practice, "1", "2")
    text = _post(client, practice, "delete", rule_id=first, version=1).text
    assert "Deleted: When Weekday Equals Monday." in text
    assert '<span class="badge">1 rule</span>' in text
    undo = re.search(r"hx-vals='{\"rule_id\": \"(\d+)\", \"version\": \"(\d+)\"}'", text)
    assert undo is not None
    assert [rule.rule_id for rule in _rules(page, practice)] == [second]
    text = _post(client, practice, "restore", rule_id=undo[1], version=undo[2]).text
    assert f'data-rule="{first}"' in text
    assert [rule.rule_id for rule in _rules(page, practice)] == [first, second]


def test_rules_move_up_and_down_and_the_ends_say_so(client: TestClient, page: Connection, practice: Practice) -> None:
    first, second, third = _saved(page, practice, "1", "2", "3")
    answer = _post(client, practice, "order", order=[first, second, third], moved=third, by=-1)
    assert "number 2 of 3" in answer.text
    assert answer.headers["X-Rule-Moved"] == "-1"
    assert [rule.rule_id for rule in _rules(page, practice)] == [first, third, second]
    for moved, by, words in ((first, -1, "first already"), (second, 1, "last already")):
        answer = _post(client, practice, "order", order=[first, third, second], moved=moved, by=by)
        assert words in answer.text
        assert "X-Rule-Moved" not in answer.headers
    answer = _post(client, practice, "order", order=[first, second, third], moved=first, by=1)
    assert answer.status_code == 409
    assert "The order of the rules was changed by kim" in answer.text
    assert [rule.rule_id for rule in _rules(page, practice)] == [first, third, second]


def test_a_broken_rule_is_marked_with_why(
    settings_owner_url: str, client: TestClient, page: Connection, owner: Connection, practice: Practice
) -> None:
    insurer = practice.insurer(name="Gone Assurance")
    save_rule(page, practice.organization_id, CREATION, None, None, [("primary_insurer", [str(insurer)])], "robin")
    assert "Broken:" not in client.get(_path(practice)).text
    owner.execute("UPDATE practice.insurer SET deleted_on = '2026-01-01' WHERE insurer_id = %s", (insurer,))
    text = open_page(settings_owner_url).get(_path(practice)).text
    assert f"condition 1: Primary Insurer {insurer} does not exist any more" in text
    assert '<span class="badge error">1 broken</span>' in text
    assert '<li class="chip missing">' in text
    assert "1 broken" in client.get(f"/organizations/{practice.organization_id}").text


def test_who_may_only_look_can_open_but_not_use_the_editor(
    viewer: TestClient, page: Connection, practice: Practice
) -> None:
    [rule_id] = _saved(page, practice, "1")
    text = viewer.get(_path(practice)).text
    assert "When Weekday Equals Monday" in text
    assert text.count('<fieldset class="plain" disabled>') == 1
    form = _condition("weekday", "2") | {"rule_id": str(rule_id), "version": "1", "key": KEY, "moved": "1", "by": "1"}
    for action in ("field", "row", "values", "check", "save", "delete", "restore", "order"):
        assert _post(viewer, practice, action, **form).status_code == 403, action
    assert [describe_rule(rule) for rule in _rules(page, practice)] == ["When Weekday Equals Monday"]


def test_the_rule_of_another_organization_is_not_there(
    client: TestClient, page: Connection, make_practice: MakePractice
) -> None:
    practice, other = make_practice(), make_practice()
    [rule_id] = _saved(page, other, "1")
    form = _condition("weekday", "2") | {"rule_id": str(rule_id), "version": "1"}
    for action in ("save", "delete", "restore"):
        assert _post(client, practice, action, **form).status_code == 422, action
    assert _post(client, practice, "order", order=[rule_id], moved=rule_id, by=1).status_code in (200, 409)
    assert "there is no rule" in _post(client, practice, "check", **form).text
    assert [(rule.rule_id, rule.version) for rule in _rules(page, other)] == [(rule_id, 1)]


@pytest.mark.parametrize(
    ("action", "form"),
    [
        ("field", {"key": "x y"}),
        ("field", {"key": KEY, f"field-{KEY}": "<b>"}),
        ("values", {"key": KEY}),
        ("values", {"key": KEY, f"field-{KEY}": "client", f"text-{KEY}": "\x00'; --" * 50}),
        ("save", {"condition": [KEY] * 1000, f"field-{KEY}": "weekday", f"value-{KEY}": ["1"]}),
        ("save", _condition("client", "9" * 30)),
        ("save", _condition("client", "9223372036854775807")),
        ("save", _condition("location", *(str(number) for number in range(1, 600)))),
        ("save", _condition("weekday", "\x00", "\ud7ff")),
        ("delete", {"rule_id": str(2**63), "version": "1"}),
        ("delete", {"rule_id": "1", "version": str(2**31)}),
        ("order", {"order": ["1", "1"], "moved": "1", "by": "1"}),
        ("order", {"order": ["9" * 40, "x", "1"], "moved": "1", "by": "-1"}),
        ("order", {"order": ["1"], "moved": "1", "by": "5"}),
    ],
)
def test_a_form_that_the_page_never_made_is_answered_and_changes_nothing(
    client: TestClient, page: Connection, practice: Practice, action: str, form: Any
) -> None:
    assert _post(client, practice, action, **form).status_code in (200, 409, 422)
    assert _rules(page, practice) == []
