"""One request and more for every route of the page, as the page itself would send it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx
from starlette.testclient import TestClient

from tests.integration.settings_page.practices import CREATION, PROCESSING, SUBMISSION, Things, TwoPractices

_HOME: Final = "/organizations/{organization_id}"
KEY: Final = "0123abcd"

#: Every route there is. A new one is added here and to `build_asks`, and is then asked for in everybody's name.
ROUTES: Final = frozenset(
    {
        ("GET", "/"),
        ("GET", "/token"),
        ("GET", "/runs"),
        ("GET", "/static/{name}"),
        ("GET", _HOME),
        ("GET", f"{_HOME}/settings/{{automation}}/enable"),
        ("GET", f"{_HOME}/settings/{{automation}}/tonight"),
        ("POST", f"{_HOME}/settings/{{automation}}/enable"),
        ("POST", f"{_HOME}/settings/{{automation}}/disable"),
        ("POST", f"{_HOME}/settings/{{automation}}/pause"),
        ("POST", f"{_HOME}/settings/{{automation}}/resume"),
        ("GET", f"{_HOME}/rules/{{automation}}"),
        ("GET", f"{_HOME}/rules/{{automation}}/new"),
        ("GET", f"{_HOME}/rules/{{automation}}/condition"),
        ("POST", f"{_HOME}/rules/{{automation}}/field"),
        ("POST", f"{_HOME}/rules/{{automation}}/row"),
        ("POST", f"{_HOME}/rules/{{automation}}/values"),
        ("POST", f"{_HOME}/rules/{{automation}}/check"),
        ("POST", f"{_HOME}/rules/{{automation}}/save"),
        ("POST", f"{_HOME}/rules/{{automation}}/delete"),
        ("POST", f"{_HOME}/rules/{{automation}}/restore"),
        ("POST", f"{_HOME}/rules/{{automation}}/order"),
        ("GET", f"{_HOME}/preview"),
        ("GET", f"{_HOME}/preview/{{automation}}.csv"),
        ("GET", f"{_HOME}/preview/{{automation}}"),
        ("GET", f"{_HOME}/exceptions"),
        ("GET", f"{_HOME}/exceptions/{{automation}}/{{item_id}}"),
        ("POST", f"{_HOME}/exceptions/{{automation}}/{{item_id}}/{{action}}"),
        ("GET", f"{_HOME}/claims/{{claim_id}}"),
        ("GET", f"{_HOME}/nights"),
        ("GET", f"{_HOME}/history"),
    }
)

#: Shown to who may change only: each costs as much as a small night.
FOR_EDITORS: Final = frozenset({f"{_HOME}/settings/{{automation}}/enable", f"{_HOME}/settings/{{automation}}/tonight"})
#: Asked by POST because what is typed must not stand in an address; nothing is stored.
READS_BY_POST: Final = frozenset(f"{_HOME}/rules/{{automation}}/{last}" for last in ("field", "row", "values", "check"))


@dataclass(frozen=True)
class Ask:
    """A request: its route, what fills the places of the path, the query, and the fields of a form."""

    method: str
    route: str
    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    form: dict[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Path and query as they go over the line."""
        path = self.route.format(**{name: quote(str(value), safe="") for name, value in self.path.items()})
        return f"{path}?{urlencode(self.query, doseq=True)}" if self.query else path

    @property
    def is_change(self) -> bool:
        """Whether something is stored."""
        return self.method == "POST" and self.route not in READS_BY_POST

    def send(self, client: TestClient, **headers: str) -> httpx.Response:
        """Send it as htmx would."""
        if self.method == "GET":
            return client.get(self.address, headers=headers)
        return client.post(self.address, data=self.form, headers={"HX-Request": "true", **headers})


def build_asks(site: TwoPractices, things: Things, organization_id: int = 1) -> list[Ask]:
    """At least one for every route, each of which an editor of the organization may send if the things are its own.

    Sent in this order all of them succeed: later ones do not need what earlier ones used up.
    """
    return [*_reads(things, organization_id), *_changes(site, things, organization_id)]


