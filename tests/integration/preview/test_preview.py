"""Previews: the same word as the night's, item by item; nothing written; nobody kept waiting."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from include.development import environment
from include.errors import BillingError
from include.nightly_run import organizations
from include.preview import tonight
from include.preview.tonight import AssumedRule, Preview, next_slot, preview_tonight
from include.settings.errors import Refused
from include.settings.rule_changes import save_rule
from nightly_schedule.slots import build_slot
from tests.integration.preview.conftest import SampleNights
from tests.support.nights import AUTOMATIONS, open_night
from tests.support.settings_page import settings_connection
from tests.support.tables import table_hashes

Connection = psycopg.Connection[Any]
MONDAY_NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
#: After the sample nights, before anything falls due on the next day.
NEXT_NOON = datetime(2026, 11, 5, 12, tzinfo=UTC)


@pytest.fixture
def page(sample_nights: SampleNights) -> Iterator[Connection]:
    """The page's connection after the sample nights."""
    with settings_connection(sample_nights.url) as connection:
        yield connection


@pytest.fixture
def owner(sample_nights: SampleNights) -> Iterator[Connection]:
    """The owner's connection, in a transaction that is rolled back: previews see what it changes, others do not."""
    with psycopg.connect(sample_nights.url, autocommit=True) as connection, connection.transaction(force_rollback=True):
        yield connection


def decisions(preview: Preview) -> dict[int, tuple[str | None, int | None]]:
    """Item -> reason and rule."""
    return {item.item_id: (item.reason, item.rule_id) for item in preview.items}


# The same word as the night's


def test_a_preview_says_of_every_item_of_the_sample_nights_what_the_night_then_does(
    sample_nights: SampleNights,
) -> None:
    reasons: set[str | None] = set()
    for evening in sample_nights.evenings:
        preview = evening.preview
        assert not preview.is_busy
        reasons |= {item.reason for item in preview.items}
        assert {item.item_id: item.amount for item in preview.advancing} == evening.advanced
        if preview.gate != "ready":
            assert {item.reason for item in preview.items} <= {preview.gate}
            found = [(reason, count) for item, reason, _, _, count in evening.staying]
            assert found == ([(preview.gate, len(preview.items))] if preview.items else [])
            continue
        said = {(item.item_id, item.reason, item.detail_code, item.rule_id, 1) for item in preview.items if item.reason}
        assert said == set(evening.staying), (preview.automation, preview.night)
    assert reasons >= {
        None, "plan", "off", "paused", "before_start", "on_hold", "review_day", "excluded", "blocked", "scrub_error"
    }  # fmt: skip


def test_a_preview_names_the_findings_that_the_scrub_then_records(sample_nights: SampleNights) -> None:
    severities = set()
    for evening in sample_nights.evenings:
        for item in evening.preview.items:
            said = {
                (item.item_id, each.edit_code, each.line_number, each.severity, each.is_overridden)
                for each in item.findings
            }
            severities |= {(each.severity, each.is_overridden) for each in item.findings}
            if evening.preview.automation == "claims_submission" and item.reason in (None, "scrub_error"):
                assert said == {found for found in evening.findings if found[0] == item.item_id}
            else:
                assert said == set()
            assert (item.reason == "scrub_error") == any(
                each.severity == "error" and not each.is_overridden for each in item.findings
            )
            assert all(each.message and each.fix_location and "{" not in each.message for each in item.findings)
    assert severities >= {("error", False), ("error", True)}


def test_items_come_with_what_a_biller_knows_them_by(sample_nights: SampleNights) -> None:
    seen = set()
    for evening in sample_nights.evenings:
        preview = evening.preview
        for item in preview.items:
            seen.add(preview.automation)
            assert item.number.startswith("C") if preview.automation == "claims_submission" else item.number.isdigit()
            assert item.staff and item.client_id and item.service_on <= preview.night
            assert item.procedure_codes or item.detail_code == "no_service"
        order = (None, *tonight.REASON_ORDER)
        places = [(order.index(item.reason), item.item_id) for item in preview.items]
        assert places == sorted(places)
        assert sum(preview.counts.values()) + len(preview.advancing) == len(preview.items)
    assert seen == set(AUTOMATIONS)


