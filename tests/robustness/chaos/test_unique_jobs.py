"""Unique jobs keep their promises while workers, connections and Redis fail in five ways.

Two attempts with one lock never overlap, unless the worker of the earlier one was silent for longer
than its lease: then its job was given to another worker, as *at least once* means. What every call
asked for is done after it, and no lock is left.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count, takewhile

from django_jobs.brokers.doctor import Trouble
from django_jobs.errors import BrokerError
from django_jobs.jobs.records import State
from tests.robustness.chaos import tasks
from tests.robustness.chaos.fleet import LOST, Fleet, MakeFleet
from tests.robustness.chaos.scale import FIGURES, LIMIT, SCALE
from tests.support.workers import WorkerProcess

pytestmark = LIMIT

ROUNDS = SCALE
"""In each round two workers are killed, one is frozen, connections are cut, and the server is full
once and killed once."""

BETWEEN = 60
"""Calls between two of these."""

KEYS = 4
LONGEST = 0.06
LEASE = 6
TASKS = (tasks.run_once, tasks.run_newest, tasks.run_after)
EXCLUSIVE = {tasks.run_once.name, tasks.run_newest.name}
"""The tasks whose jobs hold their locks to the end."""


@dataclass(frozen=True)
class Call:
    """A call of a unique task that returned.

    Attributes:
        at: when it was made, by the monotonic clock.
        version: grows with each call.
    """

    task: str
    key: str
    version: int
    id: str
    at: float


@dataclass
class Attempt:
    """One attempt, as the process that ran it has noted it.

    Attributes:
        ended: infinite if the process did not live to note it.
    """

    id: str
    process: int
    key: str
    version: int
    begun: float
    ended: float = float("inf")


@dataclass
class Caller:
    """Calls unique tasks until stopped, whatever becomes of Redis.

    Attributes:
        made: the calls that returned.
        refused: how many did not.
    """

    made: list[Call] = field(default_factory=list)
    refused: int = 0

    def __post_init__(self) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for version in count(1):
            if self._stopped.wait(0.005):
                return
            self._call(version)

    def _call(self, version: int) -> None:
        task = random.choice(TASKS)
        key = f"{task.name}-{random.randrange(KEYS)}"
        at = time.monotonic()
        try:
            result = task.enqueue(key, version, LONGEST)
        except BrokerError:
            self.refused += 1
        else:
            self.made.append(Call(task.name, key, version, result.id, at))

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()


def test_unique_jobs_keep_their_promises_whatever_fails(make_fleet: MakeFleet) -> None:
    fleet = make_fleet("appendfsync always", through_proxy=True, socket_timeout=1, lease=LEASE)
    fleet.start_ready("-c", "4", number=2)
    caller = Caller()
    try:
        for _ in range(ROUNDS):
            for disaster in random.sample(range(6), 6):
                enough = len(caller.made) + BETWEEN
                fleet.wait_until(lambda: len(caller.made) >= enough, "too few calls")  # noqa: B023
                befall(fleet, disaster)
                assert wrong_locks(fleet) == []
    finally:
        caller.stop()

    fleet.wait_until(lambda: all(state.is_final for state in fleet.counts()), "some did not end")

    assert fleet.redis.keys(f"{fleet.prefix}l:*") == []
    assert [one for one in fleet.backend.broker.doctor.examine() if not one.is_remark] == []
    silent = {one.process.pid for one in fleet.site.started if LOST in one.said}
    attempts = read_attempts(fleet)
    overlaps = list(find_overlaps(attempts))
    assert [pair for pair in overlaps if pair[0].process not in silent] == []
    dead = find_dead(fleet, caller.made)
    assert undone(caller.made, attempts, dead) == []
    FIGURES.append(
        f"Unique jobs: {6 * ROUNDS} failures ({2 * ROUNDS} kills, {ROUNDS} freezes, {ROUNDS} cuts,"
        f" {ROUNDS} times full, {ROUNDS} restarts), {len(caller.made)} calls and {caller.refused}"
        f" refused, {len(attempts)} attempts of {len({one.id for one in attempts})} jobs,"
        f" {len(dead)} dead; {len(overlaps)} overlaps, all with workers that had lost their lease."
    )


# --- what befalls them ---------------------------------------------------------------------------


def befall(fleet: Fleet, disaster: int) -> None:
    match disaster:
        case 0 | 1:
            fleet.kill(random.choice(fleet.workers))
            fleet.start_ready("-c", "4")
        case 2:
            replace_frozen(fleet, random.choice(fleet.workers))
        case 3:
            fleet.proxy.cut()
        case 4:
            fleet.fill_server()
        case _:
            fleet.restart_server()


def replace_frozen(fleet: Fleet, worker: WorkerProcess) -> None:
    """Freeze a worker until it has lost its jobs; then let it end them, and stop."""
    fleet.freeze_past_lease(worker)
    worker.send(signal.SIGTERM)
    assert worker.end() == 0, worker.said
    fleet.workers.remove(worker)
    fleet.start_ready("-c", "4")


# --- judgement -----------------------------------------------------------------------------------


def wrong_locks(fleet: Fleet) -> list[str]:
    """Return what the doctor says of locks, while everything is under way."""
    kinds = {Trouble.STRAY_LOCK, Trouble.LOST_LOCK}
    return [one.problem for one in fleet.backend.broker.doctor.examine() if one.trouble in kinds]


def read_attempts(fleet: Fleet) -> list[Attempt]:
    """Return all attempts in the order in which they began."""
    died = {int(kill.worker.split(":")[1]): kill.at for kill in fleet.kills if kill.worker}
    found: list[Attempt] = []
    latest: dict[tuple[str, int], Attempt] = {}
    for line in fleet.site.notes.lines:
        what, at, job_id, process, key, version = line.split()
        if what == "begun":
            one = Attempt(job_id, int(process), key, int(version), float(at))
            one.ended = died.get(one.process, one.ended)
            found.append(one)
            latest[job_id, one.process] = one
        else:
            latest[job_id, int(process)].ended = float(at)
    return sorted(found, key=lambda one: one.begun)


def find_overlaps(attempts: Iterable[Attempt]) -> Iterator[tuple[Attempt, Attempt]]:
    """Return attempts with one lock of which the second began before the first had ended."""
    by_lock = defaultdict(list)
    for one in attempts:
        if one.key.rpartition("-")[0] in EXCLUSIVE:
            by_lock[one.key].append(one)
    for several in by_lock.values():
        for number, one in enumerate(several):
            later = takewhile(lambda other: other.begun < one.ended, several[number + 1 :])  # noqa: B023
            yield from ((one, other) for other in later)


def find_dead(fleet: Fleet, calls: Iterable[Call]) -> set[str]:
    """Return the jobs that took three workers down; all others have succeeded."""
    records = [fleet.record(job_id) for job_id in {call.id for call in calls}]
    dead = [record for record in records if record.state is State.DEAD]
    assert all(record.crashes == 3 for record in dead), dead
    assert {one.state for one in records} <= {State.SUCCEEDED, State.DEAD}
    return {record.job.id for record in dead}


def undone(calls: Iterable[Call], attempts: Iterable[Attempt], dead: set[str]) -> list[Call]:
    """Return the calls for which nothing was done that was promised."""
    by_id, by_key = defaultdict(list), defaultdict(list)
    for one in attempts:
        by_id[one.id].append(one)
        by_key[one.key].append(one)

    def is_done(call: Call) -> bool:
        if call.task == tasks.run_once.name:  # by the job that was there
            return bool(by_id[call.id])
        if call.task == tasks.run_after.name:  # by a job that had not started
            return any(one.begun > call.at for one in by_id[call.id])
        later = (one for one in reversed(by_key[call.key]) if one.begun > call.at)
        return any(one.version >= call.version for one in later)

    return [call for call in calls if call.id not in dead and not is_done(call)]
