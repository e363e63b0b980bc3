"""What may be sent to the page: forms, and small ones. Pure ASGI.

FastAPI reads a form before it asks who sends it, and keeps files of any size on disk: nobody needs to be logged in for
that, so it is refused before.
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Several times the largest rule: a thousand fields with ids.
LARGEST_FORM: Final = 2**20
_FORM: Final = "application/x-www-form-urlencoded"


class SmallForms:
    """Answers 415 to a body that is no form as the page sends them, 413 to one that is too large."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = bytearray()
        has_more = True
        while has_more:
            message = await receive()
            if message["type"] != "http.request":
                return  # the visitor is gone
            body += message.get("body", b"")
            has_more = message.get("more_body", False)
            if len(body) > LARGEST_FORM:
                await PlainTextResponse("This form is too large.", 413)(scope, receive, send)
                return
        kind = Headers(scope=scope).get("content-type", _FORM).partition(";")[0].strip().lower()
        if body and kind != _FORM:
            await PlainTextResponse("This is no form of this page.", 415)(scope, receive, send)
            return
        await self._app(scope, _replay(bytes(body), receive), send)


def _replay(body: bytes, receive: Receive) -> Receive:
    """The whole body as one message, then whatever comes."""
    is_read = False

    async def receive_again() -> Message:
        nonlocal is_read
        if is_read:
            return await receive()
        is_read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
