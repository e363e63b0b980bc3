"""After a restore: compare receivers, answers and outbox, put the outbox right, unlock sending.

`python -m include.reconciliation.command` says what it would do and changes nothing; `--confirm` does it. Works on the
database that BILLING_DATABASE_URL names, as its owner, and finds receivers as the tasks do: in the folders of
BILLING_OUTBOX_DIR and BILLING_INBOX_DIR, or through Airflow's connections. docs/runbook.md, After a restore.

Ends with 0 when sending is not locked (any more) or a confirmed call would unlock it, 1 when it stays locked, 2 for
arguments that cannot be.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg

from include import database
from include.errors import BillingError
from include.reconciliation.comparison import Report, Said
from include.reconciliation.reconciliation import reconcile


def main(arguments: Sequence[str] | None = None) -> int:
    """Reconcile from the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m include.reconciliation.command", description=__doc__)
    parser.add_argument("--confirm", action="store_true", help="do it, and unlock sending")
    parser.add_argument(
        "--last-number",
        default="",
        metavar="RECEIVER=NUMBER",
        help="the highest control number that the receiver's portal shows; several with commas",
    )
    parser.add_argument(
        "--nothing-sent",
        action="store_true",
        help="it is certain that no file left after this database's newest record",
    )
    parser.add_argument("--files", type=Path, help="a folder with copies of claim files, as the portal gives them")
    parser.add_argument("--seen", action="store_true", help="what is listed for a person is looked after")
    parser.add_argument(
        "--not-ours",
        default="",
        metavar="FILE_ID",
        help="a file here that never left, its number is another's at the receiver; several with commas",
    )
    options = parser.parse_args(arguments)
    try:
        last_numbers = _last_numbers(options.last_number)
        not_ours = _file_ids(options.not_ours)
    except ValueError as error:
        parser.error(str(error))
    if options.nothing_sent and last_numbers:
        parser.error("either nothing was sent, or there is a last number")
    said = Said(last_numbers, options.nothing_sent, options.files, options.seen, not_ours)
    # Or connections that stand in Airflow's database would be missing outside of a task, and an SFTP receiver would
    # pass for an empty local folder.
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
    from include.airflow_support import open_drop_box

    try:
        with database.connect() as connection:
            connection.autocommit = True
            report = reconcile(connection, open_drop_box, said, options.confirm)
    except BillingError as error:
        sys.stderr.write(f"{error}; nothing was changed\n")
        return 1
    except psycopg.OperationalError:
        sys.stderr.write("the billing database cannot be reached: check BILLING_DATABASE_URL; nothing was changed\n")
        return 1
    sys.stdout.write(describe(report))
    return 1 if report.outcome == "refused" else 0


def describe(report: Report) -> str:
    """The report as text, its outcome last."""
    lines = list(report.lines)
    if report.for_a_person:
        lines += ["", "for a person:", *(f"  {line}" for line in report.for_a_person)]
    lines.append("")
    if report.outcome == "unlocked":
        lines.append("done: sending is unlocked")
    elif report.outcome == "not locked":
        lines.append("sending is not locked: nothing was changed")
    elif report.outcome == "possible":
        lines.append("nothing was changed; with CONFIRM=1 all of this is done, and sending is unlocked")
    else:
        lines += ["not unlocked, nothing was changed:", *(f"  {reason}" for reason in report.reasons)]
    return "\n".join(lines) + "\n"


def _last_numbers(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        code, _, number = part.rpartition("=")
        if not code or not number.isdecimal() or int(number) > 999_999_999 or code in found:
            raise ValueError(f"{part}: name a receiver and its last control number once, as in default=123")
        found[code] = int(number)
    return found


def _file_ids(text: str) -> frozenset[int]:
    parts = [one.strip() for one in text.split(",") if one.strip()]
    for part in parts:
        if not part.isdecimal():
            raise ValueError(f"{part}: name the ids of files, as in 12,13")
    return frozenset(map(int, parts))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    sys.exit(main())
