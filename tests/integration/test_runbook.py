"""The runbook can be followed: statements run, commands, links and targets exist, quotes are what the code says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import get_args

import psycopg
import pytest

from include.clearinghouse.drop_box import FaultCode
from include.clearinghouse.envelope import FAULTS
from include.development.environment import CHECKOUT

RUNBOOK = (CHECKOUT / "docs" / "runbook.md").read_text(encoding="utf-8")
DELIVERY_MIGRATIONS = ("0010_delivery.sql", "0011_acknowledgments.sql")
PAGES = sorted((CHECKOUT / "docs").rglob("*.md"))

# An item of each kind on which the statement can be tried: those that rules kept, which nothing else has touched.
PICK = {
    "organization_id": "SELECT min(organization_id) FROM billing.invoice WHERE invoice_on = '2026-11-04'",
    "claim_id": """
        SELECT min(c.claim_id) FROM billing.claim_in_step c
        WHERE NOT EXISTS (SELECT FROM billing.claim_submission s WHERE s.claim_id = c.claim_id)
    """,
    "invoice_id": """
        SELECT min(i.invoice_id) FROM billing.invoice_in_step i JOIN practice.policy y USING (client_id)
        WHERE y.level = 'primary' AND coalesce(y.starts_on, '-infinity') <= i.service_on AND y.ends_on IS NULL
    """,
    "appointment_id": """
        SELECT min(d.item_id) FROM reporting.decisions d
        WHERE d.automation = 'invoice_creation' AND d.reason = 'excluded' AND d.is_open
    """,
    "control_number": "SELECT max(control_number) FROM billing.interchange",
    "held_claim_id": "SELECT min(claim_id) FROM reporting.open_scrub_errors JOIN billing.edit USING (edit_code)"
    " WHERE is_overridable AND severity = 'error'",
    "edit_code": "SELECT edit_code FROM reporting.open_scrub_errors JOIN billing.edit USING (edit_code)"
    " WHERE is_overridable AND severity = 'error' ORDER BY claim_id, edit_code, line_number LIMIT 1",
    "line_number": "SELECT line_number FROM reporting.open_scrub_errors JOIN billing.edit USING (edit_code)"
    " WHERE is_overridable AND severity = 'error' ORDER BY claim_id, edit_code, line_number LIMIT 1",
    "claim_number": "SELECT min(claim_number) FROM billing.claim_submission",
    "file_id": "SELECT max(interchange_id) FROM billing.interchange",
    "answer_file_id": "INSERT INTO billing.inbox_file (receiver_code, sha256, body, file_state, reason_code,"
    " decided_at) VALUES ('default', 'a hash', '', 'quarantined', 'not_x12', now()) RETURNING inbox_file_id",
    "sent_claim_id": "SELECT min(claim_id) FROM billing.claim WHERE claim_status = 'submitted'",
}
# What must have happened before a statement makes sense.
BEFORE = {
    "confirm_file(": "ALTER TABLE billing.interchange DISABLE TRIGGER check_interchange_change;"
    " UPDATE billing.interchange SET interchange_state = 'unknown', unknown_since = now()"
    " WHERE interchange_id = <file_id>",
    "return_claims_of_file(": "UPDATE billing.claim SET claim_status = 'rejected' FROM billing.claim_submission s"
    " WHERE s.claim_id = claim.claim_id AND s.interchange_id = <file_id>",
    "LIKE 'after a restore": "SELECT billing.hold_item('claims_submission', <claim_id>,"
    " 'after a restore: a lost file may hold it (default 43)')",
    "lift_hold('claims_submission'": "SELECT billing.hold_item('claims_submission', <claim_id>, 'a test')",
    "withdraw_override(": "SELECT billing.override_finding(<held_claim_id>, '<edit_code>', 'a test', <line_number>)",
    "clear_edit_severity(": "SELECT billing.set_edit_severity(<organization_id>, NULL, '<edit_code>', 'off', 'a test')",
    "withdraw_adjudication(": "SELECT billing.record_adjudication(<sent_claim_id>, 0, current_date - 1)",
    "lift_hold('invoice_creation'": "SELECT billing.hold_item('invoice_creation', <appointment_id>, 'a test')",
}


def sql_statements() -> list[str]:
    """Every statement of every SQL block, without its comments."""
    blocks = re.findall(r"(?ms)^ *```sql\n(.*?)^ *```", RUNBOOK)
    text = "\n".join(re.sub(r"(?m)^\s*--.*$", "", block) for block in blocks)
    return [statement.strip() for statement in text.split(";\n") if statement.strip()]


def anchor(heading: str) -> str:
    """The fragment under which a page shows the heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_statement_runs_and_does_something(nights_done: tuple[str, Path]) -> None:
    url, _ = nights_done
    statements = sql_statements()
    assert len(statements) >= 18
    with psycopg.connect(url, autocommit=True) as owner:
        picked = {}
        for name, query in PICK.items():
            row = owner.execute(query.encode()).fetchone()
            assert row is not None
            assert row[0] is not None, name
            picked[name] = str(row[0])

        def fill(statement: str) -> bytes:
            return re.sub(r"<(\w+)>", lambda match: picked[match[1]], statement).encode()

        changed = 0
        for statement in statements:
            with owner.transaction(force_rollback=True):
                for start, prelude in BEFORE.items():
                    if start in statement:
                        owner.execute(fill(prelude))
                cursor = owner.execute(fill(statement))
                if re.search(r"billing\.(?!gate)\w+\(|^UPDATE", statement):
                    assert cursor.rowcount > 0, statement
                    changed += 1
        assert changed >= 10


