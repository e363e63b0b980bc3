"""pyx12 by itself: what it says of the text of each claim, written without our writer's checks."""

from __future__ import annotations

import io
import json
import logging
import time
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

from benchmarks.scrubber.mutations import BrokenClaims
from benchmarks.scrubber.plain_text import file_of, transaction_sets
from benchmarks.scrubber.verdicts import SideResult, beyond_twins
from include.claim_frames import ClaimFrames

Refused = dict[int, Counter[str]]


def measure_pyx12(valid: ClaimFrames, cases: BrokenClaims, day: date) -> SideResult:
    """pyx12's verdicts. The rate is that of the valid claims in one file, building the text left out."""
    valid_sets = transaction_sets(valid)
    start = time.perf_counter()
    held = refused(valid_sets, day)
    seconds = time.perf_counter() - start
    broken, twins = transaction_sets(cases.broken), transaction_sets(cases.valid)
    return SideResult(
        name="pyx12 on the text alone",
        held=held,
        warned={},
        caught=beyond_twins(refused(broken, day), refused(twins, day)),
        only_warned=frozenset(),
        visible=frozenset(claim_id for claim_id, text in broken.items() if text != twins[claim_id]),
        claims_per_second={"validate": len(valid_sets) / seconds},
    )


def refused(sets: Mapping[int, str], day: date) -> Refused:
    """The claims whose transaction set pyx12 does not accept, with its codes as place:code.

    Where it breaks off, or a set is lost in another, the file is halved until each set has an answer of its own.
    """
    if not sets:
        return {}
    try:
        found = _answers(file_of(sets, day))
    except Exception as error:  # pyx12 raises many kinds for broken files
        if len(sets) == 1:
            return {next(iter(sets)): Counter([f"broke off: {type(error).__name__}"])}
        found = None
    if found is not None and found.keys() == sets.keys():
        return {claim_id: codes for claim_id, codes in found.items() if codes}
    if len(sets) == 1:
        return {next(iter(sets)): Counter(["transaction set not found"])}
    items = list(sets.items())
    middle = len(items) // 2
    return refused(dict(items[:middle]), day) | refused(dict(items[middle:]), day)


def _answers(text: str) -> dict[int, Counter[str]]:
    import pyx12.params
    import pyx12.x12n_document

    # It logs every complaint.
    logging.getLogger("pyx12").setLevel(logging.CRITICAL + 1)
    report = io.StringIO()
    pyx12.x12n_document.x12n_document(pyx12.params.params(), io.StringIO(text), None, None, fd_json=report)
    answers: dict[int, Counter[str]] = {}
    for interchange in json.loads(report.getvalue())["interchanges"]:
        for group in interchange["groups"]:
            for transaction in group["transactions"]:
                number = str(transaction["trn_set_control_num"])
                if not number.isdecimal():
                    continue
                codes = Counter(_codes(transaction))
                if transaction["ack_code"] != "A" and not codes:
                    codes["refused without a stated error"] += 1
                answers[int(number)] = codes
    return answers


def _codes(transaction: dict[str, Any]) -> list[str]:
    codes = [f"ST:{error['err_cde']}" for error in transaction["errors"]]
    for segment in transaction["segments"]:
        codes += [f"{segment['seg_id']}:{error['err_cde']}" for error in segment["errors"]]
        for element in segment["elements"]:
            place = f"{segment['seg_id']}{int(element['ele_pos']):02d}"
            codes += [f"{place}:{error['err_cde']}" for error in element["errors"]]
    return codes
