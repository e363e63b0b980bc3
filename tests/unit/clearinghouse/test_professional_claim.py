from __future__ import annotations

import pytest

from include.clearinghouse.interchange import build_interchange
from include.clearinghouse.professional_claim import build_claim_runs
from include.clearinghouse.segments import amount_text
from tests.unit.clearinghouse.example_claims import CREATED_AT, RECEIVER, Row, claim, frames_of, line, segments_of
from tests.unit.clearinghouse.valid_cases import VALID_CASES


def starting(segments: list[str], prefix: str) -> list[str]:
    return [each for each in segments if each.startswith(prefix)]


@pytest.mark.parametrize(
    ("cents", "text"),
    [
        (15000, "150"),
        (15050, "150.5"),
        (15005, "150.05"),
        (5, "0.05"),
        (50, "0.5"),
        (0, "0"),
        (100, "1"),
        (-1250, "-12.5"),
    ],
)
def test_money_is_dollars_without_trailing_zeros(cents: int, text: str) -> None:
    assert amount_text(cents) == text


def test_a_claim_of_the_insured_client_is_written_segment_by_segment() -> None:
    assert segments_of(claim(1)) == [
        "HL*1**20*1",
        "PRV*BI*PXC*261QM0801X",
        "NM1*85*2*ASPEN COUNSELING GROUP*****XX*1234567893",
        "N3*100 LARIMER ST",
        "N4*DENVER*CO*802021234",
        "REF*EI*841234567",
        "PER*IC*ASPEN COUNSELING GROUP*TE*3035550101",
        "HL*2*1*22*0",
        "SBR*P*18*G-55******CI",
        "NM1*IL*1*ARBOR*LENA****MI*M00000001",
        "N3*12 JUNIPER LN",
        "N4*BOULDER*CO*80301",
        "DMG*D8*19880229*F",
        "NM1*PR*2*MESA MUTUAL*****PI*MESA1",
        "CLM*C000001*150***11:B:1*Y*A*Y*Y",
        "HI*ABK:F411",
        "NM1*82*1*QUILL*MAREN****XX*1245319599",
        "PRV*PE*PXC*101YM0800X",
        "LX*1",
        "SV1*HC:90837*150*UN*1***1",
        "DTP*472*D8*20261123",
        "REF*6R*C00000101",
    ]


def test_a_dependent_gets_a_patient_level_and_the_subscriber_only_a_name() -> None:
    segments = segments_of(claim(1, **VALID_CASES["child of the subscriber"]))
    level = segments.index("HL*2*1*22*1")
    assert segments[level : segments.index("HI*ABK:F411")] == [
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
        "CLM*C000001*150***11:B:1*Y*A*Y*Y",
    ]


@pytest.mark.parametrize(("relationship", "code"), [("spouse", "01"), ("child", "19"), ("other", "G8")])
def test_each_relationship_has_its_code(relationship: str, code: str) -> None:
    assert starting(segments_of(claim(1, relationship=relationship)), "PAT") == [f"PAT*{code}"]


def test_levels_are_numbered_through_providers_subscribers_and_patients() -> None:
    solo, child = VALID_CASES["solo clinician with social security number"], VALID_CASES["child of the subscriber"]
    segments = segments_of(claim(1, **child), claim(2, **solo), claim(3), claim(4, **{**solo, **child}))
    assert starting(segments, "HL") == [
        "HL*1**20*1",
        "HL*2*1*22*1",
        "HL*3*2*23*0",
        "HL*4*1*22*0",
        "HL*5**20*1",
        "HL*6*5*22*0",
        "HL*7*5*22*1",
        "HL*8*7*23*0",
    ]
    assert [each.split("*")[1] for each in starting(segments, "CLM")] == ["C000001", "C000003", "C000002", "C000004"]


def test_a_clinician_who_bills_in_person_is_not_repeated_as_rendering() -> None:
    solo = VALID_CASES["solo clinician with social security number"]
    assert starting(segments_of(claim(1, **solo)), "NM1*82") == []
    assert starting(segments_of(claim(1, **{**solo, "rendering_npi": "1093817465"})), "NM1*82") == [
        "NM1*82*1*QUILL*MAREN****XX*1093817465"
    ]


def test_a_group_with_the_npi_of_its_clinician_still_names_the_clinician() -> None:
    segments = segments_of(claim(1, billing_npi="1245319599"))
    assert starting(segments, "NM1*82") == ["NM1*82*1*QUILL*MAREN****XX*1245319599"]


def test_a_facility_is_named_only_where_it_differs_from_the_billing_provider() -> None:
    at_billing: Row = {
        "facility_name": "Aspen Counseling Group",
        "facility_npi": "1234567893",
        "facility_address_1": "100 LARIMER ST",
        "facility_city": "Denver",
        "facility_state_code": "CO",
        "facility_postal_code": "80202",
    }
    assert starting(segments_of(claim(1, **at_billing)), "NM1*77") == []
    elsewhere = {**at_billing, "facility_address_1": "101 LARIMER ST"}
    assert starting(segments_of(claim(1, **elsewhere)), "NM1*77") == ["NM1*77*2*ASPEN COUNSELING GROUP"]
    other_npi = {**at_billing, "facility_npi": "1598765430"}
    assert starting(segments_of(claim(1, **other_npi)), "NM1*77") == [
        "NM1*77*2*ASPEN COUNSELING GROUP*****XX*1598765430"
    ]


