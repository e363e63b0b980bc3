"""One database per module, with two practices and the tables as they stand before anybody asks for anything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.settings_page.practices import TwoPractices, two_practices


@pytest.fixture(scope="module")
def site(server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoPractices]:
    with two_practices(server_url, template, tmp_path_factory.mktemp("outbox")) as made:
        yield made
