"""What the claim says about itself: original or correction, signatures and flags, note of the session."""

from __future__ import annotations

import re

import numpy as np

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, Mask, ScrubContext, hits, hits_at

_STEDI = "Stedi changelog, claim edit for {}: stedi.com/changelog"
_GUIDE = "837P implementation guide 005010X222A1 (general knowledge, not re-read)"
_SIGNATURE = "practiceadmin, Claim scrubbing errors: support.practiceadmin.com"
_NOTE = (
    'Ensora Health, "Billing Automation: Invoice Creation" (1553); CalMHSA, Billing errors: 2023.calmhsa.org '
    "(billing-errors-service-errors-and-resolutions)"
)
_REFERENCE_LIMIT = 50

_ORIGINAL = 1
_CORRECTION = 2
_UNKNOWN_FREQUENCY = 4

_UNSIGNED = 1
_AWAITING = 2
_NO_NOTE = 4

_MEDICARE_PART_B = "MB"
_CLAIM_NUMBER = re.compile(r"[A-Z0-9]{1,17}")
#: How many claim numbers are looked at together.
_BLOCK = 4_096


def _frequency(text: str) -> int:
    return {"1": _ORIGINAL, "7": _CORRECTION, "8": _CORRECTION}.get(text, _UNKNOWN_FREQUENCY)


def _note_status(text: str) -> int:
    return {"unsigned": _UNSIGNED, "awaiting_cosignature": _AWAITING, "missing": _NO_NOTE}.get(text, 0)


def _is_medicare(text: str) -> int:
    return int(text.strip().upper() == _MEDICARE_PART_B)


def _is_overlong(text: str) -> int:
    return int(len(text.strip()) > _REFERENCE_LIMIT)


def _is_claim_number(text: object) -> bool:
    return isinstance(text, str) and _CLAIM_NUMBER.fullmatch(text) is not None


def _are_claim_numbers(texts: list[str]) -> bool:
    try:
        joined = "".join(texts)
    except TypeError:  # one is missing
        return False
    lengths = set(map(len, texts))
    return (
        joined.isascii() and joined.isalnum() and joined == joined.upper() and min(lengths) >= 1 and max(lengths) <= 17
    )


def _signatures(context: ScrubContext) -> tuple[Mask, Mask]:
    """Per claim: a release of information is on file; benefits are assigned."""
    claims = context.claims
    return (
        claims["release_of_information"].to_numpy(dtype="bool"),
        claims["assignment_of_benefits"].to_numpy(dtype="bool"),
    )


def _is_correction(context: ScrubContext) -> Mask:
    corrections: Mask = (context.marks("frequency_code", _frequency) & _CORRECTION) != 0
    return corrections


@edit(
    "NUM01",
    number=117,
    grain="claim",
    message=(
        "The claim's own number is missing, longer than 17 characters, or not of capital letters and digits; the "
        "program gives it, so tell whoever runs the program."
    ),
    fix_location="nowhere on the pages; the operator puts it right",
    fix_columns=("billing.claim.claim_number",),
    loop_segment="2300 CLM01",
    source=f"CLM01 as the writer of the claim file gives it (receivers return twenty characters of it: {_GUIDE})",
    is_overridable=False,
    rejection_codes=("A7:478",),
)
def claim_number_is_misshapen(context: ScrubContext) -> Hits:
    texts = context.columns.texts("claim_number").tolist()
    wrong: list[int] = []
    # Every number is another one, so there is nothing to gain from distinct values; a sound block is seen as a whole.
    for start in range(0, len(texts), _BLOCK):
        block = texts[start : start + _BLOCK]
        if not _are_claim_numbers(block):
            wrong += [start + place for place, text in enumerate(block) if not _is_claim_number(text)]
    return hits_at(np.array(wrong, dtype=np.intp), context.claims["claim_number"])


@edit(
    "FRQ01",
    number=42,
    grain="claim",
    message="The claim's frequency code is none of 1 (original), 7 (replacement) and 8 (void).",
    fix_location="Client › Claims › Kind of claim",
    fix_columns=("billing.claim.frequency_code",),
    loop_segment="2300 CLM05-3",
    source=_STEDI.format("an invalid claim frequency code"),
    is_overridable=False,
    rejection_codes=("A6:535", "A7:535"),
)
def frequency_code_is_unknown(context: ScrubContext) -> Hits:
    # A claim without one is no kind of claim either.
    known = (context.marks("frequency_code", _frequency) & (_ORIGINAL | _CORRECTION)) != 0
    return hits(~known, context.claims["frequency_code"])


@edit(
    "FRQ02",
    number=43,
    grain="claim",
    message="A replacement or void needs the number that the insurer gave the claim it corrects.",
    fix_location="Client › Claims › Insurer's claim number",
    fix_columns=("billing.claim.payer_claim_control_number",),
    loop_segment="2300 REF*F8",
    source=f"{_STEDI.format('a missing or invalid payer claim control number')}; TheraNest help, corrected claims",
    is_overridable=False,
    rejection_codes=("A6:464", "A7:464"),
)
def correction_lacks_the_insurers_number(context: ScrubContext) -> Hits:
    corrections = np.flatnonzero(_is_correction(context))
    return Hits(corrections[context.is_blank("payer_claim_control_number")[corrections]])


