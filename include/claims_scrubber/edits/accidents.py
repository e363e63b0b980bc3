"""The accident a condition comes from: its kind, date and state."""

from __future__ import annotations

import re

import numpy as np

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, ScrubContext, hits, hits_at, is_missing

_STEDI = "Stedi changelog, claim edit for {}: stedi.com/changelog"
_GUIDE = "837P implementation guide 005010X222A1 (general knowledge, not re-read)"
_ACCIDENT_WHERE = "Appointment › Accident"

_AUTO = 1
_EMPLOYMENT = 2
_OTHER = 4
_NO_CAUSE = 8

_STATE = re.compile(r"[A-Z]{2}")


def _cause(text: str) -> int:
    return {"auto": _AUTO, "employment": _EMPLOYMENT, "other": _OTHER}.get(text, _NO_CAUSE if text.strip() else 0)


def _is_no_state(text: str) -> int:
    return int(not _STATE.fullmatch(text.strip().upper()))


@edit(
    "ACC01",
    number=49,
    grain="claim",
    message="The claim comes from an accident, and its date is missing.",
    fix_location=_ACCIDENT_WHERE,
    fix_columns=("practice.appointment.accident_on",),
    loop_segment="2300 CLM11, DTP*439",
    source=f"Tebra, Claim rejections: helpme.tebra.com; {_GUIDE}",
    is_overridable=False,
)
def accident_date_is_missing(context: ScrubContext) -> Hits:
    accidents = np.flatnonzero(context.marks("accident_cause", _cause) & (_AUTO | _OTHER))
    undated = is_missing(context.claims["accident_on"].iloc[accidents])
    return hits_at(accidents[undated], context.claims["accident_cause"])


@edit(
    "ACC02",
    number=49,
    grain="claim",
    message="The accident is dated after the service.",
    fix_location=f"{_ACCIDENT_WHERE} › Date",
    fix_columns=("practice.appointment.accident_on", "practice.appointment.starts_at"),
    loop_segment="2300 DTP*439, 2400 DTP*472",
    source=_STEDI.format("an accident date after the service date"),
    is_overridable=False,
)
def accident_is_after_the_service(context: ScrubContext) -> Hits:
    dated = np.flatnonzero(~is_missing(context.claims["accident_on"]))
    accident = context.claims["accident_on"].iloc[dated].to_numpy(dtype="datetime64[s]")
    later = accident > context.first_service_on[dated]
    # Without a cause the date is not sent; another edit says so.
    is_sent = (context.marks("accident_cause", _cause)[dated] & (_AUTO | _EMPLOYMENT | _OTHER)) != 0
    return hits_at(dated[later & is_sent], context.claims["accident_on"])


@edit(
    "ACC03",
    number=96,
    grain="claim",
    message="The claim comes from a car accident, and the state where it happened is missing or is not two letters.",
    fix_location=f"{_ACCIDENT_WHERE} › State",
    fix_columns=("practice.appointment.accident_state_code",),
    loop_segment="2300 CLM11-4",
    source=f"X12 composite C024 (state of a car accident): stedi.com/edi/x12/element/C024; {_GUIDE}",
    is_overridable=False,
)
def accident_state_is_missing(context: ScrubContext) -> Hits:
    cars = np.flatnonzero(context.marks("accident_cause", _cause) & _AUTO)
    if not len(cars):
        return Hits(cars)
    wrong = context.is_blank("accident_state_code") | (context.marks("accident_state_code", _is_no_state) != 0)
    return hits_at(cars[wrong[cars]], context.claims["accident_state_code"])


@edit(
    "ACC04",
    number=97,
    grain="claim",
    message="The condition comes from work, and no date of an accident is given; add it if there was an accident.",
    fix_location=f"{_ACCIDENT_WHERE} › Date",
    fix_columns=("practice.appointment.accident_on",),
    loop_segment="2300 CLM11, DTP*439",
    source=_GUIDE,
    is_overridable=True,
    default_severity="warning",
)
def accident_at_work_has_no_date(context: ScrubContext) -> Hits:
    work = np.flatnonzero(context.marks("accident_cause", _cause) & _EMPLOYMENT)
    return Hits(work[is_missing(context.claims["accident_on"].iloc[work])])


@edit(
    "ACC05",
    number=98,
    grain="claim",
    message="A date or state of an accident is given, and not what kind of accident it was; it will not be sent.",
    fix_location=f"{_ACCIDENT_WHERE} › Cause",
    fix_columns=("practice.appointment.accident_cause",),
    loop_segment="2300 CLM11",
    source=_GUIDE,
    is_overridable=True,
    default_severity="warning",
)
def accident_has_no_cause(context: ScrubContext) -> Hits:
    told = ~is_missing(context.claims["accident_on"]) | ~context.is_blank("accident_state_code")
    return hits(told & context.is_blank("accident_cause"))


@edit(
    "ACC06",
    number=96,
    grain="claim",
    message=(
        "The claim comes from a car accident, and where it happened is not the code of a US state, territory or "
        "military region."
    ),
    fix_location=f"{_ACCIDENT_WHERE} › State",
    fix_columns=("practice.appointment.accident_state_code",),
    loop_segment="2300 CLM11-4",
    source=f"X12 composite C024 (state of a car accident): stedi.com/edi/x12/element/C024; {_GUIDE}",
    # Accidents in Canada or Mexico have a code of their own country.
    is_overridable=True,
    needs="state",
)
def accident_state_is_unknown(context: ScrubContext) -> Hits:
    cars = np.flatnonzero(context.marks("accident_cause", _cause) & _AUTO)
    if not len(cars):
        return Hits(cars)
    known = set(context.references.table("state")["state_code"])
    codes, texts = context.columns.distinct("accident_state_code")
    # What is no code at all has ACC03 for it.
    unknown = [not _is_no_state(text) and text.strip().upper() not in known for text in texts]
    wrong = np.array([*unknown, False], dtype=np.bool_)[codes[cars]]
    return hits_at(cars[wrong], context.claims["accident_state_code"])


@edit(
    "ACC07",
    number=98,
    grain="claim",
    message="What kind of accident the claim comes from is none of auto, employment and other.",
    fix_location=f"{_ACCIDENT_WHERE} › Cause",
    fix_columns=("practice.appointment.accident_cause",),
    loop_segment="2300 CLM11-1",
    source=f"X12 data element 1362 (AA, EM, OA): stedi.com/edi/x12/element/C024; {_GUIDE}",
    is_overridable=False,
)
def accident_cause_is_unknown(context: ScrubContext) -> Hits:
    return hits(context.has("accident_cause", _cause, _NO_CAUSE), context.claims["accident_cause"])
