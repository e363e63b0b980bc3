"""Measures the nightly automations against bare SQL and against row-by-row code: ``make bench [N=20000]``.

Works in databases of its own on the server of ``BILLING_DATABASE_URL``; makes and drops them. Ends with 1 when two
sides that should write the same rows did not.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg

from benchmarks.comparison import HEADER, differences, read_written, steps_table, table, text_table
from benchmarks.databases import Databases, fill, leave_out, server_facts, settle
from benchmarks.record import write_record
from benchmarks.sides import NIGHT

RESULTS = Path(__file__).parent / "results"
APPOINTMENTS_PER_ORGANIZATION = 200
FEWEST_ORGANIZATIONS = 20
#: From here on once is enough: a run takes minutes, and its parts even out.
BIG = 500_000


class SideFailed(RuntimeError):
    """A measured process ended badly; its own output says why."""


class Benchmark:
    """One benchmark: data made once, each side on a fresh copy of it."""

    def __init__(self, databases: Databases, repeats: int, slice_size: int) -> None:
        self._databases = databases
        self._repeats = repeats
        self._slice_size = slice_size
        self.measured: dict[str, list[dict[str, Any]]] = {}
        self.written: dict[str, list[dict[str, str]]] = {}

    def run(self, organizations: int, per_organization: int, seed: int) -> None:
        """Measure everything; the databases are left to the caller to drop."""
        start = time.perf_counter()
        fill(self._databases.create("appointments"), organizations, per_organization, NIGHT, seed)
        _say(f"data made in {time.perf_counter() - start:.0f} s")
        self._automation("creation", "appointments", keep="invoices")
        self._databases.drop("appointments")
        self._automation("processing", "invoices", keep="claims")
        self._databases.drop("invoices")
        for _ in range(self._repeats):
            self._measure("files", "claims")
        self._databases.drop("claims")

    def _automation(self, automation: str, source: str, keep: str) -> None:
        """Pipeline and statements in turn, then row by row; the first pipeline's database stays as `keep`."""
        pipeline = f"pipeline_{automation}"
        for number in range(self._repeats):
            label = keep if number == 0 else "side"
            self._databases.create(label, source)
            self._measure(pipeline, label)
            self._read(pipeline, label, automation)
            if number == 0:
                # What stays is known once a run has decided it.
                leave_out(
                    self._databases.url(source), _items_that_stay(self._databases.url(keep), f"invoice_{automation}")
                )
                settle(self._databases.url(keep))
            else:
                self._databases.drop(label)
            for side in (f"bare_{automation}", f"floor_{automation}"):
                self._databases.create("side", source)
                self._measure(side, "side")
                self._read(side, "side", automation)
                self._databases.drop("side")
        self._databases.create("side", source)
        self._measure(f"per_row_{automation}", "side")
        self._databases.drop("side")

    def _measure(self, side: str, label: str) -> None:
        figures = run_side(side, self._databases.url(label), self._slice_size)
        self.measured.setdefault(side, []).append(figures)
        _say(f"{side}: {figures['seconds']:.2f} s" if "seconds" in figures else side)

    def _read(self, side: str, label: str, automation: str) -> None:
        self.written.setdefault(side, []).append(read_written(self._databases.url(label), automation))


def run_side(side: str, url: str, limit: int) -> dict[str, Any]:
    """The figures of one side, measured in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sides", side, "--limit", str(limit)],
        env={**os.environ, "BILLING_DATABASE_URL": url},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SideFailed(f"{side} ended with {done.returncode}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def sizes(appointments: int) -> tuple[int, int]:
    """Organizations and appointments of each; the appointments are rounded up to a whole number for each."""
    organizations = max(FEWEST_ORGANIZATIONS, appointments // APPOINTMENTS_PER_ORGANIZATION)
    return organizations, -(-appointments // organizations)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--appointments-per-night", type=int, default=20_000, metavar="N")
    parser.add_argument("--repeats", type=int, help=f"default: 3, from {BIG:,} appointments on 1")
    parser.add_argument("--slice", type=int, default=2_000, help="items of what works row by row or on single files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the record")
    options = parser.parse_args(arguments)
    repeats = options.repeats or (1 if options.appointments_per_night >= BIG else 3)
    if min(options.appointments_per_night, repeats, options.slice) < 1:
        parser.error("sizes start at 1")
    url = os.environ.get("BILLING_DATABASE_URL")
    if not url:
        parser.error("BILLING_DATABASE_URL is not set; make bench sets it")
    organizations, per_organization = sizes(options.appointments_per_night)
    facts = {
        "appointments": organizations * per_organization,
        "organizations": organizations,
        "repeats": repeats,
        "slice": options.slice,
        "seed": options.seed,
    }
    _say(", ".join(f"{name} {value:,}" for name, value in facts.items()))
    # Ended from outside, the databases go all the same.
    signal.signal(signal.SIGTERM, _end)
    databases = Databases(url)
    try:
        server = server_facts(url)
        benchmark = Benchmark(databases, repeats, options.slice)
        benchmark.run(organizations, per_organization, options.seed)
    except SideFailed as failed:
        print(failed, file=sys.stderr)
        return 2
    finally:
        databases.drop_all()
    rows = table(benchmark.measured)
    different = differences(benchmark.written)
    page = write_record(options.results, facts, server, rows, benchmark.measured, benchmark.written, different)
    print(text_table([row.cells for row in rows], HEADER))
    print()
    print(text_table(steps_table(benchmark.measured), ("step", "wall", "share")))
    print(f"\nrecord: {page.name}")
    if different:
        print("the sides wrote different rows:", *different, sep="\n  ", file=sys.stderr)
        return 1
    return 0


def _items_that_stay(url: str, automation: str) -> list[tuple[int, bool]]:
    """The items that the run of the automation left where they are, ascending, and whether rules excluded them."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT item_id, reason = 'excluded' FROM billing.decision"
            " WHERE automation = %s AND closed_on IS NULL ORDER BY item_id",
            (automation,),
        )
        return rows.fetchall()


def _say(line: str) -> None:
    print(line, flush=True)


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(143)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
