"""Units of systemd."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .plan import DeploymentFile, Plan
from .quoting import systemd_command, systemd_glob, systemd_text, systemd_word
from .rendering import Values, render

FOLDER = Path("/etc/systemd/system")
LOCAL = "127.0.0.1"


def systemd_files(plan: Plan, folder: Path | None) -> Iterator[DeploymentFile]:
    """Yield the units of the web server and of the worker.

    Args:
        folder: instead of systemd's own.
    """
    project = plan.project
    if plan.web:
        command = plan.web.command(str(project.interpreter), host=LOCAL, port="8000")
        own: Values = {
            "command": systemd_command(command),
            "notifies": plan.web.tells_systemd,
            "reloads": plan.web.reloads,
        }
        yield _unit(plan, folder or FOLDER, "web", own)
    worker: Values = {
        "command": systemd_command(project.command(*plan.worker)),
        "queues": plan.has_queues,
        "several": plan.processes > 1,
    }
    yield _unit(plan, folder or FOLDER, "worker", worker)


def _unit(plan: Plan, folder: Path, role: str, own: Values) -> DeploymentFile:
    project = plan.project
    name = f"{project.name}-{role}"
    place = folder / f"{name}.service"
    environment_file = (plan.environment_file or Path(f"/etc/{project.name}.env")).absolute()
    confinement: Values = {
        "name": project.name,
        "unit": name,
        "is_in_a_home": project.is_in_a_home,
        "writable": [systemd_word(f"-{path}") for path in project.writable],
    }
    values: Values = {
        "place": str(place),
        "name": project.name,
        "user": project.user,
        "has_user": project.has_user,
        "directory": systemd_text(str(project.directory)),
        "environment_file": systemd_glob(str(environment_file)),
        "settings": systemd_word(f"DJANGO_SETTINGS_MODULE={project.settings_module}"),
        "shutdown_timeout": f"{plan.shutdown_timeout:g}",
        "stop_timeout": str(plan.stop_timeout),
        "confinement": render("systemd/confinement.txt", confinement),
    }
    return DeploymentFile(place, render(f"systemd/{role}.service", values | own))
