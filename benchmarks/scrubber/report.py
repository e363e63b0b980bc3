"""The tables of the comparison, and its record: a JSON file with every figure and a page. No path, no host name."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.comparison import markdown_table
from benchmarks.record import machine_facts, software_facts
from benchmarks.scrubber.claim_validator_peer import UNMAPPED
from benchmarks.scrubber.verdicts import (
    Complaints,
    Count,
    KindScore,
    SideResult,
    claims_caught,
    kinds_caught,
    visible_caught,
)

HEADER = (
    "side",
    "valid held",
    "valid warned",
    "mutations caught",
    "of those it can see",
    "broken claims caught",
    "rate",
)


#: In the name of a rate: by the processor's time, which other work on the machine stretches less than the wall.
BY_CPU = "by CPU time"
#: Valid claims wrongly held that the record shows one by one; the others are counted.
_HELD_SHOWN = 100


@dataclass(frozen=True)
class Comparison:
    """All that was measured. `kinds`: by name of the side. `delivered_syntax_faults`: claims the gate let go although
    pyx12 refuses their text; `unchanged`: broken claims whose text is that of the valid twin."""

    options: Mapping[str, int]
    valid_count: int
    sides: Sequence[SideResult]
    kinds: Mapping[str, Sequence[KindScore]]
    mutation_names: Mapping[int, str]
    delivered_syntax_faults: frozenset[int]
    validator_accepts_file: bool
    unchanged: frozenset[int]
    not_checked: Mapping[str, int]
    versions: Mapping[str, str | int]
    peer_versions: Mapping[str, str]
    failures: Sequence[str]


def side_rows(compared: Comparison) -> list[tuple[str, ...]]:
    """One row per side, in words."""
    rows: list[tuple[str, ...]] = []
    for side in compared.sides:
        kinds = compared.kinds[side.name]
        rows.append(
            (
                side.name,
                str(Count(len(side.held), compared.valid_count)),
                f"{len(side.warned):,}",
                str(kinds_caught(kinds)),
                str(visible_caught(kinds)),
                str(claims_caught(kinds)),
                ", ".join(
                    f"{what} {rate:,.0f}/s" for what, rate in side.claims_per_second.items() if BY_CPU not in what
                ),
            )
        )
    return rows


def part_rows(compared: Comparison, part: str) -> list[tuple[str, ...]]:
    """Kinds caught of each group or stage, a column per side."""
    first = next(iter(compared.kinds.values()))
    names = list(dict.fromkeys(getattr(kind, part) for kind in first))
    rows = []
    for name in names:
        counts = [
            kinds_caught(kind for kind in compared.kinds[side.name] if getattr(kind, part) == name)
            for side in compared.sides
        ]
        rows.append((name, f"{counts[0].whole}", *(f"{count.part} ({count.percent:.0f} %)" for count in counts)))
    return rows


def miss_rows(compared: Comparison, side: SideResult) -> list[tuple[str, ...]]:
    """The kinds that a side misses in at least one claim: name, stage, how many of its claims, and notes."""
    rows: list[tuple[str, ...]] = []
    for kind in compared.kinds[side.name]:
        if kind.is_caught:
            continue
        missed = [
            claim_id
            for claim_id, name in compared.mutation_names.items()
            if name == kind.name and claim_id not in side.caught
        ]
        notes = []
        if kind.only_warned:
            notes.append(f"{kind.only_warned} with a warning")
        absent = len(compared.unchanged.intersection(missed))
        if absent:
            notes.append(f"{absent} whose text does not carry the fault")
        rows.append((kind.name, kind.stage, f"{len(missed)} of {kind.claims}", "; ".join(notes)))
    return rows


def held_rows(side: SideResult) -> list[tuple[str, str]]:
    """Codes of the errors on valid claims and how many claims each holds, most first."""
    counts = Counter(code for said in side.held.values() for code in {code.partition("/")[0] for code in said})
    return [(code, f"{count:,}") for code, count in counts.most_common()]


def write_record(directory: Path, compared: Comparison) -> Path:
    """Write <date>-scrubber.json and .md (UTC date; an earlier pair of the day is replaced); return the page."""
    made_at = datetime.now(UTC)
    record = {
        "made_at": made_at.isoformat(timespec="seconds"),
        "options": dict(compared.options),
        "machine": machine_facts(),
        "software": software_facts(),
        "versions": dict(compared.versions),
        "peer_versions": dict(compared.peer_versions),
        "failures": list(compared.failures),
        "delivered_syntax_faults": sorted(compared.delivered_syntax_faults),
        "validator_accepts_file": compared.validator_accepts_file,
        "not_checked": dict(compared.not_checked),
        "mutation_of_claim": {str(claim_id): name for claim_id, name in compared.mutation_names.items()},
        "sides": [
            {
                "name": side.name,
                "held_count": len(side.held),
                "held_by_code": dict(held_rows(side)),
                "held_first": dict(list(_plain(side.held).items())[:_HELD_SHOWN]),
                "warned_count": len(side.warned),
                "caught": _plain(side.caught),
                "only_warned": sorted(side.only_warned),
                "claims_per_second": dict(side.claims_per_second),
                "kinds": {
                    kind.name: {
                        "claims": kind.claims,
                        "caught": kind.caught,
                        "only_warned": kind.only_warned,
                        "visible": kind.visible,
                    }
                    for kind in compared.kinds[side.name]
                },
            }
            for side in compared.sides
        ],
    }
    name = f"{made_at:%Y-%m-%d}-scrubber"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.json").write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8")
    page = directory / f"{name}.md"
    page.write_text("\n".join([*_page(record, compared), ""]), encoding="utf-8")
    return page


def _plain(said: Complaints) -> dict[str, list[str]]:
    return {str(claim_id): sorted(codes) for claim_id, codes in sorted(said.items())}


def _page(record: Mapping[str, Any], compared: Comparison) -> Iterable[str]:
    options, machine, software = (record[name] for name in ("options", "machine", "software"))
    names = [side.name for side in compared.sides]
    yield f"# Claims scrubbers compared, {record['made_at'][:10]}"
    yield ""
    yield (
        f"{compared.valid_count:,} valid claims (seed {options['seed']}) and {len(compared.mutation_names):,} broken "
        f"ones: {len(compared.kinds[names[0]])} mutations on {options['count']} claims each. How the cases were made "
        "and what counts: [scrubber](../scrubber/README.md). A mutation counts as caught when each of its claims has "
        "an error that its valid twin has not."
    )
    yield ""
    yield markdown_table(side_rows(compared), HEADER)
    yield ""
    if not compared.peer_versions:
        yield "claim-validator was not measured: `make bench-scrubber PEERS=1` does."
        yield ""
    yield (
        f"The file of the {len(compared.mutation_names) - len(compared.sides[2].caught):,} broken claims that pass the "
        f"whole gate is {'accepted' if compared.validator_accepts_file else '**refused**'} by pyx12; "
        f"{len(compared.delivered_syntax_faults)} of them have a text that pyx12 refuses when it is written without "
        "checks."
    )
    yield ""
    yield (
        f"{record['versions']['edits']} edits (version {record['versions']['catalogue_version']}). The rate of the "
        f"edits is measured on {options['rate_claims']:,} valid claims, medians of three ("
        + ", ".join(
            f"{what} {rate:,.0f}/s" for what, rate in compared.sides[0].claims_per_second.items() if BY_CPU in what
        )
        + "); the others on the valid claims above."
    )
    yield ""
    if compared.not_checked:
        rest = ", ".join(f"{code} for {count:,}" for code, count in sorted(compared.not_checked.items()))
        yield (
            "The shipped tables are taken as good for the service dates of the cases, as if their newer state were "
            "loaded. Taken only for the dates they state, these edits report *not checked* for so many of the valid "
            f"claims: {rest}."
        )
        yield ""
    for part in ("stage", "group"):
        yield f"## Mutations caught by {part}"
        yield ""
        yield markdown_table(part_rows(compared, part), (part, "all", *names))
        yield ""
    for side in compared.sides:
        yield f"## {side.name}"
        yield ""
        held = held_rows(side)
        if held:
            yield "Valid claims wrongly held, by reason:"
            yield ""
            yield markdown_table(held, ("reason", "claims"))
        else:
            yield "No valid claim is held."
        yield ""
        misses = miss_rows(compared, side)
        if misses and side is compared.sides[0]:
            yield markdown_table(misses, ("missed", "comes back as", "claims", ""))
        elif misses:
            yield f"{len(misses)} missed: {', '.join(name for name, *_ in misses)}."
        else:
            yield "No mutation is missed."
        yield ""
    yield "## How the peers were called"
    yield ""
    yield (
        "**pyx12** gets a text of each claim that our own writer's loops give without its checks: a value it would "
        "refuse stands in it as it is, in upper case. A transaction set for each claim, so that a complaint means that "
        "claim. A mutation it can see is one that changes the text."
    )
    yield ""
    if compared.peer_versions:
        told = ", ".join(f"{name} {number}" for name, number in compared.peer_versions.items())
        yield (
            f"**claim-validator** ({told}) gets each claim in its own model, its clock set to the night of the cases, "
            "its pipeline built once. A `ValidationError` of its model counts as an error. Diagnoses get the dot it "
            "insists on (so a dot too many cannot be shown to it), a line's charge is divided by the units it "
            "multiplies it with. *As installed* its tables lack the procedure codes of psychotherapy; what a mutation "
            "adds as a line of such a code counts as caught there for that reason. *With the tables of the cases* its "
            "tables of diagnoses, procedures, taxonomy and filing limits are replaced in its memory, for which it has "
            f"no setting. Its model has no place for: {UNMAPPED}. A mutation it can see is one that changes what it "
            "gets."
        )
        yield ""
    yield (
        f"Machine: {machine['cpu_count']} CPUs ({machine['processor']}, {machine['architecture']}), "
        f"{machine['memory_gigabytes']} GB, {machine['system']}. Python {software['python']}, pandas "
        f"{software['pandas']}, numpy {software['numpy']}, pyx12 {software['pyx12']}, commit {software['commit']}."
    )
