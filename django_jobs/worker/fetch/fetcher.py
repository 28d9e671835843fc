"""The loop that settles what is finished and reserves what comes next, in one call for many."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from django_jobs.brokers.base import Broker
from django_jobs.brokers.messages import Call, Patience, Reservation
from django_jobs.errors import BrokerError
from django_jobs.jobs.records import Claim, Settlement, State
from django_jobs.waits import capped
from django_jobs.worker.background.backoff import Outage
from django_jobs.worker.run.buried import tell_of_buried
from django_jobs.worker.run.executors import Executors

from .calls import Calls
from .ledger import Ledger
from .next_due import NextDue
from .pace import Pace
from .served import ServedQueues
from .settler import BATCH, FLUSH, Settler, tell_of_refused

STUTTER = 0.1
"""Seconds before a third wait if two were ended for nothing: what did may still be there."""


class Fetcher:
    """Moves claims from the broker to the executors, and settlements back.

    Args:
        broker: where the jobs are.
        worker: id of the worker.
        queues: what is served.
        ledger: where executors report.
        crew: runs the jobs.
        may_take: asked before claims are taken; False once the worker's lease is over.
        on_finished: called when there is nothing left to do, if `until_empty`, `max_jobs` or
            `retiring` say that the worker stops then.
        until_empty: whether it stops when no job is queued.
        max_jobs: how many claims to take in all, or None for no limit.

    Attributes:
        taken: how many claims it has taken and not given back unstarted.
    """

    def __init__(
        self,
        broker: Broker,
        worker: str,
        queues: ServedQueues,
        ledger: Ledger,
        crew: Executors,
        may_take: Callable[[], bool],
        *,
        on_finished: Callable[[], None],
        until_empty: bool = False,
        max_jobs: int | None = None,
    ) -> None:
        self._broker = broker
        self._worker = worker
        self._queues = queues
        self._ledger = ledger
        self._crew = crew
        self._may_take = may_take
        self._max_jobs = max_jobs
        self._wake = threading.Event()
        self._pace = Pace()
        self._outage = Outage("settle or reserve jobs")
        self._owes_look = True  # at the queues before the first wait
        self._dry = False
        self._listen_at = 0.0
        self._in_vain = False
        # How many settlements apart had been answered before a last look, sent and answered: a call
        # beside which no other one is under way.
        self._looking: int | None = None
        self._looked: int | None = None
        self._due = NextDue()
        self.settler = Settler(broker, worker, ledger, self._due, self._settled_apart)
        self._calls = Calls(broker, worker, self.settler.send_alone)
        self.taken = 0
        self.quiet = False
        self.retiring = False
        self.until_empty = until_empty
        self._on_finished = on_finished
        self._closing = False
        self.progress_at = time.monotonic()

    def nudge(self) -> None:
        """Look at once: something has changed."""
        self._wake.set()
        self.settler.end_wait()

    def close(self) -> None:
        """Let `run` end when everything is sent."""
        self._closing = True
        self.nudge()

    def settled(self, settlement: Settlement) -> None:
        """Note how an attempt ended; called by executors."""
        unsent = self._ledger.settle(settlement)
        if not unsent:
            return
        self.settler.settled(unsent)
        if self._is_time_to_send() and not self._wake.is_set():
            self._wake.set()

    def _settled_apart(self) -> None:
        if self.until_empty:
            self.nudge()  # what was settled may have to run again at once
        else:
            self._wake.set()

    def run(self) -> None:
        """Exchange settlements for claims, until closed with everything sent."""
        while not (self._closing and self._is_even()):
            self.progress_at = time.monotonic()
            self._crew.rouse_if_stalled()
            self._give_back_hoarded()
            try:
                self._go_round()
            except BrokerError as error:
                self._endure(error)
        self.settler.stop()

    def _go_round(self) -> None:
        if self._calls.may_send and self._has_reason():
            self._send()
        elif self._calls:
            self._receive()
        elif self._may_listen():
            self._listen()
        elif not self._closing:
            self._pause()

    def _is_even(self) -> bool:
        """Whether the broker is owed nothing: no settlement, no answer, no look after a wait."""
        return not (self._ledger.unsent or self._calls or self._owes_look)

    # --- when to call ------------------------------------------------------------------------

    def _is_time_to_send(self) -> bool:
        return self._ledger.unsent >= BATCH or self._is_low()

    def _is_low(self) -> bool:
        ahead = self._pace.ahead
        return self._crew.waiting + self._calls.expected <= max(ahead // 2, ahead - BATCH)

    def _has_reason(self) -> bool:
        if self._calls:
            return not self._dry and self._wants_jobs(self._room())
        if self._owes_look or self._due.is_over:
            return True
        if self._ledger.unsent and (self._is_time_to_send() or self._ledger.age >= FLUSH):
            return True
        return self._wants_jobs(self._room())

    @property
    def _has_looked(self) -> bool:
        """Whether a last look came after all that was settled."""
        return self._looked == self.settler.answered

    def _wants_jobs(self, room: int) -> bool:
        """Tell whether there is room for enough jobs to be worth a call, and may be such jobs."""
        # Who wants us to end when the queues are empty may have filled them just before.
        may_end = self.until_empty and not self._has_looked
        return (may_end or not self._dry) and room > 0 and self._is_low()

    def _room(self) -> int:
        """Return how many claims could be taken: by free threads, and a little ahead."""
        if self.quiet or self._closing or not self._may_take():
            return 0
        expected = self._calls.expected
        room = self._crew.free + self._pace.ahead - self._crew.waiting - expected
        left = BATCH if self._max_jobs is None else self._max_jobs - self.taken - expected
        return max(0, min(room, BATCH, left))

    def _may_listen(self) -> bool:
        """Tell whether there is nothing to do but to wait at the broker."""
        room = self._room()
        return (
            room > 0
            and not self._wake.is_set()
            and not any(self._crew.waits())
            and not self._is_finished(room)
            and time.monotonic() >= self._listen_at
        )

    def _pause(self) -> None:
        """Sleep until there may be a reason to call."""
        room = self._room()
        if self._is_finished(room):
            self._on_finished()
        if self._wants_jobs(room):
            return
        if self._wake.wait(capped(min(self._waits(room), default=None))):
            self._wake.clear()

    def _waits(self, room: int) -> list[float]:
        """Return the seconds to each moment at which there is something to look at again."""
        now = time.monotonic()
        waits = [*self._crew.waits()]
        if room and now < self._listen_at:
            waits.append(self._listen_at - now)
        if self._ledger.unsent:
            waits.append(FLUSH)
        return [*waits, *self._due.waits()]

    def _is_finished(self, room: int) -> bool:
        """Tell whether a worker that is to stop by itself has nothing left to do."""
        if not (self._ledger.holds_nothing and self._is_even()) or self.settler.owes:
            return False
        if self.retiring or self.taken == self._max_jobs or (self.quiet and self.until_empty):
            return True
        return self._has_looked and self._dry and room > 0

    # --- the calls ---------------------------------------------------------------------------

    def _send(self, patience: Patience | None = None) -> None:
        """Send a new call."""
        # A first look and a last one must see queues that are new, like one after a wait.
        if self.until_empty or self._owes_look or self._queues.is_outdated:
            self._queues.refresh()
        self._owes_look = False
        lone_look = self.until_empty and not self._calls
        self._looking = self.settler.answered if lone_look else None
        limit = self._room()
        settlements: Sequence[Settlement] = ()
        if patience is None:
            settlements = self._ledger.take_settlements(BATCH)
            self._due.forget()
        shares = self._queues.shares(limit)
        self._calls.send(shares, limit, settlements, patience)

    def _receive(self) -> bool:
        """Wait for the answer to the first call under way, and tell whether it brought jobs."""
        call, answer = self._calls.answer()
        self._outage.over()
        self._pace.finished(sum(one.state is not State.QUEUED for one in call.settlements))
        self._take(call, answer)
        return bool(answer.claims)

    def _listen(self) -> None:
        """Wait at the broker for jobs, and take them."""
        began = time.monotonic()
        with self.settler.standing_in():
            # Who wanted our attention before somebody stood in has only set the event.
            wanted = self._wake.is_set()
            self._send(None if wanted else Patience(self._queues.names, capped()))
            brought = self._receive()
        in_vain = not brought and time.monotonic() - began < STUTTER
        self._listen_at = began + STUTTER if in_vain and self._in_vain else 0.0
        self._in_vain = in_vain
        self._owes_look |= self._queues.refresh()

    def _endure(self, error: BrokerError) -> None:
        """Wait before the next try; what happens meanwhile can wait, too, except for the end."""
        self._crew.rouse()
        self._owes_look = True  # a wait that failed may have hidden a queue that is new
        until = time.monotonic() + self._outage.failed(error)
        while (left := until - time.monotonic()) > 0:
            self._wake.wait(capped(left))
            self._wake.clear()
            if self._closing:
                return

    def _take(self, call: Call, answer: Reservation) -> None:
        claims = answer.claims
        self._ledger.hold(claims)
        self._dry = len(claims) < call.limit
        self._looked = self._looking
        self._due.hear(answer.due_in)
        self.taken += len(claims)
        # Asked after the claims are held: who made us quiet now sees them, or we see that it did.
        # A call that waited was made long ago; the lease may be over.
        if self.quiet or not self._may_take():
            self._give_back(claims)
        else:
            self._crew.submit(claims)
        tell_of_refused(answer.refused)
        if answer.buried:
            tell_of_buried(self._broker.inspection, answer.buried)

    # --- giving back -------------------------------------------------------------------------

    def _give_back_hoarded(self) -> None:
        if hoarded := self._crew.withdraw_hoarded():
            self._give_back(hoarded)
            self._pace.reset()

    def give_back_backlog(self) -> None:
        """Give back all that has not started."""
        self._give_back(self._crew.withdraw())

    def _give_back(self, claims: Sequence[Claim]) -> None:
        self._ledger.give_back(claims)
        self.taken -= len(claims)
        self.nudge()
