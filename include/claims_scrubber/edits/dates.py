"""When: the date of service against the client's birth, the insurer's time limit and the age of the code set."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, ScrubContext, hits, hits_at

_LIMITS = (
    "athenahealth, rule ATHENADROP (15 days before); Medicare: 42 CFR 424.44, one year from the date of service; "
    "the limits are the practice's own table"
)
_LIMIT_WHERE = "Client › Claims: file today, or ask the insurer for an extension"
_LIMIT_COLUMNS = ("billing.claim.entered_step_on", "practice.appointment.starts_at")
_DAY = np.timedelta64(1, "D")
_DAY_SECONDS = 86400
_WARNING_DAYS = 15
_OLD_DAYS = 730
_FIRST_ICD_10 = np.datetime64("2015-10-01", "s")
_NO_LIMIT = np.iinfo(np.int64).max


def _days_left(context: ScrubContext) -> npt.NDArray[np.int64]:
    """Per claim the days from the night to the last day of filing, negative after it; `_NO_LIMIT` without a limit.

    The limit runs from the earliest service date. It is that of first claims to the first insurer: what comes after an
    earlier decision (secondary claims, corrections) has a time of its own that starts with the decision.
    """
    left = np.full(len(context.claims), _NO_LIMIT)
    table = context.references.table("timely_filing")
    limits = dict(zip(table["payer_code"], table["limit_days"], strict=True))
    codes, texts = context.columns.distinct("payer_code")
    days = np.array([*(int(limits.get(text, -1)) for text in texts), -1], dtype=np.int64)[codes]
    limited = np.flatnonzero((days >= 0) & context.is_original & ~np.isnat(context.first_service_on))
    # As bare seconds: dividing spans of time costs ten times as much.
    age = (context.today().astype(np.int64) - context.first_service_on[limited].astype(np.int64)) // _DAY_SECONDS
    left[limited] = days[limited] - age
    is_first = (context.marks("level", _is_primary) != 0)[limited]
    left[limited[~is_first]] = _NO_LIMIT
    return left


def _is_primary(text: str) -> int:
    return int(text == "primary")


@edit(
    "DOS02",
    number=47,
    grain="line",
    message="Line {line_number}: the date of service is before the client's birth.",
    fix_location="Appointment › Date, or Client › Profile › Date of birth",
    fix_columns=("practice.appointment.starts_at", "practice.client.birth_on"),
    loop_segment="2400 DTP*472, 2010BA or 2010CA DMG02",
    source="Tebra, Claim rejections: helpme.tebra.com",
    is_overridable=False,
    rejection_codes=("A7:187", "A7:158"),
)
def service_is_before_birth(context: ScrubContext) -> Hits:
    born = context.claims["patient_birth_on"].to_numpy(dtype="datetime64[s]")
    # A birth after the night is a finding of its own, and would make every service come before it.
    suspects = (context.first_service_on < born) & (born <= context.today())
    if not suspects.any():
        return Hits(np.array([], dtype=np.intp))
    service_on = context.lines["service_on"].to_numpy(dtype="datetime64[s]")
    before = (service_on < born[context.claim_of_line]) & suspects[context.claim_of_line]
    return hits(before, context.lines["service_on"])


@edit(
    "DOS03",
    number=88,
    grain="line",
    message="Line {line_number}: the date of service is before October 2015, when ICD-10 codes were not yet in use.",
    fix_location="Appointment › Date",
    fix_columns=("practice.appointment.starts_at",),
    loop_segment="2400 DTP*472, 2300 HI (ABK)",
    source="Stedi changelog, claim edit for ICD-9 qualifiers after the transition date: stedi.com/changelog; CMS",
    is_overridable=False,
    rejection_codes=("A7:187", "A8:254"),
)
def service_is_before_icd_10(context: ScrubContext) -> Hits:
    if not (context.first_service_on < _FIRST_ICD_10).any():
        return Hits(np.array([], dtype=np.intp))
    service_on = context.lines["service_on"]
    return hits(service_on.to_numpy(dtype="datetime64[s]") < _FIRST_ICD_10, service_on)


@edit(
    "TIM01",
    number=48,
    grain="claim",
    message="The insurer's time limit for filing has passed.",
    fix_location=_LIMIT_WHERE,
    fix_columns=_LIMIT_COLUMNS,
    loop_segment="2400 DTP*472 against the insurer's limit",
    source=_LIMITS,
    # Extensions are granted, and a claim may be needed for its denial.
    is_overridable=True,
    needs="timely_filing",
    rejection_codes=("A3:718", "A7:718"),
)
def time_limit_has_passed(context: ScrubContext) -> Hits:
    return hits_at(np.flatnonzero(context.once(_days_left) < 0))


@edit(
    "TIM02",
    number=48,
    grain="claim",
    message="Fifteen days or fewer are left to file with the insurer.",
    fix_location=_LIMIT_WHERE,
    fix_columns=_LIMIT_COLUMNS,
    loop_segment="2400 DTP*472 against the insurer's limit",
    source=_LIMITS,
    is_overridable=True,
    default_severity="warning",
    needs="timely_filing",
)
def time_limit_is_near(context: ScrubContext) -> Hits:
    left = context.once(_days_left)
    return hits_at(np.flatnonzero((left >= 0) & (left <= _WARNING_DAYS)))


@edit(
    "TIM03",
    number=101,
    grain="claim",
    message="The service is more than two years ago; hardly any insurer takes a first claim that late.",
    fix_location=f"Appointment › Date, or {_LIMIT_WHERE}",
    fix_columns=("practice.appointment.starts_at",),
    loop_segment="2400 DTP*472",
    source=_LIMITS,
    is_overridable=True,
    default_severity="warning",
)
def service_is_very_old(context: ScrubContext) -> Hits:
    limit = context.today() - _OLD_DAYS * _DAY
    old = np.flatnonzero((context.first_service_on < limit) & context.is_original)
    if not len(old):
        return Hits(old)
    # Where the insurer's limit is known, the edits above have spoken.
    if context.references.is_loaded("timely_filing"):
        old = old[context.once(_days_left)[old] == _NO_LIMIT]
    return Hits(old)
