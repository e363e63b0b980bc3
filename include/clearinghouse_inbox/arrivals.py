"""Whether new answers lie in a receiver's folder. Asked every minute, so it only reads, and spares the receivers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Final

import psycopg

from include.clearinghouse.drop_box import NEEDS_A_PERSON, DropBoxFault
from include.clearinghouse_inbox.collection import Key, list_answers, list_receivers, read_seen
from include.errors import BillingError, Unavailable
from include.outbox.delivery import OpenDropBox
from include.outbox.receivers import read_drop_box_settings

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]

#: Seconds until a server is asked again: each look is a login, which receivers count.
SERVER_PAUSE: Final = 300.0
#: Seconds until a receiver that could not be reached is asked again.
FAULT_PAUSE: Final = 300.0
#: The same where asking again makes it worse (a few refused logins in a row may close the account) or cannot help.
REFUSAL_PAUSE: Final = 3600.0


class ArrivalWatch:
    """Tells of new files once. What it remembers lasts as long as it does: a new watch tells again of what still lies
    there, which costs one run that finds nothing new."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._announced: dict[str, set[Key]] = {}
        self._not_before: dict[str, float] = {}

    def count_new_files(self, connection: Connection, open_drop_box: OpenDropBox) -> dict[str, int]:
        """Receiver -> files in its folder that no run has fetched; empty unless one of them was not told of before.

        A file that grows is another file each time. A receiver that cannot be reached has none: the hourly run reports
        it. Errors of the database are raised.
        """
        counts: dict[str, int] = {}
        is_news = False
        for receiver_code in list_receivers(connection):
            if self._clock() < self._not_before.get(receiver_code, 0.0):
                continue
            found = self._look(connection, receiver_code, open_drop_box)
            if found is None:
                continue
            if found:
                counts[receiver_code] = len(found)
            is_news |= not found <= self._announced.get(receiver_code, set())
            self._announced[receiver_code] = found
        return counts if is_news else {}

    def _look(self, connection: Connection, receiver_code: str, open_drop_box: OpenDropBox) -> set[Key] | None:
        """What lies in the folder and was not fetched; None when nobody could look."""
        pause = 0.0
        try:
            settings = read_drop_box_settings(connection, receiver_code)
            with open_drop_box(settings) as box:
                listed = list_answers(connection, box, settings)
                pause = 0.0 if box.description == "directory" else SERVER_PAUSE
            return {(file.name, file.byte_count, file.modified_at) for file in listed} - read_seen(
                connection, receiver_code, listed
            )
        except (BillingError, Unavailable) as fault:
            is_refusal = not isinstance(fault, DropBoxFault) or fault.code in NEEDS_A_PERSON
            pause = REFUSAL_PAUSE if is_refusal else FAULT_PAUSE
            log.warning("receiver %s: not asked for %.0f minutes: %s", receiver_code, pause / 60, fault)
            return None
        finally:
            self._not_before[receiver_code] = self._clock() + pause
