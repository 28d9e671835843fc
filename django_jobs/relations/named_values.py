"""What `by` names in a call: arguments, paths into them, or what a function makes of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from django.core.exceptions import ImproperlyConfigured

from django_jobs.errors import UnserializableArgument
from django_jobs.serialization.results import ResultReference
from django_jobs.suggest import unknown_name
from django_jobs.validation.validators import short_repr

By: TypeAlias = "str | Sequence[str] | Callable[..., Any]"
"""The name of a parameter, a path into one such as "order.customer", several, or a function."""

Values: TypeAlias = tuple[Any, ...]

_Function: TypeAlias = Callable[..., Any]


class _Parameter(NamedTuple):
    """Where a call has the value of a parameter: by position, by name, or as the default."""

    position: int | None
    has_name: bool
    default: Any


class _Parameters(NamedTuple):
    """What a path may begin with.

    Attributes:
        known: each parameter of one argument.
        collecting: the names of `*args` and `**kwargs`, as the function calls them.
        takes_any: whether other names may come along in the latter.
    """

    known: Mapping[str, _Parameter]
    collecting: tuple[str, ...]
    takes_any: bool


def tidy_by(by: By | None) -> By | None:
    """Return a `by` that can be hashed, as options of tasks are."""
    return tuple(by) if isinstance(by, list) else by


def paths_of(by: By) -> tuple[str, ...]:
    """Return the paths that a `by` names; none for a function."""
    if callable(by):
        return ()
    return (by,) if isinstance(by, str) else tuple(by)


def check_form(where: str, by: object) -> None:
    """Refuse what can be no `by` of any function.

    Args:
        where: the task and the option, for messages.

    Raises:
        ImproperlyConfigured: the message has the reason.
    """
    if callable(by):
        if inspect.iscoroutinefunction(by):
            raise ImproperlyConfigured(f"{where} must not be a coroutine function.")
        return
    if isinstance(by, (set, frozenset)):
        raise ImproperlyConfigured(
            f"{where}={short_repr(by)}: a set has no order. Give a list of the names."
        )
    paths = paths_of(by) if isinstance(by, (str, tuple)) else ()
    if not paths or not all(isinstance(path, str) and all(path.split(".")) for path in paths):
        raise ImproperlyConfigured(
            f"{where}={short_repr(by)}: give the name of a parameter, a path into one such as"
            " 'order.customer', a list of them, or a function of the arguments."
        )


def check_by(where: str, by: Any, func: _Function, *, has_context: bool) -> None:
    """Refuse a `by` that names no parameter of a function.

    Args:
        where: the task and the option, for messages.
        has_context: whether the first parameter of the function is the job's context.

    Raises:
        ImproperlyConfigured: the message has the reason.
    """
    check_form(where, by)
    parameters = _parameters(func, has_context)
    for path in paths_of(by):
        first = path.partition(".")[0]
        if first in parameters.collecting:
            raise ImproperlyConfigured(
                f"{where}={short_repr(by)}: {first!r} collects other arguments. Name one of them,"
                " or give a function of the arguments."
            )
        if first not in parameters.known and not parameters.takes_any:
            raise ImproperlyConfigured(
                f"{where}={short_repr(by)}: {unknown_name('parameter', first, parameters.known)}"
            )


def check_takes_none(where: str, by: Callable[..., Any]) -> None:
    """Refuse a function as `by` that cannot be called without arguments.

    Raises:
        TypeError: it requires some.
    """
    try:
        inspect.signature(by).bind()
    except ValueError:  # some builtins do not tell what they take
        return
    except TypeError as error:
        raise TypeError(
            f"{where}: the function requires arguments: {error}. Give its parameters the same"
            " defaults as those of the task."
        ) from error


def values_of(
    where: str,
    by: By,
    func: _Function,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    *,
    has_context: bool,
) -> Values:
    """Return the values that a `by` names in a call, in its order.

    Args:
        where: the task and the option, for messages.
        by: as `check_by` has accepted it.
        func: of the task.
        has_context: whether the first parameter of the function is the job's context.

    Raises:
        UnserializableArgument: a path leads to nothing, or to the result of another job.
        TypeError: an argument is missing.
    """
    if callable(by):
        found = by(*args, **kwargs)
        return tuple(
            _known(where, value) for value in (found if isinstance(found, tuple) else (found,))
        )
    return tuple(_at(where, path, func, args, kwargs, has_context) for path in paths_of(by))


def _at(
    where: str,
    path: str,
    func: _Function,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    has_context: bool,
) -> Any:
    """Return the value at a path into the arguments of a call."""
    name, *steps = path.split(".")
    value = _known(where, _argument(where, name, func, args, kwargs, has_context))
    for step in steps:
        try:
            value = _known(
                where, value[step] if isinstance(value, Mapping) else getattr(value, step)
            )
        except (KeyError, AttributeError):
            # Without the value, which may be a secret, and without what the error says of it.
            raise UnserializableArgument(
                f"{where}: the path {path!r} leads to nothing, as a {type(value).__name__} there"
                f" has no {step!r}."
            ) from None
    return value


def _known(where: str, value: Any) -> Any:
    """Return a value of a call, or refuse it as it is known only when the job starts."""
    if isinstance(value, ResultReference):
        raise UnserializableArgument(
            f"{where}: its value is the result of another job, which is not known yet. Name another"
            " argument."
        )
    return value


def _argument(
    where: str,
    name: str,
    func: _Function,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    has_context: bool,
) -> Any:
    parameter = _parameters(func, has_context).known.get(name)
    if name in kwargs and (parameter is None or parameter.has_name):
        return kwargs[name]
    if parameter is not None:
        if parameter.position is not None and parameter.position < len(args):
            return args[parameter.position]
        if parameter.default is not inspect.Parameter.empty:
            return parameter.default
    raise TypeError(f"{where}: the call has no argument {name!r}.")


@cache
def _parameters(func: _Function, has_context: bool) -> _Parameters:
    """Return the parameters of a function that a path may begin with."""
    all_of_them = list(inspect.signature(func).parameters.values())[int(has_context) :]
    known = dict(_named(all_of_them))
    return _Parameters(
        known=known,
        collecting=tuple(one.name for one in all_of_them if one.name not in known),
        takes_any=any(one.kind is one.VAR_KEYWORD for one in all_of_them),
    )


def _named(parameters: list[inspect.Parameter]) -> Iterator[tuple[str, _Parameter]]:
    for index, one in enumerate(parameters):
        if one.kind is one.POSITIONAL_ONLY:
            yield one.name, _Parameter(index, False, one.default)
        elif one.kind is one.POSITIONAL_OR_KEYWORD:
            yield one.name, _Parameter(index, True, one.default)
        elif one.kind is one.KEYWORD_ONLY:
            yield one.name, _Parameter(None, True, one.default)
