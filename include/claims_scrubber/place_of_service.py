"""The place of service codes a professional claim may carry (CLM05-1, SV105).

Source: CMS "Place of Service Code Set" (X12 external code source 237), which gives every code a meaning and lists the
numbers in between as unassigned. A test holds the set against the copy inside pyx12, which validates our files: a code
only one of the two knows would be held here or refused there. Dates of effect are not kept yet.
"""

from __future__ import annotations

PLACE_OF_SERVICE_CODES: frozenset[str] = frozenset(
    [
        *("01", "02", "03", "04", "05", "06", "07", "08", "09", "10"),
        *("11", "12", "13", "14", "15", "16", "17", "18", "19", "20"),
        *("21", "22", "23", "24", "25", "26", "27"),
        *("31", "32", "33", "34", "41", "42", "49"),
        *("50", "51", "52", "53", "54", "55", "56", "57", "58"),
        *("60", "61", "62", "65", "66", "71", "72", "81", "99"),
    ]
)
