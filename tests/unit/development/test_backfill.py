"""Which missed nights are run, which are left, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from include.development import backfill
from include.development.backfill import BackfillRefused, choose_slots, divide
from nightly_schedule.slots import Slot, build_slot

NIGHT = date(2026, 11, 2)
LATER = datetime(2026, 12, 1, tzinfo=UTC)
DENVER = ["America/Denver"]


def test_both_nights_are_included() -> None:
    slots = choose_slots(NIGHT, NIGHT + timedelta(days=2), ["invoice_creation"], DENVER, now=LATER)

    assert [slot.night.day for slot in slots] == [2, 3, 4]


def test_one_night_may_be_first_and_last() -> None:
    slots = choose_slots(NIGHT, NIGHT, ["invoice_creation", "claims_submission"], [*DENVER, "Pacific/Guam"], now=LATER)

    assert len(slots) == 4


def test_nights_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(BackfillRefused, match="FROM=2026-11-03 is after TO=2026-11-02"):
        choose_slots(NIGHT + timedelta(days=1), NIGHT, ["invoice_creation"], DENVER, now=LATER)


def test_a_database_without_practices_is_refused() -> None:
    with pytest.raises(BackfillRefused, match="No practice is loaded"):
        choose_slots(NIGHT, NIGHT, ["invoice_creation"], [], now=LATER)


def test_a_night_can_be_run_from_the_instant_on_at_which_it_falls_due() -> None:
    due_at = build_slot("invoice_creation", "2026-11-02", "America/Denver").due_at

    assert len(choose_slots(NIGHT, NIGHT, ["invoice_creation"], DENVER, now=due_at)) == 1
    with pytest.raises(BackfillRefused, match="2026-11-02, America/Denver, 2026-11-03 06:00 UTC"):
        choose_slots(NIGHT, NIGHT, ["invoice_creation"], DENVER, now=due_at - timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("state", "force", "runs"),
    [
        (None, False, True),
        ("failed", False, True),
        ("success", False, False),
        ("success", True, True),
        ("running", False, False),
        ("queued", True, False),
    ],
)
def test_a_night_runs_unless_it_succeeded_or_is_at_work(state: str | None, force: bool, runs: bool) -> None:
    slot = build_slot("invoice_creation", "2026-11-02", "America/Denver")

    def last_state(_: Slot) -> str | None:
        return state

    chosen, left = divide([slot], last_state, force=force)

    assert (chosen, [one.slot for one in left]) == (([slot], []) if runs else ([], [slot]))
    assert all(state is not None and (state in one.reason or "succeeded" in one.reason) for one in left)


def test_nothing_is_started_while_airflow_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BILLING_LOCAL_DIR", str(tmp_path))

    code = backfill.main(["--from", "2026-11-02", "--to", "2026-11-03"])

    assert code == 2
    assert "make up" in capsys.readouterr().err
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "2026-11-31", "--to", "2026-12-01"], "a night is a date like 2026-11-02"),
        (["--from", "", "--to", "2026-12-01"], "a night is a date like 2026-11-02"),
        (["--from", "2026-11-02", "--to", "2026-11-02", "--dag", "era_processing"], "is none of: claims_submission"),
        (["--from", "2026-11-02", "--to", "2026-11-02", "--bucket", "US/Pacific"], "is none of: America/New_York"),
    ],
)
def test_words_that_name_nothing_are_refused_with_the_ones_that_do(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        backfill.main(arguments)

    assert stopped.value.code == 2
    assert message in capsys.readouterr().err
