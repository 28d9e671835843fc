"""The doctor finds what was changed by hand of limits, and repairs it."""

from __future__ import annotations

import pytest
import redis

from django_jobs.brokers.doctor import Trouble
from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.limits import JobLimit
from tests.support.builders import limited, succeeded
from tests.support.driver import Driver, check_with_doctor, ids
from tests.support.redis_keys import PREFIX, check_structure, read_keys

MAIL = JobLimit("mail", 1)
KEY = MAIL.key


@pytest.mark.parametrize(
    ("command", "trouble"),
    [
        (("HINCRBY", f"h:{MAIL.id}", "", "1"), Trouble.STRAY_SLOT),
        (("DEL", f"h:{MAIL.id}"), Trouble.MISSING_SLOT),
        (("DEL", "limits"), Trouble.CLOSED_KEY),
        (("DEL", f"u:{KEY}"), Trouble.CLOSED_KEY),
        (("DEL", "g:cmail"), Trouble.CLOSED_KEY),
        (("DEL", f"x:{KEY}:default"), Trouble.WRONG_PLACE),
        (("DEL", "y:default"), Trouble.UNLISTED_JOB),
        (("ZADD", f"x:{KEY}:default", "7", "a"), Trouble.MISPLACED_JOB),
        (("ZADD", "y:default", "7", "nobody"), Trouble.MISSING_JOB),
        (("ZADD", "o:default", "7", "cnobody:"), Trouble.STRAY_KEY),
        (("ZADD", "u:cnobody:", "0", "default"), Trouble.STRAY_KEY),
        (("ZADD", "opens", "7", "cnobody:"), Trouble.STRAY_KEY),
        (("SADD", "reviews", "cnobody"), Trouble.STRAY_KEY),
        (("HSET", "limits", "cnobody", "what"), Trouble.UNREADABLE_VALUE),
        (("HINCRBY", "waits", MAIL.id, "5"), Trouble.WRONG_COUNT),
        (("HSET", "waits", MAIL.id, "many"), Trouble.WRONG_COUNT),
        (("DEL", "waits"), Trouble.WRONG_COUNT),
        (("SET", "opens", "7"), Trouble.WRONG_TYPE),
        (("SET", "limits", "7"), Trouble.WRONG_TYPE),
        (("SET", f"x:{KEY}:default", "7"), Trouble.WRONG_TYPE),
    ],
)
def test_what_was_changed_by_hand_is_found_and_repaired(
    broker: RedisBroker, client: redis.Redis, w1: Driver, command: tuple[str, ...], trouble: Trouble
) -> None:
    broker.push([limited(name, MAIL) for name in "abc"])
    (claim,) = w1.take(5)
    assert claim.job.id == "a"
    name, key, *values = command
    client.execute_command(name, PREFIX + key, *values)  # type: ignore[no-untyped-call]

    assert trouble in {one.trouble for one in broker.doctor.examine()}
    broker.doctor.diagnose(repair=True)

    check_with_doctor(broker)
    check_structure(read_keys(client))
    w1.settle(succeeded(claim))
    order = []
    for _ in range(2):
        (claim,) = w1.take(5)
        order.append(claim.job.id)
        w1.settle(succeeded(claim))
    assert sorted(order) == ["b", "c"]
    assert ids(w1.take(5)) == []
