"""Text as X12 can carry it: the basic character set in upper case, minus our delimiters.

A name is either carried readably (accents dropped, typographic quotes and dashes made plain) or refused. It is never
shortened in silence, because a claim under half a name is denied weeks later, and a delimiter never passes, because
`A~CLM*` in a name would write a claim of its own.

NFKD of the standard library does the folding. A transliteration package would also turn Chinese or Cyrillic names into
guessed Latin ones, which no insurer has on file; those are refused here.

Source: X12.5 and public companion guides for the basic set. Lower case and `# @ _ %` belong to the extended set, which
needs an agreement with each receiver.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import pandas as pd

ELEMENT_SEPARATOR: Final = "*"
COMPONENT_SEPARATOR: Final = ":"
REPETITION_SEPARATOR: Final = "^"
SEGMENT_TERMINATOR: Final = "~"
_DELIMITERS: Final = frozenset(ELEMENT_SEPARATOR + COMPONENT_SEPARATOR + REPETITION_SEPARATOR + SEGMENT_TERMINATOR)

_CARRIED: Final = re.compile(r"""[A-Z0-9!"&'()+,\-./;?= ]*""")

_PUNCTUATION: Final = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u02b9\u02bb\u02bc\u02be\u02bf\u2032\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        "\u2044": "/",
    }
)
# Latin letters without a decomposition in Unicode, spelled as passports spell them (ICAO 9303 gives the same pairs,
# except that it allows several for some of them).
_LETTERS: Final = str.maketrans(
    {"Æ": "AE", "Œ": "OE", "Ø": "O", "Ł": "L", "Đ": "D", "Ð": "D", "Þ": "TH", "Ħ": "H", "Ŋ": "N", "Ŧ": "T", "ẞ": "SS"}
)

DELIMITER: Final = "a delimiter of the file"
CONTROL: Final = "a control or invisible character"
FOREIGN: Final = "a character outside the X12 basic character set"
UNKNOWN_CODE: Final = "not one of the codes the file knows"
MALFORMED: Final = "not of the form the element needs"
MISSING: Final = "missing"
TOO_LONG: Final = "longer than the element holds"
REPEATED: Final = "more than once where the file can tell only one"
UNATTACHED: Final = "belongs to nothing else on the claim"


class UncarriableText(ValueError):
    """A value X12 cannot carry. Says which field and where in it, never the value.

    What to do: a person corrects the field where it is kept; the file is built again.
    """

    def __init__(self, field: str, reason: str, position: int | None = None) -> None:
        where = "" if position is None else f" at character {position}"
        super().__init__(f"{field}: {reason}{where}")
        self.field = field
        self.reason = reason
        self.position = position


def fold(text: str, field: str = "text") -> str:
    """`text` in upper-case basic X12 characters, accents dropped, surrounding and repeated spaces removed.

    Raises `UncarriableText` for delimiters, control or invisible characters and scripts other than Latin. Folding
    twice gives the same text.
    """
    if text.isascii() and _CARRIED.fullmatch(plain := text.upper()):  # nearly all texts, twenty times faster
        return _single_spaces(plain)
    pieces: list[str] = []
    after_letter = False
    for position, character in enumerate(text, start=1):
        for piece in unicodedata.normalize("NFKD", character.translate(_PUNCTUATION)).translate(_PUNCTUATION):
            if unicodedata.combining(piece):
                # An accent on a Latin letter may go; on anything else it carries meaning (a not-equal sign is an
                # equal sign with a mark), so the character is refused.
                if after_letter:
                    continue
                raise UncarriableText(field, FOREIGN, position)
            carried = piece.upper().translate(_LETTERS)
            if not _CARRIED.fullmatch(carried):
                raise UncarriableText(field, _reason(piece), position)
            pieces.append(carried)
            after_letter = carried.isalpha()
    return _single_spaces("".join(pieces))


def _single_spaces(text: str) -> str:
    return " ".join(word for word in text.split(" ") if word) if " " in text else text


def _reason(character: str) -> str:
    if character in _DELIMITERS:
        return DELIMITER
    return CONTROL if unicodedata.category(character).startswith("C") else FOREIGN


def fold_address(text: str, field: str = "text") -> str:
    """Like `fold`; a number sign, which only the extended set has, is written out: `APT #4` becomes `APT NO 4`."""
    return fold(text.replace("#", " NO "), field)


