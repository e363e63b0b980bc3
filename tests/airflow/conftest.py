"""Real Airflow services, started once: an evening that all tests look at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.airflow.evening import Evening, whole_evening


# Of the module: the environment of the services must not be that of other tests.
@pytest.fixture(scope="module")
def evening(server_url: str, sample_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    with whole_evening(server_url, sample_template, tmp_path_factory.mktemp("airflow")) as happened:
        yield happened
