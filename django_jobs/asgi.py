"""Finishes jobs in memory when an ASGI server shuts down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from django_jobs.backends.embedded import drain_all as drain

__all__ = ["drain", "lifespan"]

Message: TypeAlias = Mapping[str, Any]
Scope: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


def lifespan(application: Application) -> Application:
    """Wrap an ASGI application so that the server's shutdown waits for the thread pool's jobs.

    Servers such as `uvicorn --workers 2` end their processes without running Python's exit hooks,
    but support the lifespan protocol, which Django does not. In `asgi.py`:

        application = lifespan(get_asgi_application())

    If an application around Django's has its own lifespan, it should await `drain()` at its end.

    Args:
        application: receives all other messages; Django rejects lifespan messages.

    Returns:
        The application to serve. At shutdown it takes up to `shutdown_timeout` seconds.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        else:
            await application(scope, receive, send)

    return wrapped


async def _live(receive: Receive, send: Send) -> None:
    while (message := await receive())["type"] != "lifespan.shutdown":
        await send({"type": f"{message['type']}.complete"})
    await drain()
    await send({"type": "lifespan.shutdown.complete"})
