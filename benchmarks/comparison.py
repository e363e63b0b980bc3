"""The figures of all sides as one table of ratios, and the check that both sides wrote the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import psycopg

from benchmarks.statements import statement

Figures = Mapping[str, Any]
#: Side -> the figures of its repeats.
Measured = Mapping[str, Sequence[Figures]]

HEADER = ("what", "ours", "against", "ratio", "aim")


@dataclass(frozen=True)
class Row:
    """One line of the table, in words; `value` is the ratio or rate behind it, for the record."""

    what: str
    ours: str
    against: str
    ratio: str
    aim: str
    value: float

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        return self.what, self.ours, self.against, self.ratio, self.aim


def read_written(url: str, automation: str) -> dict[str, str]:
    """Counts, sums and hashes of the rows that a side of the automation wrote, as text."""
    name = "written_invoices" if automation == "creation" else "written_claims"
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement(name))
        row = cursor.fetchone()
        assert row is not None and cursor.description is not None
        return {column.name: str(value) for column, value in zip(cursor.description, row, strict=True)}


def differences(written: Mapping[str, Sequence[Mapping[str, str]]]) -> list[str]:
    """What sides of one automation wrote differently; `written`: side -> what each of its repeats wrote.

    A side that wrote nothing is a difference too: equal nothings prove nothing.
    """
    found = []
    for automation in ("creation", "processing"):
        sides = {side: runs for side, runs in written.items() if side.endswith(f"_{automation}")}
        everything = [
            (f"{side}, repeat {number}", run) for side, runs in sides.items() for number, run in enumerate(runs, 1)
        ]
        if len(sides) < 2 or not all(sides.values()):
            found.append(f"{automation}: a side did not run")
            continue
        first_name, first = everything[0]
        counts = [value for name, value in first.items() if name.endswith("_count")]
        if "0" in counts:
            found.append(f"{automation}: {first_name} wrote nothing")
        for name, run in everything[1:]:
            unlike = [column for column in first if run.get(column) != first[column]]
            found += [
                f"{automation}: {column} is {first[column]} for {first_name}, {run.get(column)} for {name}"
                for column in unlike
            ]
    return found


def table(measured: Measured) -> list[Row]:
    """All rows of the table, medians over the repeats."""
    rows = []
    for automation, label in (("creation", "invoice creation"), ("processing", "invoice processing")):
        ours, bare, per_row = (f"{side}_{automation}" for side in ("pipeline", "bare", "per_row"))
        rows.append(_seconds(f"{label}: whole run, wall", measured, ours, bare, "seconds", "≤ 2.0x"))
        if all(_cpu(run) is not None for side in (ours, bare) for run in measured[side]):
            own, other = _median(measured[ours], _cpu), _median(measured[bare], _cpu)
            rows.append(_ratio(f"{label}: whole run, CPU of Python and server", own, other, "s CPU", ""))
        floor = f"floor_{automation}"
        rows.append(_seconds(f"{label}: whole run against the rows alone, wall", measured, ours, floor, "seconds", ""))
        own, other = _median(measured[ours], _speed), _median(measured[per_row], _speed)
        rows.append(
            Row(
                f"{label}: items a second against row by row",
                f"{own:,.0f}/s",
                f"{other:,.0f}/s",
                f"{own / other:.1f}x",
                "≥ 20x",
                own / other,
            )
        )
        cpu, all_seconds = (
            _median(measured[ours], lambda run, name=name: run[name]) for name in ("python_cpu_seconds", "seconds")
        )
        rows.append(_alone(f"{label}: CPU of Python", f"{cpu:.2f} s", f"of {all_seconds:.2f} s wall", "", cpu))
        peak, over = (
            _median(measured[ours], lambda run, name=name: run[name])
            for name in ("peak_megabytes", "peak_over_imports_megabytes")
        )
        rows.append(
            _alone(f"{label}: Python peak", f"{peak:.0f} MB", f"{over:.0f} MB over its imports", "≤ 400 MB", peak)
        )
    processing = measured["pipeline_processing"]
    peak, over = (
        _median(processing, lambda run, name=name: run["advice"][name])
        for name in ("peak_megabytes", "peak_over_imports_megabytes")
    )
    rows.append(
        _alone("scrub for advice: Python peak", f"{peak:.0f} MB", f"{over:.0f} MB over its imports", "≤ 400 MB", peak)
    )
    rows.append(
        _rate("exclusion filter alone", "rows", measured["pipeline_creation"], lambda run: run["mask"], "≥ 3M/s")
    )
    rows.append(_rate("scrub edits alone", "claims", processing, lambda run: run["edits"], "≥ 300k/s"))
    rows.append(_rate("scrub for advice, end to end", "claims", processing, _advice, "≥ 30k/s"))
    rows.append(_rate("claims read for a file", "claims", measured["files"], lambda run: run["read"], ""))
    rows.append(_rate("837P built", "claims", measured["files"], lambda run: run["build"], "≥ 25k/s"))
    rows.append(_rate("837P validated by pyx12", "claims", measured["files"], lambda run: run["validate"], ""))
    return rows


def steps_table(measured: Measured) -> list[tuple[str, str, str]]:
    """Step, seconds, share of the run, for each step of the two automations."""
    rows = []
    for side in ("pipeline_creation", "pipeline_processing"):
        # The steps of batches that ran side by side: more seconds than the run took.
        total = _median(measured[side], lambda run: sum(run["steps"].values()))
        for step in measured[side][0]["steps"]:
            seconds = _median(measured[side], lambda run, step=step: run["steps"][step])
            rows.append((f"{side.removeprefix('pipeline_')}: {step}", f"{seconds:.2f} s", f"{seconds / total:.0%}"))
    advice = _median(measured["pipeline_processing"], lambda run: run["advice"]["seconds"])
    rows.append(("processing: scrub_for_advice", f"{advice:.2f} s", "beside it"))
    return rows


def text_table(rows: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    """Columns in line, the first to the left, the others to the right."""
    widths = [max(len(row[place]) for row in [header, *rows]) for place in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [header, *rows]
    )


def markdown_table(rows: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    """The same for a page."""
    lines = [header, ["---", *("---:" for _ in header[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _seconds(what: str, measured: Measured, ours: str, against: str, name: str, aim: str) -> Row:
    own, other = (_median(measured[side], lambda run: run[name]) for side in (ours, against))
    return _ratio(what, own, other, "s", aim)


def _ratio(what: str, own: float, other: float, unit: str, aim: str) -> Row:
    return Row(what, f"{own:.2f} {unit}", f"{other:.2f} {unit}", f"{own / other:.2f}x", aim, own / other)


def _rate(what: str, unit: str, runs: Sequence[Figures], part: Any, aim: str) -> Row:
    speed = _median(runs, lambda run: _speed(part(run)))
    return _alone(what, f"{speed:,.0f} {unit}/s", "", aim, speed)


def _alone(what: str, ours: str, beside: str, aim: str, value: float) -> Row:
    return Row(what, ours, beside, "", aim, value)


def _advice(run: Figures) -> Figures:
    return {"seconds": run["advice"]["seconds"], "rows": run["rows"]}


def _speed(figures: Figures) -> float:
    return float(figures["rows"]) / max(float(figures["seconds"]), 1e-9)


def _cpu(run: Figures) -> float | None:
    server = run["server_cpu_seconds"]
    return None if server is None else max(float(run["python_cpu_seconds"]) + float(server), 0.01)


def _median(runs: Sequence[Figures], value: Any) -> float:
    return float(median(value(run) for run in runs))
