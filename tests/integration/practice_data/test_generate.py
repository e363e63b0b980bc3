"""Generated practices of any size."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from include.claims_scrubber.npi import is_valid_npi
from include.practice_data.generate import GenerateRefused, generate, main
from include.practice_data.load import SAMPLE_DIRECTORY, load_directory
from include.practice_data.problems import LoadRefused

Connection = psycopg.Connection[Any]


def contents(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'practice'").fetchall()
    assert tables
    return {
        name: connection.execute(f"SELECT t::text FROM practice.{name} t ORDER BY 1").fetchall()  # type: ignore[arg-type] # noqa: S608
        for (name,) in tables
    }


def scalar(connection: Connection, statement: str) -> Any:
    row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return row[0]


def test_a_small_run_satisfies_every_constraint_and_has_the_size_asked_for(billing: Connection) -> None:
    generate(billing, 16, 10, timezone=None)
    assert scalar(billing, "SELECT count(*) FROM practice.organization") == 16
    assert scalar(billing, "SELECT count(DISTINCT timezone) FROM practice.organization") == 8
    local = (
        "SELECT array_agg(DISTINCT (a.starts_at AT TIME ZONE g.timezone)::date)::text[] FROM practice.appointment a"
        " JOIN practice.organization g USING (organization_id)"
    )
    assert scalar(billing, local) == ["2026-11-02"]
    per_organization = (
        "SELECT array_agg(DISTINCT n) FROM (SELECT count(*) n FROM practice.appointment GROUP BY organization_id) c"
    )
    assert scalar(billing, per_organization) == [10]
    assert all(is_valid_npi(npi) for npi in scalar(billing, "SELECT array_agg(npi) FROM practice.staff"))
    assert all(is_valid_npi(npi) for npi in scalar(billing, "SELECT array_agg(npi) FROM practice.billing_provider"))
    fields = (
        "SELECT count(*) FROM billing.exclusion_condition"
        " WHERE NOT (automation, field) IN (SELECT automation, field FROM billing.exclusion_field)"
    )
    assert scalar(billing, fields) == 0


def test_leaving_out_the_checks_makes_the_same_rows(billing: Connection, database_url: str) -> None:
    generate(billing, 5, 7, seed=3)
    checked = contents(billing)
    billing.execute("TRUNCATE practice.organization, practice.plan CASCADE")
    billing.commit()
    generate(billing, 5, 7, seed=3, skips_reference_checks=True)
    assert contents(billing) == checked
    assert scalar(billing, "SELECT current_setting('session_replication_role')") == "origin"


def test_another_seed_makes_other_rows_of_the_same_size(billing: Connection) -> None:
    generate(billing, 5, 7, seed=3)
    first = contents(billing)
    billing.execute("TRUNCATE practice.organization, practice.plan CASCADE")
    billing.commit()
    generate(billing, 5, 7, seed=4)
    second = contents(billing)
    assert second["fee"] != first["fee"]
    assert len(second["appointment"]) == len(first["appointment"])


def test_no_client_sees_one_clinician_twice_in_the_night(billing: Connection) -> None:
    generate(billing, 8, 25)
    twice = "SELECT count(*) FROM (SELECT FROM practice.appointment GROUP BY client_id, staff_id HAVING count(*) > 1) t"
    assert scalar(billing, twice) == 0
    assert scalar(billing, "SELECT count(*) FROM practice.client") == 8 * 13


@pytest.mark.parametrize("per_night", [1, 40, 41, 81, 200])
def test_nobody_has_two_sessions_at_once_and_each_day_ends_in_time(billing: Connection, per_night: int) -> None:
    generate(billing, 2, per_night)
    for whose in ("client_id", "staff_id"):
        at_once = (
            f"SELECT count(*) FROM practice.appointment a JOIN practice.appointment b ON b.{whose} = a.{whose}"  # noqa: S608
            " AND b.appointment_id > a.appointment_id AND b.starts_at < a.ends_at AND b.ends_at > a.starts_at"
        )
        assert scalar(billing, at_once) == 0
    last = "SELECT max((ends_at AT TIME ZONE 'America/Chicago')::timestamp)::text FROM practice.appointment"
    assert scalar(billing, last) <= "2026-11-02 20:00:00"


def test_sessions_at_a_distance_say_so_and_every_clinician_has_a_licence(billing: Connection) -> None:
    generate(billing, 8, 25)
    said = (
        "SELECT array_agg(DISTINCT (l.place_of_service_code, a.telehealth)::text) FROM practice.appointment a"
        " JOIN practice.location l USING (location_id)"
    )
    assert sorted(scalar(billing, said)) == ["(10,video)", "(11,)"]
    assert scalar(billing, "SELECT count(*) FROM practice.staff WHERE license_type IS NULL") == 0
    # Interactive complexity does not go with family psychotherapy.
    family = (
        "SELECT count(*) FROM practice.appointment_service s JOIN practice.appointment_service c USING (appointment_id)"
        " WHERE s.service_type_id % 8 = 5 AND c.line_number = 2"
    )
    assert scalar(billing, family) == 0


def test_one_client_in_ten_pays_by_himself_and_has_no_policy(billing: Connection) -> None:
    generate(billing, 40, 50)
    share = scalar(billing, "SELECT avg((pays_by = 'self_pay')::int)::float FROM practice.client_payment")
    assert 0.07 < share < 0.13
    strange = (
        "SELECT count(*) FROM practice.policy JOIN practice.client_payment USING (client_id) WHERE pays_by = 'self_pay'"
    )
    assert scalar(billing, strange) == 0
    rules = "SELECT count(*)::float / 40 FROM billing.exclusion_rule WHERE automation = 'invoice_creation'"
    assert 2.4 < scalar(billing, rules) < 3.0


def test_a_database_with_organizations_an_unknown_bucket_and_no_size_are_refused(billing: Connection) -> None:
    with pytest.raises(GenerateRefused, match="no bucket US/Pacific; known: America/New_York"):
        generate(billing, 1, 1, timezone="US/Pacific")
    with pytest.raises(GenerateRefused, match="sizes start at 1"):
        generate(billing, 0, 1)
    assert scalar(billing, "SELECT is_sample FROM billing.deployment") is False
    generate(billing, 1, 1)
    with pytest.raises(GenerateRefused, match="the database holds organizations"):
        generate(billing, 1, 1)


def test_the_sample_does_not_load_over_generated_practices(billing: Connection, database_url: str) -> None:
    generate(billing, 2, 1)
    with pytest.raises(LoadRefused, match="holds 2 organizations that are not in the sample"):
        load_directory(database_url, SAMPLE_DIRECTORY, is_sample=True)


def test_the_command_generates_and_says_why_it_does_not(
    database_url: str, billing: Connection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BILLING_DATABASE_URL", database_url)
    arguments = ["--organizations", "2", "--appointments-per-night", "3", "--night", "2027-03-01", "--spread"]
    assert main(arguments) == 0
    assert scalar(billing, "SELECT min(enabled_on)::text FROM billing.automation_setting") == "2027-02-22"
    assert main(arguments) == 1
    assert "generate into an empty one" in capsys.readouterr().err
