"""What a mutation is, and the small changes most of them are made of."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from benchmarks.scrubber.one_claim import OneClaim
from include.claim_frames import ClaimFrames

Change = Callable[[OneClaim], None]
Need = Callable[[OneClaim], bool]

#: Who notices the fault in real life: a syntax check (999), the front end (277CA), or adjudication (835).
Stage = Literal["syntax", "rejected", "denied"]

# Sources that many mutations name.
X12: Final = "005010X222A1 as its public pyx12 map states it"
GENERAL: Final = "general knowledge"
STEDI: Final = "https://www.stedi.com/changelog/"
PRIME: Final = "http://primeclinical.com/News/277CA_Codes_Explanations-Solutions_010312.htm"
TOO_LONG: Final = f"{STEDI}claim-edit-field-values-longer-than-maximum-length"
THERAPYNOTES: Final = "https://support.therapynotes.com/hc/en-us/articles/48368168027547"
SESSIONS: Final = "https://support.sessionshealth.com/article/200-claims-errors"
OPENPAYER: Final = (
    "https://www.openpayer.com/policy-updates/blue-cross-blue-shield-illinois/reimbursement-payment/"
    "blue-cross-blue-shield-illinois-psychiatry-psychotherapy"
)
APA: Final = "https://www.apaservices.org/practice/reimbursement/health-codes/psychotherapy"
E2E: Final = "http://e2emedicalbilling.com/fixing-most-common-claim-rejections/"
MBI: Final = "CMS, Understanding the Medicare Beneficiary Identifier (MBI) Format"
THERABILL: Final = "https://knowledge.therabill.com/hc/en-us/articles/"
ENSORA: Final = "https://experience.ensorahealth.com/vantage-point-93/billing-error-codes-guide-7063"


def any_claim(_: OneClaim) -> bool:
    """The need of a fault that can befall every claim."""
    return True


@dataclass(frozen=True)
class Mutation:
    """One real-world fault. `change` alters a claim in place; `needs` says on which valid claims it makes sense."""

    name: str
    group: str
    stage: Stage
    description: str
    source: str
    change: Change
    needs: Need = any_claim

    def applies_to(self, frames: ClaimFrames) -> bool:
        """Whether the one valid claim in `frames` is of the kind this fault needs."""
        return self.needs(OneClaim.of(frames))

    def apply(self, frames: ClaimFrames) -> ClaimFrames:
        """The one valid claim of `frames` with the fault; `frames` stays as it is. Raises `ValueError` when unfit."""
        return self.broken(OneClaim.of(frames)).frames()

    def broken(self, claim: OneClaim) -> OneClaim:
        """A copy of the valid `claim` with the fault. Raises `ValueError` when the claim is not of the needed kind."""
        if not self.needs(claim):
            raise ValueError(f"mutation {self.name} does not fit this claim")
        copied = copy.deepcopy(claim)
        self.change(copied)
        return copied


def put(**values: Any) -> Change:
    """Columns of the claim take these values."""
    return lambda claim: claim.claim.update(values)


def blank(*columns: str) -> Change:
    """These columns of the claim are missing."""
    return put(**dict.fromkeys(columns))


def put_patient(**values: Any) -> Change:
    """Columns of the patient, named without prefix; those of the subscriber too where both are one person."""

    def change(claim: OneClaim) -> None:
        prefixes = ("patient", "subscriber") if claim.claim["relationship"] == "self" else ("patient",)
        for prefix in prefixes:
            claim.claim.update({f"{prefix}_{column}": value for column, value in values.items()})

    return change


def put_line(**values: Any) -> Change:
    """Columns of the first line take these values."""
    return lambda claim: claim.lines[0].update(values)


def put_lines(**values: Any) -> Change:
    """Columns of every line take these values."""

    def change(claim: OneClaim) -> None:
        for line in claim.lines:
            line.update(values)

    return change


def both(*changes: Change) -> Change:
    """All `changes`, in order."""

    def change(claim: OneClaim) -> None:
        for each in changes:
            each(claim)

    return change


def edit(column: str, function: Callable[[Any], Any]) -> Change:
    """A column of the claim becomes a function of what it was."""
    return lambda claim: claim.claim.update({column: function(claim.claim[column])})


def add_line(procedure_code: str, charge_cents: int = 5000, **values: Any) -> Change:
    """A further line like the first one; the claim's charge grows with it."""

    def change(claim: OneClaim) -> None:
        first = claim.lines[0]
        line = {**first, "procedure_code": procedure_code, "charge_cents": charge_cents, "unit_count": 1}
        claim.lines.append({**line, "description": None, **values})
        claim.total()

    return change


def has(column: str) -> Need:
    """The claim has a value in `column`."""
    return lambda claim: claim.claim[column] is not None


def where(**values: Any) -> Need:
    """The claim has these values."""
    return lambda claim: all(claim.claim[column] == value for column, value in values.items())


def bills(*codes: str) -> Need:
    """The claim's procedure codes are exactly these, in this order."""
    return lambda claim: claim.codes() == list(codes)


def every(*needs: Need) -> Need:
    """All `needs`."""
    return lambda claim: all(need(claim) for need in needs)


def is_group(claim: OneClaim) -> bool:
    """Billed by an organization."""
    return bool(claim.claim["billing_entity_type"] == "2")


def is_solo(claim: OneClaim) -> bool:
    """Billed by the clinician as a person."""
    return not is_group(claim)


def is_dependent(claim: OneClaim) -> bool:
    """The patient is not the subscriber."""
    return bool(claim.claim["relationship"] != "self")


def is_medicare(claim: OneClaim) -> bool:
    """Original Medicare is the receiver."""
    return bool(claim.claim["claim_filing_code"] == "MB")


def is_first(claim: OneClaim) -> bool:
    """An original claim to a primary insurer: nothing but the fault makes it special."""
    return bool(claim.claim["level"] == "primary" and claim.claim["frequency_code"] == "1")


def is_in_person(claim: OneClaim) -> bool:
    """No telehealth, no authorization that depends on the code."""
    return claim.claim["telehealth"] is None


def has_other_site(claim: OneClaim) -> bool:
    """Rendered at another address than the billing one, so that the service facility loop is sent."""
    return bool(claim.claim["facility_address_1"] != claim.claim["billing_address_1"])


def is_coordinated(claim: OneClaim) -> bool:
    """A secondary claim whose primary decided line by line."""
    return bool(claim.claim["level"] == "secondary" and claim.line_payments)


def days(first: date, last: date) -> int:
    """Days from `first` to `last`."""
    return (last - first).days
