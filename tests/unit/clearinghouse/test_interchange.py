from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.clearinghouse.interchange import build_interchange, file_name
from tests.unit.clearinghouse.example_claims import CREATED_AT, RECEIVER, claim, frames_of
from tests.unit.clearinghouse.valid_cases import VALID_CASES, valid_claims

ROOT = Path(__file__).resolve().parents[3]


def elements(body: bytes, segment_id: str) -> list[list[str]]:
    return [each.split("*") for each in body.decode("ascii").split("~") if each.startswith(f"{segment_id}*")]


def test_the_same_claims_number_and_time_give_the_same_bytes() -> None:
    first = build_interchange(frames_of(valid_claims()), RECEIVER).numbered(12, CREATED_AT)
    again = build_interchange(frames_of(reversed(valid_claims())), RECEIVER).numbered(12, CREATED_AT)
    assert first == again


def test_another_process_gives_the_same_bytes() -> None:
    """Nothing depends on the order of a set or on hashes, which differ from process to process."""
    program = (
        "import hashlib, sys; sys.path[:0] = [sys.argv[1], sys.argv[1] + '/plugins'];"
        "from include.clearinghouse.interchange import build_interchange;"
        "from tests.unit.clearinghouse.example_claims import CREATED_AT, RECEIVER, frames_of;"
        "from tests.unit.clearinghouse.valid_cases import valid_claims;"
        "body = build_interchange(frames_of(valid_claims()), RECEIVER).numbered(12, CREATED_AT);"
        "print(hashlib.sha256(body).hexdigest())"
    )
    here = build_interchange(frames_of(valid_claims()), RECEIVER).numbered(12, CREATED_AT)
    there = subprocess.run(
        [sys.executable, "-c", program, str(ROOT)],
        env={**os.environ, "PYTHONHASHSEED": "4711"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == hashlib.sha256(here).hexdigest()


def test_numbering_later_equals_building_afresh() -> None:
    interchange = build_interchange(frames_of(valid_claims()), RECEIVER)
    interchange.numbered(1, datetime(2020, 1, 1, tzinfo=UTC))
    fresh = build_interchange(frames_of(valid_claims()), RECEIVER)
    assert interchange.numbered(77, CREATED_AT) == fresh.numbered(77, CREATED_AT)


def test_another_number_changes_only_control_numbers() -> None:
    interchange = build_interchange(frames_of(valid_claims()), RECEIVER)
    one, two = (interchange.numbered(n, CREATED_AT).decode().split("~") for n in (111_111_111, 222_222_222))
    changed = [(a, b) for a, b in zip(one, two, strict=True) if a != b]
    assert {a.split("*")[0] for a, _ in changed} == {"ISA", "GS", "BHT", "GE", "IEA"}
    assert all(a.replace("111111111", "222222222") == b for a, b in changed)


def test_all_control_numbers_of_a_file_agree_and_its_counts_are_right() -> None:
    interchange = build_interchange(frames_of(valid_claims()), RECEIVER)
    body = interchange.numbered(42, CREATED_AT)
    (isa,), (gs,), (ge,), (iea,) = (elements(body, each) for each in ("ISA", "GS", "GE", "IEA"))
    assert len(body.split(b"~", 1)[0]) == 105
    assert (isa[13], gs[6], ge[2], iea[2]) == ("000000042", "42", "42", "000000042")
    assert (isa[9], isa[10], gs[4], gs[5]) == ("261125", "2104", "20261125", "2104")
    assert [each[2] for each in elements(body, "ST")] == [each[2] for each in elements(body, "SE")]
    assert [each[2] for each in elements(body, "ST")] == ["0001", "0002", "0003"] and ge[1] == "3"
    assert [each[3] for each in elements(body, "BHT")] == ["0000000420001", "0000000420002", "0000000420003"]
    for each, se in zip(interchange.transaction_sets, elements(body, "SE"), strict=True):
        text = body.split(f"~ST*837*{each.st02}*".encode())[1].split(b"~SE*")[0] + b"~"
        assert int(se[1]) == each.segment_count == text.count(b"~") + 1
    assert body.count(b"~") == interchange.segment_count
    assert b"\n" not in body and body.isascii()


def test_batch_numbers_differ_between_files_and_within_a_file_and_fit() -> None:
    interchange = build_interchange(frames_of(valid_claims()), RECEIVER)
    numbers = [
        each[3] for number in (1, 10, 999_999_999) for each in elements(interchange.numbered(number, CREATED_AT), "BHT")
    ]
    assert len(set(numbers)) == 9 and max(map(len, numbers)) <= 30


@pytest.mark.parametrize("number", [0, -1, 1_000_000_000])
def test_a_control_number_of_the_wrong_size_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="control number"):
        build_interchange(frames_of([claim()]), RECEIVER).numbered(number, CREATED_AT)


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        build_interchange(frames_of([claim()]), RECEIVER).numbered(1, CREATED_AT.replace(tzinfo=None))


def test_five_thousand_claims_share_a_transaction_set_and_one_more_opens_another() -> None:
    frames = frames_of(claim(number) for number in range(1, 5002))
    interchange = build_interchange(frames, RECEIVER)
    assert [len(each.claim_ids) for each in interchange.transaction_sets] == [5000, 1]
    assert [each.organization_id for each in interchange.transaction_sets] == [7, 7]
    body = interchange.numbered(1, CREATED_AT).decode()
    assert [part.count("~CLM*") for part in body.split("~ST*")[1:]] == [5000, 1]
    assert interchange.claim_ids == tuple(range(1, 5002))
    at_limit = frames.of_claims(frames.claims["claim_id"].head(5000))
    assert len(build_interchange(at_limit, RECEIVER).transaction_sets) == 1


def test_no_claims_make_no_file() -> None:
    with pytest.raises(ValueError, match="no claims"):
        build_interchange(frames_of([]), RECEIVER)


def test_every_segment_position_names_the_claims_it_belongs_to() -> None:
    solo = VALID_CASES["solo clinician with social security number"]
    rows = [claim(1), claim(2, **solo), claim(3), claim(4, organization_id=8)]
    interchange = build_interchange(frames_of(rows), RECEIVER)
    found: dict[int, tuple[int, ...]] = {}
    owner: tuple[int, ...] = ()
    for position, text in enumerate(interchange.numbered(1, CREATED_AT).decode().split("~")[:-1], start=1):
        if text.startswith(("ST*", "SE*", "GE*")):
            owner = ()
        elif text.startswith("HL*") and text.split("*")[3] == "20":
            owner = {"C000001": (1, 3), "C000002": (2,), "C000004": (4,)}[_next_claim(interchange, position)]
        elif text.startswith("HL*") and text.split("*")[3] == "22":
            owner = (int(_next_claim(interchange, position)[1:]),)
        found[position] = interchange.claims_at(position)
        assert found[position] == owner, (position, text)
    assert interchange.claims_at(0) == interchange.claims_at(len(found) + 1) == ()


def _next_claim(interchange, position: int) -> str:  # type: ignore[no-untyped-def]
    segments = interchange.numbered(1, CREATED_AT).decode().split("~")
    return next(each.split("*")[1] for each in segments[position:] if each.startswith("CLM*"))


def test_a_file_name_holds_sender_number_and_the_beginning_of_its_hash() -> None:
    body = build_interchange(frames_of([claim()]), RECEIVER).numbered(42, CREATED_AT)
    assert file_name(RECEIVER, 42, body) == f"SUBM01_000000042_{hashlib.sha256(body).hexdigest()[:8]}.837"


@pytest.mark.parametrize(
    "changes",
    [
        {"submitter_id": "A"},
        {"submitter_id": "A*B"},
        {"submitter_id": "../ETC"},
        {"receiver_id": "A" * 16},
        {"submitter_name": ""},
        {"receiver_name": "N~ST"},
        {"contact_name": "\u7530"},
        {"contact_phone": "555-0100"},
        {"usage_indicator": "X"},
        {"receiver_qualifier": "AA"},
    ],
)
def test_a_receiver_that_cannot_be_written_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        replace(RECEIVER, **changes)


def test_a_file_is_a_test_unless_the_receiver_says_production() -> None:
    frames = frames_of([claim()])
    (isa,) = elements(build_interchange(frames, RECEIVER).numbered(1, CREATED_AT), "ISA")
    assert isa[15] == "T"
    production = replace(RECEIVER, usage_indicator="P")
    (isa,) = elements(build_interchange(frames, production).numbered(1, CREATED_AT), "ISA")
    assert isa[15] == "P"
