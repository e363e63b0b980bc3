"""The settings page without Airflow: the same app, with a visitor that the test chooses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
from fastapi import HTTPException, Request
from starlette.testclient import TestClient

from automation_settings.app import build_app
from automation_settings.visitors import DAG_OF_AUTOMATION, Host, Visitor
from include.database import connect

EDITOR = Visitor("kim", (("user", "kim"), ("role", "user")), True, frozenset(DAG_OF_AUTOMATION))
VIEWER = Visitor("sam", (("user", "sam"), ("role", "viewer")), True, frozenset())
#: Logged in, but may not read the DAGs.
OUTSIDER = Visitor("eve", (("user", "eve"), ("role", "public")), False, frozenset())
VISITORS = {one.name: one for one in (EDITOR, VIEWER, OUTSIDER)}

Connect = Callable[[], AbstractContextManager[psycopg.Connection[Any]]]
_SECRET = "secret of the tests"


@contextmanager
def settings_connection(url: str) -> Iterator[psycopg.Connection[Any]]:
    """As the page opens it: autocommit, in the role billing_settings."""
    with connect(url) as connection:
        connection.autocommit = True
        connection.execute("SET ROLE billing_settings")
        yield connection


def open_page(
    url: str, visitor: Visitor | None = EDITOR, *, csrf: bool = True, connect: Connect | None = None
) -> TestClient:
    """A client of the page on the database `url`; forms are sent as htmx sends them.

    `visitor` None: nobody is logged in; `connect`: another way to the database than a connection for each request. The
    visitor sees the organizations that billing.organization_access gives them.
    """

    def identify(request: Request) -> Visitor:
        if visitor is None:
            raise HTTPException(401, "Not authenticated")
        return visitor

    app = build_app(Host(identify, connect or (lambda: settings_connection(url)), _SECRET))
    client = TestClient(app, base_url="http://testserver", follow_redirects=False)
    if visitor is not None and csrf:
        from itsdangerous import URLSafeTimedSerializer

        token = URLSafeTimedSerializer(_SECRET, salt="automation_settings.csrf").dumps(visitor.name)
        client.headers["X-CSRF-Token"] = token
    return client


def grant_all(url: str, *visitors: Visitor) -> None:
    """Let the visitors (by default the editor and the viewer) see every organization."""
    with connect(url) as connection:
        for one in visitors or (EDITOR, VIEWER):
            connection.execute("SELECT billing.grant_access('user', %s)", (one.name,))
