"""Loading directories into a real database."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from include.practice_data.load import SAMPLE_DIRECTORY, load_directory, main
from include.practice_data.make_sample import write_sample
from include.practice_data.problems import LoadRefused
from include.practice_data.sample_rows import MONDAY, Practice, Row, Sample
from include.practice_data.tables import TABLES

Connection = psycopg.Connection[Any]
#: Filled by the database or the loader, so not in the files.
_NOT_IN_FILES = {"organization": {"is_sample"}, "appointment": {"updated_at"}}


def two_practices() -> Sample:
    """Two small practices: 41 in Denver with three clients, 42 in Phoenix with one."""
    sample = Sample()
    sample.add("plan", plan_code="complete", label="Complete")
    sample.add("plan_automation", plan_code="complete", automation="invoice_creation")
    for organization_id, zone in ((41, "America/Denver"), (42, "America/Phoenix")):
        place = ("Laramie", "WY", "82070")
        practice = Practice(sample, organization_id, f"Practice {organization_id}", zone, place, "complete")
        practice.staff(1, "Yarrowdale", "Clement")
        practice.staff(2, "Wavecrest", "Philippa", supervisor=1, supervision="cosign")
        practice.offer(insurers=(1, 2), services=("60", "45"))
        referrer = practice.referring_provider(1, "Carrasquillo", "Belén")
        for _ in range(3 if organization_id == 41 else 1):
            practice.visit(practice.client(referring_provider_id=referrer), MONDAY)
        practice.settings()
        practice.hold(organization_id * 1000 + 1, "waiting for a referral")
        practice.rule("invoice_creation", weekday=[6, 7], location=[practice.number(1)])
    return sample


def write(directory: Path, sample: Sample, tables: Iterable[str] = tuple(TABLES)) -> Path:
    directory.mkdir(exist_ok=True)
    for name in tables:
        with (directory / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, TABLES[name].column_names)
            writer.writeheader()
            writer.writerows(sample.rows[name])
    return directory


def table_contents(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of the two schemas, with the times at which it was written."""
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('practice', 'billing')"
        ).fetchall()
        assert len(names) > 20
        return {
            name: connection.execute(f"SELECT t::text FROM {name} t ORDER BY 1").fetchall()  # type: ignore[arg-type] # noqa: S608
            for (name,) in names
        }


def scalar(connection: Connection, statement: str) -> Any:
    row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return row[0]


def refused(url: str, directory: Path, *, is_sample: bool = False) -> list[str]:
    with pytest.raises(LoadRefused) as caught:
        load_directory(url, directory, is_sample=is_sample)
    assert caught.value.problems
    return [str(problem) for problem in caught.value.problems]


def test_the_files_have_the_columns_of_the_tables_and_require_what_they_require(billing: Connection) -> None:
    for table in TABLES.values():
        if table.is_read_as_is:
            continue
        columns = billing.execute(
            "SELECT column_name, is_nullable = 'NO' FROM information_schema.columns"
            " WHERE table_schema = %s AND table_name = %s",
            [table.schema, table.name],
        ).fetchall()
        stored = {
            name: is_required for name, is_required in columns if name not in _NOT_IN_FILES.get(table.name, set())
        }
        assert stored == {column.name: column.is_required for column in table.columns}, table.name
        for column in table.columns:
            assert not column.references or column.references in list(TABLES)[: list(TABLES).index(table.name) + 1]
    known = billing.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'practice'").fetchall()
    assert {name for (name,) in known} - set(TABLES) == {"timezone_bucket", "timezone_alias"}


