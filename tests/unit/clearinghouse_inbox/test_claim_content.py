"""What counts as a change of a claim: everything that is its own, nothing that its place in a file gives it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from include.claim_frames import ClaimFrames
from include.clearinghouse.interchange import build_interchange
from include.clearinghouse_inbox.claim_content import contents_now, contents_of_file
from include.clearinghouse_inbox.filed_claims import read_claims, read_set
from tests.unit.clearinghouse.example_claims import RECEIVER, Row, claim, frames_of, line, other_payer, person

DEPENDENT: Row = {"relationship": "child", **person("subscriber", "Example", "Kim")}


def claims_of_all_kinds() -> list[Row]:
    """Two groups bill, clients insured by themselves and by a parent, one and more lines, a second insurer."""
    rows = []
    for claim_id in range(1, 13):
        row = claim(claim_id, organization_id=7 + claim_id % 2)
        if claim_id % 3 == 0:
            row = claim(claim_id, organization_id=7, **DEPENDENT)
        if claim_id % 4 == 0:
            row = claim(claim_id, organization_id=7, billing_name="Birch Counseling", billing_npi="1245319599")
        if claim_id % 5 == 0:
            row = claim(claim_id, organization_id=7, lines=[line(), line(procedure_code="90785", charge_cents=2000)])
        if claim_id == 11:
            row = claim(claim_id, level="secondary", other_payers=[other_payer()])
        if claim_id == 7:
            row = claim(claim_id, frequency_code="7", payer_claim_control_number="ICN77")
        rows.append(row)
    return rows


def written(frames: ClaimFrames, number: int = 41) -> bytes:
    return build_interchange(frames, RECEIVER).numbered(number, datetime(2026, 11, 25, 21, 4, tzinfo=UTC))


def numbers(frames: ClaimFrames) -> list[str]:
    return [str(number) for number in frames.claims["claim_number"]]


def test_unchanged_claims_are_equal_in_whatever_file_they_stand() -> None:
    frames = frames_of(claims_of_all_kinds())
    before = contents_of_file(written(frames), set(numbers(frames)))
    assert sorted(before) == sorted(numbers(frames))
    assert contents_now(frames) == before
    for claim_id in frames.claims["claim_id"]:
        alone = frames.of_claims(frames.claims["claim_id"][frames.claims["claim_id"] == claim_id])
        ((number, content),) = contents_now(alone).items()
        assert content == before[number]


def test_only_the_claims_asked_for_are_read() -> None:
    frames = frames_of(claims_of_all_kinds())
    assert list(contents_of_file(written(frames), {"C000003"})) == ["C000003"]


def test_the_next_version_says_the_same() -> None:
    first = contents_now(frames_of([claim(1, claim_number="C1V1", version=1)]))
    second = contents_now(frames_of([claim(1, claim_number="C1V2", version=2)]))
    assert first["C1V1"] == second["C1V2"]


CHANGES: list[Row] = [
    {"billing_name": "Aspen Counselling Group"},
    {"billing_npi": "1245319599"},
    {"billing_tax_id": "84-1234568"},
    {"billing_taxonomy_code": "101YM0800X"},
    {"billing_address_1": "13 Willow Lane"},
    {"billing_postal_code": "805211235"},
    {"billing_phone": "5555550199"},
    {"pay_to_address_1": "PO BOX 7", "pay_to_city": "Denver", "pay_to_state_code": "CO", "pay_to_postal_code": "80202"},
    {"patient_last_name": "Sample", "subscriber_last_name": "Sample"},
    {"patient_birth_on": date(1981, 1, 1), "subscriber_birth_on": date(1981, 1, 1)},
    {"patient_sex": "U", "subscriber_sex": "U"},
    {"patient_address_1": "9 Elm St", "subscriber_address_1": "9 Elm St"},
    {"member_id": "W000000001"},
    {"group_number": "G9"},
    {"payer_name": "Other Health"},
    {"payer_code": "99999"},
    {"claim_filing_code": "BL"},
    DEPENDENT,
    {"place_of_service_code": "10"},
    {"frequency_code": "7", "payer_claim_control_number": "ICN1"},
    {"authorization_number": "AUTH1"},
    {"claim_note": "a note"},
    {"accident_cause": "other", "accident_on": date(2026, 11, 1)},
    {"assignment_of_benefits": False},
    {"release_of_information": False},
    {"rendering_npi": "1679576722"},
    {"rendering_last_name": "Other"},
    {"supervising_last_name": "Boss", "supervising_first_name": "Ann", "supervising_npi": "1679576722"},
    {"referring_last_name": "Ref", "referring_first_name": "Bo", "referring_npi": "1679576722",
     "referring_entity_type": "1"},
    {"facility_name": "Elsewhere", "facility_address_1": "1 Far St", "facility_city": "Far",
     "facility_state_code": "CO", "facility_postal_code": "802020001"},
    {"diagnoses": ["F331"]},
    {"total_charge_cents": 16000, "lines": [line(charge_cents=16000)]},
    {"lines": [line(procedure_code="90834")]},
    {"lines": [line(modifier_1="95")]},
    {"lines": [line(service_on=date(2026, 11, 22))]},
    {"lines": [line(line_note="a note")]},
    {"lines": [line(), line()]},
    {"level": "secondary", "other_payers": [other_payer()]},
]  # fmt: skip


@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: next(iter(changes)))
def test_each_change_of_a_claim_is_seen_and_its_neighbours_stay_equal(changes: Row) -> None:
    before = contents_of_file(written(frames_of([claim(1), claim(2), claim(3)])), {"C000001", "C000002", "C000003"})
    now = contents_now(frames_of([claim(1), claim(2, **changes), claim(3)]))
    assert {number for number in before if before[number] != now[number]} == {"C000002"}


def test_a_line_of_another_number_is_a_change_although_the_claims_own_number_is_none() -> None:
    assert contents_now(frames_of([claim(1, lines=[line(line_number=1)])])) != contents_now(
        frames_of([claim(1, lines=[line(line_number=2)])])
    )


def test_segments_of_a_set_belong_to_the_claim_that_the_writer_says() -> None:
    frames = frames_of(claims_of_all_kinds())
    interchange = build_interchange(frames, RECEIVER, claims_per_transaction_set=4)
    body = interchange.numbered(41, datetime(2026, 11, 25, 21, 4, tzinfo=UTC))
    by_id = dict(zip(frames.claims["claim_id"], numbers(frames), strict=True))
    assert len(interchange.transaction_sets) > 2
    seen = set()
    for each in interchange.transaction_sets:
        filed = read_set(body, each.st02)
        assert [one.claim_number for one in filed.claims] == [by_id[claim_id] for claim_id in each.claim_ids]
        for position in range(1, each.segment_count + 3):
            owners = each.claims_at(each.first_position + position - 1)
            is_billing = len(owners) != 1 or each.first_position + position - 1 < each.claim_positions[0]
            found = filed.claim_at(position)
            if found is not None:
                assert by_id[owners[0]] == found
                seen.add(found)
            else:
                assert is_billing or body.split(b"~")[each.first_position + position - 2].startswith(
                    (b"HL", b"PRV*BI", b"NM1*85", b"N3", b"N4", b"REF*EI", b"PER")
                )
    assert len(seen) == len(by_id)


def test_claims_of_a_provider_are_those_under_its_level() -> None:
    frames = frames_of(claims_of_all_kinds())
    body = written(frames)
    birch = read_set(body, "0001").claims_of_provider("1245319599")
    assert birch == ["C000004", "C000008", "C000012"]
    assert read_set(body, "0001").claims_of_provider("9999999999") == []
    assert len(list(read_claims(body))) == 12


def test_a_file_without_the_set_is_an_error_that_quotes_nothing() -> None:
    with pytest.raises(ValueError, match="no transaction set 0009"):
        read_set(written(frames_of([claim(1)])), "0009")
