"""The timetable as Airflow calls it: at each parse, after each created run, for a backfill, for a triggered run."""

import json
import random
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, takewhile

import pendulum
import pytest
from airflow.exceptions import InvalidPartitionKeyError
from airflow.timetables.base import DagRunInfo, TimeRestriction
from airflow.utils.types import DagRunType

from nightly_schedule import timetable as timetable_module
from nightly_schedule.buckets import BUCKETS
from nightly_schedule.slots import partition_key, slots
from nightly_schedule.timetable import GRACE, NightlyTimetable

AUTOMATIONS = ("claims_submission", "invoice_processing", "invoice_creation")
START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Clock:
    """The time the timetable reads; a test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timetable_module, "_now", clock)
    return clock


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def next_info(
    last: DagRunInfo | None = None,
    *,
    automation: str = "invoice_creation",
    catchup: bool = False,
    earliest: datetime | None = START,
    latest: datetime | None = None,
) -> DagRunInfo | None:
    return NightlyTimetable(automation).next_dagrun_info_v2(
        last_dagrun_info=last, restriction=TimeRestriction(earliest, latest, catchup=catchup)
    )


def next_key(last: DagRunInfo | None = None, **how: object) -> str:
    info = next_info(last, **how)  # type: ignore[arg-type]
    assert info is not None
    return str(info.partition_key)


def run_of(key: str, automation: str = "invoice_creation") -> DagRunInfo:
    """What Airflow reads back from its table of runs."""
    night, timezone = key.split("|")
    slot = next(each for each in slots(automation, date.fromisoformat(night)) if each.bucket.timezone == timezone)
    return DagRunInfo(
        run_after=slot.partition_date, data_interval=None, partition_date=slot.partition_date, partition_key=key
    )


def backfilled(first: str, last: str, automation: str = "invoice_creation") -> list[DagRunInfo]:
    return list(NightlyTimetable(automation).iter_partition_dagrun_infos(earliest=at(first), latest=at(last)))


class Airflow:
    """The two places that compute the next run, as in Airflow 3.3: the DAG processor and the scheduler."""

    def __init__(self, automation: str, clock: Clock) -> None:
        self.automation, self.clock = automation, clock
        self.runs: list[DagRunInfo] = []  # scheduled and backfilled
        self.created: list[tuple[datetime, str]] = []  # scheduled: when, key
        self.next: DagRunInfo | None = None

    def parse(self) -> None:
        last = max(self.runs, key=lambda run: run.partition_date or START, default=None)
        self.next = next_info(last, automation=self.automation)

    def schedule(self, chance: random.Random | None = None) -> None:
        """Create all runs that are due, one after another; with `chance`, a parse may come in between."""
        while self.next is not None and self.next.run_after <= self.clock.now:
            if chance and chance.random() < 0.5:
                self.parse()
            run = self.next
            self.runs.append(run)
            self.created.append((self.clock.now, str(run.partition_key)))
            self.next = next_info(run, automation=self.automation)

    @property
    def created_keys(self) -> list[str]:
        return [key for _, key in self.created]


def keys_due(automation: str, after: datetime, until: datetime) -> list[str]:
    walked = takewhile(lambda slot: slot.due_at <= until, slots(automation, (after - timedelta(days=2)).date()))
    return [partition_key(slot) for slot in walked if slot.due_at > after]


# The scheduled path


@pytest.mark.parametrize("automation", AUTOMATIONS)
@pytest.mark.parametrize("start", ["2026-03-01T15:00", "2026-06-10T15:00", "2026-10-20T15:00"])
def test_three_weeks_of_parses_at_any_moment_run_every_slot_exactly_once_in_order(
    automation: str, start: str, clock: Clock
) -> None:
    chance = random.Random(f"{automation} {start}")
    begin = at(start)
    end = begin + timedelta(weeks=3)
    instants = [slot.due_at for slot in takewhile(lambda slot: slot.due_at < end, slots(automation, begin.date()))]
    moments: list[tuple[datetime, int, str]] = [(begin, 0, "parse")]
    for instant in instants:
        late = timedelta(seconds=chance.uniform(0.1, 20 * 60))  # the scheduler is busy, or restarting
        moments += [(instant + late, 1, "schedule"), (instant + late, 2, "parse")]
        moments += [(instant + timedelta(seconds=offset), 0, "parse") for offset in (-1, 0, 1)]
        moments += [(instant + late * chance.random(), 0, "parse") for _ in range(2)]
        moments += [(instant + timedelta(seconds=chance.uniform(-7200, 7200)), 0, "parse") for _ in range(2)]

    airflow = Airflow(automation, clock)
    for moment, _, what in sorted(each for each in moments if begin <= each[0] <= end):
        clock.now = moment
        airflow.parse() if what == "parse" else airflow.schedule(chance)
    clock.now = end
    airflow.schedule()

    expected = keys_due(automation, begin, end)
    assert len(expected) == 21 * len(BUCKETS)
    assert airflow.created_keys == expected


def test_buckets_that_share_an_instant_follow_one_another_and_none_is_repeated(clock: Clock) -> None:
    clock.now = at("2026-12-16T06:00:00")  # 23:00 of 15 December in Denver and in Phoenix
    denver = next_info(run_of("2026-12-15|America/Chicago"))
    phoenix = next_info(denver)
    los_angeles = next_info(phoenix)
    assert denver and phoenix and los_angeles
    assert [info.partition_key for info in (denver, phoenix, los_angeles)] == [
        "2026-12-15|America/Denver",
        "2026-12-15|America/Phoenix",
        "2026-12-15|America/Los_Angeles",
    ]
    assert denver.partition_date == at("2026-12-16T06:00:00.000002")
    assert phoenix.partition_date == at("2026-12-16T06:00:00.000003")


def test_in_summer_phoenix_follows_denver_by_an_hour_and_shares_the_instant_of_los_angeles(clock: Clock) -> None:
    clock.now = at("2026-07-16T05:00:00")
    phoenix = next_info(run_of("2026-07-15|America/Denver"))
    assert phoenix and phoenix.partition_date == at("2026-07-16T06:00:00.000003")
    assert next_key(phoenix) == "2026-07-15|America/Los_Angeles"


def test_a_run_has_no_data_interval_and_its_times_grow_strictly(clock: Clock) -> None:
    infos, last = [], None
    for _ in range(200):
        last = next_info(last, catchup=True)
        assert last and last.data_interval is None and last.logical_date is None
        infos.append((last.run_after, last.partition_date))
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(infos))


def test_a_new_deployment_at_noon_runs_nothing_before_the_next_slot(clock: Clock) -> None:
    clock.now = at("2026-11-24T19:00:00")  # noon in Denver
    airflow = Airflow("claims_submission", clock)
    airflow.parse()
    airflow.schedule()
    assert airflow.created == []
    assert next_key(automation="claims_submission") == "2026-11-24|America/Puerto_Rico"  # at 01:00Z, 21:00 in San Juan


def test_a_new_deployment_without_a_start_date_waits_for_the_next_slot_too(clock: Clock) -> None:
    clock.now = at("2026-11-24T19:00:00")
    assert next_key(earliest=None) == "2026-11-24|America/Puerto_Rico"
    assert next_key(earliest=None, catchup=True) == "2026-11-24|America/Puerto_Rico"


def test_a_slot_that_just_fell_due_is_kept_by_a_parse_until_the_grace_is_over(clock: Clock) -> None:
    due = at("2026-11-25T04:00:00")
    last = run_of("2026-11-24|America/Puerto_Rico")
    clock.now = due + SECOND
    assert next_key(last) == next_key(None) == "2026-11-24|America/New_York"
    clock.now = due + GRACE
    assert next_key(last) == next_key(None) == "2026-11-24|America/New_York"
    clock.now = due + GRACE + SECOND
    assert next_key(last) == next_key(None) == "2026-11-24|America/Chicago"


def test_unpausing_after_a_week_runs_nothing_old(clock: Clock) -> None:
    airflow = Airflow("invoice_creation", clock)
    airflow.runs = [run_of("2026-11-16|America/New_York")]
    clock.now = at("2026-11-24T19:00:00")
    airflow.parse()  # the DAG processor parses paused DAGs too
    airflow.schedule()
    assert airflow.created == []
    clock.now = at("2026-11-25T03:00:01")
    airflow.schedule()
    assert airflow.created_keys == ["2026-11-24|America/Puerto_Rico"]


def test_an_outage_of_a_night_leaves_the_missed_slots_to_a_person(clock: Clock) -> None:
    airflow = Airflow("invoice_creation", clock)
    airflow.runs = [run_of("2026-11-24|America/Puerto_Rico")]
    clock.now = at("2026-11-25T15:00:00")
    airflow.parse()
    clock.now = at("2026-11-26T03:00:01")
    airflow.schedule()
    assert airflow.created_keys == ["2026-11-25|America/Puerto_Rico"]


def test_a_backfill_of_an_old_night_does_not_draw_the_schedule_back(clock: Clock) -> None:
    clock.now = at("2026-11-25T04:00:10")
    old = run_of("2026-10-01|Pacific/Pago_Pago")
    # As the only automated run, and beside newer ones (then Airflow hands in the newer).
    assert next_key(old) == "2026-11-24|America/New_York"
    airflow = Airflow("invoice_creation", clock)
    airflow.runs = [run_of("2026-11-24|America/Puerto_Rico"), old]
    airflow.parse()
    assert airflow.next and airflow.next.partition_key == "2026-11-24|America/New_York"


def test_a_backfill_of_what_is_due_tonight_is_not_repeated_by_the_schedule(clock: Clock) -> None:
    clock.now = at("2026-11-25T06:05:00")
    airflow = Airflow("invoice_creation", clock)
    airflow.runs = backfilled("2026-11-24", "2026-11-24")
    assert airflow.runs[-1].partition_key == "2026-11-24|America/Phoenix"
    airflow.parse()
    airflow.schedule()
    assert airflow.created == []
    assert airflow.next and airflow.next.partition_key == "2026-11-24|America/Los_Angeles"


def test_a_last_run_without_a_partition_date_counts_by_its_instant(clock: Clock) -> None:
    clock.now = at("2026-11-25T04:00:10")
    last = run_of("2026-11-24|America/New_York")._replace(partition_date=None)
    assert next_key(last) == "2026-11-24|America/Chicago"


def test_the_start_and_end_of_a_dag_are_inclusive_instants(clock: Clock) -> None:
    clock.now = at("2026-11-24T12:00:00")
    instant = at("2026-11-26T06:00:00")
    last = run_of("2026-11-25|America/Denver")
    assert next_key(earliest=instant) == "2026-11-25|America/Denver"
    assert next_key(earliest=instant + SECOND) == "2026-11-25|America/Los_Angeles"
    assert next_key(last, latest=instant) == "2026-11-25|America/Phoenix"
    assert next_info(last, latest=instant - SECOND) is None


class StoredNextRun:
    """The columns of Airflow's DagModel that hold the next run, as the last parse or the last creation left them."""

    def __init__(self, info: DagRunInfo) -> None:
        self.next_dagrun = None
        self.next_dagrun_create_after = info.run_after
        self.next_dagrun_partition_date = info.partition_date
        self.next_dagrun_partition_key = info.partition_key


