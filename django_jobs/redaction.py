"""What people are not to read in a job's arguments and in its result."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from django_jobs.errors import TaskNotFound
from django_jobs.registry import find_task
from django_jobs.suggest import unknown

MASK = "••••••••"

WORDS = (
    *("password", "passwd", "passphrase", "secret", "token", "api_key", "access_key"),
    *("private_key", "authorization", "credential", "cookie", "session_key", "sessionid"),
    "signature",
)
"""Parts of names whose values are hidden unless a backend's option `redact` says otherwise."""

UNNAMED = "\0"
"""The name of arguments nobody here knows the names of."""


@dataclass(frozen=True, slots=True)
class Redactor:
    """Hides values by the names that they have.

    Attributes:
        words: parts of names; capitals, `_` and `-` do not matter.

    Make a new one for each request: it remembers what it learnt of tasks.
    """

    words: tuple[str, ...] = WORDS
    _known: dict[str, Parameters] = field(default_factory=dict, repr=False, compare=False)

    def arguments(self, task: str, text: str) -> str:
        """Return a call's JSON text with what is secret masked.

        Positional arguments have the names of the task's parameters. Of a task that can't be found
        here nobody knows what it wants hidden, so all of them are masked.

        Args:
            task: dotted path of the task.
            text: JSON text as the job has it.
        """
        try:
            match json.loads(text):
                case [list(args), dict(kwargs)]:
                    return _text(self._call(self._parameters(task), args, kwargs))
        except (ValueError, RecursionError):
            pass
        return self._broken(text)

    def value(self, text: str) -> str:
        """Return the JSON text of a result with what is secret masked."""
        try:
            return _text(self._masked(json.loads(text)))
        except (ValueError, RecursionError):
            return self._broken(text)

    def _parameters(self, task: str) -> Parameters:
        """Return what is known of a task; a look for one that is gone takes its time."""
        if task not in self._known:
            self._known[task] = _parameters_of(task)
        return self._known[task]

    def _call(self, parameters: Parameters, args: list[Any], kwargs: dict[str, Any]) -> Any:
        given = [(parameters.name_of(index), value) for index, value in enumerate(args)]
        return (
            [self._argument(parameters, name, value) for name, value in given],
            {name: self._argument(parameters, name, value) for name, value in kwargs.items()},
        )

    def _argument(self, parameters: Parameters, name: str, value: Any) -> Any:
        if name == UNNAMED or self._is_secret(name):
            return MASK
        for path in parameters.hidden:
            first, *rest = path.split(".")
            if first == name:
                value = _masked_at(value, rest)
        return self._masked(value)

    def _masked(self, tree: Any) -> Any:
        match tree:
            case dict():
                return {
                    key: MASK if self._is_secret(key) else self._masked(value)
                    for key, value in tree.items()
                }
            case list():
                return [self._masked(item) for item in tree]
        return tree

    def _is_secret(self, name: str) -> bool:
        plain = _plain(name)
        return any(_plain(word) in plain for word in self.words)

    def _broken(self, text: str) -> str:
        """Return text that is not ours, if it names nothing that is secret."""
        return MASK if self._is_secret(text) else text


@dataclass(frozen=True, slots=True)
class Parameters:
    """What is known of the parameters of a task.

    Attributes:
        names: of those that may be given by position.
        rest: the name of those beyond, as in `*rest`.
        hidden: paths that the task itself wants hidden.
    """

    names: tuple[str, ...] = ()
    rest: str = UNNAMED
    hidden: tuple[str, ...] = ()

    def name_of(self, index: int) -> str:
        return self.names[index] if index < len(self.names) else self.rest


def argument_names(task: str, count: int) -> list[str]:
    """Return the names of so many positional arguments; "" for those that nobody here knows."""
    parameters = _parameters_of(task)
    return [parameters.name_of(index).replace(UNNAMED, "") for index in range(count)]


def check_redact(name: str, func: Callable[..., Any], paths: Sequence[str]) -> None:
    """Refuse paths that begin with no parameter of a task's function.

    Raises:
        ImproperlyConfigured: with the reason.
    """
    parameters = inspect.signature(func).parameters
    for path in paths:
        if not isinstance(path, str) or not all(path.split(".")):
            raise ImproperlyConfigured(
                f"Task {name}: redact={path!r} must be the name of a parameter, or a path into it"
                " such as 'order.card'."
            )
        first = path.partition(".")[0]
        takes_any = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
        if first not in parameters and not takes_any:
            raise ImproperlyConfigured(
                f"Task {name}: redact={path!r}: {unknown('parameter', first, parameters)}"
            )


def _parameters_of(task: str) -> Parameters:
    try:
        found = find_task(task)
    except TaskNotFound:
        return Parameters()
    return _parameters(found.func, found.takes_context, tuple(getattr(found, "redact", ())))


@cache
def _parameters(
    func: Callable[..., Any], takes_context: bool, hidden: tuple[str, ...]
) -> Parameters:
    known = list(inspect.signature(func).parameters.values())[int(takes_context) :]
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return Parameters(
        names=tuple(one.name for one in known if one.kind in by_position),
        rest=next((one.name for one in known if one.kind is one.VAR_POSITIONAL), UNNAMED),
        hidden=hidden,
    )


def _masked_at(tree: Any, path: Sequence[str]) -> Any:
    """Mask what stands at a path, in every item of a list on its way."""
    if not path:
        return MASK
    match tree:
        case {"$dict": dict() as inner} if len(tree) == 1:
            return {"$dict": _masked_at(inner, path)}
        case dict() if path[0] in tree:
            return {**tree, path[0]: _masked_at(tree[path[0]], path[1:])}
        case list():
            return [_masked_at(item, path) for item in tree]
    return tree


def _plain(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")


def _text(tree: Any) -> str:
    """Return JSON as `arguments` writes it; where it holds lone surrogates, with these escaped."""
    text = json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(tree, separators=(",", ":"))
    return text
