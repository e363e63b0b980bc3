"""Marks in every sensitive column, errors provoked in database, validator and parsers: no mark comes out anywhere."""

from __future__ import annotations

import dataclasses
import importlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from psycopg import sql

from include.claim_records.sources import POLICIES
from include.claims_scrubber import catalogue
from include.claims_scrubber.context import Hits, ScrubContext
from include.clearinghouse import isolation
from include.clearinghouse.interchange import UnnumberedInterchange
from include.development import environment
from include.practice_data.generate import generate
from tests.faults.databases import copy_of
from tests.faults.evidence import Evidence, answer_and_note, run_and_note
from tests.support.answers import ClaimAnswer, ProviderAnswer, SetAnswer, a277, a999

Connection = psycopg.Connection[Any]

NIGHTS = {"invoice_creation": "2026-11-02", "invoice_processing": "2026-11-03", "claims_submission": "2026-11-04"}
PASSWORD = "PASSWORDQXZ"
#: A person by hand, on the day after; his claims are sent, and overridden or held ones looked at again, that night.
BY_HAND_AT = "2026-11-05 09:00-06"
NIGHT_AFTER_HAND_WORK = "2026-11-06"
#: Whatever of a mark comes out is found: three letters that no English text has, dates in any spelling, the odd postal
#: code (not within a checksum), the referring provider's NPI, the tax id.
MARKS = re.compile(
    "QXZ|1931-?03-?07|03/07/1931|1932-?04-?08|1933-?02-?11|2031-?05-?09|12345-03-07|(?<![0-9a-f])98761"
    "|1987456310|52-?1987643",
    re.IGNORECASE,
)

# Clients by turns: everything can be sent; the scrubber objects; the file cannot carry it.
PLANT = """
    UPDATE practice.client SET last_name = 'Lastqxz', first_name = 'Firstqxz', middle_name = 'Middleqxz',
        birth_on = '1931-03-07', address_1 = '7 Streetqxz', address_2 = 'Flatqxz', city = 'Cityqxz',
        postal_code = '987612345';
    UPDATE practice.client SET birth_on = '2031-05-09', state_code = 'Stateqxz', postal_code = 'Zipqxz'
    WHERE client_id % 3 = 1;
    UPDATE practice.client SET last_name = 'Last~qxz*' WHERE client_id % 3 = 2;
    UPDATE practice.policy SET member_id = 'MEMBERQXZ', group_number = 'GROUPQXZ', relationship = 'spouse',
        subscriber_last_name = 'Holderqxz', subscriber_first_name = 'Holderfirstqxz',
        subscriber_middle_name = 'Holdermiddleqxz', subscriber_birth_on = '1932-04-08', subscriber_sex = 'F',
        subscriber_address_1 = '7 Holderstreetqxz', subscriber_address_2 = 'Holderflatqxz',
        subscriber_city = 'Holdercityqxz', subscriber_state_code = 'WI', subscriber_postal_code = '987612345';
    UPDATE practice.diagnosis SET diagnosis_code = 'F4QXZ' WHERE client_id % 2 = 0 AND rank = 1;
    INSERT INTO practice.prior_authorization
        (prior_authorization_id, organization_id, client_id, insurer_id, authorization_number, starts_on)
    SELECT policy_id, organization_id, client_id, insurer_id, 'AUTHQXZ', '2026-01-01' FROM practice.policy
"""

