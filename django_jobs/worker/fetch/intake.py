"""Hands what a reply brings to the parts of the worker, and gives back what it cannot run."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django_jobs.brokers.messages import Reply
from django_jobs.jobs.records import Claim, Settlement
from django_jobs.worker.run.dead_jobs import DeadJobs
from django_jobs.worker.run.undecided import Undecided
from django_jobs.worker.run.unknown import UnknownJobs

from .state import FetchState

logger = logging.getLogger("django_jobs")

ANNOUNCING = 2.0
"""Seconds that a worker waits at its end for receivers of signals."""


class Intake:
    """The one way of claims from the broker to the executors. Both loops use it.

    Args:
        state: what the loops share.
        dead_jobs: reports jobs that died before they could be claimed.
        unknown: reports jobs that wait for a later release.
        undecided: announces attempts of which the broker decides what follows, if there are any.
    """

    def __init__(
        self,
        state: FetchState,
        dead_jobs: DeadJobs,
        unknown: UnknownJobs,
        undecided: Undecided | None = None,
    ) -> None:
        self._state = state
        self._dead_jobs = dead_jobs
        self._unknown = unknown
        self._undecided = undecided
        self._damaged: set[str] = set()

    def accept(self, reply: Reply, limit: int) -> None:
        """Take what a reply brings.

        Args:
            limit: how many jobs the call could take.
        """
        if reply.claims:
            self._start(reply.claims)
        self._state.outlook.update(reply, limit)
        if reply.must_beat:
            self._state.lease.end()
        if reply.refused:
            logger.warning(
                "%d attempts ended after their jobs had been given to other workers: %s",
                len(reply.refused),
                ", ".join(reply.refused[:10]),
            )
        if reply.dead:
            self._dead_jobs.report_in_thread(reply.dead)
        if reply.newest_format:
            self._unknown.report_format(reply.newest_format)
        for queue in reply.damaged:
            self._report_damaged(queue)

    def settled(self, settlements: Sequence[Settlement]) -> None:
        """Take note that the broker has taken settlements."""
        if self._undecided:
            self._undecided.settled_in_thread(settlements)

    def close(self) -> None:
        """Let what was settled be announced."""
        if self._undecided:
            self._undecided.wait(ANNOUNCING)

    def _report_damaged(self, queue: str) -> None:
        """Write one line for each queue that gives no jobs, however many calls meet it."""
        if queue not in self._damaged:
            self._damaged.add(queue)
            logger.error(
                "Queue %s gives no jobs, as another program wrote to its key. Run manage.py jobs"
                " doctor.",
                queue,
                extra={"queue": queue},
            )

    def _start(self, claims: Sequence[Claim]) -> None:
        state = self._state
        state.in_flight.hold(claims)
        state.room.count_taken(len(claims))
        # A call that listened was sent long ago: the worker may be quiet by now, its lease over.
        if not state.may_take:
            self._give_back(claims)
            return
        state.executors.submit(claims)
        if not state.may_take:  # the change may have come before the backlog was filled
            self.give_back_backlog()

    def cancel(self, job_ids: Sequence[str]) -> None:
        """Interrupt running jobs, which end as discarded."""
        if job_ids:
            self._state.executors.cancel(frozenset(job_ids))

    def give_back_backlog(self) -> None:
        """Give back all jobs that have not started."""
        self._give_back(self._state.executors.withdraw())

    def give_back_hoarded(self) -> bool:
        """Give back jobs that have waited here for too long; return whether there were any."""
        hoarded = self._state.executors.withdraw_hoarded()
        self._give_back(hoarded)
        return bool(hoarded)

    def _give_back(self, claims: Sequence[Claim]) -> None:
        if claims:
            self._state.room.count_taken(-len(claims))
            self._state.in_flight.give_back(claims)
