"""Streets that exist and are complete: of clients, billing providers and the places of the practice."""

from __future__ import annotations

import re

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, ScrubContext
from include.claims_scrubber.text_faults import (
    MISSHAPEN,
    NEVER_GIVEN,
    PLACEHOLDER,
    city_faults,
    named_parts,
    street_faults,
    zip_faults,
)

_GUIDE = "837P implementation guide 005010X222A1 (general knowledge, not re-read)"
_PO_BOX = (
    "Stedi changelog, claim edit for an invalid billing provider address: "
    "stedi.com/site/changelog/new-claim-edit-invalid-billing-provider-address"
)
_STREET = "Stedi changelog, claim edit for a missing street address: stedi.com/changelog; " + _GUIDE

_CLIENT = "Client › Profile › Address"
_BILLING = "Practice › Billing providers › Address"
_PAY_TO = "Practice › Billing providers › Pay-to address"
_PLACE = "Practice › Locations › Address"
_PLACE_PARTS = {"street": "address_1", "city": "city", "state": "state_code"}

_NO_STREET = re.compile(
    r"\bP\W{0,2}O\W{0,2}BOX\b|\bPOST\s*OFFICE\s*BOX\b|\bPOB\W*\d|\bLOCK\s*BOX\b|\bCALLER\s+BOX\b|\bPMB\W*\d"
)
_BARE_BOX = re.compile(r"\W*BOX\W*\d+\W*")
_CITIES = {
    "client's city": "patient_city",
    "billing city": "billing_city",
    "pay-to city": "pay_to_city",
    "location's city": "facility_city",
}


def _is_no_street(text: str) -> int:
    upper = text.upper()
    return int(_NO_STREET.search(upper) is not None or _BARE_BOX.fullmatch(upper) is not None)


def _is_one_letter(text: str) -> int:
    return int(len(text.strip()) == 1)


def _has_no_street(text: str) -> int:
    """Of a second line, where a bare box may belong to the rural route of the first."""
    return int(_NO_STREET.search(text.upper()) is not None)


@edit(
    "ADR07",
    number=13,
    grain="claim",
    message=(
        "The billing address is a PO box, lock box or private mailbox; use a street address, and put the box under "
        "Pay-to address."
    ),
    fix_location=f"{_BILLING}; {_PAY_TO}",
    fix_columns=(
        "practice.billing_provider.address_1",
        "practice.billing_provider.address_2",
        "practice.billing_provider.pay_to_address_1",
    ),
    loop_segment="2010AA N301, N302 (2010AB for the box)",
    source=_PO_BOX,
    is_overridable=True,
    rejection_codes=("A7:126:85", "A7:503:85"),
)
def billing_address_is_a_box(context: ScrubContext) -> Hits:
    return named_parts(
        {
            "street": context.has("billing_address_1", _is_no_street),
            "second address line": context.has("billing_address_2", _has_no_street),
        }
    )


@edit(
    "ADR08",
    number=13,
    grain="claim",
    # Only some insurers look at it.
    default_severity="warning",
    message="The address of the session's location is a PO box or mailbox; nobody is treated there.",
    fix_location=_PLACE,
    fix_columns=("practice.location.address_1", "practice.location.address_2"),
    loop_segment="2310C N301, N302",
    source=_PO_BOX,
    is_overridable=True,
    rejection_codes=("A7:126:77", "A7:503:77"),
)
def location_address_is_a_box(context: ScrubContext) -> Hits:
    return named_parts(
        {
            "street": context.has("facility_address_1", _is_no_street),
            "second address line": context.has("facility_address_2", _has_no_street),
        }
    )


@edit(
    "ADR09",
    number=73,
    grain="claim",
    message="The billing provider's street, city or state is missing.",
    fix_location=_BILLING,
    fix_columns=tuple(f"practice.billing_provider.{column}" for column in _PLACE_PARTS.values()),
    loop_segment="2010AA N301, N401, N402",
    source=_STREET,
    is_overridable=False,
    rejection_codes=("A6:126:85", "A6:501:85", "A6:502:85", "A6:503:85"),
)
def billing_address_is_incomplete(context: ScrubContext) -> Hits:
    return named_parts({word: context.is_blank("billing_" + column) for word, column in _PLACE_PARTS.items()})


