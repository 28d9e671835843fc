"""The lifespan protocol of ASGI servers, which Django does not implement."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.core.asgi import get_asgi_application

from django_jobs.asgi import lifespan
from django_jobs.errors import BrokerRefused
from tests.apps.backend_site import tasks
from tests.support.backend_fixtures import Configure
from tests.support.waiting import DEADLINE


def live(*received: str) -> list[str]:
    """Return what the wrapped application answers to lifespan messages."""
    answers: list[str] = []
    waiting = iter(received)

    async def receive() -> dict[str, Any]:
        return {"type": f"lifespan.{next(waiting)}"}

    async def send(message: Any) -> None:
        answers.append(message["type"])

    async def serve() -> None:
        await lifespan(get_asgi_application())({"type": "lifespan"}, receive, send)

    asyncio.run(serve())
    return answers


def test_start_and_end_are_answered(configure: Configure) -> None:
    configure("dummy")
    assert live("startup", "shutdown") == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


def test_the_end_waits_for_the_jobs_and_lets_other_coroutines_go_on(configure: Configure) -> None:
    configure("thread_pool", concurrency=1)
    tasks.wait_at_gate.enqueue("waited for")
    assert tasks.at_gate.acquire(timeout=DEADLINE)
    order: list[str] = []

    async def serve() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "lifespan.shutdown"}

        async def send(message: Any) -> None:
            order.append(message["type"])

        ending = asyncio.ensure_future(
            lifespan(get_asgi_application())({"type": "lifespan"}, receive, send)
        )
        await asyncio.sleep(0.05)
        order.append("the loop goes on")
        tasks.gate.set()
        await ending

    asyncio.run(serve())
    assert order == ["the loop goes on", "lifespan.shutdown.complete"]
    assert tasks.seen == ["waited for"]
    with pytest.raises(BrokerRefused):
        tasks.note.enqueue("too late")


def test_everything_else_goes_to_the_application() -> None:
    seen: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, receive, send))

    async def nothing(*_: Any) -> Any: ...

    async def serve() -> None:
        for kind in ("http", "websocket"):
            await lifespan(application)({"type": kind}, nothing, nothing)

    asyncio.run(serve())
    assert seen == [({"type": kind}, nothing, nothing) for kind in ("http", "websocket")]
