from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def validator_maps_read_once() -> Iterator[None]:
    """pyx12 parses its maps at every call (0.2 s); they hold no state, so these tests share them."""
    import pyx12.map_if

    read = pyx12.map_if.load_map_file
    shared = functools.cache(lambda map_file, map_path: read(map_file, pyx12.params.params(), map_path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pyx12.map_if, "load_map_file", lambda map_file, _param, map_path=None: shared(map_file, map_path))
        yield
