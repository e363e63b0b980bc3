from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.clearinghouse.answers import Answer, UnreadableAnswer, read_answers, read_contents
from include.clearinghouse.interchange import batch_number
from include.clearinghouse.validation import validate
from tests.support.answer_files import (
    ClaimVerdict,
    Group,
    Interchange,
    LineVerdict,
    ProviderVerdict,
    SegmentError,
    SetVerdict,
    Style,
    acknowledgment,
    acknowledgment_group,
    claim_acknowledgment,
    claim_group,
    claim_number,
    many_claim_answers,
    many_syntax_answers,
    ta1_segment,
    written,
)

SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "samples"
NPI = "1234567893"
DAY = date(2026, 11, 4)
BATCH = batch_number(17, "0001")


def sample(name: str) -> bytes:
    file = SAMPLES / name
    if not file.exists():
        pytest.skip(f"public sample {name} is not beside the checkout")
    return file.read_bytes()


def file_999(sets: Sequence[SetVerdict], code: str = "A", errors: Sequence[str] = (), number: int = 17) -> Interchange:
    return Interchange(groups=[acknowledgment_group(acknowledgment(number, sets, code, errors))])


def file_277(*claims: ClaimVerdict, batch: str = BATCH, batch_status: str = "A1:20") -> Interchange:
    return Interchange(groups=[claim_group(claim_acknowledgment(batch, [ProviderVerdict(NPI, claims)], batch_status))])


def answers(file: Interchange | bytes) -> list[Answer]:
    return list(read_answers(bytes(file)))


def of_claims(file: Interchange | bytes) -> list[Answer]:
    return [each for each in answers(file) if each.grain in ("claim", "line")]


def facts(found: Sequence[Answer], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(getattr(each, name) for name in names) for each in found]


def fault(body: bytes) -> tuple[str, int] | None:
    try:
        answers(body)
    except UnreadableAnswer as raised:
        return raised.code, raised.segment_number
    return None


def changed(file: Interchange, find: str, put: str) -> bytes:
    """The file with a text changed wherever it stands; counts are left as they are."""
    segments = list(file.segments())
    assert any(find in each for each in segments)
    return written([each.replace(find, put) for each in segments])


# Public samples --------------------------------------------------------------------------------------------------


def test_the_public_277ca_accepts_its_batch_and_its_claim() -> None:
    body = sample("imsweb/277ca_accepted.txt")
    assert read_contents(body) == {"277CA"}
    batch, claim = answers(body)
    assert facts([batch], "grain", "outcome", "batch_reference", "control_number", "claim_number", "submitter_id") == [
        ("batch", "accepted", "000000674", None, None, "ETIN")
    ]
    assert claim == Answer(
        position=2,
        source="277CA",
        grain="claim",
        outcome="accepted",
        submitter_id="ETIN",
        batch_reference="000000674",
        claim_number="5781",
        provider_npi="1234567890",
        category_code="A2",
        status_code="20",
        payer_claim_control_number="1107000000014420",
        answered_on=date(2011, 3, 11),
        sender_id="EMEDNYBAT",
    )


def test_the_public_accepting_999_accepts_set_and_group() -> None:
    body = sample("imsweb/999_accepted.txt")
    assert read_contents(body) == {"999"}
    assert facts(answers(body), "grain", "outcome", "control_number", "transaction_number", "status_code") == [
        ("transaction_set", "accepted", 17456, "0001", None),
        ("group", "accepted", 17456, None, None),
    ]


def test_the_public_rejecting_999_names_segment_and_place() -> None:
    body = sample("imsweb/999_rejected.txt")
    segment, transaction_set, group = answers(body)
    assert {each.outcome for each in (segment, transaction_set, group)} == {"rejected"}
    assert facts([segment], "category_code", "status_code", "segment_code", "segment_position", "loop_code") == [
        ("IK3", "1", "NM", 17, None)
    ]
    assert facts([transaction_set], "category_code", "status_code", "transaction_number") == [("IK5", "5", "0028")]
    assert facts([group], "category_code", "status_code", "control_number") == [("AK9", None, 28)]


@pytest.mark.parametrize("file", ["lfh/835_managed_care.txt", "moov/835_sample1.txt", "pyx12/835_mult_loops.txt"])
def test_a_public_remittance_is_known_and_answers_nothing(file: str) -> None:
    body = sample(file)
    assert read_contents(body) == {"835"}
    assert answers(body) == []


# TA1 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "outcome"), [("A", "accepted"), ("E", "accepted_with_errors"), ("R", "rejected")], ids="AER"
)
def test_a_ta1_answers_for_the_interchange(code: str, outcome: str) -> None:
    file = Interchange(ta1=[ta1_segment(17, code, "025")])
    assert read_contents(bytes(file)) == {"TA1"}
    assert answers(file) == [
        Answer(
            position=1,
            source="TA1",
            grain="interchange",
            outcome=outcome,
            submitter_id="OURSUBMITTER",
            control_number=17,
            category_code="TA1",
            status_code="025",
            answered_on=DAY,
            sender_id="CLEARINGHOUSE",
        )
    ]


