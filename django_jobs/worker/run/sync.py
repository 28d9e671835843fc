"""One attempt of an ordinary function, in the thread that calls it."""

from __future__ import annotations

from contextvars import Context
from functools import partial

from django_jobs.jobs.records import Settlement, State
from django_jobs.serialization.arguments import decode_arguments
from django_jobs.timeouts.watchdog import Watchdog

from .attempt import Attempt
from .db_connections import clear_up
from .receivers import News, tell


def run_attempt(attempt: Attempt, watchdog: Watchdog) -> Settlement:
    """Run an attempt to its end, whatever that is.

    It gets a context of its own, so that no language or other context variable of one job is left
    for the next. A caller that runs its jobs inline keeps its database connections: it may be in
    the middle of a query.
    """
    return Context().run(_run, attempt, watchdog)


def run_with_connections(attempt: Attempt, watchdog: Watchdog) -> Settlement:
    """Run an attempt in a worker's thread, and leave the next one connections that work."""
    try:
        return run_attempt(attempt, watchdog)
    except BaseException as error:  # noqa: BLE001 (receivers of signals may raise what they like)
        return attempt.fail(error)[0]
    finally:
        clear_up(attempt.claim.job.id)


def _run(attempt: Attempt, watchdog: Watchdog) -> Settlement:
    news: News | None
    try:
        settlement, news = _call(attempt, watchdog)
    except BaseException as error:  # noqa: BLE001 (also SystemExit and TaskTimeout end an attempt)
        settlement, news = attempt.fail(error)
        if settlement.state is not State.DISCARDED:
            # Told while the error is handled: receivers read it from sys.exc_info().
            tell(news)
            news = None
    tell(news)
    return settlement


def _call(attempt: Attempt, watchdog: Watchdog) -> tuple[Settlement, News | None]:
    task = attempt.find()
    args, kwargs = decode_arguments(attempt.claim.job.arguments)
    args = attempt.positional(task, args)
    call = attempt.site.declared(attempt.claim.job.task, task).call
    tell(attempt.begin())
    work = partial(call, *args, **kwargs)
    return attempt.succeed(watchdog.call(attempt.claim.job.id, attempt.policy.timeout, work))
