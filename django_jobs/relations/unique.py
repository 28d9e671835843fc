"""Unique jobs: the option of a task, and the digest of a call by which two jobs are the same."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from hashlib import blake2b
from typing import Any, Literal

from django.core.exceptions import ImproperlyConfigured

from django_jobs.compat import AnyTask
from django_jobs.errors import UnserializableArgument
from django_jobs.jobs.records import Lock, OnConflict, Until
from django_jobs.relations.named_values import (
    By,
    check_by,
    check_form,
    paths_of,
    tidy_by,
    values_of,
)
from django_jobs.serialization.arguments import dump_arguments
from django_jobs.serialization.types import ESCAPED_DICT, MODEL
from django_jobs.validation.ranges import KEEP_FOR
from django_jobs.validation.validators import short_repr

DIGEST_BYTES = 16
"""Of so many bytes no two that differ are ever seen to be equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unique:
    """At most one unfinished job of a task for the same arguments.

    Attributes:
        by: which values are compared: the name of a parameter, a path into one such as
            "order.customer", several, or a function of the arguments; None for all arguments, and
            an empty list for one job of the task whatever its arguments.
        until: "end" for the end of the job, or "start" for the start of its first attempt.
        keep_for: seconds after a success during which no other job is stored, or None for none.
        on_conflict: "return" for the result of the job that is there, "raise" for a `DuplicateJob`,
            or "replace" for new arguments and a new time of that job. If that one runs, one job
            with the newest arguments waits for its end.

    Raises:
        ImproperlyConfigured: a value is not valid.
    """

    by: By | None = None
    until: Literal["end", "start"] = "end"
    keep_for: float | timedelta | None = None
    on_conflict: Literal["return", "raise", "replace"] = "return"

    def __post_init__(self) -> None:
        by = tidy_by(self.by)
        if by not in (None, ()):
            check_form("Unique.by", by)
        object.__setattr__(self, "by", _in_one_order(by))
        _check_choice("until", self.until, Until)
        _check_choice("on_conflict", self.on_conflict, OnConflict)
        if self.keep_for is None:
            return
        try:
            KEEP_FOR(self.keep_for)
        except ValueError:
            raise ImproperlyConfigured(
                f"Unique(keep_for={short_repr(self.keep_for)}): give {KEEP_FOR}, or None to free"
                " the lock as soon as the job has succeeded."
            ) from None
        self._check_kept()

    def _check_kept(self) -> None:
        """Refuse what cannot be kept after a success."""
        if Until(self.until) is Until.START:
            raise ImproperlyConfigured(
                "Unique(until='start', keep_for=…): a lock that ends at the start cannot be kept"
                " after a success. Leave one of them out."
            )
        if OnConflict(self.on_conflict) is OnConflict.REPLACE:
            raise ImproperlyConfigured(
                "Unique(on_conflict='replace', keep_for=…): a job that has succeeded cannot be"
                " replaced. Leave one of them out."
            )

    @property
    def keep_for_ms(self) -> int:
        """Milliseconds for which the lock is kept after a success."""
        return 0 if self.keep_for is None else round(KEEP_FOR(self.keep_for) * 1000)


def check_unique(name: str, func: Callable[..., Any], unique: object, *, has_context: bool) -> None:
    """Refuse a `unique` that does not fit its task.

    Args:
        name: of the task, for messages.
        has_context: whether the first parameter of the function is the job's context.

    Raises:
        ImproperlyConfigured: the message has the reason.
    """
    if unique is None:
        return
    if not isinstance(unique, Unique):
        raise ImproperlyConfigured(
            f"Task {name}: unique={short_repr(unique)} must be a django_jobs.Unique, such as"
            " Unique(by=['customer_id'])."
        )
    if unique.by:
        check_by(f"Task {name}: Unique.by", unique.by, func, has_context=has_context)


def lock_of(
    unique: Unique,
    task: AnyTask,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    after_commit: bool,
) -> Lock:
    """Return the lock of one call of a unique task.

    Args:
        after_commit: whether the job is pushed after the caller has gone on.

    Raises:
        TypeError: the arguments do not fit the function.
        UnserializableArgument: a value, or a default, cannot be written as JSON, or a path leads to
            nothing.
    """
    return Lock(
        digest=_digest(task.module_path, _compared(unique, task, args, kwargs)),
        until=Until(unique.until),
        keep_for=unique.keep_for_ms,
        on_conflict=OnConflict(unique.on_conflict),
        after_commit=after_commit,
    )


def _compared(
    unique: Unique, task: AnyTask, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values by which a call is compared with others, by what names them."""
    try:
        bound = _signature(task.func, task.takes_context).bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{task.module_path}: {error}.") from error
    if unique.by is None:
        bound.apply_defaults()
        return bound.arguments
    where = f"Task {task.module_path}: Unique.by"
    values = values_of(where, unique.by, task.func, args, kwargs, has_context=task.takes_context)
    return dict(zip(paths_of(unique.by) or map(str, range(len(values))), values, strict=True))


def _digest(task: str, values: Mapping[str, Any]) -> str:
    """Return the digest of values; 1, 1.0 and True are three of them."""
    try:
        tree = json.loads(dump_arguments((), values))
    except UnserializableArgument as error:
        raise UnserializableArgument(f"Unique compares the arguments of {task}: {error}") from error
    text = json.dumps([task, _without_databases(tree)], sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()


def _without_databases(tree: Any) -> Any:
    """Return a tree whose model instances are the same from whatever database they were read."""
    if isinstance(tree, list):
        return [_without_databases(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.keys() == {MODEL}:
        return {MODEL: tree[MODEL][:2]}
    if tree.keys() == {ESCAPED_DICT}:  # its one key looks like a tag, and is none
        return {ESCAPED_DICT: _members_without_databases(tree[ESCAPED_DICT])}
    return _members_without_databases(tree)


def _members_without_databases(members: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _without_databases(value) for key, value in members.items()}


@cache
def _signature(func: Callable[..., Any], has_context: bool) -> inspect.Signature:
    """Return the signature of a task as its callers see it."""
    signature = inspect.signature(func)
    parameters = list(signature.parameters.values())[int(has_context) :]
    return signature.replace(parameters=parameters)


def _in_one_order(by: By | None) -> By | None:
    """Return a `by` that is equal to all others that compare the same values."""
    return by if by is None or callable(by) else tuple(sorted(set(paths_of(by))))


def _check_choice(option: str, value: object, choices: type[Until] | type[OnConflict]) -> None:
    known = [one.value for one in choices]
    if value not in known:
        raise ImproperlyConfigured(
            f"Unique({option}={short_repr(value)}): give {' or '.join(map(repr, known))}."
        )
