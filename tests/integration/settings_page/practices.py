"""Two practices with something to do on every route, in one database: one that the visitor may see, one of others.

Names hold what must not be seen elsewhere (patient marks) and what must not run (markup).
"""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql

from include.claims_scrubber import edit_of
from include.development import environment
from tests.faults.validators import accepting_validator
from tests.integration.nights.scrub_cases import DENVER, EDIT_CODES, without_coverage
from tests.support.nights import BATCH_STEPS, open_night, run_night
from tests.support.practice import AUTOMATIONS, Practice
from tests.support.sending import allow_sending

Connection = psycopg.Connection[Any]
CREATION, PROCESSING, SUBMISSION = AUTOMATIONS

#: What runs if it is ever shown as it is.
MARKUP: Final = "<script>alert(1)</script>"
#: Organization -> last name, member id and birth date of its clients: invented and nowhere else.
PATIENT_MARKS: Final = {
    1: ("Quillfeather", "QX7700112233", "1961-07-19"),
    2: ("Zanderbrook", "ZB9900445566", "1958-11-23"),
}


@dataclass(frozen=True)
class Things:
    """What a practice has, by id; every item waits for what its name says."""

    organization_id: int
    appointment: int  # waits
    held: int  # an appointment on hold
    kept: int  # another that waits
    invoice: int
    spare_invoice: int
    other_invoice: int
    claim: int
    faulty: int  # a claim with an error that may pass
    overridden: int  # a claim with such an error that passes
    rejected: int
    asked: int  # its file is of unknown outcome
    lost: int  # another one's
    shared: int  # the file of this one holds claims of both practices
    insurer: int
    client: int
    rule: int
    deleted_rule: int
    ordered: tuple[int, int]
    claims_rule: int  # of Claims Submission; the others are of Invoice Creation


@dataclass(frozen=True)
class TwoPractices:
    """The database, its owner's connection, and the two."""

    url: str
    owner: Connection
    mine: Things
    theirs: Things

    def version(self, automation: str, organization_id: int = 1) -> int:
        """Of the setting."""
        return self._one(
            "SELECT version FROM billing.automation_setting WHERE automation = %s AND organization_id = %s",
            automation,
            organization_id,
        )

    def rule_version(self, rule_id: int) -> int:
        return self._one("SELECT version FROM billing.exclusion_rule WHERE rule_id = %s", rule_id)

    def _one(self, statement: str, *parameters: object) -> int:
        row = self.owner.execute(statement.encode(), parameters).fetchone()
        assert row is not None
        return int(row[0])


@contextmanager
def two_practices(server_url: str, template: str, outbox: Path) -> Iterator[TwoPractices]:
    """A copy of the migrated database with both practices, gone afterwards."""
    name = f"billing_test_{uuid.uuid4().hex[:12]}"
    url = environment.with_database(server_url, name)
    with psycopg.connect(environment.with_database(server_url, "postgres"), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        # Tests commit row by row, and nothing here has to survive a power cut.
        server.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(name)))
        try:
            allow_sending(url)
            with psycopg.connect(url, autocommit=True) as owner:
                yield _fill(url, owner, outbox)
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _fill(url: str, owner: Connection, outbox: Path) -> TwoPractices:
    practices = [_MarkedPractice(owner, number) for number in PATIENT_MARKS]
    claims = _file_claims(url, owner, practices, outbox)
    mine, theirs = (_things(owner, practice, claims[practice.organization_id]) for practice in practices)
    _put_markup(owner)
    for practice in practices:
        # What is left to switch on, and to resume.
        practice.setting(PROCESSING, is_enabled=False)
        practice.setting(SUBMISSION, paused_until="2999-12-01")
    for name, organization_id in (("kim", 1), ("sam", 1), ("pat", 1), ("eve", 1), ("lou", 2)):
        owner.execute("SELECT billing.grant_access('user', %s, %s)", (name, organization_id))
    return TwoPractices(url, owner, mine, theirs)


