"""Whom the claim goes to and whether the policy covers the day: member id, payer id, coverage dates."""

from __future__ import annotations

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, ScrubContext, hits

_REJECTIONS = 'Ensora Health, "Common Rejection Reasons & Fixes" (2059): experience.ensorahealth.com'


@edit(
    "MEM01",
    number=7,
    grain="claim",
    message="The member ID (insured ID) is missing.",
    fix_location="Client › Insurance › Member ID",
    fix_columns=("practice.policy.member_id",),
    loop_segment="2010BA NM108=MI, NM109",
    source="SimplePractice, Filing primary claims: support.simplepractice.com/hc/en-us/articles/360045195192",
    is_overridable=False,
)
def member_id_is_missing(context: ScrubContext) -> Hits:
    return hits(context.is_blank("member_id"))


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
)
def payer_code_is_missing(context: ScrubContext) -> Hits:
    return hits(context.is_blank("payer_code"))


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
    needs="payer_list",
)
def payer_code_is_not_listed(context: ScrubContext) -> Hits:
    listed = context.claims["payer_code"].isin(context.references.table("payer_list")["payer_code"])
    return hits(~context.is_blank("payer_code") & ~listed.to_numpy(dtype="bool"), context.claims["payer_code"])


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
)
def coverage_is_not_active(context: ScrubContext) -> Hits:
    service_on = context.lines["service_on"]
    # Comparing with an open (missing) end is False, which is what an open end means.
    outside = (service_on < context.on_lines("policy_starts_on")) | (service_on > context.on_lines("policy_ends_on"))
    without = ~context.has_policy[context.claim_of_line]
    return hits(outside.to_numpy(dtype="bool") | without, service_on)


@edit(
    "COB01",
    number=26,
    grain="claim",
    message="This is not the primary insurer's claim, and what the insurer before it paid is not posted.",
    fix_location="Client › Insurance, or post the earlier insurer's remittance",
    fix_columns=("billing.claim.level",),
    loop_segment="2320 CAS, AMT*D; 2430 SVD, CAS, DTP*573",
    source="practiceadmin, Claim scrubbing errors: support.practiceadmin.com",
    # Without the earlier adjudication the 837P lacks loops that every later insurer asks for.
    is_overridable=False,
)
def earlier_adjudication_is_missing(context: ScrubContext) -> Hits:
    later = context.claims["level"].ne("primary").to_numpy(dtype="bool")
    return hits(later, context.claims["level"])
