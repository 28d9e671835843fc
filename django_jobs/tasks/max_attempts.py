"""`max_attempts` and `backoff`, the options proposed for Django: they are turned into a `Retry`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from django_jobs.tasks.retry import Backoff, Retry
from django_jobs.validation.ranges import ATTEMPTS
from django_jobs.validation.validators import short_repr


def with_max_attempts(retry: Retry, max_attempts: int | None, backoff: Any) -> Retry:
    """Return a retry policy with another number of attempts or another wait.

    Args:
        max_attempts: None to keep that of the policy.
        backoff: a function of the exception and the job's result, or its dotted path; it returns
            seconds or a timedelta, or None for no further attempt. None to keep the policy's wait.
    """
    changes: dict[str, Any] = {}
    if max_attempts is not None:
        changes["attempts"] = max_attempts
    if backoff is not None:
        changes["wait"] = Backoff(backoff)
    return dataclasses.replace(retry, **changes) if changes else retry


def retry_from_settings(
    alias: str, params: Mapping[str, Any], option: Retry | None
) -> Retry | None:
    """Return the retry policy in `TASKS[alias]`, or None if there is none.

    Args:
        params: `TASKS[alias]`.
        option: the value of its option `retry`.

    Raises:
        ImproperlyConfigured: a value is not valid, or `retry` is given as well.
    """
    max_attempts, backoff = params.get("MAX_ATTEMPTS"), params.get("BACKOFF")
    if max_attempts is None and backoff is None:
        return option
    place = f"TASKS[{alias!r}]"
    if option is not None:
        raise ImproperlyConfigured(
            f"{place} has MAX_ATTEMPTS or BACKOFF, and also ['OPTIONS']['retry'], which sets the"
            " same: remove one of them."
        )
    check_max_attempts(f"{place}['MAX_ATTEMPTS']", max_attempts)
    if backoff is not None and not (callable(backoff) or _is_path(backoff)):
        raise ImproperlyConfigured(
            f"{place}['BACKOFF']={short_repr(backoff)}: give a function of the exception and the"
            " task result, or its dotted path."
        )
    return with_max_attempts(Retry(), max_attempts, backoff)


def check_retry_options(name: str, retry: object, max_attempts: object, backoff: object) -> None:
    """Refuse invalid retry options of a task's declaration.

    Raises:
        ImproperlyConfigured: with the reason.
    """
    if retry is not None and (max_attempts is not None or backoff is not None):
        raise ImproperlyConfigured(
            f"Task {name}: give retry, or max_attempts and backoff, not both: they set the same"
            " as Retry(attempts=…, wait=…)."
        )
    check_max_attempts(f"Task {name}: max_attempts", max_attempts)
    if backoff is not None and not callable(backoff):
        raise ImproperlyConfigured(
            f"Task {name}: backoff={short_repr(backoff)}: give a function of the exception and the"
            " task result, which returns seconds, or None for no further attempt."
        )


def check_max_attempts(place: str, value: object) -> None:
    """Refuse a number of attempts out of its range.

    Raises:
        ImproperlyConfigured: with the range.
    """
    if value is None:
        return
    try:
        ATTEMPTS(value)
    except ValueError:
        raise ImproperlyConfigured(f"{place}={short_repr(value)}: give {ATTEMPTS}.") from None


def _is_path(value: object) -> bool:
    return isinstance(value, str) and "." in value.strip(".")
