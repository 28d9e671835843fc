"""Processes: run to their end, waited for, looked at, and made to stand still."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.waiting import DEADLINE, wait_until
from tests.support.warm_python import Forked, run


@dataclass
class RunningProcess:
    """A process that writes to a file.

    Attributes:
        log: what it writes.
    """

    process: subprocess.Popen[str] | subprocess.Popen[bytes] | Forked
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text()

    def wait_for(self, text: str, times: int = 1) -> None:
        wait_until(
            lambda: self.said.count(text) >= times or self.process.poll() is not None,
            lambda: f"no {text!r} in:\n{self.said}",
        )
        assert self.said.count(text) >= times, f"it ended without {text!r}:\n{self.said}"

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def freeze(self) -> None:
        """Stop it where it is; SIGCONT lets it go on."""
        freeze(self.process.pid)

    def kill9(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """Wait for the end, and return the exit code."""
        try:
            return self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end:\n{self.said}") from None

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.send(number)
        return self.end()


def output_of(command: Sequence[str | Path], cwd: Path, env: Mapping[str, str]) -> str:
    """Run a program to its end, which has to be a success; return what it printed."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def output_of_python(arguments: Sequence[str], cwd: Path, env: Mapping[str, str]) -> str:
    """Run Python to its end, which has to be a success; return what it printed, errors last."""
    done = run(arguments, cwd, env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for is a zombie."""
    return set(_states(pid)) <= {"Z"}


def freeze(pid: int) -> None:
    """Stop a process with SIGSTOP; return when none of its threads runs any more."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: set(_states(pid)) <= {"T", "Z"}, f"process {pid} does not stand still")


def _states(pid: int) -> list[str]:
    """Return the state of each thread, as in the second column of `ps`."""
    states = []
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            states.append(stat.read_text().rpartition(")")[2].split()[0])
        except (FileNotFoundError, ProcessLookupError):  # it ends while it is read
            continue
    return states
