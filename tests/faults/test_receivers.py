"""Nights with two receivers: whose claims go where, each with its own numbers, and what is counted of a night whose
file turns out late to have arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from include.claims_submission.delivery import deliver_files
from include.clearinghouse.directory_drop_box import DirectoryDropBox
from include.clearinghouse.drop_box import DropBox, DropBoxSettings
from include.errors import BillingError, Unavailable
from include.nightly_run.attempt import Attempt
from include.outbox.settlement import recount_results, settle_files
from tests.faults.model_receiver import ModelReceiver
from tests.faults.stored_files import add_receiver
from tests.support.nights import BATCH_STEPS, close_night, open_night
from tests.support.practice import Practice, day_after, outcomes

Connection = psycopg.Connection[Any]
Open = Callable[[DropBoxSettings], AbstractContextManager[DropBox]]

DENVER: Final = "America/Denver"
NIGHT, NEXT_NIGHT = "2026-03-10", "2026-03-11"
PRAIRIE, VALLEY = "60054", "87726"

_FILED = (
    "SELECT s.claim_id, x.receiver_code, x.control_number FROM billing.claim_submission s"
    " JOIN billing.interchange x USING (interchange_id) ORDER BY s.claim_id"
)


def _until_delivery(pipeline: Connection, night: str) -> Attempt:
    attempt, batches = open_night(pipeline, "claims_submission", DENVER, night)
    for organizations in batches:
        for step in BATCH_STEPS["claims_submission"]:
            step(pipeline, attempt, organizations)
    return attempt


def _claim(practice: Practice, payer_code: str) -> int:
    insurer = practice.insurer(payer_code=payer_code)
    return practice.claim(practice.invoice(practice.appointment(client=practice.insured(insurer))))


def _route(billing: Connection, receiver_code: str, organization: int | None, payer_code: str | None) -> None:
    billing.execute(
        "INSERT INTO billing.receiver_route (receiver_code, organization_id, payer_code) VALUES (%s, %s, %s)",
        (receiver_code, organization, payer_code),
    )


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        ([], ("default", "default", "default", "default")),
        ([(1, None)], ("route 1", "route 1", "default", "default")),
        ([(None, VALLEY)], ("default", "route 1", "default", "route 1")),
        ([(1, VALLEY)], ("default", "route 1", "default", "default")),
        ([(1, None), (None, VALLEY)], ("route 1", "route 1", "default", "route 2")),
        ([(None, VALLEY), (1, None)], ("route 2", "route 2", "default", "route 1")),
        ([(1, None), (None, VALLEY), (1, VALLEY)], ("route 1", "route 3", "default", "route 2")),
        ([(2, PRAIRIE), (None, PRAIRIE)], ("route 2", "default", "route 1", "default")),
    ],
    ids=str,
)
def test_claims_go_to_the_receiver_of_their_pair_else_organization_else_insurer_else_default(
    billing: Connection,
    pipeline: Connection,
    routes: list[tuple[int | None, str | None]],
    expected: tuple[str, ...],
) -> None:
    practices = [Practice(billing, number) for number in (1, 2)]
    claims = [_claim(practice, payer) for practice in practices for payer in (PRAIRIE, VALLEY)]
    for number, (organization, payer_code) in enumerate(routes, start=1):
        _route(billing, add_receiver(billing, f"route {number}"), organization, payer_code)
    _until_delivery(pipeline, NIGHT)
    filed = billing.execute(_FILED).fetchall()
    assert [claim for claim, _, _ in filed] == claims
    assert tuple(receiver for _, receiver, _ in filed) == expected
    # One file for each receiver of the batch, and each receiver counts for itself.
    assert {number for _, _, number in filed} == {1}
    files = billing.execute("SELECT receiver_code, count(*) FROM billing.interchange GROUP BY 1 ORDER BY 1").fetchall()
    assert files == [(receiver, 1) for receiver in sorted(set(expected))]


def test_a_route_is_said_once(billing: Connection) -> None:
    Practice(billing)
    for route in ((1, None), (None, VALLEY), (1, VALLEY)):
        _route(billing, "default", *route)
        with pytest.raises(psycopg.errors.UniqueViolation):
            _route(billing, "default", *route)
    with pytest.raises(psycopg.errors.CheckViolation):
        _route(billing, "default", None, None)


def _folders(root: Path, unreachable: str | None = None) -> Open:
    @contextmanager
    def open_drop_box(settings: DropBoxSettings) -> Iterator[DropBox]:
        if settings.receiver_code == unreachable:
            raise BillingError("the Airflow connection elsewhere does not exist")
        yield DirectoryDropBox(settings, root, root / "answers")

    return open_drop_box


def test_a_receiver_without_its_connection_fails_the_delivery_and_keeps_no_other_receivers_files(
    billing: Connection, pipeline: Connection, tmp_path: Path
) -> None:
    practice = Practice(billing)
    stays, leaves = (_claim(practice, payer) for payer in (PRAIRIE, VALLEY))
    # In order of receiver the one that is missing comes first.
    _route(billing, add_receiver(billing, "a missing one", claims_folder="a"), None, PRAIRIE)
    _route(billing, add_receiver(billing, "other", claims_folder="other"), None, VALLEY)
    for folder in ("a", "other"):
        (tmp_path / folder).mkdir()
    attempt = _until_delivery(pipeline, NIGHT)
    with pytest.raises(Unavailable, match=r"^1 files could not be delivered:\nreceiver a missing one: the Airflow"):
        deliver_files(pipeline, attempt, _folders(tmp_path, "a missing one"))
    assert close_night(pipeline, attempt) == "fault"
    assert outcomes(billing, "claims_submission", NIGHT) == {stays: "step_failed undelivered", leaves: "advanced"}
    assert [len(list((tmp_path / folder).iterdir())) for folder in ("a", "other")] == [0, 1]

    # The next night of the bucket takes it along.
    attempt = _until_delivery(pipeline, NEXT_NIGHT)
    assert deliver_files(pipeline, attempt, _folders(tmp_path)) == 1
    close_night(pipeline, attempt)
    assert outcomes(billing, "claims_submission", NIGHT) == {stays: "step_failed undelivered", leaves: "advanced"}
    assert outcomes(billing, "claims_submission", NEXT_NIGHT) == {stays: "advanced"}
    assert [len(list((tmp_path / folder).iterdir())) for folder in ("a", "other")] == [1, 1]


_COUNTED = (
    "SELECT advanced_count, advanced_amount, step_failed_count FROM billing.nightly_result"
    " JOIN billing.run USING (run_id) WHERE night = %s"
)


def test_what_turns_out_to_have_arrived_after_its_run_closed_counts_for_the_run_that_built_it(
    billing: Connection, pipeline: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    claim = Practice(billing).claim()
    receiver = ModelReceiver()
    receiver.arm("place", "connection_lost", "after")
    receiver.arm("find", "unreachable")
    attempt = _until_delivery(pipeline, NIGHT)
    with pytest.raises(Unavailable, match="whether it arrived is unknown"):
        deliver_files(pipeline, attempt, receiver.boxes())
    assert close_night(pipeline, attempt) == "fault"
    assert outcomes(billing, "claims_submission", NIGHT) == {claim: "step_failed outcome_unknown"}
    (counted,) = billing.execute(_COUNTED, (NIGHT,)).fetchall()
    assert counted == (0, 0, 1)

    assert settle_files(pipeline, receiver.boxes()) == 0
    assert len(receiver.folder) == 1
    assert outcomes(billing, "claims_submission", NIGHT) == {claim: "advanced"}
    (counted,) = billing.execute(_COUNTED, (NIGHT,)).fetchall()
    assert (counted[0], counted[1] > 0, counted[2]) == (1, True, 0)
    # Counted, and not again.
    caplog.set_level("INFO")
    caplog.clear()
    recount_results(pipeline)
    assert "counted again" not in caplog.text


def test_later_nights_that_counted_the_claim_as_left_behind_are_counted_again(
    billing: Connection, pipeline: Connection
) -> None:
    claim = Practice(billing).claim()
    receiver = ModelReceiver(collects=True)
    receiver.arm("place", "connection_lost", "after")
    for night in (NIGHT, day_after(NIGHT)):
        attempt = _until_delivery(pipeline, night)
        with pytest.raises(Unavailable):
            deliver_files(pipeline, attempt, receiver.boxes())
        close_night(pipeline, attempt)
    assert [row[2] for row in billing.execute(_COUNTED, (day_after(NIGHT),)).fetchall()] == [1]
    billing.execute("SELECT billing.confirm_file(interchange_id, 'Kim has it') FROM billing.interchange")
    recount_results(pipeline)
    assert outcomes(billing, "claims_submission", NIGHT) == {claim: "advanced"}
    assert [row[0] for row in billing.execute(_COUNTED, (NIGHT,)).fetchall()] == [1]
    assert [row[2] for row in billing.execute(_COUNTED, (day_after(NIGHT),)).fetchall()] in ([], [0])


def test_a_run_that_is_still_open_is_counted_when_it_closes(billing: Connection, pipeline: Connection) -> None:
    claim = Practice(billing).claim()
    receiver = ModelReceiver()
    receiver.arm("upload", "disk_full")
    attempt = _until_delivery(pipeline, NIGHT)
    with pytest.raises(Unavailable):
        deliver_files(pipeline, attempt, receiver.boxes())
    assert settle_files(pipeline, receiver.boxes()) == 0
    assert billing.execute(_COUNTED, (NIGHT,)).fetchall() == []
    assert close_night(pipeline, attempt) == "ok"
    assert outcomes(billing, "claims_submission", NIGHT) == {claim: "advanced"}
    assert [row[0] for row in billing.execute(_COUNTED, (NIGHT,)).fetchall()] == [1]


def test_a_file_that_a_person_confirms_counts_for_the_run_that_built_it(
    billing: Connection, pipeline: Connection
) -> None:
    claim = Practice(billing).claim()
    receiver = ModelReceiver(collects=True)
    receiver.arm("place", "connection_lost", "after")
    attempt = _until_delivery(pipeline, NIGHT)
    with pytest.raises(Unavailable):
        deliver_files(pipeline, attempt, receiver.boxes())
    close_night(pipeline, attempt)
    billing.execute("SELECT billing.confirm_file(interchange_id, 'Kim has it') FROM billing.interchange")
    recount_results(pipeline)
    assert outcomes(billing, "claims_submission", NIGHT) == {claim: "advanced"}
    assert [row[0] for row in billing.execute(_COUNTED, (NIGHT,)).fetchall()] == [1]
