"""The review day: an item made on one billing day goes at the earliest on the next, whatever the clocks do."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from nightly_schedule.buckets import BUCKETS
from tests.support.nights import BATCH_STEPS, close_night, open_night, run_night
from tests.support.practice import Connection, Practice, day_after, outcomes

DENVER = "America/Denver"


@pytest.fixture
def practice(billing: Connection) -> Practice:
    """A practice in a sample database, whose runs see the instant at which their night falls due."""
    billing.execute("UPDATE billing.deployment SET is_sample = true, clock = 'due_instant'")
    return Practice(billing)


def run_at(pipeline: Connection, automation: str, night: str, instant: datetime) -> dict[int, str]:
    """Run a night late: its transactions see `instant`."""
    attempt, batches = open_night(pipeline, automation, DENVER, night)
    attempt = replace(attempt, due_at=instant)
    for organizations in batches:
        for step in BATCH_STEPS[automation]:
            step(pipeline, attempt, organizations)
    close_night(pipeline, attempt)
    return outcomes(pipeline, automation, night)


def by_hand(billing: Connection, instant: datetime, statement: str, *parameters: object) -> None:
    """What a person does at that instant."""
    with billing.transaction():
        billing.execute("SELECT set_config('billing.simulated_now', %s, true)", (instant.isoformat(),))
        billing.execute(statement.encode(), parameters)


# The billing day


def test_a_billing_day_runs_from_noon_to_noon_of_the_wall_clock(billing: Connection) -> None:
    expected = {
        "2026-03-03T23:00:00-07:00": "2026-03-03",
        "2026-03-04T00:30:00-07:00": "2026-03-03",
        "2026-03-04T11:59:59-07:00": "2026-03-03",
        "2026-03-04T12:00:00-07:00": "2026-03-04",
        # 02:00 becomes 03:00 on 8 March: noon comes an hour earlier after midnight.
        "2026-03-08T01:59:59-07:00": "2026-03-07",
        "2026-03-08T03:00:00-06:00": "2026-03-07",
        "2026-03-08T11:59:59-06:00": "2026-03-07",
        "2026-03-08T12:00:00-06:00": "2026-03-08",
        "2026-03-09T11:59:59-06:00": "2026-03-08",
        # 02:00 becomes 01:00 on 1 November: half past one comes twice.
        "2026-11-01T01:30:00-06:00": "2026-10-31",
        "2026-11-01T01:30:00-07:00": "2026-10-31",
        "2026-11-01T11:59:59-07:00": "2026-10-31",
        "2026-11-01T12:00:00-07:00": "2026-11-01",
        "2026-11-02T11:59:59-07:00": "2026-11-01",
    }
    found = _billing_days(billing, list(expected), [DENVER] * len(expected))
    assert dict(zip(expected, found, strict=True)) == expected


def test_the_billing_day_agrees_with_zoneinfo_in_every_bucket(billing: Connection) -> None:
    assert BUCKETS
    draw = random.Random(20261101)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    instants = [start + timedelta(seconds=draw.randrange(366 * 86_400)) for _ in range(300)]
    for day in ("2026-03-08", "2026-11-01"):
        instants += [datetime.fromisoformat(f"{day}T00:00+00:00") + timedelta(minutes=30 * half) for half in range(80)]
    pairs = [(instant, bucket.timezone) for instant in instants for bucket in BUCKETS]

    def oracle(instant: datetime, timezone: str) -> str:
        local = instant.astimezone(ZoneInfo(timezone))
        return str(local.date() if local.hour >= 12 else local.date() - timedelta(days=1))

    found = _billing_days(billing, [instant.isoformat() for instant, _ in pairs], [timezone for _, timezone in pairs])
    assert found == [oracle(*pair) for pair in pairs]


def _billing_days(billing: Connection, instants: Sequence[str], timezones: Sequence[str]) -> list[str]:
    rows = billing.execute(
        "SELECT billing.billing_day(x.instant::timestamptz, x.timezone)::text"
        " FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS x (instant, timezone, place) ORDER BY x.place",
        (list(instants), list(timezones)),
    )
    return [day for (day,) in rows.fetchall()]


# What a run makes


WHENS = {
    "night 23:00": False,
    "morrow 00:30": False,
    "morrow 09:00": False,
    "morrow 11:59:59": False,
    "morrow 12:00": True,
    "morrow 14:00": True,
}
CLOCK_CHANGES = ("2026-03-07", "2026-03-08", "2026-10-31", "2026-11-01")


@pytest.mark.parametrize(
    ("night", "when", "costs_a_day"),
    [
        *(("2026-03-03", when, costs_a_day) for when, costs_a_day in WHENS.items()),
        *((night, when, WHENS[when]) for night in CLOCK_CHANGES for when in ("morrow 11:59:59", "morrow 12:00")),
    ],
)
def test_a_late_night_costs_a_day_from_noon_on_and_never_the_review(
    practice: Practice, pipeline: Connection, night: str, when: str, costs_a_day: bool
) -> None:
    morrow = day_after(night)
    appointment = practice.appointment(f"{night} 10:00")
    instant = practice.instant(when.replace("night", night).replace("morrow", morrow))
    assert run_at(pipeline, "invoice_creation", night, instant) == {appointment: "advanced"}
    made = practice.connection.execute(
        "SELECT invoice_id, invoice_on::text, entered_step_on::text FROM billing.invoice"
    ).fetchall()
    invoice = made[0][0]
    assert made == [(invoice, night, morrow if costs_a_day else night)]
    due = practice.instant(f"{morrow} 22:00")
    assert run_at(pipeline, "invoice_processing", morrow, due) == {invoice: "review_day" if costs_a_day else "advanced"}
    if costs_a_day:
        due = practice.instant(f"{day_after(morrow)} 22:00")
        assert run_at(pipeline, "invoice_processing", day_after(morrow), due) == {invoice: "advanced"}


@pytest.mark.parametrize(
    ("when", "entered", "tonight"),
    [
        ("2026-03-03 22:00", "2026-03-03", "advanced"),
        ("2026-03-04 11:59", "2026-03-03", "advanced"),
        ("2026-03-04 12:00", "2026-03-04", "review_day"),
    ],
)
def test_a_claim_enters_its_step_on_the_billing_day_too(
    practice: Practice, pipeline: Connection, tmp_path: Path, when: str, entered: str, tonight: str
) -> None:
    practice.invoice(invoice_on="2026-03-02")
    run_at(pipeline, "invoice_processing", "2026-03-03", practice.instant(when))
    row = pipeline.execute("SELECT claim_id, entered_step_on::text FROM billing.claim").fetchone()
    assert row is not None and row[1] == entered
    run_night(pipeline, "claims_submission", DENVER, "2026-03-04", tmp_path)
    assert outcomes(pipeline, "claims_submission", "2026-03-04") == {row[0]: tonight}


@pytest.mark.parametrize("automation", ["invoice_processing", "claims_submission"])
def test_only_what_entered_its_step_before_the_night_goes(
    practice: Practice, pipeline: Connection, tmp_path: Path, automation: str
) -> None:
    items = {}
    for entered in ("2026-03-10", "2026-03-11", "2026-03-12", "2026-03-13"):
        item = practice.item(automation)
        table, key = ("invoice", "invoice_id") if automation == "invoice_processing" else ("claim", "claim_id")
        statement = f"UPDATE billing.{table} SET entered_step_on = %s WHERE {key} = %s"  # noqa: S608
        practice.connection.execute(statement.encode(), (entered, item))
        items[entered] = item
    run_night(pipeline, automation, DENVER, "2026-03-12", tmp_path)
    assert outcomes(pipeline, automation, "2026-03-12") == {
        items["2026-03-10"]: "advanced",
        items["2026-03-11"]: "advanced",
        items["2026-03-12"]: "review_day",
        items["2026-03-13"]: "review_day",
    }


def test_an_old_night_asks_whether_the_item_was_there_before_that_night(
    practice: Practice, pipeline: Connection
) -> None:
    """Run again after newer nights, an old one takes only what it could have taken then."""
    older = practice.invoice(entered_step_on="2026-03-09")
    newer = practice.invoice(entered_step_on="2026-03-10")
    assert run_at(pipeline, "invoice_processing", "2026-03-10", practice.instant("2026-03-12 09:00")) == {
        older: "advanced",
        newer: "review_day",
    }


def test_what_came_after_the_runs_clock_is_not_looked_at(
    practice: Practice, pipeline: Connection, tmp_path: Path
) -> None:
    at_the_instant, after = practice.invoice(), practice.invoice()
    claim_at, claim_after = practice.claim(), practice.claim()
    for table, column, item, instant in (
        ("invoice", "created_at", at_the_instant, "2026-03-12 22:00"),
        ("invoice", "created_at", after, "2026-03-12 22:00:01"),
        ("claim", "entered_step_at", claim_at, "2026-03-12 21:00"),
        ("claim", "entered_step_at", claim_after, "2026-03-12 21:00:01"),
    ):
        statement = f"UPDATE billing.{table} SET {column} = %s WHERE {table}_id = %s"  # noqa: S608
        practice.connection.execute(statement.encode(), (practice.instant(instant), item))
    for automation, item in (("claims_submission", claim_at), ("invoice_processing", at_the_instant)):
        run_night(pipeline, automation, DENVER, "2026-03-12", tmp_path)
        assert outcomes(pipeline, automation, "2026-03-12") == {item: "advanced"}
        counted = pipeline.execute(
            "SELECT ro.item_count FROM billing.run_organization ro JOIN billing.run_attempt USING (attempt_id)"
            " JOIN billing.run r USING (run_id) WHERE r.automation = %s",
            (automation,),
        ).fetchall()
        assert counted == [(1,)], automation


def test_a_simulated_clock_counts_in_a_sample_database_only(billing: Connection, pipeline: Connection) -> None:
    practice = Practice(billing)
    practice.appointment()
    run_at(pipeline, "invoice_creation", "2026-03-03", practice.instant("2026-03-03 23:00"))
    row = billing.execute("SELECT created_at > now() - interval '1 hour' FROM billing.invoice").fetchone()
    assert row == (True,)


# What a person makes


@pytest.mark.parametrize("when", ["2026-03-04 00:30", "2026-03-04 11:59", "2026-03-04 15:00", "2026-03-04 21:59"])
def test_what_a_person_makes_enters_its_step_on_the_calendar_date_and_is_not_swept_up_that_evening(
    practice: Practice, pipeline: Connection, tmp_path: Path, when: str
) -> None:
    appointment = practice.appointment("2026-03-02 10:00")
    billed = practice.invoice(practice.appointment("2026-03-02 10:00"), invoice_on="2026-03-02")
    instant = practice.instant(when)
    by_hand(practice.connection, instant, "SELECT billing.create_invoice(%s)", appointment)
    by_hand(practice.connection, instant, "SELECT billing.create_claim(%s)", billed)
    made = pipeline.execute(
        "SELECT i.invoice_id, i.invoice_on::text, i.entered_step_on::text, k.claim_id, k.entered_step_on::text"
        " FROM billing.invoice i, billing.claim k WHERE i.appointment_id = %s",
        (appointment,),
    ).fetchall()
    invoice, claim = made[0][0], made[0][3]
    assert made == [(invoice, "2026-03-04", "2026-03-04", claim, "2026-03-04")]
    for automation, item in (("claims_submission", claim), ("invoice_processing", invoice)):
        for night in ("2026-03-04", "2026-03-05"):
            run_night(pipeline, automation, DENVER, night, tmp_path)
        # At 21:00 of the first night a claim of 21:59 was not there yet.
        first = {} if automation == "claims_submission" and when.endswith("21:59") else {item: "review_day"}
        assert outcomes(pipeline, automation, "2026-03-04") == first
        assert outcomes(pipeline, automation, "2026-03-05")[item] == "advanced"


def test_an_invoice_moved_back_to_has_its_review_day_again(practice: Practice, pipeline: Connection) -> None:
    claim = practice.claim()
    by_hand(
        practice.connection,
        practice.instant("2026-03-12 00:30"),
        "SELECT billing.move_back_claim(%s, 'wrong coverage')",
        claim,
    )
    invoice = pipeline.execute("SELECT invoice_id, entered_step_on::text FROM billing.invoice").fetchone()
    assert invoice is not None and invoice[1] == "2026-03-12"
    assert run_at(pipeline, "invoice_processing", "2026-03-12", practice.instant("2026-03-12 22:00")) == {
        invoice[0]: "review_day"
    }
    assert run_at(pipeline, "invoice_processing", "2026-03-13", practice.instant("2026-03-13 22:00")) == {
        invoice[0]: "advanced"
    }


@pytest.mark.parametrize("automation", ["invoice_processing", "claims_submission"])
def test_a_released_item_goes_on_the_day_it_came_and_a_withdrawn_release_does_not_count(
    practice: Practice, pipeline: Connection, tmp_path: Path, automation: str
) -> None:
    items = {}
    for name in ("as it is", "released", "withdrawn"):
        items[name] = practice.item(automation)
        table = "invoice" if automation == "invoice_processing" else "claim"
        statement = f"UPDATE billing.{table} SET entered_step_on = '2026-03-12' WHERE {table}_id = %s"  # noqa: S608
        practice.connection.execute(statement.encode(), (items[name],))
    for name in ("released", "withdrawn"):
        practice.connection.execute("SELECT billing.release_item(%s, %s, 'urgent')", (automation, items[name]))
    practice.connection.execute(
        "UPDATE billing.release SET withdrawn_at = now() WHERE item_id = %s", (items["withdrawn"],)
    )
    run_night(pipeline, automation, DENVER, "2026-03-12", tmp_path)
    assert outcomes(pipeline, automation, "2026-03-12") == {
        items["as it is"]: "review_day",
        items["released"]: "advanced",
        items["withdrawn"]: "review_day",
    }


def test_a_release_is_used_up_when_the_item_goes(practice: Practice, pipeline: Connection) -> None:
    invoice = practice.invoice(entered_step_on="2026-03-12")
    practice.connection.execute("SELECT billing.release_item('invoice_processing', %s, 'urgent', true)", (invoice,))
    assert run_at(pipeline, "invoice_processing", "2026-03-12", practice.instant("2026-03-12 22:00")) == {
        invoice: "advanced"
    }
    claim = pipeline.execute("SELECT claim_id FROM billing.claim").fetchone()
    assert claim is not None
    by_hand(
        practice.connection,
        practice.instant("2026-03-13 09:00"),
        "SELECT billing.move_back_claim(%s, 'wrong coverage')",
        claim[0],
    )
    assert run_at(pipeline, "invoice_processing", "2026-03-13", practice.instant("2026-03-13 22:00")) == {
        invoice: "review_day"
    }
