"""The files of reference tables: one per table, with the rule of every column.

None of them holds patient data, so every wrong value is shown.
"""

from __future__ import annotations

from collections.abc import Mapping

from include.claims_scrubber.references import (
    PSYCHOTHERAPY_ROLES,
    REFERENCE_KEYS,
    REFERENCE_TABLES,
    TELEHEALTH_KINDS,
)
from include.practice_data.tables import Column, Kind, Table

SCHEMA = "reference"

#: Tables whose source publishes a new state at fixed times: a release of theirs must say until when it is good.
PERIODIC_TABLES = frozenset({"diagnosis_code", "procedure_code", "mue", "ncci_pair"})


def _code(name: str, pattern: str, words: str) -> Column:
    return Column(name, Kind.CODE, True, pattern=pattern, pattern_words=words)


def _text(name: str) -> Column:
    return Column(name, Kind.TEXT, True)


def _choice(name: str, *choices: str) -> Column:
    return Column(name, Kind.CHOICE, True, choices=choices)


def _integer(name: str, lowest: int, highest: int) -> Column:
    return Column(name, Kind.INTEGER, True, lowest=lowest, highest=highest)


def _procedure(name: str, *, is_required: bool = True) -> Column:
    words = "a CPT or HCPCS code of five characters"
    return Column(name, Kind.CODE, is_required, pattern="[0-9A-Z][0-9]{3}[0-9A-Z]", pattern_words=words)


#: The rules by column. A column of one name means the same in every table.
_COLUMNS: Mapping[str, Column] = {
    "payer_code": _text("payer_code"),
    "limit_days": _integer("limit_days", 1, 3650),
    "license_type": _text("license_type"),
    "npi": Column("npi", Kind.NPI, True),
    "telehealth": _choice("telehealth", *TELEHEALTH_KINDS),
    "modifier": _code("modifier", "[0-9A-Z]{2}", "a modifier of two capital letters or digits"),
    "diagnosis_code": Column("diagnosis_code", Kind.DIAGNOSIS, True),
    "is_billable": Column("is_billable", Kind.BOOLEAN, True),
    "procedure_code": _procedure("procedure_code"),
    "place_of_service_code": _code("place_of_service_code", "[0-9]{2}", "a code of two digits"),
    "state_code": _code("state_code", "[A-Z]{2}", "a code of two capital letters"),
    "postal_prefix": _code("postal_prefix", "[0-9]{3}", "the first three digits of a ZIP code"),
    "claim_filing_code": _code("claim_filing_code", "[0-9A-Z]{2}", "a code of two capital letters or digits"),
    "taxonomy_code": _code("taxonomy_code", "[0-9A-Z]{9}X", "a taxonomy code of ten characters that ends in X"),
    "unit_limit": _integer("unit_limit", 0, 999_999),
    "adjudication_indicator": _choice("adjudication_indicator", "1", "2", "3"),
    "column_1_code": _procedure("column_1_code"),
    "column_2_code": _procedure("column_2_code"),
    "modifier_indicator": _choice("modifier_indicator", "0", "1", "9"),
    "role": _choice("role", *PSYCHOTHERAPY_ROLES),
    "minimum_minutes": _integer("minimum_minutes", 1, 1440),
    "starts_on": Column("starts_on", Kind.DATE),
    "ends_on": Column("ends_on", Kind.DATE),
}


def _column(table: str, name: str) -> Column:
    # The one column of a key that may be absent: no procedure code stands for all of them.
    if (table, name) == ("payer_authorization", "procedure_code"):
        return _procedure(name, is_required=False)
    return _COLUMNS[name]


#: The files by table.
FILES: Mapping[str, Table] = {
    name: Table(name, SCHEMA, REFERENCE_KEYS[name], tuple(_column(name, column) for column in columns))
    for name, columns in REFERENCE_TABLES.items()
}

_RELEASE_COLUMNS = (
    _choice("table_name", *FILES),
    _text("release_label"),
    _text("source"),
    Column("covers_from", Kind.DATE),
    Column("covers_to", Kind.DATE),
)
#: What a folder says about the releases of its files: one row per table.
RELEASES = Table("reference_release", SCHEMA, ("table_name",), _RELEASE_COLUMNS)
#: The same of the shipped files, with the checksum of their (unpacked) text.
SHIPPED_RELEASES = Table(
    "reference_release",
    SCHEMA,
    ("table_name",),
    (*_RELEASE_COLUMNS, _code("sha256", "[0-9a-f]{64}", "a checksum of 64 hex digits")),
)
