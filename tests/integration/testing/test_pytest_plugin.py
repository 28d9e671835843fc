"""The plugin gives the jobs of a test the backend that the ini file, a mark or a fixture names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

SETTINGS = """
import django
from django_jobs.conf import tasks_from_env
SECRET_KEY = "plugin"
INSTALLED_APPS = ["django_jobs"] + (["django_tasks"] if django.VERSION < (6, 0) else [])
DATABASES = {}
TASKS = tasks_from_env()
"""
TASKS = """
from django_jobs import task

@task
def add(a, b):
    return a + b
"""
TESTS = """
import pytest
from django_jobs.backends import our_backend
from django_jobs.testing import assert_enqueued, assert_not_enqueued
from tasks import add

def backend():
    return type(our_backend("default")).__name__

def test_of_the_ini_file():
    assert backend() == EXPECTED

@pytest.mark.jobs_backend("inline")
def test_of_a_mark():
    assert add.enqueue(1, 2).return_value == 3

@pytest.mark.jobs_backend("dummy", max_payload=50)
def test_of_a_mark_with_options():
    with pytest.raises(ValueError, match="50"):
        add.enqueue("x" * 100, 1)

def test_of_a_fixture(dummy_jobs):
    add.enqueue(1, 2)
    assert_enqueued(add, args=[1, 2])

@pytest.mark.jobs_backend("dummy")
def test_of_a_fixture_that_comes_after_a_mark(inline_jobs):
    assert add.enqueue(1, 2).return_value == 3

@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.jobs_backend("dummy")
def test_each_starts_without_jobs(number):
    assert_not_enqueued()
    add.enqueue(number, 0)

@pytest.mark.jobs_backend("dummy")
class TestOfAClass:
    def test_has_it(self):
        assert backend() == "DummyBackend"
"""


def run(directory: Path, ini: str, **files: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a project of its own, with warnings as errors."""
    (directory / "pytest.ini").write_text(f"[pytest]\nfilterwarnings = error\n{ini}")
    for name, text in files.items():
        (directory / f"{name}.py").write_text(text)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYT"))
    }
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--strict-markers", "-p", "no:cacheprovider"],
        cwd=directory,
        env=environment | {"PYTHONPATH": f"{directory}{os.pathsep}{ROOT}"},
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [("", "ThreadPoolBackend"), ("jobs_backend = dummy\n", "DummyBackend")],
    ids=["without", "with"],
)
def test_a_test_has_the_backend_that_it_names(tmp_path: Path, line: str, expected: str) -> None:
    tests = TESTS.replace("EXPECTED", repr(expected))
    ini = f"DJANGO_SETTINGS_MODULE = settings\n{line}"
    done = run(tmp_path, ini, settings=SETTINGS, tasks=TASKS, test_jobs=tests)
    assert "8 passed" in done.stdout, done.stdout


def test_a_backend_that_does_not_exist_is_named(tmp_path: Path) -> None:
    ini = "DJANGO_SETTINGS_MODULE = settings\njobs_backend = dumy\n"
    done = run(tmp_path, ini, settings=SETTINGS, test_jobs="def test_it(): pass\n")
    assert "override_backend: unknown backend 'dumy'" in done.stdout.replace("Unknown", "unknown")


def test_tests_without_django_are_left_alone(tmp_path: Path) -> None:
    done = run(tmp_path, "", test_it="def test_it(): pass\n")
    assert "1 passed" in done.stdout, done.stdout
