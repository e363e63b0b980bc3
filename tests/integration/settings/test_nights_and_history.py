"""The Nights and History tabs: what ran for an organization, and what people changed in it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from psycopg import sql

from automation_settings.pages.nights import build_chart
from include.settings import history
from include.settings.history import read_history
from include.settings.nights import Night, list_run_organizations, read_nights
from include.settings.organizations import Organization, read_organization
from tests.integration.settings.conftest import MakePractice
from tests.support.practice import Practice
from tests.support.settings_page import EDITOR, open_page

Connection = psycopg.Connection[Any]
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ALL = [("user", "kim")]
COUNTS = (
    *("advanced_count", "advanced_amount", "waiting_count", "before_start_count", "on_hold_count", "review_day_count"),
    *("excluded_count", "blocked_count", "scrub_error_count", "refused_count", "left_to_another_run_count"),
    "step_failed_count",
)


@pytest.fixture
def organization(practice: Practice, owner: Connection, page: Connection) -> Organization:
    owner.execute("SELECT billing.grant_access('user', 'kim')")
    found = read_organization(page, ALL, practice.organization_id)
    assert found is not None
    return found


def _run(
    owner: Connection,
    night: str,
    organization_id: int | None = None,
    automation: str = "claims_submission",
    timezone: str = "America/Denver",
    **counts: Any,
) -> str:
    """A run with one closed attempt; with a result of the organization when it is named. Returns Airflow's id."""
    row = owner.execute(
        "INSERT INTO billing.run (automation, timezone, night, due_at) VALUES (%s, %s, %s, now())"
        " ON CONFLICT (automation, timezone, night) DO UPDATE SET due_at = now() RETURNING run_id",
        (automation, timezone, night),
    ).fetchone()
    assert row is not None
    airflow_run_id = f"scheduled__{night}__{row[0]}"
    owner.execute(
        "INSERT INTO billing.run_attempt (run_id, attempt_number, airflow_run_id,"
        " airflow_try_number, closed_at, outcome)"
        " VALUES (%s, 1, %s, 1, now(), 'ok') ON CONFLICT DO NOTHING",
        (row[0], airflow_run_id),
    )
    if organization_id is not None:
        values = dict.fromkeys(COUNTS, 0) | {"run_id": row[0], "organization_id": organization_id} | counts
        owner.execute(
            sql.SQL("INSERT INTO billing.nightly_result ({}) VALUES ({})").format(
                sql.SQL(", ").join(map(sql.Identifier, values)), sql.SQL(", ").join(map(sql.Placeholder, values))
            ),
            values,
        )
    return airflow_run_id


@pytest.fixture(autouse=True)
def nothing_for_everybody(owner: Connection) -> None:
    """What other tests of the package did for every organization is in each one's history."""
    owner.execute("DELETE FROM billing.history WHERE organization_id = 0")


@pytest.fixture
def clean(owner: Connection) -> None:
    """No runs: other tests of the package share the database."""
    owner.execute("TRUNCATE billing.run CASCADE")


def test_a_night_adds_up_by_who_has_to_do_something(
    clean: None, owner: Connection, page: Connection, organization: Organization
) -> None:
    counts = {
        "advanced_count": 1,
        "advanced_amount": "120.50",
        "waiting_count": 2,
        "before_start_count": 4,
        "on_hold_count": 8,
        "review_day_count": 16,
        "excluded_count": 32,
        "blocked_count": 64,
        "scrub_error_count": 128,
        "refused_count": 256,
        "left_to_another_run_count": 512,
        "step_failed_count": 1024,
    }
    _run(owner, "2026-11-23", organization.organization_id, **counts)
    (night,) = read_nights(page, organization, NOW)
    assert (night.advanced_count, night.waiting_count) == (1, 2 + 4 + 8 + 16 + 32)
    assert (night.held_count, night.stopped_count) == (128 + 256, 64 + 512 + 1024)
    assert night.item_count == 2047
    assert str(night.advanced_amount) == "120.50"


