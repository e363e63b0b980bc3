"""What a claim says of its patient's other insurers: loops 2320 and 2330, and 2430 where they decided line by line.

A decision is told once, where the insurer told it. With line payments its date and the patient's share stand at the
lines, otherwise at the insurer; the amount paid (AMT*D) stands at the insurer in both cases, zero included.

Source: 005010X222A1 as its pyx12 map states it, and x12.org's published interpretations: RFI 1865 (CAS holds no zero
adjustments), RFI 1391 and 1515 (remaining patient liability at lines or insurer, not both, zero included), RFI 2112
(paid units that are not known are the billed ones). The patient's share is the sum of the insurer's PR adjustments;
RFI 985 leaves it to the provider to judge otherwise, which no column tells.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from include.clearinghouse.claim_folding import FoldedClaims
from include.clearinghouse.coordination import row_keys, rows_of
from include.clearinghouse.segments import (
    address,
    amount_text,
    day_texts,
    distinct_texts,
    name,
    number_texts,
    procedure,
    rows,
    segment,
)

_ADJUSTMENTS_PER_SEGMENT: Final = 6
_PATIENT_RESPONSIBILITY: Final = "PR"
_OTHER_PAYER = [
    "level", "relationship", "group_number", "claim_filing_code", "member_id",
    "subscriber_last_name", "subscriber_first_name", "subscriber_middle_name",
    "subscriber_address_1", "subscriber_address_2", "subscriber_city", "subscriber_state_code",
    "subscriber_postal_code", "payer_claim_control_number",
]  # fmt: skip
_PROCEDURE = ["procedure_code", "modifier_1", "modifier_2", "modifier_3", "modifier_4"]


def other_payer_loops(folded: FoldedClaims) -> list[str]:
    """2320, 2330A and 2330B of each claim, insurers in order of their rows; "" where it has no other insurer."""
    frames, payers = folded.frames, folded.other_payers
    texts = [""] * len(frames.claims)
    if not len(frames.other_payers):
        return texts
    keys = row_keys(frames, frames.other_payers, by_line=False)
    by_line = np.isin(keys, row_keys(frames, frames.line_payments, by_line=False))
    claim_rows = rows_of(
        row_keys(frames, frames.other_payers, by_level=False, by_line=False),
        row_keys(frames, frames.claims, by_level=False, by_line=False),
    )
    for claim_row, row, payer, paid, day, decides_by_line, (adjustments, share), assigned, released in zip(
        claim_rows.tolist(),
        rows(payers, _OTHER_PAYER),
        distinct_texts(payers, ["payer_name", "payer_code"], _payer_name),
        number_texts(frames.other_payers["paid_cents"], amount_text),
        day_texts(frames.other_payers["adjudicated_on"]),
        by_line.tolist(),
        _adjustments(folded, keys),
        frames.other_payers["assignment_of_benefits"].tolist(),
        frames.other_payers["release_of_information"].tolist(),
        strict=True,
    ):
        (level, relationship, group, filing, member,
         last, first, middle, street, unit, city, state, zip_code, control_number) = row  # fmt: skip
        decided = f"{adjustments}AMT*D*{paid}~" if day else ""
        dated = ""
        if day and not decides_by_line:
            decided += share
            dated = f"DTP*573*D8*{day}~"
        insured = f"NM1*IL*1*{last}*{first}*{middle}***MI*{member}".rstrip("*")
        # Optional here, so a claim is not refused for an address that is known in part.
        place = address(street, unit, city, state, zip_code) if street and city and state and zip_code else ""
        texts[claim_row] += (
            f"{segment('SBR', level, relationship, group, '', '', '', '', '', filing)}{decided}"
            f"OI***{'Y' if assigned else 'N'}***{'Y' if released else 'I'}~"
            f"{insured}~{place}{payer}{dated}{f'REF*F8*{control_number}~' if control_number else ''}"
        )
    return texts


def adjudication_loops(folded: FoldedClaims) -> list[str]:
    """2430 of each claim line, insurers in order of their rows; "" where none decided of the line."""
    frames, payments = folded.frames, folded.line_payments
    texts = [""] * len(frames.lines)
    if not len(frames.line_payments):
        return texts
    payer_rows = rows_of(
        row_keys(frames, frames.line_payments, by_line=False), row_keys(frames, frames.other_payers, by_line=False)
    )
    line_rows = rows_of(
        row_keys(frames, frames.line_payments, by_level=False), row_keys(frames, frames.lines, by_level=False)
    )
    days = np.array(day_texts(frames.other_payers["adjudicated_on"]), dtype=object)
    for line_row, payer_code, paid, service, units, billed_units, (adjustments, share), day in zip(
        line_rows.tolist(),
        folded.other_payers["payer_code"].to_numpy()[payer_rows].tolist(),
        number_texts(frames.line_payments["paid_cents"], amount_text),
        distinct_texts(payments, _PROCEDURE, procedure),
        number_texts(frames.line_payments["unit_count"]),
        number_texts(frames.lines["unit_count"].iloc[line_rows]),
        _adjustments(folded, row_keys(frames, frames.line_payments)),
        days[payer_rows].tolist(),
        strict=True,
    ):
        texts[line_row] += (
            f"SVD*{payer_code}*{paid}*{service}**{units or billed_units}~{adjustments}DTP*573*D8*{day}~{share}"
        )
    return texts


def _payer_name(payer: str, code: str) -> str:
    return name("PR", "2", payer, "", "", "PI", code)


def _adjustments(folded: FoldedClaims, keys: np.ndarray) -> list[tuple[str, str]]:
    """CAS segments and the patient's share (AMT*EAF) of each of `keys` (`coordination.row_keys`).

    Equal adjustments, which are many, are rendered once.
    """
    frame, texts = folded.frames.adjustments, folded.adjustments
    own_keys = row_keys(folded.frames, frame)
    order = np.argsort(own_keys, kind="stable")
    given = list(
        zip(
            texts["group_code"].to_numpy()[order].tolist(),
            texts["reason_code"].to_numpy()[order].tolist(),
            frame["amount_cents"].to_numpy(dtype=object)[order].tolist(),
            number_texts(frame["quantity"].iloc[order]),
            strict=True,
        )
    )
    ordered = own_keys[order]
    rendered: dict[tuple[tuple[str, str, int, str], ...], tuple[str, str]] = {}
    found = []
    for start, end in zip(
        np.searchsorted(ordered, keys, "left").tolist(), np.searchsorted(ordered, keys, "right").tolist(), strict=True
    ):
        content = tuple(given[start:end])
        text = rendered.get(content)
        if text is None:
            text = rendered[content] = _adjustment_segments(content)
        found.append(text)
    return found


def _adjustment_segments(content: tuple[tuple[str, str, int, str], ...]) -> tuple[str, str]:
    """CAS per group code in order of appearance, again after six, without zeros; and AMT*EAF."""
    by_group: dict[str, list[str]] = {}
    patient_cents = 0
    for group, reason, cents, quantity in content:
        if cents == 0:
            continue
        by_group.setdefault(group, []).append(f"{reason}*{amount_text(cents)}*{quantity}")
        if group == _PATIENT_RESPONSIBILITY:
            patient_cents += cents
    segments = "".join(
        segment("CAS", group, *each[start : start + _ADJUSTMENTS_PER_SEGMENT])
        for group, each in by_group.items()
        for start in range(0, len(each), _ADJUSTMENTS_PER_SEGMENT)
    )
    return segments, f"AMT*EAF*{amount_text(patient_cents)}~"
