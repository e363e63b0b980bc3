"""Nights through the services that a person would start: what is red, what may be read, what a killed task leaves."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from nightly_schedule.buckets import BUCKETS as ALL_BUCKETS
from tests.airflow.evening import (
    DATA_ERROR,
    FAULT,
    KILLS,
    MARKS,
    RUNS,
    Evening,
    Kill,
    metadata_texts,
    only,
)
from tests.faults.natural_rows import difference, rows_of_organizations
from tests.support.nights import AUTOMATIONS

CITIES = {bucket.timezone: bucket.city for bucket in ALL_BUCKETS}


def test_failed_instances_are_the_organizations_with_held_claims_and_nothing_else_is_red(evening: Evening) -> None:
    assert len(evening.results) == len(RUNS)
    assert {name for held in evening.held.values() for _, name, _ in held} == {
        "Prairie Wren Counseling",
        "Kukui Grove Psychology",
    }
    seen = set()
    for result in evening.results:
        slot = result.slot
        held = []
        if slot.automation == "claims_submission":
            held = evening.held.get((slot.bucket.timezone, slot.night.isoformat()), [])
        assert result.state == ("failed" if held else "success"), result
        assert [(one.task_id, one.label.rsplit(",", 1)[0]) for one in result.failed] == [
            ("scrub_errors", f"{name}: {count} claim{'s' if count > 1 else ''} held") for _, name, count in held
        ]
        seen.add((slot.automation, bool(held)))
    assert seen == {(automation, False) for automation in AUTOMATIONS} | {("claims_submission", True)}


def test_every_other_task_instance_is_green_or_had_nothing_to_do(evening: Evening) -> None:
    for result in evening.results:
        for instance in evening.api.instances(result.slot.automation, result.run_id):
            # An earlier test may have cleared an instance; what was red then is asserted above.
            if instance["task_id"] != "scrub_errors":
                assert instance["state"] in ("success", "skipped"), (result, instance["task_id"])


def test_run_ids_carry_the_city_right_after_the_run_type(evening: Evening) -> None:
    for result in evening.results:
        slot = result.slot
        city = CITIES[slot.bucket.timezone]
        assert re.fullmatch(rf"manual__{city}__{slot.night.isoformat()}__[A-Za-z0-9]{{4}}", result.run_id)


def test_the_log_of_the_failed_instance_says_which_claim_which_edit_what_is_wrong_and_where_to_mend_it(
    evening: Evening,
) -> None:
    logs = {}
    for result in evening.results:
        for instance in evening.api.instances(result.slot.automation, result.run_id):
            if instance["task_id"] == "scrub_errors" and instance["state"] in ("failed", "success"):
                first = evening.api.tries(result.slot.automation, result.run_id, "scrub_errors", instance["map_index"])[
                    0
                ]
                practice = instance["rendered_map_index"].split(":")[0]
                logs[practice] = evening.api.log(result.slot.automation, result.run_id, first)
    assert logs.keys() == {reason.practice for reason in evening.reasons}
    for reason in evening.reasons:
        for practice, log in logs.items():
            # From one claim number to the next: what is said of one claim.
            said = [part for part in re.split(r"\b(?=C[0-9]+V[0-9]+\b)", log) if part.startswith(reason.claim_number)]
            is_said = any(all(text in part for text in reason.texts) for part in said)
            assert is_said == (practice == reason.practice), reason
    assert len({reason.texts[0] for reason in evening.reasons}) >= 5
    assert any("validator" in reason.texts[0] for reason in evening.reasons)


@pytest.mark.parametrize("kill", KILLS, ids=lambda kill: kill.task_id)
def test_a_task_killed_inside_its_transaction_is_tried_again_and_the_night_ends_as_undisturbed(
    evening: Evening, kill: Kill
) -> None:
    run_id = evening.killed[kill]
    instances = {one["task_id"]: one for one in evening.api.instances(kill.automation, run_id)}
    tries = evening.api.tries(kill.automation, run_id, kill.task_id, instances[kill.task_id]["map_index"])
    assert [one["state"] for one in tries] == ["failed", "success"]
    assert tries[0]["pid"] != tries[1]["pid"]
    mine = {kill.organization_id}
    rows = only(rows_of_organizations(evening.billing), mine)
    assert difference(rows, only(evening.undisturbed, mine)) == {}
    moved = {"invoice_creation": "billing.invoice", "invoice_processing": "billing.claim", "claims_submission": "loops"}
    assert rows[moved[kill.automation]]
    assert evening.billing.execute(
        "SELECT attempt_count, outcome FROM reporting.runs WHERE (automation, timezone, night::text) = (%s, %s, %s)",
        (kill.automation, kill.timezone, kill.night),
    ).fetchone() == (1, "ok")
    assert {one["state"] for one in instances.values()} <= {"success", "skipped"}


def test_the_outbox_folder_holds_every_file_once_with_its_stored_bytes(evening: Evening) -> None:
    files = {file.name: file.read_bytes() for file in evening.outbox.iterdir()}
    stored = evening.billing.execute("SELECT file_name, body, interchange_state FROM billing.interchange").fetchall()
    assert len(stored) >= 3
    assert {state for _, _, state in stored} == {"sent"}
    assert files == {name: bytes(body) for name, body, _ in stored}


def test_an_organization_whose_data_break_a_step_is_red_alone_and_a_passing_fault_is_tried_again(
    evening: Evening,
) -> None:
    timezone, organization_id, _ = DATA_ERROR
    assert timezone
    instances = evening.api.instances("invoice_creation", evening.data_error_run)
    failed = [one for one in instances if one["state"] not in ("success", "skipped")]
    assert [(one["task_id"], one["rendered_map_index"]) for one in failed] == [
        ("step_failures", "Larkspur Therapy Group: create_invoices failed")
    ]
    log = evening.api.log("invoice_creation", evening.data_error_run, failed[0])
    assert f"organization {organization_id} (Larkspur Therapy Group): create_invoices failed with SQLSTATE 23514" in log
    run_id = evening.fault_run
    assert evening.api.run_state("invoice_creation", run_id) == "success"
    tries = evening.api.tries("invoice_creation", run_id, "invoice_creation.create_invoices", 0)
    assert len(tries) == 2
    log = evening.api.log("invoice_creation", run_id, tries[0])
    assert "StepFault" in log
    assert re.search("^SQLSTATE XX000 at [a-z_]+.py:[0-9]+; the text is left out", log, re.MULTILINE)
    assert evening.billing.execute(
        "SELECT count(*) > 0 FROM billing.invoice WHERE organization_id = %s", (FAULT[1],)
    ).fetchone() == (True,)


def test_a_cleared_instance_sends_what_was_mended_and_is_green_when_nothing_is_left(evening: Evening) -> None:
    (result,) = (one for one in evening.results if one.failed and one.slot.bucket.timezone == "Pacific/Honolulu")
    run_id, api, billing = result.run_id, evening.api, evening.billing
    files = set(evening.outbox.iterdir())
    awaiting = _awaiting(evening)
    assert awaiting

    # Three of the four claims are held for what is written of the billing provider.
    billing.execute(
        "UPDATE practice.billing_provider p SET npi = good.npi, tax_id = good.tax_id, postal_code = good.postal_code"
        " FROM practice.billing_provider good WHERE good.billing_provider_id = 701 AND p.organization_id = 7"
    )
    assert api.clear("claims_submission", run_id, "scrub_errors", 0) == {"scrub_errors", "close_run"}
    assert api.wait_for_end("claims_submission", run_id) == "failed"
    instance = _instance(evening, run_id)
    still = _awaiting(evening)
    assert instance["state"] == "failed"
    assert instance["try_number"] == 2
    assert 0 < len(still) < len(awaiting)
    assert still < awaiting
    assert instance["rendered_map_index"].startswith("Kukui Grove Psychology: ")
    log = api.log("claims_submission", run_id, instance)
    assert set(re.findall(r"\bC[0-9]+V[0-9]+\b", log)) == still
    assert len(set(evening.outbox.iterdir()) - files) == 1

    billing.execute(
        "UPDATE practice.insurer SET payer_code = '60054' WHERE organization_id = 7 AND insurer_id IN (705, 706)"
    )
    assert api.clear("claims_submission", run_id, "scrub_errors", 0) == {"scrub_errors", "close_run"}
    assert api.wait_for_end("claims_submission", run_id) == "success"
    assert _instance(evening, run_id)["state"] == "success"
    assert _awaiting(evening) == set()
    assert len(set(evening.outbox.iterdir()) - files) == 2
    assert billing.execute(
        "SELECT r.outcome, n.advanced_count >= %s, n.scrub_error_count FROM reporting.runs r"
        " JOIN reporting.nightly_results n USING (run_id) WHERE r.airflow_run_id = %s",
        (len(awaiting), run_id),
    ).fetchall() == [("ok", True, 0)]
    # Nobody cleared the other bucket's instance.
    (other,) = (one for one in evening.results if one.failed and one.slot.bucket.timezone == "America/Chicago")
    assert _instance(evening, other.run_id)["try_number"] == 1


def _awaiting(evening: Evening) -> set[str]:
    rows = evening.billing.execute(
        "SELECT c.claim_number FROM reporting.claims c JOIN reporting.decisions d ON d.step = 'claim'"
        " AND d.item_id = c.claim_id AND d.is_open AND d.reason IN ('scrub_error', 'refused_by_validator')"
        " WHERE c.organization_id = 7 AND c.claim_status = 'awaiting_submission'"
    ).fetchall()
    return {number for (number,) in rows}


def _instance(evening: Evening, run_id: str) -> dict[str, Any]:
    (found,) = (one for one in evening.api.instances("claims_submission", run_id) if one["task_id"] == "scrub_errors")
    return found


# Last: what the other tests did belongs to the evidence.


def _files(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): file.read_bytes().decode("latin-1")
        for file in folder.rglob("*")
        if file.is_file()
    }


@pytest.fixture(scope="module")
def evidence(evening: Evening) -> dict[str, str]:
    """Place -> all text found there."""
    found = {f"log {name}": text for name, text in _files(evening.folder / "airflow" / "logs").items()}
    found |= {f"log of service {name}": text for name, text in _files(evening.folder / "logs").items()}
    found["names of files"] = "\n".join(
        str(path) for folder in ("airflow/logs", "logs", "outbox") for path in (evening.folder / folder).rglob("*")
    )
    return found | {f"table {name}": text for name, text in metadata_texts(evening.metadata).items()}


def test_there_was_something_to_leak_and_all_places_are_looked_at(evening: Evening, evidence: dict[str, str]) -> None:
    row = evening.billing.execute(
        "SELECT (SELECT string_agg(value, ' ') FROM billing.finding),"
        " (SELECT string_agg(convert_from(body, 'UTF8'), ' ') FROM billing.interchange)"
    ).fetchone()
    assert row is not None
    assert MARKS.search(row[0])
    assert {"LASTQXZ", "MEMBERQXZ", "HOLDERQXZ"} <= {mark.upper() for mark in MARKS.findall(row[1])}
    assert "SQLSTATE 23514" in "\n".join(evidence.values())
    assert "SQLSTATE XX000" in "\n".join(evidence.values())
    for place in ("xcom", "rendered_task_instance_fields", "task_instance", "task_instance_history", "dag_run"):
        assert evidence[f"table {place}"], place
    assert len([place for place in evidence if re.search("^log .*attempt=[12].log$", place)]) > 70
    assert {f"log of service {name}.log" for name in ("api-server", "scheduler", "dag-processor")} <= set(evidence)
    assert "Prairie Wren Counseling" in evidence["table task_instance"]


def test_no_patient_data_come_out_through_airflow(evidence: dict[str, str]) -> None:
    found = {
        (place, text[max(0, match.start() - 80) : match.end() + 20])
        for place, text in evidence.items()
        if (match := MARKS.search(text))
    }
    assert not found


def test_no_secret_comes_out_through_airflow(evening: Evening, evidence: dict[str, str]) -> None:
    secrets = json.loads((evening.folder / "secrets.json").read_text(encoding="utf-8"))
    assert secrets.keys() >= {"jwt_secret", "api_secret", "fernet_key", "ui_password"}
    assert all(len(secret) >= 12 for secret in secrets.values())
    for name, secret in {**secrets, "database password": evening.password}.items():
        assert not [place for place, text in evidence.items() if secret in text], name
