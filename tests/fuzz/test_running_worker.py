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
from hypothesis import HealthCheck, given, settings

from django_jobs.job import Record, State
from django_jobs.worker.worker import Worker
from tests.worker import tasks
from tests.worker.conftest import (  # noqa: F401 (fixtures)
    _no_thread_dies_unheard,
    backend,
    configure,
    current_backend,
    notes,
    start_worker,
)
from tests.worker.live import wait_until

from .hostile import TRAPS, spoilt_fields
from .site import spoil
from .size import EXAMPLES

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


def enqueue_spoilt(client: redis.Redis, fields: dict[str, bytes | None]) -> str:
    """Enqueue a job and spoil it before the worker sees it; return its id."""
    broker = current_backend().broker
    broker.inspection.pause(QUEUE)
    job_id = tasks.note.using(queue_name=QUEUE).enqueue("spoilt").id
    prefix = f"{{{current_backend().configuration.namespace}}}:"
    spoil(client, f"{prefix}j:{job_id}", fields)
    broker.inspection.resume(QUEUE)
    return job_id


def find(job_id: str) -> Record | None:
    return current_backend().broker.inspection.find(job_id)


def is_over(job_id: str) -> bool:
    """Whether the worker has dealt with a job, or it can be seen why it has not."""
    record = find(job_id)
    return record is None or record.state not in {State.QUEUED, State.RUNNING}


def check(job_id: str) -> None:
    """A job that did not succeed says why; one whose result is kept for no time is gone."""
    record = find(job_id)
    if record and record.state in {State.DEAD, State.DISCARDED, State.RETRYING}:
        assert record.failures
        assert record.failures[-1].exception
        assert record.failures[-1].message


def test_spoilt_jobs_end_with_their_reason_and_sound_ones_succeed(
    start_worker: Callable[..., Worker],  # noqa: F811
    redis_url: str,
    imports: Imports,
) -> None:
    worker = start_worker()
    client = redis.Redis.from_url(redis_url)

    @settings(
        max_examples=2 * EXAMPLES,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(fields=spoilt_fields)
    def run(fields: dict[str, bytes | None]) -> None:
        spoilt = enqueue_spoilt(client, fields)
        sound = tasks.note.using(queue_name=QUEUE, priority=-1).enqueue("sound").id
        wait_until(lambda: is_over(sound) and is_over(spoilt), f"{find(spoilt)}, {find(sound)}")
        check(spoilt)
        record = find(sound)
        assert record is not None
        assert record.state is State.SUCCEEDED

    run()
    client.close()

    assert not worker.over.is_set()
    assert [name for name in imports.seen if name.startswith(TRAPS)] == []
    assert not any(trap in sys.modules for trap in TRAPS if trap != "this")