def test_a_directory_is_loaded_and_its_report_counts_rows(
    database_url: str, billing: Connection, tmp_path: Path
) -> None:
    report = load_directory(database_url, write(tmp_path, two_practices()))
    counts = {table.table: (table.read_count, table.inserted_count) for table in report.tables}
    assert counts["client"] == (4, 4)
    assert counts["exclusion_rule"] == (6, 4)
    assert [table.table for table in report.tables] == list(TABLES)
    start = "SELECT (starts_at AT TIME ZONE 'UTC')::text FROM practice.appointment WHERE appointment_id = {}001"
    assert scalar(billing, start.format(41)) == "2026-11-02 16:00:00"
    assert scalar(billing, "SELECT tax_id FROM practice.billing_provider ORDER BY 1 LIMIT 1") == "123454101"
    assert scalar(billing, "SELECT diagnosis_code FROM practice.diagnosis LIMIT 1") == "F411"
    rule = "SELECT array_agg((condition_number, field, match_values)::text ORDER BY condition_number)::text[]"
    assert scalar(billing, rule + " FROM billing.exclusion_condition WHERE rule_id = 4102") == [
        '(1,weekday,"{6,7}")',
        "(2,location,{4101})",
    ]
    assert scalar(billing, "SELECT array_agg(DISTINCT changed_by) FROM billing.history") == ["practice data loader"]
    assert scalar(billing, "SELECT is_sample FROM billing.deployment") is False


def test_loading_the_same_directory_again_writes_nothing(database_url: str, tmp_path: Path) -> None:
    directory = write(tmp_path, two_practices())
    load_directory(database_url, directory)
    before = table_contents(database_url)
    report = load_directory(database_url, directory)
    assert report.written_count == 0
    assert {table.table: table.unchanged_count for table in report.tables}["appointment"] == 4
    assert table_contents(database_url) == before


def test_a_changed_row_is_written_alone(database_url: str, billing: Connection, tmp_path: Path) -> None:
    sample = two_practices()
    load_directory(database_url, write(tmp_path, sample))
    sample.rows["client"][0]["city"] = "Cheyenne"
    sample.rows["automation_setting"][0]["paused_until"] = "2026-12-01"
    sample.rows["hold"][0]["hold_until"] = "2026-12-01"
    sample.rows["exclusion_rule"].pop(2)  # the second condition of rule 4102
    report = load_directory(database_url, write(tmp_path, sample))
    changed = {table.table: table.changed_count for table in report.tables if table.changed_count}
    assert changed == {"client": 1, "automation_setting": 1, "hold": 1, "exclusion_rule": 1}
    assert sum(table.inserted_count for table in report.tables) == 0
    assert scalar(billing, "SELECT count(*) FROM billing.exclusion_condition WHERE rule_id = 4102") == 1
    assert scalar(billing, "SELECT version FROM billing.exclusion_rule WHERE rule_id = 4102") == 2
    assert scalar(billing, "SELECT version FROM billing.exclusion_rule WHERE rule_id = 4101") == 1
    assert scalar(billing, "SELECT sum(version) FROM billing.automation_setting") == 7


def test_files_may_come_one_by_one_when_what_they_reference_is_there(database_url: str, tmp_path: Path) -> None:
    sample = two_practices()
    write(tmp_path, sample, ["policy"])
    problems = refused(database_url, tmp_path)
    assert any("there is no client 41001" in problem for problem in problems)
    for number, name in enumerate(TABLES):
        report = load_directory(database_url, write(tmp_path / str(number), sample, [name]))
        assert [table.table for table in report.tables] == [name]
    assert load_directory(database_url, write(tmp_path, sample)).written_count == 0


def test_the_default_provider_can_pass_from_one_to_another(
    database_url: str, billing: Connection, tmp_path: Path
) -> None:
    sample = two_practices()
    sample.rows["billing_provider"].append(
        {**sample.rows["billing_provider"][0], "billing_provider_id": "4100", "is_default": "false"}
    )
    load_directory(database_url, write(tmp_path, sample))
    sample.rows["billing_provider"][0]["is_default"] = "false"
    sample.rows["billing_provider"][-1]["is_default"] = "true"
    load_directory(database_url, write(tmp_path, sample))
    default = "SELECT billing_provider_id FROM practice.billing_provider WHERE is_default AND organization_id = 41"
    assert scalar(billing, default) == 4100


def test_a_hold_that_a_person_lifted_stays_lifted(database_url: str, billing: Connection, tmp_path: Path) -> None:
    directory = write(tmp_path, two_practices())
    load_directory(database_url, directory)
    billing.execute("UPDATE billing.hold SET lifted_at = now(), lifted_by = 'someone'")
    billing.commit()
    assert load_directory(database_url, directory).written_count == 0


