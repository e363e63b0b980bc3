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
def accepting_validator() -> Iterator[None]:
    """Every file is accepted; texts that cannot be carried are still refused, before the validator."""
    accepting = functools.partial(isolate_refused, validator=lambda body: Verdict(True, ()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "isolate_refused", accepting)
        yield
