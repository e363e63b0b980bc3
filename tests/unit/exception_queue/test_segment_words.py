"""Segments in words: each stands in its loop, codes are spelled out, and what has no words is shown all the same."""

from __future__ import annotations

from include.exception_queue.segment_words import Loop, describe_segments

_TEXT = (
    "HL*1**20*1~NM1*85*2*ASPEN*****XX*1234567893~NM1*87*2~N3*PO BOX 1~HL*2*1*22*1~SBR*S**GRP******CI~NM1*PR*2*SECOND"
    "*****PI*60055~HL*3*2*23*0~PAT*19~CLM*C1V2*150.5***02:B:7*Y*C*N*I**AA:::CO~DTP*439*D8*20260101~HI*ABK:F411*ABF:F331"
    "~NM1*DN*1*TANNER~NM1*77*2*NORTH~NM1*DQ*1*BOSS~SBR*P*18*******CI~CAS*CO*45*40~AMT*D*110.5~OI***Y***I~NM1*IL*1*EX"
    "~NM1*PR*2*FIRST*****PI*60054~LX*1~SV1*HC:90837:95*150.5*UN*1***1:2~SVD*60054*110.5*HC:90837**1~DTP*573*D8*20260201"
    "~LX*2~SV1*HC:90785*0*UN*1"
)
COORDINATED = _TEXT.split("~")


def loops() -> list[Loop]:
    return describe_segments(COORDINATED)


def test_each_segment_stands_in_its_loop_and_none_is_lost() -> None:
    assert [loop.title for loop in loops()] == [
        "Billing provider",
        "Where payments go",
        "Policy holder",
        "Insurer",
        "Patient",
        "Claim",
        "Referring provider",
        "Service location",
        "Supervising provider",
        "Other insurer",
        "Other insurer: policy holder",
        "Other insurer: insurer",
        "Service line 1",
        "Service line 1: decision of insurer 60054",
        "Service line 2",
    ]
    assert [each.raw for loop in loops() for each in loop.segments] == COORDINATED


def test_codes_amounts_days_and_composites_are_spelled_out() -> None:
    told = {(loop.title, each.name): dict(each.elements) for loop in loops() for each in loop.segments}
    assert told["Claim", "Claim"] == {
        "claim number": "C1V2",
        "total charge": "$150.5",
        "place of service and kind of claim": "place 02, replacement",
        "provider's signature on file": "yes",
        "accepts assignment": "no",
        "benefits assigned": "no",
        "information may be released": "yes, by informed consent",
        "accident": "car accident CO",
    }
    assert told["Claim", "Date"] == {"kind": "accident", "date": "2026-01-01"}
    assert told["Policy holder", "Coverage"]["level"] == "secondary"
    assert told["Other insurer", "Adjustment"] == {
        "who bears it": "the practice, by contract",
        "reason code": "45",
        "amount": "$40",
    }
    assert told["Other insurer", "Amount"] == {"kind": "paid by this insurer", "amount": "$110.5"}
    assert told["Service line 1", "Service"]["procedure and modifiers"] == "90837 95"
    assert told["Service line 1", "Service"]["points to diagnosis"] == "1, 2"


def test_what_has_no_words_is_shown_as_it_is() -> None:
    ((loop,),) = ([describe_segments(["K3*AB**CD"])[0]],)
    assert (loop.segments[0].name, loop.segments[0].elements) == ("K3", (("element 1", "AB"), ("element 3", "CD")))
    (loop,) = describe_segments(["CLM*C1V1*1***11:B:9*X"])
    told = dict(loop.segments[0].elements)
    assert told["place of service and kind of claim"] == "place 11, 9"
    assert told["provider's signature on file"] == "code X"
