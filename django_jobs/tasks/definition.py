"""The `Task` class: Django's own, with the options of django_jobs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    ParamSpec,
    Protocol,
    Self,
    TypeAlias,
    TypeVar,
    runtime_checkable,
)

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from django_jobs.compat import Task as DjangoTask
from django_jobs.compat import task_backends
from django_jobs.jobs import foreign_names
from django_jobs.jobs.metadata import check_metadata
from django_jobs.relations.limits import AnyLimit, check_limits, tidy_limits
from django_jobs.relations.named_values import By, tidy_by
from django_jobs.relations.unique import Unique, check_unique
from django_jobs.tasks.calls import Arguments, Call, to_arguments
from django_jobs.tasks.fairness import check_fairness
from django_jobs.tasks.max_attempts import check_retry_options
from django_jobs.tasks.on_death import DeathFunction, check_on_death
from django_jobs.tasks.redaction.parameters import check_redact
from django_jobs.tasks.retry import BackoffFunction, ErrorKind, Retry, Seconds, is_error_kind
from django_jobs.validation.ranges import TIME_OPTIONS
from django_jobs.validation.validators import short_repr

if TYPE_CHECKING:
    from django_jobs.compat import BaseTaskBackend
    from django_jobs.jobs.result import JobResult

__all__ = ["OPTIONS", "AnyJobTask", "Call", "Task"]

P = ParamSpec("P")
R = TypeVar("R")

if TYPE_CHECKING:

    class Base(DjangoTask[P, R], Generic[P, R]):
        """Django's task, with the types that Django itself does not declare."""

        func: Callable[..., Any]

        # Our result does without the types of the parameters, so that results of several tasks
        # can be in one list. The stubs take that for another type.
        def enqueue(self, *args: P.args, **kwargs: P.kwargs) -> JobResult[R]: ...  # type: ignore[override]
        async def aenqueue(self, *args: P.args, **kwargs: P.kwargs) -> JobResult[R]: ...  # type: ignore[override]
        def get_result(self, result_id: str) -> JobResult[R]: ...  # type: ignore[override]
        async def aget_result(self, result_id: str) -> JobResult[R]: ...  # type: ignore[override]
        def call(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
        async def acall(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
        @property
        def name(self) -> str: ...
        @property
        def module_path(self) -> str: ...
        def get_backend(self) -> BaseTaskBackend: ...

else:

    class Base(DjangoTask):
        __slots__ = ()

        def __class_getitem__(cls, parameters):
            return cls

        def get_backend(self):
            return task_backends[self.backend]  # Django's own imports a module for each call


@runtime_checkable
class BulkBackend(Protocol):
    """A backend of django_jobs; those of other packages enqueue one call at a time."""

    def bulk_enqueue(self, task: AnyJobTask, calls: Sequence[Arguments]) -> list[Any]: ...


class _Unchanged:
    """The default of arguments for which None is a value."""


UNCHANGED: Any = _Unchanged()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Base[P, R]):
    """A task with retries, a time limit and rules for its results.

    Attributes:
        retry: when a failed job is retried; None for the backend's default.
        max_attempts: how often a job is run in total, instead of `Retry(attempts=…)`.
        backoff: how long to wait after a failure, instead of `Retry(wait=…)`: a function of the
            exception and the job's result, which returns seconds, or None for no further attempt.
        timeout: seconds that one attempt may take, or None for no limit.
        expires: seconds after which a job that has not started is discarded, counted from when it
            was enqueued or from its `run_after`; None for never.
        result_ttl: seconds that a succeeded job and its result are kept; None for the backend's
            default.
        discard_on: exception classes, or their dotted paths, that end the job as discarded.
        enqueue_on_commit: whether to wait for the commit; None for the backend's default.
        redact: parameters whose values the dashboard and `jobs show` hide, or paths into them,
            such as "order.card".
        on_death: a function of the job's result and the exception, which is called when no attempt
            follows by itself: the job is dead, or expired before it could start.
        metadata: a dict of JSON values that travels with each job; keys that begin with `_` are
            reserved for libraries, and tasks do not see them.
        unique: which jobs of the task exclude each other; None for none.
        fair_by: jobs of one queue take turns by this: the name of a parameter, a path into one,
            such as "order.customer", several of them, or a function of the arguments.
        fair_weight: how many turns a job's key gets while one of weight 1 gets one, from 1 to 20.
        limits: how many of its jobs may run at once, or start in a period: a `Limit`, a `Rate`, or
            several of them, which all must have a free slot.
    """

    retry: Retry | None = None
    max_attempts: int | None = None
    backoff: BackoffFunction | None = None
    timeout: Seconds | None = None
    expires: Seconds | None = None
    result_ttl: Seconds | None = None
    discard_on: tuple[ErrorKind, ...] = ()
    enqueue_on_commit: bool | None = None
    redact: tuple[str, ...] = ()
    on_death: DeathFunction | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)
    unique: Unique | None = None
    fair_by: By | None = None
    fair_weight: int = 1
    limits: tuple[AnyLimit, ...] = ()

    def __post_init__(self) -> None:
        kinds = self.discard_on
        tidy = tuple(kinds) if isinstance(kinds, (tuple, list, set, frozenset)) else (kinds,)
        object.__setattr__(self, "discard_on", tidy)
        paths = self.redact
        object.__setattr__(self, "redact", (paths,) if isinstance(paths, str) else tuple(paths))
        object.__setattr__(self, "fair_by", tidy_by(self.fair_by))
        object.__setattr__(self, "limits", tidy_limits(self.limits))
        _check_options(self)
        if isinstance(self.run_after, timedelta) and not isinstance(
            self.get_backend(), BulkBackend
        ):
            # Backends of other packages accept datetimes only.
            object.__setattr__(self, "run_after", timezone.now() + self.run_after)
        # Zero-argument super() fails in a dataclass with slots before Python 3.14.
        DjangoTask.__post_init__(self)

    @foreign_names.suggests_options
    def using(
        self,
        *,
        priority: int | None = None,
        queue_name: str | None = None,
        run_after: datetime | timedelta | None = UNCHANGED,
        backend: str | None = None,
        retry: Retry | None = UNCHANGED,
        timeout: Seconds | None = UNCHANGED,
        expires: Seconds | None = UNCHANGED,
        result_ttl: Seconds | None = UNCHANGED,
        discard_on: tuple[ErrorKind, ...] = UNCHANGED,
        enqueue_on_commit: bool | None = UNCHANGED,
        metadata: Mapping[str, Any] = UNCHANGED,
        unique: Unique | None = UNCHANGED,
        fair_weight: int = UNCHANGED,
        limits: Sequence[AnyLimit] | AnyLimit | None = UNCHANGED,
    ) -> Self:
        """Return the task with other options.

        Args:
            retry: also replaces `max_attempts` and `backoff`, which a call cannot change.
            run_after: an aware datetime, or a timedelta from each `enqueue`; None clears it.
            metadata: replaces the metadata of the task.
            limits: replace those of the task; None for no limit.

        Raises:
            InvalidTask: the backend does not support it.
            TypeError: an option is unknown.
        """
        named = {"priority": priority, "queue_name": queue_name, "backend": backend}
        options = {
            "run_after": run_after,
            "retry": retry,
            "timeout": timeout,
            "expires": expires,
            "result_ttl": result_ttl,
            "discard_on": discard_on,
            "enqueue_on_commit": enqueue_on_commit,
            "metadata": metadata,
            "unique": unique,
            "fair_weight": fair_weight,
            "limits": limits,
        }
        changes: dict[str, Any] = {key: value for key, value in named.items() if value is not None}
        changes |= {key: value for key, value in options.items() if value is not UNCHANGED}
        if changes.get("retry") is not None:
            changes |= {"max_attempts": None, "backoff": None}
        return dataclasses.replace(self, **changes)

    def arguments(self, *args: P.args, **kwargs: P.kwargs) -> Call[P]:
        """Return the arguments of one call for `bulk_enqueue`, which type checkers can check."""
        return Call(args, kwargs)

    def bulk_enqueue(
        self, calls: Iterable[Call[P] | list[Any] | tuple[Any, ...] | Mapping[str, Any]]
    ) -> list[JobResult[R]]:
        """Enqueue many calls, in one round trip for every 300 or 8 megabytes of them.

        Args:
            calls: for each job a list or tuple of positional arguments, a dict of keyword
                arguments, or the result of `arguments`.

        Returns:
            The results in the order of the calls.

        Raises:
            WrongArguments, UnserializableArgument, PayloadTooLarge: for one of the calls; none is
                enqueued.
            BrokerError: a round trip failed; the earlier ones have enqueued their jobs.
        """
        made = [to_arguments(index, call) for index, call in enumerate(calls)]
        backend: Any = self.get_backend()
        if isinstance(backend, BulkBackend):
            return backend.bulk_enqueue(self, made)
        return [backend.enqueue(self, list(args), dict(kwargs)) for args, kwargs in made]

    if not TYPE_CHECKING:  # it would allow every name

        def __getattr__(self, name: str) -> Any:
            raise foreign_names.missing(self, name, foreign_names.OF_TASKS)


