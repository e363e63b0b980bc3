"""Who changed what and when."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from automation_settings.dependencies import Page
from automation_settings.rendering import render
from include.settings.history import read_history

router = APIRouter()


@router.get("/organizations/{organization_id}/history")
def show_history(
    request: Request,
    page: Page,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    about: Literal["all", "settings", "items"] = "all",
) -> HTMLResponse:
    """Changes of people, newest first, a page at a time."""
    changes, next_before = read_history(
        page.connection,
        page.organization.organization_id,
        before_id=before,
        is_settings={"all": None, "settings": True, "items": False}[about],
    )
    return render(
        request,
        "history/tab.html",
        page,
        tab="history",
        changes=changes,
        next_before=next_before,
        about=about,
        before=before,
    )
