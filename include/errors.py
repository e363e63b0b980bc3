"""Errors whose text may be shown and logged anywhere: they never hold patient data.

Every other exception that leaves a step is replaced by one of these at the border to Airflow
(`include.airflow_support`), because the text of a database or parser error may quote a row.
"""

from __future__ import annotations

from pathlib import Path


class BillingError(Exception):
    """Something is wrong with data or configuration; trying again does not help. The text says what to do."""


class Unavailable(Exception):
    """Something outside is not there for the moment (database, folder, receiver); trying again may help."""


def error_place(error: Exception) -> str:
    """File and line where an error arose: the innermost of ours, or else the outermost of all.

    Not of the modules that every statement or step runs through, so that they say nothing. And not of what is
    installed in `.venv`, which may lie in our folder.
    """
    place = "?"
    trace = error.__traceback__
    include = Path(__file__).resolve().parent
    ours = {include, include.parent / "plugins", include.parent / "dags"}
    silent = {
        include / "database.py",
        include / "airflow_support.py",
        include.parent / "plugins" / "automation_settings" / "responses.py",
    }
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename).resolve()
        if place == "?" or (not ours.isdisjoint(file.parents) and file not in silent):
            place = f"{file.name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
