"""A worker that runs survives whatever it reads, imports no stranger's module, and works on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest
import redis
from hypothesis import given, settings

from django_jobs.clock import now_ms
from django_jobs.jobs.records import JobRecord, State
from django_jobs.worker.worker import Worker
from tests.apps.worker_site import tasks
from tests.robustness.fuzz.hostile import TRAPS, corrupted_fields
from tests.robustness.fuzz.scale import EXAMPLES
from tests.support.small_site import corrupt
from tests.support.waiting import wait_until
from tests.support.worker_fixtures import (  # noqa: F401 (fixtures)
    backend,
    configure,
    current_backend,
    no_thread_dies_unheard,
    notes,
    start_worker,
)

QUEUE = "low"


@dataclass
class Imports(MetaPathFinder):
    """Sees every import of a module that was not imported before."""

    seen: list[str] = field(default_factory=list)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        self.seen.append(fullname)
        return None


@pytest.fixture
def imports() -> Iterator[Imports]:
    seen = Imports()
    sys.meta_path.insert(0, seen)
    yield seen
    sys.meta_path.remove(seen)


def enqueue_corrupted(client: redis.Redis, fields: dict[str, bytes | None]) -> str:
    """Enqueue a job and corrupt it before the worker sees it; return its id."""
    broker = current_backend().broker
    broker.inspection.pause(QUEUE)
    job_id = tasks.note.using(queue_name=QUEUE).enqueue("corrupted").id
    prefix = f"{{{current_backend().configuration.namespace}}}:"
    corrupt(client, f"{prefix}j:{job_id}", fields)
    broker.inspection.resume(QUEUE)
    return job_id


def find(job_id: str) -> JobRecord | None:
    return current_backend().broker.inspection.find(job_id)


def state_of(job_id: str) -> State | None:
    record = find(job_id)
    return record.state if record else None


def is_over(job_id: str) -> bool:
    """Whether the worker has dealt with a job, or it can be seen why it has not."""
    record = find(job_id)
    return record is None or record.state not in {State.QUEUED, State.RUNNING}


def wait_until_over(*job_ids: str, because: object) -> None:
    wait_until(lambda: all(map(is_over, job_ids)), f"not over: {because!r:.500}")


def check(job_id: str) -> None:
    """A job that did not succeed says why; one whose result is kept for no time is gone."""
    record = find(job_id)
    if record and record.state in {State.DEAD, State.DISCARDED, State.RETRYING}:
        assert record.failures
        assert record.failures[-1].exception
        assert record.failures[-1].message


def draw(number: int) -> list[dict[str, bytes | None]]:
    """Draw examples before a worker runs: its threads use `random`, which Hypothesis watches."""
    drawn: list[dict[str, bytes | None]] = []

    @settings(max_examples=number, database=None, deadline=None)
    @given(fields=corrupted_fields)
    def note(fields: dict[str, bytes | None]) -> None:
        drawn.append(fields)

    note()
    return drawn


def test_corrupted_jobs_end_with_their_reason_and_others_succeed(
    start_worker: Callable[..., Worker],  # noqa: F811
    redis_url: str,
    imports: Imports,
) -> None:
    examples = draw(4 * EXAMPLES)
    worker = start_worker()
    with redis.Redis.from_url(redis_url) as client:
        for fields in examples:
            corrupted = enqueue_corrupted(client, fields)
            sound = tasks.note.using(queue_name=QUEUE, priority=-1).enqueue("sound").id
            wait_until_over(sound, corrupted, because=fields)
            check(corrupted)
            assert state_of(sound) is State.SUCCEEDED, f"{fields!r:.500}"

    assert not worker.over.is_set()
    assert [name for name in imports.seen if name.startswith(TRAPS)] == []


KEYS = ["f:{}", "commands", "suspects", "ticks", "totals", "leases", "lost", "seq", "queues", "m:*"]


def test_a_running_worker_continues_once_the_keys_around_its_jobs_are_repaired(
    configure: Callable[..., object],  # noqa: F811
    start_worker: Callable[..., Worker],  # noqa: F811
    redis_url: str,
) -> None:
    values = [value for fields in draw(EXAMPLES) for value in fields.values() if value is not None]
    configure(lease=2)
    worker = start_worker()
    prefix = f"{{{current_backend().configuration.namespace}}}:"
    with redis.Redis.from_url(redis_url) as client:
        for number, value in enumerate(values):
            key = prefix + KEYS[number % len(KEYS)].format(worker.id)
            write(client, key, worker.id, value, whole=bool(number // len(KEYS) % 2))
            current_backend().broker.doctor.diagnose(repair=True)
            sound = tasks.note.using(queue_name=QUEUE).enqueue("sound").id
            wait_until_over(sound, because=(key, value))
            assert state_of(sound) is State.SUCCEEDED
    seen = now_ms()
    wait_until(lambda: lease_of(redis_url, prefix, worker.id) > seen, "no more heartbeats")

    assert not worker.over.is_set()


def write(client: redis.Redis, key: str, worker: str, value: bytes, *, whole: bool) -> None:
    """Write what is not ours: into a field of a hash, or in place of the whole key."""
    if not whole and client.type(key) == b"hash":
        client.hset(key, worker, value)
    else:
        client.delete(key)
        client.set(key, value)


def lease_of(redis_url: str, prefix: str, worker: str) -> float:
    with redis.Redis.from_url(redis_url) as client:
        if client.type(f"{prefix}leases") != b"zset":
            return 0
        return client.zscore(f"{prefix}leases", worker) or 0
