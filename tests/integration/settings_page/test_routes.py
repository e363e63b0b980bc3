"""Every route in everybody's name: who may not, is refused, learns nothing and changes nothing.

The last test sends the same requests as somebody who may: a refusal before it was one of a request that would work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import httpx
import pytest
from fastapi.routing import APIRoute
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from psycopg import sql

from automation_settings.app import build_app
from automation_settings.visitors import Host, Visitor
from tests.integration.settings_page.asks import FOR_EDITORS, KEY, ROUTES, Ask, build_asks
from tests.integration.settings_page.practices import CREATION, PATIENT_MARKS, PROCESSING, SUBMISSION, TwoPractices
from tests.support.settings_page import EDITOR, OUTSIDER, VIEWER, open_page
from tests.support.tables import table_hashes

#: May change everything, and sees the other practice only.
STRANGER: Final = replace(EDITOR, name="lou", principals=(("user", "lou"), ("role", "user")))
#: Sees the practice, and may change one of its automations.
HALF_EDITOR: Final = replace(
    EDITOR, name="pat", principals=(("user", "pat"), ("role", "user")), editable=frozenset({CREATION})
)
#: May change everything, and nobody said which practices they may see.
UNGRANTED: Final = replace(EDITOR, name="ray", principals=(("user", "ray"), ("role", "user")))
_SALT: Final = "automation_settings.csrf"
_SECRET: Final = "secret of the tests"
_MORE_THAN_TWELVE_HOURS: Final = 12 * 60 * 60 + 60


class _Yesterday(TimestampSigner):
    def get_timestamp(self) -> int:
        return super().get_timestamp() - _MORE_THAN_TWELVE_HOURS


class _ThisMorning(TimestampSigner):
    def get_timestamp(self) -> int:
        return super().get_timestamp() - _MORE_THAN_TWELVE_HOURS + 120


def _token(name: str = EDITOR.name, *, secret: str = _SECRET, salt: str = _SALT, signer: type = TimestampSigner) -> str:
    return str(URLSafeTimedSerializer(secret, salt=salt, signer=signer).dumps(name))


#: What is wrong with a form of somebody who might send a right one -> the headers it comes with.
FORGED: Final = {
    "no token": {"X-CSRF-Token": ""},
    "nonsense": {"X-CSRF-Token": "kim"},
    "cut": {"X-CSRF-Token": _token()[:-1]},
    "of another visitor": {"X-CSRF-Token": _token(VIEWER.name)},
    "old": {"X-CSRF-Token": _token(signer=_Yesterday)},
    "of another secret": {"X-CSRF-Token": _token(secret="another")},
    "signed for another purpose": {"X-CSRF-Token": _token(salt="cookie")},
    "from another site": {"Sec-Fetch-Site": "cross-site"},
    "from a neighbour": {"Sec-Fetch-Site": "same-site"},
    "from no page": {"Sec-Fetch-Site": "none"},
}


@pytest.fixture
def unchanged(site: TwoPractices) -> Iterator[Callable[[Ask], None]]:
    """Fails unless every table is as it was when the test began."""
    before = table_hashes(site.owner, frozenset())
    assert len(before) > 50 and before["billing.claim"][0] >= 10

    def check(ask: Ask) -> None:
        after = table_hashes(site.owner, frozenset())
        assert {name for name in before if before[name] != after[name]} == set(), (ask.route, ask.path)

    yield check


@pytest.fixture(scope="module")
def asks(site: TwoPractices) -> list[Ask]:
    return build_asks(site, site.mine)


def _learns_nothing(answer: httpx.Response, organization_id: int = 1) -> None:
    """Not a name of the practice, its clients or its rules, and no token that would open a door."""
    for mark in (*PATIENT_MARKS[organization_id], f"Practice {organization_id}", "csrf-token", "as agreed"):
        assert mark not in answer.text


def test_every_route_is_asked_for(asks: list[Ask]) -> None:
    app = build_app(Host(lambda: None, None, "secret"))  # type: ignore[arg-type]
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    assert len(routes) == len(app.routes) > 0, "nothing is mounted beside the routes"
    assert {(method, route.path) for route in routes for method in route.methods} == ROUTES
    assert {(ask.method, ask.route) for ask in asks} == ROUTES


def test_who_is_not_logged_in_gets_nothing(
    site: TwoPractices, asks: list[Ask], unchanged: Callable[[Ask], None]
) -> None:
    client = open_page(site.url, None)
    for ask in asks:
        answer = ask.send(client, **{"X-CSRF-Token": _token()})
        assert answer.status_code == 401, ask
        assert "X-CSRF-Token" not in answer.headers
        _learns_nothing(answer)
        if ask.method == "POST":
            unchanged(ask)


def test_who_may_not_read_the_dags_gets_nothing(
    site: TwoPractices, asks: list[Ask], unchanged: Callable[[Ask], None]
) -> None:
    client = open_page(site.url, OUTSIDER)
    for ask in asks:
        answer = ask.send(client)
        assert answer.status_code == 403, ask
        assert "X-CSRF-Token" not in answer.headers
        _learns_nothing(answer)
        if ask.method == "POST":
            unchanged(ask)


@pytest.mark.parametrize("visitor", [STRANGER, UNGRANTED], ids=lambda one: one.name)
def test_a_practice_that_nobody_granted_is_not_there(
    site: TwoPractices, asks: list[Ask], unchanged: Callable[[Ask], None], visitor: Visitor
) -> None:
    client = open_page(site.url, visitor)
    for ask in asks:
        answer = ask.send(client)
        assert answer.status_code == (404 if "organization_id" in ask.path else 200), ask
        if ask.route != "/static/{name}":
            _learns_nothing(answer)
        if ask.method == "POST":
            unchanged(ask)
        elif "organization_id" in ask.path:
            # It looks like one that does not exist.
            nowhere = replace(ask, path=ask.path | {"organization_id": 987_654_321}).send(client)
            assert (nowhere.status_code, nowhere.text) == (404, answer.text)


def test_who_may_only_look_sees_every_page_and_changes_nothing(
    site: TwoPractices, asks: list[Ask], unchanged: Callable[[Ask], None]
) -> None:
    client = open_page(site.url, VIEWER)
    for ask in asks:
        answer = ask.send(client)
        if ask.method == "POST":
            assert answer.status_code == 403, ask
            _learns_nothing(answer)
            unchanged(ask)
        elif ask.route in FOR_EDITORS:
            assert answer.status_code == 403, ask
        else:
            assert answer.status_code in (200, 303), ask


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
def test_a_form_that_is_not_the_pages_own_changes_nothing(
    site: TwoPractices, asks: list[Ask], unchanged: Callable[[Ask], None], headers: dict[str, str]
) -> None:
    client = open_page(site.url, EDITOR)
    posts = [ask for ask in asks if ask.method == "POST"]
    for ask in posts:
        answer = ask.send(client, **headers)
        assert answer.status_code == 403, ask
        assert "load the page again" in answer.text
    unchanged(posts[-1])


def test_the_token_counts_in_the_header_only(
    site: TwoPractices, asks: list[Ask], unchanged: Callable[[Ask], None]
) -> None:
    """Another site can send fields and an address, but no header of ours."""
    client = open_page(site.url, EDITOR, csrf=False)
    for ask in asks:
        if ask.method == "POST":
            named = dict.fromkeys(("X-CSRF-Token", "csrf_token", "csrf-token"), _token())
            assert replace(ask, form=ask.form | named, query=named).send(client).status_code == 403
            unchanged(ask)


def test_nothing_changes_by_an_address_alone(
    site: TwoPractices, asks: list[Ask], unchanged: Callable[[Ask], None]
) -> None:
    client = open_page(site.url, EDITOR)
    for ask in asks:
        if ask.method == "POST":
            answer = client.get(replace(ask, query=ask.form).address)
            # Some of the addresses show something when they are opened.
            assert answer.status_code == (200 if ("GET", ask.route) in ROUTES else 405), ask
        for method in ("PUT", "PATCH", "DELETE"):
            assert client.request(method, ask.address).status_code == 405, ask
    unchanged(asks[-1])


def test_what_another_practice_owns_is_not_there_under_ones_own_address(
    site: TwoPractices, unchanged: Callable[[Ask], None]
) -> None:
    """Every id of the path and of the forms, one after the other, and all together."""
    client = open_page(site.url, EDITOR)
    own, foreign = build_asks(site, site.mine), build_asks(site, site.theirs)
    tried = []
    for mine, theirs in zip(own, foreign, strict=True):
        if mine == theirs:
            continue
        for ask in _swap_ids(mine, theirs):
            tried.append(ask.route)
            answer = ask.send(client)
            _learns_nothing(answer, 2)
            if ask.route.endswith("/check"):
                assert answer.status_code == 200, ask
                assert "does not exist" in answer.text or "there is no rule" in answer.text, ask
            elif not ask.route.endswith("/values"):  # which searches among the practice's own
                assert answer.status_code in (404, 409, 422), ask
            unchanged(ask)
    assert set(tried) == {ask.route for ask in own if "organization_id" in ask.path and _names_a_thing(ask)}


def _names_a_thing(ask: Ask) -> bool:
    """Whether path or form hold the id of something a practice owns."""
    return bool({"item_id", "claim_id"} & {*ask.path} or {"rule_id", "moved", f"value-{KEY}"} & {*ask.form})


def _swap_ids(mine: Ask, theirs: Ask) -> Iterator[Ask]:
    """The request of mine with each id of theirs, then with all of them."""
    path = [name for name in mine.path if mine.path[name] != theirs.path[name]]
    form = [name for name in mine.form if mine.form[name] != theirs.form[name]]
    for name in path:
        yield replace(mine, path=mine.path | {name: theirs.path[name]})
    for name in form:
        yield replace(mine, form=mine.form | {name: theirs.form[name]})
    if len(path) + len(form) > 1:
        yield theirs


def test_who_may_change_one_automation_changes_no_other(
    site: TwoPractices, asks: list[Ask], unchanged: Callable[[Ask], None]
) -> None:
    client = open_page(site.url, HALF_EDITOR)
    other = [ask for ask in asks if ask.path.get("automation", CREATION) != CREATION and ask.method == "POST"]
    assert {ask.path["automation"] for ask in other} == {PROCESSING, SUBMISSION}
    for ask in other:
        assert ask.send(client).status_code == 403, ask
        unchanged(ask)
        if "item_id" in ask.path:
            # The same item under the automation that they may change.
            answer = replace(ask, path=ask.path | {"automation": CREATION}).send(client)
            assert answer.status_code == 422 and "there is no" in answer.text, ask
            unchanged(ask)
    # A rule of another automation.
    of_claims = site.mine.claims_rule
    for ask in asks:
        if "rule_id" in ask.form:
            moved = replace(ask, form=ask.form | {"rule_id": of_claims, "version": site.rule_version(of_claims)})
            assert "there is no rule" in moved.send(client).text, ask
            unchanged(ask)


def test_a_file_is_spoken_of_by_those_who_see_all_of_it(site: TwoPractices, unchanged: Callable[[Ask], None]) -> None:
    client = open_page(site.url, EDITOR)
    for ask in build_asks(site, replace(site.mine, asked=site.mine.shared, lost=site.mine.shared)):
        if ask.path.get("action") in ("wait_for_answer", "confirm_file", "resend_file"):
            answer = ask.send(client)
            assert answer.status_code == 422 and "organizations that you may not see" in answer.text
            _learns_nothing(answer, 2)
            unchanged(ask)


def test_whoever_may_do_all_of_it(site: TwoPractices) -> None:
    """The last test of the module: it uses up what the others are refused."""
    client = open_page(site.url, EDITOR)
    client.headers["X-CSRF-Token"] = _token(signer=_ThisMorning)
    before = table_hashes(site.owner, frozenset())
    theirs = _rows_of(site, 2)
    for ask in build_asks(site, site.mine):
        answer = ask.send(client, **{"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == (303 if ask.route.endswith("/preview") else 200), (ask, answer.text)
        after = table_hashes(site.owner, frozenset())
        assert (before != after) == ask.is_change, ask
        before = after
    assert _rows_of(site, 2) == theirs
    row = site.owner.execute(
        "SELECT count(*), count(*) FILTER (WHERE changed_by = 'kim') FROM billing.history"
        " WHERE history_id > (SELECT max(history_id) FROM billing.history WHERE changed_by <> 'kim')"
    ).fetchone()
    assert row is not None and row[0] == row[1] >= sum(ask.is_change for ask in build_asks(site, site.mine))


def _rows_of(site: TwoPractices, organization_id: int) -> list[str]:
    """Every row in the database that names the practice."""
    tables = site.owner.execute(
        "SELECT table_schema, table_name FROM information_schema.columns JOIN information_schema.tables"
        " USING (table_schema, table_name) WHERE table_type = 'BASE TABLE' AND column_name = 'organization_id'"
        " AND table_schema IN ('practice', 'billing') ORDER BY 1, 2"
    ).fetchall()
    assert len(tables) > 25
    statement = sql.SQL("SELECT t::text FROM {} t WHERE organization_id = %s ORDER BY 1")
    return [
        f"{table[1]}: {text}"
        for table in tables
        for (text,) in site.owner.execute(statement.format(sql.Identifier(*table)), (organization_id,))
    ]
