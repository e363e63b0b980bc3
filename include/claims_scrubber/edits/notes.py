"""Free text of the practice that goes to the insurer: notes, and what an unlisted service is."""

from __future__ import annotations

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, ScrubContext, hits
from include.clearinghouse.charset import UncarriableText, fold

_LENGTH = "Stedi changelog, claim edit for field values longer than the maximum: stedi.com/changelog; X12 element 352"
_CHARACTERS = "X12.5 basic character set; the delimiters of the file"
#: Characters of X12 data element 352: NTE02 and SV101-7.
_LIMIT = 80

_TOO_LONG = 1
_UNCARRIABLE = 2


def note_faults(text: str) -> int:
    """Too long, or not to be written in the characters of a claim file; asked of the writer's own rule."""
    try:
        return _TOO_LONG if len(fold(text)) > _LIMIT else 0
    except UncarriableText:
        return _UNCARRIABLE


@edit(
    "NTE01",
    number=99,
    grain="claim",
    message="The note on the claim is longer than 80 characters.",
    fix_location="Appointment › Note to the insurer",
    fix_columns=("practice.appointment.claim_note",),
    loop_segment="2300 NTE02",
    source=_LENGTH,
    is_overridable=False,
    rejection_codes=("A7:481",),
)
def claim_note_is_too_long(context: ScrubContext) -> Hits:
    return hits((context.marks("claim_note", note_faults) & _TOO_LONG) != 0)


@edit(
    "NTE02",
    number=99,
    grain="line",
    message="Line {line_number}: its note, or the description of its service, is longer than 80 characters.",
    fix_location="Appointment › Services › Note, or Practice › Service types › Description",
    fix_columns=("practice.appointment_service.claim_note", "practice.service_type.description"),
    loop_segment="2400 NTE02, SV101-7",
    source=_LENGTH,
    is_overridable=False,
    rejection_codes=("A7:481",),
)
def line_note_is_too_long(context: ScrubContext) -> Hits:
    columns = context.line_columns
    faults = columns.marks("line_note", note_faults) | columns.marks("description", note_faults)
    return hits((faults & _TOO_LONG) != 0)


@edit(
    "NTE03",
    number=100,
    grain="claim",
    message="The note on the claim has a character that a claim file cannot carry (such as * : ^ ~); leave it out.",
    fix_location="Appointment › Note to the insurer",
    fix_columns=("practice.appointment.claim_note",),
    loop_segment="2300 NTE02",
    source=_CHARACTERS,
    is_overridable=False,
    rejection_codes=("A7:481",),
)
def claim_note_cannot_be_carried(context: ScrubContext) -> Hits:
    return hits((context.marks("claim_note", note_faults) & _UNCARRIABLE) != 0)


@edit(
    "NTE04",
    number=100,
    grain="line",
    message=(
        "Line {line_number}: its note, or the description of its service, has a character that a claim file cannot "
        "carry (such as * : ^ ~); leave it out."
    ),
    fix_location="Appointment › Services › Note, or Practice › Service types › Description",
    fix_columns=("practice.appointment_service.claim_note", "practice.service_type.description"),
    loop_segment="2400 NTE02, SV101-7",
    source=_CHARACTERS,
    is_overridable=False,
    rejection_codes=("A7:481",),
)
def line_note_cannot_be_carried(context: ScrubContext) -> Hits:
    columns = context.line_columns
    faults = columns.marks("line_note", note_faults) | columns.marks("description", note_faults)
    return hits((faults & _UNCARRIABLE) != 0)
