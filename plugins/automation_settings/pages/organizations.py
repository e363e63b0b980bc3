"""The way in: pick an organization by name; from an Airflow run, the organizations it was for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, PlainTextResponse

from automation_settings.dependencies import CSRF_HEADER, Database, Reader, csrf_token
from automation_settings.rendering import render
from include.settings.organizations import list_organizations

router = APIRouter()


@router.get("/")
def pick_organization(
    request: Request, visitor: Reader, connection: Database, text: Annotated[str, Query(max_length=100)] = ""
) -> HTMLResponse:
    """Organizations whose name or id contains the text; only the list when htmx asks for it."""
    organizations, total_count = list_organizations(connection, visitor.principals, text)
    template = "organizations/list.html" if "HX-Request" in request.headers else "organizations/pick.html"
    return render(request, template, organizations=organizations, total_count=total_count, text=text)


@router.get("/token")
def renew_token(request: Request, visitor: Reader) -> PlainTextResponse:
    """A new token for the forms of a page that has been open for long; another origin cannot read it."""
    return PlainTextResponse("renewed", headers={CSRF_HEADER: csrf_token(request, visitor)})
