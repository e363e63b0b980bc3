"""The rules editor. Each rule is a form of its own; no answer replaces what somebody may be typing into.

A condition has a key of its own, so that its inputs keep their names wherever it stands: `condition` (the keys in
order), `field-KEY`, and `value-KEY` (repeated) or `from-KEY` and `to-KEY` for ranges.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import psycopg
from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData

from automation_settings.dependencies import Change, Page, PageContext
from automation_settings.rendering import render
from exclusion_rules import AUTOMATIONS, Field, Kind, offered_field, offered_fields
from include.preview.tonight import AssumedRule, Preview, next_slot, preview_tonight
from include.settings.automations import AUTOMATION_LABELS
from include.settings.errors import Refused
from include.settings.rule_changes import (
    MOST_CONDITIONS,
    MOST_VALUES,
    delete_rule,
    reorder_rules,
    restore_rule,
    save_rule,
)
from include.settings.rules import Condition, Rule, describe_rule, read_rule, read_rules
from include.settings.settings import read_setting
from include.settings.values import Value, list_values

router = APIRouter()

#: How many values a search shows.
_SHOWN: Final = 50
#: Says that a check counted something, so that the time it took is worth knowing.
_COUNTED: Final = {"X-Check-Counted": "1"}
_KEY: Final = "^[0-9a-f]{8}$"
Key = Annotated[str, Form(pattern=_KEY)]
RuleId = Annotated[int, Form(ge=1, le=2**63 - 1)]
Version = Annotated[int, Form(ge=1, le=2**31 - 1)]


@dataclass(frozen=True)
class ConditionForm:
    """One condition as the page shows it. `field` None: not chosen yet."""

    key: str
    field: Field | None
    values: tuple[Value, ...] = ()

    @property
    def kind(self) -> str:
        """How its values are entered: list (searched), choices, date, date_range; empty before a field is chosen."""
        if self.field is None:
            return ""
        if self.field.kind in (Kind.ID, Kind.CODE):
            return "list"
        return self.field.kind.value if self.field.kind in (Kind.DATE, Kind.DATE_RANGE) else "choices"

    @property
    def ranges(self) -> list[tuple[str, str]]:
        """From and to of each range, empty for an open end."""
        ends = [each.value.partition("/") for each in self.values]
        return [(start.removesuffix(".."), end.removesuffix("..")) for start, _, end in ends]

    @property
    def chosen(self) -> frozenset[str]:
        """The stored texts of the values."""
        return frozenset(each.value for each in self.values)


@dataclass(frozen=True)
class RuleForm:
    """One rule as the page shows it; `rule_id` None: not saved yet. `sentence` is what is saved."""

    key: str
    rule_id: int | None
    version: int
    conditions: tuple[ConditionForm, ...]
    broken: str | None
    sentence: str


@dataclass(frozen=True)
class RulesPanel:
    """The rules of one automation and the fields a condition may name."""

    automation: str
    label: str
    rules: list[RuleForm]
    documented: list[Field]
    extra: list[Field]

    @property
    def broken_count(self) -> int:
        """How many rules match nothing."""
        return sum(form.broken is not None for form in self.rules)


def build_panel(page: PageContext, automation: str) -> RulesPanel:
    """The panel as stored; 404 for an automation without exclusion rules."""
    if automation not in AUTOMATIONS:
        raise HTTPException(404, "This automation has no exclusion rules.")
    rules = read_rules(page.connection, page.organization.organization_id, automation)
    fields = offered_fields(automation)
    return RulesPanel(
        automation,
        AUTOMATION_LABELS[automation],
        [_rule_form(rule, automation) for rule in rules],
        [field for field in fields if not field.is_extra],
        [field for field in fields if field.is_extra],
    )


async def _read_form(request: Request) -> FormData:
    # As many inputs as the largest rule has; no files.
    return await request.form(max_fields=MOST_CONDITIONS * (MOST_VALUES + 3), max_files=0)


Sent = Annotated[FormData, Depends(_read_form)]


@router.get("/organizations/{organization_id}/rules/{automation}")
def show_rules(request: Request, page: Page, automation: str) -> HTMLResponse:
    """The editor on a page of its own; only the panel for a page that opens it in its midst."""
    template = "settings/panel.html" if "HX-Request" in request.headers else "settings/rules.html"
    return render(request, template, page, tab="settings", panel=build_panel(page, automation))


@router.get("/organizations/{organization_id}/rules/{automation}/new")
def add_rule(request: Request, page: Page, automation: str) -> HTMLResponse:
    """An empty rule with one condition; nothing is stored before Save."""
    panel = build_panel(page, automation)
    form = RuleForm(_new_key(), None, 0, (ConditionForm(_new_key(), None),), None, "")
    return render(request, "settings/rule.html", page, panel=panel, form=form, focus="field")


@router.get("/organizations/{organization_id}/rules/{automation}/condition")
def add_condition(request: Request, page: Page, automation: str) -> HTMLResponse:
    """An empty condition."""
    panel = build_panel(page, automation)
    condition = ConditionForm(_new_key(), None)
    return render(request, "settings/condition.html", page, panel=panel, condition=condition, focus="field")


@router.post("/organizations/{organization_id}/rules/{automation}/field")
def choose_field(request: Request, page: Change, automation: str, key: Key, sent: Sent) -> HTMLResponse:
    """The inputs for the values of the field that was chosen."""
    condition = ConditionForm(key, _field(automation, _text(sent, f"field-{key}")))
    return render(request, "settings/values.html", page, automation=automation, condition=condition)


@router.post("/organizations/{organization_id}/rules/{automation}/row")
def add_row(request: Request, page: Change, automation: str, key: Key, sent: Sent) -> HTMLResponse:
    """One more date, or range of dates, of a condition."""
    condition = ConditionForm(key, _field(automation, _text(sent, f"field-{key}")))
    if condition.kind not in ("date", "date_range"):
        raise Refused("this field takes no dates")
    return render(request, "settings/row.html", page, condition=condition, start="", end="", focus=True)


@router.post("/organizations/{organization_id}/rules/{automation}/values")
def search_values(request: Request, page: Change, automation: str, key: Key, sent: Sent) -> HTMLResponse:
    """What the organization has whose name holds the text, to be ticked; what is picked already is ticked."""
    field = _field(automation, _text(sent, f"field-{key}"))
    if field is None:
        raise Refused("choose a field first")
    found = list_values(
        page.connection,
        page.organization.organization_id,
        automation,
        field.code,
        _text(sent, f"text-{key}"),
        _SHOWN + 1,
    )
    return render(
        request,
        "settings/found.html",
        page,
        condition=ConditionForm(key, field, tuple(Value(value, value) for value in _texts(sent, f"value-{key}"))),
        found=found[:_SHOWN],
        has_more=len(found) > _SHOWN,
    )


@router.post("/organizations/{organization_id}/rules/{automation}/check")
def check_rule(request: Request, page: Change, automation: str, sent: Sent) -> HTMLResponse:
    """How many of tonight's items the rule would hold as it stands in the form. Nothing is saved."""
    setting = read_setting(page.connection, page.organization.organization_id, automation)
    preview: Preview | None = None
    problem = None
    try:
        rule = AssumedRule(_rule_id(sent), _conditions(automation, sent))
        slot = next_slot(automation, page.organization.timezone, page.now)
        is_assumed = not setting.is_enabled or setting.is_paused_on(slot.night)
        preview = preview_tonight(
            page.connection,
            page.organization.organization_id,
            automation,
            page.now,
            assume_enabled=is_assumed,
            assume_rule=rule,
        )
    except Refused as refused:
        # Not a failure: a rule that is being written is not complete yet.
        problem = str(refused)
        is_assumed = False
    except psycopg.errors.QueryCanceled:
        problem = "counting takes too long at the moment"
        is_assumed = False
    return render(
        request,
        "settings/check.html",
        page,
        preview=preview,
        problem=problem,
        is_assumed=is_assumed,
        setting=setting,
        headers=_COUNTED if preview is not None and not preview.is_busy and preview.gate == "ready" else None,
    )


