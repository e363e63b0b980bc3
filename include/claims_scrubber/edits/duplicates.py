"""Work that is already on another claim. A correction (frequency 7) or void (8) means to be, and is left alone."""

from __future__ import annotations

import numpy as np

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, Mask, ScrubContext, hits, hits_at
from include.claims_scrubber.day_lines import DayLines, build_day_lines
from include.claims_scrubber.modifiers import REPEATED, build_line_bits, sorted_rows

_DUPLICATE = 'NGS Medicare 277CA "DUPLICATE CLAIM FOUND" (A3:78): ngsmedicare.com'
_REPEATS_WHERE = "Appointment › Services: join them with more units, or add modifier 76, 77 or 59"
_REPEATS_COLUMNS = ("practice.appointment_service.unit_count", "practice.appointment_service.modifier_1")


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
    source=_DUPLICATE,
    # Two sessions of one kind on one day do happen.
    is_overridable=True,
    rejection_codes=("A3:78", "A3:54"),
)
def line_was_already_sent(context: ScrubContext) -> Hits:
    sent = ~context.line_columns.is_blank("sent_claim_number")
    return hits(sent & context.is_original[context.claim_of_line], context.lines["sent_claim_number"])


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
    rejection_codes=("A3:78", "A3:54"),
)
def appointment_has_another_claim(context: ScrubContext) -> Hits:
    other = ~context.is_blank("other_claim_number")
    return hits(other & context.is_original, context.claims["other_claim_number"])


@edit(
    "DUP03",
    number=52,
    grain="claim",
    message="The clinician has another billed session that overlaps this one in time.",
    fix_location="Appointment › Start and end",
    fix_columns=("practice.appointment.starts_at", "practice.appointment.ends_at"),
    loop_segment="not in the file; the appointment behind 2400",
    source='Ensora Health, "Do not bill overlapping direct service type" (3753): experience.ensorahealth.com',
    # Groups and couples are billed for several clients at once.
    is_overridable=True,
    default_severity="warning",
)
def session_overlaps(context: ScrubContext) -> Hits:
    other = ~context.is_blank("overlapping_claim_number")
    return hits(other & ~context.is_void, context.claims["overlapping_claim_number"])


def _repeats(context: ScrubContext, day: DayLines, *, on_another_claim: bool) -> Mask:
    """Per line: a line of the same day says the same procedure and modifiers, none of which says "once more".

    On the claim itself the later of the two is marked, so that one of them stays.
    """
    found = np.zeros(len(context.lines), dtype=np.bool_)
    for left, right in day.pairs():
        same = (day.procedure[left] == day.procedure[right]) & (day.procedure[left] >= 0)
        left, right = left[same], right[same]
        if on_another_claim:
            beside = (day.line[left] >= 0) & (day.line[right] < 0)
        else:
            beside = (day.line[left] >= 0) & (day.line[right] >= 0)
        left, right = left[beside], right[beside]
        if not len(left):
            continue
        mine, theirs = day.line[left], day.line[right]
        own = sorted_rows(context.lines, mine)
        if on_another_claim:
            others = sorted_rows(context.same_day_lines, day.other[right])
        else:
            others = sorted_rows(context.lines, theirs)
        equal = np.array([one == another for one, another in zip(own, others, strict=True)], dtype=np.bool_)
        found[(mine if on_another_claim else theirs)[equal]] = True
    once_more: Mask = (context.once(build_line_bits) & REPEATED) != 0
    return found & ~once_more


@edit(
    "DUP04",
    number=102,
    grain="line",
    message="Line {line_number}: an earlier line of this claim has the same date, procedure and modifiers.",
    fix_location=_REPEATS_WHERE,
    fix_columns=_REPEATS_COLUMNS,
    loop_segment="2400 SV101, 2400 DTP*472",
    source="X12 claim status 54 (duplicate of a claim or line); CMS, Medicare Claims Processing Manual, chapter 1, 120",
    is_overridable=True,
    rejection_codes=("A3:54", "A7:54"),
)
def line_repeats_another(context: ScrubContext) -> Hits:
    repeats = _repeats(context, context.once(build_day_lines), on_another_claim=False)
    return hits(repeats, context.lines["procedure_code"])


@edit(
    "DUP05",
    number=103,
    grain="line",
    message=(
        "Line {line_number}: another claim that is not sent yet has the same client, clinician, date, procedure and "
        "modifiers; the insurer will take one of the two for a duplicate."
    ),
    fix_location=_REPEATS_WHERE,
    fix_columns=_REPEATS_COLUMNS,
    loop_segment="2010BA, 2310B, 2400 SV101, 2400 DTP*472",
    source=_DUPLICATE,
    is_overridable=True,
    default_severity="warning",
)
def line_is_on_another_open_claim(context: ScrubContext) -> Hits:
    if not len(context.same_day_lines):
        return Hits(np.array([], dtype=np.intp))
    repeats = _repeats(context, context.once(build_day_lines), on_another_claim=True)
    # One that was sent has a finding that says so.
    repeats &= context.line_columns.is_blank("sent_claim_number") & context.is_original[context.claim_of_line]
    return hits_at(np.flatnonzero(repeats), context.lines["procedure_code"])