@pytest.mark.parametrize(
    ("find", "put", "code"),
    [
        ("*A*000", "*Z*000", "value_malformed"),
        ("*A*000", "**000", "value_missing"),
        ("*A*000", "*A", "value_missing"),
        ("TA1*000000017", "TA1*NUMBER", "value_malformed"),
        ("TA1*000000017", "TA1*", "value_missing"),
    ],
)
def test_a_ta1_without_what_is_needed_is_refused(find: str, put: str, code: str) -> None:
    file = Interchange(ta1=[ta1_segment(17)])
    assert fault(bytes(file)) is None
    assert fault(changed(file, find, put)) == (code, 2)


# 999 -------------------------------------------------------------------------------------------------------------


def test_the_files_written_here_are_what_pyx12_takes_for_them() -> None:
    error = SegmentError("NM1", 22, "2310", "8", "C7V1", (("9", "7", "123"), ("1:2", "1", "")))
    rejected = ClaimVerdict(
        "C2V1", (("A7:562:82", "A7:125:82"), ("A3:21",)), lines=(LineVerdict(("A7:507",), "C2V101"),)
    )
    provider = ProviderVerdict(NPI, [ClaimVerdict("C1V1", payer_number="P1"), rejected], status="A1:19:85")
    for file in (
        Interchange(ta1=[ta1_segment(17)]),
        file_999([SetVerdict("0001"), SetVerdict("0002", "R", ("5", "I5"), (error,))], "P"),
        Interchange(groups=[claim_group(claim_acknowledgment(BATCH, [provider]))]),
    ):
        assert validate(bytes(file)).findings == ()


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("A", "accepted"),
        ("E", "accepted_with_errors"),
        ("M", "rejected"),
        ("R", "rejected"),
        ("W", "rejected"),
        ("X", "rejected"),
    ],
)
def test_ik5_decides_on_the_set_and_on_the_segments_in_it(code: str, outcome: str) -> None:
    error = SegmentError("NM1", 22, "2310", "8", "C7V1", (("9", "7", "123"),))
    found = answers(file_999([SetVerdict("0001", code, segments=(error,)), SetVerdict("0002")], "P"))
    assert facts(found, "grain", "outcome", "transaction_number") == [
        ("segment", outcome, "0001"),
        ("segment", outcome, "0001"),
        ("transaction_set", outcome, "0001"),
        ("transaction_set", "accepted", "0002"),
        ("group", "accepted_with_errors", None),
    ]
    assert {each.control_number for each in found} == {17}
    assert {each.answered_on for each in found} == {DAY}
    assert [each.position for each in found] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("A", "accepted"),
        ("E", "accepted_with_errors"),
        ("P", "accepted_with_errors"),
        *((code, "rejected") for code in "MRWX"),
    ],
)
def test_ak9_decides_on_the_group(code: str, outcome: str) -> None:
    *_, group = answers(file_999([SetVerdict("0001")], code))
    assert (group.grain, group.outcome, group.category_code) == ("group", outcome, "AK9")


def test_a_group_without_sets_is_answered_as_a_whole() -> None:
    assert facts(answers(file_999([], "R", ("2", "19"))), "grain", "outcome", "status_code") == [
        ("group", "rejected", "2"),
        ("group", "rejected", "19"),
    ]


@pytest.mark.parametrize(
    ("kind", "set_kind", "of_group", "of_set"),
    [
        ("HC", "837", 17, (17, "0001")),
        ("HS", "270", None, (None, None)),
        ("HR", "837", None, (None, None)),
        ("", "837", None, (None, None)),
        ("HC", "276", 17, (None, None)),
    ],
)
def test_only_of_a_group_and_set_of_our_kind_the_numbers_are_ours(
    kind: str, set_kind: str, of_group: int | None, of_set: tuple[int | None, str | None]
) -> None:
    error = SegmentError("SV1", 31, "2400", "8", "C7V1")
    segments = acknowledgment(17, [SetVerdict("0001", "R", ("5",), (error,))], "R")
    segments = [each.replace("AK1*HC", f"AK1*{kind}").replace("AK2*837", f"AK2*{set_kind}") for each in segments]
    *of_a_set, group = answers(Interchange(groups=[acknowledgment_group(segments)]))
    assert {(each.control_number, each.transaction_number) for each in of_a_set} == {of_set}
    assert (group.control_number, group.transaction_number) == (of_group, None)


