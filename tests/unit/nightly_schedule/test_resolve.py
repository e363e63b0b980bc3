"""Which slot a run works on, from its key or its params."""

from datetime import UTC, date, datetime

import pytest

from nightly_schedule.buckets import BUCKETS
from nightly_schedule.resolve import resolve_slot
from nightly_schedule.slots import InvalidNight, partition_key

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PARAMS = {"night": "2026-11-20", "bucket": "America/Phoenix"}


def resolved(key: str | None, params: dict[str, object] | dict[str, str], now: datetime = NOW) -> str:
    return partition_key(resolve_slot("invoice_creation", key, params, now))


def test_a_key_alone_names_the_slot() -> None:
    assert resolved("2026-11-22|America/Denver", {}) == "2026-11-22|America/Denver"


def test_a_key_wins_over_params() -> None:
    assert resolved("2026-11-22|America/Denver", PARAMS) == "2026-11-22|America/Denver"


def test_params_name_the_slot_where_no_key_is_given() -> None:
    assert resolved(None, PARAMS) == "2026-11-20|America/Phoenix"
    assert resolved("", {**PARAMS, "something_else": 1}) == "2026-11-20|America/Phoenix"


def test_a_night_param_may_be_a_date() -> None:
    assert resolved(None, {**PARAMS, "night": date(2026, 11, 20)}) == "2026-11-20|America/Phoenix"


@pytest.mark.parametrize(
    ("params", "missing"),
    [
        ({}, "night and bucket"),
        ({"night": None, "bucket": ""}, "night and bucket"),
        ({"night": "2026-11-20"}, "bucket"),
        ({"bucket": "America/Denver", "night": None}, "night"),
    ],
)
def test_without_key_and_params_the_run_is_refused_naming_what_is_valid(
    params: dict[str, object], missing: str
) -> None:
    with pytest.raises(InvalidNight, match=rf"no param {missing},.*2026-11-22\|America/Denver") as refusal:
        resolved(None, params)
    assert all(bucket.timezone in str(refusal.value) for bucket in BUCKETS)


@pytest.mark.parametrize(
    "params",
    [
        {"night": "2026-11-20", "bucket": "US/Arizona"},
        {"night": "2026-11-20", "bucket": "Phoenix"},
        {"night": "20 November", "bucket": "America/Phoenix"},
        {"night": datetime(2026, 11, 20, 23, tzinfo=UTC), "bucket": "America/Phoenix"},
    ],
)
def test_a_param_that_is_no_night_or_no_bucket_is_refused(params: dict[str, object]) -> None:
    with pytest.raises(InvalidNight, match="Valid buckets: America/New_York"):
        resolved(None, params)


def test_a_bad_key_is_refused_even_if_the_params_are_good() -> None:
    with pytest.raises(InvalidNight, match="US/Mountain"):
        resolved("2026-11-22|US/Mountain", PARAMS)


@pytest.mark.parametrize("by_key", [True, False])
def test_a_night_can_run_from_its_instant_on(by_key: bool) -> None:
    key = "2026-11-20|America/Phoenix" if by_key else None
    instant = datetime(2026, 11, 21, 6, tzinfo=UTC)
    assert resolved(key, PARAMS, instant) == "2026-11-20|America/Phoenix"
    with pytest.raises(InvalidNight, match="has not come yet"):
        resolved(key, PARAMS, datetime(2026, 11, 21, 5, 59, 59, tzinfo=UTC))
