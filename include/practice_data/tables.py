"""The files a directory may hold: one per table, in the order in which they are loaded, with the rule of every column.

A file states whole rows, so it has all the columns listed here; an empty cell is an absent value. What the scrubber
has an edit for stays loadable, because the practice corrects it there: missing client and provider data, NPI check
digits, the number of digits of a tax id, five-digit ZIP codes, state codes, taxonomy codes, payer codes, procedure
codes, place of service codes that do not exist, birth dates in the future, zero units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

AUTOMATIONS = ("invoice_creation", "invoice_processing", "claims_submission", "era_processing")


class Kind(Enum):
    """How the cells of a column are checked and written."""

    ID = "id"  # whole number from 1 to 2^63-1
    INTEGER = "integer"  # whole number between the column's lowest and highest
    TEXT = "text"
    CODE = "code"  # text of a fixed shape, the column's pattern
    CHOICE = "choice"
    BOOLEAN = "boolean"  # true | false
    DATE = "date"  # 2026-11-02
    INSTANT = "instant"  # 2026-11-02 09:00 in the organization's zone, or with an explicit offset
    MONEY = "money"  # dollars, at most two decimals, not negative
    TIMEZONE = "timezone"  # a bucket or one of its aliases
    NPI = "npi"  # ten digits; the check digit is the scrubber's matter
    DIGITS = "digits"  # hyphens are taken out, then digits of the column's pattern
    DIAGNOSIS = "diagnosis"  # ICD-10-CM, the dot is taken out
    VALUES = "values"  # several texts with | between them


@dataclass(frozen=True, slots=True)
class Column:
    """The rule of one column. `references` names the file whose rows its values must be among.

    `is_sensitive`: its values never appear in a problem: patient data, names, free text, tax ids.
    """

    name: str
    kind: Kind
    is_required: bool = False
    references: str = ""
    choices: tuple[str, ...] = ()
    pattern: str = ""
    pattern_words: str = ""
    lowest: int = 0
    highest: int = 2_147_483_647
    is_sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One file and the table behind it. `key`: the columns no two rows share, unless `is_key_repeated`.

    `is_read_as_is`: copied as text and written by a statement of its own, not by the general one.
    """

    name: str
    schema: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    is_read_as_is: bool = False
    is_key_repeated: bool = False

    @property
    def file(self) -> str:
        return f"{self.name}.csv"

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def has_organization(self) -> bool:
        return any(column.name == "organization_id" for column in self.columns)


def _id(name: str, references: str = "", *, is_required: bool = True) -> Column:
    return Column(name, Kind.ID, is_required, references)


def _organization() -> Column:
    return _id("organization_id", "organization")


def _text(name: str, *, is_required: bool = False) -> Column:
    return Column(name, Kind.TEXT, is_required, is_sensitive=True)


def _choice(name: str, *choices: str, is_required: bool = True, is_sensitive: bool = False) -> Column:
    return Column(name, Kind.CHOICE, is_required, choices=choices, is_sensitive=is_sensitive)


def _flag(name: str) -> Column:
    return Column(name, Kind.BOOLEAN, True)


def _day(name: str, *, is_required: bool = False, is_sensitive: bool = False) -> Column:
    return Column(name, Kind.DATE, is_required, is_sensitive=is_sensitive)


def _code(name: str, pattern: str, words: str, *, is_required: bool = False) -> Column:
    return Column(name, Kind.CODE, is_required, pattern=pattern, pattern_words=words)


def _address(prefix: str = "") -> tuple[Column, ...]:
    return (
        _text(f"{prefix}address_1"),
        _text(f"{prefix}address_2"),
        _text(f"{prefix}city"),
        _text(f"{prefix}state_code"),
        Column(
            f"{prefix}postal_code",
            Kind.DIGITS,
            pattern="[0-9]{5}(?:[0-9]{4})?",
            pattern_words="five or nine digits, with or without a hyphen",
            is_sensitive=True,
        ),
    )


def _person(prefix: str = "") -> tuple[Column, ...]:
    return (
        _text(f"{prefix}last_name"),
        _text(f"{prefix}first_name"),
        _text(f"{prefix}middle_name"),
        _day(f"{prefix}birth_on", is_sensitive=True),
        _choice(f"{prefix}sex", "F", "M", "U", is_required=False, is_sensitive=True),
        *_address(prefix),
    )


