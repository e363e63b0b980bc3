"""Processes started together in a session of their own, so that they can be stopped together.

A session, not a process group: Airflow puts every running task into a process group of its own, and a signal to the
group of its parents would leave it running.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

TERMINATE_SECONDS = 30.0
KILL_SECONDS = 10.0


def members(session: int) -> list[psutil.Process]:
    """The living processes of a session; a zombie is dead, whoever has still to take note of it."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def stop(
    session: int, *, terminate_seconds: float = TERMINATE_SECONDS, kill_seconds: float = KILL_SECONDS
) -> list[int]:
    """Ends every process of a session: SIGTERM to its leader if it lives, else to all; after a bound SIGKILL to all.

    Returns the numbers of the processes that are left, which is none unless the kernel cannot end one.
    """
    living = members(session)
    leader = [process for process in living if process.pid == session]
    for process in leader or living:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGTERM)
    if not _wait_until(lambda: not members(session), terminate_seconds):
        for process in members(session):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        _wait_until(lambda: not members(session), kill_seconds)
    return [process.pid for process in members(session)]


def supervise(
    commands: Mapping[str, list[str]],
    *,
    environment: Mapping[str, str],
    logs: Path,
    started: Callable[[dict[str, int]], None],
    stop_requested: Callable[[], bool],
    terminate_seconds: float = TERMINATE_SECONDS - 5,
) -> None:
    """Runs the commands side by side until ``stop_requested``; then ends them and everything they left in the session.

    The caller is the leader of the session. Each command writes to ``<name>.log`` in ``logs``; ``started`` is told
    their process numbers. One that ends early is reported on standard output, the others go on.
    """
    children: dict[str, subprocess.Popen[bytes]] = {}
    for name, command in commands.items():
        with open(logs / f"{name}.log", "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as log:
            children[name] = subprocess.Popen(
                command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
    started({name: child.pid for name, child in children.items()})
    ended: set[str] = set()
    while not stop_requested():
        for name, child in children.items():
            if name not in ended and child.poll() is not None:
                ended.add(name)
                print(f"{name} ended with exit code {child.returncode}", flush=True)
        time.sleep(0.2)
    for child in children.values():
        if child.poll() is None:
            child.terminate()

    def others_gone() -> bool:
        for child in children.values():
            child.poll()  # takes note of its end, else it stays a zombie
        return all(process.pid == os.getpid() for process in members(os.getsid(0)))

    if not _wait_until(others_gone, terminate_seconds):
        for process in members(os.getsid(0)):
            if process.pid != os.getpid():
                print(f"process {process.pid} did not end, killed", flush=True)
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        _wait_until(others_gone, KILL_SECONDS)


def _wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
