"""Three hundred organizations in one batch, the data of one broken: it alone stays behind, whatever the step."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from include.claim_frames import ClaimFrames
from include.claims_scrubber import EditFailedError
from include.claims_submission.delivery import deliver_files
from include.clearinghouse.isolation import InterchangeRefused
from include.development import environment
from include.practice_data.generate import generate
from tests.faults.databases import PreparedNight, copy_of
from tests.faults.natural_rows import LEFT_OUT, Rows, compared_tables, difference, rows_of_organizations, without
from tests.faults.validators import accepting_validator
from tests.support.nights import BATCH_STEPS, close_night, open_night, run_night
from tests.support.sending import directory_boxes
from tests.support.tables import table_names

Connection = psycopg.Connection[Any]

# The generator's appointments last an hour and were written when they began.
_MEND_APPOINTMENTS = """
    UPDATE practice.appointment SET starts_at = ends_at - interval '1 hour', updated_at = ends_at - interval '1 hour'
    WHERE organization_id = :organization
"""
# The first instant PostgreSQL knows: west of Greenwich it has no local time.
_BREAK_APPOINTMENTS = """
    UPDATE practice.appointment SET starts_at = '4714-11-24 00:00:00+00 BC' WHERE organization_id = :organization
"""
# Without the trigger that would write history.
_TAKE_EARLIER = """
    SET session_replication_role = replica;
    UPDATE billing.automation_setting SET includes_earlier = :earlier
    WHERE organization_id = :organization AND automation = 'invoice_creation';
    RESET session_replication_role
"""
_BREAK_DATES = "UPDATE practice.appointment SET starts_at = '-infinity' WHERE organization_id = :organization"
# A fact is read only where a rule asks for it; this rule matches no appointment of the generator.
_ASK_FOR_DATES = """
    SET session_replication_role = replica;
    INSERT INTO billing.exclusion_rule (rule_id, organization_id, automation, position)
    VALUES (1000000, :organization, 'invoice_creation', 100);
    INSERT INTO billing.exclusion_condition (rule_id, condition_number, automation, field, match_values)
    VALUES (1000000, 1, 'invoice_creation', 'appointment_date', '{2020-01-01}');
    RESET session_replication_role
"""
_ASK_FOR_NO_DATES = """
    SET session_replication_role = replica;
    DELETE FROM billing.exclusion_condition WHERE rule_id = 1000000;
    DELETE FROM billing.exclusion_rule WHERE rule_id = 1000000;
    RESET session_replication_role
"""
_BREAK_BIRTH_DATES = """
    CREATE TEMP TABLE kept AS SELECT client_id, birth_on FROM practice.client WHERE organization_id = :organization;
    UPDATE practice.client SET birth_on = 'infinity' WHERE organization_id = :organization
"""
_MEND_BIRTH_DATES = """
    UPDATE practice.client c SET birth_on = kept.birth_on FROM kept WHERE kept.client_id = c.client_id;
    DROP TABLE kept
"""
# Where the statement reads nothing that can be broken: an error of the database while it writes.
_BREAK_CANDIDATES = """
    CREATE FUNCTION break_candidates() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION USING ERRCODE = 'numeric_value_out_of_range';
    END $$;
    CREATE TRIGGER break_candidates BEFORE INSERT ON billing.candidate FOR EACH ROW
        WHEN (NEW.organization_id = :organization AND NEW.reason IS DISTINCT FROM 'step_failed')
        EXECUTE FUNCTION break_candidates()
"""
_MEND_CANDIDATES = "DROP FUNCTION break_candidates() CASCADE"
_BREAK_CLAIMS = """
    CREATE FUNCTION break_claims() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION USING ERRCODE = 'check_violation';
    END $$;
    CREATE TRIGGER break_claims BEFORE INSERT ON billing.claim FOR EACH ROW
        WHEN (NEW.organization_id = :organization) EXECUTE FUNCTION break_claims()