# What the generator leaves empty, and what is about providers. A state must be two letters to be sent: marked ones have
# clients whose claims are held anyway, and a billing provider that is read and not used.
PLANT_MORE = """
    UPDATE practice.policy SET subscriber_state_code = 'Holderstateqxz' WHERE client_id % 3 = 1;
    INSERT INTO practice.policy (policy_id, organization_id, client_id, insurer_id, level, starts_on, member_id,
        group_number, relationship, subscriber_last_name, subscriber_first_name, subscriber_birth_on, subscriber_sex,
        subscriber_address_1, subscriber_city, subscriber_state_code, subscriber_postal_code)
    SELECT 1000000 + policy_id, organization_id, client_id, insurer_id + CASE insurer_id % 5 WHEN 0 THEN -1 ELSE 1 END,
        'secondary', starts_on, 'SECONDMEMBER5QXZ',
        'SECONDGROUPQXZ', relationship, 'Secondholderqxz', subscriber_first_name, subscriber_birth_on, subscriber_sex,
        subscriber_address_1, subscriber_city, subscriber_state_code, subscriber_postal_code
    FROM practice.policy p
    WHERE client_id % 3 = 0 AND level = 'primary'
        AND NOT EXISTS (SELECT FROM practice.policy s WHERE s.client_id = p.client_id AND s.level = 'secondary');
    INSERT INTO practice.referring_provider
        (referring_provider_id, organization_id, entity_type, last_name, first_name, npi)
    SELECT organization_id, organization_id, 'person', 'Referrerqxz', 'Referrerfirstqxz', '1987456310'
    FROM practice.organization;
    UPDATE practice.client SET referring_provider_id = organization_id;
    UPDATE practice.appointment SET claim_note = 'Claimnoteqxz', accident_cause = 'other', accident_on = '1933-02-11';
    UPDATE practice.appointment SET accident_state_code = 'Accidentstateqxz' WHERE client_id % 3 = 1;
    UPDATE practice.appointment_service SET claim_note = 'Linenoteqxz';
    UPDATE practice.staff SET last_name = 'Clinicianqxz', first_name = 'Clinicianfirstqxz';
    UPDATE practice.billing_provider SET tax_id = '521987643', pay_to_address_1 = '7 Paytoqxz',
        pay_to_address_2 = 'Paytoflatqxz', pay_to_city = 'Paytocityqxz', pay_to_state_code = 'WI',
        pay_to_postal_code = '987612345';
    INSERT INTO practice.billing_provider (billing_provider_id, organization_id, is_default, entity_type, name,
        pay_to_state_code)
    SELECT 1000 + billing_provider_id, organization_id, false, 'organization', 'Beside', 'Paytostateqxz'
    FROM practice.billing_provider;
    INSERT INTO billing.edit_severity (edit_code, severity, reason) VALUES ('REL04', 'error', 'Severityqxz')
"""
# What a person then writes by hand: adjudications and the second insurer's claims, overrides, a hold, a release.
PLANT_BY_HAND = """
    SELECT billing.record_adjudication(c.claim_id, 10.00, '2026-11-05', 'PAYERQXZ', decided_lines =>
        jsonb_build_array(jsonb_build_object('line_number', 0, 'adjustments', jsonb_build_array(
            jsonb_build_object('group_code', 'PR', 'reason_code', '1', 'amount', c.total_amount - 10.00)))))
    FROM billing.claim c WHERE c.submitted_at IS NOT NULL;
    SELECT billing.create_claim(i.invoice_id, 'secondary')
    FROM billing.invoice i
    WHERE EXISTS (SELECT FROM practice.policy p WHERE p.client_id = i.client_id AND p.level = 'secondary');
    UPDATE billing.claim SET frequency_code = '7', payer_claim_control_number = 'REPLACEDQXZ'
    WHERE level = 'secondary' AND claim_id % 2 = 0;
    SELECT billing.override_finding(f.claim_id, f.edit_code, 'Overrideqxz', f.line_number)
    FROM billing.finding f
    JOIN billing.claim c ON c.claim_id = f.claim_id AND c.claim_status = 'awaiting_submission'
    JOIN billing.edit e ON e.edit_code = f.edit_code AND e.is_overridable
    WHERE f.severity = 'error' AND f.resolved_on IS NULL;
    SELECT billing.hold_item('claims_submission', min(c.claim_id), 'Holdqxz'),
        billing.release_item('claims_submission', max(c.claim_id), 'Releaseqxz')
    FROM billing.claim c WHERE c.claim_status = 'awaiting_submission' AND c.level = 'primary' HAVING count(*) > 0
"""
# Text, days, JSON and bytes in which no night or person puts patient data: codes, names of files, of practices and of
# insurers, who did it, days of work; and choices of few words, which cannot be marked. Numbers and instants are not
# looked at.
HARMLESS = {
    "billing.acknowledgment": "source grain outcome effect submitter_id transaction_number provider_npi category_code"
    " status_code entity_code segment_code element_position answered_on loop_code sender_id",
    "billing.answer_code": "source kind code words fix_location",
    "billing.answer_place": "source category_code status_code entity_code fix_location",
    "billing.inbox_file": "receiver_code sha256 contents file_state reason_code",
    "billing.inbox_listing": "receiver_code",
    "billing.organization_access": "principal_kind principal_name granted_by",
    # Empty outside of the transaction that applies a file.
    "billing.incoming_answer": "source grain outcome submitter_id transaction_number batch_reference claim_number"
    " provider_npi category_code status_code entity_code segment_code element_position payer_claim_control_number"
    " answered_on loop_code effect sender_id lock_code",
    "billing.adjudication": "adjudicated_on recorded_by withdrawn_by",
    "billing.adjudication_line": "procedure_code modifier_1 modifier_2 modifier_3 modifier_4",
    "billing.adjustment": "group_code reason_code",
    "billing.automation": "automation label step",
    "billing.automation_setting": "automation enabled_on paused_until changed_by",
    "billing.candidate": "reason detail_code blocked_code service_on invoice_on level pays_by place_of_service_code"
    " receiver_code",
    "billing.claim": "level claim_number claim_status frequency_code entered_step_on created_by",
    "billing.claim_rejection": "source category_code status_code entity_code received_on recorded_by",
    "billing.claim_submission": "transaction_number claim_number",
    "billing.decision": "automation reason detail_code opened_on closed_on",
    "billing.deployment": "clock client_key_salt database_identity locked_because",
    "billing.edit": "edit_code grain default_severity message fix_location rejection_codes",
    "billing.edit_not_checked": "edit_code",
    "billing.edit_severity": "edit_code severity changed_by",
    "billing.exclusion_condition": "automation field match_values",
    "billing.exclusion_field": "automation field",
    "billing.exclusion_rule": "automation",
    "billing.finding": "edit_code severity first_seen_on last_seen_on resolved_on resolution",
    "billing.finding_override": "edit_code value_key overridden_by withdrawn_by",
    "billing.history": "subject action changed_by",
    "billing.hold": "automation hold_until held_by lifted_by",
    "billing.interchange": "receiver_code file_name sha256 interchange_state delivery_stage delivered_to fault_code",
    "billing.invoice": "service_on invoice_on entered_step_on invoice_status created_by",
    "billing.invoice_line": "procedure_code modifier_1 modifier_2 modifier_3 modifier_4",
    "billing.receiver": "receiver_code name submitter_id submitter_name contact_name contact_phone receiver_id"
    " answer_sender_id usage_indicator delivery_method connection_id claims_folder answers_folder upload_pattern"
    " temporary_suffix temporary_folder file_extension",
    "billing.receiver_route": "receiver_code payer_code",
    "billing.reference_release": "table_name release_label source origin covers_from covers_to sha256",
    "billing.release": "automation released_by",
    "billing.run": "automation timezone night",
    "billing.run_attempt": "airflow_run_id outcome edit_catalogue_version",
    "billing.run_organization": "gate start_on failed_step failed_code",
    "billing.scrub": "purpose catalogue_version reference_version",
    "billing.transaction_set": "transaction_number batch_reference transaction_set_state",
    "billing.work_lock": "automation",
    "practice.appointment": "appointment_status place_of_service_code telehealth accident_cause",
    "practice.appointment_service": "modifier_1 modifier_2 modifier_3 modifier_4",
    "practice.billing_provider": "entity_type name first_name npi tax_id_type taxonomy_code address_1 address_2 city"
    " state_code postal_code phone",
    "practice.client": "sex",
    "practice.client_payment": "starts_on pays_by",
    "practice.diagnosis": "starts_on ends_on",
    "practice.fee": "starts_on",
    "practice.insurer": "name payer_code claim_filing_code deleted_on",
    "practice.location": "name place_of_service_code npi address_1 address_2 city state_code postal_code",
    "practice.organization": "name timezone plan_code",
    "practice.plan": "plan_code label",
    "practice.plan_automation": "plan_code automation",
    "practice.policy": "level starts_on ends_on relationship subscriber_sex",
    "practice.prior_authorization": "starts_on ends_on",
    "practice.referring_provider": "entity_type",
    "practice.service_type": "name procedure_code modifier_1 modifier_2 modifier_3 modifier_4 description",
    "practice.staff": "npi taxonomy_code supervision license_type",
    "practice.timezone_alias": "alias timezone",
    "practice.timezone_bucket": "timezone label",
}

