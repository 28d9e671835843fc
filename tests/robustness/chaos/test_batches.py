"""Batches keep their promises while workers, producers, connections and Redis fail in eight ways.

Each batch ends, its counts are those of its members, and each callback whose event has happened is
exactly one job.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import dataclass, field

from django_jobs import Batch
from django_jobs.errors import BatchCancelled, BrokerError
from django_jobs.jobs.awaited import AwaitedEvent
from django_jobs.jobs.records import JobRecord, State
from tests.robustness.chaos import tasks
from tests.robustness.chaos.batches_in_store import MANY, BatchesInStore
from tests.robustness.chaos.fleet import Fleet, MakeFleet
from tests.robustness.chaos.scale import FIGURES, LIMIT, SCALE
from tests.support.driver import check_with_doctor

pytestmark = LIMIT

DISASTERS = ("kill", "kill", "freeze", "cut", "swallow", "full", "restart", "abandon")
BETWEEN = 6
"""Batches that are opened between two of these."""

MEMBERS = 8
LONGEST = 0.05
PLANS = {
    "plain": (tasks.do_part,),
    "growing": (tasks.add_parts, tasks.do_part),
    "failing": (tasks.fail_at_times, tasks.do_part),
    "mixed": (tasks.give_up, tasks.add_parts, tasks.do_part, tasks.fail_at_times),
    "cancelled": (tasks.do_part, tasks.add_parts, tasks.fail_at_times),
}
"""The tasks of the members of a batch, by what is to become of it."""

ABANDONING = """
import django
django.setup()
from tests.robustness.chaos import tasks
with tasks.make_batch("abandoned") as batch:
    while True:
        print("added", batch.id, batch.enqueue(tasks.do_part, batch.id, 0.05).id, flush=True)
