"""Steps of a night one at a time, in a process of their own if need be, that dies or dawdles at a chosen moment.

A moment lies before and after each exchange with the database (statements, savepoints, commits, blocks of COPY) and
each call of the operating system that the delivery makes.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from include.claims_submission.delivery import deliver_files
from include.clearinghouse import directory_drop_box
from include.development import environment
from include.nightly_run.attempt import read_attempt
from tests.support.nights import BATCH_STEPS, close_night, open_night
from tests.support.sending import directory_boxes

Connection = psycopg.Connection[Any]

#: What the delivery asks of the operating system.
_CALLS: Final = ("open", "write", "fsync", "link", "unlink")


def steps_of(automation: str) -> list[str]:
    """The names of the automation's tasks in their order."""
    return [
        "open_run",
        *(step.__name__ for step in BATCH_STEPS[automation]),
        *(["deliver_files"] if automation == "claims_submission" else []),
        "close_run",
    ]


def run_step(
    connection: Connection, step: str, automation: str, timezone: str, night: str, outbox: Path, airflow_run_id: str
) -> None:
    """One task of the night's run as Airflow would start it: everything it knows is the run's id."""
    if step == "open_run":
        open_night(connection, automation, timezone, night, airflow_run_id)
        return
    row = connection.execute(
        "SELECT attempt_id FROM billing.run_attempt a JOIN billing.run r USING (run_id) WHERE a.airflow_run_id = %s"
        " AND (r.automation, r.timezone, r.night::text) = (%s, %s, %s)",
        (airflow_run_id, automation, timezone, night),
    ).fetchone()
    assert row is not None
    attempt = read_attempt(connection, row[0])
    if step == "close_run":
        close_night(connection, attempt)
    elif step == "deliver_files":
        deliver_files(connection, attempt, directory_boxes(outbox))
    else:
        [function] = [function for function in BATCH_STEPS[automation] if function.__name__ == step]
        organizations = connection.execute(
            "SELECT organization_id FROM billing.run_organization WHERE attempt_id = %s AND gate = 'ready'"
            " ORDER BY organization_id",
            (attempt.attempt_id,),
        ).fetchall()
        function(connection, attempt, [organization_id for (organization_id,) in organizations])


@contextmanager
def at_each_moment(notice: Callable[[], None]) -> Iterator[None]:
    """Call `notice` at every moment."""
    wait = psycopg.Connection.wait

    def noticed(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            notice()
            result = function(*arguments, **named)
            notice()
            return result

        return call

    class System:
        def __getattr__(self, name: str) -> Any:
            found = getattr(os, name)
            return noticed(found) if name in _CALLS else found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Connection, "wait", noticed(wait))
        patch.setattr(directory_drop_box, "os", System())
        patch.setattr(directory_drop_box, "rename_to_free_name", noticed(directory_drop_box.rename_to_free_name))
        yield


class _Death:
    def __init__(self, moment: int) -> None:
        self.left = moment

    def __call__(self) -> None:
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1


class _Dawdling:
    def __init__(self, seed: str) -> None:
        self.draw = random.Random(seed)

    def __call__(self) -> None:
        if self.draw.random() < 0.3:
            time.sleep(self.draw.random() * 0.002)


def count_moments(work: Callable[[], None]) -> int:
    """How many moments `work` has."""
    moments = 0

    def count() -> None:
        nonlocal moments
        moments += 1

    with at_each_moment(count):
        work()
    return moments


def _die(url: str, moment: int, *arguments: Any) -> None:
    with psycopg.connect(environment.pipeline_url(url), autocommit=True) as connection, at_each_moment(_Death(moment)):
        run_step(connection, *arguments)


def _dawdle(url: str, seed: str, start: Any, steps: list[str], *arguments: Any) -> None:
    with psycopg.connect(environment.pipeline_url(url), autocommit=True) as connection, at_each_moment(_Dawdling(seed)):
        try:
            for step in steps:
                if start is not None:
                    start.wait(60)
                run_step(connection, step, *arguments)
        except BaseException:
            if start is not None:
                start.abort()  # the other one need not wait
            raise


def processes() -> ForkServerContext:
    """A server that forks children in which everything is imported already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.forkserver"])
    return context


def kill_step(context: ForkServerContext, url: str, moment: int, *arguments: Any) -> bool:
    """Run a step in a process that is killed at the moment; return whether it came to that."""
    process = context.Process(target=_die, args=(url, moment, *arguments))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def run_at_once(
    context: ForkServerContext, url: str, seed: int, steps: list[str], runs: list[tuple[Any, ...]], *, in_step: bool
) -> None:
    """Run the steps in a process per element of `runs` (arguments of `run_step` after the step) at the same time.

    `in_step`: they wait for each other before each step. Fails when one of them does not end well.
    """
    start = context.Barrier(len(runs)) if in_step else None
    started = [
        context.Process(target=_dawdle, args=(url, f"{seed} {number}", start, steps, *arguments))
        for number, arguments in enumerate(runs)
    ]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    assert [process.exitcode for process in started] == [0] * len(started)
