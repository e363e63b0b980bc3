"""The embedded server: started, shared, stopped, and without a trace on the machine around it."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from include.development import embedded_postgres, environment
from include.development.embedded_postgres import EmbeddedPostgresError

AS_ROOT = os.geteuid() == 0
# Root has two ways to run the server; an ordinary user has one, and the choice changes nothing.
WAYS = [True, False] if AS_ROOT else [True]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A private folder that stands for the folder around a checkout. Not under pytest's own, whose parents it opens."""
    path = Path(tempfile.mkdtemp(prefix="billing-test-"))
    yield path
    for data_dir in path.rglob("PG_VERSION"):
        if data_dir.parent.name == "postgres":
            embedded_postgres.stop(data_dir.parent)
    shutil.rmtree(path)


@pytest.fixture
def empty_data_dir(folder: Path) -> Path:
    """For a first start, which takes seconds."""
    return folder / ".local" / "postgres"


@pytest.fixture(scope="module")
def started_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("started-once") / "postgres"
    embedded_postgres.start(data_dir)
    embedded_postgres.stop(data_dir)
    return data_dir


@pytest.fixture
def data_dir(empty_data_dir: Path, started_once: Path) -> Path:
    """The data of a server that has been started before."""
    empty_data_dir.parent.mkdir()
    shutil.copytree(started_once, empty_data_dir)
    return empty_data_dir


def ask(url: str, statement: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return row[0]


def process_number(data_dir: Path) -> int:
    server = embedded_postgres.running(data_dir)
    assert server is not None
    return int(server.process.pid)


@pytest.mark.parametrize("allow_user_namespace", WAYS)
def test_starts_in_a_folder_only_its_owner_may_enter_and_changes_nothing_outside(
    folder: Path, empty_data_dir: Path, allow_user_namespace: bool
) -> None:
    def surroundings() -> list[object]:
        accounts = [Path(name).read_bytes() for name in ("/etc/passwd", "/etc/group")]
        around = [folder, *folder.parents, environment.CHECKOUT, *environment.CHECKOUT.parents]
        return [*accounts, *((path, path.stat().st_mode, path.stat().st_uid) for path in around)]

    before = surroundings()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    url = embedded_postgres.start(empty_data_dir, allow_user_namespace=allow_user_namespace)

    assert ask(url, "SELECT current_database()") == "billing"
    assert ask(embedded_postgres.url("airflow", empty_data_dir), "SELECT current_database()") == "airflow"
    assert embedded_postgres.stop(empty_data_dir)
    assert surroundings() == before
    assert stat.S_IMODE(empty_data_dir.stat().st_mode) == 0o700


@pytest.mark.skipif(not AS_ROOT, reason="only root has two ways to run the server")
def test_root_can_change_the_way_the_server_runs_over_the_same_data(data_dir: Path) -> None:
    for allow_user_namespace in (True, False, True):
        url = embedded_postgres.start(data_dir, allow_user_namespace=allow_user_namespace)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
            connection.execute("INSERT INTO kept VALUES (1)")
        embedded_postgres.stop(data_dir)

    assert ask(embedded_postgres.start(data_dir), "SELECT count(*) FROM kept") == 3


def test_a_second_start_finds_the_running_server(data_dir: Path) -> None:
    first = embedded_postgres.start(data_dir)
    number = process_number(data_dir)

    assert embedded_postgres.start(data_dir) == first
    assert process_number(data_dir) == number


def test_several_processes_that_start_at_once_share_one_server(empty_data_dir: Path) -> None:
    program = "import sys; from pathlib import Path; from include.development import embedded_postgres as e\n"
    program += "print(e.start(Path(sys.argv[1])), e.running(Path(sys.argv[1])).process.pid)"
    callers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(empty_data_dir)], stdout=subprocess.PIPE, env=_environment()
        )
        for _ in range(4)
    ]

    answers = {caller.communicate(timeout=120)[0] for caller in callers}

    assert [caller.returncode for caller in callers] == [0, 0, 0, 0]
    assert len(answers) == 1


