"""A site of several processes: a database, Redis and a mail server that are all real."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.paths import ROOT
from tests.support.processes import RunningProcess
from tests.support.warm_python import python


@dataclass
class LiveSite:
    """Starts the site's processes, and ends them.

    Attributes:
        environment: what `tests.apps.recap_site.settings` reads.
        folder: where processes write what they say.
    """

    environment: dict[str, str]
    folder: Path
    started: list[RunningProcess] = field(default_factory=list)

    def start(self, *arguments: str) -> RunningProcess:
        """Start Python with arguments, as `start("-m", "django", "runworker")`."""
        log = self.folder / f"process-{len(self.started)}.log"
        with log.open("w") as output:
            process = python(arguments, ROOT, {**os.environ, **self.environment}, output)
        self.started.append(RunningProcess(process, log))
        return self.started[-1]

    def act(self, *actions: str) -> RunningProcess:
        """Start `tests.apps.recap_site.program` with the names of what it should do."""
        return self.start("-m", "tests.apps.recap_site.program", *actions)

    def worker(self, *arguments: str) -> RunningProcess:
        """Start a worker with a few threads."""
        return self.start("-m", "django", "runworker", "-c", "3", *arguments)

    def end(self) -> None:
        """End what still runs."""
        for process in self.started:
            process.kill9()


def output(process: RunningProcess) -> str:
    """Return what a process wrote, once it has ended well."""
    code = process.end()
    assert code == 0, f"it ended with {code}:\n{process.said}"
    return process.said
