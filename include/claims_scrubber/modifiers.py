"""What the modifiers of a line say, as bits; each distinct modifier is looked at once.

Sources: CPT Appendix A and HCPCS level II for the meanings; CMS, NCCI Policy Manual for Medicare, chapter I, for the
modifiers that may part a pair of codes.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.claims_scrubber.context import ScrubContext
from include.claims_scrubber.text_columns import TextColumns

COLUMNS = ("modifier_1", "modifier_2", "modifier_3", "modifier_4")

MALFORMED = 1
#: 95: real-time video. GT: the older word for it. 93, FQ: sound only. GQ: recorded and sent on.
VIDEO = 2
VIDEO_GT = 4
AUDIO = 8
STORED = 16
TELEHEALTH = VIDEO | VIDEO_GT | AUDIO | STORED
#: 59: a distinct service; XE, XP, XS, XU say in what respect.
DISTINCT = 32
DISTINCT_BY = 64
#: May part an NCCI pair.
PARTS_PAIR = 128
#: 76, 77: the same service once more.
REPEATED = 256
#: HM, HN, HO, HP: the clinician's education; AH, AJ: psychologist, social worker. Each claims to be the only one.
_EDUCATION = {"HM": 512, "HN": 1024, "HO": 2048, "HP": 4096}
_PROFESSION = {"AH": 8192, "AJ": 16384}
EDUCATION = sum(_EDUCATION.values())
PROFESSION = sum(_PROFESSION.values())

_SHAPE = re.compile(r"[A-Z0-9]{2}")
_MEANING = {
    "95": VIDEO,
    "GT": VIDEO_GT,
    "93": AUDIO,
    "FQ": AUDIO,
    "GQ": STORED,
    "59": DISTINCT,
    "76": REPEATED,
    "77": REPEATED,
    **dict.fromkeys(["XE", "XP", "XS", "XU"], DISTINCT_BY),
    **_EDUCATION,
    **_PROFESSION,
}
_PARTING = frozenset(
    [
        *("24", "25", "27", "57", "58", "59", "78", "79", "91", "XE", "XP", "XS", "XU"),
        *("LT", "RT", "LC", "LD", "RC", "LM", "RI", "FA", "TA", "E1", "E2", "E3", "E4"),
        *(f"{side}{number}" for side in "FT" for number in range(1, 10)),
    ]
)


def modifier_bits(text: str) -> int:
    """The meaning of one modifier; 0 for an empty text and for a modifier that says nothing asked here."""
    plain = text.strip().upper()
    if not plain:
        return 0
    if not _SHAPE.fullmatch(plain):
        return MALFORMED
    return _MEANING.get(plain, 0) | (PARTS_PAIR if plain in _PARTING else 0)


def bits_of(columns: TextColumns) -> npt.NDArray[np.int64]:
    """Per row the bits of all four modifiers together."""
    found = columns.marks(COLUMNS[0], modifier_bits)
    for column in COLUMNS[1:]:
        found = found | columns.marks(column, modifier_bits)
    return found


def build_line_bits(context: ScrubContext) -> npt.NDArray[np.int64]:
    """`bits_of` the scrubbed lines, to be asked for through `ScrubContext.once`."""
    return bits_of(context.line_columns)


def build_same_day_bits(context: ScrubContext) -> npt.NDArray[np.int64]:
    """`bits_of` the client's other lines of the day, to be asked for through `ScrubContext.once`."""
    return bits_of(TextColumns(context.same_day_lines))


def given_rows(lines: pd.DataFrame, positions: npt.NDArray[np.intp]) -> list[list[str]]:
    """The modifiers that the lines at `positions` have, in order, in upper case."""
    rows = zip(*(lines[column].to_numpy(dtype="object")[positions] for column in COLUMNS), strict=True)
    return [[str(one).strip().upper() for one in row if not pd.isna(one) and str(one).strip()] for row in rows]


def joined(lines: pd.DataFrame, positions: npt.NDArray[np.intp]) -> pd.Series:
    """The modifiers of the lines at `positions` as one text each ("95:HO")."""
    return pd.Series([":".join(row) for row in given_rows(lines, positions)], dtype="str")


def sorted_rows(lines: pd.DataFrame, positions: npt.NDArray[np.intp]) -> list[list[str]]:
    """`given_rows` in order of the alphabet, which means nothing to the question whether two lines say the same."""
    return [sorted(row) for row in given_rows(lines, positions)]