@pytest.mark.parametrize(
    ("now", "catches_up", "expected"),
    [
        ("2026-11-25T04:30:00", False, "2026-11-24|America/New_York"),
        ("2026-11-25T04:30:01", False, "2026-11-24|America/Chicago"),
        ("2026-11-25T19:00:00", False, "2026-11-25|America/Puerto_Rico"),
        ("2026-11-25T19:00:00", True, "2026-11-24|America/New_York"),
    ],
)
def test_after_an_outage_the_scheduler_creates_the_stored_slot_only_within_the_grace_or_when_catching_up(
    now: str, catches_up: bool, expected: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timetable_module, "_catches_up", lambda dag_model: catches_up)
    stored = StoredNextRun(run_of("2026-11-24|America/New_York"))
    clock.now = at(now)
    info = NightlyTimetable("invoice_creation").next_run_info_from_dag_model(dag_model=stored)
    assert info and info.partition_key == expected
    assert info == run_of(expected)


# The catch-up path


@pytest.mark.parametrize("automation", AUTOMATIONS)
def test_catchup_walks_every_slot_from_the_start_date_on_past_the_present(automation: str, clock: Clock) -> None:
    clock.now = at("2026-03-09T12:00:00")
    earliest, latest = at("2026-03-01T00:00:00"), at("2026-03-15T23:59:00")
    walked: list[str] = []
    last = None
    while last := next_info(last, automation=automation, catchup=True, earliest=earliest, latest=latest):
        walked.append(str(last.partition_key))
    assert walked == keys_due(automation, earliest - SECOND, latest)
    assert len(walked) == 15 * len(BUCKETS)


