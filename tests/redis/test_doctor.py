"""The doctor finds what was changed by hand in Redis, and repairs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import pytest
import redis

from django_jobs.brokers.constants import NO_DUE_TIME
from django_jobs.brokers.doctor import Finding, Trouble
from django_jobs.brokers.messages import WorkerCommand
from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.records import JobRecord, Lock, OnConflict, State
from django_jobs.metrics.task_stats import TaskStats
from tests.support.builders import make_job, succeeded
from tests.support.clock import START, Clock
from tests.support.driver import Driver, claim_tick, found, ids, one_in_each_state, past_lease
from tests.support.redis_keys import PREFIX, read_keys

YEAR = 365 * 86_400_000


@pytest.fixture
def site(broker: RedisBroker, clock: Clock) -> Site:
    return Site.build(broker, clock)


@dataclass(frozen=True)
class Site:
    """A broker with a job in each state, a worker that holds one, a tick, and a paused queue.

    Attributes:
        jobs: the id of a job in each state.
    """

    broker: RedisBroker
    clock: Clock
    worker: Driver
    jobs: dict[State, str]

    @classmethod
    def build(cls, broker: RedisBroker, clock: Clock) -> Site:
        worker, other = Driver(broker, "w1"), Driver(broker, "w2")
        jobs = one_in_each_state(broker, worker, clock)
        sample = TaskStats(task="shop.tasks.ship", queue="default", succeeded=1)
        worker.heartbeat(succeeded=1, samples=[sample])
        other.heartbeat()
        broker.push([make_job(queue="halted")])
        broker.inspection.pause("halted")
        broker.inspection.command_worker("w1", WorkerCommand.QUIET)
        claim_tick(broker, "nightly", None, clock.now(), None)
        return cls(broker, clock, worker, jobs)


@dataclass(frozen=True)
class Vandal:
    """Writes what does not fit; names of keys may hold the states of the site's jobs in braces."""

    client: redis.Redis
    jobs: dict[State, str]

    def key(self, name: str) -> str:
        return PREFIX + name.format(**{state.value: job for state, job in self.jobs.items()})

    def call(self, command: str, name: str, *values: object) -> None:
        filled = [
            value.format(**self.names) if isinstance(value, str) else value for value in values
        ]
        self.client.execute_command(  # type: ignore[no-untyped-call]
            command, self.key(name), *filled
        )

    @property
    def names(self) -> dict[str, str]:
        return {state.value: job for state, job in self.jobs.items()}


Calls: TypeAlias = "tuple[tuple[object, ...], ...]"

