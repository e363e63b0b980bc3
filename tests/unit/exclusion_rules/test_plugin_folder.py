"""Airflow imports every .py it finds below the plugins folder as a top-level module; packages must stay out of that.

Airflow's own loader decides here, in a process and an AIRFLOW_HOME of its own, so that the test session neither imports
Airflow nor leaves a configuration behind.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[3] / "plugins"
PACKAGES = ("clearinghouse_watch", "exclusion_rules", "nightly_schedule", "automation_settings")

# Per syntax: what the loader takes from the real folder, and what it really imports from the folder of stubs.
LOAD = """
import json, sys
from pathlib import Path
from airflow._shared.module_loading import find_path_from_directory
from airflow._shared.plugins_manager.plugins_manager import _load_plugins_from_plugin_directory
real, stubs = sys.argv[1:]
answer = {}
for syntax in ("glob", "regexp"):
    taken = [path for path in find_path_from_directory(real, ".airflowignore", syntax) if Path(path).suffix == ".py"]
    _, errors = _load_plugins_from_plugin_directory(plugins_folder=stubs, ignore_file_syntax=syntax)
    imported = sorted(name for name, module in list(sys.modules.items()) if vars(module).get("IS_STUB"))
    answer[syntax] = {"taken": taken, "imported": imported, "errors": errors}
    for name in imported:
        del sys.modules[name]
print(json.dumps(answer))
"""


@pytest.fixture
def stubs(tmp_path):
    """The real ignore file over a plugin file and packages whose modules say that they were imported."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    shutil.copy(PLUGINS / ".airflowignore", folder)
    (folder / "billing_plugin.py").write_text("IS_STUB = True\n")
    for package in PACKAGES:
        (folder / package / "inner").mkdir(parents=True)
        for module in ("__init__.py", f"{package}_rules.py", f"inner/{package}_inner.py"):
            (folder / package / module).write_text("IS_STUB = True\n")
    return folder


def test_the_loader_imports_the_plugin_file_and_no_module_of_a_package(stubs, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(PLUGINS), str(stubs)],
        env={**os.environ, "AIRFLOW_HOME": str(tmp_path / "airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout.splitlines()[-1])
    assert set(answers) == {"glob", "regexp"}  # an operator may have set either
    for answer in answers.values():
        assert answer["errors"] == {}
        assert answer["imported"] == ["billing_plugin"]
        assert [path for path in answer["taken"] if Path(path).parent != PLUGINS] == []


def test_every_package_in_the_plugins_folder_is_listed():
    lines = (PLUGINS / ".airflowignore").read_text().splitlines()
    listed = {line for line in lines if line and not line.startswith("#")}
    present = {path.parent.name for path in PLUGINS.glob("*/__init__.py")}
    assert "exclusion_rules" in present
    assert present <= listed
    assert listed == set(PACKAGES)