def test_catchup_goes_on_after_the_last_run_however_old(clock: Clock) -> None:
    clock.now = at("2026-11-25T12:00:00")
    last = run_of("2026-02-01|America/Denver")
    assert next_key(last, catchup=True) == next_key(last, catchup=True, earliest=None) == "2026-02-01|America/Phoenix"


# The backfill path


def keys(infos: Iterable[DagRunInfo]) -> list[str]:
    return [str(info.partition_key) for info in infos]


def test_a_backfill_window_is_of_nights_with_both_ends_included(clock: Clock) -> None:
    clock.now = at("2026-11-25T12:00:00")
    infos = backfilled("2026-11-20", "2026-11-21")
    expected = {f"2026-11-{day}|{bucket.timezone}" for day in (20, 21) for bucket in BUCKETS}
    assert len(infos) == len(expected)
    assert set(keys(infos)) == expected
    assert [info.partition_date for info in infos] == sorted(info.partition_date or START for info in infos)


def test_a_backfill_of_one_night_runs_every_bucket_once(clock: Clock) -> None:
    clock.now = at("2026-11-25T12:00:00")
    assert sorted(keys(backfilled("2026-11-21", "2026-11-21"))) == sorted(
        f"2026-11-21|{bucket.timezone}" for bucket in BUCKETS
    )


