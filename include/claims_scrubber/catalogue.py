"""The catalogue of edits: what an edit states about itself, and the decorator that enters one.

An edit is one small function over whole columns plus everything a biller, an analyst and the generated documentation
need to know about it. Codes are three letters and two digits by topic and are never used again once given out; an
edit whose rule changes gets a higher `version`.
"""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, Protocol

from include.claims_scrubber.context import Hits, ScrubContext
from include.claims_scrubber.references import REFERENCE_TABLES

Severity = Literal["error", "warning"]
Grain = Literal["claim", "line"]
CheckFunction = Callable[[ScrubContext], Hits]

#: What a message may name. Nothing here is patient data and nothing is free text: messages go to logs and views. The
#: offending value is not among them on purpose.
MESSAGE_FIELDS = frozenset({"line_number"})

_CODE = re.compile(r"[A-Z]{3}[0-9]{2}")
_COLUMN = re.compile(r"[a-z_]+\.[a-z_]+\.[a-z_0-9]+")
_REJECTION_CODE = re.compile(r"[A-Z][0-9]:[0-9]{1,3}(:[A-Z0-9]{2})?")


class _Row(Protocol):
    """A row of the findings: a mapping or a pandas row."""

    def __getitem__(self, key: str, /) -> Any: ...


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One check of the scrubber. Raises `ValueError` when it does not state what every edit must state.

    `number`: its row in the published list of edits; one row may need several codes where the places to fix differ.
    `fix_location`, `fix_columns`: where the fact is corrected, in a biller's words and as schema.table.column.
    `is_overridable`: False for what an 837P, as it is written here, or its receiver cannot take; such an edit is an
    error and stays one. `needs`: the reference table without which it is reported as not checked.
    `effective_from`, `effective_to`: service dates it applies to, both included, None for open; a claim edit goes by
    the claim's earliest service date. `rejection_codes`: what a 277CA says where a receiver finds the same fault, as
    category:status:entity ("A7:562:82"; X12 code sources 507 and 508, entities of NM101), for the edits whose source or
    whose code list states one; the report on what passed here and was rejected there compares with them.
    """

    code: str
    number: int
    grain: Grain
    default_severity: Severity
    message: str
    fix_location: str
    fix_columns: tuple[str, ...]
    loop_segment: str
    source: str
    is_overridable: bool
    check: CheckFunction
    version: int = 1
    needs: str | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    rejection_codes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        faults = []
        if not _CODE.fullmatch(self.code):
            faults.append("code must be three capital letters and two digits")
        for name in ("message", "fix_location", "loop_segment", "source"):
            if not getattr(self, name).strip():
                faults.append(f"{name} is empty")
        if not self.fix_columns or not all(_COLUMN.fullmatch(column) for column in self.fix_columns):
            faults.append("fix_columns must name schema.table.column")
        fields = {field for _, field, _, _ in string.Formatter().parse(self.message) if field is not None}
        if not fields <= MESSAGE_FIELDS:
            faults.append(f"message names {sorted(fields - MESSAGE_FIELDS)}; allowed: {sorted(MESSAGE_FIELDS)}")
        if self.grain == "claim" and "line_number" in fields:
            faults.append("a claim edit has no line number")
        if not self.is_overridable and self.default_severity != "error":
            faults.append("what cannot be overridden must be an error")
        if self.needs is not None and self.needs not in REFERENCE_TABLES:
            faults.append(f"unknown reference table {self.needs}")
        if not all(_REJECTION_CODE.fullmatch(code) for code in self.rejection_codes):
            faults.append("rejection_codes are category:status or category:status:entity")
        if self.version < 1 or self.number < 1:
            faults.append("version and number start at 1")
        if self.effective_from and self.effective_to and self.effective_from > self.effective_to:
            faults.append("effective_from is after effective_to")
        if faults:
            raise ValueError(f"edit {self.code}: {'; '.join(faults)}")


_EDITS: dict[str, Edit] = {}


def edit(
    code: str,
    *,
    number: int,
    grain: Grain,
    message: str,
    fix_location: str,
    fix_columns: tuple[str, ...],
    loop_segment: str,
    source: str,
    is_overridable: bool,
    default_severity: Severity = "error",
    version: int = 1,
    needs: str | None = None,
    effective_from: date | None = None,
    effective_to: date | None = None,
    rejection_codes: tuple[str, ...] = (),
) -> Callable[[CheckFunction], CheckFunction]:
    """Enter the decorated function in the catalogue; the function stays as it is. See `Edit` for the fields.

    Raises `ValueError` for a code that is taken or an edit that is not fully stated.
    """

    def enter(check: CheckFunction) -> CheckFunction:
        if code in _EDITS:
            raise ValueError(f"edit code {code} is taken")
        _EDITS[code] = Edit(
            code=code,
            number=number,
            grain=grain,
            default_severity=default_severity,
            message=message,
            fix_location=fix_location,
            fix_columns=fix_columns,
            loop_segment=loop_segment,
            source=source,
            is_overridable=is_overridable,
            check=check,
            version=version,
            needs=needs,
            effective_from=effective_from,
            effective_to=effective_to,
            rejection_codes=rejection_codes,
        )
        return check

    return enter


def catalogue() -> tuple[Edit, ...]:
    """All edits in order of code."""
    return tuple(_EDITS[code] for code in sorted(_EDITS))


def edit_of(code: str) -> Edit:
    """The edit with this code; `KeyError` for a code that is not in the catalogue (any more)."""
    return _EDITS[code]


def catalogue_version(edits: tuple[Edit, ...] | None = None) -> str:
    """Twelve hex digits that change when an edit is added, removed or gets a new version, and at no other time."""
    pairs = sorted((one.code, one.version) for one in (catalogue() if edits is None else edits))
    text = ";".join(f"{code}:{version}" for code, version in pairs)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:12]


def render(edit: Edit, finding: _Row) -> str:
    """The text of one finding for logs and views; reads nothing of `finding` but its line number."""
    return edit.message.format(line_number=int(finding["line_number"]))
