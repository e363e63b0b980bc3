"""Switching automations: both sides of each border, and two people at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from include.settings.errors import Refused, Stale
from include.settings.rule_changes import delete_rule
from include.settings.rules import describe_rule, read_rules
from include.settings.settings import Setting, disable, enable, pause, read_setting, read_settings, resume
from tests.integration.settings.conftest import MakePractice
from tests.support.practice import Practice

Connection = psycopg.Connection[Any]
PROCESSING = "invoice_processing"


def _on(page: Connection, practice: Practice, automation: str = PROCESSING) -> Setting:
    return enable(page, practice.organization_id, automation, 0, False, "robin")


def _local_today(owner: Connection, practice: Practice) -> date:
    row = owner.execute("SELECT billing.local_today(%s)", (practice.organization_id,)).fetchone()
    assert row is not None
    today: date = row[0]
    return today


def test_a_practice_that_never_switched_anything_has_four_settings_that_are_off(
    page: Connection, practice: Practice
) -> None:
    found = read_settings(page, practice.organization_id)
    assert [each.automation for each in found] == [
        "invoice_creation",
        "invoice_processing",
        "claims_submission",
        "era_processing",
    ]
    assert {(each.is_enabled, each.version, each.changed_by) for each in found} == {(False, 0, None)}
    assert [each.is_in_plan for each in found] == [True, True, True, False]
    assert [each.is_available for each in found] == [True, True, True, False]
    assert [each.step for each in found] == ["appointment", "invoice", "claim", "remittance"]


def test_an_organization_that_does_not_exist_has_none(page: Connection) -> None:
    assert read_settings(page, 987_654) == []
    with pytest.raises(Refused, match="no organization 987654"):
        enable(page, 987_654, PROCESSING, 0, False, "robin")


def test_enabling_dates_from_the_local_today_and_is_in_history(
    page: Connection, owner: Connection, make_practice: MakePractice, history: Callable[..., list[Any]]
) -> None:
    # On the other side of the date line from UTC for half of each day.
    practice = make_practice(timezone="Pacific/Pago_Pago")
    done = enable(page, practice.organization_id, "invoice_creation", 0, True, "robin")
    assert (done.is_enabled, done.version, done.includes_earlier, done.changed_by) == (True, 1, True, "robin")
    assert done.enabled_on == _local_today(owner, practice)
    [(action, who, detail)] = history(practice, "automation_setting")
    assert (action, who, detail["automation"], detail["new"]["is_enabled"]) == (
        "insert",
        "robin",
        "invoice_creation",
        True,
    )


def test_disabling_keeps_the_row_and_enabling_again_dates_anew(
    page: Connection, owner: Connection, practice: Practice
) -> None:
    _on(page, practice)
    owner.execute(
        "UPDATE billing.automation_setting SET enabled_on = '2026-01-05' WHERE organization_id = %s",
        (practice.organization_id,),
    )
    off = disable(page, practice.organization_id, PROCESSING, 1, "kim")
    assert (off.is_enabled, off.version, off.enabled_on, off.changed_by) == (False, 2, date(2026, 1, 5), "kim")
    again = enable(page, practice.organization_id, PROCESSING, 2, False, "robin")
    assert (again.version, again.enabled_on) == (3, _local_today(owner, practice))


def test_what_is_on_cannot_be_enabled_again_and_what_is_off_not_disabled(page: Connection, practice: Practice) -> None:
    with pytest.raises(Refused, match="disabled already"):
        disable(page, practice.organization_id, PROCESSING, 0, "robin")
    _on(page, practice)
    with pytest.raises(Refused, match="enabled already"):
        enable(page, practice.organization_id, PROCESSING, 1, False, "robin")


def test_what_the_plan_lacks_cannot_be_enabled_but_can_be_disabled(
    page: Connection, owner: Connection, make_practice: MakePractice
) -> None:
    practice = make_practice(plan=["invoice_creation"])
    with pytest.raises(Refused, match="plan of this organization does not include Invoice Processing"):
        _on(page, practice)
    assert read_setting(page, practice.organization_id, PROCESSING).version == 0
    _on(page, practice, "invoice_creation")
    owner.execute("DELETE FROM practice.plan_automation WHERE plan_code = %s", (f"plan {practice.organization_id}",))
    lost = read_setting(page, practice.organization_id, "invoice_creation")
    assert (lost.is_enabled, lost.is_in_plan, lost.is_working) == (True, False, False)
    with pytest.raises(Refused, match="plan"):
        pause(page, practice.organization_id, "invoice_creation", 1, date(2999, 1, 1), "robin")
    assert not disable(page, practice.organization_id, "invoice_creation", 1, "robin").is_enabled


def test_era_processing_is_not_available_even_with_the_plan(page: Connection, make_practice: MakePractice) -> None:
    practice = make_practice(plan=["era_processing"])
    with pytest.raises(Refused, match="ERA Processing is not available yet"):
        _on(page, practice, "era_processing")


def test_a_pause_lasts_until_its_date_and_keeps_the_start(
    page: Connection, owner: Connection, practice: Practice
) -> None:
    _on(page, practice)
    tomorrow = _local_today(owner, practice) + timedelta(days=1)
    with pytest.raises(Refused, match="after today"):
        pause(page, practice.organization_id, PROCESSING, 1, tomorrow - timedelta(days=1), "robin")
    with pytest.raises(Refused, match="until 2999-12-31"):
        pause(page, practice.organization_id, PROCESSING, 1, date(3000, 1, 1), "robin")
    paused = pause(page, practice.organization_id, PROCESSING, 1, tomorrow, "robin")
    assert (paused.paused_until, paused.version) == (tomorrow, 2)
    assert paused.enabled_on == _local_today(owner, practice)
    assert paused.is_paused_on(tomorrow - timedelta(days=1))
    assert not paused.is_paused_on(tomorrow)
    resumed = resume(page, practice.organization_id, PROCESSING, 2, "robin")
    assert (resumed.paused_until, resumed.is_enabled) == (None, True)
    with pytest.raises(Refused, match="not paused"):
        resume(page, practice.organization_id, PROCESSING, 3, "robin")


def test_what_is_off_cannot_be_paused_and_enabling_ends_an_old_pause(page: Connection, practice: Practice) -> None:
    with pytest.raises(Refused, match="nothing to pause"):
        pause(page, practice.organization_id, PROCESSING, 0, date(2999, 1, 1), "robin")
    _on(page, practice)
    pause(page, practice.organization_id, PROCESSING, 1, date(2999, 1, 1), "robin")
    off = disable(page, practice.organization_id, PROCESSING, 2, "robin")
    assert not off.is_paused_on(date(2998, 1, 1))
    assert enable(page, practice.organization_id, PROCESSING, 3, False, "robin").paused_until is None


@pytest.mark.parametrize("version", [0, 2, 7])
def test_a_change_on_another_version_is_told_who_was_faster_and_changes_nothing(
    page: Connection, practice: Practice, version: int
) -> None:
    _on(page, practice)
    with pytest.raises(Stale, match=r"Invoice Processing was changed by robin on \w+ \d+, \d{4} at \d\d:\d\d local"):
        disable(page, practice.organization_id, PROCESSING, version, "kim")
    now = read_setting(page, practice.organization_id, PROCESSING)
    assert (now.is_enabled, now.version) == (True, 1)


def test_a_version_of_a_setting_that_was_never_switched_is_stale(page: Connection, practice: Practice) -> None:
    with pytest.raises(Stale):
        enable(page, practice.organization_id, PROCESSING, 1, False, "robin")
    assert read_setting(page, practice.organization_id, PROCESSING).version == 0


@pytest.mark.parametrize("version", [0, 1])
def test_of_two_at_once_the_second_is_stale(
    page: Connection, open_page_connection: Callable[[], Connection], practice: Practice, version: int
) -> None:
    if version:
        _on(page, practice)
    told: list[str] = []

    def change() -> None:
        with open_page_connection() as second, pytest.raises(Stale) as caught:
            if version:
                pause(second, practice.organization_id, PROCESSING, 1, date(2999, 1, 1), "kim")
            else:
                enable(second, practice.organization_id, PROCESSING, 0, True, "kim")
        told.append(str(caught.value))

    with page.transaction():  # not committed when the second one looks
        if version:
            disable(page, practice.organization_id, PROCESSING, 1, "robin")
        else:
            _on(page, practice)
        thread = threading.Thread(target=change)
        thread.start()
        _wait_for_a_waiting_one(page)
    thread.join()
    assert "by robin" in told[0]
    assert read_setting(page, practice.organization_id, PROCESSING).version == version + 1
    assert len(read_rules(page, practice.organization_id, PROCESSING)) == 1


def _wait_for_a_waiting_one(connection: Connection) -> None:
    """Until somebody waits for a lock that this connection holds."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    for _ in range(20_000):
        connection.execute("SELECT pg_stat_clear_snapshot()")
        if connection.execute(waiting).fetchone():
            return
    raise AssertionError("nobody waited")