@pytest.mark.parametrize("night", ["2026-03-08", "2026-11-01"])
def test_a_backfill_of_a_night_on_which_clocks_change_runs_every_bucket_once(night: str, clock: Clock) -> None:
    clock.now = at("2026-11-25T12:00:00")
    assert sorted(keys(backfilled(night, night))) == sorted(f"{night}|{bucket.timezone}" for bucket in BUCKETS)


@pytest.mark.parametrize("hour", ["00:00", "12:00", "23:59"])
def test_the_hour_of_a_bound_does_not_matter(hour: str, clock: Clock) -> None:
    clock.now = at("2026-11-25T12:00:00")
    assert keys(backfilled(f"2026-11-21T{hour}", "2026-11-21T23:59")) == keys(backfilled("2026-11-21", "2026-11-21"))


def test_a_backfill_leaves_out_what_is_not_due_yet(clock: Clock) -> None:
    clock.now = at("2026-11-25T04:00:00")
    assert keys(backfilled("2026-11-24", "2026-11-30")) == [
        "2026-11-24|Pacific/Guam",
        "2026-11-24|America/Puerto_Rico",
        "2026-11-24|America/New_York",
    ]
    clock.now -= SECOND
    assert keys(backfilled("2026-11-24", "2026-11-30"))[-1] == "2026-11-24|America/Puerto_Rico"
    assert keys(backfilled("2026-11-25", "9999-12-31")) == []


def test_a_backfilled_run_has_the_partition_date_of_the_scheduled_one(clock: Clock) -> None:
    clock.now = at("2026-11-25T12:00:00")
    (backfilled_run,) = [
        info for info in backfilled("2026-11-23", "2026-11-23") if str(info.partition_key).endswith("Phoenix")
    ]
    clock.now = at("2026-11-24T06:00:00")
    assert next_info(run_of("2026-11-23|America/Denver")) == backfilled_run


# Triggered runs, run ids, filters, serialization


@pytest.mark.parametrize(
    "key",
    [
        "2026-11-22",
        "2026-11-22|Europe/Berlin",
        "2026-11-22|US/Mountain",
        "22.11.2026|America/Denver",
        "9999-12-31|America/Denver",
    ],
)
def test_a_bad_key_is_refused_as_the_trigger_form_expects(key: str, clock: Clock) -> None:
    clock.now = at("2026-11-25T12:00:00")
    with pytest.raises(InvalidPartitionKeyError, match=r"YYYY-MM-DD.*Valid buckets: America/New_York"):
        NightlyTimetable("invoice_creation").resolve_partition_date(key)


def test_a_triggered_key_gets_the_partition_date_of_the_scheduled_run_once_its_instant_has_come(clock: Clock) -> None:
    timetable = NightlyTimetable("invoice_creation")
    clock.now = at("2026-11-25T06:00:00")
    assert timetable.resolve_partition_date("2026-11-24|America/Phoenix") == at("2026-11-25T06:00:00.000003")
    clock.now -= SECOND
    with pytest.raises(InvalidPartitionKeyError, match="has not come yet"):
        timetable.resolve_partition_date("2026-11-24|America/Phoenix")


