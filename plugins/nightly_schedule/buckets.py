"""The time zone buckets and the local time of each automation: the two lists everything else is computed from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Bucket:
    """One IANA time zone whose organizations run together.

    `ordinal` is stored in the partition date of every run, so it never changes and is never given to another zone.
    `city` is the label in run ids: no space and no slash.
    """

    ordinal: int
    timezone: str
    city: str


# Append only, in order of ordinal: with another ordinal a backfill would not find the old runs of a bucket again
# and would run those nights a second time. The same list is stored in practice.timezone_bucket.
BUCKETS: Final[tuple[Bucket, ...]] = (
    Bucket(0, "America/New_York", "New_York"),
    Bucket(1, "America/Chicago", "Chicago"),
    Bucket(2, "America/Denver", "Denver"),
    Bucket(3, "America/Phoenix", "Phoenix"),
    Bucket(4, "America/Los_Angeles", "Los_Angeles"),
    Bucket(5, "America/Anchorage", "Anchorage"),
    Bucket(6, "Pacific/Honolulu", "Honolulu"),
    Bucket(7, "America/Puerto_Rico", "Puerto_Rico"),
    Bucket(8, "Pacific/Guam", "Guam"),
    Bucket(9, "America/Adak", "Adak"),
    Bucket(10, "Pacific/Pago_Pago", "Pago_Pago"),
)

BUCKET_BY_TIMEZONE: Final = MappingProxyType({bucket.timezone: bucket for bucket in BUCKETS})

# Wall-clock time in the bucket's zone. era_processing is missing on purpose: it runs when files arrive.
AUTOMATION_LOCAL_TIMES: Final = MappingProxyType(
    {
        "claims_submission": time(21, 0),
        "invoice_processing": time(22, 0),
        "invoice_creation": time(23, 0),
    }
)
