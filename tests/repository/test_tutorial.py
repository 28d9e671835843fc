"""The tutorial is followed step by step: its commands, files and prompts do what it says."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import django
import httpx
import pytest

from tests.repository.helpers import outside
from tests.support.paths import ROOT
from tests.support.ports import free_port
from tests.support.processes import RunningProcess, output_of

PAGE = ROOT / "docs/tutorial.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NOT_RUN = ("python3 -m venv", ". .venv", "pip install")
"""Lines that the fixtures have done before."""
UNTIL_CTRL_C = ("manage.py runworker", "manage.py runserver", "-m aiosmtpd")
PASSWORD = "porridge with berries"

# Types a session at the prompt, and waits for each job before it goes on, as a person would.
TYPE = """
import doctest, sys, time
import django
django.setup()
from django_jobs.backends import is_persistent

class Patient(doctest.OutputChecker):
    def check_output(self, want, got, optionflags):
        result = names.get("result")
        deadline = time.monotonic() + 90
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
    """A block of code, with the text above it."""

    before: str
    language: str
    text: str


def steps(number: int) -> Iterator[Step]:
    """Yield the blocks of a section of the page."""
    section = PAGE.read_text().split("\n## ")[number]
    end = 0
    for block in BLOCK.finditer(section):
        yield Step(section[end : block.start()], *block.groups())
        end = block.end()


class Reader:
    """Follows the tutorial in an empty directory, with programs of an environment.

    Attributes:
        here: what this test has in the place of words of the page.
        said: what the commands have printed.
        running: the commands that run until Ctrl-C.
    """

    def __init__(self, home: Path, programs: Path) -> None:
        self.home = home
        # The job that is retried has shown its error by then.
        quick = {"JOB_SHUTDOWN_TIMEOUT": "1", "PYTHONUNBUFFERED": "1"}
        self.environment = {**outside(programs), **quick}
        self.here: dict[str, str] = {}
        self.said = ""
        self.running: list[RunningProcess] = []
        self._prompt: list[str] = []

    def follow(self, *numbers: int) -> None:
        """Do what sections of the page say."""
        for number in numbers:
            for step in steps(number):
                self._do(step)
        self._leave_the_shell()

    def type(self, line: str) -> None:
        """Type a line of a shell."""
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            self.environment[name] = value
        elif any(command in line for command in UNTIL_CTRL_C) and "--burst" not in line:
            self._start(line)
        elif not line.startswith(NOT_RUN):
            self.said += output_of(shlex.split(line), self.home, self.environment)

    def press_ctrl_c(self) -> None:
        """End what was started last."""
        started = self.running.pop()
        os.killpg(started.process.pid, signal.SIGINT)
        assert started.end() == 0, started.said

    def end(self) -> None:
        """End what still runs."""
        for started in self.running:
            with suppress(ProcessLookupError):
                os.killpg(started.process.pid, signal.SIGKILL)
            started.process.wait()

    def _do(self, step: Step) -> None:
        text = step.text
        for words, ours in self.here.items():
            text = text.replace(words, ours)
        if step.language == "pycon":
            self._prompt.append(text)
            return
        self._leave_the_shell()
        if step.language == "python":
            self._write(text, at_the_end="to the end" in step.before)
            return
        for line in text.splitlines():
            self.type(line)

    def _leave_the_shell(self) -> None:
        """Type what the prompt has been given, in one session."""
        if self._prompt:
            environment = self.environment | {"DJANGO_SETTINGS_MODULE": "mysite.settings"}
            output_of(["python", "-c", TYPE, *self._prompt], self.home, environment)
        self._prompt = []

    def _write(self, block: str, *, at_the_end: bool) -> None:
        """Write a file of the page."""
        path = self.home / block.removeprefix("# ").partition("\n")[0]
        before = path.read_text() if at_the_end and path.exists() else ""
        path.write_text(f"{before}\n{block}")

    def _start(self, line: str) -> None:
        log = self.home / f"terminal-{len(list(self.home.glob('terminal-*')))}"
        with log.open("w") as output:
            process = subprocess.Popen(
                shlex.split(line),
                cwd=self.home,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        self.running.append(RunningProcess(process, log))


@pytest.fixture
def reader(tmp_path: Path, installed: Path) -> Iterator[Reader]:
    following = Reader(tmp_path, installed / "bin")
    yield following
    following.end()


def sign_in(browser: httpx.Client) -> None:
    """Fill in the form to which the dashboard leads, as a person does."""
    asked = browser.get("/jobs/")
    login = {
        "username": "owner",
        "password": PASSWORD,
        "csrfmiddlewaretoken": browser.cookies["csrftoken"],
    }
    assert browser.post(asked.url, data=login).url.path == "/jobs/"


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.skipif(django.VERSION < (6, 1), reason="the tutorial is for the newest Django")
def test_the_tutorial_does_what_it_says(reader: Reader, redis_url: str) -> None:
    site, mail = free_port(), free_port()
    reader.here = {
        "redis://127.0.0.1:6379/0": redis_url,
        "createsuperuser": "createsuperuser --noinput --username owner --email owner@example.com",
        "runserver": f"runserver {site}",
        "1025": str(mail),
        "python -m aiosmtpd": f"{sys.executable} -m aiosmtpd",
    }
    reader.follow(1, 2, 3, 4)

    reader.follow(5)
    assert re.search(r"queued +shop\.tasks\.ship +default", reader.said)
    (worker,) = reader.running
    worker.wait_for("state=SUCCESSFUL")
    reader.press_ctrl_c()
    reader.type("python manage.py runworker --burst")
    reader.type("python manage.py jobs list")
    assert re.search(r"succeeded +shop\.tasks\.ship", reader.said)

    reader.environment["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD
    reader.follow(6)
    (server,) = reader.running
    server.wait_for("Quit the server with")
    reader.type("python manage.py runworker")
    worker = reader.running[-1]
    worker.wait_for("Stop: Ctrl-C")
    (worker_id,) = re.findall(r"Worker (\S+) serves", worker.said)
    address = f"http://127.0.0.1:{site}"
    with httpx.Client(base_url=address, follow_redirects=True, timeout=60) as browser:
        sign_in(browser)
        assert "shop.tasks" in browser.get("/jobs/list/").text
        assert worker_id in browser.get("/jobs/workers/").text
    reader.press_ctrl_c()

    reader.follow(7)
    _, mails, worker = reader.running
    worker.wait_for("shop.tasks.send_report")
    mails.wait_for("No new orders.")
    assert "To: owner@example.com" in mails.said
