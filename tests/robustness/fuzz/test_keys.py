"""A value of the wrong type under any key is named, and the doctor repairs it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from django_jobs.brokers.redis import RedisBroker
from django_jobs.errors import BrokerRefused
from django_jobs.jobs.records import State
from tests.robustness.fuzz.scale import SCALE
from tests.support.clock import Clock
from tests.support.driver import check_with_doctor
from tests.support.small_site import PREFIX, SmallSite

FAMILIES = [
    *(
        "q:default",
        "q:halted",
        "m:default",
        "m:*",
        "f:w1",
        "b:w1",
        "w:w1",
        "w:w2",
    ),
    *("s:scheduled", "s:retrying", "s:succeeded", "s:dead", "s:discarded", "expiries", "seq"),
    *(
        "queues",
        "paused",
        "extended",
        "leases",
        "lost",
        "pushes",
        "idle",
        "suspects",
        "commands",
        "ticks",
        "totals",
    ),
    *("j:scheduled", "j:queued", "j:running", "j:succeeded", "j:retrying", "j:dead"),
    *("j:waiting", "y:default", "limits", "waits", "opens", "closed", "reviews", "o:default"),
    *("g:LIMIT", "h:LIMIT", "r:LIMIT:", "u:LIMIT:", "x:LIMIT::default"),
    *("c:b1", "z:b1", "k:end:b1", "k:success:b1", "k:death:b1"),
    *("batches", "batch_expiries", "held", "happened"),
    *("c:flow", "i:flow", "k:success:n1", "k:needs:n2", "workflows", "workflow_expiries"),
    *("e:retrying", "e:dead", "e:queued"),
    *("n:queue:60000:30000000", "n:task:60000:30000000", "n:error:60000:30000000"),
]
"""Every kind of key; behind `j:` and `e:` stands the state of the job that is meant, and `LIMIT`
stands for the id of the limit that the site has."""

REPLACEMENTS: dict[str, Callable[[redis.Redis, str], object]] = {
    "string": lambda client, key: client.set(key, b"\xff\x00 not ours"),
    "list": lambda client, key: client.rpush(key, "1", "2"),
    "hash": lambda client, key: client.hset(key, "field", "value"),
    "set": lambda client, key: client.sadd(key, "one"),
    "zset": lambda client, key: client.zadd(key, {"one": 1.5}),
    "stream": lambda client, key: client.xadd(key, {"field": "value"}),
}


def replace(site: SmallSite, family: str, kind: str) -> None:
    """Write something else in place of a key."""
    head, _, state = family.partition(":")
    if head in {"j", "e"}:
        name = f"{head}:{site.jobs[State(state)]}"
    else:
        (limit,) = site.broker.inspection.limits.all()
        name = family.replace("LIMIT", limit.id)
    site.client.delete(PREFIX + name)
    REPLACEMENTS[kind](site.client, PREFIX + name)


def names_the_doctor(use: Callable[[], object]) -> None:
    """Use a site; if that fails, the message says what to do."""
    try:
        use()
    except BrokerRefused as error:
        message = str(error)
    else:
        return
    assert "manage.py jobs doctor" in message


each_kind_of_key = pytest.mark.parametrize("family", FAMILIES)
each_type = pytest.mark.parametrize("kind", REPLACEMENTS if SCALE > 1 else ["string", "hash"])


@each_kind_of_key
@each_type
def test_after_a_repair_everything_goes_on(
    family: str, kind: str, broker: RedisBroker, client: redis.Redis, clock: Clock
) -> None:
    site = SmallSite.build(broker, client, clock)
    replace(site, family, kind)
    broker.doctor.diagnose()  # which nothing that it finds may stop

    diagnosis = broker.doctor.diagnose(repair=True)

    assert diagnosis.left == ()
    for job_id in site.jobs.values():
        assert broker.inspection.find(job_id), "a job vanished"
    site.use_everything()
    site.run_a_good_job()
    check_with_doctor(broker)


@each_kind_of_key
@each_type
def test_what_meets_it_before_names_the_doctor_and_loses_no_job(
    family: str, kind: str, broker: RedisBroker, client: redis.Redis, clock: Clock
) -> None:
    site = SmallSite.build(broker, client, clock)
    replace(site, family, kind)

    names_the_doctor(site.use_everything)

    assert broker.doctor.diagnose(repair=True).is_good
    site.run_a_good_job()
    for state in (State.QUEUED, State.RUNNING, State.SCHEDULED, State.RETRYING):
        assert broker.inspection.find(site.jobs[state]), "a job vanished"
    check_with_doctor(broker)


def test_every_kind_of_key_is_tried(broker: RedisBroker, client: redis.Redis, clock: Clock) -> None:
    site = SmallSite.build(broker, client, clock)
    tried = {family.split(":")[0] for family in FAMILIES}

    assert {key.removeprefix(PREFIX).split(":")[0] for key in site.key_names()} <= tried


def test_a_job_of_another_type_is_dead_with_its_reason(
    broker: RedisBroker, client: redis.Redis, clock: Clock
) -> None:
    site = SmallSite.build(broker, client, clock)
    job_id = site.jobs[State.QUEUED]
    client.delete(f"{PREFIX}j:{job_id}")
    client.set(f"{PREFIX}j:{job_id}", "not ours")
    dead = broker.inspection.counts()[State.DEAD]

    assert site.other.take(1) == ()

    record = broker.inspection.find(job_id)
    assert record is not None
    assert record.state is State.DEAD
    assert record.failures[0].exception == "django_jobs.errors.BrokenPayload"
    assert broker.inspection.counts()[State.DEAD] == dead + 1
