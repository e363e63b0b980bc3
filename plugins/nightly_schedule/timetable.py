"""The timetable of the nightly DAGs: one partitioned run per bucket and night.

Airflow knows such a run by its partition date and its key; the logical date stays empty, which lets two buckets run at
the same instant. "The last run" that Airflow hands in is, at each parse of the DAG, the scheduled or backfilled run
with the greatest partition date (airflow.dag_processing.collection), and right after a scheduled run was created, that
run (DagModel.calculate_dagrun_date_fields). Manual runs are never it. So the partition date must be unique and must
grow in firing order, and a run of an old night must not draw the schedule back: see `next_dagrun_info_v2`.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from airflow.exceptions import InvalidPartitionKeyError
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
from pendulum import DateTime
from pendulum import instance as pendulum_instance

from nightly_schedule.slots import (
    LAST_NIGHT,
    InvalidNight,
    Slot,
    local_time,
    parse_partition_key,
    partition_key,
    refuse_future,
    slots,
)

# With catchup off, a slot is still run by itself this long after it fell due, and is left to a person afterwards.
# The next run is computed anew at each parse of the DAG file, also between the instant and the moment the scheduler
# creates the run; without this time such a slot would be skipped. Longer than any ordinary pause of the scheduler (a
# restart, an upgrade), shorter than what a person would call a missed night.
GRACE: Final = timedelta(minutes=30)

_SUFFIX_CHARACTERS: Final = string.ascii_letters + string.digits


def _now() -> datetime:
    """The clock of this module (aware); tests put another in its place."""
    return datetime.now(UTC)


class NightlyTimetable(Timetable):  # type: ignore[misc]  # Airflow is not seen by mypy
    """Falls due in each bucket at the automation's local time, every night; see `nightly_schedule.buckets`."""

    partitioned = True
    run_ordering = ("partition_date", "run_after")

    def __init__(self, automation: str) -> None:
        self.automation = automation
        self._local_time = local_time(automation)  # an unknown name breaks the DAG's import, not its first night
        self.description = f"Every night at {self._local_time:%H:%M} local time, one run per time zone bucket"

    @property
    def summary(self) -> str:
        """The schedule as the DAG list shows it."""
        return f"{self._local_time:%H:%M} local, per bucket"

    def serialize(self) -> dict[str, Any]:
        """What `deserialize` needs: the automation's name."""
        return {"automation": self.automation}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> NightlyTimetable:
        """The timetable that `serialize` described."""
        return cls(data["automation"])

    def next_dagrun_info_v2(
        self, *, last_dagrun_info: DagRunInfo | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The first slot after the last automated run that the restriction allows; None past its `latest`.

        With catchup: every slot from `earliest` on, one after another. Without: the same, but slots that fell due more
        than `GRACE` ago are passed over, so neither a new deployment nor unpausing nor an old night's backfill runs a
        past night, and the schedule goes on at tonight whatever the last run was.
        """
        # Both are equal in the runs made here; a run that other code made may have no partition date.
        last = last_dagrun_info and (last_dagrun_info.partition_date or last_dagrun_info.run_after)
        bounds = [] if restriction.earliest is None else [restriction.earliest]
        if last is not None:
            bounds.append(last.replace(microsecond=0))  # its due instant: buckets that share it may still follow
        if not restriction.catchup or not bounds:
            bounds.append(_now() - GRACE)
        not_before = max(bounds)
        # No zone's date is more than one day behind UTC's; the slots before the bound are passed over below.
        for slot in slots(self.automation, (not_before.astimezone(UTC) - timedelta(days=1)).date()):
            if slot.due_at < not_before or (last is not None and slot.partition_date <= last):
                continue
            if restriction.latest is not None and slot.due_at > restriction.latest:
                return None
            return _dagrun_info(slot)
        return None

    def next_run_info_from_dag_model(self, *, dag_model: Any) -> DagRunInfo | None:
        """What the scheduler creates for the stored next run: that run, or the slot that took its place meanwhile.

        After an outage the scheduler may look before the DAG file was parsed again, and would run a slot of last night
        at noon. A stored slot older than `GRACE` gives way to the first one that is not: its run then waits, queued,
        for its instant.
        """
        info: DagRunInfo | None = super().next_run_info_from_dag_model(dag_model=dag_model)
        if info is None or info.run_after >= _now() - GRACE or _catches_up(dag_model):
            return info
        return self.next_dagrun_info_v2(
            last_dagrun_info=info, restriction=TimeRestriction(earliest=None, latest=None, catchup=False)
        )

    def iter_partition_dagrun_infos(self, *, earliest: datetime, latest: datetime) -> Iterator[DagRunInfo]:
        """The due slots of a backfill window, in firing order. The window is of nights, both ends included.

        A bound's calendar date counts as it is written, whatever its hour and zone: `--from-date 2026-11-20` begins
        with the night of 20 November in every bucket. Slots whose instant has not come are left out.
        """
        now = _now()
        last_night = min(latest.date(), LAST_NIGHT - timedelta(days=2))
        for slot in slots(self.automation, earliest.date()):
            # In firing order the nights of different buckets may overlap; two days cover any zone.
            if slot.due_at > now or slot.night > last_night + timedelta(days=2):
                return
            if slot.night <= last_night:
                yield _dagrun_info(slot)

    def localize_partition_datetime(self, dt: datetime) -> DateTime:
        """Where a bound of a partition date filter lies: a date's midnight becomes the first slot of that night.

        So a filter from 22 to 22 November (the upper one widened to the next midnight, as the UI does) finds the runs
        of exactly that night, though they lie on two days of UTC. A time of day moves the bound by as much.
        """
        time_of_day = timedelta(hours=dt.hour, minutes=dt.minute, seconds=dt.second, microseconds=dt.microsecond)
        first = next(slots(self.automation, min(dt.date(), LAST_NIGHT)))
        return pendulum_instance(first.due_at + time_of_day)

    def generate_run_id(
        self, *, run_type: Any, run_after: DateTime, data_interval: DataInterval | None, **extra: Any
    ) -> str:
        """A run id with the city first, because the UI cuts ids off: `scheduled__Denver__2026-11-22__x4f2`.

        The random end lets a night be run again beside its earlier runs. Airflow does not pass the key when a person
        triggers a run: such an id holds the moment instead.
        """
        key = extra.get("partition_key")
        if key:
            slot = self._slot(key)
            name = f"{slot.bucket.city}__{slot.night.isoformat()}"
        else:
            name = run_after.isoformat()
        # Not the shared generator of `random`: forked processes would draw the same characters.
        suffix = "".join(secrets.choice(_SUFFIX_CHARACTERS) for _ in range(4))
        run_id: str = run_type.generate_run_id(suffix=f"{name}__{suffix}")
        return run_id

    def infer_manual_data_interval(self, *, run_after: DateTime) -> DataInterval:
        """The moment itself. The runs have no interval; only a run started with a logical date asks for one."""
        return DataInterval.exact(run_after)

    def _decode_partition_date(self, partition_key: str) -> datetime:
        """The partition date of a key that a person gives; InvalidPartitionKeyError (the form's 400) if it cannot run.

        Called by Airflow for triggered runs only: scheduled and backfilled ones bring their partition date along.
        """
        slot = self._slot(partition_key)
        try:
            refuse_future(slot, _now())
        except InvalidNight as error:
            raise InvalidPartitionKeyError(str(error)) from error
        return slot.partition_date

    def _slot(self, key: str) -> Slot:
        try:
            return parse_partition_key(self.automation, key)
        except InvalidNight as error:
            raise InvalidPartitionKeyError(str(error)) from error


def _catches_up(dag_model: Any) -> bool:
    # The stored DAG alone knows: neither the timetable nor the row that the scheduler hands in does. Imported here
    # because only the scheduler comes by, and rarely; every process that reads a DAG file would pay for it.
    from airflow.models.serialized_dag import SerializedDagModel
    from sqlalchemy.orm import object_session

    serialized = SerializedDagModel.get(dag_model.dag_id, session=object_session(dag_model))
    return serialized is not None and bool(serialized.dag.catchup)


def _dagrun_info(slot: Slot) -> DagRunInfo:
    # run_after equals the partition date, as in Airflow's own partitioned timetable: the calendar page stops drawing
    # planned runs where run_after does not grow, so buckets that share an instant are microseconds apart here too.
    partition_date = pendulum_instance(slot.partition_date)
    return DagRunInfo(
        run_after=partition_date, data_interval=None, partition_date=partition_date, partition_key=partition_key(slot)
    )
