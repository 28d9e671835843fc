"""No call does much in Redis, however many keys have jobs that wait, or jobs wait for a key."""

from __future__ import annotations

import redis

from django_jobs.brokers.constants import MOVED_PER_CALL
from django_jobs.brokers.messages import Reply
from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.limits import JobLimit
from tests.support.builders import limited, make_job, succeeded
from tests.support.driver import Driver, check_with_doctor, ids

MOST_COMMANDS = 12 * MOVED_PER_CALL
"""What one call may do, with all that its script does: most commands take less than 5 µs."""

ROOM = 100
NUMBER = 5 * MOVED_PER_CALL


def mail(value: str = "") -> JobLimit:
    return JobLimit("mail", 1, value=value)


class Worker:
    """A worker that settles what it took with its next call.

    Attributes:
        most: how many commands Redis did for its dearest call.
    """

    def __init__(self, driver: Driver, client: redis.Redis) -> None:
        self.driver = driver
        self.client = client
        self.reply = driver.exchange(limit=0)  # which loads the script
        self.most = 0

    def call(self) -> Reply:
        settlements = [succeeded(claim) for claim in self.reply.claims]
        before = self._commands()
        self.reply = self.driver.exchange("default", limit=ROOM, settlements=settlements)
        self.most = max(self.most, self._commands() - before)
        return self.reply

    def run_all(self) -> list[str]:
        """Run all jobs that can run, and return their ids."""
        runs: list[str] = []
        while True:
            reply = self.call()
            runs += ids(reply.claims)
            if not reply.claims and not reply.has_more and reply.due_in is None:
                return runs

    def _commands(self) -> int:
        statistics = self.client.info("commandstats")
        return sum(int(each["calls"]) for name, each in statistics.items() if "info" not in name)


def test_many_keys_begin_to_wait_and_are_resumed(
    broker: RedisBroker, client: redis.Redis, w1: Driver
) -> None:
    broker.push([limited("first", mail("first"))])
    worker = Worker(w1, client)
    assert worker.run_all() == ["first"]
    broker.inspection.limits.pause(mail().id)
    names = [f"a{n:04}" for n in range(NUMBER)]
    broker.push([limited(name, mail(name)) for name in names])

    assert worker.run_all() == []
    broker.inspection.limits.resume(mail().id)
    assert worker.run_all() == names

    print(f"at most {worker.most} commands a call")
    assert worker.most <= MOST_COMMANDS
    check_with_doctor(broker)


def test_many_jobs_of_one_key_stand_in_front(
    broker: RedisBroker, client: redis.Redis, w1: Driver, w2: Driver
) -> None:
    broker.push([limited("holder", mail())])
    holder = w2.take_one()
    broker.push([*(limited(f"a{n:04}", mail()) for n in range(NUMBER)), make_job(id="behind")])
    worker = Worker(w1, client)

    assert worker.run_all() == ["behind"]
    w2.settle(succeeded(holder))
    assert ids(worker.call().claims) == ["a0000"]
    assert ids(worker.call().claims) == ["a0001"]

    print(f"at most {worker.most} commands a call")
    assert worker.most <= MOST_COMMANDS
    check_with_doctor(broker)


def test_a_call_starts_some_of_many_jobs_that_waited_and_the_next_goes_on(
    broker: RedisBroker, w1: Driver
) -> None:
    broker.push([limited("first", mail("first"))])
    w1.settle(succeeded(w1.take_one()))
    broker.inspection.limits.pause(mail().id)
    names = [f"a{n:03}" for n in range(MOVED_PER_CALL)]
    broker.push([limited(name, mail(name)) for name in names])
    assert w1.take(NUMBER) == ()
    broker.push([make_job(id="behind")])
    broker.inspection.limits.resume(mail().id)

    reply = w1.exchange("default", limit=NUMBER)
    assert reply.has_more
    runs = ids(reply.claims)
    assert runs == names[: MOVED_PER_CALL // 2]
    for _ in range(3):
        runs += ids(w1.take(NUMBER))

    assert runs == [*names, "behind"]


def test_many_keys_get_free_at_once(
    broker: RedisBroker, client: redis.Redis, w1: Driver, w2: Driver
) -> None:
    names = [f"{n:04}" for n in range(NUMBER)]
    broker.push([limited(f"a{name}", mail(name)) for name in names])
    claims = w2.take(NUMBER)
    broker.push([limited(f"b{name}", mail(name)) for name in names])
    worker = Worker(w1, client)
    assert worker.run_all() == []

    w2.settle(*map(succeeded, claims))
    assert worker.run_all() == [f"b{name}" for name in names]

    print(f"at most {worker.most} commands a call")
    assert worker.most <= MOST_COMMANDS
    check_with_doctor(broker)