def test_the_first_query_finds_a_night_that_never_ran_and_one_that_failed(sample_url: str) -> None:
    missed = sql_statements()[0]
    assert "reporting.runs" in missed
    with psycopg.connect(sample_url, autocommit=True) as owner, owner.transaction(force_rollback=True):
        for days, outcome in ((3, "ok"), (2, "fault"), (1, None)):
            owner.execute(
                "WITH r AS (INSERT INTO billing.run (automation, timezone, night, due_at)"
                " VALUES ('invoice_creation', 'America/Denver', current_date - %s::integer, now()) RETURNING run_id)"
                " INSERT INTO billing.run_attempt"
                " (run_id, attempt_number, airflow_run_id, airflow_try_number, closed_at, outcome)"
                " SELECT run_id, 1, 'test', 1, CASE WHEN %s::text IS NOT NULL THEN now() END, %s FROM r",
                (days, outcome, outcome),
            )
        rows = owner.execute(missed.encode()).fetchall()
    assert [(row[3], row[4]) for row in rows] == [("not closed", True)] * 4 + [("fault", False), ("not closed", False)]


def test_every_link_between_the_pages_leads_somewhere() -> None:
    checked = 0
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            if "://" in target:
                continue
            file, _, fragment = target.partition("#")
            linked = (page.parent / file).resolve() if file else page
            assert linked.exists(), f"{page.name}: {target}"
            if fragment:
                headings = re.findall(r"(?m)^#+ (.+)$", linked.read_text(encoding="utf-8"))
                assert fragment in {anchor(heading) for heading in headings}, f"{page.name}: {target}"
            checked += 1
    assert checked > 60


def test_the_places_that_logs_and_dags_send_people_to_exist() -> None:
    headings = {heading.lower() for heading in re.findall(r"(?m)^#+ (.+)$", RUNBOOK)}

    assert {"step failed", "scrub errors", "a missed night"} <= headings
    troubles = (CHECKOUT / "include" / "clearinghouse_inbox" / "troubles.py").read_text(encoding="utf-8")
    named = re.findall(r"docs/runbook\.md#([a-z-]+)", troubles)
    assert len(set(named)) == 5
    assert set(named) <= {anchor(heading) for heading in headings}


