"""What a claim says, whatever file it stands in: to tell whether a rejected claim would say something else now. Pure.

Of a claim counts all that is its own and its billing provider's. What only its place in the file gives it does not: the
numbers of levels, and its own number, which names the version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable

from include.claim_frames import ClaimFrames
from include.clearinghouse.charset import ELEMENT_SEPARATOR, SEGMENT_TERMINATOR
from include.clearinghouse.professional_claim import build_claim_runs
from include.clearinghouse_inbox.filed_claims import FiledClaim, cut_claims, read_claims

Contents = dict[str, str]


def contents_of_file(body: bytes, claim_numbers: Collection[str]) -> Contents:
    """Claim number -> digest of what the claim says, for those of `claim_numbers` that stand in a stored file."""
    return _contents(claim for claim in read_claims(body) if claim.claim_number in claim_numbers)


def contents_now(frames: ClaimFrames) -> Contents:
    """Claim number -> digest of what each claim would say if it were written now.

    Raises `UncarriableClaims` when one cannot be written: leave those out.
    """
    found: Contents = {}
    for run in build_claim_runs(frames):
        found |= _contents(cut_claims(run.text.split(SEGMENT_TERMINATOR)))
    return found


def says_the_same(one: FiledClaim, other: FiledClaim) -> bool:
    """Whether two written claims say the same, whatever their versions and files."""
    return _digest(one) == _digest(other)


def _contents(claims: Iterable[FiledClaim]) -> Contents:
    return {claim.claim_number: _digest(claim) for claim in claims}


def _digest(claim: FiledClaim) -> str:
    said = [_said(segment, claim.claim_number) for segment in (*claim.provider_segments, *claim.segments)]
    return hashlib.sha256(SEGMENT_TERMINATOR.join(said).encode("ascii")).hexdigest()


def _said(segment: str, claim_number: str) -> str:
    """The segment without what its place in the file gives it."""
    name, *elements = segment.split(ELEMENT_SEPARATOR)
    if name == "HL":
        elements[:2] = ["", ""]
    elif name == "CLM":
        elements[0] = ""
    elif name == "REF" and elements[0] == "6R":
        elements[1] = elements[1].removeprefix(claim_number)
    return ELEMENT_SEPARATOR.join([name, *elements])
