"""What the database lets the page do, should the page itself ever be talked into something."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql

from tests.integration.settings_page.practices import TwoPractices
from tests.support.settings_page import settings_connection

Connection = psycopg.Connection[Any]
_ROOT: Final = Path(__file__).resolve().parents[3]
_SCHEMAS: Final = ["practice", "billing", "reporting", "reference", "public"]

#: Everything that billing_settings may write itself.
_WRITES: Final = {
    ("billing.automation_setting", "INSERT"),
    ("billing.automation_setting", "UPDATE"),
    ("billing.exclusion_rule", "INSERT"),
    ("billing.exclusion_rule", "UPDATE"),
    ("billing.exclusion_condition", "INSERT"),
    ("billing.exclusion_condition", "UPDATE"),
    ("billing.exclusion_condition", "DELETE"),
    ("billing.history", "INSERT"),
}
#: The functions with the owner's rights that the page calls; each checks and writes history.
_DOORS_OF_THE_PAGE: Final = {
    *("hold_item", "lift_hold", "release_item", "create_invoice", "create_claim", "move_back_claim", "void_invoice"),
    *("confirm_invoice", "override_finding", "withdraw_override", "return_claim"),
    *("confirm_file", "resend_file", "wait_for_answer"),
}
#: The others, for work by hand in the same role.
_OTHER_DOORS: Final = {
    *("set_edit_severity", "clear_edit_severity", "dismiss_inbox_file", "retry_inbox_file", "mark_claim_sent"),
    *("record_adjudication", "withdraw_adjudication", "record_rejection", "reject_file", "return_claims_of_file"),
}
#: These read.
_READERS: Final = {"client_key", "inbox_clock"}


@pytest.fixture
def owner(site: TwoPractices) -> Connection:
    return site.owner


def _writes_of(owner: Connection, role: str) -> set[tuple[str, str]]:
    """(table, privilege) of whatever the role may do but read, on the table or on a single column."""
    rows = owner.execute(
        "SELECT c.oid::regclass::text, p.privilege"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " CROSS JOIN unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES']) AS p (privilege)"
        " WHERE n.nspname = ANY(%(schemas)s) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
        "   AND (has_table_privilege(%(role)s, c.oid, p.privilege) OR CASE WHEN p.privilege IN ('INSERT', 'UPDATE',"
        "     'REFERENCES') THEN has_any_column_privilege(%(role)s, c.oid, p.privilege) ELSE false END)",
        {"schemas": _SCHEMAS, "role": role},
    ).fetchall()
    return set(rows)


def test_the_page_writes_settings_and_rules_and_no_other_table(owner: Connection) -> None:
    assert _writes_of(owner, "billing_settings") == _WRITES
    assert len(_writes_of(owner, "billing_pipeline")) > len(_WRITES), "the question itself is answered"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing.claim SET claim_status = 'paid'",
        "INSERT INTO billing.invoice (organization_id) VALUES (1)",
        "DELETE FROM billing.hold",
        "UPDATE practice.client SET last_name = ''",
        "INSERT INTO billing.organization_access (principal_kind, principal_name) VALUES ('user', 'kim')",
        "SELECT billing.grant_access('user', 'kim')",
        "UPDATE billing.history SET changed_by = 'somebody else'",
        "DELETE FROM billing.history",
        "TRUNCATE billing.exclusion_rule",
        "ALTER TABLE billing.automation_setting DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "CREATE TABLE billing.mine (a integer)",
        "CREATE FUNCTION public.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    ],
)
def test_what_the_page_has_no_business_with_is_refused_by_the_database(site: TwoPractices, statement: str) -> None:
    with settings_connection(site.url) as connection:
        # The login of the tests is a superuser; only as the role itself is it held to its rights.
        connection.execute("RESET ROLE")
        connection.execute("SET SESSION AUTHORIZATION billing_settings")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_the_page_is_no_other_role_and_owns_nothing(owner: Connection) -> None:
    for role in ("billing_settings", "billing_preview"):
        row = owner.execute(
            "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolcanlogin,"
            " EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid),"
            " EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid),"
            " EXISTS (SELECT FROM pg_namespace n WHERE has_schema_privilege(r.oid, n.oid, 'CREATE'))"
            " FROM pg_roles r WHERE r.rolname = %s",
            (role,),
        ).fetchone()
        assert row == (False, False, False, False), role


def test_the_page_has_the_doors_it_calls_and_every_door_is_known(owner: Connection) -> None:
    doors = owner.execute(
        "SELECT p.proname, coalesce(strpos(p.proconfig::text, 'search_path=') > 0, false) FROM pg_proc p"
        " JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = ANY(%s) AND p.prosecdef"
        "   AND p.prorettype <> 'trigger'::regtype AND has_function_privilege('billing_settings', p.oid, 'EXECUTE')",
        (_SCHEMAS,),
    ).fetchall()
    assert {name for name, _ in doors} == _DOORS_OF_THE_PAGE | _OTHER_DOORS | _READERS
    # A schema of the caller's must not come before the one that is meant.
    assert [name for name, has_path in doors if not has_path] == []

    files = [
        file
        for folder in ("include/exception_queue", "include/settings", "include/preview", "plugins/automation_settings")
        for file in (_ROOT / folder).rglob("*.py")
    ]
    assert len(files) > 20
    called = {name for file in files for name in re.findall(r"SELECT billing\.(\w+)\(", file.read_text("utf-8"))}
    assert called - {"local_today"} == _DOORS_OF_THE_PAGE | {"grant_access", "revoke_access"}, "make access grants"


def test_nothing_that_a_preview_writes_can_be_committed(owner: Connection) -> None:
    writes = sorted(_writes_of(owner, "billing_preview"))
    assert len({table for table, _ in writes}) == 17
    for table, privilege in writes:
        name = sql.Identifier(*table.split("."))
        row = owner.execute(
            "SELECT a.attname FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0"
            " AND a.attidentity = '' AND a.attgenerated = '' AND NOT a.attisdropped ORDER BY a.attnum LIMIT 1",
            (table,),
        ).fetchone()
        assert row is not None
        column = sql.Identifier(row[0])
        statement = {
            "INSERT": sql.SQL("INSERT INTO {0} ({1}) SELECT {1} FROM {0} WHERE false"),
            "UPDATE": sql.SQL("UPDATE {0} SET {1} = {1} WHERE false"),
            "DELETE": sql.SQL("DELETE FROM {0} WHERE false"),
        }[privilege]
        # Not even a statement that finds no row.
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="a preview writes nothing"), owner.transaction():
            owner.execute("SET LOCAL ROLE billing_preview")
            owner.execute(statement.format(name, column))
