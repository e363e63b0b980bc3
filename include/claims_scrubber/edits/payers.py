"""Whom the claim goes to and whether that insurer covers the day: payer id, insurance type, coverage, authorization."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, Mask, ScrubContext, hits, is_missing

_GUIDE = "837P implementation guide 005010X222A1 (general knowledge, not re-read)"
_REJECTIONS = 'Ensora Health, "Common Rejection Reasons & Fixes" (2059): experience.ensorahealth.com'
_FILING = "Tebra, Claim rejections (claim filing indicator): helpme.tebra.com/Tebra_PM/Claim_Rejections; " + _GUIDE
_LEVEL = (
    "Stedi changelog, claim edit for duplicate payer responsibility level codes: "
    "stedi.com/changelog/new-claim-edit-duplicate-payer-responsibility-level-codes"
)
_AUTHORIZATION = (
    "PM help center, validation error of the insurance profile: support.pmhelpcenter.com; Kipu, billing report "
    "warnings and errors: kipuhealth.zendesk.com/hc/en-us/articles/8136148637467"
)
_AUTHORIZATIONS = "Client › Insurance › Prior authorizations"

_PAYER_CODE = re.compile(r"[A-Za-z0-9-]{2,80}")


def _is_misshapen_payer_code(text: str) -> int:
    return int(bool(text.strip()) and _PAYER_CODE.fullmatch(text.strip()) is None)


def _needs_authorization(context: ScrubContext) -> Mask:
    """Per claim: its insurer wants an authorization for every service, or for one on the claim."""
    table = context.references.table("payer_authorization")
    for_all = set(table.loc[table["procedure_code"].isna(), "payer_code"])
    rules = set(zip(table["payer_code"], table["procedure_code"], strict=True))
    codes, texts = context.columns.distinct("payer_code")
    asks_always = np.array([*(text in for_all for text in texts), False])[codes]
    payers = set(table["payer_code"])
    asks = np.array([*(text in payers for text in texts), False])[codes]
    if not asks.any():
        return asks
    suspects = np.flatnonzero(asks[context.claim_of_line])
    procedure_codes, procedures = context.line_columns.distinct("procedure_code")
    # One question per pair of insurer and procedure; no rule is about a missing procedure, which counts as number 0.
    width = len(procedures) + 1
    insurers = codes[context.claim_of_line[suspects]].astype(np.int64)
    pair_of_line, pairs = pd.factorize(insurers * width + procedure_codes[suspects] + 1)
    asked = [(texts[pair // width], procedures[pair % width - 1]) in rules and pair % width > 0 for pair in pairs]
    wanted = np.zeros(len(context.lines), dtype=np.bool_)
    wanted[suspects] = np.array(asked, dtype=np.bool_)[pair_of_line]
    answer: Mask = asks_always | context.any_line(wanted)
    return answer


@edit(
    "PAY01",
    number=21,
    grain="claim",
    message="The insurer has no payer ID.",
    fix_location="Practice › Insurers › Payer ID",
    fix_columns=("practice.insurer.payer_code",),
    loop_segment="2010BB NM109",
    source=_REJECTIONS,
    is_overridable=False,
    rejection_codes=("A6:153:PR",),
)
def payer_code_is_missing(context: ScrubContext) -> Hits:
    return hits(context.is_blank("payer_code"))


@edit(
    "PAY04",
    number=21,
    grain="claim",
    message="The insurer has no name.",
    fix_location="Practice › Insurers › Name",
    fix_columns=("practice.insurer.name",),
    loop_segment="2010BB NM103",
    source=_GUIDE,
    is_overridable=False,
    rejection_codes=("A6:125:PR",),
)
def payer_name_is_missing(context: ScrubContext) -> Hits:
    # Without a policy there is no insurer to have one, and other edits say so.
    return hits(context.has_policy & context.is_blank("payer_name"))


@edit(
    "PAY02",
    number=21,
    grain="claim",
    message="The insurer's payer ID is not on the clearinghouse's payer list.",
    fix_location="Practice › Insurers › Payer ID",
    fix_columns=("practice.insurer.payer_code",),
    loop_segment="2010BB NM109",
    source=_REJECTIONS,
    # The list may be older than the payer.
    is_overridable=True,
    rejection_codes=("A7:153:PR",),
    needs="payer_list",
)
def payer_code_is_not_listed(context: ScrubContext) -> Hits:
    known = set(context.references.table("payer_list")["payer_code"])
    codes, texts = context.columns.distinct("payer_code")
    unlisted = np.array([*(bool(text.strip()) and text not in known for text in texts), False])[codes]
    return hits(unlisted, context.claims["payer_code"])


@edit(
    "PAY03",
    number=75,
    grain="claim",
    message=(
        "The insurer's payer ID has spaces or signs, or is a single character; copy it from the clearinghouse's list."
    ),
    fix_location="Practice › Insurers › Payer ID",
    fix_columns=("practice.insurer.payer_code",),
    loop_segment="2010BB NM109",
    source=_REJECTIONS,
    is_overridable=True,
    rejection_codes=("A7:153:PR",),
)
def payer_code_is_misshapen(context: ScrubContext) -> Hits:
    return hits(context.has("payer_code", _is_misshapen_payer_code), context.claims["payer_code"])


@edit(
    "CFI01",
    number=22,
    grain="claim",
    message="The insurer's insurance type (claim filing indicator) is missing.",
    fix_location="Practice › Insurers › Insurance type",
    fix_columns=("practice.insurer.claim_filing_code",),
    loop_segment="2000B SBR09",
    source=_FILING,
    is_overridable=False,
)
def filing_code_is_missing(context: ScrubContext) -> Hits:
    return hits(context.has_policy & context.is_blank("claim_filing_code"))


@edit(
    "CFI02",
    number=22,
    grain="claim",
    message="The insurer's insurance type (claim filing indicator) is not a code in force on the date of service.",
    fix_location="Practice › Insurers › Insurance type",
    fix_columns=("practice.insurer.claim_filing_code",),
    loop_segment="2000B SBR09",
    source=_FILING,
    is_overridable=False,
    needs="claim_filing",
)
def filing_code_is_obsolete(context: ScrubContext) -> Hits:
    codes, texts = context.columns.distinct("claim_filing_code")
    keys = pd.Series(pd.Categorical.from_codes(codes, pd.Index(texts)))
    in_force = context.references.in_force("claim_filing", keys, context.first_service_on)
    return hits(~in_force & ~context.is_blank("claim_filing_code"), context.claims["claim_filing_code"])


@edit(
    "MSP01",
    number=76,
    grain="claim",
    default_severity="warning",
    message=(
        "Medicare does not pay first here; it then wants a reason (insurance type code) that the claim has no "
        "place for. Check the order of the insurers, or send this claim through Medicare's portal."
    ),
    fix_location="Client › Insurance › Level",
    fix_columns=("practice.policy.level", "practice.insurer.claim_filing_code"),
    loop_segment="2000B SBR05",
    source=_GUIDE,
    is_overridable=True,
)
def medicare_is_not_first(context: ScrubContext) -> Hits:
    is_later = ~context.equals("level", "primary")
    return hits(is_later & context.equals("claim_filing_code", "MB"), context.claims["level"])


@edit(
    "COV01",
    number=24,
    grain="line",
    message="Line {line_number}: the policy was not active on the date of service.",
    fix_location="Client › Insurance › Effective dates",
    fix_columns=("practice.policy.starts_on", "practice.policy.ends_on"),
    loop_segment="policy dates behind 2000B; 2400 DTP*472",
    source='Ensora Health, "Billing setup" (2119), effective date: experience.ensorahealth.com/get-started-130',
    # The insurer's own record decides, and the practice may know it better than the dates typed in.
    is_overridable=True,
    rejection_codes=("A3:88:IL", "A3:88:QC", "A7:88:IL"),
)
def coverage_is_not_active(context: ScrubContext) -> Hits:
    service_on = context.lines["service_on"]
    # Comparing with an open (missing) end is False, which is what an open end means.
    outside = (service_on < context.on_lines("policy_starts_on")) | (service_on > context.on_lines("policy_ends_on"))
    without = ~context.has_policy[context.claim_of_line]
    return hits(outside.to_numpy(dtype="bool") | without, service_on)


@edit(
    "COV02",
    number=23,
    grain="claim",
    message="Two policies of the same level are active on the date of service; end one, or change its level.",
    fix_location="Client › Insurance › Level, Effective dates",
    fix_columns=("practice.policy.level", "practice.policy.starts_on", "practice.policy.ends_on"),
    loop_segment="2000B, 2320 SBR01",
    source=_LEVEL,
    is_overridable=True,
)
def two_policies_of_one_level(context: ScrubContext) -> Hits:
    count = context.claims["policies_at_level"].to_numpy(dtype="int64", na_value=0)
    return hits(count > 1, context.claims["level"])


@edit(
    "AUT01",
    number=25,
    grain="claim",
    message="This insurer wants a prior authorization for a service on the claim, and none is in force.",
    fix_location=_AUTHORIZATIONS,
    fix_columns=("practice.prior_authorization.authorization_number",),
    loop_segment="2300 REF*G1",
    source=_AUTHORIZATION,
    is_overridable=True,
    needs="payer_authorization",
    rejection_codes=("A6:252", "A6:48"),
)
def authorization_is_missing(context: ScrubContext) -> Hits:
    blank = context.is_blank("authorization_number")
    return hits(_needs_authorization(context) & blank)


@edit(
    "AUT02",
    number=25,
    grain="line",
    message="Line {line_number}: the prior authorization on the claim does not hold on the date of service.",
    fix_location=_AUTHORIZATIONS,
    fix_columns=("practice.prior_authorization.starts_on", "practice.prior_authorization.ends_on"),
    loop_segment="2300 REF*G1; 2400 DTP*472",
    source=_AUTHORIZATION,
    is_overridable=True,
    rejection_codes=("A7:252", "A3:252"),
)
def authorization_does_not_cover_the_day(context: ScrubContext) -> Hits:
    authorized = np.flatnonzero(~context.is_blank("authorization_number")[context.claim_of_line])
    service_on = context.lines["service_on"].iloc[authorized]
    owners = context.claim_of_line[authorized]
    starts, ends = (
        context.claims[f"authorization_{end}_on"].to_numpy(dtype="datetime64[s]")[owners] for end in ("starts", "ends")
    )
    outside = np.zeros(len(context.lines), dtype=np.bool_)
    # Comparing with an open (missing) end is False, which is what an open end means.
    outside[authorized] = (service_on.to_numpy() < starts) | (service_on.to_numpy() > ends)
    return hits(outside, context.lines["service_on"])


@edit(
    "AUT03",
    number=25,
    grain="claim",
    message="The prior authorization has no visits left: other claims have used all of them.",
    fix_location=_AUTHORIZATIONS,
    fix_columns=("practice.prior_authorization.visit_limit",),
    loop_segment="2300 REF*G1",
    source=_AUTHORIZATION,
    is_overridable=True,
    rejection_codes=("A7:252", "A3:252"),
)
def authorization_is_used_up(context: ScrubContext) -> Hits:
    limit = context.claims["authorization_visit_limit"]
    limited = ~is_missing(limit) & ~context.is_blank("authorization_number")
    used = context.claims["authorization_visit_count"].to_numpy(dtype="int64", na_value=0)
    return hits(limited & (used >= limit.to_numpy(dtype="int64", na_value=1)))


@edit(
    "AUT04",
    number=25,
    grain="claim",
    default_severity="warning",
    message="The client's last prior authorization with this insurer has expired, and none is in force.",
    fix_location=_AUTHORIZATIONS,
    fix_columns=("practice.prior_authorization.ends_on",),
    loop_segment="2300 REF*G1",
    source=_AUTHORIZATION,
    is_overridable=True,
    rejection_codes=("A6:252",),
)
def authorization_has_lapsed(context: ScrubContext) -> Hits:
    # A warning: the insurer may not ask for one any more. Where it is known to, AUT01 holds the claim.
    lapsed = ~is_missing(context.claims["lapsed_authorization_on"]) & context.is_blank("authorization_number")
    return hits(lapsed, context.claims["lapsed_authorization_on"])
