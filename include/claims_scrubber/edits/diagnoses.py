"""What is treated, and which line treats it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, Mask, ScrubContext, hits, ids

_POINTERS = re.compile(r"(1[0-2]|[1-9])(:(1[0-2]|[1-9])){0,3}")
#: Letter, digit, digit or letter, then up to four more; the dot is not written in X12.
_SHAPE = re.compile(r"[A-Z][0-9][0-9A-Z]{1,5}")

_STEDI = "Stedi changelog, claim edit for {}: stedi.com/changelog"
_ICD_TABLE = (
    'CMS, ICD-10-CM code tables by fiscal year; Ensora Health, "Common Rejection Reasons & Fixes" (2059): '
    "experience.ensorahealth.com"
)
_GUIDELINES = "ICD-10-CM Official Guidelines for Coding and Reporting, sections I.A.13, I.B.10, I.C.20"
_WHERE = "Client › Diagnoses"
_CODE = ("practice.diagnosis.diagnosis_code",)
_ORDER = ("practice.diagnosis.rank", "practice.diagnosis.starts_on", "practice.diagnosis.ends_on")

_MALFORMED = 1
_EXTERNAL_CAUSE = 2
_SEQUELA = 4
_MANIFESTATION = 8
#: Dementia in other diseases; psychological factors of a disease classified elsewhere: the disease comes first.
_MANIFESTATIONS = ("F02", "F54")


def diagnosis_bits(text: str) -> int:
    """What the code alone tells about a diagnosis."""
    if not text.strip():
        return 0
    if not _SHAPE.fullmatch(text):
        return _MALFORMED
    bits = 0
    if text[0] in "VWXY":
        bits |= _EXTERNAL_CAUSE
    if len(text) == 7 and text[6] == "S":
        bits |= _SEQUELA
    if text.startswith(_MANIFESTATIONS):
        bits |= _MANIFESTATION
    return bits


def _pointed_ranks(text: str) -> int:
    """Bit r set for every rank r in `text` ("1:3"); 0 when it is not 1 to 4 different ranks of 1 to 12."""
    if not _POINTERS.fullmatch(text):
        return 0
    ranks = [int(part) for part in text.split(":")]
    return sum(1 << rank for rank in ranks) if len(set(ranks)) == len(ranks) else 0


def _claims_of(context: ScrubContext, positions: npt.NDArray[np.intp]) -> Hits:
    """Diagnoses at `positions` as one hit a claim, with their codes ("F41, F33")."""
    owners = context.claim_of_diagnosis[positions]
    codes = context.diagnoses["diagnosis_code"].iloc[positions]
    texts = pd.Series(codes.to_numpy(), dtype="str").groupby(owners, sort=True).agg(", ".join)
    return Hits(texts.index.to_numpy(dtype=np.intp), texts.reset_index(drop=True).astype("str"))


def _first_is(context: ScrubContext, bit: int) -> Hits:
    """Claims whose diagnosis of rank 1 has the bit."""
    marks = context.diagnosis_columns.marks("diagnosis_code", diagnosis_bits)
    suspects = np.flatnonzero(marks & bit)
    return _claims_of(context, suspects[ids(context.diagnoses["rank"])[suspects] == 1])


@dataclass(frozen=True)
class _LookedUp:
    """Per diagnosis: it stands in the ICD-10-CM table on the service date; it needs more characters. A code of the
    wrong shape counts as known, since another edit says so."""

    is_known: Mask
    is_heading: Mask


def _look_up(context: ScrubContext) -> _LookedUp:
    codes, texts = context.diagnosis_columns.distinct("diagnosis_code")
    categories = pd.Series(pd.Categorical.from_codes(codes, pd.Index(texts, dtype="object")))
    days = context.first_service_on[context.claim_of_diagnosis]
    rows = context.references.rows_in_force("diagnosis_code", categories, days)
    billable = context.references.table("diagnosis_code")["is_billable"].to_numpy(dtype="bool")
    is_comparable = ~context.diagnosis_columns.is_blank("diagnosis_code")
    is_comparable &= (context.diagnosis_columns.marks("diagnosis_code", diagnosis_bits) & _MALFORMED) == 0
    return _LookedUp(is_known=(rows >= 0) | ~is_comparable, is_heading=(rows >= 0) & ~billable[rows] & is_comparable)


@edit(
    "DIA01",
    number=29,
    grain="claim",
    message="There is no diagnosis on the claim.",
    fix_location=_WHERE,
    fix_columns=_CODE,
    loop_segment="2300 HI01 (ABK)",
    source="TheraNest help: theranest.zendesk.com/hc/en-us/articles/360056166152",
    is_overridable=False,
    rejection_codes=("A6:254", "A6:255"),
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
    fix_location=_WHERE,
    fix_columns=_ORDER,
    loop_segment="2400 SV107",
    source=_STEDI.format("invalid diagnosis pointers"),
    is_overridable=False,
    rejection_codes=("A6:477", "A7:477"),
)
def diagnosis_pointer_is_wrong(context: ScrubContext) -> Hits:
    pointed = context.line_columns.marks("diagnosis_pointers", _pointed_ranks)
    present = context.diagnosis_ranks[context.claim_of_line]
    wrong = (pointed == 0) | ((pointed & ~present) != 0)
    # A claim without any diagnosis has that one finding; its lines cannot point anywhere.
    return hits(wrong & (present != 0), context.lines["diagnosis_pointers"])


@edit(
    "DIA03",
    number=30,
    grain="claim",
    message="A diagnosis is not specific enough: its code needs more characters. Choose one of the codes below it.",
    fix_location=_WHERE,
    fix_columns=_CODE,
    loop_segment="2300 HI01-2 to HI12-2",
    source=_ICD_TABLE,
    is_overridable=True,
    needs="diagnosis_code",
    rejection_codes=("A7:254", "A7:255"),
)
def diagnosis_is_not_specific(context: ScrubContext) -> Hits:
    return _claims_of(context, np.flatnonzero(context.once(_look_up).is_heading))


@edit(
    "DIA04",
    number=31,
    grain="claim",
    message="A diagnosis is not a valid ICD-10-CM code on the date of service.",
    fix_location=_WHERE,
    fix_columns=_CODE,
    loop_segment="2300 HI01-2 to HI12-2",
    source=_ICD_TABLE,
    # The table may be a release behind.
    is_overridable=True,
    needs="diagnosis_code",
    rejection_codes=("A7:254", "A7:255"),
)
def diagnosis_is_not_valid(context: ScrubContext) -> Hits:
    return _claims_of(context, np.flatnonzero(~context.once(_look_up).is_known))


@edit(
    "DIA05",
    number=32,
    grain="claim",
    message="The same diagnosis stands on the claim twice.",
    fix_location=_WHERE,
    fix_columns=_ORDER,
    loop_segment="2300 HI01-2 to HI12-2",
    source=_STEDI.format("duplicate diagnosis codes"),
    is_overridable=False,
    rejection_codes=("A7:255",),
)
def diagnosis_stands_twice(context: ScrubContext) -> Hits:
    codes = context.diagnosis_columns.distinct("diagnosis_code")[0].astype(np.int64)
    owners = context.claim_of_diagnosis
    again = np.zeros(len(owners), dtype=np.bool_)
    # Against the diagnosis before it, the one before that, and so on: a claim has few.
    step = 1
    rows = np.flatnonzero(owners[1:] == owners[:-1]) + 1 if len(owners) else np.array([], dtype=np.intp)
    while len(rows):
        again[rows] |= codes[rows] == codes[rows - step]
        step += 1
        rows = rows[rows >= step]
        rows = rows[owners[rows] == owners[rows - step]]
    again &= ~context.diagnosis_columns.is_blank("diagnosis_code")
    return _claims_of(context, np.flatnonzero(again))


@edit(
    "DIA06",
    number=80,
    grain="claim",
    message="The first diagnosis is an external cause (V, W, X or Y); put the condition that was treated first.",
    fix_location=_WHERE,
    fix_columns=_ORDER,
    loop_segment="2300 HI01-2",
    source=f"{_STEDI.format('an external cause as principal diagnosis')}; {_GUIDELINES}",
    is_overridable=False,
    rejection_codes=("A7:254",),
)
def first_diagnosis_is_an_external_cause(context: ScrubContext) -> Hits:
    return _first_is(context, _EXTERNAL_CAUSE)


@edit(
    "DIA07",
    number=81,
    grain="claim",
    message="The first diagnosis is a sequela (seventh character S); put the present condition first.",
    fix_location=_WHERE,
    fix_columns=_ORDER,
    loop_segment="2300 HI01-2",
    source=f"{_STEDI.format('a sequela as primary diagnosis')}; {_GUIDELINES}",
    is_overridable=True,
    rejection_codes=("A7:254",),
)
def first_diagnosis_is_a_sequela(context: ScrubContext) -> Hits:
    return _first_is(context, _SEQUELA)


@edit(
    "DIA08",
    number=82,
    grain="claim",
    message="The first diagnosis is one that ICD-10-CM lists after the disease it comes from; put that disease first.",
    fix_location=_WHERE,
    fix_columns=_ORDER,
    loop_segment="2300 HI01-2",
    source=f"UnitedHealthcare, ICD-10-CM claim placement policy: openpayer.com/policy-updates; {_GUIDELINES}",
    # Many insurers of mental-health care take them alone.
    is_overridable=True,
    default_severity="warning",
)
def first_diagnosis_is_a_manifestation(context: ScrubContext) -> Hits:
    return _first_is(context, _MANIFESTATION)


@edit(
    "DIA09",
    number=83,
    grain="claim",
    message="The diagnoses are not numbered 1 to 12 without gaps; lines would point to the wrong ones.",
    fix_location=_WHERE,
    fix_columns=_ORDER,
    loop_segment="2300 HI01 to HI12",
    source="837P implementation guide 005010X222A1: twelve diagnoses a claim (general knowledge, not re-read)",
    is_overridable=False,
)
def diagnoses_are_not_numbered(context: ScrubContext) -> Hits:
    ranks = context.diagnosis_ranks
    # Bits 1 to n and no other make a power of two when two is added; a repeated rank leaves fewer bits than rows.
    gapped = (ranks & (ranks + 2)) != 0
    given = np.bincount(
        context.claim_of_diagnosis[~context.diagnosis_columns.is_blank("diagnosis_code")],
        minlength=len(context.claims),
    )
    return hits(gapped | (given != np.bitwise_count(ranks)))


@edit(
    "DIA10",
    number=84,
    grain="claim",
    message="A diagnosis code does not have the form of ICD-10-CM: a letter, a digit, up to five more, without a dot.",
    fix_location=_WHERE,
    fix_columns=_CODE,
    loop_segment="2300 HI01-2 to HI12-2",
    source="CMS, ICD-10-CM code structure; 837P implementation guide 005010X222A1 (general knowledge, not re-read)",
    is_overridable=False,
    rejection_codes=("A7:254", "A7:255"),
)
def diagnosis_is_malformed(context: ScrubContext) -> Hits:
    return _claims_of(
        context,
        np.flatnonzero(context.diagnosis_columns.marks("diagnosis_code", diagnosis_bits) & _MALFORMED),
    )