def test_an_organization_whose_data_cannot_be_computed_gets_the_reason_the_night_would_give(owner: Connection) -> None:
    plain = preview_tonight(owner, 1, "invoice_creation", NEXT_NOON)
    # Units times rate do not fit into an amount.
    owner.execute(
        "UPDATE practice.appointment_service SET unit_count = 2147483647 WHERE appointment_id = %s",
        (plain.advancing[0].item_id,),
    )
    owner.execute("UPDATE practice.fee SET rate_amount = 9999999 WHERE organization_id = 1")
    found = preview_tonight(owner, 1, "invoice_creation", NEXT_NOON)
    assert {item.item_id for item in found.items if item.reason == "step_failed"} == {
        item.item_id for item in plain.advancing
    }
    assert {item.detail_code for item in found.items if item.reason == "step_failed"} == {
        "create_invoices: SQLSTATE 22003"
    }


# What if


def test_an_assumed_rule_holds_what_it_would_hold_once_saved(page: Connection, owner: Connection) -> None:
    conditions = [("weekday", ["1", "2", "3", "4", "5", "6", "7"])]
    plain = preview_tonight(page, 1, "invoice_creation", NEXT_NOON)
    assumed = preview_tonight(page, 1, "invoice_creation", NEXT_NOON, assume_rule=AssumedRule(None, conditions))
    assert plain.advancing and plain.held_by_assumed_rule == 0
    assert assumed.held_by_assumed_rule == len(plain.advancing)
    # What another rule or reason held, it goes on holding: the new rule comes last.
    assert {one.item_id for one in assumed.items if one.rule_id == assumed.assumed_rule_id} == {
        one.item_id for one in plain.advancing
    }
    saved = save_rule(owner, 1, "invoice_creation", None, None, conditions, "kim")
    after = preview_tonight(owner, 1, "invoice_creation", NEXT_NOON)
    assert {item: reason for item, (reason, _) in decisions(after).items()} == {
        item: reason for item, (reason, _) in decisions(assumed).items()
    }
    assert sum(item.rule_id == saved for item in after.items) == assumed.held_by_assumed_rule


def test_a_rule_is_assumed_to_be_changed_where_it_stands(owner: Connection) -> None:
    before = preview_tonight(owner, 1, "invoice_creation", NEXT_NOON)
    everything = [("weekday", ["1", "2", "3", "4", "5", "6", "7"])]
    first = save_rule(owner, 1, "invoice_creation", None, None, everything, "kim")
    owner.execute("UPDATE billing.exclusion_rule SET position = -1 WHERE rule_id = %s", (first,))
    never = AssumedRule(first, [("appointment_date", ["2000-01-01"])])
    assert preview_tonight(owner, 1, "invoice_creation", NEXT_NOON).counts == {"excluded": len(before.items)}
    changed = preview_tonight(owner, 1, "invoice_creation", NEXT_NOON, assume_rule=never)
    assert decisions(changed) == decisions(before)
    assert (changed.assumed_rule_id, changed.held_by_assumed_rule) == (first, 0)


def test_a_rule_that_could_not_be_saved_is_refused_as_saving_would(page: Connection) -> None:
    for conditions in ([], [("primary_insurer", ["999999999"])], [("modifier", ["95"])]):
        with pytest.raises(Refused):
            preview_tonight(page, 1, "invoice_creation", NEXT_NOON, assume_rule=AssumedRule(None, conditions))
    with pytest.raises(Refused):
        preview_tonight(page, 1, "invoice_creation", NEXT_NOON, assume_rule=AssumedRule(999999, [("weekday", ["1"])]))