def test_a_rule_deleted_on_the_settings_page_stays_deleted(
    database_url: str, billing: Connection, tmp_path: Path
) -> None:
    directory = write(tmp_path, two_practices())
    load_directory(database_url, directory)
    billing.execute("UPDATE billing.exclusion_rule SET deleted_at = now() WHERE rule_id = 4102")
    billing.commit()
    assert load_directory(database_url, directory).written_count == 0


def test_rules_made_later_get_numbers_behind_the_loaded_ones(
    database_url: str, billing: Connection, tmp_path: Path
) -> None:
    load_directory(database_url, write(tmp_path, two_practices()))
    made = scalar(
        billing,
        "INSERT INTO billing.exclusion_rule (organization_id, automation, position, deleted_at)"
        " VALUES (41, 'invoice_creation', 9, now()) RETURNING rule_id",
    )
    assert made > 4202


def test_enabling_processing_without_rules_for_it_writes_the_default_rule_once(
    database_url: str, billing: Connection, tmp_path: Path
) -> None:
    sample = two_practices()
    sample.rows["exclusion_rule"] = [row for row in sample.rows["exclusion_rule"] if row["organization_id"] == "42"]
    directory = write(tmp_path, sample)
    load_directory(database_url, directory)
    found = billing.execute(
        "SELECT r.organization_id, c.field, c.match_values FROM billing.exclusion_rule r"
        " JOIN billing.exclusion_condition c USING (rule_id) WHERE r.automation = 'invoice_processing' ORDER BY 1"
    ).fetchall()
    assert found == [(41, "client_pays_by", ["self_pay"]), (42, "client_pays_by", ["self_pay"])]
    billing.execute("UPDATE billing.exclusion_rule SET deleted_at = now() WHERE organization_id = 41")
    billing.execute("UPDATE billing.automation_setting SET is_enabled = false WHERE organization_id = 41")
    billing.commit()
    load_directory(database_url, directory)
    assert scalar(billing, "SELECT count(*) FROM billing.exclusion_rule WHERE organization_id = 41") == 1


Break = Callable[[dict[str, list[Row]]], object]


def cell(table: str, row: int, column: str, value: str) -> Break:
    return lambda rows: rows[table][row].__setitem__(column, value)


def again(table: str, row: int, **values: str) -> Break:
    return lambda rows: rows[table].append({**rows[table][row], **values})


