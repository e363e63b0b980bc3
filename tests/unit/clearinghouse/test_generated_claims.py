"""Whatever valid claim is drawn, the validator that is not ours takes the file it is in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from include.clearinghouse.interchange import build_interchange
from include.clearinghouse.validation import validate
from tests.unit.clearinghouse.example_claims import CREATED_AT, RECEIVER, Row, frames_of
from tests.unit.clearinghouse.generated_claims import generated_claims

BATCHES = 5
CLAIMS_PER_BATCH = 500

#: What the claims must have among them, lest the generator dries up unseen.
KINDS: dict[str, Callable[[Row, str], bool]] = {
    "child": lambda row, _: row["relationship"] == "child",
    "tertiary": lambda row, _: row["level"] == "tertiary",
    "void": lambda row, _: row["frequency_code"] == "8",
    "twelve diagnoses": lambda row, _: len(row["diagnoses"]) == 12,  # type: ignore[arg-type]
    "fifty lines": lambda row, _: len(row["lines"]) == 50,  # type: ignore[arg-type]
    "four modifiers": lambda row, _: any("modifier_4" in each for each in row["lines"]),  # type: ignore[attr-defined]
    "second part": lambda row, _: row["part"] == 2,
    "pay-to address": lambda _, text: "~NM1*87*" in text,
    "referred": lambda _, text: "~NM1*DN*" in text,
    "supervised": lambda _, text: "~NM1*DQ*" in text,
    "facility": lambda _, text: "~NM1*77*" in text,
    "car accident with state": lambda _, text: "**AA:::UT~" in text,
    "accident date": lambda _, text: "~DTP*439*" in text,
    "claim note": lambda row, text: bool(row["claim_note"]) and "~NTE*ADD*" in text,
    "description": lambda row, _: any(each["description"] for each in row["lines"]),  # type: ignore[attr-defined]
    "decision as a whole": lambda _, text: "~AMT*EAF*" in text and "~SVD*" not in text,
    "decision by line": lambda _, text: "~SVD*" in text,
    "more than six adjustments of a group": lambda _, text: text.count("~CAS*CO*") > text.count("~SVD*") + 1,
    "other insurer without a decision": lambda _, text: "~OI*" in text and "~AMT*D*" not in text,
}
seen: Counter[str] = Counter()
batches_run: set[int] = set()


def drawn(batch: int) -> list[Row]:
    """`CLAIMS_PER_BATCH` claims, the same ones for the same `batch`."""
    rows: list[Row] = []

    @seed(batch)
    @settings(
        max_examples=CLAIMS_PER_BATCH,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(generated_claims())
    def collect(row: Row) -> None:
        claim_id = batch * CLAIMS_PER_BATCH + len(rows) + 1
        rows.append({"claim_id": claim_id, "claim_number": f"G{claim_id}", **row})

    collect()
    return rows


@pytest.mark.parametrize("batch", range(BATCHES))
def test_every_generated_claim_is_accepted(batch: int) -> None:
    rows = drawn(batch)
    assert len(rows) == CLAIMS_PER_BATCH
    interchange = build_interchange(frames_of(rows), RECEIVER)
    body = interchange.numbered(batch + 1, CREATED_AT)
    findings = validate(body).findings
    assert [(str(each), interchange.claims_at(each.segment_position)) for each in findings] == []
    text_by_claim = _text_by_claim(body.decode())
    for row in rows:
        text = text_by_claim[str(row["claim_number"])]
        seen.update(kind for kind, has in KINDS.items() if has(row, text))
    batches_run.add(batch)


def test_the_generated_claims_were_of_every_kind() -> None:
    if len(batches_run) < BATCHES:
        pytest.skip("not all batches ran in this process, or one failed")
    assert {kind for kind in KINDS if not seen[kind]} == set()


def _text_by_claim(text: str) -> dict[str, str]:
    """The text from each CLM to the next, with what is above the next one."""
    found: dict[str, str] = {}
    for part in text.split("~CLM*")[1:]:
        found[part.split("*", 1)[0]] = "~CLM*" + part
    return found
