"""Claims in file order under their levels (HL): billing provider, subscriber, patient.

Everything that depends on control numbers or the clock lies in `interchange`. Each claim has a subscriber level of its
own, also when a client has several claims: then a claim is one unbroken run of segments, and an error at a segment
position names one claim.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from include.claim_frames import ClaimFrames
from include.clearinghouse.claim_folding import UncarriableClaims, fold_claims
from include.clearinghouse.claim_loops import billing_loops, claim_loops, patient_loops, subscriber_loops

#: A receiver may refuse a transaction set with more claims than this (837 guides, CLM segment).
CLAIMS_PER_TRANSACTION_SET: Final = 5_000


@dataclass(frozen=True)
class ClaimRun:
    """Loops 2000A and below of the claims of one organization, in file order.

    Positions count segments within `text` from 1. A claim starts at its subscriber level; `provider_starts` are the
    billing levels, each with the index of the first claim under it.
    """

    organization_id: int
    text: str = field(repr=False)
    claim_ids: tuple[int, ...]
    claim_starts: tuple[int, ...]
    provider_starts: tuple[tuple[int, int], ...]
    segment_count: int


def build_claim_runs(frames: ClaimFrames, claims_per_run: int = CLAIMS_PER_TRANSACTION_SET) -> tuple[ClaimRun, ...]:
    """The claims of each organization, `claims_per_run` at most together, by organization_id; none for no claims.

    Within an organization by billing provider, then claim_id. Raises `UncarriableClaims`.
    """
    folded = fold_claims(frames)
    if len(folded.problems):
        raise UncarriableClaims(folded.problems)
    texts = _ClaimTexts(
        billing=billing_loops(folded),
        subscriber=subscriber_loops(folded),
        patient=patient_loops(folded),
        claim=claim_loops(folded),
    )
    organization_ids = frames.claims["organization_id"].to_numpy(dtype="int64")
    claim_ids = frames.claims["claim_id"].to_numpy(dtype="int64")
    billing_order = pd.factorize(pd.Series(texts.billing, dtype=object))[0]
    order = np.lexsort((claim_ids, billing_order, organization_ids))
    borders = np.flatnonzero(np.diff(organization_ids[order])) + 1
    runs = []
    for of_organization in np.split(order, borders):
        for start in range(0, len(of_organization), claims_per_run):
            members = of_organization[start : start + claims_per_run]
            runs.append(_claim_run(int(organization_ids[members[0]]), members.tolist(), claim_ids, texts))
    return tuple(runs)


@dataclass(frozen=True)
class _ClaimTexts:
    """One text per claim, in the order of the claims frame; `patient` is "" where the subscriber is the patient."""

    billing: list[str]
    subscriber: list[str]
    patient: list[str]
    claim: list[str]


def _claim_run(organization_id: int, members: list[int], claim_ids: np.ndarray, texts: _ClaimTexts) -> ClaimRun:
    parts: list[str] = []
    claim_starts: list[int] = []
    provider_starts: list[tuple[int, int]] = []
    current = None
    level = provider_level = position = 0
    for index, member in enumerate(members):
        billing, patient = texts.billing[member], texts.patient[member]
        if billing != current:
            current = billing
            level += 1
            provider_level = level
            provider_starts.append((position + 1, index))
            parts.append(f"HL*{level}**20*1~{billing}")
            position += parts[-1].count("~")
        level += 1
        claim_starts.append(position + 1)
        if patient:
            part = (
                f"HL*{level}*{provider_level}*22*1~{texts.subscriber[member]}"
                f"HL*{level + 1}*{level}*23*0~{patient}{texts.claim[member]}"
            )
            level += 1
        else:
            part = f"HL*{level}*{provider_level}*22*0~{texts.subscriber[member]}{texts.claim[member]}"
        parts.append(part)
        position += part.count("~")
    return ClaimRun(
        organization_id=organization_id,
        text="".join(parts),
        claim_ids=tuple(claim_ids[members].tolist()),
        claim_starts=tuple(claim_starts),
        provider_starts=tuple(provider_starts),
        segment_count=position,
    )
