"""Airflow on this machine: ``python -m include.development.airflow_services up|down|status``.

The components run in one session of their own under a small supervisor, which ends them all when it is asked to.
(``airflow standalone`` leaves its children running when it gets a SIGTERM.) One set of services at a time: the
supervisor holds a lock for as long as it lives.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import psutil

from include import database
from include.development import embedded_postgres, environment, process_session

# Logs of tasks lie on this machine and are read from the disk, so no component needs to serve them on a port.
COMPONENTS: Mapping[str, Sequence[str]] = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
HEALTH_NAMES = {"scheduler": "scheduler", "dag-processor": "dag_processor", "triggerer": "triggerer"}
READY_SECONDS = 180
LEADER_LOG = "supervisor.log"


class ServicesError(Exception):
    """Airflow could not be started or stopped; the message says what was seen and what to do."""


@dataclass(frozen=True)
class Services:
    """A set of running services, as the supervisor wrote it down."""

    session: int
    created: float
    port: int
    purpose: str  # "up" or "run"
    components: dict[str, int]  # name -> process number

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def down_components(self) -> list[str]:
        """The names of the components whose process has ended."""
        return [name for name, pid in self.components.items() if not _alive(pid)]


def find() -> Services | None:
    """The services that are running, of whatever purpose."""
    try:
        services = Services(**json.loads(_state_file().read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    try:
        leader = psutil.Process(services.session)
        if abs(leader.create_time() - services.created) > 1:
            return None  # the number was given to another process since
    except psutil.NoSuchProcess:
        pass  # a killed supervisor leaves its session behind, to be found by its members
    return services if process_session.members(services.session) else None


@contextlib.contextmanager
def databases() -> Iterator[tuple[str, str]]:
    """URLs of the billing database and of Airflow's metadata; the embedded server serves what no variable names."""
    billing = os.environ.get("BILLING_DATABASE_URL")
    metadata = os.environ.get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN")
    if billing and metadata:
        yield billing, metadata
        return
    with embedded_postgres.serving() as url:
        yield billing or url, metadata or embedded_postgres.url("airflow", driver="postgresql+psycopg2")


@contextlib.contextmanager
def temporary_services(names: Sequence[str] = ("api-server", "scheduler", "dag-processor")) -> Iterator[Services]:
    """Services for the time of a ``with`` block: those of ``make up`` when they run, else some on a free port.

    The temporary ones are those of ``names`` and start no scheduled run: only what the block triggers is run. They end
    with the block, and also when this process is killed.
    """
    running = find()
    if running is not None:
        if running.purpose != "up":
            raise ServicesError("Another `make run` or `make backfill` is at work. Wait for it, or end it: make down")
        yield running
        return
    with databases() as (owner_url, metadata_url):
        settings = environment.airflow_environment(owner_url, metadata_url, port=_free_port())
        settings["AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE"] = "False"
        supervisor = _start(settings, names, purpose="run")
        try:
            yield _wait_until_healthy(supervisor, settings, names)
        finally:
            _stop_supervisor(supervisor)


def up() -> int:
    """Starts all components unless they run; prints address and login. The exit code."""
    running = find()
    if running is not None and running.purpose != "up":
        raise ServicesError("`make run` or `make backfill` is at work. Wait for it, or end it: make down")
    if running is not None and running.down_components():
        raise ServicesError(
            f"Airflow runs without {', '.join(running.down_components())}. Start it anew: make down; make up"
        )
    if running is None:
        running = _bring_up()
    user, password = environment.ui_login()
    print(f"Airflow:   {running.url}\nLogin:     {user} / {password}\nLogs:      {environment.logs_dir()}")
    print("Database:  make psql\nStop:      make down")
    return 0


def down() -> int:
    """Stops all components and the embedded PostgreSQL. The exit code."""
    services = find()
    had_server = embedded_postgres.running() is not None
    if services is not None:
        left = process_session.stop(services.session)
        if left:
            raise ServicesError(f"These processes do not end: {', '.join(map(str, left))}")
    _state_file().unlink(missing_ok=True)
    had_server |= embedded_postgres.stop()  # the last user of the server may have stopped it by now
    print(f"Airflow: {'stopped' if services else 'was not running'}")
    print(f"Embedded PostgreSQL: {'stopped' if had_server else 'was not running'}")
    return 0


def status() -> int:
    """Prints what runs. The exit code: 0 when all of Airflow does."""
    services = find()
    server = embedded_postgres.running()
    print(f"Embedded PostgreSQL: {server.url('billing') if server else 'not running'}")
    if services is None:
        print("Airflow: not running (make up)")
        return 1
    dead = services.down_components()
    print(f"Airflow: {services.url} ({'make up' if services.purpose == 'up' else 'make run or make backfill'})")
    for name, pid in services.components.items():
        print(f"  {name:14} {'ended, see ' + str(_log(name)) if name in dead else f'process {pid}'}")
    return 1 if dead else 0


def _bring_up() -> Services:
    port = environment.ui_port()
    _refuse_used_port(port)
    with databases() as (owner_url, metadata_url):
        # Sessions of tasks start in a role that the migrations make.
        database.migrate(owner_url)
        with database.connect(owner_url) as connection:
            # Whose machine this is sees every practice; elsewhere somebody grants it (docs/deployment.md).
            connection.execute("SELECT billing.grant_access('role', 'admin')")
        settings = environment.airflow_environment(owner_url, metadata_url, port=port)
        supervisor = _start(settings, list(COMPONENTS), purpose="up")
        try:
            return _wait_until_healthy(supervisor, settings, list(COMPONENTS))
        except BaseException:
            _stop_supervisor(supervisor)
            raise


