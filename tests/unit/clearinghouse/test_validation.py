from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from include.clearinghouse.interchange import UnnumberedInterchange, build_interchange
from include.clearinghouse.validation import BROKE_OFF, Verdict, claims_refused, validate
from tests.support import validator_maps
from tests.unit.clearinghouse.example_claims import CREATED_AT, RECEIVER, claim, frames_of, line
from tests.unit.clearinghouse.valid_cases import VALID_CASES, valid_claims

Segments = list[str]


def body_of(*claims: dict[str, object]) -> bytes:
    return build_interchange(frames_of(claims), RECEIVER).numbered(3, CREATED_AT)


def test_there_are_thirty_valid_cases_at_least() -> None:
    assert len(VALID_CASES) >= 30


def test_all_valid_cases_are_accepted_together() -> None:
    assert validate(body_of(*valid_claims())).findings == ()


def test_maps_that_were_used_before_say_what_maps_say_that_are_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = [body_of(*valid_claims()), body_of(claim(1)).replace(b"*HC:", b"*ZZ:"), body_of(claim(1))]
    shared = [validate(body) for body in bodies]
    monkeypatch.setattr("pyx12.map_if.load_map_file", validator_maps.read_anew)
    assert [validate(body) for body in bodies] == shared
    assert [verdict.accepted for verdict in shared] == [True, False, True]


@pytest.fixture(scope="module")
def case_by_case() -> tuple[UnnumberedInterchange, Verdict]:
    """Each valid case in a transaction set of its own, and the verdict on the file."""
    interchange = build_interchange(frames_of(valid_claims()), RECEIVER, claims_per_transaction_set=1)
    return interchange, validate(interchange.numbered(1, CREATED_AT))


@pytest.mark.parametrize(("claim_id", "case"), list(enumerate(VALID_CASES, start=1)))
def test_each_valid_case_is_accepted(
    case_by_case: tuple[UnnumberedInterchange, Verdict], claim_id: int, case: str
) -> None:
    interchange, verdict = case_by_case
    (own,) = (each for each in interchange.transaction_sets if each.claim_ids == (claim_id,))
    within = range(own.first_position, own.last_position + 1)
    assert [finding for finding in verdict.findings if finding.segment_position in within] == [], case


def index(segments: Segments, prefix: str, occurrence: int = 0) -> int:
    return [number for number, each in enumerate(segments) if each.startswith(prefix)][occurrence]


def drop(prefix: str) -> Callable[[Segments], None]:
    def mutate(segments: Segments) -> None:
        del segments[index(segments, prefix)]

    return mutate


def change(prefix: str, old: str, new: str) -> Callable[[Segments], None]:
    def mutate(segments: Segments) -> None:
        at = index(segments, prefix)
        assert old in segments[at]
        segments[at] = segments[at].replace(old, new, 1)

    return mutate


def insert(before: str, text: str) -> Callable[[Segments], None]:
    def mutate(segments: Segments) -> None:
        segments.insert(index(segments, before), text)

    return mutate


def swap(first: str, second: str) -> Callable[[Segments], None]:
    def mutate(segments: Segments) -> None:
        one, two = index(segments, first), index(segments, second)
        segments[one], segments[two] = segments[two], segments[one]

    return mutate


def cut(segments: Segments) -> None:
    del segments[index(segments, "LX") :]