def _reads(things: Things, organization_id: int) -> list[Ask]:
    home = {"organization_id": organization_id}
    return [
        Ask("GET", "/"),
        Ask("GET", "/token"),
        Ask("GET", "/", query={"text": "Practice"}),
        Ask("GET", "/runs", query={"dag_id": SUBMISSION, "run_id": "test"}),
        Ask("GET", "/static/{name}", {"name": "style.css"}),
        *(Ask("GET", f"{_HOME}{rest}", home) for rest in ("", "/preview", "/exceptions", "/nights", "/history")),
        Ask("GET", f"{_HOME}/exceptions", home, {"automation": SUBMISSION, "ready": "true", "age": 1}),
        Ask("GET", f"{_HOME}/history", home, {"about": "items", "before": 10_000}),
        *(Ask("GET", f"{_HOME}/rules/{{automation}}{rest}", home | {"automation": CREATION}) for rest in ("", "/new")),
        Ask("GET", f"{_HOME}/rules/{{automation}}/condition", home | {"automation": PROCESSING}),
        Ask("GET", f"{_HOME}/settings/{{automation}}/enable", home | {"automation": PROCESSING}),
        Ask("GET", f"{_HOME}/settings/{{automation}}/tonight", home | {"automation": CREATION}),
        Ask("GET", f"{_HOME}/preview/{{automation}}", home | {"automation": CREATION}, {"outcome": "advances"}),
        Ask("GET", f"{_HOME}/preview/{{automation}}.csv", home | {"automation": SUBMISSION}),
        *(
            Ask("GET", f"{_HOME}/exceptions/{{automation}}/{{item_id}}", home | {"automation": one, "item_id": item})
            for one, item in ((CREATION, things.held), (PROCESSING, things.invoice), (SUBMISSION, things.faulty))
        ),
        *(Ask("GET", f"{_HOME}/claims/{{claim_id}}", home | {"claim_id": one}) for one in (things.claim, things.asked)),
    ]


def _changes(site: TwoPractices, things: Things, organization_id: int) -> list[Ask]:
    def setting(automation: str, action: str, **form: object) -> Ask:
        path = {"organization_id": organization_id, "automation": automation}
        version = {"version": site.version(automation)}
        return Ask("POST", f"{_HOME}/settings/{{automation}}/{action}", path, form=version | form)

    def rule(action: str, automation: str = CREATION, **form: object) -> Ask:
        path = {"organization_id": organization_id, "automation": automation}
        sent = {name.replace("_KEY", f"-{KEY}"): value for name, value in form.items()}
        return Ask("POST", f"{_HOME}/rules/{{automation}}/{action}", path, form=sent)

    def item(automation: str, item_id: int, action: str, **form: object) -> Ask:
        path = {"organization_id": organization_id, "automation": automation, "item_id": item_id, "action": action}
        said = {"reason": "as agreed", "until": "2999-12-01"} | form
        return Ask("POST", f"{_HOME}/exceptions/{{automation}}/{{item_id}}/{{action}}", path, form=said)

    by_insurer = {"condition": KEY, "field_KEY": "primary_insurer", "value_KEY": things.insurer}
    first, second = things.ordered
    return [
        setting(SUBMISSION, "resume"),
        setting(PROCESSING, "enable", includes_earlier="true"),
        setting(CREATION, "pause", until="2999-12-01"),
        Ask(
            "POST",
            f"{_HOME}/settings/{{automation}}/disable",
            {"organization_id": organization_id, "automation": CREATION},
            # The pause before it made one more.
            form={"version": site.version(CREATION) + 1},
        ),
        rule("field", key=KEY, field_KEY="primary_insurer"),
        rule("row", SUBMISSION, key=KEY, field_KEY="service_date"),
        rule("values", key=KEY, field_KEY="client", text_KEY="a", value_KEY=things.client),
        rule("check", **by_insurer),
        rule("check", rule_id=things.rule, **by_insurer),
        rule("save", PROCESSING, **by_insurer),
        rule("save", rule_id=things.rule, version=site.rule_version(things.rule), **by_insurer),
        rule("order", order=[things.rule, first, second], moved=second, by=-1),
        rule("delete", rule_id=first, version=site.rule_version(first)),
        rule("restore", rule_id=things.deleted_rule, version=site.rule_version(things.deleted_rule)),
        item(CREATION, things.appointment, "hold"),
        item(CREATION, things.held, "lift_hold"),
        item(CREATION, things.kept, "release_from_rules"),
        item(CREATION, things.kept, "advance_now"),
        item(PROCESSING, things.invoice, "release"),
        item(PROCESSING, things.invoice, "confirm_invoice"),
        item(PROCESSING, things.other_invoice, "advance_now"),
        item(PROCESSING, things.spare_invoice, "void_invoice"),
        item(SUBMISSION, things.claim, "move_back"),
        item(SUBMISSION, things.faulty, "override_finding", edit_code="COV01", line_number=1),
        item(SUBMISSION, things.overridden, "withdraw_override", edit_code="COV01", line_number=1),
        item(SUBMISSION, things.faulty, "advance_now"),
        item(SUBMISSION, things.rejected, "return_claim"),
        item(SUBMISSION, things.asked, "wait_for_answer"),
        item(SUBMISSION, things.asked, "confirm_file"),
        item(SUBMISSION, things.lost, "resend_file"),
    ]
