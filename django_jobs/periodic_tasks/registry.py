"""The register of the tasks that run on a schedule."""

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

AnyTask = TypeVar("AnyTask", bound="Task[..., Any]")

_registry: dict[str, PeriodicTask] = {}


def periodic(
    line: str,
    *,
    timezone: str | tzinfo | None = None,
    catch_up: bool = True,
    name: str | None = None,
) -> Callable[[AnyTask], AnyTask]:
    """Run a task on a schedule; written above `@task`, it returns the task as it is.

    Several on one task, each with a `name`, are several schedules. The task is run without
    arguments, by the workers of its backend, if that is a persistent one.

    Args:
        line: a cron line of five fields, or six with the seconds last, or an alias such as @daily.
            `H` in a field is a number that differs between tasks and stays the same for each.
        timezone: the zone whose clocks the line means, by default the setting `TIME_ZONE`.
        catch_up: whether ticks that were missed while no worker ran are made up, by one run for
            all of them together; if not, they are skipped.
        name: what its ticks are remembered by, by default the task's dotted path. Who renames or
            moves a task keeps its ticks by keeping the name.

    Raises:
        InvalidSchedule: the line or the zone cannot be used.
        InvalidTask: the task cannot be run without arguments, or the name is taken.
        TypeError: the decorator does not stand above `@task`, or `catch_up` is no bool.
    """
    if not isinstance(line, str):
        raise TypeError(
            f"@periodic was given {line!r} as its line: write @periodic('0 8 * * *') above @task."
        )

    if not isinstance(catch_up, bool):
        raise TypeError(f"@periodic was given catch_up={catch_up!r}: give True or False.")

    def register(task: AnyTask) -> AnyTask:
        if not isinstance(task, Task):
            raise TypeError(
                f"@periodic was given {task!r}, which is no task: write @periodic above @task."
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
    """Return the periodic tasks by name, of all backends or of one alias in `TASKS`."""
    return tuple(
        periodic
        for _, periodic in sorted(_registry.items())
        if backend in {None, periodic.task.backend}
    )


@contextmanager
def isolated_registry() -> Iterator[None]:
    """Start with no periodic tasks, and forget at the end what was registered: for tests."""
    before = dict(_registry)
    _registry.clear()
    try:
        yield
    finally:
        _registry.clear()
        _registry.update(before)


def _check(task: Task[..., Any], line: str, timezone: str | tzinfo | None) -> tzinfo | None:
    """Refuse what would fail at the first tick only; return the zone."""
    required = _required_arguments(task)
    if required:
        raise InvalidTask(
            f"The periodic task {task.module_path!r} is run without arguments, but needs"
            f" {', '.join(required)}: give defaults to them."
        )
    try:
        zone = None if timezone is None else parse_zone(timezone)
        CronSchedule.parse(line, zone or "UTC")
    except InvalidSchedule as error:
        raise InvalidSchedule(f"The periodic task {task.module_path!r}: {error}") from error
    return zone


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
    """Tell a module that was imported anew from a second schedule of the same task."""
    old, new = known.task, periodic.task
    return old.module_path == new.module_path and old.func is not new.func
