"""Load reference tables: everything or nothing.

`python -m include.reference_data.load` loads the shipped tables into the database named by `BILLING_DATABASE_URL`;
with a folder also the CSV files in it, each of which takes the place of the release its table has. `--withdraw TABLE`
takes a table out of use; where it is a shipped one, that one is loaded again.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg

from include import database
from include.practice_data.problems import LoadRefused, Problem
from include.reference_data.releases import TableRelease, read_releases
from include.reference_data.tables import FILES
from include.reference_data.writing import CurrentRelease, read_current, replace_release, retire_release

log = logging.getLogger(__name__)

SNAPSHOTS = Path(__file__).parent / "snapshots"
_ACTOR = "reference data loader"
# Two loads at once would both take the place of the same release.
_LOAD_LOCK = 5_410_223_713


@dataclass(frozen=True, slots=True)
class ReferenceReport:
    """A table that is loaded, and what the load did to it: loaded, unchanged, or kept (not in this load, or a supplied
    release that stays in the place a shipped one would take)."""

    table_name: str
    action: str
    release_label: str
    covers_from: date | None
    covers_to: date | None
    row_count: int


def load_references(
    url: str | None = None, directory: Path | str | None = None, *, withdraw: Sequence[str] = ()
) -> tuple[ReferenceReport, ...]:
    """Load the shipped tables and those of `directory` into the database `url` in one transaction.

    Returns one report per table that is loaded now, in order of name.

    A supplied release takes the place of whatever its table has. A shipped one does not take the place of a supplied
    one, unless it reaches all its service dates and later ones. Loading the same again writes nothing.

    Raises `LoadRefused` with every problem of every file; the tables are then as they were.
    """
    releases, problems = read_releases(SNAPSHOTS, is_shipped=True)
    supplied: list[TableRelease] = []
    if directory is not None:
        supplied, found = read_releases(Path(directory), is_shipped=False)
        problems += found
    problems += [
        Problem(name, 0, "", f"no reference table has this name; known: {', '.join(FILES)}")
        for name in withdraw
        if name not in FILES
    ]
    if problems:
        raise LoadRefused(problems)
    reports = []
    with database.connect(url) as connection, database.writing(connection, actor=_ACTOR):
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOAD_LOCK,))
        for name in withdraw:
            retire_release(connection, name)
        current = read_current(connection)
        names = {release.table_name for release in supplied}
        wanted = [release for release in releases if release.table_name not in names] + supplied
        others = set(current) - {release.table_name for release in wanted}
        reports += [_report(current[name], "kept") for name in others]
        for release in wanted:
            try:
                reports.append(_load(connection, release, current.get(release.table_name)))
            except psycopg.Error as error:
                refused = Problem(f"{release.table_name}.csv", 0, "", f"the database refuses it: {error.sqlstate}")
                raise LoadRefused([refused]) from error
    loaded = [report for report in reports if report.action == "loaded"]
    log.info("loaded %s reference tables, %s rows", len(loaded), sum(report.row_count for report in loaded))
    return tuple(sorted(reports, key=lambda report: report.table_name))


def _load(
    connection: psycopg.Connection[tuple[object, ...]], release: TableRelease, current: CurrentRelease | None
) -> ReferenceReport:
    if current is not None and _outranks(current, release):
        return _report(current, "kept")
    if current is not None and current.says(release):
        return _report(current, "unchanged")
    report = _report(release, "loaded")
    replace_release(connection, release)
    return report


def _outranks(current: CurrentRelease, release: TableRelease) -> bool:
    """Whether the practice's own release stays in the place a shipped one would take: it reaches days the other does
    not, or as far as the other."""
    if release.origin == "supplied" or current.origin == "shipped":
        return False
    return (current.covers_to or date.max) >= (release.covers_to or date.max) or (current.covers_from or date.min) < (
        release.covers_from or date.min
    )


def _report(release: TableRelease | CurrentRelease, action: str) -> ReferenceReport:
    return ReferenceReport(
        release.table_name,
        action,
        release.release_label,
        release.covers_from,
        release.covers_to,
        release.row_count,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Load from the command line; 0 when loaded, 1 with the problems on standard error."""
    parser = argparse.ArgumentParser(prog="python -m include.reference_data.load", description=__doc__)
    parser.add_argument("directory", nargs="?", default="", help="folder with CSV files named like the tables")
    parser.add_argument("--withdraw", action="append", default=[], metavar="TABLE", help="take a table out of use")
    options = parser.parse_args(arguments)
    try:
        reports = load_references(None, options.directory or None, withdraw=[name for name in options.withdraw if name])
    except LoadRefused as refused:
        for problem in refused.problems:
            sys.stderr.write(f"{problem}\n")
        sys.stderr.write(f"{len(refused.problems)} problems: nothing was loaded\n")
        return 1
    except psycopg.OperationalError:
        sys.stderr.write("the billing database cannot be reached: check BILLING_DATABASE_URL; nothing was loaded\n")
        return 1
    sys.stdout.write(f"{'table':<22}{'':<11}{'rows':>8}  {'from':<11}{'to':<11}release\n")
    for report in reports:
        sys.stdout.write(
            f"{report.table_name:<22}{report.action:<11}{report.row_count:>8}  {report.covers_from or '-'!s:<11}"
            f"{report.covers_to or '-'!s:<11}{report.release_label}\n"
        )
    loaded = {report.table_name for report in reports}
    missing = ", ".join(name for name in FILES if name not in loaded)
    if missing:
        sys.stdout.write(f"not loaded, so not checked: {missing}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
