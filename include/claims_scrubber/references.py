"""Reference tables that some edits compare with: which are loaded, which service dates they are good for, and look-ups
by code and day.

An edit names the table it needs. Where that table is absent, or does not reach a service date, the scrub reports the
edit as not checked for those claims; it never counts as passed.

Days of effect are the same in every table: `starts_on` and `ends_on` are both included, NaT is open. A table's release
covers service dates from `covers_from` to `covers_to`, both included, None open: before and after nothing is known,
which is not the same as a code that is not in force.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

Mask = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.intp]
#: Service dates, one per row: a column of the claim frames or its bare array; NaT where there is none.
Days = pd.Series | npt.NDArray[np.datetime64]

_DATED: Mapping[str, str] = {"starts_on": "day", "ends_on": "day"}

#: The tables an edit may need, each with the columns it must have and their kinds (as in `include.frames`).
REFERENCE_TABLES: Mapping[str, Mapping[str, str]] = {
    # Payer ids the clearinghouse routes to. Grain: one row per payer_code.
    "payer_list": {"payer_code": "text"},
    # Days from the service to the last day a claim may arrive. Grain: one row per payer_code.
    "timely_filing": {"payer_code": "text", "limit_days": "integer"},
    # Services that need a prior authorization. Grain: one row per payer_code and procedure_code; no code: all of them.
    "payer_authorization": {"payer_code": "text", "procedure_code": "text"},
    # Licence types a payer pays; a payer without rows is not checked. Grain: one row per payer_code and license_type.
    "payer_license": {"payer_code": "text", "license_type": "text"},
    # Licence types paid only under a supervisor on the claim. Grain: one row per payer_code and license_type.
    "payer_supervision": {"payer_code": "text", "license_type": "text"},
    # Billing NPIs enrolled for electronic claims; a payer without rows is not checked. Grain: one per payer_code, npi.
    "payer_enrollment": {"payer_code": "text", "npi": "text"},
    # The modifier a payer wants on telehealth (video, audio). Grain: one row per payer_code, telehealth and modifier.
    "payer_telehealth": {"payer_code": "text", "telehealth": "text", "modifier": "text"},
    # ICD-10-CM without dots; not billable: needs more characters. Grain: one row per diagnosis_code and period.
    "diagnosis_code": {"diagnosis_code": "text", "is_billable": "flag", **_DATED},
    # CPT and HCPCS. Grain: one row per procedure_code and period.
    "procedure_code": {"procedure_code": "text", **_DATED},
    # Grain: one row per place_of_service_code and period.
    "place_of_service": {"place_of_service_code": "text", **_DATED},
    # Three-digit ZIP prefixes of each state, territory and military region. Grain: one row per pair.
    "state": {"state_code": "text", "postal_prefix": "text"},
    # Claim filing indicators (SBR09). Grain: one row per claim_filing_code and period.
    "claim_filing": {"claim_filing_code": "text", **_DATED},
    # Grain: one row per modifier.
    "modifier": {"modifier": "text"},
    # Provider taxonomy of NUCC. Grain: one row per taxonomy_code.
    "taxonomy": {"taxonomy_code": "text"},
    # Medically unlikely edits. Grain: one row per procedure_code and period.
    "mue": {"procedure_code": "text", "unit_limit": "integer", "adjudication_indicator": "text", **_DATED},
    # NCCI procedure-to-procedure edits. Grain: one row per pair, in this order, and period.
    "ncci_pair": {"column_1_code": "text", "column_2_code": "text", "modifier_indicator": "text", **_DATED},
    # Roles in psychotherapy coding, see `PSYCHOTHERAPY_ROLES`. Grain: one row per procedure_code and role.
    "psychotherapy": {"procedure_code": "text", "role": "text"},
    # Least length of a session. Grain: one row per procedure_code.
    "psychotherapy_minutes": {"procedure_code": "text", "minimum_minutes": "integer"},
}

#: What tells the rows of a table apart, besides the period. `References.rows_in_force` takes one series per column.
REFERENCE_KEYS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(["payer_list", "timely_filing"], ("payer_code",)),
    "payer_authorization": ("payer_code", "procedure_code"),
    **dict.fromkeys(["payer_license", "payer_supervision"], ("payer_code", "license_type")),
    "payer_enrollment": ("payer_code", "npi"),
    "payer_telehealth": ("payer_code", "telehealth", "modifier"),
    "diagnosis_code": ("diagnosis_code",),
    **dict.fromkeys(["procedure_code", "mue", "psychotherapy_minutes"], ("procedure_code",)),
    "place_of_service": ("place_of_service_code",),
    "state": ("state_code", "postal_prefix"),
    "claim_filing": ("claim_filing_code",),
    "modifier": ("modifier",),
    "taxonomy": ("taxonomy_code",),
    "ncci_pair": ("column_1_code", "column_2_code"),
    "psychotherapy": ("procedure_code", "role"),
}

PSYCHOTHERAPY_ROLES = (
    "individual",
    "individual_with_em",
    "family",
    "group",
    "crisis",
    "crisis_add_on",
    "evaluation",
    "interactive_complexity",
    "em",
)
TELEHEALTH_KINDS = ("video", "audio")

# Between the parts of a key; no code holds it.
_SEPARATOR = "\x1f"
_EARLIEST = np.datetime64(-(2**62), "s")
_LATEST = np.datetime64(2**62, "s")


@dataclass(frozen=True)
class Release:
    """Which state of a table is loaded, and the service dates it is good for (both included, None is open)."""

    label: str = ""
    sha256: str = ""
    covers_from: date | None = None
    covers_to: date | None = None


@dataclass(frozen=True, eq=False)
class References:
    """The loaded reference tables by name, with their releases; a table without a release covers every day.

    Raises `ValueError` for an unknown table, a missing column, or a release of a table that is not there.
    """

    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    releases: Mapping[str, Release] = field(default_factory=dict)
    _indexes: dict[str, _Index] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for name, table in self.tables.items():
            if name not in REFERENCE_TABLES:
                raise ValueError(f"unknown reference table {name}; known: {', '.join(sorted(REFERENCE_TABLES))}")
            missing = [column for column in REFERENCE_TABLES[name] if column not in table.columns]
            if missing:
                raise ValueError(f"reference table {name}: missing columns {missing}")
        strangers = sorted(set(self.releases) - set(self.tables))
        if strangers:
            raise ValueError(f"releases of tables that are not there: {strangers}")

    def is_loaded(self, name: str) -> bool:
        """Whether the table can be compared with. An empty table is not loaded: a load that failed would otherwise
        hold every claim of every practice."""
        return name in self.tables and len(self.tables[name]) > 0

    def table(self, name: str) -> pd.DataFrame:
        """The loaded table; `KeyError` when it is absent, so an edit must name it in `needs`."""
        return self.tables[name]

    def covers(self, name: str, days: Days) -> Mask:
        """Per day: the loaded table is good for it. False for all when it is not loaded, and where there is no day."""
        values = _as_days(days)
        if not self.is_loaded(name):
            return np.zeros(len(values), dtype=np.bool_)
        release = self.releases.get(name, Release())
        covered: Mask = ~np.isnat(values)
        if release.covers_from is not None:
            covered &= values >= np.datetime64(release.covers_from, "s")
        if release.covers_to is not None:
            covered &= values <= np.datetime64(release.covers_to, "s")
        return covered

    def in_force(self, name: str, keys: pd.Series | Sequence[pd.Series], days: Days | None = None) -> Mask:
        """Per row: the key stands in the table and is in force on the day. See `rows_in_force`."""
        return self.rows_in_force(name, keys, days) >= 0

    def rows_in_force(self, name: str, keys: pd.Series | Sequence[pd.Series], days: Days | None = None) -> Positions:
        """Per row: the position in `table(name)` of the row with this key that is in force on the day; -1 for none,
        which must not be used as a position.

        `keys`: one series, or one per column of `REFERENCE_KEYS[name]` in that order; a categorical one costs least.
        A missing key finds only a row whose key is missing too. Without `days`, or where a day is NaT, any period
        counts. Works per distinct key; days are compared row by row only for keys that change between the first and
        the last of `days`. The answer says nothing about days the table does not reach: see `covers`.
        """
        parts = [keys] if isinstance(keys, pd.Series) else list(keys)
        if len(parts) != len(REFERENCE_KEYS[name]):
            raise ValueError(f"reference table {name} is looked up by {', '.join(REFERENCE_KEYS[name])}")
        codes, distinct = _distinct_keys(parts)
        index = self._index(name)
        values = None if days is None else _as_days(days)
        return index.find(codes, distinct, values)

    def _index(self, name: str) -> _Index:
        if name not in self._indexes:
            self._indexes[name] = _Index(self.tables[name], REFERENCE_KEYS[name])
        return self._indexes[name]

    @cached_property
    def version(self) -> str:
        """Twelve hex digits over the loaded tables' names, release labels, checksums and covered days."""
        texts = []
        for name in sorted(filter(self.is_loaded, self.tables)):
            release = self.releases.get(name, Release())
            texts.append("|".join(map(str, (name, release.label, release.sha256, *_span(release)))))
        return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:12]