"""


@dataclass
class Producer:
    """Opens batches and retries dead members until stopped, whatever becomes of Redis.

    Attributes:
        opened: ids of the batches whose opening returned.
        added: ids of the batches and members whose enqueueing returned.
        cancelled: ids of the batches whose cancelling returned that they were.
        refused: how often Redis did not do what was asked.
    """

    opened: list[str] = field(default_factory=list)
    added: list[tuple[str, str]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    refused: int = 0

    def __post_init__(self) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(0.05):
            try:
                self._make_one(random.choice([*PLANS]))
                Batch.get(random.choice(self.opened)).retry_dead()
            except BatchCancelled:
                continue
            except BrokerError:
                self.refused += 1

    def _make_one(self, plan: str) -> None:
        kinds = PLANS[plan]
        with tasks.make_batch(plan) as batch:
            self.opened.append(batch.id)
            for number in range(random.randint(0, MEMBERS)):
                member = batch.enqueue(kinds[number % len(kinds)], batch.id, LONGEST)
                self.added.append((batch.id, member.id))
        if plan == "cancelled" and batch.cancel():
            self.cancelled.append(batch.id)

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()


def test_batches_keep_their_promises_whatever_fails(make_fleet: MakeFleet) -> None:
    fleet = make_fleet("appendfsync always", through_proxy=True, socket_timeout=1, lease=4)
    fleet.start_ready("-c", "4", number=2)
    producer = Producer()
    disasters = [one for _ in range(SCALE) for one in random.sample(DISASTERS, len(DISASTERS))]
    try:
        for disaster in disasters:
            enough = len(producer.opened) + BETWEEN
            fleet.wait_until(lambda: len(producer.opened) >= enough, "too few")  # noqa: B023
            if disaster == "abandon":
                abandon_one(fleet, producer)
            else:
                fleet.befall(disaster, "-c", "4")
    finally:
        producer.stop()

    fleet.wait_until(lambda: all_have_ended(fleet), "some did not end")
    fleet.wait_until(lambda: all(k.recovery is not None for k in fleet.kills), "not taken back")

    added = [*producer.added, *((one, job) for one, job in map(str.split, lines(fleet, "added")))]
    store = BatchesInStore(fleet)
    assert store.lost(producer.opened, added) == []
    assert list(store.wrong_counts()) == []
    assert list(store.wrongly_missed()) == []
    assert list(store.wrong_events()) == []
    assert list(store.wrong_callbacks()) == []
    assert list(store.too_early()) == []
    cancelled = {one.id for one in store.records if one.is_cancelled}
    assert cancelled >= {*producer.cancelled}
    assert {one.job.id for one in waiting(fleet)} == store.still_expected()
    assert left_over(fleet, cancelled) == []
    check_with_doctor(fleet.backend.broker)
    report(fleet, producer, store)


def abandon_one(fleet: Fleet, producer: Producer) -> None:
    """Kill a process in its block, and let the hour pass after which that is noticed."""
    process = fleet.site.run(ABANDONING)
    fleet.wait_until(
        lambda: process.said.count("added") >= MEMBERS or process.process.poll() is not None,
        "it adds no members",
    )
    process.kill9()  # it has ended by itself if Redis did not answer it in time
    said = [line.split() for line in process.said.splitlines() if line.startswith("added ")]
    producer.added += [(batch, member) for _, batch, member in said]
    let_hour_pass(fleet, *{batch for _, batch, _ in said})


def let_hour_pass(fleet: Fleet, *batches: str) -> None:
    if batches:
        fleet.redis.zadd(f"{fleet.prefix}held", dict.fromkeys(batches, 0), xx=True)


def all_have_ended(fleet: Fleet) -> bool:
    """Whether nothing is left to do, once blocks that failed are forgotten and the dead retried."""
    let_hour_pass(fleet, *fleet.redis.zrange(f"{fleet.prefix}held", 0, -1))
    broker = fleet.backend.broker
    batches = {one.id: one for one in broker.batches.list(limit=MANY)}
    dead = [one.id for one in batches.values() if one.counts.dead and not one.is_cancelled]
    for batch in dead:
        broker.batches.retry_dead(batch)
    # Callbacks that took three workers down. Dead members of cancelled batches cannot be retried.
    lost = [one for one in broker.inspection.jobs(State.DEAD, limit=MANY) if not one.job.batch]
    for job in lost:
        broker.inspection.retry(job.job.id)
    if dead or lost or any(one.ended_at is None for one in batches.values()):
        return False
    unfinished = (state for state in fleet.counts() if not state.is_final)
    awaited = [one.waits_for for one in waiting(fleet)]
    return {*unfinished} <= {State.WAITING} and not any(
        isinstance(one, AwaitedEvent) and one.event in batches[one.batch].happened
        for one in awaited
    )


def waiting(fleet: Fleet) -> tuple[JobRecord, ...]:
    return fleet.backend.broker.inspection.jobs(State.WAITING, limit=MANY)


def left_over(fleet: Fleet, cancelled: set[str]) -> list[str]:
    """Return keys of which none should be left; only cancelled batches keep dead members."""
    dead = [key for key in keys(fleet, "z:*") if key.rpartition(":")[2] not in cancelled]
    return [*keys(fleet, "happened"), *keys(fleet, "held"), *dead]


def keys(fleet: Fleet, pattern: str) -> list[str]:
    return [str(key) for key in fleet.redis.keys(f"{fleet.prefix}{pattern}")]


def lines(fleet: Fleet, name: str) -> list[str]:
    """Return what attempts have written under a name."""
    return fleet.site.notes.path.with_name(name).read_text().splitlines()


def report(fleet: Fleet, producer: Producer, store: BatchesInStore) -> None:
    jobs = sum(map(len, store.members.values()))
    events = Counter(event.value for one in store.records for event in one.happened)
    cancelled = sum(one.is_cancelled for one in store.records)
    abandoned = sum(one.is_abandoned for one in store.records)
    FIGURES.append(
        f"Batches: {SCALE} times {dict(Counter(DISASTERS))}, {len(store.records)} batches of {jobs}"
        f" members, {producer.refused} calls refused, {cancelled} cancelled, {abandoned} abandoned,"
        f" {dict(events)} callbacks, {fleet.begun()} attempts."
    )
