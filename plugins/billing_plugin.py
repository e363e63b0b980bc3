"""What the project adds to Airflow: registration only, the behaviour is in the packages beside this file."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from nightly_schedule.timetable import NightlyTimetable

# Task processes are forked from scheduler and worker and inherit what is imported here: a step then starts in under a
# second instead of three. The first visitor of the settings page must not wait for it either. Every other process (DAG
# processor, triggerer, each command line call) would only pay. By name, because to a linter the imports look unused.
_STEPS = {
    "scheduler": ("invoice_creation", "invoice_processing", "claims_submission", "clearinghouse_inbox"),
    "celery worker": ("invoice_creation", "invoice_processing", "claims_submission", "clearinghouse_inbox"),
    "api-server": ("invoice_creation", "invoice_processing", "claims_submission"),
}
for _command, _packages in _STEPS.items():
    if sys.argv[1 : 1 + len(_command.split())] == _command.split():
        for _package in _packages:
            importlib.import_module(f"include.{_package}.steps")

_PAGE = "/automation-settings"


async def settings_page(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """The settings page as an ASGI app. Imported at its first request, because Airflow loads this file everywhere."""
    from automation_settings.airflow_host import app

    await app(scope, receive, send)


class BillingPlugin(AirflowPlugin):  # type: ignore[misc]  # Airflow is not seen by mypy
    """The timetable must be listed here, or no DAG that uses it can be serialized."""

    name = "billing"
    timetables = [NightlyTimetable]  # noqa: RUF012  # the base class declares plain lists
    fastapi_apps = [{"app": settings_page, "url_prefix": _PAGE, "name": "Automation Settings"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "Automation Settings",
            "href": f"{_PAGE}/",
            "destination": "nav",
            "nav_top_level": True,
            "url_route": "automation_settings",
            "icon": f"{_PAGE}/static/icon.svg",
        },
        # From a red task instance or run to the organizations it is about.
        *(
            {
                "name": "Organizations",
                "href": f"{_PAGE}/runs?dag_id={{DAG_ID}}&run_id={{RUN_ID}}",
                "destination": destination,
                "url_route": f"organizations_of_{destination}",
            }
            for destination in ("dag_run", "task_instance")
        ),
    ]
