"""What the automations are called, on every page, in the order of an item's way."""

from __future__ import annotations

from typing import Final

AUTOMATION_LABELS: Final = {
    "invoice_creation": "Invoice Creation",
    "invoice_processing": "Invoice Processing",
    "claims_submission": "Claims Submission",
    "era_processing": "ERA Processing",
}
