"""The simulated clearinghouse: what it answers to which file, and what it leaves in a folder."""

from __future__ import annotations

import io
import itertools
import logging
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pyx12.params
import pyx12.x12n_document

from include.clearinghouse.interchange import build_interchange
from include.development import simulated_clearinghouse
from include.development.simulated_clearinghouse import FolderMissing, answer, answer_folder
from include.development.simulated_reception import Unanswerable
from tests.unit.clearinghouse.example_claims import CREATED_AT, RECEIVER, Row, claim, frames_of, line, person

Segments = list[list[str]]


def body_of(*claims: Row, control_number: int = 3, created_at: datetime = CREATED_AT) -> bytes:
    return build_interchange(frames_of(claims), RECEIVER).numbered(control_number, created_at)


def priced(claim_id: int, cents: int, **changes: object) -> Row:
    """A claim of one line, its number the first of its claim: C7V1."""
    return claim(claim_id, **{"claim_number": f"C{claim_id}V1", "lines": [line(charge_cents=cents)], **changes})


def split(body: bytes) -> Segments:
    """The segments of an answer by the delimiters its ISA names, composites written with a colon."""
    text = body.decode("ascii")
    element, component, terminator = text[3], text[104], text[105]
    return [part.strip().replace(component, ":").split(element) for part in text.split(terminator) if part.strip()]


def named(body: bytes, *names: str) -> list[str]:
    return ["*".join(each) for each in split(body) if each[0] in names]


def statuses(body: bytes) -> dict[str, list[str]]:
    """Claim number -> the STC segments that follow it in a 277CA (its own first, then those of lines)."""
    found: dict[str, list[str]] = {}
    number = None
    for each in split(body):
        if each[0] == "HL":
            number = None
        elif each[0] == "TRN" and each[1] == "2" and not each[2].startswith("0"):
            number = each[2]
            found[number] = []
        elif each[0] == "STC" and number is not None:
            found[number].append("*".join(each))
    return found


def accepted_by_pyx12(body: bytes) -> bool:
    logging.getLogger("pyx12").setLevel(logging.CRITICAL + 1)
    return bool(
        pyx12.x12n_document.x12n_document(
            pyx12.params.params(), io.StringIO(body.decode("ascii"), newline=""), None, None
        )
    )


#: Two practices; of the second one a claim has the total for which its transaction set is refused.
SEVERAL = (
    priced(1, 15000),
    priced(2, 22850, organization_id=7),
    priced(3, 13350, lines=[line(charge_cents=12000), line(charge_cents=1350, procedure_code="90785")]),
    priced(4, 5225, relationship="child", **person("subscriber", "Arbor", "Otis")),
    priced(5, 15000, payer_code="MESA2", billing_provider_id=2, billing_npi="1245319599"),
    priced(6, 12010),
    priced(7, 21000, organization_id=9),
    priced(8, 15000, organization_id=9),
)


@pytest.fixture(scope="module")
def several() -> dict[str, bytes]:
    return answer(body_of(*SEVERAL))


@pytest.mark.parametrize(("suffix", "version"), [("999", "005010X231A1"), ("277ca", "005010X214"), ("ta1", None)])
def test_each_answer_is_valid_by_the_map_of_pyx12(several: dict[str, bytes], suffix: str, version: str | None) -> None:
    body = several[suffix]

    assert [each[8] for each in split(body) if each[0] == "GS"] == ([version] if version else [])
    assert accepted_by_pyx12(body)
    assert not accepted_by_pyx12(body.replace(b"IEA", b"IEB")), "the judge says yes to everything"


def test_every_claim_of_an_accepted_transaction_set_has_one_answer(several: dict[str, bytes]) -> None:
    numbers = [each[2] for each in split(several["277ca"]) if each[:2] == ["TRN", "2"]]

    assert sorted(numbers) == ["0000000030001", "C1V1", "C2V1", "C3V1", "C4V1", "C5V1", "C6V1"]