AnyJobTask: TypeAlias = "Task[..., Any]"


def _check_options(task: AnyJobTask) -> None:
    name = task.func.__qualname__
    for option, rule, none in TIME_OPTIONS:
        value = getattr(task, option)
        if value is not None:
            try:
                rule(value)
            except ValueError:
                raise ImproperlyConfigured(
                    f"Task {name}: {option}={short_repr(value)}: give {rule}, or None {none}."
                ) from None
    if task.retry is not None and not isinstance(task.retry, Retry):
        raise ImproperlyConfigured(
            f"Task {name}: retry={short_repr(task.retry)} must be a django_jobs.Retry, such as"
            " Retry(attempts=5, wait=30); Retry(attempts=1) never retries."
        )
    check_retry_options(name, task.retry, task.max_attempts, task.backoff)
    for kind in task.discard_on:
        if not is_error_kind(kind):
            raise ImproperlyConfigured(
                f"Task {name}: discard_on={short_repr(kind)} must be an exception class or its"
                " dotted path, such as 'builtins.OSError'."
            )
    check_on_death(name, task.on_death)
    check_redact(name, task.func, task.redact)
    check_metadata(name, task.metadata)
    check_unique(name, task.func, task.unique, has_context=task.takes_context)
    check_fairness(name, task.func, task.fair_by, task.fair_weight, task.takes_context)
    check_limits(name, task.module_path, task.func, task.limits, has_context=task.takes_context)


OPTIONS = tuple(
    field.name
    for field in dataclasses.fields(Task)
    if field.name not in {field.name for field in dataclasses.fields(DjangoTask)}
)
"""The options that django_jobs adds to Django's."""
