"""The edits by topic; importing this package enters them all in the catalogue."""

from include.claims_scrubber.edits import (
    demographics,
    diagnoses,
    duplicates,
    payers,
    providers,
    service_lines,
)

__all__ = ["demographics", "diagnoses", "duplicates", "payers", "providers", "service_lines"]
