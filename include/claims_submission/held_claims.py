"""What holds claims back, as a biller reads it: which claim, which edit, what is wrong, where to fix it, new or known.

All of it goes into logs and labels, so there is no patient data in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from include.claims_scrubber import catalogue
from include.claims_submission.fix_places import fix_place
from include.database import execute
from include.nightly_run.attempt import Attempt

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class HeldOrganization:
    """An organization with claims that a person has to look at. `new_count`: errors not seen before this night."""

    organization_id: int
    name: str
    claim_count: int
    error_count: int
    new_count: int

    @property
    def label(self) -> str:
        """What the task instance is called in the UI."""
        new = f"{self.new_count} new" if self.new_count else "none new"
        return f"{self.name}: {_count(self.claim_count, 'claim')} held, {_count(self.error_count, 'error')} ({new})"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def list_held_organizations(connection: Connection, attempt: Attempt) -> list[HeldOrganization]:
    """The organizations of the run with held claims, in order of id."""
    rows = execute(connection, "claims_submission/read_held_organizations.sql", attempt.parameters).fetchall()
    return [HeldOrganization(*row) for row in rows]


def build_label(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> str:
    """What the task instance of these organizations is called by what is held now."""
    held = _held_of(connection, attempt, organization_ids)
    if len(organization_ids) > 1:
        return f"{len(held)} of {len(organization_ids)} more organizations"
    if held:
        return held[0].label
    row = connection.execute(
        "SELECT name FROM practice.organization WHERE organization_id = ANY(%s)", (list(organization_ids),)
    ).fetchone()
    return f"{row[0] if row else '?'}: no claim held any more"


def _held_of(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> list[HeldOrganization]:
    return [one for one in list_held_organizations(connection, attempt) if one.organization_id in organization_ids]


def read_held_claims(connection: Connection, attempt: Attempt, organization_id: int) -> list[str]:
    """Three lines per error that holds a claim of the organization, in order of claim, line and edit."""
    rows = execute(
        connection,
        "claims_submission/read_held_claims.sql",
        attempt.parameters | {"organization_id": organization_id},
    ).fetchall()
    edits = {one.code: one for one in catalogue()}
    lines = []
    for claim_number, service_on, line_number, edit_code, detail_code, first_seen_on, is_new in rows:
        seen = "new tonight" if is_new else f"known since {first_seen_on}"
        lines.append(f"{claim_number}, service {service_on}, {seen}")
        if edit_code is None:
            lines.append(f"    Refused by the validator: {detail_code}")
            lines.append(f"    Fix: {fix_place(detail_code)}")
        elif edit_code in edits:
            edit = edits[edit_code]
            lines.append(f"    {edit_code}: {edit.message.format(line_number=line_number)}")
            lines.append(f"    Fix: {edit.fix_location}")
        else:
            # An old run, looked at with a newer version.
            lines.append(f"    {edit_code}: this edit is no longer in use")
            lines.append("    Fix: nothing; clear this task instance, so that the claim is scrubbed again")
    return lines


def describe_held_claims(connection: Connection, attempt: Attempt, organization_ids: Sequence[int]) -> str:
    """What holds the organizations' claims, for the log of their task instance; "" when nothing does any more.

    Errors first; warnings, and errors that were overridden, are only counted.
    """
    lines = []
    for one in _held_of(connection, attempt, organization_ids):
        lines.append(one.label)
        lines += [f"  {line}" for line in read_held_claims(connection, attempt, one.organization_id)]
        lines += [f"  {line}" for line in _count_others(connection, attempt, one.organization_id)]
    if lines:
        lines.append(
            "The claims stay in Awaiting Submission; the others went out. Correct the data at the places named,\n"
            "then clear this task instance (it scrubs again and sends what is clean), or wait for the next night.\n"
            "All open findings: reporting.open_scrub_errors. See docs/runbook.md, Scrub errors."
        )
    return "\n".join(lines)


def _count_others(connection: Connection, attempt: Attempt, organization_id: int) -> list[str]:
    """One line that counts what holds nothing; none when there is nothing of the kind."""
    row = execute(
        connection,
        "claims_submission/count_other_findings.sql",
        attempt.parameters | {"organization_id": organization_id},
    ).fetchone()
    assert row is not None
    sent_warnings, held_warnings, overridden = row
    counts = [
        f"{_count(number, noun)} {where}"
        for number, noun, where in (
            (sent_warnings, "warning", "on claims that went out"),
            (held_warnings, "warning", "on held claims"),
            (overridden, "overridden error", "on either"),
        )
        if number
    ]
    return [f"{', '.join(counts)}: reporting.scrub_findings"] if counts else []
