"""A file of all the claims the validator accepts, and the reason for each of the others.

One bad claim must not hold its neighbours, and a neighbour must not be blamed for it. Blaming by position alone would:
what is missing at the end of a claim is noticed at the beginning of the next. So suspects are tried once more in one
file with a transaction set for each claim, where a finding can only mean that claim. The usual night costs one call of
the validator, a night with bad claims three, whatever their number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import pandas as pd

from include.claim_frames import ClaimFrames
from include.clearinghouse.claim_folding import fold_claims
from include.clearinghouse.interchange import Receiver, UnnumberedInterchange, build_interchange
from include.clearinghouse.professional_claim import CLAIMS_PER_TRANSACTION_SET
from include.clearinghouse.validation import BROKE_OFF, Verdict, claims_refused, reasons_frame, validate
from include.errors import BillingError

Validator = Callable[[bytes], Verdict]

#: Calls of the validator in one isolation before giving up. Only a validator that breaks off needs more than four.
MOST_CALLS: Final = 64

_TRIAL_NUMBER: Final = 1
_TRIAL_TIME: Final = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


class InterchangeRefused(BillingError):
    """The validator refuses the file for something that is no claim's fault, or cannot be made to name the claims.

    What to do: nothing in the claims helps; look at the receiver's settings (header) or at the validator.
    """


@dataclass(frozen=True)
class Isolation:
    """`interchange` holds exactly the claims of `accepted` and was accepted as a whole; None when no claim is left.

    `refused`: claim_id, reason; one row per claim, by claim_id, without values.
    """

    accepted: ClaimFrames
    refused: pd.DataFrame
    interchange: UnnumberedInterchange | None


def isolate_refused(
    frames: ClaimFrames,
    receiver: Receiver,
    validator: Validator = validate,
    claims_per_transaction_set: int = CLAIMS_PER_TRANSACTION_SET,
) -> Isolation:
    """The claims of `frames` that can be sent, built and validated, and those that cannot, with reasons.

    Raises `InterchangeRefused` when the fault is not in the claims.
    """
    problems = fold_claims(frames).problems
    reasons = {
        int(claim_id): f"{column}: {reason}"
        for claim_id, column, reason in zip(
            problems["claim_id"][::-1], problems["column"][::-1], problems["reason"][::-1], strict=True
        )
    }  # from the end, so that the first problem of a claim stays
    trial = _Trial(receiver, validator, claims_per_transaction_set)
    left = _without(frames, reasons)
    if not len(left.claims):
        return Isolation(left, reasons_frame(reasons), None)
    interchange, verdict = trial.of(left)
    if not verdict.accepted:
        reasons |= _faults(left, interchange, verdict, trial)
        left = _without(frames, reasons)
        if not len(left.claims):
            return Isolation(left, reasons_frame(reasons), None)
        interchange, verdict = trial.of(left)
    if not verdict.accepted:
        # The position of a finding pointed elsewhere than at its cause: try every claim by itself.
        reasons |= trial.each_alone(left)
        left = _without(frames, reasons)
        if not len(left.claims):
            return Isolation(left, reasons_frame(reasons), None)
        interchange, verdict = trial.of(left)
    if not verdict.accepted:
        raise InterchangeRefused(f"the file is refused without a claim at fault: {verdict.findings[0]}")
    return Isolation(left, reasons_frame(reasons), interchange)


def _faults(left: ClaimFrames, interchange: UnnumberedInterchange, verdict: Verdict, trial: _Trial) -> dict[int, str]:
    if _broke_off(verdict):
        return trial.halves(left)
    suspects = claims_refused(interchange, verdict)["claim_id"]
    if not len(suspects):
        raise InterchangeRefused(f"the file is refused outside of its claims: {verdict.findings[0]}")
    return trial.each_alone(left.of_claims(suspects))


def _without(frames: ClaimFrames, reasons: dict[int, str]) -> ClaimFrames:
    claim_ids = frames.claims["claim_id"]
    return frames.of_claims(claim_ids[~claim_ids.isin(list(reasons))]) if reasons else frames


def _broke_off(verdict: Verdict) -> bool:
    return any(finding.code == BROKE_OFF for finding in verdict.findings)


class _Trial:
    """Builds and validates, counting the calls."""

    def __init__(self, receiver: Receiver, validator: Validator, claims_per_transaction_set: int) -> None:
        self._receiver = receiver
        self._validator = validator
        self._claims_per_transaction_set = claims_per_transaction_set
        self._calls = 0

    def of(self, frames: ClaimFrames, one_claim_each: bool = False) -> tuple[UnnumberedInterchange, Verdict]:
        if self._calls == MOST_CALLS:
            raise InterchangeRefused(f"no clear answer from the validator after {MOST_CALLS} calls")
        self._calls += 1
        together = 1 if one_claim_each else self._claims_per_transaction_set
        interchange = build_interchange(frames, self._receiver, together)
        return interchange, self._validator(interchange.numbered(_TRIAL_NUMBER, _TRIAL_TIME))

    def each_alone(self, frames: ClaimFrames) -> dict[int, str]:
        """The claims of `frames` at fault, each tried in a transaction set of its own."""
        interchange, verdict = self.of(frames, one_claim_each=True)
        if _broke_off(verdict):
            return self.halves(frames)
        reasons: dict[int, str] = {}
        for finding in verdict.findings:
            found = interchange.transaction_set_at(finding.segment_position)
            for claim_id in found.claim_ids if found else ():
                reasons.setdefault(claim_id, str(finding))
        return reasons

    def halves(self, frames: ClaimFrames) -> dict[int, str]:
        """The claims on which the validator breaks off, found by halving: first by organization, then by claim."""
        claim_ids = frames.claims["claim_id"]
        if len(claim_ids) == 1:
            _, verdict = self.of(frames)
            return {} if verdict.accepted else {int(claim_ids.iloc[0]): str(verdict.findings[0])}
        organizations = frames.claims["organization_id"]
        kinds = organizations.drop_duplicates()
        first = organizations.isin(kinds.iloc[: len(kinds) // 2])
        if len(kinds) == 1:
            first = pd.Series(range(len(claim_ids))) < len(claim_ids) // 2
        reasons: dict[int, str] = {}
        for half in (claim_ids[first], claim_ids[~first]):
            part = frames.of_claims(half)
            interchange, verdict = self.of(part)
            if not verdict.accepted:
                reasons |= _faults(part, interchange, verdict, self)
        return reasons