#: What is broken, and the one problem that says so.
CASES: list[tuple[Break, str]] = [
    (
        cell("organization", 0, "timezone", "Europe/Berlin"),
        "organization.csv, line 2, timezone: 'Europe/Berlin' is no time",
    ),
    (cell("organization", 0, "plan_code", "gold"), "organization.csv, line 2, plan_code: there is no plan gold"),
    (again("client", 0), "client.csv, line 6, client_id: repeats client_id of line 2"),
    (again("diagnosis", 1), "diagnosis.csv, line 6, client_id: repeats client_id and rank and starts_on of line 3"),
    (cell("policy", 0, "client_id", "999"), "policy.csv, line 2, client_id: there is no client 999"),
    (
        cell("policy", 0, "insurer_id", "4201"),
        "policy.csv, line 2, insurer_id: insurer 4201 belongs to another organization",
    ),
    (cell("appointment", 3, "staff_id", "4101"), "appointment.csv, line 5, staff_id: staff 4101 belongs to another"),
    (
        again("referring_provider", 0),
        "referring_provider.csv, line 4, referring_provider_id: repeats referring_provider_id of line 2",
    ),
    (
        cell("client", 0, "referring_provider_id", "4201"),
        "client.csv, line 2, referring_provider_id: referring provider 4201 belongs to another organization",
    ),
    (
        cell("client", 0, "referring_provider_id", "4109"),
        "client.csv, line 2, referring_provider_id: there is no referring provider 4109",
    ),
    (
        cell("referring_provider", 0, "entity_type", "clinic"),
        "referring_provider.csv, line 2, entity_type: 'clinic' is none of person, organization",
    ),
    (
        cell("referring_provider", 0, "npi", "123"),
        "referring_provider.csv, line 2, npi: '123' is not an NPI of ten",
    ),
    (
        cell("appointment", 0, "telehealth", "phone"),
        "appointment.csv, line 2, telehealth: 'phone' is none of video",
    ),
    (
        cell("appointment", 0, "accident_cause", "a fall in the shower"),
        "appointment.csv, line 2, accident_cause: is none of auto, employment, other",
    ),
    (cell("appointment", 0, "accident_on", "14.8.2026"), "appointment.csv, line 2, accident_on: is not a date like"),
    (
        cell("billing_provider", 0, "pay_to_postal_code", "8207"),
        "billing_provider.csv, line 2, pay_to_postal_code: is not five or nine digits",
    ),
    (cell("appointment", 0, "location_id", "7"), "appointment.csv, line 2, location_id: there is no location 7"),
    (cell("client", 0, "organization_id", "77"), "client.csv, line 2, organization_id: there is no organization 77"),
    (cell("staff", 1, "supervisor_id", "4201"), "staff.csv, line 3, supervisor_id: staff 4201 belongs to another"),
    (cell("staff", 1, "supervisor_id", ""), "staff.csv, line 3, supervisor_id: is required unless supervision is none"),
    (cell("staff", 1, "supervision", "none"), "staff.csv, line 3, supervision: is none although a supervisor is named"),
    (cell("staff", 1, "supervisor_id", "4102"), "staff.csv, line 3, supervisor_id: is the staff member itself"),
    (
        cell("staff", 0, "is_billed_under_supervisor", "true"),
        "staff.csv, line 2, is_billed_under_supervisor: is true although no supervisor is named",
    ),
    (cell("policy", 0, "ends_on", "2025-12-31"), "policy.csv, line 2, ends_on: lies before starts_on"),
    (cell("diagnosis", 0, "ends_on", "2025-12-31"), "diagnosis.csv, line 2, ends_on: lies before starts_on"),
    (
        cell("appointment", 0, "ends_at", "2026-11-02 09:00"),
        "appointment.csv, line 2, ends_at: is not after starts_at",
    ),
    (
        cell("appointment", 0, "starts_at", "2026-03-08 02:30"),
        "line 2, starts_at: '2026-03-08 02:30' does not exist in America/Denver",
    ),
    (
        cell("appointment", 0, "starts_at", "2026-11-01 01:30"),
        "line 2, starts_at: '2026-11-01 01:30' happens twice in America/Denver",
    ),
    (
        again("billing_provider", 0, billing_provider_id="4109"),
        "billing_provider.csv, line 4, is_default: repeats the default billing provider of line 2",
    ),
    (again("fee", 0, fee_id="9"), "fee.csv, line 10, service_type_id: repeats service type, insurer and day of line 2"),
    (cell("fee", 0, "rate_amount", "10.001"), "fee.csv, line 2, rate_amount: '10.001' has more than two decimals"),
    (cell("automation_setting", 0, "enabled_on", ""), "line 2, enabled_on: is required when is_enabled is true"),
    (
        cell("hold", 1, "item_id", "41002"),
        "hold.csv, line 3, item_id: appointment 41002 belongs to another organization",
    ),
    (cell("exclusion_rule", 1, "field", "colour"), "exclusion_rule.csv, line 3, match_values: unknown field"),
    (
        cell("exclusion_rule", 1, "field", "modifier"),
        "exclusion_rule.csv, line 3, match_values: Modifier is not offered in invoice_creation",
    ),
    (
        cell("exclusion_rule", 1, "match_values", "6|8"),
        "exclusion_rule.csv, line 3, match_values: Weekday: value 2 is none",
    ),
    (cell("exclusion_rule", 1, "match_values", ""), "exclusion_rule.csv, line 3, match_values: is required"),
    (
        cell("exclusion_rule", 2, "match_values", "4101|4201|77"),
        "exclusion_rule.csv, line 4, match_values: the organization has no location 4201, 77",
    ),
    (
        cell("exclusion_rule", 2, "position", "5"),
        "exclusion_rule.csv, line 4, position: differs from the rule's first line",
    ),
    (
        cell("exclusion_rule", 2, "organization_id", "42"),
        "exclusion_rule.csv, line 4, organization_id: differs from the rule's first line",
    ),
]


