"""The loops of a professional claim (837P, 005010X222A1) below its levels, one text per claim.

Blocks that repeat (billing provider, clinician, facility) are rendered once per distinct content; the rest is one pass
of f-strings over whole columns.

Service lines are in `line_loops`, what other insurers decided in `other_payer_loops`.

Source: 005010X222A1 as its pyx12 map and x12.org's published interpretations (RFI 2281 and 1925: address and birth
date of a subscriber who is not the patient are not sent) state it; the guide itself is not public.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from include.clearinghouse.claim_folding import SELF, FoldedClaims
from include.clearinghouse.line_loops import line_loops
from include.clearinghouse.other_payer_loops import other_payer_loops
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
    "pay_to_address_1", "pay_to_address_2", "pay_to_city", "pay_to_state_code", "pay_to_postal_code",
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
    *pay_to: str,
) -> str:
    billing_address = (address_1, address_2, city, state_code, postal_code)
    paid_elsewhere = any(pay_to) and _place(pay_to) != _place(billing_address)
    return "".join(
        (
            segment("PRV", "BI", "PXC", taxonomy_code) if taxonomy_code else "",
            provider("85", entity_type, billing_name, first_name if entity_type == "1" else "", npi),
            address(*billing_address),
            segment("REF", tax_id_type, tax_id),
            segment("PER", "IC", billing_name, "TE", phone) if phone else "",
            segment("NM1", "87", entity_type) + address(*pay_to) if paid_elsewhere else "",
        )
    )


def billing_loops(folded: FoldedClaims) -> list[str]:
    """2000A after its HL, 2010AA and 2010AB, as each claim needs it; equal for claims under one billing provider."""
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
    "referring_last_name", "referring_first_name", "referring_npi",
]  # fmt: skip


def _provider_loops(*row: str) -> str:
    """2310A who referred, 2310B clinician, 2310C facility, 2310D supervisor.

    Clinician and facility only where they differ from the billing loop.
    """
    entity_type, billing_npi, *rest = row
    billing_address, rendering, facility, supervising, referring = (
        rest[:5], rest[5:9], rest[9:16], rest[16:19], rest[19:22]
    )  # fmt: skip
    text = ""
    last, first, npi = referring
    if last or npi:
        text += provider("DN", "1", last, first, npi)
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


def _place(parts: Sequence[str]) -> tuple[str, ...]:
    """An address for comparison: ZIP and ZIP+4 of one street are the same place."""
    *street_to_state, postal_code = parts
    return (*street_to_state, postal_code[:5])


def claim_loops(folded: FoldedClaims) -> list[str]:
    """2300 of each claim with all loops in it."""
    claims, frames = folded.claims, folded.frames
    line_texts = line_loops(folded)
    line_starts, line_ends = _spans(frames.claims["claim_id"], frames.lines["claim_id"])
    codes = folded.diagnoses["diagnosis_code"].tolist()
    diagnosis_starts, diagnosis_ends = _spans(frames.claims["claim_id"], frames.diagnoses["claim_id"])
    columns = [
        "claim_number", "place_of_service_code", "frequency_code", "authorization_number",
        "payer_claim_control_number", "claim_note",
    ]  # fmt: skip
    texts = []
    for (
        row,
        total,
        cause,
        accident,
        assigned,
        released,
        providers,
        others,
        line_start,
        line_end,
        code_start,
        code_end,
    ) in zip(
        rows(claims, columns),
        number_texts(frames.claims["total_charge_cents"], amount_text),
        distinct_texts(claims, ["accident_cause", "accident_state_code"], _related_cause),
        day_texts(frames.claims["accident_on"]),
        frames.claims["assignment_of_benefits"].tolist(),
        frames.claims["release_of_information"].tolist(),
        distinct_texts(claims, _PROVIDERS, _provider_loops),
        other_payer_loops(folded),
        line_starts,
        line_ends,
        diagnosis_starts,
        diagnosis_ends,
        strict=True,
    ):
        number, place, frequency, authorization, control_number, note = row
        accepts, benefits = ("A", "Y") if assigned else ("C", "N")
        text = f"CLM*{number}*{total}***{place}:B:{frequency}*Y*{accepts}*{benefits}*{'Y' if released else 'I'}{cause}~"
        if cause and accident:
            text += f"DTP*439*D8*{accident}~"
        if authorization:
            text += f"REF*G1*{authorization}~"
        if frequency != "1":
            text += f"REF*F8*{control_number}~"
        if note:
            text += f"NTE*ADD*{note}~"
        if code_end > code_start:
            text += f"HI*ABK:{'*ABF:'.join(codes[code_start:code_end])}~"
        texts.append(text + providers + others + "".join(line_texts[line_start:line_end]))
    return texts


def _related_cause(cause: str, state_code: str) -> str:
    """CLM10 (empty) and CLM11; the state only of a car accident. "" where the condition comes from no accident."""
    if not cause:
        return ""
    return f"**{cause}:::{state_code}" if cause == "AA" and state_code else f"**{cause}"


def _spans(claim_ids: pd.Series, owner_ids: pd.Series) -> tuple[list[int], list[int]]:
    """For each claim the range of rows of a frame that is ordered by claim_id (`owner_ids`)."""
    owners, wanted = owner_ids.to_numpy(dtype="int64"), claim_ids.to_numpy(dtype="int64")
    if (np.diff(owners) < 0).any():
        raise ValueError("lines and diagnoses must be in order of claim_id")
    return np.searchsorted(owners, wanted, "left").tolist(), np.searchsorted(owners, wanted, "right").tolist()
