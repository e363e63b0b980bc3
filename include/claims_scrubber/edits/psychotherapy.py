"""How psychotherapy is coded: add-ons and what they are added to, what excludes what on one day.

The roles of the codes are a reference table; what the roles may do together stands here. "The same day" means the same
client, clinician and date, over all live claims (`day_lines`).
"""

from __future__ import annotations

import numpy as np

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, ScrubContext, hits_at
from include.claims_scrubber.modifiers import DISTINCT, DISTINCT_BY, build_line_bits, build_same_day_bits
from include.claims_scrubber.psychotherapy_roles import (
    CRISIS_FIRST,
    CRISIS_MORE,
    DIAGNOSTIC,
    EM,
    FAMILY,
    GROUP,
    HAS_ADDED_FORM,
    INDIVIDUAL,
    INTERACTIVE,
    MEDICATION,
    PERHAPS_EM,
    PROLONGED,
    SESSION,
    WITH_CLIENT,
    WITH_EM,
    WITHOUT_CLIENT,
    build_coding,
    line_hits,
    lines_beside,
    lines_without,
    units_of_day,
)

_BCBSIL = "Blue Cross Blue Shield of Illinois, Psychiatry/Psychotherapy payment policy: openpayer.com/policy-updates"
_CRISIS = f"{_BCBSIL}; AAPC, CCI 19.0 psychotherapy crisis bundles: aapc.com"
_EVALUATION = f"{_BCBSIL}; CMS, LCD 34616: cms.gov/medicare-coverage-database"
_WHERE = "Appointment › Services, then void the invoice so that it is made anew"
_COLUMNS = ("practice.appointment_service.service_type_id", "practice.service_type.procedure_code")
_SEGMENT = "2400 SV101-2, 2400 DTP*472"
_MONTHS_BETWEEN_EVALUATIONS = 6
#: Six months never have more days than this.
_DAYS_BETWEEN_EVALUATIONS = 184


@edit(
    "PSY01",
    number=53,
    grain="line",
    message=(
        "Line {line_number}: interactive complexity (90785) is an add-on; the day has no evaluation, individual or "
        "group psychotherapy that it could be added to."
    ),
    fix_location=_WHERE,
    fix_columns=_COLUMNS,
    loop_segment=_SEGMENT,
    source=_BCBSIL,
    is_overridable=True,
    needs="psychotherapy",
)
def interactive_complexity_stands_alone(context: ScrubContext) -> Hits:
    return lines_without(context, INTERACTIVE, DIAGNOSTIC | SESSION | GROUP)


@edit(
    "PSY02",
    number=54,
    grain="line",
    message=(
        "Line {line_number}: psychotherapy beside a visit (90833, 90836, 90838) needs the visit on the same day; "
        "without one use 90832, 90834 or 90837."
    ),
    fix_location=_WHERE,
    fix_columns=_COLUMNS,
    loop_segment=_SEGMENT,
    source=_BCBSIL,
    is_overridable=True,
    needs="psychotherapy",
)
def added_psychotherapy_has_no_visit(context: ScrubContext) -> Hits:
    return lines_without(context, WITH_EM, EM | PERHAPS_EM)


@edit(
    "PSY03",
    number=55,
    grain="line",
    message=(
        "Line {line_number}: psychotherapy and crisis psychotherapy (90839, 90840) cannot be billed for the same day."
    ),
    fix_location=_WHERE,
    fix_columns=_COLUMNS,
    loop_segment=_SEGMENT,
    source=_CRISIS,
    is_overridable=True,
    needs="psychotherapy",
)
def psychotherapy_is_beside_crisis(context: ScrubContext) -> Hits:
    return lines_beside(context, SESSION, CRISIS_FIRST | CRISIS_MORE)


@edit(
    "PSY04",
    number=56,
    grain="line",
    message="Line {line_number}: crisis psychotherapy (90839) is billed once a day; further half hours are 90840.",
    fix_location=_WHERE,
    fix_columns=(*_COLUMNS, "practice.appointment_service.unit_count"),
    loop_segment="2400 SV101-2, SV104, DTP*472",
    source=_CRISIS,
    is_overridable=True,
    needs="psychotherapy",
)
def crisis_is_billed_twice(context: ScrubContext) -> Hits:
    return line_hits(context, context.once(build_coding).rows, units_of_day(context, CRISIS_FIRST) > 1)


@edit(
    "PSY05",
    number=56,
    grain="line",
    message="Line {line_number}: further half hours of crisis psychotherapy (90840) need 90839 on the same day.",
    fix_location=_WHERE,
    fix_columns=_COLUMNS,
    loop_segment=_SEGMENT,
    source=_CRISIS,
    is_overridable=True,
    needs="psychotherapy",
)
def crisis_add_on_stands_alone(context: ScrubContext) -> Hits:
    return lines_without(context, CRISIS_MORE, CRISIS_FIRST)


