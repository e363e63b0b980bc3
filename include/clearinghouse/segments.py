"""Pieces of X12 text: segments, amounts and days.

Values passed in hold no delimiters (`charset` sees to that), so stripping separators from the right only removes empty
elements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd


def segment(*elements: str) -> str:
    """One segment with its terminator, without empty elements at the end."""
    return "*".join(elements).rstrip("*") + "~"


def address(address_1: str, address_2: str, city: str, state_code: str, postal_code: str) -> str:
    return segment("N3", address_1, address_2) + segment("N4", city, state_code, postal_code)


def name(entity: str, kind: str, last_name: str, first_name: str, middle_name: str, qualifier: str, code: str) -> str:
    return segment("NM1", entity, kind, last_name, first_name, middle_name, "", "", qualifier, code)


def provider(entity: str, kind: str, last_name: str, first_name: str, npi: str) -> str:
    return name(entity, kind, last_name, first_name, "", "XX" if npi else "", npi)


def procedure(code: str, *modifiers: str, description: str = "") -> str:
    """The procedure composite: modifiers without gaps; a description stands behind the places of all four."""
    given = [modifier for modifier in modifiers if modifier]
    if description:
        return ":".join(["HC", code, *given, *[""] * (4 - len(given)), description])
    return ":".join(["HC", code, *given])


def rows(frame: pd.DataFrame, columns: list[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(frame[column].tolist() for column in columns), strict=True)


def distinct_texts(frame: pd.DataFrame, columns: list[str], render: Callable[..., str]) -> list[str]:
    """`render(*row)` of each row, called once for equal rows."""
    rendered: dict[tuple[str, ...], str] = {}
    texts = []
    for row in rows(frame, columns):
        text = rendered.get(row)
        if text is None:
            text = rendered[row] = render(*row)
        texts.append(text)
    return texts


def day_texts(days: pd.Series) -> list[str]:
    """CCYYMMDD of each day, "" when it is missing."""
    codes, distinct = pd.factorize(days)
    texts = [pd.Timestamp(day).strftime("%Y%m%d") for day in distinct]
    return _by_code(texts, codes)


def number_texts(numbers: pd.Series, render: Callable[[int], str] = str) -> list[str]:
    """`render` of each whole number, "" when it is missing."""
    codes, distinct = pd.factorize(numbers)
    texts = [render(int(number)) for number in distinct]
    return _by_code(texts, codes)


def amount_text(cents: int) -> str:
    """Dollars as X12 writes them: no trailing zeros, no thousands separator (15000 -> 150, 15050 -> 150.5)."""
    dollars, rest = divmod(abs(cents), 100)
    decimals = f".{rest:02d}".rstrip("0").rstrip(".")
    return f"{'-' if cents < 0 else ''}{dollars}{decimals}"


def _by_code(texts: list[str], codes: np.ndarray) -> list[str]:
    spread: list[str] = np.array([*texts, ""], dtype=object)[codes].tolist()  # code -1, missing, takes the last one
    return spread
