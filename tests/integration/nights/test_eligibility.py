"""Which items a night takes: one that comes and one per reason that does not, on both sides of each border."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from include.claims_submission.delivery import deliver_files
from tests.support.nights import BATCH_STEPS, close_night, open_night, run_night
from tests.support.practice import AUTOMATIONS, Connection, Practice, outcomes
from tests.support.sending import directory_boxes

DENVER = "America/Denver"
NIGHT = "2026-03-12"

Run = Callable[..., dict[int, str]]


@pytest.fixture
def run(pipeline: Connection, tmp_path: Path) -> Run:
    """Run a night of one automation and return what it decided per item."""

    def run_and_read(automation: str, night: str = NIGHT, timezone: str = DENVER) -> dict[int, str]:
        run_night(pipeline, automation, timezone, night, tmp_path)
        return outcomes(pipeline, automation, night, timezone)

    return run_and_read


def gates(connection: Connection, automation: str) -> list[tuple[int, str, int]]:
    """Organization, reason and count of the organizations that stand aside."""
    rows = connection.execute(
        "SELECT organization_id, reason, item_count FROM billing.decision"
        " WHERE automation = %s AND item_id IS NULL AND closed_on IS NULL ORDER BY 1",
        (automation,),
    )
    return rows.fetchall()


def names(found: dict[int, str], items: dict[str, int]) -> dict[str, str]:
    """The outcome per named item; *nothing* for an item the night did not look at."""
    assert set(found) <= set(items.values()), "the night decided on an item the test does not know"
    return {name: found.get(item, "nothing") for name, item in items.items()}


# Invoice Creation: what is a candidate


def test_an_appointment_is_invoiced_when_it_is_kept_billable_and_not_invoiced_yet(
    billing: Connection, run: Run
) -> None:
    practice = Practice(billing)
    invoiced = practice.appointment()
    practice.invoice(invoiced)
    voided = practice.appointment()
    billing.execute(
        "UPDATE billing.invoice SET invoice_status = 'void' WHERE invoice_id = %s", (practice.invoice(voided),)
    )
    items = {
        "kept": practice.appointment(),
        **{
            status: practice.appointment(appointment_status=status)
            for status in ("scheduled", "cancelled", "late_cancelled", "no_show")
        },
        "not billable": practice.appointment(is_billable=False),
        "has an invoice": invoiced,
        "has a void invoice": voided,
    }
    found = names(run("invoice_creation"), items)
    assert {name for name, outcome in found.items() if outcome == "advanced"} == {"kept", "has a void invoice"}
    assert {outcome for name, outcome in found.items() if name not in ("kept", "has a void invoice")} == {"nothing"}


@pytest.mark.parametrize("timezone", ["America/Denver", "Pacific/Guam", "Pacific/Pago_Pago"])
def test_a_night_ends_at_local_midnight_and_the_start_begins_at_local_midnight(
    billing: Connection, run: Run, timezone: str
) -> None:
    practice = Practice(billing, timezone=timezone)
    practice.setting("invoice_creation", enabled_on="2026-03-10")
    items = {
        at: practice.appointment(at)
        for at in ("2026-03-09 23:59:59", "2026-03-10 00:00", "2026-03-12 23:59:59", "2026-03-13 00:00")
    }
    assert names(run("invoice_creation", timezone=timezone), items) == {
        "2026-03-09 23:59:59": "before_start",
        "2026-03-10 00:00": "advanced",
        "2026-03-12 23:59:59": "advanced",
        "2026-03-13 00:00": "nothing",
    }
    dates = billing.execute(
        "SELECT service_on::text, invoice_on::text FROM billing.invoice ORDER BY service_on"
    ).fetchall()
    assert dates == [("2026-03-10", NIGHT), ("2026-03-12", NIGHT)]


@pytest.mark.parametrize(
    ("night", "last_in", "first_out"),
    [
        ("2026-03-08", "2026-03-08 23:59:59-06:00", "2026-03-09 00:00:00-06:00"),
        ("2026-11-01", "2026-11-01 23:59:59-07:00", "2026-11-02 00:00:00-07:00"),
        ("2026-03-07", "2026-03-07 23:59:59-07:00", "2026-03-08 00:00:00-07:00"),
        ("2026-10-31", "2026-10-31 23:59:59-06:00", "2026-11-01 00:00:00-06:00"),
    ],
)
def test_a_night_ends_at_local_midnight_also_around_clock_changes(
    billing: Connection, run: Run, night: str, last_in: str, first_out: str
) -> None:
    practice = Practice(billing)
    items = {"last": practice.appointment(), "first of the next": practice.appointment()}
    for name, instant in (("last", last_in), ("first of the next", first_out)):
        billing.execute(
            "UPDATE practice.appointment SET starts_at = %s::timestamptz, ends_at = %s::timestamptz + interval '1 hour'"
            " WHERE appointment_id = %s",
            (instant, instant, items[name]),
        )
    assert names(run("invoice_creation", night), items) == {"last": "advanced", "first of the next": "nothing"}


# Enabled on, includes earlier


def test_what_waited_before_the_start_stays_unless_it_is_included(billing: Connection, run: Run) -> None:
    practice = Practice(billing)
    for automation in AUTOMATIONS:
        practice.setting(automation, enabled_on="2026-03-10")
    appointments = {
        "before": practice.appointment("2026-03-09 10:00"),
        "from": practice.appointment("2026-03-10 10:00"),
    }
    served_before = practice.appointment("2026-03-01 10:00")
    invoices = {
        "before": practice.invoice(invoice_on="2026-03-09", entered_step_on="2026-03-11"),
        "from": practice.invoice(served_before, invoice_on="2026-03-10"),
    }
    claims = {
        "before": practice.claim(entered_step_on="2026-03-09"),
        "from": practice.claim(entered_step_on="2026-03-10"),
    }
    items = {"claims_submission": claims, "invoice_processing": invoices, "invoice_creation": appointments}
    for automation, of_automation in items.items():
        assert names(run(automation), of_automation) == {"before": "before_start", "from": "advanced"}, automation
    for automation in items:
        practice.setting(automation, enabled_on="2026-03-10", includes_earlier=True)
    for automation, of_automation in items.items():
        assert run(automation, "2026-03-13")[of_automation["before"]] == "advanced", automation


# Plan, off, paused


@pytest.mark.parametrize("automation", AUTOMATIONS)
def test_an_organization_stands_aside_by_plan_or_switch_or_pause_with_one_row_and_a_count(
    billing: Connection, run: Run, automation: str
) -> None:
    others = [each for each in AUTOMATIONS if each != automation]
    practices = {
        "ready": Practice(billing, 1),
        "no plan": Practice(billing, 2, plan=others),
        "never on": Practice(billing, 3, enabled=others),
        "off": Practice(billing, 4),
        "paused until tomorrow": Practice(billing, 5),
        "paused until tonight": Practice(billing, 6),
        "no plan, off, paused": Practice(billing, 7, plan=others),
        "off, paused": Practice(billing, 8),
        "no plan, no items": Practice(billing, 9, plan=others),
    }
    practices["off"].setting(automation, is_enabled=False)
    practices["paused until tomorrow"].setting(automation, paused_until="2026-03-13")
    practices["paused until tonight"].setting(automation, paused_until=NIGHT)
    practices["no plan, off, paused"].setting(automation, is_enabled=False, paused_until="2026-04-01")
    practices["off, paused"].setting(automation, is_enabled=False, paused_until="2026-04-01")
    items = {
        name: [practice.item(automation) for _ in range(2)]
        for name, practice in practices.items()
        if name != "no plan, no items"
    }
    ready = {"ready", "paused until tonight"}
    assert run(automation) == {item: "advanced" for name in ready for item in items[name]}
    assert gates(billing, automation) == [
        (2, "plan", 2),
        (3, "off", 2),
        (4, "off", 2),
        (5, "paused", 2),
        (7, "plan", 2),
        (8, "off", 2),
    ]
    # The pause is over by itself, and the plan has it again.
    billing.execute("INSERT INTO practice.plan_automation VALUES ('plan 2', %s)", (automation,))
    resumed = {"no plan", "paused until tomorrow"}
    assert run(automation, "2026-03-13") == {item: "advanced" for name in resumed for item in items[name]}
    assert [organization for organization, _, _ in gates(billing, automation)] == [3, 4, 7, 8]


def test_automations_are_independent_of_each_other(billing: Connection, run: Run) -> None:
    practice = Practice(billing, enabled=["invoice_processing"])
    practice.appointment(), practice.claim()
    invoice = practice.invoice()
    assert run("claims_submission") == {}
    assert run("invoice_processing") == {invoice: "advanced"}
    assert run("invoice_creation") == {}
    # The claim of tonight came at 22:00, after the submission of 21:00 had counted.
    assert gates(billing, "claims_submission") == [(1, "off", 1)]
    assert gates(billing, "invoice_creation") == [(1, "off", 1)]


# Holds


@pytest.mark.parametrize("automation", AUTOMATIONS)
def test_a_held_item_stays_until_its_night_or_until_somebody_lifts_the_hold(
    billing: Connection, run: Run, automation: str
) -> None:
    practice = Practice(billing)
    items = {
        name: practice.item(automation)
        for name in ("free", "open end", "until tomorrow", "until tonight", "lifted", "held again", "in another step")
    }
    untils = {
        "open end": None,
        "until tomorrow": "2026-03-13",
        "until tonight": NIGHT,
        "lifted": None,
        "held again": None,
    }
    for name, until in untils.items():
        billing.execute("SELECT billing.hold_item(%s, %s, 'to be looked at', %s)", (automation, items[name], until))
    for name in ("lifted", "held again"):
        billing.execute("SELECT billing.lift_hold(%s, %s)", (automation, items[name]))
    billing.execute("SELECT billing.hold_item(%s, %s, 'once more', '2026-03-20')", (automation, items["held again"]))
    # Ids of two steps may be equal: a hold is of one step.
    billing.execute(
        "INSERT INTO billing.hold (organization_id, automation, item_id, reason)"
        " VALUES (1, 'era_processing', %s, 'other')",
        (items["in another step"],),
    )
    assert names(run(automation), items) == {
        "free": "advanced",
        "open end": "on_hold",
        "until tomorrow": "on_hold",
        "until tonight": "advanced",
        "lifted": "advanced",
        "held again": "on_hold",
        "in another step": "advanced",
    }
    assert run(automation, "2026-03-13") == {
        items["open end"]: "on_hold",
        items["until tomorrow"]: "advanced",
        items["held again"]: "on_hold",
    }


# Exclusion rules: order, deletion, release


@pytest.mark.parametrize("automation", AUTOMATIONS)
def test_the_first_matching_live_rule_is_recorded(billing: Connection, run: Run, automation: str) -> None:
    practice = Practice(billing)
    asked, other = practice.insured(), practice.insured()
    item = practice.item(automation, practice.appointment(client=asked))
    deleted = practice.rule(automation, ("client", [asked]), position=1)
    billing.execute("UPDATE billing.exclusion_rule SET deleted_at = now() WHERE rule_id = %s", (deleted,))
    practice.rule(automation, ("client", [other]), position=2)
    later = practice.rule(automation, ("client", [asked]), position=4)
    first = practice.rule(automation, ("location", [practice.default_location]), position=3)
    assert later < first
    assert run(automation) == {item: "excluded"}
    assert billing.execute("SELECT rule_id FROM billing.decision WHERE item_id = %s", (item,)).fetchall() == [(first,)]


@pytest.mark.parametrize("automation", AUTOMATIONS)
def test_a_rule_whose_only_value_is_gone_excludes_nothing(billing: Connection, run: Run, automation: str) -> None:
    practice = Practice(billing)
    gone = practice.insurer(deleted_on="2026-03-01")
    item = practice.item(automation, practice.appointment(client=practice.insured(gone)))
    practice.rule(automation, ("primary_insurer", [gone]))
    practice.rule(automation, ("location", [practice.default_location]), ("primary_insurer", [gone]), position=2)
    assert run(automation) == {item: "advanced"}


@pytest.mark.parametrize("automation", AUTOMATIONS)
def test_an_excluded_item_goes_when_released_in_spite_of_the_rules_and_only_then(
    billing: Connection, run: Run, automation: str
) -> None:
    practice = Practice(billing)
    practice.rule(automation, ("location", [practice.default_location]))
    items = {name: practice.item(automation) for name in ("excluded", "released", "released in spite", "withdrawn")}
    for name, ignores in (("released", False), ("released in spite", True), ("withdrawn", True)):
        billing.execute("SELECT billing.release_item(%s, %s, 'urgent', %s)", (automation, items[name], ignores))
    billing.execute("UPDATE billing.release SET withdrawn_at = now() WHERE item_id = %s", (items["withdrawn"],))
    assert names(run(automation), items) == {
        "excluded": "excluded",
        "released": "excluded",
        "released in spite": "advanced",
        "withdrawn": "excluded",
    }


# Blocked: Invoice Creation and its rates


def test_the_rate_is_the_insurers_else_the_default_in_force_on_the_service_date(billing: Connection, run: Run) -> None:
    practice = Practice(billing)
    insurer, other = practice.insurer(), practice.insurer()
    service = practice.service_type(rate="100.00")
    practice.fee(service, "110.00", "2026-03-04")
    practice.fee(service, "70.10", "2026-03-01", insurer=insurer)
    practice.fee(service, "80.20", "2026-03-05", insurer=insurer)
    practice.fee(service, None, "2026-03-09", insurer=insurer)
    practice.fee(service, "1.00", "2020-01-01", insurer=other)
    another_practice = Practice(billing, 2)
    another_practice.fee(another_practice.service_type(), "999.00", "2026-01-01")

    def item(starts: str, client: int | None = None, units: int = 1) -> int:
        return practice.appointment(
            starts,
            client=client or practice.insured(insurer),
            services=[{"service_type_id": service, "unit_count": units}],
        )

    self_pay = practice.insured(insurer)
    practice.pays_by(self_pay, "self_pay", "2026-03-04")
    secondary = practice.insured(insurer, "secondary")
    replaced = practice.insured(insurer, starts_on="2026-01-01")
    practice.policy(replaced, other, starts_on="2026-03-05")
    expected = {
        item("2026-02-28 23:30"): "100.00",
        item("2026-03-01 00:00"): "70.10",
        item("2026-03-04 23:30"): "70.10",
        item("2026-03-05 00:00"): "80.20",
        item("2026-03-08 23:30", units=3): "240.60",
        item("2026-03-09 00:00"): "110.00",  # the insurer's rate has ended: the default again
        item("2026-03-03 23:30", self_pay): "70.10",
        item("2026-03-04 00:00", self_pay): "110.00",
        item("2026-03-03 23:30", practice.client()): "100.00",
        item("2026-03-04 00:00", practice.client()): "110.00",
        item("2026-03-04 10:00", secondary): "110.00",
        item("2026-03-04 10:00", replaced): "70.10",
        item("2026-03-05 10:00", replaced): "1.00",
    }
    assert run("invoice_creation") == dict.fromkeys(expected, "advanced")
    amounts = billing.execute(
        "SELECT i.appointment_id, i.total_amount::text, sum(l.charge_amount)::text,"
        "   sum(l.unit_count * l.rate_amount)::text"
        " FROM billing.invoice i JOIN billing.invoice_line l USING (invoice_id) GROUP BY i.invoice_id"
    ).fetchall()
    assert {item_id: total for item_id, total, _, _ in amounts} == expected
    assert all(total == charged == product for _, total, charged, product in amounts)


def test_an_appointment_that_cannot_be_priced_is_blocked_with_the_first_code_that_applies(
    billing: Connection, run: Run
) -> None:
    practice = Practice(billing)
    good = practice.default_service_type
    without = practice.service_type(rate=None)
    zero = practice.service_type(rate="0.00")
    cent = practice.service_type(rate="0.01")
    ended = practice.service_type(rate="50.00")
    practice.fee(ended, None, "2026-03-03")
    begins = practice.service_type(rate=None)
    practice.fee(begins, "50.00", "2026-03-04")
    zero_for_insurer = practice.service_type(rate="50.00")
    practice.fee(zero_for_insurer, "0.00", insurer=practice.default_insurer)
    only_for_insurer = practice.service_type(rate=None)
    practice.fee(only_for_insurer, "50.00", insurer=practice.default_insurer)

    def item(*services: int, units: int = 1, client: int | None = None, starts: str = "2026-03-03 10:00") -> int:
        rows = [{"service_type_id": service, "unit_count": units} for service in services]
        return practice.appointment(starts, client=client, services=rows)

    expected = {
        "no service": (item(), "blocked no_service"),
        "no rate": (item(without), "blocked no_rate"),
        "no rate for one of two": (item(good, without), "blocked no_rate"),
        "rate ends that day": (item(ended), "blocked no_rate"),
        "rate ends the day after": (item(ended, starts="2026-03-02 23:30"), "advanced"),
        "rate begins the day after": (item(begins, starts="2026-03-03 23:30"), "blocked no_rate"),
        "rate begins that day": (item(begins, starts="2026-03-04 00:00"), "advanced"),
        "zero rate": (item(zero), "blocked zero_rate"),
        "one cent": (item(cent), "advanced"),
        "zero rate on the second line": (item(good, zero), "blocked zero_rate"),
        "zero rate of the insurer": (item(zero_for_insurer), "blocked zero_rate"),
        "default rate for who has no insurer": (item(zero_for_insurer, client=practice.client()), "advanced"),
        "rate of the insurer only": (item(only_for_insurer), "advanced"),
        "rate of the insurer only, no insurer": (item(only_for_insurer, client=practice.client()), "blocked no_rate"),
        "no units": (item(good, units=0), "blocked no_units"),
        "negative units": (item(good, units=-1), "blocked no_units"),
        "no rate and zero rate and no units": (item(without, zero, units=0), "blocked no_rate"),
        "zero rate and no units": (item(zero, units=0), "blocked zero_rate"),
    }
    found = run("invoice_creation")
    assert {name: found[item_id] for name, (item_id, _) in expected.items()} == {
        name: outcome for name, (_, outcome) in expected.items()
    }
    # What was missing is there: the next night takes it.
    practice.fee(without, "20.00", "2020-01-01")
    assert run("invoice_creation", "2026-03-13")[expected["no rate"][0]] == "advanced"


def test_lines_take_all_four_modifiers_of_the_service_or_else_those_of_its_type(billing: Connection, run: Run) -> None:
    practice = Practice(billing)
    service = practice.service_type(modifier_1="GT", modifier_2="HO")
    practice.appointment(services=[service, {"service_type_id": service, "modifier_2": "95"}])
    run("invoice_creation")
    lines = billing.execute(
        "SELECT line_number, modifier_1, modifier_2, modifier_3, modifier_4 FROM billing.invoice_line ORDER BY 1"
    ).fetchall()
    assert lines == [(1, "GT", "HO", None, None), (2, None, "95", None, None)]


# Blocked: Invoice Processing


def test_an_invoice_is_blocked_without_a_primary_policy_or_without_coverage_on_the_service_date(
    billing: Connection, run: Run
) -> None:
    practice = Practice(billing)

    def item(client: int, starts: str = "2026-03-03 10:00") -> int:
        return practice.invoice(practice.appointment(starts, client=client))

    gap = practice.insured(ends_on="2026-03-02")
    practice.policy(gap, starts_on="2026-03-04")
    items = {
        "no policy": item(practice.client()),
        "only secondary": item(practice.insured(level="secondary")),
        "ended the day before": item(practice.insured(ends_on="2026-03-02")),
        "ends that day": item(practice.insured(ends_on="2026-03-03"), "2026-03-03 23:30"),
        "begins that day": item(practice.insured(starts_on="2026-03-03"), "2026-03-03 00:00"),
        "begins the day after": item(practice.insured(starts_on="2026-03-04"), "2026-03-03 23:30"),
        "gap between two": item(gap),
    }
    assert names(run("invoice_processing"), items) == {
        "no policy": "blocked no_policy",
        "only secondary": "blocked no_policy",
        "ended the day before": "blocked no_active_coverage",
        "ends that day": "advanced",
        "begins that day": "advanced",
        "begins the day after": "blocked no_active_coverage",
        "gap between two": "blocked no_active_coverage",
    }


def test_an_invoice_becomes_a_claim_for_every_fifty_lines_and_still_counts_once(billing: Connection, run: Run) -> None:
    practice = Practice(billing)
    counts = (1, 50, 51, 101)
    appointments = {count: practice.appointment(services=[practice.default_service_type] * count) for count in counts}
    assert run("invoice_creation") == dict.fromkeys(appointments.values(), "advanced")
    invoices = dict(billing.execute("SELECT appointment_id, invoice_id FROM billing.invoice").fetchall())
    billing.execute("UPDATE billing.invoice SET entered_step_on = invoice_on, created_at = '2026-03-03'")
    assert run("invoice_processing", "2026-03-13") == dict.fromkeys(invoices.values(), "advanced")
    rows = billing.execute(
        "SELECT c.part, c.total_amount, i.total_amount FROM billing.claim c JOIN billing.invoice i USING (invoice_id)"
        " WHERE c.invoice_id = %s ORDER BY c.part",
        (invoices[appointments[101]],),
    ).fetchall()
    rate = rows[0][2] / 101
    assert rows == [(1, rate * 50, rate * 101), (2, rate * 50, rate * 101), (3, rate, rate * 101)]
    parts = billing.execute("SELECT count(*) FROM billing.claim GROUP BY invoice_id ORDER BY 1").fetchall()
    assert parts == [(1,), (1,), (2,), (3,)]
    counted = billing.execute(
        "SELECT advanced_count, candidate_count, advanced_amount FROM reporting.nightly_results"
        " WHERE automation = 'invoice_processing'"
    ).fetchall()
    assert counted == [(4, 4, rate * sum(counts))]
    # Again: nothing twice.
    run("invoice_processing", "2026-03-13")
    assert billing.execute("SELECT count(*) FROM billing.claim").fetchall() == [(7,)]


def test_an_invoice_whose_appointment_changed_since_waits_for_a_person(billing: Connection, run: Run) -> None:
    practice = Practice(billing)
    other = practice.service_type()
    appointments = {}
    items = {}
    for name in (
        "untouched",
        "cancelled",
        "not billable",
        "moved to another day",
        "moved within the day",
        "moved past midnight in UTC only",
        "more units",
        "another service",
        "another modifier",
        "a service more",
        "a service less",
        "changed and changed back",
        "another room",
    ):
        appointments[name] = practice.appointment(
            services=[practice.default_service_type, practice.default_service_type]
        )
        items[name] = practice.invoice(appointments[name])

    def change(name: str, assignment: str) -> None:
        statement = f"UPDATE practice.appointment SET {assignment} WHERE appointment_id = %s"  # noqa: S608
        billing.execute(statement.encode(), (appointments[name],))

    def change_service(name: str, assignment: str) -> None:
        statement = (
            f"UPDATE practice.appointment_service SET {assignment}"  # noqa: S608
            " WHERE appointment_id = %s AND line_number = 2"
        )
        billing.execute(statement.encode(), (appointments[name],))

    change("cancelled", "appointment_status = 'cancelled'")
    change("not billable", "is_billable = false")
    change("moved to another day", "starts_at = starts_at - interval '1 day'")
    change("moved within the day", "starts_at = starts_at - interval '1 hour'")
    change("moved past midnight in UTC only", "starts_at = '2026-03-03 23:30-07', ends_at = '2026-03-04 00:30-07'")
    change_service("more units", "unit_count = 2")
    change_service("another service", f"service_type_id = {other}")
    change_service("another modifier", "modifier_1 = '95'")
    practice.service(appointments["a service more"], 3, other)
    billing.execute(
        "DELETE FROM practice.appointment_service WHERE appointment_id = %s AND line_number = 2",
        (appointments["a service less"],),
    )
    change_service("changed and changed back", "unit_count = 2")
    change_service("changed and changed back", "unit_count = 1")
    change("another room", f"location_id = {practice.location()}")
    expected = {
        "untouched": "advanced",
        "cancelled": "blocked appointment_cancelled",
        "not billable": "blocked appointment_cancelled",
        "moved to another day": "blocked appointment_moved",
        "moved within the day": "advanced",
        "moved past midnight in UTC only": "advanced",
        "more units": "blocked appointment_rerated",
        "another service": "blocked appointment_rerated",
        "another modifier": "blocked appointment_rerated",
        "a service more": "blocked appointment_rerated",
        "a service less": "blocked appointment_rerated",
        "changed and changed back": "advanced",
        "another room": "advanced",
    }
    assert names(run("invoice_processing"), items) == expected
    blocked = [name for name, outcome in expected.items() if outcome != "advanced"]
    for name in blocked:
        billing.execute("SELECT billing.confirm_invoice(%s)", (items[name],))
    # Confirmed as it stood then: a change after that blocks again.
    change("cancelled", "appointment_status = 'no_show'")
    again = run("invoice_processing", "2026-03-13")
    assert {name: again[items[name]] for name in blocked} == {
        name: "blocked appointment_cancelled" if name == "cancelled" else "advanced" for name in blocked
    }


def test_an_appointment_cancelled_while_the_run_works_never_becomes_a_claim(
    billing: Connection, pipeline: Connection, run: Run, tmp_path: Path
) -> None:
    practice = Practice(billing)
    cancelled, kept = practice.appointment(), practice.appointment()
    attempt, batches = open_night(pipeline, "invoice_creation", DENVER, NIGHT)
    select, apply, create = BATCH_STEPS["invoice_creation"]
    select(pipeline, attempt, batches[0])
    apply(pipeline, attempt, batches[0])
    billing.execute(
        "UPDATE practice.appointment SET appointment_status = 'cancelled' WHERE appointment_id = %s", (cancelled,)
    )
    create(pipeline, attempt, batches[0])
    close_night(pipeline, attempt)
    billing.execute("UPDATE billing.invoice SET entered_step_on = invoice_on")
    run("invoice_processing", "2026-03-13")
    claimed = billing.execute("SELECT i.appointment_id FROM billing.claim JOIN billing.invoice i USING (invoice_id)")
    assert claimed.fetchall() == [(kept,)]


def test_an_invoice_voided_while_the_run_works_never_becomes_a_claim(billing: Connection, pipeline: Connection) -> None:
    practice = Practice(billing)
    voided, stands = practice.invoice(), practice.invoice()
    attempt, batches = open_night(pipeline, "invoice_processing", DENVER, NIGHT)
    select, apply, process, _ = BATCH_STEPS["invoice_processing"]
    select(pipeline, attempt, batches[0])
    apply(pipeline, attempt, batches[0])
    billing.execute("SELECT billing.void_invoice(%s, 'typed twice')", (voided,))
    process(pipeline, attempt, batches[0])
    assert billing.execute("SELECT invoice_id FROM billing.claim").fetchall() == [(stands,)]


# Claims Submission


def test_a_claim_goes_only_from_awaiting_submission(billing: Connection, run: Run) -> None:
    practice = Practice(billing)
    statuses = ("awaiting_submission", "submitted", "accepted", "rejected", "paid", "denied", "void")
    items = {status: practice.claim() for status in statuses}
    for status, claim in items.items():
        if status != "awaiting_submission":
            billing.execute(
                "UPDATE billing.claim SET claim_status = %s, submitted_at = now() WHERE claim_id = %s", (status, claim)
            )
    assert run("claims_submission") == {items["awaiting_submission"]: "advanced"}


def test_a_claim_with_an_error_stays_and_one_with_a_warning_goes(billing: Connection, run: Run) -> None:
    practice = Practice(billing)
    lenient = practice.insurer()

    def without_coverage(insurer: int | None = None) -> int:
        client = practice.insured(insurer, ends_on="2026-03-02")
        return practice.claim(practice.invoice(practice.appointment(client=client)))

    billing.execute(
        "INSERT INTO billing.edit_severity (edit_code, insurer_id, severity) VALUES ('COV01', %s, 'warning')",
        (lenient,),
    )
    items = {"error": without_coverage(), "warning": without_coverage(lenient), "clean": practice.claim()}
    assert names(run("claims_submission"), items) == {
        "error": "scrub_error",
        "warning": "advanced",
        "clean": "advanced",
    }
    # Corrected, as data are read live.
    billing.execute("UPDATE practice.policy SET ends_on = NULL")
    assert run("claims_submission", "2026-03-13") == {items["error"]: "advanced"}


@pytest.mark.parametrize("includes_earlier", [False, True])
def test_nothing_is_sent_while_all_sending_is_stopped(billing: Connection, run: Run, includes_earlier: bool) -> None:
    practice = Practice(billing)
    practice.setting("claims_submission", enabled_on="2026-03-02", includes_earlier=includes_earlier)
    items = {
        "ready": practice.claim(),
        "held": practice.claim(),
        "before the start": practice.claim(entered_step_on="2026-03-01"),
    }
    billing.execute("SELECT billing.hold_item('claims_submission', %s, 'to be looked at')", (items["held"],))
    billing.execute("UPDATE billing.deployment SET is_sending_enabled = false")
    assert names(run("claims_submission"), items) == {
        "ready": "on_hold sending_stopped",
        "held": "on_hold",
        "before the start": "on_hold sending_stopped" if includes_earlier else "before_start",
    }
    billing.execute("UPDATE billing.deployment SET is_sending_enabled = true")
    assert names(run("claims_submission", "2026-03-13"), items) == {
        "ready": "advanced",
        "held": "on_hold",
        "before the start": "advanced" if includes_earlier else "before_start",
    }


def test_a_file_built_before_sending_was_stopped_leaves_when_sending_goes_on(
    billing: Connection, pipeline: Connection, run: Run, tmp_path: Path
) -> None:
    claim = Practice(billing).claim()
    attempt, batches = open_night(pipeline, "claims_submission", DENVER, NIGHT)
    for step in BATCH_STEPS["claims_submission"]:
        step(pipeline, attempt, batches[0])
    billing.execute("UPDATE billing.deployment SET is_sending_enabled = false")
    assert deliver_files(pipeline, attempt, directory_boxes(tmp_path)) == 0
    close_night(pipeline, attempt)
    assert outcomes(pipeline, "claims_submission", NIGHT) == {claim: "on_hold sending_stopped"}
    assert list(tmp_path.iterdir()) == []
    billing.execute("UPDATE billing.deployment SET is_sending_enabled = true")
    assert run("claims_submission", "2026-03-13") == {claim: "advanced"}
    assert len(list(tmp_path.iterdir())) == 1


# The first reason that applies


def test_an_item_has_the_first_reason_that_applies(billing: Connection, run: Run) -> None:
    practice = Practice(billing)
    excluded_at = practice.location()
    unpriced = practice.service_type(rate=None)
    reasons = ("before_start", "on_hold", "review_day", "excluded", "last")
    last = {
        "invoice_creation": "blocked no_rate",
        "invoice_processing": "blocked no_policy",
        "claims_submission": "scrub_error",
    }
    for automation in ("claims_submission", "invoice_processing", "invoice_creation"):
        practice.setting(automation, enabled_on="2026-03-11")
        practice.rule(automation, ("location", [excluded_at]))
        items = {}
        # Each item has its reason and all reasons after it.
        for place, reason in enumerate(reasons):
            if reason == "review_day" and automation == "invoice_creation":
                continue
            day = "2026-03-10" if place == 0 else "2026-03-11"
            step_on = NIGHT if place <= 2 else "2026-03-11"
            appointment = practice.appointment(
                f"{day} 10:00",
                client=practice.client(),
                location_id=excluded_at if place <= 3 else practice.default_location,
                services=[unpriced if automation == "invoice_creation" else practice.default_service_type],
            )
            item = appointment
            if automation == "invoice_processing":
                item = practice.invoice(appointment, invoice_on=day, entered_step_on=step_on)
            elif automation == "claims_submission":
                item = practice.claim(practice.invoice(appointment, invoice_on=day), entered_step_on="2026-03-10")
                billing.execute(
                    "UPDATE billing.claim SET entered_step_on = %s WHERE claim_id = %s",
                    ("2026-03-10" if place == 0 else step_on, item),
                )
            if place <= 1:
                billing.execute("SELECT billing.hold_item(%s, %s, 'to be looked at')", (automation, item))
            items[reason] = item
        expected = {reason: last[automation] if reason == "last" else reason for reason in items}
        assert names(run(automation), items) == expected, automation


def test_a_night_whose_instant_has_not_come_is_refused(billing: Connection, pipeline: Connection) -> None:
    Practice(billing)
    with pytest.raises(ValueError, match="has not come yet"):
        open_night(pipeline, "invoice_creation", DENVER, "2999-01-01")
    assert billing.execute("SELECT count(*) FROM billing.run").fetchone() == (0,)


def test_another_buckets_organizations_are_not_looked_at(billing: Connection, run: Run) -> None:
    here, there = Practice(billing, 1), Practice(billing, 2, "America/Phoenix")
    mine, theirs = here.appointment(), there.appointment()
    assert run("invoice_creation") == {mine: "advanced"}
    assert run("invoice_creation", timezone="America/Phoenix") == {theirs: "advanced"}


def test_the_pipeline_runs_in_its_own_role(pipeline: psycopg.Connection[tuple[object, ...]]) -> None:
    assert pipeline.execute("SELECT current_user").fetchone() == ("billing_pipeline",)
