"""The options `fair_by` and `fair_weight`, and the turns of jobs that follow from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

from django_jobs.jobs.records import Turn
from django_jobs.relations.call_keys import hashed, key_of
from django_jobs.relations.named_values import check_by, paths_of, values_of
from django_jobs.tasks.redaction.names import SecretNames
from django_jobs.tasks.redaction.redactor import Redactor
from django_jobs.validation.ranges import FAIR_WEIGHT
from django_jobs.validation.validators import short_repr

if TYPE_CHECKING:
    from django_jobs.tasks.definition import AnyJobTask


def check_fairness(
    name: str, func: Callable[..., Any], by: object, weight: object, has_context: bool
) -> None:
    """Refuse options of fair turns that do not fit their task.

    Raises:
        ImproperlyConfigured: the message has the reason.
    """
    try:
        FAIR_WEIGHT(weight)
    except ValueError:
        raise ImproperlyConfigured(
            f"Task {name}: fair_weight={short_repr(weight)}: give {FAIR_WEIGHT}."
        ) from None
    if by is not None:
        check_by(f"Task {name}: fair_by", by, func, has_context=has_context)
    elif weight != 1:
        raise ImproperlyConfigured(
            f"Task {name}: fair_weight={weight} needs fair_by: say @task(fair_by=…) by which its"
            " jobs take turns."
        )


class TurnMaker:
    """Makes the turns of the calls of one task with `fair_by`.

    Args:
        words: parts of names of secrets.
    """

    def __init__(self, task: AnyJobTask, words: tuple[str, ...]) -> None:
        assert task.fair_by is not None
        self._task = task
        self._by = task.fair_by
        self._where = f"Task {task.func.__qualname__}: fair_by"
        self._redactor = Redactor(words)
        self._is_secret = _names_secret(paths_of(self._by), task.redact, words)

    def turn_of(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], arguments: str
    ) -> Turn | None:
        """Return the turn of a call, None if its key is None.

        Keys stand in pages and in the store, so one with something secret in it is hashed.

        Args:
            arguments: the same as JSON text.

        Raises:
            UnserializableArgument: a value cannot be a part of a key, or there is none.
            TypeError: an argument is missing.
        """
        task = self._task
        values = values_of(
            *(self._where, self._by, task.func, args, kwargs), has_context=task.takes_context
        )
        key = key_of(self._where, values)
        if key and (self._is_secret or self._tells_secret(key, arguments)):
            key = hashed(key)
        return Turn(key, task.fair_weight) if key else None

    def _tells_secret(self, key: str, arguments: str) -> bool:
        if callable(self._by):  # nobody knows of which arguments it makes the key
            return self._redactor.hides_in_call(key, self._task.module_path, arguments)
        return self._redactor.text(key) != key


@cache
def _names_secret(
    paths: tuple[str, ...], redacted: tuple[str, ...], words: tuple[str, ...]
) -> bool:
    """Return whether the value at a path is hidden: by its name, or as a part of what is."""
    return any(_is_secret(path, redacted, SecretNames(words)) for path in paths)


def _is_secret(path: str, redacted: tuple[str, ...], names: SecretNames) -> bool:
    parts = path.split(".")
    steps = {".".join(parts[: length + 1]) for length in range(len(parts))}
    within = any(hidden.startswith(f"{path}.") for hidden in redacted)
    return within or not steps.isdisjoint(redacted) or any(map(names.has, parts))