_TRIGGER = """
    CREATE FUNCTION provoke() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} RETURN NEW; END $$;
    CREATE TRIGGER provoke BEFORE INSERT ON billing.finding FOR EACH ROW EXECUTE FUNCTION provoke()
"""


@dataclasses.dataclass(frozen=True)
class Provocation:
    """What is done to the database or the code, and a name of an error that it must cause."""

    name: str
    expects: str
    statements: str = ""
    patch: Callable[[pytest.MonkeyPatch], None] = lambda patch: None


def _broken_segments(patch: pytest.MonkeyPatch, old: bytes, new: bytes) -> None:
    build = isolation.build_interchange

    def build_broken(*arguments: Any) -> UnnumberedInterchange:
        interchange = build(*arguments)
        sets = tuple(dataclasses.replace(one, body=one.body.replace(old, new)) for one in interchange.transaction_sets)
        assert any(old in one.body for one in interchange.transaction_sets)
        return dataclasses.replace(interchange, transaction_sets=sets)

    patch.setattr(isolation, "build_interchange", build_broken)


def _broken_edit(patch: pytest.MonkeyPatch) -> None:
    def check(context: ScrubContext) -> Hits:
        raise ValueError(f"could not look at {context.claims['member_id'].iloc[0]}")

    first, *others = catalogue()
    edits = (dataclasses.replace(first, check=check), *others)
    # By its name: the package has a function of the same name.
    patch.setattr(importlib.import_module("include.claims_scrubber.scrub"), "catalogue", lambda: edits)


