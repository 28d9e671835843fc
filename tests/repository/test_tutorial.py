"""The tutorial is followed step by step: its commands, files and prompts do what it says."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import django
import pytest

from tests.support.paths import ROOT
from tests.support.processes import output_of

PAGE = ROOT / "docs/tutorial.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NOT_RUN = (
    "python3 -m venv",
    ". .venv",
    "pip install",
    "export ",
    "createsuperuser",
    "runserver",
)
"""Lines that the test replaces or leaves out."""

# Types a session at the prompt, and waits for each job before it goes on, as a person would.
TYPE = """
import doctest, sys, time
import django
django.setup()
from django_jobs.backends import is_persistent

class Patient(doctest.OutputChecker):
    def check_output(self, want, got, optionflags):
        result = names.get("result")
        deadline = time.monotonic() + 60
        while result and not is_persistent() and not (result.is_finished or result.errors):
            assert time.monotonic() < deadline
            time.sleep(0.01)
            result.refresh()
        return super().check_output(want, got, optionflags)

failed = 0
names = {}
for text in sys.argv[1:]:
    test = doctest.DocTestParser().get_doctest(text, names, "tutorial", None, 0)
    runner = doctest.DocTestRunner(Patient(), optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    test.globs = names
    runner.run(test, clear_globs=False)
    failed += runner.failures
sys.exit(bool(failed))
"""


class Step(NamedTuple):
    section: str
    language: str
    text: str


def steps() -> Iterator[Step]:
    """Yield the code blocks of the page."""
    for section in PAGE.read_text().split("\n## ")[1:]:
        for language, text in BLOCK.findall(section):
            yield Step(section.partition("\n")[0], language, text)


class Reader:
    """Follows the tutorial in an empty directory."""

    def __init__(self, home: Path) -> None:
        self.home = home
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("COVERAGE", "DJANGO_", "JOB_", "REDIS_"))
        }
        # The job that is retried has shown its error by then.
        timeout = {"JOB_SHUTDOWN_TIMEOUT": "1"}
        self.environment = {**kept, **timeout, "PYTHONPATH": f"{home}{os.pathsep}{ROOT}"}

    def run(self, *arguments: str, **environment: str) -> str:
        command = [sys.executable, *arguments]
        return output_of(command, self.home, {**self.environment, **environment})

    def write(self, block: str) -> None:
        """Write a file of the page; settings are added at the end, as the page says."""
        name, _, _ = block.removeprefix("# ").partition("\n")
        path = self.home / name
        before = path.read_text() if path.name == "settings.py" else ""
        path.write_text(f"{before}\n{block}")

    def type_commands(self, block: str, **environment: str) -> str:
        said = ""
        for line in block.splitlines():
            if line.startswith("django-admin"):
                said += self.run("-m", "django", *line.split()[1:])
            elif line.startswith("python manage.py runworker"):
                said += self.run("manage.py", "runworker", "--burst", **environment)
            elif not any(words in line for words in NOT_RUN):
                said += self.run(*line.split()[1:], **environment)
        return said

    def type_at_the_prompt(self, blocks: list[str], **environment: str) -> None:
        self.run("-c", TYPE, *blocks, DJANGO_SETTINGS_MODULE="mysite.settings", **environment)


@pytest.mark.skipif(django.VERSION < (6, 0), reason="the tutorial is for Django 6")
def test_the_tutorial_does_what_it_says(tmp_path: Path, redis_url: str) -> None:
    reader = Reader(tmp_path)
    environment: dict[str, str] = {}
    prompt: list[str] = []
    said = ""
    for step in steps():
        if step.language == "pycon":
            prompt.append(step.text)
            continue
        if prompt and step.language == "sh":
            reader.type_at_the_prompt(prompt, **environment)
            prompt = []
        if step.language == "python":
            reader.write(step.text)
            continue
        if "export JOB_BACKEND" in step.text:
            environment = {"JOB_BACKEND": "redis", "REDIS_URL": redis_url}
        said += reader.type_commands(step.text, **environment)
    assert re.search(r"queued +shop\.tasks\.ship +default", said)
    assert "Worker " in said
    listed = reader.run("manage.py", "jobs", "list", **environment)
    assert re.search(r"succeeded +shop\.tasks\.ship", listed)
    visit = "from django.test import Client; print(Client(HTTP_HOST='localhost').get('/jobs/'))"
    assert "status_code=302" in reader.run("manage.py", "shell", "-c", visit, **environment)
