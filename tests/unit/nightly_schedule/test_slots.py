"""Slots against the calendar: instants, order, the text of a key, and what is refused."""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest

from nightly_schedule.buckets import AUTOMATION_LOCAL_TIMES, BUCKET_BY_TIMEZONE, BUCKETS
from nightly_schedule.slots import (
    FIRST_NIGHT,
    LAST_NIGHT,
    InvalidNight,
    Slot,
    due_at,
    latest_due_night,
    parse_partition_key,
    partition_key,
    refuse_future,
    slots,
)

AUTOMATIONS = ("claims_submission", "invoice_processing", "invoice_creation")


def slot(timezone: str, night: str, automation: str = "invoice_creation") -> Slot:
    return Slot(automation, BUCKET_BY_TIMEZONE[timezone], date.fromisoformat(night))


def test_ordinals_and_labels_are_frozen() -> None:
    assert [(bucket.ordinal, bucket.timezone, bucket.city) for bucket in BUCKETS][:11] == [
        (0, "America/New_York", "New_York"),
        (1, "America/Chicago", "Chicago"),
        (2, "America/Denver", "Denver"),
        (3, "America/Phoenix", "Phoenix"),
        (4, "America/Los_Angeles", "Los_Angeles"),
        (5, "America/Anchorage", "Anchorage"),
        (6, "Pacific/Honolulu", "Honolulu"),
        (7, "America/Puerto_Rico", "Puerto_Rico"),
        (8, "Pacific/Guam", "Guam"),
        (9, "America/Adak", "Adak"),
        (10, "Pacific/Pago_Pago", "Pago_Pago"),
    ]


def test_ordinals_zones_and_labels_are_unique_and_fit_a_run_id() -> None:
    assert [bucket.ordinal for bucket in BUCKETS] == list(range(len(BUCKETS)))
    assert len({bucket.timezone for bucket in BUCKETS}) == len({bucket.city for bucket in BUCKETS}) == len(BUCKETS)
    assert all(bucket.city.replace("_", "").isalpha() for bucket in BUCKETS)


def test_each_automation_has_its_local_time() -> None:
    assert dict(AUTOMATION_LOCAL_TIMES) == {
        "claims_submission": time(21),
        "invoice_processing": time(22),
        "invoice_creation": time(23),
    }


def test_every_bucket_is_due_once_a_night_at_its_local_time_over_ten_years() -> None:
    # The oracle goes the other way round: it walks all hours of UTC and reads the wall clock of the zone.
    first, last = date(2026, 1, 1), date(2035, 12, 31)
    start = datetime(2025, 12, 31, tzinfo=UTC)
    hours = [start + timedelta(hours=hour) for hour in range(((last - first).days + 3) * 24)]
    compared = 0
    for bucket in BUCKETS:
        zone = ZoneInfo(bucket.timezone)
        instants = defaultdict(list)
        for instant in hours:
            local = instant.astimezone(zone)
            instants[local.date(), local.time()].append(instant)
        for automation, local_time in AUTOMATION_LOCAL_TIMES.items():
            nights = [first + timedelta(days=days) for days in range((last - first).days + 1)]
            expected = [instants[night, local_time] for night in nights]
            assert [[due_at(automation, bucket, night)] for night in nights] == expected
            compared += len(nights)
    assert compared == 3652 * 11 * 3


@pytest.mark.parametrize(
    ("night", "new_york", "denver", "phoenix", "los_angeles"),
    [
        ("2026-03-07", "2026-03-08T04:00Z", "2026-03-08T06:00Z", "2026-03-08T06:00Z", "2026-03-08T07:00Z"),
        ("2026-03-08", "2026-03-09T03:00Z", "2026-03-09T05:00Z", "2026-03-09T06:00Z", "2026-03-09T06:00Z"),
        ("2026-10-31", "2026-11-01T03:00Z", "2026-11-01T05:00Z", "2026-11-01T06:00Z", "2026-11-01T06:00Z"),
        ("2026-11-01", "2026-11-02T04:00Z", "2026-11-02T06:00Z", "2026-11-02T06:00Z", "2026-11-02T07:00Z"),
    ],
)
def test_instants_move_and_local_time_stays_on_the_nights_around_a_clock_change(
    night: str, new_york: str, denver: str, phoenix: str, los_angeles: str
) -> None:
    assert [
        slot(f"America/{city}", night).due_at.strftime("%Y-%m-%dT%H:%MZ")
        for city in ("New_York", "Denver", "Phoenix", "Los_Angeles")
    ] == [new_york, denver, phoenix, los_angeles]


def test_the_gap_between_nights_is_23_and_25_hours_when_clocks_change() -> None:
    assert slot("America/Denver", "2026-03-08").due_at - slot("America/Denver", "2026-03-07").due_at == timedelta(
        hours=23
    )
    assert slot("America/Denver", "2026-11-01").due_at - slot("America/Denver", "2026-10-31").due_at == timedelta(
        hours=25
    )
    assert slot("America/Phoenix", "2026-03-08").due_at - slot("America/Phoenix", "2026-03-07").due_at == timedelta(
        hours=24
    )


