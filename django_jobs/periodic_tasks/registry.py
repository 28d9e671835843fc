"""The `@periodic` decorator, and the registry of periodic tasks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import tzinfo
from typing import Any, TypeVar

from django_jobs.compat import InvalidTask, Task
from django_jobs.errors import InvalidSchedule
from django_jobs.periodic_tasks.cron import CronSchedule, parse_zone
from django_jobs.periodic_tasks.due import PeriodicTask
from django_jobs.relations.call_keys import key_of
from django_jobs.relations.named_values import check_takes_none, values_of
from django_jobs.relations.unique import lock_of
from django_jobs.validation.validators import short_repr

AnyTask = TypeVar("AnyTask", bound="Task[..., Any]")

_registry: dict[str, PeriodicTask] = {}


def periodic(
    line: str,
    *,
    timezone: str | tzinfo | None = None,
    catch_up: bool = True,
    name: str | None = None,
) -> Callable[[AnyTask], AnyTask]:
    """Run a task on a schedule. Write it above `@task`; it returns the task unchanged.

    A task may have several schedules, each with a `name`. The workers of the task's backend run it
    without arguments, if the backend is persistent.

    Args:
        line: a cron line of five fields, or six with the seconds last, or an alias such as @daily.
            `H` in a field is a number that differs between tasks, but is fixed for each.
        timezone: the time zone of the line, by default the setting `TIME_ZONE`.
        catch_up: whether to run the task once for all the ticks that were missed while no worker
            ran; if False, they are skipped.
        name: the name under which its ticks are stored, by default the task's dotted path. Keep
            the name when you rename or move the task, and its ticks are kept.

    Raises:
        InvalidSchedule: the line or the zone cannot be used.
        InvalidTask: the task, its `fair_by` or its `unique` cannot do without arguments, or the
            name is taken.
        TypeError: the decorator is not above `@task`, or `catch_up` is not a bool.
    """
    if not isinstance(line, str):
        raise TypeError(
            f"@periodic was given {short_repr(line)} as its line: write"
            " @periodic('0 8 * * *') above @task."
        )

    if not isinstance(catch_up, bool):
        raise TypeError(f"@periodic was given catch_up={catch_up!r}: give True or False.")

    def register(task: AnyTask) -> AnyTask:
        if not isinstance(task, Task):
            raise TypeError(
                f"@periodic was given {short_repr(task)}, which is not a task: write @periodic"
                " above @task."
            )
        zone = _check(task, line, timezone)
        _add(
            PeriodicTask(
                name=name or task.module_path,
                task=task,
                line=line,
                timezone=zone,
                catch_up=catch_up,
            )
        )
        return task

    return register


def registered_tasks(backend: str | None = None) -> tuple[PeriodicTask, ...]:
    """Return the periodic tasks of all backends, or of one alias in `TASKS`, sorted by name."""
    return tuple(
        periodic
        for _, periodic in sorted(_registry.items())
        if backend in {None, periodic.task.backend}
    )


@contextmanager
def isolated_registry() -> Iterator[None]:
    """Start with an empty registry, and restore the old one at the end; for tests."""
    before = dict(_registry)
    _registry.clear()
    try:
        yield
    finally:
        _registry.clear()
        _registry.update(before)


def _check(task: Task[..., Any], line: str, timezone: str | tzinfo | None) -> tzinfo | None:
    """Refuse a schedule that would fail at its first tick; return the zone."""
    required = _required_arguments(task)
    if required:
        raise InvalidTask(
            f"The periodic task {task.module_path!r} is run without arguments, but requires"
            f" {', '.join(required)}: give each parameter a default."
        )
    _check_keys(task)
    _check_lock(task)
    try:
        zone = None if timezone is None else parse_zone(timezone)
        CronSchedule.parse(line, zone or "UTC")
    except InvalidSchedule as error:
        raise InvalidSchedule(f"The periodic task {task.module_path!r}: {error}") from error
    return zone


def _check_keys(task: Task[..., Any]) -> None:
    """Refuse a task whose fair key cannot be told without arguments."""
    by = getattr(task, "fair_by", None)
    if by is None:
        return
    where = f"The periodic task {task.module_path!r} is run without arguments; fair_by"
    try:
        if callable(by):  # it is not called yet, as it may need the database
            check_takes_none(where, by)
        else:
            key_of(where, values_of(where, by, task.func, (), {}, has_context=task.takes_context))
    except TypeError as error:
        raise InvalidTask(str(error)) from error


def _check_lock(task: Task[..., Any]) -> None:
    """Refuse a unique task whose defaults cannot be compared."""
    unique = getattr(task, "unique", None)
    if unique is None:
        return
    where = f"The periodic task {task.module_path!r} is run without arguments"
    try:
        if callable(unique.by):  # it is not called yet, as it may need the database
            check_takes_none("Unique.by", unique.by)
        else:
            lock_of(unique, task, (), {}, after_commit=False)
    except TypeError as error:
        raise InvalidTask(f"{where}: {error}") from error


def _required_arguments(task: Task[..., Any]) -> list[str]:
    parameters = list(inspect.signature(task.func).parameters.values())
    if task.takes_context:
        del parameters[0]
    return [
        each.name
        for each in parameters
        if each.default is each.empty and each.kind not in {each.VAR_POSITIONAL, each.VAR_KEYWORD}
    ]


def _add(periodic: PeriodicTask) -> None:
    known = _registry.get(periodic.name)
    if known is not None and known != periodic and not _is_reloaded(known, periodic):
        raise InvalidTask(
            f"Two periodic tasks are called {periodic.name!r}, {known.task.module_path} at"
            f" {known.line!r} as well as {periodic.task.module_path} at {periodic.line!r}:"
            " give one of them another @periodic(…, name=…)."
        )
    _registry[periodic.name] = periodic


def _is_reloaded(known: PeriodicTask, periodic: PeriodicTask) -> bool:
    """Return whether the task's module was reloaded, in contrast to a second schedule of a task."""
    old, new = known.task, periodic.task
    return old.module_path == new.module_path and old.func is not new.func
