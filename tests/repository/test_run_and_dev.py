"""`make run` and `make dev` show a site that works, and leave nothing running behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from tests.support.paths import ROOT
from tests.support.ports import free_port
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.long

ENVIRONMENT = Path(sys.prefix)


class Command:
    """A running make target whose output can be waited for."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.address = f"http://127.0.0.1:{port}/"
        self.output = ""

    def wait_for(self, *wanted: str) -> None:
        """Show post until each of these was printed; pytest's time limit is the deadline."""
        assert self.process.stdout is not None
        missing = {part for part in wanted if part not in self.output}
        while missing:
            line = self.process.stdout.readline()
            assert line, f"ended without {missing}:\n{self.output}"
            print(line, end="")  # pytest shows it if the rest never comes
            self.output += line
            missing = {part for part in missing if part not in line}

    def press_ctrl_c(self) -> None:
        """Do what a terminal does: interrupt the whole foreground group, then read the rest."""
        os.killpg(self.process.pid, signal.SIGINT)
        rest, _ = self.process.communicate()
        self.output += rest


Start = Callable[..., Command]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a make target of the installed repository, with data of its own."""
    with ExitStack() as running:

        def start_target(target: str, **variables: str) -> Command:
            port = free_port()
            process = running.enter_context(
                subprocess.Popen(
                    ["make", f"VENV={ENVIRONMENT}", "-o", f"{ENVIRONMENT}/installed", target],
                    cwd=ROOT,
                    env=environment(tmp_path, PORT=str(port), **variables),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                    text=True,
                    start_new_session=True,
                )
            )
            running.callback(end_group, process)
            return Command(process, port)

        yield start_target


def environment(data: Path, **variables: str) -> dict[str, str]:
    """Our environment, with the site's data in a directory of the test."""
    of_make = ("MAKE", "MFLAGS")  # of the make that may have started these tests
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(of_make)}
    places = {"DATABASE_URL": f"sqlite:///{data}/db.sqlite3", "MEDIA_ROOT": f"{data}/media"}
    return inherited | places | variables


def end_group(process: subprocess.Popen[str]) -> None:
    """End a command that a failed test has left running, with all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def answers(address: str) -> bool:
    """Whether the site's first page can be fetched."""
    return httpx.get(address, follow_redirects=True, timeout=60).is_success


def test_make_run_shows_the_way_serves_the_site_and_keeps_its_demo_data(start: Start) -> None:
    first = start("run")
    first.wait_for("posts added", "The site", first.address, "What to try first")
    first.wait_for("Quit the server")
    assert answers(first.address)
    assert "Traceback" not in first.output
    first.press_ctrl_c()

    second = start("run")
    second.wait_for("Demo data: in place", "Quit the server")
    assert answers(second.address)


def test_make_dev_runs_site_and_worker_until_ctrl_c(
    start: Start, redis_server_factory: Callable[..., RedisServer]
) -> None:
    command = start("dev", REDIS_URL=redis_server_factory().url)
    command.wait_for("What to try first", "Quit the server", "default")
    assert answers(command.address)

    command.press_ctrl_c()

    assert "Traceback" not in command.output
    with pytest.raises(httpx.ConnectError):
        answers(command.address)
