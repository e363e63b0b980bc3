"""The first tab: the four automations of an organization, switched on and off, paused and resumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import psycopg
from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse

from automation_settings.dependencies import Change, Page, PageContext
from automation_settings.pages.rules import RuleForm, RulesPanel, build_panel
from automation_settings.rendering import render
from automation_settings.visitors import DAG_OF_AUTOMATION
from include.exception_queue.reason_words import AUTOMATIONS, REASONS
from include.preview.tonight import Preview, next_slot, preview_tonight
from include.settings.settings import (
    Setting,
    disable,
    enable,
    gets_default_rule,
    pause,
    read_setting,
    read_settings,
    resume,
)
from nightly_schedule.buckets import AUTOMATION_LOCAL_TIMES
from nightly_schedule.slots import LAST_NIGHT, Slot

router = APIRouter()

Version = Annotated[int, Form(ge=0, le=2**31 - 1)]

#: What enabling means, in words.
EXPLANATIONS: Final = {
    "invoice_creation": "Each kept, billable appointment becomes an invoice. The invoice then stays for a day, so that "
    "you can look at it before it goes on.",
    "invoice_processing": "Each open invoice that has had its day for review becomes a claim awaiting submission. The "
    "claim then stays for a day, with what the claims scrubber says about it.",
    "claims_submission": "Each claim that has had its day for review is checked by the claims scrubber. A claim "
    "without errors is sent to the clearinghouse; one with errors stays and is listed under Exceptions with where to "
    "fix it.",
}
#: What happens tonight to one item, and to several.
_MOVES: Final = {
    "invoice_creation": ("becomes an invoice", "become invoices"),
    "invoice_processing": ("becomes a claim", "become claims"),
    "claims_submission": ("is sent", "are sent"),
}


@dataclass(frozen=True)
class Card:
    """One automation on the tab. `due_at`: the next night that works, UTC; None where nothing is scheduled."""

    setting: Setting
    due_at: datetime | None
    is_paused: bool
    tomorrow: date
    panel: RulesPanel | None


@dataclass(frozen=True)
class Tonight:
    """What a preview found. `preview` None: it could not be made in time; `moves`: is sent, are sent."""

    preview: Preview | None
    noun: str
    moves: tuple[str, str]


@router.get("/organizations/{organization_id}")
def show_settings(request: Request, page: Page) -> HTMLResponse:
    """The four automations with their rules."""
    cards = [
        _card(page, setting, build_panel(page, setting.automation) if setting.is_available else None)
        for setting in read_settings(page.connection, page.organization.organization_id)
    ]
    return render(request, "settings/tab.html", page, tab="settings", cards=cards)


@router.get("/organizations/{organization_id}/settings/{automation}/enable")
def ask_to_enable(request: Request, page: Page, automation: str) -> HTMLResponse:
    """The window that says what enabling would do from tonight on."""
    setting = _read_editable(page, automation)
    panel = build_panel(page, automation)
    return render(
        request,
        "settings/enable.html",
        page,
        setting=setting,
        tonight=_preview(page, automation, includes_earlier=False),
        due_at=next_slot(automation, page.organization.timezone, page.now).due_at,
        explanation=EXPLANATIONS[automation],
        rule_count=len(panel.rules),
        gets_default_rule=gets_default_rule(page.connection, page.organization.organization_id, automation),
        reasons=REASONS,
    )


@router.get("/organizations/{organization_id}/settings/{automation}/tonight")
def count_tonight(request: Request, page: Page, automation: str, includes_earlier: bool = False) -> HTMLResponse:
    """The numbers in that window, also with what waits from before today."""
    return render(
        request,
        "settings/tonight.html",
        page,
        setting=_read_editable(page, automation),
        tonight=_preview(page, automation, includes_earlier=includes_earlier),
        reasons=REASONS,
    )


@router.post("/organizations/{organization_id}/settings/{automation}/enable")
def enable_automation(
    request: Request, page: Change, automation: str, version: Version, includes_earlier: Annotated[bool, Form()] = False
) -> HTMLResponse:
    """On; the default rule, where enabling wrote one, is added to the open rules panel."""
    _refuse_unknown(automation)
    before = {form.rule_id for form in build_panel(page, automation).rules}
    setting = enable(
        page.connection, page.organization.organization_id, automation, version, includes_earlier, page.visitor.name
    )
    panel = build_panel(page, automation)
    new = [form for form in panel.rules if form.rule_id not in before]
    text = f"{setting.label} is enabled: it runs from tonight on, unless an exclusion rule holds an item."
    return _answer(request, page, setting, text, panel=panel, new_rules=new, has_opened=True)


@router.post("/organizations/{organization_id}/settings/{automation}/disable")
def disable_automation(request: Request, page: Change, automation: str, version: Version) -> HTMLResponse:
    """Off; rules stay."""
    _refuse_unknown(automation)
    setting = disable(page.connection, page.organization.organization_id, automation, version, page.visitor.name)
    return _answer(
        request, page, setting, f"{setting.label} is disabled: nothing moves by itself any more. Its rules are kept."
    )


@router.post("/organizations/{organization_id}/settings/{automation}/pause")
def pause_automation(
    request: Request, page: Change, automation: str, version: Version, until: Annotated[date, Form()]
) -> HTMLResponse:
    """Paused until a date; resumes by itself."""
    _refuse_unknown(automation)
    setting = pause(page.connection, page.organization.organization_id, automation, version, until, page.visitor.name)
    return _answer(
        request,
        page,
        setting,
        f"{setting.label} is paused and goes on by itself on the night of {until:%b} {until.day}, {until.year}.",
    )


@router.post("/organizations/{organization_id}/settings/{automation}/resume")
def resume_automation(request: Request, page: Change, automation: str, version: Version) -> HTMLResponse:
    """The pause ends."""
    _refuse_unknown(automation)
    setting = resume(page.connection, page.organization.organization_id, automation, version, page.visitor.name)
    return _answer(request, page, setting, f"{setting.label} is no longer paused: it runs tonight.")


def _read_editable(page: PageContext, automation: str) -> Setting:
    """The setting, for somebody who may change it: a preview costs as much as a small night."""
    _refuse_unknown(automation)
    if not page.may_edit(automation):
        raise HTTPException(403, "You may look but not change: ask for edit access to the automation's DAG.")
    return read_setting(page.connection, page.organization.organization_id, automation)


def _refuse_unknown(automation: str) -> None:
    """404 for an automation there is not; 422 for one without a nightly run."""
    if automation not in DAG_OF_AUTOMATION:
        raise HTTPException(404, "There is no such automation.")
    if automation not in AUTOMATION_LOCAL_TIMES:
        raise HTTPException(422, "This automation is not available yet.")


def _card(page: PageContext, setting: Setting, panel: RulesPanel | None) -> Card:
    if setting.automation not in AUTOMATION_LOCAL_TIMES:
        return Card(setting, None, False, page.now.date(), panel)
    slot = next_slot(setting.automation, page.organization.timezone, page.now)
    is_paused = setting.is_paused_on(slot.night)
    if is_paused and setting.paused_until is not None:
        # A file may have brought any date.
        slot = Slot(slot.automation, slot.bucket, min(setting.paused_until, LAST_NIGHT))
    today = page.now.astimezone(ZoneInfo(page.organization.timezone)).date()
    return Card(setting, slot.due_at, is_paused, today + timedelta(days=1), panel)


def _preview(page: PageContext, automation: str, *, includes_earlier: bool) -> Tonight:
    noun, moves = AUTOMATIONS[automation][1], _MOVES[automation]
    try:
        preview = preview_tonight(
            page.connection,
            page.organization.organization_id,
            automation,
            page.now,
            assume_enabled=True,
            includes_earlier=includes_earlier,
        )
    except psycopg.errors.QueryCanceled:
        # Numbers are a service; a practice too large to count in time may enable all the same.
        return Tonight(None, noun, moves)
    return Tonight(None if preview.is_busy else preview, noun, moves)


def _answer(
    request: Request,
    page: PageContext,
    setting: Setting,
    text: str,
    *,
    panel: RulesPanel | None = None,
    new_rules: Sequence[RuleForm] = (),
    has_opened: bool = False,
) -> HTMLResponse:
    """The part of the card above the rules, and a message: what is typed in the rules stays as it is."""
    return render(
        request,
        "settings/switched.html",
        page,
        card=_card(page, setting, panel),
        panel=panel,
        new_rules=new_rules,
        has_opened=has_opened,
        text=text,
    )
