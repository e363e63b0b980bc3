"""A headless Chromium and people who are logged in to Airflow.

`visit` opens a window for somebody; after the test the window must have seen no error of a script, no answer above
499, nothing of another origin. A test that fails leaves a picture of its windows in .local/browser; pictures of every
tab, light and dark, wide and narrow, go to the folder that BILLING_SCREENSHOTS names. BILLING_CHROMIUM: which one.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from include.development.environment import CHECKOUT
from tests.browser.looking import SIZES, Watch
from tests.browser.site import PAGE, PASSWORD, Site, running_site

_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_MISSING = (
    "There is no Chromium. Debian: apt-get install chromium; Ubuntu: snap install chromium;"
    " elsewhere: BILLING_CHROMIUM=/path/of/chromium make test-browser"
)
_FAILED = pytest.StashKey[bool]()

#: Path below the page's root, user ("" for nobody) -> a page of a new window.
Visit = Callable[..., Page]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


def chromium_path() -> str | None:
    """BILLING_CHROMIUM, else the one that is installed."""
    given = os.environ.get("BILLING_CHROMIUM")
    names = [given] if given else ["/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome"]
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium_path()
    if path is None:
        # Not a skip: a suite that nobody sees missing protects nobody.
        pytest.exit(_MISSING, returncode=1)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(browser: Browser, server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Of the session, as a real installation is: each test changes an organization of its own."""
    with running_site(server_url, template, tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="session")
def logins(browser: Browser, site: Site) -> Callable[[str], StorageState]:
    """User -> what the browser keeps once they have logged in (by Airflow's own form: test_way_in)."""
    kept: dict[str, StorageState] = {}

    def login(user: str) -> StorageState:
        if user not in kept:
            with browser.new_context() as context:
                answer = context.request.post(f"{site.url}/auth/token", data={"username": user, "password": PASSWORD})
                token = answer.json()["access_token"]
                context.add_cookies([{"name": "_token", "value": token, "url": site.url, "sameSite": "Lax"}])
                kept[user] = context.storage_state()
        return kept[user]

    return login


@pytest.fixture
def visit(
    browser: Browser, site: Site, logins: Callable[[str], StorageState], request: pytest.FixtureRequest
) -> Iterator[Visit]:
    watch = Watch(site.url)
    contexts: list[BrowserContext] = []

    def open_window(path: str, user: str = "admin", *, root: str = PAGE) -> Page:
        width, height = SIZES["1280"]
        context = browser.new_context(
            base_url=site.url,
            storage_state=logins(user) if user else None,
            viewport={"width": width, "height": height},
            color_scheme="light",
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        context.on("console", watch.note_console)
        context.on("weberror", watch.note_error)
        context.on("request", watch.note_request)
        context.on("response", watch.note_response)
        page = context.new_page()
        page.goto(f"{site.url}{root}{path}")
        return page

    yield open_window
    failed = request.node.stash.get(_FAILED, False)
    pages = [page for context in contexts for page in context.pages]
    if failed:
        folder = CHECKOUT / ".local" / "browser"
        folder.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"\W+", "-", request.node.name)
        for number, page in enumerate(pages):
            page.screenshot(path=folder / f"{name}-{number}.png")
    for context in contexts:
        context.close()
    if not failed:
        assert watch.problems == []
