"""What make run says about the answers."""

from __future__ import annotations

import pytest

from include.development.sample_answers import COLUMNS, FileAnswers, Rejection, describe_rejections, faults_of


def answers(state: str = "acknowledged", claims: int = 4, **counts: int) -> FileAnswers:
    return FileAnswers(7, state, "Aspen", claims, **{"accepted": 0, "rejected": 0, "undecided": 0, **counts})


def test_what_nobody_answered_is_the_rest() -> None:
    row = answers(accepted=1, rejected=1, undecided=1).row

    assert dict(zip(COLUMNS, row, strict=True)) == {
        "file": "000000007",
        "state": "acknowledged",
        "practice": "Aspen",
        "claims": 4,
        "accepted": 1,
        "rejected": 1,
        "undecided": 1,
        "unanswered": 1,
    }


@pytest.mark.parametrize("state", ["acknowledged", "rejected"])
def test_the_loop_is_closed_when_every_file_and_every_claim_has_an_answer(state: str) -> None:
    assert faults_of([answers(state, accepted=2, rejected=1, undecided=1)]) == []


@pytest.mark.parametrize("state", ["built", "sending", "unknown", "sent"])
def test_a_file_nobody_acknowledged_keeps_it_open(state: str) -> None:
    (fault,) = faults_of([answers(state, accepted=4), answers(state, accepted=4)])

    assert f"000000007 is {state}" in fault


def test_a_claim_without_answer_keeps_it_open() -> None:
    (fault,) = faults_of([answers(accepted=3)])

    assert "1 of 4 claims have no answer" in fault


def test_no_file_at_all_is_no_closed_loop() -> None:
    assert len(faults_of([])) == 1


def test_reasons_stand_below_their_claims_with_the_place_to_correct() -> None:
    text = describe_rejections(
        [
            Rejection("Aspen", ("C1V1", "C2V1"), "277CA A3:21", "Returned", "Client › Insurance"),
            Rejection("Aspen", ("C1V1", "C2V1"), "277CA A3:164", "Member id", None),
            Rejection("Birch", ("C3V1",), "999 IK5:5", "Refused", None),
        ]
    )

    assert text.splitlines() == [
        "Rejected, and why: 3 claims",
        "  Aspen: C1V1, C2V1",
        "      277CA A3:21: Returned. To correct: Client › Insurance.",
        "      277CA A3:164: Member id.",
        "  Birch: C3V1",
        "      999 IK5:5: Refused.",
    ]
