"""Redis servers that are killed, or lose power, while jobs are enqueued and drained."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from pathlib import Path

from django_jobs.errors import BrokerError
from tests.robustness.chaos import tasks
from tests.robustness.chaos.fleet import Fleet, MakeFleet
from tests.robustness.chaos.scale import FIGURES, LIMIT, SCALE
from tests.support.redis_server import RedisServer

pytestmark = LIMIT

KILLS = 2 * SCALE
BETWEEN = 100
"""Jobs that are enqueued between two kills."""

FORGIVEN = 2.0
"""Seconds by which `everysec` may write something later than it was answered: so long does Redis
wait for a sync that is under way."""


class Enqueuer:
    """Enqueues one job after the other until stopped, whatever becomes of Redis.

    Args:
        pause: seconds between two jobs.
        longest: seconds that each may take.

    Attributes:
        calls: when `enqueue` was called and when it returned, for each job of which it did.
        refused: how many jobs it failed for.
    """

    def __init__(self, pause: float, longest: float) -> None:
        self._pause, self._longest = pause, longest
        self.calls: dict[str, tuple[float, float]] = {}
        self.refused = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(self._pause):
            called = time.monotonic()
            try:
                result = tasks.run.enqueue(self._longest)
            except BrokerError:
                self.refused += 1
            else:
                self.calls[result.id] = called, time.monotonic()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()


class Disk:
    """Remembers how long a server's append-only file was at each moment."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._sizes: list[tuple[float, Path, int]] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stopped.wait(0.01):
            path = self._file()
            self._sizes.append((time.monotonic(), path, path.stat().st_size))

    def _file(self) -> Path:
        return max(self._server.directory.rglob("*.aof"), key=lambda path: path.stat().st_mtime)

    def forget(self, seconds: float) -> float:
        """Take away what was written in the last seconds; return since when."""
        then = time.monotonic() - seconds
        at, path, size = [entry for entry in self._sizes if entry[0] <= then][-1]
        os.truncate(path, size)
        return at

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()


def all_ended(fleet: Fleet) -> bool:
    return all(state.is_final for state in fleet.counts())


def test_no_job_is_lost_or_run_twice_with_a_server_that_is_killed_and_syncs_always(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet("appendfsync always", socket_timeout=1)
    fleet.start("-c", "10", number=2, ready=True)
    enqueuer = Enqueuer(0.002, longest=0.02)
    for number in range(1, KILLS + 1):
        fleet.wait_until(lambda: len(enqueuer.calls) >= BETWEEN * number, "too few")  # noqa: B023
        refused = enqueuer.refused
        fleet.server.kill9()
        fleet.wait_until(lambda: enqueuer.refused > refused, "it enqueues all the same")  # noqa: B023
        fleet.server.start()
    fleet.wait_until(lambda: len(enqueuer.calls) >= BETWEEN * (KILLS + 1), "too few")
    enqueuer.stop()

    fleet.wait_until(lambda: all_ended(fleet), "some jobs did not end")

    runs = fleet.runs()
    assert enqueuer.calls.keys() <= runs.keys()
    fleet.assert_each_ran_once(list(runs))
    FIGURES.append(
        f"Redis with always: killed {KILLS} times, {len(enqueuer.calls)} jobs enqueued and"
        f" {enqueuer.refused} refused, of which {len(runs.keys() - enqueuer.calls.keys())} were"
        f" stored all the same; {runs.total()} runs of {len(runs)} jobs."
    )


def test_a_power_cut_costs_the_last_moments_with_a_server_that_syncs_every_second(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet("appendfsync everysec", socket_timeout=1)
    disk = Disk(fleet.server)
    fleet.start("-c", "10", number=2, ready=True)
    enqueuer = Enqueuer(0.01, longest=0.3)
    cuts: list[tuple[float, float]] = []
    for number in range(1, KILLS + 1):
        fleet.wait_until(lambda: len(enqueuer.calls) >= 2 * BETWEEN * number, "too few")  # noqa: B023
        fleet.server.kill9()
        cuts.append((disk.forget(1.0), time.monotonic()))
        fleet.server.start()
    enqueuer.stop()
    disk.stop()

    fleet.wait_until(lambda: all_ended(fleet), "some jobs did not end")

    runs = fleet.runs()
    lost = [job for job in enqueuer.calls if fleet.backend.broker.inspection.find(job) is None]
    for job in lost:
        called, returned = enqueuer.calls[job]
        assert any(since - FORGIVEN <= returned and called <= until for since, until in cuts)
    assert max(runs.values()) <= 1 + KILLS
    assert enqueuer.calls.keys() - set(lost) <= runs.keys()
    report(fleet, enqueuer, runs, lost)


def report(fleet: Fleet, enqueuer: Enqueuer, runs: Counter[str], lost: list[str]) -> None:
    FIGURES.append(
        f"Redis with everysec: {KILLS} power cuts that took the last second,"
        f" {len(enqueuer.calls)} jobs enqueued, {len(lost)} of them forgotten, of which"
        f" {len(set(lost) - runs.keys())} had not run; {runs.total() - len(runs)} attempts more"
        f" than jobs."
    )