def test_each_broken_relation_is_one_problem_and_nothing_is_loaded(database_url: str, tmp_path: Path) -> None:
    before = table_contents(database_url)
    for number, (break_it, expected) in enumerate(CASES):
        sample = two_practices()
        break_it(sample.rows)
        problems = refused(database_url, write(tmp_path / str(number), sample))
        assert len(problems) == 1, (expected, problems)
        assert expected in problems[0]
    assert table_contents(database_url) == before


def test_all_problems_of_all_files_are_listed_in_order(database_url: str, tmp_path: Path) -> None:
    sample = two_practices()
    sample.rows["client"][2]["birth_on"] = "1.2.1990"
    sample.rows["client"][1]["sex"] = "X"
    sample.rows["appointment"][0]["starts_at"] = "tomorrow"
    directory = write(tmp_path, sample)
    (directory / "invoices.csv").write_text("a,b\n")
    (directory / "notes.txt").write_text("not for us")
    (directory / "fee.csv").write_text("fee_id\n1\n")
    problems = refused(database_url, directory)
    assert problems[:3] == [
        "appointment.csv, line 2, starts_at: 'tomorrow' is not a time like 2026-11-02 09:00 (local) or"
        " 2026-11-02 09:00-07:00",
        "client.csv, line 3, sex: is none of F, M, U",
        "client.csv, line 4, birth_on: is not a date like 2026-11-02",
    ]
    assert {problem.split(",")[0].split(":")[0] for problem in problems[3:]} == {"fee.csv", "invoices.csv"}


def test_an_unreadable_file_does_not_make_every_reference_to_it_a_problem(database_url: str, tmp_path: Path) -> None:
    directory = write(tmp_path, two_practices())
    (directory / "client.csv").write_bytes(b"")
    assert refused(database_url, directory) == [
        "client.csv: the file is empty: it needs at least the header",
    ]


def test_a_row_never_moves_to_another_organization(database_url: str, tmp_path: Path) -> None:
    sample = two_practices()
    load_directory(database_url, write(tmp_path, sample))
    sample.rows["insurer"][1]["organization_id"] = "42"
    problems = refused(database_url, write(tmp_path / "moved", sample, ["insurer"]))
    assert problems == ["insurer.csv, line 3, insurer_id: 4102 belongs to organization 41 in the database"]
    for row in sample.rows["exclusion_rule"]:
        row["organization_id"] = "41"
    problems = refused(database_url, write(tmp_path / "rules", sample, ["exclusion_rule"]))
    assert any("rule_id: 4201 belongs to organization 42 in the database" in problem for problem in problems)


def test_what_collides_with_rows_of_the_database_is_said(database_url: str, tmp_path: Path) -> None:
    sample = two_practices()
    load_directory(database_url, write(tmp_path, sample))
    sample.rows["fee"] = [{**sample.rows["fee"][0], "fee_id": "9"}]
    sample.rows["billing_provider"] = [{**sample.rows["billing_provider"][0], "billing_provider_id": "4109"}]
    assert refused(database_url, write(tmp_path / "more", sample, ["fee", "billing_provider"])) == [
        "billing_provider.csv, line 2, is_default: the organization has another default billing provider"
        " in the database",
        "fee.csv, line 2, starts_on: another fee in the database has this service type, insurer and day",
    ]


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        ("CHECK (last_name <> 'Secretman')", "client.csv: the database refuses it with SQLSTATE 23514 (of_this_test)"),
        # Looked at when the transaction ends.
        (
            "UNIQUE (last_name) DEFERRABLE INITIALLY DEFERRED",
            "the database refuses it with SQLSTATE 23505 (of_this_test)",
        ),
    ],
)
def test_what_only_the_database_refuses_is_said_without_its_text(
    database_url: str, billing: Connection, tmp_path: Path, constraint: str, expected: str
) -> None:
    billing.execute(f"ALTER TABLE practice.client ADD CONSTRAINT of_this_test {constraint}".encode())
    billing.commit()
    sample = two_practices()
    for row in sample.rows["client"]:
        row["last_name"] = "Secretman"
    before = table_contents(database_url)
    with pytest.raises(LoadRefused) as caught:
        load_directory(database_url, write(tmp_path, sample))
    assert expected in str(caught.value)
    assert "Secretman" not in str(caught.value)
    assert caught.value.__context__ is None
    assert table_contents(database_url) == before


