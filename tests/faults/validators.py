"""The validator where a test is not about it: it is the slow part of a night with many claims."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from include.claims_submission import files
from include.clearinghouse.isolation import isolate_refused
from include.clearinghouse.validation import Verdict


@contextmanager
def maps_read_once() -> Iterator[None]:
    """pyx12 parses its maps at every call (0.2 s); they hold no state, so these tests share them."""
    import pyx12.map_if
    import pyx12.params

    read = pyx12.map_if.load_map_file
    shared = functools.cache(lambda map_file, map_path: read(map_file, pyx12.params.params(), map_path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pyx12.map_if, "load_map_file", lambda map_file, _param, map_path=None: shared(map_file, map_path))
        yield


@contextmanager
def accepting_validator() -> Iterator[None]:
    """Every file is accepted; texts that cannot be carried are still refused, before the validator."""
    accepting = functools.partial(isolate_refused, validator=lambda body: Verdict(True, ()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "isolate_refused", accepting)
        yield
