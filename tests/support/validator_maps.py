"""The validator's maps, read once per process: pyx12 parses them at every call (0.3 s), and they hold no state.

`tests/unit/clearinghouse/test_validation.py` compares with maps that are read anew.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pyx12.map_if
import pyx12.params

#: The validator's own way, which reads anew at every call.
read_anew: Callable[..., Any] = pyx12.map_if.load_map_file


@functools.cache
def _shared(map_file: str, map_path: str | None) -> Any:
    return read_anew(map_file, pyx12.params.params(), map_path)


def read_shared(map_file: str, _param: object, map_path: str | None = None) -> Any:
    return _shared(map_file, map_path)


def share() -> None:
    """From now on, in this process and those forked from it."""
    pyx12.map_if.load_map_file = read_shared