def test_an_instant_is_given_in_utc() -> None:
    assert due_at("claims_submission", BUCKET_BY_TIMEZONE["Pacific/Guam"], date(2026, 11, 22)).tzinfo is UTC


@pytest.mark.parametrize("automation", AUTOMATIONS)
def test_slots_come_in_firing_order_each_once_through_both_clock_changes(automation: str) -> None:
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    walked = list(takewhile(lambda each: each.night <= last, slots(automation, first)))
    assert len(walked) == len(set(walked)) == 365 * len(BUCKETS)
    firing = [(each.due_at, each.bucket.ordinal) for each in walked]
    assert firing == sorted(firing)
    partition_dates = [each.partition_date for each in walked]
    assert all(earlier < later for earlier, later in pairwise(partition_dates))


def test_denver_and_phoenix_share_an_instant_in_winter_and_fire_by_ordinal() -> None:
    denver, phoenix = slot("America/Denver", "2026-12-15"), slot("America/Phoenix", "2026-12-15")
    assert denver.due_at == phoenix.due_at
    assert phoenix.partition_date - denver.partition_date == timedelta(microseconds=1)


def test_in_summer_phoenix_fires_with_los_angeles_and_puerto_rico_with_new_york() -> None:
    assert slot("America/Phoenix", "2026-07-15").due_at == slot("America/Los_Angeles", "2026-07-15").due_at
    assert slot("America/Puerto_Rico", "2026-07-15").due_at == slot("America/New_York", "2026-07-15").due_at
    assert slot("America/Denver", "2026-07-15").due_at < slot("America/Phoenix", "2026-07-15").due_at


def test_slots_start_with_the_first_night_of_the_calendar_when_asked_for_an_older_one() -> None:
    assert next(slots("invoice_creation", date(1970, 1, 1))).night == FIRST_NIGHT


def test_slots_end_with_the_last_night() -> None:
    assert [each.night for each in slots("invoice_creation", LAST_NIGHT)] == [LAST_NIGHT] * len(BUCKETS)


def test_a_key_names_night_and_bucket_and_reads_back_as_the_same_slot() -> None:
    assert partition_key(slot("America/Denver", "2026-11-22")) == "2026-11-22|America/Denver"
    for bucket in BUCKETS:
        one = Slot("claims_submission", bucket, date(2026, 11, 22))
        assert parse_partition_key("claims_submission", partition_key(one)) == one


@pytest.mark.parametrize(
    "key",
    [
        "",
        "|",
        "2026-11-22",
        "2026-11-22|",
        "|America/Denver",
        "America/Denver|2026-11-22",
        "2026-11-22/America/Denver",
        "2026-11-22|America/Denver|x",
        "2026-11-22 |America/Denver",
        "2026-11-22| America/Denver",
        "2026-11-22|america/denver",
        "2026-11-22|US/Mountain",
        "2026-11-22|Europe/Berlin",
        "2026-11-22|Denver",
        "20261122|America/Denver",
        "2026-W47-7|America/Denver",
        "2026-11-31|America/Denver",
        "2026-1-2|America/Denver",
        "2026-11-22T00:00:00|America/Denver",
        "0001-01-01|Pacific/Guam",
        "1999-12-31|America/Denver",
        "3000-01-01|America/Denver",
        "9999-12-31|Pacific/Pago_Pago",
    ],
)
def test_a_bad_key_is_refused_with_the_valid_form_and_buckets(key: str) -> None:
    with pytest.raises(InvalidNight) as refusal:
        parse_partition_key("invoice_creation", key)
    message = str(refusal.value)
    assert "YYYY-MM-DD|Zone/City" in message
    assert all(bucket.timezone in message for bucket in BUCKETS)


def test_the_first_and_the_last_night_of_the_calendar_are_accepted() -> None:
    for night in (FIRST_NIGHT, LAST_NIGHT):
        for bucket in BUCKETS:
            assert parse_partition_key("claims_submission", f"{night}|{bucket.timezone}").night == night


def test_a_night_is_refused_until_its_instant_and_accepted_from_then_on() -> None:
    denver = slot("America/Denver", "2026-11-22")
    refuse_future(denver, datetime(2026, 11, 23, 6, 0, tzinfo=UTC))
    with pytest.raises(InvalidNight, match=r"2026-11-23T06:00Z.*2026-11-21\|America/Denver"):
        refuse_future(denver, datetime(2026, 11, 23, 5, 59, 59, 999999, tzinfo=UTC))


def test_the_latest_due_night_is_tonight_from_its_instant_on_and_yesterday_before() -> None:
    guam = BUCKET_BY_TIMEZONE["Pacific/Guam"]
    instant = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
    assert latest_due_night("invoice_creation", guam, instant) == date(2026, 11, 22)
    assert latest_due_night("invoice_creation", guam, instant - timedelta(microseconds=1)) == date(2026, 11, 21)


def test_an_automation_without_a_nightly_schedule_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match=r"era_processing.*claims_submission, invoice_processing, invoice_creation"):
        due_at("era_processing", BUCKETS[0], date(2026, 11, 22))
