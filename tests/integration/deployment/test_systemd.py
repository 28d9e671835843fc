"""`manage.py jobs systemd` prints units that systemd accepts and that fit the project."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.deployment.project import DeployedProject

needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd is not on this machine"
)


def units(project: DeployedProject, *arguments: str, **variables: str) -> dict[str, str]:
    """The printed units by their names."""
    return by_name(project.printed("systemd", *arguments, **variables))


def by_name(text: str) -> dict[str, str]:
    parts = re.split(r"(?m)^# /etc/systemd/system/(\S+)\n", text)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def values(unit: str, key: str) -> list[str]:
    return re.findall(rf"(?m)^{key}=(.*)$", unit)


def test_the_units_name_the_project_as_it_is(plain: DeployedProject) -> None:
    found = units(plain, "--user", "deploy")

    assert list(found) == ["shop-web.service", "shop-worker.service"]
    for unit in found.values():
        assert values(unit, "User") == ["deploy"]
        assert values(unit, "WorkingDirectory") == [str(plain.folder)]
        assert values(unit, "EnvironmentFile") == ["/etc/shop.env"]
        assert "DJANGO_SETTINGS_MODULE=shop.settings" in values(unit, "Environment")
        assert f"-{plain.folder}/media" in values(unit, "ReadWritePaths")
        assert f"-{plain.folder}" in values(unit, "ReadWritePaths")  # of SQLite
    (worker,) = values(found["shop-worker.service"], "ExecStart")
    assert worker == f"{sys.executable} manage.py runworker"
    (web,) = values(found["shop-web.service"], "ExecStart")
    assert web.startswith(f"{sys.executable} -m gunicorn --bind 127.0.0.1:8000 ")
    assert web.endswith(" shop.wsgi:application")


def test_the_settings_decide_how_long_a_worker_may_take_to_stop(plain: DeployedProject) -> None:
    for backend in ("async", "redis"):
        variables = {"JOB_BACKEND": backend, "JOB_SHUTDOWN_TIMEOUT": "120"}
        found = units(plain, **variables)
        assert values(found["shop-worker.service"], "TimeoutStopSec") == ["140"]


def test_arguments_choose_queues_processes_and_names(plain: DeployedProject) -> None:
    found = units(
        plain,
        *("-q", "critical:5", "-q", "low", "--processes", "4"),
        *("--name", "Night Shop", "--env-file", "/etc/night.env", "--web", ""),
    )

    (unit,) = found.values()
    assert list(found) == ["night-shop-worker.service"]
    (command,) = values(unit, "ExecStart")
    assert command.endswith("manage.py runworker -q critical:5 -q low --processes 4")
    assert values(unit, "ExecReload") == ["/bin/kill -HUP $MAINPID"]
    assert values(unit, "EnvironmentFile") == ["/etc/night.env"]


def test_several_processes_of_the_settings_are_reloaded_one_by_one(
    plain: DeployedProject,
) -> None:
    unit = units(plain, JOB_BACKEND="redis", JOB_PROCESSES="3")["shop-worker.service"]
    assert values(unit, "ExecStart")[0].endswith(" --processes 3")
    assert values(unit, "ExecReload") == ["/bin/kill -HUP $MAINPID"]


def test_a_site_is_served_with_asgi_on_request(plain: DeployedProject) -> None:
    unit = units(plain, "--asgi")["shop-web.service"]
    assert values(unit, "ExecStart")[0].endswith(
        " -m uvicorn --host 127.0.0.1 --port 8000 --workers 2 shop.asgi:application"
    )
    assert values(unit, "Type") == ["exec"]  # it does not tell systemd when it is ready


def test_a_site_with_an_asgi_application_is_served_with_asgi(project: DeployedProject) -> None:
    with (project.folder / "shop/settings.py").open("a") as settings:
        settings.write('ASGI_APPLICATION = "shop.asgi.application"\n')
    unit = units(project)["shop-web.service"]
    assert values(unit, "ExecStart")[0].endswith(" shop.asgi:application")


def test_a_given_web_server_is_taken_as_it_is(plain: DeployedProject) -> None:
    unit = units(plain, "--web", "/opt/web --root '/a b'")["shop-web.service"]
    assert values(unit, "ExecStart") == ['/opt/web --root "/a b"']


def without_programs(unit: str) -> str:
    """A unit whose interpreter is on every machine."""
    return unit.replace(f"ExecStart={sys.executable} ", "ExecStart=/bin/true ")


def accepted(unit: Path) -> bool:
    """Whether systemd has nothing to say of a unit."""
    command = ["systemd-analyze", "verify", "--man=no", str(unit)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    # Unknown keys are only remarked upon, with exit status 0.
    assert (checked.returncode, checked.stderr) == (0, "")
    return True


@needs_systemd
@pytest.mark.parametrize("kind", ["plain", "hostile"])
def test_systemd_accepts_the_units(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    project: DeployedProject = request.getfixturevalue(kind)
    for text in project.each(["systemd"], ["systemd", "--processes", "4", "--asgi"]):
        for name, unit in by_name(text).items():
            copy = tmp_path / name
            copy.write_text(without_programs(unit))
            assert accepted(copy)


@needs_systemd
def test_the_units_leave_little_exposed(plain: DeployedProject, tmp_path: Path) -> None:
    for name, unit in units(plain).items():
        copy = tmp_path / name
        copy.write_text(unit)
        command = ["systemd-analyze", "security", "--offline=true", "--threshold=25", str(copy)]
        checked = subprocess.run(command, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout
