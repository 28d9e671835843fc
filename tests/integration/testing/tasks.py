"""Tasks of a site that tests its jobs."""

from __future__ import annotations

import threading
import time
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db import transaction

from django_jobs import Limit, Rate, Retry, task
from django_jobs.errors import Discard, LimitReached, RetryLater
from tests.apps.library.models import Author


@task
def note(text: str, *, loud: bool = False) -> str:
    """Remember a text, in order."""
    cache.set("notes", [*cache.get("notes", []), text])
    return text.upper() if loud else text


@task(limits=Rate(1, per=60))
def note_once_a_minute(text: str) -> str:
    return text.upper()


@task(limits=Limit(5))
def meet_limit() -> str:
    """Be refused once."""
    if cache.get("notes") is None:
        cache.set("notes", ["refused"])
        raise LimitReached(30)
    return "done"


@task
def bill(amount: Decimal, day: date, lines: tuple[int, ...] = ()) -> list[Any]:
    return [amount, day, lines]


@task
def rename(author: Author, name: str) -> None:
    author.name = name
    author.save()


@task
def author_of(author: Author) -> Author:
    return author


@task
def note_twice(text: str) -> None:
    note.enqueue(f"{text} once")
    with transaction.atomic():
        note.enqueue(f"{text} twice")


@task
def note_and_roll_back(text: str) -> None:
    with transaction.atomic():
        note.enqueue(text)
        transaction.set_rollback(True)


@task
def forever() -> None:
    forever.enqueue()


@task(retry=Retry(attempts=3, wait=3600))
def fail(message: str = "broken") -> None:
    raise RuntimeError(message)


@task(retry=Retry(attempts=3, wait=3600), takes_context=True)
def succeed_at_last(context: Any) -> int:
    if context.attempt < 3:
        raise ConnectionError(f"attempt {context.attempt}")
    return int(context.attempt)


@task
def refuse() -> None:
    raise Discard("not wanted any more")


@task(discard_on=(KeyError,))
def miss() -> None:
    raise KeyError("gone")


@task
def ask_for_more_time() -> None:
    raise RetryLater(timedelta(hours=1))


@task(timeout=0.05)
def loop() -> None:
    while True:
        time.sleep(0.001)


@task(takes_context=True)
def who(context: Any, greeting: str) -> str:
    return f"{greeting} from attempt {context.attempt} of {context.task_result.task.name}"


@task
async def later(text: str) -> str:
    return f"{text}, asynchronously"


@task
def thread() -> int:
    return threading.get_ident()


@task
def unserialisable() -> object:
    return object()
