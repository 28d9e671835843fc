"""The random commands that both brokers are given: what operators do and look at, and time."""

from __future__ import annotations

from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import rule

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import JobAction
from django_jobs.brokers.inspection.filters import Filter
from django_jobs.brokers.inspection.finder import Finder
from django_jobs.brokers.messages import WorkerCommand
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.records import JobRecord, State
from tests.robustness.stateful.both_brokers import UNORDERED, BothBrokers, listing
from tests.robustness.stateful.limited_jobs import few, slow

ORDERED = [state for state in State if state not in UNORDERED]

QUEUES = st.sampled_from(["a", "b"])
WORKERS = st.sampled_from(["w1", "w2", "w3"])
SECONDS = st.sampled_from([1_000, 4_000, 21_000])
DAYS = st.sampled_from([8 * 86_400_000, 181 * 86_400_000])
NUMBERS = st.integers(min_value=0, max_value=99)
SOME_STATES = st.frozensets(st.sampled_from(State), min_size=1)
VERBS = st.sampled_from(["retry", "cancel", "delete"])


class OperatorCommands(BothBrokers):
    """What operators do, in any order, while time passes and pages are read."""

    # --- what time does --------------------------------------------------------------------------

    @rule(milliseconds=SECONDS)
    def time_goes_by(self, milliseconds: int) -> None:
        self.clock.advance(milliseconds)

    @rule(milliseconds=SECONDS, verb=VERBS, number=NUMBERS)
    def act_before_anybody_swept(self, milliseconds: int, verb: str, number: int) -> None:
        self.clock.advance(milliseconds)
        self.act(verb, number)

    # --- what operators do -----------------------------------------------------------------------

    @rule(verb=VERBS, number=NUMBERS)
    def act(self, verb: str, number: int) -> None:
        job_id = self.one_of_known(number)
        if job_id not in self.expected.present:
            job_id = "unknown"  # no alias
        if not self.same(lambda broker: getattr(broker.inspection, verb)(job_id)):
            return
        self.note_action(verb, job_id)

    def note_action(self, verb: str, job_id: str) -> None:
        if verb != "cancel":
            self.expected.cancelled.discard(job_id)
        match verb:
            case "retry":
                self.expected.revive(job_id)
            case "cancel":
                self.expected.cancel(job_id, self.clock.now())
            case _:
                self.expected.remove(job_id, "deleted")

    @rule(verb=st.sampled_from(["resume", "pause", "clear"]), queue=QUEUES)
    def care_for_a_queue(self, verb: str, queue: str) -> None:
        queued = self.same(partial(listing, state=State.QUEUED, queue=queue))
        waiting = self.same(partial(listing, state=State.WAITING, queue=queue))
        answer = self.same(lambda broker: getattr(broker.inspection, verb)(queue))
        match verb:
            case "pause":
                self.expected.paused.add(queue)
            case "resume":
                self.expected.paused.discard(queue)
            case _:
                cleared = queued + [one for one in waiting if isinstance(one.waits_for, JobLimit)]
                assert answer == len(cleared)
                for record in cleared:
                    self.expected.remove(record.job.id, "cleared")

    @rule(source=QUEUES, number=NUMBERS)
    def move(self, source: str, number: int) -> None:
        target = "b" if source == "a" else "a"
        ids = [self.one_of_known(number), self.one_of_known(number + 1)]
        moved = self.same(lambda broker: broker.inspection.move(ids, source, target))
        self.expected.moved(moved, target)

    @rule(
        limit_id=st.sampled_from([few(1, "").id, slow(1, "").id]),
        verb=st.sampled_from(["pause", "resume", "resume", "set_number"]),
        number=st.none() | st.integers(1, 4),
    )
    def care_for_a_limit(self, limit_id: str, verb: str, number: int | None) -> None:
        given = (limit_id, number) if verb == "set_number" else (limit_id,)
        self.same(lambda broker: getattr(broker.inspection.limits, verb)(*given))

    @rule(worker=WORKERS, command=st.sampled_from(WorkerCommand))
    def command(self, worker: str, command: WorkerCommand) -> None:
        worker_id = self.workers[worker][0].id
        self.same(lambda broker: broker.inspection.command_worker(worker_id, command))

    @rule(states=SOME_STATES, queue=st.none() | QUEUES, limit=st.integers(1, 3))
    def search(self, states: frozenset[State], queue: str | None, limit: int) -> None:
        wanted = Filter(states=states, queue=queue)
        records = self.same(partial(_all_pages, wanted=wanted, limit=limit))
        assert self.same(lambda it: Finder(it.inspection, wanted).count().number) == len(records)

    @rule(action=st.sampled_from(JobAction), queue=st.none() | QUEUES, reach=st.integers(1, 3))
    def apply_some(self, action: JobAction, queue: str | None, reach: int) -> None:
        wanted = Filter(states=action.states, queue=queue, as_of=self.clock.now())
        page = self.same(
            lambda it: Finder(it.inspection, wanted).page(limit=reach, reach=reach).records
        )
        ids = [record.job.id for record in page if not self.is_left_alone(action, record.job.id)]
        number, locked_number = self.same(
            partial(_applied, action=action, wanted=wanted, reach=reach)
        )
        assert number + locked_number == len(ids)
        locked = self.locked() if locked_number else set()
        for job_id in [one for one in ids if one not in locked]:
            self.note_action(action.value, job_id)

    def is_left_alone(self, action: JobAction, job_id: str) -> bool:
        """Return whether nobody may do that to a job, whatever its state and its lock."""
        return job_id in self.expected.pending

    # --- what everybody sees ---------------------------------------------------------------------

    @rule(state=st.sampled_from(ORDERED), queue=st.none() | QUEUES, number=NUMBERS)
    def look(self, state: State, queue: str | None, number: int) -> None:
        self.same(
            lambda broker: broker.inspection.jobs(state, queue=queue, offset=number % 9, limit=3)
        )
        job_id = self.one_of_known(number)
        record = self.same(lambda broker: broker.inspection.find(job_id))
        if job_id in self.expected.present:
            assert record is not None
            assert record.job.id == job_id
        elif record is not None:
            assert record.job.id in self.expected.present, "an alias of nobody"


def _applied(broker: Broker, action: JobAction, wanted: Filter, reach: int) -> tuple[int, int]:
    """Apply an action; return how many jobs it changed, and how many unique ones it did not."""
    count = Finder(broker.inspection, wanted).apply(action, reach=reach)
    return count.number, count.locked


def _all_pages(broker: Broker, wanted: Filter, limit: int) -> list[JobRecord]:
    """What a filter means, read page by page."""
    finder = Finder(broker.inspection, wanted)
    page = finder.page(limit=limit)
    records = list(page.records)
    while page.end:
        page = finder.page(page.end, limit)
        records += page.records
    return records
