"""The record of a benchmark: a JSON file with every figure and a page with the tables. No path, no host name."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.comparison import HEADER, Measured, Row, markdown_table, steps_table

PACKAGES = ("psycopg", "pandas", "numpy", "pyx12")


def machine_facts() -> dict[str, Any]:
    """What the machine is, without its name."""
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "processor": model or "unknown",
        "cpu_count": os.cpu_count(),
        "memory_gigabytes": round(memory / 1e9, 1),
    }


def software_facts() -> dict[str, str]:
    """Versions of Python, of what the steps use, and of this checkout."""
    facts = {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--exclude", "*"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
        facts["commit"] = described.stdout.strip() or "unknown"
    except OSError:
        facts["commit"] = "unknown"
    return facts


def write_record(
    directory: Path,
    options: dict[str, Any],
    server: dict[str, str],
    rows: Sequence[Row],
    measured: Measured,
    written: dict[str, Any],
    different: Sequence[str],
) -> Path:
    """Write <date>-<appointments>.json and .md (UTC date; an earlier pair of the day is replaced); return the page."""
    made_at = datetime.now(UTC)
    record = {
        "made_at": made_at.isoformat(timespec="seconds"),
        "options": options,
        "machine": machine_facts(),
        "software": software_facts(),
        "server": server,
        "table": [asdict(row) for row in rows],
        "wrote_the_same": not different,
        "differences": list(different),
        "written": written,
        "measured": measured,
    }
    name = f"{made_at:%Y-%m-%d}-{options['appointments']}"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    page = directory / f"{name}.md"
    page.write_text(_page(record, rows, measured), encoding="utf-8")
    return page


def _page(record: dict[str, Any], rows: Sequence[Row], measured: Measured) -> str:
    options, machine, software, server = (record[name] for name in ("options", "machine", "software", "server"))
    settings = ", ".join(f"{name} {value}" for name, value in server.items() if name != "version")
    packages = ", ".join(f"{name} {software[name]}" for name in PACKAGES)
    repeats = "1 run" if options["repeats"] == 1 else f"medians of {options['repeats']} runs"
    first = record["written"]["pipeline_creation"][0]
    batches = measured["pipeline_creation"][0]["batches"]
    same = "Both sides wrote the same rows" if record["wrote_the_same"] else "**The sides wrote different rows**"
    return "\n".join(
        [
            f"# {options['appointments']:,} appointments, {record['made_at'][:10]}",
            "",
            f"{options['organizations']:,} organizations in one bucket and night, {batches} batches one after another, "
            f"{repeats}, seed {options['seed']}. {same}: {int(first['invoice_count']):,} invoices with "
            f"{int(first['line_count']):,} lines, {int(record['written']['pipeline_processing'][0]['claim_count']):,} "
            "claims. What is compared with what: [README](../README.md).",
            "",
            markdown_table([row.cells for row in rows], HEADER),
            "",
            "Where the time goes:",
            "",
            markdown_table(steps_table(measured), ("step", "wall", "share")),
            "",
            f"Machine: {machine['cpu_count']} CPUs ({machine['processor']}, {machine['architecture']}), "
            f"{machine['memory_gigabytes']} GB, {machine['system']}. Python {software['python']}, {packages}, commit "
            f"{software['commit']}. PostgreSQL {server['version']}: {settings}.",
            "",
        ]
    )
