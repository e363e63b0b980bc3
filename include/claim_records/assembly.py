"""The claim frames put together out of the tables they come from. Pure: no database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from include.claim_frames import (
    CLAIM_COLUMNS,
    DIAGNOSIS_COLUMNS,
    LINE_COLUMNS,
    SAME_DAY_LINE_COLUMNS,
)
from include.claim_records.coverage import Authorizations, Coverage
from include.claim_records.positions import ABSENT, Ids, Mask, Positions, days, look_up, pair, taken

LINES_PER_CLAIM: Final = 50
DIAGNOSES_PER_CLAIM: Final = 12
_POINTERS: Final = np.array([None, "1", "1:2", "1:2:3", "1:2:3:4"], dtype=object)
_MODIFIERS: Final = ["modifier_1", "modifier_2", "modifier_3", "modifier_4"]
_ADDRESS: Final = ["address_1", "address_2", "city", "state_code", "postal_code"]
_PERSON: Final = ["last_name", "first_name", "middle_name", "birth_on", "sex", *_ADDRESS]
# From the best to the worst: a session is as well signed as its worst note.
_NOTE_STATUSES: Final = np.array(["missing", "signed", "awaiting_cosignature", "unsigned"], dtype=object)


@dataclass(frozen=True)
class Tables:
    """The tables by name, ascending by id; `claims` and `invoices` are row by row of one claim each."""

    claims: pd.DataFrame
    invoices: pd.DataFrame
    appointments: pd.DataFrame
    notes: pd.DataFrame
    clients: pd.DataFrame
    policies: pd.DataFrame
    authorizations: pd.DataFrame
    billing_providers: pd.DataFrame
    staff: pd.DataFrame
    locations: pd.DataFrame
    insurers: pd.DataFrame
    referring_providers: pd.DataFrame


def service_days(invoices: pd.DataFrame) -> Ids:
    """The service date of each claim as a whole number of days."""
    return days(invoices["service_on"], ABSENT)


def rendering_staff_ids(treating_ids: Ids, staff: pd.DataFrame) -> Ids:
    """Who stands on the claim as rendering provider: the supervisor of one who is billed under a supervisor."""
    at = look_up(treating_ids, staff["staff_id"].to_numpy())
    if not len(staff):
        return treating_ids
    is_under = staff["is_billed_under_supervisor"].to_numpy()[at] & (at != ABSENT)
    return np.where(is_under, staff["supervisor_id"].to_numpy()[at], treating_ids)


def insurer_ids(coverage: Coverage, policies: pd.DataFrame) -> Ids:
    """The insurer of each claim, 0 where it has no policy."""
    return _values_at(policies["insurer_id"], coverage.policies, 0)


def assemble_claims(tables: Tables, coverage: Coverage, authorizations: Authorizations) -> pd.DataFrame:
    """The claims frame without what other claims have to do with a claim: those columns are missing values."""
    claims, invoices = tables.claims, tables.invoices
    columns: dict[str, pd.Series] = {
        name: _nullable(claims[name])
        for name in (
            "claim_id", "organization_id", "claim_number", "version", "level", "frequency_code",
            "payer_claim_control_number", "total_charge_cents", "invoice_id", "client_id", "part",
        )
    }  # fmt: skip
    columns["appointment_id"] = _nullable(invoices["appointment_id"])
    columns["location_id"] = _nullable(invoices["location_id"])
    columns |= _session(tables)
    columns |= _providers(tables, coverage)
    columns |= _patient_and_coverage(tables, coverage)
    of_claim = authorizations.in_force
    for name in ("number", "starts_on", "ends_on"):
        source = "authorization_number" if name == "number" else name
        columns[f"authorization_{name}"] = taken(tables.authorizations[source], of_claim)
    columns["authorization_visit_limit"] = taken(tables.authorizations["visit_limit"], of_claim)
    columns["lapsed_authorization_on"] = taken(tables.authorizations["ends_on"], authorizations.lapsed)
    columns["policies_at_level"] = pd.Series(coverage.in_force_count, dtype="Int64")
    columns["part_count"] = pd.Series(np.ones(len(claims), dtype="int64"), dtype="Int64")
    missing = {"text": "str", "integer": "Int64", "day": "datetime64[s]"}
    return pd.DataFrame(
        {
            name: columns[name] if name in columns else pd.Series([None] * len(claims), dtype=missing[kind])
            for name, kind in CLAIM_COLUMNS.items()
        }
    )


def _session(tables: Tables) -> dict[str, pd.Series]:
    at = look_up(tables.invoices["appointment_id"].to_numpy(), tables.appointments["appointment_id"].to_numpy())
    appointments = {name: taken(tables.appointments[name], at) for name in tables.appointments.columns[1:]}
    location = look_up(tables.invoices["location_id"].to_numpy(), tables.locations["location_id"].to_numpy())
    locations = {name: taken(tables.locations[name], location) for name in tables.locations.columns[1:]}
    usual, own = locations["place_of_service_code"], appointments["place_of_service_code"]
    return (
        appointments
        | locations
        | {
            "place_of_service_code": usual.where(own.isna(), own),
            "note_status": _note_statuses(tables),
        }
    )


def _note_statuses(tables: Tables) -> pd.Series:
    notes, staff = tables.notes, tables.staff
    appointment_ids = tables.appointments["appointment_id"].to_numpy()
    worst = np.zeros(len(appointment_ids), dtype="int64")
    if len(notes) and len(staff):
        signer = look_up(notes["staff_id"].to_numpy(), staff["staff_id"].to_numpy())
        awaits = staff["needs_cosignature"].to_numpy()[signer] & (signer != ABSENT) & ~notes["is_cosigned"].to_numpy()
        rank = np.where(~notes["is_signed"].to_numpy(), 3, np.where(awaits, 2, 1))
        np.maximum.at(worst, look_up(notes["appointment_id"].to_numpy(), appointment_ids), rank)
    at = look_up(tables.invoices["appointment_id"].to_numpy(), appointment_ids)
    return pd.Series(_NOTE_STATUSES[worst[at]], dtype="str")


def _providers(tables: Tables, coverage: Coverage) -> dict[str, pd.Series]:
    staff, invoices, billing = tables.staff, tables.invoices, tables.billing_providers
    staff_ids = staff["staff_id"].to_numpy()
    treating_ids = invoices["staff_id"].to_numpy()
    treating = look_up(treating_ids, staff_ids)
    rendering_ids = rendering_staff_ids(treating_ids, staff)
    rendering = look_up(rendering_ids, staff_ids)
    # Who is billed under the supervisor has the supervisor as rendering provider, not besides.
    supervisor = look_up(_values_at(staff["supervisor_id"], treating, 0), staff_ids)
    supervising = np.where(rendering_ids == treating_ids, supervisor, ABSENT)
    columns = {
        "treating_staff_id": _nullable(invoices["staff_id"]),
        "treating_license_type": taken(staff["license_type"], treating),
        "rendering_staff_id": taken(staff["staff_id"], rendering),
    }
    for name in ("last_name", "first_name", "npi", "taxonomy_code", "license_type"):
        columns[f"rendering_{name}"] = taken(staff[name], rendering)
    for name in ("last_name", "first_name", "npi"):
        columns[f"supervising_{name}"] = taken(staff[name], supervising)
    insurer = look_up(insurer_ids(coverage, tables.policies), tables.insurers["insurer_id"].to_numpy())
    own = look_up(
        _values_at(tables.insurers["billing_provider_id"], insurer, 0), billing["billing_provider_id"].to_numpy()
    )
    defaults = billing[billing["is_default"]].sort_values("organization_id")
    usual = look_up(tables.claims["organization_id"].to_numpy(), defaults["organization_id"].to_numpy())
    usual_ids = _values_at(defaults["billing_provider_id"], usual, 0)
    provider = np.where(own == ABSENT, look_up(usual_ids, billing["billing_provider_id"].to_numpy()), own)
    names = [name for name in billing.columns if name not in ("organization_id", "is_default")]
    columns |= {name: taken(billing[name], provider) for name in names}
    columns |= {
        name: taken(tables.insurers[name], insurer) for name in ("payer_name", "payer_code", "claim_filing_code")
    }
    return columns


def _patient_and_coverage(tables: Tables, coverage: Coverage) -> dict[str, pd.Series]:
    clients, policies = tables.clients, tables.policies
    client = look_up(tables.claims["client_id"].to_numpy(), clients["client_id"].to_numpy())
    columns = {f"patient_{name}": taken(clients[name], client) for name in _PERSON}
    policy = coverage.policies
    for name in (
        "policy_id", "insurer_id", "member_id", "group_number", "relationship", "assignment_of_benefits",
        "release_of_information",
    ):  # fmt: skip
        columns[name] = taken(policies[name], policy)
    columns["policy_starts_on"] = taken(policies["starts_on"], policy)
    columns["policy_ends_on"] = taken(policies["ends_on"], policy)
    is_self = columns["relationship"].to_numpy(dtype="object") == "self"
    for name in _PERSON:
        own = taken(policies[f"subscriber_{name}"], policy)
        columns[f"subscriber_{name}"] = own.where(~is_self, columns[f"patient_{name}"])
    referring_ids = clients["referring_provider_id"].to_numpy(dtype="int64", na_value=0)
    referring = look_up(
        referring_ids[client] if len(referring_ids) else client,
        tables.referring_providers["referring_provider_id"].to_numpy(),
    )
    for name in tables.referring_providers.columns[1:]:
        columns[name] = taken(tables.referring_providers[name], referring)
    return columns


def lines_of_claims(claims: pd.DataFrame, lines: pd.DataFrame) -> tuple[Positions, Positions]:
    """Claim and line of each claim line, in order of claim_id, line_number; `lines` in order of invoice_id."""
    claim, line = pair(claims["invoice_id"].to_numpy(), lines["invoice_id"].to_numpy())
    of_part = (lines["line_number"].to_numpy()[line] - 1) // LINES_PER_CLAIM + 1 == claims["part"].to_numpy()[claim]
    claim, line = claim[of_part], line[of_part]
    order = np.argsort(claims["claim_id"].to_numpy()[claim], kind="stable")
    return claim[order], line[order]


def assemble_lines(
    claims: pd.DataFrame,
    service_on: pd.Series,
    at: tuple[Positions, Positions],
    lines: pd.DataFrame,
    notes: pd.DataFrame,
    descriptions: pd.DataFrame,
    diagnosis_counts: Ids,
) -> pd.DataFrame:
    """The lines frame without sent_claim_number. `claims` is the claims frame; each line points to the first four
    diagnoses."""
    claim, line = at
    chosen = {name: taken(lines[name], line) for name in lines.columns if name not in ("invoice_id", "service_type_id")}
    chosen["claim_id"] = taken(claims["claim_id"], claim)
    chosen["service_on"] = taken(service_on, claim)
    chosen["place_of_service_code"] = taken(claims["place_of_service_code"], claim)
    chosen["diagnosis_pointers"] = pd.Series(_POINTERS[np.minimum(diagnosis_counts, 4)][claim], dtype="str")
    service_type_ids = lines["service_type_id"].to_numpy()
    chosen["description"] = taken(
        descriptions["description"], look_up(service_type_ids[line], descriptions["service_type_id"].to_numpy())
    )
    chosen["line_note"] = _line_notes(
        claims["appointment_id"].to_numpy(dtype="int64")[claim],
        lines["line_number"].to_numpy()[line],
        service_type_ids[line],
        notes,
    )
    chosen["sent_claim_number"] = pd.Series([None] * len(line), dtype="str")
    return pd.DataFrame({name: chosen[name] for name in LINE_COLUMNS})


def _line_notes(appointment_ids: Ids, line_numbers: Ids, service_type_ids: Ids, notes: pd.DataFrame) -> pd.Series:
    """The note of each line, as long as the service at its place is still the one that was billed."""
    found = {
        tuple(key): note
        for *key, note in notes[["appointment_id", "line_number", "service_type_id", "claim_note"]].itertuples(
            index=False, name=None
        )
    }
    texts = np.full(len(appointment_ids), None, dtype=object)
    for place in np.flatnonzero(np.isin(appointment_ids, notes["appointment_id"].to_numpy())).tolist():
        texts[place] = found.get((appointment_ids[place], line_numbers[place], service_type_ids[place]))
    return pd.Series(texts, dtype="str")


def assemble_diagnoses(claims: pd.DataFrame, service_on: Ids, diagnoses: pd.DataFrame) -> tuple[pd.DataFrame, Ids]:
    """The diagnoses frame (those in force on the service date, numbered without gaps, at most twelve), and how many
    each claim has. `diagnoses` in order of client_id, rank, starts_on."""
    claim, row = pair(claims["client_id"].to_numpy(), diagnoses["client_id"].to_numpy())
    starts, ends = days(diagnoses["starts_on"], ABSENT)[row], days(diagnoses["ends_on"], np.iinfo("int64").max)[row]
    in_force = (starts <= service_on[claim]) & (ends >= service_on[claim])
    claim, row = claim[in_force], row[in_force]
    counts = np.bincount(claim, minlength=len(claims))
    rank = np.arange(len(claim)) - (np.cumsum(counts) - counts)[claim] + 1
    few = rank <= DIAGNOSES_PER_CLAIM
    claim, row, rank = claim[few], row[few], rank[few]
    claim_ids = claims["claim_id"].to_numpy()[claim]
    order = np.argsort(claim_ids, kind="stable")
    frame = pd.DataFrame(
        {
            "claim_id": pd.Series(claim_ids[order], dtype="Int64"),
            "rank": pd.Series(rank[order], dtype="Int64"),
            "diagnosis_code": taken(diagnoses["diagnosis_code"], row[order]),
        }
    )
    return frame[list(DIAGNOSIS_COLUMNS)], np.minimum(counts, DIAGNOSES_PER_CLAIM)


def sent_claim_numbers(lines: pd.DataFrame, same_day: pd.DataFrame) -> pd.Series:
    """Per line the number of a claim that bills the same procedure and modifiers and is sent, or older: edit 50."""
    numbers = np.full(len(lines), None, dtype=object)
    sent = same_day[same_day["is_sent"] & same_day["is_other_invoice"]]
    if len(sent):
        key = ["claim_id", "procedure_code", *_MODIFIERS]
        found: dict[tuple[object, ...], str] = {}
        for *codes, number in sent[[*key, "other_claim_number"]].fillna("").itertuples(index=False, name=None):
            found.setdefault(tuple(codes), number)
        places = np.flatnonzero(lines["claim_id"].isin(sent["claim_id"]).to_numpy()).tolist()
        of_lines = lines.iloc[places][key].astype(object).fillna("").itertuples(index=False, name=None)
        for place, of_line in zip(places, of_lines, strict=True):
            numbers[place] = found.get(tuple(of_line))
    return pd.Series(numbers, dtype="str")


def same_day_frame(same_day: pd.DataFrame) -> pd.DataFrame:
    """The same_day_lines frame."""
    return pd.DataFrame({name: _nullable(same_day[name]) for name in SAME_DAY_LINE_COLUMNS})


def _nullable(column: pd.Series) -> pd.Series:
    return column.astype("Int64") if column.dtype == "int64" else column


def _values_at(column: pd.Series, positions: Positions, absent: int) -> Ids:
    if not len(column):
        return np.full(len(positions), absent, dtype="int64")
    return np.where(positions == ABSENT, absent, column.to_numpy()[positions])


def is_evaluation(procedure_codes: pd.Series) -> Mask:
    """True for a psychiatric diagnostic evaluation."""
    values = procedure_codes.to_numpy(dtype="object")
    return np.asarray((values == "90791") | (values == "90792"), dtype=np.bool_)