DAMAGES: dict[str, tuple[set[Trouble], Calls]] = {
    "a queued job in no index": (
        {Trouble.UNLISTED_JOB},
        (("ZREM", "q:default", "{queued}"),),
    ),
    "a scheduled job in no index": (
        {Trouble.UNLISTED_JOB},
        (("ZREM", "s:scheduled", "{scheduled}"),),
    ),
    "a retrying job in no index": (
        {Trouble.UNLISTED_JOB},
        (("ZREM", "s:retrying", "{retrying}"),),
    ),
    "a dead job in no index": ({Trouble.UNLISTED_JOB}, (("ZREM", "s:dead", "{dead}"),)),
    "a success in no index": ({Trouble.UNLISTED_JOB}, (("ZREM", "s:succeeded", "{succeeded}"),)),
    "a running job in nobody's hands": (
        {Trouble.UNLISTED_JOB},
        (("HDEL", "f:w1", "{running}"),),
    ),
    "a queued job in another queue too": (
        {Trouble.MISPLACED_JOB},
        (("SADD", "queues", "other"), ("ZADD", "q:other", 5, "{queued}")),
    ),
    "a queued job in another queue only": (
        {Trouble.MISPLACED_JOB, Trouble.UNLISTED_JOB},
        (
            ("SADD", "queues", "other"),
            ("ZADD", "q:other", 5, "{queued}"),
            ("ZREM", "q:default", "{queued}"),
        ),
    ),
    "a running job in its queue too": (
        {Trouble.MISPLACED_JOB},
        (("ZADD", "q:default", 5, "{running}"),),
    ),
    "a dead job that is retrying too": (
        {Trouble.MISPLACED_JOB},
        (("ZADD", "s:retrying", START, "{dead}"),),
    ),
    "a queued job that will be forgotten": (
        {Trouble.MISPLACED_JOB},
        (("ZADD", "expiries", START, "{queued}"),),
    ),
    "a claim of a queued job": (
        {Trouble.STRAY_CLAIM},
        (("HSET", "f:w1", "{queued}", "7:3:0:1:1:@ "),),
    ),
    "a claim of somebody else's job": (
        {Trouble.STRAY_CLAIM},
        (("HSET", "f:w2", "{running}", "1:1:0:1:1:@ "),),
    ),
    "a running job that says it is queued": (
        {Trouble.UNLISTED_JOB},
        (("HSET", "j:{running}", "s", "queued"),),
    ),
    "a claim that can't be read": (
        {Trouble.UNREADABLE_CLAIM},
        (("HSET", "f:w1", "{running}", "mine"),),
    ),
    "an entry without a job in a queue": (
        {Trouble.MISSING_JOB},
        (("ZADD", "q:default", 5, "nobody"),),
    ),
    "an entry without a job among the dead": (
        {Trouble.MISSING_JOB},
        (("ZADD", "s:dead", START, "nobody"), ("ZADD", "expiries", START, "nobody")),
    ),
    "a claim without a job": (
        {Trouble.MISSING_JOB},
        (("HSET", "f:w1", "nobody", "1:1:0:1:1:@ "),),
    ),
    "an entry with bytes that are no text": (
        {Trouble.MISSING_JOB},
        (("ZADD", "q:default", 5, b"\xff\xfe"),),
    ),
    "a place at the end of all numbers": (
        {Trouble.WRONG_PLACE},
        (("ZADD", "q:default", "inf", "{queued}"),),
    ),
    "a due time that never comes": (
        {Trouble.WRONG_PLACE},
        (("ZADD", "s:retrying", "inf", "{retrying}"),),
    ),
    "a time of an end that is none": (
        {Trouble.WRONG_PLACE},
        (("ZADD", "s:dead", "-inf", "{dead}"),),
    ),
    "an expiry that never comes": (
        {Trouble.WRONG_PLACE},
        (("ZADD", "expiries", "inf", "{dead}"),),
    ),
    "an ended job without an expiry": (
        {Trouble.ENDLESS_JOB},
        (("ZREM", "expiries", "{discarded}"),),
    ),
    "a field of a queued job": (
        {Trouble.UNREADABLE_JOB},
        (("HSET", "j:{queued}", "e", "0.5:1:1::"),),
    ),
    "a field of a scheduled job": (
        {Trouble.UNREADABLE_JOB},
        (("HDEL", "j:{scheduled}", "t"),),
    ),
    "a field of a dead job": (
        {Trouble.UNREADABLE_JOB},
        (("HSET", "j:{dead}", "k", "x", "m", "y", "f", "z"),),
    ),
    "a state that is none": ({Trouble.UNREADABLE_JOB}, (("HSET", "j:{queued}", "s", "lost"),)),
    "a failure that is no JSON": (
        {Trouble.UNREADABLE_VALUE},
        (("RPUSH", "e:{dead}", "it broke"),),
    ),
    "a mark of a deploy that can't be read": (
        {Trouble.UNREADABLE_VALUE, Trouble.ENDLESS_KEY},
        (("ZADD", "deploys", START, "yesterday:v1"),),
    ),
    "a mark of a deploy at the end of all times": (
        {Trouble.UNREADABLE_VALUE, Trouble.ENDLESS_KEY},
        (("ZADD", "deploys", "inf", f"{START}:v1"),),
    ),
    "something else under the marks of deploys": (
        {Trouble.WRONG_TYPE},
        (("DEL", "deploys"), ("SET", "deploys", "no zset")),
    ),
    "failures of nobody": ({Trouble.STRAY_KEY}, (("RPUSH", "e:nobody", "[]"),)),
    "something else under a job": (
        {Trouble.WRONG_TYPE},
        (("DEL", "j:{queued}"), ("SET", "j:{queued}", "no hash")),
    ),
    "something else under failures": (
        {Trouble.WRONG_TYPE},
        (("DEL", "e:{dead}"), ("SET", "e:{dead}", "no list")),
    ),
    "something else under a queue": (
        {Trouble.WRONG_TYPE, Trouble.UNLISTED_JOB},
        (("DEL", "q:default"), ("SET", "q:default", "no sorted set")),
    ),
    "something else under a queue nobody has": (
        {Trouble.WRONG_TYPE},
        (("SET", "q:unheard-of", "no sorted set"),),
    ),
    "something else under a marker": (
        {Trouble.WRONG_TYPE},
        (("DEL", "m:default"), ("SET", "m:default", "no list")),
    ),
    "something else under the claims of a worker": (
        {Trouble.WRONG_TYPE, Trouble.UNLISTED_JOB},
        (("DEL", "f:w1"), ("SET", "f:w1", "no hash")),
    ),
    "something else under the number of arrivals": (
        {Trouble.WRONG_TYPE},
        (("DEL", "seq"), ("RPUSH", "seq", "no number")),
    ),
    "a lock of nobody": ({Trouble.STRAY_LOCK}, (("SET", "l:d1", "nobody"),)),
    "a lock of a job that has ended": ({Trouble.STRAY_LOCK}, (("SET", "l:d1", "{dead}"),)),
    "a lock that is gone": ({Trouble.LOST_LOCK}, (("HSET", "j:{queued}", "l", "d1:ek0:0"),)),
    "a lock of a running job that is gone": (
        {Trouble.LOST_LOCK},
        (("HSET", "j:{running}", "l", "d1:ek0:0"),),
    ),
    "a lock of a job that needs another one": (
        {Trouble.STRAY_LOCK, Trouble.LOST_LOCK},
        (("HSET", "j:{queued}", "l", "d2:ek0:0"), ("SET", "l:d1", "{queued}")),
    ),
    "a lock that is none": ({Trouble.UNREADABLE_VALUE}, (("SET", "l:d1", "a b c"),)),
    "a kept lock that is never free": (
        {Trouble.ENDLESS_KEY},
        (("SET", "l:d1", f"kept:{START + YEAR}:x"),),
    ),
    "an alias that is never forgotten": (
        {Trouble.ENDLESS_KEY},
        (("SET", "a:other", f"{START + YEAR}:x"),),
    ),
    "something else under a lock": ({Trouble.WRONG_TYPE}, (("RPUSH", "l:d1", "no string"),)),
    "a job that waits for a lock of nobody": (
        {Trouble.WRONG_PLACE},
        (("ZADD", "s:scheduled", str(NO_DUE_TIME), "{scheduled}"),),
    ),
    "a number of arrivals that is none": (
        {Trouble.UNREADABLE_VALUE},
        (("SET", "seq", "many"),),
    ),
    "a number of arrivals that was set back": ({Trouble.WRONG_COUNT}, (("SET", "seq", "1"),)),
    "claims without a lease": (
        {Trouble.NO_LEASE},
        (("HSET", "f:gone", "{queued}", "1:1:0:1:1:@ "),),
    ),
    "words of a worker that is gone": ({Trouble.STRAY_KEY}, (("SET", "w:gone", "{{}}"),)),
    "words of a worker that are no JSON": ({Trouble.UNREADABLE_VALUE}, (("SET", "w:w1", "hello"),)),
    "a heartbeat of a worker that is gone": ({Trouble.STRAY_KEY}, (("SET", "b:gone", "1:0"),)),
    "a command for a worker that is gone": (
        {Trouble.STRAY_KEY},
        (("HSET", "commands", "gone", "stop"),),
    ),
    "a suspect of a worker that is gone": (
        {Trouble.STRAY_KEY},
        (("HSET", "suspects", "gone", "x"),),
    ),
    "an extended lease of a worker that is gone": (
        {Trouble.STRAY_KEY},
        (("SADD", "extended", "gone"),),
    ),
    "a lease that never ends": ({Trouble.UNREADABLE_VALUE}, (("ZADD", "leases", "inf", "w1"),)),
    "a loss that is never forgotten": ({Trouble.UNREADABLE_VALUE}, (("ZADD", "lost", "inf", "x"),)),
    "a sender that is never forgotten": (
        {Trouble.UNREADABLE_VALUE},
        (("ZADD", "pushes", "inf", "somebody"),),
    ),
    "an interruption that stays": ({Trouble.ENDLESS_KEY}, (("RPUSH", "d:w1", "1"),)),
    "a marker of a queue that is none": ({Trouble.STRAY_KEY}, (("RPUSH", "m:other", "1"),)),
    "a marker of a paused queue": ({Trouble.STRAY_KEY}, (("RPUSH", "m:halted", "1"),)),
    "a marker twice": (
        {Trouble.WRONG_COUNT},
        (("DEL", "m:default"), ("RPUSH", "m:default", "1", "1")),
    ),
    "a queue that is in no list": ({Trouble.UNLISTED_QUEUE}, (("SREM", "queues", "default"),)),
    "a tick far ahead": (
        {Trouble.FUTURE_TICK},
        (("HSET", "ticks", "nightly", str(START + YEAR)),),
    ),
    "a tick that is no time": ({Trouble.UNREADABLE_VALUE}, (("HSET", "ticks", "nightly", "noon"),)),
    "a switch at no time": ({Trouble.UNREADABLE_VALUE}, (("HSET", "off", "nightly", "noon"),)),
    "totals that are no numbers": (
        {Trouble.UNREADABLE_VALUE},
        (("HSET", "totals", "failed", "x"),),
    ),
    "counts that are no JSON": (
        {Trouble.UNREADABLE_VALUE},
        (("HSET", f"n:queue:60000:{START // 60_000}", "default", "x"),),
    ),
    "counts that never expire": (
        {Trouble.ENDLESS_KEY},
        (("PERSIST", f"n:queue:60000:{START // 60_000}"),),
    ),
}


