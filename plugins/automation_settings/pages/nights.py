"""The last nights of an organization, and the way from an Airflow run to its organizations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from automation_settings.dependencies import Database, Page, Reader
from automation_settings.rendering import render
from include.settings.automations import AUTOMATION_LABELS
from include.settings.nights import Night, list_run_organizations, read_nights

router = APIRouter()

#: Of the charts, in pixels.
_BAR_WIDTH: Final = 14
_CHART_HEIGHT: Final = 64


@dataclass(frozen=True)
class Bar:
    """One night in a chart; heights in pixels, from the ground up: advanced, waiting, needing a person."""

    night: date
    x: int
    parts: tuple[tuple[str, int, int], ...]  # (CSS class, y, height)
    title: str


@dataclass(frozen=True)
class Chart:
    """The nights of one automation, oldest left."""

    automation: str
    label: str
    width: int
    height: int
    bars: tuple[Bar, ...]
    summary: str


@router.get("/organizations/{organization_id}/nights")
def show_nights(request: Request, page: Page) -> HTMLResponse:
    """A chart per automation and a table, both of the same runs."""
    nights = read_nights(page.connection, page.organization, page.now)
    return render(
        request,
        "nights/tab.html",
        page,
        tab="nights",
        nights=[(night, list(runs)) for night, runs in groupby(nights, key=lambda one: one.night)],
        charts=[build_chart(one, nights) for one in AUTOMATION_LABELS if any(n.automation == one for n in nights)],
        labels=AUTOMATION_LABELS,
    )


@router.get("/runs")
def show_run(
    request: Request,
    visitor: Reader,
    connection: Database,
    dag_id: Annotated[str, Query(max_length=250)],
    run_id: Annotated[str, Query(max_length=250)],
) -> HTMLResponse:
    """The organizations an Airflow run was for, those with work for a person first."""
    organizations = list_run_organizations(connection, visitor.principals, dag_id, run_id)
    return render(
        request,
        "nights/run.html",
        label=AUTOMATION_LABELS.get(dag_id),
        automation=dag_id,
        organizations=organizations,
    )


def build_chart(automation: str, nights: Sequence[Night]) -> Chart:
    """The chart of an automation; every night of all automations has its place, also one without a run."""
    days = sorted({one.night for one in nights})
    runs = {one.night: one for one in nights if one.automation == automation}
    highest = max((one.item_count for one in runs.values()), default=0) or 1
    bars = []
    for place, day in enumerate(days):
        run = runs.get(day)
        if run is None:
            continue
        parts, y = [], _CHART_HEIGHT
        for name, count in (
            ("advanced", run.advanced_count),
            ("waiting", run.waiting_count),
            ("attention", run.held_count + run.stopped_count),
        ):
            # A single item must be seen beside a thousand.
            height = max(2, round(count / highest * (_CHART_HEIGHT - 8))) if count else 0
            y -= height
            parts.append((name, y, height))
        title = (
            f"{day}: {run.advanced_count} advanced, {run.waiting_count} waiting, "
            f"{run.held_count + run.stopped_count} need a person"
        )
        bars.append(Bar(day, place * _BAR_WIDTH, tuple(parts), title))
    total = sum(one.advanced_count for one in runs.values())
    return Chart(
        automation,
        AUTOMATION_LABELS[automation],
        len(days) * _BAR_WIDTH,
        _CHART_HEIGHT,
        tuple(bars),
        f"{total:,} advanced in {len(runs)} nights",
    )
