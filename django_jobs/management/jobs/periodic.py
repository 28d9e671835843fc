"""`jobs periodic`: the tasks that run on a schedule, with their last and next ticks."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.timezone import get_default_timezone

from django_jobs.backends.base import JobBackend
from django_jobs.clock import from_ms, now_ms, to_ms
from django_jobs.due import PeriodicTask
from django_jobs.periodic import discover, registered

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

    @property
    def timezone(self) -> str:
        return str(self.periodic.timezone or get_default_timezone())


class Periodic(BackendSubcommand):
    name = "periodic"
    help = "Lists the periodic tasks with their last and next ticks."

    def find_backend(self, alias: str) -> JobBackend[Any]:
        """The tasks are known without any job."""
        return job_backend(alias)

    def act(self, backend: JobBackend[Any], console: Console, options: Namespace) -> None:
        discover()
        claimed = backend.broker.ticks()
        listed = [_ticks(periodic, claimed) for periodic in registered(backend.alias)]
        if options.json:
            console.show_json([_shape(one) for one in listed])
        elif listed:
            console.show_table(
                ("Name", "Line", "Time zone", "Last tick", "Next tick"),
                [
                    (
                        one.periodic.name,
                        one.periodic.line,
                        one.timezone,
                        instant(one.last),
                        instant(one.next),
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


def _ticks(periodic: PeriodicTask, claimed: Mapping[str, int]) -> Ticks:
    following = periodic.schedule.next(from_ms(now_ms()))
    return Ticks(periodic=periodic, last=claimed.get(periodic.name), next=to_ms(following))


def _shape(one: Ticks) -> dict[str, Any]:
    return {
        "name": one.periodic.name,
        "task": one.periodic.task.module_path,
        "line": one.periodic.line,
        "timezone": one.timezone,
        "catch_up": one.periodic.catch_up,
        "last": moment(one.last),
        "next": moment(one.next),
    }
