"""Troubles as failed task instances: what their list hands on to them, and what each finds when it runs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from include.clearinghouse_inbox.troubles import Trouble
from include.nightly_run.failures import INSTANCES

Reported = dict[str, Any]


def report(troubles: Sequence[Trouble]) -> list[Reported]:
    """One entry per task instance: label and file_ids; the last one is shared when there are more than `INSTANCES`.

    Messages are not handed on: they would lie in Airflow's database, and be old when the instance is cleared.
    """
    entries: list[Reported] = [{"label": one.label, "file_ids": one.ids} for one in troubles[:INSTANCES]]
    rest = troubles[INSTANCES:]
    if rest:
        ids = sorted({file_id for one in rest for file_id in one.ids})
        entries.append({"label": f"{len(rest)} more receivers", "file_ids": ids})
    return entries


def still_open(troubles: Sequence[Trouble], file_ids: Collection[int]) -> str | None:
    """What is to be said now about any of these files; None when nobody has to look at one of them any more."""
    wanted = set(file_ids)
    return "\n\n".join(one.message for one in troubles if not wanted.isdisjoint(one.ids)) or None
