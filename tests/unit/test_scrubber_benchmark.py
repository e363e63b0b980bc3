"""The comparison of scrubbers counts what it should, calls each side, and fails when it must."""

from __future__ import annotations

import ast
import json
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.scrubber import claim_validator_peer, run
from benchmarks.scrubber.claim_validator_peer import WORKER, PeerFailed, claim_dict, measure_claim_validator
from benchmarks.scrubber.mutation import Mutation
from benchmarks.scrubber.mutations import MUTATIONS, BrokenClaims
from benchmarks.scrubber.one_claim import OneClaim, frames_of
from benchmarks.scrubber.ours import EDITS, GATE, many_claims, measure_ours, read_references
from benchmarks.scrubber.plain_text import file_of, transaction_sets
from benchmarks.scrubber.pyx12_peer import measure_pyx12, refused
from benchmarks.scrubber.report import Comparison, miss_rows, side_rows, write_record
from benchmarks.scrubber.valid_claims import AS_OF, valid_claims
from benchmarks.scrubber.verdicts import (
    Count,
    SideResult,
    beyond_twins,
    claims_caught,
    failures,
    kinds_caught,
    score_kinds,
    visible_caught,
)
from include.claim_frames import FRAME_COLUMNS


def mutation(name: str) -> Mutation:
    return Mutation(name, "lines", "rejected", "invented", "invented", change=lambda claim: None)


def side(caught: dict[int, Counter[str]], **other: object) -> SideResult:
    parts = {"held": {}, "warned": {}, "only_warned": frozenset(), "visible": frozenset(), **other}
    return SideResult(name="a side", caught=caught, **parts)  # type: ignore[arg-type]


def broken_by(*names: str) -> BrokenClaims:
    """One claim for each named mutation, drawn from a few valid claims."""
    claims = OneClaim.all_of(valid_claims(300, seed=8))
    by_name = {one.name: one for one in MUTATIONS}
    pairs = [(by_name[name], next(claim for claim in claims if by_name[name].needs(claim))) for name in names]
    pairs.sort(key=lambda pair: pair[1].claim["organization_id"])
    valid, broken = [], []
    for claim_id, (one, claim) in enumerate(pairs, start=1):
        for made, into in ((claim, valid), (one.broken(claim), broken)):
            rows = {name: value for name, value in vars(made).items() if name != "claim"}
            into.append(OneClaim({**made.claim, "claim_id": claim_id}, **rows))
    names_by_id = {claim_id: one.name for claim_id, (one, _) in enumerate(pairs, start=1)}
    return BrokenClaims(frames_of(valid), frames_of(broken), names_by_id)


def claim_of(cases: BrokenClaims, name: str) -> int:
    return next(claim_id for claim_id, given in cases.mutation_names.items() if given == name)


def test_an_error_the_valid_twin_has_too_catches_nothing_and_one_more_of_it_does() -> None:
    twins = {1: Counter({"A": 1}), 2: Counter({"A": 1}), 3: Counter({"A": 2})}
    broken = {1: Counter({"A": 1}), 2: Counter({"A": 2}), 3: Counter({"A": 1}), 4: Counter({"B": 1})}
    assert beyond_twins(broken, twins) == {2: Counter({"A": 1}), 4: Counter({"B": 1})}


def test_a_mutation_is_caught_only_when_each_of_its_claims_is() -> None:
    names = {1: "first", 2: "first", 3: "second", 4: "second"}
    half = side({1: Counter("A"), 3: Counter("A"), 4: Counter("A")}, only_warned=frozenset({2}))
    first, second = score_kinds([mutation("first"), mutation("second")], names, half)
    assert (first.is_caught, first.caught, first.only_warned, first.claims) == (False, 1, 1, 2)
    assert second.is_caught
    assert kinds_caught([first, second]) == Count(1, 2)
    assert claims_caught([first, second]) == Count(3, 4)


def test_what_a_side_cannot_see_counts_as_missed_and_is_left_out_of_what_it_can_see() -> None:
    names = {1: "seen", 2: "unseen"}
    kinds = score_kinds([mutation("seen"), mutation("unseen")], names, side({1: Counter("A")}, visible=frozenset({1})))
    assert kinds_caught(kinds) == Count(1, 2)
    assert visible_caught(kinds) == Count(1, 1)


def test_a_mutation_without_a_claim_is_refused_and_does_not_count_as_caught() -> None:
    with pytest.raises(ValueError, match="second"):
        score_kinds([mutation("first"), mutation("second")], {1: "first"}, side({}))


@pytest.mark.parametrize(("caught", "fails"), [(95, False), (94, True)])
def test_fewer_than_95_percent_of_a_hundred_mutations_fail(caught: int, fails: bool) -> None:
    assert bool(failures(0, Count(caught, 100), 0)) is fails


@pytest.mark.parametrize(("caught", "fails"), [(274, False), (273, True)])
def test_the_border_is_not_rounded(caught: int, fails: bool) -> None:
    # 273 of 288 are 94.8 %, 274 are 95.1 %.
    assert bool(failures(0, Count(caught, 288), 0)) is fails