def _edit_left_out(patch: pytest.MonkeyPatch, code: str) -> None:
    edits = tuple(one for one in catalogue() if one.code != code)
    assert len(edits) == len(catalogue()) - 1
    patch.setattr(importlib.import_module("include.claims_scrubber.scrub"), "catalogue", lambda: edits)


PROVOCATIONS = [
    Provocation("nothing", "scrub_error"),
    # The scrubber would hold the claim before its file is built.
    Provocation(
        "character that no file can carry",
        "refused_by_validator",
        patch=lambda patch: _edit_left_out(patch, "CHR01"),
    ),
    Provocation(
        "constraint that quotes the row",
        "SQLSTATE 23514",
        "ALTER TABLE billing.finding ADD CHECK (value <> '2031-05-09')",
    ),
    Provocation(
        "unique key that quotes the value",
        "SQLSTATE 23505",
        "CREATE UNIQUE INDEX ON billing.finding (value)",
    ),
    Provocation("cast that quotes the value", "SQLSTATE 22P02", _TRIGGER.format("PERFORM NEW.value::integer;")),
    Provocation(
        "error nobody foresaw",
        "SQLSTATE P0001",
        _TRIGGER.format("RAISE EXCEPTION 'client %', NEW.value USING DETAIL = NEW.value, HINT = NEW.value;"),
    ),
    Provocation(
        "numeric overflow",
        "SQLSTATE 22003",
        "UPDATE practice.appointment_service SET unit_count = 2000000000",
    ),
    Provocation(
        "number that is none",
        "ValueError",
        patch=lambda patch: patch.setitem(cast(dict[str, str], POLICIES.columns), "member_id", "integer"),
    ),
    Provocation(
        "date beyond the parser",
        "ValueError",
        "UPDATE practice.client SET birth_on = '12345-03-07'",
    ),
    Provocation(
        "segment the validator refuses",
        "refused_by_validator",
        patch=lambda patch: _broken_segments(patch, b"*MEMBERQXZ", b"*MEMBERQXZ" + b"X" * 90),
    ),
    Provocation(
        "segment outside of claims",
        "outside of its claims",
        patch=lambda patch: _broken_segments(patch, b"~PER*IC*BILLING", b"~PER*IC*" + b"QXZ" * 20),
    ),
    Provocation("edit that breaks", "edit [A-Z]+[0-9]+ failed: ValueError", patch=_broken_edit),
]


