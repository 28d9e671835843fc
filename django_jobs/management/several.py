"""Several worker processes: this process as their parent, as their template, or as one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from django.core.management.base import CommandError

from django_jobs.backends.per_process import close_all
from django_jobs.conf.probe_address import ProbeAddress
from django_jobs.management.probe import cannot_listen
from django_jobs.tasks.registry import import_task_modules
from django_jobs.worker.options import WorkerOptions
from django_jobs.worker.process.before_fork import prepare_to_fork
from django_jobs.worker.process.channel import Channel
from django_jobs.worker.process.crew import CrewOptions
from django_jobs.worker.process.exit_code import ExitCode
from django_jobs.worker.process.forking import fork_workers
from django_jobs.worker.process.inheritance import Inheritance, OtherProtocol, Program, Role
from django_jobs.worker.process.launcher import Launcher
from django_jobs.worker.process.spawner import Spawner
from django_jobs.worker.process.supervisor import Parent
from django_jobs.worker.process.template import Template, fork_template


def run_several(
    options: Sequence[WorkerOptions], count: int, *, preload: bool, probe: ProbeAddress | None
) -> ExitCode | Channel:
    """Run worker processes under this one.

    Args:
        options: of the workers that each process has.
        preload: whether they are forked from a copy of this process.
        probe: where this process answers probes for all of them, if it does.

    Returns:
        How they ended; and in each process forked for a worker, its channel to the parent.

    Raises:
        CommandError: the port for probes is not free.
    """
    program = Program.of_this_process()
    if preload:
        load_site()
        first: Launcher | Channel = fork_template()
        load: Callable[[], Launcher] = partial(Template.started, program)
    else:
        first, load = Spawner(program), partial(Spawner, program)
    if isinstance(first, Channel):
        return first
    crew = CrewOptions(
        count=count,
        replace=not any(each.burst for each in options),
        shutdown_timeout=max(each.shutdown_timeout for each in options),
    )
    try:
        parent = Parent(first, load, crew, probe)
    except OSError as error:
        first.close()
        raise cannot_listen(probe, error) from error
    return parent.run()


def channel_to_parent() -> Channel | None:
    """Return the channel of a worker process to its parent, or None in a process without one.

    A process that was started as a template forks workers here, and it returns in each of them.

    Raises:
        CommandError: the parent runs another version of django_jobs.
    """
    try:
        inheritance = Inheritance.take()
    except OtherProtocol:
        raise CommandError(
            "The parent of the worker processes runs another version of django_jobs, which they do"
            " not understand. Restart it instead of reloading it."
        ) from None
    if inheritance is None:
        return None
    if inheritance.role is Role.WORKER:
        return Channel(inheritance.end)
    load_site()
    return fork_workers(inheritance.end)


def load_site() -> None:
    """Load what all worker processes need, and close what they must not share.

    Raises:
        Exception: whatever a module of tasks raises as it is imported.
    """
    import_task_modules()
    close_all()
    prepare_to_fork()
