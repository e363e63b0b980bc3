"""Runs a Python module over the billing database: ``python -m include.development.with_server [--migrate] MODULE …``.

The database is the one of ``BILLING_DATABASE_URL``, else the embedded server, started for as long as the module runs.
The module finds the URL in ``BILLING_DATABASE_URL`` either way.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence

from include import database
from include.development import embedded_postgres


@contextlib.contextmanager
def billing_database() -> Iterator[str]:
    """The URL of the billing database as its owner opens it; the embedded server runs until the end of the block."""
    given = os.environ.get("BILLING_DATABASE_URL")
    if given:
        yield given
        return
    with embedded_postgres.serving() as url:
        yield url


def main(arguments: Sequence[str]) -> int:
    migrate = arguments[:1] == ["--migrate"]
    command = arguments[1:] if migrate else arguments
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with billing_database() as url:
            if migrate:
                database.migrate(url)
            environment = {**os.environ, "BILLING_DATABASE_URL": url}
            return subprocess.run([sys.executable, "-m", *command], env=environment, check=False).returncode
    except (embedded_postgres.EmbeddedPostgresError, database.MigrationError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
