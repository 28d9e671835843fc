"""Libraries that follow jobs: when they are enqueued, and while their attempts run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple

from django_jobs.errors import BrokenPayload
from django_jobs.jobs.metadata import RESERVED_PREFIX, decode_metadata
from django_jobs.jobs.records import Job, State

logger = logging.getLogger("django_jobs")

PERIODIC = f"{RESERVED_PREFIX}periodic"
"""The key of the metadata of a tick's job that has the name of the periodic task."""


class EnqueuedCalls(NamedTuple):
    """What is being enqueued.

    Attributes:
        task: dotted path.
        backend: alias in `TASKS`.
        number: of jobs.
    """

    task: str
    queue: str
    backend: str
    number: int


class ObservedAttempt(NamedTuple):
    """An attempt that begins.

    Attributes:
        number: of the attempt, from 1.
        queued_at: Unix milliseconds from which the job could have started.
        worker: id of the worker.
        backend: alias in `TASKS`.
    """

    job: Job
    number: int
    queued_at: int
    worker: str
    backend: str

    def carried(self, key: str) -> Any:
        """Return what travels in the reserved metadata of the job under a key, or None."""
        if key not in self.job.metadata:
            return None
        try:
            return decode_metadata(self.job.metadata).get(key)
        except BrokenPayload:
            return None


class AttemptEnd(NamedTuple):
    """How an attempt ended.

    Attributes:
        state: the one that the job goes to; QUEUED if it was given back. A unique job that was to
            be retried ends as discarded instead if a newer call waits for its end, which only the
            broker knows.
    """

    state: State
    error: BaseException | None = None


Tell = Callable[[AttemptEnd], object]


class JobObserver:
    """Follows jobs. Errors of an observer are logged and go no further.

    Attributes:
        key: of the job's metadata under which values travel from `enqueuing` to `running`.
    """

    key = ""

    def enqueuing(self, calls: EnqueuedCalls) -> AbstractContextManager[Any]:
        """Return a context for the enqueueing; its value, in JSON types, travels with the jobs."""
        return nullcontext()

    def running(self, attempt: ObservedAttempt) -> AbstractContextManager[Tell | None]:
        """Return a context for an attempt; its value is called with the end of the attempt."""
        return nullcontext()

    def died(self, job: Job, attempts: int, backend: str, error: BaseException) -> None:
        """Note that a job died where no attempt could report it."""


observers: list[JobObserver] = []
"""Those that follow the jobs of this process. While there is none, nothing here runs."""


def install(observer: JobObserver) -> None:
    """Let an observer follow jobs from now on, instead of an earlier one of its class."""
    observers[:] = [*(one for one in observers if type(one) is not type(observer)), observer]


def remove(kind: type[JobObserver]) -> None:
    """Remove the observer of a class."""
    observers[:] = [one for one in observers if type(one) is not kind]


@contextmanager
def enqueuing(calls: EnqueuedCalls) -> Iterator[dict[str, Any]]:
    """Tell observers of an enqueueing; the value is the metadata to add to the jobs."""
    with _Following() as following:
        values = [(one.key, following.enter(one.enqueuing, calls)) for one in observers]
        yield {key: value for key, value in values if key and value is not None}


@contextmanager
def running(attempt: ObservedAttempt) -> Iterator[Tell]:
    """Tell observers of an attempt; call the value with its end."""
    with _Following() as following:
        listeners = [following.enter(one.running, attempt) for one in observers]

        def tell(end: AttemptEnd) -> None:
            for listener in filter(None, listeners):
                with _contained():
                    listener(end)

        yield tell


def tell_died(job: Job, attempts: int, backend: str, error: BaseException) -> None:
    """Tell observers of a job that died where no attempt could report it."""
    for observer in observers:
        with _contained():
            observer.died(job, attempts, backend, error)


class _Following:
    """Contexts of observers, whose errors change nothing for the block."""

    def __init__(self) -> None:
        self._entered: list[AbstractContextManager[Any]] = []

    def enter(self, make: Callable[[Any], AbstractContextManager[Any]], about: Any) -> Any:
        """Enter the context of an observer, and return its value, or None if that failed."""
        with _contained():
            manager = make(about)
            value = manager.__enter__()
            self._entered.append(manager)
            return value
        return None

    def __enter__(self) -> _Following:
        return self

    def __exit__(self, kind: Any, error: BaseException | None, frames: Any) -> None:
        for manager in reversed(self._entered):
            with _contained():
                manager.__exit__(kind, error, frames)


@contextmanager
def _contained() -> Iterator[None]:
    try:
        yield
    except Exception:
        logger.exception("A library that follows jobs failed; the job goes on without it.")