MUTATIONS: dict[str, Callable[[Segments], None]] = {
    "no subscriber name": drop("NM1*IL"),
    "no payer": drop("NM1*PR"),
    "no CLM": drop("CLM"),
    "no diagnosis": drop("HI"),
    "no line": drop("LX"),
    "no service": drop("SV1"),
    "no service date": drop("DTP*472"),
    "no billing address": drop("N3"),
    "no billing tax id": drop("REF*EI"),
    "no submitter": drop("NM1*41"),
    "no submitter contact": drop("PER"),
    "no receiver": drop("NM1*40"),
    "no BHT": drop("BHT"),
    "no SBR": drop("SBR"),
    "no subscriber level": drop("HL*2"),
    "no SE": drop("SE"),
    "no GE": drop("GE"),
    "no IEA": drop("IEA"),
    "cut off": cut,
    "wrong segment count": change("SE", "SE*", "SE*9"),
    "SE of another set": change("SE", "*0001", "*0002"),
    "wrong count of sets": change("GE", "GE*1*", "GE*2*"),
    "GE of another group": change("GE", "*3", "*4"),
    "IEA of another interchange": change("IEA", "000000003", "000000004"),
    "other guide version": change("GS", "005010X222A1", "005010X222A2"),
    "unknown place of service": change("CLM", "11:B", "77:B"),
    "unknown signature code": change("CLM", "*Y*A*Y*Y", "*Q*A*Y*Y"),
    "claim number missing": change("CLM", "CLM*C000001", "CLM*"),
    "charge is not a number": change("CLM", "*150*", "*1S0*"),
    "composite with a wrong qualifier": change("CLM", "11:B:1", "11:Z:1"),
    "invalid service date": change("DTP", "20261123", "20261323"),
    "wrong date qualifier": change("DTP", "472*", "999*"),
    "wrong procedure qualifier": change("SV1", "HC:", "ZZ:"),
    "wrong unit": change("SV1", "*UN*", "*XX*"),
    "pointer beyond twelve": change("SV1", "***1", "***13"),
    "sex with a wrong code": change("DMG", "*F", "*X"),
    "invalid birth date": change("DMG", "19880229", "19890229"),
    "wrong diagnosis qualifier": change("HI", "ABK", "ABX"),
    "wrong provider qualifier": change("NM1*82", "*XX*", "*ZZ*"),
    "id without qualifier": change("NM1*IL", "*MI*", "**"),
    "unknown client state": change("N4*BOULDER", "*CO*", "*ZZ*"),
    "payer level unknown": change("SBR", "*P*", "*Z*"),
    "relationship beside the patient": change("SBR", "*18*", "*01*"),
    "parent level unknown": change("HL*2*1", "HL*2*1", "HL*2*9"),
    "level numbers jump": change("HL*2*1", "HL*2*", "HL*3*"),
    "line numbers jump": change("LX", "LX*1", "LX*2"),
    "claim after its lines": swap("CLM", "LX"),
    "unknown segment": insert("CLM", "ZZZ*1"),
    "segment of another guide": insert("HI", "CL1*1*2*3"),
    "second birth date": insert("NM1*PR", "DMG*D8*19880229*F"),
    "empty element at the end": change("LX", "LX*1", "LX*1*"),
    "over-long name": change("NM1*IL", "ARBOR", "A" * 61),
    "control character": change("NM1*IL", "ARBOR", "AR\tBOR"),
    "byte outside ASCII": change("NM1*IL", "ARBOR", "ÁRBOR"),
    "empty segment": insert("CLM", ""),
    "text after the end": lambda segments: segments.append("REST"),
    "text before the beginning": lambda segments: segments.insert(0, "REST"),
    "fifty-one lines": lambda segments: segments.extend(_more_lines(segments, 51)),
    "nothing": lambda segments: segments.clear(),
}


