"""Limited jobs whose workers are killed, frozen and cut off, and whose server is killed.

What ran at once is counted from outside, by what the tasks themselves have noted, and once more
from what the server has written.
"""

from __future__ import annotations

import random
import signal
import time
from collections import Counter, defaultdict
from typing import NamedTuple

from tests.robustness.chaos import tasks
from tests.robustness.chaos.fleet import Fleet, MakeFleet
from tests.robustness.chaos.scale import FIGURES, LIMIT, SCALE
from tests.robustness.chaos.slots_of_server import SlotsInFile
from tests.support.driver import check_with_doctor

pytestmark = LIMIT

LIMITED, RATED = 400 * SCALE, 60 * SCALE
DISASTERS = ("kill", "kill", "freeze", "kill", "cut", "restart") * SCALE
KEYS, LONGEST = "abcd", 0.1


class Moment(NamedTuple):
    """A line that an attempt has left."""

    job_id: str
    attempt: int
    pid: int
    key: str
    at: int


def test_no_limit_is_exceeded_whatever_is_killed_cut_off_or_frozen(make_fleet: MakeFleet) -> None:
    fleet = make_fleet("appendfsync always", "auto-aof-rewrite-percentage 0", lease=8)
    keys = [(random.choice(KEYS), LONGEST) for _ in range(LIMITED)]
    results = [
        *tasks.limited.bulk_enqueue(keys),
        *tasks.rated.bulk_enqueue([[random.choice(KEYS)] for _ in range(RATED)]),
    ]
    ends: dict[int, int] = {}
    fleet.start("-c", "10", number=2, ready=True)
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
    FIGURES.append(f"limits: {dict(Counter(DISASTERS))}")


def strike(fleet: Fleet, disaster: str, ends: dict[int, int]) -> None:
    """Do something to one worker, or to what all are connected to."""
    worker = random.choice(fleet.workers)
    match disaster:
        case "kill":
            fleet.kill(worker)
            ends[worker.process.pid] = time.monotonic_ns()
            fleet.start("-c", "10")
        case "freeze":  # for less than its lease, after which it would have lost its slots
            worker.freeze()
            time.sleep(0.5)
            worker.send(signal.SIGCONT)
        case "cut":
            fleet.redis.client_kill_filter(_type="normal", skipme=True)
        case "restart":
            fleet.server.kill9()
            fleet.server.start()


def moments(fleet: Fleet, name: str) -> list[Moment]:
    lines = fleet.site.notes.path.with_name(name).read_text().splitlines()
    split = (line.split() for line in lines)
    return [Moment(id_, int(n), int(pid), key, int(at)) for id_, n, pid, key, at in split]


def most_at_once(fleet: Fleet, ends: dict[int, int]) -> dict[str, int]:
    """Return how many attempts ran at once, by key.

    An attempt of a killed worker has run until the kill. One that a living worker has lost, as it
    was silent for longer than its lease, counts until then, which nobody has noted; it is left
    out.
    """
    begun, ended = moments(fleet, "starts"), moments(fleet, "ends")
    end_of = {(one.job_id, one.attempt, one.pid): one.at for one in ended}
    latest = {one.job_id: one for one in sorted(begun, key=lambda one: one.at)}
    steps: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for one in begun:
        over = end_of.get((one.job_id, one.attempt, one.pid), ends.get(one.pid))
        is_lost = one is not latest[one.job_id] and one.pid not in ends
        if not is_lost:
            assert over is not None, f"{one} has no end"
            steps[one.key] += [(one.at, 1), (over, -1)]
    return {key: highest(sorted(changes)) for key, changes in steps.items()}


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
