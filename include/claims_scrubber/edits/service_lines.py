"""What was done, where, when and for how much: lines, charges, units, place and date of service."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, Mask, ScrubContext, hits, is_missing, per_claim
from include.claims_scrubber.place_of_service import PLACE_OF_SERVICE_CODES

_GUIDE = "837P implementation guide 005010X222A1 (general knowledge, not re-read)"
_CHARGE = "Stedi changelog, claim edits for zero and negative charges: stedi.com/changelog; TherapyNotes, errors page"
_PLACE = "CMS, Place of Service Code Set (X12 code source 237); TherapyNotes, errors page"
_FORM = "NUCC, 1500 Claim Form Reference Instruction Manual, items 24 and 28"
#: Seven digits of dollars and two of cents: item 28 of the paper form, and no session costs as much.
_CENTS_LIMIT = 999_999_999
#: Three digits: item 24G of the paper form.
_UNIT_LIMIT = 999
_LINE_LIMIT = 50
_PAPER_LINE_LIMIT = 6
_APPOINTMENT_PLACE = ("practice.appointment.place_of_service_code", "practice.location.place_of_service_code")


def _as_dollars(cents: pd.Series) -> pd.Series:
    """Cents as text in dollars ("-5.00"), each distinct amount put into words once."""
    return cents.map({amount: f"{Decimal(int(amount)) / 100:.2f}" for amount in cents.dropna().unique()})


def _dollar_hits(mask: Mask, cents: pd.Series) -> Hits:
    found = hits(mask)
    return Hits(found.positions, _as_dollars(cents.iloc[found.positions]).reset_index(drop=True).astype("str"))


def _is_at_most(column: pd.Series, limit: int) -> Mask:
    """Present and not above `limit`."""
    return (column <= limit).fillna(False).to_numpy(dtype="bool")


def _is_unlisted_place(text: str) -> int:
    return int(bool(text.strip()) and text not in PLACE_OF_SERVICE_CODES)


def _is_above(column: pd.Series, limit: int) -> Mask:
    """Present and above `limit`."""
    return (column > limit).fillna(False).to_numpy(dtype="bool")


@edit(
    "LIN01",
    number=36,
    grain="claim",
    message="The claim has no service line.",
    fix_location="Appointment › Services, then void the invoice so that it is made anew",
    fix_columns=("practice.appointment_service.service_type_id",),
    loop_segment="2400 LX",
    source=_GUIDE,
    is_overridable=False,
)
def claim_has_no_line(context: ScrubContext) -> Hits:
    return hits(context.line_count == 0)


@edit(
    "CHG01",
    number=35,
    grain="line",
    message="Line {line_number}: the charge is missing or below zero.",
    fix_location="Practice › Service types › Rates, then void the invoice so that it is made anew",
    fix_columns=("practice.fee.rate_amount", "billing.invoice_line.charge_amount"),
    loop_segment="2400 SV102",
    source=_CHARGE,
    is_overridable=False,
)
def charge_is_missing(context: ScrubContext) -> Hits:
    charge = context.lines["charge_cents"]
    return _dollar_hits(is_missing(charge) | _is_at_most(charge, -1), charge)


@edit(
    "CHG02",
    number=35,
    grain="line",
    message="Line {line_number}: the charge is zero.",
    fix_location="Practice › Service types › Rates, then void the invoice so that it is made anew",
    fix_columns=("practice.fee.rate_amount", "billing.invoice_line.charge_amount"),
    loop_segment="2400 SV102",
    source=_CHARGE,
    # X12 can say zero, and a few payers take lines that only report something.
    is_overridable=True,
)
def charge_is_zero(context: ScrubContext) -> Hits:
    charge = context.lines["charge_cents"]
    return _dollar_hits(_is_at_most(charge, 0) & ~_is_at_most(charge, -1), charge)


@edit(
    "CHG03",
    number=36,
    grain="claim",
    message="The charges of the lines do not add up to the claim's total.",
    fix_location="Invoice › void it so that it is made anew",
    fix_columns=("billing.claim.total_amount", "billing.invoice_line.charge_amount"),
    loop_segment="2300 CLM02, sum of 2400 SV102",
    source=_GUIDE,
    is_overridable=False,
)
def total_is_not_the_sum(context: ScrubContext) -> Hits:
    charge = context.lines["charge_cents"]
    absent = is_missing(charge)
    cents = charge.to_numpy(dtype="int64", na_value=0)
    sums = per_claim(np.add, context.claim_of_line, cents, len(context.claims), 0)
    total = context.claims["total_charge_cents"]
    # Without lines, or with a line that has no charge, there is no sum to compare: that is a finding of its own.
    comparable = (context.line_count > 0) & ~context.any_line(absent)
    differs = is_missing(total) | (total.to_numpy(dtype="int64", na_value=0) != sums)
    return _dollar_hits(comparable & differs, total)


@edit(
    "UNI01",
    number=37,
    grain="line",
    message="Line {line_number}: the units are missing, zero or below.",
    fix_location="Appointment › Services › Units, then void the invoice so that it is made anew",
    fix_columns=("practice.appointment_service.unit_count",),
    loop_segment="2400 SV104",
    source=_GUIDE,
    is_overridable=False,
)
def units_are_missing(context: ScrubContext) -> Hits:
    units = context.lines["unit_count"]
    return hits(is_missing(units) | _is_at_most(units, 0), units)


@edit(
    "POS01",
    number=38,
    grain="claim",
    message="The claim's place of service is missing or is not a code of the CMS place of service list.",
    fix_location="Appointment › Place of service, or Practice › Locations › Place of service",
    fix_columns=_APPOINTMENT_PLACE,
    loop_segment="2300 CLM05-1",
    source=_PLACE,
    is_overridable=False,
)
def place_of_service_is_missing(context: ScrubContext) -> Hits:
    place = context.claims["place_of_service_code"]
    unlisted = context.marks("place_of_service_code", _is_unlisted_place) != 0
    return hits(context.is_blank("place_of_service_code") | unlisted, place)


@edit(
    "POS02",
    number=38,
    grain="line",
    message="Line {line_number}: the place of service is not a code of the CMS place of service list.",
    fix_location="Appointment › Place of service, or Practice › Locations › Place of service",
    fix_columns=_APPOINTMENT_PLACE,
    loop_segment="2400 SV105",
    source=_PLACE,
    is_overridable=False,
)
def line_place_of_service_is_unlisted(context: ScrubContext) -> Hits:
    # A line without one takes the claim's (SV105 is left out).
    unlisted = context.line_columns.marks("place_of_service_code", _is_unlisted_place) != 0
    return hits(unlisted, context.lines["place_of_service_code"])


@edit(
    "DOS01",
    number=46,
    grain="line",
    message="Line {line_number}: the date of service is missing or in the future.",
    fix_location="Appointment › Date",
    fix_columns=("practice.appointment.starts_at",),
    loop_segment="2400 DTP*472",
    source='Ensora Health, "Common Rejection Reasons & Fixes" (2059): experience.ensorahealth.com',
    is_overridable=False,
)
def service_date_is_in_the_future(context: ScrubContext) -> Hits:
    service_on = context.lines["service_on"]
    future = (service_on > pd.Timestamp(context.as_of_on)).to_numpy(dtype="bool")
    return hits(future | is_missing(service_on), service_on)


@edit(
    "LIN02",
    number=93,
    grain="claim",
    message="The claim has more than fifty service lines, which no claim file takes.",
    fix_location="Appointment › Services, then void the invoice so that it is made anew and split",
    fix_columns=("practice.appointment_service.line_number",),
    loop_segment="2400 LX",
    source="837P implementation guide 005010X222A1: loop 2400 repeats fifty times (as its pyx12 map states it)",
    is_overridable=False,
    rejection_codes=("A7:481",),
)
def claim_has_too_many_lines(context: ScrubContext) -> Hits:
    return hits(context.line_count > _LINE_LIMIT)


@edit(
    "LIN03",
    number=41,
    grain="claim",
    message="The claim has more than six service lines; an insurer that works from the paper form will split it.",
    fix_location="Appointment › Services",
    fix_columns=("practice.appointment_service.line_number",),
    loop_segment="2400 LX",
    source="SimplePractice, Creating batch claims: support.simplepractice.com/hc/en-us/articles/115000841306",
    is_overridable=True,
    default_severity="warning",
)
def claim_has_more_lines_than_the_form(context: ScrubContext) -> Hits:
    return hits((context.line_count > _PAPER_LINE_LIMIT) & (context.line_count <= _LINE_LIMIT))


@edit(
    "CHG04",
    number=92,
    grain="line",
    message="Line {line_number}: the charge is above 9,999,999.99 dollars.",
    fix_location="Practice › Service types › Rates, then void the invoice so that it is made anew",
    fix_columns=("practice.fee.rate_amount", "billing.invoice_line.charge_amount"),
    loop_segment="2400 SV102",
    source=_FORM,
    is_overridable=False,
    rejection_codes=("A7:178",),
)
def charge_is_too_large(context: ScrubContext) -> Hits:
    charge = context.lines["charge_cents"]
    return _dollar_hits(_is_above(charge, _CENTS_LIMIT), charge)


@edit(
    "CHG05",
    number=92,
    grain="claim",
    message="The claim's total is above 9,999,999.99 dollars.",
    fix_location="Practice › Service types › Rates, then void the invoice so that it is made anew",
    fix_columns=("practice.fee.rate_amount", "billing.claim.total_amount"),
    loop_segment="2300 CLM02",
    source=_FORM,
    is_overridable=False,
    rejection_codes=("A7:178",),
)
def total_is_too_large(context: ScrubContext) -> Hits:
    total = context.claims["total_charge_cents"]
    return _dollar_hits(_is_above(total, _CENTS_LIMIT), total)


@edit(
    "UNI02",
    number=90,
    grain="line",
    message="Line {line_number}: the units are more than 999.",
    fix_location="Appointment › Services › Units, then void the invoice so that it is made anew",
    fix_columns=("practice.appointment_service.unit_count",),
    loop_segment="2400 SV104",
    source=_FORM,
    is_overridable=False,
    rejection_codes=("A7:476",),
)
def units_are_too_many(context: ScrubContext) -> Hits:
    units = context.lines["unit_count"]
    return hits(_is_above(units, _UNIT_LIMIT), units)