def test_data_are_kept_over_a_stop(data_dir: Path) -> None:
    with psycopg.connect(embedded_postgres.start(data_dir), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    assert embedded_postgres.stop(data_dir)
    assert not embedded_postgres.stop(data_dir)

    assert ask(embedded_postgres.start(data_dir), "SELECT number FROM kept") == 7


def test_the_server_is_set_up_for_keeping_data_and_listens_on_no_network(data_dir: Path) -> None:
    url = embedded_postgres.start(data_dir)

    shown = {
        name: ask(url, f"SHOW {name}")
        for name in ("fsync", "timezone", "listen_addresses", "max_connections", "server_encoding")
    }

    assert shown == {
        "fsync": "on",
        "timezone": "UTC",
        "listen_addresses": "",
        "max_connections": "200",
        "server_encoding": "UTF8",
    }


def test_the_log_of_the_server_quotes_no_row(data_dir: Path) -> None:
    with psycopg.connect(embedded_postgres.start(data_dir), autocommit=True) as connection:
        connection.execute("CREATE TABLE person (name text CHECK (name <> 'Marked-Name'))")
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("INSERT INTO person VALUES ('Marked-Name')")
        with pytest.raises(psycopg.errors.InvalidDatetimeFormat):
            connection.execute("SELECT 1 FROM person WHERE name = 'Marked-Name' AND 'x'::date IS NULL")

    log = data_dir.with_name("postgres.log")
    text = log.read_text()
    assert "violates check constraint" in text
    assert "Marked-Name" not in text
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_path_too_long_for_a_socket_address_is_no_problem(folder: Path, started_once: Path) -> None:
    data_dir = folder / ("long-" * 20) / ("long-" * 20) / "postgres"
    data_dir.parent.mkdir(parents=True)
    shutil.copytree(started_once, data_dir)

    assert ask(embedded_postgres.start(data_dir), "SELECT 1") == 1


def test_who_may_not_enter_the_folder_of_the_socket_cannot_connect(data_dir: Path) -> None:
    embedded_postgres.start(data_dir)
    server = embedded_postgres.running(data_dir)

    assert server is not None
    assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700


def test_a_folder_of_the_socket_that_others_may_enter_is_refused(data_dir: Path) -> None:
    embedded_postgres.start(data_dir)
    server = embedded_postgres.running(data_dir)
    assert server is not None
    embedded_postgres.stop(data_dir)
    server.socket_dir.mkdir(mode=0o755)
    server.socket_dir.chmod(0o755)

    try:
        with pytest.raises(EmbeddedPostgresError, match="is not a private folder"):
            embedded_postgres.start(data_dir)
    finally:
        server.socket_dir.rmdir()


def test_a_session_of_the_pipeline_starts_in_its_role(data_dir: Path) -> None:
    url = embedded_postgres.start(data_dir)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE ROLE billing_pipeline")

    with psycopg.connect(environment.pipeline_url(url)) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("billing_pipeline",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE public.mine (number int)")


def test_data_of_another_version_are_refused_and_left_alone(empty_data_dir: Path) -> None:
    empty_data_dir.mkdir(parents=True)
    (empty_data_dir / "PG_VERSION").write_text("15\n")

    with pytest.raises(EmbeddedPostgresError, match="data of PostgreSQL 15"):
        embedded_postgres.start(empty_data_dir)
    assert [path.name for path in empty_data_dir.iterdir()] == ["PG_VERSION"]


def test_a_folder_with_other_files_is_refused_and_left_alone(empty_data_dir: Path) -> None:
    empty_data_dir.mkdir(parents=True)
    (empty_data_dir / "thesis.txt").write_text("the only copy")

    with pytest.raises(EmbeddedPostgresError, match="is not empty"):
        embedded_postgres.start(empty_data_dir)
    assert (empty_data_dir / "thesis.txt").read_text() == "the only copy"


def test_a_killed_first_start_is_made_good_by_the_next(empty_data_dir: Path) -> None:
    half_made = empty_data_dir.with_name("postgres.new")
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")

    assert ask(embedded_postgres.start(empty_data_dir), "SELECT 1") == 1
    assert not half_made.exists()


def test_a_crashed_server_starts_again_though_its_process_number_was_given_away(data_dir: Path) -> None:
    embedded_postgres.start(data_dir)
    server = embedded_postgres.running(data_dir)
    assert server is not None
    pid_file = data_dir / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.process.kill()
    server.process.wait(30)
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    if (owner := data_dir.stat().st_uid) != os.geteuid():
        os.chown(pid_file, owner, -1)
    shutil.rmtree(server.socket_dir)

    assert embedded_postgres.running(data_dir) is None
    assert ask(embedded_postgres.start(data_dir), "SELECT 1") == 1


def test_a_server_whose_socket_was_swept_away_is_started_again(data_dir: Path) -> None:
    embedded_postgres.start(data_dir)
    server = embedded_postgres.running(data_dir)
    assert server is not None
    shutil.rmtree(server.socket_dir)

    assert ask(embedded_postgres.start(data_dir), "SELECT 1") == 1


def test_the_last_block_that_uses_a_server_stops_it(data_dir: Path) -> None:
    with embedded_postgres.serving(data_dir) as url:
        with embedded_postgres.serving(data_dir) as inner_url:
            assert inner_url == url
        assert ask(url, "SELECT 1") == 1
    assert embedded_postgres.running(data_dir) is None


def test_a_block_leaves_a_server_running_that_was_started_for_good(data_dir: Path) -> None:
    url = embedded_postgres.start(data_dir)
    with embedded_postgres.serving(data_dir):
        pass
    assert ask(url, "SELECT 1") == 1


def test_a_block_leaves_the_server_to_another_process_that_uses_it(data_dir: Path) -> None:
    program = "import sys; from pathlib import Path; from include.development import embedded_postgres as e\n"
    program += "with e.using(Path(sys.argv[1])): print('using', flush=True); sys.stdin.read()"
    with embedded_postgres.serving(data_dir) as url:
        other = subprocess.Popen(
            [sys.executable, "-c", program, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
        )
        assert other.stdin is not None and other.stdout is not None
        assert other.stdout.readline() == b"using\n"
    assert ask(url, "SELECT 1") == 1

    other.communicate(timeout=30)
    embedded_postgres.stop_if_unused(data_dir)
    assert embedded_postgres.running(data_dir) is None


@pytest.mark.parametrize("room", [0, 1 << 60], ids=["in memory", "no room in memory"])
def test_of_a_throwaway_server_nothing_remains(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    monkeypatch.setattr(embedded_postgres, "THROWAWAY_BYTES", room)
    made: list[Path] = []
    start = embedded_postgres.start
    monkeypatch.setattr(
        embedded_postgres, "start", lambda data_dir, **how: made.append(data_dir) or start(data_dir, **how)
    )
    with embedded_postgres.throwaway() as url:
        assert ask(url, "SHOW fsync") == "off"
        server = embedded_postgres.running(made[0])
        assert server is not None
    assert (made[0].parents[1] == Path("/dev/shm")) is (room == 0 and os.access("/dev/shm", os.W_OK))
    assert not embedded_postgres._is_alive(server.process)
    assert not server.socket_dir.exists()
    assert not made[0].parent.exists()


def test_who_is_ended_while_it_uses_a_throwaway_server_takes_it_along() -> None:
    program = "import os; print(os.environ['BILLING_DATABASE_URL'], flush=True); input()"
    user = subprocess.Popen(
        [sys.executable, "-m", "include.development.with_server", "--throwaway", "timeit", "-n1", "-r1", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={name: value for name, value in _environment().items() if name != "BILLING_DATABASE_URL"},
    )
    assert user.stdout is not None
    url = user.stdout.readline().strip()
    assert ask(url, "SELECT 1") == 1
    user.terminate()
    user.communicate(timeout=60)
    with pytest.raises(psycopg.OperationalError):
        ask(url, "SELECT 1")


def test_the_end_of_the_log_is_in_the_error_when_the_server_does_not_start(data_dir: Path) -> None:
    embedded_postgres.start(data_dir)
    embedded_postgres.stop(data_dir)
    (data_dir / "postgresql.auto.conf").write_text("no_such_setting = 1\n")

    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
        embedded_postgres.start(data_dir)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(environment.CHECKOUT)}
