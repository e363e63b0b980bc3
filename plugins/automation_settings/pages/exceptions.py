"""The exceptions: one queue over all automations, one page per item with what may be done, the claim readable.

Patient data are on the item's and the claim's page only; the list and every address hold ids and codes.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Path, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BeforeValidator

from automation_settings.dependencies import Change, Page, PageContext
from automation_settings.rendering import render
from include.exception_queue.actions import Target, Wish, perform
from include.exception_queue.claim_text import read_claim_text
from include.exception_queue.item import read_item
from include.exception_queue.queue import QueueFilters, QueuePage, read_queue
from include.exception_queue.ready import read_ready
from include.exception_queue.reason_words import AUTOMATIONS, REASONS
from include.settings.errors import Refused

router = APIRouter()

Automation = Literal["invoice_creation", "invoice_processing", "claims_submission"]
ItemId = Annotated[int, Path(ge=1, le=2**63 - 1)]
_HIGHEST_AGE: Final = 3_650


@router.get("/organizations/{organization_id}/exceptions")
def list_exceptions(
    request: Request,
    page: Page,
    automation: Literal["", "invoice_creation", "invoice_processing", "claims_submission"] = "",
    reason: Annotated[str, Query(max_length=40)] = "",
    age: Annotated[int, Query(ge=0, le=_HIGHEST_AGE), BeforeValidator(lambda typed: typed or 0)] = 0,
    ready: bool = False,
    number: Annotated[int, Query(ge=1, le=1_000_000, alias="page")] = 1,
) -> HTMLResponse:
    """The items that stay, oldest first, fifty a page; `ready`: only what tonight would take."""
    if reason and reason not in REASONS:
        raise HTTPException(404, "There is no such reason.")
    organization_id = page.organization.organization_id
    tonight = read_ready(page.connection, organization_id, page.now, automation or None) if ready else None
    is_busy = ready and tonight is None
    filters = QueueFilters(
        automation=automation or None,
        reason=reason or None,
        minimum_age=age,
        ready=[] if is_busy else tonight,
    )
    queue = read_queue(page.connection, organization_id, filters, number, page.now)
    asked = {"automation": automation, "reason": reason, "age": age or "", "ready": "true" if ready else ""}
    return render(
        request,
        "exceptions/tab.html",
        page,
        tab="exceptions",
        queue=queue,
        is_busy=is_busy,
        asked=asked,
        chips=_chips(asked, queue),
        previous=_query(asked, page=number - 1) if number > 1 else None,
        following=_query(asked, page=number + 1) if number < queue.page_count else None,
        automations=AUTOMATIONS,
        highest_age=_HIGHEST_AGE,
    )


@router.get("/organizations/{organization_id}/exceptions/{automation}/{item_id}")
def show_item(request: Request, page: Page, automation: Automation, item_id: ItemId) -> HTMLResponse:
    """One item: why it stays, what was found, what may be done, its history."""
    try:
        return render(request, "exceptions/item.html", page, tab="exceptions", **_item(page, automation, item_id))
    except Refused as error:
        raise HTTPException(404, _sentence(error)) from None


@router.post("/organizations/{organization_id}/exceptions/{automation}/{item_id}/{action}")
def change_item(
    request: Request,
    page: Change,
    automation: Automation,
    item_id: ItemId,
    action: Annotated[str, Path(max_length=40)],
    reason: Annotated[str, Form(max_length=1_000)] = "",
    until: Annotated[date | None, Form()] = None,
    edit_code: Annotated[str, Form(max_length=10)] = "",
    line_number: Annotated[int, Form(ge=0, le=32_767)] = 0,
) -> HTMLResponse:
    """Do something about the item; answers the item as it is then, and what was done."""
    target = Target(page.organization.organization_id, automation, item_id, page.visitor.name)
    wish = Wish(action, reason, until, edit_code, line_number)
    done = perform(page.connection, target, page.visitor.principals, wish)
    return render(request, "exceptions/done.html", page, text=done, **_item(page, automation, item_id))


@router.get("/organizations/{organization_id}/claims/{claim_id}")
def show_claim(request: Request, page: Page, claim_id: ItemId) -> HTMLResponse:
    """The claim as it was sent and as it would be sent now."""
    try:
        claim = read_claim_text(page.connection, page.organization.organization_id, claim_id)
    except Refused as error:
        raise HTTPException(404, _sentence(error)) from None
    return render(request, "exceptions/claim.html", page, tab="exceptions", claim=claim, claim_id=claim_id)


def _item(page: PageContext, automation: str, item_id: int) -> dict[str, Any]:
    found = read_item(
        page.connection,
        page.organization.organization_id,
        automation,
        item_id,
        page.now,
        page.visitor.principals,
    )
    return {"item": found, "may_edit": page.may_edit(automation), "label": AUTOMATIONS[automation][0]}


def _sentence(error: Refused) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _query(asked: dict[str, Any], **changes: Any) -> str:
    """The filters as an address, empty ones left out: ids and codes only."""
    wanted = {name: value for name, value in (asked | changes).items() if value not in ("", None)}
    return f"?{urlencode(wanted)}" if wanted else "?"


def _chips(asked: dict[str, Any], queue: QueuePage) -> list[tuple[str, int, str, bool]]:
    """(label, items, address, whether it is the one shown) of each reason that has items, and of all together."""
    shown = [(reason, words.label) for reason, words in REASONS.items() if queue.counts.get(reason)]
    if asked["reason"] and asked["reason"] not in queue.counts:
        shown.append((asked["reason"], REASONS[asked["reason"]].label))
    everything = sum(count for reason, count in queue.counts.items() if reason not in ("plan", "off"))
    return [
        ("All", everything, _query(asked, reason=""), not asked["reason"]),
        *(
            (label, queue.counts.get(reason, 0), _query(asked, reason=reason), asked["reason"] == reason)
            for reason, label in shown
        ),
    ]