@edit(
    "FRQ03",
    number=94,
    grain="claim",
    message="An original claim carries an insurer's claim number; take it out, or make it a replacement or void.",
    fix_location="Client › Claims › Kind of claim",
    fix_columns=("billing.claim.frequency_code", "billing.claim.payer_claim_control_number"),
    loop_segment="2300 CLM05-3, REF*F8",
    source=_STEDI.format("a missing or invalid payer claim control number"),
    is_overridable=True,
    rejection_codes=("A7:464", "A8:464"),
)
def original_carries_the_insurers_number(context: ScrubContext) -> Hits:
    given = ~context.is_blank("payer_claim_control_number")
    return hits(given & context.is_original, context.claims["payer_claim_control_number"])


@edit(
    "FRQ04",
    number=116,
    grain="claim",
    message="The insurer's claim number is longer than fifty characters.",
    fix_location="Client › Claims › Insurer's claim number",
    fix_columns=("billing.claim.payer_claim_control_number",),
    loop_segment="2300 REF*F8",
    source=f"{_STEDI.format('field values longer than the maximum')}; X12 data element 127",
    is_overridable=False,
    rejection_codes=("A7:464", "A7:481"),
)
def insurers_number_is_too_long(context: ScrubContext) -> Hits:
    overlong = context.marks("payer_claim_control_number", _is_overlong) != 0
    return hits(overlong, context.claims["payer_claim_control_number"])


@edit(
    "FRQ05",
    number=95,
    grain="claim",
    message=(
        "Medicare Part B takes original claims only; ask its contractor for a reopening instead of a replacement or "
        "void."
    ),
    fix_location="Client › Claims › Kind of claim",
    fix_columns=("billing.claim.frequency_code",),
    loop_segment="2300 CLM05-3; 2000B SBR09=MB",
    source=(
        "Stedi, Resubmit or cancel claims (Medicare resubmission): stedi.com/docs/healthcare; CMS 837P companion guide "
        "(general knowledge, not re-read)"
    ),
    is_overridable=True,
    default_severity="warning",
    rejection_codes=("A7:535",),
)
def medicare_takes_no_correction(context: ScrubContext) -> Hits:
    corrections = np.flatnonzero(_is_correction(context))
    if not len(corrections):
        return Hits(corrections)
    medicare = context.marks("claim_filing_code", _is_medicare)[corrections] != 0
    return hits_at(corrections[medicare], context.claims["frequency_code"])


@edit(
    "SIG01",
    number=44,
    grain="claim",
    message="There is no signed release of information on file; the claim is sent with informed consent in its place.",
    fix_location="Client › Insurance › Release of information",
    fix_columns=("practice.policy.has_release_of_information",),
    loop_segment="2300 CLM09",
    source=_SIGNATURE,
    # Where no law asks for a signature, that is enough.
    is_overridable=True,
    default_severity="warning",
)
def release_is_not_signed(context: ScrubContext) -> Hits:
    released, assigned = _signatures(context)
    return hits(~released & assigned & context.has_policy)


@edit(
    "SIG02",
    number=44,
    grain="claim",
    message="Benefits are not assigned: the insurer will pay the client, not the practice.",
    fix_location="Client › Insurance › Assignment of benefits",
    fix_columns=("practice.policy.has_assignment_of_benefits",),
    loop_segment="2300 CLM07, CLM08",
    source=_SIGNATURE,
    # Practices outside the network file such claims on purpose.
    is_overridable=True,
    default_severity="warning",
)
def benefits_are_not_assigned(context: ScrubContext) -> Hits:
    released, assigned = _signatures(context)
    return hits(~assigned & released & context.has_policy)


@edit(
    "SIG03",
    number=44,
    grain="claim",
    message=(
        "Neither a release of information nor an assignment of benefits is on file: the client has signed nothing for "
        "this insurer."
    ),
    fix_location="Client › Insurance › Release of information, Assignment of benefits",
    fix_columns=("practice.policy.has_release_of_information", "practice.policy.has_assignment_of_benefits"),
    loop_segment="2300 CLM07, CLM08, CLM09",
    source=_SIGNATURE,
    is_overridable=True,
)
def client_has_signed_nothing(context: ScrubContext) -> Hits:
    released, assigned = _signatures(context)
    return hits(~released & ~assigned & context.has_policy)


@edit(
    "SGN01",
    number=45,
    grain="claim",
    message="The progress note of the session is not signed.",
    fix_location="Appointment › Progress note › Sign",
    fix_columns=("practice.progress_note.provider_signed_at",),
    loop_segment="not in the file; the record behind 2400",
    source=_NOTE,
    is_overridable=True,
    default_severity="warning",
)
def note_is_not_signed(context: ScrubContext) -> Hits:
    return hits((context.marks("note_status", _note_status) & _UNSIGNED) != 0)


@edit(
    "SGN02",
    number=45,
    grain="claim",
    message="The progress note of the session waits for the supervisor's signature.",
    fix_location="Appointment › Progress note › Cosign",
    fix_columns=("practice.progress_note.supervisor_signed_at",),
    loop_segment="not in the file; the record behind 2400",
    source=_NOTE,
    is_overridable=True,
    default_severity="warning",
)
def note_waits_for_the_supervisor(context: ScrubContext) -> Hits:
    return hits((context.marks("note_status", _note_status) & _AWAITING) != 0)


@edit(
    "SGN03",
    number=45,
    grain="claim",
    message="There is no progress note of the session.",
    fix_location="Appointment › Progress note",
    fix_columns=("practice.progress_note.appointment_id",),
    loop_segment="not in the file; the record behind 2400",
    source=_NOTE,
    is_overridable=True,
    default_severity="warning",
)
def note_is_missing(context: ScrubContext) -> Hits:
    return hits((context.marks("note_status", _note_status) & _NO_NOTE) != 0)
