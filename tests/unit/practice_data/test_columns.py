"""The check of single columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from include.practice_data.columns import check_columns, localize
from include.practice_data.csv_files import Sheet
from include.practice_data.tables import TABLES, Column, Kind, Table

ZONES = {"America/Denver": "America/Denver", "America/Phoenix": "America/Phoenix", "US/Pacific": "America/Los_Angeles"}


def column(table: str, name: str) -> Column:
    return next(each for each in TABLES[table].columns if each.name == name)


def check(rule: Column, *values: str) -> tuple[list[str], list[str]]:
    """The cells as they come out, and the problems of a sheet with only this column."""
    table = Table("some", "practice", (rule.name,), (rule,))
    frame = pd.DataFrame({rule.name: pd.Series(values, dtype="str")})
    sheet = Sheet(table, frame, np.arange(2, len(values) + 2))
    check_columns(sheet, ZONES)
    assert all(problem.column == rule.name for problem in sheet.problems)
    return sheet.frame[rule.name].tolist(), [f"{problem.line}: {problem.reason}" for problem in sheet.problems]


ID = column("client", "client_id")
UNITS = column("appointment_service", "unit_count")
RANK = column("diagnosis", "rank")
RATE = column("fee", "rate_amount")
DAY = column("fee", "starts_on")
START = column("appointment", "starts_at")
NPI = column("staff", "npi")
TAX_ID = column("billing_provider", "tax_id")
POSTAL = column("client", "postal_code")
CODE = column("diagnosis", "diagnosis_code")
ZONE = column("organization", "timezone")
PLACE = column("location", "place_of_service_code")
MODIFIER = column("service_type", "modifier_1")
STATUS = column("appointment", "appointment_status")
BILLABLE = column("appointment", "is_billable")
NAME = column("client", "last_name")
BIRTH = column("client", "birth_on")


@pytest.mark.parametrize(
    ("rule", "value", "stored"),
    [
        (ID, "1", "1"),
        (ID, "9223372036854775807", "9223372036854775807"),
        (UNITS, "0", "0"),
        (RANK, "1", "1"),
        (RANK, "12", "12"),
        (RATE, "", ""),
        (RATE, "0", "0"),
        (RATE, "125.5", "125.5"),
        (RATE, "9999999999.99", "9999999999.99"),
        (DAY, "2028-02-29", "2028-02-29"),
        (START, "2026-11-02 09:00", "2026-11-02 09:00"),
        (START, "2026-11-02T23:59:59Z", "2026-11-02T23:59:59Z"),
        (START, "2026-11-02 09:00-07:00", "2026-11-02 09:00-07:00"),
        (NPI, "", ""),
        (NPI, "2000000000", "2000000000"),  # the check digit is the scrubber's matter
        (TAX_ID, "00-1234567", "001234567"),
        (TAX_ID, "1234", "1234"),  # so is the number of digits
        (POSTAL, "53703", "53703"),
        (POSTAL, "53703-0001", "537030001"),
        (CODE, "f41.1", "F411"),
        (CODE, "F4320", "F4320"),
        (CODE, "S72.001A", "S72001A"),
        (ZONE, "America/Phoenix", "America/Phoenix"),
        (ZONE, "US/Pacific", "America/Los_Angeles"),
        (PLACE, "02", "02"),
        (PLACE, "", ""),
        (MODIFIER, "95", "95"),
        (STATUS, "kept", "kept"),
        (BILLABLE, "false", "false"),
        (NAME, "Peñaflor", "Peñaflor"),
        (BIRTH, "2099-01-01", "2099-01-01"),  # a birth date in the future is an edit of the scrubber
    ],
)
def test_a_good_value_passes_in_the_form_in_which_it_is_stored(rule: Column, value: str, stored: str) -> None:
    assert check(rule, value) == ([stored], [])


@pytest.mark.parametrize(
    ("rule", "value", "reason"),
    [
        (ID, "", "is required"),
        (ID, "0", "'0' is not a whole number from 1"),
        (ID, "-4", "'-4' is not a whole number from 1"),
        (ID, "1.0", "'1.0' is not a whole number from 1"),
        (ID, "9223372036854775808", "is not a whole number from 1 to 9223372036854775807"),
        (UNITS, "-1", "'-1' is not a whole number from 0"),
        (UNITS, "1.5", "'1.5' is not a whole number from 0"),
        (UNITS, "2147483648", "to 2147483647"),
        (RANK, "0", "'0' is not a whole number from 1 to 12"),
        (RANK, "13", "'13' is not a whole number from 1 to 12"),
        (RATE, "-1.00", "'-1.00' is negative"),
        (RATE, "1.005", "'1.005' has more than two decimals"),
        (RATE, "1,50", "'1,50' is not an amount in dollars"),
        (RATE, "$5", "'$5' is not an amount in dollars"),
        (RATE, "1e3", "'1e3' is not an amount in dollars"),
        (RATE, "NaN", "'NaN' is not an amount in dollars"),
        (RATE, "10000000000", "is not an amount in dollars"),
        (DAY, "11/02/2026", "'11/02/2026' is not a date like 2026-11-02"),
        (DAY, "2026-02-29", "'2026-02-29' is not a date like 2026-11-02"),
        (DAY, "2026-1-2", "'2026-1-2' is not a date like 2026-11-02"),
        (DAY, "20260102", "'20260102' is not a date like 2026-11-02"),
        (START, "2026-11-02", "is not a time like 2026-11-02 09:00"),
        (START, "2026-11-02 24:00", "is not a time like"),
        (START, "2026-11-02 9:00", "is not a time like"),
        (START, "2026-11-31 09:00", "is not a time like"),
        (START, "2026-11-02 09:00+25:00", "is not a time like"),
        (START, "2026-11-02 09:00 AM", "is not a time like"),
        (NPI, "123456789", "'123456789' is not an NPI of ten digits"),
        (NPI, "12345678901", "is not an NPI of ten digits"),
        (NPI, "１234567890", "is not an NPI of ten digits"),
        (TAX_ID, "12-A", "is not digits, with or without hyphens"),
        (TAX_ID, "--", "is not digits, with or without hyphens"),
        (POSTAL, "5370", "is not five or nine digits"),
        (POSTAL, "53703-1", "is not five or nine digits"),
        (CODE, "411", "is not an ICD-10-CM code like F41.1"),
        (CODE, "F4.11", "is not an ICD-10-CM code like F41.1"),
        (CODE, "F41.12345", "is not an ICD-10-CM code like F41.1"),
        (
            ZONE,
            "Europe/Berlin",
            "'Europe/Berlin' is no time zone with a nightly run; known: America/Denver, America/Phoenix",
        ),
        (ZONE, "America/denver", "is no time zone with a nightly run"),
        (PLACE, "2", "'2' is not two digits"),
        (MODIFIER, "9", "'9' is not two capital letters or digits"),
        (MODIFIER, "ho", "'ho' is not two capital letters or digits"),
        (STATUS, "Kept", "'Kept' is none of scheduled, kept, cancelled, late_cancelled, no_show"),
        (BILLABLE, "yes", "'yes' is neither true nor false"),
        (NAME, "A\x07", "holds a line break or control character"),
    ],
)
def test_a_bad_value_is_one_problem_that_says_what_is_expected(rule: Column, value: str, reason: str) -> None:
    stored, problems = check(rule, value)
    assert stored == [""]
    assert len(problems) == 1
    assert reason in problems[0]


def test_only_the_bad_rows_of_a_column_are_named() -> None:
    stored, problems = check(DAY, "2026-01-01", "never", "2026-01-03", "")
    assert stored == ["2026-01-01", "", "2026-01-03", ""]
    assert [problem[:2] for problem in problems] == ["5:", "3:"]


@pytest.mark.parametrize("rule", [each for table in TABLES.values() for each in table.columns if each.is_sensitive])
def test_the_value_of_a_sensitive_column_is_never_repeated(rule: Column) -> None:
    _, problems = check(rule, "Secretman\x07")
    assert problems
    assert "Secretman" not in " ".join(problems)


def test_what_counts_as_patient_data_is_marked_sensitive() -> None:
    sensitive = {
        f"{table.name}.{each.name}" for table in TABLES.values() for each in table.columns if each.is_sensitive
    }
    for name in ("last_name", "first_name", "middle_name", "birth_on", "sex", "address_1", "city", "postal_code"):
        assert {f"client.{name}", f"policy.subscriber_{name}"} <= sensitive
    assert {"policy.member_id", "policy.group_number", "diagnosis.diagnosis_code", "hold.reason"} <= sensitive
    assert "fee.rate_amount" not in sensitive


def test_a_long_value_is_cut_where_it_is_shown() -> None:
    _, problems = check(STATUS, "x" * 500)
    assert len(problems[0]) < 150


def local(value: str, zone: str) -> tuple[str, bool, bool]:
    text, nonexistent, ambiguous = localize(pd.Series([value], dtype="str"), pd.Series([zone], dtype="str"))
    return text[0], bool(nonexistent[0]), bool(ambiguous[0])


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        ("2026-11-02 09:00", "America/Denver", ("2026-11-02T16:00:00+00:00", False, False)),
        ("2026-07-02 09:00", "America/Denver", ("2026-07-02T15:00:00+00:00", False, False)),
        ("2026-07-02T09:00:30", "America/Phoenix", ("2026-07-02T16:00:30+00:00", False, False)),
        ("2026-11-02 09:00-05:00", "America/Denver", ("2026-11-02T14:00:00+00:00", False, False)),
        ("2026-11-02T09:00:00Z", "", ("2026-11-02T09:00:00+00:00", False, False)),
        ("", "America/Denver", ("", False, False)),
        ("2026-11-02 09:00", "", ("", False, False)),
        # The clocks go forward on 2026-03-08 at 02:00 and back on 2026-11-01 at 02:00, except in Arizona.
        ("2026-03-08 01:59", "America/Denver", ("2026-03-08T08:59:00+00:00", False, False)),
        ("2026-03-08 02:00", "America/Denver", ("", True, False)),
        ("2026-03-08 02:59", "America/Denver", ("", True, False)),
        ("2026-03-08 03:00", "America/Denver", ("2026-03-08T09:00:00+00:00", False, False)),
        ("2026-03-08 02:30", "America/Phoenix", ("2026-03-08T09:30:00+00:00", False, False)),
        ("2026-11-01 00:59", "America/Denver", ("2026-11-01T06:59:00+00:00", False, False)),
        ("2026-11-01 02:00", "America/Denver", ("2026-11-01T09:00:00+00:00", False, False)),
        ("2026-11-01 01:30-06:00", "America/Denver", ("2026-11-01T07:30:00+00:00", False, False)),
    ],
)
def test_local_times_become_instants_of_the_organizations_zone(
    value: str, zone: str, expected: tuple[str, bool, bool]
) -> None:
    assert local(value, zone) == expected


@pytest.mark.parametrize("value", ["2026-11-01 01:00", "2026-11-01 01:59"])
def test_a_local_time_that_happens_twice_is_said_to(value: str) -> None:
    assert local(value, "America/Denver")[1:] == (False, True)


def test_rows_of_several_zones_do_not_mix() -> None:
    zones = pd.Series(["America/Denver", "America/Phoenix", "America/Denver"], dtype="str")
    text, nonexistent, _ = localize(pd.Series(["2026-03-08 02:30"] * 3, dtype="str"), zones)
    assert nonexistent.tolist() == [True, False, True]
    assert text.tolist() == ["", "2026-03-08T09:30:00+00:00", ""]


def test_every_kind_of_column_is_checked_somewhere() -> None:
    kinds = {each.kind for table in TABLES.values() for each in table.columns}
    assert kinds == set(Kind)