def _start(settings: dict[str, str], names: Sequence[str], *, purpose: str) -> subprocess.Popen[bytes]:
    """Migrates Airflow's metadata and starts the supervisor, which starts the components."""
    migrated = subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"], env=settings, capture_output=True, text=True, check=False
    )
    if migrated.returncode != 0:
        end = "\n".join((migrated.stdout + migrated.stderr).splitlines()[-15:])
        raise ServicesError(f"`airflow db migrate` failed:\n{end}")
    command = [sys.executable, "-m", "include.development.airflow_services", "supervise"]
    command += ["--purpose", purpose, "--components", ",".join(names)]
    with open(_log_dir() / LEADER_LOG, "wb", opener=_private) as log:
        return subprocess.Popen(
            command,
            env=settings,
            cwd=environment.CHECKOUT,
            # A pipe that closes when this process ends, however it ends: temporary services end with it.
            stdin=subprocess.PIPE if purpose == "run" else subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _supervise(names: Sequence[str], purpose: str) -> int:
    """The leader of the session. Runs the named components until SIGTERM, or until standard input closes."""
    lock = os.open(environment.local_dir() / "services.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Other services of this checkout are running: make down")
        return 1
    asked_to_stop = False

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked_to_stop
        asked_to_stop = True

    for signal_number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(signal_number, ask_to_stop)

    def stop_requested() -> bool:
        if purpose == "run" and select.select([sys.stdin], [], [], 0)[0]:
            return True  # nothing is ever written there: readable means closed
        return asked_to_stop

    def write_state(components: dict[str, int]) -> None:
        state = {
            "session": os.getpid(),
            "created": psutil.Process().create_time(),
            "port": int(os.environ["AIRFLOW__API__PORT"]),
            "purpose": purpose,
            "components": components,
        }
        temporary = _state_file().with_suffix(".new")
        temporary.write_text(json.dumps(state), encoding="utf-8")
        temporary.replace(_state_file())

    with embedded_postgres.using():
        process_session.supervise(
            {name: [sys.executable, "-m", "airflow", *COMPONENTS[name]] for name in names},
            environment=os.environ,
            logs=_log_dir(),
            started=write_state,
            stop_requested=stop_requested,
        )
    embedded_postgres.stop_if_unused()  # a killed `make run` could not do it
    _state_file().unlink(missing_ok=True)
    return 0


def _wait_until_healthy(
    supervisor: subprocess.Popen[bytes], settings: Mapping[str, str], names: Sequence[str]
) -> Services:
    """Waits until the API answers and every component has reported since now; ServicesError with the end of a log."""
    started_at = datetime.now(UTC)
    deadline = time.monotonic() + READY_SECONDS
    address = settings["AIRFLOW__API__BASE_URL"]
    missing = list(names)
    while time.monotonic() < deadline:
        time.sleep(0.3)
        if supervisor.poll() is not None:
            raise ServicesError(_with_log_end("Airflow did not start.", _log_dir() / LEADER_LOG))
        services = find()
        if services is None:
            continue
        for name in services.down_components():
            raise ServicesError(_with_log_end(f"Airflow's {name} ended.", _log(name)))
        with contextlib.suppress(httpx.HTTPError, ValueError):
            health = httpx.get(f"{address}/api/v2/monitor/health", timeout=5).raise_for_status().json()
            missing = [name for name in names if not _is_healthy(name, health, started_at)]
            if not missing:
                return services
    raise ServicesError(_with_log_end(f"After {READY_SECONDS} s not healthy: {', '.join(missing)}.", _log(missing[0])))


def _is_healthy(name: str, health: Mapping[str, Any], started_at: datetime) -> bool:
    """Whether a component has reported since ``started_at``: the last word of an earlier one also counts as healthy."""
    if name == "api-server":
        return bool(health["metadatabase"]["status"] == "healthy")
    component = HEALTH_NAMES[name]
    seen = health[component].get(f"latest_{component}_heartbeat")
    return bool(health[component]["status"] == "healthy" and datetime.fromisoformat(seen) > started_at)


def _stop_supervisor(supervisor: subprocess.Popen[bytes]) -> None:
    if supervisor.stdin is not None:
        supervisor.stdin.close()
    supervisor.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        supervisor.wait(process_session.TERMINATE_SECONDS + process_session.KILL_SECONDS)
    process_session.stop(supervisor.pid)
    _state_file().unlink(missing_ok=True)


def _refuse_used_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ServicesError(
                f"Port {port} cannot be used ({error.strerror}). Another one: make up BILLING_UI_PORT=18080"
            ) from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _state_file() -> Path:
    return environment.local_dir() / "services.json"


def _log_dir() -> Path:
    return environment.logs_dir()


def _log(component: str) -> Path:
    return _log_dir() / f"{component}.log"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _with_log_end(message: str, log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:] if log.exists() else []
    return "\n".join([message, f"The end of {log}:", *(f"  {line}" for line in lines)])


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="airflow_services", description="Airflow on this machine.")
    parser.add_argument("command", choices=["up", "down", "status", "supervise"])
    parser.add_argument("--purpose", choices=["up", "run"], default="up", help=argparse.SUPPRESS)
    parser.add_argument("--components", default="", help=argparse.SUPPRESS)
    parsed = parser.parse_args(arguments)
    if parsed.command == "supervise":
        return _supervise(parsed.components.split(","), parsed.purpose)
    try:
        return {"up": up, "down": down, "status": status}[parsed.command]()
    except (ServicesError, embedded_postgres.EmbeddedPostgresError, database.MigrationError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
