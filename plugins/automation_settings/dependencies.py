"""What every page begins with: who asks, whether they may, the organization, a connection.

The checks are here and nowhere else: a page that takes `Page` or `Change` has passed them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import psycopg
from fastapi import Depends, HTTPException, Request
from itsdangerous import BadData, URLSafeTimedSerializer

from automation_settings.visitors import DAG_OF_AUTOMATION, Host, Visitor
from include.settings.organizations import Organization, read_organization

CSRF_HEADER: Final = "X-CSRF-Token"
_CSRF_SECONDS: Final = 12 * 60 * 60


def identify_visitor() -> Visitor:
    """Nobody, so 401, until the host's own way to identify somebody takes its place (`build_app`)."""
    raise HTTPException(401, "Not authenticated")


def require_reader(visitor: Annotated[Visitor, Depends(identify_visitor)]) -> Visitor:
    """Somebody who may read the billing DAGs; 401 and 403 otherwise. Every route depends on it."""
    if not visitor.may_read:
        raise HTTPException(403, "You may not see the billing automations: ask for read access to their DAGs.")
    return visitor


Reader = Annotated[Visitor, Depends(require_reader)]


def host_of(request: Request) -> Host:
    """What the app was built with."""
    host: Host = request.app.state.host
    return host


def open_connection(request: Request) -> Iterator[psycopg.Connection[Any]]:
    """One connection per request, shared by its dependencies."""
    with host_of(request).connect() as connection:
        yield connection


Database = Annotated[psycopg.Connection[Any], Depends(open_connection)]


@dataclass(frozen=True)
class PageContext:
    """Everything a page of one organization needs. `now` is aware, UTC."""

    connection: psycopg.Connection[Any]
    visitor: Visitor
    organization: Organization
    now: datetime

    def may_edit(self, automation: str) -> bool:
        """Whether the visitor may change the automation's settings and move its items."""
        return automation in self.visitor.editable


def open_page(organization_id: int, visitor: Reader, connection: Database) -> PageContext:
    """The organization of the path; 404 when there is none or the visitor may not see it: both look the same."""
    organization = read_organization(connection, visitor.principals, organization_id)
    if organization is None:
        raise HTTPException(404, "There is no such organization, or you may not see it.")
    return PageContext(connection, visitor, organization, datetime.now(UTC))


Page = Annotated[PageContext, Depends(open_page)]


def csrf_token(request: Request, visitor: Visitor) -> str:
    """What a form of this page must bring along: the visitor's name and the time, signed."""
    return _serializer(request).dumps(visitor.name)


def _serializer(request: Request) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(host_of(request).csrf_secret, salt="automation_settings.csrf")


def require_own_form(request: Request, visitor: Reader) -> None:
    """403 unless the request comes from a page that this visitor was shown within the last twelve hours."""
    try:
        name = _serializer(request).loads(request.headers.get(CSRF_HEADER, ""), max_age=_CSRF_SECONDS)
    except BadData:
        name = None
    if name != visitor.name or request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise HTTPException(403, "This form is too old or not from this page: load the page again.")


def open_change(automation: str, page: Page, own_form: Annotated[None, Depends(require_own_form)]) -> PageContext:
    """A page that may change something of the automation of the path; 403 for who may not edit its DAG."""
    if automation not in DAG_OF_AUTOMATION:
        raise HTTPException(404, "There is no such automation.")
    if not page.may_edit(automation):
        raise HTTPException(403, "You may look but not change: ask for edit access to the automation's DAG.")
    return page


Change = Annotated[PageContext, Depends(open_change)]
