"""Loop 2400 of a professional claim: its service lines, each with its note and what other insurers decided of it."""

from __future__ import annotations

import numpy as np

from include.clearinghouse.claim_folding import FoldedClaims
from include.clearinghouse.other_payer_loops import adjudication_loops
from include.clearinghouse.segments import amount_text, day_texts, distinct_texts, number_texts, procedure

_PROCEDURE = ["procedure_code", "modifier_1", "modifier_2", "modifier_3", "modifier_4", "description"]


def line_loops(folded: FoldedClaims) -> list[str]:
    """2400 and 2430 of each line.

    LX counts within the claim; REF*6R keeps the line number of the invoice, which goes on counting where an invoice is
    split into several claims.
    """
    lines, frames = folded.lines, folded.frames
    owners = frames.lines["claim_id"].to_numpy(dtype="int64")
    claim_ids = frames.claims["claim_id"].to_numpy(dtype="int64")
    by_id = np.argsort(claim_ids)
    owner_rows = by_id[np.searchsorted(claim_ids, owners, sorter=by_id)]
    first_rows = np.searchsorted(owners, owners, "left")
    texts = []
    for (
        count,
        service,
        charge,
        units,
        place,
        claim_place,
        pointers,
        day,
        claim_number,
        line_number,
        note,
        decided,
    ) in zip(
        (np.arange(len(owners)) - first_rows + 1).tolist(),
        distinct_texts(lines, _PROCEDURE, _procedure),
        number_texts(frames.lines["charge_cents"], amount_text),
        number_texts(frames.lines["unit_count"]),
        lines["place_of_service_code"].tolist(),
        folded.claims["place_of_service_code"].to_numpy()[owner_rows].tolist(),
        lines["diagnosis_pointers"].tolist(),
        day_texts(frames.lines["service_on"]),
        folded.claims["claim_number"].to_numpy()[owner_rows].tolist(),
        frames.lines["line_number"].tolist(),
        lines["line_note"].tolist(),
        adjudication_loops(folded),
        strict=True,
    ):
        own_place = place if place != claim_place else ""
        text = f"SV1*{service}*{charge}*UN*{units}*{own_place}**{pointers}".rstrip("*")
        ending = f"NTE*ADD*{note}~{decided}" if note else decided
        texts.append(f"LX*{count}~{text}~{_service_day(day)}REF*6R*{claim_number}{line_number:02d}~{ending}")
    return texts


def _service_day(day: str) -> str:
    return f"DTP*472*D8*{day}~" if day else ""


def _procedure(*parts: str) -> str:
    *code_and_modifiers, description = parts
    return procedure(*code_and_modifiers, description=description)
