"""Who the client and the policy holder are: names, birth dates, sex, addresses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, Mask, ScrubContext, hits, is_missing
from include.claims_scrubber.text_columns import TextColumns
from include.claims_scrubber.text_faults import holder_hits, named_parts, of_holders

_GUIDE = "837P implementation guide 005010X222A1 (general knowledge, not re-read)"
_NAMES = "SimplePractice, Filing primary claims: support.simplepractice.com/hc/en-us/articles/360045195192; " + _GUIDE
_BIRTH = "Stedi changelog, claim edit for an invalid date of birth: stedi.com/changelog; " + _GUIDE
_SEX = 'Ensora Health, "Billing setup" (2119): experience.ensorahealth.com/get-started-130; ' + _GUIDE
_ADDRESS = "practiceadmin, Claim scrubbing errors: support.practiceadmin.com; " + _GUIDE

_CLIENT = "Client › Profile"
_HOLDER = "Client › Insurance › Policy holder"
_ADDRESS_PARTS = {"street": "address_1", "city": "city", "state": "state_code", "ZIP code": "postal_code"}
_NAME_PARTS = {"last name": "last_name", "first name": "first_name"}
_SEX_CODES = frozenset({"F", "M", "U"})
_AGE_LIMIT = 150


def _missing_parts(columns: TextColumns, parts: Mapping[str, str], prefix: str) -> Hits:
    """Rows where a part is blank; the value lists the blank parts ("city, ZIP code")."""
    return named_parts({word: columns.is_blank(prefix + column) for word, column in parts.items()})


def _is_impossible_birth(context: ScrubContext, column: str) -> Mask:
    """After the night, or so early that the person is 150 or older on it. A missing date is neither."""
    born = context.claims[column]
    night = context.as_of_on
    # Whoever was born on this day or before it has reached the age; 29 February counts as the 28th.
    day = 28 if (night.month, night.day) == (2, 29) else night.day
    latest = date(night.year - _AGE_LIMIT, night.month, day)
    return ((born > pd.Timestamp(night)) | (born <= pd.Timestamp(latest))).to_numpy(dtype="bool")


def _is_sex_code(text: str) -> int:
    return int(text in _SEX_CODES)


@edit(
    "NAM01",
    number=1,
    grain="claim",
    message="The client's first or last name is missing.",
    fix_location=f"{_CLIENT} › Name",
    fix_columns=("practice.client.last_name", "practice.client.first_name"),
    loop_segment="2010BA or 2010CA NM103, NM104",
    source=_NAMES,
    is_overridable=False,
    rejection_codes=("A6:504:QC", "A6:505:QC"),
)
def client_name_is_missing(context: ScrubContext) -> Hits:
    return _missing_parts(context.columns, _NAME_PARTS, "patient_")


@edit(
    "NAM02",
    number=1,
    grain="claim",
    message="The client is not the policy holder, and the policy holder's first or last name is missing.",
    fix_location=f"{_HOLDER} › Name",
    fix_columns=("practice.policy.subscriber_last_name", "practice.policy.subscriber_first_name"),
    loop_segment="2010BA NM103, NM104",
    source=_NAMES,
    is_overridable=False,
    rejection_codes=("A6:504:IL", "A6:505:IL"),
)
def policy_holder_name_is_missing(context: ScrubContext) -> Hits:
    return of_holders(context, _missing_parts(context.holder_columns, _NAME_PARTS, "subscriber_"))


@edit(
    "DOB01",
    number=3,
    grain="claim",
    message="The client's date of birth is missing.",
    fix_location=f"{_CLIENT} › Date of birth",
    fix_columns=("practice.client.birth_on",),
    loop_segment="2010BA or 2010CA DMG02",
    source=_BIRTH,
    is_overridable=False,
    rejection_codes=("A6:158:QC",),
)
def client_birth_date_is_missing(context: ScrubContext) -> Hits:
    return hits(is_missing(context.claims["patient_birth_on"]))


@edit(
    "DOB02",
    number=3,
    grain="claim",
    message="The client's date of birth is in the future or gives an age of 150 or more.",
    fix_location=f"{_CLIENT} › Date of birth",
    fix_columns=("practice.client.birth_on",),
    loop_segment="2010BA or 2010CA DMG02",
    source=_BIRTH,
    is_overridable=False,
    rejection_codes=("A7:158:QC",),
)
def client_birth_date_is_impossible(context: ScrubContext) -> Hits:
    return hits(_is_impossible_birth(context, "patient_birth_on"), context.claims["patient_birth_on"])


@edit(
    "DOB03",
    number=3,
    grain="claim",
    message="The client is not the policy holder, and the policy holder's date of birth is missing.",
    fix_location=f"{_HOLDER} › Date of birth",
    fix_columns=("practice.policy.subscriber_birth_on",),
    loop_segment="2010BA DMG02",
    source=_BIRTH,
    is_overridable=False,
    rejection_codes=("A6:158:IL",),
)
def policy_holder_birth_date_is_missing(context: ScrubContext) -> Hits:
    return hits(context.has_other_subscriber & is_missing(context.claims["subscriber_birth_on"]))


@edit(
    "DOB04",
    number=3,
    grain="claim",
    message="The policy holder's date of birth is in the future or gives an age of 150 or more.",
    fix_location=f"{_HOLDER} › Date of birth",
    fix_columns=("practice.policy.subscriber_birth_on",),
    loop_segment="2010BA DMG02",
    source=_BIRTH,
    is_overridable=False,
    rejection_codes=("A7:158:IL",),
)
def policy_holder_birth_date_is_impossible(context: ScrubContext) -> Hits:
    impossible = _is_impossible_birth(context, "subscriber_birth_on")
    return hits(context.has_other_subscriber & impossible, context.claims["subscriber_birth_on"])


@edit(
    "SEX01",
    number=4,
    grain="claim",
    message="The client's sex for insurance is missing or is not F, M or U; it must match the insurer's record.",
    fix_location=f"{_CLIENT} › Sex for insurance",
    fix_columns=("practice.client.sex",),
    loop_segment="2010BA or 2010CA DMG03",
    source=_SEX,
    is_overridable=False,
    rejection_codes=("A6:157:QC", "A7:157:QC"),
)
def client_sex_is_missing(context: ScrubContext) -> Hits:
    wrong = context.marks("patient_sex", _is_sex_code) == 0
    return hits(wrong, context.claims["patient_sex"])


@edit(
    "SEX02",
    number=4,
    grain="claim",
    message="The client is not the policy holder, and the policy holder's sex is missing or is not F, M or U.",
    fix_location=f"{_HOLDER} › Sex for insurance",
    fix_columns=("practice.policy.subscriber_sex",),
    loop_segment="2010BA DMG03",
    source=_SEX,
    is_overridable=False,
    rejection_codes=("A6:157:IL", "A7:157:IL"),
)
def policy_holder_sex_is_missing(context: ScrubContext) -> Hits:
    wrong = context.holder_columns.marks("subscriber_sex", _is_sex_code) == 0
    return holder_hits(context, wrong, "subscriber_sex")


@edit(
    "ADR01",
    number=5,
    grain="claim",
    message="The client's street, city, state or ZIP code is missing.",
    fix_location=f"{_CLIENT} › Address",
    fix_columns=tuple(f"practice.client.{column}" for column in _ADDRESS_PARTS.values()),
    loop_segment="2010BA or 2010CA N301, N401, N402, N403",
    source=_ADDRESS,
    is_overridable=False,
    rejection_codes=("A6:126:QC", "A6:500:QC", "A6:501:QC", "A6:502:QC", "A6:503:QC"),
)
def client_address_is_incomplete(context: ScrubContext) -> Hits:
    return _missing_parts(context.columns, _ADDRESS_PARTS, "patient_")


@edit(
    "ADR02",
    number=5,
    grain="claim",
    message="The client is not the policy holder, and the policy holder's street, city, state or ZIP code is missing.",
    fix_location=f"{_HOLDER} › Address",
    fix_columns=tuple(f"practice.policy.subscriber_{column}" for column in _ADDRESS_PARTS.values()),
    loop_segment="2010BA N301, N401, N402, N403",
    source=_ADDRESS,
    is_overridable=False,
    rejection_codes=("A6:126:IL", "A6:500:IL", "A6:501:IL", "A6:502:IL", "A6:503:IL"),
)
def policy_holder_address_is_incomplete(context: ScrubContext) -> Hits:
    return of_holders(context, _missing_parts(context.holder_columns, _ADDRESS_PARTS, "subscriber_"))
