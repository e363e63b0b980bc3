"""What every answer carries, and what happens to an error that nobody foresaw. Pure ASGI."""

from __future__ import annotations

import logging
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from include.errors import error_place
from include.nightly_run.organizations import error_code

log = logging.getLogger(__name__)

_HEADERS: Final = {
    # No inline script or style: what a practice typed can never run.
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'; "
    "object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
}


class SafeHeaders:
    """Adds the headers that keep pages in place: no foreign script, no foreign frame, no copy in a cache."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Cache-Control", "no-store")
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, send_safely)


class QuietErrors:
    """Answers 500 and logs kind and place of an error, not its text: it may quote a row."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_started = False

        async def note_start(message: Message) -> None:
            nonlocal has_started
            has_started = has_started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, note_start)
        except Exception as error:
            # Without the exception itself: the log would print its text.
            log.error("%s at %s; the text is left out because it may quote data", error_code(error), error_place(error))
            if not has_started:
                answer = PlainTextResponse("Something is wrong with this page; the log of Airflow says where.", 500)
                await answer(scope, receive, send)