@pytest.mark.parametrize(
    ("code", "is_one"),
    [
        ("1", True),
        ("27", True),
        ("I9", True),
        ("I13", True),
        ("0", False),
        ("100", False),
        ("SMITH", False),
        ("DOE", False),
        ("I", False),
    ],
)
def test_what_stands_in_the_place_of_a_syntax_error_and_is_none_is_not_kept(code: str, is_one: bool) -> None:
    error = SegmentError("SV1", 31, "2400", code, "C7V1", (("1:2", code, "BAD"),))
    found = answers(file_999([SetVerdict("0001", "R", (code,), (error,))], "R", (code,)))
    assert facts(found, "category_code", "status_code") == [
        (category, code if is_one else None) for category in ("IK3", "IK4", "IK5", "AK9")
    ]


@pytest.mark.parametrize(
    ("note", "kept"), [("000", "000"), ("025", "025"), ("25", None), ("0255", None), ("DOE", None)]
)
def test_a_note_of_a_ta1_has_three_digits(note: str, kept: str | None) -> None:
    assert [each.status_code for each in answers(Interchange(ta1=[ta1_segment(17, "R", note)]))] == [kept]


@pytest.mark.parametrize(
    ("composite", "kept"),
    [
        ("A7:562:82", ("A7", "562", "82")),
        ("F3N:1:PRP", ("F3N", "1", "PRP")),
        ("P12:9999:1P", ("P12", "9999", "1P")),
        ("SMITH:562:82", (None, "562", "82")),
        ("DOE:562:82", (None, "562", "82")),
        ("A123:562:82", (None, "562", "82")),
        ("A7:19800402:82", ("A7", None, "82")),
        ("A7:DOE:82", ("A7", None, "82")),
        ("A7:562:GRAY", ("A7", "562", None)),
        ("A7:562:1", ("A7", "562", None)),
        ("A7:562:1Z9", ("A7", "562", "1Z9")),
        ("A7:562:DOE", ("A7", "562", None)),
    ],
)
def test_what_stands_in_the_place_of_a_claims_code_and_is_none_is_not_kept(
    composite: str, kept: tuple[str | None, ...]
) -> None:
    found = of_claims(file_277(ClaimVerdict("C1V1", ((composite,),))))
    assert facts(found, "category_code", "status_code", "entity_code") == [kept]


@pytest.mark.parametrize(("action", "outcome"), [("U", "rejected"), ("WQ", "pending"), ("", "pending")])
def test_what_is_no_category_accepts_nothing(action: str, outcome: str) -> None:
    body = changed(file_277(ClaimVerdict("C1V1", (("SMITH:21",),), action="??")), "*??", f"*{action}")
    assert [each.outcome for each in of_claims(body)] == [outcome]


def test_all_error_codes_of_a_set_and_a_group_are_answers() -> None:
    found = answers(file_999([SetVerdict("0001", "R", ("1", "2", "3", "I5", "23"))], "R", ("1", "2", "3", "4", "5")))
    assert facts(found, "category_code", "status_code") == [
        *(("IK5", code) for code in ("1", "2", "3", "I5", "23")),
        *(("AK9", code) for code in ("1", "2", "3", "4", "5")),
    ]


def test_a_faulty_segment_and_its_elements_name_place_and_claim() -> None:
    error = SegmentError("SV1", 31, "2400", "8", "C7V1", (("1:2", "7", "BAD"), ("2", "6", "WORSE")))
    missing = SegmentError("NM1", 12, "2010", "3")
    segment, first, second, other, *_ = answers(file_999([SetVerdict("0001", "R", ("5",), (error, missing))], "R"))
    where = ("segment_code", "segment_position", "loop_code", "element_position", "claim_number", "status_code")
    assert facts([segment, first, second, other], "category_code", *where) == [
        ("IK3", "SV1", 31, "2400", None, "C7V1", "8"),
        ("IK4", "SV1", 31, "2400", "1:2", "C7V1", "7"),
        ("IK4", "SV1", 31, "2400", "2", "C7V1", "6"),
        ("IK3", "NM1", 12, "2010", None, None, "3"),
    ]


def test_the_copy_of_a_faulty_value_is_never_kept() -> None:
    error = SegmentError("NM1", 31, "2010", "8", "C7V1", (("3", "6", "GRAY-SECRET"),))
    assert "SECRET" not in repr(answers(file_999([SetVerdict("0001", "R", ("5",), (error,))], "R")))


def test_a_context_of_a_rule_names_no_claim_and_does_not_hide_the_one_that_does() -> None:
    segments = acknowledgment(
        17, [SetVerdict("0001", "R", ("5",), (SegmentError("CLM", 22, "2300", "8", "C7V1"),))], "R"
    )
    at = next(number for number, each in enumerate(segments) if each.startswith("CTX"))
    for context in ("CTX*SITUATIONAL TRIGGER*CLM*24*2300*11:1", "CTX*TRN02:0001"):
        for place in (at, at + 1):
            body = bytes(Interchange(groups=[acknowledgment_group([*segments[:place], context, *segments[place:]])]))
            assert [each.claim_number for each in answers(body) if each.grain == "segment"] == ["C7V1"]
        alone = bytes(Interchange(groups=[acknowledgment_group([*segments[:at], context, *segments[at + 1 :]])]))
        assert [each.claim_number for each in answers(alone) if each.grain == "segment"] == [None]