def troubles(findings: tuple[Finding, ...] | list[Finding]) -> set[Trouble]:
    return {finding.trouble for finding in findings}


def damage(site: Site, client: redis.Redis, calls: Calls) -> None:
    vandal = Vandal(client, site.jobs)
    for command, name, *values in calls:
        vandal.call(str(command), str(name), *values)


@pytest.mark.parametrize("name", DAMAGES)
def test_findings_are_repaired_and_every_job_runs(
    name: str, site: Site, client: redis.Redis
) -> None:
    expected, calls = DAMAGES[name]
    assert list(site.broker.doctor.examine()) == []
    damage(site, client, calls)
    before = read_keys(client)

    found_first = list(site.broker.doctor.examine())

    assert troubles(found_first) >= expected
    assert all(finding.problem and finding.repair for finding in found_first)
    assert read_keys(client) == before, "an examination changes nothing"
    diagnosis = site.broker.doctor.diagnose(repair=True)
    assert troubles(diagnosis.repaired) >= expected
    assert diagnosis.left == ()
    check_that_no_job_vanished(site)
    check_that_each_job_runs_once(site)


def check_that_no_job_vanished(site: Site) -> None:
    for job_id in site.jobs.values():
        assert site.broker.inspection.find(job_id), "a job vanished"


