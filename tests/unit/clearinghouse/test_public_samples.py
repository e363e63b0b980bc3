"""Our writer against files nobody here wrote: the same facts give the same loops, segments and elements.

The samples lie beside the checkout (`../shared/samples`) and are not part of the project. They are read with pyx12's
reader, the facts in them become claim frames, and what the writer makes of those is read with the same reader.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from include.clearinghouse.interchange import build_interchange
from tests.unit.clearinghouse.example_claims import CREATED_AT, RECEIVER, Row, frames_of

SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "samples"
FILES = {"lfh": "lfh/837p_example1.txt", "moov": "moov/837p_sample.txt"}

SAMPLE_ONLY, OURS_ONLY = "only in the sample", "only in ours"


@dataclass(frozen=True)
class Difference:
    """`where`: one of the two constants above, or the number of the element that differs."""

    sample: str
    loop: str
    segment: str
    where: str


#: All differences there are, and why each is right.
JUSTIFIED: dict[Difference, str] = {
    Difference("lfh", "2300", "REF*D9", SAMPLE_ONLY): "a clearinghouse adds its own number on the way",
    Difference("lfh", "2300", "HI", "01"): "BK says ICD-9-CM, which ended in 2015: we write ABK",
    Difference("lfh", "2300", "HI", "02"): "BF says ICD-9-CM: we write ABF",
    Difference("lfh", "2300", "CLM", "02"): "100.00: amounts have no trailing zeros",
    Difference("lfh", "2400", "SV1", "02"): "40.00: amounts have no trailing zeros",
    Difference("lfh", "2400", "SV1", "04"): "1.00: units are whole numbers",
    Difference("lfh", "2400", "REF*6R", OURS_ONLY): "each line has a number that comes back in the remittance",
    Difference("moov", "2010BB", "N3", SAMPLE_ONLY): "we keep no address of an insurer: the payer id routes the claim",
    Difference("moov", "2010BB", "N4", SAMPLE_ONLY): "as N3",
    Difference("moov", "2300", "CLM", "01"): "our claim numbers have letters and digits only",
    Difference("moov", "2300", "CLM", "10"): "we keep signatures of patients, not of others for them",
    Difference("moov", "2300", "HI", "01"): "BK says ICD-9-CM: we write ABK",
    Difference("moov", "2300", "HI", "02"): "BF says ICD-9-CM: we write ABF",
    Difference("moov", "2310A", "REF*1G", SAMPLE_ONLY): "UPINs ended with the NPI",
    Difference("moov", "2310B", "REF*G2", SAMPLE_ONLY): "insurers' own numbers of a clinician gave way to the NPI",
    Difference("moov", "2310B", "NM1*82", "02"): "who holds a session is a person",
    Difference("moov", "2400", "REF*6R", OURS_ONLY): "each line has a number that comes back in the remittance",
}

#: Loop and elements, the segment id first; composites with colons.
Segment = tuple[str, list[str]]


@pytest.fixture(params=list(FILES))
def sample(request: pytest.FixtureRequest) -> tuple[str, list[Segment]]:
    file = SAMPLES / FILES[request.param]
    if not file.exists():
        pytest.skip(f"public sample {FILES[request.param]} is not beside the checkout")
    text = file.read_text(encoding="ascii").replace("005010X222A2", "005010X222A1")  # the same loops; pyx12 has A1
    return request.param, read_segments(text)


def read_segments(text: str) -> list[Segment]:
    """The segments from the billing provider's level to the last line, each with its loop."""
    import pyx12.error_handler
    import pyx12.params
    import pyx12.x12context

    reader = pyx12.x12context.X12ContextReader(
        pyx12.params.params(), pyx12.error_handler.errh_null(), io.StringIO(text)
    )
    segments = [
        (str(node.x12_map_node.parent.id), node.seg_data.format("~", "*", ":").rstrip("~").split("*"))
        for node in reader.iter_segments()
    ]
    return [(loop, elements) for loop, elements in segments if loop[:1] == "2"]