@edit(
    "ADR10",
    number=73,
    grain="claim",
    message="The location of the session has an address that lacks its street, city or state.",
    fix_location=_PLACE,
    fix_columns=tuple(f"practice.location.{column}" for column in _PLACE_PARTS.values()),
    loop_segment="2310C N301, N401, N402",
    source=_STREET,
    is_overridable=False,
    rejection_codes=("A6:126:77", "A6:501:77", "A6:502:77", "A6:503:77"),
)
def location_address_is_incomplete(context: ScrubContext) -> Hits:
    blank = {word: context.is_blank("facility_" + column) for word, column in _PLACE_PARTS.items()}
    # Without any address the claim has no 2310C: the billing address is the place.
    has_any = ~(blank["street"] & blank["city"] & blank["state"])
    return named_parts({word: mask & has_any for word, mask in blank.items()})


@edit(
    "ADR11",
    number=73,
    grain="claim",
    message="The pay-to address lacks its street, city or state, or its ZIP code is not five or nine digits.",
    fix_location=_PAY_TO,
    fix_columns=(
        "practice.billing_provider.pay_to_address_1",
        "practice.billing_provider.pay_to_city",
        "practice.billing_provider.pay_to_state_code",
        "practice.billing_provider.pay_to_postal_code",
    ),
    loop_segment="2010AB N301, N401, N402, N403",
    source=_STREET,
    is_overridable=False,
    rejection_codes=("A6:126:87", "A7:500:87"),
)
def pay_to_address_is_incomplete(context: ScrubContext) -> Hits:
    parts = {word: context.is_blank("pay_to_" + column) for word, column in _PLACE_PARTS.items()}
    no_zip = context.is_blank("pay_to_postal_code")
    has_any = ~(parts["street"] & parts["city"] & parts["state"] & no_zip)
    parts["ZIP code"] = no_zip | context.has("pay_to_postal_code", zip_faults, MISSHAPEN | NEVER_GIVEN)
    return named_parts({word: mask & has_any for word, mask in parts.items()})


@edit(
    "ADR13",
    number=73,
    grain="claim",
    # Some insurers accept UNKNOWN for people without a home.
    default_severity="warning",
    message="The client's street or city is a placeholder (UNKNOWN, N/A, NONE or the like).",
    fix_location=_CLIENT,
    fix_columns=("practice.client.address_1", "practice.client.city"),
    loop_segment="2010BA or 2010CA N301, N401",
    source=_STREET,
    is_overridable=True,
    rejection_codes=("A7:126:QC", "A7:502:QC", "A7:503:QC"),
)
def client_address_is_a_placeholder(context: ScrubContext) -> Hits:
    return named_parts(
        {
            "street": context.has("patient_address_1", street_faults, PLACEHOLDER),
            "city": context.has("patient_city", city_faults, PLACEHOLDER),
        }
    )


@edit(
    "ADR14",
    number=73,
    grain="claim",
    message="A city on the claim is a single letter; write it out.",
    fix_location=f"{_CLIENT}, {_BILLING}, {_PAY_TO} or {_PLACE}",
    fix_columns=(
        "practice.client.city",
        "practice.billing_provider.city",
        "practice.billing_provider.pay_to_city",
        "practice.location.city",
    ),
    loop_segment="2010AA, 2010AB, 2010BA or 2010CA, 2310C N401",
    source="X12 data element 19 (city name, two to thirty characters)",
    is_overridable=False,
    rejection_codes=("A7:502:QC", "A7:502:85", "A7:502:77"),
)
def city_is_one_letter(context: ScrubContext) -> Hits:
    return named_parts({word: context.has(column, _is_one_letter) for word, column in _CITIES.items()})
