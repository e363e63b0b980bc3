"""Work that is already on another claim. A correction (frequency 7) or void (8) means to be, and is left alone."""

from __future__ import annotations

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, ScrubContext, equals, hits, is_blank


@edit(
    "DUP01",
    number=50,
    grain="line",
    message=(
        "Line {line_number}: the same client, clinician, date, procedure and modifiers were already sent on another "
        "claim; correct that claim (frequency 7) instead."
    ),
    fix_location="Client › Claims › the claim already sent, or Appointment › Services › Modifiers",
    fix_columns=("billing.claim.frequency_code", "practice.appointment_service.modifier_1"),
    loop_segment="2010BA, 2310B, 2400 SV101, 2400 DTP*472",
    source='NGS Medicare 277CA "DUPLICATE CLAIM FOUND" (A3:78): ngsmedicare.com',
    # Two sessions of one kind on one day do happen.
    is_overridable=True,
)
def line_was_already_sent(context: ScrubContext) -> Hits:
    is_original = equals(context.claims["frequency_code"], "1")[context.claim_of_line]
    sent = context.lines["sent_claim_number"]
    return hits(~is_blank(sent) & is_original, sent)


@edit(
    "DUP02",
    number=51,
    grain="claim",
    message="The appointment is already on another claim of the same level.",
    fix_location="Client › Claims › void one of the two",
    fix_columns=("billing.claim.invoice_id", "billing.invoice.appointment_id"),
    loop_segment="2300 CLM01 (internal key)",
    source='Ensora Health, "The Five Claim Statuses" (3042), Duplicate: experience.ensorahealth.com',
    is_overridable=False,
)
def appointment_has_another_claim(context: ScrubContext) -> Hits:
    is_original = equals(context.claims["frequency_code"], "1")
    return hits(~context.is_blank("other_claim_number") & is_original, context.claims["other_claim_number"])
