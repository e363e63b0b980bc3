"""What the project adds to Airflow: registration only, the behaviour is in the packages beside this file."""

from __future__ import annotations

import sys

from airflow.plugins_manager import AirflowPlugin

from nightly_schedule.timetable import NightlyTimetable

# Task processes are forked from these two and inherit what is imported here: a step then starts in under a second
# instead of three. Every other process (api-server, DAG processor, triggerer, each command line call) would only pay
# for it.
if sys.argv[1:2] == ["scheduler"] or sys.argv[1:3] == ["celery", "worker"]:
    import include.claims_submission.steps
    import include.clearinghouse_inbox.steps
    import include.invoice_creation.steps
    import include.invoice_processing.steps  # noqa: F401


class BillingPlugin(AirflowPlugin):  # type: ignore[misc]  # Airflow is not seen by mypy
    """The timetable must be listed here, or no DAG that uses it can be serialized."""

    name = "billing"
    timetables = [NightlyTimetable]  # noqa: RUF012  # the base class declares a plain list