def test_a_claim_may_be_named_among_repeated_contexts_and_behind_the_elements() -> None:
    error = SegmentError("CLM", 22, "2300", "8", None, (("5:1", "7", "99"),))
    segments = acknowledgment(17, [SetVerdict("0001", "R", ("5",), (error,))], "R")
    at = next(number for number, each in enumerate(segments) if each.startswith("IK5"))
    for place in (at - 1, at):
        body = [*segments[:place], "CTX*TRN02:1^CLM01:C7V1", *segments[place:]]
        found = answers(Interchange(groups=[acknowledgment_group(body)]))
        assert [each.claim_number for each in found if each.grain == "segment"] == ["C7V1", "C7V1"]


DAMAGED_999 = {
    "no AK1": ("AK1*HC*17", None, "segment_missing"),
    "AK102 is no number": ("AK1*HC*17", "AK1*HC*A17", "value_malformed"),
    "AK102 is empty": ("AK1*HC*17", "AK1*HC*", "value_missing"),
    "AK102 has ten digits": ("AK1*HC*17", "AK1*HC*1234567890", "value_malformed"),
    "no AK2": ("AK2", None, "segment_missing"),
    "AK202 is empty": ("AK2*837*0001", "AK2*837*", "value_missing"),
    "no IK5": ("IK5", None, "segment_missing"),
    "IK501 is not known": ("IK5*R", "IK5*Q", "value_malformed"),
    "IK501 is empty": ("IK5*R", "IK5*", "segment_missing"),
    "an error code is none": ("IK5*R*5", "IK5*R*five", "value_malformed"),
    "no AK9": ("AK9", None, "segment_missing"),
    "AK901 is not known": ("AK9*R", "AK9*Q", "value_malformed"),
    "AK901 is empty": ("AK9*R", "AK9*", "value_missing"),
    "IK302 is empty": ("IK3*SV1*31", "IK3*SV1*", "value_missing"),
    "IK302 is no number": ("IK3*SV1*31", "IK3*SV1*X", "value_malformed"),
    "IK4 without IK3": ("IK3", None, "segment_missing"),
    "IK403 is empty": ("IK4*1:2*67*7", "IK4*1:2*67*", "value_missing"),
    "IK401 is empty": ("IK4*1:2", "IK4*", "value_missing"),
    "IK401 is no number": ("IK4*1:2", "IK4*A", "value_malformed"),
    "IK401 has another component separator": ("IK4*1:2", "IK4*1>2", "component_separator"),
    "CTX has another component separator": ("CTX*CLM01:", "CTX*CLM01>", "component_separator"),
}


@pytest.mark.parametrize(("find", "put", "code"), DAMAGED_999.values(), ids=DAMAGED_999)
def test_a_damaged_999_is_refused(find: str, put: str | None, code: str) -> None:
    error = SegmentError("SV1", 31, "2400", "8", "C7V1", (("1:2", "7", "BAD"),))
    segments = acknowledgment(17, [SetVerdict("0001", "R", ("5",), (error,))], "R")
    assert any(each.startswith(find) for each in segments)
    damaged = [
        each.replace(find, put or "") if each.startswith(find) else each
        for each in segments
        if put is not None or not each.startswith(find)
    ]
    assert fault(bytes(Interchange(groups=[acknowledgment_group(segments)]))) is None
    found = fault(bytes(Interchange(groups=[acknowledgment_group(damaged)])))
    assert found is not None and found[0] == code


def test_segments_of_a_999_that_come_twice_are_refused() -> None:
    segments = acknowledgment(17, [SetVerdict("0001")])
    for name in ("AK1", "AK2", "IK5", "AK9"):
        at = next(number for number, each in enumerate(segments) if each.startswith(name))
        twice = [*segments[: at + 1], *segments[at:]]
        assert fault(bytes(Interchange(groups=[acknowledgment_group(twice)]))) is not None


def test_a_verdict_of_another_set_is_not_taken_for_one_of_a_999() -> None:
    whole = acknowledgment_group(acknowledgment(17, [SetVerdict("0001", "A")]))
    other = Group("AG", "005010X186", "824", [["IK5*R"]], 2)
    assert fault(bytes(Interchange(groups=[whole, other]))) is None
    found = fault(bytes(Interchange(groups=[other, whole])))
    assert found is not None and found[0] == "segment_misplaced"


# 277CA -----------------------------------------------------------------------------------------------------------


