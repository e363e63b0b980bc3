"""The client's other insurers as such: their ids, their policy holders, their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, ScrubContext, hits
from include.claims_scrubber.edits.coordination import claims_with, payer_keys, ranks_of
from include.claims_scrubber.text_faults import (
    MISSHAPEN,
    OVER,
    UNCARRIABLE,
    city_faults,
    identifier_faults,
    name_faults,
    named_parts,
    street_faults,
    title_faults,
    zip_faults,
)

_LEVEL = (
    "Stedi changelog, claim edit for duplicate payer responsibility level codes: "
    "stedi.com/changelog/new-claim-edit-duplicate-payer-responsibility-level-codes"
)
_OTHER = "InSync, Claim rejection errors (P0809): 5.insynchcs.com/Help/Source/HTML/claim_rejection_errors_and_res.htm"
_MEDICARE = "PracticeSuite, Common clearinghouse rejections (TPS), SBR09 both MB: academy.practicesuite.com"


_OTHER_INSURANCE = "Client › Insurance › the other policy"
_RELATIONSHIPS = ("self", "spouse", "child", "other")

#: Word, column, what looks at it, and how long it may be.
_PARTS: Mapping[str, tuple[str, Callable[[str], int], int]] = {
    "insurer's name": ("payer_name", title_faults, 60),
    "payer ID": ("payer_code", identifier_faults, 80),
    "member ID": ("member_id", identifier_faults, 80),
    "group number": ("group_number", identifier_faults, 50),
    "insurer's claim number": ("payer_claim_control_number", identifier_faults, 50),
    "policy holder's last name": ("subscriber_last_name", name_faults, 60),
    "policy holder's first name": ("subscriber_first_name", name_faults, 35),
    "policy holder's middle name": ("subscriber_middle_name", name_faults, 25),
    "policy holder's street": ("subscriber_address_1", street_faults, 55),
    "policy holder's second address line": ("subscriber_address_2", street_faults, 55),
    "policy holder's city": ("subscriber_city", city_faults, 30),
}
_PART_COLUMNS = (
    "practice.insurer.name",
    "practice.insurer.payer_code",
    "practice.policy.member_id",
    "practice.policy.group_number",
    "billing.claim.payer_claim_control_number",
    "practice.policy.subscriber_last_name",
    "practice.policy.subscriber_first_name",
    "practice.policy.subscriber_middle_name",
    "practice.policy.subscriber_address_1",
    "practice.policy.subscriber_address_2",
    "practice.policy.subscriber_city",
)


def _is_one_letter(text: str) -> int:
    return int(len(text.strip()) == 1)


def _is_no_state(text: str) -> int:
    state = text.strip()
    return int(bool(state) and not (len(state) == 2 and state.isascii() and state.isalpha()))


@edit(
    "COB07",
    number=23,
    grain="claim",
    message="Two insurers of the claim have the same level (primary, secondary, tertiary).",
    fix_location="Client › Insurance › Level",
    fix_columns=("practice.policy.level",),
    loop_segment="2000B SBR01, 2320 SBR01",
    source=_LEVEL,
    is_overridable=False,
)
def insurers_share_a_level(context: ScrubContext) -> Hits:
    rank = ranks_of(context.other_payer_columns)
    own = ranks_of(context.columns)[context.claim_of_other_payer]
    keys = payer_keys(context.claim_of_other_payer, context.other_payer_columns)
    repeated = pd.Series(keys).duplicated(keep=False).to_numpy()
    return hits(claims_with(context, (rank > 0) & (repeated | (rank == own))), context.claims["level"])


@edit(
    "COB10",
    number=27,
    grain="claim",
    message="Another insurer of the client has no payer ID.",
    fix_location="Practice › Insurers › Payer ID",
    fix_columns=("practice.insurer.payer_code",),
    loop_segment="2330B NM108, NM109",
    source=_OTHER,
    is_overridable=False,
    rejection_codes=("A6:479", "A7:479"),
)
def other_payer_code_is_missing(context: ScrubContext) -> Hits:
    return hits(claims_with(context, context.other_payer_columns.is_blank("payer_code")))


@edit(
    "COB17",
    number=27,
    grain="claim",
    message="Another insurer of the client has no name.",
    fix_location="Practice › Insurers › Name",
    fix_columns=("practice.insurer.name",),
    loop_segment="2330B NM103",
    source=_OTHER,
    is_overridable=False,
    rejection_codes=("A6:125",),
)
def other_payer_name_is_missing(context: ScrubContext) -> Hits:
    return hits(claims_with(context, context.other_payer_columns.is_blank("payer_name")))


@edit(
    "COB11",
    number=27,
    grain="claim",
    message="Another policy of the client has no member ID.",
    fix_location=_OTHER_INSURANCE,
    fix_columns=("practice.policy.member_id",),
    loop_segment="2330A NM108, NM109",
    source=_OTHER,
    is_overridable=False,
    rejection_codes=("A6:164:GB",),
)
def other_member_id_is_missing(context: ScrubContext) -> Hits:
    return hits(claims_with(context, context.other_payer_columns.is_blank("member_id")))


@edit(
    "COB12",
    number=27,
    grain="claim",
    message=(
        "Another policy of the client lacks its policy holder's name, or the client's relationship to the policy "
        "holder."
    ),
    fix_location=_OTHER_INSURANCE,
    fix_columns=(
        "practice.policy.subscriber_last_name",
        "practice.policy.subscriber_first_name",
        "practice.policy.relationship",
    ),
    loop_segment="2320 SBR02, 2330A NM103, NM104",
    source=_OTHER,
    is_overridable=False,
    rejection_codes=("A6:125:GB", "A6:156"),
)
def other_policy_holder_is_incomplete(context: ScrubContext) -> Hits:
    columns = context.other_payer_columns
    known = context.other_payers["relationship"].isin(_RELATIONSHIPS).to_numpy(dtype="bool")
    nameless = columns.is_blank("subscriber_last_name") | columns.is_blank("subscriber_first_name")
    return hits(claims_with(context, nameless | ~known))


@edit(
    "COB14",
    number=78,
    grain="claim",
    message=(
        "Another policy of the client has the same payer ID and member ID as this one; one policy stands at two levels."
    ),
    fix_location="Client › Insurance › Level, Member ID",
    fix_columns=("practice.policy.member_id", "practice.policy.level"),
    loop_segment="2010BA NM109, 2330A NM109",
    source=_LEVEL,
    is_overridable=True,
)
def policy_stands_at_two_levels(context: ScrubContext) -> Hits:
    others = context.other_payer_columns
    same = np.ones(len(others), dtype=np.bool_)
    for column in ("payer_code", "member_id"):
        same &= ~others.is_blank(column)
        same &= others.texts(column) == context.columns.texts(column)[context.claim_of_other_payer]
    return hits(claims_with(context, same), context.claims["level"])


@edit(
    "COB15",
    number=78,
    grain="claim",
    message="This insurer and another one of the client are both Medicare Part B; give one its own insurance type.",
    fix_location="Practice › Insurers › Insurance type",
    fix_columns=("practice.insurer.claim_filing_code",),
    loop_segment="2000B SBR09, 2320 SBR09",
    source=_MEDICARE,
    is_overridable=False,
    rejection_codes=("A7:480",),
)
def two_insurers_are_medicare(context: ScrubContext) -> Hits:
    medicare = context.other_payer_columns.equals("claim_filing_code", "MB")
    own = context.equals("claim_filing_code", "MB")[context.claim_of_other_payer]
    return hits(claims_with(context, medicare & own), context.claims["level"])


@edit(
    "COB16",
    number=78,
    grain="claim",
    message="Another insurer of the client has no insurance type (claim filing indicator).",
    fix_location="Practice › Insurers › Insurance type",
    fix_columns=("practice.insurer.claim_filing_code",),
    loop_segment="2320 SBR09",
    source=_OTHER,
    is_overridable=False,
    rejection_codes=("A6:480", "A7:480"),
)
def other_filing_code_is_missing(context: ScrubContext) -> Hits:
    return hits(claims_with(context, context.other_payer_columns.is_blank("claim_filing_code")))


@edit(
    "COB18",
    number=78,
    grain="claim",
    message=(
        "Another insurer's insurance type (claim filing indicator) is not a code in force on the date of service."
    ),
    fix_location="Practice › Insurers › Insurance type",
    fix_columns=("practice.insurer.claim_filing_code",),
    loop_segment="2320 SBR09",
    source=_OTHER,
    is_overridable=False,
    needs="claim_filing",
    rejection_codes=("A7:480",),
)
def other_filing_code_is_obsolete(context: ScrubContext) -> Hits:
    payers = context.other_payers
    service_on = context.first_service_on[context.claim_of_other_payer]
    in_force = context.references.in_force("claim_filing", payers["claim_filing_code"], service_on)
    blank = context.other_payer_columns.is_blank("claim_filing_code")
    return hits(claims_with(context, ~in_force & ~blank), context.claims["level"])


def _other_parts_with(context: ScrubContext, fault_of: Mapping[int, int]) -> Hits:
    """Claims where a text about another insurer has the fault that `fault_of` gives for the length of its element."""
    columns = context.other_payer_columns
    return named_parts(
        {
            word: claims_with(context, columns.has(column, classify, fault_of[length]))
            for word, (column, classify, length) in _PARTS.items()
        }
    )


@edit(
    "CHR04",
    number=66,
    grain="claim",
    message=(
        "A name, address or number of another insurer of the client, or of its policy holder, has a character that a "
        "claim file cannot carry (such as * : ^ ~)."
    ),
    fix_location=f"{_OTHER_INSURANCE}, or Practice › Insurers",
    fix_columns=_PART_COLUMNS,
    loop_segment="2320 SBR03, 2330A NM1, N3, N4, 2330B NM1, REF*F8",
    source="X12.5 basic character set; the delimiters of the file",
    is_overridable=False,
    rejection_codes=("A7:125:GB", "A7:126:GB", "A7:164:GB"),
)
def other_insurance_cannot_be_carried(context: ScrubContext) -> Hits:
    return _other_parts_with(context, dict.fromkeys(OVER, UNCARRIABLE))


@edit(
    "LEN04",
    number=66,
    grain="claim",
    message=(
        "A name, address or number of another insurer of the client, or of its policy holder, is longer than a claim "
        "can carry."
    ),
    fix_location=f"{_OTHER_INSURANCE}, or Practice › Insurers",
    fix_columns=_PART_COLUMNS,
    loop_segment="2320 SBR03 (50), 2330A and 2330B NM103 (60), NM104 (35), NM105 (25), NM109 (80), N3 (55), N401 (30)",
    source=(
        "Stedi changelog, claim edit for field values longer than the maximum length: "
        "stedi.com/changelog/claim-edit-field-values-longer-than-maximum-length; element lengths of 005010X222A1"
    ),
    is_overridable=False,
    rejection_codes=("A7:125:GB", "A7:126:GB", "A7:164:GB"),
)
def other_insurance_is_too_long(context: ScrubContext) -> Hits:
    return _other_parts_with(context, OVER)


@edit(
    "ADR15",
    number=120,
    grain="claim",
    message=(
        "The address of another policy's holder cannot be sent: the city is a single letter, the state is not two "
        "letters, or the ZIP code is not five or nine digits."
    ),
    fix_location=_OTHER_INSURANCE,
    fix_columns=(
        "practice.policy.subscriber_city",
        "practice.policy.subscriber_state_code",
        "practice.policy.subscriber_postal_code",
    ),
    loop_segment="2330A N401, N402, N403",
    source="X12 data elements 19, 156 and 116; USPS ZIP codes",
    is_overridable=False,
    rejection_codes=("A7:126:GB",),
)
def other_address_is_misshapen(context: ScrubContext) -> Hits:
    columns = context.other_payer_columns
    masks = {
        "city": columns.has("subscriber_city", _is_one_letter),
        "state": columns.has("subscriber_state_code", _is_no_state),
        "ZIP code": columns.has("subscriber_postal_code", zip_faults, MISSHAPEN),
    }
    if not any(mask.any() for mask in masks.values()):
        return Hits(np.array([], dtype=np.intp))
    parts = ("address_1", "city", "state_code", "postal_code")
    # The writer leaves out an address that is known in part.
    is_whole = ~np.logical_or.reduce([columns.is_blank(f"subscriber_{part}") for part in parts])
    return named_parts({word: claims_with(context, mask & is_whole) for word, mask in masks.items()})
