"""Errors whose text may be shown and logged anywhere: they never hold patient data.

Every other exception that leaves a step is replaced by one of these at the border to Airflow
(`include.airflow_support`), because the text of a database or parser error may quote a row.
"""

from __future__ import annotations


class BillingError(Exception):
    """Something is wrong with data or configuration; trying again does not help. The text says what to do."""


class Unavailable(Exception):
    """Something outside is not there for the moment (database, folder, receiver); trying again may help."""
