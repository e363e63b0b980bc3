"""The task that delivers a night, killed at any moment while it talks to a real SFTP server, and run again."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from include.development import environment
from include.errors import Unavailable
from include.nightly_run.attempt import read_attempt
from tests.faults.databases import copy_of, database_of
from tests.faults.interruption import processes
from tests.faults.sample_nights import SampleNight
from tests.faults.sftp_workers import Address, Worker, deliver_night_and_be_killed, noticed_moments, noticing
from tests.support.nights import BATCH_STEPS, close_night, open_night
from tests.support.sftp_server import SftpServer, serving

Connection = psycopg.Connection[Any]

SWEEP: Final = 14  # so many moments, spread over all there are

_OUTCOME = """
    SELECT x.interchange_state, k.claim_status, count(*), bool_and(s.version = k.version)
    FROM billing.interchange x
    JOIN billing.claim_submission s USING (interchange_id)
    JOIN billing.claim k USING (claim_id)
    GROUP BY 1, 2
"""


class Night:
    """A night whose file is built and not delivered yet, in a database to copy."""

    def __init__(self, database: str, attempt_id: int, file_name: str, body: bytes, claim_count: int) -> None:
        self.database = database
        self.attempt_id = attempt_id
        self.files = {file_name: body}
        self.claim_count = claim_count
        #: What is exchanged with whom in an undisturbed delivery.
        self.moments: list[str] = []


@pytest.fixture(scope="module")
def night(
    server_url: str, sample_nights: dict[str, SampleNight], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Night]:
    prepared = sample_nights["claims_submission"]
    with copy_of(server_url, prepared.template) as url:
        with (
            psycopg.connect(url, autocommit=True) as owner,
            psycopg.connect(environment.pipeline_url(url), autocommit=True) as pipeline,
        ):
            owner.execute(
                "UPDATE billing.receiver SET delivery_method = 'sftp', claims_folder = %s", (SftpServer.claims_folder,)
            )
            attempt, batches = open_night(pipeline, prepared.automation, prepared.timezone, prepared.night)
            for organizations in batches:
                for step in BATCH_STEPS[prepared.automation]:
                    step(pipeline, attempt, organizations)
            row = owner.execute(
                "SELECT file_name, body, (SELECT count(*) FROM billing.claim_submission) FROM billing.interchange"
            ).fetchone()
            assert row is not None
        found = Night(database_of(url), attempt.attempt_id, *row)
        with (
            copy_of(server_url, found.database) as copy,
            serving(tmp_path_factory.mktemp("sftp")) as server,
            closing(Worker(copy, Address.of(server), 20)) as worker,
            noticed_moments(),
            noticing(found.moments.append),
        ):
            assert worker.deliver_night(found.attempt_id) == found.claim_count
        yield found


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    return processes()


def _lying(server: SftpServer) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in server.claims.iterdir()}


@pytest.mark.parametrize("collects", [False, True], ids=["lies there", "collected at once"])
@pytest.mark.parametrize("part", range(SWEEP))
def test_the_task_killed_anywhere_and_run_again_delivers_once_or_says_that_it_does_not_know(
    server_url: str, night: Night, context: ForkServerContext, tmp_path: Path, part: int, collects: bool
) -> None:
    moment = part * len(night.moments) // SWEEP
    with copy_of(server_url, night.database) as url, serving(tmp_path) as server:
        server.removes_at_once = collects
        process = context.Process(
            target=deliver_night_and_be_killed, args=(url, Address.of(server), moment, night.attempt_id)
        )
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        with closing(Worker(url, Address.of(server), 20)) as worker:
            try:
                worker.deliver_night(night.attempt_id)
                is_unknown = False
            except Unavailable as told:
                assert "whether it arrived is unknown" in str(told)
                is_unknown = True
            outcome = worker.connection.execute(_OUTCOME).fetchall()
        delivered = dict(server.collected) | _lying(server)
        assert len(server.collected) + len(_lying(server)) <= 1
        if is_unknown:
            # Only what was picked up, or could have been, between the second announcement and the record.
            assert collects
            assert outcome == [("unknown", "awaiting_submission", night.claim_count, True)]
        else:
            assert delivered == night.files
            assert outcome == [("sent", "submitted", night.claim_count, True)]


def test_the_moments_reach_from_the_first_word_to_the_record(night: Night) -> None:
    assert len(night.moments) > 3 * SWEEP
    assert {night.moments[0], night.moments[-1]} == {"database"}
    assert night.moments.count("server") > SWEEP


def test_a_night_with_a_file_of_unknown_outcome_ends_as_a_fault_and_says_so(
    server_url: str, night: Night, context: ForkServerContext, tmp_path: Path
) -> None:
    # The last packet is the answer to the rename.
    moment = len(night.moments) - 1 - night.moments[::-1].index("server")
    with copy_of(server_url, night.database) as url, serving(tmp_path) as server:
        server.removes_at_once = True
        process = context.Process(
            target=deliver_night_and_be_killed, args=(url, Address.of(server), moment, night.attempt_id)
        )
        process.start()
        process.join(60)
        assert dict(server.collected) == night.files
        with closing(Worker(url, Address.of(server), 20)) as worker:
            with pytest.raises(Unavailable, match="whether it arrived is unknown: "):
                worker.deliver_night(night.attempt_id)
            attempt = read_attempt(worker.connection, night.attempt_id)
            assert close_night(worker.connection, attempt) == "fault"
            assert worker.connection.execute(
                "SELECT DISTINCT reason, detail_code FROM billing.decision d"
                " JOIN billing.claim_submission s ON s.claim_id = d.item_id"
                " WHERE d.automation = 'claims_submission' AND d.closed_on IS NULL"
            ).fetchall() == [("step_failed", "outcome_unknown")]
        assert dict(server.collected) == night.files
