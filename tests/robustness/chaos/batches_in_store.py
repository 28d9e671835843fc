"""What became of batches and workflows: what the store says, and what attempts have noted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property

from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import BatchCounts, BatchRecord
from django_jobs.jobs.records import JobRecord, State
from tests.robustness.chaos.fleet import Fleet
from tests.robustness.chaos.moments import Moment, moments

MANY = 10**6


class BatchesInStore:
    """All batches with their members and callbacks, read once everything has ended.

    Args:
        workflows: whether to read all workflows instead.

    Attributes:
        members: all jobs that were ever stored as members, by batch.
    """

    def __init__(self, fleet: Fleet, *, workflows: bool = False) -> None:
        inspection = fleet.backend.broker.inspection
        self._fleet = fleet
        self.records = fleet.backend.broker.batches.list(workflows=workflows, limit=MANY)
        self.members: defaultdict[str, list[JobRecord]] = defaultdict(list)
        for state in State:
            for record in inspection.jobs(state, limit=MANY):
                self.members[record.job.batch].append(record)
        self.members.pop("", None)  # jobs of none

    def wrong_counts(self) -> Iterator[tuple[str, BatchCounts, BatchCounts]]:
        """Yield the batches whose counts are not those of their members, which follow."""
        for batch in self.records:
            by_state = Counter(record.state for record in self.members[batch.id])
            counts = BatchCounts(
                total=by_state.total(),
                succeeded=by_state[State.SUCCEEDED],
                dead=by_state[State.DEAD],
                discarded=by_state[State.DISCARDED],
            )
            if batch.counts != counts:
                yield f"{batch.name} {batch.id}", batch.counts, counts

    def wrongly_missed(self) -> Iterator[tuple[str, int, int]]:
        """Yield the batches that miss another number of members than were discarded unasked."""
        for batch in self.records:
            members = self.members[batch.id]
            missed = sum(one.state is State.DISCARDED and not asked_for_it(one) for one in members)
            if batch.missed != missed:
                yield f"{batch.name} {batch.id}", batch.missed, missed

    def lost(self, opened: Iterable[str], added: Iterable[tuple[str, str]]) -> list[str]:
        """Return the batches that were opened, and the members that were added, and are not there.

        Args:
            added: ids of batches, each with that of a member.
        """
        batches = {batch.id for batch in self.records}
        members = {(batch, one.job.id) for batch, all_ in self.members.items() for one in all_}
        return sorted({*opened} - batches) + [one for pair in {*added} - members for one in pair]

    def wrong_callbacks(self) -> Iterator[tuple[BatchRecord, BatchEvent, set[str]]]:
        """Yield the callbacks that were not exactly one job, or none if the event did not happen.

        Each with the ids of the jobs that ran as such.
        """
        for batch in self.records:
            for event in BatchEvent:
                ran = {one.job_id for one in self._callbacks[event][batch.id]}
                is_due = event in batch.happened
                if ran != ({batch.callbacks[event]} if is_due else set()):
                    yield batch, event, ran

    def wrong_events(self) -> Iterator[tuple[BatchRecord, BatchEvent]]:
        """Yield the events that should not have happened to a batch, or should have and did not."""
        for batch in self.records:
            should = {
                BatchEvent.SUCCESS: batch.is_complete,
                BatchEvent.END: True,
                BatchEvent.DEATH: batch.is_abandoned or any(map(was_dead, self.members[batch.id])),
            }
            yield from (
                (batch, event) for event in BatchEvent if (event in batch.happened) != should[event]
            )

    def still_expected(self) -> set[str]:
        """Return the callbacks that wait for a death: of a member that somebody may yet retry."""
        return {
            batch.callbacks[BatchEvent.DEATH]
            for batch in self.records
            if not (batch.is_complete or BatchEvent.DEATH in batch.happened)
        }

    def too_early(self) -> Iterator[tuple[BatchRecord, BatchEvent, str]]:
        """Yield the callbacks that began before an attempt of each member had ended.

        With the id of such a member. One that was retried after the end has no say in that.
        """
        for batch in self.records:
            if batch.is_complete:
                yield from self._too_early(batch, BatchEvent.SUCCESS)
            if BatchEvent.DEATH not in batch.happened:
                yield from self._too_early(batch, BatchEvent.END)

    def _too_early(
        self, batch: BatchRecord, event: BatchEvent
    ) -> Iterator[tuple[BatchRecord, BatchEvent, str]]:
        start = min(one.at for one in self._callbacks[event][batch.id])
        for member in self.members[batch.id]:
            if self._first_ends.get(member.job.id, 0) > start:
                yield batch, event, member.job.id

    @cached_property
    def _callbacks(self) -> dict[BatchEvent, defaultdict[str, list[Moment]]]:
        """When callbacks began, by event and batch."""
        found = {event: defaultdict[str, list[Moment]](list) for event in BatchEvent}
        for event, by_batch in found.items():
            for one in moments(self._fleet.site.notes.path, event.value):
                by_batch[one.key].append(one)
        return found

    @cached_property
    def _first_ends(self) -> dict[str, int]:
        """When the first attempt of a member ended, by member."""
        ends: dict[str, int] = {}
        for one in moments(self._fleet.site.notes.path, "ends"):
            ends.setdefault(one.job_id, one.at)
        return ends


def was_dead(member: JobRecord) -> bool:
    """Whether a member has ever been dead, be it that it was retried since."""
    fatal = {"django_jobs.errors.Fail", "django_jobs.errors.WorkerLost"}
    return any(failure.exception in fatal for failure in member.failures)


def asked_for_it(member: JobRecord) -> bool:
    """Whether a discarded member was discarded by its own wish."""
    return any(failure.exception == "django_jobs.errors.Discard" for failure in member.failures)
