"""How long the session was, against what its codes and units stand for."""

from __future__ import annotations

import numpy as np

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, ScrubContext, hits, hits_at

_CODE = ("practice.appointment_service.service_type_id", "practice.service_type.procedure_code")
#: Minutes of one unit of services counted in quarters of an hour.
_QUARTER = 15
_BY_QUARTER_HOUR = frozenset(
    [
        *("H0004", "H2011", "H2014", "H2015", "H2017", "H2019", "H2021", "H2025", "H2027", "T1016", "T1017"),
        *("97151", "97152", "97153", "97154", "97155", "97156", "97157", "97158"),
    ]
)


def _counts_quarters(text: str) -> int:
    return int(text.strip().upper() in _BY_QUARTER_HOUR)


@edit(
    "UNI03",
    number=91,
    grain="line",
    message="Line {line_number}: more quarter hours are billed than the session lasted.",
    fix_location="Appointment › Services › Units, or Appointment › Start and end",
    fix_columns=(
        "practice.appointment_service.unit_count",
        "practice.appointment.starts_at",
        "practice.appointment.ends_at",
    ),
    loop_segment="2400 SV104",
    source="CMS, Medicare Claims Processing Manual, chapter 5, section 20.2 (15-minute units count from 8 minutes on)",
    # Other staff may have worked for the client beside the session.
    is_overridable=True,
    default_severity="warning",
)
def units_exceed_the_session(context: ScrubContext) -> Hits:
    suspects = np.flatnonzero(context.line_columns.marks("procedure_code", _counts_quarters))
    if not len(suspects):
        return Hits(suspects)
    owners = context.claim_of_line[suspects]
    minutes = context.claims["session_minutes"].take(owners).to_numpy(dtype="float64", na_value=np.inf)
    units = context.lines["unit_count"].iloc[suspects].to_numpy(dtype="float64", na_value=0)
    # The last unit counts from its eighth minute on.
    exceeds = units > np.floor((minutes + _QUARTER - 8) / _QUARTER)
    return hits_at(suspects[exceeds & ~context.is_void[owners]], context.lines["unit_count"])


@edit(
    "PSY09",
    number=59,
    grain="line",
    message="Line {line_number}: the session was shorter than the least time its procedure code stands for.",
    fix_location="Appointment › Start and end, or Appointment › Services",
    fix_columns=("practice.appointment.starts_at", "practice.appointment.ends_at", *_CODE),
    loop_segment="length of the appointment against 2400 SV101-2",
    source=(
        "Blue Cross Blue Shield of Illinois, Psychiatry/Psychotherapy payment policy: openpayer.com/policy-updates "
        "(90832 from 16 minutes, 90834 from 38, 90837 from 53)"
    ),
    is_overridable=True,
    needs="psychotherapy_minutes",
)
def session_is_too_short(context: ScrubContext) -> Hits:
    table = context.references.table("psychotherapy_minutes")
    minimum = dict(zip(table["procedure_code"], table["minimum_minutes"], strict=True))
    codes, texts = context.line_columns.distinct("procedure_code")
    needed = np.array([*(int(minimum.get(text.strip().upper(), 0)) for text in texts), 0], dtype=np.int64)[codes]
    lasted = context.claims["session_minutes"].to_numpy(dtype="int64", na_value=np.iinfo(np.int64).max)
    short = (lasted[context.claim_of_line] < needed) & ~context.is_void[context.claim_of_line]
    return hits(short, context.lines["procedure_code"])