#: A provocation, what came out, and the values of each column (`_values_by_column`).
Provoked = tuple[Provocation, Evidence, dict[str, list[str]]]


@pytest.fixture(scope="module", params=PROVOCATIONS, ids=lambda provocation: provocation.name.replace(" ", "_"))
def provoked(
    request: pytest.FixtureRequest, server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Provoked]:
    """What the nights let out, and all values of the columns that could hold patient data, by their full names."""
    provocation: Provocation = request.param
    evidence = Evidence()
    outbox, inbox = tmp_path_factory.mktemp("outbox"), tmp_path_factory.mktemp("inbox")
    with copy_of(server_url, template) as url, psycopg.connect(url, autocommit=True) as billing:
        generate(billing, 4, 6, timezone="America/Chicago")
        billing.execute("DELETE FROM billing.exclusion_condition; DELETE FROM billing.exclusion_rule")
        billing.execute(PLANT.encode())
        billing.execute(PLANT_MORE.encode())
        billing.execute(provocation.statements.encode())
        secret_url = environment.with_query(environment.pipeline_url(url), password=PASSWORD)
        with pytest.MonkeyPatch.context() as patch, evidence.watching():
            _connect_to(patch, secret_url)
            provocation.patch(patch)
            for automation, night in NIGHTS.items():
                run_and_note(evidence, automation, "America/Chicago", night, outbox)
            billing.execute(f"SET billing.simulated_now = '{BY_HAND_AT}'".encode())
            billing.execute(PLANT_BY_HAND.encode())
            run_and_note(evidence, "claims_submission", "America/Chicago", NIGHT_AFTER_HAND_WORK, outbox)
            _plant_answers(billing, inbox)
            answer_and_note(evidence, outbox, inbox)
        evidence.add_database(billing)
        columns = _values_by_column(billing)
    yield provocation, evidence, columns


def _plant_answers(billing: Connection, inbox: Path) -> None:
    """Answers to a sent claim and to one of somebody else, a copy of a value in error, and a file cut off in a name."""
    sent = [number for (number,) in billing.execute("SELECT claim_number FROM billing.claim_submission LIMIT 2")]
    claims = [
        ClaimAnswer(number, (status,), "PAYERQXZ") for number, status in zip(sent, ("A2:20", "A7:164:IL"), strict=False)
    ]
    answers = {
        "LASTQXZ.277": a277(
            "BATCHQXZ", ProviderAnswer(claims=[*claims, ClaimAnswer("LASTQXZ 1931-03-07", ("A7:33",))])
        ),
        "FIRSTQXZ.999": a999(
            1, "P", SetAnswer(code="R", segments=("IK3*NM1*9*2010BA*8", "IK4*9*67*7*MEMBERQXZ"), errors=("5",))
        ),
        "HOLDERQXZ.277": a277("BATCHQXZ", ProviderAnswer(claims=[ClaimAnswer("LASTQXZ")]), mark=2)[:-300],
    }
    for name, body in answers.items():
        path = inbox / name
        path.write_bytes(body.replace(b"*EXAMPLE*ROBIN****MI*W123456789", b"*LASTQXZ*FIRSTQXZ****MI*MEMBERQXZ"))
        os.utime(path, (0, 0))


