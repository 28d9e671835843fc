"""The keys in Redis as they must be: each job in one place, nothing left behind."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any, TypeAlias

import redis

PREFIX = "{jobs}:"
Keys: TypeAlias = "dict[str, Any]"

ENDED = {"succeeded", "dead", "discarded"}
DEFERRED = {"scheduled", "retrying"}
SUSPECT = "2"
"""Crashes of a job of which a worker runs one at a time, so that others may wait unannounced."""

SINGLE = {
    *(
        "leases",
        "lost",
        "pushes",
        "postponed",
        "idle",
        "expiries",
        "queues",
        "paused",
        "extended",
        "cancelled",
    ),
    *("limits", "waits", "reviews", "opens", "closed"),
    *("batches", "workflows", "held", "batch_expiries", "workflow_expiries", "happened"),
    *("suspects", "commands", "ticks", "runs", "off", "totals", "seq", "mover"),
}
FAMILIES = {*"jeqvmfbwdsnla", *"hrxyuog", *"czki"}


def read_keys(client: redis.Redis) -> Keys:
    """Return every key of the broker with its content, without the prefix."""
    names = sorted(client.scan_iter(f"{PREFIX}*", count=10_000))
    pipeline = client.pipeline(transaction=False)
    for name in names:
        pipeline.type(name)
    types = pipeline.execute()
    for name, kind in zip(names, types, strict=True):
        _ask(pipeline, name, kind)
    contents = pipeline.execute()
    return {
        name.removeprefix(PREFIX): content for name, content in zip(names, contents, strict=True)
    }


def _ask(pipeline: Any, name: str, kind: str) -> None:
    match kind:
        case "hash":
            pipeline.hgetall(name)
        case "zset":
            pipeline.zrange(name, 0, -1, withscores=True)
        case "list":
            pipeline.lrange(name, 0, -1)
        case "set":
            pipeline.smembers(name)
        case _:
            pipeline.get(name)


def check_structure(keys: Keys) -> None:
    """Check all that holds between the keys after each call."""
    for name in keys:
        assert name in SINGLE or name.partition(":")[0] in FAMILIES, name
    _check_places(keys)
    _check_ended_jobs(keys)
    _check_workers(keys)
    _check_markers(keys)
    _check_turns(keys)
    _check_limits(keys)


def family(keys: Keys, letter: str) -> Iterator[tuple[str, Any]]:
    """The keys that begin with a letter, by what follows it."""
    for name, content in keys.items():
        if name.startswith(f"{letter}:"):
            yield name[2:], content


def _check_places(keys: Keys) -> None:
    """Each job is in exactly the one place that its state names, and no place names another."""
    places: dict[str, list[str]] = {job_id: [] for job_id, _ in family(keys, "j")}
    for letter in ("q", "y", "s"):
        for name, members in family(keys, letter):
            for job_id, _ in members:
                places[job_id].append(f"{letter}:{name}")
    for worker, flight in family(keys, "f"):
        for job_id in flight:
            places[job_id].append(f"f:{worker}")
    for job_id, job in family(keys, "j"):
        assert places[job_id] in ([_place(job)], [f"y:{job['q']}"]), job_id
    for job_id, failures in family(keys, "e"):
        assert job_id in places
        assert len(failures) <= 10


def _place(job: dict[str, str]) -> str:
    if job["s"] == "queued":
        return f"q:{job['q']}"
    if job["s"] == "running":
        return f"f:{job['w'].rpartition(',')[2]}"
    return f"s:{job['s']}"


def _check_ended_jobs(keys: Keys) -> None:
    """What has ended will be forgotten, and nothing else."""
    ended = {job_id: job for job_id, job in family(keys, "j") if job["s"] in ENDED}
    expiring = {job_id for job_id, _ in keys.get("expiries", ())}
    assert expiring <= ended.keys()
    for job_id in ended.keys() - expiring:  # kept by its workflow
        assert "workflow" in keys[f"c:{ended[job_id]['B']}"]
    for name, _ in family(keys, "s"):
        assert name in ENDED | DEFERRED | {"waiting"}


def _check_workers(keys: Keys) -> None:
    """Whatever is in flight is missed when its worker is: no lease, no jobs."""
    leases = {worker for worker, _ in keys.get("leases", ())}
    jobs = dict(family(keys, "j"))
    for worker, flight in family(keys, "f"):
        assert worker in leases
        for job_id, value in flight.items():
            assert value.split(":")[0] == jobs[job_id]["n"]
    assert {worker for worker, _ in family(keys, "w")} <= leases
    assert keys.get("extended", set()) <= leases
    assert set(keys.get("suspects", {})) <= leases
    assert set(keys.get("commands", {})) <= leases


def _check_turns(keys: Keys) -> None:
    """A queue that holds a turn knows of turns, and each stands within its priority."""
    for queue, members in family(keys, "q"):
        assert f"v:{queue}" in keys or not any(place % 2**44 >= 2**43 for _, place in members)
    for _, turns in family(keys, "v"):
        for name, place in turns:
            assert place // 2**44 == 100 - int(name.partition(":")[0])
            assert place % 2**44 >= 2**43


def _check_markers(keys: Keys) -> None:
    """A queue that has something to do is known, and announced to one who waits."""
    jobs = dict(family(keys, "j"))
    paused = keys.get("paused", set())
    for queue, members in family(keys, "q"):
        assert queue in keys["queues"]
        open_to_all = [job_id for job_id, _ in members if jobs[job_id].get("c") != SUSPECT]
        assert queue in paused or not open_to_all or f"m:{queue}" in keys
    for _, marker in family(keys, "m"):
        assert marker == ["1"]


def _check_limits(keys: Keys) -> None:
    """Slots belong to jobs in flight, and each waiting job is found by a key and by a queue."""
    limits = [
        text.split(":")
        for _, flight in family(keys, "f")
        for holding in flight.values()
        for text in holding.split()[1:]
    ]
    in_flight = Counter(f"{limit}:{value}" for value, limit, *_ in limits if limit.startswith("c"))
    counted = {
        f"{limit}:{value}": int(number)
        for limit, numbers in family(keys, "h")
        for value, number in numbers.items()
    }
    assert counted == in_flight
    by_key = {
        (name.split(":", 2)[2], member) for name, members in family(keys, "x") for member in members
    }
    for_others = {job_id for job_id, job in family(keys, "j") if "E" in job}
    waiting = {(queue, one) for queue, members in family(keys, "y") for one in members}
    assert {one for one in waiting if one[1][0] not in for_others} == by_key
    awaited = {(name.rpartition(":")[0], name.rpartition(":")[2]) for name, _ in family(keys, "x")}
    known = {(key, queue): score for key, queues in family(keys, "u") for queue, score in queues}
    assert known.keys() == awaited
    assert {key for _, listed in family(keys, "g") for key, _ in listed} == {k for k, _ in awaited}
    open_keys = {(key, queue) for queue, listed in family(keys, "o") for key, _ in listed}
    assert open_keys <= awaited
    assert {one for one, since in known.items() if since == math.inf} <= open_keys
    for _, queue in open_keys:
        assert queue in keys.get("paused", ()) or f"m:{queue}" in keys
