"""Reasons to stay and what is missing, in a biller's words. Pure.

The codes are those of billing.decision, with three of the queue's own: waiting, outcome_unknown (a decision calls it
step_failed), rejected. docs/runbook.md says the same to data-ops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from include.claims_submission.fix_places import fix_place
from include.settings.automations import AUTOMATION_LABELS

#: Automations in the order of the work -> what they are called and what their items are.
AUTOMATIONS: Final = {
    "invoice_creation": (AUTOMATION_LABELS["invoice_creation"], "appointment"),
    "invoice_processing": (AUTOMATION_LABELS["invoice_processing"], "invoice"),
    "claims_submission": (AUTOMATION_LABELS["claims_submission"], "claim"),
}


@dataclass(frozen=True, slots=True)
class ReasonWords:
    """`label`: on a chip; `meaning`: why the item stays; `remedy`: what moves it; `kind`: of the badge's colour."""

    label: str
    meaning: str
    remedy: str
    kind: str = ""


#: In the order in which a list of reasons is shown: what needs a person first.
REASONS: Final = {
    "rejected": ReasonWords(
        "Rejected",
        "The clearinghouse or the insurer did not take it.",
        "Correct what it names, or send it again.",
        "error",
    ),
    "outcome_unknown": ReasonWords(
        "Outcome unknown",
        "Its file may or may not have reached the clearinghouse, so it is not sent again by itself.",
        "Ask the clearinghouse whether it has the file, and say so here.",
        "error",
    ),
    "scrub_error": ReasonWords(
        "Scrub errors", "The claims scrubber found errors.", "Correct the data where each finding says.", "error"
    ),
    "refused_by_validator": ReasonWords(
        "Refused by the validator",
        "The independent check of the finished file did not accept it.",
        "Correct the data; the next night checks it again.",
        "error",
    ),
    "blocked": ReasonWords("Blocked", "Something is missing.", "Correct it; the next night looks again.", "error"),
    "step_failed": ReasonWords(
        "Step failed",
        "The nightly run could not finish its step for this practice.",
        "The next night tries again; if it stays, tell data-ops.",
        "error",
    ),
    "excluded": ReasonWords(
        "Excluded", "An exclusion rule holds it.", "Change the rule, or release it in spite of the rules.", "warning"
    ),
    "on_hold": ReasonWords("On hold", "A person holds it.", "Lift the hold, or wait for its date.", "warning"),
    "review_day": ReasonWords(
        "Review day", "It stays one day in its step, so that somebody can look at it.", "The next night, or release it."
    ),
    "before_start": ReasonWords(
        "Before start",
        "It waited before the automation was enabled.",
        "Move it by hand, or enable the automation with what waited before.",
        "warning",
    ),
    "left_to_another_run": ReasonWords(
        "Left to another run", "Another run was working on this practice.", "That run, or the next night."
    ),
    "waiting": ReasonWords("Waiting", "Nothing is known that holds it: the next night looks at it.", ""),
    "paused": ReasonWords("Paused", "The automation is paused.", "It resumes by itself.", "warning"),
    "off": ReasonWords("Automation off", "The automation is not enabled.", "Enable it, or move the item by hand."),
    "plan": ReasonWords("Not in the plan", "The plan does not include the automation.", "Move the item by hand."),
}

#: Where a claim is moved by other means than appointments and invoices: by hand it only goes back.
CLAIM_REMEDIES: Final = {
    "before_start": "Enable the automation with what waited before, or move it back to its invoice.",
    "off": "Enable the automation, or move it back to its invoice.",
    "plan": "It waits until the plan includes the automation, or move it back to its invoice.",
}

#: What is missing -> (in words, where to correct it).
BLOCKED: Final = {
    "no_service": ("the appointment has no service", "Appointment › Services"),
    "no_rate": ("a service has no rate on the service date", "Practice › Services › Rates"),
    "zero_rate": ("a service has a rate of 0.00", "Practice › Services › Rates"),
    "no_units": ("a service has no units", "Appointment › Services"),
    "appointment_cancelled": (
        "the appointment is no longer kept and billable",
        "Void the invoice, or confirm that it stands",
    ),
    "appointment_moved": (
        "the appointment was moved to another day after the invoice",
        "Void the invoice, or confirm that it stands",
    ),
    "appointment_rerated": (
        "services, units or modifiers of the appointment changed after the invoice",
        "Void the invoice, or confirm that it stands",
    ),
    "no_policy": ("the client has no primary policy", "Client › Insurance"),
    "no_active_coverage": ("no primary policy is active on the service date", "Client › Insurance"),
}
#: Blocked because the appointment changed after its invoice: a person voids or confirms the invoice.
CHANGED_APPOINTMENT: Final = frozenset(code for code in BLOCKED if code.startswith("appointment_"))

_STOPPED: Final = {
    "sending_stopped": "All sending is stopped, by a person of data-ops.",
    "sending_locked": "All sending is locked after a restore of the database: data-ops have to reconcile it.",
}
_FAILED: Final = {
    "undelivered": "Its file is built and has not left yet.",
    "not_finished": "The run ended before it came to this item.",
}


def describe_detail(reason: str, detail_code: str | None) -> tuple[str, str]:
    """What the detail of a reason says, and where to correct it; "" where there is nothing to say.

    Details hold names of columns, loops and steps and codes, never a value.
    """
    if detail_code is None:
        return "", ""
    if reason == "blocked":
        words, place = BLOCKED.get(detail_code, (f"code {detail_code}", ""))
        return f"{words[0].upper()}{words[1:]}.", place
    if reason == "refused_by_validator":
        return f"{detail_code}.", fix_place(detail_code)
    if reason == "on_hold":
        return _STOPPED.get(detail_code, detail_code), ""
    if reason == "step_failed":
        return _FAILED.get(detail_code, f"{detail_code}."), ""
    return detail_code, ""
