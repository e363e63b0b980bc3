"""The roles of procedure codes in psychotherapy coding, and what roles a client's day with a clinician holds together.

The roles of the codes are a reference table; a few codes have a part of their own that is named here. A void claim
repeats what was sent and is not asked (`day_lines`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from include.claims_scrubber.context import Hits, Mask, ScrubContext, hits_at
from include.claims_scrubber.day_lines import Bits, DayLines, build_day_lines

_ROLES = {
    "individual": 1,
    "individual_with_em": 2,
    "family": 4,
    "group": 8,
    "crisis": 16,
    "crisis_add_on": 32,
    "evaluation": 64,
    "interactive_complexity": 128,
    "em": 256,
}
INDIVIDUAL, WITH_EM, FAMILY, GROUP = 1, 2, 4, 8
CRISIS_FIRST, CRISIS_MORE, DIAGNOSTIC, INTERACTIVE, EM = 16, 32, 64, 128, 256
SESSION = INDIVIDUAL | WITH_EM
#: A visit that psychotherapy may be added to although the table does not name it.
PERHAPS_EM = 512
#: 90832, 90834, 90837: beside a visit they have forms of their own (90833, 90836, 90838).
HAS_ADDED_FORM = 1024
#: 90846 and 90847: the family without the client, and with the client.
WITHOUT_CLIENT, WITH_CLIENT = 2048, 4096
#: 90863, medication beside psychotherapy; 99417, a visit prolonged.
MEDICATION, PROLONGED = 8192, 16384
#: 90792, an evaluation with medical services.
MEDICAL_EVALUATION = 32768

_CODES = {
    **dict.fromkeys(["90832", "90834", "90837"], HAS_ADDED_FORM),
    "90846": WITHOUT_CLIENT,
    "90847": WITH_CLIENT,
    "90792": MEDICAL_EVALUATION,
    "90863": MEDICATION,
    "99417": PROLONGED,
    # Visits of clinics and homes that are billed under HCPCS codes.
    **dict.fromkeys(["G0463", "G0466", "G0467", "G0469", "G0470", "T1015"], PERHAPS_EM),
}


def _code_bits(code: str) -> int:
    """What a code is apart from its role. Any code of CPT's chapter on visits may be one (99202 to 99499)."""
    bits = _CODES.get(code, 0)
    if len(code) == 5 and code.isdigit() and ("99202" <= code <= "99499" or "98000" <= code <= "98016"):
        bits |= PERHAPS_EM
    return bits & ~PERHAPS_EM if bits & PROLONGED else bits


@dataclass(frozen=True, eq=False)
class Coding:
    """The rows of the day lines with the bits of their roles, and with those of their whole day."""

    rows: DayLines
    bits: Bits
    of_day: Bits


def build_coding(context: ScrubContext) -> Coding:
    rows = context.once(build_day_lines)
    table = context.references.table("psychotherapy")
    roles: dict[str, int] = {}
    for code, role in zip(table["procedure_code"], table["role"], strict=True):
        roles[code] = roles.get(code, 0) | _ROLES.get(role, 0)
    bits = rows.per_procedure(lambda code: roles.get(code, 0) | _code_bits(code))
    return Coding(rows, bits, rows.any_of_day(bits))


def line_hits(context: ScrubContext, rows: DayLines, mask: Mask) -> Hits:
    """The scrubbed lines among the rows of `mask`, with their procedure codes."""
    lines = rows.line[mask]
    lines = np.sort(lines[lines >= 0])
    return hits_at(lines, context.lines["procedure_code"])


def lines_beside(context: ScrubContext, role: int, excluded: int) -> Hits:
    """Lines of `role` on a day that has `excluded` as well."""
    coding = context.once(build_coding)
    return line_hits(context, coding.rows, ((coding.bits & role) != 0) & ((coding.of_day & excluded) != 0))


def lines_without(context: ScrubContext, role: int, needed: int) -> Hits:
    """Lines of `role` on a day that has nothing of `needed`."""
    coding = context.once(build_coding)
    return line_hits(context, coding.rows, ((coding.bits & role) != 0) & ((coding.of_day & needed) == 0))


def units_of_day(context: ScrubContext, role: int) -> npt.NDArray[np.int64]:
    """Per row how many units of `role` its day has, for rows of the role; 0 for others. A missing count is one."""
    coding = context.once(build_coding)
    rows = coding.rows
    places = np.flatnonzero(coding.bits & role)
    counted = np.zeros(len(rows.day), dtype=np.int64)
    if not len(places):
        return counted
    units = np.ones(len(places), dtype=np.int64)
    for column, own in ((context.lines["unit_count"], rows.line), (context.same_day_lines["unit_count"], rows.other)):
        of_frame = np.flatnonzero(own[places] >= 0)
        given = column.take(own[places][of_frame]).to_numpy(dtype="int64", na_value=1)
        units[of_frame] = np.maximum(given, 1)
    days = rows.day[places]
    starts = np.flatnonzero(np.concatenate([[True], days[1:] != days[:-1]]))
    counted[places] = np.repeat(np.add.reduceat(units, starts), np.diff(np.append(starts, len(days))))
    return counted
