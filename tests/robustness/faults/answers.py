"""What those know who push, run and settle jobs, to be compared with what the server knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from django_jobs.jobs.records import Claim, Job, Settlement


class Answers:
    """Counts what was answered.

    Attributes:
        known: ids of all jobs that somebody tried to push.
        stored: ids of those whose push returned.
        doomed: ids of those that an operator tried to delete.
        removed: ids of those that an operator deleted.
        cancelled: ids of those that an operator tried to cancel.
        fatal: ids of those that their workers' end makes dead.
        revivable: ids of ended jobs that an operator tried to run again.
        runs: how often each job was given to a worker.
        ends: how often an end of each job took effect.
        unsure: ids of jobs whose end was sent, but not answered.
    """

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.stored: set[str] = set()
        self.doomed: set[str] = set()
        self.removed: set[str] = set()
        self.cancelled: set[str] = set()
        self.fatal: set[str] = set()
        self.revivable: set[str] = set()
        self.runs: Counter[str] = Counter()
        self.ends: Counter[str] = Counter()
        self.unsure: set[str] = set()

    def tried(self, jobs: Iterable[Job]) -> None:
        self.known.update(job.id for job in jobs)

    def pushed(self, jobs: Iterable[Job]) -> None:
        self.stored.update(job.id for job in jobs)

    def ran(self, claims: Iterable[Claim]) -> None:
        self.runs.update(claim.job.id for claim in claims)

    def sent(self, settlements: Iterable[Settlement]) -> None:
        self.unsure.update(one.job_id for one in settlements if one.state.is_final)

    def heard(self, settlements: Iterable[Settlement], refused: Collection[str]) -> None:
        for one in settlements:
            self.unsure.discard(one.job_id)
            if one.state.is_final and one.job_id not in refused:
                self.ends[one.job_id] += 1

    def look_up(self, states: Mapping[str, str]) -> None:
        """Learn from the server what became of ends whose answer was lost."""
        for job_id in self.unsure:
            if states.get(job_id) in ("succeeded", "dead", "discarded"):
                self.ends[job_id] += 1
        self.unsure.clear()