@edit(
    "PSY06",
    number=57,
    grain="line",
    message=(
        "Line {line_number}: a diagnostic evaluation (90791, 90792) and a visit of the same clinician cannot be billed "
        "for the same day."
    ),
    fix_location=_WHERE,
    fix_columns=_COLUMNS,
    loop_segment=_SEGMENT,
    source=_EVALUATION,
    is_overridable=True,
    needs="psychotherapy",
)
def evaluation_is_beside_a_visit(context: ScrubContext) -> Hits:
    return lines_beside(context, DIAGNOSTIC, EM)


@edit(
    "PSY07",
    number=57,
    grain="line",
    message=(
        "Line {line_number}: a diagnostic evaluation (90791, 90792) and crisis psychotherapy (90839, 90840) cannot be "
        "billed for the same day."
    ),
    fix_location=_WHERE,
    fix_columns=_COLUMNS,
    loop_segment=_SEGMENT,
    source=_EVALUATION,
    is_overridable=True,
    needs="psychotherapy",
)
def evaluation_is_beside_crisis(context: ScrubContext) -> Hits:
    return lines_beside(context, DIAGNOSTIC, CRISIS_FIRST | CRISIS_MORE)


@edit(
    "PSY08",
    number=58,
    grain="line",
    message=(
        "Line {line_number}: individual and family psychotherapy are billed for the same day; keep both only if they "
        "were separate, and say so with modifier 59, XE, XP, XS or XU."
    ),
    fix_location="Appointment › Services › Modifiers",
    fix_columns=("practice.appointment_service.modifier_1", *_COLUMNS),
    loop_segment="2400 SV101-2 to SV101-6",
    source=_BCBSIL,
    is_overridable=True,
    default_severity="warning",
    needs="psychotherapy",
)
def family_is_beside_individual(context: ScrubContext) -> Hits:
    coding = context.once(build_coding)
    rows = coding.rows
    both = ((coding.of_day & SESSION) != 0) & ((coding.of_day & FAMILY) != 0)
    places = np.flatnonzero(both & ((coding.bits & (SESSION | FAMILY)) != 0))
    if not len(places):
        return Hits(places)
    # It is enough that one line of the day says so.
    own, other = rows.line[places], rows.other[places]
    said = np.zeros(len(places), dtype=np.bool_)
    said[own >= 0] = (context.once(build_line_bits)[own[own >= 0]] & (DISTINCT | DISTINCT_BY)) != 0
    said[other >= 0] = (context.once(build_same_day_bits)[other[other >= 0]] & (DISTINCT | DISTINCT_BY)) != 0
    unsaid = np.zeros(len(rows.day), dtype=np.bool_)
    unsaid[places[~np.isin(rows.day[places], rows.day[places[said]])]] = True
    return line_hits(context, rows, unsaid)


