"""The limits of a task: how many of its jobs may run at once, or start in a period."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from typing import Any, NamedTuple, TypeAlias

from django.core.exceptions import ImproperlyConfigured

from django_jobs.clock import now_ms
from django_jobs.relations.named_values import By, check_by, tidy_by
from django_jobs.validation.ranges import LIMIT, PERIOD, RATE
from django_jobs.validation.validators import WholeNumber, is_clean_text, short_repr

LONGEST_NAME = 100
"""Characters of a limit's name."""

MOST = 8
"""How many limits one task may have: each is looked at with every claim of its jobs."""

MOST_DECLARED = 10_000
"""How many names a process knows the numbers of, as `using()` may give each call another name."""

DECLARED_AT = now_ms()
"""When this process declared its limits; of several numbers for a limit the latest counts."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How many jobs may run at once.

    Attributes:
        n: how many.
        by: by which jobs are counted apart: the name of a parameter, a path into one such as
            "order.customer", several of them, or a function of the arguments; None to count all
            jobs together. A call whose key is None is not limited.
        name: of a limit that several tasks share; None for one of the task's own.

    Raises:
        ImproperlyConfigured: a value is not valid.
    """

    n: int
    _: KW_ONLY
    by: By | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        _check(self, LIMIT)

    @property
    def per_ms(self) -> int:
        """0, as it counts running jobs and not a period's starts."""
        return 0


@dataclass(frozen=True, slots=True)
class Rate:
    """How many jobs may start in any period.

    Attributes:
        n: how many.
        per: length of the period, in seconds.
        by: as of `Limit`.
        name: as of `Limit`.

    Raises:
        ImproperlyConfigured: a value is not valid.
    """

    n: int
    _: KW_ONLY
    per: float | timedelta
    by: By | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        _check(self, RATE)
        try:
            PERIOD(self.per)
        except ValueError:
            raise ImproperlyConfigured(
                f"Rate(per={short_repr(self.per)}): give {PERIOD}."
            ) from None

    @property
    def per_ms(self) -> int:
        """The length of the period in milliseconds."""
        return round(PERIOD(self.per) * 1000)


AnyLimit: TypeAlias = Limit | Rate
"""What a task may be limited by."""


class _Declaration(NamedTuple):
    """What is known of a limit's name in this process.

    Attributes:
        numbers: n, and the period in milliseconds.
        task: name of the task that declared them.
        func: of that task.
    """

    numbers: tuple[int, int]
    task: str
    func: Callable[..., Any]


_declared: dict[tuple[type, str], _Declaration] = {}


def tidy_limits(limits: Any) -> Any:
    """Return the limits of a task as a tuple; what is none is left for `check_limits`."""
    if limits is None:
        return ()
    return tuple(limits) if isinstance(limits, (list, tuple)) else (limits,)


def check_limits(
    name: str, path: str, func: Callable[..., Any], limits: tuple[object, ...], *, has_context: bool
) -> None:
    """Refuse limits that do not fit their task, or another task's limits of the same name.

    Args:
        name: of the task, for messages.
        path: dotted path of the task.
        has_context: whether the first parameter of the function is the job's context.

    Raises:
        ImproperlyConfigured: the message has the reason.
    """
    if len(limits) > MOST:
        raise ImproperlyConfigured(f"Task {name}: limits: give {MOST} limits at most.")
    seen: set[tuple[type, str]] = set()
    for limit in limits:
        if not isinstance(limit, (Limit, Rate)):
            raise ImproperlyConfigured(
                f"Task {name}: limits={short_repr(limit)}: give a django_jobs.Limit or a"
                " django_jobs.Rate, or a list of them, such as [Limit(5, by='customer_id')]."
            )
        if limit.by is not None:
            check_by(where_of(name, limit), limit.by, func, has_context=has_context)
        identity = (type(limit), name_of(limit, path))
        if identity in seen:
            raise ImproperlyConfigured(
                f"Task {name}: two limits of one kind are called {identity[1]!r}. Give one of them"
                f" a name: {type(limit).__name__}(…, name='…')."
            )
        seen.add(identity)
        _declare(name, path, func, limit)


def _declare(name: str, path: str, func: Callable[..., Any], limit: AnyLimit) -> None:
    """Note the numbers of a limit; a task that is declared again replaces those of its own."""
    identity = (type(limit), name_of(limit, path))
    new = _Declaration((limit.n, limit.per_ms), path, func)
    known = _declared.get(identity)
    is_declared_again = known is not None and known.task == path and known.func is not func
    if known is None or is_declared_again:
        _declared[identity] = new
        if len(_declared) > MOST_DECLARED:
            del _declared[next(iter(_declared))]
    elif known.numbers != new.numbers:
        raise ImproperlyConfigured(
            f"Task {name}: {type(limit).__name__} {identity[1]!r} is {_said(new.numbers)} here and"
            f" {_said(known.numbers)} in {known.task}. All jobs under one name share its number:"
            " give the same one, or another name."
        )


def _said(numbers: tuple[int, int]) -> str:
    n, per_ms = numbers
    return f"{n} per {per_ms / 1000:g} s" if per_ms else str(n)


def where_of(name: str, limit: AnyLimit) -> str:
    """Return what messages about the `by` of a task's limit begin with."""
    return f"Task {name}: {type(limit).__name__}: by"


def name_of(limit: AnyLimit, path: str) -> str:
    """Return the name under which the jobs of a limit are counted."""
    if limit.name is not None:
        return limit.name
    by = limit.by
    if by is None or callable(by):
        return path
    return f"{path} by {by if isinstance(by, str) else ', '.join(by)}"


def _check(limit: AnyLimit, numbers: WholeNumber) -> None:
    kind = type(limit).__name__
    try:
        object.__setattr__(limit, "n", numbers(limit.n))
    except ValueError:
        raise ImproperlyConfigured(
            f"{kind}({short_repr(limit.n)}): give {numbers}. To stop the jobs of a task for a"
            " while, pause its queue."
        ) from None
    object.__setattr__(limit, "by", tidy_by(limit.by))
    name = limit.name
    is_good = name is None or (is_clean_text(name, LONGEST_NAME) and name.strip())
    if not is_good:
        raise ImproperlyConfigured(
            f"{kind}(name={short_repr(name)}): give a text of 1 to {LONGEST_NAME} characters that"
            " UTF-8 can write, or None for a limit of the task's own."
        )