def _span(release: Release) -> tuple[str, str]:
    return str(release.covers_from or ""), str(release.covers_to or "")


def _as_days(days: Days) -> npt.NDArray[np.datetime64]:
    return np.asarray(days, dtype="datetime64[s]")


def _distinct_keys(parts: Sequence[pd.Series]) -> tuple[npt.NDArray[np.intp], pd.Index]:
    """Per row the number of its key, and the distinct keys as joined texts; a missing part is an empty text."""
    codes = np.zeros(len(parts[0]), dtype=np.intp)
    texts: list[str] = [""]
    for number, part in enumerate(parts):
        own_codes, own_texts = _distinct_texts(part)
        if number == 0:
            codes, texts = own_codes, own_texts
            continue
        pairs = codes * len(own_texts) + own_codes
        found, codes = np.unique(pairs, return_inverse=True)
        texts = [
            f"{texts[int(pair) // len(own_texts)]}{_SEPARATOR}{own_texts[int(pair) % len(own_texts)]}" for pair in found
        ]
    return codes, pd.Index(texts, dtype="object")


def _distinct_texts(part: pd.Series) -> tuple[npt.NDArray[np.intp], list[str]]:
    if isinstance(part.dtype, pd.CategoricalDtype):
        codes = part.cat.codes.to_numpy(dtype=np.intp)
        texts = [str(text) for text in part.cat.categories]
    else:
        # On the bare objects this takes a third of the time it takes on a str column.
        codes, distinct = pd.factorize(part.to_numpy(dtype="object"))
        texts = [str(text) for text in distinct]
    # The last one is what code -1, a missing text, points at.
    return np.where(codes < 0, len(texts), codes), [*texts, ""]