def test_invoice_processing_starts_with_the_self_pay_rule_once(page: Connection, practice: Practice) -> None:
    _on(page, practice)
    [rule] = read_rules(page, practice.organization_id, PROCESSING)
    assert describe_rule(rule) == "When Client pays by Equals Self-pay"
    disable(page, practice.organization_id, PROCESSING, 1, "robin")
    enable(page, practice.organization_id, PROCESSING, 2, False, "robin")
    assert [each.rule_id for each in read_rules(page, practice.organization_id, PROCESSING)] == [rule.rule_id]


def test_a_deleted_default_rule_stays_deleted(page: Connection, practice: Practice) -> None:
    _on(page, practice)
    [rule] = read_rules(page, practice.organization_id, PROCESSING)
    delete_rule(page, practice.organization_id, PROCESSING, rule.rule_id, rule.version, "robin")
    disable(page, practice.organization_id, PROCESSING, 1, "robin")
    enable(page, practice.organization_id, PROCESSING, 2, False, "robin")
    assert read_rules(page, practice.organization_id, PROCESSING) == []


@pytest.mark.parametrize("automation", ["invoice_creation", "claims_submission"])
def test_no_other_automation_has_a_default_rule(page: Connection, practice: Practice, automation: str) -> None:
    _on(page, practice, automation)
    assert read_rules(page, practice.organization_id, automation) == []
    assert read_rules(page, practice.organization_id, PROCESSING) == []


def test_a_failure_on_the_way_leaves_nothing(
    page: Connection, owner: Connection, practice: Practice, history: Callable[..., list[Any]]
) -> None:
    owner.execute("REVOKE INSERT ON billing.exclusion_condition FROM billing_settings")
    try:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            _on(page, practice)
    finally:
        owner.execute("GRANT INSERT ON billing.exclusion_condition TO billing_settings")
    assert read_setting(page, practice.organization_id, PROCESSING).version == 0
    assert history(practice, "automation_setting") == []
