"""Failed attempts of which only the broker decides whether another one follows."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from django.db import connections

from django_jobs.brokers.inspection.base import Inspection
from django_jobs.errors import BrokerError
from django_jobs.jobs.records import Settlement, State
from django_jobs.logs.fields import writing_as
from django_jobs.waits import capped

from .announcements import Announcement, announce

logger = logging.getLogger("django_jobs")

SUPERSEDED = "not retried, as a newer call of the unique task has waited for this end"

Fence: TypeAlias = tuple[str, int, int]


class Alternatives(NamedTuple):
    """What an attempt announces, one or the other.

    Attributes:
        retrying: if another attempt follows.
        discarded: if the job has ended, as a newer call has waited for that.
        fields: of the log records that receivers make.
    """

    retrying: Announcement
    discarded: Announcement
    fields: Mapping[str, object]


class Undecided:
    """Keeps what such attempts announce until they are settled. Safe to use from all threads.

    A failed attempt of a unique job ends the job as discarded if a newer call waits for its end.
    That call may come until the attempt is settled, so the store says what has happened.

    Args:
        inspection: reads the jobs.
    """

    def __init__(self, inspection: Inspection) -> None:
        self._inspection = inspection
        self._kept: dict[Fence, Alternatives] = {}
        self._lock = threading.Lock()
        self._ended: deque[Mapping[str, Alternatives]] = deque()
        self._announcer: threading.Thread | None = None

    def add(self, settlement: Settlement, alternatives: Alternatives) -> None:
        """Keep what an attempt announces."""
        discarded = alternatives.discarded
        if line := discarded.line:
            said = line._replace(reason=f"{line.reason} ({SUPERSEDED})")
            alternatives = alternatives._replace(discarded=discarded._replace(line=said))
        self._kept[_fence(settlement)] = alternatives

    def settled(self, settlements: Sequence[Settlement]) -> None:
        """Announce how those of some attempts ended that were kept.

        Args:
            settlements: that the broker has taken, or never will.
        """
        if ended := self._take(settlements):
            self._announce(ended)

    def settled_in_thread(self, settlements: Sequence[Settlement]) -> None:
        """Do so in a thread, as receivers of signals would delay the caller.

        One thread announces everything in turn, and ends when there is nothing left.
        """
        ended = self._take(settlements)
        if not ended:
            return
        with self._lock:
            self._ended.append(ended)
            is_started = self._announcer is not None or self._start_announcer()
        if not is_started:
            self._announce_all()

    def wait(self, seconds: float) -> None:
        """Wait until what was settled is announced, or the time is over."""
        with self._lock:
            announcer = self._announcer
        if announcer is not None:
            announcer.join(capped(seconds))

    def _start_announcer(self) -> bool:
        name = "django-jobs-undecided"
        thread = threading.Thread(target=self._run_announcer, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # Python shuts down, and starts no more threads
            return False
        self._announcer = thread
        return True

    def _run_announcer(self) -> None:
        try:
            self._announce_all()
        finally:
            connections.close_all()

    def _announce_all(self) -> None:
        while ended := self._next():
            try:
                self._announce(ended)
            except Exception:
                logger.exception("The ends of these attempts were not announced: %s", list(ended))

    def _next(self) -> Mapping[str, Alternatives] | None:
        """Return what to announce next. If nothing is left, the next one starts a thread."""
        with self._lock:
            if self._ended:
                return self._ended.popleft()
            self._announcer = None
            return None

    def _take(self, settlements: Sequence[Settlement]) -> dict[str, Alternatives]:
        """Take what was kept of attempts, by the ids of their jobs."""
        if not self._kept:
            return {}
        found = [(one, self._kept.pop(_fence(one), None)) for one in settlements]
        # One whose worker stops may have been given back, although it has failed since.
        return {one.job_id: kept for one, kept in found if kept and one.state is State.RETRYING}

    def _announce(self, ended: Mapping[str, Alternatives]) -> None:
        try:
            records = self._inspection.read(tuple(ended))
        except BrokerError as error:
            logger.error(
                "Attempts of these jobs failed: %s. Whether they run again could not be read: %s",
                *(", ".join(ended), error),
            )
            return
        discarded = {record.job.id for record in records if record.state is State.DISCARDED}
        for job_id, kept in ended.items():
            with writing_as(kept.fields):
                announce(job_id, kept.discarded if job_id in discarded else kept.retrying)


def _fence(settlement: Settlement) -> Fence:
    return settlement.job_id, settlement.token, settlement.tag