def test_a_broken_rule_holds_nothing(owner: Connection) -> None:
    before = decisions(preview_tonight(owner, 1, "invoice_creation", NEXT_NOON))
    rule_id = save_rule(owner, 1, "invoice_creation", None, None, [("weekday", list("1234567"))], "kim")
    assert decisions(preview_tonight(owner, 1, "invoice_creation", NEXT_NOON)) != before
    owner.execute(
        "UPDATE billing.exclusion_condition SET field = 'primary_insurer', match_values = '{999999999}'"
        " WHERE rule_id = %s",
        (rule_id,),
    )
    assert decisions(preview_tonight(owner, 1, "invoice_creation", NEXT_NOON)) == before


def test_enabling_is_assumed_from_today_on_or_with_what_waited_before(page: Connection) -> None:
    off = preview_tonight(page, 12, "invoice_creation", NEXT_NOON)
    assert (off.gate, set(off.counts), len(off.advancing)) == ("off", {"off"}, 0)
    today = page.execute("SELECT billing.local_today(12)").fetchone()
    assert today is not None
    fresh = preview_tonight(page, 12, "invoice_creation", NEXT_NOON, assume_enabled=True)
    assert fresh.gate == "ready"
    assert decisions(fresh).keys() == decisions(off).keys()
    assert {item.reason == "before_start" for item in fresh.items if item.service_on < today[0]} <= {True}
    assert {item.reason == "before_start" for item in fresh.items if item.service_on >= today[0]} <= {False}
    whole = preview_tonight(page, 12, "invoice_creation", NEXT_NOON, assume_enabled=True, includes_earlier=True)
    assert whole.advancing and "before_start" not in whole.counts


def test_enabling_invoice_processing_is_assumed_with_its_default_rule(owner: Connection) -> None:
    owner.execute("DELETE FROM billing.exclusion_rule WHERE organization_id = 1 AND automation = 'invoice_processing'")
    owner.execute("UPDATE practice.client_payment SET pays_by = 'self_pay' WHERE organization_id = 1")
    owner.execute(
        "UPDATE billing.automation_setting SET is_enabled = false"
        " WHERE organization_id = 1 AND automation = 'invoice_processing'"
    )
    found = preview_tonight(owner, 1, "invoice_processing", NEXT_NOON, assume_enabled=True, includes_earlier=True)
    assert found.counts.get("excluded", 0) > 0


def test_the_end_of_a_pause_is_assumed_and_the_lack_of_a_plan_is_not(page: Connection) -> None:
    assert preview_tonight(page, 11, "invoice_processing", MONDAY_NOON).gate == "paused"
    assert preview_tonight(page, 11, "invoice_processing", MONDAY_NOON, assume_enabled=True).gate == "ready"
    assert preview_tonight(page, 6, "claims_submission", NEXT_NOON, assume_enabled=True).gate == "plan"


# Nothing is written


def test_previews_of_everything_leave_every_table_as_it_was(sample_nights: SampleNights, page: Connection) -> None:
    with psycopg.connect(sample_nights.url, autocommit=True) as owner:
        before = table_hashes(owner, frozenset())
        previewed = 0
        for organization_id in range(1, 13):
            for automation in AUTOMATIONS:
                found = preview_tonight(
                    page,
                    organization_id,
                    automation,
                    NEXT_NOON,
                    assume_enabled=True,
                    assume_rule=AssumedRule(None, [("weekday", ["1"])]),
                )
                previewed += len(found.items)
        assert previewed > 50
        assert table_hashes(owner, frozenset()) == before
    assert page.execute("SELECT current_user::text, current_setting('lock_timeout')").fetchone() == (
        "billing_settings",
        "0",
    )


