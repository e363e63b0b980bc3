"""What every edit must state about itself."""

from __future__ import annotations

import dataclasses
import re
from datetime import date
from pathlib import Path

import pytest

from include.claims_scrubber import catalogue, catalogue_version, edit_of, render
from include.claims_scrubber.catalogue import Edit, edit
from include.claims_scrubber.context import Hits, ScrubContext

_MIGRATIONS = Path(__file__).parents[3] / "include" / "migrations"
#: The rows of the published list; what goes beyond it is numbered from 65.
_PUBLISHED = set(range(1, 65))


def test_every_edit_states_what_a_biller_and_an_analyst_need() -> None:
    edits = catalogue()
    assert edits
    for one in edits:
        for text in (one.message, one.fix_location, one.loop_segment, one.source):
            assert len(text.strip()) >= len("2400 LX"), one.code
        assert one.message.endswith("."), one.code
        assert one.fix_columns, one.code
        assert one.check.__name__ != "<lambda>", one.code
        assert ("{line_number}" in one.message) == (one.grain == "line"), one.code


def test_the_catalogue_covers_the_published_list_and_goes_beyond_it() -> None:
    numbers = {one.number for one in catalogue()}
    assert _PUBLISHED - numbers == set()
    assert len(numbers - _PUBLISHED) >= 16


def _columns_of_the_schema() -> set[str]:
    """schema.table.column of every column that a migration creates or adds."""
    columns = set()
    for file in sorted(_MIGRATIONS.glob("*.sql")):
        text = file.read_text(encoding="utf-8")
        for table, body in re.findall(r"CREATE TABLE (\w+\.\w+) \((.*?)\n\);", text, re.DOTALL):
            columns |= {f"{table}.{name}" for name in re.findall(r"^    ([a-z_0-9]+) ", body, re.MULTILINE)}
        for table, body in re.findall(r"ALTER TABLE (\w+\.\w+)(.*?);", text, re.DOTALL):
            columns |= {f"{table}.{name}" for name in re.findall(r"ADD COLUMN ([a-z_0-9]+)", body)}
    return columns


def test_every_place_to_fix_is_a_column_of_the_schema() -> None:
    columns = _columns_of_the_schema()
    assert "practice.client.birth_on" in columns
    assert {
        f"{one.code} {column}" for one in catalogue() for column in one.fix_columns if column not in columns
    } == set()


def test_most_edits_that_hold_a_claim_say_what_a_receiver_would_answer() -> None:
    errors = [one for one in catalogue() if one.default_severity == "error"]
    assert sum(bool(one.rejection_codes) for one in errors) >= len(errors) / 2
    assert edit_of("NPI04").rejection_codes == ("A7:562:82",)
    for one in catalogue():
        assert len(set(one.rejection_codes)) == len(one.rejection_codes), one.code


def test_the_catalogue_is_in_order_of_code_and_each_check_is_entered_once() -> None:
    edits = catalogue()
    assert [one.code for one in edits] == sorted({one.code for one in edits})
    assert len({one.check for one in edits}) == len(edits)
    assert all(edit_of(one.code) is one for one in edits)


def test_a_message_names_the_line() -> None:
    assert render(edit_of("UNI01"), {"line_number": 3}) == "Line 3: the units are missing, zero or below."


def test_the_version_changes_with_an_edits_version_and_with_the_set_and_not_with_a_text() -> None:
    edits = catalogue()
    first, *others = edits
    again = dataclasses.replace(first, version=first.version + 1)
    reworded = dataclasses.replace(first, message="Other words for it.")
    versions = [
        catalogue_version(),
        catalogue_version((again, *others)),
        catalogue_version(tuple(others)),
    ]
    assert len(set(versions)) == 3
    assert catalogue_version((reworded, *others)) == catalogue_version()
    assert catalogue_version(tuple(reversed(edits))) == catalogue_version()
    assert len(catalogue_version()) == 12


def _nothing(context: ScrubContext) -> Hits:
    raise AssertionError("never run")


_SOUND = Edit(
    code="ZZZ01",
    number=1,
    grain="line",
    default_severity="error",
    message="Line {line_number}: something.",
    fix_location="Client › Profile",
    fix_columns=("practice.client.sex",),
    loop_segment="2300 CLM",
    source="a document",
    is_overridable=False,
    check=_nothing,
)


@pytest.mark.parametrize(
    "change",
    [
        {"code": "ZZ001"},
        {"code": "zzz01"},
        {"code": "ZZZ001"},
        {"message": " "},
        {"message": "{value} is wrong."},
        {"message": "{member_id} is wrong."},
        {"grain": "claim"},
        {"fix_location": ""},
        {"fix_columns": ()},
        {"fix_columns": ("client.sex",)},
        {"loop_segment": ""},
        {"source": ""},
        {"default_severity": "warning"},
        {"needs": "no_such_table"},
        {"version": 0},
        {"rejection_codes": ("A7",)},
        {"rejection_codes": ("A7:562:082",)},
        {"rejection_codes": ("A7:562", "562:82")},
        {"effective_from": date(2026, 1, 2), "effective_to": date(2026, 1, 1)},
    ],
    ids=str,
)
def test_an_edit_that_is_not_fully_stated_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="edit "):
        dataclasses.replace(_SOUND, **change)  # type: ignore[arg-type]


def test_an_edit_may_be_a_warning_if_it_can_be_overridden_and_hold_for_one_day() -> None:
    day = date(2026, 1, 1)
    dataclasses.replace(_SOUND, default_severity="warning", is_overridable=True, effective_from=day, effective_to=day)


def test_a_code_that_is_taken_is_refused_and_the_catalogue_stays() -> None:
    before = catalogue()
    enter = edit(
        "NPI02",
        number=10,
        grain="claim",
        message="Something.",
        fix_location="Client › Profile",
        fix_columns=("practice.client.sex",),
        loop_segment="2300 CLM",
        source="a document",
        is_overridable=False,
    )
    with pytest.raises(ValueError, match="NPI02 is taken"):
        enter(_nothing)
    assert catalogue() == before
