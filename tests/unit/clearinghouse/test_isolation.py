from __future__ import annotations

import re
from dataclasses import dataclass, field

import pytest

from include.clearinghouse import isolation as isolation_module
from include.clearinghouse.isolation import InterchangeRefused, isolate_refused
from include.clearinghouse.validation import BROKE_OFF, SyntaxFinding, Verdict, validate
from tests.unit.clearinghouse.example_claims import CREATED_AT, RECEIVER, Row, claim, frames_of, line, other_payer
from tests.unit.clearinghouse.valid_cases import valid_claims


@dataclass
class Counting:
    """The real validator, counting its calls."""

    bodies: list[bytes] = field(default_factory=list)

    def __call__(self, body: bytes) -> Verdict:
        self.bodies.append(body)
        return validate(body)


BAD: dict[str, Row] = {
    "no diagnosis": {"diagnoses": []},
    "no lines": {"lines": []},
    "no service date": {"lines": [line(service_on=None)]},
    "no units": {"lines": [line(unit_count=None)]},
    "no procedure": {"lines": [line(procedure_code=None)]},
    "no member id": {"member_id": None},
    "no payer": {"payer_name": None, "payer_code": None},
    "unknown state": {"subscriber_state_code": "ZZ"},
    "no address": {"subscriber_address_1": None},
    "over-long name": {"subscriber_last_name": "A" * 61},
    "no sex": {"subscriber_sex": None},
    "thirteen diagnoses": {"diagnoses": [f"F41{number}" for number in range(13)]},
    "pointer beyond twelve": {"lines": [line(diagnosis_pointers="13")]},
    "no pointer": {"lines": [line(diagnosis_pointers=None)]},
    "fifty-one lines": {"lines": [line()] * 51},
    "delimiter in a name": {"subscriber_last_name": "A~B"},
    "no billing address": {"billing_address_1": None},
    "no tax id": {"billing_tax_id": None},
    "no total": {"total_charge_cents": None},
    "over-long note": {"claim_note": "N" * 81},
    "an organization refers": {"referring_entity_type": "2", "referring_last_name": "Hill Clinic"},
    "other insurer without id": {"other_payers": [other_payer("secondary", payer_code=None)]},
    "amount without a day": {"other_payers": [other_payer("secondary", paid_cents=100)]},
    "unknown state of an accident": {"accident_cause": "auto", "accident_state_code": "ZZ"},
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_claim_is_refused_and_its_neighbours_are_not(fault: str) -> None:
    """Claim 2 is followed by another of its organization, claim 4 is the last of its own."""
    bad = (2, 4)
    claims = [claim(n, organization_id=7 if n < 5 else 8, **(BAD[fault] if n in bad else {})) for n in range(1, 7)]
    isolation = isolate_refused(frames_of(claims), RECEIVER)
    assert isolation.refused["claim_id"].tolist() == [2, 4]
    assert isolation.accepted.claims["claim_id"].tolist() == [1, 3, 5, 6]
    assert isolation.interchange is not None
    assert isolation.interchange.claim_ids == (1, 3, 5, 6)


def test_a_clean_night_costs_one_call() -> None:
    validator = Counting()
    isolation = isolate_refused(frames_of(valid_claims()), RECEIVER, validator)
    assert len(validator.bodies) == 1 and len(isolation.refused) == 0
    assert isolation.interchange is not None and len(isolation.interchange.claim_ids) == len(valid_claims())


def test_many_bad_claims_cost_three_calls_and_the_last_saw_what_is_sent() -> None:
    bad = [{}, *BAD.values()]
    good_ids = [len(bad), 2 * len(bad), 3 * len(bad)]
    claims = [claim(n, organization_id=n % 4, **bad[n % len(bad)]) for n in range(1, good_ids[-1] + 1)]
    validator = Counting()
    isolation = isolate_refused(frames_of(claims), RECEIVER, validator)
    assert sorted(isolation.accepted.claims["claim_id"]) == good_ids
    assert len(isolation.refused) == len(claims) - 3
    assert len(validator.bodies) == 3
    assert isolation.interchange is not None
    assert sorted(int(each) for each in re.findall(rb"CLM\*C(\d+)", validator.bodies[-1])) == good_ids
    assert validate(isolation.interchange.numbered(9, CREATED_AT)).accepted


def test_reasons_say_where_and_what_without_values() -> None:
    claims = [
        claim(1, subscriber_state_code="ZZ"),
        claim(2, subscriber_last_name="Secret~Name"),
        claim(3, diagnoses=[]),
        claim(4),
    ]
    refused = isolate_refused(frames_of(claims), RECEIVER).refused
    assert refused.to_numpy().tolist() == [
        [1, "2010BA/N402: value is not in the code list"],
        [2, "subscriber_last_name: a delimiter of the file"],
        [3, "HI: segment Health Care Diagnosis Code (HI) is missing"],
    ]


def test_with_no_claim_left_there_is_no_file() -> None:
    for claims in ([], [claim(1, diagnoses=[]), claim(2, lines=[])], [claim(1, member_id="A~B")]):
        isolation = isolate_refused(frames_of(claims), RECEIVER)
        assert isolation.interchange is None
        assert isolation.refused["claim_id"].tolist() == [row["claim_id"] for row in claims]
        assert len(isolation.accepted.claims) == 0


def test_claims_on_which_the_validator_breaks_off_are_found_by_halving() -> None:
    def fragile(body: bytes) -> Verdict:
        if b"CLM*C000006" in body or b"CLM*C000013" in body:
            return Verdict(False, (SyntaxFinding(0, "file", BROKE_OFF, "the validator broke off"),))
        return Verdict(True, ())

    claims = [claim(n, organization_id=n % 3) for n in range(1, 21)]
    isolation = isolate_refused(frames_of(claims), RECEIVER, fragile)
    assert isolation.refused.to_numpy().tolist() == [
        [6, "file: the validator broke off"],
        [13, "file: the validator broke off"],
    ]
    assert len(isolation.accepted.claims) == 18


def test_a_fault_outside_the_claims_is_no_claims_fault() -> None:
    def dislikes_header(_body: bytes) -> Verdict:
        return Verdict(False, (SyntaxFinding(5, "1000A/NM1", "1", "segment is not known or not well formed"),))

    with pytest.raises(InterchangeRefused, match="outside of its claims"):
        isolate_refused(frames_of([claim(1)]), RECEIVER, dislikes_header)


def test_a_finding_at_an_innocent_claim_makes_every_claim_be_tried_alone() -> None:
    def misleading(body: bytes) -> Verdict:
        """Blames the first claim of a shared transaction set for what claim 3 did."""
        segments = body.decode().split("~")
        if not any(each.startswith("CLM*C000003") for each in segments):
            return Verdict(True, ())
        alone = body.count(b"~CLM*") == body.count(b"~ST*")
        at = next(n for n, each in enumerate(segments, 1) if each.startswith("CLM*C000003" if alone else "CLM*"))
        return Verdict(False, (SyntaxFinding(at, "2300/CLM", "8", "segment is empty or faulty"),))

    isolation = isolate_refused(frames_of([claim(n) for n in range(1, 6)]), RECEIVER, misleading)
    assert isolation.refused["claim_id"].tolist() == [3]


def test_a_validator_that_never_answers_clearly_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation_module, "MOST_CALLS", 9)
    calls = []

    def hopeless(body: bytes) -> Verdict:
        calls.append(body)
        return Verdict(False, (SyntaxFinding(0, "file", BROKE_OFF, "the validator broke off"),))

    with pytest.raises(InterchangeRefused, match="after 9 calls"):
        isolate_refused(frames_of([claim(n) for n in range(1, 30)]), RECEIVER, hopeless)
    assert len(calls) == 9