def test_an_error_in_the_middle_leaves_the_connection_and_the_tables_as_they_were(
    sample_nights: SampleNights, page: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(tonight, "_read_items", fail)
    with psycopg.connect(sample_nights.url, autocommit=True) as owner:
        before = table_hashes(owner, frozenset())
        with pytest.raises(ZeroDivisionError):
            preview_tonight(page, 1, "invoice_creation", NEXT_NOON)
        assert table_hashes(owner, frozenset()) == before
    assert page.execute("SELECT current_user::text").fetchone() == ("billing_settings",)


def test_the_database_refuses_to_keep_a_preview(sample_nights: SampleNights) -> None:
    with psycopg.connect(sample_nights.url, autocommit=True) as connection:
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="a preview writes nothing"),
            connection.transaction(),
        ):
            connection.execute("SET LOCAL ROLE billing_preview")
            tonight._open(connection, 1, next_slot("invoice_creation", "America/New_York", NEXT_NOON))
        assert connection.execute("SELECT count(*) FROM billing.run WHERE night < '2000-01-01'").fetchone() == (0,)


def test_every_table_that_a_preview_may_write_refuses_to_keep_it(sample_nights: SampleNights) -> None:
    with psycopg.connect(sample_nights.url, autocommit=True) as connection:
        written = connection.execute(
            "SELECT c.oid::regclass::text, EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname ="
            "   'mark_preview' AND t.tgenabled = 'O' AND t.tgtype & 30 = 30 AND t.tgtype & 1 = 0)"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname IN ('practice', 'billing', 'reporting', 'public') AND c.relkind IN ('r', 'p', 'v')"
            "   AND (has_any_column_privilege('billing_preview', c.oid, 'INSERT, UPDATE')"
            "     OR has_table_privilege('billing_preview', c.oid, 'DELETE, TRUNCATE'))"
        ).fetchall()
        assert len(written) == 17
        assert [table for table, has_mark in written if not has_mark] == []
        # Nor may it call what writes with the owner's rights.
        doors = connection.execute(
            "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
            " WHERE n.nspname IN ('practice', 'billing', 'reporting') AND p.prosecdef"
            "   AND has_function_privilege('billing_preview', p.oid, 'EXECUTE')"
        ).fetchall()
        assert doors == []


def test_the_mark_of_a_preview_cannot_be_wiped_off(sample_nights: SampleNights) -> None:
    attempts = (
        "DELETE FROM billing.preview_mark",
        "ALTER TABLE billing.work_lock DISABLE TRIGGER mark_preview",
        "SET LOCAL session_replication_role = replica",
        "SET CONSTRAINTS ALL IMMEDIATE",
    )
    with psycopg.connect(sample_nights.url, autocommit=True) as connection, _page_login(connection):
        for statement in attempts:
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute("SET LOCAL ROLE billing_preview")
                connection.execute("DELETE FROM billing.candidate")
                connection.execute(statement.encode())


class _page_login:
    """Within it the session is that of a login that is no superuser: a member of the page's two roles."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._name = sql.Identifier(f"billing_test_login_{uuid.uuid4().hex[:12]}")

    def __enter__(self) -> None:
        self._connection.execute(sql.SQL("CREATE ROLE {}").format(self._name))
        self._connection.execute(sql.SQL("GRANT billing_settings, billing_preview TO {}").format(self._name))
        self._connection.execute(sql.SQL("SET SESSION AUTHORIZATION {}").format(self._name))
        self._connection.execute("SET ROLE billing_settings")

    def __exit__(self, *_: object) -> None:
        self._connection.execute("RESET SESSION AUTHORIZATION")
        self._connection.execute(sql.SQL("DROP ROLE {}").format(self._name))


def test_a_login_that_is_no_superuser_previews_everything_and_may_still_change_settings(
    sample_nights: SampleNights,
) -> None:
    with psycopg.connect(sample_nights.url, autocommit=True) as connection, _page_login(connection):
        for automation in AUTOMATIONS:
            found = preview_tonight(
                connection,
                5,
                automation,
                NEXT_NOON,
                assume_enabled=True,
                assume_rule=AssumedRule(None, [("weekday", ["7"])]),
            )
            assert found.gate == "ready"
        # The role of the page itself is no preview: what it writes is kept.
        with connection.transaction():
            connection.execute("UPDATE billing.automation_setting SET version = version WHERE organization_id = 5")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("INSERT INTO billing.work_lock VALUES (5, 'none')")


# Nobody is kept waiting


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Previews that wait for hardly a moment: what would wait is seen at once."""
    monkeypatch.setattr(organizations, "PREVIEW_LOCK_TIMEOUT", "20ms")
    monkeypatch.setattr(tonight, "PREVIEW_LOCK_TIMEOUT", "20ms")


