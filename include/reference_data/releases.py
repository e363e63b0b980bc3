"""The files of a folder with what it says about their releases, checked; a release is a table's file of one state."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from include.practice_data.columns import check_columns, is_day
from include.practice_data.csv_files import Sheet, read_content, read_sheet
from include.practice_data.problems import Problem
from include.practice_data.tables import Table
from include.reference_data.tables import FILES, PERIODIC_TABLES, RELEASES, SHIPPED_RELEASES

_SUFFIXES = (".csv", ".csv.gz")
_OPEN_START = "0000-00-00"
_OPEN_END = "9999-99-99"


@dataclass(frozen=True, slots=True)
class TableRelease:
    """One table's file as it is to be loaded. `origin`: shipped or supplied; `sha256` of the unpacked text."""

    table_name: str
    release_label: str
    source: str
    origin: str
    covers_from: date | None
    covers_to: date | None
    sha256: str
    sheet: Sheet

    @property
    def row_count(self) -> int:
        return len(self.sheet.frame)


def checksum(path: Path) -> str:
    """SHA-256 of the file's text, unpacked: packing the same text elsewhere may give other bytes."""
    return hashlib.sha256(read_content(path)).hexdigest()


def files_of(directory: Path) -> dict[str, Path]:
    """The CSV files of a folder, packed or not, by their name without suffix; a doubled name keeps the packed one."""
    found = {}
    for path in sorted(directory.iterdir()):
        for suffix in _SUFFIXES:
            if path.name.lower().endswith(suffix):
                found[path.name[: -len(suffix)]] = path
    return found


def read_releases(directory: Path, *, is_shipped: bool) -> tuple[list[TableRelease], list[Problem]]:
    """The releases of a folder in order of table, and everything that is wrong with it (they must not be loaded then).

    Shipped files must have the checksum their manifest states. A supplied file needs a row in reference_release.csv if
    its table is published periodically; another one may do without, and is good for every day then.
    """
    if not directory.is_dir():
        return [], [Problem(str(directory), 0, "", "is not a folder")]
    paths = files_of(directory)
    manifest_path = paths.pop(RELEASES.name, None)
    known = ", ".join(f"{name}.csv" for name in FILES)
    problems = [
        Problem(path.name, 0, "", f"no reference table has this name; known: {known}")
        for name, path in paths.items()
        if name not in FILES
    ]
    if not paths:
        problems.append(Problem(directory.name, 0, "", f"holds no file of a reference table; known: {known}"))
    stated, found = _stated(manifest_path, SHIPPED_RELEASES if is_shipped else RELEASES)
    problems += found
    for name in sorted(set(stated) - set(paths)):
        problems.append(Problem(RELEASES.file, stated[name].line, "table_name", f"there is no file {name}.csv"))
    releases = []
    for name in sorted(set(paths) & set(FILES)):
        sheet, found = read_sheet(paths[name], FILES[name])
        problems += found
        if sheet is None:
            continue
        check_columns(sheet, {})
        _check_rows(sheet)
        problems += sheet.problems
        if sheet.frame.empty:
            problems.append(Problem(sheet.table.file, 0, "", "holds no rows: leave the file out if there are none"))
        sha256 = checksum(paths[name])
        statement = stated.get(name)
        if statement is None:
            if is_shipped or name in PERIODIC_TABLES:
                problems.append(Problem(paths[name].name, 0, "", _cure_of(name)))
            statement = Statement(f"file {sha256[:12]}", "file of the practice")
        elif is_shipped and statement.sha256 != sha256:
            reason = "is not the file the manifest was made for: make reference-snapshots"
            problems.append(Problem(paths[name].name, 0, "", reason))
        releases.append(
            TableRelease(
                name,
                statement.release_label,
                statement.source,
                "shipped" if is_shipped else "supplied",
                statement.covers_from,
                statement.covers_to,
                sha256,
                sheet,
            )
        )
    return releases, problems


@dataclass(frozen=True, slots=True)
class Statement:
    """What a manifest says about one table."""

    release_label: str
    source: str
    covers_from: date | None = None
    covers_to: date | None = None
    sha256: str = ""
    line: int = 0


def _cure_of(name: str) -> str:
    columns = ",".join(RELEASES.column_names)
    return (
        f"a release of {name} is good for certain service dates only: say which in a file {RELEASES.file} with the"
        f" header {columns}"
    )


def _stated(path: Path | None, table: Table) -> tuple[Mapping[str, Statement], list[Problem]]:
    """What the manifest says, by table. Without a manifest nothing is said."""
    if path is None:
        return {}, []
    sheet, problems = read_sheet(path, table)
    if sheet is None:
        return {}, problems
    check_columns(sheet, {})
    frame = sheet.frame
    is_repeated = frame.duplicated(["table_name"]).to_numpy() & _filled(frame["table_name"])
    sheet.refuse(is_repeated, "table_name", "comes twice")
    for name in ("covers_from", "covers_to"):
        frame[name] = frame[name].where(is_day(frame[name]), "")
    is_reversed = _filled(frame["covers_from"]) & _filled(frame["covers_to"])
    is_reversed &= (frame["covers_from"] > frame["covers_to"]).to_numpy(dtype=bool)
    sheet.refuse(is_reversed, "covers_to", "lies before covers_from")
    is_endless = frame["table_name"].isin(PERIODIC_TABLES).to_numpy(dtype=bool) & ~_filled(frame["covers_to"])
    sheet.refuse(is_endless, "covers_to", "is required: this table is published anew at fixed times")
    statements = {
        row["table_name"]: Statement(
            row["release_label"],
            row["source"],
            _day(row["covers_from"]),
            _day(row["covers_to"]),
            row.get("sha256", ""),
            int(line),
        )
        for row, line in zip(frame.to_dict("records"), sheet.lines, strict=True)
        if row["table_name"]
    }
    return statements, sheet.problems


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _filled(column: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return (column != "").to_numpy(dtype=bool)


def _check_rows(sheet: Sheet) -> None:
    """Refuse rows that say the same thing twice: a repeated key, or one in two periods at once."""
    frame = sheet.frame
    key = list(sheet.table.key)
    if "starts_on" not in frame.columns:
        sheet.refuse(frame.duplicated(key).to_numpy() & ~sheet.flawed, key[0], f"{', '.join(key)}: the row comes twice")
        return
    starts = frame["starts_on"].where(frame["starts_on"] != "", _OPEN_START)
    ends = frame["ends_on"].where(frame["ends_on"] != "", _OPEN_END)
    # ISO days compare as texts.
    sheet.refuse((starts > ends).to_numpy(dtype=bool) & ~sheet.flawed, "ends_on", "lies before starts_on")
    periods = frame[key].assign(starts=starts, ends=ends)[~sheet.flawed]
    periods = periods[periods.duplicated(key, keep=False)].sort_values([*key, "starts"], kind="stable")
    mask = np.zeros(len(frame), dtype=np.bool_)
    last_key, last_end = (), ""
    for *row_key, start, end in periods.itertuples(index=True):
        position, *code = row_key
        is_same = tuple(code) == last_key
        mask[position] = is_same and start <= last_end
        last_key, last_end = tuple(code), max(end, last_end) if is_same else end
    sheet.refuse(mask, "starts_on", "the code is in force already by another row: their periods overlap")
