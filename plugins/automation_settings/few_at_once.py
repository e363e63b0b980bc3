"""How many requests of the page are at work at once. Pure ASGI.

Each needs a thread and a connection. The threads are those of the whole api-server: who waits for a connection must not
hold one, or the others never get on.
"""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

#: PostgreSQL serves a hundred connections by default, and the nights come first.
AT_ONCE: Final = 8
WAIT_SECONDS: Final = 20.0


class FewAtOnce:
    """Lets requests wait without a thread; answers 503 to one that has waited too long."""

    def __init__(self, app: ASGIApp, at_once: int = AT_ONCE, wait_seconds: float = WAIT_SECONDS) -> None:
        self._app = app
        self._free = asyncio.Semaphore(at_once)
        self._wait_seconds = wait_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._free.acquire()
        except TimeoutError:
            await PlainTextResponse("Too many people are at this page right now: try again.", 503)(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self._free.release()
