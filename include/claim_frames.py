"""The three frames in which claims travel from the database to the scrubber and the 837P writer.

One place states their columns, so that the SQL that reads claims, the edits and the writer cannot drift apart:
`ClaimFrames.check` is called where the frames are read and in the tests of both users.

Money is integer cents, days are `datetime64[s]` (NaT when absent), text is `str` (missing is NaN). Nothing here is
ever logged: the frames hold patient data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

#: One row per claim, in order of organization_id, claim_id.
CLAIM_COLUMNS: dict[str, str] = {
    **dict.fromkeys(["claim_id", "organization_id"], "integer"),
    "claim_number": "text",
    "version": "integer",
    **dict.fromkeys(["level", "frequency_code", "payer_claim_control_number"], "text"),
    "total_charge_cents": "integer",
    "place_of_service_code": "text",
    **dict.fromkeys(["invoice_id", "appointment_id"], "integer"),
    "other_claim_number": "text",
    "billing_provider_id": "integer",
    **dict.fromkeys(
        [
            "billing_entity_type",
            "billing_name",
            "billing_first_name",
            "billing_npi",
            "billing_tax_id",
            "billing_tax_id_type",
            "billing_taxonomy_code",
            "billing_address_1",
            "billing_address_2",
            "billing_city",
            "billing_state_code",
            "billing_postal_code",
            "billing_phone",
        ],
        "text",
    ),
    "rendering_staff_id": "integer",
    **dict.fromkeys(
        [
            "rendering_last_name",
            "rendering_first_name",
            "rendering_npi",
            "rendering_taxonomy_code",
            "supervising_last_name",
            "supervising_first_name",
            "supervising_npi",
        ],
        "text",
    ),
    "location_id": "integer",
    **dict.fromkeys(
        [
            "facility_name",
            "facility_npi",
            "facility_address_1",
            "facility_address_2",
            "facility_city",
            "facility_state_code",
            "facility_postal_code",
        ],
        "text",
    ),
    "client_id": "integer",
    **dict.fromkeys(["patient_last_name", "patient_first_name", "patient_middle_name"], "text"),
    "patient_birth_on": "day",
    **dict.fromkeys(
        [
            "patient_sex",
            "patient_address_1",
            "patient_address_2",
            "patient_city",
            "patient_state_code",
            "patient_postal_code",
        ],
        "text",
    ),
    **dict.fromkeys(["policy_id", "insurer_id"], "integer"),
    **dict.fromkeys(
        ["payer_name", "payer_code", "claim_filing_code", "member_id", "group_number", "relationship"], "text"
    ),
    **dict.fromkeys(["policy_starts_on", "policy_ends_on"], "day"),
    **dict.fromkeys(["assignment_of_benefits", "release_of_information"], "flag"),
    **dict.fromkeys(["subscriber_last_name", "subscriber_first_name", "subscriber_middle_name"], "text"),
    "subscriber_birth_on": "day",
    **dict.fromkeys(
        [
            "subscriber_sex",
            "subscriber_address_1",
            "subscriber_address_2",
            "subscriber_city",
            "subscriber_state_code",
            "subscriber_postal_code",
            "authorization_number",
        ],
        "text",
    ),
}

#: One row per claim line, in order of claim_id, line_number.
LINE_COLUMNS: dict[str, str] = {
    **dict.fromkeys(["claim_id", "line_number"], "integer"),
    "service_on": "day",
    **dict.fromkeys(["procedure_code", "modifier_1", "modifier_2", "modifier_3", "modifier_4"], "text"),
    **dict.fromkeys(["unit_count", "charge_cents"], "integer"),
    **dict.fromkeys(["place_of_service_code", "diagnosis_pointers", "sent_claim_number"], "text"),
}

#: One row per claim and rank, in order of claim_id, rank.
DIAGNOSIS_COLUMNS: dict[str, str] = {"claim_id": "integer", "rank": "integer", "diagnosis_code": "text"}

_DTYPES = {"integer": "Int64", "text": "str", "day": "datetime64[s]", "flag": "bool"}


@dataclass(frozen=True)
class ClaimFrames:
    """Claims with their lines and diagnoses; a line or diagnosis never names a claim that is not in `claims`."""

    claims: pd.DataFrame
    lines: pd.DataFrame
    diagnoses: pd.DataFrame

    def check(self) -> None:
        """Raise `ValueError` naming the frame and the columns when a frame does not have the columns stated above."""
        for name, frame, columns in (
            ("claims", self.claims, CLAIM_COLUMNS),
            ("lines", self.lines, LINE_COLUMNS),
            ("diagnoses", self.diagnoses, DIAGNOSIS_COLUMNS),
        ):
            missing = [column for column in columns if column not in frame.columns]
            unknown = [column for column in frame.columns if column not in columns]
            if missing or unknown:
                raise ValueError(f"frame {name}: missing columns {missing}, unknown columns {unknown}")

    def of_claims(self, claim_ids: pd.Series) -> ClaimFrames:
        """The same frames narrowed to `claim_ids`, order kept, index renumbered."""
        return ClaimFrames(
            *(
                frame[frame["claim_id"].isin(claim_ids)].reset_index(drop=True)
                for frame in (self.claims, self.lines, self.diagnoses)
            )
        )


def as_frame(rows: dict[str, list[object]], columns: dict[str, str]) -> pd.DataFrame:
    """A frame with exactly `columns` in their stated types from lists of equal length; absent columns are missing."""
    length = len(next(iter(rows.values()), []))
    unknown = sorted(set(rows) - set(columns))
    if unknown:
        raise ValueError(f"unknown columns {unknown}")
    frame: dict[str, Any] = {}
    for column, kind in columns.items():
        values = rows.get(column, [None] * length)
        if kind == "day":
            frame[column] = pd.Series(pd.to_datetime(pd.Series(values, dtype="object")), dtype="datetime64[s]")
        elif kind == "flag":
            frame[column] = pd.Series([bool(value) for value in values], dtype="bool")
        else:
            frame[column] = pd.Series(values, dtype=_DTYPES[kind])
    return pd.DataFrame(frame)
