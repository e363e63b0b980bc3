"""Decisions as intervals of nights: opened once, standing until something changes, whatever is run again in what order.

Most tests write the frozen candidates themselves: what a night decided is given, how it is kept is asked.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from include.nightly_run.decisions import record_decisions
from tests.support.nights import open_night, run_night
from tests.support.practice import Connection, Practice, day_after
from tests.support.tables import table_hashes

DENVER = "America/Denver"
FIRST = "2026-03-02"
ADVANCED = "advanced"

#: Reason, detail_code, rule_id as a test writes them: "excluded 7", "blocked no_rate", "on_hold".
Said = Mapping[int, str]
#: (reason, first night, first night no longer in it or None) of one item; nights by number.
Interval = tuple[str, int, int | None]


@pytest.fixture
def practice(billing: Connection) -> Practice:
    return Practice(billing)


def night_of(number: int) -> str:
    """The date of night 1, 2, …"""
    return day_after(FIRST, number - 1)


def decide(pipeline: Connection, number: int, said: Said) -> None:
    """A run of that night whose candidates are the keys of `said`, each with its reason to stay, or *advanced*."""
    attempt, batches = open_night(pipeline, "invoice_creation", DENVER, night_of(number), f"decide {next(_attempts)}")
    for item, text in said.items():
        reason, _, detail = text.partition(" ")
        pipeline.execute(
            "INSERT INTO billing.candidate (attempt_id, organization_id, item_id, reason, detail_code, rule_id)"
            " VALUES (%s, 1, %s, %s, %s, %s)",
            (
                attempt.attempt_id,
                item,
                None if reason == ADVANCED else reason,
                detail or None if reason != "excluded" else None,
                int(detail) if reason == "excluded" else None,
            ),
        )
    assert batches == [[1]]
    with pipeline.transaction():
        record_decisions(pipeline, attempt, [1])
    pipeline.execute("DELETE FROM billing.candidate WHERE attempt_id = %s", (attempt.attempt_id,))


_attempts = itertools.count(1)


def intervals(connection: Connection, item: int) -> list[Interval]:
    """The item's intervals in order, without those that a later finding emptied."""
    rows = connection.execute(
        "SELECT concat_ws(' ', reason, detail_code, rule_id), opened_on - %s::date + 1, closed_on - %s::date + 1"
        " FROM billing.decision WHERE item_id = %s AND (closed_on IS NULL OR closed_on > opened_on)"
        " ORDER BY opened_on, closed_on",
        (FIRST, FIRST, item),
    )
    return rows.fetchall()


def test_a_decision_opens_once_and_stands(practice: Practice, pipeline: Connection) -> None:
    for number in (1, 2, 3, 5):
        decide(pipeline, number, {100: "blocked no_rate", 101: "excluded 7"})
    assert intervals(pipeline, 100) == [("blocked no_rate", 1, None)]
    assert intervals(pipeline, 101) == [("excluded 7", 1, None)]


@pytest.mark.parametrize(
    ("before", "after"),
    [("on_hold", "blocked no_rate"), ("blocked no_rate", "blocked zero_rate"), ("excluded 7", "excluded 8")],
)
def test_another_reason_detail_or_rule_closes_it_and_opens_the_next(
    practice: Practice, pipeline: Connection, before: str, after: str
) -> None:
    for number, reason in enumerate((before, before, after, before), start=1):
        decide(pipeline, number, {100: reason})
    assert intervals(pipeline, 100) == [(before, 1, 3), (after, 3, 4), (before, 4, None)]


def test_it_closes_on_the_night_that_moves_the_item_or_finds_it_gone(practice: Practice, pipeline: Connection) -> None:
    decide(pipeline, 1, {100: "on_hold", 101: "on_hold", 102: "on_hold"})
    decide(pipeline, 2, {100: ADVANCED, 102: "on_hold"})
    assert intervals(pipeline, 100) == [("on_hold", 1, 2)]
    assert intervals(pipeline, 101) == [("on_hold", 1, 2)]
    assert intervals(pipeline, 102) == [("on_hold", 1, None)]


def test_an_old_night_finds_the_reason_of_a_later_one_and_extends_it_back(
    practice: Practice, pipeline: Connection
) -> None:
    decide(pipeline, 3, {100: "on_hold"})
    decide(pipeline, 1, {100: "on_hold"})
    assert intervals(pipeline, 100) == [("on_hold", 1, None)]


def test_an_old_night_with_another_reason_ends_where_the_later_one_begins(
    practice: Practice, pipeline: Connection
) -> None:
    decide(pipeline, 3, {100: "on_hold"})
    decide(pipeline, 4, {100: "blocked no_rate"})
    decide(pipeline, 1, {100: "excluded 7"})
    assert intervals(pipeline, 100) == [("excluded 7", 1, 3), ("on_hold", 3, 4), ("blocked no_rate", 4, None)]


