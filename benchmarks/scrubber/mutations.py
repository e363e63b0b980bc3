"""All mutations, and how they meet the valid claims they fit."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from benchmarks.scrubber.faults.clients import CLIENT_FAULTS
from benchmarks.scrubber.faults.coding import CODING
from benchmarks.scrubber.faults.missing import MISSING
from benchmarks.scrubber.faults.providers import PROVIDERS
from benchmarks.scrubber.faults.submission import SUBMISSION
from benchmarks.scrubber.faults.texts import TEXTS
from benchmarks.scrubber.mutation import Mutation
from benchmarks.scrubber.one_claim import OneClaim, frames_of
from include.claim_frames import ClaimFrames

#: In order of group; names are unique.
MUTATIONS: Final[tuple[Mutation, ...]] = (*TEXTS, *MISSING, *PROVIDERS, *CLIENT_FAULTS, *CODING, *SUBMISSION)


@dataclass(frozen=True)
class BrokenClaims:
    """Broken claims and the valid ones they were made from, claim by claim, under the same ids.

    `mutation_names` names the fault of each claim id. Ids are new and run from 1 in order of organization, so that both
    frames can be read at once; a claim can stand in `valid` several times.
    """

    valid: ClaimFrames
    broken: ClaimFrames
    mutation_names: dict[int, str]


def break_claims(pool: ClaimFrames, count: int = 1, seed: int = 1) -> BrokenClaims:
    """Every mutation on `count` of the valid claims of `pool` that it fits, drawn from `seed`.

    Raises `LookupError` naming the mutation when `pool` has fewer such claims; 3,000 claims are enough for count = 3.
    """
    claims = OneClaim.all_of(pool)
    pairs: list[tuple[Mutation, OneClaim]] = []
    for mutation in MUTATIONS:
        fitting = [claim for claim in claims if mutation.needs(claim)]
        if len(fitting) < count:
            raise LookupError(
                f"mutation {mutation.name} fits {len(fitting)} of {len(claims)} claims, {count} are wanted"
            )
        # A draw of its own for each name: one mutation more leaves the claims of the others as they are.
        drawn = Random(f"{seed} {mutation.name}").sample(fitting, count)
        pairs += [(mutation, claim) for claim in drawn]
    pairs.sort(key=lambda pair: pair[1].claim["organization_id"])
    valid, broken, names = [], [], {}
    for claim_id, (mutation, claim) in enumerate(pairs, start=1):
        valid.append(_renumbered(claim, claim_id))
        broken.append(_renumbered(mutation.broken(claim), claim_id))
        names[claim_id] = mutation.name
    return BrokenClaims(frames_of(valid), frames_of(broken), names)


def _renumbered(claim: OneClaim, claim_id: int) -> OneClaim:
    rows = {name: value for name, value in vars(claim).items() if name != "claim"}
    return OneClaim({**claim.claim, "claim_id": claim_id}, **rows)
