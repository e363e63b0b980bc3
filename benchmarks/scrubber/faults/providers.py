"""Faults of the numbers, codes and addresses of providers."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from benchmarks.scrubber.mutation import (
    E2E,
    GENERAL,
    PRIME,
    STEDI,
    X12,
    Change,
    Mutation,
    edit,
    has,
    has_other_site,
    is_group,
    is_solo,
    put,
    put_patient,
)
from benchmarks.scrubber.one_claim import OneClaim
from benchmarks.scrubber.practices import check_digit

_CHECK_DIGIT = "CMS, Requirements for National Provider Identifier (NPI) and NPI Check Digit"
_INVALID_NPI = f"{STEDI}claim-edit-invalid-npi"
_SSN = f"{STEDI}new-claim-edit-invalid-social-security-number"
_BOX = f"{STEDI}new-claim-edit-invalid-billing-provider-address"
_COUNTRY = f"{STEDI}claim-edit-missing-country-code-for-non-us-addresses"


def _wrong_digit(npi: str) -> str:
    return npi[:-1] + str((int(npi[-1]) + 1) % 10)


def _swapped(npi: str) -> str:
    """Two neighbours swapped so that the check digit no longer fits (0 and 9 side by side would pass)."""
    for place in range(1, 9):
        left, right = npi[place], npi[place + 1]
        if left != right and {left, right} != {"0", "9"}:
            return npi[:place] + right + left + npi[place + 2 :]
    return _wrong_digit(npi)


def _billing_npi(function: Any) -> Change:
    """Changes the billing NPI, and the rendering one with it where a person bills alone."""

    def change(claim: OneClaim) -> None:
        own = claim.claim["rendering_npi"] == claim.claim["billing_npi"]
        claim.claim["billing_npi"] = function(claim.claim["billing_npi"])
        if own:
            claim.claim["rendering_npi"] = claim.claim["billing_npi"]

    return change


_number = partial(Mutation, group="provider numbers", stage="rejected")
NUMBERS: Final = (
    _number("billing_npi_check_digit", description="billing NPI whose check digit does not fit", source=_INVALID_NPI,
            change=_billing_npi(_wrong_digit)),
    _number("billing_npi_swapped_digits", description="two digits of the billing NPI swapped", source=_CHECK_DIGIT,
            change=_billing_npi(_swapped)),
    _number("billing_npi_nine_digits", description="billing NPI of nine digits", source=_INVALID_NPI,
            change=_billing_npi(lambda npi: npi[:9])),
    _number("billing_npi_eleven_digits", description="billing NPI of eleven digits", source=_INVALID_NPI,
            change=_billing_npi(lambda npi: npi + "0")),
    _number("billing_npi_letter", description="letter O in the billing NPI", source=_INVALID_NPI,
            change=_billing_npi(lambda npi: npi[:4] + "O" + npi[5:])),
    _number("billing_npi_first_digit",
            description="NPI that begins with 7, with a fitting check digit; NPIs begin with 1 or 2",
            source=_CHECK_DIGIT, change=_billing_npi(lambda npi: "7" + npi[1:9] + check_digit("7" + npi[1:9]))),
    _number("billing_npi_zeros", description="billing NPI of zeros", source=_INVALID_NPI,
            change=_billing_npi(lambda _: "0000000000")),
    _number("rendering_npi_check_digit", description="rendering NPI whose check digit does not fit",
            source=_INVALID_NPI,
            change=edit("rendering_npi", _wrong_digit), needs=is_group),
    _number("rendering_npi_short", description="rendering NPI of nine digits", source=_INVALID_NPI,
            change=edit("rendering_npi", lambda npi: npi[1:]), needs=is_group),
    _number("supervising_npi_check_digit", description="supervisor's NPI whose check digit does not fit",
            source=_INVALID_NPI, change=edit("supervising_npi", _wrong_digit), needs=has("supervising_npi")),
    _number("referring_npi_check_digit", description="referring NPI whose check digit does not fit",
            source=_INVALID_NPI,
            change=edit("referring_npi", _wrong_digit), needs=has("referring_npi")),
    _number("facility_npi_check_digit", description="service facility's NPI whose check digit does not fit",
            source=_INVALID_NPI, change=edit("facility_npi", _wrong_digit), needs=has("facility_npi")),
    _number("supervisor_is_rendering", description="supervising and rendering provider are the same person",
            source=f"{STEDI}claim-edit-supervising-provider-matches-the-rendering-provider",
            change=lambda claim: claim.claim.update(
                {f"supervising_{name}": claim.claim[f"rendering_{name}"] for name in ("last_name", "first_name", "npi")}
            ), needs=has("supervising_npi")),
    _number("clinician_npi_bills_for_group", description="an organization bills with the personal NPI of its clinician",
            source=_CHECK_DIGIT + "; type 1 and type 2 NPIs",
            change=lambda claim: claim.claim.update(billing_npi=claim.claim["rendering_npi"]), needs=is_group),
    _number("tax_id_eight_digits", description="EIN of eight digits", source=GENERAL,
            change=put(billing_tax_id="84123456", billing_tax_id_type="EI"), needs=is_group),
    _number("tax_id_ten_digits", description="EIN of ten digits", source=GENERAL,
            change=put(billing_tax_id="8412345678", billing_tax_id_type="EI"), needs=is_group),
    _number("tax_id_letters", description="EIN with a letter", source=GENERAL,
            change=put(billing_tax_id="84-12E4567", billing_tax_id_type="EI"), needs=is_group),
    _number("tax_id_zeros", description="EIN of zeros", source=GENERAL,
            change=put(billing_tax_id="000000000", billing_tax_id_type="EI"), needs=is_group),
    _number("ssn_eight_digits", description="social security number of eight digits", source=_SSN,
            change=put(billing_tax_id="77312345", billing_tax_id_type="SY"), needs=is_solo),
    _number("ssn_area_zero", description="social security number that begins with 000, which is never given",
            source="Social Security Administration, invalid SSNs (area 000, 666, 9xx)",
            change=put(billing_tax_id="000123456", billing_tax_id_type="SY"), needs=is_solo),
    _number("billing_taxonomy_short", description="taxonomy code of nine characters",
            source=f"{STEDI}claim-edit-invalid-taxonomy-code", change=put(billing_taxonomy_code="261QM080X")),
    _number("billing_taxonomy_unknown", source=f"{STEDI}claim-edit-taxonomy-code-not-in-the-nucc-code-set",
            description="taxonomy code of the right form that is not in the NUCC list (reference table taxonomy)",
            change=put(billing_taxonomy_code="999QM0801X")),
    _number("rendering_taxonomy_no_x", description="taxonomy code of the clinician that does not end in X",
            source=f"{STEDI}claim-edit-invalid-taxonomy-code", change=put(rendering_taxonomy_code="1041C07000"),
            needs=is_group),
    _number("rendering_taxonomy_unknown", source=f"{STEDI}claim-edit-taxonomy-code-not-in-the-nucc-code-set",
            description="clinician's taxonomy code that is not in the NUCC list (reference table taxonomy)",
            change=put(rendering_taxonomy_code="101ZZ0000X"), needs=is_group),
)  # fmt: skip

_address = partial(Mutation, group="addresses", stage="rejected")


def _other_state_zip(prefix: str) -> Change:
    def change(claim: OneClaim) -> None:
        far = "10001" if claim.claim[f"{prefix}_state_code"] not in ("NY", "NJ", "CT") else "94105"
        value = far if prefix == "patient" else f"{far}1234"
        (put_patient(postal_code=value) if prefix == "patient" else put(**{f"{prefix}_postal_code": value}))(claim)

    return change


ADDRESSES: Final = (
    _address("billing_po_box", description="billing address is a post office box", source=_BOX,
             change=put(billing_address_1="PO Box 417")),
    _address("billing_po_box_dotted", description="billing address is a post office box, written P.O. Box", source=_BOX,
             change=put(billing_address_1="P.O. Box 417")),
    _address("billing_post_office_box", description="billing address is a post office box, written out", source=_BOX,
             change=put(billing_address_1="Post Office Box 417")),
    _address("billing_lock_box", description="billing address is a lockbox", source=_BOX,
             change=put(billing_address_1="Lockbox 88210")),
    _address("billing_po_box_second_line", description="post office box on the second line of the billing address",
             source=_BOX, change=put(billing_address_2="P O Box 417")),
    _address("billing_zip_five_digits", description="billing ZIP code without the four-digit extension", source=E2E,
             change=edit("billing_postal_code", lambda value: value[:5])),
    _address("facility_zip_five_digits", description="service facility's ZIP code without the extension", source=PRIME,
             change=edit("facility_postal_code", lambda value: value[:5]), needs=has_other_site),
    _address("billing_zip_eight_digits", description="billing ZIP code of eight digits", source=PRIME,
             change=edit("billing_postal_code", lambda value: value.replace("-", "")[:8])),
    _address("billing_zip_zeros", description="billing ZIP code of zeros", source=GENERAL,
             change=put(billing_postal_code="000000000")),
    _address("patient_zip_four_digits", description="patient's ZIP code of four digits: the leading zero was lost",
             source=GENERAL, change=put_patient(state_code="NJ", city="Camden", postal_code="8102")),
    _address("patient_zip_letters", description="Canadian postal code without a country", source=_COUNTRY,
             change=put_patient(postal_code="K1A 0B1")),
    _address("patient_state_unknown", description="state code that does not exist", source=_COUNTRY,
             change=put_patient(state_code="XX")),
    _address("patient_province", description="Canadian province as state, without a country", source=_COUNTRY,
             change=put_patient(state_code="ON")),
    _address("billing_state_unknown", description="billing state code that does not exist", source=_COUNTRY,
             change=put(billing_state_code="QQ")),
    _address("facility_state_unknown", description="service facility in a state that does not exist", source=_COUNTRY,
             change=put(facility_state_code="ZX"), needs=has_other_site),
    _address("patient_zip_of_other_state", description="patient's ZIP code belongs to another state", source=GENERAL,
             change=_other_state_zip("patient")),
    _address("billing_zip_of_other_state", description="billing ZIP code belongs to another state", source=GENERAL,
             change=_other_state_zip("billing")),
    _address("facility_zip_of_other_state", description="service facility's ZIP code belongs to another state",
             source=GENERAL, change=_other_state_zip("facility"), needs=has_other_site),
    _address("patient_state_name", description="state name instead of its code", source=X12, stage="syntax",
             change=put_patient(state_code="Ohio")),
)  # fmt: skip

PROVIDERS: Final = (*NUMBERS, *ADDRESSES)
