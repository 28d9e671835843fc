"""What an error means for its job: retrying, dead or discarded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django_jobs.clock import now_ms, to_ms
from django_jobs.errors import (
    BrokenPayload,
    Discard,
    Fail,
    JobCancelled,
    JobExpired,
    LimitReached,
    RetryLater,
    UnusableResult,
)
from django_jobs.jobs.records import MESSAGE_LIMIT, TRACEBACK_LIMIT, Claim, Failure, Job, State
from django_jobs.relations.limits import name_of
from django_jobs.tasks.policy import RunPolicy
from django_jobs.tasks.retry import error_path, is_kind, sidekiq_curve, usable_wait

from .error_text import message_of, traceback_text

logger = logging.getLogger("django_jobs")

NAME_LIMIT = 500
NEVER_RETRIED = (Fail, BrokenPayload, UnusableResult)

SHORTEST_CLOSING = 1.0
"""Seconds for which a `LimitReached` closes its limits at least: 0 would be a loop."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state that follows an error, with the seconds until the next attempt, if any.

    Attributes:
        closes: the limit that gives no slots until then, "" for those that the job has; or None.
    """

    state: State
    delay: float = 0.0
    closes: str | None = None

    def may_be_ended(self, policy: RunPolicy) -> bool:
        """Return whether the job ends all the same if a newer call waits for its end."""
        return self.state is State.RETRYING and policy.makes_way


def decide(
    error: BaseException,
    policy: RunPolicy,
    attempt: int,
    result: Callable[[], Any] = lambda: None,
    may_wait: bool = True,  # of all, the rarest argument
) -> Verdict:
    """Decide what an error means for its job.

    Args:
        attempt: number of the attempt that failed, from 1.
        result: returns the job's result after the attempt, for a policy that asks for it.
        may_wait: whether a job that has met a limit can run again.
    """
    if isinstance(error, (Discard, JobExpired, JobCancelled)) or is_kind(error, policy.discard_on):
        return Verdict(State.DISCARDED)
    if isinstance(error, NEVER_RETRIED):
        return Verdict(State.DEAD)
    if may_wait and isinstance(error, LimitReached) and (closing := _closing(error)):
        return closing
    delay = _delay(error, policy, attempt, result)
    return Verdict(State.DEAD) if delay is None else Verdict(State.RETRYING, delay)


def _closing(error: LimitReached) -> Verdict | None:
    """Return what closes a limit, or None if the task's code gave what cannot be used."""
    try:
        wait, name = max(SHORTEST_CLOSING, usable_wait(error.retry_after)), error.limit or ""
        name.encode()  # a broker must be able to store it
    except BaseException as trouble:  # noqa: BLE001 (of the error's own code)
        _log_unusable(
            "The wait or the name of a LimitReached can't be used: the attempt has failed.", trouble
        )
        return None
    return Verdict(State.SCHEDULED, wait, name)


def _log_unusable(message: str, trouble: BaseException) -> None:
    """Log that the site's code gave nonsense, with its error as far as that can be written."""
    with suppress(BaseException):
        logger.error(message, exc_info=trouble)


def say_reached(
    job: Job,
    task: object,
    verdict: Verdict,
    failure: Failure,
    log_fields: Mapping[str, object],
) -> None:
    """Say in the log that a job has met a limit, which it closes."""
    names = [name_of(limit, job.task) for limit in getattr(task, "limits", ())]
    if verdict.closes and verdict.closes not in names:
        _warn_of_name(job.task, verdict.closes, ", ".join(map(repr, names)) or "none")
    logger.info(
        "%s: job %s has met a limit, and closes it for %.1f s: %s",
        *(job.task, job.id, verdict.delay, failure.message),
        extra=log_fields,
    )


@lru_cache  # so that it is said once
def _warn_of_name(task: str, name: str, names: str) -> None:
    logger.warning(
        "%s: LimitReached(limit=%r) names no limit of the task, which has: %s. Unless the job was"
        " given a limit of this name by using(), it waits alone.",
        *(task, name, names),
    )


def _delay(
    error: BaseException, policy: RunPolicy, attempt: int, result: Callable[[], Any]
) -> float | None:
    """Return seconds until the next attempt, or None if there is none.

    The site's own code may raise or return nonsense; the attempt must end all the same.
    """
    try:
        return _wanted(error, policy, attempt, result)
    except BaseException as trouble:  # noqa: BLE001 (of the site's own code)
        _log_unusable(
            "The wait that a Retry, a backoff or a RetryLater asks for can't be used; the default"
            " curve is used instead.",
            trouble,
        )
        return sidekiq_curve(attempt)


def _wanted(
    error: BaseException, policy: RunPolicy, attempt: int, result: Callable[[], Any]
) -> float | None:
    if not isinstance(error, RetryLater):
        return policy.retry.delay(attempt, error, result)
    return _seconds_until(error.when) if attempt < policy.retry.attempts else None


def _seconds_until(when: float | timedelta | datetime) -> float:
    if isinstance(when, datetime):
        return usable_wait((to_ms(when) - now_ms()) / 1000)
    return usable_wait(when)


def to_failure(
    error: BaseException, claim: Claim, worker: str, waited: int, duration: int
) -> Failure:
    """Return the failure that is stored with the job.

    Args:
        waited: milliseconds between the claim and the start.
        duration: milliseconds of running.
    """
    return Failure(
        exception=error_path(type(error))[:NAME_LIMIT],
        message=message_of(error)[:MESSAGE_LIMIT],
        traceback=traceback_text(error)[-TRACEBACK_LIMIT:],
        at=now_ms(),
        worker=worker,
        attempt=claim.attempt,
        latency=max(0, claim.claimed_at + waited - claim.queued_at),
        duration=duration,
    )


def ms_of(seconds: float) -> int:
    """Return seconds as whole milliseconds, 0 for negative ones."""
    return round(seconds * 1000) if seconds > 0 else 0
