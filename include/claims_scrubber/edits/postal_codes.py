"""States that exist, ZIP codes that exist, and ZIP codes that lie in their state."""

from __future__ import annotations

import numpy as np

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, Mask, ScrubContext, hits
from include.claims_scrubber.text_columns import TextColumns
from include.claims_scrubber.text_faults import (
    GUESSED_PLUS_FOUR,
    MISSHAPEN,
    NEVER_GIVEN,
    NO_PLUS_FOUR,
    PREFIX_SHIFT,
    holder_hits,
    zip_faults,
)

_STATES = "Tebra, Claim rejections: helpme.tebra.com/Tebra_PM/Claim_Rejections; USPS state and ZIP prefix tables"
_ZIP_SHAPE = "Tebra, Claim rejections (Entity's Postal/Zip Code): helpme.tebra.com/Tebra_PM/Claim_Rejections"

_CLIENT = "Client › Profile › Address"
_HOLDER = "Client › Insurance › Policy holder › Address"
_BILLING = "Practice › Billing providers › Address"
_PLACE = "Practice › Locations › Address"


def _is_unknown_state(context: ScrubContext, columns: TextColumns, column: str) -> Mask:
    """Neither blank nor in the table of states. A small letter is as good as a capital one."""
    codes, texts = columns.distinct(column)
    known = set(context.references.table("state")["state_code"])
    unknown = np.array([*(bool(text.strip()) and text.strip().upper() not in known for text in texts), False])
    answer: Mask = unknown[codes]
    return answer


def _is_elsewhere(context: ScrubContext, columns: TextColumns, prefix: str) -> Mask:
    """The ZIP code is well shaped, the state is one of the table, and the table has no such pair."""
    table = context.references.table("state")
    numbers = {state: number for number, state in enumerate(sorted(set(table["state_code"])), start=1)}
    fits = np.zeros((len(numbers) + 1, 1002), dtype=np.bool_)
    fits[[numbers[state] for state in table["state_code"]], 1 + table["postal_prefix"].astype(int).to_numpy()] = True
    # Without a state or a ZIP code there is nothing to compare.
    fits[0, :] = True
    fits[:, 0] = True
    codes, texts = columns.distinct(prefix + "state_code")
    states = np.array([*(numbers.get(text.strip().upper(), 0) for text in texts), 0])[codes]
    prefixes = columns.marks(prefix + "postal_code", zip_faults) >> PREFIX_SHIFT
    never_given = columns.has(prefix + "postal_code", zip_faults, NEVER_GIVEN)
    answer: Mask = ~fits[states, prefixes] & ~never_given
    return answer


def _zip_has(columns: TextColumns, column: str, fault: int) -> Mask:
    return columns.has(column, zip_faults, fault)


@edit(
    "ADR03",
    number=6,
    grain="claim",
    message="The client's state is not the two-letter code of a US state, territory or military region.",
    fix_location=_CLIENT,
    fix_columns=("practice.client.state_code",),
    loop_segment="2010BA or 2010CA N402",
    source=_STATES,
    is_overridable=True,
    needs="state",
    rejection_codes=("A7:501:QC",),
)
def client_state_is_unknown(context: ScrubContext) -> Hits:
    wrong = _is_unknown_state(context, context.columns, "patient_state_code")
    return hits(wrong, context.claims["patient_state_code"])


@edit(
    "ADR04",
    number=6,
    grain="claim",
    # The address of a policy holder who is not the client is not sent.
    default_severity="warning",
    message="The policy holder's state is not the two-letter code of a US state, territory or military region.",
    fix_location=_HOLDER,
    fix_columns=("practice.policy.subscriber_state_code",),
    loop_segment="2010BA N402",
    source=_STATES,
    is_overridable=True,
    needs="state",
    rejection_codes=("A7:501:IL",),
)
def policy_holder_state_is_unknown(context: ScrubContext) -> Hits:
    wrong = _is_unknown_state(context, context.holder_columns, "subscriber_state_code")
    return holder_hits(context, wrong, "subscriber_state_code")


@edit(
    "ADR05",
    number=6,
    grain="claim",
    message="The billing provider's state is not the two-letter code of a US state, territory or military region.",
    fix_location=_BILLING,
    fix_columns=("practice.billing_provider.state_code",),
    loop_segment="2010AA N402",
    source=_STATES,
    is_overridable=True,
    needs="state",
    rejection_codes=("A7:501:85",),
)
def billing_state_is_unknown(context: ScrubContext) -> Hits:
    wrong = _is_unknown_state(context, context.columns, "billing_state_code")
    return hits(wrong, context.claims["billing_state_code"])


@edit(
    "ADR06",
    number=6,
    grain="claim",
    message="The state of the session's location is not the code of a US state, territory or military region.",
    fix_location=_PLACE,
    fix_columns=("practice.location.state_code",),
    loop_segment="2310C N402",
    source=_STATES,
    is_overridable=True,
    needs="state",
    rejection_codes=("A7:501:77",),
)
def location_state_is_unknown(context: ScrubContext) -> Hits:
    wrong = _is_unknown_state(context, context.columns, "facility_state_code")
    return hits(wrong, context.claims["facility_state_code"])


@edit(
    "ZIP03",
    number=6,
    grain="claim",
    message="The client's ZIP code is not five or nine digits, or is one that does not exist (00000, 99999).",
    fix_location=f"{_CLIENT} › ZIP",
    fix_columns=("practice.client.postal_code",),
    loop_segment="2010BA or 2010CA N403",
    source=_ZIP_SHAPE,
    is_overridable=False,
    rejection_codes=("A7:500:QC",),
)
def client_zip_is_misshapen(context: ScrubContext) -> Hits:
    wrong = _zip_has(context.columns, "patient_postal_code", MISSHAPEN | NEVER_GIVEN)
    return hits(wrong, context.claims["patient_postal_code"])


