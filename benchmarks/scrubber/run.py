"""Measures claim scrubbers on valid and on broken claims: ``make bench-scrubber [N=3000] [PEERS=1]``.

Ends with 1 when a valid claim is held, when fewer than 95 % of the mutations are caught, or when a claim leaves that
pyx12 refuses; with 2 when a peer does not answer. Needs no database.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.comparison import text_table
from benchmarks.scrubber.claim_validator_peer import PeerFailed, measure_claim_validator
from benchmarks.scrubber.mutations import MUTATIONS, break_claims
from benchmarks.scrubber.ours import EDITS, GATE, delivered_unchanged, measure_ours, read_references
from benchmarks.scrubber.pyx12_peer import measure_pyx12
from benchmarks.scrubber.report import HEADER, Comparison, miss_rows, part_rows, side_rows, write_record
from benchmarks.scrubber.valid_claims import AS_OF, valid_claims
from benchmarks.scrubber.verdicts import failures, kinds_caught, score_kinds

RESULTS = Path(__file__).parents[1] / "results"
#: As many as the mutations need to find three claims of the kind they fit.
POOL = 3_000
#: Not one the tests draw their claims from.
SEED = 20_261_103


def compare(claims: int, count: int, seed: int, rate_claims: int, peers: Path | None) -> Comparison:
    """Measure every side; `peers` is the Python that has claim-validator, None leaves it out."""
    valid = valid_claims(claims, seed)
    cases = break_claims(valid if claims >= POOL else valid_claims(POOL, seed), count, seed)
    _say(f"{claims:,} valid claims, {len(cases.mutation_names):,} broken by {len(MUTATIONS)} mutations")
    ours = measure_ours(valid, cases, rate_claims)
    _say("edits, writer and gate measured")
    by_pyx12 = measure_pyx12(valid, cases, AS_OF)
    _say("pyx12 measured")
    sides = [*ours.sides, by_pyx12]
    peer_versions: dict[str, str] = {}
    if peers is not None:
        by_peer, peer_versions = measure_claim_validator(peers, valid, cases, read_references(), AS_OF)
        sides += by_peer
        _say("claim-validator measured")
    kinds = {side.name: score_kinds(MUTATIONS, cases.mutation_names, side) for side in sides}
    gate = next(side for side in sides if side.name == GATE)
    delivered = ours.delivered.intersection(by_pyx12.caught)
    failed = failures(len(gate.held), kinds_caught(kinds[EDITS]), len(delivered))
    if not ours.validator_accepts_file:
        failed.append("the file of the claims that pass is refused by pyx12")
    return Comparison(
        options={"claims": claims, "count": count, "seed": seed, "rate_claims": rate_claims},
        valid_count=claims,
        sides=sides,
        kinds=kinds,
        mutation_names=cases.mutation_names,
        delivered_syntax_faults=delivered,
        validator_accepts_file=ours.validator_accepts_file,
        unchanged=delivered_unchanged(cases),
        not_checked=ours.not_checked,
        versions=ours.versions,
        peer_versions=peer_versions,
        failures=failed,
    )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scrubber.run", description=__doc__)
    parser.add_argument("--claims", type=int, default=3_000, metavar="N", help="valid claims")
    parser.add_argument("--count", type=int, default=3, help="broken claims of each mutation")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--rate-claims", type=int, default=200_000, help="claims on which the edits' speed is measured")
    parser.add_argument("--peers", type=Path, help="Python of an environment with claim-validator")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the record")
    options = parser.parse_args(arguments)
    if min(options.claims, options.count, options.rate_claims) < 1:
        parser.error("sizes start at 1")
    try:
        compared = compare(options.claims, options.count, options.seed, options.rate_claims, options.peers)
    except PeerFailed as failed:
        print(failed, file=sys.stderr)
        return 2
    page = write_record(options.results, compared)
    print()
    print(text_table(side_rows(compared), HEADER))
    print()
    print(text_table(part_rows(compared, "stage"), ("stage", "all", *(side.name for side in compared.sides))))
    for side in compared.sides:
        if side.name in (EDITS, GATE):
            print(f"\nmissed by {side.name}:")
            for name, stage, missed, note in miss_rows(compared, side):
                print(f"  {name} ({stage}, {missed}{', ' + note if note else ''})")
    print(f"\nrecord: {page.name}")
    if compared.failures:
        print("failed:", *compared.failures, sep="\n  ", file=sys.stderr)
        return 1
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
