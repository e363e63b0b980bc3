"""Which slot a run works on: its partition key, or the params `night` and `bucket` where no key can be passed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from nightly_schedule.slots import (
    VALID_BUCKETS,
    VALID_FORM,
    InvalidNight,
    Slot,
    build_slot,
    parse_partition_key,
    refuse_future,
)


def resolve_slot(automation: str, partition_key: str | None, params: Mapping[str, object], now: datetime) -> Slot:
    """The slot of a run: from its partition key, else from `params["night"]` and `params["bucket"]`.

    A key wins over params, which always carry their defaults. A missing param, None and "" mean absent. Aliases of a
    zone (US/Mountain) are refused: organizations are mapped to a bucket before, runs name the bucket itself.

    Raises InvalidNight when neither is given, when one of the params is missing, when the night or the bucket is not
    valid, or when the night's instant has not come at `now` (aware).
    """
    if partition_key:
        slot = parse_partition_key(automation, partition_key)
    else:
        night, bucket = _text(params.get("night")), _text(params.get("bucket"))
        if not night or not bucket:
            missing = " and ".join(name for name, value in (("night", night), ("bucket", bucket)) if not value)
            raise InvalidNight(
                f"the run has no partition key and no param {missing}, so it is not known which night it stands for. "
                f'Give a partition key of the form {VALID_FORM}, or both params, for example "night": "2026-11-22", '
                f'"bucket": "America/Denver". Valid buckets: {VALID_BUCKETS}.'
            )
        slot = build_slot(automation, night, bucket)
    refuse_future(slot, now)
    return slot


def _text(value: object) -> str:
    # A date field of the trigger form arrives as text, a date written in Python code as a date.
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)
