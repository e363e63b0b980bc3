"""After a restore: what this database believes to have left, compared with what the world shows.

A restored (copied, failed-over) database is older than the world. Files that left meanwhile are unknown to it: it would
give their control numbers again and bill their claims again. So sending is locked until `reconcile` has taken over
every file that can be had, used up every number that was seen, and held whatever may have left unseen.

The comparison is the repair, rolled back unless a person confirms it: what it says is what it would do.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg

from include.clearinghouse.claim_files import parse_claim_number
from include.database import execute, writing
from include.outbox.delivery import OpenDropBox
from include.outbox.settlement import recount_results
from include.reconciliation.adoption import hold_items, record_sent, withdraw_file
from include.reconciliation.comparison import (
    Findings,
    Report,
    Said,
    compare_receiver,
    count_of,
    describe_sent,
    doubt_file,
)
from include.reconciliation.evidence import Evidence, gather, read_known_files

Connection = psycopg.Connection[Any]

ACTOR: Final = "make reconcile"
#: New claims are numbered so far behind the highest number seen, for each file that left and is not to be had.
CLAIM_IDS_PER_LOST_FILE: Final = 1_000_000
_MOST_LOST_FILES: Final = 1_000


def reconcile(connection: Connection, open_drop_box: OpenDropBox, said: Said, is_confirmed: bool) -> Report:
    """Compare every receiver with the outbox and, confirmed, put the outbox right and unlock sending.

    Only with a person's word for every receiver, `last_numbers` or `nothing_sent`: nothing that can be seen shows that
    no later file left. What is seen is taken over, and belies a wrong word.
    All in one transaction: refused or not confirmed, nothing is changed. Nothing is changed either while sending is not
    locked; a second call finds nothing to do. Needs the database's owner. Raises `BillingError` when `said.files`
    cannot be read.
    """
    codes = [code for (code,) in connection.execute("SELECT receiver_code FROM billing.receiver ORDER BY 1").fetchall()]
    seen = [gather(connection, code, open_drop_box, said.files) for code in codes]
    report = Report()
    for code in sorted(set(said.last_numbers) - set(codes)):
        report.reasons.append(f"LAST_NUMBER names {code}: billing.receiver has no such row")
    with writing(connection, actor=ACTOR):
        stop = _read_lock(connection)
        report.lines.append(f"sending: {stop}")
        findings = Findings()
        for evidence in seen:
            compare_receiver(connection, evidence, said, findings, report)
        report.reasons += [
            f"file id {interchange_id} is not withdrawn: only a file that was never delivered from here, lies nowhere "
            "and has no claim that an answer names"
            for interchange_id in sorted(said.not_ours - findings.withdrawn_ids)
        ]
        _hold_what_answers_name(connection, seen, findings, report)
        _withdraw_doubles(connection, findings, report)
        if not said.nothing_sent:
            _doubt_the_rest(connection, codes, report)
        _hold_what_may_have_left(connection, findings, report)
        if said.nothing_sent and findings.left_since:
            report.reasons.append(f"NOTHING_SENT=1 cannot be: {'; '.join(findings.left_since)}")
        if report.for_a_person and not said.is_seen:
            report.reasons.append("what is listed for a person comes first; then SEEN=1 says that it is looked after")
        if stop == "not locked":
            report.outcome = "not locked"
            report.reasons.clear()
            raise psycopg.Rollback
        if report.reasons:
            raise psycopg.Rollback
        report.outcome = "possible"
        if not is_confirmed:
            raise psycopg.Rollback
        _unlock(connection, findings, report)
        report.outcome = "unlocked"
    if report.outcome == "unlocked":
        recount_results(connection)
    return report


def _read_lock(connection: Connection) -> str:
    """Why sending is locked, or that it is not. Keeps numbers from being given until the transaction ends."""
    row = connection.execute(
        "SELECT d.locked_because, d.database_identity <> billing.database_identity()"
        " FROM billing.deployment d FOR UPDATE"
    ).fetchone()
    connection.execute("SELECT FROM billing.receiver ORDER BY receiver_code FOR UPDATE")
    assert row is not None
    because, is_another = row
    if is_another:
        return "locked, this is not the database that sent last: restored, copied or failed over"
    return "not locked" if because is None else f"locked, {because}"


def _unlock(connection: Connection, findings: Findings, report: Report) -> None:
    if findings.lost_count or findings.highest_claim_id:
        margin = CLAIM_IDS_PER_LOST_FILE * min(findings.lost_count, _MOST_LOST_FILES)
        row = execute(
            connection,
            "reconciliation/keep_claim_numbers.sql",
            {"highest": findings.highest_claim_id, "margin": margin},
        ).fetchone()
        assert row is not None
        report.lines.append(f"new claims are numbered from C{row[0] + 1} on")
    connection.execute(
        "INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)"
        " VALUES (0, 'deployment', 0, 'reconciled',"
        " jsonb_build_object('found', %s::text[], 'for_a_person', %s::text[]))",
        (report.lines, report.for_a_person),
    )
    connection.execute("SELECT billing.unlock_sending(%s)", (ACTOR,))


def _hold_what_answers_name(connection: Connection, seen: list[Evidence], findings: Findings, report: Report) -> None:
    keys = sorted(
        {key for evidence in seen for text in evidence.answered_claims if (key := parse_claim_number(text)) is not None}
    )
    if not keys:
        return
    findings.highest_claim_id = max(findings.highest_claim_id, *(claim_id for claim_id, _ in keys))
    rows = execute(
        connection,
        "reconciliation/read_answered_claims.sql",
        {"claim_ids": [claim_id for claim_id, _ in keys], "versions": [version for _, version in keys]},
    ).fetchall()
    held = hold_items(
        connection,
        [("claims_submission", claim_id) for claim_id, interchange_id, _ in rows if interchange_id is None],
        "after a restore: an answer of its receiver names it",
    )
    if held:
        report.lines.append(
            f"{count_of(held, 'claim')} held: named by an answer, so in a file that left and is not here"
        )
    if any(interchange_id is None for _, interchange_id, _ in rows):
        findings.left_since.append("answers name claims that wait here and are in no file")
    for interchange_id in sorted({interchange_id for _, interchange_id, is_built in rows if is_built}):
        findings.left_since.append(f"answers name claims of file id {interchange_id}, which was not sent here")
    for interchange_id in sorted({interchange_id for _, interchange_id, _ in rows if interchange_id is not None}):
        told = describe_sent(*record_sent(connection, interchange_id))
        report.lines.append(f"file id {interchange_id}: answers name its claims: {told}")


def _withdraw_doubles(connection: Connection, findings: Findings, report: Report) -> None:
    """Files that have not left and hold what left in another one."""
    rows = connection.execute(
        "SELECT DISTINCT s.interchange_id"
        " FROM billing.claim_submission s JOIN billing.interchange x USING (interchange_id)"
        " WHERE x.interchange_state IN ('built', 'sending', 'unknown') AND s.claim_id = ANY(%s::bigint[])",
        (sorted(findings.left_claim_ids),),
    ).fetchall()
    for interchange_id in sorted({interchange_id for (interchange_id,) in rows} | findings.withdrawn_ids):
        count = withdraw_file(connection, interchange_id, findings.left_claim_ids)
        report.lines.append(
            f"file id {interchange_id}: does not leave any more, its number or claims of it left in another file"
        )
        if count:
            report.for_a_person.append(
                f"file id {interchange_id}: {count_of(count, 'claim')} of it that did not leave elsewhere rejected;"
                " billing.return_claim returns each"
            )


def _doubt_the_rest(connection: Connection, codes: list[str], report: Report) -> None:
    """Files here that nothing shows to have left: they may have, after the backup, so they are unknown from now on."""
    for code in codes:
        for file in read_known_files(connection, code):
            if file.state not in ("built", "sending"):
                continue
            doubt_file(connection, file)
            report.lines.append(f"{file.file_name}: was {file.state} and may have left: unknown")


def _hold_what_may_have_left(connection: Connection, findings: Findings, report: Report) -> None:
    if not findings.lost_count:
        return
    items = execute(connection, "reconciliation/read_waiting_items.sql", {}).fetchall()
    held = hold_items(
        connection, items, f"after a restore: a lost file may hold it ({', '.join(findings.lost_numbers)})"
    )
    report.lines.append(
        f"{count_of(held, 'item')} held, all that wait in any step: nobody knows what is in the files that are not here"
    )
