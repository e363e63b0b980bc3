"""Procedures against the CMS tables: pairs that exclude each other, units per day, and tests added to nothing.

The tables are the practice's own copies, quarterly from CMS; other insurers mostly follow them. Source of what their
indicators mean: CMS, NCCI Policy Manual for Medicare Services, chapter I, and Medically Unlikely Edits FAQ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, Mask, ScrubContext, hits
from include.claims_scrubber.day_lines import DayLines, Positions, build_day_lines
from include.claims_scrubber.modifiers import PARTS_PAIR, build_line_bits, build_same_day_bits

_NCCI = "CMS, NCCI procedure-to-procedure edits for practitioners, quarterly: cms.gov"
_MUE = "CMS, medically unlikely edits for practitioners, quarterly: cms.gov; AAPC: aapc.com/blog/44087"
_ADD_ONS = "CMS, NCCI add-on code edits; CPT 2019, psychological and neuropsychological testing"
_WHERE = "Appointment › Services, then void the invoice so that it is made anew"
_COLUMNS = ("practice.appointment_service.service_type_id", "practice.service_type.procedure_code")
_MODIFIERS = ("practice.appointment_service.modifier_1", "practice.service_type.modifier_1")
_UNITS_WHERE = "Appointment › Services › Units, then void the invoice so that it is made anew"
_UNITS = ("practice.appointment_service.unit_count",)

_NEVER = "0"
_WITH_MODIFIER = "1"

#: Tests: the first hour or half hour, and what is added to it.
_BASES = {
    "96113": ("96112",),
    "96121": ("96116",),
    "96131": ("96130",),
    "96133": ("96132",),
    "96137": ("96136", "96138"),
    "96139": ("96138", "96136"),
}


@dataclass(frozen=True)
class _Pairs:
    """Lines of this scrub that an NCCI pair keeps from being paid: `never`, and `unless_parted` by a modifier."""

    never: Mask
    unless_parted: Mask


def _find_pairs(context: ScrubContext) -> _Pairs:
    found = {
        _NEVER: np.zeros(len(context.lines), dtype=np.bool_),
        _WITH_MODIFIER: np.zeros(len(context.lines), dtype=np.bool_),
    }
    rows = context.once(build_day_lines)
    table = context.references.table("ncci_pair")
    concerned = table[table["column_1_code"].isin(rows.procedures) & table["column_2_code"].isin(rows.procedures)]
    concerned = concerned[concerned["modifier_indicator"].isin(found)]
    if concerned.empty:
        return _Pairs(found[_NEVER], found[_WITH_MODIFIER])
    number = {code: place for place, code in enumerate(rows.procedures)}
    first = concerned["column_1_code"].map(number).to_numpy(dtype=np.intp)
    second = concerned["column_2_code"].map(number).to_numpy(dtype=np.intp)
    is_pair = np.zeros((len(number) + 1, len(number) + 1), dtype=np.bool_)
    is_pair[first, second] = is_pair[second, first] = True
    starts = concerned["starts_on"].to_numpy(dtype="datetime64[s]")
    ends = concerned["ends_on"].to_numpy(dtype="datetime64[s]")
    indicators = concerned["modifier_indicator"].tolist()
    days = context.lines["service_on"].to_numpy(dtype="datetime64[s]")
    for left, right in rows.pairs():
        hit = is_pair[rows.procedure[left], rows.procedure[right]]
        if not hit.any():
            continue
        left, right = left[hit], right[hit]
        # At least one line of each pair is scrubbed here; both have its date.
        dated = np.where(rows.line[left] >= 0, rows.line[left], rows.line[right])
        is_ours = dated >= 0
        left, right, day = left[is_ours], right[is_ours], days[dated[is_ours]]
        for place, indicator in enumerate(indicators):
            in_force = ~(day < starts[place]) & ~(day > ends[place])
            for paid, unpaid in ((left, right), (right, left)):
                applies = in_force & (rows.procedure[paid] == first[place]) & (rows.procedure[unpaid] == second[place])
                if indicator == _WITH_MODIFIER:
                    applies &= ~(_is_parted(context, rows, paid) | _is_parted(context, rows, unpaid))
                # The second code is the one refused; where it stands on another claim, ours is shown.
                lines = np.where(rows.line[unpaid] >= 0, rows.line[unpaid], rows.line[paid])[applies]
                found[indicator][lines] = True
    return _Pairs(found[_NEVER], found[_WITH_MODIFIER])


def _is_parted(context: ScrubContext, rows: DayLines, places: Positions) -> Mask:
    """Per row at `places`: one of its modifiers may part a pair."""
    parted = np.zeros(len(places), dtype=np.bool_)
    own, other = rows.line[places], rows.other[places]
    parted[own >= 0] = (context.once(build_line_bits)[own[own >= 0]] & PARTS_PAIR) != 0
    parted[other >= 0] = (context.once(build_same_day_bits)[other[other >= 0]] & PARTS_PAIR) != 0
    return parted


@dataclass(frozen=True)
class _Units:
    """Per line: its limit or -1, the limit's adjudication indicator, its own units, and those of its code that day."""

    limit: npt.NDArray[np.int64]
    indicator: npt.NDArray[np.object_]
    of_line: npt.NDArray[np.int64]
    of_day: npt.NDArray[np.int64]