class _Index:
    """A table's rows by key, in order of their first day."""

    def __init__(self, table: pd.DataFrame, key: tuple[str, ...]) -> None:
        codes, distinct = _distinct_keys([table[column] for column in key])
        size = len(table)
        starts = _bounds(table, "starts_on", _EARLIEST, size)
        ends = _bounds(table, "ends_on", _LATEST, size)
        order = np.lexsort((starts, codes))
        #: Position in the table, first and last day of each row, the rows of a key side by side.
        self.rows = order.astype(np.intp)
        self.starts = starts[order]
        self.ends = ends[order]
        count = np.bincount(codes, minlength=len(distinct))
        is_used = count > 0
        self.keys = distinct[is_used]
        self.count = count[is_used]
        self.first = (np.cumsum(count) - count)[is_used]

    def find(
        self, codes: npt.NDArray[np.intp], distinct: pd.Index, days: npt.NDArray[np.datetime64] | None
    ) -> Positions:
        """Per row of `codes` (numbers into `distinct`) the table row in force on its day; see `rows_in_force`."""
        answer = np.full(len(distinct), -1, dtype=np.intp)
        known = self.keys.get_indexer(distinct)
        present = np.flatnonzero(known >= 0)
        if not len(present):
            return answer[codes]
        at = known[present]
        first, last = self.first[at], self.first[at] + self.count[at] - 1
        # Without a day the newest period speaks for the key.
        answer[present] = self.rows[last]
        if days is None or not len(days):
            return answer[codes]
        dated = days[~np.isnat(days)] if np.isnat(days).any() else days
        if not len(dated):
            return answer[codes]
        earliest, latest = dated.min(), dated.max()
        is_whole = (self.starts[last] <= earliest) & (self.ends[last] >= latest)
        unsettled = np.zeros(len(distinct), dtype=np.bool_)
        unsettled[present[~is_whole]] = True
        found = answer[codes]
        if not unsettled.any():
            return found
        offsets = np.zeros(len(distinct), dtype=np.intp)
        counts = np.zeros(len(distinct), dtype=np.intp)
        offsets[present], counts[present] = first, self.count[at]
        suspects = np.flatnonzero(unsettled[codes] & ~np.isnat(days))
        found[suspects] = -1
        for step in range(int(counts[unsettled].max())):
            suspect_codes = codes[suspects]
            has_row = counts[suspect_codes] > step
            rows = offsets[suspect_codes[has_row]] + step
            own = days[suspects[has_row]]
            fits = (self.starts[rows] <= own) & (own <= self.ends[rows])
            # Periods of a key come in order of their first day: where two overlap, the later one stands.
            found[suspects[has_row][fits]] = self.rows[rows[fits]]
        return found


def _bounds(table: pd.DataFrame, column: str, open_end: np.datetime64, size: int) -> npt.NDArray[np.datetime64]:
    if column not in table.columns:
        return np.full(size, open_end)
    days = table[column].to_numpy(dtype="datetime64[s]").copy()
    days[np.isnat(days)] = open_end
    return days
