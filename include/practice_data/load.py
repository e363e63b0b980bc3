"""Load a directory of CSV files: everything or nothing.

`python -m include.practice_data.load DIR` loads one practice-management export into the database named by
`BILLING_DATABASE_URL`; `--sample` loads the sample practices and marks the database as a sample.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from include import database
from include.practice_data.columns import check_columns
from include.practice_data.csv_files import Sheet, read_sheet
from include.practice_data.problems import LoadRefused, Problem
from include.practice_data.relations import check_relations
from include.practice_data.tables import TABLES
from include.practice_data.writing import copy_sheet, merge_sheet

log = logging.getLogger(__name__)

Result = TypeVar("Result")

SAMPLE_DIRECTORY = Path(__file__).parent / "sample"
_ACTOR = "practice data loader"
# Two loads at once would judge each other's references by rows that are not there yet.
_LOAD_LOCK = 5_410_223_712


@dataclass(frozen=True, slots=True)
class TableReport:
    """What a load did to one table. For exclusion rules `read_count` counts conditions, the others rules."""

    table: str
    read_count: int
    inserted_count: int
    changed_count: int
    unchanged_count: int


@dataclass(frozen=True, slots=True)
class LoadReport:
    """One entry per file, in the order of loading."""

    tables: tuple[TableReport, ...]

    @property
    def written_count(self) -> int:
        """Rows inserted or changed: 0 when the database already said what the directory says."""
        return sum(table.inserted_count + table.changed_count for table in self.tables)


def load_directory(url: str | None, directory: Path | str, *, is_sample: bool = False) -> LoadReport:
    """Check every file of `directory` and merge them into the database `url` in one transaction.

    A row is found by its key, and written only where it differs; what the files do not name stays. Loading the same
    directory again therefore writes nothing.

    Raises `LoadRefused` with every problem of every file; the database is then as it was. `is_sample` marks the
    database and its organizations as sample and is refused by a database that holds others; a database of sample
    practices refuses everything else.
    """
    directory = Path(directory)
    with database.connect(url) as connection, database.writing(connection, actor=_ACTOR):
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOAD_LOCK,))
        sheets, broken, problems = _read_sheets(directory)
        timezones = dict(
            connection.execute(
                "SELECT timezone, timezone FROM (SELECT timezone FROM practice.timezone_bucket ORDER BY ordinal) AS b"
                " UNION ALL SELECT alias, timezone FROM practice.timezone_alias"
            ).fetchall()
        )
        for sheet in sheets.values():
            check_columns(sheet, timezones)
        check_relations(connection, sheets, broken)
        problems += [problem for sheet in sheets.values() for problem in sheet.problems]
        problems += _purpose_problems(connection, directory, sheets, is_sample=is_sample)
        if problems:
            raise LoadRefused(problems)
        if is_sample:
            connection.execute(
                "UPDATE billing.deployment SET is_sample = true, clock = 'due_instant'"
                " WHERE NOT is_sample OR clock <> 'due_instant'"
            )
        report = LoadReport(tuple(_load_sheet(connection, sheet) for sheet in sheets.values()))
        if is_sample:
            connection.execute("UPDATE practice.organization SET is_sample = true WHERE NOT is_sample")
        # Checks that wait for the commit would otherwise speak where their text is not held back.
        _withhold_error(directory.name, lambda: connection.execute("SET CONSTRAINTS ALL IMMEDIATE"))
    log.info("loaded %s files: %s rows inserted or changed", len(report.tables), report.written_count)
    return report


def _read_sheets(directory: Path) -> tuple[dict[str, Sheet], set[str], list[Problem]]:
    """The readable sheets in order of loading, the names of the others, and what is wrong with those."""
    if not directory.is_dir():
        raise LoadRefused([Problem(str(directory), 0, "", "is not a directory")])
    files = {path.name: path for path in sorted(directory.iterdir()) if path.suffix.lower() == ".csv"}
    known = {table.file: table for table in TABLES.values()}
    if not files:
        raise LoadRefused([Problem(str(directory), 0, "", f"holds no CSV file; known: {', '.join(known)}")])
    problems = [
        Problem(name, 0, "", f"no table has this name; known: {', '.join(known)}")
        for name in files
        if name not in known
    ]
    sheets: dict[str, Sheet] = {}
    broken: set[str] = set()
    for name, table in known.items():
        if name not in files:
            continue
        sheet, found = read_sheet(files[name], table)
        problems += found
        if sheet is None:
            broken.add(table.name)
        else:
            sheets[table.name] = sheet
    return sheets, broken, problems


def _purpose_problems(
    connection: psycopg.Connection[Any], directory: Path, sheets: dict[str, Sheet], *, is_sample: bool
) -> list[Problem]:
    """Sample and real practices never meet in one database."""
    row = connection.execute("SELECT is_sample FROM billing.deployment").fetchone()
    is_sample_database = bool(row and row[0])
    name = directory.name
    if not is_sample:
        if directory.resolve() == SAMPLE_DIRECTORY.resolve():
            return [
                Problem(name, 0, "", "these are the sample practices: load them with --sample, into an empty database")
            ]
        if is_sample_database:
            return [
                Problem(name, 0, "", "the database holds the sample practices: real ones need a database of their own")
            ]
        return []
    sheet = sheets.get("organization")
    sample_ids = sheet.frame["organization_id"].tolist() if sheet else []
    row = connection.execute(
        "SELECT count(*) FROM practice.organization WHERE NOT is_sample OR organization_id::text <> ALL(%s)",
        [sample_ids],
    ).fetchone()
    others = int(row[0]) if row else 0
    if others:
        reason = f"the database holds {others} organizations that are not in the sample: it takes no sample data"
        return [Problem(name, 0, "", reason)]
    return []


def _withhold_error(file: str, write: Callable[[], Result]) -> Result:
    """What `write` returns; a refusal of the server becomes a problem, as its own text repeats the row."""
    try:
        return write()
    except psycopg.Error as error:
        what = f"the database refuses it with SQLSTATE {error.sqlstate}"
        if error.diag.constraint_name:
            what += f" ({error.diag.constraint_name})"
    # Raised out here so that the server's error does not travel along as its context.
    raise LoadRefused([Problem(file, 0, "", what)])


def _load_sheet(connection: psycopg.Connection[Any], sheet: Sheet) -> TableReport:
    _withhold_error(sheet.table.file, lambda: copy_sheet(connection, sheet))
    inserted, changed = _withhold_error(sheet.table.file, lambda: merge_sheet(connection, sheet))
    read = len(sheet.frame)
    kept = (sheet.frame["rule_id"].nunique() if sheet.table.name == "exclusion_rule" else read) - inserted - changed
    return TableReport(sheet.table.name, read, inserted, changed, kept)


def main(arguments: Sequence[str] | None = None) -> int:
    """Load from the command line; 0 when loaded, 1 with the problems on standard error."""
    parser = argparse.ArgumentParser(prog="python -m include.practice_data.load", description=__doc__)
    parser.add_argument("directory", type=Path, help="folder with one CSV file per table")
    parser.add_argument("--sample", action="store_true", help="the sample practices, into a database of their own")
    options = parser.parse_args(arguments)
    try:
        report = load_directory(None, options.directory, is_sample=options.sample)
    except LoadRefused as refused:
        for problem in refused.problems:
            sys.stderr.write(f"{problem}\n")
        sys.stderr.write(f"{len(refused.problems)} problems: nothing was loaded\n")
        return 1
    except psycopg.OperationalError:
        sys.stderr.write("the billing database cannot be reached: check BILLING_DATABASE_URL; nothing was loaded\n")
        return 1
    sys.stdout.write(f"{'table':<22}{'read':>10}{'inserted':>10}{'changed':>10}{'unchanged':>11}\n")
    for table in report.tables:
        sys.stdout.write(
            f"{table.table:<22}{table.read_count:>10}{table.inserted_count:>10}{table.changed_count:>10}"
            f"{table.unchanged_count:>11}\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
