"""A site of several processes: a database, Redis and a mail server that are all real."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field

from tests.support.paths import ROOT
from tests.support.waiting import DEADLINE


@dataclass
class LiveSite:
    """Starts the site's processes, and ends them.

    Attributes:
        environment: what `tests.apps.recap_site.settings` reads.
    """

    environment: dict[str, str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start Python with arguments, as `start("-m", "django", "runworker")`."""
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def act(self, *actions: str) -> subprocess.Popen[str]:
        """Start `tests.apps.recap_site.program` with the names of what it should do."""
        return self.start("-m", "tests.apps.recap_site.program", *actions)

    def worker(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a worker with a few threads."""
        return self.start("-m", "django", "runworker", "-c", "3", *arguments)

    def end(self) -> None:
        """End what still runs."""
        for process in self.started:
            process.kill()
            process.communicate()


def output(process: subprocess.Popen[str]) -> str:
    """Return what a process wrote, once it has ended well."""
    out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, f"{process.args!r} ended with {process.returncode}:\n{out}{err}"
    return out
