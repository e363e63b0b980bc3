"""The trigger in an event loop of its own, with what it asks replaced: what it tells Airflow, and that it goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from clearinghouse_watch import trigger as module
from clearinghouse_watch.trigger import NewAnswersTrigger

Look = Callable[[Any], dict[str, int]]


def answers(*given: dict[str, int] | Exception) -> tuple[Look, list[str]]:
    """What looking gives, one after another, then nothing for ever; and in which threads it looked."""
    left: Iterator[dict[str, int] | Exception] = iter(given)
    threads: list[str] = []

    def look(_: Any) -> dict[str, int]:
        threads.append(threading.current_thread().name)
        found = next(left, {})
        if isinstance(found, Exception):
            raise found
        return found

    return look, threads


def events_of(monkeypatch: pytest.MonkeyPatch, *given: dict[str, int] | Exception) -> tuple[list[Any], list[str]]:
    """The payloads of everything the trigger tells until it has looked once more than something was given."""
    look, threads = answers(*given)
    monkeypatch.setattr(module, "_count_new_files", look)

    async def listen() -> list[Any]:
        events: list[Any] = []
        stream = NewAnswersTrigger(poll_seconds=0).run()

        async def collect() -> None:
            async for event in stream:
                events.append(event.payload)

        task = asyncio.create_task(collect())
        while len(threads) <= len(given) and not task.done():
            await asyncio.sleep(0)
        assert not task.done(), "a trigger that ends is started anew every two seconds"
        task.cancel()
        return events

    return asyncio.run(listen()), threads


def test_it_tells_counts_and_nothing_when_there_is_no_news(monkeypatch: pytest.MonkeyPatch) -> None:
    events, _ = events_of(monkeypatch, {}, {"default": 2}, {}, {"default": 1, "second": 3})
    assert events == [{"new_file_count": {"default": 2}}, {"new_file_count": {"default": 1, "second": 3}}]


def test_an_error_does_not_end_it_and_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    down = RuntimeError("the billing database did not answer")
    events, _ = events_of(monkeypatch, down, down, {"default": 1}, down)
    assert events == [{"new_file_count": {"default": 1}}]
    assert [record.getMessage() for record in caplog.records] == [
        "answers are not looked for: the billing database did not answer"
    ] * 2, "once per time of trouble"


def test_it_looks_in_a_thread_because_all_triggers_share_one_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    _, threads = events_of(monkeypatch, {"default": 1})
    assert threads
    assert threading.main_thread().name not in threads


def test_the_triggerer_can_make_it_from_what_is_stored() -> None:
    from airflow._shared.module_loading import import_string

    path, arguments = NewAnswersTrigger(poll_seconds=5).serialize()
    made = import_string(path)(**arguments)
    assert made.serialize() == (path, {"poll_seconds": 5})


def test_an_unchanged_dag_file_keeps_its_trigger() -> None:
    """Airflow compares by this number; another one would take the trigger away and start a new one at every parse."""
    from airflow.models.trigger import Trigger
    from airflow.serialization.encoders import encode_trigger
    from airflow.triggers.base import BaseEventTrigger

    declared = encode_trigger(NewAnswersTrigger())
    stored = Trigger(classpath=declared["classpath"], kwargs=declared["kwargs"])
    assert BaseEventTrigger.hash(stored.classpath, stored.kwargs) == BaseEventTrigger.hash(
        declared["classpath"], declared["kwargs"]
    )
    other = encode_trigger(NewAnswersTrigger(poll_seconds=5))
    assert BaseEventTrigger.hash(other["classpath"], other["kwargs"]) != BaseEventTrigger.hash(
        stored.classpath, stored.kwargs
    )
