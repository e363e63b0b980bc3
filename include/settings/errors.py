"""What a person who changes something on the settings page may be told: somebody was faster, or it cannot be done.

The texts hold names of logins, ids, codes and labels of fields; never a value that somebody typed.
"""

from __future__ import annotations

from datetime import datetime

from include.errors import BillingError


class Stale(BillingError):
    """Somebody else changed the same thing since the page was loaded. Nothing was changed; load it again."""


class Refused(BillingError):
    """It cannot be done as asked. Nothing was changed; the text says why and what can be done instead."""


def build_stale(what: str, changed_by: str | None, changed_at: datetime | None) -> Stale:
    """The message to the slower one: what, by whom and when (local time of the organization); reload to go on."""
    by_whom = f" by {changed_by}" if changed_by else ""
    when = (
        f" on {changed_at:%b} {changed_at.day}, {changed_at.year} at {changed_at:%H:%M} local time"
        if changed_at
        else ""
    )
    return Stale(
        f"{what} was changed{by_whom}{when}, after this page was loaded. Nothing of yours was saved: "
        "load the page again and repeat what is still wanted."
    )