def test_no_patient_data_is_in_a_problem_or_the_exception(database_url: str, tmp_path: Path) -> None:
    sample = two_practices()
    broken = set()
    for name, table in TABLES.items():
        for column in table.columns:
            if column.is_sensitive and sample.rows[name]:
                sample.rows[name][0][column.name] = "Secretman\x07"
                broken.add((table.file, column.name))
    with pytest.raises(LoadRefused) as caught:
        load_directory(database_url, write(tmp_path, sample))
    assert {(problem.file, problem.column) for problem in caught.value.problems} >= broken
    assert len(broken) > 30
    error: BaseException | None = caught.value
    while error is not None:
        assert "Secretman" not in f"{error!s}{error!r}{getattr(error, 'problems', '')}"
        error = error.__context__


def test_a_directory_that_is_none_or_holds_nothing_is_said(database_url: str, tmp_path: Path) -> None:
    assert "is not a directory" in refused(database_url, tmp_path / "absent")[0]
    assert "holds no CSV file" in refused(database_url, tmp_path)[0]


def test_the_sample_loads_and_marks_the_database_and_a_second_load_changes_nothing(
    database_url: str, billing: Connection
) -> None:
    report = load_directory(database_url, SAMPLE_DIRECTORY, is_sample=True)
    assert {table.table for table in report.tables if table.inserted_count} == set(TABLES)
    assert scalar(billing, "SELECT (is_sample, clock)::text FROM billing.deployment") == "(t,due_instant)"
    assert scalar(billing, "SELECT count(*) FILTER (WHERE is_sample) FROM practice.organization") == 12
    alias = "SELECT timezone FROM practice.organization WHERE organization_id = 5"
    assert scalar(billing, alias) == "America/Los_Angeles"
    before = table_contents(database_url)
    assert load_directory(database_url, SAMPLE_DIRECTORY, is_sample=True).written_count == 0
    assert table_contents(database_url) == before


def test_sample_and_real_practices_never_meet(database_url: str, tmp_path: Path) -> None:
    real = write(tmp_path / "real", two_practices())
    assert "load them with --sample" in refused(database_url, SAMPLE_DIRECTORY)[0]
    copy = shutil.copytree(SAMPLE_DIRECTORY, tmp_path / "copy")
    load_directory(database_url, real)
    for directory in (SAMPLE_DIRECTORY, copy):
        problems = refused(database_url, directory, is_sample=True)
        assert "the database holds 2 organizations that are not in the sample" in problems[0]


def test_a_sample_database_takes_no_real_practices(database_url: str, tmp_path: Path) -> None:
    write_sample(tmp_path)
    load_directory(database_url, tmp_path, is_sample=True)
    real = write(tmp_path / "real", two_practices())
    assert "the database holds the sample practices" in refused(database_url, real)[0]


def test_the_command_prints_a_table_or_the_problems(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BILLING_DATABASE_URL", database_url)
    sample = two_practices()
    assert main([str(write(tmp_path, sample))]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split() == ["table", "read", "inserted", "changed", "unchanged"]
    assert ["client", "4", "4", "0", "0"] in [line.split() for line in printed]
    sample.rows["client"][0]["sex"] = "X"
    assert main([str(write(tmp_path, sample))]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "client.csv, line 2, sex: is none of F, M, U",
        "1 problems: nothing was loaded",
    ]
    monkeypatch.setenv("BILLING_DATABASE_URL", "postgresql:///none?host=/nowhere")
    assert main([str(tmp_path)]) == 1
    assert "cannot be reached" in capsys.readouterr().err
