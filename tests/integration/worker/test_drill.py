"""A day of operations in one test: reload, a killed worker, a failover and a stop under traffic."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from django_jobs.backends import RedisBackend
from django_jobs.brokers.messages import WorkerInfo
from django_jobs.jobs.records import State
from tests.apps.worker_site import tasks
from tests.support.processes import freeze
from tests.support.sentinels import SentinelGroup, started_group
from tests.support.waiting import DEADLINE, wait_until
from tests.support.workers import Site, WorkerProcess

PROCESSES = 3
ROUND = 150
"""How many more jobs run before the next thing happens."""

STEADY = 0.005
"""Seconds between two jobs."""


class Traffic(threading.Thread):
    """Enqueues one job after the other until it is stopped; each notes its number.

    Attributes:
        acknowledged: the numbers of jobs whose `enqueue` returned.
        turn: a lock that keeps the next job back while it is held.
    """

    def __init__(self) -> None:
        super().__init__(name="traffic", daemon=True)
        self.acknowledged: list[str] = []
        self.turn = threading.Lock()
        self._over = threading.Event()

    def run(self) -> None:
        for number in map(str, count()):
            with self.turn:
                tasks.note.enqueue(number)
            self.acknowledged.append(number)
            if self._over.wait(STEADY):
                return

    def stop(self) -> None:
        self._over.set()
        self.join(DEADLINE)
        assert not self.is_alive(), "an enqueue hangs"


class Drill:
    """What an operator does and sees while jobs come and go.

    Attributes:
        in_flight: arguments of the jobs that workers held when one of them, or Redis, was killed.
    """

    def __init__(self, group: SentinelGroup, backend: RedisBackend, site: Site) -> None:
        self.group, self.backend, self.site = group, backend, site
        self.in_flight: set[str] = set()
        self.traffic = Traffic()
        self.parent = self._start_parent()

    def _start_parent(self) -> WorkerProcess:
        parent = self.site.start("-c", "2", "--processes", str(PROCESSES), ready=False)
        parent.wait_for("Stop: Ctrl-C", PROCESSES)
        return parent

    def let_traffic_flow(self) -> None:
        """Wait until many more jobs have run."""
        self.site.notes.wait_for_lines(len(self.site.notes.lines) + ROUND)

    def roll(self) -> None:
        """Replace the workers one by one, as `systemctl reload` does."""
        self.parent.send(signal.SIGHUP)
        self.parent.wait_for("was replaced", PROCESSES)

    def kill_one_worker(self) -> None:
        victim = self._workers()[0]
        freeze(victim.pid)  # so that what it holds can be looked at
        self.in_flight |= self._held_by(victim.id)
        os.kill(victim.pid, signal.SIGKILL)
        wait_until(self._is_replaced(victim), lambda: f"no new worker:\n{self.parent.said}")

    def fail_over(self) -> None:
        """Kill the primary at a moment in which the replicas have all that it acknowledged."""
        with self.traffic.turn:
            workers = self._workers()
            for worker in workers:
                freeze(worker.pid)
            for worker in workers:
                self.in_flight |= self._held_by(worker.id)
            wait_until(lambda: self.group.replicas_in_step() == 2, "a replica is behind")
            old = self.group.primary
            old.kill9()
            for worker in workers:
                os.kill(worker.pid, signal.SIGCONT)
            self.group.replace(old)

    def _workers(self) -> tuple[WorkerInfo, ...]:
        return self.backend.broker.inspection.workers()

    def _is_replaced(self, victim: WorkerInfo) -> Callable[[], bool]:
        def is_replaced() -> bool:
            alive = {worker.id for worker in self._workers()}
            return victim.id not in alive and len(alive) == PROCESSES

        return is_replaced

    def _held_by(self, worker_id: str) -> set[str]:
        with self.group.client(self.group.primary) as client:
            prefix = f"{{{self.backend.configuration.namespace}}}:"
            ids = client.hkeys(f"{prefix}f:{worker_id}")
        records = self.backend.broker.inspection.read(ids)
        return {record.job.arguments for record in records}


@pytest.fixture
def group() -> Iterator[SentinelGroup]:
    made = started_group()
    yield made
    made.stop()


@pytest.fixture
def drill(
    group: SentinelGroup, configure: Callable[..., RedisBackend], site: Site
) -> Iterator[Drill]:
    options = {"url": group.url, "socket_timeout": 20, "lease": 4}
    site.options.update(options)
    made = Drill(group, configure(**options), site)
    yield made
    if made.traffic.is_alive():
        made.traffic.stop()


@pytest.mark.timeout(300)
def test_a_deploy_a_crash_a_failover_and_a_stop_lose_no_job(drill: Drill) -> None:
    traffic = drill.traffic
    traffic.start()
    for trouble in (drill.roll, drill.kill_one_worker, drill.fail_over):
        drill.let_traffic_flow()
        trouble()
    drill.let_traffic_flow()
    traffic.stop()

    runs = drill.site.notes
    wait_until(lambda: set(traffic.acknowledged) <= set(runs.lines), "a job is lost")
    wait_until(lambda: set(_open(drill.backend)) <= {State.SUCCEEDED}, "a job is not settled")
    assert drill.parent.stop() == 0
    assert "Traceback" not in drill.parent.said

    again = {number for number, times in runs.counts.items() if times > 1}
    assert {f'[["{number}"],{{}}]' for number in again} <= drill.in_flight
    assert set(runs.counts) == set(traffic.acknowledged)


def _open(backend: RedisBackend) -> dict[State, int]:
    counts = backend.broker.inspection.counts()
    return {state: number for state, number in counts.items() if number}
