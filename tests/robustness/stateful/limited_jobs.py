"""The limits of the random walks, and what must be true of them after each claim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.records import Claim, Job


def few(deploy: int, value: str) -> JobLimit:
    """A limit of running jobs, of which each deploy declares another number."""
    return JobLimit("few", 1 + deploy % 2, value=value, declared_at=deploy)


def slow(deploy: int, value: str) -> JobLimit:
    """A limit of starts in a period, of which each deploy declares another number."""
    return JobLimit("slow", 1 + deploy % 2, 7_000, value, deploy)


@dataclass
class ExpectedStarts:
    """When jobs started under each rate."""

    at: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def check(
        self,
        claims: Iterable[Claim],
        present: Mapping[str, Job],
        running: Iterable[str],
        slots: Mapping[str, int],
        now: int,
    ) -> None:
        """Check that new claims had slots.

        Args:
            present: all jobs by their ids.
            running: ids of the jobs that run now.
            slots: how many each key of a limit had, before or after the claims.
        """
        taken = [limit for claim in claims for limit in present[claim.job.id].limits]
        for limit in taken:
            if limit.per:
                self.at[limit.key].append(now)
        held = [limit.key for job_id in running for limit in present[job_id].limits]
        for limit in taken:
            counted = [at for at in self.at[limit.key] if at > now - limit.per]
            number = len(counted) if limit.per else held.count(limit.key)
            assert number <= slots[limit.id], limit
