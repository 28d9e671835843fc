"""Worker processes that are killed and replaced, and the book on what that may have cost."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import redis

from django_jobs.backends import RedisBackend
from django_jobs.jobs.records import JobRecord, State
from tests.robustness.chaos.scale import FIGURES, PATIENCE, SCALE
from tests.support.proxy import Proxy
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until
from tests.support.workers import Site, WorkerProcess

READY = "Stop: Ctrl-C"
"""What a worker says when it begins to serve."""

LOST = "was silent for longer than its lease"
"""What a worker says whose jobs were given to others."""


@dataclass
class Kill:
    """A worker that was killed.

    Attributes:
        worker: its id, or None if it had not begun to work.
        in_flight: ids of the jobs that Redis knew to be with it.
        at: when, by the monotonic clock.
        recovery: seconds until its jobs were taken back.
    """

    worker: str | None
    in_flight: list[str]
    at: float
    recovery: float | None = None


@dataclass(frozen=True)
class Freeze:
    """A worker that was frozen until others had been given its jobs.

    Attributes:
        in_flight: ids of the jobs that Redis knew to be with it.
        since, until: when it stood still, in nanoseconds of the monotonic clock.
    """

    pid: int
    in_flight: list[str]
    since: int
    until: int


@dataclass
class Fleet:
    """The workers of one site, their server, and this process, which enqueues."""

    site: Site
    server: RedisServer
    backend: RedisBackend
    through: Proxy | None = None
    workers: list[WorkerProcess] = field(default_factory=list)
    kills: list[Kill] = field(default_factory=list)
    freezes: list[Freeze] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.redis = redis.Redis.from_url(self.server.url, decode_responses=True)
        self.prefix = f"{{{self.backend.configuration.namespace}}}:"

    @property
    def proxy(self) -> Proxy:
        """What the workers reach the server through, in a fleet that was made so."""
        assert self.through
        return self.through

    # --- workers ---------------------------------------------------------------------------------

    def start(
        self, *arguments: str, number: int = 1, ready: bool = False, **variables: str
    ) -> None:
        """Start workers, and wait until each says so if asked to."""
        for _ in range(number):
            self.workers.append(self.site.start(*arguments, ready=False, **variables))
        for worker in self.workers if ready else ():
            worker.wait_for(READY)

    def start_ready(self, *arguments: str, number: int = 1) -> None:
        """Start workers, each again if Redis did not answer it, as a service manager would."""
        for _ in range(number):
            worker = self.site.start(*arguments, ready=False)
            while not self._becomes_ready(worker):
                worker = self.site.start(*arguments, ready=False)
            self.workers.append(worker)

    def _becomes_ready(self, worker: WorkerProcess) -> bool:
        """Wait until a worker is ready, or has ended instead."""
        self.wait_until(
            lambda: READY in worker.said or worker.process.poll() is not None, "it hangs"
        )
        return READY in worker.said

    def id_of(self, worker: WorkerProcess) -> str | None:
        """Return the id under which Redis knows a worker, if it does yet."""
        known = map(str, self.redis.zrange(f"{self.prefix}leases", 0, -1))
        pid = str(worker.process.pid)
        return next((name for name in known if name.split(":")[1] == pid), None)

    def in_flight(self, worker_id: str | None) -> list[str]:
        """Return the ids of the jobs that a worker has."""
        return [str(job_id) for job_id in self.redis.hkeys(f"{self.prefix}f:{worker_id}")]

    def kill(self, worker: WorkerProcess) -> None:
        """Kill a worker; it is frozen first, so that what it holds can be read."""
        worker.freeze()
        worker_id = self.id_of(worker)
        in_flight = self.in_flight(worker_id)
        worker.kill9()
        self.workers.remove(worker)
        self.kills.append(Kill(worker_id, in_flight, time.monotonic()))

    def freeze_past_lease(self, worker: WorkerProcess) -> None:
        """Freeze a worker until its jobs are given to others, and wait until it has noticed."""
        worker.wait_for(READY)
        self.wait_until(lambda: self.id_of(worker), "it does not begin")
        noticed = worker.said.count(LOST)
        worker.freeze()
        since, in_flight = time.monotonic_ns(), self.in_flight(self.id_of(worker))
        self.wait_until(lambda: self.id_of(worker) is None, "its jobs are not taken back")
        self.freezes.append(Freeze(worker.process.pid, in_flight, since, time.monotonic_ns()))
        worker.send(signal.SIGCONT)
        worker.wait_for(LOST, times=noticed + 1)

    def swallow_answers(self) -> int:
        """Let nobody hear what the server has done until a worker misses that; then cut all.

        Returns:
            How many connections were cut.
        """
        self.proxy.swallowing = True
        before = self.said().count("Can't")
        self.wait_until(lambda: self.said().count("Can't") > before, "nobody missed an answer")
        self.proxy.swallowing = False
        return self.proxy.cut()

    def fill_server(self) -> None:
        """Let the server refuse what needs memory for up to a second."""
        self.redis.config_set("maxmemory", "1")
        time.sleep(random.uniform(0, 1))
        self.redis.config_set("maxmemory", "0")

    def restart_server(self) -> None:
        """Kill the server; what it has written is there again when it answers."""
        self.server.kill9()
        self.server.start()

    def befall(self, disaster: str, *arguments: str) -> None:
        """Let something happen to a worker, or to what all are connected to.

        Args:
            arguments: of the worker that is started for one that is killed.
        """
        match disaster:
            case "kill":
                self.kill(random.choice(self.workers))
                self.start_ready(*arguments)
            case "freeze":
                self.freeze_past_lease(random.choice(self.workers))
            case "cut":
                self.proxy.cut()
            case "swallow":
                self.swallow_answers()
            case "full":
                self.fill_server()
            case "restart":
                self.restart_server()
            case _:
                raise ValueError(disaster)

    def stop(self) -> None:
        """Stop all workers as a deploy does; none has failed."""
        for worker in self.workers:
            worker.send(signal.SIGTERM)
        for worker in self.workers:
            assert worker.end() == 0, worker.said
        self.workers.clear()

    # --- what became of the jobs -----------------------------------------------------------------

    def wait_until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a condition, and time how long recoveries take."""

        def holds() -> bool:
            self._look_for_recoveries()
            return bool(condition())

        wait_until(holds, lambda: f"{what}: {self.counts()}\n{self.said()[-5000:]}", PATIENCE)
        self._look_for_recoveries()

    def wait_for_ends(self, number: int) -> None:
        """Wait until so many jobs have ended, and none is anywhere else."""

        def ended() -> bool:
            counts = self.counts()
            final = sum(n for state, n in counts.items() if state.is_final)
            return final == sum(counts.values()) == number

        self.wait_until(ended, f"not {number} jobs ended")

    def wait_for_runs(self, number: int) -> None:
        """Wait until so many attempts have begun."""
        self.wait_until(lambda: self.begun() >= number, f"not {number} attempts")

    def counts(self) -> dict[State, int]:
        counts = self.backend.broker.inspection.counts()
        return {state: number for state, number in counts.items() if number}

    def begun(self) -> int:
        """Return how many attempts have begun, by the size of the notes alone if they are many."""
        path = self.site.notes.path
        return path.read_bytes().count(b"\n") if path.exists() else 0

    def runs(self) -> Counter[str]:
        """Return how often each job has been run."""
        return Counter(line.split()[0] for line in self.site.notes.lines)

    def record(self, job_id: str) -> JobRecord:
        record = self.backend.broker.inspection.find(job_id)
        assert record is not None, f"{job_id} is lost"
        return record

    def said(self) -> str:
        """Return what all workers said that there were."""
        return "\n".join(worker.said for worker in self.site.started)

    def _look_for_recoveries(self) -> None:
        for kill in self.kills:
            if kill.recovery is None and not self.redis.exists(f"{self.prefix}f:{kill.worker}"):
                kill.recovery = time.monotonic() - kill.at

    # --- judgement -------------------------------------------------------------------------------

    def assert_nothing_lost(self, ids: list[str]) -> None:
        """Each job has succeeded, was run once and once more for each worker lost with it.

        One that was in three workers as they were killed or frozen is dead, as is promised. It is
        retried then, as an operator would.
        """
        lost: list[Kill | Freeze] = [*self.kills, *self.freezes]
        hit = Counter(job_id for worker in lost for job_id in worker.in_flight)
        dead = [job_id for job_id in ids if self.record(job_id).state is State.DEAD]
        for job_id in dead:
            record = self.record(job_id)
            assert record.crashes == 3, record
            assert record.failures[-1].exception == "django_jobs.errors.WorkerLost"
            assert hit[job_id] >= 3
            assert self.backend.broker.inspection.retry(job_id)
        self.wait_for_ends(len(ids))
        assert self.counts() == {State.SUCCEEDED: len(ids)}
        runs = self.runs()
        assert runs.keys() == set(ids)
        for job_id, number in runs.items():
            assert number <= 1 + hit[job_id] + (job_id in dead), f"{job_id}: {number} runs"
        self._report(runs, len(dead))

    def assert_each_ran_once(self, ids: list[str]) -> None:
        """Each job has succeeded, and no attempt was begun twice."""
        assert self.counts() == {State.SUCCEEDED: len(ids)}, self.said()[-5000:]
        assert self.runs() == Counter(ids)

    def _report(self, runs: Counter[str], dead: int) -> None:
        longest = max((kill.recovery or 0 for kill in self.kills if kill.in_flight), default=0)
        held = sum(len(kill.in_flight) for kill in self.kills)
        FIGURES.append(
            f"{os.environ.get('PYTEST_CURRENT_TEST', '').split('::')[-1]}: scale {SCALE},"
            f" {len(runs)} jobs, {len(self.kills)} workers killed with {held} jobs in flight,"
            f" {runs.total() - len(runs)} attempts more than jobs, {dead} dead after three"
            f" crashes, longest recovery {longest:.1f} s"
        )


MakeFleet = Callable[..., Fleet]