def element(elements: list[str], number: int) -> str | None:
    return elements[number] if number < len(elements) and elements[number] else None


def person_or_place(prefix: str, of_loop: list[list[str]]) -> Row:
    """Name, address and birth of one loop as columns."""
    by_id = {elements[0]: elements for elements in reversed(of_loop)}
    name, street, town, born = (by_id.get(segment_id, []) for segment_id in ("NM1", "N3", "N4", "DMG"))
    row: Row = {
        f"{prefix}_last_name": element(name, 3),
        f"{prefix}_first_name": element(name, 4),
        f"{prefix}_npi": element(name, 9),
        f"{prefix}_address_1": element(street, 1),
        f"{prefix}_address_2": element(street, 2),
        f"{prefix}_city": element(town, 1),
        f"{prefix}_state_code": element(town, 2),
        f"{prefix}_postal_code": element(town, 3),
    }
    if born:
        row |= {f"{prefix}_birth_on": datetime.strptime(born[2], "%Y%m%d"), f"{prefix}_sex": born[3]}  # noqa: DTZ007
    return row


def cents(amount: str) -> int:
    return round(float(amount) * 100)


def claims_in(segments: list[Segment]) -> Iterator[list[Segment]]:
    """The segments of each claim with all levels above it."""
    above: list[Segment] = []
    own: list[Segment] = []
    levels = {"20": 0, "22": 1, "23": 2}
    started: dict[int, int] = {}
    for loop, elements in segments:
        if elements[0] == "HL":
            if own:
                yield above + own
                own = []
            level = levels[elements[3]]
            above = above[: started.get(level, len(above))]
            started = {each: at for each, at in started.items() if each < level} | {level: len(above)}
        if elements[0] == "CLM":
            own = [(loop, elements)]
        elif own:
            own.append((loop, elements))
        else:
            above.append((loop, elements))
    yield above + own


def row_of(claim_id: int, segments: list[Segment]) -> Row:
    """The facts of one claim as `frames_of` takes them."""

    def loop(*names: str) -> list[list[str]]:
        return [elements for name, elements in segments if name in names]

    def first(segment_id: str, *loops: str) -> list[str]:
        return next((elements for elements in loop(*loops) if elements[0] == segment_id), [])

    claim, subscriber, patient = first("CLM", "2300"), first("SBR", "2000B"), first("PAT", "2000C")
    place, _, frequency = claim[5].split(":")
    billing = person_or_place("billing", loop("2010AA"))
    tax_id = first("REF", "2010AA")
    row: Row = {
        "claim_id": claim_id,
        "organization_id": 1,
        "claim_number": claim[1].replace("-", ""),
        "version": 1,
        "level": {"P": "primary", "S": "secondary"}[subscriber[1]],
        "frequency_code": frequency,
        "total_charge_cents": cents(claim[2]),
        "place_of_service_code": place,
        "billing_entity_type": first("NM1", "2010AA")[2],
        "billing_name": billing.pop("billing_last_name"),
        **billing,
        "billing_tax_id": tax_id[2],
        "billing_tax_id_type": tax_id[1],
        "billing_taxonomy_code": element(first("PRV", "2000A"), 3),
        **{k: v for k, v in person_or_place("pay_to", loop("2010AB")).items() if "name" not in k and "npi" not in k},
        "relationship": {"01": "spouse", "19": "child", "G8": "other"}[patient[1]] if patient else "self",
        "group_number": element(subscriber, 3),
        "claim_filing_code": element(subscriber, 9),
        "payer_name": first("NM1", "2010BB")[3],
        "payer_code": first("NM1", "2010BB")[9],
        "member_id": first("NM1", "2010BA")[9],
        "assignment_of_benefits": claim[8] == "Y",
        "release_of_information": claim[9] == "Y",
        **_without(person_or_place("subscriber", loop("2010BA")), "subscriber_npi"),
        **_without(person_or_place("patient", loop("2010CA" if patient else "2010BA")), "patient_npi"),
        "lines": [],
        "diagnoses": [each.split(":")[1] for each in first("HI", "2300")[1:]],
    }
    rendering, referring = person_or_place("rendering", loop("2310B")), person_or_place("referring", loop("2310A"))
    row |= {name: rendering[name] for name in ("rendering_last_name", "rendering_first_name", "rendering_npi")}
    row |= {name: referring[name] for name in ("referring_last_name", "referring_first_name", "referring_npi")}
    row["referring_entity_type"] = element(first("NM1", "2310A"), 2)
    facility = person_or_place("facility", loop("2310C"))
    row |= {"facility_name": facility.pop("facility_last_name"), **_without(facility, "facility_first_name")}
    lines: list[Row] = []
    for elements in loop("2400"):
        if elements[0] == "SV1":
            _, procedure, *modifiers = elements[1].split(":")
            lines.append(
                {
                    "procedure_code": procedure,
                    **{f"modifier_{number}": each for number, each in enumerate(modifiers, start=1)},
                    "charge_cents": cents(elements[2]),
                    "unit_count": int(float(elements[4])),
                    "place_of_service_code": element(elements, 5),
                    "diagnosis_pointers": elements[7],
                }
            )
        elif elements[0] == "DTP":
            lines[-1]["service_on"] = datetime.strptime(elements[3], "%Y%m%d")  # noqa: DTZ007
    return row | {"lines": lines}


