"""Kubernetes' own schema and Ansible accept our files: `make test-deploy`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.integration.deployment.project import DeployedProject
from tests.support.paths import ROOT

TOOLS = Path(os.environ.get("DEPLOY_TOOLS", ROOT / ".venv-deploy" / "bin"))
"""Where kubernetes-validate and ansible-playbook are."""

VERSIONS = ("1.30", "1.34")
KINDS: tuple[list[str], ...] = (
    [],
    ["--processes", "4"],
    ["--web", ""],
    ["--name", "123", "--asgi"],
)


def tool(name: str) -> Path:
    if not (TOOLS / name).exists():
        pytest.skip(f"{name} is not in {TOOLS}; make test-deploy installs it.")
    return TOOLS / name


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_accepts_the_manifests(
    plain: DeployedProject, hostile: DeployedProject, tmp_path: Path, version: str
) -> None:
    validate = tool("kubernetes-validate")
    calls = [["kubernetes", *arguments] for arguments in KINDS]
    texts = [*plain.each(*calls), *hostile.each(["kubernetes", "--web", "/a b 'c' \"$(d)\""])]
    for number, text in enumerate(texts):
        manifests = tmp_path / f"{number}.yaml"
        # Without anchors, which the validator would see as part of the values.
        manifests.write_text(yaml.safe_dump_all(yaml.safe_load_all(text)))
        options = ("--kubernetes-version", version, "--strict")
        words = [str(validate), *options, str(manifests)]
        checked = subprocess.run(words, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_kubernetes_would_refuse_a_wrong_manifest(plain: DeployedProject, tmp_path: Path) -> None:
    validate = tool("kubernetes-validate")
    wrong = tmp_path / "wrong.yaml"
    text = plain.printed("kubernetes", "--web", "")
    wrong.write_text(text.replace("automountServiceAccountToken", "automountToken"))
    checked = subprocess.run(
        [str(validate), "--strict", str(wrong)], capture_output=True, text=True, check=False
    )
    assert checked.returncode != 0


def test_ansible_accepts_the_playbook() -> None:
    words = [str(tool("ansible-playbook")), "--syntax-check", "--inventory", "inventory.ini"]
    checked = subprocess.run(
        [*words, "playbook.yml"],
        cwd=ROOT / "deploy" / "ansible",
        env=os.environ | {"LC_ALL": "C.UTF-8", "ANSIBLE_LOCALHOST_WARNING": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
