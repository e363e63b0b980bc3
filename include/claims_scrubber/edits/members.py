"""The numbers on the insurance card, and who the policy holder is to the client."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, Mask, ScrubContext, hits, hits_at, holds
from include.claims_scrubber.text_faults import (
    OVER,
    PLACEHOLDER,
    SIGNED,
    SINGLE,
    UNCARRIABLE,
    UNUSUAL,
    identifier_faults,
    named_parts,
)

_GUIDE = "837P implementation guide 005010X222A1 (general knowledge, not re-read)"
_MBI = (
    "NGS Medicare 277CA edit X222.121.2010BA.NM109.020 (A7:164:IL): "
    "ngsmedicare.com/web/ngs/edi-solutions-details?selectedArticleId=2659058"
)
_MEMBER = "PM help center, Rejection: Invalid Subscriber ID Format: support.pmhelpcenter.com"
_PREFIX = "Blue Cross Blue Shield Association, three-character prefix of member ids; " + _MEMBER
_GROUP = "PM help center, Rejection: Subscriber Group or Policy Number Must be Alphanumeric: support.pmhelpcenter.com"
_LENGTH = (
    "Stedi changelog, claim edit for field values longer than the maximum length: "
    "stedi.com/changelog/claim-edit-field-values-longer-than-maximum-length; element lengths of 005010X222A1"
)
_CHARSET = "X12.5 basic character set; " + _GUIDE
_RELATIONSHIP = (
    "OfficeMD, common billing rejections: officemd.net; Stedi changelog, claim edits for invalid subscriber individual "
    "relationship codes: stedi.com/changelog/new-claim-edits-invalid-subscriber-individual-relationship-codes"
)
_RELATIONSHIPS = ("self", "spouse", "child", "other")
_MEMBER_ID = "Client › Insurance › Member ID"
_HOLDER = "Client › Insurance › Policy holder"

# Its letters leave out S, L, O, I, B, Z. Source: CMS, Understanding the Medicare Beneficiary Identifier (MBI) Format.
_MBI_FORM = re.compile(
    "[1-9][{a}][0-9{a}][0-9][{a}][0-9{a}][0-9][{a}][{a}][0-9][0-9]".format(a="AC-HJKMNP-RT-Y"), re.IGNORECASE
)
_MBI_LENGTH = 11
#: Without leap days: three days in fourteen years do not matter to a suspicion.
_YEAR = np.timedelta64(365, "D").astype("timedelta64[s]")
_YOUNGEST_PARENT = 12 * _YEAR
_YOUNGEST_SPOUSE = 14 * _YEAR


def _member_ids_where(context: ScrubContext, asked: Mask, is_wrong: Callable[[str], bool]) -> Hits:
    """Of the claims `asked`, those with a member id of which `is_wrong`."""
    positions = np.flatnonzero(asked & ~context.is_blank("member_id"))
    member_ids = context.claims["member_id"].iloc[positions]
    return hits_at(positions[holds(member_ids, is_wrong)], context.claims["member_id"])


def _is_no_medicare_number(text: str) -> bool:
    return _MBI_FORM.fullmatch(text.strip()) is None


def _identifier(context: ScrubContext, column: str, fault: int) -> Mask:
    return context.has(column, identifier_faults, fault)


def _days(context: ScrubContext, column: str) -> np.ndarray:
    """At the claims with a policy holder of their own, NaT where the day is missing."""
    return context.claims[column].to_numpy(dtype="datetime64[s]")[context.holder_positions]


def _related_as(context: ScrubContext, relationship: str) -> Mask:
    """At the claims with a policy holder of their own."""
    return context.equals("relationship", relationship)[context.holder_positions]


@edit(
    "MEM01",
    number=7,
    grain="claim",
    message="The member ID (insured ID) is missing.",
    fix_location=_MEMBER_ID,
    fix_columns=("practice.policy.member_id",),
    loop_segment="2010BA NM108=MI, NM109",
    source="SimplePractice, Filing primary claims: support.simplepractice.com/hc/en-us/articles/360045195192",
    is_overridable=False,
    rejection_codes=("A6:164:IL",),
)
def member_id_is_missing(context: ScrubContext) -> Hits:
    return hits(context.is_blank("member_id"))


@edit(
    "MEM02",
    number=8,
    grain="claim",
    message=(
        "The insurer is Medicare, and the member ID is not a Medicare number: eleven characters without hyphens, "
        "as on the red, white and blue card."
    ),
    fix_location=_MEMBER_ID,
    fix_columns=("practice.policy.member_id",),
    loop_segment="2010BA NM109",
    source=_MBI,
    is_overridable=False,
    rejection_codes=("A7:164:IL",),
)
def medicare_number_is_misshapen(context: ScrubContext) -> Hits:
    return _member_ids_where(context, context.equals("claim_filing_code", "MB"), _is_no_medicare_number)


@edit(
    "MEM03",
    number=68,
    grain="claim",
    message="The member ID is a placeholder (UNKNOWN, N/A, 999999999 or the like).",
    fix_location=_MEMBER_ID,
    fix_columns=("practice.policy.member_id",),
    loop_segment="2010BA NM109",
    source=_MEMBER,
    is_overridable=True,
    rejection_codes=("A7:164:IL", "A3:33"),
)
def member_id_is_a_placeholder(context: ScrubContext) -> Hits:
    return hits(_identifier(context, "member_id", PLACEHOLDER), context.claims["member_id"])


@edit(
    "MEM04",
    number=68,
    grain="claim",
    default_severity="warning",
    message="The member ID has spaces or signs; most insurers want letters and digits only.",
    fix_location=_MEMBER_ID,
    fix_columns=("practice.policy.member_id",),
    loop_segment="2010BA NM109",
    source=_MEMBER,
    is_overridable=True,
    rejection_codes=("A7:164:IL",),
)
def member_id_has_signs(context: ScrubContext) -> Hits:
    # Where the number is Medicare's, MEM02 says it; what no file can carry is CHR03's.
    signs = _identifier(context, "member_id", UNUSUAL) & ~_identifier(context, "member_id", PLACEHOLDER)
    wrong = signs & ~context.is_blank("member_id") & ~context.equals("claim_filing_code", "MB")
    return hits(wrong, context.claims["member_id"])


@edit(
    "MEM05",
    number=68,
    grain="claim",
    message="The member ID is a single character, or longer than the 80 characters a claim can carry.",
    fix_location=_MEMBER_ID,
    fix_columns=("practice.policy.member_id",),
    loop_segment="2010BA NM109",
    source=_LENGTH,
    is_overridable=False,
    rejection_codes=("A7:164:IL",),
)
def member_id_has_a_wrong_length(context: ScrubContext) -> Hits:
    return hits(_identifier(context, "member_id", SINGLE | OVER[80]), context.claims["member_id"])


@edit(
    "MEM06",
    number=68,
    grain="claim",
    default_severity="warning",
    message=(
        "The member ID is a Medicare number, but the insurer is not Medicare Part B; use the number of the plan's "
        "own card."
    ),
    fix_location="Client › Insurance › Member ID, or Practice › Insurers › Insurance type",
    fix_columns=("practice.policy.member_id", "practice.insurer.claim_filing_code"),
    loop_segment="2010BA NM109, 2000B SBR09",
    source=_MBI,
    is_overridable=True,
    rejection_codes=("A7:164:IL", "A3:33"),
)
def medicare_number_goes_to_another_insurer(context: ScrubContext) -> Hits:
    # Some plans that stand in for Medicare, and Medicaid for its dual members, use the same number.
    stands_in = np.logical_or.reduce([context.equals("claim_filing_code", code) for code in ("MB", "MA", "16", "MC")])
    asked = np.flatnonzero(~stands_in & ~context.is_blank("claim_filing_code") & ~context.is_blank("member_id"))
    member_ids = context.columns.texts("member_id")[asked].tolist()
    wrong = [len(text) == _MBI_LENGTH and _MBI_FORM.fullmatch(text) is not None for text in member_ids]
    return hits_at(asked[np.array(wrong, dtype=np.bool_)], context.claims["member_id"])


@edit(
    "MEM07",
    number=68,
    grain="claim",
    default_severity="warning",
    message=(
        "The insurer is a Blue Cross Blue Shield plan, and the member ID lacks the three characters before the number."
    ),
    fix_location=_MEMBER_ID,
    fix_columns=("practice.policy.member_id",),
    loop_segment="2010BA NM109",
    source=_PREFIX,
    is_overridable=True,
    rejection_codes=("A7:164:IL",),
)
def blue_cross_prefix_is_missing(context: ScrubContext) -> Hits:
    asked = context.equals("claim_filing_code", "BL") & ~_identifier(context, "member_id", PLACEHOLDER)
    return _member_ids_where(context, asked, str.isdigit)


@edit(
    "GRP01",
    number=69,
    grain="claim",
    default_severity="warning",
    message="The group number is the member ID; enter the group number of the card, or leave it empty.",
    fix_location="Client › Insurance › Group number",
    fix_columns=("practice.policy.group_number", "practice.policy.member_id"),
    loop_segment="2000B SBR03, 2010BA NM109",
    source=_GROUP,
    is_overridable=True,
    rejection_codes=("A7:163:IL",),
)
def group_number_is_the_member_id(context: ScrubContext) -> Hits:
    return hits(context.columns.same("group_number", "member_id"), context.claims["group_number"])


@edit(
    "GRP02",
    number=69,
    grain="claim",
    default_severity="warning",
    message="The group number has signs other than hyphens; some insurers take letters and digits only.",
    fix_location="Client › Insurance › Group number",
    fix_columns=("practice.policy.group_number",),
    loop_segment="2000B SBR03",
    source=_GROUP,
    is_overridable=True,
    rejection_codes=("A7:163:IL",),
)
def group_number_has_signs(context: ScrubContext) -> Hits:
    signs = _identifier(context, "group_number", SIGNED)
    return hits(signs & ~_identifier(context, "group_number", UNCARRIABLE), context.claims["group_number"])


#: Word, column, longest text.
_NUMBERS = {
    "member ID": ("member_id", 80),
    "group number": ("group_number", 50),
    "authorization number": ("authorization_number", 50),
    "payer ID": ("payer_code", 80),
}
_NUMBER_COLUMNS = (
    "practice.policy.member_id",
    "practice.policy.group_number",
    "practice.prior_authorization.authorization_number",
    "practice.insurer.payer_code",
)


@edit(
    "CHR03",
    number=66,
    grain="claim",
    message=(
        "The member ID, group number, authorization number, payer ID or the insurer's claim number has a character "
        "that a claim file cannot carry."
    ),
    fix_location="Client › Insurance, Prior authorizations, Claims; Practice › Insurers",
    fix_columns=(*_NUMBER_COLUMNS, "billing.claim.payer_claim_control_number"),
    loop_segment="2010BA NM109, 2000B SBR03, 2300 REF*G1, REF*F8, 2010BB NM109",
    source=_CHARSET,
    is_overridable=False,
    rejection_codes=("A7:164:IL", "A7:163:IL"),
)
def insurance_number_cannot_be_carried(context: ScrubContext) -> Hits:
    columns = {word: column for word, (column, _) in _NUMBERS.items()}
    columns["insurer's claim number"] = "payer_claim_control_number"
    return named_parts({word: _identifier(context, column, UNCARRIABLE) for word, column in columns.items()})


@edit(
    "LEN03",
    number=66,
    grain="claim",
    message="The group number, authorization number or payer ID is longer than a claim can carry.",
    fix_location="Client › Insurance, Prior authorizations; Practice › Insurers",
    fix_columns=_NUMBER_COLUMNS[1:],
    loop_segment="2000B SBR03 (50), 2300 REF02 (50), 2010BB NM109 (80)",
    source=_LENGTH,
    is_overridable=False,
    rejection_codes=("A7:163:IL",),
)
def insurance_number_is_too_long(context: ScrubContext) -> Hits:
    return named_parts(
        {
            word: _identifier(context, column, OVER[length])
            for word, (column, length) in _NUMBERS.items()
            if column != "member_id"
        }
    )


@edit(
    "REL01",
    number=9,
    grain="claim",
    message="The client's relationship to the policy holder is missing.",
    fix_location=_HOLDER,
    fix_columns=("practice.policy.relationship",),
    loop_segment="2000B SBR02, 2000C PAT01",
    source=_RELATIONSHIP,
    is_overridable=False,
    rejection_codes=("A6:156", "A7:156"),
)
def relationship_is_missing(context: ScrubContext) -> Hits:
    known = np.logical_or.reduce([context.equals("relationship", word) for word in _RELATIONSHIPS])
    return hits(context.has_policy & ~known, context.claims["relationship"])


@edit(
    "REL02",
    number=67,
    grain="claim",
    message=(
        "The policy holder has the client's name and date of birth, but is entered as somebody else; choose self."
    ),
    fix_location="Client › Insurance › Policy holder › Relationship",
    fix_columns=("practice.policy.relationship",),
    loop_segment="2000B SBR02, 2010BA, 2010CA",
    source=_RELATIONSHIP,
    is_overridable=True,
    rejection_codes=("A7:156", "A8:156"),
)
def policy_holder_is_the_client(context: ScrubContext) -> Hits:
    same = _days(context, "subscriber_birth_on") == _days(context, "patient_birth_on")
    suspects = context.holder_positions[same]
    for part in ("last_name", "first_name"):
        names, others = (context.claims[f"{who}_{part}"].iloc[suspects] for who in ("subscriber", "patient"))
        # A missing name equals nothing.
        alike = names.str.strip().str.upper().to_numpy(dtype="object") == others.str.strip().str.upper().to_numpy(
            "object"
        )
        suspects = suspects[alike.astype(bool)]
    return hits_at(suspects, context.claims["relationship"])


@edit(
    "REL03",
    number=67,
    grain="claim",
    default_severity="warning",
    message=(
        "The client is entered as the policy holder's child, but was born before, or less than twelve years after, "
        "the policy holder; check both dates and the relationship."
    ),
    fix_location=_HOLDER,
    fix_columns=("practice.policy.relationship", "practice.policy.subscriber_birth_on", "practice.client.birth_on"),
    loop_segment="2000C PAT01, 2010BA DMG02, 2010CA DMG02",
    source=_RELATIONSHIP,
    is_overridable=True,
    rejection_codes=("A7:156", "A7:158:QC", "A7:158:IL"),
)
def child_is_too_old_for_the_policy_holder(context: ScrubContext) -> Hits:
    # Stepchildren are children here as well, hence a warning.
    gap = _days(context, "patient_birth_on") - _days(context, "subscriber_birth_on")
    return hits_at(context.holder_positions[_related_as(context, "child") & (gap < _YOUNGEST_PARENT)])


@edit(
    "REL04",
    number=67,
    grain="claim",
    default_severity="warning",
    message="The client is entered as the policy holder's spouse, but one of the two is younger than fourteen.",
    fix_location=_HOLDER,
    fix_columns=("practice.policy.relationship", "practice.policy.subscriber_birth_on", "practice.client.birth_on"),
    loop_segment="2000C PAT01, 2010BA DMG02, 2010CA DMG02",
    source=_RELATIONSHIP,
    is_overridable=True,
    rejection_codes=("A7:156", "A7:158:QC", "A7:158:IL"),
)
def spouse_is_a_child(context: ScrubContext) -> Hits:
    youngest = np.fmax(_days(context, "patient_birth_on"), _days(context, "subscriber_birth_on"))
    young = youngest > context.today() - _YOUNGEST_SPOUSE
    return hits_at(context.holder_positions[_related_as(context, "spouse") & young])