def test_thirty_nights_are_shown_and_not_one_more(
    clean: None, owner: Connection, page: Connection, organization: Organization
) -> None:
    for night in ("2026-10-25", "2026-10-26", "2026-11-23"):
        _run(owner, night)
    _run(owner, "2026-11-22", timezone="America/Chicago")
    # Denver's date is the 24th; the thirtieth night back is the 26th of October.
    assert [one.night for one in read_nights(page, organization, NOW)] == [date(2026, 11, 23), date(2026, 10, 26)]


def test_after_a_long_silence_the_last_nights_that_ran_are_shown(
    clean: None, owner: Connection, page: Connection, organization: Organization
) -> None:
    _run(owner, "2026-03-02")
    assert [one.night for one in read_nights(page, organization, NOW)] == [date(2026, 3, 2)]


def test_a_practice_that_moved_keeps_the_nights_of_its_old_zone(
    clean: None, owner: Connection, page: Connection, organization: Organization
) -> None:
    _run(owner, "2026-11-20", organization.organization_id, timezone="America/Chicago", advanced_count=3)
    _run(owner, "2026-11-21", timezone="America/Chicago")
    assert [(one.night, one.advanced_count) for one in read_nights(page, organization, NOW)] == [
        (date(2026, 11, 20), 3)
    ]


def test_the_newest_attempt_is_the_one_that_counts(
    clean: None, owner: Connection, page: Connection, organization: Organization
) -> None:
    _run(owner, "2026-11-23", organization.organization_id)
    owner.execute(
        "INSERT INTO billing.run_attempt (run_id, attempt_number, airflow_run_id, airflow_try_number)"
        " SELECT run_id, 2, 'manual 2', 1 FROM billing.run"
    )
    owner.execute(
        "INSERT INTO billing.run_organization (attempt_id, organization_id, batch_number, gate, item_count,"
        " failed_step)"
        " SELECT attempt_id, %s, 1, 'ready', 0, 'scrub_claims' FROM billing.run_attempt WHERE attempt_number = 2",
        (organization.organization_id,),
    )
    (night,) = read_nights(page, organization, NOW)
    assert (night.airflow_run_id, night.outcome, night.failed_step) == ("manual 2", None, "scrub_claims")


def test_the_page_of_nights_links_to_the_airflow_run(
    clean: None, owner: Connection, settings_owner_url: str, organization: Organization
) -> None:
    run_id = _run(owner, str(date.today()), organization.organization_id, advanced_count=2, scrub_error_count=1)  # noqa: DTZ011
    answer = open_page(settings_owner_url, EDITOR).get(f"/organizations/{organization.organization_id}/nights")
    assert answer.status_code == 200
    assert f'target="_top" href="/dags/claims_submission/runs/{run_id}"' in answer.text


def _night(day: int, **counts: int) -> Night:
    counts = {"advanced_count": 0, "held_count": 0, "stopped_count": 0, "waiting_count": 0} | counts
    return Night(
        night=date(2026, 11, day),
        automation="claims_submission",
        run_id=day,
        airflow_run_id="x",
        outcome="ok",
        failed_step=None,
        advanced_amount=None,  # type: ignore[arg-type]
        **counts,
    )


def test_a_single_held_claim_shows_in_the_chart_beside_a_thousand() -> None:
    chart = build_chart("claims_submission", [_night(3), _night(2, advanced_count=1000, held_count=1)])
    (first, second) = chart.bars
    assert first.night == date(2026, 11, 2) and second.parts[0][2] == 0
    heights = {name: height for name, _, height in first.parts}
    assert heights["attention"] == 2 and 50 <= heights["advanced"] <= 64
    assert all(y >= 0 for _, y, _ in first.parts)