@edit(
    "ZIP04",
    number=6,
    grain="claim",
    default_severity="warning",
    message="The policy holder's ZIP code is not five or nine digits, or is one that does not exist (00000, 99999).",
    fix_location=f"{_HOLDER} › ZIP",
    fix_columns=("practice.policy.subscriber_postal_code",),
    loop_segment="2010BA N403",
    source=_ZIP_SHAPE,
    is_overridable=True,
    rejection_codes=("A7:500:IL",),
)
def policy_holder_zip_is_misshapen(context: ScrubContext) -> Hits:
    wrong = _zip_has(context.holder_columns, "subscriber_postal_code", MISSHAPEN | NEVER_GIVEN)
    return holder_hits(context, wrong, "subscriber_postal_code")


@edit(
    "ZIP05",
    number=6,
    grain="claim",
    message="The client's ZIP code does not lie in the client's state.",
    fix_location=f"{_CLIENT} › State, ZIP",
    fix_columns=("practice.client.postal_code", "practice.client.state_code"),
    loop_segment="2010BA or 2010CA N402, N403",
    source=_STATES,
    is_overridable=True,
    needs="state",
    rejection_codes=("A7:500:QC", "A7:501:QC"),
)
def client_zip_is_of_another_state(context: ScrubContext) -> Hits:
    return hits(_is_elsewhere(context, context.columns, "patient_"), context.claims["patient_postal_code"])


@edit(
    "ZIP06",
    number=6,
    grain="claim",
    default_severity="warning",
    message="The policy holder's ZIP code does not lie in the policy holder's state.",
    fix_location=f"{_HOLDER} › State, ZIP",
    fix_columns=("practice.policy.subscriber_postal_code", "practice.policy.subscriber_state_code"),
    loop_segment="2010BA N402, N403",
    source=_STATES,
    is_overridable=True,
    needs="state",
    rejection_codes=("A7:500:IL", "A7:501:IL"),
)
def policy_holder_zip_is_of_another_state(context: ScrubContext) -> Hits:
    wrong = _is_elsewhere(context, context.holder_columns, "subscriber_")
    return holder_hits(context, wrong, "subscriber_postal_code")


@edit(
    "ZIP07",
    number=6,
    grain="claim",
    message="The billing provider's ZIP code does not lie in the billing provider's state.",
    fix_location=f"{_BILLING} › State, ZIP",
    fix_columns=("practice.billing_provider.postal_code", "practice.billing_provider.state_code"),
    loop_segment="2010AA N402, N403",
    source=_STATES,
    is_overridable=True,
    needs="state",
    rejection_codes=("A7:500:85", "A7:501:85"),
)
def billing_zip_is_of_another_state(context: ScrubContext) -> Hits:
    return hits(_is_elsewhere(context, context.columns, "billing_"), context.claims["billing_postal_code"])


@edit(
    "ZIP08",
    number=6,
    grain="claim",
    message="The ZIP code of the session's location does not lie in the location's state.",
    fix_location=f"{_PLACE} › State, ZIP",
    fix_columns=("practice.location.postal_code", "practice.location.state_code"),
    loop_segment="2310C N402, N403",
    source=_STATES,
    is_overridable=True,
    needs="state",
    rejection_codes=("A7:500:77", "A7:501:77"),
)
def location_zip_is_of_another_state(context: ScrubContext) -> Hits:
    return hits(_is_elsewhere(context, context.columns, "facility_"), context.claims["facility_postal_code"])


@edit(
    "ZIP09",
    number=73,
    grain="claim",
    message="The billing provider's ZIP code does not exist (00000, 99999, or 0000 as its last four digits).",
    fix_location=f"{_BILLING} › ZIP",
    fix_columns=("practice.billing_provider.postal_code",),
    loop_segment="2010AA N403",
    source=_ZIP_SHAPE,
    is_overridable=True,
    rejection_codes=("A7:500:85",),
)
def billing_zip_does_not_exist(context: ScrubContext) -> Hits:
    wrong = _zip_has(context.columns, "billing_postal_code", NEVER_GIVEN | NO_PLUS_FOUR)
    return hits(wrong, context.claims["billing_postal_code"])


@edit(
    "ZIP10",
    number=73,
    grain="claim",
    message="The location's ZIP code does not exist (00000, 99999, or 0000 as its last four digits).",
    fix_location=f"{_PLACE} › ZIP",
    fix_columns=("practice.location.postal_code",),
    loop_segment="2310C N403",
    source=_ZIP_SHAPE,
    is_overridable=True,
    rejection_codes=("A7:500:77",),
)
def location_zip_does_not_exist(context: ScrubContext) -> Hits:
    wrong = _zip_has(context.columns, "facility_postal_code", NEVER_GIVEN | NO_PLUS_FOUR)
    return hits(wrong, context.claims["facility_postal_code"])


@edit(
    "ZIP11",
    number=73,
    grain="claim",
    default_severity="warning",
    message="The billing ZIP code ends in 9999, which is mostly a guess; look up the four digits at usps.com.",
    fix_location=f"{_BILLING} › ZIP",
    fix_columns=("practice.billing_provider.postal_code",),
    loop_segment="2010AA N403",
    source=_ZIP_SHAPE,
    is_overridable=True,
    rejection_codes=("A7:500:85",),
)
def billing_zip_is_a_guess(context: ScrubContext) -> Hits:
    guessed = _zip_has(context.columns, "billing_postal_code", GUESSED_PLUS_FOUR)
    never_given = _zip_has(context.columns, "billing_postal_code", NEVER_GIVEN)
    return hits(guessed & ~never_given, context.claims["billing_postal_code"])
