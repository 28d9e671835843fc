"""Tasks: Django's own, with the options that django_jobs adds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Literal,
    NamedTuple,
    ParamSpec,
    Self,
    TypeAlias,
    TypeVar,
    cast,
    overload,
)

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from django_jobs.compat import (
    DEFAULT_TASK_BACKEND_ALIAS,
    AnyResult,
    TaskContext,
    task_backends,
)
from django_jobs.compat import Task as DjangoTask
from django_jobs.converters import shown
from django_jobs.ranges import TIMES
from django_jobs.redaction.parameters import check_redact
from django_jobs.retry import ErrorKind, Retry, Seconds, is_error_kind
from django_jobs.suggest import unknown

if TYPE_CHECKING:
    from django_jobs.backends.base import JobBackend


P = ParamSpec("P")
R = TypeVar("R")

if TYPE_CHECKING:

    class Base(DjangoTask[P, R]):
        """Django's task, which only type checkers know as generic."""

else:

    class Base(DjangoTask):
        __slots__ = ()

        def __class_getitem__(cls, parameters):
            return cls


class _Unchanged:
    """The default of arguments for which None is a value."""


UNCHANGED: Any = _Unchanged()


class Call(NamedTuple):
    """The arguments of one call in a `bulk_enqueue`, where it has both kinds."""

    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = MappingProxyType({})


CallLike: TypeAlias = Call | Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Base[P, R]):
    """A task with retries, a time limit and rules for its results.

    Attributes:
        retry: when a failed job is tried again; None for the backend's default.
        timeout: seconds that one attempt may take, or None for no limit.
        expires: seconds after which a job that has not started is discarded, counted from its
            enqueueing or its `run_after`; None for never.
        result_ttl: seconds that a succeeded job and its result are kept; None for the backend's.
        discard_on: exception classes, or their dotted paths, that end the job as discarded.
        enqueue_on_commit: whether to wait for the commit; None for the backend's default.
        redact: parameters whose values the dashboard and `jobs show` hide, or paths into them:
            "order.card".
    """

    retry: Retry | None = None
    timeout: Seconds | None = None
    expires: Seconds | None = None
    result_ttl: Seconds | None = None
    discard_on: tuple[ErrorKind, ...] = ()
    enqueue_on_commit: bool | None = None
    redact: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        kinds = self.discard_on
        tidy = tuple(kinds) if isinstance(kinds, (tuple, list, set, frozenset)) else (kinds,)
        object.__setattr__(self, "discard_on", tidy)
        paths = self.redact
        object.__setattr__(self, "redact", (paths,) if isinstance(paths, str) else tuple(paths))
        _check_options(self)
        if isinstance(self.run_after, timedelta) and not _is_ours(self.get_backend()):
            # The backends of others know instants only.
            object.__setattr__(self, "run_after", timezone.now() + self.run_after)
        # Zero-argument super() fails in a dataclass with slots before Python 3.14.
        DjangoTask.__post_init__(self)

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
    ) -> Self:
        """Return the task with other options.

        Args:
            run_after: an aware datetime, or a timedelta counted from each enqueueing; None clears.

        Raises:
            InvalidTask: the backend does not support it.
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
        }
        changes: dict[str, Any] = {key: value for key, value in named.items() if value is not None}
        changes |= {key: value for key, value in options.items() if value is not UNCHANGED}
        return dataclasses.replace(self, **changes)

    def bulk_enqueue(self, calls: Iterable[CallLike]) -> list[AnyResult]:
        """Enqueue many calls with one round trip for each thousand, or for 8 megabytes of them.

        Args:
            calls: for each job a list or tuple of positional arguments, a dict of keyword
                arguments, or a `Call` with both.

        Returns:
            The results in the order of the calls.

        Raises:
            UnserializableArgument, PayloadTooLarge: for one of them; none is enqueued then.
            BrokerError: the round trips before the failed one have enqueued their jobs.
        """
        made = [_call(index, call) for index, call in enumerate(calls)]
        backend = self.get_backend()
        if _is_ours(backend):
            ours = cast("JobBackend[Any]", backend)
            return ours.bulk_enqueue(self, made)
        return [backend.enqueue(self, list(call.args), dict(call.kwargs)) for call in made]


def _is_ours(backend: object) -> bool:
    return hasattr(backend, "bulk_enqueue")


AnyJobTask: TypeAlias = "Task[..., Any]"


def _call(index: int, call: CallLike) -> Call:
    if isinstance(call, Call):
        return call
    # Asking an abstract class takes longer than all else here.
    if isinstance(call, (list, tuple, Sequence)) and not isinstance(call, (str, bytes)):
        return Call(call)
    if isinstance(call, Mapping):
        return Call(kwargs=call)
    raise TypeError(
        f"bulk_enqueue: item {index} is a {type(call).__name__}. Give a list or tuple of"
        " positional arguments, a dict of keyword arguments, or a django_jobs.task.Call."
    )


def _check_options(task: AnyJobTask) -> None:
    name = task.func.__qualname__
    for option, rule, none in TIMES:
        value = getattr(task, option)
        if value is not None:
            try:
                rule(value)
            except ValueError:
                raise ImproperlyConfigured(
                    f"Task {name}: {option}={shown(value)}: give {rule}, or None {none}."
                ) from None
    if task.retry is not None and not isinstance(task.retry, Retry):
        raise ImproperlyConfigured(
            f"Task {name}: retry={shown(task.retry)} must be a django_jobs.Retry, such as"
            " Retry(attempts=5, wait=30); Retry(attempts=1) never retries."
        )
    for kind in task.discard_on:
        if not is_error_kind(kind):
            raise ImproperlyConfigured(
                f"Task {name}: discard_on={shown(kind)} must be an exception class or its dotted"
                " path, such as 'builtins.OSError'."
            )
    check_redact(name, task.func, task.redact)


OPTIONS = tuple(
    field.name
    for field in dataclasses.fields(Task)
    if field.name not in {field.name for field in dataclasses.fields(DjangoTask)}
)
"""What django_jobs adds to Django's options."""

