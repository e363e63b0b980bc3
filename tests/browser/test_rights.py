"""Who gets where in a real Airflow, by its own logins: over HTTP, without a window."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx
import pytest

from tests.browser.site import PAGE, PASSWORD, USERS, Site
from tests.support.tables import table_hashes

#: One organization that kim and sam may see, and one that sam may not.
_SEEN, _UNSEEN = 1, 2
_READS: Final = (
    *("", "/rules/invoice_creation", "/rules/invoice_creation/new", "/rules/invoice_creation/condition", "/preview"),
    *("/preview/invoice_creation", "/preview/claims_submission.csv", "/exceptions", "/nights", "/history"),
)
_FOR_EDITORS: Final = ("/settings/invoice_creation/enable", "/settings/invoice_creation/tonight")
#: With `_FORM` each is read as far as its ids or its version.
_CHANGES: Final = (
    *(
        f"/settings/{one}/{action}"
        for one in ("invoice_creation", "era_processing")
        for action in ("enable", "disable")
    ),
    *("/settings/claims_submission/pause", "/settings/claims_submission/resume"),
    *(f"/rules/invoice_processing/{one}" for one in ("field", "row", "values", "check", "save", "delete", "restore")),
    *(
        "/rules/claims_submission/order",
        "/exceptions/invoice_creation/1/hold",
        "/exceptions/claims_submission/1/release",
    ),
)
_STATIC: Final = ("style.css", "page.js", "icon.svg")
#: FastAPI's own, which the app must not have, and what lies beside the files that are served.
_NOT_THERE: Final = (
    *("/openapi.json", "/docs", "/redoc", "/docs/oauth2-redirect", "/static/", "/static/htmx-LICENSE.txt"),
    *("/static/..%2Fapp.py", "/static/../app.py", "/static/%2e%2e%2fapp.py", "/app.py", "/templates/base.html"),
)

Enter = Callable[..., httpx.Client]


@pytest.fixture(scope="module")
def tokens(site: Site) -> dict[str, str]:
    """User -> what Airflow gives for name and password."""
    found = {}
    for user in USERS:
        answer = httpx.post(f"{site.url}/auth/token", json={"username": user, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        found[user] = answer.json()["access_token"]
    return found


@pytest.fixture
def enter(site: Site, tokens: dict[str, str]) -> Iterator[Enter]:
    """A client for somebody: by the cookie of Airflow's login page, or by the header of its API."""
    clients: list[httpx.Client] = []

    def open_client(user: str | None, *, by: str = "cookie") -> httpx.Client:
        token = tokens.get(user, user) if user else None
        cookies = {"_token": token} if token and by == "cookie" else None
        headers = {"Authorization": f"Bearer {token}"} if token and by == "header" else None
        clients.append(httpx.Client(base_url=f"{site.url}{PAGE}", cookies=cookies, headers=headers, timeout=30))
        return clients[-1]

    yield open_client
    for client in clients:
        client.close()


def _form_token(client: httpx.Client) -> str:
    """What a page of the organization gives to its forms."""
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get(f"/organizations/{_SEEN}/nights").text)
    assert found is not None
    return found[1]


def _state(site: Site) -> dict[str, Any]:
    return table_hashes(site.billing, frozenset())


