"""Limited jobs whose workers are killed, frozen and cut off, and whose server is killed.

What ran at once is counted from outside, by what the tasks themselves have noted, and once more
from what the server has written.
"""

from __future__ import annotations

import random
import signal
import time
from collections import Counter, defaultdict

from tests.robustness.chaos import tasks
from tests.robustness.chaos.fleet import Fleet, MakeFleet
from tests.robustness.chaos.moments import Moment, moments
from tests.robustness.chaos.scale import FIGURES, LIMIT, SCALE
from tests.robustness.chaos.slots_of_server import SlotsInFile
from tests.support.driver import check_with_doctor

pytestmark = LIMIT

LIMITED, RATED = 400 * SCALE, 60 * SCALE
DISASTERS = ("kill", "freeze", "kill", "nap", "kill", "cut", "restart") * SCALE
KEYS, LONGEST = "abcd", 0.1


def test_no_limit_is_exceeded_whatever_is_killed_cut_off_or_frozen(make_fleet: MakeFleet) -> None:
    fleet = make_fleet("appendfsync always", "auto-aof-rewrite-percentage 0", lease=6)
    keys = [(random.choice(KEYS), LONGEST) for _ in range(LIMITED)]
    results = [
        *tasks.limited.bulk_enqueue(keys),
        *tasks.rated.bulk_enqueue([[random.choice(KEYS)] for _ in range(RATED)]),
    ]
    ends: dict[int, int] = {}
    fleet.start_ready("-c", "10", number=2)
    for number, disaster in enumerate(DISASTERS, 1):
        fleet.wait_for_runs(len(results) * number // (len(DISASTERS) + 2))
        strike(fleet, disaster, ends)

    fleet.wait_for_ends(len(results))

    ids = [result.id for result in results]
    fleet.wait_until(lambda: all(k.recovery is not None for k in fleet.kills), "not taken back")
    fleet.assert_nothing_lost(ids)
    assert max(most_at_once(fleet, ends).values()) == tasks.AT_ONCE
    check_server(fleet)
    check_with_doctor(fleet.backend.broker)
    FIGURES.append(f"limits: {dict(Counter(DISASTERS))}, {fleet.begun()} attempts")


def strike(fleet: Fleet, disaster: str, ends: dict[int, int]) -> None:
    """Do something to one worker, or to what all are connected to."""
    worker = random.choice(fleet.workers)
    match disaster:
        case "kill":
            fleet.kill(worker)
            ends[worker.process.pid] = time.monotonic_ns()
            fleet.start_ready("-c", "10")
        case "freeze":  # for longer than its lease, so that others get its slots
            fleet.freeze_past_lease(worker)
        case "nap":  # for less than its lease, so that it keeps them
            worker.freeze()
            time.sleep(0.5)
            worker.send(signal.SIGCONT)
        case "cut":
            fleet.redis.client_kill_filter(_type="normal", skipme=True)
        case "restart":
            fleet.restart_server()


def noted(fleet: Fleet, name: str) -> list[Moment]:
    return moments(fleet.site.notes.path, name)


def most_at_once(fleet: Fleet, ends: dict[int, int]) -> dict[str, int]:
    """Return how many attempts ran at once, by key.

    An attempt of a killed worker has run until the kill, and one whose job was given to others
    because its worker was frozen counts until then. One that a living worker has lost without
    that, as it was silent for longer than its lease, is left out: nobody has noted when.
    """
    begun, ended = noted(fleet, "starts"), noted(fleet, "ends")
    end_of = {(one.job_id, one.attempt, one.pid): one.at for one in ended}
    last = {one.job_id: one.attempt for one in sorted(begun, key=lambda one: one.attempt)}
    steps: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for one in begun:
        over = end_of.get((one.job_id, one.attempt, one.pid), ends.get(one.pid))
        if one.attempt < last[one.job_id]:
            over = frozen_at(fleet, one, over) or (over if one.pid in ends else one.at)
        assert over is not None, f"{one} has no end"
        if over > one.at:
            steps[one.key] += [(one.at, 1), (over, -1)]
    return {key: highest(sorted(changes)) for key, changes in steps.items()}


def frozen_at(fleet: Fleet, one: Moment, over: int | None) -> int | None:
    """Return when the worker of an attempt was frozen, if it has lost the job by that."""
    for freeze in fleet.freezes:
        is_in_flight = one.pid == freeze.pid and one.job_id in freeze.in_flight
        if is_in_flight and (over is None or over > freeze.since):
            return freeze.since
    return None


def highest(changes: list[tuple[int, int]]) -> int:
    number = most = 0
    for _, change in changes:
        number += change
        most = max(most, number)
    return most


def check_server(fleet: Fleet) -> None:
    """No key ever had more holders than slots, and none more starts in a period."""
    written = SlotsInFile(fleet.server.directory, fleet.prefix)
    assert {key: most for key, most in written.most_held.items() if most > tasks.AT_ONCE} == {}
    assert len(written.most_held) == len(KEYS)
    assert sum(map(len, written.starts.values())) >= RATED
    for key in written.starts:
        assert written.shortest_period(key, tasks.STARTS) >= tasks.PERIOD * 1000, key
    left = [key for family in "hxyou" for key in fleet.redis.keys(f"{fleet.prefix}{family}:*")]
    assert left == []
