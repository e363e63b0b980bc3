"""The printed table of results."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from include.development import sample_nights


def test_numbers_stand_to_the_right_and_a_repeated_automation_is_written_once() -> None:
    rows = [
        ("invoice_creation", date(2026, 11, 2), "America/Denver", 12, Decimal("1450.00")),
        ("invoice_creation", date(2026, 11, 3), "America/Denver", 3, Decimal("0.00")),
        ("invoice_processing", date(2026, 11, 3), "America/Denver", 0, None),
    ]

    table = sample_nights.as_table(["automation", "night", "bucket", "candidates", "dollars"], rows)

    assert table.splitlines() == [
        "automation          night       bucket          candidates  dollars",
        "------------------  ----------  --------------  ----------  -------",
        "invoice_creation    2026-11-02  America/Denver          12  1450.00",
        "                    2026-11-03  America/Denver           3  0.00",
        "invoice_processing  2026-11-03  America/Denver           0",
    ]


def test_no_rows_are_said_to_be_none() -> None:
    assert sample_nights.as_table(["automation"], []) == "(no results)"
