"""The claims that a worker behind a lossy network answers for, and what may happen to them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from django_jobs.brokers.messages import PendingReply
from django_jobs.jobs.records import Claim, Settlement
from tests.support.lossy_network import Message

Fence: TypeAlias = tuple[str, str]
"""The id of a job, with token and tag of its claim."""

Flight: TypeAlias = Mapping[str, str]
"""What the worker holds in Redis: tokens and tags by id."""


@dataclass(frozen=True)
class UnderWay:
    """A call whose reply was not read."""

    pending: PendingReply
    tag: int
    settlements: Sequence[Settlement]


def fence(one: Claim | Settlement) -> Fence:
    return one.job_id if isinstance(one, Settlement) else one.job.id, f"{one.token}:{one.tag}"


@dataclass
class WorkerClaims:
    """What one worker knows of its claims.

    Attributes:
        running: claims of jobs that run.
        unsent: claims of jobs that have ended, with their settlements.
        sent: claims whose settlements are under way.
        calls: whose replies were not read.
        listening: tag of the present listen.
        may_be_refused: fences that others, or nobody, may hold; "*" for all claims of a tag.
        found: how many claims of lost replies heartbeats gave back.
    """

    running: dict[Fence, Claim] = field(default_factory=dict)
    unsent: list[tuple[Claim, Settlement]] = field(default_factory=list)
    sent: dict[Fence, Claim] = field(default_factory=dict)
    calls: deque[UnderWay] = field(default_factory=deque)
    listening: int | None = None
    may_be_refused: set[Fence] = field(default_factory=set)
    found: int = 0

    @property
    def awaited(self) -> set[int]:
        """Tags of the calls whose replies may still come."""
        listening = set() if self.listening is None else {self.listening}
        return listening | {call.tag for call in self.calls}

    @property
    def known(self) -> set[Fence]:
        """Fences of all claims."""
        held = [*self.running.values(), *(claim for claim, _ in self.unsent)]
        return {*map(fence, held), *self.sent}

    def let_go(self) -> None:
        """From now on others may have any claim of the worker, or nobody."""
        self.may_be_refused |= self.known
        self.may_be_refused |= {("*", str(tag)) for tag in self.awaited}

    # --- what must hold ------------------------------------------------------------------------

    def check_refused(self, settlements: Sequence[Settlement], refused: Iterable[str]) -> None:
        """Check that a call refused only what others may have."""
        for job_id in refused:
            those = [one for one in settlements if one.job_id == job_id]
            may_be = {mark for one in those for mark in (fence(one), ("*", str(one.tag)))}
            assert may_be & self.may_be_refused, "a settlement was refused for nothing"

    def check_exchange(
        self, message: Message, before: Flight, after: Flight, *, has_lease: bool
    ) -> None:
        """Check what an exchange took from the worker, and gave it."""
        named = set(zip(message.arguments, message.arguments[1:], strict=False))
        assert _gone(before, after) <= named, "an exchange took a claim that it does not settle"
        assert has_lease or not after.keys() - before.keys(), "claimed without a lease"

    def check_given_back(self, before: Flight, after: Flight) -> None:
        """Check that another call took only claims of lost replies."""
        gone = _gone(before, after)
        assert not gone & self.known, "a claim was given back in its worker's hands"
        given = {mark.partition(":")[2] for _, mark in gone}
        awaited = set(map(str, self.awaited))
        assert not given & awaited, "a claim was given back whose reply may still come"
        self.found += len(gone)

    def check_nothing_is_hidden(self, flight: Flight, awaited: set[int]) -> None:
        """After a heartbeat that was answered Redis holds only what the worker answers for."""
        marks = {str(tag) for tag in awaited}
        hidden = {
            (job_id, mark)
            for job_id, mark in flight.items()
            if (job_id, mark) not in self.known and mark.partition(":")[2] not in marks
        }
        assert not hidden, "jobs stay at a worker that does not know them"


def _gone(before: Flight, after: Flight) -> set[Fence]:
    return {one for one in before.items() if after.get(one[0]) != one[1]}
