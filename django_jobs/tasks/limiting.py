"""The limits of jobs that follow from the option `limits` of their task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django_jobs.jobs.limits import JobLimit
from django_jobs.relations.limits import DECLARED_AT, AnyLimit, name_of, where_of
from django_jobs.tasks.key_maker import KeyMaker

if TYPE_CHECKING:
    from django_jobs.tasks.definition import AnyJobTask


class LimitMaker:
    """Makes the limits of the calls of one task.

    Args:
        words: parts of names of secrets.
    """

    def __init__(self, task: AnyJobTask, words: tuple[str, ...]) -> None:
        self._limits = [_declared(task, limit, words) for limit in task.limits]

    def limits_of(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], arguments: str
    ) -> tuple[JobLimit, ...]:
        """Return what limits a call: not the limits whose key is None.

        Args:
            arguments: the same as JSON text.

        Raises:
            UnserializableArgument: a value cannot be a part of a key, or there is none.
            TypeError: an argument is missing.
        """
        found = []
        for limit, maker in self._limits:
            if maker is None:
                found.append(limit)
            elif (value := maker.key_of(args, kwargs, arguments)) is not None:
                found.append(limit._replace(value=value))
        return tuple(found)


def _declared(
    task: AnyJobTask, limit: AnyLimit, words: tuple[str, ...]
) -> tuple[JobLimit, KeyMaker | None]:
    """Return a limit without a value, and what makes the values, if it has some."""
    name = name_of(limit, task.module_path)
    declared = JobLimit(name, limit.n, limit.per_ms, declared_at=DECLARED_AT)
    if limit.by is None:
        return declared, None
    return declared, KeyMaker(task, where_of(task.func.__qualname__, limit), limit.by, words)
