"""The page inside Airflow: its login and rights, the connection `billing_settings`, its secret key.

The only module of the page that imports Airflow.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final, Literal

import psycopg
from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.configuration import conf
from airflow.sdk.exceptions import AirflowNotFoundException
from fastapi import HTTPException

from automation_settings.app import build_app
from automation_settings.visitors import DAG_OF_AUTOMATION, Host, Visitor
from include.airflow_support import open_connection
from include.settings.history import SOFTWARE

CONNECTION_ID: Final = "billing_settings"


def identify(user: GetUserDep) -> Visitor:
    """Who is logged in to Airflow, and which billing DAGs they may read and edit."""
    name = str(user.get_name())
    return Visitor(
        name=name,
        principals=(("user", name), *(("role", role) for role in _roles(user))),
        # History could not tell them from the software.
        may_read=name not in SOFTWARE and all(_may("GET", user, dag_id) for dag_id in set(DAG_OF_AUTOMATION.values())),
        editable=frozenset(one for one, dag_id in DAG_OF_AUTOMATION.items() if _may("PUT", user, dag_id)),
    )


def _may(method: Literal["GET", "PUT"], user: Any, dag_id: str) -> bool:
    return bool(get_auth_manager().is_authorized_dag(method=method, user=user, details=DagDetails(id=dag_id)))


def _roles(user: Any) -> list[str]:
    """Names of the user's roles: auth managers keep one `role` (simple) or several `roles` (FAB); others none."""
    one = getattr(user, "role", None)
    several = getattr(user, "roles", None) or ([] if one is None else [one])
    return [str(getattr(role, "name", role)) for role in several]


@contextmanager
def connect() -> Iterator[psycopg.Connection[Any]]:
    """A connection that may do what the page may, whatever its login may besides."""
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(open_connection(CONNECTION_ID))
        except AirflowNotFoundException:
            raise HTTPException(
                503, f"The Airflow connection {CONNECTION_ID} does not exist: data-ops add it (docs/deployment.md)."
            ) from None
        connection.execute("SET ROLE billing_settings")
        connection.execute(
            "SELECT set_config('lock_timeout', '5s', false), set_config('statement_timeout', '30s', false)"
        )
        yield connection


app = build_app(Host(identify, connect, conf.get_mandatory_value("api", "secret_key")))
