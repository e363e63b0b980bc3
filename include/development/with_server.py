"""Runs a Python module over the billing database:
``python -m include.development.with_server [--migrate] [--airflow | --throwaway] MODULE …``.

The database is the one of ``BILLING_DATABASE_URL``, else the embedded server, started for as long as the module runs.
The module finds the URL in ``BILLING_DATABASE_URL`` either way. With ``--airflow`` it also finds what the tasks find:
Airflow's settings, metadata and connections, and the folders of the receivers. With ``--throwaway`` the embedded server
is one of its own, of which nothing remains.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence

from include import database
from include.development import airflow_services, embedded_postgres, environment


@contextlib.contextmanager
def billing_database(*, is_throwaway: bool = False) -> Iterator[str]:
    """The URL of the billing database as its owner opens it; the embedded server runs until the end of the block."""
    given = os.environ.get("BILLING_DATABASE_URL")
    if given:
        yield given
        return
    with embedded_postgres.throwaway() if is_throwaway else embedded_postgres.serving() as url:
        yield url


@contextlib.contextmanager
def _databases(options: set[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The URL of the billing database, and the environment of the module."""
    if "--airflow" not in options:
        with billing_database(is_throwaway="--throwaway" in options) as url:
            yield url, dict(os.environ)
        return
    with airflow_services.databases() as (url, metadata_url):
        yield url, environment.airflow_environment(url, metadata_url, port=environment.ui_port())


def main(arguments: Sequence[str]) -> int:
    options = set(itertools.takewhile({"--migrate", "--airflow", "--throwaway"}.__contains__, arguments))
    command = arguments[len(options) :]
    if not command or options >= {"--airflow", "--throwaway"}:
        print(__doc__, file=sys.stderr)
        return 2
    if "--throwaway" in options:
        # Whoever ends this process ends the server as well, whose data lie in memory.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        with _databases(options) as (url, settings):
            if "--migrate" in options:
                database.migrate(url)
            variables = {**settings, "BILLING_DATABASE_URL": url}
            return subprocess.run([sys.executable, "-m", *command], env=variables, check=False).returncode
    except (embedded_postgres.EmbeddedPostgresError, database.MigrationError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