@edit(
    "PSY10",
    number=60,
    grain="line",
    message="Line {line_number}: a diagnostic evaluation was already billed for the client within six months.",
    fix_location=_WHERE,
    fix_columns=_COLUMNS,
    loop_segment=_SEGMENT,
    source=f"{_BCBSIL} (an insurer's rule)",
    is_overridable=True,
    default_severity="warning",
    needs="psychotherapy",
)
def evaluation_was_billed_before(context: ScrubContext) -> Hits:
    prior = context.claims["prior_evaluation_on"].to_numpy(dtype="datetime64[s]")
    if np.isnat(prior).all():
        return Hits(np.array([], dtype=np.intp))
    coding = context.once(build_coding)
    lines = coding.rows.line[(coding.bits & DIAGNOSTIC) != 0]
    lines = np.sort(lines[lines >= 0])
    service_on = context.lines["service_on"].iloc[lines].to_numpy(dtype="datetime64[s]")
    before = prior[context.claim_of_line[lines]]
    near = (service_on - before) <= np.timedelta64(_DAYS_BETWEEN_EVALUATIONS, "D")
    lines, service_on, before = lines[near], service_on[near], before[near]
    # The same day of the month six months on, or the last day of a shorter month.
    months = before.astype("datetime64[M]")
    day_of_month = before.astype("datetime64[D]") - months.astype("datetime64[D]")
    month = months + _MONTHS_BETWEEN_EVALUATIONS
    last = (month + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
    again_from = np.minimum(month.astype("datetime64[D]") + day_of_month, last)
    return hits_at(lines[service_on < again_from], context.lines["service_on"])


@edit(
    "PSY11",
    number=104,
    grain="line",
    message=(
        "Line {line_number}: psychotherapy of the same clinician on the day of a visit is billed as an add-on "
        "(90833, 90836, 90838)."
    ),
    fix_location=_WHERE,
    fix_columns=_COLUMNS,
    loop_segment=_SEGMENT,
    source=f"{_BCBSIL}; CPT, psychotherapy with evaluation and management",
    is_overridable=True,
    default_severity="warning",
    needs="psychotherapy",
)
def psychotherapy_is_not_added_to_the_visit(context: ScrubContext) -> Hits:
    return lines_beside(context, HAS_ADDED_FORM, EM)


@edit(
    "PSY12",
    number=105,
    grain="line",
    message=(
        "Line {line_number}: a diagnostic evaluation and psychotherapy are billed for the same day; most insurers pay "
        "one of them."
    ),
    fix_location=_WHERE,
    fix_columns=_COLUMNS,
    loop_segment=_SEGMENT,
    source=_EVALUATION,
    is_overridable=True,
    default_severity="warning",
    needs="psychotherapy",
)
def evaluation_is_beside_psychotherapy(context: ScrubContext) -> Hits:
    return lines_beside(context, DIAGNOSTIC, SESSION)


@edit(
    "PSY13",
    number=106,
    grain="line",
    message=(
        "Line {line_number}: individual psychotherapy (90832 to 90838) is billed more than once for the day; choose "
        "the code of the whole time."
    ),
    fix_location=_WHERE,
    fix_columns=(*_COLUMNS, "practice.appointment_service.unit_count"),
    loop_segment="2400 SV101-2, SV104, DTP*472",
    source=f"{_BCBSIL}; Billing Freedom, Psychotherapy codes (one unit a day): billingfreedom.com",
    # Two sessions on one day do happen.
    is_overridable=True,
    default_severity="warning",
    needs="psychotherapy",
)
def psychotherapy_is_billed_twice(context: ScrubContext) -> Hits:
    return line_hits(context, context.once(build_coding).rows, units_of_day(context, SESSION) > 1)


@edit(
    "PSY14",
    number=107,
    grain="line",
    message=(
        "Line {line_number}: a group, a family session or an evaluation is billed with more than one unit; it counts "
        "once, however long it was."
    ),
    fix_location="Appointment › Services › Units, then void the invoice so that it is made anew",
    fix_columns=("practice.appointment_service.unit_count",),
    loop_segment="2400 SV104",
    source="AAPC, Billing more than one unit of 90853: aapc.com; CPT: these codes carry no time increment",
    is_overridable=True,
    default_severity="warning",
    needs="psychotherapy",
)
def session_is_billed_by_units(context: ScrubContext) -> Hits:
    coding = context.once(build_coding)
    many = (context.lines["unit_count"] > 1).fillna(False).to_numpy(dtype="bool")
    if not many.any():
        return Hits(np.array([], dtype=np.intp))
    own = np.flatnonzero((coding.rows.line >= 0) & ((coding.bits & (GROUP | FAMILY | DIAGNOSTIC)) != 0))
    lines = np.sort(coding.rows.line[own])
    return hits_at(lines[many[lines]], context.lines["unit_count"])


@edit(
    "PSY15",
    number=108,
    grain="line",
    message=(
        "Line {line_number}: family psychotherapy without (90846) and with the client (90847) are billed for the same "
        "day; most insurers pay one of them."
    ),
    fix_location=_WHERE,
    fix_columns=_COLUMNS,
    loop_segment=_SEGMENT,
    source="Public billing guides on 90846 and 90847 the same day, e.g. pegaswitch.com/lifehacks",
    is_overridable=True,
    default_severity="warning",
    needs="psychotherapy",
)
def family_is_billed_both_ways(context: ScrubContext) -> Hits:
    return lines_beside(context, WITHOUT_CLIENT, WITH_CLIENT)


@edit(
    "PSY16",
    number=109,
    grain="line",
    message=(
        "Line {line_number}: medication management (90863) is an add-on to 90832, 90834 or 90837, none of which is "
        "billed for the day."
    ),
    fix_location=_WHERE,
    fix_columns=_COLUMNS,
    loop_segment=_SEGMENT,
    source=_BCBSIL,
    is_overridable=True,
    needs="psychotherapy",
)
def medication_management_stands_alone(context: ScrubContext) -> Hits:
    return lines_without(context, MEDICATION, INDIVIDUAL)


@edit(
    "PSY17",
    number=110,
    grain="line",
    message=(
        "Line {line_number}: prolonged service (99417) is an add-on to a visit, and there is none on the day; it does "
        "not lengthen psychotherapy."
    ),
    fix_location=_WHERE,
    fix_columns=_COLUMNS,
    loop_segment=_SEGMENT,
    source="B. Griswold, A new way to bill for longer sessions: theinsurancemaze.com/updateextendedsessions; CPT 2023",
    is_overridable=True,
    needs="psychotherapy",
)
def prolonged_service_stands_alone(context: ScrubContext) -> Hits:
    return lines_without(context, PROLONGED, EM | PERHAPS_EM)
