"""From the settings page to the night: a rule saved there decides the next run of the DAG."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

from tests.support.settings_page import EDITOR, grant_all, open_page

Run = Callable[..., Any]

PRACTICE, NEIGHBOUR = 2, 9
#: A Monday.
NIGHT = "2026-11-02"


def test_a_rule_saved_on_the_page_decides_the_next_run(run_dag: Run, sample_url: str) -> None:
    grant_all(sample_url)
    rules = f"/organizations/{PRACTICE}/rules/invoice_creation"
    form = {"condition": "0123abcd", "field-0123abcd": "weekday", "value-0123abcd": "1"}
    with open_page(sample_url, EDITOR) as page:
        saved = page.post(f"{rules}/save", data=form)
        assert saved.status_code == 200, saved.text
    with psycopg.connect(sample_url, autocommit=True) as billing:
        rule = billing.execute(
            "SELECT rule_id FROM billing.exclusion_rule WHERE organization_id = %s AND automation = 'invoice_creation'"
            " ORDER BY rule_id DESC LIMIT 1",
            (PRACTICE,),
        ).fetchone()
        assert rule is not None
        assert run_dag("invoice_creation", NIGHT, "America/Chicago").state == "success"
        results = dict(
            (organization_id, (advanced, excluded))
            for organization_id, advanced, excluded in billing.execute(
                "SELECT organization_id, advanced_count, excluded_count FROM reporting.nightly_results"
                " WHERE automation = 'invoice_creation' AND night = %s",
                (NIGHT,),
            ).fetchall()
        )
        reasons = billing.execute(
            "SELECT DISTINCT reason, rule_id FROM reporting.decisions"
            " WHERE automation = 'invoice_creation' AND organization_id = %s AND reason = 'excluded'",
            (PRACTICE,),
        ).fetchall()
    advanced, excluded = results[PRACTICE]
    assert advanced == 0 and excluded > 0
    assert ("excluded", rule[0]) in reasons
    assert results[NEIGHBOUR][0] > 0, "the rule of one practice is nobody else's"
