"""Marks in every sensitive column, errors provoked in database, validator and parsers: no mark comes out anywhere."""

from __future__ import annotations

import dataclasses
import importlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from include.claim_frames import CLAIM_COLUMNS
from include.claims_scrubber import catalogue
from include.claims_scrubber.context import Hits, ScrubContext
from include.clearinghouse import isolation
from include.clearinghouse.interchange import UnnumberedInterchange
from include.development import environment
from include.practice_data.generate import generate
from tests.faults.databases import copy_of
from tests.faults.evidence import Evidence, run_and_note

Connection = psycopg.Connection[Any]

NIGHTS = {"invoice_creation": "2026-11-02", "invoice_processing": "2026-11-03", "claims_submission": "2026-11-04"}
PASSWORD = "PASSWORDMARK"
#: Whatever of a mark comes out is found: words, the birth dates in any spelling, the odd postal code.
MARKS = re.compile(r"MARK|1931-?03-?07|03/07/1931|1932-?04-?08|2031-?05-?09|12345-03-07|98761", re.IGNORECASE)

# Clients by turns: everything can be sent; the scrubber objects; the file cannot carry it.
PLANT = """
    UPDATE practice.client SET last_name = 'Lastmark', first_name = 'Firstmark', middle_name = 'Middlemark',
        birth_on = '1931-03-07', address_1 = '7 Streetmark', address_2 = 'Flatmark', city = 'Citymark',
        postal_code = '987612345';
    UPDATE practice.client SET birth_on = '2031-05-09', state_code = 'Statemark', postal_code = 'Zipmark'
    WHERE client_id % 3 = 1;
    UPDATE practice.client SET last_name = 'Last~mark*' WHERE client_id % 3 = 2;
    UPDATE practice.policy SET member_id = 'MEMBERMARK', group_number = 'GROUPMARK', relationship = 'spouse',
        subscriber_last_name = 'Holdermark', subscriber_first_name = 'Holderfirstmark',
        subscriber_middle_name = 'Holdermiddlemark', subscriber_birth_on = '1932-04-08', subscriber_sex = 'F',
        subscriber_address_1 = '7 Holderstreetmark', subscriber_address_2 = 'Holderflatmark',
        subscriber_city = 'Holdercitymark', subscriber_state_code = 'WI', subscriber_postal_code = '987612345';
    UPDATE practice.diagnosis SET diagnosis_code = 'F4MARK' WHERE client_id % 2 = 0;
    INSERT INTO practice.prior_authorization
        (prior_authorization_id, organization_id, client_id, insurer_id, authorization_number, starts_on)
    SELECT policy_id, organization_id, client_id, insurer_id, 'AUTHMARK', '2026-01-01' FROM practice.policy
"""

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


PROVOCATIONS = [
    Provocation("nothing", "refused_by_validator"),
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
        patch=lambda patch: patch.setitem(CLAIM_COLUMNS, "member_id", "integer"),
    ),
    Provocation(
        "date beyond the parser",
        "ValueError",
        "UPDATE practice.client SET birth_on = '12345-03-07'",
    ),
    Provocation(
        "segment the validator refuses",
        "refused_by_validator",
        patch=lambda patch: _broken_segments(patch, b"*MEMBERMARK", b"*MEMBERMARK" + b"X" * 90),
    ),
    Provocation(
        "segment outside of claims",
        "outside of its claims",
        patch=lambda patch: _broken_segments(patch, b"~PER*IC*BILLING", b"~PER*IC*" + b"MARK" * 20),
    ),
    Provocation("edit that breaks", "edit [A-Z]+[0-9]+ failed: ValueError", patch=_broken_edit),
]


@pytest.fixture(scope="module", params=PROVOCATIONS, ids=lambda provocation: provocation.name.replace(" ", "_"))
def provoked(
    request: pytest.FixtureRequest, server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Provocation, Evidence, str]]:
    """What the three nights let out, and the text of the columns where patient data may stand."""
    provocation: Provocation = request.param
    evidence = Evidence()
    outbox = tmp_path_factory.mktemp("outbox")
    with copy_of(server_url, template) as url, psycopg.connect(url, autocommit=True) as billing:
        generate(billing, 4, 6, timezone="America/Chicago")
        billing.execute("DELETE FROM billing.exclusion_condition; DELETE FROM billing.exclusion_rule")
        billing.execute(PLANT.encode())
        billing.execute(provocation.statements.encode())
        secret_url = environment.with_query(environment.pipeline_url(url), password=PASSWORD)
        with pytest.MonkeyPatch.context() as patch, evidence.watching():
            _connect_to(patch, secret_url)
            provocation.patch(patch)
            for automation, night in NIGHTS.items():
                run_and_note(evidence, automation, "America/Chicago", night, outbox)
        evidence.add_database(billing)
        allowed = billing.execute(
            "SELECT (SELECT string_agg(value, ' ') FROM billing.finding),"
            " (SELECT string_agg(convert_from(body, 'UTF8'), ' ') FROM billing.interchange)"
        ).fetchone()
    yield provocation, evidence, str(allowed)


def _connect_to(patch: pytest.MonkeyPatch, url: str) -> None:
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    patch.setattr(PostgresHook, "get_conn", lambda hook: psycopg.connect(url))


#: Every place is looked at; the database's are all of billing and reporting, whatever is added to them.
PLACES = ("log", "output", "warnings", "exceptions", "return values", "file names", "database")


@pytest.mark.parametrize("place", PLACES)
def test_no_mark_comes_out(provoked: tuple[Provocation, Evidence, str], place: str) -> None:
    _, evidence, _ = provoked
    names = [name for name in evidence.places if (name == place) or (place == "database" and "." in name)]
    found = {
        (name, text[max(0, match.start() - 60) : match.end() + 20])
        for name in names
        for text in evidence.places[name]
        if (match := MARKS.search(text))
    }
    assert not found


def test_the_provoked_error_did_happen_and_is_named(provoked: tuple[Provocation, Evidence, str]) -> None:
    provocation, evidence, _ = provoked
    told = "\n".join(text for texts in evidence.places.values() for text in texts)
    assert re.search(provocation.expects, told)
    views = [name for name in evidence.places if name.startswith("reporting.") and evidence.places[name]]
    assert {"reporting.runs", "reporting.decisions", "reporting.nightly_results"} <= set(views)
    assert evidence.places["log"]
    assert evidence.places["return values"]


def test_marks_are_where_they_may_be(provoked: tuple[Provocation, Evidence, str]) -> None:
    provocation, _, allowed = provoked
    if provocation.name == "nothing":
        # Names are folded to upper case in the file; a finding holds what is wrong as it was found.
        for mark in ("LASTMARK", "MEMBERMARK", "F4MARK", "HOLDERMARK", "AUTHMARK", "2031-05-09", "19310307"):
            assert mark in allowed
