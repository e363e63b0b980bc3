"""Where a biller corrects what the validator refused: from the column or loop that its reason names.

A reason is "column: what is wrong" (the text cannot be written) or "loop/segment: what is wrong" (the finished file is
not accepted), as `include.clearinghouse.isolation` gives them.

Source of the loops: 005010X222A1.
"""

from __future__ import annotations

import re
from typing import Final

from include.clearinghouse.answer_codes import ANYWHERE

_PROFILE: Final = "Client › Profile"
_INSURANCE: Final = "Client › Insurance"
_HOLDER: Final = f"{_PROFILE}, or {_INSURANCE} › Policy holder"
_DIAGNOSES: Final = "Client › Diagnoses"
_AUTHORIZATIONS: Final = "Client › Authorizations"
_BILLING_PROVIDERS: Final = "Practice › Billing providers"
_STAFF: Final = "Practice › Staff"
_LOCATIONS: Final = "Practice › Locations"
_INSURERS: Final = "Practice › Insurers"
_SERVICES: Final = "Appointment › Services, then void the invoice so that it is made anew"
_PLACE_OF_SERVICE: Final = "Appointment › Place of service, or Practice › Locations › Place of service"

#: Beginning of a column of the claim frames -> place; the first that fits.
_BY_COLUMN: Final = {
    "place_of_service": _PLACE_OF_SERVICE,
    "patient_": _PROFILE,
    # Of a client who is the policy holder these are the client's own.
    "subscriber_": _HOLDER,
    "billing_": _BILLING_PROVIDERS,
    "pay_to_": _BILLING_PROVIDERS,
    "rendering_": _STAFF,
    "supervising_": _STAFF,
    "facility_": _LOCATIONS,
    "payer_name": _INSURERS,
    "payer_code": _INSURERS,
    "claim_filing_code": _INSURERS,
    "member_id": _INSURANCE,
    "group_number": _INSURANCE,
    "relationship": _INSURANCE,
    "authorization_": _AUTHORIZATIONS,
    "diagnosis_": _DIAGNOSES,
    "procedure_code": _SERVICES,
    "modifier_": _SERVICES,
}

#: Loop, or loop and segment, -> place; the longer one first.
_BY_LOOP: Final = {
    "2000A": _BILLING_PROVIDERS,
    "2010AA": _BILLING_PROVIDERS,
    "2010AB": _BILLING_PROVIDERS,
    "2000B": _INSURANCE,
    "2010BA": _HOLDER,
    "2010BB": _INSURERS,
    "2000C": _INSURANCE,
    "2010CA": _PROFILE,
    "2300/HI": _DIAGNOSES,
    "2310B": _STAFF,
    "2310C": _LOCATIONS,
    "2310D": _STAFF,
    "2320": _INSURANCE,
    "2330A": _INSURANCE,
    "2330B": _INSURERS,
    "2400": _SERVICES,
    "2420A": _STAFF,
}

_COLUMN: Final = re.compile(r"[a-z][a-z_0-9]+(?=: )")
_LOOP: Final = re.compile(r"\b(2[0-9]{3}[A-Z]{0,2})\b(?:/([A-Z][A-Z0-9]{1,2}))?")
#: What is missing is noticed at the segment after the gap, so its own loop counts more than the place.
_MISSING_LOOP: Final = re.compile(r"loop .*\((2[0-9]{3}[A-Z]{0,2})\) is missing")


def fix_place(reason: str | None) -> str:
    """The place for the validator's reason, in a biller's words; `ANYWHERE` when it names no column or loop we know."""
    text = reason or ""
    column = _COLUMN.match(text)
    if column:
        return next((place for start, place in _BY_COLUMN.items() if column[0].startswith(start)), ANYWHERE)
    missing = _MISSING_LOOP.search(text)
    if missing:
        return _BY_LOOP.get(missing[1], ANYWHERE)
    loop = _LOOP.match(text)
    if loop is None:
        return ANYWHERE
    # Segments have two or three characters; what follows is the number of the element.
    segment = loop[2] or ""
    for key in (f"{loop[1]}/{segment}", f"{loop[1]}/{segment[:2]}", loop[1]):
        if key in _BY_LOOP:
            return _BY_LOOP[key]
    return ANYWHERE
