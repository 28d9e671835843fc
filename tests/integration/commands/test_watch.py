"""`--watch`: live views on a terminal, in a pipe and as JSON."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from django.core.management.base import CommandError

from django_jobs.backends import JobBackend
from tests.apps.command_site import tasks
from tests.integration.commands.helpers import Jobs, Process
from tests.support.ports import free_port
from tests.support.redis_server import RedisServer
from tests.support.waiting import DEADLINE, wait_until

ENTER, LEAVE, REDRAW = "\x1b[?1049h", "\x1b[?1049l", "\x1b[H\x1b[J"

Start: TypeAlias = "Callable[..., subprocess.Popen[str]]"


@pytest.fixture
def start_watch(environment: dict[str, str], redis_url: str) -> Iterator[Start]:
    """Start `manage.py jobs … --watch` as a process; it writes to pipes unless told otherwise."""
    started = []

    def start(*arguments: str, url: str = redis_url, **streams: Any) -> subprocess.Popen[str]:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen(
            [sys.executable, "-m", "django", "jobs", *arguments, "--watch", "--interval", "0.1"],
            env=environment | {"JOB_BACKEND": "redis", "REDIS_URL": url, "TERM": "xterm"},
            stdin=subprocess.DEVNULL,
            text=True,
            **(pipes | streams),
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


class Screen:
    """A terminal of the given height, and what a process has written to it."""

    def __init__(self, height: int) -> None:
        self._ours, self.theirs = os.openpty()
        size = struct.pack("HHHH", height, 60, 0, 0)
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, size)
        os.set_blocking(self._ours, False)
        self._read = b""

    @property
    def text(self) -> str:
        try:
            while chunk := os.read(self._ours, 100_000):
                self._read += chunk
        except (BlockingIOError, OSError):
            pass
        return self._read.decode()

    @property
    def view(self) -> list[str]:
        """The lines of the last complete view."""
        return self.text.split(REDRAW)[-2].splitlines() if self.text.count(REDRAW) > 1 else []

    def close(self) -> None:
        os.close(self._ours)
        os.close(self.theirs)


@pytest.fixture
def screen() -> Iterator[Screen]:
    screen = Screen(height=8)
    yield screen
    screen.close()


class Files:
    """Where a process writes that is not watched on a terminal."""

    def __init__(self, folder: Path) -> None:
        self.stdout = (folder / "out").open("w+")
        self.stderr = (folder / "err").open("w+")

    @property
    def out(self) -> str:
        return Path(self.stdout.name).read_text()

    @property
    def err(self) -> str:
        return Path(self.stderr.name).read_text()

    @property
    def streams(self) -> dict[str, Any]:
        return {"stdout": self.stdout, "stderr": self.stderr}

    def wait_for(self, pattern: str) -> None:
        wait_until(
            lambda: re.search(pattern, self.out), lambda: f"no {pattern!r}: {self.out}{self.err}"
        )


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    files = Files(tmp_path)
    with files.stdout, files.stderr:
        yield files


def interrupt(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGINT)
    return process.wait(DEADLINE)


def test_a_terminal_shows_the_present_and_is_restored_at_the_end(
    start_watch: Start, redis_backend: JobBackend, screen: Screen
) -> None:
    watching = start_watch("queues", stdout=screen.theirs, stderr=screen.theirs)
    wait_until(lambda: len(screen.view) > 2, lambda: f"no view: {screen.text!r}")
    assert screen.text.startswith(ENTER)

    tasks.greet.bulk_enqueue([["Ann"]] * 7)
    wait_until(lambda: any(" 7 " in line for line in screen.view), lambda: str(screen.view))
    assert screen.view[0].startswith("jobs queues, default   every 0.1 s")

    assert interrupt(watching) == 0
    assert screen.text.rpartition(LEAVE)[1:] == (LEAVE, "")


def test_a_view_that_is_too_high_says_how_much_is_left_out(
    start_watch: Start, redis_backend: JobBackend, screen: Screen
) -> None:
    tasks.greet.bulk_enqueue([["Ann"]] * 20)

    start_watch("list", stdout=screen.theirs, stderr=screen.theirs)

    wait_until(lambda: len(screen.view) == 8, lambda: f"not 8 lines: {screen.view}")
    assert screen.view[-1] == "… 16 more lines"


def test_a_file_gets_one_view_after_the_other_without_control_characters(
    start_watch: Start, redis_backend: JobBackend, files: Files
) -> None:
    watching = start_watch("stats", **files.streams)
    files.wait_for(r"queued +0\n")

    tasks.greet.enqueue("Ann")

    files.wait_for(r"queued +1\n")
    assert interrupt(watching) == 0
    assert "\x1b" not in files.out
    assert files.err == ""


def test_as_json_each_view_is_one_line(
    start_watch: Start, redis_backend: JobBackend, files: Files
) -> None:
    watching = start_watch("stats", "--json", **files.streams)

    files.wait_for(r".*\n.*\n.*\n")

    assert interrupt(watching) == 0
    for line in files.out.splitlines():
        assert json.loads(line)["states"]["queued"] == 0


def test_it_ends_when_nobody_reads_it_any_more(
    start_watch: Start, redis_backend: JobBackend
) -> None:
    watching = start_watch("stats")
    assert watching.stdout
    assert watching.stderr
    watching.stdout.readline()

    watching.stdout.close()

    assert watching.wait(DEADLINE) == 0
    assert watching.stderr.read() == ""


def test_an_outage_is_reported_and_does_not_end_it(
    start_watch: Start, redis_server_factory: Callable[..., RedisServer], files: Files
) -> None:
    server = redis_server_factory()
    watching = start_watch("stats", url=server.url, **files.streams)
    files.wait_for("queued")

    server.kill9()
    wait_until(lambda: "Redis" in files.err, lambda: f"no error: {files.err}")
    views = files.out.count("queued")
    server.start()

    wait_until(lambda: files.out.count("queued") > views, lambda: f"no view: {files.err}")
    assert interrupt(watching) == 0


def test_an_outage_before_the_first_view_is_an_error(manage: Process) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"

    answer = manage("jobs", "stats", "--watch", JOB_BACKEND="redis", REDIS_URL=url)

    assert answer.returncode == 1
    assert "CommandError: Redis" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("stats", "--watch", "--interval", "0"), "at least 0.1, not '0'"),
        (("stats", "--watch", "--interval", "inf"), "at least 0.1, not 'inf'"),
        (("show", "nothing", "--watch"), "There is no job 'nothing'"),
        (("periodic", "--watch", "--off", "any"), "leave out --off and --on"),
    ],
)
def test_what_cannot_be_watched_is_refused(
    jobs: Jobs, redis_backend: JobBackend, arguments: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        jobs(*arguments)
