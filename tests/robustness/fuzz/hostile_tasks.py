"""Tasks that do what a test tells them, in the process of the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django_jobs import Limit, Rate, Retry, task

acts: list[Callable[[Any], Any]] = []
"""What jobs do, by their first argument: called with the job's context."""

ONCE = Retry(attempts=1)


def return_it(error: Any, result: Any) -> Any:
    """Be a backoff that returns what the error holds."""
    return error.args[0]


@task(takes_context=True, retry=ONCE)
def act(context: Any, number: int) -> Any:
    return acts[number](context)


@task(takes_context=True, retry=ONCE)
async def act_in_loop(context: Any, number: int) -> Any:
    return acts[number](context)


@task(takes_context=True, retry=Retry(attempts=2, wait=3600))
def act_twice(context: Any, number: int) -> Any:
    return acts[number](context)


@task(takes_context=True, max_attempts=3, backoff=return_it)
def act_and_back_off(context: Any, number: int) -> Any:
    return acts[number](context)


@task(
    takes_context=True,
    retry=ONCE,
    limits=[Limit(1000, by="number"), Rate(1000, per=60, by="number")],
)
def act_within_limits(context: Any, number: int) -> Any:
    return acts[number](context)


@task
def be_sound() -> str:
    return "sound"


@task
async def be_sound_in_loop() -> str:
    return "sound"
