"""Who bills and who rendered the service: NPIs, names, phone, ZIP codes of the practice's places."""

from __future__ import annotations

import re

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, ScrubContext, hits, is_missing
from include.claims_scrubber.npi import is_valid_npi
from include.claims_scrubber.text_faults import named_parts, written_digits

_GUIDE = "837P implementation guide 005010X222A1 (general knowledge, not re-read)"
_NPI = "CMS, NPI check digit (Luhn with prefix 80840); " + _GUIDE
_RENDERING_NPI = "NGS Medicare 277CA edit X222.262.2310B.NM109.030 (A7:562:82): ngsmedicare.com; CMS, NPI check digit"
_ZIP = 'Ensora Health, "Billing setup" (2119): experience.ensorahealth.com/get-started-130; ' + _GUIDE


_STEDI_NPI = "Stedi changelog, claim edit for an invalid NPI: stedi.com/changelog/claim-edit-invalid-npi"
_PHONE = (
    "Stedi changelog, claim edit for phone numbers with invalid area or exchange codes: "
    "stedi.com/changelog/claim-edit-phone-numbers-with-invalid-area-or-exchange-codes"
)
_PERSON_NAME = "Stedi changelog, claim edits for a missing first or last name: stedi.com/changelog; " + _GUIDE

_PHONE_DIGITS = re.compile(r"1?([0-9]{10})")
# Bits of an NPI and of a phone number.
WRONG_NPI, _ONE_DIGIT = 1, 2
_NOT_TEN_DIGITS, _NOT_DIALLED = 1, 2


def _is_nine_digits(text: str) -> int:
    return int(len(written_digits(text)) == 9)


def _phone_faults(text: str) -> int:
    if not text.strip():
        return 0
    number = _PHONE_DIGITS.fullmatch(re.sub(r"[-+(). ]", "", text))
    if number is None or not text.isascii():
        return _NOT_TEN_DIGITS
    return _NOT_DIALLED if number[1][0] in "01" or number[1][3] in "01" else 0


def npi_faults(text: str) -> int:
    """Of an NPI that is not blank: WRONG_NPI, or bits of a valid one whose first nine digits are all the same, which is
    what people type when a program insists."""
    if is_valid_npi(text):
        return _ONE_DIGIT if text[:9] == text[0] * 9 else 0
    return WRONG_NPI if text.strip() else 0


@edit(
    "NPI01",
    number=10,
    grain="claim",
    message="The billing provider's NPI is missing.",
    fix_location="Practice › Billing providers › NPI",
    fix_columns=("practice.billing_provider.npi",),
    loop_segment="2010AA NM109",
    source=_NPI,
    is_overridable=False,
    rejection_codes=("A6:562:85",),
)
def billing_npi_is_missing(context: ScrubContext) -> Hits:
    return hits(context.is_blank("billing_npi"))


@edit(
    "NPI02",
    number=10,
    grain="claim",
    message="The billing provider's NPI is not a valid NPI: ten digits with a check digit are needed.",
    fix_location="Practice › Billing providers › NPI",
    fix_columns=("practice.billing_provider.npi",),
    loop_segment="2010AA NM109",
    source=_NPI,
    is_overridable=False,
    rejection_codes=("A7:562:85",),
)
def billing_npi_is_invalid(context: ScrubContext) -> Hits:
    return hits(context.has("billing_npi", npi_faults, WRONG_NPI), context.claims["billing_npi"])


@edit(
    "NPI03",
    number=16,
    grain="claim",
    message="The rendering clinician's NPI is missing.",
    fix_location="Practice › Staff › NPI",
    fix_columns=("practice.staff.npi",),
    loop_segment="2310B NM109",
    source=_RENDERING_NPI,
    is_overridable=False,
    rejection_codes=("A6:562:82",),
)
def rendering_npi_is_missing(context: ScrubContext) -> Hits:
    # A person who bills alone renders as well, and 2310B is left out; an organization cannot render.
    bills_for_self = (
        context.equals("billing_entity_type", "1")
        & is_missing(context.claims["rendering_staff_id"])
        & context.is_blank("rendering_last_name")
    )
    return hits(context.is_blank("rendering_npi") & ~bills_for_self)


@edit(
    "NPI04",
    number=16,
    grain="claim",
    message="The rendering clinician's NPI is not a valid NPI: ten digits with a check digit are needed.",
    fix_location="Practice › Staff › NPI",
    fix_columns=("practice.staff.npi",),
    loop_segment="2310B NM109",
    source=_RENDERING_NPI,
    is_overridable=False,
    rejection_codes=("A7:562:82",),
)
def rendering_npi_is_invalid(context: ScrubContext) -> Hits:
    return hits(context.has("rendering_npi", npi_faults, WRONG_NPI), context.claims["rendering_npi"])


@edit(
    "ZIP01",
    number=14,
    grain="claim",
    message="The billing provider's ZIP code is missing or lacks the four digits after the first five (ZIP+4).",
    fix_location="Practice › Billing providers › Address › ZIP",
    fix_columns=("practice.billing_provider.postal_code",),
    loop_segment="2010AA N403",
    source=_ZIP,
    is_overridable=False,
    version=2,
    rejection_codes=("A6:500:85", "A7:500:85"),
)
def billing_zip_is_not_nine_digits(context: ScrubContext) -> Hits:
    return hits(~context.has("billing_postal_code", _is_nine_digits), context.claims["billing_postal_code"])


