"""Loops and segments that only some claims have, segment by segment."""

from __future__ import annotations

from datetime import date

import pytest

from tests.unit.clearinghouse.example_claims import Row, claim, line, segments_of
from tests.unit.clearinghouse.valid_cases import VALID_CASES


def starting(segments: list[str], *prefixes: str) -> list[str]:
    return [each for each in segments if each.startswith(prefixes)]


def test_everything_an_original_claim_may_tell_has_its_place() -> None:
    assert segments_of(claim(1, **VALID_CASES["everything that may be told of an original claim"])) == [
        "HL*1**20*1",
        "PRV*BI*PXC*261QM0801X",
        "NM1*85*2*ASPEN COUNSELING GROUP*****XX*1234567893",
        "N3*100 LARIMER ST",
        "N4*DENVER*CO*802021234",
        "REF*EI*841234567",
        "PER*IC*ASPEN COUNSELING GROUP*TE*3035550101",
        "NM1*87*2",
        "N3*PO BOX 77",
        "N4*GOLDEN*CO*80401",
        "HL*2*1*22*1",
        "SBR*P**G-55******CI",
        "NM1*IL*1*ARBOR*LENA****MI*M00000001",
        "NM1*PR*2*MESA MUTUAL*****PI*MESA1",
        "HL*3*2*23*0",
        "PAT*19",
        "NM1*QC*1*ARBOR*PIM",
        "N3*12 JUNIPER LN",
        "N4*BOULDER*CO*80301",
        "DMG*D8*20150501*M",
        "CLM*C000001*150***11:B:1*Y*A*Y*Y**AA:::UT",
        "DTP*439*D8*20261002",
        "REF*G1*A-9",
        "NTE*ADD*NOTE",
        "HI*ABK:F411",
        "NM1*DN*1*MOSS*ADA****XX*1679576722",
        "NM1*82*1*QUILL*MAREN****XX*1245319599",
        "PRV*PE*PXC*101YM0800X",
        "NM1*77*2*ASPEN COUNSELING EAST",
        "N3*9 QUEBEC WAY*SUITE 2",
        "N4*DENVER*CO*802300001",
        "NM1*DQ*1*THORNE*IDA****XX*1093817465",
        "LX*1",
        "SV1*HC:90899:::::CONSULTATION*150*UN*1***1",
        "DTP*472*D8*20261123",
        "REF*6R*C00000101",
        "NTE*ADD*LINE NOTE",
    ]


def test_a_pay_to_address_is_written_only_where_it_is_another_one() -> None:
    own: Row = {
        "pay_to_address_1": "100 LARIMER ST",
        "pay_to_city": "Denver",
        "pay_to_state_code": "CO",
        "pay_to_postal_code": "80202",
    }
    assert starting(segments_of(claim(1, **own)), "NM1*87") == []
    assert starting(segments_of(claim(1, **{**own, "pay_to_address_1": "101 LARIMER ST"})), "NM1*87") == ["NM1*87*2"]
    solo = VALID_CASES["solo clinician paid to another address"]
    assert starting(segments_of(claim(1, **solo)), "NM1*87", "N3*PO") == ["NM1*87*1", "N3*PO BOX 77*SUITE NO 9"]


def test_claims_paid_to_different_addresses_have_billing_levels_of_their_own() -> None:
    pay_to = VALID_CASES["paid to another address"]
    segments = segments_of(claim(1), claim(2, **pay_to), claim(3))
    assert starting(segments, "HL*", "NM1*87", "CLM") == [
        "HL*1**20*1",
        "HL*2*1*22*0",
        "CLM*C000001*150***11:B:1*Y*A*Y*Y",
        "HL*3*1*22*0",
        "CLM*C000003*150***11:B:1*Y*A*Y*Y",
        "HL*4**20*1",
        "NM1*87*2",
        "HL*5*4*22*0",
        "CLM*C000002*150***11:B:1*Y*A*Y*Y",
    ]