#: Faults in the loops that only some claims have; tried on a claim that has them all.
DETAIL_MUTATIONS: dict[str, Callable[[Segments], None]] = {
    "pay-to address without street": drop("N3*PO BOX 77"),
    "pay-to address after the subscriber": swap("NM1*87", "NM1*IL"),
    "unknown cause of the accident": change("CLM", "**AA", "**ZZ"),
    "unknown state of the accident": change("CLM", ":UT", ":QQ"),
    "accident on a day that never was": change("DTP*439", "20261002", "20261032"),
    "two accident dates": insert("REF*G1", "DTP*439*D8*20261003"),
    "over-long note": change("NTE", "ADD*", "ADD*" + "N" * 80),
    "two notes": insert("HI", "NTE*ADD*MORE"),
    "note with a wrong code": change("NTE", "*ADD*", "*XXX*"),
    "an organization refers": change("NM1*DN", "*1*", "*2*"),
    "referring after rendering": swap("NM1*DN", "NM1*82"),
    "over-long description": change("SV1", ":::::", ":::::" + "D" * 80),
    "five modifiers": change("SV1", ":::::", ":95:HO:GT:59:XE:"),
    "other insurer of an unknown level": change("SBR*P", "SBR*P*", "SBR*X*"),
    "relationship to the other subscriber missing": change("SBR*P", "*18*", "**"),
    "no other insurance information": drop("OI"),
    "assignment with a wrong code": change("OI", "***Y***", "***Q***"),
    "no other subscriber": drop("NM1*IL*1*ARBOR*LENA****MI*P-8812"),
    "other subscriber without member id": change("NM1*IL*1*ARBOR*LENA****MI*P-8812", "*MI*P-8812", ""),
    "no other payer": drop("NM1*PR*2*PRIMARY"),
    "other payer without id": change("NM1*PR*2*PRIMARY", "*PI*PRI01", ""),
    "paid amount is not a number": change("AMT*D", "*90", "*9O"),
    "paid amount twice": insert("OI", "AMT*D*1"),
    "unknown group of adjustments": change("CAS*CO", "*CO*", "*XX*"),
    "adjustment without amount": change("CAS*CO", "*45*30", "*45"),
    "adjustment amount without reason": change("CAS*PR", "*3*20*", "**20*"),
    "seven adjustments in a segment": change("CAS*PR", "CAS*PR*", "CAS*PR" + "*1*1*" * 6 + "*"),
    "six segments of adjustments": lambda segments: [insert("CAS*CO", "CAS*OA*23*1")(segments) for _ in range(4)],
    "no day of the line's decision": drop("DTP*573"),
    "day of the line's decision never was": change("DTP*573", "20261124", "20261131"),
    "line decision without procedure": change("SVD", "*HC:90837*", "**"),
    "line decision without payer": change("SVD", "*PRI01*", "**"),
    "line decision without units": change("SVD", "**1", ""),
    "line decision before its line": swap("SV1", "SVD"),
    "adjustments of a line without the line's decision": drop("SVD"),
    "unknown kind of amount": change("AMT*EAF", "EAF", "ZZZ"),
}


def _more_lines(segments: Segments, count: int) -> Segments:
    first, end = index(segments, "LX"), index(segments, "SE")
    line_segments, rest = segments[first + 1 : end], segments[end:]
    del segments[first:]
    lines = [each for number in range(1, count + 1) for each in (f"LX*{number}", *line_segments)]
    rest[0] = f"SE*{index(segments, 'ST') * -1 + len(segments) + len(lines) + 1}*0001"
    return lines + rest


def test_there_are_twenty_mutations_at_least() -> None:
    assert len(MUTATIONS) >= 20 and len(DETAIL_MUTATIONS) >= 20


def claim_with_all_details() -> dict[str, object]:
    return claim(
        1,
        **{
            **VALID_CASES["everything that may be told of an original claim"],
            **VALID_CASES["secondary, paid by line"],
        },
    )


def test_a_claim_with_all_details_is_accepted() -> None:
    assert validate(body_of(claim_with_all_details())).findings == ()


@pytest.mark.parametrize("mutation", DETAIL_MUTATIONS)
def test_a_broken_detail_is_refused_and_its_findings_quote_nothing_from_it(mutation: str) -> None:
    segments = body_of(claim_with_all_details()).decode().split("~")[:-1]
    before = list(segments)
    DETAIL_MUTATIONS[mutation](segments)
    assert segments != before
    _recount(segments)
    verdict = validate("".join(f"{each}~" for each in segments).encode("utf-8"))
    assert not verdict.accepted and verdict.findings
    told = " ".join(f"{each.place} {each.code} {each.text}" for each in verdict.findings)
    for value in ("ARBOR", "MOSS", "PRIMARY", "P-8812", "PRI01", "90837", "20261", "GOLDEN"):
        assert value not in told


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_broken_file_is_refused_and_its_findings_quote_nothing_from_it(mutation: str) -> None:
    secrets = {"member_id": "SECRETID", "subscriber_first_name": "Secretname", "subscriber_city": "Boulder"}
    segments = body_of(claim(1, **secrets)).decode().split("~")[:-1]
    MUTATIONS[mutation](segments)
    if mutation not in ("no SE", "no GE", "no IEA", "cut off", "wrong segment count"):
        _recount(segments)
    verdict = validate("".join(f"{each}~" for each in segments).encode("utf-8"))
    assert not verdict.accepted
    assert verdict.findings
    told = " ".join(f"{each.place} {each.code} {each.text}" for each in verdict.findings)
    for value in ("SECRET", "ARBOR", "BOULDER", "1988", "F411", "QUILL", "MESA", "C000001"):
        assert value not in told