def check_that_each_job_runs_once(site: Site) -> None:
    """Settle what the first worker holds, and run all other jobs in another one."""
    broker = site.broker
    running = found(broker.inspection, site.jobs[State.RUNNING])
    other = Driver(broker, "w3")
    runs: list[str] = []
    site.clock.advance(120_000)
    site.worker.heartbeat()
    for _ in range(4):
        other.heartbeat()
        claims = other.take(20)
        runs += ids(claims)
        other.settle(*map(succeeded, claims))
        site.clock.advance(past_lease(broker))
    assert len(runs) == len(set(runs)), "a job ran twice"
    for state in (State.QUEUED, State.SCHEDULED, State.RETRYING):
        record = found(broker.inspection, site.jobs[state])
        assert record.state in {State.SUCCEEDED, State.DEAD}
        assert (record.job.id in runs) == (record.state is State.SUCCEEDED)
    assert is_over(found(broker.inspection, running.job.id))
    assert list(broker.doctor.examine()) == []


def is_over(record: JobRecord) -> bool:
    return record.state.is_final


def test_a_remark_is_reported_and_left_alone(site: Site, client: redis.Redis) -> None:
    client.set(f"{PREFIX}notes", "of the operators")
    site.broker.inspection.pause("not-yet")

    diagnosis = site.broker.doctor.diagnose(repair=True)

    assert troubles(diagnosis.left) == {Trouble.UNKNOWN_KEY, Trouble.UNKNOWN_PAUSE}
    assert diagnosis.is_good
    assert client.get(f"{PREFIX}notes") == "of the operators"


