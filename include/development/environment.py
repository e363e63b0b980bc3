"""Where the development set-up keeps its files, and the environment of every Airflow process it starts.

Everything lies under ``<checkout>/.local`` (``BILLING_LOCAL_DIR`` names another folder). Variables a person has set
win over the ones made here, so that one setting can be tried without editing a file.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

CHECKOUT = Path(__file__).resolve().parents[2]
PIPELINE_ROLE = "billing_pipeline"
SETTINGS_ROLE = "billing_settings"
UI_USER = "admin"
DEFAULT_UI_PORT = 8080

# Settings of Airflow that are the same for everybody. Secrets, paths and addresses are added by airflow_environment.
AIRFLOW_SETTINGS: Mapping[str, str] = {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    # Two cores are the floor: a third task keeps them busy while the other two wait for PostgreSQL.
    "AIRFLOW__CORE__PARALLELISM": "3",
    # Runs of all buckets may be open at once (eleven buckets, and a backfill beside them).
    "AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG": "32",
    "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": "64",
    # A worker looks at a task that ended only once per heartbeat; with the default of 5 s small tasks take 5 s each.
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
    "AIRFLOW__CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{UI_USER}:admin",
    "AIRFLOW__CORE__DEFAULT_TIMEZONE": "utc",
    "AIRFLOW__API__HOST": "127.0.0.1",
    "AIRFLOW__API__WORKERS": "1",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    # macOS aborts a forked child that asks the system for its proxies; there are none to ask for.
    "NO_PROXY": "*",
}


def local_dir() -> Path:
    """The folder of everything the set-up writes. Made (mode 700) when it is missing."""
    path = Path(os.environ.get("BILLING_LOCAL_DIR") or CHECKOUT / ".local").absolute()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def postgres_dir() -> Path:
    """The data directory of the embedded PostgreSQL."""
    return local_dir() / "postgres"


def outbox_dir() -> Path:
    """Where the 837P files are delivered: ``BILLING_OUTBOX_DIR``, else a folder made here."""
    return _exchange_dir(os.environ.get("BILLING_OUTBOX_DIR"), "outbox")


def inbox_dir() -> Path:
    """Where the answers of the clearinghouse come: ``BILLING_INBOX_DIR``, else a folder made here."""
    return _exchange_dir(os.environ.get("BILLING_INBOX_DIR"), "inbox")


def _exchange_dir(given: str | None, name: str) -> Path:
    """A folder somebody names is never made: when it is missing, a disk is not mounted or the name is wrong."""
    if given:
        return Path(given)
    path = local_dir() / name
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def logs_dir() -> Path:
    """Where the services write what they print (the logs of tasks lie in ``airflow/logs``)."""
    path = local_dir() / "logs"
    path.mkdir(exist_ok=True)
    return path


def ui_port() -> int:
    """The port ``make up`` listens on: ``BILLING_UI_PORT``, else 8080."""
    return int(os.environ.get("BILLING_UI_PORT") or DEFAULT_UI_PORT)


def ui_login() -> tuple[str, str]:
    """User and password of the Airflow UI and API; the password is made at the first call and kept."""
    return UI_USER, str(_secrets()["ui_password"])


def with_query(url: str, **parameters: str) -> str:
    """``url`` with query parameters added; a parameter it already has is replaced, ``options`` is appended to."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name, value in parameters.items():
        query[name] = f"{query[name]} {value}" if name == "options" and query.get(name) else value
    # %20, not +: libpq does not read a plus sign as a space.
    encoded = urlencode(query, quote_via=quote, safe="/")
    # geturl() would drop the empty authority of postgresql:///billing, which libpq needs.
    return f"{parts.scheme}://{parts.netloc}{parts.path}" + (f"?{encoded}" if encoded else "")


def with_database(url: str, database: str) -> str:
    """``url`` pointing at another database of the same server."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{database}"))


def pipeline_url(owner_url: str) -> str:
    """The billing database as the nightly runs open it: same login, but every session starts in the role
    ``billing_pipeline``, which can read and write what a run needs and change no table definition.

    The login must be a member of that role (the migrations see to it).
    """
    return with_query(owner_url, options=f"-crole={PIPELINE_ROLE}")


def settings_url(owner_url: str) -> str:
    """The billing database as the settings page opens it: same login, in the role ``billing_settings``.

    The login must be a member of that role and of ``billing_preview``, which a preview changes into.
    """
    return with_query(owner_url, options=f"-crole={SETTINGS_ROLE}")


def airflow_environment(owner_url: str, metadata_url: str, *, port: int) -> dict[str, str]:
    """The whole environment of an Airflow process.

    ``owner_url`` is the billing database as its owner opens it. It is not passed on: tasks get the connection
    ``billing_database`` in the role of the pipeline, the settings page ``billing_settings`` in its own.
    """
    home = local_dir() / "airflow"
    home.mkdir(mode=0o700, exist_ok=True)
    keys = _secrets()
    passwords = home / "simple_auth_manager_passwords.json.generated"
    _write_private(passwords, json.dumps({UI_USER: keys["ui_password"]}) + "\n")
    made = {
        **AIRFLOW_SETTINGS,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(CHECKOUT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(CHECKOUT / "plugins"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata_url,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__API_AUTH__JWT_SECRET": keys["jwt_secret"],
        "AIRFLOW__API__SECRET_KEY": keys["api_secret"],
        "AIRFLOW__CORE__FERNET_KEY": keys["fernet_key"],
        "BILLING_OUTBOX_DIR": str(outbox_dir()),
        "BILLING_INBOX_DIR": str(inbox_dir()),
        "AIRFLOW_CONN_BILLING_DATABASE": pipeline_url(owner_url),
        "AIRFLOW_CONN_BILLING_SETTINGS": settings_url(owner_url),
    }
    environment = {**made, **os.environ}
    environment.pop("BILLING_DATABASE_URL", None)
    # The port may differ from the configured one (make run takes a free one), so these three always agree with it.
    environment["AIRFLOW__API__PORT"] = str(port)
    environment["AIRFLOW__API__BASE_URL"] = f"http://127.0.0.1:{port}"
    environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] = f"http://127.0.0.1:{port}/execution/"
    search_path = [
        str(CHECKOUT),
        str(CHECKOUT / "plugins"),
        *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)),
    ]
    environment["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(search_path))
    environment["PYTHONUNBUFFERED"] = "1"
    return environment


def _secrets() -> dict[str, str]:
    """The generated keys and the password of this set-up, made once, readable by the owner only."""
    path = local_dir() / "secrets.json"
    if not path.exists():
        keys = {
            "jwt_secret": secrets.token_urlsafe(48),
            "api_secret": secrets.token_urlsafe(32),
            "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii"),
            "ui_password": secrets.token_urlsafe(12),
        }
        _write_private(path, json.dumps(keys, indent=2) + "\n", keep_existing=True)
    loaded: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def _write_private(path: Path, text: str, *, keep_existing: bool = False) -> None:
    """Writes ``text`` whole or not at all, mode 600 from the first byte; two callers at once leave one result."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    try:
        if keep_existing:
            # link refuses to replace a file another process has made meanwhile; its secrets then count.
            os.link(temporary, path)
        else:
            os.replace(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink(missing_ok=True)