DJANGO_OPTIONS = ("priority", "queue_name", "backend", "takes_context")

DEFAULTS: dict[str, Any] = {
    "priority": 0,
    "queue_name": "default",
    "backend": DEFAULT_TASK_BACKEND_ALIAS,
    "run_after": None,
}
"""What Django 6.0 has no defaults for in the class of its tasks."""


@overload
def task(function: Callable[P, R], /) -> Task[P, R]: ...
@overload
def task(
    *,
    priority: int = ...,
    queue_name: str = ...,
    backend: str = ...,
    takes_context: Literal[False] = False,
    retry: Retry | None = ...,
    timeout: Seconds | None = ...,
    expires: Seconds | None = ...,
    result_ttl: Seconds | None = ...,
    discard_on: Sequence[ErrorKind] | ErrorKind = ...,
    enqueue_on_commit: bool | None = ...,
    redact: Sequence[str] | str = ...,
) -> Callable[[Callable[P, R]], Task[P, R]]: ...
@overload
def task(
    *,
    priority: int = ...,
    queue_name: str = ...,
    backend: str = ...,
    takes_context: Literal[True],
    retry: Retry | None = ...,
    timeout: Seconds | None = ...,
    expires: Seconds | None = ...,
    result_ttl: Seconds | None = ...,
    discard_on: Sequence[ErrorKind] | ErrorKind = ...,
    enqueue_on_commit: bool | None = ...,
    redact: Sequence[str] | str = ...,
) -> Callable[[Callable[Concatenate[TaskContext[P, R], P], R]], Task[P, R]]: ...
def task(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a task of a function at the top level of an app's module, as Django's `@task` does.

    It works with every backend, also those of others, which ignore what django_jobs adds.

    Args:
        function: the function, where the decorator is used without brackets.
        options: Django's `priority`, `queue_name`, `backend`, `takes_context`, and those that
            `Task` describes.

    Raises:
        TypeError: an option is unknown.
        InvalidTask, ImproperlyConfigured: an option has no valid value.
    """
    for name in options:
        if name not in DJANGO_OPTIONS + OPTIONS:
            raise TypeError(f"@task: {unknown('option', name, DJANGO_OPTIONS + OPTIONS)}")

    def decorate(function: Callable[..., Any]) -> AnyJobTask:
        alias = options.get("backend", DEFAULT_TASK_BACKEND_ALIAS)
        theirs = task_backends[alias].task_class
        kind = theirs if issubclass(theirs, Task) else Task
        return kind(**{**DEFAULTS, **options, "func": function})

    return decorate if function is None else decorate(function)
