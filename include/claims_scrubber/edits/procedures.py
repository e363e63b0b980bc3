"""What was done, in codes: procedure codes and their modifiers."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pandas as pd

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, Mask, ScrubContext, hits, hits_at
from include.claims_scrubber.modifiers import (
    COLUMNS,
    DISTINCT,
    DISTINCT_BY,
    EDUCATION,
    MALFORMED,
    PROFESSION,
    build_line_bits,
    given_rows,
    joined,
)

_CEDI = "NGS, top edits of the 277CA for 5010A1 claims: ngscedi.com; CMS edit {}"
_HCPCS = _CEDI.format("X222.351.2400.SV101-2.020 (A7:507)")
_CODES_WHERE = "Practice › Service types › Procedure code, then void the invoice so that it is made anew"
_CODES = ("practice.service_type.procedure_code",)
_MODIFIERS_WHERE = "Appointment › Services › Modifiers, or Practice › Service types › Modifiers"
_MODIFIERS = (
    *(f"practice.appointment_service.{column}" for column in COLUMNS),
    *(f"practice.service_type.{column}" for column in COLUMNS),
)

#: CPT (five digits, or four and a letter) and HCPCS level II (a letter and four digits; W to Z are codes of states).
_SHAPE = re.compile(r"[0-9]{4}[0-9A-Z]|[A-Z][0-9]{4}")
_MALFORMED = 1
_UNLISTED = 2
_RETIRED = 4
#: CPT calls these unlisted: psychiatric, neurological, physical medicine, special, preventive, evaluation and
#: management.
_UNLISTED_CODES = frozenset(["90899", "95999", "97039", "97139", "97799", "99199", "99429", "99499"])

#: Last service date of codes this specialty used. Source: CPT code changes of 2013, 2019, 2021, 2023 and 2025.
_LAST_DAYS: dict[str, date] = {
    **dict.fromkeys(
        [
            *("90801", "90802", "90857", "90862"),
            *(f"908{number:02}" for number in (*range(4, 20), *range(21, 25), *range(26, 30))),
        ],
        date(2012, 12, 31),
    ),
    **dict.fromkeys(["96101", "96102", "96103", "96111", "96118", "96119", "96120"], date(2018, 12, 31)),
    **dict.fromkeys(["96150", "96151", "96152", "96153", "96154", "96155"], date(2019, 12, 31)),
    "99201": date(2020, 12, 31),
    **dict.fromkeys(["99354", "99355", "99356", "99357", "99241", "99251", "99343"], date(2022, 12, 31)),
    **dict.fromkeys(["99441", "99442", "99443"], date(2024, 12, 31)),
}


def procedure_bits(text: str) -> int:
    """What the code alone tells about a procedure."""
    plain = text.strip().upper()
    if not plain:
        return 0
    if not _SHAPE.fullmatch(plain):
        return _MALFORMED
    return (_UNLISTED if plain in _UNLISTED_CODES else 0) | (_RETIRED if plain in _LAST_DAYS else 0)


def _is_retired(context: ScrubContext) -> Mask:
    """Per line: the code had gone out of use on the service date."""
    suspects = np.flatnonzero(context.line_columns.marks("procedure_code", procedure_bits) & _RETIRED)
    retired = np.zeros(len(context.lines), dtype=np.bool_)
    codes = context.lines["procedure_code"].iloc[suspects].str.strip().str.upper()
    last = np.array([np.datetime64(_LAST_DAYS[code], "s") for code in codes], dtype="datetime64[s]")
    retired[suspects] = context.lines["service_on"].iloc[suspects].to_numpy(dtype="datetime64[s]") > last
    return retired


@edit(
    "PRC01",
    number=85,
    grain="line",
    message="Line {line_number}: the procedure code is missing or does not have the form of a CPT or HCPCS code.",
    fix_location=_CODES_WHERE,
    fix_columns=_CODES,
    loop_segment="2400 SV101-2",
    source=_HCPCS,
    is_overridable=False,
    rejection_codes=("A6:507", "A7:507", "A6:454", "A7:454"),
)
def procedure_code_is_malformed(context: ScrubContext) -> Hits:
    malformed = (context.line_columns.marks("procedure_code", procedure_bits) & _MALFORMED) != 0
    return hits(malformed | context.line_columns.is_blank("procedure_code"), context.lines["procedure_code"])


@edit(
    "PRC02",
    number=34,
    grain="line",
    message="Line {line_number}: the procedure code is not a valid code on the date of service.",
    fix_location=_CODES_WHERE,
    fix_columns=_CODES,
    loop_segment="2400 SV101-2",
    source=_HCPCS,
    # The table is the practice's own, and an insurer may have a code of its own.
    is_overridable=True,
    needs="procedure_code",
    rejection_codes=("A7:507", "A7:454"),
)
def procedure_code_is_not_valid(context: ScrubContext) -> Hits:
    codes, texts = context.line_columns.distinct("procedure_code")
    plain = [text.strip().upper() for text in texts]
    # Texts that differ in case only are few, and categories must differ.
    if len(set(plain)) == len(plain):
        keys = pd.Series(pd.Categorical.from_codes(codes, pd.Index(plain, dtype="object")))
    else:
        keys = pd.Series(np.array([*plain, None], dtype="object")[codes])
    valid = context.references.in_force("procedure_code", keys, context.lines["service_on"])
    suspects = np.flatnonzero(~valid)
    if not len(suspects):
        return Hits(suspects)
    is_code = ~context.line_columns.is_blank("procedure_code") & (
        (context.line_columns.marks("procedure_code", procedure_bits) & _MALFORMED) == 0
    )
    # A code known to be retired has a finding that says so.
    return hits(~valid & is_code & ~_is_retired(context), context.lines["procedure_code"])


@edit(
    "PRC03",
    number=40,
    grain="line",
    message="Line {line_number}: the procedure code is an unlisted one, and the service is not described.",
    fix_location="Practice › Service types › Description",
    fix_columns=("practice.service_type.description",),
    loop_segment="2400 SV101-7",
    source="Palmetto GBA, Unlisted and Not Otherwise Classified Procedure Codes: palmettogba.com; Regence, claim edits",
    is_overridable=True,
    rejection_codes=("A6:306", "A8:306"),
)
def unlisted_code_is_not_described(context: ScrubContext) -> Hits:
    suspects = np.flatnonzero(context.line_columns.marks("procedure_code", procedure_bits) & _UNLISTED)
    if not len(suspects):
        return Hits(suspects)
    undescribed = context.line_columns.is_blank("description")[suspects]
    return hits_at(suspects[undescribed], context.lines["procedure_code"])


@edit(
    "PRC04",
    number=89,
    grain="line",
    message="Line {line_number}: the procedure code has been deleted and was no longer in use on the date of service.",
    fix_location=_CODES_WHERE,
    fix_columns=_CODES,
    loop_segment="2400 SV101-2",
    source="CPT code changes: 2013 psychotherapy, 2019 testing, 2020 health behavior, 2023 prolonged, 2025 telephone",
    is_overridable=True,
    rejection_codes=("A7:507", "A7:454"),
)
def procedure_code_is_retired(context: ScrubContext) -> Hits:
    return hits(_is_retired(context), context.lines["procedure_code"])


@edit(
    "MOD01",
    number=39,
    grain="line",
    message="Line {line_number}: a modifier is not two letters or digits.",
    fix_location=_MODIFIERS_WHERE,
    fix_columns=_MODIFIERS,
    loop_segment="2400 SV101-3 to SV101-6",
    source="TherapyNotes, errors page; X12 data element 1339 (two characters)",
    is_overridable=False,
    rejection_codes=("A7:453",),
)
def modifier_is_malformed(context: ScrubContext) -> Hits:
    positions = np.flatnonzero(context.once(build_line_bits) & MALFORMED)
    return Hits(positions, joined(context.lines, positions))


@edit(
    "MOD02",
    number=39,
    grain="line",
    message="Line {line_number}: the same modifier stands there twice.",
    fix_location=_MODIFIERS_WHERE,
    fix_columns=_MODIFIERS,
    loop_segment="2400 SV101-3 to SV101-6",
    source=_CEDI.format("X222.351.2400.SV101-3.040 (A7:453)"),
    is_overridable=False,
    rejection_codes=("A7:453",),
)
def modifier_stands_twice(context: ScrubContext) -> Hits:
    columns = context.line_columns
    # A repetition needs two modifiers, which few lines have.
    given = sum((~columns.is_blank(column)).astype(np.int8) for column in COLUMNS[1:])
    suspects = np.flatnonzero((given + ~columns.is_blank(COLUMNS[0])) > 1)
    again = [len(set(row)) < len(row) for row in given_rows(context.lines, suspects)]
    positions = suspects[np.array(again, dtype=np.bool_)]
    return Hits(positions, joined(context.lines, positions))


@edit(
    "MOD03",
    number=39,
    grain="line",
    message="Line {line_number}: a modifier is not on the list of modifiers; check it for a typing error.",
    fix_location=_MODIFIERS_WHERE,
    fix_columns=_MODIFIERS,
    loop_segment="2400 SV101-3 to SV101-6",
    source='TherapyNotes, errors page ("Modifier Count Error"); CPT Appendix A and HCPCS level II modifiers',
    # Insurers and states have modifiers of their own.
    is_overridable=True,
    default_severity="warning",
    needs="modifier",
)
def modifier_is_unknown(context: ScrubContext) -> Hits:
    known = set(context.references.table("modifier")["modifier"])
    unknown = np.zeros(len(context.lines), dtype=np.bool_)
    for column in COLUMNS:
        codes, texts = context.line_columns.distinct(column)
        strange = [bool(text.strip()) and text.strip().upper() not in known for text in texts]
        if any(strange):
            unknown |= np.array([*strange, False])[codes]
    # One that is no modifier at all has a finding that says so.
    positions = np.flatnonzero(unknown & ((context.once(build_line_bits) & MALFORMED) == 0))
    return Hits(positions, joined(context.lines, positions))


@edit(
    "MOD04",
    number=86,
    grain="line",
    message="Line {line_number}: modifier 59 stands beside XE, XP, XS or XU, which says the same better; keep one.",
    fix_location=_MODIFIERS_WHERE,
    fix_columns=_MODIFIERS,
    loop_segment="2400 SV101-3 to SV101-6",
    source="CMS, MLN booklet on modifiers 59, XE, XP, XS, XU",
    is_overridable=True,
    default_severity="warning",
)
def distinct_service_is_said_twice(context: ScrubContext) -> Hits:
    bits = context.once(build_line_bits)
    positions = np.flatnonzero(((bits & DISTINCT) != 0) & ((bits & DISTINCT_BY) != 0))
    return Hits(positions, joined(context.lines, positions))


@edit(
    "MOD05",
    number=87,
    grain="line",
    message=(
        "Line {line_number}: two modifiers name different training of the clinician "
        "(HM, HN, HO, HP; or AH, AJ); keep the one that is true."
    ),
    fix_location=_MODIFIERS_WHERE,
    fix_columns=_MODIFIERS,
    loop_segment="2400 SV101-3 to SV101-6",
    source="HCPCS level II modifiers AH, AJ, HM, HN, HO, HP: each names the rendering clinician's one qualification",
    is_overridable=True,
    default_severity="warning",
)
def modifiers_name_two_qualifications(context: ScrubContext) -> Hits:
    bits = context.once(build_line_bits)
    education, profession = bits & EDUCATION, bits & PROFESSION
    # A number with more than one bit has one left when its lowest is taken away.
    positions = np.flatnonzero(((education & (education - 1)) != 0) | ((profession & (profession - 1)) != 0))
    return Hits(positions, joined(context.lines, positions))
