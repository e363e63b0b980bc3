"""Slots: which (automation, bucket, night) falls due at which instant, and how a slot is written as text.

Pure arithmetic on zoneinfo, shared by the timetable, the DAGs and the backfill command. "Now" is always an argument.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from nightly_schedule.buckets import AUTOMATION_LOCAL_TIMES, BUCKET_BY_TIMEZONE, BUCKETS, Bucket

# Nights outside are typing errors; the limits also keep date arithmetic away from the ends of the calendar.
FIRST_NIGHT: Final = date(2000, 1, 1)
LAST_NIGHT: Final = date(2999, 12, 31)

# Held here because ZoneInfo remembers only the last eight zones: going round all buckets would read files each time.
_ZONES: Final = {bucket.timezone: ZoneInfo(bucket.timezone) for bucket in BUCKETS}

VALID_FORM: Final = "YYYY-MM-DD|Zone/City, for example 2026-11-22|America/Denver"
VALID_BUCKETS: Final = ", ".join(bucket.timezone for bucket in BUCKETS)


class InvalidNight(ValueError):
    """A night or bucket that cannot be run; the message names the valid form and the valid buckets.

    Whoever asked must ask again with another key: trying the same again does not help.
    """


@dataclass(frozen=True, slots=True)
class Slot:
    """One run that is to be: an automation, a bucket, and the bucket's local date on which the run falls due."""

    automation: str
    bucket: Bucket
    night: date

    @property
    def due_at(self) -> datetime:
        """The UTC instant from which the slot may run."""
        return due_at(self.automation, self.bucket, self.night)

    @property
    def partition_date(self) -> datetime:
        """The due instant plus the bucket's ordinal in microseconds, UTC: unique per slot, in firing order.

        Airflow knows the runs of a partitioned DAG by this value alone, so buckets that share an instant must differ.
        """
        return self.due_at + timedelta(microseconds=self.bucket.ordinal)


def local_time(automation: str) -> time:
    """The wall-clock time at which the automation falls due in each bucket's zone.

    Raises ValueError for an automation without a nightly schedule: a mistake in the calling code.
    """
    try:
        return AUTOMATION_LOCAL_TIMES[automation]
    except KeyError:
        raise ValueError(
            f"{automation!r} has no nightly schedule; these have one: {', '.join(AUTOMATION_LOCAL_TIMES)}"
        ) from None


def due_at(automation: str, bucket: Bucket, night: date) -> datetime:
    """The UTC instant at which the automation falls due in the bucket on its local date `night`.

    No US zone skips or doubles 21:00-23:00 local on a clock change, so there is exactly one such instant.
    """
    local = datetime.combine(night, local_time(automation), tzinfo=_ZONES[bucket.timezone])
    return local.astimezone(UTC)


def slots(automation: str, first_night: date) -> Iterator[Slot]:
    """Every slot of `first_night` and of all nights after it, in firing order: by due instant, then by ordinal.

    Ends after `LAST_NIGHT`, so in practice never: take what you need. Nights before `FIRST_NIGHT` are left out.
    """
    first_night = max(first_night, FIRST_NIGHT)

    def of_bucket(bucket: Bucket) -> Iterator[Slot]:
        for days in range((LAST_NIGHT - first_night).days + 1):
            yield Slot(automation, bucket, first_night + timedelta(days=days))

    # Merged over the buckets rather than sorted per night: right even if a bucket's night begins before
    # another bucket's previous night has begun, as it would with a zone west and one east of the date line.
    return heapq.merge(*(of_bucket(bucket) for bucket in BUCKETS), key=lambda slot: slot.partition_date)


def partition_key(slot: Slot) -> str:
    """The text that names the slot's night and bucket within its automation's DAG: `2026-11-22|America/Denver`."""
    return f"{slot.night.isoformat()}|{slot.bucket.timezone}"


def parse_partition_key(automation: str, key: str) -> Slot:
    """The slot a partition key names; the inverse of `partition_key`.

    Strict: one slot has one spelling, since Airflow compares keys as text. Raises InvalidNight.
    """
    night, separator, timezone = key.partition("|")
    if not separator:
        raise InvalidNight(f"partition key {key!r} is not {VALID_FORM}. Valid buckets: {VALID_BUCKETS}.")
    return build_slot(automation, night, timezone)


def build_slot(automation: str, night: str, timezone: str) -> Slot:
    """The slot of a night (`YYYY-MM-DD`) and a bucket (its IANA zone), both as text. Raises InvalidNight."""
    try:
        day = date.fromisoformat(night)
    except ValueError:
        day = None
    # fromisoformat also reads 20261122 and 2026-W47-7; those would be second spellings of one night.
    if day is None or day.isoformat() != night:
        raise InvalidNight(
            f"night {night!r} is not a date written YYYY-MM-DD. The form of a partition key is {VALID_FORM}. "
            f"Valid buckets: {VALID_BUCKETS}."
        )
    if not FIRST_NIGHT <= day <= LAST_NIGHT:
        raise InvalidNight(
            f"night {night} is not between {FIRST_NIGHT} and {LAST_NIGHT}. "
            f"The form of a partition key is {VALID_FORM}. Valid buckets: {VALID_BUCKETS}."
        )
    bucket = BUCKET_BY_TIMEZONE.get(timezone)
    if bucket is None:
        raise InvalidNight(
            f"bucket {timezone!r} is unknown. The form of a partition key is {VALID_FORM}. "
            f"Valid buckets: {VALID_BUCKETS}."
        )
    return Slot(automation, bucket, day)


def refuse_future(slot: Slot, now: datetime) -> None:
    """Return if the slot's instant has come at `now` (aware); raise InvalidNight if it lies ahead."""
    due = slot.due_at
    if now < due:
        latest = latest_due_night(slot.automation, slot.bucket, now)
        raise InvalidNight(
            f"night {slot.night} of {slot.bucket.timezone} falls due at {due:%Y-%m-%dT%H:%M}Z, which has not come yet. "
            f"The latest night that can run there is {latest}: {latest}|{slot.bucket.timezone}. "
            f"The form of a partition key is {VALID_FORM}. Valid buckets: {VALID_BUCKETS}."
        )


def latest_due_night(automation: str, bucket: Bucket, now: datetime) -> date:
    """The latest night of the bucket whose instant has come at `now` (aware)."""
    today = now.astimezone(_ZONES[bucket.timezone]).date()
    return today if due_at(automation, bucket, today) <= now else today - timedelta(days=1)
