"""Which calls a session waits for, and which claims its worker answers for."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from django_jobs.jobs.records import Claim, Settlement

Key: TypeAlias = tuple[str, int, int]
"""The id of a job, with token and tag of a claim of it, of which a worker may hold two."""


class Snapshot(NamedTuple):
    """What a heartbeat says about the worker's calls and claims.

    Attributes:
        last: the highest tag that was given to a call.
        awaited: tags of the calls whose replies may still come.
        claims: those that the worker answers for.
        abandoned: those whose end cannot be reported.
    """

    last: int
    awaited: tuple[int, ...]
    claims: tuple[Claim, ...]
    abandoned: tuple[Key, ...]


class Register:
    """Numbers calls with tags, and keeps claims from their reply to their settlement's reply.

    A claim becomes known through the reply to an awaited call only, and is registered before that
    call stops being awaited. So a claim in Redis whose tag was given out and is not awaited, and
    which is not registered, is known to nobody here: its reply was lost. Safe in threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._awaited: set[int] = set()
        self._claims: dict[Key, Claim] = {}
        self._sent: set[Key] = set()
        self._abandoned: set[Key] = set()

    def open(self) -> int:
        """Return the tag of a call that is about to be sent."""
        with self._lock:
            self._last += 1
            self._awaited.add(self._last)
            return self._last

    def give_up(self, tag: int, settlements: Sequence[Settlement]) -> None:
        """Await a call no longer; remember that its settlements may have taken effect."""
        with self._lock:
            self._sent.update(map(_key, settlements))
            self._awaited.discard(tag)

    def close(
        self,
        tag: int,
        settlements: Sequence[Settlement],
        claims: Iterable[Claim],
        refused: Sequence[str],
    ) -> tuple[str, ...]:
        """Enter what a reply says; return the refused ids that were not sent before."""
        with self._lock:
            sent_before = self._settle(settlements)
            for claim in claims:
                self._claims[claim.job.id, claim.token, claim.tag] = claim
            self._awaited.discard(tag)
        return tuple(job_id for job_id in refused if job_id not in sent_before)

    def _settle(self, settlements: Sequence[Settlement]) -> set[str]:
        """Drop settled claims; return ids of the settlements that were sent before."""
        sent_before = set()
        for one in settlements:
            key = _key(one)
            self._claims.pop(key, None)
            if key in self._sent:
                self._sent.discard(key)
                sent_before.add(one.job_id)
        return sent_before

    def abandon(self, settlement: Settlement) -> None:
        """Answer for a claim no longer, as its end cannot be reported."""
        key = _key(settlement)
        with self._lock:
            self._sent.discard(key)
            if self._claims.pop(key, None):
                self._abandoned.add(key)

    def forget_abandoned(self, keys: Iterable[Key]) -> None:
        """Forget abandoned claims that a heartbeat has reported."""
        with self._lock:
            self._abandoned.difference_update(keys)

    def snapshot(self) -> Snapshot:
        """Return tags first, claims second, in one step."""
        with self._lock:
            return Snapshot(
                self._last,
                tuple(self._awaited),
                tuple(self._claims.values()),
                tuple(self._abandoned),
            )


def _key(one: Settlement) -> Key:
    return one.job_id, one.token, one.tag