def test_an_old_night_that_decides_otherwise_changes_only_its_part_of_a_closed_interval(
    practice: Practice, pipeline: Connection
) -> None:
    decide(pipeline, 1, {100: "on_hold"})
    decide(pipeline, 4, {100: "blocked no_rate"})
    decide(pipeline, 2, {100: "excluded 7"})
    assert intervals(pipeline, 100) == [("on_hold", 1, 2), ("excluded 7", 2, 4), ("blocked no_rate", 4, None)]


def test_an_old_night_leaves_the_later_part_of_an_interval_that_spans_it(
    practice: Practice, pipeline: Connection
) -> None:
    decide(pipeline, 1, {100: "on_hold"})
    decide(pipeline, 3, {100: "on_hold"})
    decide(pipeline, 2, {100: "excluded 7"})
    assert intervals(pipeline, 100) == [("on_hold", 1, 2), ("excluded 7", 2, 3), ("on_hold", 3, None)]


def test_a_later_decision_is_emptied_when_an_older_night_moves_the_item(
    practice: Practice, pipeline: Connection
) -> None:
    decide(pipeline, 3, {100: "on_hold", 101: "on_hold"})
    decide(pipeline, 2, {100: ADVANCED, 101: "on_hold"})
    assert intervals(pipeline, 100) == []
    assert intervals(pipeline, 101) == [("on_hold", 2, None)]
    opened = pipeline.execute("SELECT count(*) FROM billing.decision WHERE item_id = 100 AND closed_on IS NULL")
    assert opened.fetchone() == (0,)


def test_a_later_decision_stands_when_an_older_night_does_not_see_the_item(
    practice: Practice, pipeline: Connection
) -> None:
    """An appointment of the day between was not yet in the step."""
    decide(pipeline, 3, {100: "on_hold"})
    decide(pipeline, 2, {101: "on_hold"})
    assert intervals(pipeline, 100) == [("on_hold", 3, None)]


def test_deciding_the_same_again_changes_nothing(practice: Practice, billing: Connection, pipeline: Connection) -> None:
    history: list[tuple[int, Said]] = [
        (1, {100: "on_hold", 101: "blocked no_rate"}),
        (3, {100: "excluded 7", 101: "blocked no_rate"}),
        (2, {100: "on_hold", 101: "blocked no_rate"}),
        (4, {100: ADVANCED, 101: "excluded 7"}),
    ]
    for number, said in history:
        decide(pipeline, number, said)
    before = table_hashes(billing)
    for number, said in history[1:]:
        decide(pipeline, number, said)
        assert table_hashes(billing) == before, number


# Histories against an oracle


REASONS = ("on_hold", "review_day", "excluded 7", "excluded 8", "blocked no_rate", "blocked zero_rate")


def oracle(nights: Mapping[int, str]) -> list[Interval]:
    """What nights in order say about one item, as intervals: each night's word holds until the next night."""
    found: list[Interval] = []
    for number, reason in sorted(nights.items()):
        if found and found[-1][2] is None:
            if found[-1][0] == reason:
                continue
            found[-1] = (*found[-1][:2], number)
        if reason not in (ADVANCED, "gone"):
            found.append((reason, number, None))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_nights_in_order_give_the_intervals_that_their_words_say(
    practice: Practice, pipeline: Connection, seed: int
) -> None:
    draw = random.Random(seed)
    items = range(100, 140)
    words: dict[int, dict[int, str]] = {item: {} for item in items}
    moved: set[int] = set()
    for number in sorted(draw.sample(range(1, 16), 8)):
        said = {}
        for item in set(items) - moved:
            previous = list(words[item].values())
            # Usually nothing changes: what stood yesterday stands today.
            word = draw.choice([*previous[-1:] * 5, *REASONS, ADVANCED, "gone"])
            words[item][number] = word
            if word == ADVANCED:
                moved.add(item)
            if word != "gone":
                said[item] = word
        decide(pipeline, number, said)
    assert {item: intervals(pipeline, item) for item in items} == {item: oracle(words[item]) for item in items}
    assert len({word for of_item in words.values() for word in of_item.values()}) == len(REASONS) + 2


def covering(of_item: list[Interval], number: int) -> list[Interval]:
    return [one for one in of_item if one[1] <= number and (one[2] is None or number < one[2])]


