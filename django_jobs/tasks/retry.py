"""When a failed job is tried again."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from django_jobs.validation.ranges import ATTEMPTS, JITTER, LONGEST_TIME, WAIT
from django_jobs.validation.validators import Validator, short_repr

ErrorKind: TypeAlias = type[BaseException] | str
"""An exception class, or its dotted path, which travels with a job."""

Seconds: TypeAlias = float | timedelta
WaitFunction: TypeAlias = Callable[[int, BaseException], Seconds]
Wait: TypeAlias = "Seconds | Sequence[Seconds] | WaitFunction | Backoff | None"
BackoffFunction: TypeAlias = Callable[[Any, Any], Seconds | None]

Number = TypeVar("Number", int, float)

PLAIN_JITTER = 0.15


def error_path(kind: ErrorKind) -> str:
    """Return the dotted path of an exception class."""
    return kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"


def is_error_kind(kind: object) -> bool:
    """Return whether an object is an exception class or a dotted path."""
    if isinstance(kind, str):
        return "." in kind
    return isinstance(kind, type) and issubclass(kind, BaseException)


def is_kind(error: BaseException, kinds: Sequence[ErrorKind]) -> bool:
    """Return whether an error is an instance of one of the kinds; paths are not imported."""
    return any(
        isinstance(error, kind)
        if isinstance(kind, type)
        else any(error_path(base) == kind for base in type(error).__mro__)
        for kind in kinds
    )


def to_seconds(value: Seconds) -> float:
    """Return seconds for a number of seconds or a timedelta."""
    return value.total_seconds() if isinstance(value, timedelta) else float(value)


def usable_wait(value: Seconds) -> float:
    """Return a wait that a task's code has chosen in seconds, at least 0.

    Raises:
        ValueError, TypeError: it is too long, or not a time.
    """
    return WAIT(max(to_seconds(value), 0.0))


def sidekiq_curve(attempt: int) -> float:
    """Return seconds to wait after attempt 1, 2, …: count⁴ + 15 + up to 10·(count + 1) at random.

    The formula is Sidekiq's (`job_retry.rb`), whose count starts at 0: about 20 s after the first
    attempt, 17 days in all.
    """
    count = attempt - 1
    return min(LONGEST_TIME, count**4 + 15 + random.uniform(0, 10 * (count + 1)))


@dataclass(frozen=True, slots=True)
class Backoff:
    """A wait that a function chooses from the error and the job's result (see `max_attempts`).

    Attributes:
        function: takes the exception and the job's result after the failed attempt; returns
            seconds, a timedelta, or None for no further attempt. Or its dotted path, which is
            imported when it is first needed, as its module may declare tasks of the same backend.
    """

    function: BackoffFunction | str

    def wait(self, error: BaseException, result: Any) -> float | None:
        """Return seconds until the next attempt, or None if there is none.

        Raises:
            ImportError: see `load`.
            ValueError, TypeError: the function does not return a valid time.
        """
        seconds = self.load()(error, result)
        return None if seconds is None else usable_wait(seconds)

    def load(self) -> BackoffFunction:
        """Return the function.

        Raises:
            ImportError: there is no such function.
        """
        if not isinstance(self.function, str):
            return self.function
        function = import_string(self.function)
        if not callable(function):
            raise ImportError(f"{self.function!r} is not a function.")
        return function  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often a failing task is retried, after which waits, and for which errors.

    Args:
        attempts: how often a job is run in total, up to a million; `Retry(attempts=1)` never
            retries.
        wait: seconds or a timedelta, up to 100 years; a sequence of them, whose last one is
            repeated; or a function of the number of the failed attempt (from 1) and the error. By
            default Sidekiq's curve.
        on: exception classes (or their dotted paths) to retry; after any other error the job is
            dead at once.
        jitter: the largest fraction of the wait that is added at random, by default 0.15; the
            default curve has its own.

    Raises:
        ImproperlyConfigured: an argument is out of range.
    """

    attempts: int = 25
    wait: Wait = None
    on: tuple[ErrorKind, ...] | ErrorKind = (BaseException,)
    jitter: float | None = None

    def __post_init__(self) -> None:
        attempts = _checked("attempts", ATTEMPTS, self.attempts, str(ATTEMPTS))
        object.__setattr__(self, "attempts", attempts)
        if self.jitter is not None:
            _checked("jitter", JITTER, self.jitter, f"{JITTER}, or None for {PLAIN_JITTER}")
        kinds = self.on if isinstance(self.on, (tuple, list)) else (self.on,)
        for kind in kinds:
            if not is_error_kind(kind):
                raise ImproperlyConfigured(
                    f"Retry(on={kind!r}): give exception classes or their dotted paths, such as"
                    " OSError or 'builtins.OSError'."
                )
        object.__setattr__(self, "on", tuple(kinds))
        if isinstance(self.wait, Sequence):
            object.__setattr__(self, "wait", tuple(self.wait))
        self._check_wait()

    def _check_wait(self) -> None:
        if self.wait is None or callable(self.wait) or isinstance(self.wait, Backoff):
            return
        steps = self.wait if isinstance(self.wait, tuple) else (self.wait,)
        wanted = f"{WAIT}, a sequence of them, or a function of the attempt and the error"
        for step in steps or (None,):
            _checked("wait", WAIT, step, wanted)

    def delay(
        self, attempt: int, error: BaseException, result: Callable[[], Any] = lambda: None
    ) -> float | None:
        """Return seconds until the next attempt, or None if there is none.

        Args:
            attempt: number of the attempt that failed, from 1.
            error: what it raised.
            result: returns the job's result, for a `Backoff`.

        Raises:
            ValueError, TypeError: the function in `wait` does not return a valid time.
        """
        if attempt >= self.attempts or not is_kind(error, self._kinds):
            return None
        if isinstance(self.wait, Backoff):
            return self.wait.wait(error, result())
        if self.wait is None:
            base, share = sidekiq_curve(attempt), self.jitter or 0.0
        else:
            base = usable_wait(self._step(attempt, error))
            share = PLAIN_JITTER if self.jitter is None else self.jitter
        return min(LONGEST_TIME, base + random.uniform(0, share) * base)

    @property
    def _kinds(self) -> tuple[ErrorKind, ...]:
        assert isinstance(self.on, tuple)
        return self.on

    def _step(self, attempt: int, error: BaseException) -> Seconds:
        if callable(self.wait):
            return self.wait(attempt, error)
        if isinstance(self.wait, tuple):
            step: Seconds = self.wait[min(attempt, len(self.wait)) - 1]
            return step
        assert isinstance(self.wait, (int, float, timedelta))
        return self.wait


def _checked(name: str, rule: Validator[Number], value: object, wanted: str) -> Number:
    """Return the validated value of an argument, or raise an error that says what to give."""
    try:
        return rule(value)
    except ValueError:
        raise ImproperlyConfigured(f"Retry({name}={short_repr(value)}): give {wanted}.") from None
