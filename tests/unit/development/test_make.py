"""The Makefile, the pinned packages and the CI script say the same as the README and each other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from include.development.environment import CHECKOUT

MAKEFILE = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
PINNED = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==([^\s;]+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    found = dict(PINNED.findall((CHECKOUT / name).read_text(encoding="utf-8")))
    assert found
    return found


def test_every_direct_dependency_has_its_reason_and_is_locked_at_the_same_version() -> None:
    locked = pins("constraints.txt")

    for name, version in pins("requirements.txt").items():
        assert locked[name] == version, f"{name}: run make lock"
    lines = (CHECKOUT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert all("#" in line for line in lines if line)


def test_the_lock_names_nothing_of_the_machine_it_was_made_on() -> None:
    text = (CHECKOUT / "constraints.txt").read_text(encoding="utf-8")

    assert "make lock" in text.splitlines()[1]
    assert not re.search(r"(?m)^\s*(-|--)|file:|https?://|/home/|/tmp/|/root/", text)


def test_every_target_the_help_lists_exists_and_is_phony() -> None:
    listed = re.findall(r"(?m)^([a-z-]+):.*##", MAKEFILE)
    phony = re.search(r"(?m)^\.PHONY: (.*)$", MAKEFILE)

    assert len(listed) >= 14
    assert phony is not None
    assert sorted(phony.group(1).split()) == sorted(listed)


def test_only_its_own_target_asks_for_a_browser() -> None:
    assert re.search(r"(?m)^test-browser:.*\n\t.* pytest tests/browser ", MAKEFILE)
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    assert settings["testpaths"] == ["tests"]
    assert "tests/browser" in settings["norecursedirs"]
    assert list((CHECKOUT / "tests" / "browser").glob("test_*.py"))


def test_every_tool_a_target_calls_exists() -> None:
    called = re.findall(r"-m (include\.[\w.]+|benchmarks\.[\w.]+)", MAKEFILE)
    called += re.findall(r"with_server (?:--(?:migrate|airflow|throwaway) )*((?:include|benchmarks)\.[\w.]+)", MAKEFILE)

    assert len(called) >= 8
    missing = [name for name in called if not (CHECKOUT / (name.replace(".", "/") + ".py")).is_file()]
    assert missing == []


@pytest.mark.parametrize(
    ("version", "accepted"), [((3, 10), False), ((3, 11), True), ((3, 13), True), ((3, 14), False)]
)
def test_an_unsupported_python_is_refused_by_name(version: tuple[int, int], accepted: bool, tmp_path: Path) -> None:
    """A stand-in for the interpreter answers as if it had the version, and ends before anything is installed."""
    stand_in = tmp_path / "python"
    stand_in.write_text(
        f"#!{sys.executable}\nimport sys\nsys.version_info = {(*version, 0)!r}\n"
        "if sys.argv[1] != '-c': sys.exit('INSTALLING')\n"
        "exec(sys.argv[2])\n"
    )
    stand_in.chmod(0o755)
    for name in ("Makefile", "requirements.txt", "constraints.txt"):
        (tmp_path / name).write_bytes((CHECKOUT / name).read_bytes())

    answer = subprocess.run(
        ["make", "setup", f"PYTHON={stand_in}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        check=False,
    )

    assert answer.returncode != 0
    assert ("INSTALLING" in answer.stderr) is accepted
    assert (f"is {version[0]}.{version[1]}" in answer.stderr) is not accepted


def test_the_ci_script_calls_targets_and_leaves_no_process_behind() -> None:
    script = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")

    assert os.access(CHECKOUT / ".ci" / "run", os.X_OK)
    assert "set -euo pipefail" in script
    assert re.search(r"trap '.*make.* down' EXIT", script)
    assert {"lint", "test", "run", "test-browser"} <= set(re.findall(r"[\w-]+", script))
