"""Runs the producers and workers of one system with a separate Redis."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import redis

from benchmarks.declaration import System
from benchmarks.environment import BENCH, LIBRARY, program
from tests.support.ports import HOST
from tests.support.redis_server import RedisServer

Figures = dict[str, Any]
"""The numbers of one run of a measure, by name."""

Variables = Mapping[str, str]
NO_VARIABLES: Variables = MappingProxyType({})

LOGS = BENCH / "logs"
PRODUCER_DEADLINE = 300.0
"""Seconds; long enough for a million jobs."""


class MeasureError(Exception):
    """A measure failed; the message says why."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One system, one Redis, one checkout of django_jobs."""

    system: System
    server: RedisServer
    checkout: Path
    sizes: dict[str, int] = field(default_factory=dict)
    """The number of jobs for a run of the requested duration, as found in earlier rounds."""

    @property
    def redis(self) -> redis.Redis:
        """A client of the Redis that the system uses."""
        return redis.Redis(host=HOST, port=self.server.port)

    def on(self, server: RedisServer) -> Stage:
        """Return the same system on another server."""
        return replace(self, server=server)

    def clear(self) -> None:
        """Empty the server, and reset its statistics."""
        self.redis.flushall()
        self.redis.config_resetstat()

    def memory(self) -> int:
        """Return the memory of the server's data in bytes."""
        return int(self.redis.info("memory")["used_memory"])

    def produce(
        self, verb: str, task: str, number: int, extra: Variables = NO_VARIABLES
    ) -> dict[str, Any]:
        """Run a producer, and return its result."""
        done = subprocess.run(
            [*self._producer(), verb, task, str(number)],
            **self._surroundings(extra),
            capture_output=True,
            text=True,
            check=False,
            timeout=PRODUCER_DEADLINE,
        )
        if done.returncode:
            *_, last = done.stderr.strip().splitlines() or ["it said nothing"]
            raise MeasureError(f"The producer failed: {last}")
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer

    @contextmanager
    def worker(
        self, measure: str, count: int = 0, extra: Variables = NO_VARIABLES
    ) -> Iterator[Worker]:
        """Run a worker that reports after a number of jobs; it is killed at the end.

        Args:
            measure: what for; some systems have another command for each.
            count: the number of jobs; 0 for no report.
            extra: further variables for its environment.
        """
        LOGS.mkdir(parents=True, exist_ok=True)
        log = LOGS / f"{self.system.name}-{measure}.log"
        command = [self._fill_in(word) for word in self.system.worker_command(measure)]
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, log.open("wb") as output:
            files = Files(Path(folder))
            process = subprocess.Popen(
                [program(self.system, command[0]), *command[1:]],
                **self._surroundings({"BENCH_COUNT": str(count), **files.environment, **extra}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                yield Worker(process, files, log)
            finally:
                kill(process)

    def _producer(self) -> list[str]:
        if self.system.path.suffix == ".rb":
            return ["ruby", str(self.system.path)]
        return [program(self.system, "python"), "-m", "benchmarks.producer", self.system.name]

    def _surroundings(self, extra: Variables) -> dict[str, Any]:
        own = self.system.environment
        variables = {name: self._fill_in(value) for name, value in own.items()}
        path = os.pathsep.join((str(LIBRARY), str(self.checkout)))
        return {
            "cwd": LIBRARY,
            "env": {
                **os.environ,
                "PYTHONPATH": path,
                "BENCH_PORT": str(self.server.port),
                **variables,
                **extra,
            },
        }

    def _fill_in(self, text: str) -> str:
        text = text.replace("{port}", str(self.server.port)).replace("{url}", self.server.url)
        return text.replace("{file}", str(self.system.path))


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a worker's probe."""

    folder: Path

    @property
    def report(self) -> Path:
        """The probe's report after the last job."""
        return self.folder / "report"

    @property
    def trace(self) -> Path:
        """Lines of single jobs."""
        return self.folder / "trace"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables for the probe."""
        return {"BENCH_REPORT": str(self.report), "BENCH_TRACE": str(self.trace)}

    def lines(self) -> list[list[int]]:
        """Return the numbers in each complete line of the trace."""
        text = self.trace.read_text() if self.trace.exists() else ""
        return [[int(word) for word in line.split()] for line in text.split("\n")[:-1]]


@dataclass(frozen=True, slots=True)
class Worker:
    """A running worker."""

    process: subprocess.Popen[bytes]
    files: Files
    log: Path

    def report(self, seconds: float = 60.0) -> dict[str, Any]:
        """Wait for the worker's report, and return it.

        Raises:
            MeasureError: the worker has ended, or the time is over.
        """
        if not self.wait(self.files.report.exists, seconds):
            raise MeasureError(f"Not all jobs ran within {seconds:.0f} s, see {self.log}")
        report: dict[str, Any] = json.loads(self.files.report.read_text())
        return report

    def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until a condition is true; return whether it is, or False after a timeout.

        Raises:
            MeasureError: the worker has ended.
        """
        deadline = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None:
                raise MeasureError(f"The worker ended by itself, see {self.log}")
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a worker with all processes that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
