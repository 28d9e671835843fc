"""A worker that tests drive by hand: it claims, settles and beats when they say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.messages import (
    HeartbeatReply,
    HeartbeatReport,
    JobMetadata,
    JobProgress,
    PendingReply,
    QueueQuota,
    Reply,
    Take,
    WorkerInfo,
)
from django_jobs.jobs.ids import new_job_id
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.records import Claim, Job, JobRecord, Settlement, State
from django_jobs.jobs.ticks import Tick
from django_jobs.metrics.task_stats import TaskStats
from tests.support.builders import dead, discarded, make_job, make_jobs, retrying, succeeded
from tests.support.clock import START, Clock


def ids(things: Sequence[Job] | Sequence[Claim] | Sequence[JobRecord]) -> list[str]:
    return [thing.id if isinstance(thing, Job) else thing.job.id for thing in things]


def found(inspection: Inspection, job_id: str) -> JobRecord:
    record = inspection.find(job_id)
    assert record is not None, f"{job_id} is not known"
    return record


def claim_tick(broker: Broker, name: str, last: int | None, at: int, job: Job | None) -> bool:
    (claimed,) = broker.claim_ticks([Tick(name, last, at, job)])
    return claimed


def check_with_doctor(broker: Broker) -> None:
    """Check that everything in the store of a broker fits together."""
    problems = [one.problem for one in broker.doctor.examine() if not one.is_remark]
    assert problems == [], problems


def past_lease(broker: Broker) -> int:
    """Milliseconds after which a silent worker has lost its lease."""
    return int(broker.lease * 1000) + 1


class Driver:
    """A worker as a broker sees one.

    Like any worker it begins with a heartbeat, also when it comes back after it vanished.
    """

    def __init__(self, broker: Broker, worker_id: str = "w1") -> None:
        self.broker = broker
        self.id = worker_id
        self.session = broker.session(worker_id)
        self.has_beaten = False

    def exchange(
        self, *queues: QueueQuota | str, limit: int = 1, settlements: Sequence[Settlement] = ()
    ) -> Reply:
        """Make a call; a queue without a quota may give as much as the limit."""
        return self.send(*queues, limit=limit, settlements=settlements).result()

    def send(
        self, *queues: QueueQuota | str, limit: int = 1, settlements: Sequence[Settlement] = ()
    ) -> PendingReply:
        """Send a call whose result is read later."""
        self._beat_first()
        return self.session.exchange(settlements, taking(*queues, limit=limit))

    def listen(self, *queues: str, limit: int = 1, seconds: float = 10.0) -> Reply:
        """Listen to queues, and take jobs from them."""
        self._beat_first()
        return self.session.listen(taking(*queues, limit=limit)._replace(queues=queues), seconds)

    def take(self, limit: int = 1, *queues: str) -> tuple[Claim, ...]:
        return self.exchange(*(queues or ("default",)), limit=limit).claims

    def take_one(self, *queues: str) -> Claim:
        (claim,) = self.take(1, *queues)
        return claim

    def settle(self, *settlements: Settlement) -> Reply:
        return self.exchange(limit=0, settlements=settlements)

    def info(self, **changes: Any) -> WorkerInfo:
        values: dict[str, Any] = {"id": self.id, "host": "here", "pid": 7, "started_at": START}
        return WorkerInfo(**(values | changes))

    def report(
        self,
        *,
        succeeded: int = 0,
        failed: int = 0,
        samples: Sequence[TaskStats] = (),
        progress: Sequence[JobProgress] = (),
        metadata: Sequence[JobMetadata] = (),
        **info: Any,
    ) -> HeartbeatReport:
        return HeartbeatReport(
            info=self.info(**info),
            succeeded=succeeded,
            failed=failed,
            samples=tuple(samples),
            progress=tuple(progress),
            metadata=tuple(metadata),
        )

    def heartbeat(self, **report: Any) -> HeartbeatReply:
        """Send a heartbeat; the arguments are those of `report`."""
        return self.send_report(self.report(**report))

    def send_report(self, report: HeartbeatReport) -> HeartbeatReply:
        """Send a heartbeat with a report; after an error the same one is sent again."""
        self.has_beaten = True
        return self.session.heartbeat(report)

    def _beat_first(self) -> None:
        if not self.has_beaten:
            self.heartbeat()

    def close(self) -> None:
        self.session.close()

    def vanish(self, clock: Clock, noticed_by: Driver) -> HeartbeatReply:
        """Be silent until the lease is over, which another worker then sees that never was."""
        self.has_beaten = False
        noticed_by.heartbeat()
        clock.advance(past_lease(self.broker) // 2)
        noticed_by.heartbeat()
        clock.advance(past_lease(self.broker) - past_lease(self.broker) // 2)
        return noticed_by.heartbeat()

    def take_all_back(self) -> None:
        """Send heartbeats until they take back no more jobs of vanished workers."""
        while self.heartbeat().recovered:
            pass


def taking(*queues: QueueQuota | str, limit: int) -> Take:
    """Return what a worker asks for; a queue without a quota may give as much as the limit."""
    return Take(limit, [QueueQuota(it, limit) if isinstance(it, str) else it for it in queues])


def one_in_each_state(
    broker: Broker, worker: Driver, clock: Clock, queue: str = "default"
) -> dict[State, str]:
    """Bring one job into each state, and return their ids."""
    one_at_once = JobLimit(new_job_id(), 1)
    first, waiting = make_jobs(2, queue=queue, priority=1, limits=(one_at_once,))
    jobs = make_jobs(5, queue=queue)
    scheduled = make_job(queue=queue, run_at=clock.now() + 60_000)
    broker.push([first, waiting, *jobs, scheduled])
    running, good, again, bad, off = worker.take(5, queue)
    worker.settle(succeeded(good), retrying(again, delay=60_000), dead(bad), discarded(off))
    return {
        State.SCHEDULED: scheduled.id,
        State.WAITING: waiting.id,
        State.QUEUED: jobs[4].id,
        State.RUNNING: running.job.id,
        State.SUCCEEDED: good.job.id,
        State.RETRYING: again.job.id,
        State.DEAD: bad.job.id,
        State.DISCARDED: off.job.id,
    }
