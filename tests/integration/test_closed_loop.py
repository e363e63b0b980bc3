"""The loop of ``make run`` without Airflow: sample files, simulated clearinghouse, inbox, printed result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from include.clearinghouse_inbox import steps
from include.development import environment
from include.development.sample_answers import FileAnswers, faults_of, read_file_answers, read_rejections
from include.development.sample_nights import NIGHTS
from include.development.simulated_clearinghouse import answer_folder
from include.practice_data.sample_hand_work import work_by_hand
from include.reference_data.load import load_references
from tests.support.nights import run_nights
from tests.support.sending import directory_boxes

Connection = psycopg.Connection[Any]


def read_inbox(pipeline: Connection, outbox: Path, inbox: Path) -> int:
    """The clearinghouse's turn and ours; how many answer files were new."""
    answer_folder(outbox, inbox)
    boxes = directory_boxes(outbox, inbox)
    found = sum(steps.collect_files(pipeline, receiver, boxes) for receiver in steps.list_receivers(pipeline))
    steps.apply_acknowledgments(pipeline)
    steps.settle_files(pipeline, boxes)
    steps.return_corrected_claims(pipeline)
    return found


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    outbox, inbox = tmp_path / "outbox", tmp_path / "inbox"
    outbox.mkdir()
    inbox.mkdir()
    return outbox, inbox


def test_every_file_of_the_sample_comes_back_and_every_claim_in_it_has_an_answer(
    sample_url: str, folders: tuple[Path, Path]
) -> None:
    load_references(sample_url)
    work_by_hand(sample_url)
    with (
        psycopg.connect(environment.pipeline_url(sample_url), autocommit=True) as pipeline,
        psycopg.connect(sample_url, autocommit=True) as owner,
    ):
        run_nights(pipeline, [night.isoformat() for night in NIGHTS], folders[0])
        before = read_file_answers(owner)
        assert len(before) == 9
        assert len(faults_of(before)) == 8 + 9  # files, and claims of practices in them

        assert read_inbox(pipeline, *folders) == 3 * 8

        after = read_file_answers(owner)
        assert faults_of(after) == []
        assert totals(after) == {
            "Hawthorn Lane Counseling": (3, 1),
            "Blue Heron Behavioral Health": (4, 0),
            "Larkspur Therapy Group": (3, 1),
            "Saguaro Family Counseling": (2, 1),
            "Tidepool Psychology Associates": (2, 1),
            "Kukui Grove Psychology": (2, 0),
            "Centro Ceiba de Psicología": (7, 2),
            "Prairie Wren Counseling": (0, 3),
        }
        assert {each.codes for each in read_rejections(owner)} == {
            "277CA A3:21:IL",
            "277CA A3:164:IL",
            "277CA A7:562:85",
            "277CA A7:454",
            "999 IK3:8",
            "999 IK4:I12",
            "999 IK5:I5",
        }
        numbers = owner.execute(
            "SELECT count(*) FROM billing.claim WHERE payer_claim_control_number IS NOT NULL"
        ).fetchone()
        assert numbers is not None
        assert numbers[0] > 0

        # Nothing happens twice.
        assert read_inbox(pipeline, *folders) == 0
        assert read_file_answers(owner) == after


def totals(rows: list[FileAnswers]) -> dict[str, tuple[int, int]]:
    """Accepted and rejected claims of each practice."""
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        accepted, rejected = found.get(row.practice, (0, 0))
        found[row.practice] = (accepted + row.accepted, rejected + row.rejected)
    return found
