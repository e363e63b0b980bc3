"""What the codes of an answer mean, in words for a biller, and where the fault is corrected.

Texts of X12 lists are licensed and are not here: the words are ours. A code that is not in them is shown as it is.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from include.clearinghouse.claim_status_words import CATEGORIES, ENTITIES, STATUSES
from include.clearinghouse.syntax_words import (
    ELEMENT_ERRORS,
    GROUP_ERRORS,
    SEGMENT_ERRORS,
    SET_ERRORS,
    TA1_NOTES,
    VALUE_ERRORS,
)

#: Where no code says more.
ANYWHERE: Final = "Client › Claims › the claim, see docs/runbook.md"
#: What no page of the practice corrects.
OPERATOR: Final = "nowhere on the pages; the operator puts it right"


@dataclass(frozen=True, slots=True)
class AnswerCode:
    """One code: `source` TA1, 999 or 277CA; `kind` TA1, IK3, IK4, IK5, AK9, or category, status, entity.

    `fix_location`: where it is corrected as far as this code alone says; None for what is no fault, and for what only
    category, status and entity together say (`place_to_fix`).
    """

    source: str
    kind: str
    code: str
    words: str
    fix_location: str | None


_SYNTAX: Final[dict[str, tuple[str, Mapping[str, str]]]] = {
    "TA1": ("TA1", TA1_NOTES),
    "IK3": ("999", SEGMENT_ERRORS),
    "IK4": ("999", ELEMENT_ERRORS),
    "IK5": ("999", SET_ERRORS),
    "AK9": ("999", GROUP_ERRORS),
}


def _answer_codes() -> Iterator[AnswerCode]:
    for kind, (source, words) in _SYNTAX.items():
        for code, text in words.items():
            yield AnswerCode(source, kind, code, text, _syntax_place(kind, code))
    for code, text in CATEGORIES.items():
        yield AnswerCode("277CA", "category", code, text, None)
    for code, (text, place) in STATUSES.items():
        yield AnswerCode("277CA", "status", code, text, None if place and place.startswith("›") else place)
    for code, (text, page) in ENTITIES.items():
        yield AnswerCode("277CA", "entity", code, text, page)


def _syntax_place(kind: str, code: str | None) -> str | None:
    if code is None or (kind, code) == ("TA1", "000"):
        return None
    return ANYWHERE if kind == "IK4" and code in VALUE_ERRORS else OPERATOR


#: All codes with words, by source, kind and code; published to the database for its views.
ANSWER_CODES: Final[tuple[AnswerCode, ...]] = tuple(
    sorted(_answer_codes(), key=lambda one: (one.source, one.kind, one.code))
)


def words_for(source: str, category: str | None, status: str | None, entity: str | None = None) -> str:
    """What an answer says: "Rejected, something in it is not valid: NPI (rendering provider)".

    The arguments are the fields of an `Answer`. "" for a TA1 or 999 that states no error.
    """
    if source != "277CA":
        kinds = _SYNTAX.get(category or "", ("", {}))[1]
        return "" if status is None else kinds.get(status) or _unknown(status)
    texts = [CATEGORIES.get(category) or _unknown(category) if category else ""]
    if status:
        said = STATUSES[status][0] if status in STATUSES else _unknown(status)
        about = (ENTITIES[entity][0] if entity in ENTITIES else _unknown(entity)) if entity else ""
        texts.append(f"{said} ({about})" if about else said)
    return ": ".join(text for text in texts if text)


def _unknown(code: str) -> str:
    return f"code {code}: not in our list"


def place_to_fix(source: str, category: str | None, status: str | None, entity: str | None = None) -> str:
    """Where a biller corrects what an answer rejects; `ANYWHERE` when no code says it.

    The place of the edit that states the same rejection codes comes first; then of one that states the same status and
    entity in another category (missing instead of not valid); then our list; then the entity's page.
    """
    if source != "277CA":
        return _syntax_place(category or "", status) or OPERATOR
    if status is None:
        return ANYWHERE
    own = _listed_place(status, entity)
    keys = [f"{category}:{status}:{entity}", f"*:{status}:{entity}"] if entity else []
    for key in [*keys, f"{category}:{status}", f"*:{status}"]:
        place = _one_of(_edit_places().get(key, Counter()), own)
        if place:
            return place
    return own or (ENTITIES.get(entity or "", ("", None))[1]) or ANYWHERE


def _listed_place(status: str, entity: str | None) -> str | None:
    place = STATUSES.get(status, ("", None))[1]
    if place is None or not place.startswith("›"):
        return place
    page = ENTITIES.get(entity or "", ("", None))[1]
    return f"{page} {place}".removesuffix(" ›") if page else None


def _one_of(places: Counter[str], own: str | None) -> str | None:
    """The place most edits name; when they do not agree, our own, else up to two of them."""
    if not places:
        return None
    (first, often), *others = places.most_common()
    if not others or others[0][1] < often:
        return first
    if own:
        return own
    return "; or ".join(sorted(places)) if len(places) == 2 else None


@functools.cache
def _edit_places() -> dict[str, Counter[str]]:
    """How many edits name each place, by rejection code, and by status and entity alone ("*:562:85")."""
    # Here and not at the top: the catalogue brings the edits and pandas with it, and who only reads files needs none.
    from include.claims_scrubber import catalogue

    places: dict[str, Counter[str]] = {}
    for edit in catalogue():
        anyhow = {"*:" + code.partition(":")[2] for code in edit.rejection_codes}
        for code in anyhow.union(edit.rejection_codes):
            places.setdefault(code, Counter())[edit.fix_location] += 1
    return places