def test_a_batch_reference_of_ours_tells_control_number_and_set() -> None:
    for reference, expected in (
        (BATCH, (17, "0001")),
        (batch_number(999_999_999, "123456789"), (999_999_999, "123456789")),
        ("000000017", (None, None)),
        ("000000017001", (None, None)),
        ("00000001700011234567890", (None, None)),
        ("CLEARING17", (None, None)),
    ):
        found = answers(file_277(ClaimVerdict("C1V1"), batch=reference))
        assert facts(found, "batch_reference", "control_number", "transaction_number") == 2 * [(reference, *expected)]


@pytest.mark.parametrize("level", ["batch", "provider", "claim"])
def test_each_level_has_its_grain(level: str) -> None:
    provider = ProviderVerdict(NPI, [ClaimVerdict("C1V1", (("A3:21",),))], status="A3:24:85")
    body = bytes(Interchange(groups=[claim_group(claim_acknowledgment(BATCH, [provider], "A3:24:41"))]))
    found = next(each for each in answers(body) if each.grain == level)
    expected = {
        "batch": (None, None, "24", "41"),
        "provider": (NPI, None, "24", "85"),
        "claim": (NPI, "C1V1", "21", None),
    }
    assert facts([found], "provider_npi", "claim_number", "status_code", "entity_code") == [expected[level]]
    assert found.outcome == "rejected"


def test_every_status_of_a_claim_is_an_answer_with_the_insurers_number() -> None:
    claim = ClaimVerdict("C1V1", (("A7:562:82", "A7:125:82", "A3:21"), ("A6:164:IL",)), payer_number="P77")
    found = of_claims(file_277(claim, ClaimVerdict("C2V1")))
    assert facts(found, "claim_number", "category_code", "status_code", "entity_code", "outcome") == [
        ("C1V1", "A7", "562", "82", "rejected"),
        ("C1V1", "A7", "125", "82", "rejected"),
        ("C1V1", "A3", "21", None, "rejected"),
        ("C1V1", "A6", "164", "IL", "rejected"),
        ("C2V1", "A2", "20", None, "accepted"),
    ]
    assert [each.payer_claim_control_number for each in found] == ["P77"] * 4 + [None]


def test_a_line_is_known_by_our_line_number() -> None:
    lines = (
        LineVerdict(("A7:507",), "C1V101"),
        LineVerdict(("A7:476", "A7:453"), "C1V1103"),
        LineVerdict(("A6:454",), "2"),
        LineVerdict(("A6:454",), "OTHER01"),
        LineVerdict(("A6:454",), "4711"),
        LineVerdict(("A6:454",), "C1V1"),
        LineVerdict(("A6:454",)),
    )
    found = of_claims(file_277(ClaimVerdict("C1V1", (("A3:247",),), "P1", lines=lines)))
    assert facts(found, "grain", "line_number", "status_code") == [
        ("claim", None, "247"),
        ("line", 1, "507"),
        ("line", 103, "476"),
        ("line", 103, "453"),
        ("line", 2, "454"),
        ("line", None, "454"),
        ("line", None, "454"),
        ("line", None, "454"),
        ("line", None, "454"),
    ]
    assert {(each.claim_number, each.payer_claim_control_number) for each in found} == {("C1V1", "P1")}


@pytest.mark.parametrize(
    ("category", "action", "outcome"),
    [
        ("A1", "WQ", "accepted"),
        ("A2", "WQ", "accepted"),
        ("A1", "U", "accepted"),
        ("A3", "U", "rejected"),
        ("A6", "U", "rejected"),
        ("A7", "U", "rejected"),
        ("A8", "U", "rejected"),
        ("A7", "WQ", "rejected"),
        ("A0", "WQ", "pending"),
        ("A0", "U", "pending"),
        ("A5", "WQ", "pending"),
        ("P1", "U", "pending"),
        ("E1", "U", "pending"),
        ("E3", "U", "rejected"),
        ("A4", "WQ", "pending"),
        ("A4", "U", "rejected"),
        ("F1", "WQ", "accepted"),
        ("F2", "U", "rejected"),
        ("R3", "", "pending"),
        ("Z9", "WQ", "accepted"),
        ("Z9", "U", "rejected"),
        ("Z9", "", "pending"),
    ],
)
def test_the_category_decides_and_the_action_where_it_does_not_tell(category: str, action: str, outcome: str) -> None:
    file = file_277(ClaimVerdict("C1V1", ((f"{category}:21",),), action="??"))
    body = changed(file, "*??", f"*{action}")
    assert [each.outcome for each in of_claims(body)] == [outcome]


def test_several_providers_and_sets_keep_their_claims_apart() -> None:
    other = "1999999984"
    first = claim_acknowledgment(
        BATCH,
        [
            ProviderVerdict(NPI, [ClaimVerdict("C1V1", payer_number="P1"), ClaimVerdict("C2V1")]),
            ProviderVerdict(other, [ClaimVerdict("C3V1")]),
        ],
    )
    second = claim_acknowledgment(batch_number(18, "0002"), [ProviderVerdict(NPI, [ClaimVerdict("C4V1")])])
    found = of_claims(Interchange(groups=[claim_group(first, second)]))
    assert facts(found, "claim_number", "provider_npi", "payer_claim_control_number", "control_number") == [
        ("C1V1", NPI, "P1", 17),
        ("C2V1", NPI, None, 17),
        ("C3V1", other, None, 17),
        ("C4V1", NPI, None, 18),
    ]