def _put_markup(owner: Connection) -> None:
    """Into every name; not before the claims are in files, which cannot carry it."""
    owner.execute("UPDATE practice.organization SET name = name || ' ' || %s", (MARKUP,))
    for table, column in (
        ("insurer", "name"),
        ("staff", "first_name"),
        ("location", "name"),
        ("client", "first_name"),
        ("service_type", "name"),
        ("billing_provider", "name"),
    ):
        statement = sql.SQL("UPDATE practice.{} SET {} = %s")
        owner.execute(statement.format(sql.Identifier(table), sql.Identifier(column)), (MARKUP,))


class _MarkedPractice(Practice):
    """A practice whose clients carry its marks."""

    def client(self, **changes: object) -> int:
        name, _, birth = PATIENT_MARKS[self.organization_id]
        return super().client(**({"last_name": name, "birth_on": birth} | changes))

    def policy(self, client: int, insurer: int | None = None, level: str = "primary", **changes: object) -> int:
        return super().policy(client, insurer, level, member_id=PATIENT_MARKS[self.organization_id][1], **changes)


def _file_claims(
    url: str, owner: Connection, practices: list[_MarkedPractice], outbox: Path
) -> dict[int, dict[str, int]]:
    """Claims that the scrubber holds, and claims in files of unknown outcome."""
    made: dict[int, dict[str, int]] = {practice.organization_id: {} for practice in practices}
    with (
        pytest.MonkeyPatch.context() as patch,
        accepting_validator(),
        psycopg.connect(environment.pipeline_url(url), autocommit=True) as pipeline,
    ):
        edits = tuple(edit_of(code) for code in EDIT_CODES)
        patch.setattr(importlib.import_module("include.claims_scrubber.scrub"), "catalogue", lambda: edits)
        for practice in practices:
            for name in ("faulty", "overridden"):
                made[practice.organization_id][name] = without_coverage(practice)
        run_night(pipeline, SUBMISSION, DENVER, "2026-03-09", outbox)
        nights = iter(f"2026-03-{day}" for day in range(10, 20))
        filings = [*((name, [one]) for one in practices for name in ("asked", "lost")), ("shared", practices)]
        for name, together in filings:
            for practice in together:
                made[practice.organization_id][name] = practice.claim()
            _file(pipeline, next(nights))
        owner.execute(
            "UPDATE billing.interchange SET interchange_state = 'sending', delivery_stage = 'placing',"
            " attempted_at = '2026-03-20 12:00+00' WHERE interchange_state = 'built'"
        )
        owner.execute(
            "UPDATE billing.interchange SET interchange_state = 'unknown', unknown_since = '2026-03-20 12:00+00'"
            " WHERE interchange_state = 'sending'"
        )
    return made


def _file(pipeline: Connection, night: str) -> None:
    """Claims Submission of the night up to the files."""
    attempt, batches = open_night(pipeline, SUBMISSION, DENVER, night, "filing")
    for organizations in batches:
        for step in BATCH_STEPS[SUBMISSION]:
            step(pipeline, attempt, organizations)


def _things(owner: Connection, practice: _MarkedPractice, claims: dict[str, int]) -> Things:
    held, rejected = practice.appointment(), practice.sent_claim()
    owner.execute("SELECT billing.hold_item(%s, %s, %s)", (CREATION, held, MARKUP))
    owner.execute("SELECT billing.override_finding(%s, 'COV01', %s, 1)", (claims["overridden"], MARKUP))
    owner.execute("UPDATE billing.claim SET claim_status = 'rejected' WHERE claim_id = %s", (rejected,))
    rules = [
        practice.rule(CREATION, ("weekday", ["7"]), ("client", [practice.insured()]), position=number)
        for number in (1, 2, 3, 4)
    ]
    owner.execute("UPDATE billing.exclusion_rule SET deleted_at = now() WHERE rule_id = %s", (rules[1],))
    return Things(
        organization_id=practice.organization_id,
        appointment=practice.appointment(),
        held=held,
        kept=practice.appointment(),
        invoice=practice.invoice(),
        spare_invoice=practice.invoice(),
        other_invoice=practice.invoice(),
        claim=practice.claim(),
        rejected=rejected,
        insurer=practice.default_insurer,
        client=practice.insured(),
        rule=rules[0],
        deleted_rule=rules[1],
        ordered=(rules[2], rules[3]),
        claims_rule=practice.rule(SUBMISSION, ("primary_insurer", [practice.default_insurer])),
        **claims,
    )