@pytest.mark.parametrize(
    ("cents", "changes", "expected"),
    [
        (15000, {}, "STC*A2:20*20261125*WQ*150"),
        (15000, {"payer_code": "MESA2"}, "STC*A1:19:PR*20261125*WQ*150"),
        (22850, {}, "STC*A7:562:85*20261125*U*228.5"),
        (850, {}, "STC*A7:562:85*20261125*U*8.5"),
        (22851, {}, "STC*A2:20*20261125*WQ*228.51"),
        (22849, {}, "STC*A2:20*20261125*WQ*228.49"),
        (22750, {}, "STC*A2:20*20261125*WQ*227.5"),
        (5225, {}, "STC*A3:21:IL*20261125*U*52.25******A3:164:IL"),
        (5226, {}, "STC*A2:20*20261125*WQ*52.26"),
        (5210, {}, "STC*A0:16:PR*20261125*WQ*52.1"),
        (22850, {"claim_number": "C1V2"}, "STC*A2:20*20261125*WQ*228.5"),
        (22850, {"claim_number": "C1V12"}, "STC*A2:20*20261125*WQ*228.5"),
        (22850, {"claim_number": "OTHER1"}, "STC*A7:562:85*20261125*U*228.5"),
        (21000, {"claim_number": "C1V2"}, "STC*A2:20*20261125*WQ*210"),
        (21001, {}, "STC*A2:20*20261125*WQ*210.01"),
        (20999, {}, "STC*A2:20*20261125*WQ*209.99"),
    ],
)
def test_the_total_of_a_claim_decides(cents: int, changes: Row, expected: str) -> None:
    answers = answer(body_of(priced(1, cents, **changes)))

    assert list(statuses(answers["277ca"]).values()) == [[expected]]


def test_only_a_claim_the_payer_has_accepted_brings_the_payers_number(several: dict[str, bytes]) -> None:
    text = several["277ca"].decode()

    assert text.count("REF*1K*") == text.count("STC*A2:20*") == 1
    assert text.count("REF*D9*") == 6


def test_a_rejection_for_a_line_names_the_line_and_its_control_number(several: dict[str, bytes]) -> None:
    assert statuses(several["277ca"])["C3V1"] == ["STC*A7:454*20261125*U*133.5", "STC*A7:454*20261125*U"]
    assert named(several["277ca"], "SVC") == ["SVC*HC:90785*13.5"]
    assert "REF*FJ*C3V102" in named(several["277ca"], "REF")


def test_a_dependent_is_named_as_the_patient_with_the_subscribers_member_id(several: dict[str, bytes]) -> None:
    assert "NM1*QC*1*ARBOR*LENA****MI*M00000004" in named(several["277ca"], "NM1")
    assert not [name for name in named(several["277ca"], "NM1") if "OTIS" in name]


def test_after_a_dependent_the_next_patient_is_the_subscriber_again() -> None:
    child = priced(1, 15000, relationship="child", **person("subscriber", "Arbor", "Otis"))
    own = priced(2, 15000, **person("patient", "Brook", "Ines"), **person("subscriber", "Brook", "Ines"))

    names = [name for name in named(answer(body_of(child, own))["277ca"], "NM1") if name.startswith("NM1*QC*")]

    assert sorted(names) == ["NM1*QC*1*ARBOR*LENA****MI*M00000001", "NM1*QC*1*BROOK*INES****MI*M00000002"]


def test_each_claim_stands_below_its_billing_provider(several: dict[str, bytes]) -> None:
    providers: dict[str, str] = {}
    found: dict[str, str] = {}
    level: list[str] = []
    for each in split(several["277ca"]):
        if each[0] == "HL":
            level = each
        elif each[:2] == ["NM1", "85"]:
            providers[level[1]] = each[9]
        elif each[:2] == ["TRN", "2"] and level[3] == "PT":
            found[each[2]] = providers[level[2]]

    other = {"C5V1": "1245319599"}
    assert found == {f"C{number}V1": "1234567893" for number in (1, 2, 3, 4, 6)} | other


def test_a_claim_that_gets_silence_is_not_counted_either() -> None:
    both = answer(body_of(priced(1, 15000), priced(2, 15013)))["277ca"]
    alone = answer(body_of(priced(2, 15013)))

    assert list(statuses(both)) == ["C1V1"]
    assert "QTY*90*1" in named(both, "QTY")
    assert sorted(alone) == ["999", "ta1"]


