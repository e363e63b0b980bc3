"""How troubles become failed task instances, and what a cleared instance still says."""

from __future__ import annotations

from include.clearinghouse_inbox.instances import report, still_open
from include.clearinghouse_inbox.troubles import Trouble
from include.nightly_run.failures import INSTANCES


def trouble(code: str, *ids: int) -> Trouble:
    return Trouble(f"{code}: {len(ids)} answer files in quarantine", f"receiver {code}: files {ids}", list(ids))


def test_each_trouble_is_an_instance_that_gets_its_label_and_ids_but_no_message() -> None:
    assert report([trouble("first", 1, 2), trouble("second", 3)]) == [
        {"label": "first: 2 answer files in quarantine", "file_ids": [1, 2]},
        {"label": "second: 1 answer files in quarantine", "file_ids": [3]},
    ]
    assert report([]) == []


def test_a_hundred_receivers_have_an_instance_each_and_any_more_share_one() -> None:
    hundred = [trouble(f"r{number}", number) for number in range(INSTANCES)]
    assert len(report(hundred)) == INSTANCES
    entries = report([*hundred, trouble("more", 9_001), trouble("and more", 9_000)])
    assert len(entries) == INSTANCES + 1
    assert entries[-1] == {"label": "2 more receivers", "file_ids": [9_000, 9_001]}


def test_an_instance_says_what_is_still_open_of_its_own_files() -> None:
    now = [trouble("first", 2, 5), trouble("second", 3)]
    assert still_open(now, [1, 2]) == "receiver first: files (2, 5)"
    assert still_open(now, [2, 3]) == "receiver first: files (2, 5)\n\nreceiver second: files (3,)"


def test_an_instance_whose_files_nobody_has_to_look_at_any_more_says_nothing() -> None:
    assert still_open([trouble("first", 5)], [1, 2]) is None
    assert still_open([], [1]) is None
