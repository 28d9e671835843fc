"""`jobs periodic`: list periodic tasks, and switch them off and on."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from typing import Any

from django.core.management.base import CommandError
from django.utils.timezone import get_default_timezone

from django_jobs.backends.base import JobBackend
from django_jobs.clock import from_ms, now_ms, to_ms
from django_jobs.management.formatting import format_time
from django_jobs.management.target import job_backend
from django_jobs.periodic_tasks.due import PeriodicTask
from django_jobs.periodic_tasks.registry import registered_tasks
from django_jobs.suggest import unknown_name
from django_jobs.tasks.registry import import_task_modules

from .base import USAGE_ERROR, ViewSubcommand
from .console import Console
from .json_output import iso_time


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicStatus:
    """A periodic task with its last and next tick, in Unix milliseconds."""

    periodic: PeriodicTask
    last: int | None
    next: int
    off_since: int | None

    @property
    def timezone(self) -> str:
        return str(self.periodic.timezone or get_default_timezone())


class Periodic(ViewSubcommand):
    name = "periodic"
    help = "Lists the periodic tasks with their ticks, or switches one of them off or on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        either = parser.add_mutually_exclusive_group()
        add = either.add_argument
        add("--off", metavar="NAME", help="Switch this task off: its ticks pass without a job.")
        add("--on", metavar="NAME", help="Switch this task on again, from its next tick.")

    def find_backend(self, alias: str) -> JobBackend:
        """Accept any backend of ours: periodic tasks are known without looking at jobs."""
        return job_backend(alias)

    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        import_task_modules()
        if options.off or options.on:
            if options.watch:
                raise CommandError(
                    "--watch shows the list: leave out --off and --on.", returncode=USAGE_ERROR
                )
            _switch(backend, console, options)
            return
        listed = _list_periodic(backend)
        if options.json:
            console.show_json([_periodic_json(one) for one in listed])
        elif listed:
            console.show_table(
                ("Name", "Schedule", "Time zone", "Last tick", "Next tick", "State"),
                [
                    (
                        one.periodic.name,
                        one.periodic.line,
                        one.timezone,
                        format_time(one.last),
                        format_time(one.next),
                        "on" if one.off_since is None else "off",
                    )
                    for one in listed
                ],
            )
        else:
            console.info(f"No periodic tasks are declared for TASKS[{backend.alias!r}].")
        if listed and not backend.persistent:
            console.warn(
                f"These tasks do not run: TASKS[{backend.alias!r}] is {type(backend).__name__}, and"
                " periodic tasks need a persistent backend. Set JOB_BACKEND=redis."
            )


def _list_periodic(backend: JobBackend) -> list[PeriodicStatus]:
    claimed, off = backend.broker.ticks(), backend.broker.inspection.switched_off()
    now = from_ms(now_ms())
    return [
        PeriodicStatus(
            periodic=periodic,
            last=claimed.get(periodic.name),
            next=to_ms(periodic.schedule.next(now)),
            off_since=off.get(periodic.name),
        )
        for periodic in registered_tasks(backend.alias)
    ]


def _switch(backend: JobBackend, console: Console, options: Namespace) -> None:
    name: str = options.off or options.on
    names = [periodic.name for periodic in registered_tasks(backend.alias)]
    if name not in names:
        raise CommandError(unknown_name("periodic task", name, names))
    if not backend.persistent:
        raise CommandError(
            f"TASKS[{backend.alias!r}] is {type(backend).__name__}, which runs no periodic tasks."
            " Set JOB_BACKEND=redis."
        )
    inspection = backend.broker.inspection
    change = inspection.switch_off if options.off else inspection.switch_on
    change(name)
    if options.json:
        console.show_json({"name": name, "off": bool(options.off)})
    elif options.off:
        console.info(
            f"{name} is off: its ticks pass without a job until you switch it on with --on."
        )
    else:
        console.info(f"{name} is on and runs at its next tick.")


def _periodic_json(one: PeriodicStatus) -> dict[str, Any]:
    return {
        "name": one.periodic.name,
        "task": one.periodic.task.module_path,
        "line": one.periodic.line,
        "timezone": one.timezone,
        "catch_up": one.periodic.catch_up,
        "last": iso_time(one.last),
        "next": iso_time(one.next),
        "off_since": iso_time(one.off_since),
    }
