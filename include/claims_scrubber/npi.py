"""The shape of a National Provider Identifier.

Source: CMS, "Requirements for National Provider Identifier and NPI Check Digit": ten digits of which the last is the
Luhn check digit of the number with 80840 (health industry, United States) put before it; the first digit is 1 or 2.
"""

from __future__ import annotations

#: What the digits of the prefix 80840 add to the Luhn sum; constant, since the prefix and its place are.
_PREFIX_SUM = 24
#: The Luhn value of a digit that is doubled, by digit: the digits of its double added up.
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def is_valid_npi(text: str) -> bool:
    """Whether `text` is exactly ten ASCII digits, starts with 1 or 2 and carries the right check digit."""
    if len(text) != 10 or not (text.isascii() and text.isdigit()) or text[0] not in "12":
        return False
    digits = [int(character) for character in text]
    return (_PREFIX_SUM + sum(_DOUBLED[digit] for digit in digits[0::2]) + sum(digits[1::2])) % 10 == 0
