"""`jobs periodic`: the tasks that run on a schedule, with the switch of each."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from typing import Any

from django.core.management.base import CommandError
from django.utils.timezone import get_default_timezone

from django_jobs.backends.base import JobBackend
from django_jobs.clock import from_ms, now_ms, to_ms
from django_jobs.due import PeriodicTask
from django_jobs.periodic import registered
from django_jobs.registry import import_task_modules
from django_jobs.suggest import unknown

from .base import BackendSubcommand
from .console import Console
from .shapes import moment
from .target import job_backend
from .wording import instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticks:
    """A periodic task with its ticks around now, in Unix milliseconds."""

    periodic: PeriodicTask
    last: int | None
    next: int
    off_since: int | None

    @property
    def timezone(self) -> str:
        return str(self.periodic.timezone or get_default_timezone())


class Periodic(BackendSubcommand):
    name = "periodic"
    help = "Lists the periodic tasks with their ticks, or switches one of them off or on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        either = parser.add_mutually_exclusive_group()
        add = either.add_argument
        add("--off", metavar="NAME", help="let its ticks pass without a job from now on")
        add("--on", metavar="NAME", help="let it run again, from its next tick")

    def find_backend(self, alias: str) -> JobBackend[Any]:
        """The tasks are known without any job."""
        return job_backend(alias)

    def act(self, backend: JobBackend[Any], console: Console, options: Namespace) -> None:
        import_task_modules()
        if options.off or options.on:
            _switch(backend, console, options)
            return
        listed = _all_ticks(backend)
        if options.json:
            console.show_json([_shape(one) for one in listed])
        elif listed:
            console.show_table(
                ("Name", "Line", "Time zone", "Last tick", "Next tick", "State"),
                [
                    (
                        one.periodic.name,
                        one.periodic.line,
                        one.timezone,
                        instant(one.last),
                        instant(one.next),
                        "on" if one.off_since is None else "off",
                    )
                    for one in listed
                ],
            )
        else:
            console.say(f"No periodic task is declared for TASKS[{backend.alias!r}].")
        if listed and not backend.persistent:
            console.note(
                f"They do not run: TASKS[{backend.alias!r}] is {type(backend).__name__}, and"
                " periodic tasks need a persistent backend. Set JOB_BACKEND=redis."
            )


def _all_ticks(backend: JobBackend[Any]) -> list[Ticks]:
    claimed, off = backend.broker.ticks(), backend.broker.inspection.switched_off()
    now = from_ms(now_ms())
    return [
        Ticks(
            periodic=periodic,
            last=claimed.get(periodic.name),
            next=to_ms(periodic.schedule.next(now)),
            off_since=off.get(periodic.name),
        )
        for periodic in registered(backend.alias)
    ]


def _switch(backend: JobBackend[Any], console: Console, options: Namespace) -> None:
    name: str = options.off or options.on
    names = [periodic.name for periodic in registered(backend.alias)]
    if name not in names:
        raise CommandError(unknown("periodic task", name, names))
    if not backend.persistent:
        raise CommandError(
            f"TASKS[{backend.alias!r}] is {type(backend).__name__}, where periodic tasks do not run"
            " in any case. Set JOB_BACKEND=redis."
        )
    inspection = backend.broker.inspection
    change = inspection.switch_off if options.off else inspection.switch_on
    change(name)
    if options.json:
        console.show_json({"name": name, "off": bool(options.off)})
    elif options.off:
        console.say(f"{name} is off: its ticks pass without a job until --on.")
    else:
        console.say(f"{name} is on, and runs at its next tick.")


def _shape(one: Ticks) -> dict[str, Any]:
    return {
        "name": one.periodic.name,
        "task": one.periodic.task.module_path,
        "line": one.periodic.line,
        "timezone": one.timezone,
        "catch_up": one.periodic.catch_up,
        "last": moment(one.last),
        "next": moment(one.next),
        "off_since": moment(one.off_since),
    }