def test_a_run_leads_to_the_organizations_that_the_visitor_may_see_those_with_work_first(
    clean: None, owner: Connection, page: Connection, make_practice: MakePractice
) -> None:
    fine, held, hidden, left = (make_practice() for _ in range(4))
    owner.execute("DELETE FROM billing.organization_access")
    for one in (fine, held, left):
        owner.execute("SELECT billing.grant_access('user', 'kim', %s)", (one.organization_id,))
    run_id = _run(owner, "2026-11-23", fine.organization_id, advanced_count=2)
    _run(owner, "2026-11-23", held.organization_id, scrub_error_count=3)
    _run(owner, "2026-11-23", hidden.organization_id, scrub_error_count=3)
    _run(owner, "2026-11-23", left.organization_id, left_to_another_run_count=4)
    found = list_run_organizations(page, ALL, "claims_submission", run_id)
    assert {one.organization_id for one in found[:2]} == {held.organization_id, left.organization_id}
    assert [one.organization_id for one in found[2:]] == [fine.organization_id]
    assert sorted((one.held_count, one.stopped_count) for one in found) == [(0, 0), (0, 4), (3, 0)]
    assert list_run_organizations(page, ALL, "invoice_creation", run_id) == []


def _write(owner: Connection, organization_id: int, actor: str, subject: str = "claim", count: int = 1) -> None:
    owner.execute(
        "INSERT INTO billing.history (organization_id, subject, subject_id, action, changed_by)"
        " SELECT %s, %s, n, 'held', %s FROM generate_series(1, %s) n",
        (organization_id, subject, actor, count),
    )


def test_history_shows_what_people_did_and_nothing_of_other_organizations(
    owner: Connection, page: Connection, practice: Practice
) -> None:
    _write(owner, practice.organization_id, "kim")
    for actor in ("nightly run", "delivery", "clearinghouse inbox"):
        _write(owner, practice.organization_id, actor)
    _write(owner, practice.organization_id + 1_000_000, "kim")
    changes, next_before = read_history(page, practice.organization_id)
    assert [one.lines for one in changes] == [("Claim 1: held",)] and next_before is None


def test_settings_and_items_can_be_read_apart(owner: Connection, page: Connection, practice: Practice) -> None:
    _write(owner, practice.organization_id, "kim")
    practice.setting("invoice_creation")
    assert len(read_history(page, practice.organization_id)[0]) == 2
    for is_settings, word in ((True, "Invoice Creation"), (False, "Claim 1")):
        (change,) = read_history(page, practice.organization_id, is_settings=is_settings)[0]
        assert change.lines[0].startswith(word)


def test_pages_of_history_follow_each_other_without_a_gap(
    owner: Connection, page: Connection, practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PAGE_SIZE", 2)
    _write(owner, practice.organization_id, "kim", count=5)
    seen: list[str] = []
    before: int | None = None
    for _ in range(3):
        changes, before = read_history(page, practice.organization_id, before_id=before)
        seen += [line for one in changes for line in one.lines]
    assert before is None
    assert seen == [f"Claim {number}: held" for number in (5, 4, 3, 2, 1)]


def test_what_was_saved_together_is_never_torn_by_the_end_of_a_page(
    owner: Connection, page: Connection, practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PAGE_SIZE", 4)
    for _ in range(3):
        practice.rule("invoice_creation", ("weekday", ["1"]), ("client_pays_by", ["self_pay"]))
    pages: list[list[int]] = []
    before: int | None = None
    while True:
        changes, before = read_history(page, practice.organization_id, before_id=before)
        pages.append([len(one.lines) for one in changes])
        if before is None:
            break
    assert [count for one in pages for count in one] == [3, 3, 3], "each rule with both of its conditions"


def test_what_counts_for_every_organization_is_in_the_history_of_each(
    owner: Connection, page: Connection, practice: Practice
) -> None:
    owner.execute("SELECT billing.grant_access('role', %s)", (f"auditors {practice.organization_id}",))
    (change,) = read_history(page, practice.organization_id, is_settings=True)[0][:1]
    assert change.lines == (f"Role auditors {practice.organization_id} may see every organization",)
    # Of the whole deployment, but no setting: files, receivers.
    owner.execute(
        "INSERT INTO billing.history (organization_id, subject, subject_id, action, changed_by)"
        " VALUES (0, 'receiver', 0, 'changed', 'kim')"
    )
    assert read_history(page, practice.organization_id)[0][0] == change
