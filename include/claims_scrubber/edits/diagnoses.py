"""What is treated, and which line treats it."""

from __future__ import annotations

import re

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, ScrubContext, hits, numbers_of

_POINTERS = re.compile(r"(1[0-2]|[1-9])(:(1[0-2]|[1-9])){0,3}")


def _pointed_ranks(text: str) -> int:
    """Bit r set for every rank r in `text` ("1:3"); 0 when it is not 1 to 4 different ranks of 1 to 12."""
    if not _POINTERS.fullmatch(text):
        return 0
    ranks = [int(part) for part in text.split(":")]
    return sum(1 << rank for rank in ranks) if len(set(ranks)) == len(ranks) else 0


@edit(
    "DIA01",
    number=29,
    grain="claim",
    message="There is no diagnosis on the claim.",
    fix_location="Client › Diagnoses",
    fix_columns=("practice.diagnosis.diagnosis_code",),
    loop_segment="2300 HI01 (ABK)",
    source="TheraNest help: theranest.zendesk.com/hc/en-us/articles/360056166152",
    is_overridable=False,
)
def diagnosis_is_missing(context: ScrubContext) -> Hits:
    return hits(context.diagnosis_ranks == 0)


@edit(
    "DIA02",
    number=33,
    grain="line",
    message=(
        "Line {line_number} does not point to one to four different diagnoses of this claim "
        "(none, too many, one twice, or one that is not on the claim)."
    ),
    fix_location="Client › Diagnoses",
    fix_columns=("practice.diagnosis.rank", "practice.diagnosis.starts_on", "practice.diagnosis.ends_on"),
    loop_segment="2400 SV107",
    source="Stedi changelog, claim edit for invalid diagnosis pointers: stedi.com/changelog",
    is_overridable=False,
)
def diagnosis_pointer_is_wrong(context: ScrubContext) -> Hits:
    pointers = context.lines["diagnosis_pointers"]
    pointed = numbers_of(pointers, _pointed_ranks)
    present = context.diagnosis_ranks[context.claim_of_line]
    wrong = (pointed == 0) | ((pointed & ~present) != 0)
    # A claim without any diagnosis has that one finding; its lines cannot point anywhere.
    return hits(wrong & (present != 0), pointers)
