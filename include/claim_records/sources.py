"""The statements that the claim frames are read with: their columns, and reading them by ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import psycopg

from include.claim_records.positions import Ids
from include.frames import read_frame


@dataclass(frozen=True)
class Source:
    """One statement of this folder and its columns in order (name -> kind, see `include.frames`)."""

    name: str
    columns: Mapping[str, str]


def _in_order(order: str, **names_of_kind: str) -> dict[str, str]:
    """Columns in `order`, each of the kind under which it is named again, else text."""
    kinds = {name: kind for kind, names in names_of_kind.items() for name in names.split()}
    return {name: kinds.get(name, "text") for name in order.split()}


CLAIMS: Final = Source(
    "read_claims",
    _in_order(
        "claim_id organization_id claim_number version level frequency_code payer_claim_control_number"
        " total_charge_cents invoice_id client_id part",
        id="claim_id organization_id version total_charge_cents invoice_id client_id part",
    ),
)
INVOICES: Final = Source(
    "read_invoices",
    _in_order(
        "invoice_id appointment_id staff_id location_id service_on has_parts is_void",
        id="invoice_id appointment_id staff_id location_id",
        day="service_on",
        flag="has_parts is_void",
    ),
)
PART_COUNTS: Final = Source("read_part_counts", _in_order("invoice_id level part_count", id="invoice_id part_count"))
APPOINTMENTS: Final = Source(
    "read_appointments",
    _in_order(
        "appointment_id place_of_service_code session_minutes telehealth accident_cause accident_on"
        " accident_state_code claim_note",
        id="appointment_id session_minutes",
        day="accident_on",
    ),
)
PROGRESS_NOTES: Final = Source(
    "read_progress_notes",
    _in_order(
        "appointment_id staff_id is_signed is_cosigned", id="appointment_id staff_id", flag="is_signed is_cosigned"
    ),
)
CLIENTS: Final = Source(
    "read_clients",
    _in_order(
        "client_id last_name first_name middle_name birth_on sex address_1 address_2 city state_code postal_code"
        " referring_provider_id",
        id="client_id",
        integer="referring_provider_id",
        day="birth_on",
    ),
)
POLICIES: Final = Source(
    "read_policies",
    _in_order(
        "client_id policy_id insurer_id level starts_on ends_on member_id group_number relationship"
        " assignment_of_benefits release_of_information subscriber_last_name subscriber_first_name"
        " subscriber_middle_name subscriber_birth_on subscriber_sex subscriber_address_1 subscriber_address_2"
        " subscriber_city subscriber_state_code subscriber_postal_code",
        id="client_id policy_id insurer_id",
        day="starts_on ends_on subscriber_birth_on",
        flag="assignment_of_benefits release_of_information",
    ),
)
PRIOR_AUTHORIZATIONS: Final = Source(
    "read_prior_authorizations",
    _in_order(
        "client_id prior_authorization_id insurer_id service_type_id authorization_number starts_on ends_on"
        " visit_limit",
        id="client_id prior_authorization_id insurer_id service_type_id",
        integer="visit_limit",
        day="starts_on ends_on",
    ),
)
AUTHORIZED_VISITS: Final = Source(
    "read_authorized_visits", _in_order("claim_id visit_count", id="claim_id visit_count")
)
BILLING_PROVIDERS: Final = Source(
    "read_billing_providers",
    _in_order(
        "billing_provider_id organization_id is_default billing_entity_type billing_name billing_first_name billing_npi"
        " billing_tax_id billing_tax_id_type billing_taxonomy_code billing_address_1 billing_address_2 billing_city"
        " billing_state_code billing_postal_code billing_phone pay_to_address_1 pay_to_address_2 pay_to_city"
        " pay_to_state_code pay_to_postal_code",
        id="billing_provider_id organization_id",
        flag="is_default",
    ),
)
STAFF: Final = Source(
    "read_staff",
    _in_order(
        "staff_id last_name first_name npi taxonomy_code license_type supervisor_id needs_cosignature"
        " is_billed_under_supervisor",
        id="staff_id supervisor_id",
        flag="needs_cosignature is_billed_under_supervisor",
    ),
)
LOCATIONS: Final = Source(
    "read_locations",
    _in_order(
        "location_id place_of_service_code facility_name facility_npi facility_address_1 facility_address_2"
        " facility_city facility_state_code facility_postal_code",
        id="location_id",
    ),
)
INSURERS: Final = Source(
    "read_insurers",
    _in_order(
        "insurer_id payer_name payer_code claim_filing_code billing_provider_id", id="insurer_id billing_provider_id"
    ),
)
REFERRING_PROVIDERS: Final = Source(
    "read_referring_providers",
    _in_order(
        "referring_provider_id referring_entity_type referring_last_name referring_first_name referring_npi",
        id="referring_provider_id",
    ),
)
CLAIM_LINES: Final = Source(
    "read_claim_lines",
    _in_order(
        "invoice_id line_number service_type_id procedure_code modifier_1 modifier_2 modifier_3 modifier_4 unit_count"
        " charge_cents",
        id="invoice_id line_number service_type_id unit_count charge_cents",
    ),
)
LINE_NOTES: Final = Source(
    "read_line_notes",
    _in_order("appointment_id line_number service_type_id claim_note", id="appointment_id line_number service_type_id"),
)
SERVICE_DESCRIPTIONS: Final = Source(
    "read_service_descriptions", _in_order("service_type_id description", id="service_type_id")
)
CLAIM_DIAGNOSES: Final = Source(
    "read_claim_diagnoses",
    _in_order("client_id rank diagnosis_code starts_on ends_on", id="client_id rank", day="starts_on ends_on"),
)
CLAIMS_OF_VOID_INVOICES: Final = Source(
    "read_claims_of_void_invoices",
    _in_order("appointment_id invoice_id level claim_id claim_number", id="appointment_id invoice_id claim_id"),
)
OVERLAPPING_CLAIMS: Final = Source(
    "read_overlapping_claims",
    _in_order("appointment_id overlapping_claim_number", id="appointment_id"),
)
PRIOR_EVALUATIONS: Final = Source(
    "read_prior_evaluations", _in_order("claim_id prior_evaluation_on", id="claim_id", day="prior_evaluation_on")
)
SAME_DAY_LINES: Final = Source(
    "read_same_day_lines",
    _in_order(
        "claim_id other_claim_number procedure_code modifier_1 modifier_2 modifier_3 modifier_4 unit_count is_sent"
        " is_other_invoice",
        id="claim_id unit_count",
        flag="is_sent is_other_invoice",
    ),
)


_DTYPES: Final = {"id": "int64", "integer": "Int64", "text": "str", "day": "datetime64[s]", "flag": "bool"}


class Reader:
    """Reads sources over one connection; an empty list of ids is answered without asking the database."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def read(self, source: Source, /, **lists: npt.NDArray[Any]) -> pd.DataFrame:
        """The rows of the statement for its parameters, all of them lists; see its header."""
        if not any(len(values) for values in lists.values()):
            return pd.DataFrame({name: pd.Series([], dtype=_DTYPES[kind]) for name, kind in source.columns.items()})
        parameters = {name: _array(values) for name, values in lists.items()}
        return read_frame(self._connection, f"claim_records/{source.name}.sql", parameters, source.columns)

    def read_of(self, source: Source, key: str, ids: Ids) -> pd.DataFrame:
        """The rows whose parameter `key` is a list of `ids`; each id is asked for once."""
        return self.read(source, **{key: np.unique(ids)})


def _array(values: npt.NDArray[Any]) -> str:
    """An SQL array as text: far quicker to send than one parameter per value."""
    return "{" + ",".join(map(str, values.tolist())) + "}"