def _values_by_column(billing: Connection) -> dict[str, list[str]]:
    rows = billing.execute(
        "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns"
        " JOIN information_schema.tables USING (table_schema, table_name)"
        " WHERE table_schema IN ('practice', 'billing') AND table_type = 'BASE TABLE'"
        " AND data_type IN ('text', 'date', 'jsonb', 'bytea', 'ARRAY')"
    ).fetchall()
    found = {}
    for schema, table, column, kind in rows:
        as_text = sql.SQL("convert_from({}, 'UTF8')" if kind == "bytea" else "{}::text").format(sql.Identifier(column))
        statement = sql.SQL("SELECT DISTINCT {as_text} FROM {table} WHERE {as_text} IS NOT NULL")
        values = billing.execute(statement.format(as_text=as_text, table=sql.Identifier(schema, table))).fetchall()
        found[f"{schema}.{table}.{column}"] = [value for (value,) in values]
    return found


def _connect_to(patch: pytest.MonkeyPatch, url: str) -> None:
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    patch.setattr(PostgresHook, "get_conn", lambda hook: psycopg.connect(url))


#: Every place is looked at; the database's are all of billing and reporting, whatever is added to them.
PLACES = ("log", "output", "warnings", "exceptions", "return values", "file names", "database")


@pytest.mark.parametrize("place", PLACES)
def test_no_mark_comes_out(provoked: Provoked, place: str) -> None:
    _, evidence, _ = provoked
    names = [name for name in evidence.places if (name == place) or (place == "database" and "." in name)]
    found = {
        (name, text[max(0, match.start() - 60) : match.end() + 20])
        for name in names
        for text in evidence.places[name]
        if (match := MARKS.search(text))
    }
    assert not found


def test_the_provoked_error_did_happen_and_is_named(provoked: Provoked) -> None:
    provocation, evidence, _ = provoked
    told = "\n".join(text for texts in evidence.places.values() for text in texts)
    assert re.search(provocation.expects, told)
    views = [name for name in evidence.places if name.startswith("reporting.") and evidence.places[name]]
    assert {"reporting.runs", "reporting.decisions", "reporting.nightly_results"} <= set(views)
    assert evidence.places["log"]
    assert evidence.places["return values"]


def test_marks_are_where_they_may_be(provoked: Provoked) -> None:
    provocation, _, columns = provoked
    if provocation.name == "nothing":
        sent = " ".join(columns["billing.interchange.body"])
        # Names are folded to upper case in the file.
        for mark in (
            *("LASTQXZ", "MEMBERQXZ", "F4QXZ", "HOLDERQXZ", "AUTHQXZ", "19310307", "CLINICIANQXZ", "521987643"),
            *("REFERRERQXZ", "REFERRERFIRSTQXZ", "1987456310", "CLAIMNOTEQXZ", "LINENOTEQXZ", "19330211"),
            *("PAYTOQXZ", "PAYTOCITYQXZ", "PAYERQXZ", "REPLACEDQXZ", "SECONDHOLDERQXZ"),
        ):
            assert mark in sent, mark
        # A finding holds what is wrong as it was found.
        assert "2031-05-09" in columns["billing.finding.value"]


def test_every_column_is_marked_that_could_hold_patient_data(provoked: Provoked) -> None:
    provocation, _, columns = provoked
    if provocation.name == "nothing":
        unmarked = {name for name, values in columns.items() if not any(MARKS.search(value) for value in values)}
        assert unmarked == {f"{table}.{column}" for table, names in HARMLESS.items() for column in names.split()}
