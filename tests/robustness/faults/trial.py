"""One run of a path: a worker whose wire may fail, then a second one that takes over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any, TypeVar

from django_jobs.brokers.messages import HeartbeatReply, Reply
from django_jobs.brokers.redis import RedisBroker
from django_jobs.brokers.redis.raw_client import RawClient
from django_jobs.errors import BrokerUnavailable
from django_jobs.jobs.records import Claim, Job, Settlement, State
from django_jobs.metrics.task_stats import TaskStats
from tests.robustness.faults.answers import Answers
from tests.robustness.faults.faulty_connection import FaultyConnection, client_of, clients_of
from tests.robustness.faults.shared_server import SharedServer
from tests.support.builders import make_job, succeeded
from tests.support.clock import CLOCK_KEY, MOVABLE_CLOCK, Clock
from tests.support.driver import Driver, past_lease, taking

T = TypeVar("T")

MANY = 50
"""More jobs than a path has."""


class Trial:
    """Where a path happens, on a server that is emptied.

    Args:
        wire: on which the first worker's calls may fail.

    Attributes:
        broker: the one on the wire.
        worker: the first worker, on the wire.
        safe: a broker whose calls never fail.
        second: a worker at that one.
        other: a broker with other jobs, whose calls never fail either.
    """

    def __init__(self, server: SharedServer, wire: FaultyConnection) -> None:
        self.client = server.client
        self.client.flushall()
        self.clock = Clock()
        self.clock.tell(lambda now: self.client.set(CLOCK_KEY, now))
        self.wire = wire
        self.answers = Answers()
        self.broker = RedisBroker(f"unix://{server.socket}", clock=MOVABLE_CLOCK)
        self.safe, self.other = server.safe, server.other
        wire.attach(self.broker)
        self.worker, self.second = Driver(self.broker, "w1"), Driver(self.safe, "w2")
        self.had_to_repeat = False
        self._last: Sequence[Settlement] = ()
        self._numbers = count(1)

    def close(self) -> None:
        self.broker.close()

    # --- before a path -----------------------------------------------------------------------

    def jobs(self, number: int, **changes: Any) -> list[Job]:
        """Jobs with the same ids in each run of a path."""
        return [make_job(id=f"job{next(self._numbers)}", **changes) for _ in range(number)]

    def given(self, number: int, **changes: Any) -> list[Job]:
        """Jobs that were pushed long before."""
        return self.stored(self.jobs(number, **changes))

    def stored(self, jobs: list[Job]) -> list[Job]:
        """Push jobs as if long before, and return them."""
        self.answers.tried(jobs)
        self.safe.push(jobs)
        self.answers.pushed(jobs)
        return jobs

    def lose_worker_with(self, number: int) -> None:
        """Let a worker vanish that holds so many jobs, up to the heartbeat that notices it."""
        gone = Driver(self.safe, "w0")
        self.answers.ran(gone.take(number))
        for part in (self.lease // 2, self.lease // 2 + 1):
            self.beat()
            self.clock.advance(part)

    def warm_up(self) -> None:
        """Connect, as a worker has that runs for a while."""
        for client in self._clients:
            client("PING")

    def cool_down(self) -> None:
        """Make the next calls connect to a server that does not know the scripts."""
        for client in self._clients:
            client.close()
        self.client.script_flush()

    @property
    def _clients(self) -> tuple[RawClient, ...]:
        return client_of(self.broker), *clients_of(self.worker.session)

    # --- on the wire -------------------------------------------------------------------------

    def insist(self, call: Callable[[], T], again: Callable[[], T] | None = None) -> T:
        """Make a call as a worker does, which tries again after an error."""
        self.had_to_repeat = False
        late = self.wire.holds and not self.wire.holds_to_the_end
        try:
            answer = call()
        except BrokerUnavailable:
            self.wire.restore()
            answer = (again or call)()
            self.had_to_repeat = True
        if late:
            self.wire.deliver()
        if self.wire.has_doubled and self.worker.has_beaten:
            self.worker.heartbeat()  # as it does every few seconds
        return answer

    def try_once(self, call: Callable[[], object]) -> bool:
        """Make a call as who does not try again; tell whether it came back."""
        try:
            call()
        except BrokerUnavailable:
            self.wire.restore()
            return False
        return True

    def push(self, jobs: Sequence[Job]) -> None:
        """Push as a web process does, which leaves the error to its caller."""
        self.answers.tried(jobs)
        if self.try_once(lambda: self.broker.push(jobs)):
            self.answers.pushed(jobs)

    def exchange(self, limit: int, settlements: Iterable[Settlement] = ()) -> tuple[Claim, ...]:
        """Settle and claim as a worker does, and run what comes."""
        ends = self._last = list(settlements)
        self.answers.sent(ends)

        def exchange() -> Reply:
            return self.worker.exchange("default", limit=limit, settlements=ends)

        return self._heard(self.insist(exchange, self._after_a_heartbeat(exchange)), ends)

    def listen(self, limit: int) -> tuple[Claim, ...]:
        """Listen as a worker does, and run what comes."""

        def listen() -> Reply:
            return self.worker.listen("default", limit=limit, seconds=0.01)

        return self._heard(self.insist(listen, self._after_a_heartbeat(listen)), ())

    def _after_a_heartbeat(self, call: Callable[[], Reply]) -> Callable[[], Reply]:
        """Send a heartbeat at once when a call is given up, as a worker does."""

        def again() -> Reply:
            self.worker.heartbeat()
            return call()

        return again

    def beat(self, *, succeeded: int = 0, failed: int = 0, **info: Any) -> HeartbeatReply:
        sample = TaskStats(
            task="shop.tasks.ship", queue="default", succeeded=succeeded, failed=failed
        )
        report = self.worker.report(succeeded=succeeded, failed=failed, samples=[sample], **info)
        return self.insist(lambda: self.worker.send_report(report))

    def remove(self, ids: Iterable[str], call: Callable[[], object]) -> None:
        """Delete jobs as an operator does."""
        self.answers.doomed.update(ids)
        self.insist(call)
        self.answers.removed.update(ids)

    def run(self, claims: Iterable[Claim]) -> list[Settlement]:
        return [succeeded(claim, result='"done"') for claim in claims]

    # --- afterwards --------------------------------------------------------------------------

    def recover(self) -> None:
        """Make the second worker notice that the first one vanished, and run all jobs."""
        self.worker.vanish(self.clock, noticed_by=self.second)
        self.safe.inspection.resume("default")
        ends: list[Settlement] = []
        while True:
            self.answers.sent(ends)
            answer = self.second.exchange("default", limit=MANY, settlements=ends)
            claims = self._heard(answer, ends)
            if not claims and answer.due_in is None:
                return
            if not claims:
                self.clock.advance((answer.due_in or 0) + 1)
                self.second.heartbeat()
            ends = self.run(claims)

    def come_back(self) -> list[str]:
        """Repeat the last call of a first worker that was taken for dead.

        Returns:
            ids of the jobs that it was given.
        """
        self.wire.restore()
        take = taking("default", limit=MANY)
        reply = self.worker.session.exchange(self._last, take).result()
        return [claim.job.id for claim in reply.claims]

    @property
    def lease(self) -> int:
        """Milliseconds."""
        return past_lease(self.safe) - 1

    def states(self) -> dict[str, State]:
        """What became of each job that is there itself: the id of a merged call finds another."""
        records = map(self.safe.inspection.find, self.answers.known)
        return {record.job.id: record.state for record in records if record}

    def _is_over(self, job_id: str) -> bool:
        record = self.safe.inspection.find(job_id)
        return record is not None and record.state.is_final

    def _heard(self, answer: Reply, ends: Sequence[Settlement]) -> tuple[Claim, ...]:
        refused = set(answer.refused)
        if self.had_to_repeat:
            # A settlement that was sent before is not reported as refused, though it may be.
            refused |= {one.job_id for one in ends if not self._is_over(one.job_id)}
        self.answers.heard(ends, refused)
        self.answers.ran(answer.claims)
        return answer.claims