@edit(
    "ZIP02",
    number=14,
    grain="claim",
    message="The ZIP code of the session's location is missing or lacks the four digits after the first five (ZIP+4).",
    fix_location="Practice › Locations › Address › ZIP",
    fix_columns=("practice.location.postal_code",),
    loop_segment="2310C N403",
    source=_ZIP,
    is_overridable=False,
    version=2,
    rejection_codes=("A6:500:77", "A7:500:77"),
)
def facility_zip_is_not_nine_digits(context: ScrubContext) -> Hits:
    has_facility = ~context.is_blank("facility_name") | ~context.is_blank("facility_address_1")
    wrong = ~context.has("facility_postal_code", _is_nine_digits)
    return hits(has_facility & wrong, context.claims["facility_postal_code"])


@edit(
    "NPI05",
    number=71,
    grain="claim",
    default_severity="warning",
    message=("The NPI of the billing provider or of the rendering clinician repeats one digit and looks invented."),
    fix_location="Practice › Billing providers › NPI, or Practice › Staff › NPI",
    fix_columns=("practice.billing_provider.npi", "practice.staff.npi"),
    loop_segment="2010AA NM109, 2310B NM109",
    source=_STEDI_NPI,
    is_overridable=True,
    rejection_codes=("A7:562:85", "A7:562:82"),
)
def npi_looks_invented(context: ScrubContext) -> Hits:
    return named_parts(
        {
            "billing provider": context.has("billing_npi", npi_faults, _ONE_DIGIT),
            "rendering clinician": context.has("rendering_npi", npi_faults, _ONE_DIGIT),
        }
    )


@edit(
    "NPI06",
    number=71,
    grain="claim",
    default_severity="warning",
    message=(
        "The billing provider is an organization, and the rendering clinician has the organization's NPI; enter "
        "the clinician's own NPI, or bill as a person."
    ),
    fix_location="Practice › Staff › NPI, or Practice › Billing providers › Type",
    fix_columns=("practice.staff.npi", "practice.billing_provider.entity_type"),
    loop_segment="2010AA NM102, NM109; 2310B NM109",
    source=_STEDI_NPI,
    is_overridable=True,
    rejection_codes=("A7:562:82",),
)
def organization_renders_under_its_own_npi(context: ScrubContext) -> Hits:
    # Clinicians who bill through a company of their own do it, and some insurers pay it.
    is_organization = context.equals("billing_entity_type", "2")
    same = context.columns.same("rendering_npi", "billing_npi")
    return hits(same & is_organization, context.claims["rendering_npi"])


@edit(
    "PRV01",
    number=72,
    grain="claim",
    message="The billing provider has no name or type, or is a person without a first name.",
    fix_location="Practice › Billing providers › Name, Type",
    fix_columns=(
        "practice.billing_provider.name",
        "practice.billing_provider.first_name",
        "practice.billing_provider.entity_type",
    ),
    loop_segment="2010AA NM102, NM103, NM104",
    source=_PERSON_NAME,
    is_overridable=False,
    rejection_codes=("A6:125:85", "A6:504:85", "A6:505:85"),
)
def billing_name_is_missing(context: ScrubContext) -> Hits:
    is_person = context.equals("billing_entity_type", "1")
    return named_parts(
        {
            "name": context.is_blank("billing_name"),
            "type": ~is_person & ~context.equals("billing_entity_type", "2"),
            "first name": is_person & context.is_blank("billing_first_name"),
        }
    )


@edit(
    "PRV02",
    number=72,
    grain="claim",
    message="The rendering clinician's first or last name is missing.",
    fix_location="Practice › Staff › Name",
    fix_columns=("practice.staff.last_name", "practice.staff.first_name"),
    loop_segment="2310B NM103, NM104",
    source=_PERSON_NAME,
    is_overridable=True,
    rejection_codes=("A6:125:82", "A6:504:82", "A6:505:82"),
)
def rendering_name_is_incomplete(context: ScrubContext) -> Hits:
    # Without a number and a name nobody is written as rendering, and NPI03 says so where somebody must be.
    renders = ~context.is_blank("rendering_npi") | ~context.is_blank("rendering_last_name")
    return named_parts(
        {
            "last name": renders & context.is_blank("rendering_last_name"),
            "first name": renders & context.is_blank("rendering_first_name"),
        }
    )


@edit(
    "TEL01",
    number=74,
    grain="claim",
    default_severity="warning",
    message="The billing provider's phone number is not a ten-digit US number; it is left out of the claim.",
    fix_location="Practice › Billing providers › Phone",
    fix_columns=("practice.billing_provider.phone",),
    loop_segment="2010AA PER04",
    source=_PHONE,
    is_overridable=True,
    rejection_codes=("A7:127:85",),
)
def phone_is_not_ten_digits(context: ScrubContext) -> Hits:
    return hits(context.has("billing_phone", _phone_faults, _NOT_TEN_DIGITS), context.claims["billing_phone"])


@edit(
    "TEL02",
    number=74,
    grain="claim",
    message=(
        "The area code or the next three digits of the billing provider's phone number start with 0 or 1; no US "
        "number does."
    ),
    fix_location="Practice › Billing providers › Phone",
    fix_columns=("practice.billing_provider.phone",),
    loop_segment="2010AA PER04",
    source=_PHONE,
    is_overridable=True,
    rejection_codes=("A7:127:85",),
)
def phone_cannot_be_dialled(context: ScrubContext) -> Hits:
    return hits(context.has("billing_phone", _phone_faults, _NOT_DIALLED), context.claims["billing_phone"])
