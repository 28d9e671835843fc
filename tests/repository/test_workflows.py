"""The workflows of GitHub and pre-commit are valid, and test what the package says it supports."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.support.paths import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
CLASSIFIERS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]


def matrix() -> list[dict[str, str]]:
    tests = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text())
    return list(tests["jobs"]["tests"]["strategy"]["matrix"]["include"])


def claimed(prefix: str) -> set[str]:
    """Versions that the classifiers name."""
    pattern = re.compile(re.escape(prefix) + r" :: (\d+\.\d+)")
    return {found[1] for line in CLASSIFIERS if (found := pattern.fullmatch(line))}


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.dependabot", [ROOT / ".github/dependabot.yml"]),
    ],
    ids=["workflows", "dependabot"],
)
def test_the_files_fit_their_schema(schema: str, files: list[Path]) -> None:
    done = subprocess.run(
        [Path(sys.prefix) / "bin" / "check-jsonschema", "--builtin-schema", schema, *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert files
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_python_and_django_that_is_supported_is_tested() -> None:
    assert {row["python"] for row in matrix()} == claimed("Programming Language :: Python")
    pins = {f"django{version.replace('.', '')}" for version in claimed("Framework :: Django")}
    assert {row["django"] for row in matrix()} == pins | {"lowest"}
    for name in pins:
        assert (ROOT / "requirements" / f"{name}-dev.txt").exists()


def test_django_5_2_is_tested_with_the_backport_as_a_dependency_and_as_an_extra() -> None:
    tested = {row["python"] for row in matrix() if row["django"] == "django52"}
    assert {"3.11", "3.12", "3.13"} <= tested


def test_the_pairs_that_make_tests_are_in_the_matrix() -> None:
    script = (ROOT / "scripts/test-versions").read_text()
    pairs = re.findall(r"^test_on (\w+) (\d\.\d+)", script, re.MULTILINE)
    assert pairs
    assert set(pairs) <= {(row["django"], row["python"]) for row in matrix()}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_of_others_are_named_by_the_hash_of_their_commit(workflow: Path) -> None:
    used = re.findall(r"uses: (\S+)", workflow.read_text())
    assert used
    assert [name for name in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", name)] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_only_read_unless_a_job_says_more(workflow: Path) -> None:
    assert yaml.safe_load(workflow.read_text())["permissions"] == {"contents": "read"}


def test_make_has_the_targets_that_workflows_call() -> None:
    called = {
        name
        for workflow in WORKFLOWS
        for name in re.findall(r"run: make ([\w-]+)", workflow.read_text())
    }
    targets = set(re.findall(r"^([\w-]+):.* ## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert called
    assert called <= targets


def test_pre_commit_runs_the_versions_that_make_lint_runs() -> None:
    pins = dict(
        re.findall(
            r"^([\w-]+)==(\S+)", (ROOT / "requirements/django61-dev.txt").read_text(), re.MULTILINE
        )
    )
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    for hook in hooks:
        package = hook["repo"].rsplit("/", 1)[1].removesuffix("-pre-commit")
        assert hook["rev"].removeprefix("v") == pins[package]