"""
_MEND_CLAIMS = "DROP FUNCTION break_claims() CASCADE"


@dataclass(frozen=True)
class Poison:
    """What breaks `step` for the organization `:organization`, put there before the step `before` of the night."""

    automation: str
    step: str
    code: str
    breaks: str
    mends: str
    before: str = ""
    has_advanced: bool = False  # by then the items have moved on, so none of them is left behind


POISONS = [
    Poison("invoice_creation", "select_appointments", "SQLSTATE 22008", _BREAK_APPOINTMENTS, _MEND_APPOINTMENTS),
    Poison(
        "invoice_creation",
        "apply_exclusion_rules",
        "ValueError",
        f"{_TAKE_EARLIER.replace(':earlier', 'true')}; {_ASK_FOR_DATES}; {_BREAK_DATES}",
        f"{_TAKE_EARLIER.replace(':earlier', 'false')}; {_ASK_FOR_NO_DATES}; {_MEND_APPOINTMENTS}",
        before="open_run",
    ),
    Poison(
        "invoice_creation",
        "create_invoices",
        "SQLSTATE 22003",
        "UPDATE practice.appointment_service SET unit_count = 2000000000 WHERE organization_id = :organization",
        "UPDATE practice.appointment_service SET unit_count = 1 WHERE organization_id = :organization",
    ),
    Poison("invoice_processing", "select_invoices", "SQLSTATE 22008", _BREAK_APPOINTMENTS, _MEND_APPOINTMENTS),
    Poison("invoice_processing", "process_invoices", "SQLSTATE 23514", _BREAK_CLAIMS, _MEND_CLAIMS),
    Poison(
        "invoice_processing",
        "scrub_for_advice",
        "ValueError",
        _BREAK_BIRTH_DATES,
        _MEND_BIRTH_DATES,
        has_advanced=True,
    ),
    Poison("claims_submission", "select_claims", "SQLSTATE 22003", _BREAK_CANDIDATES, _MEND_CANDIDATES),
    Poison("claims_submission", "scrub_claims", "ValueError", _BREAK_BIRTH_DATES, _MEND_BIRTH_DATES),
    Poison("claims_submission", "build_files", "ValueError", _BREAK_BIRTH_DATES, _MEND_BIRTH_DATES),
]


def _execute(billing: Connection, statements: str, organization_id: int) -> None:
    billing.execute(statements.replace(":organization", str(organization_id)).encode())


def _run_poisoned(
    billing: Connection, pipeline: Connection, prepared: PreparedNight, poison: Poison, victim: int, outbox: Path
) -> tuple[int, str]:
    """The night with the data broken just before the step; return the attempt's id and outcome."""
    steps = BATCH_STEPS[poison.automation]
    before = poison.before or poison.step
    assert before in ["open_run", *(step.__name__ for step in steps)]
    if before == "open_run":
        _execute(billing, poison.breaks, victim)
    attempt, batches = open_night(pipeline, poison.automation, prepared.timezone, prepared.night, "poisoned")
    assert [len(batch) for batch in batches] == [300]
    for step in steps:
        if step.__name__ == before:
            _execute(billing, poison.breaks, victim)
        step(pipeline, attempt, batches[0])
    if poison.automation == "claims_submission":
        deliver_files(pipeline, attempt, directory_boxes(outbox))
    return attempt.attempt_id, close_night(pipeline, attempt)