_PLAN_CODE = _code("plan_code", "[a-z][a-z0-9_]*", "lower-case letters, digits and _", is_required=True)
_PLACE_OF_SERVICE = _code("place_of_service_code", "[0-9]{2}", "two digits")
_MODIFIERS = tuple(
    _code(f"modifier_{number}", "[0-9A-Z]{2}", "two capital letters or digits") for number in (1, 2, 3, 4)
)
_TAXONOMY = Column("taxonomy_code", Kind.TEXT)
_NPI = Column("npi", Kind.NPI)
_LINE_NUMBER = Column("line_number", Kind.INTEGER, True, lowest=1, highest=500)
_TAX_ID = Column(
    "tax_id",
    Kind.DIGITS,
    pattern="[0-9]{1,20}",
    pattern_words="digits, with or without hyphens",
    is_sensitive=True,
)

_TABLES = (
    Table("plan", "practice", ("plan_code",), (_PLAN_CODE, Column("label", Kind.TEXT, True))),
    Table(
        "plan_automation",
        "practice",
        ("plan_code", "automation"),
        (
            Column(
                "plan_code", Kind.CODE, True, "plan", pattern=_PLAN_CODE.pattern, pattern_words=_PLAN_CODE.pattern_words
            ),
            _choice("automation", *AUTOMATIONS),
        ),
    ),
    Table(
        "organization",
        "practice",
        ("organization_id",),
        (
            _id("organization_id"),
            _text("name", is_required=True),
            Column("timezone", Kind.TIMEZONE, True),
            Column(
                "plan_code", Kind.CODE, True, "plan", pattern=_PLAN_CODE.pattern, pattern_words=_PLAN_CODE.pattern_words
            ),
        ),
    ),
    Table(
        "billing_provider",
        "practice",
        ("billing_provider_id",),
        (
            _id("billing_provider_id"),
            _organization(),
            _flag("is_default"),
            _choice("entity_type", "person", "organization"),
            _text("name", is_required=True),
            _text("first_name"),
            _NPI,
            _TAX_ID,
            _choice("tax_id_type", "employer", "social_security", is_required=False),
            _TAXONOMY,
            *_address(),
            _text("phone"),
            *_address("pay_to_"),
        ),
    ),
    Table(
        "location",
        "practice",
        ("location_id",),
        (
            _id("location_id"),
            _organization(),
            _text("name", is_required=True),
            _PLACE_OF_SERVICE,
            _NPI,
            *_address(),
        ),
    ),
    Table(
        "staff",
        "practice",
        ("staff_id",),
        (
            _id("staff_id"),
            _organization(),
            _text("last_name", is_required=True),
            _text("first_name"),
            _NPI,
            _TAXONOMY,
            _id("supervisor_id", "staff", is_required=False),
            _choice("supervision", "none", "approve", "cosign"),
            _flag("is_billed_under_supervisor"),
            Column("license_type", Kind.TEXT),
        ),
    ),
    Table(
        "insurer",
        "practice",
        ("insurer_id",),
        (
            _id("insurer_id"),
            _organization(),
            Column("name", Kind.TEXT, True),
            Column("payer_code", Kind.TEXT),
            Column("claim_filing_code", Kind.TEXT),
            _id("billing_provider_id", "billing_provider", is_required=False),
            _day("deleted_on"),
        ),
    ),
    Table(
        "referring_provider",
        "practice",
        ("referring_provider_id",),
        (
            _id("referring_provider_id"),
            _organization(),
            _choice("entity_type", "person", "organization"),
            _text("last_name"),
            _text("first_name"),
            _NPI,
        ),
    ),
    Table(
        "client",
        "practice",
        ("client_id",),
        (
            _id("client_id"),
            _organization(),
            *_person(),
            _id("referring_provider_id", "referring_provider", is_required=False),
        ),
    ),
    Table(
        "client_payment",
        "practice",
        ("client_id", "starts_on"),
        (
            _id("client_id", "client"),
            _organization(),
            _day("starts_on", is_required=True),
            _choice("pays_by", "insurance", "self_pay"),
        ),
    ),
    Table(
        "policy",
        "practice",
        ("policy_id",),
        (
            _id("policy_id"),
            _organization(),
            _id("client_id", "client"),
            _id("insurer_id", "insurer"),
            _choice("level", "primary", "secondary", "tertiary"),
            _day("starts_on"),
            _day("ends_on"),
            _text("member_id"),
            _text("group_number"),
            _choice("relationship", "self", "spouse", "child", "other"),
            *_person("subscriber_"),
            _flag("has_assignment_of_benefits"),
            _flag("has_release_of_information"),
        ),
    ),
    Table(
        "service_type",
        "practice",
        ("service_type_id",),
        (
            _id("service_type_id"),
            _organization(),
            Column("name", Kind.TEXT, True),
            Column("procedure_code", Kind.TEXT),
            *_MODIFIERS,
            Column("description", Kind.TEXT),
        ),
    ),
    Table(
        "prior_authorization",
        "practice",
        ("prior_authorization_id",),
        (
            _id("prior_authorization_id"),
            _organization(),
            _id("client_id", "client"),
            _id("insurer_id", "insurer"),
            _id("service_type_id", "service_type", is_required=False),
            _text("authorization_number", is_required=True),
            _day("starts_on", is_required=True),
            _day("ends_on"),
            Column("visit_limit", Kind.INTEGER, lowest=1),
        ),
    ),
    Table(
        "fee",
        "practice",
        ("fee_id",),
        (
            _id("fee_id"),
            _organization(),
            _id("service_type_id", "service_type"),
            _id("insurer_id", "insurer", is_required=False),
            _day("starts_on", is_required=True),
            Column("rate_amount", Kind.MONEY),
        ),
    ),
    Table(
        "appointment",
        "practice",
        ("appointment_id",),
        (
            _id("appointment_id"),
            _organization(),
            _id("client_id", "client"),
            _id("staff_id", "staff"),
            _id("location_id", "location"),
            Column("starts_at", Kind.INSTANT, True),
            Column("ends_at", Kind.INSTANT, True),
            _choice("appointment_status", "scheduled", "kept", "cancelled", "late_cancelled", "no_show"),
            _flag("is_billable"),
            _PLACE_OF_SERVICE,
            _choice("telehealth", "video", "audio", is_required=False),
            _choice("accident_cause", "auto", "employment", "other", is_required=False, is_sensitive=True),
            _day("accident_on", is_sensitive=True),
            _text("accident_state_code"),
            _text("claim_note"),
        ),
    ),
    Table(
        "appointment_service",
        "practice",
        ("appointment_id", "line_number"),
        (
            _id("appointment_id", "appointment"),
            _LINE_NUMBER,
            _organization(),
            _id("service_type_id", "service_type"),
            Column("unit_count", Kind.INTEGER, True),
            *_MODIFIERS,
            _text("claim_note"),
        ),
    ),
    Table(
        "progress_note",
        "practice",
        ("progress_note_id",),
        (
            _id("progress_note_id"),
            _organization(),
            _id("appointment_id", "appointment"),
            _id("staff_id", "staff"),
            Column("provider_signed_at", Kind.INSTANT),
            Column("supervisor_signed_at", Kind.INSTANT),
        ),
    ),
    Table(
        "diagnosis",
        "practice",
        ("client_id", "rank", "starts_on"),
        (
            _id("client_id", "client"),
            _organization(),
            Column("rank", Kind.INTEGER, True, lowest=1, highest=12),
            Column("diagnosis_code", Kind.DIAGNOSIS, True, is_sensitive=True),
            _day("starts_on", is_required=True),
            _day("ends_on"),
        ),
    ),
    Table(
        "exclusion_rule",
        "billing",
        ("rule_id",),
        (
            _id("rule_id"),
            _organization(),
            # era_processing has posting rules instead.
            _choice("automation", *AUTOMATIONS[:3]),
            Column("position", Kind.INTEGER, True),
            Column("field", Kind.TEXT, True, is_sensitive=True),
            Column("match_values", Kind.VALUES, True, is_sensitive=True),
        ),
        is_read_as_is=True,
        is_key_repeated=True,
    ),
    Table(
        "automation_setting",
        "billing",
        ("organization_id", "automation"),
        (
            _organization(),
            _choice("automation", *AUTOMATIONS),
            _flag("is_enabled"),
            _day("enabled_on"),
            _flag("includes_earlier"),
            _day("paused_until"),
        ),
        is_read_as_is=True,
    ),
    Table(
        "hold",
        "billing",
        ("automation", "item_id"),
        (
            _organization(),
            # Invoices and claims get their numbers here; only an appointment's is known outside.
            _choice("automation", "invoice_creation"),
            _id("item_id", "appointment"),
            _day("hold_until"),
            _text("reason", is_required=True),
            Column("held_by", Kind.TEXT, True),
        ),
        is_read_as_is=True,
    ),
)

#: By name, in the order of loading: a table comes after all it references.
TABLES: Mapping[str, Table] = {table.name: table for table in _TABLES}
