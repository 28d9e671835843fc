"""Every point of a path: each of its calls, with each thing that can go wrong there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django_jobs.brokers.inspection.base import Totals
from django_jobs.jobs.records import State
from django_jobs.metrics.history import Span, TaskMetrics
from tests.robustness.faults.faulty_connection import (
    DOUBLED,
    Effect,
    FaultyConnection,
    Killed,
    faults_at,
)
from tests.robustness.faults.invariants import check_all, check_places
from tests.robustness.faults.path import Path, PreparedPath
from tests.robustness.faults.shared_server import SharedServer
from tests.robustness.faults.trial import Trial
from tests.support.redis_keys import family, read_keys


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a path leads to.

    Attributes:
        jobs: id, state, attempts, crashes and number of failures of each.
        runs: how often each was given to a worker.
    """

    jobs: tuple[tuple[str, State, int, int, int], ...]
    runs: dict[str, int]
    totals: Totals
    tasks: tuple[TaskMetrics, ...]

    def check_same(self, expected: Outcome, *, by_id: bool) -> None:
        """Check that nobody can tell whether there was a fault.

        Args:
            by_id: whether each job must have fared the same, or as many jobs must have.
        """
        if by_id:
            assert self.jobs == expected.jobs
            assert self.runs == expected.runs
        else:
            assert sorted(job[1:] for job in self.jobs) == sorted(job[1:] for job in expected.jobs)
            assert sum(self.runs.values()) == sum(expected.runs.values())
        assert self.totals == expected.totals
        assert self.tasks == expected.tasks

    def runs_more_than(self, other: Outcome) -> int:
        """How often jobs ran in this one that had run already, more than in the other."""
        again = [sum(times - 1 for times in one.runs.values()) for one in (self, other)]
        return max(0, again[0] - again[1])


@dataclass(frozen=True, slots=True)
class Report:
    """What was seen on a path.

    Attributes:
        calls: how many the path makes if nothing goes wrong.
        points: how many runs with a fault there were.
        again: how many jobs ran a second time, in all runs, as the first worker was killed.
        wrong: what did not hold, one line for each point.
    """

    calls: int
    points: int
    again: int
    wrong: tuple[str, ...]


def try_every_point(path: Path, server: SharedServer, *, cold: bool) -> Report:
    """Go a path without a fault, then once for each of its points.

    Args:
        cold: whether the first call finds no connection, and each first one of a kind no script.
    """
    _go(path, server, FaultyConnection(server.socket), cold=False)  # the server learns the scripts
    calm = FaultyConnection(server.socket)
    expected = _go(path, server, calm, cold=cold)
    wrong: list[str] = []
    again = points = 0
    for at, fault in faults_at(calm.calls):
        points += 1
        wire = FaultyConnection(server.socket, at, fault)
        try:
            outcome = _go(path, server, wire, cold=cold)
            assert wire.struck, "this point was not reached"
            more = outcome.runs_more_than(expected)
            assert not more or fault.effect is Effect.KILLED, f"{more} jobs ran again"
            again += more
            if fault.effect is Effect.HEALED:
                outcome.check_same(expected, by_id=fault.kind not in DOUBLED)
        except AssertionError as error:
            name = wire.names[at - 1] if wire.struck else "not reached"
            wrong.append(f"call {at} of {calm.calls} ({name}): {fault}: {error}")
    return Report(calm.calls, points, again, tuple(wrong))


def _go(path: Path, server: SharedServer, wire: FaultyConnection, *, cold: bool) -> Outcome:
    trial = Trial(server, wire)
    try:
        prepared = path(trial)
        (trial.cool_down if cold else trial.warm_up)()
        wire.arm()
        killed = _act(prepared)
        wire.disarm()
        _recover(trial, prepared, killed)
        return _outcome(trial)
    finally:
        trial.close()


def _act(prepared: PreparedPath) -> bool:
    """Whether it was killed."""
    try:
        prepared.act()
    except Killed:
        return True
    return False


def _recover(trial: Trial, prepared: PreparedPath, killed: bool) -> None:
    keys = (
        read_keys(trial.client) if killed and not prepared.fits_if_killed else check_places(trial)
    )
    trial.answers.look_up({job_id: job["s"] for job_id, job in family(keys, "j")})
    prepared.afterwards()
    trial.recover()
    check_all(trial)
    if trial.wire.holds:
        trial.wire.deliver()
        check_places(trial)
        trial.recover()
        check_all(trial)
    if killed and trial.worker.has_beaten:
        before = _jobs(trial)
        trial.come_back()
        assert _jobs(trial) == before, "a worker that was taken for dead changes something"
    prepared.check()


def _jobs(trial: Trial) -> dict[str, Any]:
    """All that is stored of jobs, and where they stand."""
    keys = read_keys(trial.client)
    return {name: keys[name] for name in keys if name[:2] in ("j:", "e:", "q:", "s:", "f:")}


def _outcome(trial: Trial) -> Outcome:
    records = map(trial.safe.inspection.find, sorted(trial.answers.known))
    jobs = tuple(
        (it.job.id, it.state, it.attempts, it.crashes, len(it.failures)) for it in records if it
    )
    inspection = trial.safe.inspection
    tasks = inspection.metrics.tasks(Span.WEEK)
    return Outcome(jobs, dict(trial.answers.runs), inspection.totals(), tasks)
