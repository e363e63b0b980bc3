"""Processes that start together are stopped together, whatever they do to get away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from include.development import environment, process_session

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)
# As Airflow does with every task: a process group of its own.
IN_A_GROUP_OF_ITS_OWN = f"""
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {STUBBORN!r}], process_group=0, stdout=subprocess.PIPE)
child.stdout.readline()
print("up", flush=True)
child.wait()
"""
SUPERVISOR = f"""
import os, signal, sys
from pathlib import Path
from include.development import process_session
stopped = []
signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
process_session.supervise(
    {{
        "stubborn": [sys.executable, "-c", {IN_A_GROUP_OF_ITS_OWN!r}],
        "short": [sys.executable, "-c", "raise SystemExit(3)"],
    }},
    environment=os.environ,
    logs=Path(sys.argv[1]),
    started=lambda numbers: print("started", *numbers, flush=True),
    stop_requested=lambda: bool(stopped),
    terminate_seconds=1.0,
)
print("end", flush=True)
"""


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start_program(program: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(environment.CHECKOUT)},
        )
        started.append(process)
        return process

    yield start_program
    for process in started:
        for member in process_session.members(process.pid):
            member.kill()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


def next_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_process_that_ends_when_asked_is_not_killed(start: Callable[..., subprocess.Popen[str]]) -> None:
    process = start("import time; print('up', flush=True); time.sleep(600)")
    assert next_line(process) == "up"

    assert process_session.stop(process.pid) == []
    assert process.wait(10) == -signal.SIGTERM


def test_a_grandchild_in_a_group_of_its_own_that_ignores_the_request_is_killed(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    process = start(IN_A_GROUP_OF_ITS_OWN)
    assert next_line(process) == "up"
    assert len(process_session.members(process.pid)) == 2

    assert process_session.stop(process.pid, terminate_seconds=0.5) == []
    assert process_session.members(process.pid) == []


def test_what_a_killed_leader_leaves_behind_is_stopped(start: Callable[..., subprocess.Popen[str]]) -> None:
    process = start(IN_A_GROUP_OF_ITS_OWN)
    assert next_line(process) == "up"
    process.kill()
    process.wait(10)
    assert len(process_session.members(process.pid)) == 1

    assert process_session.stop(process.pid, terminate_seconds=0.5) == []


def test_other_sessions_are_left_alone(start: Callable[..., subprocess.Popen[str]]) -> None:
    mine, other = start(STUBBORN), start(STUBBORN)
    assert [next_line(mine), next_line(other)] == ["up", "up"]

    process_session.stop(mine.pid, terminate_seconds=0.1)

    assert other.poll() is None
    assert os.getpid() not in [member.pid for member in process_session.members(mine.pid)]


def test_the_supervisor_tells_of_an_early_end_and_leaves_nothing_when_it_ends(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = start(SUPERVISOR, str(tmp_path))
    assert next_line(process) == "started stubborn short"
    assert next_line(process) == "short ended with exit code 3"
    wait_for_text(tmp_path / "stubborn.log", "up")
    process.terminate()

    rest = process.communicate(timeout=30)[0]

    assert "did not end, killed" in rest
    assert rest.endswith("end\n")
    assert process_session.members(process.pid) == []


def wait_for_text(path: Path, text: str) -> None:
    deadline = time.monotonic() + 30
    while not (path.exists() and text in path.read_text()):
        assert time.monotonic() < deadline, f"{text!r} never came in {path}"
        time.sleep(0.05)