def _victim(clean: Rows) -> int:
    """An organization in the middle all of whose two items advanced in the undisturbed night."""
    whole = sorted(
        int(result["organization_id"])
        for result in (json.loads(text) for _, text in clean["billing.nightly_result"])
        if result["advanced_count"] == 2 and "claims_submission" in result["run"]
    )
    assert len(whole) > 100
    return whole[len(whole) // 2]


@pytest.mark.parametrize("poison", POISONS, ids=lambda poison: poison.step)
def test_one_broken_organization_is_left_behind_alone_and_catches_up_when_it_is_mended(
    server_url: str, many_organizations: dict[str, PreparedNight], poison: Poison, tmp_path: Path
) -> None:
    prepared = many_organizations[poison.automation]
    victim = _victim(many_organizations["claims_submission"].clean)
    with (
        copy_of(server_url, prepared.template) as url,
        psycopg.connect(url, autocommit=True) as billing,
        psycopg.connect(environment.pipeline_url(url), autocommit=True) as pipeline,
        accepting_validator(),
    ):
        attempt_id, outcome = _run_poisoned(billing, pipeline, prepared, poison, victim, tmp_path)
        assert outcome == "fault"
        assert pipeline.execute(
            "SELECT organization_id, failed_step, failed_code, finished_at IS NOT NULL FROM billing.run_organization"
            " WHERE attempt_id = %s AND failed_step IS NOT NULL",
            (attempt_id,),
        ).fetchall() == [(victim, poison.step, poison.code, True)]
        rows = rows_of_organizations(pipeline)
        assert difference(without(rows, victim), without(prepared.clean, victim)) == {}
        assert bool(difference(rows, prepared.clean)) != poison.has_advanced
        left = pipeline.execute(
            "SELECT reason, detail_code, count(*) FROM reporting.decisions"
            " WHERE organization_id = %s AND automation = %s AND is_open GROUP BY 1, 2",
            (victim, poison.automation),
        ).fetchall()
        assert left == ([] if poison.has_advanced else [("step_failed", f"{poison.step}: {poison.code}", 2)])
        result = pipeline.execute(
            "SELECT candidate_count, advanced_count, step_failed_count FROM reporting.nightly_results"
            " WHERE organization_id = %s AND automation = %s AND night = %s",
            (victim, poison.automation, prepared.night),
        ).fetchone()
        assert result == ((2, 2, 0) if poison.has_advanced else (2, 0, 2))

        _execute(billing, poison.mends, victim)
        again = run_night(pipeline, poison.automation, prepared.timezone, prepared.night, tmp_path, "mended")
        assert again == prepared.outcome
        assert difference(rows_of_organizations(pipeline), prepared.clean) == {}


@pytest.mark.parametrize(
    ("step", "place", "error"),
    [
        (
            "scrub_for_advice",
            "include.claim_records.scrub.scrub",
            EditFailedError("edit NPI02 failed: KeyError at x:1"),
        ),
        ("scrub_claims", "include.claim_records.scrub.scrub", EditFailedError("edit NPI02 failed: KeyError at x:1")),
        (
            "build_files",
            "include.claims_submission.files.isolate_refused",
            InterchangeRefused("no clear answer from the validator after 64 calls"),
        ),
    ],
)
def test_an_edit_or_validator_that_breaks_on_one_organization_does_not_stop_the_others(
    billing: Connection,
    pipeline: Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    place: str,
    error: Exception,
) -> None:
    generate(billing, 8, 2, timezone="America/Chicago")
    module, name = place.rsplit(".", 1)
    works = getattr(importlib.import_module(module), name)

    def breaks(frames: ClaimFrames, *arguments: Any, **named: Any) -> Any:
        if (frames.claims["organization_id"] == 1004).any():
            raise error
        return works(frames, *arguments, **named)

    outcomes = []
    for automation, night in (
        ("invoice_creation", "2026-11-02"),
        ("invoice_processing", "2026-11-03"),
        ("claims_submission", "2026-11-04"),
    ):
        with monkeypatch.context() as patch:
            if step in [function.__name__ for function in BATCH_STEPS[automation]]:
                patch.setattr(importlib.import_module(module), name, breaks)
            outcomes.append(run_night(pipeline, automation, "America/Chicago", night, tmp_path))
    assert outcomes.count("fault") == 1
    assert pipeline.execute(
        "SELECT organization_id, failed_step, failed_code FROM billing.run_organization WHERE failed_step IS NOT NULL"
    ).fetchall() == [(1004, step, str(error))]
    advanced = pipeline.execute(
        "SELECT array_agg(organization_id ORDER BY organization_id) FROM reporting.nightly_results"
        " WHERE automation = 'claims_submission' AND advanced_count > 0"
    ).fetchone()
    assert advanced is not None
    assert (1004 in advanced[0]) == (step == "scrub_for_advice")
    assert len(advanced[0]) >= 7


def test_when_every_organization_fails_the_step_itself_fails_and_nothing_is_half_written(
    billing: Connection, pipeline: Connection, tmp_path: Path
) -> None:
    generate(billing, 8, 2, timezone="America/Chicago")
    billing.execute("UPDATE practice.appointment_service SET unit_count = 2000000000")
    attempt, [organizations] = open_night(pipeline, "invoice_creation", "America/Chicago", "2026-11-02", "broken")
    *before, create_invoices = BATCH_STEPS["invoice_creation"]
    for step in before:
        step(pipeline, attempt, organizations)
    with pytest.raises(psycopg.errors.NumericValueOutOfRange):
        create_invoices(pipeline, attempt, organizations)
    assert pipeline.execute("SELECT count(*) FROM billing.invoice").fetchone() == (0,)
    assert pipeline.execute("SELECT count(*) FROM billing.decision").fetchone() == (0,)

    assert close_night(pipeline, attempt) == "fault"
    assert pipeline.execute(
        "SELECT reason, count(*) FROM reporting.decisions WHERE reason <> 'excluded' GROUP BY 1"
    ).fetchall() == [("step_failed", 16 - _excluded(pipeline))]

    billing.execute("UPDATE practice.appointment_service SET unit_count = 1")
    assert run_night(pipeline, "invoice_creation", "America/Chicago", "2026-11-02", tmp_path, "mended") == "ok"
    assert pipeline.execute("SELECT count(*) FROM billing.invoice").fetchone() == (16 - _excluded(pipeline),)


def _excluded(pipeline: Connection) -> int:
    row = pipeline.execute("SELECT count(*) FROM reporting.decisions WHERE reason = 'excluded' AND is_open").fetchone()
    assert row is not None
    return int(row[0])


def test_one_organization_alone_in_its_batch_fails_without_stopping_the_step(
    billing: Connection, pipeline: Connection, tmp_path: Path
) -> None:
    generate(billing, 1, 2, timezone="America/Chicago")
    billing.execute("UPDATE practice.appointment_service SET unit_count = 2000000000")
    assert run_night(pipeline, "invoice_creation", "America/Chicago", "2026-11-02", tmp_path) == "fault"
    assert pipeline.execute("SELECT failed_step FROM billing.run_organization").fetchall() == [("create_invoices",)]


def test_the_comparison_leaves_out_no_table_that_a_night_writes(billing: Connection) -> None:
    written = {name for name in table_names(billing) if name.startswith("billing.")}
    assert written == compared_tables() | LEFT_OUT