def run_id(run_type: DagRunType, **extra: str) -> str:
    return NightlyTimetable("invoice_creation").generate_run_id(
        run_type=run_type, run_after=pendulum.instance(at("2026-11-25T06:00:00")), data_interval=None, **extra
    )


@pytest.mark.parametrize("run_type", [DagRunType.SCHEDULED, DagRunType.BACKFILL_JOB])
def test_a_run_id_has_the_city_right_after_the_run_type_and_then_the_night(run_type: DagRunType) -> None:
    pattern = rf"{run_type.value}__Denver__2026-11-22__[A-Za-z0-9]{{4}}"
    assert re.fullmatch(pattern, run_id(run_type, partition_key="2026-11-22|America/Denver"))


def test_the_same_night_gets_a_new_run_id_each_time() -> None:
    made = {run_id(DagRunType.BACKFILL_JOB, partition_key="2026-11-22|America/Denver") for _ in range(10)}
    assert len(made) == 10


def test_a_run_id_made_without_a_key_holds_the_moment() -> None:
    assert re.fullmatch(r"manual__2026-11-25T06:00:00\+00:00__[A-Za-z0-9]{4}", run_id(DagRunType.MANUAL))


def test_run_ids_keep_to_the_characters_airflow_allows() -> None:
    made = [run_id(DagRunType.SCHEDULED, partition_key=f"2026-11-22|{bucket.timezone}") for bucket in BUCKETS]
    assert len(made) == len(BUCKETS)
    assert all(re.fullmatch(r"[A-Za-z0-9_.~:+-]+", each) for each in made)


@pytest.mark.parametrize("automation", AUTOMATIONS)
def test_a_partition_date_filter_over_one_day_finds_exactly_that_night(automation: str, clock: Clock) -> None:
    clock.now = at("2026-11-25T12:00:00")
    timetable = NightlyTimetable(automation)
    lower = timetable.localize_partition_datetime(at("2026-11-21"))
    upper = timetable.localize_partition_datetime(at("2026-11-22"))  # Airflow widens an upper date to the next midnight
    found = [
        info
        for info in backfilled("2026-11-19", "2026-11-23", automation)
        if info.partition_date and lower <= info.partition_date < upper
    ]
    assert keys(found) == keys(backfilled("2026-11-21", "2026-11-21", automation))


def test_a_time_of_day_moves_the_bound_of_a_partition_date_filter_by_as_much() -> None:
    timetable = NightlyTimetable("invoice_creation")
    assert timetable.localize_partition_datetime(at("2026-11-21")) == at("2026-11-21T13:00")
    assert timetable.localize_partition_datetime(at("2026-11-21T23:59")) == at("2026-11-22T12:59")


def test_a_run_with_a_logical_date_gets_that_moment_as_its_interval() -> None:
    moment = pendulum.instance(at("2026-11-25T06:00:00"))
    interval = NightlyTimetable("invoice_creation").infer_manual_data_interval(run_after=moment)
    assert (interval.start, interval.end) == (moment, moment)


def test_an_automation_without_a_nightly_schedule_breaks_the_import_of_its_dag() -> None:
    with pytest.raises(ValueError, match="era_processing"):
        NightlyTimetable("era_processing")


@pytest.mark.parametrize(("automation", "summary"), zip(AUTOMATIONS, ("21:00", "22:00", "23:00"), strict=True))
def test_the_dag_list_shows_the_local_time(automation: str, summary: str) -> None:
    assert NightlyTimetable(automation).summary == f"{summary} local, per bucket"


@pytest.mark.parametrize("automation", AUTOMATIONS)
def test_the_timetable_survives_airflows_serializer_with_the_plugin_loaded(automation: str) -> None:
    from airflow.serialization.decoders import decode_timetable
    from airflow.serialization.encoders import encode_timetable

    encoded = json.loads(json.dumps(encode_timetable(NightlyTimetable(automation))))
    assert encoded["__type"] == "nightly_schedule.timetable.NightlyTimetable"
    decoded = decode_timetable(encoded)
    assert type(decoded) is NightlyTimetable
    assert decoded.automation == automation
    assert decoded.partitioned


def test_the_plugin_is_named_billing_and_lists_the_timetable() -> None:
    from airflow import plugins_manager

    assert plugins_manager.get_timetables_plugins()["nightly_schedule.timetable.NightlyTimetable"] is NightlyTimetable
    plugins, _errors = plugins_manager._get_plugins()
    assert "billing" in [plugin.name for plugin in plugins]