def _without(row: Row, column: str) -> Row:
    return {name: value for name, value in row.items() if name != column}


def key(segment: Segment) -> tuple[str, str]:
    """Loop and segment id, with the qualifier where a loop has several of the id."""
    loop, elements = segment
    qualified = elements[0] in ("NM1", "REF", "PRV", "PER", "DTP", "AMT")
    return loop, "*".join(elements[: 2 if qualified else 1])


def differences(name: str, theirs: list[Segment], ours: list[Segment]) -> list[Difference]:
    """All differences of two files; segments that both have must come in the same order."""
    known, written = {key(each) for each in theirs}, {key(each) for each in ours}
    found = [Difference(name, *each, SAMPLE_ONLY) for each in map(key, theirs) if each not in written]
    found += [Difference(name, *each, OURS_ONLY) for each in map(key, ours) if each not in known]
    theirs, ours = [each for each in theirs if key(each) in written], [each for each in ours if key(each) in known]
    assert [key(each) for each in theirs] == [key(each) for each in ours]
    for their, our in zip(theirs, ours, strict=True):
        for number in range(1, max(len(their[1]), len(our[1]))):
            if element(their[1], number) != element(our[1], number):
                found.append(Difference(name, *key(our), f"{number:02d}"))
    return found


def test_the_facts_of_a_public_sample_give_the_same_structure(sample: tuple[str, list[Segment]]) -> None:
    name, theirs = sample
    rows = [row_of(claim_id, segments) for claim_id, segments in enumerate(claims_in(theirs), start=1)]
    assert len(rows) == {"lfh": 1, "moov": 8}[name]
    ours = read_segments(build_interchange(frames_of(rows), RECEIVER).numbered(1, CREATED_AT).decode())
    assert set(differences(name, theirs, ours)) == {each for each in JUSTIFIED if each.sample == name}


def test_the_comparison_sees_a_value_a_segment_and_an_order_that_differ() -> None:
    theirs: list[Segment] = [("2300", ["CLM", "A", "1"]), ("2300", ["REF", "G1", "X"]), ("2400", ["LX", "1"])]
    other = [("2300", ["CLM", "A", "2"]), *theirs[1:]]
    assert differences("x", theirs, other) == [Difference("x", "2300", "CLM", "02")]
    assert differences("x", theirs, theirs[::2]) == [Difference("x", "2300", "REF*G1", SAMPLE_ONLY)]
    assert differences("x", theirs[:2], theirs) == [Difference("x", "2400", "LX", OURS_ONLY)]
    with pytest.raises(AssertionError):
        differences("x", theirs, [theirs[0], theirs[2], theirs[1]])
