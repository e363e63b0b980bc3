"""The cases of all edits: `edit_cases` and every module of this folder that is called `cases_…`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.unit.claims_scrubber.edit_cases import CASES as _FIRST_CASES
from tests.unit.claims_scrubber.edit_cases import Case


def _collect() -> dict[str, Sequence[Case]]:
    """By edit code; an edit whose cases stand in two modules would lose some of them, so that is refused."""
    collected: dict[str, Sequence[Case]] = dict(_FIRST_CASES)
    names = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])]
    for name in sorted(name for name in names if name.startswith("cases_")):
        cases = importlib.import_module(f"tests.unit.claims_scrubber.{name}").CASES
        twice = sorted(collected.keys() & cases.keys())
        if twice:
            raise ValueError(f"{name}: cases of {twice} stand elsewhere as well")
        collected |= cases
    return collected


ALL_CASES: Mapping[str, Sequence[Case]] = _collect()
