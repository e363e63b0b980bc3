"""Whether a provider may bill or render: taxonomy codes, licences, supervision, enrollment with the insurer."""

from __future__ import annotations

import re

import numpy as np

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, Mask, ScrubContext, hits, hits_at, ids
from include.claims_scrubber.psychotherapy_roles import EM, MEDICAL_EVALUATION, build_coding

_GUIDE = "837P implementation guide 005010X222A1 (general knowledge, not re-read)"
_ENROLLMENT = "NGS Medicare 277CA edit X222.087.2010AA.NM109.050 (A8:496:85): ngsmedicare.com"
_TAXONOMY = (
    "Stedi changelog, claim edit for an invalid taxonomy code: stedi.com/changelog/claim-edit-invalid-taxonomy-code"
)
_TAXONOMY_LIST = (
    "Stedi changelog, claim edit for a taxonomy code not in the NUCC code set: "
    "stedi.com/changelog/claim-edit-taxonomy-code-not-in-the-nucc-code-set"
)
_SUPERVISION = "TherapyNotes, billing under supervision: support.therapynotes.com/hc/en-us/articles/48368168027547"
_LICENSE = "Ensora Health, Billing error codes (7063), 1200 and 1201: experience.ensorahealth.com/vantage-point-93"
_MEDICAL = (
    "AAPC, Psychiatry Coding Alert, Billing 90792 for all clinicians (visits and 90792 are outside the scope of "
    "psychologists and social workers): aapc.com; APA Practice Organization on CMS's view of the same: "
    "apapracticecentral.org/advocacy/medical/acknowledge-services.aspx; NUCC, Health Care Provider Taxonomy"
)

#: Behavioral Health and Social Service Providers of the NUCC code set: counselors (101Y), psychoanalysts (102L),
#: neuropsychologists (103G), behavior analysts (103K), psychologists (103T), social workers (1041), family therapists
#: (106H) and technicians (106E, 106S).
_NO_MEDICAL_GROUP = "10"
#: The one of them who may prescribe: Psychologist, Prescribing (Medical).
_PRESCRIBING_PSYCHOLOGIST = "103TP0016X"
_TAXONOMY_SHAPE = re.compile(r"[0-9A-Z]{9}X", re.IGNORECASE)


def _is_misshapen_taxonomy(text: str) -> int:
    return int(bool(text.strip()) and _TAXONOMY_SHAPE.fullmatch(text) is None)


def _is_not_medical(text: str) -> int:
    taxonomy = text.strip().upper()
    return int(taxonomy.startswith(_NO_MEDICAL_GROUP) and taxonomy != _PRESCRIBING_PSYCHOLOGIST)


def _is_unlisted(context: ScrubContext, column: str) -> Mask:
    """A taxonomy code of the right shape that is not in the loaded code set."""
    codes, texts = context.columns.distinct(column)
    known = set(context.references.table("taxonomy")["taxonomy_code"])
    unlisted = [bool(_TAXONOMY_SHAPE.fullmatch(text)) and text.upper() not in known for text in texts]
    answer: Mask = np.array([*unlisted, False])[codes]
    return answer


def _pairs_of(context: ScrubContext, table: str, column: str) -> dict[str, set[str]]:
    """What a payer table says: payer code -> the values of `column`."""
    rows = context.references.table(table)
    pairs: dict[str, set[str]] = {}
    for payer_code, value in zip(rows["payer_code"], rows[column], strict=True):
        pairs.setdefault(payer_code, set()).add(value)
    return pairs


