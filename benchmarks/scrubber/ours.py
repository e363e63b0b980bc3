"""This scrubber, and the gate a claim passes before it leaves: edits, then the writer, then pyx12 on the file."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from statistics import median

import pandas as pd

from benchmarks.scrubber.mutations import BrokenClaims
from benchmarks.scrubber.plain_text import transaction_sets
from benchmarks.scrubber.reference_facts import reference_tables
from benchmarks.scrubber.valid_claims import AS_OF, valid_claims
from benchmarks.scrubber.verdicts import Complaints, SideResult, beyond_twins
from include.claim_frames import FRAME_COLUMNS, ClaimFrames
from include.claims_scrubber import REFERENCE_TABLES, References, Release, ScrubResult, catalogue, scrub
from include.claims_scrubber.context import ScrubContext
from include.clearinghouse.claim_folding import fold_claims
from include.clearinghouse.interchange import Receiver
from include.clearinghouse.isolation import isolate_refused
from include.clearinghouse.validation import validate
from include.frames import parse
from include.reference_data.load import SNAPSHOTS
from include.reference_data.releases import read_releases

RECEIVER = Receiver("TEST", "SUBM01", "Cases", "Dana Okafor", "(303) 555-0100", "HOUSE01", "Test Clearinghouse")

EDITS = "this scrubber: edits alone"
WRITER = "edits, then the writer"
GATE = "whole gate: edits, writer, pyx12"
AS_SHIPPED = "edits, shipped tables only for their service dates"

#: Claims made at a time for the measurement of speed: as plain rows they take much more room than in frames.
_PART = 20_000


@dataclass(frozen=True)
class OurResults:
    """The sides of this scrubber, and what only it has to tell.

    `delivered`: the broken claims in the file the gate lets go; `validator_accepts_file`: whether pyx12 takes that file
    as a whole. `not_checked`: claims of the valid set that an edit could not check, by edit, with the shipped tables
    taken for the service dates they state.
    """

    sides: tuple[SideResult, ...]
    delivered: frozenset[int]
    validator_accepts_file: bool
    not_checked: Mapping[str, int]
    versions: Mapping[str, str | int]


def read_references(*, keeps_releases: bool = False) -> References:
    """The shipped tables and those of `reference_facts`.

    The shipped ones are good for certain service dates only; `keeps_releases` says whether the edits get to know. Not
    to know stands for a user who has loaded the newer file: the codes of the cases did not change in it.
    """
    tables, releases = _shipped()
    return References({**tables, **reference_tables()}, releases if keeps_releases else {})


@cache
def _shipped() -> tuple[Mapping[str, pd.DataFrame], Mapping[str, Release]]:
    found, problems = read_releases(SNAPSHOTS, is_shipped=True)
    if problems:
        raise ValueError(f"{len(problems)} problems in the shipped reference tables: make reference-snapshots")
    tables = {release.table_name: _typed(release.table_name, release.sheet.frame) for release in found}
    releases = {
        release.table_name: Release(release.release_label, release.sha256, release.covers_from, release.covers_to)
        for release in found
    }
    return tables, releases


def _typed(name: str, sheet: pd.DataFrame) -> pd.DataFrame:
    """The texts of a file in the types the scrubber reads from the database."""
    frame = pd.DataFrame(index=sheet.index)
    for column, kind in REFERENCE_TABLES[name].items():
        texts = sheet[column].astype("object").where(sheet[column] != "", None)
        if kind == "day":
            frame[column] = pd.to_datetime(texts, format="%Y-%m-%d").astype("datetime64[s]")
        elif kind == "flag":
            frame[column] = texts == "true"
        elif kind == "integer":
            frame[column] = texts.astype("int64")
        else:
            frame[column] = texts.astype("str")
    return frame


def measure_ours(valid: ClaimFrames, cases: BrokenClaims, rate_claims: int) -> OurResults:
    """What edits, writer and pyx12 make of the cases; `rate_claims` claims for the speed of the edits."""
    references = read_references()
    on_valid, on_broken, on_twins = (
        scrub(frames, as_of_on=AS_OF, references=references) for frames in (valid, cases.broken, cases.valid)
    )
    held = complaints(on_valid, "error")
    caught = beyond_twins(complaints(on_broken, "error"), complaints(on_twins, "error"))
    warned = complaints(on_valid, "warning")
    warned_more = beyond_twins(complaints(on_broken, "warning"), complaints(on_twins, "warning"))
    everything = frozenset(cases.mutation_names)

    def side(name: str, held: Complaints, caught: Complaints, rates: Mapping[str, float]) -> SideResult:
        only_warned = frozenset(warned_more.keys() - caught.keys())
        return SideResult(name, held, warned, caught, only_warned, everything, rates)

    unwritable, unwritable_broken, unwritable_twins = map(_unwritable, (valid, cases.broken, cases.valid))
    with_writer = joined(caught, beyond_twins(unwritable_broken, unwritable_twins))
    # As on a night: what the edits hold does not reach the writer, and what it refuses not pyx12. A broken claim that
    # is held for what its twin is held for goes on: else a wrong hold would hide what the others do.
    start = time.perf_counter()
    scrub(valid, as_of_on=AS_OF, references=references)
    of_valid = isolate_refused(_without(valid, held), RECEIVER)
    gate_rate = len(valid.claims) / (time.perf_counter() - start)
    of_broken = isolate_refused(_without(cases.broken, caught), RECEIVER)
    held_by_gate = joined(held, _refusals(of_valid.refused))
    caught_by_gate = joined(caught, _refusals(of_broken.refused))
    accepted = True
    if of_broken.interchange is not None:
        accepted = validate(of_broken.interchange.numbered(1, datetime(2026, 11, 3, 21, tzinfo=UTC))).accepted
    dated = _with_release_dates(valid, cases, everything)
    return OurResults(
        sides=(
            side(EDITS, held, caught, _rates(references, rate_claims)),
            side(WRITER, joined(held, unwritable), with_writer, {}),
            side(GATE, held_by_gate, caught_by_gate, {"all three": gate_rate}),
            dated[0],
        ),
        delivered=frozenset(map(int, of_broken.accepted.claims["claim_id"])),
        validator_accepts_file=accepted,
        not_checked=dated[1],
        versions={
            "edits": len(catalogue()),
            "catalogue_version": on_valid.catalogue_version,
            "reference_version": on_valid.reference_version,
        },
    )


def _with_release_dates(
    valid: ClaimFrames, cases: BrokenClaims, everything: frozenset[int]
) -> tuple[SideResult, Mapping[str, int]]:
    references = read_references(keeps_releases=True)
    on_valid, on_broken, on_twins = (
        scrub(frames, as_of_on=AS_OF, references=references) for frames in (valid, cases.broken, cases.valid)
    )
    caught = beyond_twins(complaints(on_broken, "error"), complaints(on_twins, "error"))
    warned_more = beyond_twins(complaints(on_broken, "warning"), complaints(on_twins, "warning"))
    not_checked = dict(zip(on_valid.not_checked["edit_code"], on_valid.not_checked["claim_count"], strict=True))
    side = SideResult(
        AS_SHIPPED,
        complaints(on_valid, "error"),
        complaints(on_valid, "warning"),
        caught,
        frozenset(warned_more.keys() - caught.keys()),
        everything,
    )
    return side, {code: int(count) for code, count in not_checked.items()}


def complaints(result: ScrubResult, severity: str) -> dict[int, Counter[str]]:
    """The findings of one severity by claim, as edit code, with the line where it is about one."""
    found = result.findings[result.findings["severity"] == severity]
    said: dict[int, Counter[str]] = {}
    for claim_id, line, code in zip(found["claim_id"], found["line_number"], found["edit_code"], strict=True):
        said.setdefault(int(claim_id), Counter())[f"{code}/{line}" if line else str(code)] += 1
    return said


def joined(first: Complaints, second: Complaints) -> dict[int, Counter[str]]:
    """What either says."""
    claim_ids = sorted({*first, *second})
    return {claim_id: first.get(claim_id, Counter()) + second.get(claim_id, Counter()) for claim_id in claim_ids}


def delivered_unchanged(cases: BrokenClaims) -> frozenset[int]:
    """The broken claims whose text is that of their valid twin: the fault is not in what would be sent."""
    broken, twins = transaction_sets(cases.broken), transaction_sets(cases.valid)
    return frozenset(claim_id for claim_id, text in broken.items() if text == twins[claim_id])


def _unwritable(frames: ClaimFrames) -> dict[int, Counter[str]]:
    problems = fold_claims(frames).problems
    said: dict[int, Counter[str]] = {}
    for claim_id, column, reason in zip(problems["claim_id"], problems["column"], problems["reason"], strict=True):
        said.setdefault(int(claim_id), Counter())[f"writer: {column}: {reason}"] += 1
    return said


def _refusals(refused: pd.DataFrame) -> dict[int, Counter[str]]:
    pairs = zip(refused["claim_id"], refused["reason"], strict=True)
    return {int(claim_id): Counter([f"writer or pyx12: {reason}"]) for claim_id, reason in pairs}


def _without(frames: ClaimFrames, held: Complaints) -> ClaimFrames:
    claim_ids = frames.claims["claim_id"]
    return frames.of_claims(claim_ids[~claim_ids.isin(list(held))])


def _rates(references: References, count: int) -> dict[str, float]:
    """Claims a second on valid claims, medians of three: the checks alone, and `scrub` with the frames given.

    The frames are laid out in memory as the pipeline reads them, column after column.
    """
    frames = _as_read(many_claims(count))
    # Once before: the look-up indexes of the tables are built once a process.
    scrub(valid_claims(200, seed=1), as_of_on=AS_OF, references=references)
    taken: dict[str, list[float]] = {}

    def time_of(what: str, work: Callable[[], object]) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        taken.setdefault(what, []).append(time.perf_counter() - wall)
        taken.setdefault(f"{what} by CPU time", []).append(time.process_time() - cpu)

    for _ in range(3):
        context = ScrubContext(frames, AS_OF, references)
        time_of("edits alone", lambda context=context: [one.check(context) for one in catalogue()])  # type: ignore[misc]
        time_of("scrub with frames given", lambda: scrub(frames, as_of_on=AS_OF, references=references))
    return {what: count / median(seconds) for what, seconds in taken.items()}


def _as_read(frames: ClaimFrames) -> ClaimFrames:
    """The same frames by way of the CSV in which claims leave the database."""
    read = {}
    for name, columns in FRAME_COLUMNS.items():
        frame = getattr(frames, name)
        flags = {
            column: frame[column].map({True: "t", False: "f"}) for column, kind in columns.items() if kind == "flag"
        }
        read[name] = parse(io.BytesIO(frame.assign(**flags).to_csv(index=False).encode()), columns)
    return ClaimFrames(**read)


def many_claims(count: int) -> ClaimFrames:
    """`count` different valid claims in order: parts of their own seeds, each part in organizations of its own."""
    parts = []
    for first in range(0, count, _PART):
        made = valid_claims(min(_PART, count - first), seed=1_000 + first)
        number = first // _PART
        frames = {}
        for name in FRAME_COLUMNS:
            frame = getattr(made, name)
            frame = frame.assign(claim_id=frame["claim_id"] + first)
            if name == "claims":
                numbers = [f"R{number}{text}" for text in frame["claim_number"]]
                frame = frame.assign(
                    organization_id=frame["organization_id"] + 1_000 * number,
                    claim_number=pd.Series(numbers, dtype="str"),
                )
            frames[name] = frame
        parts.append(frames)
    return ClaimFrames(**{name: pd.concat([part[name] for part in parts], ignore_index=True) for name in FRAME_COLUMNS})
