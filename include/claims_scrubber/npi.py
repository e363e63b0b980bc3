"""The shape of a National Provider Identifier.

Source: CMS, "Requirements for National Provider Identifier and NPI Check Digit": ten digits of which the last is the
Luhn check digit of the number with 80840 (health industry, United States) put before it; the first digit is 1 or 2.
"""

from __future__ import annotations

#: What the digits of the prefix 80840 add to the Luhn sum; constant, since the prefix and its place are.
_PREFIX_SUM = 24
#: The Luhn value of a digit that is doubled, by digit: the digits of its double added up.
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
#: What two digits of which the first is doubled add to it.
_PAIR_SUMS = {f"{tens}{ones}": _DOUBLED[tens] + ones for tens in range(10) for ones in range(10)}


def is_valid_npi(text: str) -> bool:
    """Whether `text` is exactly ten ASCII digits, starts with 1 or 2 and carries the right check digit."""
    if len(text) != 10 or text[0] not in "12":
        return False
    sums = _PAIR_SUMS
    try:
        total = sums[text[:2]] + sums[text[2:4]] + sums[text[4:6]] + sums[text[6:8]] + sums[text[8:]]
    except KeyError:
        # Something else than digits.
        return False
    return (_PREFIX_SUM + total) % 10 == 0
