"""Settlements that the broker refuses while it takes other calls, each to be sent alone."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

from django_jobs.brokers.base import Session
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.clock import now_ms
from django_jobs.errors import BrokerError, Fail
from django_jobs.jobs.records import Failure, Settlement, State, bytes_of
from django_jobs.tasks.retry import error_path

logger = logging.getLogger("django_jobs")

SUSPICIOUS = 2
"""Failures of a batch after which a call is made without it, to see whether the batch is why."""

REFUSALS = 3
"""How often a settlement is refused alone, while other calls pass, until it is shortened.

One or two may be chance: the server came back between the two calls.
"""

KEPT_OF_MESSAGE = 200


@dataclass(slots=True)
class Lone:
    """A settlement that is sent alone.

    Attributes:
        refusals: how often it was refused.
        is_short: whether it stands for one that was too large.
    """

    settlement: Settlement
    refusals: int = 0
    is_short: bool = False


class Undelivered:
    """Settlements to be sent one by one.

    A server may refuse a value for its size by closing the connection, without an error. If it were
    sent again together with others, it would hold them up forever.

    Args:
        session: abandons what can't be sent at all.
        inspection: reads the number of an attempt.
        worker: id of the worker.
    """

    def __init__(self, session: Session, inspection: Inspection, worker: str) -> None:
        self._session = session
        self._inspection = inspection
        self._worker = worker
        self._waiting: deque[Lone] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, settlements: Iterable[Settlement]) -> None:
        """Take settlements of a call that passed only without them."""
        self._waiting.extend(map(Lone, settlements))

    def take(self) -> Lone:
        """Take the next one to send."""
        return self._waiting.popleft()

    def refused(self, lone: Lone, error: BrokerError) -> None:
        """Note that one was refused: it is sent again, then shortened, then abandoned."""
        one = lone.settlement
        lone.refusals += 1
        if lone.refusals < REFUSALS:
            self._waiting.append(lone)
        elif not lone.is_short:
            logger.error("The outcome of job %s can't be stored as it is: %s", one.job_id, error)
            short = shortened(one, self._attempt(one), self._worker, error)
            self._waiting.append(Lone(short, is_short=True))
        else:
            self._session.abandon(one)
            logger.error(
                "The end of job %s can't be reported. The job is taken back as if this worker had"
                " vanished: %s",
                one.job_id,
                error,
            )

    def _attempt(self, one: Settlement) -> int:
        """Return the number of an attempt, or 0 if that is not known at the moment."""
        with suppress(BrokerError):
            record = self._inspection.find(one.job_id)
            return record.attempts if record else 0
        return 0


def shortened(one: Settlement, attempt: int, worker: str, error: BrokerError) -> Settlement:
    """Return a settlement that says the same in few bytes; a result can't be, and is a failure."""
    if one.state is not State.SUCCEEDED:
        failure = one.failure and replace(
            one.failure,
            message=f"{one.failure.message[:KEPT_OF_MESSAGE]} (the rest can't be stored: {error})",
            traceback="",
        )
        return one._replace(failure=failure, metadata=None)
    metadata = f" and metadata of {bytes_of(one.metadata):,} bytes" if one.metadata else ""
    failure = Failure(
        exception=error_path(Fail),
        message=(
            "The task did its work, but its result can't be stored: Redis accepts other calls, but"
            f" rejects a result of {bytes_of(one.result):,} bytes{metadata}. Return less, and"
            " lower the option max_result to what the server takes; or let it take more"
            f" (proto-max-bulk-len of Redis). The last error: {error}"
        ),
        traceback="",
        at=now_ms(),
        worker=worker,
        attempt=attempt,
        duration=one.duration,
    )
    return one._replace(state=State.DEAD, result="null", failure=failure, metadata=None)
