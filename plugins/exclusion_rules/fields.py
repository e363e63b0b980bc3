"""The fields a condition may name, and the automations that offer each of them.

A *field* is what a person picks on the settings page; a *fact* is the attribute of an item that the field reads. A date
and its range are two fields over one fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

INVOICE_CREATION = "invoice_creation"
INVOICE_PROCESSING = "invoice_processing"
CLAIMS_SUBMISSION = "claims_submission"
#: The automations that have exclusion rules. ``era_processing`` has posting rules instead.
AUTOMATIONS = (INVOICE_CREATION, INVOICE_PROCESSING, CLAIMS_SUBMISSION)


class Kind(Enum):
    """How the values of a field are stored and compared."""

    ID = "id"  # decimal text of a key
    CHOICE = "choice"  # one of a fixed few, by code
    CODE = "code"  # external code, by its exact text
    DATE = "date"  # 2026-11-02
    DATE_RANGE = "date_range"  # 2026-11-02/2026-11-09, both ends included; ".." for an open end
    YES_NO = "yes_no"  # yes | no
    WEEKDAY = "weekday"  # 1 (Monday) to 7 (Sunday)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a condition.

    ``fact``: the item attribute it reads. ``is_many``: one item usually has several values of it. ``is_extra``: not in
    the reference product, shown apart. ``choices``: stored value -> label, in display order, empty for open kinds.
    ``pattern``: regular expression of a well-formed code, only for ``Kind.CODE``; ``pattern_words`` says it in words.
    """

    code: str
    label: str
    kind: Kind
    fact: str
    automations: tuple[str, ...]
    is_many: bool = False
    is_extra: bool = False
    choices: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    pattern: str = ""
    pattern_words: str = ""


_CLAIM_LEVELS = MappingProxyType({"primary": "Primary", "secondary": "Secondary", "tertiary": "Tertiary"})
_PAYING = MappingProxyType({"insurance": "Insurance", "self_pay": "Self-pay"})
_YES_NO = MappingProxyType({"yes": "Yes", "no": "No"})
_WEEKDAYS = MappingProxyType(
    {
        "1": "Monday",
        "2": "Tuesday",
        "3": "Wednesday",
        "4": "Thursday",
        "5": "Friday",
        "6": "Saturday",
        "7": "Sunday",
    }
)

_CREATION = (INVOICE_CREATION,)
_PROCESSING = (INVOICE_PROCESSING,)
_SUBMISSION = (CLAIMS_SUBMISSION,)
_FROM_PROCESSING = (INVOICE_PROCESSING, CLAIMS_SUBMISSION)
_UNTIL_PROCESSING = (INVOICE_CREATION, INVOICE_PROCESSING)

# Labels as on the reference product's page, including its uneven capitals.
_ALL_FIELDS = (
    Field("primary_insurer", "Primary Insurer", Kind.ID, "primary_insurer", AUTOMATIONS),
    Field("secondary_insurer", "Secondary Insurer", Kind.ID, "secondary_insurer", _SUBMISSION),
    Field("claim_level", "Claim Level", Kind.CHOICE, "claim_level", _FROM_PROCESSING, choices=_CLAIM_LEVELS),
    Field("client_pays_by", "Client pays by", Kind.CHOICE, "client_pays_by", _UNTIL_PROCESSING, choices=_PAYING),
    Field("appointment_staff", "Appointment Staff", Kind.ID, "appointment_staff", _CREATION),
    Field("rendering_provider", "Rendering Provider", Kind.ID, "rendering_provider", _FROM_PROCESSING),
    Field("billing_provider", "Billing Provider", Kind.ID, "billing_provider", _SUBMISSION),
    Field("service_type", "Service Type", Kind.ID, "service_type", AUTOMATIONS, is_many=True),
    Field(
        "place_of_service",
        "Place of Service",
        Kind.CODE,
        "place_of_service",
        _SUBMISSION,
        pattern="[0-9]{2}",
        pattern_words="two digits",
    ),
    Field(
        "modifier",
        "Modifier",
        Kind.CODE,
        "modifier",
        _SUBMISSION,
        is_many=True,
        pattern="[0-9A-Z]{2}",
        pattern_words="two capital letters or digits",
    ),
    Field("appointment_date", "Appointment date", Kind.DATE, "appointment_date", _CREATION),
    Field("appointment_date_range", "Appointment date range", Kind.DATE_RANGE, "appointment_date", _CREATION),
    Field("invoice_date", "Invoice Date", Kind.DATE, "invoice_date", _PROCESSING),
    Field("invoice_date_range", "Invoice Date range", Kind.DATE_RANGE, "invoice_date", _PROCESSING),
    Field("service_date", "Service Date", Kind.DATE, "service_date", _SUBMISSION, is_many=True),
    Field("service_date_range", "Service Date range", Kind.DATE_RANGE, "service_date", _SUBMISSION, is_many=True),
    Field(
        "progress_note_signed",
        "Progress Note signed by provider",
        Kind.YES_NO,
        "progress_note_signed",
        AUTOMATIONS,
        choices=_YES_NO,
    ),
    Field("location", "Location", Kind.ID, "location", AUTOMATIONS, is_extra=True),
    Field("client", "Client", Kind.ID, "client", AUTOMATIONS, is_extra=True),
    Field("weekday", "Weekday", Kind.WEEKDAY, "weekday", AUTOMATIONS, is_many=True, is_extra=True, choices=_WEEKDAYS),
)

#: Every field by its code: the documented ones first, in the order of the reference product's page, then the extras.
FIELDS: Mapping[str, Field] = MappingProxyType({each.code: each for each in _ALL_FIELDS})


def offered_fields(automation: str) -> list[Field]:
    """The fields an automation offers, documented ones first, then the extras.

    Raises ``ValueError`` for an automation without exclusion rules: a mistake of the caller, never of a practice.
    """
    if automation not in AUTOMATIONS:
        raise ValueError(f"{automation!r} has no exclusion rules; expected one of {', '.join(AUTOMATIONS)}")
    return [each for each in FIELDS.values() if automation in each.automations]


def offered_field(automation: str, code: str) -> Field | None:
    """The field of that code if the automation offers it, else None. Raises as ``offered_fields`` does."""
    return next((each for each in offered_fields(automation) if each.code == code), None)
