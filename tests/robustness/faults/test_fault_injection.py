"""The layer really spoils calls, and the invariants really find what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from django_jobs.brokers.redis.connection import plain_errors
from django_jobs.errors import BrokerUnavailable
from tests.robustness.faults.every_point import try_every_point
from tests.robustness.faults.faulty_connection import Effect, Fault, Killed, Kind, Wire, wire_of
from tests.robustness.faults.invariants import check_all, check_places
from tests.robustness.faults.path import Scene
from tests.robustness.faults.run import Stage
from tests.robustness.faults.shared_server import Ground
from tests.support.driver import make_jobs


@pytest.fixture
def stage(ground: Ground) -> Iterator[Stage]:
    stage = Stage(ground, Wire(ground.socket))
    yield stage
    stage.close()


def _stage(ground: Ground, kind: Kind, effect: Effect) -> Stage:
    """A stage on which the next call goes wrong."""
    stage = Stage(ground, Wire(ground.socket, 1, Fault(kind, effect)))
    stage.safe.ticks()  # the server learns the script
    stage.given(1)
    stage.warm_up()
    stage.wire.arm()
    return stage


def _calls_seen(stage: Stage, call: Callable[[], object]) -> int:
    """How many scripts the server ran meanwhile."""

    def seen() -> int:
        stats = stage.client.info("commandstats")
        return int(stats["cmdstat_evalsha"]["calls"]) if "cmdstat_evalsha" in stats else 0

    before = seen()
    with suppress(BrokerUnavailable, Killed):
        call()
    return seen() - before


@pytest.mark.parametrize(
    ("kind", "effect", "seen"),
    [
        (Kind.UNSENT, Effect.HEALED, 1),
        (Kind.LOST, Effect.HEALED, 2),
        (Kind.DELAYED, Effect.HEALED, 2),
        (Kind.TWICE, Effect.HEALED, 1),
        (Kind.LATE, Effect.HEALED, 1),
        (Kind.UNSENT, Effect.OUTAGE, 0),
        (Kind.LOST, Effect.OUTAGE, 1),
        (Kind.DELAYED, Effect.OUTAGE, 1),
        (Kind.UNSENT, Effect.KILLED, 0),
        (Kind.LOST, Effect.KILLED, 1),
    ],
)
def test_the_server_sees_a_call_as_often_as_the_fault_says(
    ground: Ground, kind: Kind, effect: Effect, seen: int
) -> None:
    stage = _stage(ground, kind, effect)

    assert _calls_seen(stage, stage.broker.ticks) == seen
    assert stage.wire.struck
    stage.close()


@pytest.mark.parametrize(
    ("effect", "error"), [(Effect.OUTAGE, BrokerUnavailable), (Effect.KILLED, Killed)]
)
def test_the_caller_hears_of_what_does_not_heal(
    ground: Ground, effect: Effect, error: type[BaseException]
) -> None:
    stage = _stage(ground, Kind.LOST, effect)

    with pytest.raises(error):
        stage.broker.ticks()

    stage.close()


def test_a_late_call_arrives_after_its_successor(ground: Ground) -> None:
    stage = _stage(ground, Kind.LATE, Effect.HEALED)
    stage.insist(stage.broker.ticks)

    assert stage.wire.holds
    assert _calls_seen(stage, lambda: stage.insist(stage.broker.ticks)) == 2
    assert not stage.wire.holds
    stage.close()


def test_a_sound_stage_passes(stage: Stage) -> None:
    stage.given(2)
    check_places(stage)
    stage.recover()
    check_all(stage)


def _remove_by_hand(stage: Stage) -> None:
    stage.client.delete("{jobs}:j:job1")
    stage.client.zrem("{jobs}:s:succeeded", "job1")
    stage.client.zrem("{jobs}:expiries", "job1")


def _put_in_two_places(stage: Stage) -> None:
    stage.client.zadd("{jobs}:s:dead", {"job1": 1})


def _put_nowhere(stage: Stage) -> None:
    stage.client.zrem("{jobs}:s:succeeded", "job1")


def _settle_again(stage: Stage) -> None:
    stage.books.ends["job1"] += 1


def _forget_the_run(stage: Stage) -> None:
    del stage.books.runs["job1"]


def _push_unasked(stage: Stage) -> None:
    stage.safe.push(make_jobs(1))


@pytest.mark.parametrize(
    "damage",
    [
        *(_remove_by_hand, _put_in_two_places, _put_nowhere),
        *(_settle_again, _forget_the_run, _push_unasked),
    ],
)
def test_what_is_broken_by_hand_is_found(stage: Stage, damage: Callable[[Stage], None]) -> None:
    stage.given(2)
    stage.recover()
    damage(stage)

    with pytest.raises(AssertionError):
        check_all(stage)


def test_a_call_that_is_not_safe_to_repeat_is_found_at_its_point(ground: Ground) -> None:
    def count(stage: Stage) -> Scene:
        wire = wire_of(stage.broker)

        @plain_errors("here")
        def act() -> None:
            wire("HINCRBY", "{jobs}:totals", "succeeded", 1)

        return Scene(lambda: stage.insist(act))

    report = try_every_point(count, ground, cold=False)

    assert [line.partition("; ")[0] for line in report.wrong] == [
        f"call 1 of 1 (HINCRBY): {kind}" for kind in Kind if kind is not Kind.UNSENT
    ]
