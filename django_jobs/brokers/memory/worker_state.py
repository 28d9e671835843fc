"""A worker as the broker in memory knows it."""

from __future__ import annotations

from dataclasses import dataclass, field

from django_jobs.brokers.messages import WorkerCommand, WorkerInfo

from .stored_job import StoredJob


@dataclass(slots=True)
class WorkerState:
    """A worker with a lease, and the jobs that it holds."""

    info: WorkerInfo
    lease_until: int
    held: dict[str, StoredJob] = field(default_factory=dict)
    abandoned: set[tuple[str, int]] = field(default_factory=set)
    """Ids and tokens of claims whose end it cannot report."""
    command: WorkerCommand | None = None
    lease_extended: bool = False
    """Its lease ran out when nobody could tell why, and it got another one."""

    def entry(self, job_id: str, token: int) -> StoredJob | None:
        """Return a job that the worker holds under a token."""
        entry = self.held.get(job_id)
        return entry if entry and entry.token == token else None

    def held_in_order(self) -> list[StoredJob]:
        """Return the jobs that it holds, by their ids."""
        return [self.held[job_id] for job_id in sorted(self.held)]

    def take_abandoned(self) -> list[StoredJob]:
        """Return the jobs that it has abandoned and still held, which it then holds no longer."""
        entries = [entry for one in sorted(self.abandoned) if (entry := self.entry(*one))]
        self.abandoned.clear()
        for entry in entries:
            del self.held[entry.job.id]
        return entries

    def must_run_apart(self, entry: StoredJob) -> bool:
        """Return whether the job is one crash from being dead, and the worker holds one like it.

        Two of them never share a worker, so that the one which crashes it is known, and the jobs
        that only ran at the same time live.
        """
        return entry.is_suspect and any(held.is_suspect for held in self.held.values())

    def take_command(self) -> WorkerCommand | None:
        """Return what an operator asked for, until the worker has done it."""
        if self.command is WorkerCommand.QUIET and self.info.quiet:
            self.command = None
        return self.command