@pytest.mark.parametrize(("held", "delivered"), [(1, 0), (0, 1)])
def test_one_valid_claim_held_or_one_fault_of_syntax_delivered_fails(held: int, delivered: int) -> None:
    assert len(failures(held, Count(100, 100), delivered)) == 1


def test_pyx12_accepts_the_text_of_valid_claims_and_names_the_broken_one_only() -> None:
    cases = broken_by("separator_in_patient_name", "terminator_in_patient_name", "no_lines", "billing_npi_check_digit")
    found = measure_pyx12(valid_claims(20, seed=8), cases, AS_OF)
    assert found.held == {}
    # A check digit is not syntax, but the text shows it.
    assert set(found.caught) == set(cases.mutation_names) - {claim_of(cases, "billing_npi_check_digit")}
    assert found.visible == set(cases.mutation_names)


def test_a_text_pyx12_breaks_off_on_does_not_take_its_neighbours_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.scrubber import pyx12_peer

    def answers(text: str) -> dict[int, Counter[str]]:
        if "ST*837*000000003*" in text:
            raise KeyError("broken off")
        return {number: Counter() for number in range(1, 6) if f"ST*837*{number:09d}*" in text}

    monkeypatch.setattr(pyx12_peer, "_answers", answers)
    sets = {number: f"ST*837*{number:09d}*X~" for number in range(1, 6)}
    assert refused(sets, AS_OF) == {3: Counter(["broke off: KeyError"])}


def test_the_text_without_checks_keeps_what_the_writer_refuses() -> None:
    cases = broken_by("cyrillic_first_name", "adjustment_without_amount")
    sets = transaction_sets(cases.broken)
    assert not sets[claim_of(cases, "cyrillic_first_name")].isascii()
    assert "98765432" not in sets[claim_of(cases, "adjustment_without_amount")]
    text = file_of(sets, AS_OF)
    assert text.startswith("ISA*") and text.endswith("~GE*2*1~IEA*1*000000001~")


def test_edits_hold_what_the_twin_is_free_of_and_the_gate_catches_no_less() -> None:
    cases = broken_by("billing_npi_check_digit", "no_diagnosis", "charge_negative")
    valid = valid_claims(30, seed=8)
    ours = measure_ours(valid, cases, rate_claims=50)
    by_name = {one.name: one for one in ours.sides}
    assert set(by_name[EDITS].caught) == set(cases.mutation_names)
    assert set(by_name[GATE].caught) >= set(by_name[EDITS].caught)
    assert ours.delivered.isdisjoint(by_name[GATE].caught)
    assert {"edits alone", "scrub with frames given"} < by_name[EDITS].claims_per_second.keys()
    assert ours.validator_accepts_file


def test_shipped_diagnoses_are_not_checked_beyond_the_dates_of_their_release() -> None:
    days = pd.Series(pd.to_datetime([date(2026, 9, 30), date(2026, 10, 1)])).astype("datetime64[s]")
    assert read_references().covers("diagnosis_code", days).tolist() == [True, True]
    assert read_references(keeps_releases=True).covers("diagnosis_code", days).tolist() == [True, False]


def test_claims_made_in_parts_keep_the_order_and_ids_of_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.scrubber import ours

    monkeypatch.setattr(ours, "_PART", 40)
    frames = many_claims(100)
    frames.check()
    assert frames.claims["claim_id"].tolist() == list(range(1, 101))
    assert frames.claims["organization_id"].is_monotonic_increasing
    assert frames.claims["claim_number"].is_unique
    for name in FRAME_COLUMNS:
        assert getattr(frames, name)["claim_id"].is_monotonic_increasing, name
        assert getattr(frames, name)["claim_id"].isin(frames.claims["claim_id"]).all(), name


def test_claim_validator_is_told_all_its_model_has_a_place_for() -> None:
    claims = OneClaim.all_of(valid_claims(200, seed=8))
    claim = next(one for one in claims if any(line["unit_count"] == 3 for line in one.lines))
    told = claim_dict(claim, AS_OF)
    assert told["billing_provider_npi"] == claim.claim["billing_npi"]
    assert told["total_charge"] * 100 == claim.claim["total_charge_cents"]
    # It multiplies a charge by the units: what it gets must add up there.
    assert sum(line["charge_amount"] * line["units"] for line in told["lines"]) == pytest.approx(told["total_charge"])
    assert all(code["code"][3:4] in ("", ".") for code in told["diagnosis_codes"])
    assert json.loads(json.dumps(told)) == told


