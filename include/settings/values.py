"""What a condition may name: the organization's own insurers, people, places and codes, with the names people know.

Labels of clients are names: they belong on the page and nowhere else (no URL, no log, no exception, no file).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

import psycopg

from exclusion_rules import Field, Kind, offered_field
from include.database import execute
from include.settings.errors import Refused

Connection = psycopg.Connection[Any]

#: Facts whose values are ids -> the kind of row they name.
TABLE_OF_FACT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "primary_insurer": "insurer",
        "secondary_insurer": "insurer",
        "appointment_staff": "staff",
        "rendering_provider": "staff",
        "billing_provider": "billing_provider",
        "service_type": "service_type",
        "location": "location",
        "client": "client",
    }
)
_CODES_IN_USE: Final = MappingProxyType(
    {
        "modifier": "settings/list_modifiers.sql",
        "place_of_service": "settings/list_places_of_service.sql",
    }
)
#: A search text longer than any name.
_TEXT_LENGTH: Final = 100


@dataclass(frozen=True, slots=True)
class Value:
    """One value as stored, and how a person reads it. ``exists``: False for an id that is gone or of somebody else."""

    value: str
    label: str
    exists: bool = True


def list_values(
    connection: Connection, organization_id: int, automation: str, field: str, text: str, limit: int = 50
) -> list[Value]:
    """Values to pick from whose name holds ``text`` or whose id begins with it, by name, at most ``limit``.

    Ids: what the organization has (no deleted insurers). Codes: those in use here, and ``text`` itself where it is a
    well-formed code. Choices: all that fit. Dates and ranges are typed: nothing. Raises `Refused` for a field the
    automation does not offer.
    """
    offered = _offered(automation, field)
    # No text of PostgreSQL may hold a zero byte.
    text = text.replace("\x00", "").strip()[:_TEXT_LENGTH]
    if offered.kind is Kind.ID:
        named = _read_named(connection, organization_id, TABLE_OF_FACT[offered.fact], None, text, limit)
        return list(named.values())
    if offered.kind is Kind.CODE:
        return _list_codes(connection, organization_id, offered, text, limit)
    fitting = [Value(code, label) for code, label in offered.choices.items() if text.lower() in label.lower()]
    return fitting[:limit]


def read_labels(
    connection: Connection, organization_id: int, conditions: Sequence[tuple[Field, Sequence[str]]]
) -> list[list[Value]]:
    """The values of each condition with their labels, in the order given; one query per kind of row they name."""
    asked: dict[str, set[int]] = {}
    for field, values in conditions:
        if field.kind is Kind.ID:
            asked.setdefault(TABLE_OF_FACT[field.fact], set()).update(int(value) for value in values if _is_id(value))
    known = {
        table: _read_named(connection, organization_id, table, sorted(ids), "", len(ids)) if ids else {}
        for table, ids in asked.items()
    }
    return [[_label(field, value, known) for value in values] for field, values in conditions]


def describe_day(day: date) -> str:
    """Nov 2, 2026."""
    return f"{day:%b} {day.day}, {day.year}"


def _offered(automation: str, field: str) -> Field:
    try:
        offered = offered_field(automation, field)
    except ValueError:
        offered = None
    if offered is None:
        raise Refused("this automation does not offer that field")
    return offered


def _read_named(
    connection: Connection, organization_id: int, table: str, ids: Sequence[int] | None, text: str, limit: int
) -> dict[str, Value]:
    rows = execute(
        connection,
        "settings/list_named_values.sql",
        {"organization_id": organization_id, "table": table, "ids": ids, "text": text, "row_limit": limit},
    )
    return {value: Value(value, label, is_live) for value, label, is_live in rows.fetchall()}


def _list_codes(connection: Connection, organization_id: int, field: Field, text: str, limit: int) -> list[Value]:
    rows = execute(
        connection,
        _CODES_IN_USE[field.fact],
        {"organization_id": organization_id, "text": text, "row_limit": limit},
    )
    found = [Value(code, code) for (code,) in rows.fetchall()]
    typed = text.upper()
    if re.fullmatch(field.pattern, typed) and all(typed != each.value for each in found):
        found.append(Value(typed, f"{typed} (not in use here)"))
    return found[:limit]


def _is_id(value: str) -> bool:
    # A stored value may be anything: a file may have brought it.
    return re.fullmatch("[1-9][0-9]{0,17}", value) is not None


def _label(field: Field, value: str, known: Mapping[str, Mapping[str, Value]]) -> Value:
    if field.kind is Kind.ID:
        found = known.get(TABLE_OF_FACT[field.fact], {}).get(value)
        return found or Value(value, f"number {value}", exists=False)
    if field.kind is Kind.DATE_RANGE:
        return Value(value, _describe_range(value))
    if field.kind is Kind.DATE:
        return Value(value, _describe_end(value))
    return Value(value, field.choices.get(value, value))


def _describe_range(value: str) -> str:
    start, _, end = value.partition("/")
    if start == "..":
        return f"until {_describe_end(end)}"
    if end == "..":
        return f"from {_describe_end(start)}"
    return f"{_describe_end(start)} to {_describe_end(end)}"


def _describe_end(text: str) -> str:
    try:
        return describe_day(date.fromisoformat(text))
    except ValueError:
        return text


def missing_ids(labelled: Iterable[tuple[Field, Sequence[Value]]]) -> list[str]:
    """For each condition with ids that are not (or no longer) of the organization: the field and the ids, in words."""
    return [
        f"{field.label}: {', '.join(gone)} does not exist (any more) here"
        for field, values in labelled
        if (gone := [each.value for each in values if not each.exists])
    ]
