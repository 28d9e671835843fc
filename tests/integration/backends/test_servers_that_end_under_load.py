"""A web server that is stopped while jobs wait finishes each of them or logs it, then ends."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.backends.program import Program
from tests.integration.backends.web_servers import (
    ASGI,
    GRANIAN,
    GUNICORN,
    PLAIN_ASGI,
    RUNSERVER,
    UVICORN,
    WSGI,
)
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

JOBS = 200
REQUESTS = 10
SHORT, LONG = 0.02, 0.5
"""Seconds of one job: two hundred of them are over in the timeout, or never."""

SHUTDOWN_TIMEOUT = {SHORT: "25", LONG: "1"}


def end_by_sigterm(program: Program) -> None:
    os.kill(program.process.pid, signal.SIGTERM)
    program.wait()


def end_after_reload(program: Program) -> None:
    """Change the code, use the site once more, then end its parent and its child."""
    program.reload()
    wait_until(lambda: program.log.count("Watching for file changes") == 2, "a second start")
    assert program.enqueue(1, 0, first=JOBS)
    wait_until(lambda: JOBS in program.effects, "a job after the reload")
    os.killpg(program.process.pid, signal.SIGTERM)
    program.wait()


@dataclass(frozen=True, slots=True)
class Server:
    """A way to serve the site.

    Attributes:
        command: what to run.
        started: what it logs when one of its processes serves; who ends granian while a process
            starts, waits for that one forever.
        processes: how many it has.
        end: how it is ended.
        debug: "1" where the log must show what Django tells developers only.
    """

    command: list[str]
    started: str
    processes: int = 1
    end: Callable[[Program], None] = end_by_sigterm
    debug: str = ""


DJANGO, UNICORN, LIFESPAN, RUST = (
    "Quit the server",
    "Booting worker",
    "Application startup complete",
    "Started worker",
)
SERVERS = {
    "runserver": Server([*RUNSERVER, "--noreload"], DJANGO),
    "runserver reload": Server(RUNSERVER, DJANGO, end=end_after_reload, debug="1"),
    "gunicorn sync": Server([*GUNICORN, "--workers", "2"], UNICORN, 2),
    "gunicorn gthread": Server([*GUNICORN, "--workers", "2", "--threads", "2"], UNICORN, 2),
    "uvicorn": Server([*UVICORN, PLAIN_ASGI], LIFESPAN),
    "uvicorn workers": Server([*UVICORN, "--workers", "2", ASGI], LIFESPAN, 2),
    "granian wsgi": Server([*GRANIAN, "--interface", "wsgi", "--workers", "2", WSGI], RUST, 2),
    "granian asgi": Server([*GRANIAN, "--interface", "asgi", "--workers", "2", ASGI], RUST, 2),
}


@dataclass(frozen=True, slots=True)
class End:
    """What became of the jobs of a server that was told to end.

    Attributes:
        accepted: ids of the jobs by their numbers.
        done: numbers of those that have left their effect, as often as they did.
        log: what the server wrote.
    """

    accepted: dict[int, str]
    done: list[int]
    log: str

    @property
    def finished(self) -> set[str]:
        return {self.accepted[number] for number in self.done if number < JOBS}

    @property
    def named(self) -> set[str]:
        return set(re.findall(r"leave_effect \(([0-9a-f]{24})\)", self.log))


def serve_and_end(directory: Path, server: str, seconds: float) -> End:
    served = SERVERS[server]
    timeout = SHUTDOWN_TIMEOUT[seconds]
    variables = {"SERVED_DEBUG": served.debug, "SERVED_SHUTDOWN_TIMEOUT": timeout}
    program = Program(served.command, directory, **variables)
    try:
        wait_until(lambda: program.log.count(served.started) == served.processes, "the start")
        accepted = dict(enumerate(ids_of_many_requests(program, seconds)))
        served.end(program)
        return End(accepted, program.effects, program.log)
    finally:
        program.kill()


def ids_of_many_requests(program: Program, seconds: float) -> list[str]:
    """Enqueue by many requests, so that each process of the server gets some."""
    count = JOBS // REQUESTS
    program.enqueue(0, 0)
    with ThreadPoolExecutor(REQUESTS) as clients:
        firsts = range(0, JOBS, count)
        answers = clients.map(lambda first: program.enqueue(count, seconds, first), firsts)
        return [job_id for answer in answers for job_id in answer]


@pytest.mark.parametrize("server", SERVERS)
def test_two_hundred_short_jobs_are_finished(tmp_path: Path, server: str) -> None:
    end = serve_and_end(tmp_path, server, SHORT)
    assert [number for number in end.done if number < JOBS] == list(range(JOBS)), end.log
    assert not end.named
    assert "Traceback" not in end.log


@pytest.mark.parametrize("server", SERVERS)
def test_of_two_hundred_long_jobs_each_is_finished_or_named(tmp_path: Path, server: str) -> None:
    end = serve_and_end(tmp_path, server, LONG)
    accepted = set(end.accepted.values())
    assert len(accepted) == JOBS
    assert end.finished | end.named == accepted, end.log
    assert len(end.done) == len(set(end.done))
    assert "Traceback" not in end.log
