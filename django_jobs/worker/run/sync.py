"""One attempt of an ordinary function, in the thread that calls it."""

from __future__ import annotations

from contextvars import Context
from functools import partial
from typing import Any

from django_jobs.serialization.arguments import decode_arguments
from django_jobs.timeouts.watchdog import Watchdog

from .attempt import Attempt, Outcome
from .db_connections import clear_up
from .receivers import announce


def run_attempt(attempt: Attempt, watchdog: Watchdog) -> Outcome:
    """Run an attempt to its end, whatever that is.

    It gets a context of its own, so that no language or other context variable of one job is left
    for the next. A caller that runs its jobs inline keeps its database connections: it may be in
    the middle of a query.
    """
    return Context().run(_run, attempt, watchdog)


def run_with_connections(attempt: Attempt, watchdog: Watchdog) -> Outcome:
    """Run an attempt in a worker's thread, and leave the next one connections that work."""
    try:
        return run_attempt(attempt, watchdog)
    except BaseException as error:  # noqa: BLE001 (receivers of signals may raise what they like)
        return attempt.fail(error)
    finally:
        clear_up(attempt.claim.job.id)


def _run(attempt: Attempt, watchdog: Watchdog) -> Outcome:
    try:
        outcome = attempt.finish(_call(attempt, watchdog))
    except BaseException as error:  # noqa: BLE001 (also SystemExit and TaskTimeout end an attempt)
        outcome = attempt.fail(error)
    if outcome.news:
        announce(outcome.news)
    return outcome


def _call(attempt: Attempt, watchdog: Watchdog) -> Any:
    task = attempt.find()
    args, kwargs = decode_arguments(attempt.claim.job.arguments)
    args = attempt.positional(task, args)
    if news := attempt.begin():
        announce(news)
    timeout = attempt.policy.timeout
    if timeout is None:
        return attempt.call(*args, **kwargs)
    return watchdog.call(attempt.claim.job.id, timeout, partial(attempt.call, *args, **kwargs))
