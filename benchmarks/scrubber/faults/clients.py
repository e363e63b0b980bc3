"""Faults of clients, their coverage and what the insurer knows of them."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

from benchmarks.scrubber.mutation import (
    E2E,
    ENSORA,
    GENERAL,
    MBI,
    STEDI,
    THERABILL,
    X12,
    Change,
    Mutation,
    blank,
    both,
    edit,
    every,
    has,
    is_dependent,
    is_first,
    is_group,
    is_medicare,
    put,
    put_patient,
    where,
)
from benchmarks.scrubber.one_claim import OneClaim
from benchmarks.scrubber.practices import PAYER
from benchmarks.scrubber.valid_claims import AS_OF

_BIRTH = f"{STEDI}new-claim-edit-invalid-date-of-birth"
_REJECTED_HICN = (
    "https://med.noridianmedicare.com/web/jddme/article-detail/-/view/10546/"
    "new-medicare-card-claim-reject-codes-after-january-1"
)
_NOT_FOUND = f"{THERABILL}217234423-SUBSCRIBER-MEMBER-ID-NOT-FOUND"

_client = partial(Mutation, group="clients", stage="rejected")
CLIENTS: Final = (
    _client("born_in_future", description="birth date after the night of the claim", source=_BIRTH,
            change=put_patient(birth_on=AS_OF + timedelta(days=40))),
    _client("born_after_service", description="birth date after the service date", source=_BIRTH,
            change=lambda claim: put_patient(birth_on=claim.service_on + timedelta(days=1))(claim)),
    _client("born_in_1850", description="an age of more than 150 years", source=_BIRTH,
            change=lambda claim: put_patient(birth_on=AS_OF.replace(year=1850))(claim)),
    _client("sex_code_unknown", description="sex code other than F, M and U", source=X12, stage="syntax",
            change=put_patient(sex="X")),
    _client("relationship_unknown", description="relationship that has no code in the claim", source=X12,
            stage="syntax",
            change=put(relationship="cousin"), needs=is_dependent),
    _client("member_id_placeholder", description="PENDING instead of a member id", source=_NOT_FOUND,
            change=put(member_id="PENDING")),
    _client("member_id_unknown", description="UNKNOWN instead of a member id", source=_NOT_FOUND,
            change=put(member_id="UNKNOWN")),
    _client("member_id_zeros", description="zeros instead of a member id", source=_NOT_FOUND,
            change=put(member_id="000000000")),
    _client("medicare_old_number", description="Medicare number of the form used until 2019 (HICN)",
            source=_REJECTED_HICN, change=put(member_id="123456789A"), needs=is_medicare),
    _client("medicare_number_short", description="Medicare number of ten characters", source=MBI,
            change=edit("member_id", lambda value: value[:-1]), needs=is_medicare),
    _client("medicare_number_letter_o", description="letter O in a Medicare number, which has no S, L, O, I, B, Z",
            source=MBI, change=edit("member_id", lambda value: value[0] + "O" + value[2:]), needs=is_medicare),
    _client("medicare_number_dashes", description="Medicare number with the dashes of the card", source=MBI,
            change=edit("member_id", lambda value: f"{value[:4]}-{value[4:7]}-{value[7:]}"), needs=is_medicare),
    _client("medicare_number_letter_place", description="Medicare number with a digit where a letter stands",
            source=MBI,
            change=edit("member_id", lambda value: value[:4] + "5" + value[5:]), needs=is_medicare),
    _client("medicare_dependent", description="Medicare claim for a dependent; a Medicare patient is always the member",
            source="CMS, Medicare 837P companion guide: SBR02 is 18, no 2000C", change=put(relationship="spouse"),
            needs=is_medicare),
)  # fmt: skip


def _move_service(days_late: int) -> Change:
    """Services rendered `days_late` days too long ago for the insurer; coverage and authorization move along."""

    def change(claim: OneClaim) -> None:
        limit = PAYER[claim.claim["payer_code"]].limit_days + days_late
        service_on = AS_OF - timedelta(days=limit)
        shift = claim.service_on - service_on
        for line in claim.lines:
            line["service_on"] = service_on
        for column in ("policy_starts_on", "policy_ends_on", "authorization_starts_on", "authorization_ends_on",
                       "accident_on", "prior_evaluation_on"):  # fmt: skip
            if claim.claim[column]:
                claim.claim[column] -= shift

    return change


_coverage = partial(Mutation, group="coverage", stage="denied")
COVERAGE: Final = (
    _coverage("service_before_coverage", description="service one day before the policy began", source=E2E,
              change=lambda claim: put(policy_starts_on=claim.service_on + timedelta(days=1))(claim)),
    _coverage("service_after_coverage", description="service one day after the policy ended", source=E2E,
              change=lambda claim: claim.claim.update(
                  policy_starts_on=claim.service_on - timedelta(days=300),
                  policy_ends_on=claim.service_on - timedelta(days=1))),
    _coverage("two_policies_at_level", description="two policies of one level in force on the service date",
              source=GENERAL + " (CARC 22: care may be covered by another payer)", change=put(policies_at_level=2)),
    _coverage("payer_unknown", description="payer id that the clearinghouse does not know (reference table payer_list)",
              source=E2E, change=put(payer_code="ZZZ99"), stage="rejected"),
    _coverage("claim_filing_unknown", description="claim filing indicator that does not exist", source=X12,
              change=put(claim_filing_code="QQ"), stage="syntax"),
    _coverage("claim_filing_retired", description="claim filing indicator 09 (self-pay), dropped with version 5010",
              source=X12, change=put(claim_filing_code="09"), stage="syntax"),
    _coverage("filed_one_day_late", description="one day beyond the insurer's limit (reference table timely_filing)",
              source=GENERAL + " (CARC 29)", change=_move_service(1), needs=is_first),
    _coverage("filed_a_year_late", description="a year beyond the insurer's limit (reference table timely_filing)",
              source=GENERAL + " (CARC 29)", change=_move_service(365), needs=is_first),
    _coverage("not_enrolled", stage="rejected", source="https://support.simplepractice.com/hc/en-us/articles/207623666",
              description="valid billing NPI that is not enrolled with the insurer (reference table payer_enrollment)",
              change=put(billing_npi="1234567893"), needs=every(is_group, where(payer_code="MRB05"))),
    _coverage("not_enrolled_medicaid", stage="rejected",
              source="https://support.simplepractice.com/hc/en-us/articles/207623666",
              description="billing NPI not enrolled with Medicaid (reference table payer_enrollment)",
              change=put(billing_npi="1245319599"), needs=every(is_group, where(payer_code="STM06"))),
    _coverage("license_not_paid", source=ENSORA,
              description="licence type the insurer does not pay (reference table payer_license)",
              change=put(rendering_license_type="LMSW", treating_license_type="LMSW"), needs=where(payer_code="CLA03")),
    _coverage("supervisor_not_named", source=ENSORA,
              description="licence type paid only with a supervisor on the claim (reference table payer_supervision)",
              change=blank("supervising_last_name", "supervising_first_name", "supervising_npi"),
              needs=every(has("supervising_npi"), where(payer_code="QFM01"))),
)  # fmt: skip

_authorization = partial(Mutation, group="authorizations", stage="denied")
_CO_197 = GENERAL + " (CARC 197: authorization absent)"


def _is_required(claim: OneClaim) -> bool:
    codes = PAYER[claim.claim["payer_code"]].authorized_codes
    return claim.claim["level"] == "primary" and (None in codes or bool(set(codes) & set(claim.codes())))


_NO_AUTHORIZATION = ("authorization_number", "authorization_starts_on", "authorization_ends_on",
                     "authorization_visit_limit", "authorization_visit_count")  # fmt: skip
AUTHORIZATIONS: Final = (
    _authorization("no_authorization", source=_CO_197, needs=_is_required, change=blank(*_NO_AUTHORIZATION),
                   description="no authorization where the insurer wants one (reference table payer_authorization)"),
    _authorization("authorization_lapsed", source=_CO_197, needs=_is_required,
                   description="the last authorization ended the day before the service",
                   change=both(blank(*_NO_AUTHORIZATION), lambda claim: claim.claim.update(
                       lapsed_authorization_on=claim.service_on - timedelta(days=1)))),
    _authorization("authorization_used_up", source=GENERAL + " (CARC 198: authorization exceeded)", needs=_is_required,
                   description="all authorized visits are used",
                   change=put(authorization_visit_limit=8, authorization_visit_count=8)),
    _authorization("authorization_overdrawn", source=GENERAL + " (CARC 198: authorization exceeded)",
                   needs=_is_required,
                   description="more visits used than authorized",
                   change=put(authorization_visit_limit=8, authorization_visit_count=11)),
)  # fmt: skip

_accident = partial(Mutation, group="accidents", stage="rejected")
ACCIDENTS: Final = (
    _accident("auto_accident_without_state", description="auto accident without the state where it happened",
              source=f"{STEDI}claim-edit-missing-auto-accident-state-or-province", change=blank("accident_state_code"),
              needs=where(accident_cause="auto")),
    _accident("accident_after_service", description="accident after the service",
              source=f"{STEDI}claim-edit-accident-date-after-the-service-date", needs=where(accident_cause="auto"),
              change=lambda claim: put(accident_on=claim.service_on + timedelta(days=1))(claim)),
    _accident("accident_without_date", description="auto accident without a date", source=GENERAL
              + " (005010X222A1, DTP 439)", change=blank("accident_on"), needs=where(accident_cause="auto")),
    _accident("accident_state_unknown", description="auto accident in a state that does not exist",
              source=f"{STEDI}claim-edit-missing-auto-accident-state-or-province", change=put(accident_state_code="ZZ"),
              needs=where(accident_cause="auto")),
    _accident("accident_cause_unknown", description="accident cause that has no code in the claim", source=X12,
              stage="syntax", change=put(accident_cause="fall"), needs=where(accident_cause="auto")),
)  # fmt: skip

CLIENT_FAULTS: Final = (*CLIENTS, *COVERAGE, *AUTHORIZATIONS, *ACCIDENTS)