def _pair_mask(context: ScrubContext, payers: dict[str, set[str]], column: str, is_listed: bool) -> Mask:
    """Claims of a payer that the table speaks of, with a value that is (or is not) among that payer's."""
    payer_codes, payer_texts = context.columns.distinct("payer_code")
    mask = np.zeros(len(payer_codes), dtype=np.bool_)
    if payers.keys().isdisjoint(payer_texts):
        return mask
    spoken_of = np.array([*(text in payers for text in payer_texts), False])[payer_codes]
    asked = np.flatnonzero(spoken_of & ~context.is_blank(column))
    codes, texts = context.columns.distinct(column)
    pairs = payer_codes[asked].astype(np.int64) * (len(texts) + 1) + codes[asked]
    distinct, back = np.unique(pairs, return_inverse=True)
    listed = [texts[pair % (len(texts) + 1)] in payers[payer_texts[pair // (len(texts) + 1)]] for pair in distinct]
    mask[asked] = np.array(listed, dtype=np.bool_)[back] == is_listed
    return mask


@edit(
    "TXN01",
    number=15,
    grain="claim",
    message="The billing provider's taxonomy code is not ten letters and digits ending in X.",
    fix_location="Practice › Billing providers › Taxonomy code",
    fix_columns=("practice.billing_provider.taxonomy_code",),
    loop_segment="2000A PRV03",
    source=_TAXONOMY,
    is_overridable=False,
    rejection_codes=("A7:145:85",),
)
def billing_taxonomy_is_misshapen(context: ScrubContext) -> Hits:
    wrong = context.has("billing_taxonomy_code", _is_misshapen_taxonomy)
    return hits(wrong, context.claims["billing_taxonomy_code"])


@edit(
    "TXN02",
    number=15,
    grain="claim",
    message="The rendering clinician's taxonomy code is not ten letters and digits ending in X.",
    fix_location="Practice › Staff › Taxonomy code",
    fix_columns=("practice.staff.taxonomy_code",),
    loop_segment="2310B PRV03",
    source=_TAXONOMY,
    is_overridable=False,
    rejection_codes=("A7:145:82",),
)
def rendering_taxonomy_is_misshapen(context: ScrubContext) -> Hits:
    wrong = context.has("rendering_taxonomy_code", _is_misshapen_taxonomy)
    return hits(wrong, context.claims["rendering_taxonomy_code"])


@edit(
    "TXN03",
    number=15,
    grain="claim",
    message="The billing provider's taxonomy code is not in the NUCC code set.",
    fix_location="Practice › Billing providers › Taxonomy code",
    fix_columns=("practice.billing_provider.taxonomy_code",),
    loop_segment="2000A PRV03",
    source=_TAXONOMY_LIST,
    is_overridable=True,
    needs="taxonomy",
    rejection_codes=("A7:145:85",),
)
def billing_taxonomy_is_unlisted(context: ScrubContext) -> Hits:
    return hits(_is_unlisted(context, "billing_taxonomy_code"), context.claims["billing_taxonomy_code"])


@edit(
    "TXN04",
    number=15,
    grain="claim",
    message="The rendering clinician's taxonomy code is not in the NUCC code set.",
    fix_location="Practice › Staff › Taxonomy code",
    fix_columns=("practice.staff.taxonomy_code",),
    loop_segment="2310B PRV03",
    source=_TAXONOMY_LIST,
    is_overridable=True,
    needs="taxonomy",
    rejection_codes=("A7:145:82",),
)
def rendering_taxonomy_is_unlisted(context: ScrubContext) -> Hits:
    return hits(_is_unlisted(context, "rendering_taxonomy_code"), context.claims["rendering_taxonomy_code"])


@edit(
    "TXN05",
    number=15,
    grain="claim",
    default_severity="warning",
    message=(
        "The claim goes to Medicaid, and the billing provider has no taxonomy code; most states refuse it without."
    ),
    fix_location="Practice › Billing providers › Taxonomy code",
    fix_columns=("practice.billing_provider.taxonomy_code",),
    loop_segment="2000A PRV03",
    source=_GUIDE,
    is_overridable=True,
    rejection_codes=("A6:145:85",),
)
def medicaid_claim_has_no_taxonomy(context: ScrubContext) -> Hits:
    is_medicaid = context.equals("claim_filing_code", "MC")
    return hits(is_medicaid & context.is_blank("billing_taxonomy_code"))


@edit(
    "ENR01",
    number=11,
    grain="claim",
    message="The billing provider's NPI is not enrolled for electronic claims with this insurer.",
    fix_location="Practice › Billing providers › NPI, or enroll with the insurer through the clearinghouse",
    fix_columns=("practice.billing_provider.npi", "practice.insurer.billing_provider_id"),
    loop_segment="2010AA NM109",
    source=_ENROLLMENT,
    is_overridable=True,
    needs="payer_enrollment",
    rejection_codes=("A8:496:85", "A3:24:85"),
)
def billing_npi_is_not_enrolled(context: ScrubContext) -> Hits:
    enrolled = _pairs_of(context, "payer_enrollment", "npi")
    return hits(_pair_mask(context, enrolled, "billing_npi", False), context.claims["billing_npi"])


@edit(
    "SUP01",
    number=17,
    grain="claim",
    message=(
        "This insurer pays the clinician's licence type only under supervision, and no supervisor is on the claim."
    ),
    fix_location="Practice › Staff › Supervisor",
    fix_columns=("practice.staff.supervisor_id", "practice.staff.is_billed_under_supervisor"),
    loop_segment="2310D NM1*DQ, 2310B",
    source=_SUPERVISION,
    is_overridable=True,
    needs="payer_supervision",
    rejection_codes=("A6:562:DQ", "A6:125:DQ"),
)
def supervisor_is_missing(context: ScrubContext) -> Hits:
    supervised = _pairs_of(context, "payer_supervision", "license_type")
    needs = _pair_mask(context, supervised, "treating_license_type", True)
    # A supervisor stands on the claim as one, or in the place of the clinician who held the session.
    is_billed_under_another = ids(context.claims["rendering_staff_id"]) != ids(context.claims["treating_staff_id"])
    alone = ~context.has_supervisor & ~is_billed_under_another
    return hits(needs & alone, context.claims["treating_license_type"])


@edit(
    "LIC01",
    number=18,
    grain="claim",
    message="This insurer does not pay the clinician's licence type.",
    fix_location="Practice › Staff › Licence type, Bill under supervisor",
    fix_columns=("practice.staff.license_type", "practice.staff.is_billed_under_supervisor"),
    loop_segment="2310B NM1, PRV03",
    source=_LICENSE,
    is_overridable=True,
    needs="payer_license",
    rejection_codes=("A7:142:82", "A7:145:82"),
)
def license_is_not_paid(context: ScrubContext) -> Hits:
    paid = _pairs_of(context, "payer_license", "license_type")
    wrong = _pair_mask(context, paid, "rendering_license_type", False)
    return hits(wrong, context.claims["rendering_license_type"])


@edit(
    "LIC02",
    number=18,
    grain="claim",
    default_severity="warning",
    message="This insurer pays only some licence types, and the clinician's licence type is not entered.",
    fix_location="Practice › Staff › Licence type",
    fix_columns=("practice.staff.license_type",),
    loop_segment="2310B NM1, PRV03",
    source=_LICENSE,
    is_overridable=True,
    needs="payer_license",
)
def license_is_not_entered(context: ScrubContext) -> Hits:
    payers = set(context.references.table("payer_license")["payer_code"])
    codes, texts = context.columns.distinct("payer_code")
    asked = np.flatnonzero(np.array([*(text in payers for text in texts), False])[codes])
    wrong = context.is_blank("rendering_license_type")[asked] & ~context.is_blank("rendering_npi")[asked]
    return Hits(asked[wrong])


@edit(
    "LIC03",
    number=121,
    grain="line",
    message=(
        "Line {line_number}: visits (E/M) and evaluations with medical services (90792) are for clinicians who may "
        "prescribe; by the taxonomy code this one may not. An evaluation without them is 90791."
    ),
    fix_location="Appointment › Services, or Practice › Staff › Taxonomy code",
    fix_columns=(
        "practice.appointment_service.service_type_id",
        "practice.service_type.procedure_code",
        "practice.staff.taxonomy_code",
    ),
    loop_segment="2310B PRV03, 2400 SV101-2",
    source=_MEDICAL,
    is_overridable=True,
    needs="psychotherapy",
    rejection_codes=("A7:145:82",),
)
def medical_service_is_not_the_clinicians(context: ScrubContext) -> Hits:
    coding = context.once(build_coding)
    medical = coding.rows.line[(coding.bits & (EM | MEDICAL_EVALUATION)) != 0]
    lines = np.sort(medical[medical >= 0])
    owners = context.claim_of_line[lines]
    # A person who bills alone renders as well.
    bills_for_self = context.equals("billing_entity_type", "1") & context.is_blank("rendering_taxonomy_code")
    not_medical = context.has("rendering_taxonomy_code", _is_not_medical)
    not_medical |= bills_for_self & context.has("billing_taxonomy_code", _is_not_medical)
    return hits_at(lines[not_medical[owners]], context.lines["procedure_code"])
