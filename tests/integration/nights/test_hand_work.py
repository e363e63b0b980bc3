"""Work by hand: what each named function changes, refuses and writes into history, and who may call it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from include.claims_submission import steps as claims_submission
from include.development import environment
from tests.support.nights import BATCH_STEPS, open_night, timezones
from tests.support.practice import Connection, Practice

NOON = "2026-03-12 12:00"
TODAY = "2026-03-12"


@pytest.fixture
def practice(billing: Connection) -> Practice:
    """A practice whose hand work happens on 12 March at noon, done by `anna`."""
    made = Practice(billing)
    billing.execute("UPDATE billing.deployment SET is_sample = true, clock = 'due_instant'")
    billing.execute(
        "SELECT set_config('billing.simulated_now', %s, false), set_config('billing.actor', 'anna', false)",
        (made.instant(NOON).isoformat(),),
    )
    billing.execute("DELETE FROM billing.history")
    return made


def one(connection: Connection, statement: str, *parameters: object) -> tuple[object, ...]:
    row: tuple[object, ...] | None = connection.execute(statement.encode(), parameters).fetchone()
    assert row is not None
    return row


def history(connection: Connection) -> list[tuple[str, int, str, dict[str, object], str]]:
    rows = connection.execute(
        "SELECT subject, subject_id, action, detail, changed_by FROM billing.history ORDER BY history_id"
    )
    return rows.fetchall()


@contextmanager
def refused(text: str) -> Iterator[None]:
    """The call is refused with the SQLSTATE of a wrong call and a text that says what is wrong."""
    with pytest.raises(psycopg.errors.RaiseException, match=text):
        yield


def open_decision(practice: Practice, automation: str, item: int, opened_on: str = "2026-03-10") -> None:
    practice.connection.execute(
        "INSERT INTO billing.decision (organization_id, automation, item_id, reason, opened_on)"
        " VALUES (1, %s, %s, 'on_hold', %s)",
        (automation, item, opened_on),
    )


def decision_of(practice: Practice, item: int) -> tuple[object, ...]:
    return one(
        practice.connection, "SELECT opened_on::text, closed_on::text FROM billing.decision WHERE item_id = %s", item
    )


# Where and when


@pytest.mark.parametrize(
    ("timezone", "instant", "today"),
    [
        ("America/Denver", "2026-03-12T05:59:59Z", "2026-03-11"),
        ("America/Denver", "2026-03-12T06:00:00Z", "2026-03-12"),
        ("Pacific/Guam", "2026-03-12T13:59:59Z", "2026-03-12"),
        ("Pacific/Guam", "2026-03-12T14:00:00Z", "2026-03-13"),
    ],
)
def test_today_is_the_calendar_date_where_the_practice_is(
    practice: Practice, timezone: str, instant: str, today: str
) -> None:
    there = Practice(practice.connection, 2, timezone)
    practice.connection.execute("SELECT set_config('billing.simulated_now', %s, false)", (instant,))
    assert one(practice.connection, "SELECT billing.local_today(%s)::text", there.organization_id) == (today,)


def test_the_organization_of_an_item_is_found_per_step_and_a_missing_item_refused(practice: Practice) -> None:
    appointment = practice.appointment()
    invoice = practice.invoice(appointment)
    claim = practice.claim(invoice)
    for automation, item in (
        ("invoice_creation", appointment),
        ("invoice_processing", invoice),
        ("claims_submission", claim),
    ):
        assert one(practice.connection, "SELECT billing.organization_of_item(%s, %s)", automation, item) == (1,)
        with refused(f"there is no item 999999 of {automation}"):
            practice.connection.execute("SELECT billing.organization_of_item(%s, 999999)", (automation,))


# Hold, lift, release


def test_a_hold_is_one_row_with_who_and_why_and_a_second_call_changes_it(practice: Practice) -> None:
    item = practice.appointment()
    first = one(practice.connection, "SELECT billing.hold_item('invoice_creation', %s, 'ask the client')", item)
    row = "SELECT hold_id, hold_until::text, reason, held_by FROM billing.hold WHERE lifted_at IS NULL"
    assert one(practice.connection, row) == (*first, None, "ask the client", "anna")
    again = one(practice.connection, "SELECT billing.hold_item('invoice_creation', %s, 'card', '2026-03-20')", item)
    assert again == first
    assert practice.connection.execute(row).fetchall() == [(*first, "2026-03-20", "card", "anna")]
    assert history(practice.connection) == [
        ("invoice_creation", item, "held", {"until": None, "reason": "ask the client"}, "anna"),
        ("invoice_creation", item, "held", {"until": "2026-03-20", "reason": "card"}, "anna"),
    ]


def test_lifting_ends_the_hold_once_and_a_new_hold_is_a_new_row(practice: Practice) -> None:
    item = practice.appointment()
    practice.connection.execute("SELECT billing.hold_item('invoice_creation', %s, 'ask')", (item,))
    practice.connection.execute("SELECT billing.lift_hold('invoice_creation', %s)", (item,))
    assert one(practice.connection, "SELECT lifted_by, lifted_at FROM billing.hold") == (
        "anna",
        practice.instant(NOON),
    )
    with refused(f"item {item} of invoice_creation is not on hold"):
        practice.connection.execute("SELECT billing.lift_hold('invoice_creation', %s)", (item,))
    practice.connection.execute("SELECT billing.hold_item('invoice_creation', %s, 'again')", (item,))
    assert one(practice.connection, "SELECT count(*), count(lifted_at) FROM billing.hold") == (2, 1)
    assert [action for _, _, action, _, _ in history(practice.connection)] == ["held", "hold lifted", "held"]


def test_a_release_is_one_row_and_a_second_call_changes_it(practice: Practice) -> None:
    item = practice.invoice()
    practice.connection.execute("DELETE FROM billing.history")
    practice.connection.execute("SELECT billing.release_item('invoice_processing', %s, 'urgent')", (item,))
    practice.connection.execute("SELECT billing.release_item('invoice_processing', %s, 'very', true)", (item,))
    rows = practice.connection.execute("SELECT item_id, ignores_rules, reason, released_by FROM billing.release")
    assert rows.fetchall() == [(item, True, "very", "anna")]
    assert history(practice.connection) == [
        ("invoice_processing", item, "released", {"in_spite_of_rules": False, "reason": "urgent"}, "anna"),
        ("invoice_processing", item, "released", {"in_spite_of_rules": True, "reason": "very"}, "anna"),
    ]


@pytest.mark.parametrize("function", ["hold_item", "release_item"])
def test_a_hold_or_release_of_nothing_or_without_a_reason_is_refused(practice: Practice, function: str) -> None:
    statement = f"SELECT billing.{function}('invoice_creation', %s, %s)"
    with refused("there is no item 999999 of invoice_creation"):
        practice.connection.execute(statement.encode(), (999999, "urgent"))
    with pytest.raises(psycopg.errors.CheckViolation):
        practice.connection.execute(statement.encode(), (practice.appointment(), ""))
    assert history(practice.connection) == []


# Make an invoice


def test_an_invoice_by_hand_is_of_today_and_ends_the_appointments_decision(practice: Practice) -> None:
    appointment = practice.appointment("2026-03-03 23:30")
    open_decision(practice, "invoice_creation", appointment)
    (made,) = one(practice.connection, "SELECT billing.create_invoice(%s)", appointment)
    assert one(
        practice.connection,
        "SELECT organization_id, appointment_id, staff_id, location_id, service_on::text, invoice_on::text,"
        "   entered_step_on::text, invoice_status, total_amount::text, created_run_id, created_by FROM billing.invoice",
    ) == (
        1,
        appointment,
        practice.default_staff,
        practice.default_location,
        "2026-03-03",
        TODAY,
        TODAY,
        "open",
        "150.00",
        None,
        "anna",
    )
    assert decision_of(practice, appointment) == ("2026-03-10", TODAY)
    assert history(practice.connection) == [("invoice", made, "created by hand", {}, "anna")]


def test_an_invoice_by_hand_is_refused_where_there_is_nothing_to_bill_or_no_price(practice: Practice) -> None:
    missing = practice.service_type(rate=None)
    zero = practice.service_type(rate="0.00")
    plain = practice.default_service_type
    invoiced = practice.appointment()
    practice.invoice(invoiced)
    for appointment, text in (
        (999999, "there is no appointment 999999"),
        (practice.appointment(appointment_status="cancelled"), "is not kept and billable"),
        (practice.appointment(is_billable=False), "is not kept and billable"),
        (invoiced, "has a live invoice"),
        (practice.appointment(services=[]), "cannot be priced"),
        (practice.appointment(services=[plain, missing]), "cannot be priced"),
        (practice.appointment(services=[zero]), "cannot be priced"),
        (practice.appointment(services=[{"unit_count": 0}]), "cannot be priced"),
    ):
        with refused(text):
            practice.connection.execute("SELECT billing.create_invoice(%s)", (appointment,))
    assert one(practice.connection, "SELECT count(*) FROM billing.invoice") == (1,)


LINES = (
    "SELECT i.appointment_id, i.service_on, i.client_id, i.staff_id, i.location_id, i.total_amount, l.line_number,"
    "   l.service_type_id, l.procedure_code, l.modifier_1, l.modifier_2, l.modifier_3, l.modifier_4, l.unit_count,"
    "   l.rate_amount, l.charge_amount"
    " FROM billing.invoice i JOIN billing.invoice_line l USING (invoice_id) WHERE i.invoice_status = 'open'"
    " ORDER BY i.appointment_id, l.line_number"
)


def test_an_invoice_by_hand_is_priced_as_the_nightly_run_prices_it(sample_url: str) -> None:
    with (
        psycopg.connect(sample_url, autocommit=True) as billing,
        psycopg.connect(environment.pipeline_url(sample_url), autocommit=True) as pipeline,
    ):
        # Every organization takes part, and nothing but the price decides.
        billing.execute(
            "INSERT INTO practice.plan_automation SELECT plan_code, 'invoice_creation' FROM practice.plan"
            " ON CONFLICT DO NOTHING"
        )
        billing.execute(
            "INSERT INTO billing.automation_setting (organization_id, automation, is_enabled, enabled_on,"
            "   includes_earlier)"
            " SELECT organization_id, 'invoice_creation', true, '2026-01-01', true FROM practice.organization"
            " ON CONFLICT (organization_id, automation) DO UPDATE"
            "   SET is_enabled = true, enabled_on = '2026-01-01', includes_earlier = true, paused_until = NULL"
        )
        billing.execute("UPDATE billing.exclusion_rule SET deleted_at = now()")
        billing.execute("UPDATE billing.hold SET lifted_at = now()")
        blocked: set[int] = set()
        for timezone in timezones(pipeline):
            attempt, batches = open_night(pipeline, "invoice_creation", timezone, "2026-11-06")
            for organizations in batches:
                for step in BATCH_STEPS["invoice_creation"]:
                    step(pipeline, attempt, organizations)
            rows = pipeline.execute(
                "SELECT item_id FROM billing.candidate WHERE attempt_id = %s AND reason = 'blocked'",
                (attempt.attempt_id,),
            )
            blocked |= {item for (item,) in rows.fetchall()}
        by_night = billing.execute(LINES).fetchall()
        billing.execute("UPDATE billing.invoice SET invoice_status = 'void'")
        refused_by_hand = set()
        appointments = billing.execute("SELECT appointment_id FROM billing.appointment_in_step").fetchall()
        for (appointment,) in appointments:
            try:
                billing.execute("SELECT billing.create_invoice(%s)", (appointment,))
            except psycopg.errors.RaiseException:
                refused_by_hand.add(appointment)
        by_hand = billing.execute(LINES).fetchall()
    assert len(by_night) > 100
    assert len(blocked) >= 4
    assert by_hand == by_night
    assert refused_by_hand == blocked


# Make a claim


def test_a_claim_by_hand_enters_its_step_today_and_ends_the_invoices_decision(practice: Practice) -> None:
    invoice = practice.invoice()
    practice.connection.execute("DELETE FROM billing.history")
    open_decision(practice, "invoice_processing", invoice, "2026-03-13")
    (made,) = one(practice.connection, "SELECT billing.create_claim(%s)", invoice)
    assert one(
        practice.connection,
        "SELECT claim_id, invoice_id, level, claim_status, frequency_code, total_amount::text, entered_step_on::text,"
        "   created_run_id, created_by FROM billing.claim",
    ) == (made, invoice, "primary", "awaiting_submission", "1", "150.00", TODAY, None, "anna")
    # The decision is of tomorrow's night, as of a bucket that is ahead: it is emptied.
    assert decision_of(practice, invoice) == ("2026-03-13", "2026-03-13")
    assert history(practice.connection) == [("claim", made, "created by hand", {}, "anna")]


def test_a_claim_by_hand_needs_an_open_invoice_and_coverage_of_its_level_and_comes_once(practice: Practice) -> None:
    client = practice.insured(ends_on="2026-03-03")
    practice.policy(client, level="secondary", ends_on="2026-03-02")
    invoice = practice.invoice(practice.appointment("2026-03-03 23:30", client=client))
    void = practice.invoice()
    practice.connection.execute("UPDATE billing.invoice SET invoice_status = 'void' WHERE invoice_id = %s", (void,))
    for wrong in (void, 999999):
        with refused(f"there is no open invoice {wrong}"):
            practice.connection.execute("SELECT billing.create_claim(%s)", (wrong,))
    for level in ("secondary", "tertiary", "unheard of"):
        with refused(f"no {level} policy is active"):
            practice.connection.execute("SELECT billing.create_claim(%s, %s)", (invoice, level))
    practice.connection.execute("SELECT billing.create_claim(%s)", (invoice,))
    with refused("has a live primary claim"):
        practice.connection.execute("SELECT billing.create_claim(%s)", (invoice,))
    practice.connection.execute("UPDATE practice.policy SET ends_on = '2026-03-03' WHERE level = 'secondary'")
    practice.connection.execute("SELECT billing.create_claim(%s, 'secondary')", (invoice,))
    assert one(practice.connection, "SELECT count(*) FROM billing.claim") == (2,)


# Confirm, move back, void


def test_confirming_is_of_open_invoices_and_is_kept_in_history(practice: Practice) -> None:
    invoice, void = practice.invoice(), practice.invoice()
    practice.connection.execute("UPDATE billing.invoice SET invoice_status = 'void' WHERE invoice_id = %s", (void,))
    practice.connection.execute("DELETE FROM billing.history")
    practice.connection.execute("SELECT billing.confirm_invoice(%s)", (invoice,))
    assert history(practice.connection) == [("invoice", invoice, "confirmed", {"old": "open"}, "anna")]
    for wrong in (void, 999999):
        with refused(f"there is no open invoice {wrong}"):
            practice.connection.execute("SELECT billing.confirm_invoice(%s)", (wrong,))
    confirmed = "SELECT count(confirmed_at) FROM billing.invoice"
    assert one(practice.connection, confirmed) == (1,)


def test_moving_a_claim_back_voids_it_and_begins_the_invoices_review_day_again(practice: Practice) -> None:
    invoice = practice.invoice()
    claim = practice.claim(invoice)
    open_decision(practice, "claims_submission", claim)
    practice.connection.execute("DELETE FROM billing.history")
    practice.connection.execute("SELECT billing.move_back_claim(%s, 'wrong coverage')", (claim,))
    assert one(practice.connection, "SELECT claim_status FROM billing.claim") == ("void",)
    assert one(
        practice.connection, "SELECT invoice_status, entered_step_on::text, invoice_on::text FROM billing.invoice"
    ) == (
        "open",
        TODAY,
        "2026-03-03",
    )
    assert decision_of(practice, claim) == ("2026-03-10", TODAY)
    assert history(practice.connection) == [
        ("claim", claim, "void", {"old": "awaiting_submission", "version": 1}, "anna"),
        ("claim", claim, "moved back", {"reason": "wrong coverage"}, "anna"),
    ]
    # The invoice is in its step again and may have another claim.
    practice.connection.execute("SELECT billing.create_claim(%s)", (invoice,))


@pytest.mark.parametrize("status", ["submitted", "accepted", "rejected", "paid", "denied", "void"])
def test_a_claim_that_is_not_awaiting_submission_is_not_moved_back(practice: Practice, status: str) -> None:
    claim = practice.claim()
    practice.connection.execute("UPDATE billing.claim SET claim_status = %s, submitted_at = now()", (status,))
    with refused(f"claim {claim} is not awaiting submission, or is in a file already"):
        practice.connection.execute("SELECT billing.move_back_claim(%s, 'why')", (claim,))


def test_a_claim_that_is_in_a_file_is_not_moved_back(practice: Practice, pipeline: Connection) -> None:
    claim = practice.claim()
    attempt, batches = open_night(pipeline, "claims_submission", practice.timezone, TODAY)
    for step in BATCH_STEPS["claims_submission"]:
        step(pipeline, attempt, batches[0])
    assert one(practice.connection, "SELECT claim_status FROM billing.claim") == ("awaiting_submission",)
    with refused("is in a file already"):
        practice.connection.execute("SELECT billing.move_back_claim(%s, 'why')", (claim,))


def test_voiding_an_invoice_holds_its_appointment_so_that_no_night_makes_it_again(practice: Practice) -> None:
    appointment = practice.appointment()
    invoice = practice.invoice(appointment)
    open_decision(practice, "invoice_processing", invoice)
    practice.connection.execute("DELETE FROM billing.history")
    practice.connection.execute("SELECT billing.void_invoice(%s, 'typed twice')", (invoice,))
    assert one(practice.connection, "SELECT invoice_status FROM billing.invoice") == ("void",)
    assert decision_of(practice, invoice) == ("2026-03-10", TODAY)
    assert one(practice.connection, "SELECT automation, item_id, hold_until, reason FROM billing.hold") == (
        "invoice_creation",
        appointment,
        None,
        "its invoice was voided: typed twice",
    )
    assert history(practice.connection) == [
        ("invoice", invoice, "void", {"old": "open"}, "anna"),
        (
            "invoice_creation",
            appointment,
            "held",
            {"until": None, "reason": "its invoice was voided: typed twice"},
            "anna",
        ),
    ]
    with refused(f"invoice {invoice} is not open"):
        practice.connection.execute("SELECT billing.void_invoice(%s, 'again')", (invoice,))


def test_an_invoice_with_a_live_claim_is_not_voided_until_the_claim_is_back(practice: Practice) -> None:
    invoice = practice.invoice()
    claim = practice.claim(invoice)
    with refused("has a live claim: move the claim back first"):
        practice.connection.execute("SELECT billing.void_invoice(%s, 'why')", (invoice,))
    practice.connection.execute("SELECT billing.move_back_claim(%s, 'why')", (claim,))
    practice.connection.execute("SELECT billing.void_invoice(%s, 'why')", (invoice,))


# Who may


@contextmanager
def as_role(url: str, role: str) -> Iterator[Connection]:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SET ROLE {role}".encode())
        yield connection


def calls(practice: Practice) -> dict[str, tuple[str, int]]:
    """Every function of work by hand with an item it can be called on, in an order in which all succeed."""
    appointment, invoice = practice.appointment(), practice.invoice()
    claim, voided = practice.claim(), practice.invoice()
    unsent, decided = practice.claim(), practice.sent_claim()
    held, sent = practice.claim(), practice.claim()
    write_finding(practice, held)
    write_submission(practice, sent)
    refused, delivered, doubtful = practice.sent_claim(), write_file(practice, "sent"), write_file(practice, "unknown")
    practice.connection.execute("UPDATE billing.claim SET claim_status = 'rejected' WHERE claim_id = %s", (refused,))
    bounced = practice.sent_claim()
    write_submission(practice, bounced)
    practice.connection.execute("UPDATE billing.claim SET claim_status = 'rejected' WHERE claim_id = %s", (bounced,))
    abandoned = write_file(practice, "sent")
    refused_file = one(
        practice.connection, "SELECT interchange_id FROM billing.claim_submission WHERE claim_id = %s", bounced
    )[0]
    assert isinstance(refused_file, int)
    unreadable = one(
        practice.connection,
        "INSERT INTO billing.inbox_file (receiver_code, sha256, body, file_state, reason_code, decided_at)"
        " VALUES ('default', 'a hash', '', 'quarantined', 'not_x12', now()) RETURNING inbox_file_id",
    )[0]
    assert isinstance(unreadable, int)
    return {
        "hold_item": ("SELECT billing.hold_item('invoice_creation', %s, 'why')", appointment),
        "lift_hold": ("SELECT billing.lift_hold('invoice_creation', %s)", appointment),
        "release_item": ("SELECT billing.release_item('invoice_processing', %s, 'why')", invoice),
        "organization_of_item": ("SELECT billing.organization_of_item('invoice_creation', %s)", appointment),
        "create_invoice": ("SELECT billing.create_invoice(%s)", appointment),
        "confirm_invoice": ("SELECT billing.confirm_invoice(%s)", invoice),
        "create_claim": ("SELECT billing.create_claim(%s)", invoice),
        "move_back_claim": ("SELECT billing.move_back_claim(%s, 'why')", claim),
        "void_invoice": ("SELECT billing.void_invoice(%s, 'why')", voided),
        "mark_claim_sent": ("SELECT billing.mark_claim_sent(%s, '2026-03-05', 'by its portal')", unsent),
        "record_adjudication": ("SELECT billing.record_adjudication(%s, 0, '2026-03-09')", decided),
        "withdraw_adjudication": ("SELECT billing.withdraw_adjudication(%s, 'typed wrongly')", decided),
        "set_edit_severity": ("SELECT billing.set_edit_severity(%s, NULL, 'COV01', 'off', 'why')", 1),
        "clear_edit_severity": ("SELECT billing.clear_edit_severity(%s, NULL, 'COV01', 'why')", 1),
        "override_finding": ("SELECT billing.override_finding(%s, 'COV01', 'why')", held),
        "withdraw_override": ("SELECT billing.withdraw_override(%s, 'COV01', 'why')", held),
        "record_rejection": ("SELECT billing.record_rejection('C' || %s || 'V1', 'A3', '88')", sent),
        "wait_for_answer": ("SELECT billing.wait_for_answer(%s, now(), 'why')", delivered),
        "resend_file": ("SELECT billing.resend_file(%s, 'why')", delivered),
        "confirm_file": ("SELECT billing.confirm_file(%s, 'why')", doubtful),
        "return_claim": ("SELECT billing.return_claim(%s, 'why')", refused),
        "reject_file": ("SELECT billing.reject_file(%s, 'why')", abandoned),
        "return_claims_of_file": ("SELECT billing.return_claims_of_file(%s, 'why')", refused_file),
        "dismiss_inbox_file": ("SELECT billing.dismiss_inbox_file(%s, 'why')", unreadable),
        "retry_inbox_file": ("SELECT billing.retry_inbox_file(%s, 'why')", unreadable),
    }


def write_finding(practice: Practice, claim: int) -> None:
    """An error that may be overridden, as a scrub writes it."""
    practice.connection.execute(
        "INSERT INTO billing.edit VALUES ('COV01', 1, 'line', 'error', 'not active', 'Client', true)"
        " ON CONFLICT DO NOTHING"
    )
    practice.connection.execute(
        "INSERT INTO billing.finding (organization_id, claim_id, version, edit_code, severity, first_seen_on,"
        "   last_seen_on) VALUES (1, %s, 1, 'COV01', 'error', '2026-03-10', '2026-03-10')",
        (claim,),
    )


def write_submission(practice: Practice, claim: int) -> None:
    """The claim stands in a file, as far as the database is concerned."""
    practice.connection.execute(
        "WITH r AS (INSERT INTO billing.run (automation, timezone, night, due_at)"
        "   SELECT 'claims_submission', 'America/Denver', date '2020-01-01' - count(*)::integer, now()"
        "   FROM billing.interchange RETURNING run_id),"
        " x AS (INSERT INTO billing.interchange (receiver_code, control_number, file_name, sha256, body, built_run_id,"
        "   built_at) SELECT 'default', run_id, 'of run ' || run_id, 'a hash', '', run_id, now() FROM r"
        "   RETURNING interchange_id),"
        " t AS (INSERT INTO billing.transaction_set SELECT interchange_id, '0001', 1, 'a batch', 1 FROM x"
        "   RETURNING interchange_id, transaction_number)"
        " INSERT INTO billing.claim_submission SELECT k.claim_id, k.version, t.*, k.claim_number, 1,"
        " k.total_amount, 1, 1 FROM billing.claim k, t WHERE k.claim_id = %s",
        (claim,),
    )


def write_file(practice: Practice, state: str) -> int:
    """A file without claims, as far as the database is concerned."""
    made = one(
        practice.connection,
        "WITH r AS (INSERT INTO billing.run (automation, timezone, night, due_at)"
        "   SELECT 'claims_submission', 'America/Denver', date '2020-01-02' + count(*)::integer, now()"
        "   FROM billing.interchange RETURNING run_id)"
        " INSERT INTO billing.interchange (receiver_code, control_number, file_name, sha256, body, built_run_id,"
        "   built_at, interchange_state, attempt_count, sent_at, unknown_since, delivery_stage)"
        " SELECT 'default', 100 + run_id, 'file ' || run_id, 'a hash', '', run_id, now(), %s, 1, now(),"
        "   CASE %s WHEN 'unknown' THEN now() END, CASE %s WHEN 'unknown' THEN 'placing' END"
        " FROM r RETURNING interchange_id",
        state,
        state,
        state,
    )[0]
    assert isinstance(made, int)
    return made


def test_the_settings_page_may_call_every_function(practice: Practice, database_url: str) -> None:
    with as_role(database_url, "billing_settings") as settings:
        for statement, item in calls(practice).values():
            settings.execute(statement.encode(), (item,))


@pytest.mark.parametrize("role", ["billing_pipeline", "billing_analyst"])
def test_nobody_else_may_call_one(practice: Practice, database_url: str, role: str) -> None:
    with as_role(database_url, role) as other:
        for statement, item in calls(practice).values():
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                other.execute(statement.encode(), (item,))


def test_the_list_of_functions_called_above_is_whole(practice: Practice) -> None:
    definers = practice.connection.execute(
        "SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'billing'::regnamespace AND p.prosecdef"
        "   AND p.prorettype <> 'trigger'::regtype"
    ).fetchall()
    of_the_software = {
        "analyze_candidates",
        "analyze_incoming",
        "client_key",
        "inbox_clock",
        "lock_sending",
        "record_file_sent",
        "return_claims",
        "unlock_sending",
        "wait_for_run",
    }
    assert {name for (name,) in definers} - of_the_software == set(calls(practice)) - {"organization_of_item"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing.invoice SET entered_step_on = '2020-01-01'",
        "UPDATE billing.claim SET claim_status = 'void'",
        "UPDATE billing.claim SET entered_step_on = '2020-01-01'",
        "DELETE FROM billing.invoice_line",
        "INSERT INTO billing.hold (organization_id, automation, item_id, reason)"
        " VALUES (1, 'invoice_creation', 1, 'why')",
        "UPDATE billing.hold SET lifted_at = now()",
        "DELETE FROM billing.history",
        "UPDATE billing.history SET action = 'x'",
        "UPDATE billing.receiver SET usage_indicator = 'P'",
        "UPDATE practice.appointment SET appointment_status = 'kept'",
    ],
)
@pytest.mark.parametrize("role", ["billing_settings", "billing_pipeline", "billing_analyst"])
def test_no_role_goes_round_the_functions(database_url: str, role: str, statement: str) -> None:
    may = role == "billing_pipeline" and statement.startswith("UPDATE billing.claim")
    with as_role(database_url, role) as connection:
        if may:
            connection.execute(statement.encode())  # how a run submits claims
            return
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_history_names_the_role_that_called_when_nobody_says_who_acts(practice: Practice, database_url: str) -> None:
    item = practice.appointment()
    with as_role(database_url, "billing_settings") as settings:
        settings.execute("SELECT billing.hold_item('invoice_creation', %s, 'why')", (item,))
    assert one(practice.connection, "SELECT changed_by FROM billing.history") == ("billing_settings",)


# Reporting


REPORTING = {
    "runs": "run_id automation timezone night due_at attempt_count airflow_run_id first_opened_at opened_at closed_at"
    " outcome edit_catalogue_version",
    "nightly_results": "automation timezone night organization_id organization_name is_sample candidate_count"
    " advanced_count advanced_amount excluded_count blocked_count review_day_count on_hold_count before_start_count"
    " scrub_error_count refused_count left_to_another_run_count step_failed_count waiting_count run_id",
    "decisions": "automation organization_id organization_name step item_id reason detail_code rule_id item_count"
    " opened_on closed_on is_open",
    "open_scrub_errors": "organization_id organization_name claim_id claim_number level service_on line_number"
    " edit_code severity message fix_location first_seen_on last_seen_on total_amount client_key is_overridden is_new",
    "scrub_findings": "organization_id organization_name claim_id claim_number level claim_status service_on"
    " line_number edit_code severity message fix_location first_seen_on last_seen_on resolved_on resolution"
    " is_overridden is_sent client_key",
    "edit_effectiveness": "edit_code severity default_severity is_overridable message fired_claim_count"
    " fixed_claim_count overridden_claim_count open_claim_count sent_claim_count rejected_claim_count"
    " missed_claim_count median_nights_to_fix",
    "not_checked": "automation timezone night organization_id organization_name edit_code claim_count run_id",
    "reference_tables": "table_name release_label source origin covers_from covers_to loaded_at row_count",
    "claims": "claim_id claim_number version organization_id organization_name level claim_status service_on invoice_on"
    " entered_step_on submitted_at total_amount frequency_code insurer_id file_name control_number transaction_number"
    " client_key is_sample invoice_id part part_count",
    "files": "interchange_id receiver_code receiver_name file_name control_number interchange_state attempt_count"
    " delivered_to fault_code built_at sent_at unknown_since acknowledged_at wait_until organization_count claim_count"
    " set_count rejected_set_count timezone night",
    "inbox_files": "inbox_file_id receiver_code contents file_state reason_code segment_number received_at decided_at"
    " answer_count applied_count unknown_count superseded_count",
    "unknown_answers": "inbox_file_id position receiver_code received_at source grain outcome is_addressed_to_us"
    " is_from_receiver control_number transaction_number claim_number category_code status_code",
    "claim_answers": "organization_id organization_name claim_id claim_number version is_newest_version claim_status"
    " source outcome effect line_number category_code category_words status_code status_words entity_code entity_words"
    " fix_location received_at interchange_id client_key",
    "overdue_answers": "missing receiver_code receiver_name interchange_id file_name control_number organization_id"
    " organization_name claim_count waiting_since due_at",
}


def test_the_reporting_views_have_the_columns_promised_and_no_other(practice: Practice) -> None:
    rows = practice.connection.execute(
        "SELECT table_name, string_agg(column_name, ' ' ORDER BY ordinal_position)"
        " FROM information_schema.columns WHERE table_schema = 'reporting' GROUP BY table_name"
    )
    assert dict(rows.fetchall()) == REPORTING


@pytest.mark.parametrize("view", list(REPORTING))
def test_an_analyst_reads_every_reporting_view(
    practice: Practice, pipeline: Connection, database_url: str, view: str
) -> None:
    _night_with_a_held_claim(practice, pipeline)
    with as_role(database_url, "billing_analyst") as analyst:
        assert analyst.execute(f"SELECT * FROM reporting.{view}".encode()).fetchall()  # noqa: S608


def test_an_analyst_reads_nothing_else_and_writes_nothing(practice: Practice, database_url: str) -> None:
    tables = practice.connection.execute(
        "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname IN ('practice', 'billing', 'reference') AND c.relkind IN ('r', 'v')"
    ).fetchall()
    assert len(tables) > 30
    statements = [f"SELECT FROM {table}" for (table,) in tables]
    statements += [f"DELETE FROM reporting.{view}" for view in REPORTING]  # noqa: S608
    with as_role(database_url, "billing_analyst") as analyst:
        for statement in [*statements, "SELECT billing.client_key(1)"]:
            # A view over several tables cannot be written whoever asks.
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)):
                analyst.execute(statement.encode())


def test_no_patient_data_stands_in_a_reporting_view(practice: Practice, pipeline: Connection) -> None:
    _night_with_a_held_claim(practice, pipeline)
    for view in REPORTING:
        text = practice.connection.execute(f"SELECT v::text FROM reporting.{view} v".encode()).fetchall()  # noqa: S608
        assert text, view
        for (row,) in text:
            assert "Zyx" not in row and "1931-01-31" not in row and "Z999" not in row, view


def _night_with_a_held_claim(practice: Practice, pipeline: Connection) -> None:
    """One claim is held for what it lacks, one is sent and answered; everything known of their clients is marked."""
    for city in ("", "Zyx-city"):
        client = practice.client(
            last_name="Zyx-last",
            first_name="Zyx-first",
            birth_on="1931-01-31",
            address_1="Zyx-street",
            city=city,
            sex="F",
        )
        practice.policy(client, member_id="Zyx-member", group_number="Zyx-group")
        practice.connection.execute("UPDATE practice.diagnosis SET diagnosis_code = 'Z999'")
        practice.claim(practice.invoice(practice.appointment(client=client)))
    attempt, batches = open_night(pipeline, "claims_submission", practice.timezone, TODAY)
    for step in BATCH_STEPS["claims_submission"]:
        step(pipeline, attempt, batches[0])
    claims_submission.close_run(pipeline, attempt)
    assert one(practice.connection, "SELECT count(*) FROM billing.decision WHERE reason = 'scrub_error'") == (1,)
    practice.connection.execute(
        "INSERT INTO billing.reference_release (table_name, release_label, source, origin, sha256, row_count)"
        " VALUES ('payer_list', 'of today', 'a test', 'supplied', repeat('0', 64), 1)"
    )
    _answer(practice)


def _answer(practice: Practice) -> None:
    """The file of the night left the day before and is overdue; its claim is rejected, and so is somebody else's."""
    practice.connection.execute("SELECT billing.record_file_sent(interchange_id) FROM billing.interchange")
    practice.connection.execute("UPDATE billing.interchange SET sent_at = sent_at - interval '2 days'")
    practice.connection.execute(
        "WITH file AS (INSERT INTO billing.inbox_file (receiver_code, sha256, body, contents, file_state, decided_at)"
        "   VALUES ('default', repeat('0', 64), 'Zyx', '{277CA}', 'applied', now()) RETURNING inbox_file_id),"
        " listing AS (INSERT INTO billing.inbox_listing SELECT 'default', 'Zyx', 3, now(), inbox_file_id FROM file)"
        " INSERT INTO billing.acknowledgment (inbox_file_id, position, source, grain, outcome, effect, interchange_id,"
        "   claim_id, version, claim_number, batch_reference, category_code, status_code, submitter_id)"
        " SELECT inbox_file_id, 1, '277CA', 'claim', 'rejected', 'applied', s.interchange_id, s.claim_id, s.version,"
        "   s.claim_number, NULL, 'A7', '562', 'SUBMITTER' FROM file, billing.claim_submission s"
        " UNION ALL SELECT inbox_file_id, 2, '277CA', 'claim', 'rejected', 'unknown', NULL, NULL, NULL,"
        "   'Zyx 1931-01-31', 'Zyx', 'A7', '562', 'SUBMITTER' FROM file"
    )
