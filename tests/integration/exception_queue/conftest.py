"""A practice with items that stay, seen and moved in the role of the settings page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from include.clearinghouse_inbox.acknowledgments import apply_acknowledgments
from include.development import environment
from include.errors import Unavailable
from include.exception_queue.actions import Target
from include.exception_queue.item import ItemDetail, read_item
from include.exception_queue.queue import QueueFilters, QueueItem, QueuePage, read_queue
from tests.faults.validators import accepting_validator
from tests.integration.nights.conftest import database_url, migrated_rows, module_url, nights  # noqa: F401 (fixtures)
from tests.integration.nights.scrub_cases import DENVER, MONDAY, Nights, rows
from tests.support.answers import ClaimAnswer, ProviderAnswer, a277
from tests.support.nights import BATCH_STEPS, open_night, run_night
from tests.support.practice import Connection, Practice

#: Half an hour after the last run of Monday.
EVENING = "2026-03-09 23:30"
ANNA = "anna"
PRINCIPALS = (("user", ANNA),)


@dataclass
class Desk:
    """What a biller of the practice has before them."""

    practice: Practice
    nights: Nights
    settings: Connection

    @property
    def billing(self) -> Connection:
        return self.practice.connection

    @property
    def now(self) -> datetime:
        return self.practice.instant(EVENING)

    def run(self, *automations: str, night: str = MONDAY) -> None:
        """The automations' runs of the night; files whose outcome is unknown stay so."""
        with accepting_validator():
            for automation in automations:
                with suppress(Unavailable):
                    run_night(self.nights.pipeline, automation, DENVER, night, self.nights.outbox)

    def file(self, night: str = MONDAY) -> None:
        """Claims Submission of the night up to the files, which stay in the outbox."""
        with accepting_validator():
            attempt, batches = open_night(self.nights.pipeline, "claims_submission", DENVER, night, "filing")
            for organizations in batches:
                for step in BATCH_STEPS["claims_submission"]:
                    step(self.nights.pipeline, attempt, organizations)

    def lose_files(self) -> None:
        """The outcome of every undelivered file becomes unknown, some hours ago."""
        self.billing.execute(
            "UPDATE billing.interchange SET interchange_state = 'sending', delivery_stage = 'placing',"
            " attempted_at = '2026-03-09 12:00+00' WHERE interchange_state = 'built'"
        )
        self.billing.execute(
            "UPDATE billing.interchange SET interchange_state = 'unknown', unknown_since = '2026-03-09 12:00+00'"
            " WHERE interchange_state = 'sending'"
        )

    def unknown(self) -> int:
        """A claim whose file may or may not have arrived."""
        claim = self.practice.claim()
        self.file("2026-03-05")
        self.lose_files()
        return claim

    def rejected(self) -> int:
        """A claim that was sent and rejected: the rendering provider's NPI."""
        claim = self.practice.claim()
        self.run("claims_submission", night="2026-03-05")
        number, batch = self.one(
            "SELECT s.claim_number, t.batch_reference FROM billing.claim_submission s"
            " JOIN billing.transaction_set t USING (interchange_id, transaction_number) WHERE s.claim_id = %s",
            claim,
        )
        self.billing.execute("UPDATE billing.deployment SET is_sample = true, clock = 'due_instant'")
        body = a277(batch, ProviderAnswer(claims=[ClaimAnswer(number, ("A7:562:82",))]))
        self.billing.execute(
            "INSERT INTO billing.inbox_file (receiver_code, sha256, body)"
            " VALUES ('default', encode(sha256(%s), 'hex'), %s)",
            (body, body),
        )
        apply_acknowledgments(self.nights.pipeline)
        self.billing.execute("UPDATE billing.deployment SET clock = 'database'")
        return claim

    def queue(self, page: int = 1, **filters: Any) -> QueuePage:
        return read_queue(self.settings, self.practice.organization_id, QueueFilters(**filters), page, self.now)

    def row(self, automation: str, item_id: int) -> QueueItem | None:
        found = [row for row in self.queue().rows if (row.automation, row.item_id) == (automation, item_id)]
        assert len(found) <= 1, "an item stands in the queue once"
        return found[0] if found else None

    def reason(self, automation: str, item_id: int) -> str | None:
        row = self.row(automation, item_id)
        return row.reason if row else None

    def item(self, automation: str, item_id: int, principals: tuple[tuple[str, str], ...] = PRINCIPALS) -> ItemDetail:
        return read_item(self.settings, self.practice.organization_id, automation, item_id, self.now, principals)

    def target(self, automation: str, item_id: int) -> Target:
        return Target(self.practice.organization_id, automation, item_id, ANNA)

    def one(self, statement: str, *parameters: object) -> tuple[Any, ...]:
        row = self.billing.execute(statement.encode(), parameters).fetchone()
        assert row is not None
        return tuple(row)

    def history(self, item_id: int) -> list[tuple[Any, ...]]:
        """Who did what to the item, in order."""
        return rows(
            self.billing,
            "SELECT action, changed_by FROM billing.history WHERE subject_id = %s AND changed_by = %s"
            " ORDER BY history_id",
            item_id,
            ANNA,
        )


@pytest.fixture
def settings(database_url: str) -> Iterator[Connection]:  # noqa: F811 (the fixture)
    """The page's connection: the role that may change settings and use the named functions, and nothing else."""
    with psycopg.connect(environment.settings_url(database_url), autocommit=True) as connection:
        yield connection


@pytest.fixture
def desk(billing: Connection, settings: Connection, nights: Nights, tmp_path: Path) -> Desk:  # noqa: F811
    made = Practice(billing)
    billing.execute("SELECT billing.grant_access('user', %s, 1)", (ANNA,))
    return Desk(made, nights, settings)
