"""The sample nights with a preview of every evening; then a database on which previews change nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from include.development import environment
from include.practice_data.sample_hand_work import work_by_hand
from include.preview.tonight import Preview, preview_tonight
from nightly_schedule.slots import build_slot
from tests.support.nights import AUTOMATIONS, run_night, timezones
from tests.support.sending import allow_sending
from tests.support.settings_page import grant_all, settings_connection

Connection = psycopg.Connection[Any]
#: The claims of Tuesday's night are scrubbed on Wednesday; Wednesday's other automations are left for single tests.
EVENINGS = {"2026-11-02": AUTOMATIONS, "2026-11-03": AUTOMATIONS, "2026-11-04": ("claims_submission",)}

_ADVANCED = "SELECT item_id, sum(total_amount) FROM billing.advanced_item WHERE run_id = %(run_id)s AND automation ="
_ADVANCED += " %(automation)s AND organization_id = %(organization_id)s GROUP BY item_id"
_STAYING = """
    SELECT item_id, reason, detail_code, rule_id, item_count FROM billing.decision
    WHERE automation = %(automation)s AND organization_id = %(organization_id)s
        AND opened_on <= %(night)s AND (closed_on IS NULL OR closed_on > %(night)s)
"""
_FINDINGS = """
    SELECT claim_id, edit_code, line_number, severity, override_id IS NOT NULL FROM billing.finding
    WHERE organization_id = %(organization_id)s AND resolved_on IS NULL
"""


@dataclass
class Evening:
    """What a preview said of one organization's night, and what the night did an instant later."""

    preview: Preview
    advanced: dict[int, Any]
    staying: list[tuple[Any, ...]]
    findings: set[tuple[Any, ...]]


@dataclass
class SampleNights:
    """A database after the three sample nights, and every evening of them."""

    url: str
    evenings: list[Evening]


@pytest.fixture(scope="package")
def sample_nights(
    server_url: str, sample_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SampleNights]:
    name = f"billing_test_{uuid.uuid4().hex[:12]}"
    url = environment.with_database(server_url, name)
    with psycopg.connect(environment.with_database(server_url, "postgres"), autocommit=True) as server:
        server.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(sample_template))
        )
        server.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(name)))
        try:
            allow_sending(url)
            work_by_hand(url)
            grant_all(url)
            yield SampleNights(url, _run_sample_nights(url, tmp_path_factory.mktemp("outbox")))
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _run_sample_nights(url: str, outbox: Path) -> list[Evening]:
    evenings = []
    with (
        settings_connection(url) as page,
        psycopg.connect(environment.pipeline_url(url), autocommit=True) as pipeline,
    ):
        practices = pipeline.execute(
            "SELECT organization_id, timezone FROM practice.organization ORDER BY 1"
        ).fetchall()
        for night, automations in EVENINGS.items():
            for automation in automations:
                for timezone in timezones(pipeline):
                    an_hour_before = build_slot(automation, night, timezone).due_at - timedelta(hours=1)
                    previews = {
                        organization_id: preview_tonight(page, organization_id, automation, an_hour_before)
                        for organization_id, zone in practices
                        if zone == timezone
                    }
                    run_night(pipeline, automation, timezone, night, outbox)
                    evenings += [_evening(pipeline, one, preview) for one, preview in previews.items()]
                    if (automation, night) == ("invoice_processing", "2026-11-03"):
                        _override_an_error(url)
    return evenings


def _override_an_error(url: str) -> None:
    """Once, while the claims wait for their night: one that may be overridden, on a claim with no other such."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "SELECT billing.override_finding(f.claim_id, min(f.edit_code), 'as agreed', min(f.line_number)::integer)"
            " FROM billing.finding f JOIN billing.edit e USING (edit_code)"
            " WHERE f.resolved_on IS NULL AND f.severity = 'error' AND e.is_overridable"
            "   AND NOT EXISTS (SELECT FROM billing.finding_override)"
            " GROUP BY f.claim_id HAVING count(*) = 1 ORDER BY f.claim_id LIMIT 1"
        )


def _evening(pipeline: Connection, organization_id: int, preview: Preview) -> Evening:
    names: dict[str, Any] = {
        "organization_id": organization_id,
        "automation": preview.automation,
        "night": preview.night,
    }
    row = pipeline.execute(
        "SELECT r.run_id FROM billing.run r JOIN practice.organization o USING (timezone)"
        " WHERE r.automation = %(automation)s AND r.night = %(night)s AND o.organization_id = %(organization_id)s",
        names,
    ).fetchone()
    assert row is not None
    names["run_id"] = row[0]
    return Evening(
        preview,
        dict(pipeline.execute(_ADVANCED, names).fetchall()),
        pipeline.execute(_STAYING, names).fetchall(),
        set(pipeline.execute(_FINDINGS, names).fetchall()),
    )
