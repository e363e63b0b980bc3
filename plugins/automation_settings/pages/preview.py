"""Preview tonight: what the next night would do with each item, as a list and as CSV. Clients by number only."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from automation_settings.dependencies import Page, PageContext
from automation_settings.rendering import render
from include.exception_queue.reason_words import AUTOMATIONS, REASONS, describe_detail
from include.preview.tonight import Preview, PreviewItem, preview_tonight
from include.settings.automations import AUTOMATION_LABELS
from include.settings.rules import Rule, describe_conditions, read_rules
from nightly_schedule.buckets import AUTOMATION_LOCAL_TIMES

router = APIRouter()

Automation = Literal["invoice_creation", "invoice_processing", "claims_submission"]
#: What the chip of the items without a reason to stay is called in an address.
_ADVANCING: Final = "advances"
_ROWS_PER_PAGE: Final = 200
#: What a spreadsheet takes for the beginning of a formula.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_CSV_COLUMNS: Final = (
    "night",
    "automation",
    "number",
    "service_on",
    "client_id",
    "procedure_codes",
    "amount",
    "outcome",
    "detail_code",
    "rule_id",
    "edit_codes",
)


@dataclass(frozen=True)
class Row:
    """One item of the list. `outcome`: the label of its badge; `details`: why, in words; `fix`: where to correct it."""

    item: PreviewItem
    outcome: str
    kind: str
    details: tuple[str, ...]
    fix: str


@router.get("/organizations/{organization_id}/preview")
def choose_automation(request: Request, page: Page) -> RedirectResponse:
    """To the first automation: the tab itself names none."""
    base = request.scope.get("root_path", "")
    return RedirectResponse(
        f"{base}/organizations/{page.organization.organization_id}/preview/invoice_creation", status_code=303
    )


@router.get("/organizations/{organization_id}/preview/{automation}.csv")
def download_preview(
    page: Page, automation: Automation, assume_enabled: bool = False, includes_earlier: bool = False
) -> Response:
    """All items as CSV: ids, numbers, dates, codes and dollars; no names."""
    preview = _preview(page, automation, assume_enabled, includes_earlier)
    if preview.is_busy:
        raise HTTPException(503, "A nightly run works on this organization right now: try again in a minute.")
    name = f"preview_{automation}_{preview.night}_organization_{page.organization.organization_id}.csv"
    return Response(
        build_csv(preview),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/organizations/{organization_id}/preview/{automation}")
def show_preview(
    request: Request,
    page: Page,
    automation: Automation,
    outcome: Annotated[str, Query(max_length=40)] = "",
    number: Annotated[int, Query(ge=1, le=1_000_000, alias="page")] = 1,
    assume_enabled: bool = False,
    includes_earlier: bool = False,
) -> HTMLResponse:
    """What tonight would do; `outcome`: one reason only, or advances; the assumptions are those of enabling."""
    preview = _preview(page, automation, assume_enabled, includes_earlier)
    shown = [item for item in preview.items if outcome in ("", item.reason or _ADVANCING)]
    number = min(number, max(1, -(-len(shown) // _ROWS_PER_PAGE)))
    start = (number - 1) * _ROWS_PER_PAGE
    asked: dict[str, Any] = {
        "outcome": outcome,
        "assume_enabled": "true" if assume_enabled else "",
        "includes_earlier": "true" if includes_earlier else "",
    }
    return render(
        request,
        "preview/tab.html",
        page,
        tab="preview",
        preview=preview,
        label=AUTOMATION_LABELS[automation],
        noun=AUTOMATIONS[automation][1],
        automations={name: AUTOMATION_LABELS[name] for name in AUTOMATIONS if name in AUTOMATION_LOCAL_TIMES},
        rows=_rows(page, automation, shown[start : start + _ROWS_PER_PAGE]),
        first=start + 1,
        shown_count=len(shown),
        chips=_chips(preview, asked),
        gate=REASONS.get(preview.gate),
        is_assumed=assume_enabled,
        query=_query(asked, outcome=""),
        assuming=(_query({}, assume_enabled="true"), _query({}, assume_enabled="true", includes_earlier="true")),
        previous=_query(asked, page=number - 1) if number > 1 else None,
        following=_query(asked, page=number + 1) if start + _ROWS_PER_PAGE < len(shown) else None,
    )


def build_csv(preview: Preview) -> str:
    """The items of a preview, one line each under a line of names; no cell begins as a formula does."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_CSV_COLUMNS)
    writer.writerows(_cells(preview, item) for item in preview.items)
    return text.getvalue()


