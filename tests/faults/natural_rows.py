"""The rows of `billing` without anything that only says in which order things happened.

Generated ids shift when a step is killed or tried on halves of a batch, so rows are named by what they are about: a run
by automation, bucket and night, an invoice by its appointment, a claim by appointment, level and part.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg import sql

Connection = psycopg.Connection[Any]
#: Organization (absent where a row belongs to none) and the row as text.
Row = tuple[int | None, str]
#: Table -> its rows, in no order.
Rows = dict[str, list[Row]]

_NOBODY: Final = "NULL::bigint"
_CLAIM_NUMBER: Final = re.compile("C[0-9]+V[0-9]+")

_RUN: Final = "SELECT r.automation || ' ' || r.timezone || ' ' || r.night FROM billing.run r WHERE r.run_id ="
_CLAIM: Final = (
    "SELECT concat_ws('/', 'claim', ki.appointment_id, kk.level, kk.part)"
    " FROM billing.claim kk JOIN billing.invoice ki USING (invoice_id) WHERE kk.claim_id ="
)
_INVOICE: Final = "SELECT 'invoice/' || ii.appointment_id FROM billing.invoice ii WHERE ii.invoice_id ="
_INTERCHANGE: Final = "SELECT x.control_number FROM billing.interchange x WHERE x.interchange_id ="
_OF_ADJUDICATION: Final = (
    "(SELECT a.organization_id FROM billing.adjudication a WHERE a.adjudication_id = t.adjudication_id)"
)

#: Table -> (expression of its organization, expression of the row), over the table as `t`.
_ROWS: Final[dict[str, tuple[str, str]]] = {
    "billing.run": (_NOBODY, "to_jsonb(t) - 'run_id'"),
    "billing.invoice": (
        "t.organization_id",
        f"to_jsonb(t) - 'invoice_id' - 'created_run_id' || jsonb_build_object('run', ({_RUN} t.created_run_id))",
    ),
    "billing.invoice_line": (
        "(SELECT i.organization_id FROM billing.invoice i WHERE i.invoice_id = t.invoice_id)",
        f"to_jsonb(t) - 'invoice_id' || jsonb_build_object('invoice', ({_INVOICE} t.invoice_id))",
    ),
    "billing.claim": (
        "t.organization_id",
        "to_jsonb(t) - 'claim_id' - 'claim_number' - 'invoice_id' - 'created_run_id'"
        f" || jsonb_build_object('claim', ({_CLAIM} t.claim_id), 'run', ({_RUN} t.created_run_id))",
    ),
    "billing.finding": (
        "t.organization_id",
        "to_jsonb(t) - 'finding_id' - 'claim_id' - 'first_scrub_id' - 'last_scrub_id' - 'resolved_scrub_id'"
        f" || jsonb_build_object('claim', ({_CLAIM} t.claim_id))",
    ),
    # An interval without a night in it says nothing about any night: an attempt that failed leaves such rows.
    "billing.decision": (
        "t.organization_id",
        "CASE WHEN t.closed_on IS DISTINCT FROM t.opened_on THEN to_jsonb(t) - 'decision_id' - 'item_id'"
        " || jsonb_build_object('item', CASE t.automation"
        f" WHEN 'invoice_processing' THEN ({_INVOICE} t.item_id) WHEN 'claims_submission' THEN ({_CLAIM} t.item_id)"
        " ELSE t.item_id::text END) END",
    ),
    "billing.nightly_result": (
        "t.organization_id",
        f"to_jsonb(t) - 'run_id' || jsonb_build_object('run', ({_RUN} t.run_id))",
    ),
    # What a person switches for the whole deployment is not the night's doing, and a file's states grow with attempts.
    "billing.history": (
        "t.organization_id",
        "CASE WHEN t.subject NOT IN ('deployment', 'file') THEN to_jsonb(t) - 'history_id' - 'subject_id'"
        " || jsonb_build_object('of', CASE t.subject"
        f" WHEN 'claim' THEN ({_CLAIM} t.subject_id) WHEN 'invoice' THEN ({_INVOICE} t.subject_id)"
        " ELSE t.subject_id::text END) END",
    ),
    "billing.interchange": (
        _NOBODY,
        "to_jsonb(t) - 'interchange_id' - 'attempt_count' - 'built_run_id' - 'sent_run_id' - 'body'"
        f" || jsonb_build_object('built', ({_RUN} t.built_run_id), 'sent', ({_RUN} t.sent_run_id),"
        " 'body', convert_from(t.body, 'UTF8'))",
    ),
    "billing.transaction_set": (
        "t.organization_id",
        f"to_jsonb(t) - 'interchange_id' || jsonb_build_object('file', ({_INTERCHANGE} t.interchange_id))",
    ),
    "billing.claim_submission": (
        "t.organization_id",
        "to_jsonb(t) - 'interchange_id' - 'claim_id' - 'claim_number'"
        f" || jsonb_build_object('claim', ({_CLAIM} t.claim_id), 'file', ({_INTERCHANGE} t.interchange_id))",
    ),
    "billing.receiver": (_NOBODY, "to_jsonb(t)"),
    "billing.receiver_route": ("t.organization_id", "to_jsonb(t)"),
    "billing.inbox_file": (_NOBODY, "to_jsonb(t)"),
    "billing.inbox_listing": (_NOBODY, "to_jsonb(t)"),
    "billing.acknowledgment": ("t.organization_id", "to_jsonb(t)"),
    "billing.answer_code": (_NOBODY, "to_jsonb(t)"),
    "billing.answer_place": (_NOBODY, "to_jsonb(t)"),
    "billing.work_lock": ("t.organization_id", "to_jsonb(t)"),
    "billing.hold": ("t.organization_id", "to_jsonb(t)"),
    "billing.release": ("t.organization_id", "to_jsonb(t)"),
    "billing.finding_override": ("t.organization_id", "to_jsonb(t)"),
    "billing.claim_rejection": ("t.organization_id", "to_jsonb(t)"),
    "billing.adjudication": ("t.organization_id", "to_jsonb(t)"),
    "billing.adjudication_line": (_OF_ADJUDICATION, "to_jsonb(t)"),
    "billing.adjustment": (_OF_ADJUDICATION, "to_jsonb(t)"),
    "billing.reference_release": (_NOBODY, "to_jsonb(t)"),
    "billing.edit": (_NOBODY, "to_jsonb(t)"),
    "billing.edit_severity": ("t.organization_id", "to_jsonb(t)"),
    "billing.automation_setting": ("t.organization_id", "to_jsonb(t)"),
    "billing.exclusion_rule": ("t.organization_id", "to_jsonb(t)"),
    "billing.exclusion_condition": (
        "(SELECT r.organization_id FROM billing.exclusion_rule r WHERE r.rule_id = t.rule_id)",
        "to_jsonb(t)",
    ),
}
#: What no run writes, what grows with attempts, and the work tables, which are empty in between.
LEFT_OUT: Final = frozenset(
    {
        "billing.automation",
        "billing.deployment",
        "billing.exclusion_field",
        "billing.candidate",
        "billing.incoming_answer",
        "billing.incoming_claim",
        "billing.run_attempt",
        "billing.run_organization",
        "billing.edit_not_checked",
        "billing.scrub",
        "billing.organization_access",
        "billing.preview_mark",
    }
)
#: Where a file's number stands: organizations come into other files when a batch was tried on its halves.
_FILE_FIELDS: Final = ("file", "transaction_number", "batch_reference")


def compared_tables() -> set[str]:
    """The tables that `natural_rows` reads."""
    return set(_ROWS)


def natural_rows(connection: Connection) -> Rows:
    """Every compared table; equal for two databases in which the same things happened, file by file."""
    return {table: _read(connection, table) for table in _ROWS}


def rows_of_organizations(connection: Connection) -> Rows:
    """What belongs to organizations, whichever file carried it; `loops` is what the files say of each."""
    found = {
        table: _read(connection, table, _FILE_FIELDS)
        for table, (of_organization, _) in _ROWS.items()
        if of_organization != _NOBODY
    }
    return found | {"loops": _loops(connection)}


def without(rows: Rows, organization_id: int) -> Rows:
    """The rows of all other organizations."""
    return {table: [row for row in found if row[0] != organization_id] for table, found in rows.items()}


def difference(one: Rows, other: Rows) -> dict[str, tuple[list[Row], list[Row]]]:
    """Per table the rows that only one of both has; empty when they are equal."""
    assert one.keys() == other.keys()
    found = {}
    for table in one:
        first, second = Counter(one[table]), Counter(other[table])
        if first != second:
            found[table] = (list((first - second).elements()), list((second - first).elements()))
    return found


def _read(connection: Connection, table: str, without: Sequence[str] = ()) -> list[Row]:
    of_organization, row = _ROWS[table]
    statement = sql.SQL(
        "SELECT s.of, (s.row - %s::text[])::text FROM (SELECT {} AS of, {} AS row FROM {} t) s WHERE s.row IS NOT NULL"
    ).format(sql.SQL(of_organization), sql.SQL(row), sql.Identifier(*table.split(".")))
    rows = connection.execute(statement, (list(without),)).fetchall()
    # A finding may name another claim by its number, and that is made of its id.
    return [(of, _CLAIM_NUMBER.sub("a claim", text) if table == "billing.finding" else text) for of, text in rows]


def _loops(connection: Connection) -> list[Row]:
    """The loops of each transaction set, without the numbers of the set."""
    found: list[Row] = []
    rows = connection.execute(
        "SELECT t.organization_id, t.transaction_number, convert_from(x.body, 'UTF8')"
        " FROM billing.transaction_set t JOIN billing.interchange x USING (interchange_id)"
    ).fetchall()
    for organization_id, number, body in rows:
        match = re.search(rf"~ST\*837\*{number}\*[^~]*~BHT[^~]*~(.*?)~SE\*[0-9]+\*{number}~", body)
        assert match is not None
        found.append((organization_id, match[1]))
    return found
