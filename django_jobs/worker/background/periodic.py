"""The loop that enqueues periodic tasks: each tick once, whatever the number of workers."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from django_jobs.brokers.base import Broker
from django_jobs.clock import from_ms, now_ms, to_ms
from django_jobs.compat import Task
from django_jobs.errors import BrokerError, BrokerUnavailable
from django_jobs.jobs.metadata import decode_metadata, encode_with_reserved
from django_jobs.jobs.observers import PERIODIC
from django_jobs.jobs.records import Job
from django_jobs.jobs.ticks import Tick
from django_jobs.periodic_tasks.due import PeriodicTask, tick_to_claim
from django_jobs.waits import wait_out
from django_jobs.worker.backoff import BrokerBackoff

logger = logging.getLogger("django_jobs")

LONGEST_WAIT = 60.0
"""Seconds after which a worker looks again: clocks may be set, and workers suspended."""

JobMaker: TypeAlias = "Callable[[Task[..., Any]], Job]"
UniqueJobListener: TypeAlias = "Callable[[Task[..., Any], Job], None]"


class Ticker:
    """Enqueues periodic tasks at their ticks. Every worker does this; there is no leader.

    The broker stores the last claimed tick of each periodic task by name. So each tick becomes one
    job, even while two deploys with different lines run side by side. The broker also stores when
    each line was first seen: a new line has not missed the ticks before that.

    Args:
        broker: where ticks are claimed, and where their jobs are pushed.
        tasks: the periodic tasks of the worker's backend.
        make_job: returns a new job that calls a task without arguments.
        on_unique: called with the job of a unique task when its tick was claimed: it may have been
            merged with another one. If it raises `BrokerUnavailable`, it is called again later.
    """

    def __init__(
        self,
        broker: Broker,
        tasks: Iterable[PeriodicTask],
        make_job: JobMaker,
        on_unique: UniqueJobListener = lambda _, __: None,
    ) -> None:
        self.tasks = tuple(tasks)
        self._broker = broker
        self._make_job = make_job
        self._on_unique = on_unique
        self._lines = {each.name: f"{each.name} [{each.schedule}]" for each in self.tasks}
        self._next: dict[str, datetime] = {}
        self._failed: set[str] = set()
        self._unannounced: deque[tuple[Task[..., Any], Job]] = deque()
        self._looked_at = datetime.min.replace(tzinfo=UTC)
        self._outage = BrokerBackoff("enqueue periodic tasks")
        self._stopped = threading.Event()

    def run(self) -> None:
        """Enqueue periodic tasks until stopped."""
        pause = 0.0
        while self.tasks and not wait_out(self._stopped.wait, pause):
            try:
                pause = self.tick(from_ms(now_ms()))
                self._outage.over()
            except BrokerError as error:
                pause = self._outage.failed(error)

    def stop(self) -> None:
        """End `run`."""
        self._stopped.set()

    def tick(self, now: datetime) -> float:
        """Claim the ticks that are due; return the seconds until the next look, at most a minute.

        Args:
            now: by this process's clock; if it is ahead of the broker's clock, that one counts.
        """
        now = self._not_ahead(now)
        if now < self._looked_at:  # the clock was set back
            self._next.clear()
        self._looked_at = now
        self._failed.clear()
        stored = self._broker.ticks()
        # A line is read only when its time has come: of a thousand, one may tick each second.
        reached = waiting = [each for each in self.tasks if self._is_reached(each, stored, now)]
        while waiting := self._claim(waiting, stored, now):
            now, stored = self._not_ahead(now), self._broker.ticks()
        self._next |= {each.name: self._next_look(each, now) for each in reached}
        self._announce()
        waits = ((at - now).total_seconds() for at in self._next.values())
        return min([LONGEST_WAIT, *waits])

    def _next_look(self, periodic: PeriodicTask, now: datetime) -> datetime:
        if periodic.name in self._failed:
            return now + timedelta(seconds=LONGEST_WAIT)
        return periodic.schedule.next(now)

    def _not_ahead(self, now: datetime) -> datetime:
        return min(now, from_ms(self._broker.now()))

    def _is_reached(self, periodic: PeriodicTask, stored: Mapping[str, int], now: datetime) -> bool:
        """Return whether a tick may be due, or the broker does not know the line."""
        name = periodic.name
        return self._next.get(name, now) <= now or self._lines[name] not in stored

    def _claim(
        self, tasks: Iterable[PeriodicTask], stored: Mapping[str, int], now: datetime
    ) -> list[PeriodicTask]:
        """Claim due ticks; return the tasks where another worker was first: more may be due."""
        found = [(each, tick) for each in tasks if (tick := self._due_or_log(each, stored, now))]
        if not found:
            return []
        claimed = self._broker.claim_ticks([tick for _, tick in found])
        for (each, tick), is_ours in zip(found, claimed, strict=True):
            if is_ours and tick.job is not None and tick.job.lock is not None:
                self._unannounced.append((each.task, tick.job))
        return [each for (each, _), is_ours in zip(found, claimed, strict=True) if not is_ours]

    def _announce(self) -> None:
        """Announce the claimed ticks of unique tasks; those that an outage has left come first."""
        while self._unannounced:
            claimed = self._unannounced.popleft()
            try:
                self._on_unique(*claimed)
            except BrokerUnavailable:
                self._unannounced.appendleft(claimed)
                raise

    def _due_or_log(
        self, periodic: PeriodicTask, stored: Mapping[str, int], now: datetime
    ) -> Tick | None:
        """Return the tick to claim; None also if its job cannot be made, as others do not fail."""
        try:
            return self._due(periodic, stored, now)
        except Exception:
            self._failed.add(periodic.name)
            logger.exception(
                "The periodic task %s is due, but no job can be made. Trying again in a minute.",
                periodic.name,
                extra={"task": periodic.task.module_path},
            )
            return None

    def _due(self, periodic: PeriodicTask, stored: Mapping[str, int], now: datetime) -> Tick | None:
        """Return the tick to claim; for a new line, the second in which it is first seen."""
        line_key = self._lines[periodic.name]
        since = stored.get(line_key)
        if since is None:
            return Tick(line_key, None, to_ms(now.replace(microsecond=0)))
        last = stored.get(periodic.name)
        found = tick_to_claim(periodic, from_ms(max(since, last or since)), now)
        if found is None:
            return None
        job = _named(self._make_job(periodic.task), periodic.name) if found.run else None
        return Tick(periodic.name, last, to_ms(found.tick), job)


def _named(job: Job, name: str) -> Job:
    """Return the job of a tick with the name of its periodic task, for libraries that follow it."""
    metadata = encode_with_reserved(decode_metadata(job.metadata), {PERIODIC: name})
    return job._replace(metadata=metadata)
