"""Templates: HTML that escapes what it shows, the words that several pages share, and messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from automation_settings.dependencies import PageContext, csrf_token

#: Where Airflow mounts the app (billing_plugin).
_PREFIX: Final = "/automation-settings"

_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(
    request: Request,
    template: str,
    page: PageContext | None = None,
    *,
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """The template with `page` (the organization, who looks) and the values it names."""
    base = request.scope.get("root_path", "")
    text = _TEMPLATES.get_template(template).render(
        base=base,
        airflow=base.removesuffix(_PREFIX),
        csrf_token=csrf_token(request, page.visitor) if page else None,
        page=page,
        organization=page.organization if page else None,
        **values,
    )
    return HTMLResponse(text, status_code=status_code, headers=dict(headers or {}))


def render_message(
    request: Request, text: str, *, status_code: int = 200, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """A message: into the page's message line when htmx asks, a page of its own otherwise."""
    if status_code == 401 and "HX-Request" in request.headers:
        # The page stays as it is, with whatever is typed into it.
        text = "Your login has ended: log in to Airflow in another window, then try again here."
    if "HX-Request" in request.headers:
        return render(
            request,
            "message.html",
            status_code=status_code,
            headers={**(headers or {}), "HX-Retarget": "#message", "HX-Reswap": "outerHTML"},
            text=text,
            kind="good" if status_code < 400 else "error",
            is_extra=False,
        )
    template = "login.html" if status_code == 401 else "problem.html"
    return render(request, template, status_code=status_code, headers=headers, text=text)


def _day(value: date | None) -> str:
    """Tue, Nov 24, 2026."""
    return f"{value:%a, %b} {value.day}, {value.year}" if value else ""


def _instant(value: datetime | None, timezone: str) -> str:
    """Local time of an instant: Tue, Nov 24, 2026, 21:00."""
    return f"{_day(local.date())}, {local:%H:%M}" if value and (local := value.astimezone(ZoneInfo(timezone))) else ""


def _utc(value: datetime | None) -> str:
    """2026-11-25 04:00 UTC."""
    return f"{value.astimezone(ZoneInfo('UTC')):%Y-%m-%d %H:%M} UTC" if value else ""


def _dollars(value: Any) -> str:
    """$1,234.50; nothing for no amount."""
    return "" if value is None else f"${value:,.2f}"


def _counted(number: int, noun: str, plural: str | None = None) -> str:
    """1 claim, 2 claims."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


_TEMPLATES.filters |= {"day": _day, "instant": _instant, "utc": _utc, "dollars": _dollars, "counted": _counted}
