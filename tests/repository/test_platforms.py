"""The files for platforms in deploy/ are valid and fit the commands."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import load_command_class

from tests.support.paths import ROOT

DEPLOY = ROOT / "deploy"
BIN = Path(sys.prefix) / "bin"
HOOKS = sorted(DEPLOY.glob("**/hooks/*/*.sh"))
MANAGE = re.compile(r"manage\.py ((?:runworker|jobs)\b[^\n&|\"']*)")


def files() -> list[Path]:
    """The files for platforms, and the pages that show their commands."""
    folders = (DEPLOY / name for name in ("ansible", "elastic-beanstalk", "render"))
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())


def test_every_command_of_ours_in_them_can_be_parsed() -> None:
    found = []
    for path in files():
        text = re.sub(r"\{\{ .*? \}\}", "1", path.read_text()).replace("\n          ", " ")
        for command in MANAGE.findall(text):
            name, *arguments = shlex.split(command)
            load_command_class("django_jobs", name).create_parser("manage.py", name).parse_args(
                arguments
            )
            found.append((path.name, name))
    assert ("Procfile", "runworker") in found
    assert ("playbook.yml", "jobs") in found
    assert ("50_check_jobs.sh", "jobs") in found
    assert ("render.yaml", "runworker") in found


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.name)
def test_the_hooks_pass_their_linter_and_can_be_executed(hook: Path) -> None:
    checked = subprocess.run(
        [BIN / "shellcheck", hook], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
    assert hook.stat().st_mode & 0o111


def test_the_procfile_of_elastic_beanstalk_has_lines_that_it_accepts() -> None:
    lines = (DEPLOY / "elastic-beanstalk" / "Procfile").read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_-]+:\s*\S.*", line)] == []
    assert [line.partition(":")[0] for line in lines] == ["web", "worker"]


def load(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text())


def test_elastic_beanstalk_uses_redis_with_tls_and_migrates_once() -> None:
    config = load("elastic-beanstalk/.ebextensions/jobs.config")
    variables = config["option_settings"]["aws:elasticbeanstalk:application:environment"]
    assert variables["JOB_BACKEND"] == "redis"
    assert variables["REDIS_URL"].startswith("rediss://")
    assert all(isinstance(value, str) for value in variables.values())
    assert config["container_commands"]["01_migrate"]["leader_only"] is True


def test_on_render_site_and_worker_share_one_environment() -> None:
    blueprint = load("render/render.yaml")
    services = {service["name"]: service for service in blueprint["services"]}
    assert services["shop-web"]["envVars"] == services["shop-worker"]["envVars"]
    assert services["shop-redis"]["maxmemoryPolicy"] == "noeviction"
    (group,) = blueprint["envVarGroups"]
    variables = {variable["key"]: variable.get("value") for variable in group["envVars"]}
    assert variables["JOB_BACKEND"] == "redis"
    delay = services["shop-worker"]["maxShutdownDelaySeconds"]
    assert int(variables["JOB_SHUTDOWN_TIMEOUT"]) < delay


def test_the_playbook_gives_the_deploy_user_what_the_page_on_systemd_does() -> None:
    template = (DEPLOY / "ansible" / "templates" / "sudoers.j2").read_text().splitlines()[-1]
    variables = load("ansible/group_vars/web.yml")
    services = " ".join(variables["site_services"])
    filled = template.replace("{{ site_services | join(' ') }}", services)
    for name, value in variables.items():
        filled = filled.replace(f"{{{{ {name} }}}}", str(value))
    assert filled in (ROOT / "docs" / "howto" / "systemd.md").read_text().splitlines()


def test_no_file_holds_a_secret() -> None:
    for path in files():
        for line in path.read_text().splitlines():
            name, _, value = line.strip().partition(":")
            if name in {"SECRET_KEY", "REDIS_PASSWORD"}:
                assert "vault_" in value