def test_totals_are_those_of_the_claims_below(several: dict[str, bytes]) -> None:
    batch = named(several["277ca"], "QTY", "AMT")[:4]

    # 150, 150 and 120.10 against 228.50, 133.50 and 52.25
    assert batch == ["QTY*90*3", "QTY*AA*3", "AMT*YU*420.1", "AMT*YY*414.25"]


def test_a_refused_transaction_set_leaves_the_others_of_the_file_alone(several: dict[str, bytes]) -> None:
    sent = split(body_of(*SEVERAL))
    start = next(number for number, each in enumerate(sent) if each[:3] == ["ST", "837", "0002"])
    position = [each[:2] for each in sent[start:]].index(["CLM", "C7V1"]) + 1

    assert named(several["999"], "AK2", "IK3", "IK4", "CTX", "IK5", "AK9") == [
        "AK2*837*0001*005010X222A1",
        "IK5*A",
        "AK2*837*0002*005010X222A1",
        f"IK3*CLM*{position}*2300*8",
        "CTX*CLM01:C7V1",
        "IK4*2*782*I12*210",
        f"CTX*SITUATIONAL TRIGGER*CLM*{position}*2300*2*782",
        "IK5*R*I5",
        "AK9*P*2*2*1",
    ]
    assert not {"C7V1", "C8V1"} & set(statuses(several["277ca"]))


def test_a_file_with_nothing_but_refused_sets_has_no_277ca() -> None:
    answers = answer(body_of(priced(1, 21000)))

    assert sorted(answers) == ["999", "ta1"]
    assert named(answers["999"], "AK9") == ["AK9*R*1*1*0"]


def test_what_pyx12_refuses_the_999_refuses_with_its_words() -> None:
    broken = body_of(priced(1, 15000)).replace(b"*11:B:1*", b"*77:B:1*", 1).replace(b"DTP*472*D8*", b"DTP*472*D9*")

    answers = answer(broken)

    assert sorted(answers) == ["999", "ta1"]
    assert accepted_by_pyx12(answers["999"])
    assert named(answers["999"], "IK5", "AK9") == ["IK5*R*5", "AK9*R*1*1*0"]
    assert "IK4*2*1250*7*D9" in named(answers["999"], "IK4")


def test_several_faults_of_one_segment_stand_in_the_same_order_whatever_order_pyx12_gives() -> None:
    five, other, eight = (["IK3", "N3", "9", "2010AA", code] for code in ("5", "I6", "8"))
    element = ["IK4", "3", "", "3"]

    for given in itertools.permutations([five, other, eight]):
        ordered = simulated_clearinghouse._in_fixed_order([*given, element, five])
        # What the IK4 is about stands before it.
        assert ordered == [five, other, eight, element, five]


@pytest.mark.parametrize(
    ("fault", "note_code"),
    [
        (lambda body: body[:-20], b"023"),
        (lambda body: body.replace(b"IEA*1*000000003", b"IEA*1*000000004"), b"001"),
        (lambda body: body.replace(b"IEA*1*", b"IEA*2*"), b"021"),
        (lambda body: body.replace(b"GS*HC*", b"GS*HI*"), b"024"),
        (lambda body: body + body, b"021"),
    ],
    ids=["cut off", "other trailer number", "group miscounted", "no claims", "twice"],
)
def test_an_interchange_that_is_not_in_order_gets_a_rejecting_ta1_and_nothing_else(
    fault: Callable[[bytes], bytes], note_code: bytes
) -> None:
    answers = answer(fault(body_of(priced(1, 15000))))

    assert list(answers) == ["ta1"]
    assert b"TA1*000000003*261125*2104*R*" + note_code in answers["ta1"]


@pytest.mark.parametrize("body", [b"", b"HELLO", b"ISA*00*", body_of(priced(1, 15000)).replace(b"*0*T*:", b"*0*P*:")])
def test_what_is_no_interchange_or_marked_as_production_gets_no_answer(body: bytes) -> None:
    with pytest.raises(Unanswerable):
        answer(body)


def test_the_same_file_has_the_same_answers_and_another_number_others() -> None:
    first, again = (answer(body_of(*SEVERAL)) for _ in range(2))
    other = answer(body_of(*SEVERAL, control_number=4))

    assert first == again
    numbers = {split(body)[0][13] for answers in (first, other) for body in answers.values()}
    assert len(numbers) == 6


