"""Counts what a scrubber held and caught; knows nothing of any scrubber."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from benchmarks.scrubber.mutation import Mutation

#: What a side says of each claim it complains about: its codes, each as often as it says it.
Complaints = Mapping[int, Counter[str]]

#: Of the kinds of mutations, in percent.
LEAST_CAUGHT_PERCENT = 95


@dataclass(frozen=True)
class SideResult:
    """What one side made of all cases.

    `held`, `warned`: errors and warnings on valid claims, by claim id. `caught`: errors on broken claims beyond those
    of the valid twin. `only_warned`: broken claims not caught that have a warning their twin has not. `visible`: the
    broken claims whose fault is in what the side gets to see at all. `claims_per_second`: by what is timed.
    """

    name: str
    held: Complaints
    warned: Complaints
    caught: Complaints
    only_warned: frozenset[int]
    visible: frozenset[int]
    claims_per_second: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class KindScore:
    """One mutation: how many claims were broken by it, and how many of them were caught, warned of, visible."""

    name: str
    group: str
    stage: str
    claims: int
    caught: int
    only_warned: int
    visible: int

    @property
    def is_caught(self) -> bool:
        """A kind counts as caught when each of its claims is."""
        return self.caught == self.claims

    @property
    def is_visible(self) -> bool:
        """The side sees the fault in at least one of the claims."""
        return self.visible > 0


def beyond_twins(broken: Complaints, twins: Complaints) -> dict[int, Counter[str]]:
    """By claim id, what is said of a broken claim and not, or less often, of its valid twin; nothing for no more."""
    added = {claim_id: said - twins.get(claim_id, Counter()) for claim_id, said in broken.items()}
    return {claim_id: said for claim_id, said in added.items() if said}


def score_kinds(
    mutations: Sequence[Mutation], mutation_names: Mapping[int, str], side: SideResult
) -> tuple[KindScore, ...]:
    """Each mutation of `mutations` in order; `mutation_names` names the mutation of each broken claim.

    Raises `ValueError` when a mutation has no claim: it would count as caught.
    """
    claims = Counter(mutation_names.values())
    empty = [mutation.name for mutation in mutations if not claims[mutation.name]]
    if empty:
        raise ValueError(f"mutations without a claim: {empty}")
    caught, warned, visible = (
        _by_name(mutation_names, ids) for ids in (side.caught.keys(), side.only_warned, side.visible)
    )
    return tuple(
        KindScore(
            name=mutation.name,
            group=mutation.group,
            stage=mutation.stage,
            claims=claims[mutation.name],
            caught=caught[mutation.name],
            only_warned=warned[mutation.name],
            visible=visible[mutation.name],
        )
        for mutation in mutations
    )


def _by_name(mutation_names: Mapping[int, str], claim_ids: Set[int]) -> Counter[str]:
    return Counter(mutation_names[claim_id] for claim_id in claim_ids)


@dataclass(frozen=True)
class Count:
    """So many of so many."""

    part: int
    whole: int

    @property
    def percent(self) -> float:
        return 100 * self.part / self.whole if self.whole else 0.0

    def __str__(self) -> str:
        return f"{self.part:,} of {self.whole:,} ({self.percent:.1f} %)"


def kinds_caught(kinds: Iterable[KindScore]) -> Count:
    """The kinds of which every claim is caught."""
    of_all = list(kinds)
    return Count(sum(kind.is_caught for kind in of_all), len(of_all))


def visible_caught(kinds: Iterable[KindScore]) -> Count:
    """The same of the kinds the side can see."""
    return kinds_caught(kind for kind in kinds if kind.is_visible)


def claims_caught(kinds: Iterable[KindScore]) -> Count:
    """The single broken claims."""
    of_all = list(kinds)
    return Count(sum(kind.caught for kind in of_all), sum(kind.claims for kind in of_all))


def failures(held_count: int, caught: Count, delivered_count: int) -> list[str]:
    """Why the benchmark fails, in words; nothing when it does not. See `run`."""
    found = []
    if held_count:
        found.append(f"{held_count} valid claims are held")
    # In whole numbers: 94.96 % must not become 95.
    if caught.part * 100 < caught.whole * LEAST_CAUGHT_PERCENT:
        found.append(f"{caught} of the mutations are caught, fewer than {LEAST_CAUGHT_PERCENT} %")
    if delivered_count:
        found.append(f"{delivered_count} claims with a fault of syntax are delivered")
    return found
