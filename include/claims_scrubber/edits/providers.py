"""Who bills and who rendered the service: NPIs, tax id, ZIP codes of the practice's places."""

from __future__ import annotations

from collections.abc import Callable

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, Mask, ScrubContext, equals, hits, holds, is_missing
from include.claims_scrubber.npi import is_valid_npi

_GUIDE = "837P implementation guide 005010X222A1 (general knowledge, not re-read)"
_NPI = "CMS, NPI check digit (Luhn with prefix 80840); " + _GUIDE
_RENDERING_NPI = "NGS Medicare 277CA edit X222.262.2310B.NM109.030 (A7:562:82): ngsmedicare.com; CMS, NPI check digit"
_TAX_ID = "Stedi changelog, 277CA acknowledgments for claim submissions: stedi.com/changelog; " + _GUIDE
_ZIP = 'Ensora Health, "Billing setup" (2119): experience.ensorahealth.com/get-started-130; ' + _GUIDE


def _is_nine_digits(text: str) -> bool:
    """ZIP codes and tax ids are stored as digits only; hyphens are taken out when practice data are loaded."""
    return len(text) == 9 and text.isascii() and text.isdigit()


def _fails(context: ScrubContext, column: str, is_valid: Callable[[str], bool]) -> Mask:
    """Not blank, and not valid."""
    return holds(context.claims[column], lambda text: bool(text.strip()) and not is_valid(text))


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
)
def billing_npi_is_invalid(context: ScrubContext) -> Hits:
    return hits(_fails(context, "billing_npi", is_valid_npi), context.claims["billing_npi"])


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
)
def rendering_npi_is_missing(context: ScrubContext) -> Hits:
    # A person who bills alone renders as well, and 2310B is left out; an organization cannot render.
    bills_for_self = (
        equals(context.claims["billing_entity_type"], "1")
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
)
def rendering_npi_is_invalid(context: ScrubContext) -> Hits:
    return hits(_fails(context, "rendering_npi", is_valid_npi), context.claims["rendering_npi"])


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
)
def tax_id_is_not_nine_digits(context: ScrubContext) -> Hits:
    return hits(~holds(context.claims["billing_tax_id"], _is_nine_digits), context.claims["billing_tax_id"])


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
)
def billing_zip_is_not_nine_digits(context: ScrubContext) -> Hits:
    return hits(~holds(context.claims["billing_postal_code"], _is_nine_digits), context.claims["billing_postal_code"])


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
)
def facility_zip_is_not_nine_digits(context: ScrubContext) -> Hits:
    has_facility = ~context.is_blank("facility_name") | ~context.is_blank("facility_address_1")
    wrong = ~holds(context.claims["facility_postal_code"], _is_nine_digits)
    return hits(has_facility & wrong, context.claims["facility_postal_code"])
