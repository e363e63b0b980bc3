"""The three sample nights as a whole: cadence, accounting by a separate count, and running everything twice."""

from __future__ import annotations

from pathlib import Path

import psycopg

from include.clearinghouse.validation import validate
from include.development import environment
from include.practice_data.sample_hand_work import work_by_hand
from tests.support.nights import AUTOMATIONS, SAMPLE_NIGHTS, run_night, run_nights, timezones
from tests.support.tables import table_hashes

NIGHTS = SAMPLE_NIGHTS

# What waits in a step at the moment a run opens, counted without any code of the product: raw tables only.
ITEMS_IN_STEP = {
    "invoice_creation": """
        SELECT a.appointment_id FROM practice.appointment a JOIN practice.organization o USING (organization_id)
        WHERE o.timezone = %(timezone)s AND a.appointment_status = 'kept' AND a.is_billable
            AND (a.starts_at AT TIME ZONE o.timezone)::date <= %(night)s::date
            AND a.appointment_id NOT IN (SELECT appointment_id FROM billing.invoice WHERE invoice_status <> 'void')
    """,
    "invoice_processing": """
        SELECT i.invoice_id FROM billing.invoice i JOIN practice.organization o USING (organization_id)
        WHERE o.timezone = %(timezone)s AND i.invoice_status = 'open'
            AND i.invoice_id NOT IN (SELECT invoice_id FROM billing.claim WHERE claim_status <> 'void')
    """,
    "claims_submission": """
        SELECT c.claim_id FROM billing.claim c JOIN practice.organization o USING (organization_id)
        WHERE o.timezone = %(timezone)s AND c.claim_status = 'awaiting_submission'
    """,
}

ADVANCED = {
    "invoice_creation": "SELECT appointment_id FROM billing.invoice WHERE created_run_id = %(run_id)s",
    "invoice_processing": "SELECT invoice_id FROM billing.claim WHERE created_run_id = %(run_id)s",
    "claims_submission": """
        SELECT s.claim_id FROM billing.claim_submission s JOIN billing.interchange x USING (interchange_id)
        WHERE x.sent_run_id = %(run_id)s
    """,
}


def test_every_item_of_every_night_is_advanced_or_has_one_open_decision(sample_url: str, tmp_path: Path) -> None:
    counted = 0
    with psycopg.connect(environment.pipeline_url(sample_url), autocommit=True) as pipeline:
        for night in NIGHTS:
            for automation in AUTOMATIONS:
                for timezone in timezones(pipeline):
                    names = {"timezone": timezone, "night": night, "automation": automation}
                    before = {item for (item,) in pipeline.execute(ITEMS_IN_STEP[automation], names).fetchall()}
                    run_night(pipeline, automation, timezone, night, tmp_path)
                    run = pipeline.execute(
                        "SELECT run_id FROM billing.run WHERE automation = %(automation)s"
                        " AND timezone = %(timezone)s AND night = %(night)s",
                        names,
                    ).fetchone()
                    assert run is not None
                    names["run_id"] = run[0]
                    advanced = {item for (item,) in pipeline.execute(ADVANCED[automation], names).fetchall()}
                    decided = pipeline.execute(
                        "SELECT d.item_id, d.item_count FROM billing.decision d"
                        " JOIN practice.organization o USING (organization_id)"
                        " WHERE d.automation = %(automation)s AND o.timezone = %(timezone)s AND d.closed_on IS NULL",
                        names,
                    ).fetchall()
                    items = [item for item, _ in decided if item is not None]
                    assert len(items) == len(set(items)), names
                    assert advanced <= before, names
                    assert not advanced & set(items), names
                    assert len(advanced) + sum(count for _, count in decided) == len(before), names
                    assert set(items) <= before, names
                    result = pipeline.execute(
                        "SELECT coalesce(sum(candidate_count), 0), coalesce(sum(advanced_count), 0)"
                        " FROM reporting.nightly_results WHERE run_id = %(run_id)s",
                        names,
                    ).fetchone()
                    assert result == (len(before), len(advanced)), names
                    counted += len(before)
    assert counted > 300