def test_every_state_and_code_a_person_can_meet_has_its_place() -> None:
    migrations = CHECKOUT / "include" / "migrations"
    delivery, answers = ((migrations / name).read_text(encoding="utf-8") for name in DELIVERY_MIGRATIONS)
    states = re.findall(r"'(\w+)'", "".join(re.findall(r"(?s)_state text[^;]*?CHECK \([^;]*?\)\)", delivery + answers)))
    codes = [*get_args(FaultCode), *FAULTS, *states]
    assert {"login_refused", "truncated", "quarantined", "accepted_with_errors"} <= set(codes)
    pages = RUNBOOK + (CHECKOUT / "docs" / "delivery.md").read_text(encoding="utf-8")
    assert [code for code in codes if f"`{code}`" not in pages] == []


def test_every_make_target_and_variable_the_pages_name_exists() -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?m)^([a-z]+):", makefile))
    named = set()
    for page in PAGES:
        for command in re.findall(r"`make ([^`]+)`", page.read_text(encoding="utf-8")):
            words = command.split()
            named |= {word for word in words if re.fullmatch(r"[a-z]+", word)}
            for variable in re.findall(r"\b([A-Z]+)=", command):
                assert f"$({variable})" in makefile, command
    assert {"backfill", "psql", "status", "migrate"} <= named
    assert named <= targets


def test_every_airflow_command_is_one_that_airflow_understands() -> None:
    from airflow.cli import cli_parser

    commands = re.findall(r"(?m)(?:^|`)airflow ([^`\n]+?)(?:`|$)", RUNBOOK)
    complete = [shlex.split(command) for command in commands if "…" not in command and "-" in command]

    assert len(complete) >= 3
    parser = cli_parser.get_parser()
    for words in complete:
        parsed = parser.parse_args(words)  # ends the process for an unknown command or option
        if getattr(parsed, "conf", None):
            assert set(json.loads(parsed.conf)) == {"night", "bucket"}


@pytest.mark.parametrize(
    ("quoted", "file"),
    [
        ("the billing database did not answer as it should", "include/airflow_support.py"),
        ("the timetable and practice.timezone_bucket do not state the same buckets", "include/nightly_run/attempt.py"),
        ("which has not come yet", "plugins/nightly_schedule/slots.py"),
        ("enabled tonight: nothing to do", "include/nightly_run/attempt.py"),
        ("the disk is full", "include/clearinghouse/directory_drop_box.py"),
        ("holds another file of this name", "include/clearinghouse/directory_drop_box.py"),
        ("outcome_unknown", "include/claims_submission/leave_undelivered.sql"),
        ("sending_locked", "include/migrations/0010_delivery.sql"),
        ("answer file in quarantine", ""),
        ("BILLING_OUTBOX_DIR", "include/airflow_support.py"),
        ("not_finished", "include/nightly_run/candidates.py"),
        ("sending_stopped", "include/migrations/0010_delivery.sql"),
        ("undelivered", "include/claims_submission/leave_undelivered.sql"),
        ("no_service", "include/invoice_creation/price_and_create.sql"),
        ("zero_rate", "include/invoice_creation/price_and_create.sql"),
        ("no_units", "include/invoice_creation/price_and_create.sql"),
        ("appointment_rerated", "include/invoice_processing/select_invoices.sql"),
        ("claims held, ", ""),
    ],
)
def test_the_runbook_quotes_what_the_code_says(quoted: str, file: str) -> None:
    assert quoted in RUNBOOK
    if file:
        assert quoted in (CHECKOUT / file).read_text(encoding="utf-8")


def test_the_runbook_explains_every_reason_and_every_blocking_code(billing: psycopg.Connection[object]) -> None:
    row = billing.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'billing.decision'::regclass"
        " AND pg_get_constraintdef(oid) LIKE '%review_day%'"
    ).fetchone()
    reasons = re.findall(r"'(\w+)'::text", str(row))
    assert len(reasons) == 12
    for statement in ("invoice_creation/price_and_create.sql", "invoice_processing/select_invoices.sql"):
        text = (CHECKOUT / "include" / statement).read_text(encoding="utf-8")
        codes = re.findall(r"THEN '(\w+)'", text)
        assert len(codes) >= 3
        reasons += [code for code in codes if code != "blocked"]
    assert [reason for reason in reasons if f"`{reason}`" not in RUNBOOK] == []
