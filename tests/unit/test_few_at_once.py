"""The settings page and the threads of the api-server: who waits holds none."""

from __future__ import annotations

import asyncio
from typing import Any

from automation_settings.few_at_once import FewAtOnce

Message = dict[str, Any]


async def _ask(app: FewAtOnce) -> int:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send)
    return int(sent[0]["status"])


def test_no_more_are_at_work_than_may_be_and_all_get_their_answer() -> None:
    at_work, most = 0, 0

    async def page(scope: Any, receive: Any, send: Any) -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0)
        at_work -= 1
        await send({"type": "http.response.start", "status": 200})

    async def everybody() -> list[int]:
        app = FewAtOnce(page, at_once=3)
        return await asyncio.gather(*(_ask(app) for _ in range(50)))

    assert asyncio.run(everybody()) == [200] * 50
    assert most == 3


def test_who_waits_too_long_is_told_so_and_an_error_gives_its_place_back() -> None:
    async def everybody() -> list[int]:
        is_released = asyncio.Event()

        async def page(scope: Any, receive: Any, send: Any) -> None:
            if not is_released.is_set():
                await is_released.wait()
                raise RuntimeError
            await send({"type": "http.response.start", "status": 200})

        app = FewAtOnce(page, at_once=1, wait_seconds=0)
        first = asyncio.create_task(_ask(app))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        second = await _ask(app)
        is_released.set()
        await asyncio.gather(first, return_exceptions=True)
        return [second, await _ask(app)]

    assert asyncio.run(everybody()) == [503, 200]
