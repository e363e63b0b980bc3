"""The last part of ``make run``: a simulated clearinghouse answers the sample's files, and the answers are read.

What came back is asked of the reporting views, as an analyst would; only which claims a file holds, of billing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from include.development import environment
from include.development.nights import AirflowClient, InboxResult, run_inbox
from include.development.simulated_clearinghouse import answer_folder

#: Names of the printed table, in order.
COLUMNS = ("file", "state", "practice", "claims", "accepted", "rejected", "undecided", "unanswered")


@dataclass(frozen=True)
class FileAnswers:
    """The claims of one practice in one file, by what was said of them. They add up."""

    control_number: int
    state: str
    practice: str
    claims: int
    accepted: int
    rejected: int
    undecided: int

    @property
    def unanswered(self) -> int:
        return self.claims - self.accepted - self.rejected - self.undecided

    @property
    def row(self) -> tuple[Any, ...]:
        """The values of COLUMNS."""
        counts = (self.claims, self.accepted, self.rejected, self.undecided, self.unanswered)
        return (f"{self.control_number:09d}", self.state, self.practice, *counts)


@dataclass(frozen=True)
class Rejection:
    """A reason for which claims of a practice were rejected, in words, and where that is corrected."""

    practice: str
    claim_numbers: tuple[str, ...]
    codes: str
    words: str
    fix_location: str | None


def close_loop(client: AirflowClient, *, report: Callable[[str], None], run_limit_seconds: float) -> InboxResult:
    """Has the simulated clearinghouse answer what lies in the outbox folder, and clearinghouse_inbox read the answers.

    Raises FolderMissing, and NightsError when the run takes longer than ``run_limit_seconds``.
    """
    done = answer_folder(environment.outbox_dir(), environment.inbox_dir())
    report(f"837P files: {len(done.answered)} answered by a simulated clearinghouse, {len(done.left_alone)} before.")
    for name, reason in done.unanswerable:
        report(f"  not answered: {name}: {reason}")
    result = run_inbox(client, run_limit_seconds=run_limit_seconds)
    report(f"The answers were read in {result.seconds:.0f} s: {result.describe()}")
    for instance in result.failed:
        report(f"  {instance.task_id} [{instance.label}] {instance.message}")
    return result


def read_file_answers(connection: psycopg.Connection[Any]) -> list[FileAnswers]:
    """One row per file put into the local folder and practice in it, in order of control number and practice.

    Files that went to a receiver elsewhere are left out: their answers are that receiver's.
    """
    cursor = connection.execute(
        """
        WITH said AS (
            SELECT a.claim_id, a.version, bool_or(a.outcome = 'rejected') AS is_rejected,
                bool_or(a.outcome LIKE 'accepted%') AS is_accepted
            FROM reporting.claim_answers a
            WHERE a.line_number IS NULL
            GROUP BY a.claim_id, a.version
        )
        SELECT f.control_number, f.interchange_state, o.name, count(*),
            count(*) FILTER (WHERE a.is_accepted AND NOT a.is_rejected),
            count(*) FILTER (WHERE a.is_rejected),
            count(*) FILTER (WHERE NOT a.is_accepted AND NOT a.is_rejected)
        FROM reporting.files f
        JOIN billing.claim_submission s USING (interchange_id)
        JOIN practice.organization o USING (organization_id)
        LEFT JOIN said a USING (claim_id, version)
        WHERE coalesce(f.delivered_to, 'directory') = 'directory'
        GROUP BY f.control_number, f.interchange_state, o.organization_id, o.name
        ORDER BY f.control_number, o.organization_id
        """
    )
    return [FileAnswers(*row) for row in cursor.fetchall()]


def read_rejections(connection: psycopg.Connection[Any]) -> list[Rejection]:
    """One row per practice and reason, the reasons of the same claims together; a line's reason is its claim's too."""
    cursor = connection.execute(
        """
        SELECT a.organization_name, array_agg(DISTINCT a.claim_number ORDER BY a.claim_number) AS claim_numbers,
            concat_ws(' ', a.source, concat_ws(':', a.category_code, a.status_code, a.entity_code)) AS codes,
            concat_ws('; ', a.category_words, a.status_words, a.entity_words), a.fix_location
        FROM reporting.claim_answers a
        WHERE a.outcome = 'rejected' AND a.effect <> 'superseded'
        GROUP BY a.organization_id, a.organization_name, a.source, a.category_code, a.status_code, a.entity_code,
            a.category_words, a.status_words, a.entity_words, a.fix_location
        ORDER BY a.organization_id, claim_numbers, codes
        """
    )
    return [Rejection(practice, tuple(numbers), *reason) for practice, numbers, *reason in cursor.fetchall()]


def faults_of(files: Sequence[FileAnswers]) -> list[str]:
    """What keeps the loop open: files without acknowledgment, claims without answer. Empty: it is closed."""
    if not files:
        return ["No file was delivered into the outbox folder, so nothing was answered."]
    faults = [
        f"File {number:09d} is {state}: the clearinghouse has neither acknowledged nor rejected it."
        for number, state in sorted({(each.control_number, each.state) for each in files})
        if state not in ("acknowledged", "rejected")
    ]
    faults += [
        f"File {each.control_number:09d}, {each.practice}: {each.unanswered} of {each.claims} claims have no answer."
        for each in files
        if each.unanswered
    ]
    return faults


def describe_rejections(rejections: Sequence[Rejection]) -> str:
    """The reasons as text, below the claims they are about."""
    lines = [f"Rejected, and why: {len({number for each in rejections for number in each.claim_numbers})} claims"]
    for (practice, numbers), reasons in itertools.groupby(
        rejections, key=lambda each: (each.practice, each.claim_numbers)
    ):
        lines.append(f"  {practice}: {', '.join(numbers)}")
        for each in reasons:
            place = f" To correct: {each.fix_location}." if each.fix_location else ""
            lines.append(f"      {each.codes}: {each.words}.{place}")
    return "\n".join(lines)