@router.post("/organizations/{organization_id}/rules/{automation}/save")
def save(request: Request, page: Change, automation: str, sent: Sent) -> HTMLResponse:
    """The rule as stored now, in place of the form."""
    rule_id = _rule_id(sent)
    saved_id = save_rule(
        page.connection,
        page.organization.organization_id,
        automation,
        rule_id,
        _number(_text(sent, "version")),
        _conditions(automation, sent),
        page.visitor.name,
    )
    return _answer_rule(request, page, automation, saved_id, "Rule saved: it counts from tonight on.", "save")


@router.post("/organizations/{organization_id}/rules/{automation}/delete")
def delete(request: Request, page: Change, automation: str, rule_id: RuleId, version: Version) -> HTMLResponse:
    """A place from which the rule can be taken back."""
    organization_id = page.organization.organization_id
    rule = read_rule(page.connection, organization_id, automation, rule_id)
    deleted = delete_rule(page.connection, organization_id, automation, rule_id, version, page.visitor.name)
    return render(
        request,
        "settings/deleted.html",
        page,
        panel=build_panel(page, automation),
        rule_id=rule_id,
        version=deleted,
        sentence=describe_rule(rule),
        text="Rule deleted.",
    )


@router.post("/organizations/{organization_id}/rules/{automation}/restore")
def restore(request: Request, page: Change, automation: str, rule_id: RuleId, version: Version) -> HTMLResponse:
    """The rule again, where it stood."""
    restore_rule(page.connection, page.organization.organization_id, automation, rule_id, version, page.visitor.name)
    return _answer_rule(request, page, automation, rule_id, "The rule stands again.", "save")


