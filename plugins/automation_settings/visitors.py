"""Who looks at the page, and what the page needs from whoever hosts it (Airflow, or a test)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

import psycopg

#: Automation -> the DAG that runs it: who may edit that DAG may change the automation's settings.
DAG_OF_AUTOMATION: Final = {
    "invoice_creation": "invoice_creation",
    "invoice_processing": "invoice_processing",
    "claims_submission": "claims_submission",
    "era_processing": "clearinghouse_inbox",
}


@dataclass(frozen=True)
class Visitor:
    """A person who is logged in. `principals`: ('user', name) and ('role', name) as they may stand in
    billing.organization_access; `editable`: the automations whose DAG they may edit."""

    name: str
    principals: tuple[tuple[str, str], ...]
    may_read: bool
    editable: frozenset[str]


@dataclass(frozen=True)
class Host:
    """What the page gets from outside.

    `identify`: a FastAPI dependency that returns the `Visitor` or raises 401; `connect`: a connection to the billing
    database in the role billing_settings, in autocommit; `csrf_secret`: signs what proves that a form came from this
    page.
    """

    identify: Callable[..., Any]
    connect: Callable[[], AbstractContextManager[psycopg.Connection[Any]]]
    csrf_secret: str
