"""The claims scrubber: edits over whole frames of claims, and what they found.

Knows neither Airflow nor the database: `include.claim_frames` states its input. Importing the package enters all edits
in the catalogue.
"""

from include.claims_scrubber import edits as _edits  # noqa: F401  (entering them in the catalogue is the point)
from include.claims_scrubber.catalogue import Edit, catalogue, catalogue_version, edit_of, render
from include.claims_scrubber.references import REFERENCE_KEYS, REFERENCE_TABLES, References, Release
from include.claims_scrubber.scrub import EditFailedError, ScrubResult, scrub
from include.claims_scrubber.severities import SEVERITIES, SEVERITY_COLUMNS

__all__ = [
    "REFERENCE_KEYS",
    "REFERENCE_TABLES",
    "SEVERITIES",
    "SEVERITY_COLUMNS",
    "Edit",
    "EditFailedError",
    "References",
    "Release",
    "ScrubResult",
    "catalogue",
    "catalogue_version",
    "edit_of",
    "render",
    "scrub",
]