def _cells(preview: Preview, item: PreviewItem) -> list[str]:
    values = (
        preview.night,
        preview.automation,
        item.number,
        item.service_on,
        item.client_id,
        item.procedure_codes,
        item.amount,
        item.reason or _ADVANCING,
        item.detail_code,
        item.rule_id,
        " ".join(dict.fromkeys(each.edit_code for each in item.findings)),
    )
    texts = ["" if value is None else str(value) for value in values]
    return [f"'{text}" if text.startswith(_FORMULA_STARTS) else text for text in texts]


def _preview(page: PageContext, automation: str, assume_enabled: bool, includes_earlier: bool) -> Preview:
    return preview_tonight(
        page.connection,
        page.organization.organization_id,
        automation,
        page.now,
        assume_enabled=assume_enabled,
        includes_earlier=includes_earlier,
    )


def _chips(preview: Preview, asked: Mapping[str, Any]) -> list[tuple[str, int, str, bool]]:
    """Label, count, address and whether it is shown: all, what advances, then each reason."""
    counted = [("All", len(preview.items), "")]
    if preview.advancing:
        counted.append(("Advances", len(preview.advancing), _ADVANCING))
    counted += [(REASONS[reason].label, count, reason) for reason, count in preview.counts.items()]
    return [
        (label, count, _query(asked, outcome=outcome), asked["outcome"] == outcome) for label, count, outcome in counted
    ]


def _query(asked: Mapping[str, Any], **changed: Any) -> str:
    found = {name: value for name, value in (dict(asked) | changed).items() if value}
    return f"?{urlencode(found)}" if found else ""


def _rows(page: PageContext, automation: str, items: Sequence[PreviewItem]) -> list[Row]:
    rules: dict[int, str] = {}
    if any(item.rule_id for item in items):
        stored = read_rules(page.connection, page.organization.organization_id, automation)
        rules = {rule.rule_id: f"Rule {place}: {_describe(rule)}." for place, rule in enumerate(stored, start=1)}
    return [_row(item, rules) for item in items]


def _row(item: PreviewItem, rules: Mapping[int, str]) -> Row:
    findings = tuple(_describe_findings(item))
    if item.reason is None:
        return Row(item, "Advances", "good", findings, "")
    words = REASONS[item.reason]
    if item.rule_id is not None:
        # Of an assumption: the rule is rolled back with the rest.
        told = rules.get(item.rule_id, "The rule that enabling adds: When Client pays by Equals Self-pay.")
        return Row(item, words.label, words.kind, (told,), "")
    if item.reason in ("plan", "off", "paused"):
        # Said once, above the list.
        return Row(item, words.label, words.kind, (), "")
    told, fix = describe_detail(item.reason, item.detail_code)
    return Row(item, words.label, words.kind, findings or (told or words.meaning,), fix)


def _describe_findings(item: PreviewItem) -> Iterable[str]:
    for each in item.findings:
        note = " (overridden)" if each.is_overridden else " (warning)" if each.severity == "warning" else ""
        yield f"{each.edit_code}{note}: {each.message} Correct it at: {each.fix_location}."


def _describe(rule: Rule) -> str:
    """The rule in words; clients by their number, since names are not for a list."""
    return describe_conditions(
        replace(one, values=tuple(replace(value, label=f"number {value.value}") for value in one.values))
        if one.field == "client"
        else one
        for one in rule.conditions
    )
