"""Limits: how many jobs run at once or start in a period, and how the others wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import LIMIT_KEPT_MS, LIMITS_MET
from django_jobs.brokers.inspection.base import Inspection, JobAction
from django_jobs.brokers.inspection.filters import Filter
from django_jobs.brokers.inspection.finder import Finder
from django_jobs.brokers.inspection.limits import SHOWN_IDS, LimitKeyInfo
from django_jobs.brokers.messages import QueueQuota, Take
from django_jobs.jobs.limits import JobLimit, LimitKind, limit_id
from django_jobs.jobs.records import JOB_FORMAT, Claim, Settlement, State
from tests.support.builders import (
    dead,
    discarded,
    given_back,
    limit_reached,
    limited,
    make_failure,
    make_job,
    postponed,
    retrying,
    succeeded,
)
from tests.support.clock import Clock
from tests.support.driver import Driver, check_with_doctor, found, ids
from tests.support.idle_workers import StartIdleWorker, use_up_wake_up

MINUTE = 60_000
ENDS: Mapping[str, Callable[[Claim], Settlement]] = {
    "succeeded": succeeded,
    "dead": dead,
    "discarded": discarded,
    "retrying": partial(retrying, delay=MINUTE),
    "given back": given_back,
    "postponed": postponed,
}
MAIL = limit_id(LimitKind.LIMIT, "mail")
API = limit_id(LimitKind.RATE, "api")


def mail(n: int = 2, value: str = "", **changes: Any) -> JobLimit:
    return JobLimit("mail", n, value=value, **changes)


def api(n: int = 2, per: int = MINUTE, value: str = "", **changes: Any) -> JobLimit:
    return JobLimit("api", n, per, value, **changes)


@pytest.fixture(autouse=True)
def nothing_left_for_the_doctor(broker: Broker) -> Any:
    yield
    check_with_doctor(broker)


# --- jobs that run at once --------------------------------------------------------------------


def test_no_more_jobs_are_claimed_than_there_are_slots(
    broker: Broker, w1: Driver, w2: Driver
) -> None:
    broker.push([limited(name) for name in "abcd"])

    assert ids(w1.take(1)) == ["a"]
    assert ids(w2.take(5)) == ["b"]
    assert ids(w1.take(5)) == []


def test_jobs_behind_a_key_without_free_slots_do_not_wait_for_it(
    broker: Broker, w1: Driver
) -> None:
    broker.push([*(limited(name, mail(1, "x")) for name in "abc"), limited("d", mail(1, "y"))])
    broker.push([make_job(id="e")])

    assert ids(w1.take(5)) == ["a", "d", "e"]


@pytest.mark.parametrize("way", [*ENDS, "closed", "lost"])
def test_whatever_takes_a_job_from_its_worker_frees_its_slot(
    broker: Broker, clock: Clock, w1: Driver, w2: Driver, way: str
) -> None:
    broker.push([limited("a", mail(1)), limited("b", mail(1), priority=1)])
    (claim,) = w1.take(1)
    assert ids([claim]) == ["b"]
    assert w2.take(1) == ()
    match way:
        case "closed":
            w1.close()
        case "lost":
            w1.vanish(clock, noticed_by=w2)
        case _:
            w1.settle(ENDS[way](claim))

    is_back = way in {"given back", "closed", "lost"}
    assert ids(w2.take(2)) == (["b"] if is_back else ["a"])


def test_a_settlement_that_is_refused_frees_no_slot(
    broker: Broker, clock: Clock, w1: Driver, w2: Driver
) -> None:
    broker.push([limited("a", mail(1)), limited("b", mail(1))])
    late = w1.take_one()
    w1.vanish(clock, noticed_by=w2)
    assert ids(w2.take(2)) == ["a"]

    assert w1.settle(succeeded(late)).refused == ("a",)

    assert w2.take(1) == ()


def test_a_job_without_a_result_frees_its_slot(broker: Broker, w1: Driver) -> None:
    broker.push([limited("a", mail(1), result_ttl=0), limited("b", mail(1))])
    w1.settle(succeeded(w1.take_one()))

    assert ids(w1.take(1)) == ["b"]


def test_waiting_jobs_start_by_priority_and_then_in_their_order(broker: Broker, w1: Driver) -> None:
    broker.push([limited(name, mail(1)) for name in "abc"])
    claim = w1.take_one()
    w1.take(5)  # lets b and c wait
    broker.push([limited("d", mail(1), priority=5)])
    w1.take(5)

    order = []
    for _ in range(3):
        w1.settle(succeeded(claim))
        claim = w1.take_one()
        order.append(claim.job.id)
    assert order == ["d", "b", "c"]


def test_a_waiting_job_goes_before_plain_ones_that_came_later(broker: Broker, w1: Driver) -> None:
    broker.push([limited("a", mail(1)), limited("b", mail(1))])
    claim = w1.take(2)[0]
    broker.push([make_job(id="c"), make_job(id="d")])
    assert ids(w1.take(1)) == ["c"]
    w1.settle(succeeded(claim))

    assert ids(w1.take(2)) == ["b", "d"]


def test_a_plain_job_that_came_first_goes_before_a_waiting_one(broker: Broker, w1: Driver) -> None:
    broker.push([limited("a", mail(1)), make_job(id="c", priority=1), limited("b", mail(1))])
    claims = w1.take(3)
    assert ids(claims) == ["c", "a"]
    w1.settle(given_back(claims[0]), succeeded(claims[1]))

    assert ids(w1.take(3)) == ["c", "b"]


def test_a_call_gives_no_more_jobs_than_it_may_also_if_one_of_them_has_to_wait(
    broker: Broker, w1: Driver
) -> None:
    """One that waits leaves its place to the next one, before which one that has waited comes."""
    broker.push([limited("holds mail", mail(1)), limited("holds api", JobLimit("other", 1))])
    _, holder = w1.take(2)
    broker.push([limited("has waited", JobLimit("other", 1), priority=7)])
    assert not w1.take(2)
    broker.push([make_job(id="first", priority=9), limited("waits", mail(1), priority=8)])
    broker.push([make_job(id="last", priority=6)])

    reply = w1.exchange("default", limit=2, settlements=[succeeded(holder)])

    assert ids(reply.claims) == ["first", "has waited"]
    assert ids(w1.take(2)) == ["last"]


def test_several_limits_are_all_taken_or_none(broker: Broker, w1: Driver) -> None:
    broker.push([limited("a", mail(1)), limited("b", api(1), mail(1))])
    broker.push([limited("c", api(1), mail(1, "z")), limited("d", api(1))])
    claims = w1.take(4)

    assert ids(claims) == ["a", "c"], "b took a slot that it could not use"

    w1.settle(succeeded(claims[0]))
    assert w1.take(4) == ()


def test_a_job_waits_for_one_of_its_keys_and_then_for_the_other(broker: Broker, w1: Driver) -> None:
    one, other = mail(1, "one"), mail(1, "other")
    broker.push([limited("a", one), limited("b", other), limited("c", one, other)])
    a, b = w1.take(3)
    w1.settle(succeeded(a))
    assert w1.take(1) == ()
    w1.settle(succeeded(b))

    assert ids(w1.take(1)) == ["c"]


# --- which number counts ------------------------------------------------------------------------


def test_the_number_that_was_declared_last_counts(broker: Broker, w1: Driver) -> None:
    broker.push([limited(name, mail(1, declared_at=1)) for name in "abc"])
    assert ids(w1.take(5)) == ["a"]
    broker.push([limited(name, mail(3, declared_at=2)) for name in "de"])

    assert ids(w1.take(1)) == ["d"]
    assert ids(w1.take(5)) == ["b"]


def test_a_lower_number_forgets_no_start_of_the_present_period(
    broker: Broker, clock: Clock, w1: Driver
) -> None:
    """It comes with a job of the same call, and the next deploy takes it back."""
    before, lower, after = (api(n, declared_at=at) for at, n in enumerate((2, 1, 2), 1))
    broker.push([limited("a", before), limited("b", before), limited("c", lower, priority=-1)])
    assert ids(w1.take(5)) == ["a", "b"]

    broker.push([limited("d", after, priority=1)])
    assert ids(w1.take(5)) == []

    clock.advance(MINUTE)
    assert ids(w1.take(5)) == ["d", "c"]


def test_a_number_of_an_earlier_deploy_changes_nothing(broker: Broker, w1: Driver) -> None:
    broker.push([limited("a", mail(1, declared_at=2)), limited("b", mail(9, declared_at=1))])

    assert ids(w1.take(5)) == ["a"]


def test_an_operator_changes_the_number_until_it_is_reset(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([limited(name, mail(1)) for name in "abcd"])
    w1.take(5)

    assert inspection.limits.set_number(MAIL, 3)
    claims = w1.take(5)
    assert ids(claims) == ["b", "c"]
    (limit,) = inspection.limits.all()
    assert (limit.name, limit.n, limit.own, limit.paused) == ("mail", 1, 3, False)

    assert inspection.limits.set_number(MAIL, None)
    w1.settle(*map(succeeded, claims))
    assert w1.take(5) == ()


@pytest.mark.parametrize("number", [0, -5, 10**15])
def test_a_number_out_of_range_is_refused(
    broker: Broker, inspection: Inspection, w1: Driver, number: int
) -> None:
    broker.push([limited("a", mail(1), api(1))])
    w1.take_one()
    before = inspection.limits.all()
    for id_, most in ((MAIL, "1,000,000"), (API, "100,000")):
        with pytest.raises(ValueError, match=f"from 1 to {most}, not {number:,}"):
            inspection.limits.set_number(id_, number)
    assert inspection.limits.all() == before


def test_a_paused_limit_gives_no_slots(
    broker: Broker, inspection: Inspection, w1: Driver, idle_worker: StartIdleWorker
) -> None:
    broker.push([limited("a"), make_job(id="b"), limited("c")])
    claims = w1.take(2)
    assert ids(claims) == ["a", "b"]
    assert inspection.limits.pause(MAIL)
    w1.settle(*map(succeeded, claims))
    assert w1.take(5) == ()
    use_up_wake_up(broker, "default")
    idle = idle_worker("default")

    assert inspection.limits.resume(MAIL)

    assert idle.is_woken()
    assert ids(w1.take(5)) == ["c"]


def test_what_an_operator_does_to_an_unknown_limit_is_refused(inspection: Inspection) -> None:
    assert not inspection.limits.set_number("cnobody", 3)
    assert not inspection.limits.pause("cnobody")
    assert not inspection.limits.resume("cnobody")
    assert inspection.limits.all() == ()
    assert inspection.limits.keys("cnobody") == ()
    assert not inspection.limits.pause_key("cnobody", "x")
    assert not inspection.limits.resume_key("cnobody", "x")
    (key,) = inspection.limits.read("cnobody", ["x"])
    assert not key.is_known


def test_operators_see_who_holds_the_slots_of_a_key_and_how_many_wait(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([limited(name, mail(1, "é 7")) for name in "abc"])
    w1.take(5)

    (key,) = inspection.limits.keys(MAIL)

    assert (key.value, key.holders, key.waiting, key.opens_at) == ("é 7", ("a",), 2, None)
    assert (key.used, key.waiters) == (1, ("b", "c"))
    assert inspection.limits.read(MAIL, ["é 7", "8"]) == (key, LimitKeyInfo(value="8"))
    (limit,) = inspection.limits.all()
    assert (limit.keys, limit.waiting) == (1, 2)


def test_the_jobs_that_wait_for_a_limit_are_counted(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    def waiting() -> list[int]:
        return [limit.waiting for limit in inspection.limits.all()]

    broker.push([limited(f"{value}{n}", mail(1, value)) for value in "xy" for n in range(5)])
    broker.push([limited("b", api(1)), limited("c", api(1))])
    first, second, _ = w1.take(20)
    assert waiting() == [8, 1]
    w1.settle(succeeded(first), retrying(second, delay=MINUTE))
    w1.take(5)
    assert waiting() == [6, 1]
    inspection.apply_one(JobAction.CANCEL, "x3")
    inspection.apply_one(JobAction.DELETE, "x4")
    assert inspection.move(["y3"], "default", "low") == ("y3",)
    assert waiting() == [3, 1]
    clock.advance(MINUTE)
    w1.take(5)
    assert waiting()[1] == 0
    inspection.clear("default")
    assert waiting() == [0, 0]


def test_of_a_key_some_jobs_are_named(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    broker.push([limited(f"job {number:02}", mail(12)) for number in range(30)])
    running = {claim.job.id for claim in w1.take(30)}

    (key,) = inspection.limits.keys(MAIL)

    assert (key.used, len(key.holders)) == (12, SHOWN_IDS)
    assert set(key.holders) <= running
    assert key.waiting == 18
    assert key.waiters == tuple(f"job {number:02}" for number in range(12, 12 + SHOWN_IDS))


def test_jobs_of_several_queues_wait_for_a_key(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([limited("a", mail(1)), limited("b", mail(1), queue="low")])
    broker.push([limited("c", mail(1))])
    w1.take(5, "default", "low")

    (key,) = inspection.limits.keys(MAIL)

    assert (key.waiting, key.waiters) == (2, ("c", "b"))


def test_keys_come_in_pages(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    values = [f"{number:03}" for number in range(40)]
    broker.push([limited(f"{value} {n}", mail(1, value)) for value in values for n in range(2)])
    w1.take(80)

    def listed(**options: int) -> list[str]:
        return [key.value for key in inspection.limits.keys(MAIL, **options)]

    assert listed() == values
    assert listed(count=15) == values[:15]
    assert listed(offset=15, count=15) == values[15:30]
    assert listed(offset=30, count=15) == values[30:]
    assert listed(offset=45) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ü/1", ["Mü/1", "Mü/10"]),
        ("mail", []),  # the name of the limit is not searched
        ("*", ["*[a-z]?"]),
        ("[a-z]?", ["*[a-z]?"]),
        ("%", ["100%"]),
        ("", ["*[a-z]?", "100%", "Mü/1", "Mü/10"]),
    ],
)
def test_keys_are_found_by_a_part_of_their_values(
    broker: Broker, inspection: Inspection, w1: Driver, text: str, found: list[str]
) -> None:
    values = ["Mü/1", "Mü/10", "*[a-z]?", "100%"]
    broker.push([limited(f"{value} {n}", mail(1, value)) for value in values for n in range(2)])
    w1.take(8)

    assert sorted(key.value for key in inspection.limits.search(MAIL, text)) == found
    assert len(inspection.limits.search(MAIL, text, 1)) == min(1, len(found))


def test_many_keys_are_searched(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    values = [str(number) for number in range(2_500)]
    broker.push([limited(f"{value} {n}", mail(1, value)) for value in values for n in range(2)])
    while w1.take(300):
        pass

    assert [key.value for key in inspection.limits.search(MAIL, "2499")] == ["2499"]


# --- keys that are paused -------------------------------------------------------------------------


def test_a_paused_key_gives_no_slots_until_it_is_resumed(
    broker: Broker, inspection: Inspection, w1: Driver, idle_worker: StartIdleWorker
) -> None:
    broker.push([limited("a", mail(1, "x"))])
    w1.settle(succeeded(w1.take_one()))
    assert inspection.limits.pause_key(MAIL, "x")
    broker.push([limited("b", mail(1, "x")), limited("c", mail(1, "y"))])

    assert ids(w1.take(5)) == ["c"]
    (key,) = inspection.limits.paused_keys(MAIL)
    assert key == LimitKeyInfo(value="x", waiting=1, waiters=("b",), paused=True)
    assert found(inspection, "b").waits_for == mail(1, "x")
    use_up_wake_up(broker, "default")
    idle = idle_worker("default")

    assert inspection.limits.resume_key(MAIL, "x")

    assert idle.is_woken()
    assert ids(w1.take(5)) == ["b"]
    assert inspection.limits.paused_keys(MAIL) == ()


def test_a_key_is_paused_while_jobs_wait_and_run(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    broker.push([limited(name, mail(1)) for name in "abc"])
    (claim,) = w1.take(5)
    inspection.limits.pause_key(MAIL, "")
    inspection.limits.pause_key(MAIL, "")

    w1.settle(succeeded(claim))
    assert w1.take(5) == ()
    clock.advance(MINUTE)
    w1.heartbeat()
    assert w1.take(5) == ()

    inspection.limits.resume_key(MAIL, "")
    assert ids(w1.take(5)) == ["b"]


def test_a_paused_key_stays_paused_when_its_limit_is_changed_or_reached(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    broker.push([limited(name, mail(2)) for name in "abc"])
    claim, _ = w1.take(5)
    inspection.limits.pause_key(MAIL, "")
    w1.settle(limit_reached(claim, delay=1_000))
    inspection.limits.set_number(MAIL, 5)
    inspection.limits.pause(MAIL)
    assert inspection.limits.paused_keys(MAIL)[0].paused
    inspection.limits.resume(MAIL)
    clock.advance(2_000)
    w1.heartbeat()
    assert w1.take(5) == ()

    inspection.limits.resume_key(MAIL, "")
    assert ids(w1.take(5)) == ["a", "c"]


def test_a_key_of_a_rate_is_paused_and_keeps_its_starts(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    broker.push([limited(name, api(1)) for name in "ab"])
    w1.take(5)
    inspection.limits.pause_key(API, "")
    (key,) = inspection.limits.keys(API)
    assert (key.used, key.opens_at, key.paused) == (1, None, True)
    inspection.limits.resume_key(API, "")
    assert inspection.limits.keys(API)[0].opens_at == clock.now() + MINUTE
    assert w1.take(5) == ()
    clock.advance(MINUTE)

    assert ids(w1.take(5)) == ["b"]


def test_resuming_a_key_ends_a_closing(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    broker.push([limited("a")])
    w1.settle(limit_reached(w1.take_one(), delay=MINUTE))
    assert w1.take(1) == ()
    (key,) = inspection.limits.keys(MAIL)
    assert (key.opens_at, key.paused) == (clock.now() + MINUTE, False)

    inspection.limits.resume_key(MAIL, "")

    assert ids(w1.take(1)) == ["a"]


# --- rates --------------------------------------------------------------------------------------


def test_no_more_jobs_start_in_a_period_than_the_rate_says(
    broker: Broker, clock: Clock, w1: Driver
) -> None:
    broker.push([limited(name, api(2)) for name in "abcdef"])
    assert ids(w1.take(5)) == ["a", "b"]
    clock.advance(MINUTE // 2)
    assert w1.take(5) == ()
    clock.advance(MINUTE // 2 - 1)
    assert w1.take(5) == ()
    clock.advance(1)

    assert ids(w1.take(5)) == ["c", "d"]


def test_the_period_slides(broker: Broker, clock: Clock, w1: Driver) -> None:
    broker.push([limited(name, api(2)) for name in "abcd"])
    w1.take(1)
    clock.advance(MINUTE // 2)
    w1.take(1)
    clock.advance(MINUTE // 2)

    assert ids(w1.take(5)) == ["c"]
    clock.advance(MINUTE // 2)
    assert ids(w1.take(5)) == ["d"]


def test_a_start_counts_whatever_became_of_the_job(
    broker: Broker, clock: Clock, w1: Driver
) -> None:
    broker.push([limited(name, api(1)) for name in "ab"])
    w1.settle(given_back(w1.take_one()))
    assert w1.take(5) == ()
    clock.advance(MINUTE)

    assert ids(w1.take(5)) == ["a"]


def test_a_reply_says_when_a_period_has_room_again(
    broker: Broker, clock: Clock, w1: Driver
) -> None:
    broker.push([limited(name, api(1)) for name in "ab"])
    assert w1.exchange("default", limit=1).due_in is None
    clock.advance(1000)

    assert w1.exchange("default", limit=1).due_in == MINUTE - 1000
    clock.advance(MINUTE - 1000)
    assert ids(w1.take(1)) == ["b"]


def test_a_period_that_has_room_again_wakes_a_worker(
    broker: Broker, clock: Clock, w1: Driver, w2: Driver, idle_worker: StartIdleWorker
) -> None:
    broker.push([limited(name, api(1)) for name in "ab"])
    w1.take(2)
    use_up_wake_up(broker, "default")
    idle = idle_worker("default")
    clock.advance(MINUTE)

    w2.exchange(limit=0)

    assert idle.is_woken()


def test_the_end_of_a_job_with_a_rate_frees_no_slot_of_a_limit_whose_key_its_own_contains(
    broker: Broker, w1: Driver
) -> None:
    rate = JobLimit("cmail", 9, MINUTE)  # its key is rcmail:, that of the limit is cmail:
    broker.push([limited("a", mail(1)), limited("b", rate), limited("c", mail(1))])
    _, other = w1.take(2)

    w1.settle(succeeded(other))
    assert ids(w1.take(1)) == []


def test_jobs_that_were_pushed_together_have_their_own_limits(
    broker: Broker, inspection: Inspection
) -> None:
    several = (mail(value="x"), api(value="x"))
    limits = [(mail(),), (), (), (mail(value="x"),), (mail(value="y"),), several, (mail(),)]
    broker.push(
        [limited(str(n), *some) if some else make_job(id=str(n)) for n, some in enumerate(limits)]
    )

    assert [found(inspection, str(n)).job.limits for n in range(len(limits))] == limits


def test_jobs_with_a_rate_are_claimed_for_free_threads_only(broker: Broker, w1: Driver) -> None:
    w1.heartbeat()
    broker.push([make_job(id="p"), *(limited(name, api(9)) for name in "abc")])
    broker.push([limited("d")])
    take = Take(5, [QueueQuota("default", 5)], at_once=2)

    claims = w1.session.exchange((), take).result().claims

    assert ids(claims) == ["p", "a", "b"]
    assert ids(w1.take(5)) == ["c", "d"]


def test_a_clock_that_is_set_back_lets_no_more_jobs_start(
    broker: Broker, clock: Clock, w1: Driver
) -> None:
    broker.push([limited(name, api(1)) for name in "ab"])
    w1.take(1)
    clock.advance(-10 * MINUTE)
    w1.heartbeat()

    assert w1.take(5) == ()


def test_an_operator_changes_a_rate(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push([limited(name, api(1)) for name in "abcd"])
    w1.take(5)
    assert inspection.limits.keys(API)[0].opens_at == (clock.now() + MINUTE)

    inspection.limits.set_number(API, 3)

    assert ids(w1.take(5)) == ["b", "c"]


# --- LimitReached ---------------------------------------------------------------------------------


def test_a_job_that_reaches_a_limit_closes_its_key_at_no_cost(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    broker.push([limited(name, api(9)) for name in "abc"])
    broker.push([limited("d", api(9, value="other"))])
    claim = w1.take_one()
    w1.settle(limit_reached(claim, delay=30_000))

    assert ids(w1.take(5)) == ["d"]
    assert found(inspection, "a").attempts == 0
    clock.advance(30_000)
    claims = w1.take(5)
    assert ids(claims) == ["a", "b", "c"]
    assert claims[0].attempt == 1


def test_it_may_say_which_of_its_limits(broker: Broker, w1: Driver) -> None:
    broker.push([limited("a", api(9), mail(9)), limited("b", api(9)), limited("c", mail(9))])
    w1.settle(limit_reached(w1.take_one(), closes="mail"))

    assert ids(w1.take(5)) == ["b"]


def test_without_a_rate_it_closes_all_of_its_limits(
    broker: Broker, clock: Clock, w1: Driver
) -> None:
    broker.push([limited("a"), limited("b")])
    w1.settle(limit_reached(w1.take_one()))

    assert w1.take(5) == ()
    clock.advance(30_000)
    assert ids(w1.take(5)) == ["a", "b"]


def test_a_job_without_limits_waits_alone(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    broker.push([make_job(id="a"), make_job(id="b")])
    w1.settle(limit_reached(w1.take_one()))

    record = found(inspection, "a")
    assert (record.state, record.due_at) == (State.SCHEDULED, clock.now() + 30_000)
    assert ids(w1.take(5)) == ["b"]


def test_a_job_that_always_reaches_a_limit_is_dead_in_the_end(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    broker.push([limited("a", api(9))])
    for _ in range(LIMITS_MET):
        reply = w1.settle(limit_reached(w1.take_one()))
        assert reply.dead == ()
        clock.advance(MINUTE)

    assert w1.settle(limit_reached(w1.take_one())).dead == ("a",)
    assert found(inspection, "a").state is State.DEAD


# --- nobody is forgotten --------------------------------------------------------------------------


def test_a_slot_that_becomes_free_wakes_a_worker_of_the_queue_with_the_waiting_job(
    broker: Broker, w1: Driver, w2: Driver, idle_worker: StartIdleWorker
) -> None:
    broker.push([limited("a", mail(1)), limited("b", mail(1), queue="other")])
    claim = w1.take_one()
    assert w2.take(1, "other") == ()
    use_up_wake_up(broker, "other")
    idle = idle_worker("other")

    w1.settle(succeeded(claim))

    assert idle.is_woken()
    assert ids(w2.take(1, "other")) == ["b"]


def test_a_queue_without_workers_keeps_no_slot_from_the_others(
    broker: Broker, w1: Driver, w2: Driver
) -> None:
    broker.push([limited("a", mail(1)), limited("b", mail(1), queue="other")])
    broker.push([limited("c", mail(1))])
    claim = w1.take_one()
    assert w2.take(1, "other") == ()
    w1.settle(succeeded(claim))
    claim = w1.take_one()
    w1.settle(succeeded(claim))

    assert ids(w2.take(1, "other")) == ["b"]


def test_jobs_of_a_paused_queue_keep_waiting(
    broker: Broker, inspection: Inspection, w1: Driver, idle_worker: StartIdleWorker
) -> None:
    broker.push([limited("a", mail(1)), limited("b", mail(1))])
    claim = w1.take(2)[0]
    inspection.pause("default")
    w1.settle(succeeded(claim))
    assert w1.take(1) == ()
    idle = idle_worker("default")

    inspection.resume("default")

    assert idle.is_woken()
    assert ids(w1.take(1)) == ["b"]


def test_a_cleared_queue_has_no_waiting_jobs(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([limited(name, mail(1)) for name in "abc"])
    claim = w1.take(5)[0]
    broker.push([make_job(id="d")])

    assert inspection.clear("default") == 3

    assert inspection.counts()[State.WAITING] == 0
    w1.settle(succeeded(claim))
    assert w1.take(5) == ()


@pytest.mark.parametrize("action", ["cancel", "delete"])
def test_a_waiting_job_may_be_taken_away(
    broker: Broker, inspection: Inspection, w1: Driver, action: str
) -> None:
    broker.push([limited(name, mail(1)) for name in "abc"])
    claim = w1.take(5)[0]

    assert getattr(inspection, action)("b")

    w1.settle(succeeded(claim))
    assert ids(w1.take(5)) == ["c"]


def test_a_waiting_job_may_be_moved(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    broker.push([limited(name, mail(1)) for name in "ab"])
    claim = w1.take(5)[0]

    assert inspection.move(["b"], "default", "other") == ("b",)

    assert w1.take(5, "other") == ()
    w1.settle(succeeded(claim))
    assert ids(w1.take(5, "other")) == ["b"]


def test_a_scheduled_job_with_a_limit_waits_when_it_is_due(
    broker: Broker, clock: Clock, w1: Driver
) -> None:
    broker.push([limited("a", mail(1)), limited("b", mail(1), run_at=clock.now() + MINUTE)])
    claim = w1.take_one()
    clock.advance(MINUTE)
    assert w1.take(5) == ()
    w1.settle(succeeded(claim))

    assert ids(w1.take(5)) == ["b"]


# --- what must not count --------------------------------------------------------------------------


def test_an_expired_job_needs_no_slot(broker: Broker, clock: Clock, w1: Driver) -> None:
    """Its worker only discards it. Otherwise expired jobs would use up all starts of a rate."""
    broker.push([limited("a", api(1)), limited("live", api(1))])
    w1.settle(succeeded(w1.take_one()))
    old = [limited(f"old{n}", api(1), priority=1, expires_at=clock.now() + 1) for n in range(3)]
    broker.push(old)
    assert w1.take(9) == ()
    clock.advance(MINUTE)

    assert ids(w1.take(9)) == ["old0", "old1", "old2", "live"]
    assert found(broker.inspection, "live").state is State.RUNNING
    check_with_doctor(broker)


def test_an_expired_job_waits_for_a_slot_like_any_other(
    broker: Broker, clock: Clock, w1: Driver, w2: Driver
) -> None:
    """Jobs that wait are not read, so it makes no difference whether one had expired before."""
    broker.push([limited("a", mail(1))])
    claim = w1.take_one()
    for name in ("waits", "waits too"):  # the second one comes when a job waits already
        broker.push([limited(name, mail(1), expires_at=clock.now() + 1)])
        clock.advance(2)
        assert w2.take(9) == ()
        assert found(broker.inspection, name).state is State.WAITING

    w1.settle(succeeded(claim))
    assert ids(w2.take(9)) == ["waits", "waits too"]  # their worker discards them, without slots
    check_with_doctor(broker)


def test_a_job_of_a_newer_format_waits_for_a_slot_like_any_other(
    broker: Broker, w1: Driver, w2: Driver
) -> None:
    broker.push([limited("a", mail(1))])
    claim = w1.take_one()
    broker.push([limited("newer", mail(1), format=JOB_FORMAT + 1)])
    assert w2.exchange("default").newest_format == 0
    assert found(broker.inspection, "newer").state is State.WAITING

    w1.settle(succeeded(claim))
    assert w2.exchange("default").newest_format == JOB_FORMAT + 1
    assert found(broker.inspection, "newer").state is State.SCHEDULED
    check_with_doctor(broker)


def test_slots_of_two_limits_with_the_same_numbers_are_counted_apart(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    one, other = JobLimit("one", 5, declared_at=7), JobLimit("other", 5, declared_at=7)
    broker.push([limited("a", one), limited("b", other), limited("c", one, other)])
    claims = w1.take(9)
    names = [limit_id(LimitKind.LIMIT, name) for name in ("one", "other")]
    assert [limit.n for limit in inspection.limits.all()] == [5, 5]
    assert [inspection.limits.read(name, [""])[0].used for name in names] == [2, 2]

    w1.settle(*map(succeeded, claims))
    assert [inspection.limits.read(name, [""])[0].used for name in names] == [0, 0]
    check_with_doctor(broker)


def test_a_job_that_an_operator_retries_may_meet_limits_again(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    broker.push([limited("a", api(9))])
    for _ in range(LIMITS_MET + 1):
        w1.settle(limit_reached(w1.take_one()))
        clock.advance(MINUTE)
    assert found(inspection, "a").state is State.DEAD
    inspection.retry("a")

    assert w1.settle(limit_reached(w1.take_one())).dead == ()


def test_a_host_whose_clock_is_ahead_pins_no_number(
    broker: Broker, clock: Clock, w1: Driver
) -> None:
    ahead = clock.now() + 365 * 24 * 3_600_000
    broker.push([limited("a", mail(1, declared_at=ahead))])
    w1.settle(succeeded(w1.take_one()))
    clock.advance(MINUTE)
    broker.push([limited(name, mail(2, declared_at=clock.now())) for name in "bc"])

    assert ids(w1.take(5)) == ["b", "c"]


# --- what is seen -------------------------------------------------------------------------------


def test_jobs_without_a_slot_are_waiting_and_say_for_what(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([limited(name, mail(1, "x")) for name in "abd"])
    w1.take(5)
    broker.push([make_job(id="c")])

    counts = inspection.counts()
    assert (counts[State.QUEUED], counts[State.WAITING]) == (1, 2)
    (queue,) = inspection.queues()
    assert (queue.size, queue.waiting) == (1, 2)
    record = found(inspection, "b")
    assert (record.state, record.waits_for) == (State.WAITING, mail(1, "x"))
    assert found(inspection, "c").waits_for is None
    assert ids(inspection.jobs(State.QUEUED)) == ["c"]
    assert ids(inspection.jobs(State.WAITING)) == ["b", "d"]
    assert ids(inspection.jobs(State.WAITING, queue="default", offset=1)) == ["d"]


def test_waiting_jobs_are_searched(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    broker.push([limited(name, mail(1)) for name in "abcd"])
    w1.take(5)
    broker.push([make_job(id="e"), limited("f", mail(1), queue="other")])
    w1.take(5, "other")
    finder = Finder(inspection, Filter(states=frozenset({State.QUEUED, State.WAITING})))

    pages = [finder.page(limit=2)]
    while pages[-1].end:
        pages.append(finder.page(limit=2, after=pages[-1].end))

    assert [record.job.id for page in pages for record in page.records] == [*"ebcdf"]
    other = Finder(inspection, Filter(states=frozenset({State.WAITING}), queue="other"))
    assert ids(other.page(limit=5).records) == ["f"]
    assert finder.apply(JobAction.CANCEL).number == 5


def test_a_claim_leaves_out_the_limits(broker: Broker, w1: Driver) -> None:
    broker.push([limited("a")])

    assert w1.take_one().job == make_job(id="a")


def test_the_starts_of_the_present_period_are_counted(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    for number in range(5):
        broker.push([limited(str(number), api(10))])
        w1.settle(succeeded(w1.take_one()))
        clock.advance(MINUTE // 4)

    (key,) = inspection.limits.read(API, [""])

    assert (key.used, key.holders, key.waiting) == (3, (), 0)


def test_limits_that_are_not_used_any_more_are_forgotten(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    names = ["idle", "held", "awaited", "set", "paused", "new"]
    broker.push([limited(name, JobLimit(name, 1, declared_at=clock.now())) for name in names[:-1]])
    claims = {claim.job.id: claim for claim in w1.take(9)}
    broker.push([limited("waits", JobLimit("awaited", 1))])
    w1.settle(*(succeeded(claims[name]) for name in ("idle", "set", "paused")))
    inspection.limits.set_number(JobLimit("set", 1).id, 3)
    inspection.limits.pause(JobLimit("paused", 1).id)
    w1.take(9)

    clock.advance(LIMIT_KEPT_MS)
    w1.heartbeat()
    broker.push([limited("last", JobLimit("new", 1, declared_at=clock.now()))])
    w1.settle(*map(succeeded, w1.take(9)))
    w1.heartbeat()

    assert {limit.name for limit in inspection.limits.all()} == {*names} - {"idle"}


def test_a_limit_that_comes_back_has_its_starts_still(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    rate = JobLimit("year", 1, per=365 * 86_400_000, declared_at=clock.now())
    broker.push([limited("a", rate)])
    w1.settle(succeeded(w1.take_one()))
    clock.advance(LIMIT_KEPT_MS)
    w1.heartbeat()
    assert inspection.limits.all() == ()

    broker.push([limited("b", rate)])

    assert w1.take(5) == ()
    assert inspection.counts()[State.WAITING] == 1


def test_a_job_says_which_limit_it_has_reached_while_it_waits(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    broker.push([limited("a", mail(1))])
    failure = make_failure(message="429 of the mail server", attempt=1)
    w1.settle(limit_reached(w1.take_one(), failure=failure))

    assert found(inspection, "a").limit_reached == failure
    assert found(inspection, "a").postponement is None

    clock.advance(30_000)
    claim = w1.take_one()
    assert found(inspection, "a").limit_reached is None
    w1.settle(postponed(claim, failure=make_failure(message="TaskNotFound")))
    assert found(inspection, "a").limit_reached is None
    waiting = found(inspection, "a").postponement
    assert waiting is not None
    assert waiting.since == clock.now()
    clock.advance(1_000)
    w1.settle(retrying(w1.take_one()))
    assert found(inspection, "a").limit_reached is None


def test_starts_under_a_clock_that_was_ahead_count_as_of_now(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    year = 365 * 86_400_000
    w1.heartbeat()
    clock.advance(year)
    w1.heartbeat()
    broker.push([limited(name, JobLimit("mail", 2, per=MINUTE)) for name in "abcd"])
    w1.settle(*map(succeeded, w1.take(5)))
    clock.advance(-year)
    w1.heartbeat()
    broker.push([limited("e", JobLimit("mail", 2, per=MINUTE))])
    assert w1.take(5) == ()

    clock.advance(MINUTE - 1)
    w1.heartbeat()
    assert w1.take(5) == ()
    clock.advance(1)

    assert len(w1.take(5)) == 2