def test_a_supervisor_follows_facility_and_clinician() -> None:
    segments = segments_of(claim(1, **VALID_CASES["facility, supervised, child"]))
    providers = [each.split("*")[1] for each in starting(segments, "NM1") if each[4:6] in ("82", "77", "DQ")]
    assert providers == ["82", "77", "DQ"]
    assert starting(segments, "NM1*DQ") == ["NM1*DQ*1*THORNE*IDA****XX*1093817465"]


def test_the_place_of_service_stands_on_a_line_only_where_it_differs() -> None:
    lines = [line(place_of_service_code="11"), line(place_of_service_code="02"), line(place_of_service_code=None)]
    services = starting(segments_of(claim(1, lines=lines)), "SV1")
    assert [each.split("*")[5] for each in services] == ["", "02", ""]


def test_modifiers_follow_the_procedure_without_gaps() -> None:
    services = starting(segments_of(claim(1, lines=[line(modifier_1="95", modifier_3="HO")])), "SV1")
    assert services == ["SV1*HC:90837:95:HO*150*UN*1***1"]


def test_a_correction_carries_the_payers_number_and_an_original_does_not() -> None:
    correction = claim(1, frequency_code="7", payer_claim_control_number="PCN1", authorization_number="AUTH1")
    assert starting(segments_of(correction), "REF*F8") == ["REF*F8*PCN1"]
    assert starting(segments_of(correction), "REF*G1") == ["REF*G1*AUTH1"]
    assert starting(segments_of(correction), "CLM") == ["CLM*C000001*150***11:B:7*Y*A*Y*Y"]
    original = claim(1, frequency_code="1", payer_claim_control_number="PCN1")
    assert starting(segments_of(original), "REF*F8") == []


@pytest.mark.parametrize(("level", "code"), [("primary", "P"), ("secondary", "S"), ("tertiary", "T")])
def test_each_level_has_its_code(level: str, code: str) -> None:
    assert starting(segments_of(claim(1, level=level)), "SBR")[0].split("*")[1] == code


def test_the_line_control_number_names_claim_and_line_in_at_most_thirty_characters() -> None:
    longest = claim(1, claim_number="C2345678901234567", lines=[line()] * 12)
    references = [each.split("*")[2] for each in starting(segments_of(longest), "REF*6R")]
    assert references[0] == "C234567890123456701" and references[11] == "C234567890123456712"
    assert len(set(references)) == 12 and max(map(len, references)) <= 30


def test_organizations_have_runs_of_their_own_in_order() -> None:
    claims = [claim(1, organization_id=9), claim(2, organization_id=4), claim(3, organization_id=9)]
    runs = build_claim_runs(frames_of(claims))
    assert [(run.organization_id, run.claim_ids) for run in runs] == [(4, (2,)), (9, (1, 3))]


def test_a_run_holds_at_most_the_stated_number_of_claims() -> None:
    claims = [claim(number) for number in range(1, 8)]
    assert [run.claim_ids for run in build_claim_runs(frames_of(claims), 3)] == [(1, 2, 3), (4, 5, 6), (7,)]
    assert [run.claim_ids for run in build_claim_runs(frames_of(claims), 7)] == [(1, 2, 3, 4, 5, 6, 7)]


def test_positions_point_at_the_first_segments_of_claims_and_providers() -> None:
    solo = VALID_CASES["solo clinician with social security number"]
    (run,) = build_claim_runs(frames_of([claim(1), claim(2, **solo), claim(3)]))
    segments = run.text.split("~")[:-1]
    assert len(segments) == run.segment_count
    assert [segments[position - 1].split("*")[3] for position in run.claim_starts] == ["22"] * 3
    assert [(segments[position - 1].split("*")[3], first) for position, first in run.provider_starts] == [
        ("20", 0),
        ("20", 2),
    ]


def test_no_claims_make_no_runs() -> None:
    assert build_claim_runs(frames_of([])) == ()


def test_lines_out_of_order_are_refused_rather_than_given_to_another_claim() -> None:
    frames = frames_of([claim(1), claim(2)])
    frames.lines["claim_id"] = [2, 1]
    with pytest.raises(ValueError, match="in order of claim_id"):
        build_claim_runs(frames)


def test_patient_data_do_not_show_in_the_representation_of_what_is_built() -> None:
    interchange = build_interchange(frames_of([claim(1)]), RECEIVER)
    shown = repr(interchange) + repr(build_claim_runs(frames_of([claim(1)])))
    assert "ARBOR" in interchange.numbered(1, CREATED_AT).decode()
    assert "ARBOR" not in shown and "F411" not in shown
