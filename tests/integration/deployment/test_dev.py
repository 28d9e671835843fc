"""`manage.py jobs dev` runs a site and its worker in one terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from itertools import count

import httpx
import pytest

from tests.integration.deployment.project import DeployedProject
from tests.support.ports import free_port
from tests.support.waiting import DEADLINE, wait_until
from tests.support.warm_python import run


class Dev:
    """A running `jobs dev`.

    Attributes:
        output: what it has printed.
    """

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port
        self.output = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line

    def wait_for(self, *wanted: str) -> None:
        """Return when each of these was printed."""
        wait_until(
            lambda: all(text in self.output for text in wanted),
            lambda: f"not all of {wanted} in:\n{self.output}",
        )

    def get(self, path: str) -> None:
        """Fetch a page, as soon as the site is there again after a change of its code."""

        def is_there() -> bool:
            with suppress(httpx.TransportError):
                return httpx.get(f"http://127.0.0.1:{self.port}/{path}", timeout=5).is_success
            return False

        wait_until(is_there, lambda: f"an answer:\n{self.output}")

    def end(self) -> int:
        """Read the rest, and return the exit code."""
        code = self.process.wait(DEADLINE)
        self._reader.join(DEADLINE)
        return code

    def children(self) -> list[int]:
        """The processes that it has started, with those that these have started."""
        table = subprocess.check_output(["ps", "-eo", "pid=,ppid="], text=True)
        rows = (line.split() for line in table.splitlines())
        parents = {int(child): int(parent) for child, parent in rows}
        found = [self.process.pid]
        for parent in found:
            found += [child for child, of in parents.items() if of == parent]
        return found[1:]


Start = Callable[..., Dev]


@pytest.fixture
def start(project: DeployedProject) -> Iterator[Start]:
    with ExitStack() as running:

        def start_dev(**variables: str) -> Dev:
            port = free_port()
            process = running.enter_context(
                subprocess.Popen(
                    [sys.executable, str(project.folder / "manage.py"), "jobs", "dev", str(port)],
                    env=project.environment(DEBUG="1", **variables),
                    cwd=project.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    start_new_session=True,
                )
            )
            dev = Dev(process, port)
            running.callback(end_all, dev)
            return dev

        yield start_dev


def end_all(dev: Dev) -> None:
    """End what a failed test has left running."""
    for pid in [*dev.children(), dev.process.pid]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if os.path.exists(f"/proc/{pid}")]


def test_a_job_of_the_site_runs_in_the_worker_until_ctrl_c_stops_both(
    start: Start, project: DeployedProject, redis_url: str
) -> None:
    dev = start(JOB_BACKEND="redis", REDIS_URL=redis_url, JOB_PROCESSES="2")
    dev.wait_for("site   | Quit the server with", "worker | Worker ")

    dev.get("enqueue/first/")
    dev.wait_for("state=SUCCESSFUL")
    assert (project.folder / "notes").read_text().startswith("first\n")

    children = dev.children()
    assert len(children) >= 4  # both have an autoreloader
    os.killpg(dev.process.pid, signal.SIGINT)
    assert dev.end() == 0
    assert "Traceback" not in dev.output
    wait_until(lambda: not alive(children), "the end of all processes")


def test_a_change_of_the_code_restarts_the_worker(
    start: Start, project: DeployedProject, redis_url: str
) -> None:
    dev = start(JOB_BACKEND="redis", REDIS_URL=redis_url)
    dev.wait_for("Quit the server with", "worker | Worker ")
    tasks = project.folder / "shop" / "tasks.py"
    tasks.write_text(tasks.read_text().replace("{text}", "new {text}"))
    times = count(2_000_000_000)

    def is_seen() -> bool:
        os.utime(tasks, (next(times),) * 2)  # again, as its first look may come after a change
        return dev.output.count("worker | Worker ") > 1

    wait_until(is_seen, "a restart of the worker")
    dev.get("enqueue/second/")
    dev.wait_for("state=SUCCESSFUL")
    assert "new second\n" in (project.folder / "notes").read_text()


def test_without_redis_the_site_runs_alone(start: Start, project: DeployedProject) -> None:
    dev = start()
    dev.wait_for("No worker is needed", "site | Quit the server with")
    dev.get("enqueue/here/")
    wait_until((project.folder / "notes").exists)
    os.kill(dev.process.pid, signal.SIGTERM)
    assert dev.end() == 0


def test_if_one_ends_the_other_is_stopped_with_a_clear_line(start: Start) -> None:
    # Nobody listens there.
    dev = start(JOB_BACKEND="redis", REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    assert dev.end() == 1
    assert "The worker ended with exit code 1, so everything else was stopped" in dev.output
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{dev.port}/")


def test_it_does_not_run_inside_another_process(project: DeployedProject) -> None:
    program = (
        "import django; django.setup(); from django.core.management import call_command;"
        "call_command('jobs', 'dev')"
    )
    environment = project.environment(DJANGO_SETTINGS_MODULE="shop.settings")
    done = run(["-c", program], project.folder, environment)
    assert "jobs dev works on the command line only." in done.stderr