def test_a_provider_without_npi_does_not_take_the_one_before_it() -> None:
    providers = [ProviderVerdict(NPI, [ClaimVerdict("C1V1")]), ProviderVerdict("999999999", [ClaimVerdict("C2V1")])]
    file = Interchange(groups=[claim_group(claim_acknowledgment(BATCH, providers))])
    body = changed(file, "XX*999999999", "FI*999999999")
    assert facts(of_claims(body), "claim_number", "provider_npi") == [("C1V1", NPI), ("C2V1", None)]


def test_two_claims_of_one_patient_are_two() -> None:
    segments = claim_acknowledgment(BATCH, [ProviderVerdict(NPI, [ClaimVerdict("C1V1", payer_number="P1")])])
    segments += ["TRN*2*C2V1", "STC*A3:21*20261104*U*100", "REF*1K*P2"]
    found = of_claims(Interchange(groups=[claim_group(segments)]))
    assert facts(found, "claim_number", "outcome", "payer_claim_control_number") == [
        ("C1V1", "accepted", "P1"),
        ("C2V1", "rejected", "P2"),
    ]


def test_a_day_that_is_none_is_the_day_of_the_group() -> None:
    file = file_277(ClaimVerdict("C1V1"))
    for text in ("20261304", "", "2026-11-02", "11"):
        body = changed(file, "STC*A2:20*20261104", f"STC*A2:20*{text}")
        assert [each.answered_on for each in of_claims(body)] == [DAY]
    body = changed(file, "STC*A2:20*20261104", "STC*A2:20*20261101")
    assert [each.answered_on for each in of_claims(body)] == [date(2026, 11, 1)]


def test_names_and_member_ids_are_never_kept() -> None:
    shown = repr(answers(file_277(ClaimVerdict("C1V1", (("A7:562:82",),)))))
    assert "SAMPLE" not in shown and "MEMBER1" not in shown and "PAT" not in shown


DAMAGED_277 = {
    "no claim number": ("TRN*2*C1V1", None, "segment_missing"),
    "the claim number is empty": ("TRN*2*C1V1", "TRN*2*", "value_missing"),
    "the claim number has 51 characters": ("TRN*2*C1V1", "TRN*2*" + 51 * "9", "value_malformed"),
    "the status is empty": ("STC*A7:562:82", "STC*A7", "value_missing"),
    "the category is empty": ("STC*A7:562:82", "STC*:562:82", "value_missing"),
    "STC01 is empty": ("STC*A7:562:82", "STC*", "value_missing"),
    "another component separator": ("STC*A7:562:82", "STC*A7>562>82", "component_separator"),
    "an empty level": ("HL*4*3*PT", "HL*4*3*", "value_missing"),
    "a status of the source": ("DTP*050", "STC*A7:562:82", "segment_misplaced"),
}


@pytest.mark.parametrize(("find", "put", "code"), DAMAGED_277.values(), ids=DAMAGED_277)
def test_a_damaged_277ca_is_refused(find: str, put: str | None, code: str) -> None:
    segments = claim_acknowledgment(BATCH, [ProviderVerdict(NPI, [ClaimVerdict("C1V1", (("A7:562:82",),))])])
    assert any(each.startswith(find) for each in segments)
    damaged = [
        each.replace(find, put or "") if each.startswith(find) else each
        for each in segments
        if put is not None or not each.startswith(find)
    ]
    assert fault(bytes(Interchange(groups=[claim_group(segments)]))) is None
    found = fault(bytes(Interchange(groups=[claim_group(damaged)])))
    assert found is not None and found[0] == code


def test_a_277ca_without_levels_is_refused() -> None:
    segments = ["BHT*0085*08*1*20261104*0930*TH"]
    assert fault(bytes(Interchange(groups=[claim_group(segments)]))) == ("segment_missing", 5)


def test_a_line_outside_of_a_claim_is_refused() -> None:
    segments = [*claim_acknowledgment(BATCH, [ProviderVerdict(NPI)]), "SVC*HC:90837*100"]
    found = fault(bytes(Interchange(groups=[claim_group(segments)])))
    assert found is not None and found[0] == "segment_missing"


# Whole files -----------------------------------------------------------------------------------------------------

EVERYTHING = Interchange(
    ta1=[ta1_segment(16), ta1_segment(17)],
    groups=[
        acknowledgment_group(acknowledgment(17, [SetVerdict("0001")]), acknowledgment(18, [SetVerdict("0001")])),
        Group("HP", "005010X221A1", "835", [["BPR*I*100"]], 2),
        Group("HN", "005010X212", "277", [["BHT*0010*08*1*20261104*0930*DG"]], 3),
        claim_group(
            claim_acknowledgment(BATCH, [ProviderVerdict(NPI, [ClaimVerdict("C1V1", (("A7:562:82",),), "P1")])]),
            control_number=4,
        ),
    ],
)


