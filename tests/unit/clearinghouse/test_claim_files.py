"""Claim files read back: what the writer wrote is found again, and no damaged file passes for a whole one."""

from __future__ import annotations

import re
from datetime import date, datetime

import pytest

from include.clearinghouse.claim_files import (
    UnreadableClaimFile,
    parse_claim_number,
    parse_file_name,
    read_claim_file,
)
from include.clearinghouse.interchange import build_interchange, file_name
from tests.unit.clearinghouse.example_claims import CREATED_AT, RECEIVER, claim, frames_of
from tests.unit.clearinghouse.valid_cases import valid_claims


def numbered_claims() -> list[dict[str, object]]:
    """Every case of the writer, with numbers of the form the database gives."""
    return [{**one, "claim_number": f"C{one['claim_id']}V1"} for one in valid_claims()]


def written(number: int = 12) -> bytes:
    return build_interchange(frames_of(numbered_claims()), RECEIVER).numbered(number, CREATED_AT)


def test_everything_the_writer_can_write_is_read_back() -> None:
    interchange = build_interchange(frames_of(numbered_claims()), RECEIVER)
    file = read_claim_file(interchange.numbered(12, CREATED_AT))
    frames = frames_of(numbered_claims()).claims.set_index("claim_id")

    assert (file.submitter_id, file.receiver_id, file.control_number) == ("SUBM01", "HOUSE01", 12)
    assert file.written_at == datetime(2026, 11, 25, 21, 4)  # noqa: DTZ001 # the file names no zone
    assert [one.transaction_number for one in file.sets] == [one.st02 for one in interchange.transaction_sets]
    assert [one.batch_reference for one in file.sets] == [f"000000012{one.transaction_number}" for one in file.sets]
    assert len(file.claims) == len(frames) > 20
    assert [one.claim_id for one in file.claims] == list(interchange.claim_ids)
    for one in file.claims:
        expected = frames.loc[one.claim_id]
        assert one.claim_number == expected["claim_number"]
        assert one.version == 1
        assert one.level == expected["level"]
        assert one.total_cents == expected["total_charge_cents"]
        assert one.billing_npi == expected["billing_npi"]
        assert one.patient_birth_on == expected["patient_birth_on"].date()
        assert one.member_id == expected["member_id"].upper()


def test_a_claim_is_recognised_by_its_own_patient_first_day_and_insured() -> None:
    rows = [claim(1, claim_number="C1V3"), claim(2, claim_number="C2V1", relationship="child", level="secondary")]
    first, second = read_claim_file(build_interchange(frames_of(rows), RECEIVER).numbered(1, CREATED_AT)).claims

    assert (first.claim_id, first.version, first.service_on) == (1, 3, date(2026, 11, 23))
    assert (second.level, second.claim_number) == ("secondary", "C2V1")
    assert "EXAMPLE" not in repr(first).upper()
    assert first.member_id not in repr(first)


@pytest.mark.parametrize("keep", [0, 1, 105, 106, 500, -1, -2, -20])
def test_a_file_that_ends_early_is_refused(keep: int) -> None:
    with pytest.raises(UnreadableClaimFile):
        read_claim_file(written()[:keep])


def test_a_file_that_lacks_any_one_of_its_segments_is_refused() -> None:
    segments = written().decode().split("~")[:-1]
    for number in range(len(segments)):
        spoiled = "~".join([*segments[:number], *segments[number + 1 :], ""])
        with pytest.raises(UnreadableClaimFile):
            read_claim_file(spoiled.encode())


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        (rb"IEA\*1\*000000012", b"IEA*1*000000013"),
        (rb"GE\*(\d+)\*12", rb"GE*\1*13"),
        (rb"SE\*\d+\*0001", b"SE*9*0001"),
        (rb"CLM\*C1V1\*", b"CLM*AN ELSE*"),
        (rb"(CLM\*C1V1\*)[\d.]+", rb"\1TEN"),
        (rb"NM1\*IL", b"NM1*\xc3\x84L"),
    ],
)
def test_a_file_whose_numbers_disagree_is_refused_without_a_word_of_it(pattern: bytes, instead: bytes) -> None:
    spoiled, count = re.subn(pattern, instead, written(), count=1)
    assert count == 1
    with pytest.raises(UnreadableClaimFile) as caught:
        read_claim_file(spoiled)
    assert re.fullmatch(r"segment \d+ \([A-Z0-9]+\) is not as we write it|the file is not ASCII.*", str(caught.value))


def test_something_after_the_last_trailer_is_refused() -> None:
    with pytest.raises(UnreadableClaimFile):
        read_claim_file(written() + b"GS*HC~")


def test_names_of_ours_are_told_from_others() -> None:
    name = file_name(RECEIVER, 12, written())

    parsed = parse_file_name(name)
    assert parsed is not None
    assert parsed[:2] == ("SUBM01", 12)
    for other in (f"{name}.tmp", f".{name}", name.replace("000000012", "12"), name.upper(), f"{name}/x", "notes.txt"):
        assert parse_file_name(other) is None, other


def test_claim_numbers_of_ours_are_told_from_others() -> None:
    assert parse_claim_number("C12V3") == (12, 3)
    assert parse_claim_number("C999999999999999V32767") == (999_999_999_999_999, 32_767)
    for other in ("C12", "12V3", "C12V3 ", "c12v3", "C12V40000", "C1234567890123456V1", ""):
        assert parse_claim_number(other) is None, other