def test_what_is_kept_on_monday_is_invoiced_that_night_a_claim_on_tuesday_and_in_a_file_on_wednesday(
    nights_done: tuple[str, Path],
) -> None:
    url, _ = nights_done
    with psycopg.connect(environment.pipeline_url(url), autocommit=True) as pipeline:
        cadence = pipeline.execute(
            "SELECT i.invoice_on::text, i.entered_step_on::text, c.entered_step_on::text,"
            "   (x.sent_at AT TIME ZONE o.timezone)::text, count(*)"
            " FROM billing.claim c JOIN billing.invoice i USING (invoice_id)"
            " JOIN practice.organization o ON o.organization_id = c.organization_id"
            " JOIN practice.appointment a USING (appointment_id)"
            " JOIN billing.claim_submission s USING (claim_id) JOIN billing.interchange x USING (interchange_id)"
            " WHERE (a.starts_at AT TIME ZONE o.timezone)::date = '2026-11-02'"
            " GROUP BY 1, 2, 3, 4"
        ).fetchall()
    assert [row[:4] for row in cadence] == [("2026-11-02", "2026-11-02", "2026-11-03", "2026-11-04 21:00:00")]
    assert cadence[0][4] >= 20


def test_every_sample_file_is_accepted_by_the_independent_validator(nights_done: tuple[str, Path]) -> None:
    url, outbox = nights_done
    with psycopg.connect(environment.pipeline_url(url), autocommit=True) as pipeline:
        stored = pipeline.execute("SELECT file_name, body FROM billing.interchange ORDER BY 1").fetchall()
    delivered = sorted(outbox.iterdir())
    assert len(delivered) >= 6
    assert [(file.name, file.read_bytes()) for file in delivered] == [(name, bytes(body)) for name, body in stored]
    for file in delivered:
        assert validate(file.read_bytes()).accepted, file.name


def test_running_every_night_again_adds_attempts_and_changes_nothing_else(nights_done: tuple[str, Path]) -> None:
    url, outbox = nights_done
    with (
        psycopg.connect(environment.pipeline_url(url), autocommit=True) as pipeline,
        psycopg.connect(url, autocommit=True) as billing,
    ):
        before = table_hashes(billing)
        files = {file.name for file in outbox.iterdir()}
        run_nights(pipeline, NIGHTS, outbox, "second")
        assert table_hashes(billing) == before
        assert {file.name for file in outbox.iterdir()} == files
        attempts = pipeline.execute("SELECT min(attempt_count), max(attempt_count) FROM reporting.runs").fetchone()
    assert attempts == (2, 2)


def test_an_invoice_typed_on_monday_afternoon_has_its_review_day_and_is_a_claim_on_tuesday(
    sample_url: str, tmp_path: Path
) -> None:
    work_by_hand(sample_url)
    work_by_hand(sample_url)
    with psycopg.connect(environment.pipeline_url(sample_url), autocommit=True) as pipeline:
        for night in NIGHTS[:2]:
            run_night(pipeline, "invoice_processing", "America/Puerto_Rico", night, tmp_path)
        decided = pipeline.execute(
            "SELECT reason, opened_on::text, closed_on::text FROM reporting.decisions"
            " WHERE organization_id = 8 AND automation = 'invoice_processing'"
        ).fetchall()
        claims = pipeline.execute(
            "SELECT i.created_by, i.entered_step_on::text, c.entered_step_on::text"
            " FROM billing.claim c JOIN billing.invoice i USING (invoice_id) WHERE i.service_on = '2026-11-02'"
        ).fetchall()
    assert decided == [("review_day", "2026-11-02", "2026-11-03")]
    assert claims == [("sample biller", "2026-11-02", "2026-11-03")]


def test_a_secondary_claim_goes_out_on_tuesday_with_what_the_primary_insurer_decided(
    sample_url: str, tmp_path: Path
) -> None:
    work_by_hand(sample_url)
    with psycopg.connect(environment.pipeline_url(sample_url), autocommit=True) as pipeline:
        run_nights(pipeline, NIGHTS[:2], tmp_path)
        sent = pipeline.execute(
            "SELECT c.claim_number, c.level, c.claim_status, (x.sent_at AT TIME ZONE 'America/Puerto_Rico')::text,"
            "   convert_from(x.body, 'UTF8')"
            " FROM billing.claim c JOIN billing.invoice i USING (invoice_id)"
            " LEFT JOIN billing.claim_submission s USING (claim_id)"
            " LEFT JOIN billing.interchange x USING (interchange_id)"
            " WHERE i.service_on = '2026-10-05' ORDER BY c.level"
        ).fetchall()
    assert [row[1:4] for row in sent] == [
        ("primary", "submitted", None),
        ("secondary", "submitted", "2026-11-03 21:00:00"),
    ]
    body = sent[1][4]
    claim = body[body.index(f"CLM*{sent[1][0]}*") :]
    assert "SVD*QFM01*96*HC:90837**1~CAS*CO*45*40~CAS*PR*2*24~DTP*573*D8*20261023~" in claim
    assert "REF*F8*QFM2026-1023-0008~" in claim
    assert f"CLM*{sent[0][0]}*" not in body
