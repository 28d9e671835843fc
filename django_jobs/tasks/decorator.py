"""The `@task` decorator."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import (
    Any,
    Concatenate,
    Literal,
    ParamSpec,
    Protocol,
    TypedDict,
    TypeVar,
    Unpack,
    overload,
)

from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS, task_backends
from django_jobs.jobs import foreign_names
from django_jobs.jobs.context import JobContext
from django_jobs.relations.limits import AnyLimit
from django_jobs.relations.named_values import By
from django_jobs.relations.unique import Unique
from django_jobs.tasks.definition import OPTIONS, AnyJobTask, Task
from django_jobs.tasks.on_death import DeathFunction
from django_jobs.tasks.retry import BackoffFunction, ErrorKind, Retry, Seconds

P = ParamSpec("P")
R = TypeVar("R")

DJANGO_OPTIONS = ("priority", "queue_name", "backend", "takes_context")

DEFAULTS: dict[str, Any] = {
    "priority": 0,
    "queue_name": "default",
    "backend": DEFAULT_TASK_BACKEND_ALIAS,
    "run_after": None,
}
"""The options for which Django 6.0's task class has no defaults."""


class TaskOptions(TypedDict, total=False):
    """The options of `task`, except `takes_context`; `Task` describes them."""

    priority: int
    queue_name: str
    backend: str
    retry: Retry | None
    max_attempts: int | None
    backoff: BackoffFunction | None
    timeout: Seconds | None
    expires: Seconds | None
    result_ttl: Seconds | None
    discard_on: Sequence[ErrorKind] | ErrorKind
    enqueue_on_commit: bool | None
    redact: Sequence[str] | str
    on_death: DeathFunction | None
    metadata: Mapping[str, Any]
    unique: Unique | None
    fair_by: By | None
    fair_weight: int
    limits: Sequence[AnyLimit] | AnyLimit | None


class Decorator(Protocol):
    """Makes a function a task; the result of a coroutine function is its return value."""

    @overload
    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]], /) -> Task[P, R]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> Task[P, R]: ...


class ContextDecorator(Protocol):
    """Makes a function a task; its first parameter is the context, which callers omit."""

    @overload
    def __call__(
        self, function: Callable[Concatenate[JobContext, P], Coroutine[Any, Any, R]], /
    ) -> Task[P, R]: ...
    @overload
    def __call__(self, function: Callable[Concatenate[JobContext, P], R], /) -> Task[P, R]: ...


@overload
def task(function: Callable[P, Coroutine[Any, Any, R]], /) -> Task[P, R]: ...
@overload
def task(function: Callable[P, R], /) -> Task[P, R]: ...
@overload
def task(*, takes_context: Literal[False] = False, **options: Unpack[TaskOptions]) -> Decorator: ...
@overload
def task(*, takes_context: Literal[True], **options: Unpack[TaskOptions]) -> ContextDecorator: ...
def task(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a task of a function at the top level of a module, as Django's `@task` does.

    The task works with every backend; backends of other packages ignore our options.

    Args:
        function: the function, if the decorator is used without parentheses.
        options: Django's `priority`, `queue_name`, `backend`, `takes_context`, and those that
            `Task` describes.

    Raises:
        TypeError: an option is unknown.
        InvalidTask, ImproperlyConfigured: the value of an option is not valid.
    """
    foreign_names.refuse_options("@task", options, DJANGO_OPTIONS + OPTIONS)

    def decorate(function: Callable[..., Any]) -> AnyJobTask:
        alias = options.get("backend", DEFAULT_TASK_BACKEND_ALIAS)
        theirs = task_backends[alias].task_class
        kind = theirs if issubclass(theirs, Task) else Task
        return kind(**{**DEFAULTS, **options, "func": function})

    return decorate if function is None else decorate(function)
