"""Who else stands on a claim: supervisor, referring provider, service facility; and what they are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, Mask, ScrubContext, hits
from include.claims_scrubber.edits.providers import WRONG_NPI, npi_faults
from include.claims_scrubber.text_faults import (
    OVER,
    UNCARRIABLE,
    city_faults,
    name_faults,
    named_parts,
    street_faults,
    title_faults,
)
from include.clearinghouse.charset import Rule, UncarriableText, fold, fold_address, fold_identifier, fold_number

_GUIDE = "837P implementation guide 005010X222A1 (general knowledge, not re-read)"
_SUPERVISOR = (
    "Stedi changelog, claim edit for a supervising provider who matches the rendering provider: "
    "stedi.com/changelog/claim-edit-supervising-provider-matches-the-rendering-provider; "
) + _GUIDE
_REFERRAL = 'Ensora Health, "Common Rejection Reasons & Fixes" (2059): experience.ensorahealth.com'
_FACILITY = "Regence, claims edits: regence.com/provider/claims-payment/claims-submission/claims-edits"
_NPI = "CMS, NPI check digit (Luhn with prefix 80840); " + _GUIDE
_CHARSET = "X12.5 basic character set; " + _GUIDE
_LENGTH = (
    "Stedi changelog, claim edit for field values longer than the maximum length: "
    "stedi.com/changelog/claim-edit-field-values-longer-than-maximum-length; element lengths of 005010X222A1"
)

#: What the practice has to say in words: what looks at it, column, and how long it may be.
_PRACTICE_TEXTS: Mapping[str, tuple[Callable[[str], int], str, int]] = {
    "billing provider's name": (title_faults, "billing_name", 60),
    "billing provider's first name": (name_faults, "billing_first_name", 35),
    "billing street": (street_faults, "billing_address_1", 55),
    "second billing address line": (street_faults, "billing_address_2", 55),
    "billing city": (city_faults, "billing_city", 30),
    "pay-to street": (street_faults, "pay_to_address_1", 55),
    "second pay-to address line": (street_faults, "pay_to_address_2", 55),
    "pay-to city": (city_faults, "pay_to_city", 30),
    "clinician's last name": (name_faults, "rendering_last_name", 60),
    "clinician's first name": (name_faults, "rendering_first_name", 35),
    "supervisor's last name": (name_faults, "supervising_last_name", 60),
    "supervisor's first name": (name_faults, "supervising_first_name", 35),
    "referring provider's last name": (name_faults, "referring_last_name", 60),
    "referring provider's first name": (name_faults, "referring_first_name", 35),
    "location's name": (title_faults, "facility_name", 60),
    "location's street": (street_faults, "facility_address_1", 55),
    "location's second address line": (street_faults, "facility_address_2", 55),
    "location's city": (city_faults, "facility_city", 30),
    "insurer's name": (title_faults, "payer_name", 60),
}
#: The parts of an address, and how the writer folds them; the ZIP code comes last.
_PLACE: Mapping[str, Rule] = {
    "address_1": fold_address,
    "address_2": fold_address,
    "city": fold,
    "state_code": fold_identifier,
    "postal_code": fold_number,
}
_PRACTICE_COLUMNS = (
    "practice.billing_provider.name",
    "practice.billing_provider.address_1",
    "practice.billing_provider.pay_to_address_1",
    "practice.staff.last_name",
    "practice.staff.first_name",
    "practice.referring_provider.last_name",
    "practice.location.name",
    "practice.location.address_1",
    "practice.insurer.name",
)


def _is_referred(context: ScrubContext) -> Mask:
    """Per claim: something is said of a referring provider."""
    parts = ("referring_last_name", "referring_first_name", "referring_npi")
    answer = context.equals("referring_entity_type", "1")
    for column in parts:
        answer |= ~context.is_blank(column)
    return answer


def _as_written(text: object, rule: Rule) -> str:
    """A text as the writer puts it into the file, and as it is where the writer refuses it."""
    if not isinstance(text, str):
        return ""
    try:
        return rule(text, "text")
    except UncarriableText:
        return text


def _places(rows: pd.DataFrame, prefix: str) -> list[tuple[str, ...]]:
    """Per claim the address as the writer compares it: ZIP and ZIP+4 of one street are the same place."""
    parts = [[_as_written(text, rule) for text in rows[prefix + column]] for column, rule in _PLACE.items()]
    *others, postal_codes = parts
    return list(zip(*others, [code[:5] for code in postal_codes], strict=True))


def _practice_texts_with(context: ScrubContext, fault_of: dict[int, int]) -> Hits:
    return named_parts(
        {
            word: context.has(column, classify, fault_of[length])
            for word, (classify, column, length) in _PRACTICE_TEXTS.items()
        }
    )


@edit(
    "SUP02",
    number=71,
    grain="claim",
    message="The supervisor's NPI is not a valid NPI: ten digits with a check digit are needed.",
    fix_location="Practice › Staff › NPI of the supervisor",
    fix_columns=("practice.staff.npi",),
    loop_segment="2310D NM109",
    source=_SUPERVISOR,
    is_overridable=False,
    rejection_codes=("A7:562:DQ",),
)
def supervisor_npi_is_invalid(context: ScrubContext) -> Hits:
    return hits(context.has("supervising_npi", npi_faults, WRONG_NPI), context.claims["supervising_npi"])


@edit(
    "SUP03",
    number=71,
    grain="claim",
    message="A supervisor is on the claim without an NPI.",
    fix_location="Practice › Staff › NPI of the supervisor",
    fix_columns=("practice.staff.npi",),
    loop_segment="2310D NM109",
    source=_SUPERVISOR,
    is_overridable=True,
    rejection_codes=("A6:562:DQ",),
)
def supervisor_npi_is_missing(context: ScrubContext) -> Hits:
    return hits(context.has_supervisor & context.is_blank("supervising_npi"))


@edit(
    "SUP04",
    number=72,
    grain="claim",
    message="The supervisor's first or last name is missing.",
    fix_location="Practice › Staff › Name of the supervisor",
    fix_columns=("practice.staff.last_name", "practice.staff.first_name"),
    loop_segment="2310D NM103, NM104",
    source=_SUPERVISOR,
    is_overridable=True,
    rejection_codes=("A6:125:DQ", "A6:504:DQ", "A6:505:DQ"),
)
def supervisor_name_is_incomplete(context: ScrubContext) -> Hits:
    supervised = context.has_supervisor
    return named_parts(
        {
            "last name": supervised & context.is_blank("supervising_last_name"),
            "first name": supervised & context.is_blank("supervising_first_name"),
        }
    )


@edit(
    "SUP05",
    number=71,
    grain="claim",
    message="The supervisor on the claim is the rendering clinician; nobody supervises himself.",
    fix_location="Practice › Staff › Supervisor",
    fix_columns=("practice.staff.supervisor_id",),
    loop_segment="2310B NM109, 2310D NM109",
    source=_SUPERVISOR,
    is_overridable=True,
    rejection_codes=("A7:562:DQ", "A8:562:DQ"),
)
def supervisor_is_the_clinician(context: ScrubContext) -> Hits:
    return hits(context.columns.same("supervising_npi", "rendering_npi"), context.claims["supervising_npi"])


@edit(
    "REF01",
    number=19,
    grain="claim",
    message="The referring provider is an organization; remove it or enter a person with an NPI.",
    fix_location="Client › Profile › Referring provider",
    fix_columns=("practice.client.referring_provider_id", "practice.referring_provider.entity_type"),
    loop_segment="2310A NM102",
    source=_REFERRAL,
    is_overridable=False,
    rejection_codes=("A7:125:DN",),
)
def referring_provider_is_an_organization(context: ScrubContext) -> Hits:
    return hits(context.equals("referring_entity_type", "2"))


@edit(
    "REF02",
    number=19,
    grain="claim",
    message=("The referring provider's first name, last name or NPI is missing; complete it or remove the referral."),
    fix_location="Client › Profile › Referring provider",
    fix_columns=(
        "practice.referring_provider.last_name",
        "practice.referring_provider.first_name",
        "practice.referring_provider.npi",
    ),
    loop_segment="2310A NM103, NM104, NM109",
    source=_REFERRAL,
    is_overridable=True,
    rejection_codes=("A6:125:DN", "A6:504:DN", "A6:505:DN", "A6:562:DN"),
)
def referring_provider_is_incomplete(context: ScrubContext) -> Hits:
    is_person = _is_referred(context) & ~context.equals("referring_entity_type", "2")
    return named_parts(
        {
            "last name": is_person & context.is_blank("referring_last_name"),
            "first name": is_person & context.is_blank("referring_first_name"),
            "NPI": is_person & context.is_blank("referring_npi"),
        }
    )


@edit(
    "REF03",
    number=19,
    grain="claim",
    message="The referring provider's NPI is not a valid NPI: ten digits with a check digit are needed.",
    fix_location="Client › Profile › Referring provider › NPI",
    fix_columns=("practice.referring_provider.npi",),
    loop_segment="2310A NM109",
    source=_REFERRAL,
    is_overridable=False,
    rejection_codes=("A7:562:DN",),
)
def referring_npi_is_invalid(context: ScrubContext) -> Hits:
    return hits(context.has("referring_npi", npi_faults, WRONG_NPI), context.claims["referring_npi"])


@edit(
    "REF04",
    number=71,
    grain="claim",
    default_severity="warning",
    message=(
        "The referring provider is the rendering clinician; remove the referral if nobody else referred the client."
    ),
    fix_location="Client › Profile › Referring provider",
    fix_columns=("practice.client.referring_provider_id",),
    loop_segment="2310A NM109, 2310B NM109",
    source=_REFERRAL,
    is_overridable=True,
    rejection_codes=("A8:562:DN",),
)
def clinician_referred_to_himself(context: ScrubContext) -> Hits:
    return hits(context.columns.same("referring_npi", "rendering_npi"), context.claims["referring_npi"])


@edit(
    "FAC01",
    number=20,
    grain="claim",
    default_severity="warning",
    message=(
        "The location repeats the billing provider's NPI; leave the NPI of the location empty. The claim is sent "
        "without it."
    ),
    fix_location="Practice › Locations › NPI",
    fix_columns=("practice.location.npi",),
    loop_segment="2310C NM109",
    source=_FACILITY,
    is_overridable=True,
    rejection_codes=("A7:562:77",),
)
def location_repeats_the_billing_npi(context: ScrubContext) -> Hits:
    return hits(context.columns.same("facility_npi", "billing_npi"), context.claims["facility_npi"])


@edit(
    "FAC02",
    number=71,
    grain="claim",
    message="The NPI of the session's location is not a valid NPI: ten digits with a check digit are needed.",
    fix_location="Practice › Locations › NPI",
    fix_columns=("practice.location.npi",),
    loop_segment="2310C NM109",
    source=_NPI,
    is_overridable=False,
    rejection_codes=("A7:562:77",),
)
def location_npi_is_invalid(context: ScrubContext) -> Hits:
    return hits(context.has("facility_npi", npi_faults, WRONG_NPI), context.claims["facility_npi"])


@edit(
    "FAC03",
    number=118,
    grain="claim",
    message="The location of the session has no name, and it is sent because it is not the billing address.",
    fix_location="Practice › Locations › Name",
    fix_columns=("practice.location.name",),
    loop_segment="2310C NM103",
    source=_GUIDE,
    is_overridable=False,
    rejection_codes=("A6:125:77",),
)
def location_name_is_missing(context: ScrubContext) -> Hits:
    nameless = np.flatnonzero(context.is_blank("facility_name"))
    written = np.zeros(len(nameless), dtype=np.bool_)
    for column in ("npi", *_PLACE):
        written |= context.columns.distinct(f"facility_{column}")[0][nameless] >= 0
    nameless = nameless[written]
    rows = context.claims.iloc[nameless]
    npis = zip(rows["facility_npi"], rows["billing_npi"], strict=True)
    has_own_npi = [
        _as_written(own, fold_identifier) not in ("", _as_written(other, fold_identifier)) for own, other in npis
    ]
    places, billing = _places(rows, "facility_"), _places(rows, "billing_")
    is_elsewhere = [any(place) and place != other for place, other in zip(places, billing, strict=True)]
    return Hits(nameless[np.array(has_own_npi, dtype=np.bool_) | np.array(is_elsewhere, dtype=np.bool_)])


@edit(
    "CHR02",
    number=66,
    grain="claim",
    message="A name or address of the practice has a character that a claim file cannot carry (such as * : ^ ~ or @).",
    fix_location="Practice › Billing providers, Staff, Locations, Insurers, or Client › Profile › Referring provider",
    fix_columns=_PRACTICE_COLUMNS,
    loop_segment="2010AA, 2010AB, 2010BB, 2310 NM1, N3, N4",
    source=_CHARSET,
    is_overridable=False,
    rejection_codes=("A7:125:85", "A7:126:85", "A7:125:82", "A7:126:77"),
)
def practice_text_cannot_be_carried(context: ScrubContext) -> Hits:
    return _practice_texts_with(context, dict.fromkeys(OVER, UNCARRIABLE))


@edit(
    "LEN02",
    number=66,
    grain="claim",
    message="A name or address of the practice is longer than a claim can carry.",
    fix_location="Practice › Billing providers, Staff, Locations, Insurers, or Client › Profile › Referring provider",
    fix_columns=_PRACTICE_COLUMNS,
    loop_segment="2010AA, 2010AB, 2010BB, 2310 NM103 (60), NM104 (35), N301 (55), N401 (30)",
    source=_LENGTH,
    is_overridable=False,
    rejection_codes=("A7:125:85", "A7:126:85", "A7:125:82", "A7:126:77"),
)
def practice_text_is_too_long(context: ScrubContext) -> Hits:
    return _practice_texts_with(context, OVER)
