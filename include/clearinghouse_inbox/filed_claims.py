"""A file of ours cut into its claims. Pure: no database.

Our files end segments with `~` and nothing else, and each claim has a subscriber level of its own
(`include.clearinghouse.professional_claim`): a claim begins at its HL*…*22 and ends before the next HL*…*22 or *20, or
before the trailer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from include.clearinghouse.charset import ELEMENT_SEPARATOR, SEGMENT_TERMINATOR

_BILLING, _SUBSCRIBER = "20", "22"


@dataclass(frozen=True, slots=True)
class FiledClaim:
    """One claim. `first_position` counts segments from the first one given; the rest stays out of `repr`."""

    claim_number: str
    provider_npi: str
    first_position: int
    provider_segments: tuple[str, ...] = field(repr=False)
    segments: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class FiledSet:
    """The claims of one transaction set in file order; positions count from its ST (1)."""

    claims: tuple[FiledClaim, ...] = field(repr=False)

    def claim_at(self, position: int) -> str | None:
        """The number of the claim that a segment belongs to; None for header, trailer and billing provider."""
        index = bisect_right(self.claims, position, key=lambda claim: claim.first_position) - 1
        if index < 0 or position >= self.claims[index].first_position + len(self.claims[index].segments):
            return None
        return self.claims[index].claim_number

    def claims_of_provider(self, npi: str) -> list[str]:
        """The numbers of the claims under the billing provider with this NPI."""
        return [claim.claim_number for claim in self.claims if claim.provider_npi == npi]


def read_set(body: bytes, transaction_number: str) -> FiledSet:
    """The claims of one transaction set of a stored file. Raises `ValueError` when the file has no such set."""
    start = body.find(f"~ST*837*{transaction_number}*".encode("ascii")) + 1
    end = body.find(b"~SE*", start) + 1
    if not start or not end:
        raise ValueError(f"the file has no transaction set {transaction_number}")
    segments = body[start:end].decode("ascii").split(SEGMENT_TERMINATOR)[:-1]
    return FiledSet(tuple(cut_claims(segments)))


def read_claims(body: bytes) -> Iterator[FiledClaim]:
    """All claims of a stored file, set by set; positions are of the whole file."""
    return cut_claims(body.decode("ascii").split(SEGMENT_TERMINATOR))


def cut_claims(segments: Sequence[str]) -> Iterator[FiledClaim]:
    """The claims in a run of segments, in order; segments before the first billing provider belong to none."""
    provider: tuple[str, ...] = ()
    start: int | None = None
    for index, segment in enumerate(segments):
        name, *elements = segment.split(ELEMENT_SEPARATOR, 4)
        level = elements[2] if name == "HL" else ""
        if level not in (_BILLING, _SUBSCRIBER) and name != "SE":
            continue
        if start is not None:
            if level == _SUBSCRIBER and not provider:
                provider = tuple(segments[start:index])
            elif provider:
                yield _claim(segments, start, index, provider)
        if level == _BILLING:
            provider = ()
        start = None if name == "SE" else index
    if start is not None and provider:
        yield _claim(segments, start, len(segments), provider)


def _claim(segments: Sequence[str], start: int, end: int, provider: tuple[str, ...]) -> FiledClaim:
    own = tuple(segment for segment in segments[start:end] if segment)
    return FiledClaim(
        claim_number=next(segment for segment in own if segment.startswith("CLM*")).split(ELEMENT_SEPARATOR, 2)[1],
        provider_npi=_provider_npi(provider),
        first_position=start + 1,
        provider_segments=provider,
        segments=own,
    )


def _provider_npi(provider: tuple[str, ...]) -> str:
    name = next((segment for segment in provider if segment.startswith("NM1*85*")), "")
    elements = name.split(ELEMENT_SEPARATOR)
    return elements[9] if len(elements) > 9 and elements[8] == "XX" else ""