@router.post("/organizations/{organization_id}/rules/{automation}/order")
def move(
    request: Request, page: Change, automation: str, moved: RuleId, by: Annotated[int, Form(ge=-1, le=1)], sent: Sent
) -> HTMLResponse:
    """A message only: the page moves the rule itself, with whatever is typed into it."""
    seen = [number for text in _texts(sent, "order") if (number := _number(text)) is not None]
    if moved not in seen:
        raise Refused("there is no such rule here")
    place = seen.index(moved)
    wanted = [each for each in seen if each != moved]
    wanted.insert(max(place + by, 0), moved)
    if wanted == seen:
        text = "This rule is first already." if by < 0 else "This rule is last already."
        return render(request, "settings/moved.html", page, text=text)
    reorder_rules(page.connection, page.organization.organization_id, automation, seen, wanted, page.visitor.name)
    text = f"The rule is number {wanted.index(moved) + 1} of {len(wanted)} now."
    return render(request, "settings/moved.html", page, text=text, headers={"X-Rule-Moved": str(by)})


def _answer_rule(
    request: Request, page: PageContext, automation: str, rule_id: int, text: str, focus: str
) -> HTMLResponse:
    panel = build_panel(page, automation)
    form = next((each for each in panel.rules if each.rule_id == rule_id), None)
    if form is None:
        raise Refused("somebody deleted this rule meanwhile: load the page again")
    return render(request, "settings/saved.html", page, panel=panel, form=form, focus=focus, text=text)


def _rule_form(rule: Rule, automation: str) -> RuleForm:
    conditions = tuple(_condition_form(each, automation) for each in rule.conditions)
    return RuleForm(_new_key(), rule.rule_id, rule.version, conditions, rule.broken, describe_rule(rule))


def _condition_form(condition: Condition, automation: str) -> ConditionForm:
    return ConditionForm(_new_key(), offered_field(automation, condition.field), condition.values)


def _new_key() -> str:
    return secrets.token_hex(4)


def _field(automation: str, code: str) -> Field | None:
    """The field of that code; None if none is chosen. Raises `Refused` for one that is not offered."""
    if not code:
        return None
    field = offered_field(automation, code) if automation in AUTOMATIONS else None
    if field is None:
        raise Refused("this automation does not offer that field")
    return field


def _conditions(automation: str, sent: FormData) -> list[tuple[str, list[str]]]:
    """The conditions of a form as they would be stored, not checked yet except for a missing field."""
    conditions = []
    for number, key in enumerate(_texts(sent, "condition"), start=1):
        field = _field(automation, _text(sent, f"field-{key}"))
        if field is None:
            raise Refused(f"condition {number}: choose a field")
        if field.kind is Kind.DATE_RANGE:
            values = _ranges(_texts(sent, f"from-{key}"), _texts(sent, f"to-{key}"))
        else:
            values = [text for text in _texts(sent, f"value-{key}") if text]
        conditions.append((field.code, values))
    return conditions


def _ranges(starts: Sequence[str], ends: Sequence[str]) -> list[str]:
    """From and to of each row as stored; a row without both is one that was not filled in."""
    if len(starts) != len(ends):
        raise Refused("each range has a start and an end, of which one may be empty")
    return [f"{start or '..'}/{end or '..'}" for start, end in zip(starts, ends, strict=True) if start or end]


def _texts(sent: FormData, name: str) -> list[str]:
    # A file where a text is expected is left out, and no text of PostgreSQL may hold a zero byte.
    return [text.replace("\x00", "").strip() for text in sent.getlist(name) if isinstance(text, str)]


def _text(sent: FormData, name: str) -> str:
    return (_texts(sent, name) or [""])[0]


def _rule_id(sent: FormData) -> int | None:
    """The rule of a form; None for one that is not saved yet. Raises `Refused` for anything else."""
    text = _text(sent, "rule_id")
    number = _number(text)
    if text and number is None:
        raise Refused("there is no such rule here")
    return number


def _number(text: str) -> int | None:
    """A positive number that a key may be, None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 19 and int(text) else None
