"""The options `fair_by` and `fair_weight`, and the turns of jobs that follow from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

from django_jobs.jobs.records import Turn
from django_jobs.relations.named_values import check_by
from django_jobs.tasks.key_maker import KeyMaker
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
        where = f"Task {task.func.__qualname__}: fair_by"
        self._keys = KeyMaker(task, where, task.fair_by, words)
        self._weight = task.fair_weight

    def turn_of(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], arguments: str
    ) -> Turn | None:
        """Return the turn of a call, None if its key is None.

        Args:
            arguments: the same as JSON text.

        Raises:
            UnserializableArgument: a value cannot be a part of a key, or there is none.
            TypeError: an argument is missing.
        """
        key = self._keys.key_of(args, kwargs, arguments)
        return Turn(key, self._weight) if key else None