def _lowest_limits(context: ScrubContext, table: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Per line the least limit its code ever had, so that days are compared for next to no line."""
    codes, texts = context.line_columns.distinct("procedure_code")
    plain = [text.strip().upper() for text in texts]
    concerned = table[table["procedure_code"].isin(plain)]
    lowest = concerned.groupby("procedure_code")["unit_limit"].min().to_dict()
    without = np.iinfo(np.int64).max
    return np.array([*(int(lowest.get(text, without)) for text in plain), without], dtype=np.int64)[codes]


def _count_units(context: ScrubContext) -> _Units:
    of_line = context.lines["unit_count"].to_numpy(dtype="int64", na_value=0)
    of_day = of_line.copy()
    rows = context.once(build_day_lines)
    others = context.same_day_lines["unit_count"].to_numpy(dtype="int64", na_value=0)
    for left, right in rows.pairs():
        same = (rows.procedure[left] == rows.procedure[right]) & (rows.procedure[left] >= 0)
        for mine, theirs in ((left[same], right[same]), (right[same], left[same])):
            is_own = rows.line[mine] >= 0
            mine, theirs = mine[is_own], theirs[is_own]
            added = np.zeros(len(theirs), dtype=np.int64)
            own, other = rows.line[theirs], rows.other[theirs]
            added[own >= 0] = of_line[own[own >= 0]]
            added[other >= 0] = others[other[other >= 0]]
            np.add.at(of_day, rows.line[mine], added)
    table = context.references.table("mue")
    limits = table["unit_limit"].to_numpy(dtype="int64", na_value=-1)
    suspects = np.flatnonzero(of_day > _lowest_limits(context, table))
    suspects = suspects[~context.is_void[context.claim_of_line[suspects]]]
    limit = np.full(len(of_line), -1, dtype=np.int64)
    indicator = np.full(len(of_line), "", dtype=object)
    if len(suspects):
        keys = context.lines["procedure_code"].iloc[suspects].str.strip().str.upper()
        found = context.references.rows_in_force("mue", keys, context.lines["service_on"].iloc[suspects])
        known = found >= 0
        limit[suspects[known]] = limits[found[known]]
        indicator[suspects[known]] = table["adjudication_indicator"].astype("object").to_numpy()[found[known]]
    return _Units(limit, indicator, of_line, of_day)


def _above(context: ScrubContext, adjudication_indicator: str, *, per_day: bool) -> Hits:
    counted = context.once(_count_units)
    units = counted.of_day if per_day else counted.of_line
    above = (counted.limit >= 0) & (units > counted.limit)
    above &= counted.indicator == adjudication_indicator
    return hits(above, context.lines["unit_count"])


@edit(
    "MUE01",
    number=61,
    grain="line",
    message="Line {line_number}: more units than the procedure's limit for a line (MUE).",
    fix_location=_UNITS_WHERE,
    fix_columns=_UNITS,
    loop_segment="2400 SV104",
    source=_MUE,
    is_overridable=True,
    needs="mue",
    rejection_codes=("A7:476", "A3:476"),
)
def units_exceed_the_line_limit(context: ScrubContext) -> Hits:
    return _above(context, "1", per_day=False)


@edit(
    "MUE02",
    number=61,
    grain="line",
    message="Line {line_number}: more units than the procedure's absolute limit for a day (MUE).",
    fix_location=_UNITS_WHERE,
    fix_columns=_UNITS,
    loop_segment="2400 SV104, DTP*472",
    source=_MUE,
    is_overridable=True,
    needs="mue",
    rejection_codes=("A7:476", "A3:476"),
)
def units_exceed_the_absolute_day_limit(context: ScrubContext) -> Hits:
    return _above(context, "2", per_day=True)


@edit(
    "MUE03",
    number=61,
    grain="line",
    message="Line {line_number}: more units than the procedure's limit for a day (MUE); insurers ask for records then.",
    fix_location=_UNITS_WHERE,
    fix_columns=_UNITS,
    loop_segment="2400 SV104, DTP*472",
    source=_MUE,
    # Denied at first, and won on appeal where the records show the need.
    is_overridable=True,
    needs="mue",
)
def units_exceed_the_day_limit(context: ScrubContext) -> Hits:
    return _above(context, "3", per_day=True)


@edit(
    "NCC01",
    number=62,
    grain="line",
    message="Line {line_number}: the procedure is never paid beside another one of the same day (NCCI).",
    fix_location=_WHERE,
    fix_columns=_COLUMNS,
    loop_segment="2400 SV101-2, DTP*472",
    source=_NCCI,
    is_overridable=True,
    needs="ncci_pair",
)
def pair_is_never_paid(context: ScrubContext) -> Hits:
    return hits(context.once(_find_pairs).never, context.lines["procedure_code"])


@edit(
    "NCC02",
    number=62,
    grain="line",
    message=(
        "Line {line_number}: the procedure is not paid beside another one of the same day (NCCI) unless they were "
        "separate and a modifier such as 59, XE, XP, XS or XU says so."
    ),
    fix_location="Appointment › Services › Modifiers",
    fix_columns=(*_MODIFIERS, *_COLUMNS),
    loop_segment="2400 SV101-2 to SV101-6, DTP*472",
    source=_NCCI,
    is_overridable=True,
    needs="ncci_pair",
)
def pair_needs_a_modifier(context: ScrubContext) -> Hits:
    return hits(context.once(_find_pairs).unless_parted, context.lines["procedure_code"])


@edit(
    "ADD01",
    number=111,
    grain="line",
    message=(
        "Line {line_number}: a further hour or half hour of testing is billed, and not the first one of the same day."
    ),
    fix_location=_WHERE,
    fix_columns=_COLUMNS,
    loop_segment="2400 SV101-2, DTP*472",
    source=_ADD_ONS,
    # Testing over several days may be billed so; the claim says nothing of the other days and is denied at first.
    is_overridable=True,
)
def test_is_added_to_nothing(context: ScrubContext) -> Hits:
    rows = context.once(build_day_lines)
    added = {code: 1 << place for place, code in enumerate(_BASES)}
    based: dict[str, int] = {}
    for code, bases in _BASES.items():
        for base in bases:
            based[base] = based.get(base, 0) | added[code]
    wanted = rows.per_procedure(lambda code: added.get(code, 0))
    places = np.flatnonzero(wanted)
    if not len(places):
        return Hits(places)
    of_day = rows.any_of_day(rows.per_procedure(lambda code: based.get(code, 0)))
    lines = rows.line[places[(wanted[places] & of_day[places]) == 0]]
    lines = np.sort(lines[lines >= 0])
    return Hits(lines, context.lines["procedure_code"].iloc[lines].reset_index(drop=True).astype("str"))
