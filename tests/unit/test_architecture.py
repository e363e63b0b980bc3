"""The house rules that a reader would otherwise have to remember: who may import whom, and what a SQL file says."""

from __future__ import annotations

import ast
import importlib
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
AUTOMATIONS = ("invoice_creation", "invoice_processing", "claims_submission")
SQL_HEADER = ("Called by:", "Parameters:", "Returns:", "Locks:", "Leaves out:")


def _files(pattern: str) -> list[Path]:
    files = sorted(file for file in ROOT.glob(pattern) if "__pycache__" not in file.parts)
    assert files, f"{pattern} matches nothing: this test guards nothing"
    return files


def _imports(file: Path) -> set[str]:
    """Dotted names of all modules a file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports name their package in full"
            assert node.module is not None
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def _uses(file: Path, *packages: str) -> set[str]:
    return {name for name in _imports(file) if any(name == one or name.startswith(f"{one}.") for one in packages)}


def test_only_the_border_imports_airflow() -> None:
    border = {
        "include/airflow_support.py",
        "plugins/automation_settings/airflow_host.py",
        "plugins/billing_plugin.py",
        "plugins/clearinghouse_watch/trigger.py",
        "plugins/nightly_schedule/timetable.py",
    }
    found = {
        str(file.relative_to(ROOT))
        for pattern in ("include/**/*.py", "plugins/**/*.py")
        for file in _files(pattern)
        if _uses(file, "airflow")
    }
    # The development tools start Airflow and may ask it for its paths.
    assert {name for name in found if not name.startswith("include/development/")} == border


def test_dag_files_only_wire() -> None:
    for file in _files("dags/*.py"):
        assert _uses(file, "airflow") == {name for name in _uses(file, "airflow") if name.startswith("airflow.sdk")}
        assert not _uses(file, "psycopg", "pandas", "numpy"), file
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\b(SELECT|INSERT|UPDATE|DELETE)\b", text), file
        assert len(text.splitlines()) <= 200, file


def test_automations_do_not_import_each_other() -> None:
    for automation in AUTOMATIONS:
        others = [f"include.{other}" for other in AUTOMATIONS if other != automation]
        for file in _files(f"include/{automation}/*.py"):
            assert not _uses(file, *others), file


def test_imports_point_inward() -> None:
    for file in _files("include/**/*.py"):
        assert not _uses(file, "dags", "tests", "benchmarks"), file
    for file in _files("include/nightly_run/*.py"):
        assert not _uses(file, *(f"include.{automation}" for automation in AUTOMATIONS)), file
    for pattern in ("include/**/*.py", "plugins/**/*.py", "dags/*.py"):
        for file in _files(pattern):
            if "development" not in file.parts:
                assert not _uses(file, "include.development"), file


def test_the_settings_page_shows_and_calls_what_include_offers() -> None:
    for file in _files("plugins/automation_settings/**/*.py"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\b(SELECT (?!set_config)|INSERT INTO|UPDATE \w+\.|DELETE FROM)", text), file
        assert not _uses(file, "pandas", "numpy", "include.nightly_run.attempt", "include.database"), file
    for file in _files("include/**/*.py"):
        assert not _uses(file, "automation_settings", "fastapi", "starlette", "jinja2"), file


def test_the_shared_plugin_knows_neither_airflow_nor_the_database() -> None:
    known = set(sys.stdlib_module_names) | {"numpy", "pandas", "exclusion_rules"}
    for file in _files("plugins/exclusion_rules/*.py"):
        assert {name.split(".")[0] for name in _imports(file)} <= known, file


def test_the_scrubber_and_the_837p_writer_know_no_database() -> None:
    for package in ("claims_scrubber", "clearinghouse"):
        for file in _files(f"include/{package}/**/*.py"):
            assert not _uses(file, "psycopg", "include.database", "include.nightly_run"), file


def test_one_module_speaks_sftp() -> None:
    files = [*_files("include/**/*.py"), *_files("plugins/**/*.py"), *_files("dags/*.py")]
    found = {str(file.relative_to(ROOT)) for file in files if _uses(file, "paramiko", "asyncssh")}
    assert found == {"include/clearinghouse/sftp_drop_box.py"}


def test_parsing_a_dag_file_imports_nothing_heavy() -> None:
    program = (
        "import sys, runpy, airflow.sdk; sys.path[:0] = [sys.argv[1], sys.argv[1] + '/plugins'];"
        "before = set(sys.modules); [runpy.run_path(file) for file in sys.argv[2:]];"
        "print(sorted({name.split('.')[0] for name in set(sys.modules) - before} & {'pandas', 'numpy', 'pyx12'}))"
    )
    files = [str(file) for file in _files("dags/*.py")]
    assert len(files) >= 4
    done = subprocess.run(
        [sys.executable, "-c", program, str(ROOT), *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("scheduler", "claims_submission clearinghouse_inbox invoice_creation invoice_processing"),
        ("celery worker", "claims_submission clearinghouse_inbox invoice_creation invoice_processing"),
        ("api-server", "claims_submission invoice_creation invoice_processing"),
        ("dag-processor", ""),
        ("celery flower", ""),
    ],
)
def test_the_plugin_imports_the_steps_before_tasks_are_forked_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, command: str, expected: str
) -> None:
    asked: list[str] = []
    others = importlib.import_module

    def note(name: str, package: str | None = None) -> Any:
        # Airflow imports by name, too.
        return asked.append(name) if name.startswith("include.") else others(name, package)

    monkeypatch.setattr(importlib, "import_module", note)
    monkeypatch.setattr(sys, "argv", ["airflow", *command.split()])
    runpy.run_path(str(ROOT / "plugins" / "billing_plugin.py"))
    assert sorted(asked) == [f"include.{package}.steps" for package in expected.split()]
    assert all((ROOT / f"{name.replace('.', '/')}.py").is_file() for name in asked)


def _sql_files() -> list[Path]:
    return [file for file in _files("include/**/*.sql") if file.parent.name != "migrations"]


def _sql_paths_in_python() -> Iterator[tuple[str, str]]:
    """(SQL path relative to include/, module) for each path written in a Python file."""
    for file in _files("include/**/*.py"):
        for path in re.findall(r'"((?:\w+/)+[\w{}.]+\.sql)"', file.read_text(encoding="utf-8")):
            yield path, str(file.relative_to(ROOT))


@pytest.mark.parametrize("file", _sql_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_a_sql_file_is_one_statement_with_a_true_header(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    header = [line for line in text.splitlines() if line.startswith("--")]
    assert header[0].startswith(f"-- {file.stem}: "), "the first line names the file and says what it does"
    fields = [next((field for field in SQL_HEADER if line[3:].startswith(field)), None) for line in header]
    assert [field for field in fields if field] == list(SQL_HEADER)
    statement = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    assert ";" not in re.sub(r"\$\$.*?\$\$", "", statement, flags=re.DOTALL).rstrip().removesuffix(";"), "one statement"
    named = set(re.findall(r"(?<!%)%\((\w+)\)s", text))
    parameters = " ".join(header)
    assert all(re.search(rf"\b{name}\b", parameters) for name in named), "the header names every parameter"
    called_by = re.search(r"-- Called by: ([^\n]*(?:\n--   [^\n]*)*)", text)
    assert called_by is not None
    for name in re.findall(r"\b\w+(?:\.\w+)+", called_by[1]):
        *_, module, function = name.split(".")
        if function != "sql" and not list(ROOT.glob(f"include/**/{module}/{function}.py")):
            sources = _files(f"include/**/{module}.py")
            assert any(re.search(rf"\bdef {function}\b", one.read_text(encoding="utf-8")) for one in sources), name


def test_every_sql_file_is_used_and_every_used_one_exists() -> None:
    written = dict(_sql_paths_in_python())
    assert len(written) > 30
    exact = {path for path in written if "{" not in path}
    patterns = [re.compile(re.sub(r"\{[\w.]+\}", r"\\w+", path)) for path in written if "{" in path]
    files = {str(file.relative_to(ROOT / "include")) for file in _sql_files()}
    assert exact <= files
    assert {file for file in files if file not in exact and not any(one.fullmatch(file) for one in patterns)} == set()
