from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from include.development import environment
from include.practice_data.generate import generate
from tests.faults import guards
from tests.faults.databases import PreparedNight, copy_of, database_of
from tests.faults.natural_rows import rows_of_organizations
from tests.faults.sample_nights import SampleNight, prepared_sample_nights
from tests.faults.validators import accepting_validator
from tests.support.nights import run_night

ORGANIZATIONS = 300
_NIGHTS = {
    "invoice_creation": "2026-11-02",
    "invoice_processing": "2026-11-03",
    "claims_submission": "2026-11-04",
}


@pytest.fixture(scope="session", autouse=True)
def guard_taken_away(request: pytest.FixtureRequest) -> Iterator[None]:
    """With BILLING_TEST_WITHOUT_GUARD (`make test-guards`): the tests run without that guard, and should notice."""
    guard = guards.taken_away()
    with pytest.MonkeyPatch.context() as patch:
        if guard is not None and guard.patch is not None:
            guard.patch(patch)
        if guard is not None and guard.statement is not None:
            url = environment.with_database(request.getfixturevalue("server_url"), request.getfixturevalue("template"))
            with psycopg.connect(url) as owner:
                owner.execute(guard.statement.encode())
        yield


@pytest.fixture(scope="session")
def many_organizations(
    server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, PreparedNight]]:
    """Automation -> its night over 300 organizations in one batch; each follows the one before."""
    outbox = tmp_path_factory.mktemp("outbox")
    nights = {}
    with ExitStack() as databases:
        url = databases.enter_context(copy_of(server_url, template))
        with psycopg.connect(url, autocommit=True) as billing:
            generate(billing, ORGANIZATIONS, 2, timezone="America/Chicago")
            # Some claims are to be held, so that findings are compared too.
            billing.execute("UPDATE practice.policy SET member_id = NULL WHERE policy_id % 20 = 1")
        for automation, night in _NIGHTS.items():
            before = database_of(url)
            url = databases.enter_context(copy_of(server_url, before))
            with psycopg.connect(environment.pipeline_url(url), autocommit=True) as pipeline, accepting_validator():
                outcome = run_night(pipeline, automation, "America/Chicago", night, outbox)
                clean = rows_of_organizations(pipeline)
            nights[automation] = PreparedNight(automation, "America/Chicago", night, before, outcome, clean)
        yield nights


@pytest.fixture(scope="session")
def sample_nights(
    server_url: str, sample_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, SampleNight]]:
    """Automation -> its night over the sample practices in one bucket."""
    with prepared_sample_nights(server_url, sample_template, tmp_path_factory.mktemp("outbox")) as nights:
        yield nights