def test_a_running_job_that_can_not_be_read_is_left_to_its_worker(
    site: Site, client: redis.Redis
) -> None:
    client.hset(f"{PREFIX}j:{site.jobs[State.RUNNING]}", "e", "x")

    diagnosis = site.broker.doctor.diagnose(repair=True)

    assert troubles(diagnosis.left) == {Trouble.UNREADABLE_JOB}
    assert not diagnosis.is_good


def test_a_lost_claim_is_left_alone_while_its_worker_says_that_it_runs_the_job(
    broker: RedisBroker, client: redis.Redis, clock: Clock, w1: Driver, w2: Driver
) -> None:
    job = make_job()
    broker.push([job])
    claim = w1.take_one()
    w1.heartbeat(running=((job.id, clock.now()),))
    client.delete(f"{PREFIX}f:w1")

    assert not broker.doctor.diagnose(repair=True).is_good
    assert w2.take(1) == ()

    assert w1.settle(succeeded(claim)).refused == (job.id,)
    w1.heartbeat()
    assert broker.doctor.diagnose(repair=True).is_good
    assert ids(w2.take(1)) == [job.id]


def test_many_findings_are_repaired_in_portions(
    broker: RedisBroker, client: redis.Redis, w1: Driver
) -> None:
    number = 1_500
    broker.push([make_job(id=f"job{n}") for n in range(number)])
    client.delete(f"{PREFIX}q:default")

    diagnosis = broker.doctor.diagnose(repair=True)

    assert len(diagnosis.repaired) == number
    assert diagnosis.is_good
    assert len(w1.take(number)) == number


LOCK_DAMAGES: dict[str, Calls] = {
    "the lock is gone": (("DEL", "l:d1"),),
    "the lock has lost who gets it next": (("SET", "l:d1", "first"),),
    "the lock is none": (("SET", "l:d1", "x y z"),),
    "the lock waits for itself": (("SET", "l:d1", "next next"),),
    "the lock belongs to the next one": (("SET", "l:d1", "next"),),
    "the lock has them swapped": (("SET", "l:d1", "next first"),),
    "the next one is in no list": (("ZREM", "s:scheduled", "next"),),
    "the next one is due": (("ZADD", "s:scheduled", "5", "next"),),
}


@pytest.mark.parametrize("name", LOCK_DAMAGES)
def test_no_repair_begins_a_job_beside_the_one_for_which_it_waits(
    broker: RedisBroker, client: redis.Redis, w1: Driver, name: str
) -> None:
    lock = Lock("d1", on_conflict=OnConflict.REPLACE)
    broker.push([make_job(id="first", lock=lock)])
    claim = w1.take_one()
    broker.push([make_job(id="next", lock=lock)])
    for command, key, *values in LOCK_DAMAGES[name]:
        Vandal(client, {}).call(str(command), str(key), *values)

    diagnosis = broker.doctor.diagnose(repair=True)

    assert diagnosis.repaired
    assert diagnosis.left == ()
    assert not w1.take(5)
    w1.settle(succeeded(claim))
    assert w1.take_one().job.id == "next"