def test_other_transaction_sets_are_known_and_passed_over() -> None:
    assert read_contents(bytes(EVERYTHING)) == {"TA1", "999", "835", "277", "277CA"}
    assert facts(answers(EVERYTHING), "position", "source", "grain") == [
        (1, "TA1", "interchange"),
        (2, "TA1", "interchange"),
        (3, "999", "transaction_set"),
        (4, "999", "group"),
        (5, "999", "transaction_set"),
        (6, "999", "group"),
        (7, "277CA", "batch"),
        (8, "277CA", "claim"),
    ]


def test_the_version_of_the_group_counts_where_the_set_states_none() -> None:
    body = changed(file_277(ClaimVerdict("C1V1")), "ST*277*0001*005010X214", "ST*277*0001")
    assert read_contents(body) == {"277CA"}
    assert len(answers(body)) == 2
    body = changed(file_277(ClaimVerdict("C1V1")), "ST*277*0001*005010X214", "ST*277*0001*005010X212")
    assert read_contents(body) == {"277"}
    assert answers(body) == []


STYLES = [Style("|", ">", "!", "'", ""), Style("\x1d", "\x1f", "\x1e", "\x1c", "\n"), Style(between="\r\n   ")]


@pytest.mark.parametrize("style", STYLES)
def test_a_file_says_the_same_in_every_style(style: Style) -> None:
    error = SegmentError("SV1", 31, "2400", "8", "C7V1", (("1:2", "7", "BAD"),))
    groups = [*EVERYTHING.groups, *file_999([SetVerdict("0001", "R", ("5",), (error,))]).groups]
    file = replace(EVERYTHING, groups=groups)
    assert answers(replace(file, style=style)) == answers(file)
    assert answers(b"\xef\xbb\xbf\r\n" + bytes(replace(file, style=style)) + b"\r\n") == answers(file)


def test_interchanges_in_one_file_keep_their_addressees_and_delimiters() -> None:
    files = [
        replace(EVERYTHING, submitter_id=f"SENDER{number}", control_number=number, style=style)
        for number, style in enumerate([Style(), *STYLES], start=1)
    ]
    found = answers(b"\n".join(bytes(file) for file in files))
    one = answers(EVERYTHING)
    assert [each.position for each in found] == list(range(1, 4 * len(one) + 1))
    for number in range(4):
        part = found[number * len(one) : (number + 1) * len(one)]
        assert {(each.submitter_id, each.sender_id) for each in part} == {(f"SENDER{number + 1}", "CLEARINGHOUSE")}
        assert [replace(each, position=0, submitter_id="") for each in part] == [
            replace(each, position=0, submitter_id="") for each in one
        ]


