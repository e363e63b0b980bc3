"""The frames in which claims travel from the database to the scrubber and the 837P writer.

One place states their columns, so that the SQL that reads claims, the edits and the writer cannot drift apart:
`ClaimFrames.check` is called where the frames are read and in the tests of both users.

Money is integer cents, days are `datetime64[s]` (NaT when absent), text is `str` (missing is NaN). Nothing here is
ever logged: the frames hold patient data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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
            # Where payments go when not to the billing address (2010AB).
            "pay_to_address_1",
            "pay_to_address_2",
            "pay_to_city",
            "pay_to_state_code",
            "pay_to_postal_code",
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
            "rendering_license_type",
            "supervising_last_name",
            "supervising_first_name",
            "supervising_npi",
            # 1 person, 2 organization; absent: nobody referred.
            "referring_entity_type",
            "referring_last_name",
            "referring_first_name",
            "referring_npi",
        ],
        "text",
    ),
    # Who held the session: not the rendering provider where a supervisee is billed under the supervisor.
    "treating_staff_id": "integer",
    "treating_license_type": "text",
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
    # The authorization in force for the client, insurer and service; visits: how many other live claims have used it.
    **dict.fromkeys(["authorization_starts_on", "authorization_ends_on"], "day"),
    **dict.fromkeys(["authorization_visit_limit", "authorization_visit_count"], "integer"),
    # None is in force, and the newest one ended on this day.
    "lapsed_authorization_on": "day",
    # auto, employment or other; absent: the condition comes from no accident.
    "accident_cause": "text",
    "accident_on": "day",
    **dict.fromkeys(["accident_state_code", "claim_note"], "text"),
    "session_minutes": "integer",
    # video or audio; absent: in person.
    "telehealth": "text",
    # signed, unsigned, awaiting_cosignature or missing.
    "note_status": "text",
    # Another live claim whose session of the same clinician overlaps this one in time.
    "overlapping_claim_number": "text",
    # Newest earlier day on which the same client has a live claim with 90791 or 90792.
    "prior_evaluation_on": "day",
    # Policies of the claim's level in force on the service date.
    "policies_at_level": "integer",
    # Of the parts an invoice of more than fifty lines is split into.
    **dict.fromkeys(["part", "part_count"], "integer"),
}

#: One row per claim line, in order of claim_id, line_number.
LINE_COLUMNS: dict[str, str] = {
    **dict.fromkeys(["claim_id", "line_number"], "integer"),
    "service_on": "day",
    **dict.fromkeys(["procedure_code", "modifier_1", "modifier_2", "modifier_3", "modifier_4"], "text"),
    **dict.fromkeys(["unit_count", "charge_cents"], "integer"),
    **dict.fromkeys(["place_of_service_code", "diagnosis_pointers", "sent_claim_number"], "text"),
    # What an unlisted procedure code stands for (SV101-7), and a note to the insurer (2400 NTE).
    **dict.fromkeys(["description", "line_note"], "text"),
}

#: One row per claim and rank, in order of claim_id, rank.
DIAGNOSIS_COLUMNS: dict[str, str] = {"claim_id": "integer", "rank": "integer", "diagnosis_code": "text"}

#: One row per claim and insurer that comes before or beside it (2320, 2330), in order of claim_id, level.
OTHER_PAYER_COLUMNS: dict[str, str] = {
    "claim_id": "integer",
    "level": "text",
    **dict.fromkeys(["policy_id", "insurer_id"], "integer"),
    **dict.fromkeys(
        ["payer_name", "payer_code", "claim_filing_code", "member_id", "group_number", "relationship"], "text"
    ),
    **dict.fromkeys(["assignment_of_benefits", "release_of_information"], "flag"),
    **dict.fromkeys(
        [
            "subscriber_last_name",
            "subscriber_first_name",
            "subscriber_middle_name",
            "subscriber_address_1",
            "subscriber_address_2",
            "subscriber_city",
            "subscriber_state_code",
            "subscriber_postal_code",
            # The insurer's own number of the claim it adjudicated (2330B REF*F8).
            "payer_claim_control_number",
        ],
        "text",
    ),
    # Absent: nothing is posted of this insurer yet.
    "adjudicated_on": "day",
    "paid_cents": "integer",
    # Its remittance says that it sends the claim on to the next insurer by itself.
    "is_crossed_over": "flag",
}

#: One row per claim, other insurer and line that insurer adjudicated (2430 SVD), in order of claim_id, level, line.
LINE_PAYMENT_COLUMNS: dict[str, str] = {
    "claim_id": "integer",
    "level": "text",
    "line_number": "integer",
    **dict.fromkeys(["procedure_code", "modifier_1", "modifier_2", "modifier_3", "modifier_4"], "text"),
    **dict.fromkeys(["unit_count", "paid_cents"], "integer"),
}

#: One row per claim, other insurer, line (0: the claim) and adjustment (CAS), in order of claim_id, level, line.
ADJUSTMENT_COLUMNS: dict[str, str] = {
    "claim_id": "integer",
    "level": "text",
    "line_number": "integer",
    **dict.fromkeys(["group_code", "reason_code"], "text"),
    **dict.fromkeys(["amount_cents", "quantity"], "integer"),
}

#: One row per claim and line of another live claim of the same client, rendering clinician, level and day, by claim_id;
#: of the claim's own invoice only the other parts it was split into.
SAME_DAY_LINE_COLUMNS: dict[str, str] = {
    "claim_id": "integer",
    "other_claim_number": "text",
    **dict.fromkeys(["procedure_code", "modifier_1", "modifier_2", "modifier_3", "modifier_4"], "text"),
    "unit_count": "integer",
}

_DTYPES = {"integer": "Int64", "text": "str", "day": "datetime64[s]", "flag": "bool"}


@dataclass(frozen=True)
class ClaimFrames:
    """Claims with all that belongs to them; no row of another frame names a claim that is not in `claims`.

    The last four are empty for most claims: other insurers with what they decided, and the client's other claims of
    the day.
    """

    claims: pd.DataFrame
    lines: pd.DataFrame
    diagnoses: pd.DataFrame
    other_payers: pd.DataFrame = field(default_factory=lambda: as_frame({}, OTHER_PAYER_COLUMNS))
    line_payments: pd.DataFrame = field(default_factory=lambda: as_frame({}, LINE_PAYMENT_COLUMNS))
    adjustments: pd.DataFrame = field(default_factory=lambda: as_frame({}, ADJUSTMENT_COLUMNS))
    same_day_lines: pd.DataFrame = field(default_factory=lambda: as_frame({}, SAME_DAY_LINE_COLUMNS))

    def check(self) -> None:
        """Raise `ValueError` naming the frame and the columns when a frame does not have the columns stated above."""
        for name, columns in FRAME_COLUMNS.items():
            frame = getattr(self, name)
            missing = [column for column in columns if column not in frame.columns]
            unknown = [column for column in frame.columns if column not in columns]
            if missing or unknown:
                raise ValueError(f"frame {name}: missing columns {missing}, unknown columns {unknown}")

    def of_claims(self, claim_ids: pd.Series) -> ClaimFrames:
        """The same frames narrowed to `claim_ids`, order kept, index renumbered."""
        return ClaimFrames(
            **{
                name: frame[frame["claim_id"].isin(claim_ids)].reset_index(drop=True)
                for name, frame in ((name, getattr(self, name)) for name in FRAME_COLUMNS)
            }
        )


#: The frames by name.
FRAME_COLUMNS: dict[str, dict[str, str]] = {
    "claims": CLAIM_COLUMNS,
    "lines": LINE_COLUMNS,
    "diagnoses": DIAGNOSIS_COLUMNS,
    "other_payers": OTHER_PAYER_COLUMNS,
    "line_payments": LINE_PAYMENT_COLUMNS,
    "adjustments": ADJUSTMENT_COLUMNS,
    "same_day_lines": SAME_DAY_LINE_COLUMNS,
}


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
