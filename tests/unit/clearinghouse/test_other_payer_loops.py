"""What a claim says of other insurers, segment by segment (2320, 2330, 2430)."""

from __future__ import annotations

from datetime import date

import pytest

from include.clearinghouse.professional_claim import build_claim_runs
from tests.unit.clearinghouse.example_claims import (
    Row,
    claim,
    frames_of,
    line,
    line_payment,
    other_payer,
    segments_of,
)
from tests.unit.clearinghouse.valid_cases import VALID_CASES


def after(segments: list[str], prefix: str) -> list[str]:
    """The segments behind the first one that starts with `prefix`."""
    return segments[next(number for number, each in enumerate(segments) if each.startswith(prefix)) + 1 :]


def starting(segments: list[str], *prefixes: str) -> list[str]:
    return [each for each in segments if each.startswith(prefixes)]


def decided(**changes: object) -> Row:
    """A secondary claim of one line of 150 dollars."""
    payer: Row = {"adjudicated_on": date(2026, 11, 24), "paid_cents": 9000, **changes}
    return claim(1, level="secondary", other_payers=[other_payer(**payer)])


def test_a_secondary_claim_tells_what_the_primary_decided_of_each_line() -> None:
    segments = segments_of(claim(1, **VALID_CASES["secondary, paid by line"]))
    assert starting(segments, "SBR")[0] == "SBR*S*18*G-55******CI"
    assert after(segments, "PRV*PE") == [
        "SBR*P*18*OG-7******CI",
        "AMT*D*90",
        "OI***Y***Y",
        "NM1*IL*1*ARBOR*LENA****MI*P-8812",
        "N3*12 JUNIPER LN",
        "N4*BOULDER*CO*80301",
        "NM1*PR*2*PRIMARY ALLIANCE*****PI*PRI01",
        "REF*F8*ICN-1",
        "LX*1",
        "SV1*HC:90837*150*UN*1***1",
        "DTP*472*D8*20261123",
        "REF*6R*C00000101",
        "SVD*PRI01*90*HC:90837**1",
        "CAS*CO*45*30",
        "CAS*PR*1*10**3*20*1",
        "DTP*573*D8*20261124",
        "AMT*EAF*30",
    ]


def test_a_decision_of_the_claim_as_a_whole_stands_at_the_insurer_with_its_day() -> None:
    segments = segments_of(claim(1, **VALID_CASES["secondary, paid as a whole"]))
    assert after(segments, "PRV*PE") == [
        "SBR*P*18*OG-7******CI",
        "CAS*CO*45*40",
        "CAS*PR*2*20",
        "AMT*D*90",
        "AMT*EAF*20",
        "OI***Y***Y",
        "NM1*IL*1*ARBOR*LENA****MI*P-8812",
        "N3*12 JUNIPER LN",
        "N4*BOULDER*CO*80301",
        "NM1*PR*2*PRIMARY ALLIANCE*****PI*PRI01",
        "DTP*573*D8*20261124",
        "LX*1",
        "SV1*HC:90837*150*UN*1***1",
        "DTP*472*D8*20261123",
        "REF*6R*C00000101",
    ]


def test_day_and_patient_share_are_told_once_at_the_lines_where_there_are_line_payments() -> None:
    segments = segments_of(claim(1, **VALID_CASES["secondary, paid by line and reduced as a whole"]))
    assert starting(segments, "CAS", "AMT", "DTP*573", "SVD") == [
        "CAS*CO*253*1.5",
        "AMT*D*88.5",
        "SVD*PRI01*90*HC:90837**1",
        "CAS*CO*45*30",
        "CAS*PR*1*10**3*20*1",
        "DTP*573*D8*20261124",
        "AMT*EAF*30",
    ]


