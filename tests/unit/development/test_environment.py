"""Addresses, secrets and the environment of Airflow's processes."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import psycopg
import pytest

from include.development import environment

OWNER_URL = "postgresql://postgres@/billing?host=/tmp/socket-folder"


@pytest.fixture(autouse=True)
def local_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    names = ["BILLING_INBOX_DIR", "BILLING_OUTBOX_DIR", "BILLING_UI_PORT"]
    for name in [*names, "AIRFLOW__CORE__PARALLELISM", "AIRFLOW__CORE__DAGS_FOLDER"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BILLING_LOCAL_DIR", str(tmp_path / "local"))
    return tmp_path / "local"


def made() -> dict[str, str]:
    return environment.airflow_environment(OWNER_URL, "postgresql+psycopg2://postgres@/airflow", port=18080)


def test_the_url_of_the_pipeline_keeps_socket_and_database_and_adds_the_role() -> None:
    read = psycopg.conninfo.conninfo_to_dict(environment.pipeline_url(OWNER_URL))

    assert read == {
        "user": "postgres",
        "dbname": "billing",
        "host": "/tmp/socket-folder",
        "options": "-crole=billing_pipeline",
    }


def test_options_of_the_owner_are_kept_beside_the_role() -> None:
    url = environment.pipeline_url(
        "postgresql://owner:p%40ss@db.example:6432/billing?options=-cjit%3Doff&sslmode=require"
    )

    read = psycopg.conninfo.conninfo_to_dict(url)

    assert read["options"] == "-cjit=off -crole=billing_pipeline"
    assert (read["user"], read["password"], read["host"], read["port"]) == ("owner", "p@ss", "db.example", "6432")
    assert read["sslmode"] == "require"


def test_tasks_get_the_pipeline_connection_and_not_the_owners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_DATABASE_URL", OWNER_URL)

    settings = made()

    assert "BILLING_DATABASE_URL" not in settings
    assert settings["AIRFLOW_CONN_BILLING_DATABASE"] == environment.pipeline_url(OWNER_URL)


def test_secrets_are_made_once_and_only_their_owner_can_read_them(local_dir: Path) -> None:
    first = made()
    second = made()

    names = ("AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API__SECRET_KEY")
    assert [first[name] for name in names] == [second[name] for name in names]
    assert len({first[name] for name in names}) == 3
    passwords = Path(first["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    for path in (local_dir / "secrets.json", passwords):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(local_dir.stat().st_mode) == 0o700
    assert json.loads(passwords.read_text()) == dict([environment.ui_login()])


def test_another_folder_has_other_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = environment.ui_login()
    monkeypatch.setenv("BILLING_LOCAL_DIR", str(tmp_path / "another"))

    assert environment.ui_login() != first


def test_a_setting_somebody_made_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    assert made()["AIRFLOW__CORE__PARALLELISM"] == "3"
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "7")
    assert made()["AIRFLOW__CORE__PARALLELISM"] == "7"


def test_port_and_addresses_of_the_api_agree_whatever_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__PORT", "9999")

    settings = made()

    assert settings["AIRFLOW__API__PORT"] == "18080"
    assert settings["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:18080"
    assert settings["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:18080/execution/"
    assert settings["AIRFLOW__API__HOST"] == "127.0.0.1"


def test_airflow_finds_the_dags_and_the_packages_of_the_checkout() -> None:
    settings = made()

    assert settings["AIRFLOW__CORE__DAGS_FOLDER"] == str(environment.CHECKOUT / "dags")
    assert settings["PYTHONPATH"].split(":")[:2] == [str(environment.CHECKOUT), str(environment.CHECKOUT / "plugins")]
    assert (environment.CHECKOUT / "include" / "development").is_dir()


def test_with_database_changes_the_database_only() -> None:
    assert environment.with_database("postgresql://me@db:1/billing?sslmode=require", "airflow") == (
        "postgresql://me@db:1/airflow?sslmode=require"
    )


@pytest.mark.parametrize(("variable", "name"), [("BILLING_OUTBOX_DIR", "outbox"), ("BILLING_INBOX_DIR", "inbox")])
def test_outbox_and_inbox_are_made_unless_somebody_names_another(
    local_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, name: str
) -> None:
    assert made()[variable] == str(local_dir / name)
    assert stat.S_IMODE((local_dir / name).stat().st_mode) == 0o700

    monkeypatch.setenv(variable, str(tmp_path / "not-mounted"))
    assert made()[variable] == str(tmp_path / "not-mounted")
    assert not (tmp_path / "not-mounted").exists()
