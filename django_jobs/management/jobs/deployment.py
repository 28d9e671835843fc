"""`jobs systemd`, `jobs procfile`, `jobs compose`, `jobs kubernetes`: print deployment files."""

from __future__ import annotations

from abc import abstractmethod
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from pathlib import Path

from django.core.management.base import CommandError

from django_jobs.backends.configured import our_backend
from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS
from django_jobs.conf.options import BackendOptions
from django_jobs.conf.queues import QueueWeight, parse_queue
from django_jobs.conf.redis_options import RedisOptions
from django_jobs.management.arguments import checked, option
from django_jobs.management.deployment.containers import compose_files, kubernetes_files
from django_jobs.management.deployment.placing import write_all
from django_jobs.management.deployment.plan import DeploymentFile, Plan
from django_jobs.management.deployment.procfile import procfile_files
from django_jobs.management.deployment.project import check_texts, this_project, worker_arguments
from django_jobs.management.deployment.systemd import systemd_files
from django_jobs.management.deployment.web_server import find_web_server
from django_jobs.management.target import configured_backend

from .base import Subcommand
from .console import Console


class DeploymentSubcommand(Subcommand):
    """A subcommand that prints deployment files for this project."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--write", action="store_true", help="Write where it belongs. Overwrites nothing.")
        add("--directory", type=Path, metavar="PATH", help="Write to this folder instead.")
        add("--name", metavar="NAME", help="Name of the site. Defaults to that of its package.")
        add(
            *("-q", "--queue"),
            action="append",
            type=checked(parse_queue),
            metavar="NAME[:WEIGHT]",
            dest="queues",
            default=[],
            help="Let the worker serve this queue only. May be repeated.",
        )
        add(
            "--processes",
            type=option("processes", int),
            metavar="N",
            help="Worker processes under one parent. Defaults to the settings.",
        )
        add(
            "--backend",
            default=DEFAULT_TASK_BACKEND_ALIAS,
            metavar="ALIAS",
            help="Alias in TASKS. Defaults to %(default)r.",
        )
        add(
            "--web",
            metavar="COMMAND",
            help="Command of the web server; '' for none. Defaults to one that is installed.",
        )
        add("--asgi", action="store_true", help="Serve with ASGI. Defaults to the settings.")

    def run(self, console: Console, options: Namespace) -> None:
        plan = make_plan(options)
        files = list(self.files(plan, options.directory and options.directory.absolute()))
        if options.write:
            for line in write_all(files):
                console.info(line)
        else:
            console.out.write("\n".join(file.text for file in files), ending="")
        if options.web is None and plan.web is None:
            console.warn(
                "No web server for this site is installed in this environment, so it is left out:"
                " install one, such as gunicorn, or give its command with --web."
            )

    @abstractmethod
    def files(self, plan: Plan, folder: Path | None) -> Iterable[DeploymentFile]:
        """Return the files.

        Args:
            folder: instead of where they belong.
        """


class Systemd(DeploymentSubcommand):
    name = "systemd"
    help = "Prints units of systemd for the web server and a worker of this project."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add = parser.add_argument
        add("--user", metavar="NAME", help="User that runs it. Defaults to the project's owner.")
        add(
            "--env-file",
            type=Path,
            metavar="PATH",
            help="File with secrets and addresses. Defaults to /etc/NAME.env.",
        )

    def files(self, plan: Plan, folder: Path | None) -> Iterable[DeploymentFile]:
        return systemd_files(plan, folder)


class Procfile(DeploymentSubcommand):
    name = "procfile"
    help = "Prints a Procfile for this project."

    def files(self, plan: Plan, folder: Path | None) -> Iterable[DeploymentFile]:
        return procfile_files(plan, folder)


class ContainerSubcommand(DeploymentSubcommand):
    """A subcommand that prints files for containers."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add = parser.add_argument
        add("--image", metavar="NAME", help="Name of the image. Defaults to that of the site.")
        add(
            "--env-file",
            type=Path,
            metavar="PATH",
            help="File with secrets and addresses. Defaults to .env.",
        )


class Compose(ContainerSubcommand):
    name = "compose"
    help = "Prints a Compose file for this project, and a Dockerfile if it has none."

    def files(self, plan: Plan, folder: Path | None) -> Iterable[DeploymentFile]:
        return compose_files(plan, folder)


class Kubernetes(ContainerSubcommand):
    name = "kubernetes"
    help = "Prints manifests of Kubernetes for this project."

    def files(self, plan: Plan, folder: Path | None) -> Iterable[DeploymentFile]:
        return kubernetes_files(plan, folder)


def make_plan(options: Namespace) -> Plan:
    """Return what to deploy, from the arguments and the settings.

    Raises:
        CommandError: an argument or a setting cannot be used.
    """
    project = this_project(options.name, getattr(options, "user", None))
    configuration = _configuration(options.backend)
    processes = options.processes or getattr(configuration, "processes", 1)
    environment_file: Path | None = getattr(options, "env_file", None)
    image = getattr(options, "image", None) or f"{project.name}:latest"
    check_texts((image, str(environment_file or ""), str(options.directory or "")))
    return Plan(
        project=project,
        web=find_web_server(given=options.web, asgi=options.asgi),
        worker=(*worker_arguments(), *_worker_options(options.backend, options.queues, processes)),
        has_queues=bool(options.queues),
        processes=processes,
        shutdown_timeout=configuration.shutdown_timeout,
        environment_file=environment_file,
        image=image,
    )


def _configuration(alias: str) -> BackendOptions:
    """Return the options of a backend; on the thread pool, those that Redis would have."""
    configured_backend(alias)  # reports an unknown alias
    backend = our_backend(alias)
    if backend is None:
        raise CommandError(
            f"TASKS[{alias!r}] is no backend of django_jobs, so runworker does not run its jobs."
            " Name another alias with --backend."
        )
    return (
        backend.configuration
        if backend.persistent
        else RedisOptions(shutdown_timeout=backend.configuration.shutdown_timeout)
    )


def _worker_options(alias: str, queues: list[QueueWeight], processes: int) -> Iterable[str]:
    if alias != DEFAULT_TASK_BACKEND_ALIAS:
        yield from ("--backend", alias)
    for queue in queues:
        yield from ("-q", queue.name if queue.weight == 1 else f"{queue.name}:{queue.weight}")
    if processes > 1:
        yield from ("--processes", str(processes))
