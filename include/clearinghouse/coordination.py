"""Which decision of another insurer belongs to which claim line, and whether all of them can be told in one claim.

The loops of a claim hang together by insurer and line number. An amount without its insurer, or with two to choose
from, would be left out or put in the wrong place, and no syntax validator would notice. Whether the amounts add up is
the scrubber's question.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from include.claim_frames import ClaimFrames
from include.clearinghouse.charset import MISSING, REPEATED, UNATTACHED, problem_rows

#: Line number of what an insurer decided of the claim as a whole.
WHOLE_CLAIM: Final = 0

_LEVELS: Final = {"primary": 1, "secondary": 2, "tertiary": 3}
_LINES: Final = 1_000_000  # line numbers stay far below
_NO_LINE: Final = _LINES - 1


def row_keys(frames: ClaimFrames, frame: pd.DataFrame, by_level: bool = True, by_line: bool = True) -> np.ndarray:
    """One integer per row of `frame`, equal for rows of one claim and, as far as asked for, one level and one line.

    Not `by_line` is the line `WHOLE_CLAIM`. A level that is missing or unknown counts as one of its own.
    """
    claim_ids = np.sort(frames.claims["claim_id"].to_numpy(dtype="int64"))
    claims = np.searchsorted(claim_ids, frame["claim_id"].to_numpy(dtype="int64"))
    levels = _level_numbers(frame["level"]) if by_level else 0
    lines = frame["line_number"].fillna(_NO_LINE).to_numpy(dtype="int64") if by_line else WHOLE_CLAIM
    keys: np.ndarray = (claims * (len(_LEVELS) + 1) + levels) * _LINES + lines
    return keys


def _level_numbers(levels: pd.Series) -> np.ndarray:
    codes, names = pd.factorize(levels)
    numbers: np.ndarray = np.array([*(_LEVELS.get(name, 0) for name in names), 0])[codes]  # code -1 takes the last one
    return numbers


def rows_of(keys: np.ndarray, among: np.ndarray) -> np.ndarray:
    """For each of `keys` the first position of the same one in `among`, -1 where there is none."""
    order = np.argsort(among, kind="stable")
    ordered = np.append(among[order], -1)  # no key is negative
    positions = np.searchsorted(ordered[:-1], keys)
    return np.where(ordered[positions] == keys, np.append(order, -1)[positions], -1)


def coordination_problems(frames: ClaimFrames, already_named: np.ndarray) -> list[pd.DataFrame]:
    """Problem rows (`charset.PROBLEM_COLUMNS`) of claims whose other insurers cannot be written.

    Leaves out the claims `already_named`, whose levels may be no levels.
    """
    payers, payments, adjustments = (
        frame[~frame["claim_id"].isin(already_named)]
        for frame in (frames.other_payers, frames.line_payments, frames.adjustments)
    )
    if not (len(payers) or len(payments) or len(adjustments)):
        return []
    of_payer = row_keys(frames, payers, by_line=False)
    payment_payer = row_keys(frames, payments, by_line=False)
    adjustment_payer = row_keys(frames, adjustments, by_line=False)
    payment_line, adjustment_line = row_keys(frames, payments), row_keys(frames, adjustments)
    own = row_keys(frames, frames.claims, by_line=False)
    billed = rows_of(row_keys(frames, payments, by_level=False), row_keys(frames, frames.lines, by_level=False)) >= 0

    absent = payers["level"].isna().to_numpy()
    dated, paid = payers["adjudicated_on"].notna().to_numpy(), payers["paid_cents"].notna().to_numpy()
    decided = paid | np.isin(of_payer, payment_payer) | np.isin(of_payer, adjustment_payer)
    repeated = pd.Series(of_payer).duplicated(keep=False).to_numpy() | np.isin(of_payer, own)
    at_line = adjustment_line != adjustment_payer
    found = [
        (payers, absent, "other_payers.level", MISSING),
        (payers, repeated & ~absent, "other_payers.level", REPEATED),
        (payers, decided & ~dated, "other_payers.adjudicated_on", MISSING),
        (payers, dated & ~paid, "other_payers.paid_cents", MISSING),
        (payments, ~np.isin(payment_payer, of_payer), "line_payments.level", UNATTACHED),
        (payments, ~billed, "line_payments.line_number", UNATTACHED),
        (payments, pd.Series(payment_line).duplicated(keep=False).to_numpy(), "line_payments.line_number", REPEATED),
        (adjustments, adjustments["amount_cents"].isna().to_numpy(), "adjustments.amount_cents", MISSING),
        (adjustments, ~np.isin(adjustment_payer, of_payer), "adjustments.level", UNATTACHED),
        (adjustments, at_line & ~np.isin(adjustment_line, payment_line), "adjustments.line_number", UNATTACHED),
    ]
    return [
        problem_rows(frame["claim_id"].to_numpy(dtype="int64")[wrong], column, reason)
        for frame, wrong, column, reason in found
        if wrong.any()
    ]