def test_a_tertiary_claim_tells_both_decisions_in_order_at_insurers_and_at_lines() -> None:
    segments = segments_of(claim(1, **VALID_CASES["tertiary after two that decided"]))
    assert starting(segments, "SBR", "NM1*PR", "SVD", "CAS", "DTP*573", "AMT") == [
        "SBR*T*18*G-55******CI",
        "NM1*PR*2*MESA MUTUAL*****PI*MESA1",
        "SBR*P*18*OG-7******CI",
        "AMT*D*90",
        "NM1*PR*2*PRIMARY ALLIANCE*****PI*PRI01",
        "SBR*S*18*OG-7******CI",
        "AMT*D*10",
        "NM1*PR*2*SECONDARY ALLIANCE*****PI*SEC01",
        "SVD*PRI01*90*HC:90837**1",
        "CAS*CO*45*30",
        "CAS*PR*1*10**3*20*1",
        "DTP*573*D8*20261124",
        "AMT*EAF*30",
        "SVD*SEC01*10*HC:90837**1",
        "CAS*OA*23*120",
        "CAS*PR*3*20",
        "DTP*573*D8*20261201",
        "AMT*EAF*20",
    ]


def test_an_insurer_that_has_decided_nothing_is_named_without_amounts() -> None:
    segments = segments_of(claim(1, **VALID_CASES["primary with a secondary beside it"]))
    assert after(segments, "PRV*PE")[:7] == [
        "SBR*S*18*******CI",
        "OI***N***Y",
        "NM1*IL*1*ARBOR*LENA****MI*S-8812",
        "N3*12 JUNIPER LN",
        "N4*BOULDER*CO*80301",
        "NM1*PR*2*SECONDARY ALLIANCE*****PI*SEC01",
        "LX*1",
    ]
    assert starting(segments, "CAS", "AMT", "DTP*573", "SVD") == []


def test_the_other_subscriber_of_a_child_stands_below_the_childs_own_level() -> None:
    segments = segments_of(claim(1, **VALID_CASES["secondary of a child under another parent"]))
    assert starting(segments, "HL", "SBR", "PAT", "NM1*IL", "NM1*QC") == [
        "HL*1**20*1",
        "HL*2*1*22*1",
        "SBR*S**G-55******CI",
        "NM1*IL*1*ARBOR*LENA****MI*M00000001",
        "HL*3*2*23*0",
        "PAT*19",
        "NM1*QC*1*ARBOR*PIM",
        "SBR*P*19*OG-7******CI",
        "NM1*IL*1*VALE*NOOR****MI*P-8812",
    ]


@pytest.mark.parametrize("relationship,code", [("self", "18"), ("spouse", "01"), ("child", "19"), ("other", "G8")])
def test_each_relationship_to_the_other_subscriber_has_its_code(relationship: str, code: str) -> None:
    assert starting(segments_of(decided(relationship=relationship)), "SBR*P") == [f"SBR*P*{code}*OG-7******CI"]


@pytest.mark.parametrize(
    "missing", ["subscriber_address_1", "subscriber_city", "subscriber_state_code", "subscriber_postal_code"]
)
def test_an_address_of_the_other_subscriber_that_is_known_in_part_is_left_out(missing: str) -> None:
    other_loops = after(segments_of(decided(**{missing: None})), "OI")
    assert [each[:3] for each in other_loops[:2]] == ["NM1", "NM1"]


@pytest.mark.parametrize(
    ("assigned", "released", "text"),
    [(True, True, "OI***Y***Y"), (False, True, "OI***N***Y"), (True, False, "OI***Y***I")],
)
def test_assignment_and_release_are_those_of_the_other_policy(assigned: bool, released: bool, text: str) -> None:
    segments = segments_of(decided(assignment_of_benefits=assigned, release_of_information=released))
    assert starting(segments, "OI") == [text]
    assert starting(segments, "CLM")[0].endswith("*Y*A*Y*Y")


