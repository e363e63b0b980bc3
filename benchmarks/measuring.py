"""Seconds, CPU seconds and memory of the current process and of its database session."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]


@dataclass
class Costs:
    """What blocks of work cost so far: per block wall seconds, and CPU seconds of both ends in all."""

    seconds: dict[str, float] = field(default_factory=dict)
    python_cpu_seconds: float = 0.0
    server_cpu_seconds: float | None = 0.0

    @contextmanager
    def block(self, connection: Connection, name: str) -> Iterator[None]:
        """Add what the block costs under `name`."""
        server, python = server_cpu_seconds(connection), _python_cpu_seconds()
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
        self.python_cpu_seconds += _python_cpu_seconds() - python
        after = server_cpu_seconds(connection)
        if self.server_cpu_seconds is None or server is None or after is None:
            self.server_cpu_seconds = None
        else:
            self.server_cpu_seconds += after - server

    def add(self, other: Costs) -> None:
        """Add what was measured elsewhere, in another process."""
        for name, seconds in other.seconds.items():
            self.seconds[name] = self.seconds.get(name, 0.0) + seconds
        self.python_cpu_seconds += other.python_cpu_seconds
        if self.server_cpu_seconds is None or other.server_cpu_seconds is None:
            self.server_cpu_seconds = None
        else:
            self.server_cpu_seconds += other.server_cpu_seconds

    @property
    def figures(self) -> dict[str, Any]:
        """As they stand in the record."""
        return {
            "seconds": sum(self.seconds.values()),
            "steps": dict(self.seconds),
            "python_cpu_seconds": self.python_cpu_seconds,
            "server_cpu_seconds": self.server_cpu_seconds,
        }


@dataclass
class Tally:
    """Seconds and rows of the calls of one function, wherever in a run they happen."""

    seconds: float = 0.0
    rows: int = 0

    def watch(self, module: ModuleType, name: str, rows_of: Callable[[Any], Sized]) -> None:
        """Time every later call of the module's function; `rows_of` gives what to count in its first argument."""
        function = getattr(module, name)

        def timed(first: Any, *arguments: Any, **named: Any) -> Any:
            start = time.perf_counter()
            result = function(first, *arguments, **named)
            self.seconds += time.perf_counter() - start
            self.rows += len(rows_of(first))
            return result

        setattr(module, name, timed)

    @property
    def figures(self) -> dict[str, float]:
        """As they stand in the record."""
        return {"seconds": self.seconds, "rows": self.rows}


def server_cpu_seconds(connection: Connection) -> float | None:
    """CPU seconds of the session's own server process; None where it cannot be seen (another machine, not Linux).

    INSERT … SELECT runs in that one process, so nothing of a statement is missing but the background writing.
    """
    if not connection.info.host.startswith("/"):
        return None
    try:
        text = Path(f"/proc/{connection.info.backend_pid}/stat").read_text(encoding="ascii")
    except OSError:
        return None
    # After the name in brackets, which may hold blanks: field 3; utime and stime are fields 14 and 15.
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_megabytes() -> float:
    """The largest resident size of this process so far, in 1,000,000 bytes.

    On Linux from /proc: what getrusage says there starts with the size of the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def _python_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