@pytest.mark.parametrize("file", [EVERYTHING, file_999([SetVerdict("0001")]), file_277(ClaimVerdict("C1V1"))])
def test_of_a_damaged_envelope_not_one_answer_comes(file: Interchange) -> None:
    body = bytes(file)
    damages: list[Callable[[bytes], bytes]] = [
        lambda body: body[:-1],
        lambda body: body[: len(body) // 2],
        lambda body: body[: body.index(b"~IEA") + 1],
        lambda body: body.replace(b"~SE*", b"~SE*9"),
        lambda body: body.replace(b"~GE*", b"~GE*9"),
        lambda body: body.replace(b"~IEA*", b"~IEA*9"),
        lambda body: body.replace(b"*0001~GE", b"*0009~GE"),
    ]
    for damage in damages:
        reading = read_answers(damage(body))
        with pytest.raises(UnreadableAnswer):
            next(reading)
    assert next(read_answers(body)).position == 1


@pytest.mark.parametrize("body", [b"", b"no X12 at all", b"\x00\xff\xfe", b"%PDF-1.7"])
def test_what_is_no_x12_holds_nothing_and_is_refused(body: bytes) -> None:
    assert read_contents(body) == frozenset()
    assert fault(body) == ("not_x12", 1)


def test_of_a_cut_file_the_contents_before_the_cut_are_known() -> None:
    body = bytes(EVERYTHING)
    assert read_contents(body[: body.index(b"~GS*HP")]) == {"TA1", "999"}
    assert read_contents(body[:50]) == frozenset()


def test_a_kind_of_set_that_is_no_number_is_not_repeated() -> None:
    body = changed(file_999([SetVerdict("0001")]), "ST*999", "ST*GRAY")
    assert read_contents(body) == {"other"}


def test_reading_twice_gives_the_same() -> None:
    assert answers(EVERYTHING) == answers(EVERYTHING)


@pytest.mark.parametrize(("write", "count"), [(many_claim_answers, 10_000), (many_syntax_answers, 4_000)])
def test_memory_does_not_grow_with_the_file(write: Callable[[int], bytes], count: int) -> None:
    def peak(count: int) -> tuple[int, int]:
        body = write(count)
        tracemalloc.start()
        try:
            read = sum(1 for _ in read_answers(body))
            return tracemalloc.get_traced_memory()[1], read
        finally:
            tracemalloc.stop()

    peak(10)
    (small, few), (big, many) = peak(count // 10), peak(count)
    assert few > count // 10 and many > 9.9 * few
    assert big < small + 20_000


def test_ten_thousand_claims_all_have_their_answer() -> None:
    found = of_claims(many_claim_answers(10_000))
    assert {each.claim_number for each in found} == {claim_number(number) for number in range(10_000)}
    assert sum(each.outcome == "rejected" for each in found) == 2 * 1_000


# Random files ----------------------------------------------------------------------------------------------------

CATEGORY = {"A1": "accepted", "A2": "accepted", "A0": "pending", "P1": "pending"} | dict.fromkeys(
    ("A3", "A6", "A7", "A8"), "rejected"
)
composites = st.builds(
    lambda category, status, entity: f"{category}:{status}" + (f":{entity}" if entity else ""),
    st.sampled_from(sorted(CATEGORY)),
    st.integers(0, 999),
    st.sampled_from(["", "82", "85", "IL", "QC", "PRP"]),
)
statuses = st.lists(composites, min_size=1, max_size=3).map(tuple)
identifiers = st.text("ABCXYZ0123456789-", min_size=1, max_size=20)


@st.composite
def claims(draw: st.DrawFn) -> ClaimVerdict:
    number = draw(identifiers)
    lines = draw(st.lists(st.tuples(statuses, st.integers(1, 150)), max_size=3))
    return ClaimVerdict(
        number,
        tuple(draw(st.lists(statuses, min_size=1, max_size=3))),
        draw(st.none() | identifiers),
        draw(st.sampled_from(["WQ", "U"])),
        tuple(LineVerdict(each, f"{number}{line:02d}") for each, line in lines),
    )


def expected(claim: ClaimVerdict) -> list[tuple[Any, ...]]:
    rows = []
    for grain, line, groups in [
        ("claim", None, claim.statuses),
        *(
            ("line", int((each.line_reference or "")[len(claim.claim_number) :]), (each.statuses,))
            for each in claim.lines
        ),
    ]:
        for composite in (composite for group in groups for composite in group):
            category, status, entity, *_ = [*composite.split(":"), None]
            rows.append(
                (grain, line, claim.claim_number, claim.payer_number, CATEGORY[category], category, status, entity)
            )
    return rows


NAMES = ("grain", "line_number", "claim_number", "payer_claim_control_number", "outcome")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(claims(), max_size=5),
    st.sampled_from([Style(), *STYLES]),
    st.integers(1, 999_999_999),
    st.integers(1, 9_999),
)
def test_what_a_random_277ca_says_is_read_back(
    said: list[ClaimVerdict], style: Style, control_number: int, transaction_set: int
) -> None:
    batch = batch_number(control_number, f"{transaction_set:04d}")
    file = replace(file_277(*said, batch=batch), style=style)
    found = of_claims(file)
    assert facts(found, *NAMES, "category_code", "status_code", "entity_code") == [
        row for claim in said for row in expected(claim)
    ]
    assert all(
        (each.control_number, each.transaction_number) == (control_number, f"{transaction_set:04d}") for each in found
    )


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_single_lost_segment_of_a_file_goes_unnoticed(data: st.DataObject) -> None:
    segments = list(EVERYTHING.segments())
    at = data.draw(st.integers(0, len(segments) - 1))
    lost = segments.pop(at)
    if lost.startswith("TA1"):
        return  # nothing counts them
    assert fault(written(segments)) is not None


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(body: bytes) -> None:
    header = bytes(Interchange(ta1=[ta1_segment(1)]))[:106]
    for each in (body, header + body):
        read_contents(each)
        fault(each)


def test_the_fields_of_an_answer_are_as_agreed() -> None:
    assert [field.name for field in fields(Answer)] == [
        "position", "source", "grain", "outcome", "submitter_id", "control_number", "transaction_number",
        "batch_reference", "claim_number", "provider_npi", "line_number", "category_code", "status_code", "entity_code",
        "segment_code", "segment_position", "element_position", "payer_claim_control_number", "answered_on",
        "loop_code", "sender_id",
    ]  # fmt: skip


def test_the_benchmark_reads_every_claim_of_its_file() -> None:
    from benchmarks.answers import build_claim_answers, measure_answers

    assert measure_answers(25)["claims"] == 25
    assert [each.claim_number for each in of_claims(build_claim_answers(2))] == ["C0V1", "C0V1", "C1V1"]
