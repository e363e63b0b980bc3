"""The pages: one router per tab."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from automation_settings.pages import exceptions, history, nights, organizations, preview, rules, settings

#: Every router of the app.
PAGES: Final[tuple[APIRouter, ...]] = (
    organizations.router,
    settings.router,
    rules.router,
    preview.router,
    exceptions.router,
    nights.router,
    history.router,
)
