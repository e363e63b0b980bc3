"""What a person may do about an item now. Pure: the doors themselves refuse what is not possible any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from include.exception_queue.queue import QueueItem
from include.exception_queue.reason_words import CHANGED_APPOINTMENT


@dataclass(frozen=True, slots=True)
class Offer:
    """One action as a form: its button, what it does in words, and what it asks. `date_label`: "" asks for no date."""

    action: str
    label: str
    hint: str
    needs_reason: bool = True
    date_label: str = ""
    needs_date: bool = False
    is_grave: bool = False


HOLD: Final = Offer(
    "hold", "Hold", "It stays where it is until the night you name, or until the hold is lifted.", date_label="Until"
)
CHANGE_HOLD: Final = Offer(
    "hold", "Change the hold", "Another reason or date replaces the ones that stand.", date_label="Until"
)
LIFT: Final = Offer("lift_hold", "Lift the hold", "The next night looks at it again.", needs_reason=False)
RELEASE: Final = Offer("release", "Release: ready tonight", "It does not wait for its review day to be over.")
RELEASE_FROM_RULES: Final = Offer(
    "release_from_rules",
    "Release in spite of the rules",
    "The next night takes it although an exclusion rule holds it, and does not wait for its review day.",
)
CREATE_INVOICE: Final = Offer(
    "advance_now",
    "Advance now: make the invoice",
    "The invoice is made at once, whatever the rules say, and its review day begins.",
    needs_reason=False,
)
CREATE_CLAIM: Final = Offer(
    "advance_now",
    "Advance now: make the claim",
    "The primary claim is made at once, whatever the rules say, and its review day begins.",
    needs_reason=False,
)
ADVANCE_CLAIM: Final = Offer(
    "advance_now",
    "Advance tonight",
    "Tonight's run takes it, whatever the rules and the review day say; the scrubber still looks at it.",
)
MOVE_BACK: Final = Offer(
    "move_back", "Move back", "The claim goes back to its invoice, whose review day begins again.", is_grave=True
)
VOID: Final = Offer(
    "void_invoice",
    "Void the invoice",
    "The invoice is void; its appointment is put on hold until you lift it.",
    is_grave=True,
)
CONFIRM: Final = Offer(
    "confirm_invoice",
    "Confirm the invoice",
    "The invoice stands although its appointment changed after it.",
    needs_reason=False,
)
RETURN: Final = Offer(
    "return_claim",
    "Send again",
    "It returns to Awaiting Submission as a new version under a new number, and its review day begins. What you have "
    "corrected returns by itself; this is for a claim of which nothing changed.",
)
CONFIRM_FILE: Final = Offer(
    "confirm_file",
    "The clearinghouse has the file",
    "All claims of the file count as submitted. Say who confirmed it.",
)
RESEND_FILE: Final = Offer(
    "resend_file",
    "The clearinghouse does not have it",
    "The same file leaves again with the next run. Only if it does not lie in their folder either: else its claims are "
    "billed twice. Say who confirmed it.",
    is_grave=True,
)
WAIT_FOR_ANSWER: Final = Offer(
    "wait_for_answer",
    "They will know later",
    "The alarm about the file is silent until then.",
    date_label="Until",
    needs_date=True,
)
#: Reasons of a claim that a release in spite of rules ends, or keeps from coming up tonight.
_ADVANCED_BY_RELEASE: Final = frozenset({"waiting", "review_day", "excluded"})


def build_offers(item: QueueItem | None, *, is_held: bool, is_file_ours: bool) -> list[Offer]:
    """The actions on the item, the likeliest first; none for one that stays no longer.

    `is_file_ours`: the visitor may see every organization in the claim's file.
    """
    if item is None:
        return []
    if item.reason == "rejected":
        return [RETURN]
    if item.interchange_id is not None:
        # In a file: it cannot be held, moved back or sent another way until the file's fate is known.
        is_asked = item.reason == "outcome_unknown" and is_file_ours
        return [CONFIRM_FILE, RESEND_FILE, WAIT_FOR_ANSWER] if is_asked else []
    offers = [LIFT] if is_held else []
    if item.automation == "invoice_creation":
        offers += [CREATE_INVOICE]
        if item.reason == "excluded":
            offers += [RELEASE_FROM_RULES]
    elif item.automation == "invoice_processing":
        if item.detail_code in CHANGED_APPOINTMENT:
            offers += [CONFIRM]
        if item.reason == "review_day":
            offers += [RELEASE]
        offers += [CREATE_CLAIM]
        if item.reason == "excluded":
            offers += [RELEASE_FROM_RULES]
    else:
        if item.reason == "review_day":
            offers += [RELEASE]
        if item.reason in _ADVANCED_BY_RELEASE and not item.ignores_rules:
            offers += [ADVANCE_CLAIM]
    offers += [CHANGE_HOLD if is_held else HOLD]
    if item.automation == "invoice_processing":
        offers += [VOID]
    elif item.automation == "claims_submission":
        offers += [MOVE_BACK]
    return offers
