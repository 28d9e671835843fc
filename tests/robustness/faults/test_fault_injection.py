"""The layer really corrupts calls, and the invariants really find what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from django_jobs.brokers.redis.errors import plain_errors
from django_jobs.errors import BrokerUnavailable
from tests.robustness.faults.every_point import try_every_point
from tests.robustness.faults.faulty_connection import (
    Effect,
    Fault,
    FaultyConnection,
    Killed,
    Kind,
    client_of,
)
from tests.robustness.faults.invariants import check_all, check_places
from tests.robustness.faults.path import PreparedPath
from tests.robustness.faults.shared_server import SharedServer
from tests.robustness.faults.trial import Trial
from tests.support.builders import make_jobs
from tests.support.redis_server import RedisServer


@pytest.fixture
def trial(server: SharedServer) -> Iterator[Trial]:
    trial = Trial(server, FaultyConnection(server.socket))
    yield trial
    trial.close()


@pytest.fixture
def lone_server(redis_server_factory: Callable[..., RedisServer]) -> Iterator[SharedServer]:
    """A server to which no threads of earlier tests can still send calls."""
    server = SharedServer(str(redis_server_factory().socket))
    yield server
    server.close()


def _trial(server: SharedServer, kind: Kind, effect: Effect) -> Trial:
    """A trial on which the next call goes wrong."""
    trial = Trial(server, FaultyConnection(server.socket, 1, Fault(kind, effect)))
    trial.safe.ticks()  # the server learns the script
    trial.given(1)
    trial.warm_up()
    trial.wire.arm()
    return trial


def _calls_seen(trial: Trial, call: Callable[[], object]) -> int:
    """How many scripts the server ran."""

    def seen() -> int:
        stats = trial.client.info("commandstats")
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
    lone_server: SharedServer, kind: Kind, effect: Effect, seen: int
) -> None:
    trial = _trial(lone_server, kind, effect)

    assert _calls_seen(trial, trial.broker.ticks) == seen
    assert trial.wire.struck
    trial.close()


@pytest.mark.parametrize(
    ("effect", "error"), [(Effect.OUTAGE, BrokerUnavailable), (Effect.KILLED, Killed)]
)
def test_the_caller_hears_of_what_does_not_heal(
    server: SharedServer, effect: Effect, error: type[BaseException]
) -> None:
    trial = _trial(server, Kind.LOST, effect)

    with pytest.raises(error):
        trial.broker.ticks()

    trial.close()


def test_a_late_call_arrives_after_its_successor(lone_server: SharedServer) -> None:
    trial = _trial(lone_server, Kind.LATE, Effect.HEALED)
    trial.insist(trial.broker.ticks)

    assert trial.wire.holds
    assert _calls_seen(trial, lambda: trial.insist(trial.broker.ticks)) == 2
    assert not trial.wire.holds
    trial.close()


def test_a_sound_stage_passes(trial: Trial) -> None:
    trial.given(2)
    check_places(trial)
    trial.recover()
    check_all(trial)


def _remove_by_hand(trial: Trial) -> None:
    trial.client.delete("{jobs}:j:job1")
    trial.client.zrem("{jobs}:s:succeeded", "job1")
    trial.client.zrem("{jobs}:expiries", "job1")


def _put_in_two_places(trial: Trial) -> None:
    trial.client.zadd("{jobs}:s:dead", {"job1": 1})


def _put_nowhere(trial: Trial) -> None:
    trial.client.zrem("{jobs}:s:succeeded", "job1")


def _settle_again(trial: Trial) -> None:
    trial.answers.ends["job1"] += 1


def _forget_the_run(trial: Trial) -> None:
    del trial.answers.runs["job1"]


def _push_unasked(trial: Trial) -> None:
    trial.safe.push(make_jobs(1))


@pytest.mark.parametrize(
    "damage",
    [
        *(_remove_by_hand, _put_in_two_places, _put_nowhere),
        *(_settle_again, _forget_the_run, _push_unasked),
    ],
)
def test_what_is_broken_by_hand_is_found(trial: Trial, damage: Callable[[Trial], None]) -> None:
    trial.given(2)
    trial.recover()
    damage(trial)

    with pytest.raises(AssertionError):
        check_all(trial)


def test_a_call_that_is_not_safe_to_repeat_is_found_at_its_point(server: SharedServer) -> None:
    def count(trial: Trial) -> PreparedPath:
        client = client_of(trial.broker)

        @plain_errors("here")
        def act() -> None:
            client("HINCRBY", "{jobs}:totals", "succeeded", 1)

        return PreparedPath(lambda: trial.insist(act))

    report = try_every_point(count, server, cold=False)

    assert [line.partition("; ")[0] for line in report.wrong] == [
        f"call 1 of 1 (HINCRBY): {kind}" for kind in Kind if kind is not Kind.UNSENT
    ]
