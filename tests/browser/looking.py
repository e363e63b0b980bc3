"""What a person, a screen reader and a privacy officer would notice about a page as it stands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import ConsoleMessage, Frame, Page, Request, Response, WebError

from tests.browser.site import PAGE

#: Width and height of a desk and of a telephone.
SIZES: Final = {"1280": (1280, 800), "390": (390, 844)}
THEMES: Final = ("light", "dark")
#: Read here: the site's environment holds nothing of the caller's.
_PICTURES: Final = os.environ.get("BILLING_SCREENSHOTS")
_AXE: Final = """async () => {
    const found = await axe.run(document, {resultTypes: ["violations"]});
    return found.violations.map(one => [one.impact, one.id, one.help,
        one.nodes.map(node => [node.html.slice(0, 200), node.failureSummary])]);
}"""


class Watch:
    """What goes wrong in a window without anybody looking. Airflow's own console is not our business."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self.problems: list[str] = []

    def note_console(self, message: ConsoleMessage) -> None:
        """Errors and warnings of our pages, a refused style or script among them."""
        is_ours = message.location["url"].startswith(f"{self._origin}{PAGE}")
        # The browser's own lines: about an answer that the page shows as a message, about the frame that Airflow makes.
        is_known = any(one in message.text for one in ("responded with a status of 4", "for its sandbox attribute"))
        if message.type in ("error", "warning") and is_ours and not is_known:
            self.problems.append(f"console {message.type}: {message.text}")

    def note_error(self, error: WebError) -> None:
        """A script that broke off."""
        self.problems.append(f"script: {error.error}")

    def note_request(self, request: Request) -> None:
        """A word to another machine."""
        if not request.url.startswith((f"{self._origin}/", f"blob:{self._origin}/", "data:")):
            self.problems.append(f"asked another machine: {request.url}")

    def note_response(self, response: Response) -> None:
        """An answer nobody meant to give."""
        if response.status >= 500:
            self.problems.append(f"{response.status} from {response.url}")


def assert_readable(page: Page | Frame) -> None:
    """axe-core finds nothing serious in the page in its present state, dialogs and open panels included."""
    page.evaluate(AXE_SCRIPT)
    found = page.evaluate(_AXE)
    serious = [one for one in found if one[0] in ("serious", "critical")]
    assert not serious, "\n".join(
        f"{impact} {rule}: {help_text}\n"
        + "\n".join(f"    {html}\n      {summary.replace(chr(10), ' ')}" for html, summary in nodes)
        for impact, rule, help_text, nodes in serious
    )


def assert_fits(page: Page | Frame) -> None:
    """Nothing makes the page wider than the window."""
    wide, visible, widest = page.evaluate(
        """() => {
            const width = document.documentElement.clientWidth;
            const wide = [...document.querySelectorAll("body *")].filter(
                one => one.getBoundingClientRect().right > width + 1 && !one.closest(".scroll, pre, .visually-hidden"));
            const texts = wide.slice(0, 3).map(one => one.outerHTML.slice(0, 160));
            return [document.documentElement.scrollWidth, width, texts];
        }"""
    )
    assert wide <= visible, f"{wide} pixels in a window of {visible}: {widest}"


def look_at(page: Page, name: str) -> None:
    """The page in both themes and at both widths: readable, not too wide; pictures go to BILLING_SCREENSHOTS."""
    size = page.viewport_size
    assert size is not None
    for width, (w, h) in SIZES.items():
        page.set_viewport_size({"width": w, "height": h})
        for theme in THEMES:
            page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
            assert_fits(page)
            assert_readable(page)
            keep_picture(page, f"{name}-{theme}-{width}")
    page.set_viewport_size(size)


def keep_picture(page: Page, name: str) -> None:
    """A picture of the whole page in the folder of BILLING_SCREENSHOTS, if that names one."""
    if _PICTURES:
        Path(_PICTURES).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(_PICTURES) / f"{name}.png", full_page=True)