def test_the_clock_is_the_files_own_and_passes_midnight() -> None:
    late = answer(body_of(priced(1, 15000), created_at=datetime(2026, 12, 31, 23, 30, tzinfo=UTC)))

    assert [split(late[suffix])[0][9:11] for suffix in ("ta1", "999", "277ca")] == [
        ["261231", "2332"],
        ["261231", "2335"],
        ["270101", "0015"],
    ]
    assert named(late["277ca"], "DTP")[:2] == ["DTP*050*D8*20261231", "DTP*009*D8*20270101"]


def test_answers_go_back_to_who_sent_the_file(several: dict[str, bytes]) -> None:
    for body in several.values():
        isa = split(body)[0]
        assert (isa[6].strip(), isa[8].strip(), isa[15]) == (RECEIVER.receiver_id, RECEIVER.submitter_id, "T")


def test_the_answers_are_written_in_three_different_ways(several: dict[str, bytes]) -> None:
    assert several["ta1"].endswith(b"~\r\n")
    assert several["277ca"].endswith(b"~\n")
    assert b"\r" not in several["277ca"]
    assert b"\n" not in several["999"]
    assert (several["999"][3:4], several["999"][104:105]) == (b"|", b">")


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    outbox, inbox = tmp_path / "outbox", tmp_path / "inbox"
    outbox.mkdir()
    inbox.mkdir()
    return outbox, inbox


def test_a_folder_is_answered_once(folders: tuple[Path, Path]) -> None:
    outbox, inbox = folders
    (outbox / "SUBM01_000000003_0a.837").write_bytes(body_of(priced(1, 15000)))
    (outbox / "SUBM01_000000004_0b.837").write_bytes(body_of(priced(2, 21000), control_number=4))

    first = answer_folder(outbox, inbox)
    before = contents(inbox)
    second = answer_folder(outbox, inbox)

    assert sorted(before) == [
        "SUBM01_000000003_0a.277ca",
        "SUBM01_000000003_0a.999",
        "SUBM01_000000003_0a.ta1",
        "SUBM01_000000004_0b.999",
        "SUBM01_000000004_0b.ta1",
    ]
    assert contents(inbox) == before
    assert (len(first.answered), len(first.left_alone)) == (2, 0)
    assert (len(second.answered), len(second.left_alone)) == (0, 2)
    assert {stat.S_IMODE(path.stat().st_mode) for path in inbox.iterdir()} == {0o600}


def test_answers_that_were_interrupted_are_completed(folders: tuple[Path, Path]) -> None:
    outbox, inbox = folders
    (outbox / "A.837").write_bytes(body_of(priced(1, 15000)))
    answer_folder(outbox, inbox)
    whole = contents(inbox)
    (inbox / "A.ta1").unlink()
    (inbox / "A.999").unlink()

    answer_folder(outbox, inbox)

    assert {name: body for name, (body, _) in contents(inbox).items()} == {n: b for n, (b, _) in whole.items()}
    assert contents(inbox)["A.277ca"] == whole["A.277ca"]


def test_other_names_are_not_answered_and_what_cannot_be_is_named(folders: tuple[Path, Path]) -> None:
    outbox, inbox = folders
    body = body_of(priced(1, 15000))
    for name in (".A.837", "A.837.tmp", "A.txt"):
        (outbox / name).write_bytes(body)
    (outbox / "folder.837").mkdir()
    (outbox / "B.837").write_bytes(body.replace(b"*0*T*:", b"*0*P*:"))

    done = answer_folder(outbox, inbox)

    assert (done.answered, done.left_alone) == ((), ())
    assert [name for name, _ in done.unanswerable] == ["B.837"]
    assert contents(inbox) == {}


@pytest.mark.parametrize("missing", ["outbox", "inbox"])
def test_a_folder_that_is_not_there_is_not_made(folders: tuple[Path, Path], missing: str) -> None:
    folder = dict(zip(("outbox", "inbox"), folders, strict=True))[missing]
    folder.rmdir()

    with pytest.raises(FolderMissing, match=missing):
        answer_folder(*folders)
    assert not folder.exists()
