"""What is wrong with a name, an address line or an identifier, as bits; each function is asked once per distinct text.

One function per kind of text, so that the edits on a column share one look at its values (`TextColumns.marks`).
What a claim file can carry is asked of the writer's own rules, so that an edit and the writer cannot disagree.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import pandas as pd

from include.claims_scrubber.context import Hits, Mask, ScrubContext, hits_at
from include.claims_scrubber.text_columns import Screened
from include.clearinghouse.charset import Rule, UncarriableText, fold, fold_address, fold_identifier, fold_number

UNCARRIABLE = 1
UNUSUAL = 2
PLACEHOLDER = 4
TEST_NAME = 8
#: The text is longer than the elements that hold 25 to 80 characters (NM105 25; N401 30; NM104 35; SBR03, REF02 50;
#: N301, N302 55; NM103 60; NM109 80). Source: 005010X222A1 element lengths, as its pyx12 map states them.
OVER = {25: 16, 30: 32, 35: 64, 50: 128, 55: 256, 60: 512, 80: 1024}
_SHORTEST_LIMIT = min(OVER)
#: Of an identifier: a single character; a sign that is none of letter, digit, space and hyphen.
SINGLE, SIGNED = 2048, 4096

#: Bits of a ZIP code: shaped otherwise than five or nine digits, first five never given out, last four never given
#: out (0000), last four of the kind used where nobody looked them up (9999). Above them stands the prefix.
MISSHAPEN, NEVER_GIVEN, NO_PLUS_FOUR, GUESSED_PLUS_FOUR = 1, 2, 4, 8
PREFIX_SHIFT = 4
_PLUS_FOUR_FAULTS = {"0000": NO_PLUS_FOUR, "9999": GUESSED_PLUS_FOUR}
_PLAIN_NAME = re.compile(r"[A-Za-z .'-]*")
_NAME = re.compile(r"[A-Za-z][A-Za-z .'-]*")
_NAME = re.compile("(?:[^\\W\\d_]|[ .'-]|[\u2018\u2019\u02bb\u02bc\u2010\u2011])+")
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9 .,'/&#-]*")
_PLAIN_IDENTIFIER = re.compile(r"[A-Za-z0-9]*")
_SPACED_IDENTIFIER = re.compile(r"[A-Za-z0-9 -]*")
#: Words people type where they have no name or address; nobody is called so.
_NO_VALUE = frozenset(["UNKNOWN", "N/A", "NOT AVAILABLE", "NOT PROVIDED", "NOT GIVEN", "NO NAME", "NONE GIVEN", "TBD"])
_PLACEHOLDER_NAME = re.compile(
    r"(?:LAST|FIRST|FAMILY|GIVEN) ?NAME|TEST ?(?:PATIENT|CLIENT)|(?:PATIENT|CLIENT) ?TEST|ZZ+ ?TEST.*|X{3,}|ASDF+"
)
_PLACEHOLDER_ADDRESS = re.compile(r"(?:STREET )?ADDRESS|X{3,}|NO ADDRESS|NONE|NA|UNK")
_NO_IDENTIFIERS = frozenset(
    [
        *("UNKNOWN", "UNK", "NA", "NONE", "TBD", "PENDING", "TEST", "SELF", "SELFPAY", "NOTAVAILABLE", "NOTONFILE"),
        *("123456789", "1234567890"),
        *("X" * length for length in range(3, 26)),
        *(digit * length for digit in "0123456789" for length in range(5, 26)),
    ]
)


def _is_carried(text: str, rule: Rule) -> bool:
    try:
        rule(text, "text")
    except UncarriableText:
        return False
    return True


def _length_faults(text: str) -> int:
    # The writer takes out repeated and surrounding spaces; in a longer text they are not what makes it too long.
    length = len(text) if len(text) <= _SHORTEST_LIMIT else len(" ".join(text.split()))
    return sum(bit for limit, bit in OVER.items() if length > limit) if length > _SHORTEST_LIMIT else 0


def _name_faults(text: str) -> int:
    upper = text.strip().upper()
    if not upper:
        return 0
    faults = _length_faults(text)
    if not _PLAIN_NAME.fullmatch(text):
        if not _is_carried(text, fold):
            faults |= UNCARRIABLE
        elif not _NAME.fullmatch(text.strip()):
            faults |= UNUSUAL
    if upper in _NO_VALUE or _PLACEHOLDER_NAME.fullmatch(upper):
        faults |= PLACEHOLDER
    elif upper == "TEST":
        faults |= TEST_NAME
    return faults


def _address_faults(text: str) -> int:
    if not text.strip():
        return 0
    faults = _length_faults(text)
    if not _PLAIN_ADDRESS.fullmatch(text) and not _is_carried(text, fold_address):
        faults |= UNCARRIABLE
    upper = text.strip().upper()
    if upper in _NO_VALUE or _PLACEHOLDER_ADDRESS.fullmatch(upper):
        faults |= PLACEHOLDER
    return faults


def title_faults(text: str) -> int:
    """Of the name of an organization, in which a number sign is not written out."""
    if not text.strip():
        return 0
    faults = _length_faults(text)
    if not _PLAIN_NAME.fullmatch(text) and not _is_carried(text, fold):
        faults |= UNCARRIABLE
    return faults


def _identifier_faults(text: str) -> int:
    """Of a number an insurer gave: member id, group, authorization. Unusual: anything but letters and digits."""
    signed = 0 if _SPACED_IDENTIFIER.fullmatch(text) else SIGNED
    if not text.strip():
        return signed
    faults = signed | _length_faults(text) | (SINGLE if len(text) == 1 else 0)
    if not _PLAIN_IDENTIFIER.fullmatch(text):
        faults |= UNUSUAL if _is_carried(text, fold_identifier) else UNCARRIABLE
    if re.sub(r"[\W_]", "", text).upper() in _NO_IDENTIFIERS:
        faults |= PLACEHOLDER
    return faults


# Placeholders by their first letters, at the start of a line of texts that are in upper case and joined by newlines.
_ODD_NAMES = re.compile(
    r"\n *(?:UNKNOWN|NOT |NO NAME|NONE|TBD|(?:LAST|FIRST|FAMILY|GIVEN) ?NAME|(?:(?:PATIENT|CLIENT) ?)?TEST|ZZ|XXX|ASDF)"
)
_ODD_ADDRESSES = re.compile(r"\n *(?:UNK|N/A|NOT |NO NAME|NO ADDRESS|NONE|NA *\n|TBD|(?:STREET )?ADDRESS|XXX)")


def _may_be_odd_names(texts: Sequence[str], joined: str) -> bool:
    return _ODD_NAMES.search(f"\n{joined.upper()}\n") is not None


def _may_be_odd_addresses(texts: Sequence[str], joined: str) -> bool:
    return _ODD_ADDRESSES.search(f"\n{joined.upper()}\n") is not None


def _may_be_odd_identifiers(texts: Sequence[str], joined: str) -> bool:
    upper = joined.upper()
    # Nearly all are capital letters and digits already.
    return not _NO_IDENTIFIERS.isdisjoint(texts if upper == joined else upper.split("\n"))


_LETTERS_AND_DIGITS = string.ascii_letters + string.digits
_NAME_CHARACTERS = string.ascii_letters + " .'-"
_ADDRESS_CHARACTERS = _LETTERS_AND_DIGITS + " .,'/&#-"

#: Of a person's last, first or middle name.
name_faults = Screened(_name_faults, _NAME_CHARACTERS, range(26), _may_be_odd_names)
#: Of a street line; of a city. They differ in the length that is looked at.
street_faults = Screened(_address_faults, _ADDRESS_CHARACTERS, range(56), _may_be_odd_addresses)
city_faults = Screened(_address_faults, _ADDRESS_CHARACTERS, range(31), _may_be_odd_addresses)
#: Of a number an insurer gave: member id, group, authorization.
identifier_faults = Screened(_identifier_faults, _LETTERS_AND_DIGITS, range(2, 26), _may_be_odd_identifiers)


def written_digits(text: str) -> str:
    """A ZIP code or tax id as the writer puts it into the file, without hyphens and spaces; "" when that is anything
    but digits."""
    plain = text.replace("-", "")
    plain = plain if plain.isdigit() else plain.replace(" ", "")
    if plain.isascii() and plain.isdigit():
        return plain
    try:
        written = fold_number(text)
    except UncarriableText:
        return ""
    return written if written.isdigit() else ""


@cache
def _first_five_bits(digits: str) -> int:
    """Of the first five digits of a ZIP code. Kept, since there are few and each is asked about with many endings."""
    return (1 + int(digits[:3])) << PREFIX_SHIFT | (NEVER_GIVEN if digits in ("00000", "99999") else 0)


def zip_faults(text: str) -> int:
    """Bits as above, and above them 1 + the first three digits, 0 where there are none."""
    digits = written_digits(text)
    if len(digits) not in (5, 9):
        return MISSHAPEN if text.strip() else 0
    return _first_five_bits(digits[:5]) | _PLUS_FOUR_FAULTS.get(digits[5:], 0)


def named_parts(parts: Mapping[str, Mask]) -> Hits:
    """Rows where at least one mask holds; the value lists the words of those that do ("city, ZIP code")."""
    wrong = np.zeros(len(next(iter(parts.values()))), dtype=np.bool_)
    for mask in parts.values():
        wrong |= mask
    positions = np.flatnonzero(wrong)
    bits = np.zeros(len(positions), dtype=np.int64)
    for number, mask in enumerate(parts.values()):
        bits |= mask[positions].astype(np.int64) << number
    combinations, distinct = pd.factorize(bits)
    texts = [", ".join(word for number, word in enumerate(parts) if one >> number & 1) for one in distinct.tolist()]
    return Hits(positions, pd.Series(np.array(texts, dtype=object)[combinations], dtype="str"))


def of_holders(context: ScrubContext, found: Hits) -> Hits:
    """Hits among the claims with a policy holder of their own (`holder_columns`) as hits among all claims."""
    return Hits(context.holder_positions[found.positions], found.values)


def holder_hits(context: ScrubContext, mask: Mask, column: str | None = None) -> Hits:
    """`hits` of a mask over the claims with a policy holder of their own."""
    positions = context.holder_positions[np.flatnonzero(mask)]
    return hits_at(positions, None if column is None else context.claims[column])
