"""The check of every single column: shape, type, allowed values.

Works on whole columns; only bad cells are looped over. Checked cells come out in the form in which they are stored:
hyphens and dots gone, aliases of zones mapped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from include.practice_data.csv_files import Mask, Sheet
from include.practice_data.tables import Column, Kind

_HIGHEST_ID = "9223372036854775807"
_CONTROL_CHARACTER = r"[\x00-\x1f\x7f-\x9f]"
_INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
#: An explicit offset at the end of an instant.
OFFSET = r"(?:Z|[+-][0-9]{2}:[0-9]{2})$"


def check_columns(sheet: Sheet, timezones: Mapping[str, str]) -> None:
    """Check and normalise every column of `sheet` in place. `timezones`: accepted zone or alias -> bucket."""
    for column in sheet.table.columns:
        values = sheet.frame[column.name]
        if column.is_required:
            sheet.refuse((values == "").to_numpy(dtype=bool), column.name, "is required")
        sheet.refuse_cells(_contains(values, _CONTROL_CHARACTER), column, "holds a line break or control character")
        if column.kind is Kind.TIMEZONE:
            _check_timezone(sheet, column, timezones)
        elif column.kind in _CHECKS:
            _CHECKS[column.kind](sheet, column)


def matches(values: pd.Series, pattern: str) -> Mask:
    """True where the whole text fits `pattern`."""
    return values.str.fullmatch(pattern).to_numpy(dtype=bool)


def _contains(values: pd.Series, pattern: str) -> Mask:
    return values.str.contains(pattern, regex=True).to_numpy(dtype=bool)


def _present(values: pd.Series) -> Mask:
    return (values != "").to_numpy(dtype=bool)


def _refuse_unless(sheet: Sheet, column: Column, pattern: str, reason: str) -> None:
    values = sheet.frame[column.name]
    sheet.refuse_cells(_present(values) & ~matches(values, pattern), column, reason)


def _check_id(sheet: Sheet, column: Column) -> None:
    reason = f"is not a whole number from 1 to {_HIGHEST_ID}"
    _refuse_unless(sheet, column, "[1-9][0-9]{0,18}", reason)
    values = sheet.frame[column.name]
    # Texts of equal length compare like the numbers they spell.
    too_high = (values.str.len() == len(_HIGHEST_ID)) & (values > _HIGHEST_ID)
    sheet.refuse_cells(too_high.to_numpy(dtype=bool), column, reason)


def _check_integer(sheet: Sheet, column: Column) -> None:
    reason = f"is not a whole number from {column.lowest} to {column.highest}"
    _refuse_unless(sheet, column, "0|-?[1-9][0-9]{0,9}", reason)
    values = sheet.frame[column.name]
    numbers = values.where(values != "", str(column.lowest)).astype("int64")
    outside = (numbers < column.lowest) | (numbers > column.highest)
    sheet.refuse_cells(outside.to_numpy(dtype=bool), column, reason)


def _check_code(sheet: Sheet, column: Column) -> None:
    _refuse_unless(sheet, column, column.pattern, f"is not {column.pattern_words}")


def _check_choice(sheet: Sheet, column: Column) -> None:
    values = sheet.frame[column.name]
    known = values.isin(column.choices).to_numpy(dtype=bool)
    sheet.refuse_cells(_present(values) & ~known, column, f"is none of {', '.join(column.choices)}")


def _check_boolean(sheet: Sheet, column: Column) -> None:
    _refuse_unless(sheet, column, "true|false", "is neither true nor false")


def is_day(values: pd.Series) -> Mask:
    """True where the text is a day of the calendar written as 2026-11-02."""
    shaped = matches(values, "[0-9]{4}-[0-9]{2}-[0-9]{2}")
    parsed = pd.to_datetime(values.where(shaped), format="%Y-%m-%d", errors="coerce")
    return parsed.notna().to_numpy(dtype=bool)


def _check_date(sheet: Sheet, column: Column) -> None:
    values = sheet.frame[column.name]
    sheet.refuse_cells(_present(values) & ~is_day(values), column, "is not a date like 2026-11-02")


def _check_instant(sheet: Sheet, column: Column) -> None:
    values = sheet.frame[column.name]
    clock = values.str.slice(11).str.replace(OFFSET, "", regex=True)
    is_instant = (
        matches(values, _INSTANT)
        & is_day(values.str.slice(0, 10))
        & matches(clock, "(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?")
        & ~_contains(values, r"[+-](?:1[5-9]|[2-9][0-9]):|[+-][0-9]{2}:[6-9][0-9]$")
    )
    reason = "is not a time like 2026-11-02 09:00 (local) or 2026-11-02 09:00-07:00"
    sheet.refuse_cells(_present(values) & ~is_instant, column, reason)


def _check_money(sheet: Sheet, column: Column) -> None:
    values = sheet.frame[column.name]
    negative = matches(values, r"-[0-9]+(?:\.[0-9]*)?")
    sheet.refuse_cells(negative, column, "is negative")
    finer = matches(sheet.frame[column.name], r"[0-9]+\.[0-9]{3,}")
    sheet.refuse_cells(finer, column, "has more than two decimals")
    _refuse_unless(sheet, column, r"[0-9]{1,10}(?:\.[0-9]{1,2})?", "is not an amount in dollars like 125.50")


def _check_npi(sheet: Sheet, column: Column) -> None:
    _refuse_unless(sheet, column, "[0-9]{10}", "is not an NPI of ten digits")


def _check_digits(sheet: Sheet, column: Column) -> None:
    values = sheet.frame[column.name]
    sheet.frame[column.name] = values.str.replace("-", "", regex=False)
    vanished = _present(values) & ~_present(sheet.frame[column.name])
    sheet.refuse_cells(vanished, column, f"is not {column.pattern_words}")
    _refuse_unless(sheet, column, column.pattern, f"is not {column.pattern_words}")


def _check_diagnosis(sheet: Sheet, column: Column) -> None:
    # Source: CDC/NCHS, ICD-10-CM Official Guidelines, section I.A: three to seven characters, a dot after the third.
    # The second is a digit in all chapters but one: QA0 is in the release of April 2026.
    reason = "is not an ICD-10-CM code like F41.1"
    _refuse_unless(sheet, column, r"(?i:[A-Z][0-9A][0-9A-Z](?:\.?[0-9A-Z]{1,4})?)", reason)
    sheet.frame[column.name] = sheet.frame[column.name].str.replace(".", "", regex=False).str.upper()


def _check_timezone(sheet: Sheet, column: Column, timezones: Mapping[str, str]) -> None:
    values = sheet.frame[column.name]
    known = values.isin(list(timezones)).to_numpy(dtype=bool)
    buckets = ", ".join(dict.fromkeys(timezones.values()))
    reason = f"is no time zone with a nightly run; known: {buckets}, and their other IANA names such as US/Pacific"
    sheet.refuse_cells(_present(values) & ~known, column, reason)
    values = sheet.frame[column.name]
    sheet.frame[column.name] = values.map(timezones).where(values != "", "")


def localize(values: pd.Series, zones: pd.Series) -> tuple[pd.Series, Mask, Mask]:
    """Instants in UTC as ISO text, and which local times do not exist, and which happen twice.

    `values`: checked instants, "" for absent. `zones`: the bucket of each row, "" where unknown (the result is ""
    then, without a reason: the organization has a problem of its own).
    """
    result = pd.Series(pd.NaT, index=values.index, dtype="datetime64[s, UTC]")
    nonexistent = np.zeros(len(values), dtype=np.bool_)
    ambiguous = np.zeros(len(values), dtype=np.bool_)
    has_offset = _contains(values, OFFSET)
    if has_offset.any():
        result[has_offset] = pd.to_datetime(values[has_offset], format="ISO8601", utc=True).astype(result.dtype)
    is_local = _present(values) & ~has_offset
    for zone in zones[is_local & _present(zones)].unique():
        at = is_local & (zones == zone).to_numpy(dtype=bool)
        local = pd.to_datetime(values[at], format="ISO8601").astype("datetime64[s]").dt
        first = np.ones(int(at.sum()), dtype=np.bool_)
        existing = local.tz_localize(zone, ambiguous=first, nonexistent="NaT")
        single = local.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward")
        nonexistent[at] = existing.isna().to_numpy()
        ambiguous[at] = single.isna().to_numpy()
        result[at] = existing.dt.tz_convert("UTC").astype(result.dtype)
    text = result.dt.strftime("%Y-%m-%dT%H:%M:%S+00:00").fillna("").astype("str")
    return text, nonexistent, ambiguous


_CHECKS: Mapping[Kind, Callable[[Sheet, Column], None]] = {
    Kind.ID: _check_id,
    Kind.INTEGER: _check_integer,
    Kind.CODE: _check_code,
    Kind.CHOICE: _check_choice,
    Kind.BOOLEAN: _check_boolean,
    Kind.DATE: _check_date,
    Kind.INSTANT: _check_instant,
    Kind.MONEY: _check_money,
    Kind.NPI: _check_npi,
    Kind.DIGITS: _check_digits,
    Kind.DIAGNOSIS: _check_diagnosis,
}