def fold_identifier(text: str, field: str = "text") -> str:
    """`text` in upper case. Nothing is transliterated: another character would be another identifier."""
    if text.isascii() and _CARRIED.fullmatch(plain := text.upper()):
        return plain.strip(" ")
    for position, character in enumerate(text, start=1):
        if not (character.isascii() and _CARRIED.fullmatch(character.upper())):
            raise UncarriableText(field, _reason(character), position)
    raise AssertionError("a text of carried characters is carried")


def fold_number(text: str, field: str = "text") -> str:
    """`text` as an identifier without the spaces and hyphens people write into ZIP codes and tax ids."""
    return fold_identifier(text, field).replace("-", "").replace(" ", "")


def fold_phone(text: str, field: str = "text") -> str:
    """Ten digits, or nothing if `text` is not a ten-digit number of the North American plan (extensions and foreign
    numbers): the segment that carries it is optional, so a claim is not refused for it. Delimiters are refused."""
    digits = re.sub(r"[-+(). ]", "", fold_identifier(text, field))
    digits = digits[1:] if len(digits) == 11 and digits.startswith("1") else digits
    return digits if re.fullmatch(r"[0-9]{10}", digits) else ""


def code_of(codes: Mapping[str, str]) -> Callable[[str, str], str]:
    """A folding rule that writes our word as its X12 code; a word that is not in `codes` is refused."""

    def fold_code(text: str, field: str = "text") -> str:
        if text not in codes:
            raise UncarriableText(field, UNKNOWN_CODE)
        return codes[text]

    return fold_code


def matching(pattern: str) -> Callable[[str, str], str]:
    """A folding rule that passes what matches `pattern` whole and refuses the rest."""
    expression = re.compile(pattern)

    def fold_matching(text: str, field: str = "text") -> str:
        if not expression.fullmatch(text):
            raise UncarriableText(field, MALFORMED)
        return text

    return fold_matching


#: How a column is folded: value and field name in, X12 text out, or `UncarriableText`.
Rule = Callable[[str, str], str]


def at_most(length: int, rule: Rule) -> Rule:
    """`rule`, refusing what is longer than `length` characters after folding: a note is not cut in silence."""

    def fold_short(text: str, field: str = "text") -> str:
        folded = rule(text, field)
        if len(folded) > length:
            raise UncarriableText(field, TOO_LONG, length + 1)
        return folded

    return fold_short


PROBLEM_COLUMNS: Final = ["claim_id", "column", "reason", "position"]


def fold_frame(frame: pd.DataFrame, rules: Mapping[str, Rule], place: str = "") -> tuple[pd.DataFrame, pd.DataFrame]:
    """The columns named in `rules`, folded, row for row (missing becomes ""), and the problems found.

    Each distinct value is folded once. Problems: one row per claim, column and reason (`PROBLEM_COLUMNS`, by
    claim_id), the column named after `place`; a value with a problem is "" in the folded frame, so it must not be
    written. `frame` needs `claim_id`.
    """
    folded: dict[str, pd.Series] = {}
    problems: list[pd.DataFrame] = []
    claim_ids = frame["claim_id"].to_numpy(dtype="int64")
    for column, rule in rules.items():
        codes, values = pd.factorize(frame[column])
        texts: list[str] = []
        refusals: dict[int, UncarriableText] = {}
        for code, value in enumerate(values):
            try:
                texts.append(rule(str(value), column))
            except UncarriableText as raised:
                texts.append("")
                refusals[code] = raised
        by_code = np.array([*texts, ""], dtype=object)  # code -1, missing, takes the last one
        folded[column] = pd.Series(by_code[codes], dtype=object)
        for code, refusal in refusals.items():
            problems.append(problem_rows(claim_ids[codes == code], place + column, refusal.reason, refusal.position))
    return pd.DataFrame(folded), joined_problems(problems)


def problem_rows(claim_ids: np.ndarray, column: str, reason: str, position: int | None = None) -> pd.DataFrame:
    """One problem row per claim in `claim_ids`."""
    return pd.DataFrame(
        {
            "claim_id": pd.Series(claim_ids, dtype="int64"),
            "column": pd.Series([column] * len(claim_ids), dtype="str"),
            "reason": pd.Series([reason] * len(claim_ids), dtype="str"),
            "position": pd.Series([position] * len(claim_ids), dtype="Int64"),
        }
    )


def joined_problems(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """All `parts` as one frame without repetitions, in order of claim_id and column."""
    joined = pd.concat([problem_rows(np.array([], dtype="int64"), "", ""), *parts], ignore_index=True)
    return joined.drop_duplicates().sort_values(["claim_id", "column"], kind="stable", ignore_index=True)
