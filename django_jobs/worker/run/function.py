"""One attempt of an ordinary function, in the thread that calls it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from typing import Any, Protocol, TypeVar

from django_jobs.jobs import observers

from .announcements import announce
from .attempt import Attempt
from .db_connections import clean_up, lent_connections
from .outcome import Outcome

T = TypeVar("T")


class Guard(Protocol):
    """Calls the function of an attempt, and may interrupt it."""

    def call(
        self,
        job_id: str,
        seconds: float | None,
        work: Callable[..., T],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> T:
        """Return the result of `work`, which may take so many seconds, or as long as it wants."""


def run_attempt(attempt: Attempt, guard: Guard) -> Outcome:
    """Run an attempt to its end, whether it succeeds or fails.

    It gets a context of its own, so that no language or other context variable of one job is left
    for the next. It uses the database connections of a caller that runs its jobs inline, who may
    be in the middle of a transaction.
    """
    context = Context()
    with lent_connections(context):
        return context.run(_run, attempt, guard)


def run_with_connections(attempt: Attempt, guard: Guard) -> Outcome:
    """Run an attempt in a worker's thread and leave working connections to the next one."""
    try:
        return Context().run(_run, attempt, guard)
    except BaseException as error:  # noqa: BLE001 (receivers of signals may raise what they like)
        return attempt.fail(error)
    finally:
        clean_up(attempt.claim.job.id)


def _run(attempt: Attempt, guard: Guard) -> Outcome:
    if observers.observers:
        with observers.running(attempt.observed) as tell:
            outcome = _outcome(attempt, guard)
            tell(outcome.observed)
    else:
        outcome = _outcome(attempt, guard)
    if outcome.announcement:
        announce(attempt.claim.job.id, outcome.announcement)
    return outcome


def _outcome(attempt: Attempt, guard: Guard) -> Outcome:
    try:
        return attempt.finish(_call(attempt, guard))
    except BaseException as error:  # noqa: BLE001 (also SystemExit and TaskTimeout end an attempt)
        return attempt.fail(error)


def _call(attempt: Attempt, guard: Guard) -> Any:
    task = attempt.find()
    args, kwargs = attempt.load()
    args = attempt.positional(task, args)
    if announcement := attempt.begin():
        announce(attempt.claim.job.id, announcement)
    timeout = attempt.policy.timeout
    return guard.call(attempt.claim.job.id, timeout, attempt.call, args, kwargs)
