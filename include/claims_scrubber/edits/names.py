"""What names and addresses of clients and policy holders are made of: characters, placeholders, lengths."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, Mask, ScrubContext
from include.claims_scrubber.text_columns import TextColumns
from include.claims_scrubber.text_faults import (
    OVER,
    PLACEHOLDER,
    TEST_NAME,
    UNCARRIABLE,
    UNUSUAL,
    city_faults,
    name_faults,
    named_parts,
    of_holders,
    street_faults,
)

_CLIENT = "Client › Profile"
_HOLDER = "Client › Insurance › Policy holder"
_CHARACTERS = "Availity, Payer specific edits (2011): studylib.net/doc/18048945"
_CHARSET = "X12.5 basic character set; 837P implementation guide 005010X222A1 (general knowledge, not re-read)"
_LENGTH = (
    "Stedi changelog, claim edit for field values longer than the maximum length: "
    "stedi.com/changelog/claim-edit-field-values-longer-than-maximum-length; element lengths of 005010X222A1"
)
_REAL_NAME = "Ensora Health, Common Rejection Reasons & Fixes (2059), subscriber not found: experience.ensorahealth.com"

#: Word, column, what looks at it, and how long it may be.
_PARTS: Mapping[str, tuple[str, Callable[[str], int], int]] = {
    "last name": ("last_name", name_faults, 60),
    "first name": ("first_name", name_faults, 35),
    "middle name": ("middle_name", name_faults, 25),
    "street": ("address_1", street_faults, 55),
    "second address line": ("address_2", street_faults, 55),
    "city": ("city", city_faults, 30),
}
_CLIENT_COLUMNS = tuple(f"practice.client.{column}" for column, _, _ in _PARTS.values())
_HOLDER_COLUMNS = tuple(f"practice.policy.subscriber_{column}" for column, _, _ in _PARTS.values())
_NAMES = ("last name", "first name")


def _name_parts(columns: TextColumns, prefix: str, fault: int, words: tuple[str, ...] = _NAMES) -> Hits:
    """Rows where a name has `fault`. One that a file cannot carry has an edit of its own."""
    masks = {}
    for word in words:
        column = prefix + _PARTS[word][0]
        masks[word] = columns.has(column, name_faults, fault) & ~columns.has(column, name_faults, UNCARRIABLE)
    return named_parts(masks)


def _parts_with(context: ScrubContext, fault_of: Callable[[int], int]) -> Hits:
    """Claims where a part of the client's or policy holder's name or address has the fault that `fault_of` gives for
    the length of its element."""
    masks: dict[str, Mask] = {}
    for word, (column, classify, length) in _PARTS.items():
        masks[f"client's {word}"] = context.has("patient_" + column, classify, fault_of(length))
    for word, (column, classify, length) in _PARTS.items():
        mask = np.zeros(len(context.claims), dtype=np.bool_)
        mask[context.holder_positions] = context.holder_columns.has("subscriber_" + column, classify, fault_of(length))
        masks[f"policy holder's {word}"] = mask
    return named_parts(masks)


@edit(
    "NAM03",
    number=2,
    grain="claim",
    default_severity="warning",
    message=(
        "The client's name has digits or signs that some insurers refuse; use letters, spaces, hyphens and "
        "apostrophes, as on the insurance card."
    ),
    fix_location=f"{_CLIENT} › Name",
    fix_columns=("practice.client.last_name", "practice.client.first_name", "practice.client.middle_name"),
    loop_segment="2010BA or 2010CA NM103, NM104, NM105",
    source=_CHARACTERS,
    is_overridable=True,
    rejection_codes=("A7:125:QC", "A7:504:QC", "A7:505:QC"),
)
def client_name_has_unusual_characters(context: ScrubContext) -> Hits:
    return _name_parts(context.columns, "patient_", UNUSUAL, (*_NAMES, "middle name"))


@edit(
    "NAM04",
    number=2,
    grain="claim",
    default_severity="warning",
    message=(
        "The policy holder's name has digits or signs that some insurers refuse; use letters, spaces, hyphens and "
        "apostrophes, as on the insurance card."
    ),
    fix_location=f"{_HOLDER} › Name",
    fix_columns=_HOLDER_COLUMNS[:3],
    loop_segment="2010BA NM103, NM104, NM105",
    source=_CHARACTERS,
    is_overridable=True,
    rejection_codes=("A7:125:IL", "A7:504:IL", "A7:505:IL"),
)
def policy_holder_name_has_unusual_characters(context: ScrubContext) -> Hits:
    return of_holders(context, _name_parts(context.holder_columns, "subscriber_", UNUSUAL, (*_NAMES, "middle name")))


@edit(
    "NAM05",
    number=65,
    grain="claim",
    message="The client's name is a placeholder (UNKNOWN, N/A, TEST PATIENT or the like), not a name.",
    fix_location=f"{_CLIENT} › Name",
    fix_columns=("practice.client.last_name", "practice.client.first_name"),
    loop_segment="2010BA or 2010CA NM103, NM104",
    source=_REAL_NAME,
    is_overridable=True,
    rejection_codes=("A7:125:QC", "A7:504:QC", "A7:505:QC"),
)
def client_name_is_a_placeholder(context: ScrubContext) -> Hits:
    return _name_parts(context.columns, "patient_", PLACEHOLDER)


@edit(
    "NAM06",
    number=65,
    grain="claim",
    message="The policy holder's name is a placeholder (UNKNOWN, N/A, TEST PATIENT or the like), not a name.",
    fix_location=f"{_HOLDER} › Name",
    fix_columns=_HOLDER_COLUMNS[:2],
    loop_segment="2010BA NM103, NM104",
    source=_REAL_NAME,
    is_overridable=True,
    rejection_codes=("A7:125:IL", "A7:504:IL", "A7:505:IL"),
)
def policy_holder_name_is_a_placeholder(context: ScrubContext) -> Hits:
    return of_holders(context, _name_parts(context.holder_columns, "subscriber_", PLACEHOLDER))


@edit(
    "NAM07",
    number=65,
    grain="claim",
    # There are people of this name.
    default_severity="warning",
    message="The client's last or first name is Test; make sure that this is a person and not a trial entry.",
    fix_location=f"{_CLIENT} › Name",
    fix_columns=("practice.client.last_name", "practice.client.first_name"),
    loop_segment="2010BA or 2010CA NM103, NM104",
    source=_REAL_NAME,
    is_overridable=True,
)
def client_is_called_test(context: ScrubContext) -> Hits:
    return _name_parts(context.columns, "patient_", TEST_NAME)


@edit(
    "CHR01",
    number=66,
    grain="claim",
    message=(
        "A name or address of the client or policy holder has a character that a claim file cannot carry "
        "(such as * : ^ ~ @ or a letter of another script)."
    ),
    fix_location=f"{_CLIENT} › Name and address, or {_HOLDER}",
    fix_columns=(*_CLIENT_COLUMNS, *_HOLDER_COLUMNS),
    loop_segment="2010BA, 2010CA NM1, N3, N4",
    source=_CHARSET,
    is_overridable=False,
    rejection_codes=("A7:125:QC", "A7:126:QC", "A7:125:IL", "A7:126:IL"),
)
def person_cannot_be_carried(context: ScrubContext) -> Hits:
    return _parts_with(context, lambda length: UNCARRIABLE)


@edit(
    "LEN01",
    number=66,
    grain="claim",
    message="A name or address of the client or policy holder is longer than a claim can carry.",
    fix_location=f"{_CLIENT} › Name and address, or {_HOLDER}",
    fix_columns=(*_CLIENT_COLUMNS, *_HOLDER_COLUMNS),
    loop_segment="2010BA, 2010CA NM103 (60), NM104 (35), NM105 (25), N301, N302 (55), N401 (30)",
    source=_LENGTH,
    is_overridable=False,
    rejection_codes=("A7:125:QC", "A7:126:QC", "A7:125:IL", "A7:126:IL"),
)
def person_is_too_long(context: ScrubContext) -> Hits:
    return _parts_with(context, OVER.__getitem__)