def test_a_value_that_is_missing_reaches_claim_validator_as_missing() -> None:
    cases = broken_by("no_procedure_code", "no_pointer", "no_billing_npi")
    told = {name: claim for name, claim in zip(_in_order(cases), OneClaim.all_of(cases.broken), strict=True)}
    assert claim_dict(told["no_procedure_code"], AS_OF)["lines"][0]["procedure_code"] is None
    assert claim_dict(told["no_pointer"], AS_OF)["lines"][0]["diagnosis_pointers"] == []
    assert claim_dict(told["no_billing_npi"], AS_OF)["billing_provider_npi"] is None


def _in_order(cases: BrokenClaims) -> list[str]:
    return [cases.mutation_names[claim_id] for claim_id in sorted(cases.mutation_names)]


def test_the_answers_of_claim_validator_are_read_claim_by_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = broken_by("no_billing_npi", "no_billing_street")
    caught = claim_of(cases, "no_billing_npi")

    def answer(_python: Path, question: dict[str, dict[str, list[object]]]) -> dict[str, object]:
        quiet = {"errors": [], "warnings": []}
        said = {name: [quiet] * len(claims) for name, claims in question["sets"].items()}
        said["broken"] = [
            {"errors": ["MISSING_FIELD"], "warnings": []} if claim_id == caught else quiet
            for claim_id in sorted(cases.mutation_names)
        ]
        return {"complaints": said, "seconds": {"valid": 0.5}, "versions": {"claim-validator": "0.3.0"}}

    monkeypatch.setattr(claim_validator_peer, "_ask", answer)
    sides, versions = measure_claim_validator(Path("python"), valid_claims(5, seed=8), cases, read_references(), AS_OF)
    assert [set(one.caught) for one in sides] == [{caught}, {caught}]
    # A street has no place in its model.
    assert sides[0].visible == {caught}
    assert sides[0].claims_per_second == {"validate": 10.0}
    assert versions == {"claim-validator": "0.3.0"}


def test_a_peer_that_does_not_answer_is_an_error_of_its_own() -> None:
    with pytest.raises(PeerFailed):
        # This Python has no claim-validator, or not one that can be asked nothing.
        claim_validator_peer._ask(Path(sys.executable), {"sets": {}})


def test_the_worker_of_the_peers_needs_nothing_of_this_project() -> None:
    tree = ast.parse(WORKER.read_text(encoding="utf-8"))
    modules = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert "claim_validator" in modules
    assert modules.isdisjoint({"benchmarks", "include", "pandas"})


def test_the_record_names_misses_and_says_when_claim_validator_was_not_measured(tmp_path: Path) -> None:
    names = {1: "first", 2: "first", 3: "second"}
    mutations = [mutation("first"), mutation("second")]
    measured = [
        side({1: Counter("A"), 2: Counter("A")}, visible=frozenset({1, 2, 3}), only_warned=frozenset({3})),
        *(SideResult(name, {}, {}, {}, frozenset(), frozenset()) for name in ("another", "a third")),
    ]
    compared = Comparison(
        options={"claims": 10, "count": 2, "seed": 1, "rate_claims": 50},
        valid_count=10,
        sides=measured,
        kinds={one.name: score_kinds(mutations, names, one) for one in measured},
        mutation_names=names,
        delivered_syntax_faults=frozenset(),
        validator_accepts_file=True,
        unchanged=frozenset({3}),
        not_checked={"DIA03": 4},
        versions={"edits": 2, "catalogue_version": "abc"},
        peer_versions={},
        failures=[],
    )
    assert side_rows(compared)[0][3] == "1 of 2 (50.0 %)"
    note = "1 with a warning; 1 whose text does not carry the fault"
    assert miss_rows(compared, measured[0]) == [("second", "rejected", "1 of 1", note)]
    page = write_record(tmp_path, compared)
    text = page.read_text(encoding="utf-8")
    assert "claim-validator was not measured" in text and "| second | rejected |" in text
    record = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert record["sides"][0]["caught"] == {"1": ["A"], "2": ["A"]}
    assert str(tmp_path) not in text + json.dumps(record)


@pytest.mark.parametrize(("failed", "code"), [([], 0), (["1 valid claims are held"], 1)])
def test_the_command_ends_with_1_when_something_failed(
    failed: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {1: "first"}
    one = side({1: Counter("A")})
    sides = [one, *(SideResult(name, {}, {}, {}, frozenset(), frozenset()) for name in ("another", "a third"))]
    compared = Comparison(
        options={"claims": 1, "count": 1, "seed": 1, "rate_claims": 1},
        valid_count=1,
        sides=sides,
        kinds={each.name: score_kinds([mutation("first")], names, each) for each in sides},
        mutation_names=names,
        delivered_syntax_faults=frozenset(),
        validator_accepts_file=True,
        unchanged=frozenset(),
        not_checked={},
        versions={"edits": 1, "catalogue_version": "abc"},
        peer_versions={},
        failures=failed,
    )
    monkeypatch.setattr(run, "compare", lambda *_: compared)
    assert run.main(["--results", str(tmp_path)]) == code


def test_sizes_below_one_are_refused_before_anything_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run.main(["--claims", "0"])
    assert "sizes start at 1" in capsys.readouterr().err
