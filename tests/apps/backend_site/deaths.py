"""Tasks that want to know when no attempt follows."""

from __future__ import annotations

import sys
from typing import Any

from django_jobs import Retry, task

told: list[tuple[str, str, str, int]] = []
"""Id, state and error of each job of whose end a task was told, and the attempts it had."""

THRICE = Retry(attempts=3, wait=0, jitter=0)


def tell(task_result: Any, error: BaseException) -> None:
    told.append((task_result.id, str(task_result.status), repr(error), task_result.attempts))


def break_down(task_result: Any, error: BaseException) -> None:
    tell(task_result, error)
    raise LookupError("the hook broke down")


def leave(task_result: Any, error: BaseException) -> None:
    tell(task_result, error)
    sys.exit(1)


@task(retry=THRICE, on_death=tell)
def fail_thrice() -> None:
    raise ValueError("no luck")


@task(retry=THRICE, on_death=tell)
async def fail_thrice_later() -> None:
    raise ValueError("no luck")


@task(retry=Retry(attempts=1), on_death=break_down)
def fail_with_broken_hook() -> None:
    raise ValueError("no luck")


@task(retry=Retry(attempts=1), on_death=leave)
def fail_with_exiting_hook() -> None:
    raise ValueError("no luck")


@task(on_death=tell, discard_on=(OSError,))
def discard() -> None:
    raise OSError("nothing left to do")


@task(on_death=tell)
def succeed() -> None:
    pass