def test_a_payment_of_nothing_is_told() -> None:
    segments = segments_of(claim(1, **VALID_CASES["secondary, denied by the primary"]))
    assert starting(segments, "AMT", "SVD", "CAS") == [
        "AMT*D*0",
        "SVD*PRI01*0*HC:90837**1",
        "CAS*PI*204*150",
        "AMT*EAF*0",
    ]


@pytest.mark.parametrize(("count", "sizes"), [(1, [1]), (6, [6]), (7, [6, 1]), (12, [6, 6]), (13, [6, 6, 1])])
def test_six_adjustments_share_a_segment_and_the_seventh_opens_another(count: int, sizes: list[int]) -> None:
    adjustments = [("CO", str(number), 100) for number in range(1, count + 1)]
    segments = starting(segments_of(decided(line_payments=[line_payment(1, 1, *adjustments)])), "CAS")
    elements = [each.split("*") for each in segments]
    assert all(each[:2] == ["CAS", "CO"] for each in elements)
    reasons = [each[2::3] for each in elements]
    assert [len(each) for each in reasons] == sizes
    assert [each for segment in reasons for each in segment] == [reason for _, reason, _ in adjustments]
    assert all(amount == "1" for each in elements for amount in each[3::3])


def test_adjustments_of_one_group_stand_together_and_those_of_zero_are_left_out() -> None:
    adjustments = [("PR", "1", 500), ("CO", "45", 100), ("PR", "2", 0), ("PR", "3", -200, 2), ("OA", "23", 0)]
    segments = segments_of(decided(line_payments=[line_payment(1, 1, *adjustments)]))
    assert starting(segments, "CAS") == ["CAS*PR*1*5**3*-2*2", "CAS*CO*45*1"]
    assert starting(segments, "AMT*EAF") == ["AMT*EAF*3"]


def test_lines_are_told_by_their_number_whatever_their_order_and_a_line_may_be_undecided() -> None:
    payments = [line_payment(3, 300, procedure_code="90834", modifier_1="95", modifier_3="HO"), line_payment(1, 100)]
    row = claim(
        1,
        level="secondary",
        lines=[line(), line(), line()],
        other_payers=[other_payer(adjudicated_on=date(2026, 11, 24), paid_cents=400, line_payments=payments)],
    )
    segments = segments_of(row, claim(2))
    assert starting(segments, "CLM", "LX", "SVD") == [
        "CLM*C000001*450***11:B:1*Y*A*Y*Y",
        "LX*1",
        "SVD*PRI01*1*HC:90837**1",
        "LX*2",
        "LX*3",
        "SVD*PRI01*3*HC:90834:95:HO**1",
        "CLM*C000002*150***11:B:1*Y*A*Y*Y",
        "LX*1",
    ]


@pytest.mark.parametrize(("paid_units", "written"), [(0, "0"), (2, "2"), (None, "4")])
def test_paid_units_that_are_not_known_are_the_billed_ones(paid_units: int | None, written: str) -> None:
    row = decided(line_payments=[line_payment(1, 1, unit_count=paid_units)]) | {"lines": [line(unit_count=4)]}
    assert starting(segments_of(row), "SVD") == [f"SVD*PRI01*0.01*HC:90837**{written}"]


def test_decisions_find_their_claims_across_organizations_and_positions() -> None:
    """Claims are in order of organization, the other frames in order of claim."""
    rows = [
        decided(paid_cents=100 * number, line_payments=[line_payment(1, number)])
        | {"claim_id": number, "claim_number": f"C{number}", "organization_id": organization_id}
        for number, organization_id in ((1, 9), (2, 7), (3, 9), (4, 8))
    ]
    told = {}
    for run in build_claim_runs(frames_of(rows)):
        for text in run.text.split("~CLM*")[1:]:
            segments = text.split("~")
            told[segments[0].split("*")[0]] = (starting(segments, "AMT*D"), starting(segments, "SVD"))
    assert told == {f"C{n}": ([f"AMT*D*{n}"], [f"SVD*PRI01*0.0{n}*HC:90837**1"]) for n in range(1, 5)}
