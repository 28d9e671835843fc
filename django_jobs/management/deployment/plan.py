"""What a deployment consists of, and the files that describe it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .project import Project
from .web_server import WebServer

TIME_TO_STOP = 20
"""Seconds that a process may take to stop, in addition to the time for its running jobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A project with its web server and a worker.

    Attributes:
        web: its web server, or None for workers alone.
        worker: arguments of `manage.py` that start the worker.
        has_queues: whether the worker serves only some queues.
        processes: worker processes under one parent.
        shutdown_timeout: seconds that running jobs get to finish.
        environment_file: file with secrets and addresses; None for the usual place.
        image: name of the container image.
    """

    project: Project
    web: WebServer | None
    worker: tuple[str, ...]
    has_queues: bool
    processes: int
    shutdown_timeout: float
    environment_file: Path | None
    image: str

    @property
    def stop_timeout(self) -> int:
        """The seconds after which a supervisor may kill the worker."""
        return int(self.shutdown_timeout) + TIME_TO_STOP


@dataclass(frozen=True, slots=True)
class DeploymentFile:
    """A file, and where it belongs."""

    path: Path
    text: str
