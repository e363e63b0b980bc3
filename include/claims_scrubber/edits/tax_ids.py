"""The billing provider's tax id: nine digits that somebody can have."""

from __future__ import annotations

import re

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, Mask, ScrubContext, hits
from include.claims_scrubber.text_faults import written_digits

_GUIDE = "837P implementation guide 005010X222A1 (general knowledge, not re-read)"
_TAX_ID = "Stedi changelog, 277CA acknowledgments for claim submissions: stedi.com/changelog; " + _GUIDE
_TAX_SHAPE = "IRS, Employer identification numbers and their prefixes; " + _TAX_ID
_SSN = (
    "Social Security Administration, numbers never assigned (area 000 and 666, group 00, serial 0000); "
    "Stedi changelog, claim edit for an invalid social security number: stedi.com/changelog"
)

#: First two digits the IRS has not given to an employer yet.
_EIN_PREFIXES_UNUSED = frozenset(
    ["00", "07", "08", "09", "17", "18", "19", "28", "29", "49", "69", "70", "78", "79", "89", "96", "97"]
)
_NEVER_ISSUED_SSN = re.compile(r"(?:000|666)[0-9]{6}|[0-9]{3}00[0-9]{4}|[0-9]{5}0000")
# Bits of a tax id.
_NOT_NINE_DIGITS, _INVENTED, _UNUSED_PREFIX, _NO_SSN = 1, 2, 4, 8


def _tax_id_faults(text: str) -> int:
    digits = written_digits(text)
    if len(digits) != 9:
        return _NOT_NINE_DIGITS
    if len(set(digits)) == 1 or digits in ("123456789", "987654321"):
        return _INVENTED
    unused = _UNUSED_PREFIX if digits[:2] in _EIN_PREFIXES_UNUSED else 0
    return unused | (_NO_SSN if _NEVER_ISSUED_SSN.fullmatch(digits) else 0)


def _has(context: ScrubContext, fault: int) -> Mask:
    return context.has("billing_tax_id", _tax_id_faults, fault)


@edit(
    "TAX01",
    number=12,
    grain="claim",
    message="The billing provider's tax ID is missing or is not nine digits.",
    fix_location="Practice › Billing providers › Tax ID",
    fix_columns=("practice.billing_provider.tax_id",),
    loop_segment="2010AA REF*EI or REF*SY",
    source=_TAX_ID,
    is_overridable=False,
    version=2,
    rejection_codes=("A6:128:85", "A7:128:85", "A7:148:85"),
)
def tax_id_is_not_nine_digits(context: ScrubContext) -> Hits:
    wrong = context.is_blank("billing_tax_id") | _has(context, _NOT_NINE_DIGITS)
    return hits(wrong, context.claims["billing_tax_id"])


@edit(
    "TAX02",
    number=70,
    grain="claim",
    message=("The billing provider's tax ID is a row of digits that nobody has (one digit repeated, 123456789)."),
    fix_location="Practice › Billing providers › Tax ID",
    fix_columns=("practice.billing_provider.tax_id",),
    loop_segment="2010AA REF*EI or REF*SY",
    source=_TAX_SHAPE,
    is_overridable=True,
    rejection_codes=("A7:128:85",),
)
def tax_id_is_invented(context: ScrubContext) -> Hits:
    return hits(_has(context, _INVENTED), context.claims["billing_tax_id"])


@edit(
    "TAX03",
    number=70,
    grain="claim",
    default_severity="warning",
    message=("The tax ID is marked as an employer's, but the IRS gives no numbers with these first two digits."),
    fix_location="Practice › Billing providers › Tax ID, Tax ID type",
    fix_columns=("practice.billing_provider.tax_id", "practice.billing_provider.tax_id_type"),
    loop_segment="2010AA REF*EI",
    source=_TAX_SHAPE,
    is_overridable=True,
    rejection_codes=("A7:128:85",),
)
def employer_number_has_an_unused_prefix(context: ScrubContext) -> Hits:
    # A warning: the IRS takes new prefixes into use.
    unused = _has(context, _UNUSED_PREFIX)
    is_employer = context.equals("billing_tax_id_type", "EI")
    return hits(unused & is_employer, context.claims["billing_tax_id"])


@edit(
    "TAX04",
    number=70,
    grain="claim",
    default_severity="warning",
    message="The tax ID is marked as a social security number, but no such number was ever issued.",
    fix_location="Practice › Billing providers › Tax ID, Tax ID type",
    fix_columns=("practice.billing_provider.tax_id", "practice.billing_provider.tax_id_type"),
    loop_segment="2010AA REF*SY",
    source=_SSN,
    is_overridable=True,
    rejection_codes=("A7:148:85", "A7:128:85"),
)
def social_security_number_was_never_issued(context: ScrubContext) -> Hits:
    # Numbers that start with 9 are left alone: they are the tax ids of people without a social security number.
    never = _has(context, _NO_SSN)
    return hits(never & context.equals("billing_tax_id_type", "SY"), context.claims["billing_tax_id"])


@edit(
    "TAX05",
    number=70,
    grain="claim",
    message="The billing provider's tax ID is not marked as an employer's or as a social security number.",
    fix_location="Practice › Billing providers › Tax ID type",
    fix_columns=("practice.billing_provider.tax_id_type",),
    loop_segment="2010AA REF01",
    source=_GUIDE,
    is_overridable=False,
    rejection_codes=("A6:128:85",),
)
def tax_id_type_is_missing(context: ScrubContext) -> Hits:
    known = context.equals("billing_tax_id_type", "EI") | context.equals("billing_tax_id_type", "SY")
    return hits(~known, context.claims["billing_tax_id_type"])
