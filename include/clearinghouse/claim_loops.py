"""The loops of a professional claim (837P, 005010X222A1) below its levels, one text per claim.

Blocks that repeat (billing provider, clinician, facility) are rendered once per distinct content; the rest is one pass
of f-strings over whole columns.

Not written yet: loops 2320/2330 and 2430, which tell a secondary insurer what the primary paid. A secondary claim has
SBR01 = S and nothing more; `claim_loops` marks where they belong.

Source: 005010X222A1 as its pyx12 map and x12.org's published interpretations (RFI 2281 and 1925: address and birth
date of a subscriber who is not the patient are not sent) state it; the guide itself is not public.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from include.clearinghouse.claim_folding import SELF, FoldedClaims
from include.clearinghouse.segments import (
    address,
    amount_text,
    day_texts,
    distinct_texts,
    name,
    number_texts,
    provider,
    rows,
    segment,
)

_BILLING_ADDRESS = [
    "billing_address_1", "billing_address_2", "billing_city", "billing_state_code", "billing_postal_code"
]  # fmt: skip
_BILLING = [
    "billing_entity_type", "billing_name", "billing_first_name", "billing_npi", "billing_tax_id",
    "billing_tax_id_type", "billing_taxonomy_code", *_BILLING_ADDRESS, "billing_phone",
]  # fmt: skip


def _billing_loop(
    entity_type: str,
    billing_name: str,
    first_name: str,
    npi: str,
    tax_id: str,
    tax_id_type: str,
    taxonomy_code: str,
    address_1: str,
    address_2: str,
    city: str,
    state_code: str,
    postal_code: str,
    phone: str,
) -> str:
    return "".join(
        (
            segment("PRV", "BI", "PXC", taxonomy_code) if taxonomy_code else "",
            provider("85", entity_type, billing_name, first_name if entity_type == "1" else "", npi),
            address(address_1, address_2, city, state_code, postal_code),
            segment("REF", tax_id_type, tax_id),
            segment("PER", "IC", billing_name, "TE", phone) if phone else "",
        )
    )


def billing_loops(folded: FoldedClaims) -> list[str]:
    """2000A after its HL and 2010AA, as each claim needs it; equal for claims under one billing provider."""
    return distinct_texts(folded.claims, _BILLING, _billing_loop)


def subscriber_loops(folded: FoldedClaims) -> list[str]:
    """2000B after its HL, 2010BA and 2010BB of each claim."""
    claims, frames = folded.claims, folded.frames
    births = day_texts(frames.claims["subscriber_birth_on"])
    payers = distinct_texts(
        claims, ["payer_name", "payer_code"], lambda payer, code: name("PR", "2", payer, "", "", "PI", code)
    )
    columns = [
        "level", "relationship", "group_number", "claim_filing_code", "member_id",
        "subscriber_last_name", "subscriber_first_name", "subscriber_middle_name",
        "subscriber_address_1", "subscriber_address_2", "subscriber_city", "subscriber_state_code",
        "subscriber_postal_code", "subscriber_sex",
    ]  # fmt: skip
    texts = []
    for row, birth, payer in zip(rows(claims, columns), births, payers, strict=True):
        level, relationship, group, filing, member, last, first, middle, street, unit, city, state, zip_code, sex = row
        is_patient = relationship == SELF
        insured = (
            segment("SBR", level, SELF if is_patient else "", group, "", "", "", "", "", filing)
            + f"NM1*IL*1*{last}*{first}*{middle}***MI*{member}".rstrip("*")
            + "~"
        )
        if is_patient:
            insured += address(street, unit, city, state, zip_code) + segment("DMG", "D8", birth, sex)
        texts.append(insured + payer)
    return texts


def patient_loops(folded: FoldedClaims) -> list[str]:
    """2000C after its HL and 2010CA of each claim; "" where the subscriber is the patient."""
    births = day_texts(folded.frames.claims["patient_birth_on"])
    columns = [
        "relationship", "patient_last_name", "patient_first_name", "patient_middle_name",
        "patient_address_1", "patient_address_2", "patient_city", "patient_state_code", "patient_postal_code",
        "patient_sex",
    ]  # fmt: skip
    texts = []
    for row, birth in zip(rows(folded.claims, columns), births, strict=True):
        relationship, last, first, middle, street, unit, city, state, zip_code, sex = row
        texts.append(
            ""
            if relationship == SELF
            else segment("PAT", relationship)
            + segment("NM1", "QC", "1", last, first, middle)
            + address(street, unit, city, state, zip_code)
            + segment("DMG", "D8", birth, sex)
        )
    return texts


_PROVIDERS = [
    "billing_entity_type", "billing_npi", *_BILLING_ADDRESS,
    "rendering_last_name", "rendering_first_name", "rendering_npi", "rendering_taxonomy_code",
    "facility_name", "facility_npi", "facility_address_1", "facility_address_2", "facility_city",
    "facility_state_code", "facility_postal_code",
    "supervising_last_name", "supervising_first_name", "supervising_npi",
]  # fmt: skip


def _provider_loops(*row: str) -> str:
    """2310B clinician, 2310C facility, 2310D supervisor; the first two only where they differ from the billing loop."""
    entity_type, billing_npi, *rest = row
    billing_address, rendering, facility, supervising = rest[:5], rest[5:9], rest[9:16], rest[16:19]
    text = ""
    last, first, npi, taxonomy_code = rendering
    bills_in_person = entity_type == "1" and npi == billing_npi
    if (last or npi) and not bills_in_person:
        text += provider("82", "1", last, first, npi)
        text += segment("PRV", "PE", "PXC", taxonomy_code) if taxonomy_code else ""
    facility_name, facility_npi, *facility_address = facility
    own_npi = facility_npi if facility_npi != billing_npi else ""  # repeating the billing NPI is refused (edit 20)
    if own_npi or (any(facility_address) and _place(facility_address) != _place(billing_address)):
        text += provider("77", "2", facility_name, "", own_npi) + address(*facility_address)
    last, first, npi = supervising
    if last or npi:
        text += provider("DQ", "1", last, first, npi)
    return text


def _place(parts: list[str]) -> tuple[str, ...]:
    """An address for comparison: ZIP and ZIP+4 of one street are the same place."""
    *street_to_state, postal_code = parts
    return (*street_to_state, postal_code[:5])


def claim_loops(folded: FoldedClaims) -> list[str]:
    """2300, 2310 and 2400 of each claim."""
    claims, frames = folded.claims, folded.frames
    line_texts = _line_loops(folded)
    line_starts, line_ends = _spans(frames.claims["claim_id"], frames.lines["claim_id"])
    codes = folded.diagnoses["diagnosis_code"].tolist()
    diagnosis_starts, diagnosis_ends = _spans(frames.claims["claim_id"], frames.diagnoses["claim_id"])
    columns = [
        "claim_number", "place_of_service_code", "frequency_code", "authorization_number",
        "payer_claim_control_number",
    ]  # fmt: skip
    texts = []
    for row, total, assigned, released, providers, line_start, line_end, code_start, code_end in zip(
        rows(claims, columns),
        number_texts(frames.claims["total_charge_cents"], amount_text),
        frames.claims["assignment_of_benefits"].tolist(),
        frames.claims["release_of_information"].tolist(),
        distinct_texts(claims, _PROVIDERS, _provider_loops),
        line_starts,
        line_ends,
        diagnosis_starts,
        diagnosis_ends,
        strict=True,
    ):
        number, place, frequency, authorization, control_number = row
        accepts, benefits = ("A", "Y") if assigned else ("C", "N")
        text = f"CLM*{number}*{total}***{place}:B:{frequency}*Y*{accepts}*{benefits}*{'Y' if released else 'I'}~"
        if authorization:
            text += f"REF*G1*{authorization}~"
        if frequency != "1":
            text += f"REF*F8*{control_number}~"
        if code_end > code_start:
            text += f"HI*ABK:{'*ABF:'.join(codes[code_start:code_end])}~"
        # Loops 2320 and 2330 of a secondary claim stand between `providers` and the lines.
        texts.append(text + providers + "".join(line_texts[line_start:line_end]))
    return texts


def _spans(claim_ids: pd.Series, owner_ids: pd.Series) -> tuple[list[int], list[int]]:
    """For each claim the range of rows of a frame that is ordered by claim_id (`owner_ids`)."""
    owners, wanted = owner_ids.to_numpy(dtype="int64"), claim_ids.to_numpy(dtype="int64")
    if (np.diff(owners) < 0).any():
        raise ValueError("lines and diagnoses must be in order of claim_id")
    return np.searchsorted(owners, wanted, "left").tolist(), np.searchsorted(owners, wanted, "right").tolist()


def _line_loops(folded: FoldedClaims) -> list[str]:
    """2400 of each line, LX counted within its claim."""
    lines, frames = folded.lines, folded.frames
    owners = frames.lines["claim_id"].to_numpy(dtype="int64")
    claim_ids = frames.claims["claim_id"].to_numpy(dtype="int64")
    by_id = np.argsort(claim_ids)
    owner_rows = by_id[np.searchsorted(claim_ids, owners, sorter=by_id)]
    first_rows = np.searchsorted(owners, owners, "left")
    modifiers = ["modifier_1", "modifier_2", "modifier_3", "modifier_4"]
    texts = []
    for count, procedure, charge, units, place, claim_place, pointers, day, claim_number, line_number in zip(
        (np.arange(len(owners)) - first_rows + 1).tolist(),
        distinct_texts(lines, ["procedure_code", *modifiers], _procedure),
        number_texts(frames.lines["charge_cents"], amount_text),
        number_texts(frames.lines["unit_count"]),
        lines["place_of_service_code"].tolist(),
        folded.claims["place_of_service_code"].to_numpy()[owner_rows].tolist(),
        lines["diagnosis_pointers"].tolist(),
        day_texts(frames.lines["service_on"]),
        folded.claims["claim_number"].to_numpy()[owner_rows].tolist(),
        frames.lines["line_number"].tolist(),
        strict=True,
    ):
        own_place = place if place != claim_place else ""
        service = f"SV1*{procedure}*{charge}*UN*{units}*{own_place}**{pointers}".rstrip("*")
        texts.append(f"LX*{count}~{service}~{_service_day(day)}REF*6R*{claim_number}{line_number:02d}~")
    return texts


def _procedure(code: str, *modifiers: str) -> str:
    return ":".join(["HC", code, *(modifier for modifier in modifiers if modifier)])


def _service_day(day: str) -> str:
    return f"DTP*472*D8*{day}~" if day else ""
