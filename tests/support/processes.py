"""Processes: run to their end, looked at, and made to stand still."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.waiting import wait_until


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