@pytest.mark.parametrize(
    "token", [None, "junk", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."], ids=["none", "junk", "unsigned"]
)
@pytest.mark.parametrize("by", ["cookie", "header"])
def test_without_a_login_of_airflow_there_is_nothing(enter: Enter, site: Site, token: str | None, by: str) -> None:
    client, before = enter(token, by=by), _state(site)
    home = f"/organizations/{_SEEN}"
    for path in (
        "/",
        "/runs?dag_id=invoice_creation&run_id=x",
        *(f"{home}{rest}" for rest in (*_READS, *_FOR_EDITORS)),
    ):
        _refused(client.get(path), path)
    for name in _STATIC:
        _refused(client.get(f"/static/{name}"), name)
    for rest in _CHANGES:
        _refused(client.post(f"{home}{rest}", data={"version": 1}), rest)
    assert _state(site) == before


def _refused(answer: httpx.Response, what: str) -> None:
    assert answer.status_code in (401, 403), what
    assert "Hawthorn" not in answer.text and "csrf-token" not in answer.text


def test_a_viewer_sees_the_granted_organization_and_changes_nothing(enter: Enter, site: Site) -> None:
    client, before = enter("sam"), _state(site)
    client.headers["X-CSRF-Token"] = _form_token(client)
    for rest in _READS:
        assert client.get(f"/organizations/{_SEEN}{rest}").status_code == (303 if rest == "/preview" else 200), rest
        assert client.get(f"/organizations/{_UNSEEN}{rest}").status_code == 404, rest
    for rest in _FOR_EDITORS:
        assert client.get(f"/organizations/{_SEEN}{rest}").status_code == 403, rest
    for rest in _CHANGES:
        assert client.post(f"/organizations/{_SEEN}{rest}", data=_FORM).status_code == 403, rest
    assert _state(site) == before


#: Enough for every form to be read.
_FORM: Final = {
    **{"version": "1", "until": "2999-12-01", "reason": "as agreed", "rule_id": "1", "moved": "1", "by": "1"},
    **{"key": "0123abcd", "field-0123abcd": "weekday", "value-0123abcd": "1", "condition": "0123abcd", "order": "1"},
}


def test_an_editor_whom_nobody_granted_anything_sees_and_changes_nothing(enter: Enter, site: Site) -> None:
    client, before = enter("ray"), _state(site)
    client.headers["X-CSRF-Token"] = _form_token(enter("kim"))
    assert "There is no organization that you may see." in client.get("/").text
    for rest in (*_READS, *_FOR_EDITORS):
        assert client.get(f"/organizations/{_SEEN}{rest}").status_code == 404, rest
    for rest in _CHANGES:
        assert client.post(f"/organizations/{_SEEN}{rest}", data=_FORM).status_code == 404, rest
    assert _state(site) == before


@pytest.mark.parametrize("by", ["cookie", "header"])
def test_an_editors_form_needs_its_own_token_however_they_are_logged_in(enter: Enter, site: Site, by: str) -> None:
    client, before = enter("kim", by=by), _state(site)
    own, of_sam = _form_token(client), _form_token(enter("sam"))
    for headers in (
        {},
        {"X-CSRF-Token": "junk"},
        {"X-CSRF-Token": of_sam},
        {"X-CSRF-Token": own, "Sec-Fetch-Site": "cross-site"},
    ):
        for rest in _CHANGES:
            assert client.post(f"/organizations/{_SEEN}{rest}", data=_FORM, headers=headers).status_code == 403, rest
    values = "/rules/invoice_processing/values"
    answer = client.post(f"/organizations/{_SEEN}{values}", data=_FORM, headers={"X-CSRF-Token": own})
    assert answer.status_code == 200 and "Monday" in answer.text
    # They may: what they ask for is read, and refused for what it says.
    answer = client.post(
        f"/organizations/{_SEEN}/exceptions/invoice_creation/999999999/hold",
        data=_FORM,
        headers={"X-CSRF-Token": own},
    )
    assert answer.status_code == 422 and "there is no appointment 999999999 here" in answer.text
    for rest in _FOR_EDITORS:
        assert client.get(f"/organizations/{_SEEN}{rest}").status_code == 200, rest
    assert _state(site) == before


def test_no_documentation_and_no_file_but_the_named_ones_is_served(enter: Enter) -> None:
    for user in (None, "admin"):
        client = enter(user)
        for path in _NOT_THERE:
            answer = client.get(path)
            # Below static/ any name needs a login; of the rest there is nothing to be seen.
            assert answer.status_code == 404 or (answer.status_code, user) == (401, None), path
            assert "organization_id" not in answer.text and "import" not in answer.text, path
    for name in _STATIC:
        assert enter("sam").get(f"/static/{name}").status_code == 200


def test_every_answer_carries_the_headers_that_keep_it_in_place(enter: Enter) -> None:
    for user, path in ((None, "/"), ("sam", "/"), ("sam", "/static/page.js"), ("sam", f"/organizations/{_UNSEEN}")):
        headers = enter(user).get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self'; frame-ancestors 'self'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == ("private, max-age=3600" if "/static/" in path else "no-store")
