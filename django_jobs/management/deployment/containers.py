"""Files for containers: an image, Compose, Kubernetes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from .plan import DeploymentFile, Plan
from .quoting import compose_escaped, kubernetes_escaped, yaml_command, yaml_text
from .rendering import Values, render

ALL_ADDRESSES = "0.0.0.0"  # noqa: S104 (the address of the container, which publishes its port)

CHECK = ("jobs", "check", "--live")
"""Arguments of `manage.py` that check the worker of the container."""

PROBE_PORT = "7433"

USER = '"runAsNonRoot": true, "runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000'
POD_SECURITY = f'{{ {USER}, "seccompProfile": {{ "type": "RuntimeDefault" }} }}'
CONTAINER_SECURITY = (
    '{ "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,'
    ' "capabilities": { "drop": ["ALL"] } }'
)


def compose_files(plan: Plan, folder: Path | None) -> Iterator[DeploymentFile]:
    """Yield the Compose file, and what it needs to build an image if the project has no Dockerfile.

    All of them belong into the project's folder.
    """
    project = plan.project
    place = folder or project.directory
    if not (project.directory / "Dockerfile").exists():
        yield from _image_files(plan, place)
    environment_file = str(plan.environment_file or ".env")
    values: Values = {
        "place": str(place / "docker-compose.yml"),
        "name": project.name,
        "label": yaml_text(project.name),
        "image": yaml_text(compose_escaped(plan.image)),
        "settings": yaml_text(compose_escaped(project.settings_module)),
        "environment_file": environment_file,
        "environment_file_text": yaml_text(compose_escaped(environment_file)),
        "postgres": project.postgres,
        "media": project.media,
        "migrate": compose_escaped(yaml_command(project.container_command("migrate"))),
        "web": compose_escaped(yaml_command(_web(plan))) if plan.web else "",
        "worker": compose_escaped(yaml_command(project.container_command(*plan.worker))),
        "check": compose_escaped(yaml_command(("CMD", *project.container_command(*CHECK)))),
        "shutdown_timeout": f"{plan.shutdown_timeout:g}",
        "stop_timeout": str(plan.stop_timeout),
    }
    yield DeploymentFile(place / "docker-compose.yml", render("docker-compose.yml", values))


def kubernetes_files(plan: Plan, folder: Path | None) -> Iterator[DeploymentFile]:
    """Yield the manifests, as one file in the project's folder."""
    project = plan.project
    place = (folder or project.directory) / "kubernetes.yaml"

    probe = ("--probe", f"{ALL_ADDRESSES}:{PROBE_PORT}")

    def command(words: Sequence[str]) -> str:
        return yaml_command(kubernetes_escaped(word) for word in words)

    values: Values = {
        "place": str(place),
        "name": project.name,
        "label": yaml_text(project.name),
        "image": yaml_text(plan.image),
        "settings": yaml_text(kubernetes_escaped(project.settings_module)),
        "environment_file": str(plan.environment_file or ".env"),
        "migrate": command(project.container_command("migrate")),
        "web": command(_web(plan)) if plan.web else "",
        "worker": command(project.container_command(*plan.worker, *probe)),
        "probe": PROBE_PORT,
        "pod_security": POD_SECURITY,
        "container_security": CONTAINER_SECURITY,
        "shutdown_timeout": f"{plan.shutdown_timeout:g}",
        "stop_timeout": str(plan.stop_timeout),
    }
    yield DeploymentFile(place, render("kubernetes.yaml", values))


def _web(plan: Plan) -> tuple[str, ...]:
    assert plan.web
    return plan.web.command("python", host=ALL_ADDRESSES, port="8000")


def _image_files(plan: Plan, place: Path) -> Iterator[DeploymentFile]:
    project = plan.project
    values: Values = {
        "place": str(place / "Dockerfile"),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "settings": yaml_text(project.settings_module),
        "requirements": (project.directory / "requirements.txt").exists(),
        "collects_static": project.collects_static,
        "manage": " ".join(project.manage),
        "web": yaml_command(_web(plan)) if plan.web else "",
        "worker": yaml_command(project.container_command(*plan.worker)),
    }
    yield DeploymentFile(place / "Dockerfile", render("Dockerfile", values))
    ignore = place / ".dockerignore"
    if not ignore.exists():
        yield DeploymentFile(ignore, render("dockerignore", {"place": str(ignore)}))
