"""The committed sample files: what they are, and that they show what their README promises."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import pytest

from exclusion_rules import AUTOMATIONS, offered_fields, validate_condition
from include.claims_scrubber.npi import is_valid_npi
from include.practice_data.load import SAMPLE_DIRECTORY
from include.practice_data.make_sample import write_sample
from include.practice_data.sample_rows import npi, wrong_npi
from include.practice_data.tables import TABLES

Row = dict[str, str]
MONDAY = date(2026, 11, 2)


def rows(table: str) -> list[Row]:
    with (SAMPLE_DIRECTORY / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert found
    return found


def by(table: str, key: str) -> dict[str, Row]:
    return {row[key]: row for row in rows(table)}


def test_the_committed_files_are_what_the_program_writes(tmp_path: Path) -> None:
    paths = write_sample(tmp_path)
    assert [path.name for path in paths] == [table.file for table in TABLES.values()]
    assert sorted(path.name for path in SAMPLE_DIRECTORY.glob("*.csv")) == sorted(path.name for path in paths)
    for path in paths:
        assert path.read_bytes() == (SAMPLE_DIRECTORY / path.name).read_bytes(), path.name


def test_there_are_a_dozen_practices_in_eight_zones_one_of_them_by_alias() -> None:
    organizations = rows("organization")
    assert [row["organization_id"] for row in organizations] == [str(number) for number in range(1, 13)]
    zones = {row["timezone"] for row in organizations}
    assert {"America/Phoenix", "Pacific/Honolulu", "America/Puerto_Rico", "US/Pacific"} <= zones
    assert len(zones - {"US/Pacific"}) == 8
    readme = (SAMPLE_DIRECTORY / "README.md").read_text(encoding="utf-8")
    for row in organizations:
        assert f"| {row['organization_id']} | {row['name']} | {row['timezone']}" in readme


def test_made_npis_are_right_and_wrong_as_their_names_say() -> None:
    for number in (0, 7, 10, 9035, 99_999_999):
        assert is_valid_npi(npi(number))
        assert not is_valid_npi(wrong_npi(number))


@pytest.mark.parametrize("automation", AUTOMATIONS)
def test_every_field_of_the_automation_has_a_rule(automation: str) -> None:
    used = {row["field"] for row in rows("exclusion_rule") if row["automation"] == automation}
    # Signed notes in creation and processing, self-pay in both and the rest come from several practices.
    assert used == {field.code for field in offered_fields(automation)}


def test_every_condition_can_be_saved() -> None:
    for row in rows("exclusion_rule"):
        assert validate_condition(row["automation"], row["field"], row["match_values"].split("|")) == []


class Facts:
    """A plain reading of the files: what each rule field is on each kept, billable appointment."""

    def __init__(self) -> None:
        self.staff = by("staff", "staff_id")
        self.insurers = by("insurer", "insurer_id")
        self.locations = by("location", "location_id")
        self.service_types = by("service_type", "service_type_id")
        self.settings = {(row["organization_id"], row["automation"]): row for row in rows("automation_setting")}
        self.providers = {
            row["organization_id"]: row for row in rows("billing_provider") if row["is_default"] == "true"
        }
        self.policies = defaultdict(list)
        for row in rows("policy"):
            self.policies[row["client_id"]].append(row)
        self.payments = defaultdict(list)
        for row in rows("client_payment"):
            self.payments[row["client_id"]].append(row)
        self.services = defaultdict(list)
        for row in rows("appointment_service"):
            self.services[row["appointment_id"]].append(row)
        self.notes = defaultdict(list)
        for row in rows("progress_note"):
            self.notes[row["appointment_id"]].append(row)

    def insurer(self, client_id: str, level: str, day: str) -> str:
        for row in self.policies[client_id]:
            if row["level"] == level and row["starts_on"] <= day and (row["ends_on"] or "9999") >= day:
                return row["insurer_id"]
        return ""

    def is_signed(self, appointment: Row) -> bool:
        notes = self.notes[appointment["appointment_id"]]
        must_cosign = self.staff[appointment["staff_id"]]["supervision"] == "cosign"
        return bool(notes) and all(
            note["provider_signed_at"] and (note["supervisor_signed_at"] or not must_cosign) for note in notes
        )

    def of(self, appointment: Row) -> dict[str, set[str]]:
        day = appointment["starts_at"][:10]
        client_id = appointment["client_id"]
        staff = self.staff[appointment["staff_id"]]
        primary = self.insurer(client_id, "primary", day)
        provider = self.insurers[primary]["billing_provider_id"] if primary else ""
        place = appointment["place_of_service_code"]
        modifiers: set[str] = set()
        for service in self.services[appointment["appointment_id"]]:
            own = {service[f"modifier_{number}"] for number in (1, 2, 3, 4)} - {""}
            usual = self.service_types[service["service_type_id"]]
            modifiers |= own or {usual[f"modifier_{number}"] for number in (1, 2, 3, 4)}
        # Made on its own day, or on Monday, the first night.
        invoiced = max(day, MONDAY.isoformat())
        paying = max((row["starts_on"], row["pays_by"]) for row in self.payments[client_id] if row["starts_on"] <= day)
        return {
            "primary_insurer": {primary},
            "secondary_insurer": {self.insurer(client_id, "secondary", day)},
            "claim_level": {"primary"},
            "client_pays_by": {paying[1]},
            "appointment_staff": {staff["staff_id"]},
            "rendering_provider": {
                staff["supervisor_id"] if staff["is_billed_under_supervisor"] == "true" else staff["staff_id"]
            },
            "billing_provider": {provider or self.providers[appointment["organization_id"]]["billing_provider_id"]},
            "service_type": {row["service_type_id"] for row in self.services[appointment["appointment_id"]]},
            "place_of_service": {place or self.locations[appointment["location_id"]]["place_of_service_code"]},
            "modifier": modifiers - {""},
            "appointment_date": {day},
            "appointment_date_range": {day},
            "invoice_date": {invoiced},
            "invoice_date_range": {invoiced},
            "service_date": {day},
            "service_date_range": {day},
            "progress_note_signed": {"yes" if self.is_signed(appointment) else "no"},
            "location": {appointment["location_id"]},
            "client": {client_id},
            "weekday": {str(date.fromisoformat(day).isoweekday())},
        }


def meets(condition: Row, facts: dict[str, set[str]]) -> bool:
    values = facts[condition["field"]] - {""}
    for text in condition["match_values"].split("|"):
        if condition["field"].endswith("_range"):
            start, end = text.split("/")
            if any((start == ".." or start <= value) and (end == ".." or value <= end) for value in values):
                return True
        elif text in values:
            return True
    return False


def test_every_rule_keeps_something_back_that_no_earlier_rule_does_and_lets_neighbours_pass() -> None:
    facts = Facts()
    rules: dict[tuple[str, str], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows("exclusion_rule"):
        rules[row["organization_id"], row["automation"]][row["rule_id"]].append(row)
    # Nights that an item needs from its appointment to the step, out of Monday to Wednesday.
    latest = {"invoice_creation": 2, "invoice_processing": 1, "claims_submission": 0}
    assert len(rules) >= 8
    silent = []
    for (organization_id, automation), conditions in rules.items():
        setting = facts.settings[organization_id, automation]
        kept: dict[str, int] = defaultdict(int)
        passed = 0
        for appointment in rows("appointment"):
            day = date.fromisoformat(appointment["starts_at"][:10])
            if (
                appointment["organization_id"] != organization_id
                or appointment["appointment_status"] != "kept"
                or appointment["is_billable"] != "true"
                or day.isoformat() < setting["enabled_on"]
                or day > MONDAY + timedelta(days=latest[automation])
            ):
                continue
            found = facts.of(appointment)
            first = next(
                (rule for rule, all_of in conditions.items() if all(meets(one, found) for one in all_of)), None
            )
            if first is None:
                passed += 1
            else:
                kept[first] += 1
        assert passed >= 1, (organization_id, automation)
        silent += [(organization_id, automation, rule) for rule in conditions if not kept[rule]]
    # Only the default rule may find nobody who pays himself.
    default = {row["rule_id"] for row in rows("exclusion_rule") if row["match_values"] == "self_pay"}
    assert [rule for rule in silent if rule[2] not in default] == []
    assert default - {rule[2] for rule in silent}


def test_both_modes_of_supervision_have_signed_and_unsigned_notes() -> None:
    facts = Facts()
    seen = {
        (facts.staff[row["staff_id"]]["supervision"], facts.is_signed(row))
        for row in rows("appointment")
        if row["organization_id"] == "2"
    }
    assert seen == {(mode, signed) for mode in ("none", "approve", "cosign") for signed in (True, False)}


def test_missing_and_wrong_data_of_each_scrubber_edit_are_there() -> None:
    clients, policies, providers = rows("client"), rows("policy"), rows("billing_provider")
    for column in ("first_name", "last_name", "birth_on", "sex", "address_1", "postal_code"):
        assert any(not row[column] for row in clients), column
    assert any(row["birth_on"] > "2026-11-04" for row in clients)
    assert any(not row["member_id"] for row in policies)
    assert any(not is_valid_npi(row["npi"]) for row in providers)
    assert any(len(row["tax_id"].replace("-", "")) != 9 for row in providers)
    assert any(len(row["postal_code"].replace("-", "")) == 5 for row in providers)
    assert any(not row["payer_code"] for row in rows("insurer"))
    assert {True, False} == {bool(row["npi"]) for row in rows("staff")}
    assert any(row["npi"] and not is_valid_npi(row["npi"]) for row in rows("staff"))
    assert any(not row["place_of_service_code"] for row in rows("location"))
    diagnosed = {row["client_id"] for row in rows("diagnosis")}
    assert any(row["client_id"] not in diagnosed for row in clients)


def test_every_blocked_reason_of_creation_and_processing_is_there() -> None:
    fees = rows("fee")
    priced = {row["service_type_id"] for row in fees}
    assert any(row["service_type_id"] not in priced for row in rows("service_type"))
    assert any(row["rate_amount"] == "0.00" for row in fees)
    assert any(row["rate_amount"] == "" for row in fees)
    assert any(row["unit_count"] == "0" for row in rows("appointment_service"))
    insured = {row["client_id"] for row in rows("policy")}
    paying = {row["client_id"] for row in rows("client_payment") if row["pays_by"] == "insurance"}
    assert paying - insured
    assert any(row["ends_on"] and row["ends_on"] < "2026-11-02" for row in rows("policy"))
    assert any(row["starts_on"] > "2026-11-04" for row in rows("policy"))


def test_names_with_accents_telehealth_secondary_insurance_and_several_services_are_there() -> None:
    assert any(not row["last_name"].isascii() for row in rows("client"))
    assert {"10", "02"} <= {row["place_of_service_code"] for row in rows("appointment")}
    assert any(row["level"] == "secondary" for row in rows("policy"))
    assert {"self", "child", "spouse"} <= {row["relationship"] for row in rows("policy")}
    assert any(row["line_number"] == "2" for row in rows("appointment_service"))
    assert any(row["unit_count"] == "2" for row in rows("appointment_service"))