@pytest.mark.parametrize("end", [b"REST", b"~REST", b"\n", b"~", b"ISA*00"])
def test_bytes_after_the_last_segment_are_refused(end: bytes) -> None:
    assert not validate(body_of(claim(1)) + end).accepted


def test_a_file_without_its_last_terminator_is_refused() -> None:
    assert not validate(body_of(claim(1))[:-1]).accepted


def _recount(segments: Segments) -> None:
    """Sets SE01 right, so that a mutation is refused for itself and not for the count."""
    starts = [number for number, each in enumerate(segments) if each.startswith("ST*")]
    ends = [number for number, each in enumerate(segments) if each.startswith("SE*")]
    for start, end in zip(starts, ends, strict=True):
        segments[end] = "*".join(["SE", str(end - start + 1), *segments[end].split("*")[2:]])


def test_the_recount_of_the_tests_leaves_a_good_file_good() -> None:
    segments = body_of(claim(1)).decode().split("~")[:-1]
    before = list(segments)
    _recount(segments)
    assert segments == before
    segments[-5:] = _more_lines(list(segments), 1)[-5:]
    fifty = body_of(claim(1)).decode().split("~")[:-1]
    fifty.extend(_more_lines(fifty, 50))
    assert validate("".join(f"{each}~" for each in fifty).encode()).accepted


def test_a_refused_value_reaches_no_log(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("pyx12").setLevel(logging.DEBUG)
    logging.getLogger("pyx12").propagate = True
    with caplog.at_level(logging.DEBUG):
        assert not validate(body_of(claim(1, subscriber_state_code="SECRETSTATE"))).accepted
    assert "SECRET" not in caplog.text


def test_validation_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    validate(body_of(claim(1)))
    validate(body_of(claim(1, diagnoses=[])))
    assert list(tmp_path.iterdir()) == []


def test_a_validator_that_breaks_off_refuses() -> None:
    other_guide = body_of(claim(1)).replace(b"005010X222A1", b"005010X222A2")
    (finding,) = validate(other_guide).findings
    assert (finding.code, finding.segment_position) == (BROKE_OFF, 0)


@pytest.mark.parametrize(
    ("changes", "place", "text"),
    [
        ({"subscriber_state_code": "ZZ"}, "2010BA/N402", "value is not in the code list"),
        ({"member_id": None}, "2010BA/NM109", "mandatory element is missing"),
        ({"subscriber_birth_on": None}, "2010BA/DMG02", "mandatory element is missing"),
        ({"place_of_service_code": "77"}, "2300/CLM05-1", "value is not in the code list"),
        ({"lines": [line(diagnosis_pointers="13")]}, "2400/SV107-1", "value is not in the code list"),
        ({"diagnoses": []}, "HI", "segment Health Care Diagnosis Code (HI) is missing"),
        ({"lines": []}, "LX", "loop Service Line Number (2400) is missing"),
        ({"billing_address_1": None}, "2010AA/N301", "mandatory element is missing"),
    ],
)
def test_a_finding_names_the_place_in_the_file(changes: dict[str, object], place: str, text: str) -> None:
    findings = validate(body_of(claim(1, **changes))).findings
    assert (place, text) in [(finding.place, finding.text) for finding in findings]


def test_a_finding_inside_a_claim_points_at_that_claim() -> None:
    claims = [claim(1), claim(2, subscriber_state_code="ZZ"), claim(3)]
    interchange = build_interchange(frames_of(claims), RECEIVER)
    refused = claims_refused(interchange, validate(interchange.numbered(1, CREATED_AT)))
    assert refused.to_numpy().tolist() == [[2, "2010BA/N402: value is not in the code list"]]


def test_a_fault_of_the_billing_provider_points_at_all_its_claims() -> None:
    claims = [claim(1), claim(2, billing_address_1=None), claim(3, billing_address_1=None)]
    interchange = build_interchange(frames_of(claims), RECEIVER)
    refused = claims_refused(interchange, validate(interchange.numbered(1, CREATED_AT)))
    assert refused["claim_id"].tolist() == [2, 3]


def test_an_accepted_file_points_at_no_claim() -> None:
    interchange = build_interchange(frames_of([claim(1)]), RECEIVER)
    assert len(claims_refused(interchange, validate(interchange.numbered(1, CREATED_AT)))) == 0
