"""A Procfile, as Heroku and others read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .plan import DeploymentFile, Plan
from .quoting import shell_command
from .rendering import Values, render
from .web_server import PORT

ALL_ADDRESSES = "0.0.0.0"  # noqa: S104 (the platform's router comes from outside)


def procfile_files(plan: Plan, folder: Path | None) -> Iterator[DeploymentFile]:
    """Yield the Procfile, which belongs into the project's folder."""
    project = plan.project
    web = ""
    if plan.web:
        # The platform chooses the port. PORT stands for it until all words are quoted.
        command = plan.web.command("python", host=ALL_ADDRESSES, port=PORT)
        web = shell_command(command).replace(PORT, "$PORT")
    values: Values = {
        "migrate": shell_command(project.container_command("migrate", "--noinput")),
        "web": web,
        "worker": shell_command(project.container_command(*plan.worker)),
        "shutdown_timeout": f"{plan.shutdown_timeout:g}",
    }
    yield DeploymentFile((folder or project.directory) / "Procfile", render("Procfile", values))
