"""Nights of Claims Submission over claims that the scrubber holds, for tests of what is found, overridden and counted.

COV01 (the policy was not active on the service date) stands for edits that a person may override, SEX01 for the others.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from include.claims_submission import steps
from include.claims_submission.held_claims import describe_held_claims, list_held_organizations
from include.nightly_run.attempt import Attempt, read_attempt
from tests.support.nights import run_night
from tests.support.practice import Connection, Practice, outcomes
from tests.support.sending import directory_boxes

#: The edits of these nights: what another one finds on the same claims is not the matter here.
EDIT_CODES = ("COV01", "DUP01", "PAY02", "SEX01")

DENVER = "America/Denver"
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = "2026-03-09", "2026-03-10", "2026-03-11", "2026-03-12"


class Nights:
    """Claims Submission night by night, as the pipeline, with what it leaves."""

    def __init__(self, pipeline: Connection, outbox: Path) -> None:
        self.pipeline = pipeline
        self.outbox = outbox
        self._count = 0

    def submit(self, night: str) -> dict[int, str]:
        """Run the night and return what it decided per claim; again is another attempt."""
        self._count += 1
        run_night(self.pipeline, "claims_submission", DENVER, night, self.outbox, f"run {self._count}")
        return outcomes(self.pipeline, "claims_submission", night)

    def attempt(self, night: str) -> Attempt:
        """The newest attempt at the night."""
        row = self.pipeline.execute(
            "SELECT max(a.attempt_id) FROM billing.run_attempt a JOIN billing.run r USING (run_id)"
            " WHERE r.automation = 'claims_submission' AND r.night = %s",
            (night,),
        ).fetchone()
        assert row is not None
        return read_attempt(self.pipeline, row[0])

    def clear(self, night: str, organization_id: int = 1) -> dict[int, str]:
        """What clearing the organization's failed task instance of that night does; what the night has decided then."""
        steps.resubmit_organizations(
            self.pipeline, self.attempt(night), [organization_id], directory_boxes(self.outbox)
        )
        return outcomes(self.pipeline, "claims_submission", night)

    def log(self, night: str, organization_id: int = 1) -> str:
        """What the organization's failed task instance of that night says."""
        return describe_held_claims(self.pipeline, self.attempt(night), [organization_id])

    def labels(self, night: str) -> list[str]:
        """What the failed task instances of that night are called."""
        return [one.label for one in list_held_organizations(self.pipeline, self.attempt(night))]


def without_coverage(practice: Practice, insurer: int | None = None, **changes: object) -> int:
    """A claim of one line that COV01 holds and nothing else."""
    client = practice.insured(insurer, ends_on="2026-03-02", **changes)
    return practice.claim(practice.invoice(practice.appointment(client=client)))


def without_sex(practice: Practice) -> int:
    """A claim that SEX01 holds and nothing else."""
    client = practice.client(sex=None)
    practice.policy(client)
    return practice.claim(practice.invoice(practice.appointment(client=client)))


def override(
    practice: Practice, claim: int, edit_code: str = "COV01", line_number: int = 1, why: str = "agreed"
) -> Any:
    return one(
        practice.connection, "SELECT billing.override_finding(%s, %s, %s, %s)", claim, edit_code, why, line_number
    )[0]


def correct(practice: Practice, claim: int, entered_step_on: str) -> None:
    """The claim comes to Awaiting Submission again as a new version, as it does after a rejection."""
    practice.connection.execute(
        "UPDATE billing.claim SET claim_status = 'awaiting_submission', version = version + 1, entered_step_on = %s"
        " WHERE claim_id = %s",
        (entered_step_on, claim),
    )


def one(connection: Connection, statement: str, *parameters: object) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = connection.execute(statement.encode(), parameters).fetchone()
    assert row is not None
    return row


def rows(connection: Connection, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = connection.execute(statement.encode(), parameters).fetchall()
    return found


def refused(text: str) -> AbstractContextManager[object]:
    """The call is refused with the SQLSTATE of a wrong call and a text that says what is wrong."""
    return pytest.raises(psycopg.errors.RaiseException, match=text)