@pytest.mark.parametrize(
    ("changes", "related", "dated"),
    [
        ({"accident_cause": "auto", "accident_state_code": "UT"}, "**AA:::UT", True),
        ({"accident_cause": "auto"}, "**AA", True),
        ({"accident_cause": "employment", "accident_state_code": "UT"}, "**EM", True),
        ({"accident_cause": "other", "accident_state_code": "UT"}, "**OA", True),
        ({"accident_state_code": "UT"}, "", False),
    ],
)
def test_an_accident_has_its_code_its_day_and_the_state_of_a_car_accident(
    changes: Row, related: str, dated: bool
) -> None:
    segments = segments_of(claim(1, accident_on=date(2026, 10, 2), **changes))
    assert starting(segments, "CLM") == [f"CLM*C000001*150***11:B:1*Y*A*Y*Y{related}"]
    assert starting(segments, "DTP*439") == (["DTP*439*D8*20261002"] if dated else [])


def test_an_accident_without_a_day_has_no_date_segment() -> None:
    segments = segments_of(claim(1, accident_cause="employment"))
    assert starting(segments, "CLM", "DTP") == ["CLM*C000001*150***11:B:1*Y*A*Y*Y**EM", "DTP*472*D8*20261123"]


def test_who_referred_comes_first_among_the_providers_and_may_have_no_npi() -> None:
    segments = segments_of(claim(1, **VALID_CASES["referred, supervised, facility, child"]))
    providers = [each.split("*")[1] for each in segments if each[:6] in ("NM1*DN", "NM1*82", "NM1*77", "NM1*DQ")]
    assert providers == ["DN", "82", "77", "DQ"]
    assert starting(segments_of(claim(1, **VALID_CASES["referred without NPI"])), "NM1*DN") == ["NM1*DN*1*MOSS*ADA"]


def test_a_note_follows_the_references_of_the_claim_and_the_number_of_the_line() -> None:
    row = claim(
        1,
        frequency_code="8",
        payer_claim_control_number="PCN1",
        authorization_number="AUTH1",
        claim_note="billed twice",
        lines=[line(line_note="first"), line()],
    )
    segments = segments_of(row)
    assert segments[segments.index("REF*G1*AUTH1") :][:4] == [
        "REF*G1*AUTH1",
        "REF*F8*PCN1",
        "NTE*ADD*BILLED TWICE",
        "HI*ABK:F411",
    ]
    assert starting(segments, "LX", "REF*6R", "NTE") == [
        "NTE*ADD*BILLED TWICE",
        "LX*1",
        "REF*6R*C00000101",
        "NTE*ADD*FIRST",
        "LX*2",
        "REF*6R*C00000102",
    ]


@pytest.mark.parametrize(
    ("modifiers", "procedure"),
    [
        ([], "HC:90899:::::CONSULTATION"),
        (["95"], "HC:90899:95::::CONSULTATION"),
        (["95", "HO", "GT", "59"], "HC:90899:95:HO:GT:59:CONSULTATION"),
        ([None, "HO"], "HC:90899:HO::::CONSULTATION"),
    ],
)
def test_a_description_stands_behind_the_places_of_four_modifiers(modifiers: list[str | None], procedure: str) -> None:
    given = {f"modifier_{number}": each for number, each in enumerate(modifiers, start=1)}
    service = line(procedure_code="90899", description="Consultation", **given)
    assert starting(segments_of(claim(1, lines=[service])), "SV1") == [f"SV1*{procedure}*150*UN*1***1"]


def test_the_second_part_of_a_split_invoice_counts_its_lines_anew_and_keeps_the_invoices_numbers() -> None:
    segments = segments_of(claim(1, **VALID_CASES["second part of a split invoice"]))
    assert starting(segments, "LX") == ["LX*1", "LX*2", "LX*3"]
    assert starting(segments, "REF*6R") == ["REF*6R*C00000151", "REF*6R*C00000152", "REF*6R*C00000153"]


@pytest.mark.parametrize("frequency_code", ["7", "8"])
def test_replacement_and_void_name_the_payers_claim_and_are_otherwise_the_claim(frequency_code: str) -> None:
    original = segments_of(claim(1))
    correction = segments_of(claim(1, frequency_code=frequency_code, payer_claim_control_number="PCN1"))
    at = original.index("CLM*C000001*150***11:B:1*Y*A*Y*Y")
    assert correction == [
        *original[:at],
        f"CLM*C000001*150***11:B:{frequency_code}*Y*A*Y*Y",
        "REF*F8*PCN1",
        *original[at + 1 :],
    ]
