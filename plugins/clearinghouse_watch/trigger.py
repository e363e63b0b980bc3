"""What is behind *when files arrive*, run by the triggerer: it looks and tells, the run of the DAG does the work."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

if TYPE_CHECKING:
    from include.clearinghouse_inbox.arrivals import ArrivalWatch

log = logging.getLogger(__name__)


class NewAnswersTrigger(BaseEventTrigger):  # type: ignore[misc]  # Airflow is not seen by mypy
    """Fires once for each new set of files in the receivers' folders for answers, with counts only.

    It never ends and never fails: Airflow starts a trigger that failed anew every two seconds. What it has told of it
    remembers in memory, so a restart of the triggerer may cost one run that finds nothing.
    """

    def __init__(self, poll_seconds: float = 60.0) -> None:
        super().__init__()
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Where the triggerer finds the class, and its arguments: the same text means the same trigger."""
        return "clearinghouse_watch.trigger.NewAnswersTrigger", {"poll_seconds": self.poll_seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        # Here, not at the top: the DAG processor imports this module, only the triggerer runs it.
        from include.clearinghouse_inbox.arrivals import ArrivalWatch

        watch = ArrivalWatch()
        problem = ""
        while True:
            counts: dict[str, int] = {}
            try:
                # In a thread: all triggers share one event loop, and a server may take a minute to answer.
                counts = await asyncio.to_thread(_count_new_files, watch)
                problem = ""
            except Exception as error:
                if problem != str(error):  # once, not every minute while the database is down
                    log.warning("answers are not looked for: %s", error)
                problem = str(error)
            if counts:
                yield TriggerEvent({"new_file_count": counts})
            await asyncio.sleep(self.poll_seconds)


def _count_new_files(watch: ArrivalWatch) -> dict[str, int]:
    from include.airflow_support import billing_step, open_drop_box

    # The border of the tasks: what it raises has a text that may be logged.
    with billing_step() as connection:
        return watch.count_new_files(connection, open_drop_box)