@pytest.mark.parametrize("seed", range(4))
def test_nights_in_any_order_change_no_other_night_and_never_overlap(
    practice: Practice, billing: Connection, pipeline: Connection, seed: int
) -> None:
    draw = random.Random(100 + seed)
    items = range(100, 130)
    moved: set[int] = set()
    for _ in range(10):
        number = draw.randrange(1, 8)
        before = {item: intervals(pipeline, item) for item in items}
        said = {item: draw.choice([*REASONS[:3] * 3, ADVANCED]) for item in items if item not in moved}
        decide(pipeline, number, said)
        for item, word in said.items():
            after = intervals(pipeline, item)
            about = (item, number, word, before[item], after)
            assert all(len(covering(after, each)) <= 1 for each in range(1, 9)), about
            tonight = [reason for reason, _, _ in covering(after, number)]
            assert tonight == ([] if word == ADVANCED else [word]), about
            for earlier in range(1, number):
                assert [one[0] for one in covering(after, earlier)] == [
                    one[0] for one in covering(before[item], earlier)
                ], about
            for later in range(number + 1, 9):
                of_later_night = [one[0] for one in covering(before[item], later) if one[1] > number]
                if of_later_night and word != ADVANCED:
                    assert [one[0] for one in covering(after, later)] == of_later_night, about
            assert word != ADVANCED or all(one[2] is not None for one in after), about
        moved |= {item for item, word in said.items() if word == ADVANCED}
        once = table_hashes(billing)["billing.decision"]
        decide(pipeline, number, said)
        assert table_hashes(billing)["billing.decision"] == once, "deciding the same twice changed something"


# Organizations that stand aside


def gates(connection: Connection) -> list[tuple[str, int, str, str | None]]:
    rows = connection.execute(
        "SELECT reason, item_count, opened_on::text, closed_on::text FROM billing.decision"
        " WHERE item_id IS NULL ORDER BY opened_on, decision_id"
    )
    return rows.fetchall()


def test_an_organization_that_stands_aside_has_one_row_whose_count_follows(
    practice: Practice, pipeline: Connection, tmp_path: Path
) -> None:
    def night(number: int) -> None:
        run_night(pipeline, "invoice_creation", DENVER, night_of(number), tmp_path, f"run {next(_attempts)}")

    practice.setting("invoice_creation", is_enabled=False)
    night(1)
    assert gates(pipeline) == []  # nothing waits
    first = practice.appointment(f"{night_of(2)} 10:00")
    night(2)
    assert gates(pipeline) == [("off", 1, night_of(2), None)]
    practice.appointment(f"{night_of(3)} 10:00")
    night(3)
    assert gates(pipeline) == [("off", 2, night_of(2), None)]
    night(2)  # an old night again: the newer count stays
    assert gates(pipeline) == [("off", 2, night_of(2), None)]
    practice.setting("invoice_creation", paused_until=night_of(6))
    night(4)
    assert gates(pipeline) == [("off", 2, night_of(2), night_of(4)), ("paused", 2, night_of(4), None)]
    night(6)
    assert gates(pipeline)[1:] == [("paused", 2, night_of(4), night_of(6))]
    advanced = pipeline.execute("SELECT appointment_id FROM billing.invoice ORDER BY 1").fetchall()
    assert len(advanced) == 2 and advanced[0] == (first,)


def test_a_row_of_the_organization_closes_when_nothing_waits_any_more(
    practice: Practice, pipeline: Connection, tmp_path: Path
) -> None:
    practice.setting("invoice_creation", is_enabled=False)
    appointment = practice.appointment(f"{FIRST} 10:00")
    run_night(pipeline, "invoice_creation", DENVER, night_of(1), tmp_path)
    practice.connection.execute(
        "UPDATE practice.appointment SET appointment_status = 'cancelled' WHERE appointment_id = %s", (appointment,)
    )
    run_night(pipeline, "invoice_creation", DENVER, night_of(2), tmp_path)
    assert gates(pipeline) == [("off", 1, night_of(1), night_of(2))]


def test_decisions_on_single_items_give_way_to_the_organizations_row_and_come_back(
    practice: Practice, pipeline: Connection, tmp_path: Path
) -> None:
    item = practice.appointment(f"{FIRST} 10:00", services=[])
    run_night(pipeline, "invoice_creation", DENVER, night_of(1), tmp_path)
    practice.setting("invoice_creation", paused_until=night_of(3))
    run_night(pipeline, "invoice_creation", DENVER, night_of(2), tmp_path)
    run_night(pipeline, "invoice_creation", DENVER, night_of(3), tmp_path)
    assert intervals(pipeline, item) == [("blocked no_service", 1, 2), ("blocked no_service", 3, None)]
    assert gates(pipeline) == [("paused", 1, night_of(2), night_of(3))]


def test_a_second_run_of_a_night_changes_nothing(
    practice: Practice, billing: Connection, pipeline: Connection, tmp_path: Path
) -> None:
    other = Practice(billing, 2)
    other.setting("invoice_creation", paused_until="2026-04-01")
    for each in (practice, other):
        each.appointment(f"{FIRST} 10:00")
        each.appointment(f"{FIRST} 11:00", services=[])
    run_night(pipeline, "invoice_creation", DENVER, FIRST, tmp_path, "first")
    before = table_hashes(billing)
    run_night(pipeline, "invoice_creation", DENVER, FIRST, tmp_path, "second")
    assert table_hashes(billing) == before
    assert before["billing.decision"][0] == 2