@pytest.mark.usefixtures("impatient")
def test_while_a_run_works_on_the_organization_the_preview_says_so(
    sample_nights: SampleNights, page: Connection
) -> None:
    with psycopg.connect(sample_nights.url) as run:
        run.execute(
            "SELECT FROM billing.work_lock WHERE organization_id = 1 AND automation = 'invoice_creation' FOR UPDATE"
        )
        found = preview_tonight(page, 1, "invoice_creation", NEXT_NOON)
        assert (found.is_busy, found.items) == (True, [])
        assert preview_tonight(page, 2, "invoice_creation", NEXT_NOON).items
        assert not preview_tonight(page, 1, "invoice_processing", NEXT_NOON).is_busy
    assert not preview_tonight(page, 1, "invoice_creation", NEXT_NOON).is_busy


@pytest.mark.usefixtures("impatient")
def test_neither_other_previews_of_the_bucket_nor_the_night_wait_for_a_preview(
    sample_nights: SampleNights, page: Connection
) -> None:
    with (
        psycopg.connect(sample_nights.url, autocommit=True) as other,
        psycopg.connect(environment.pipeline_url(sample_nights.url), autocommit=True) as pipeline,
        other.transaction(force_rollback=True),
    ):
        row = page.execute(
            "SELECT timezone, min(organization_id), max(organization_id) FROM practice.organization"
            " GROUP BY timezone HAVING count(*) > 1 ORDER BY 1 LIMIT 1"
        ).fetchone()
        assert row is not None
        zone, mine, neighbour = row
        before = page.execute("SELECT count(*) FROM billing.run").fetchone()
        other.execute("SET LOCAL ROLE billing_preview")
        attempt, gate = tonight._open(other, mine, build_slot("invoice_creation", "2026-11-04", zone))
        tonight._decide(other, attempt, mine, gate)
        # Of the same organization one does: both would make the same invoices.
        assert preview_tonight(page, mine, "invoice_creation", NEXT_NOON).is_busy
        assert not preview_tonight(page, neighbour, "invoice_creation", NEXT_NOON).is_busy
        with pipeline.transaction(force_rollback=True):
            pipeline.execute("SET LOCAL lock_timeout = '20ms'")
            opened, _ = open_night(pipeline, "invoice_creation", zone, "2026-11-04", "beside a preview")
            assert opened.night == attempt.night
        assert page.execute("SELECT count(*) FROM billing.run").fetchone() == before


# Which night


def test_tonight_is_the_next_slot_whose_instant_has_not_come() -> None:
    due = build_slot("claims_submission", "2026-11-02", "America/Denver").due_at
    assert (
        next_slot("claims_submission", "America/Denver", due - timedelta(seconds=1)).night.isoformat() == "2026-11-02"
    )
    assert next_slot("claims_submission", "America/Denver", due).night.isoformat() == "2026-11-03"
    # One instant, two local dates.
    now = datetime(2026, 11, 3, 9, tzinfo=UTC)
    assert next_slot("invoice_creation", "Pacific/Guam", now).night.isoformat() == "2026-11-03"
    assert next_slot("invoice_creation", "Pacific/Pago_Pago", now).night.isoformat() == "2026-11-02"


def test_what_has_no_nightly_schedule_and_who_does_not_exist_is_refused(page: Connection) -> None:
    with pytest.raises(BillingError, match="no nightly schedule"):
        preview_tonight(page, 1, "era_processing", NEXT_NOON)
    for unknown in (0, 999_999, 2**80):
        with pytest.raises(BillingError, match="there is no organization"):
            preview_tonight(page, unknown, "invoice_creation", NEXT_NOON)
