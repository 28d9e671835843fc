"""Tasks that can be counted: each attempt leaves a line that outlives its worker."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.utils import timezone

from django_jobs import Batch, Limit, Rate, Retry, Unique, task
from django_jobs.errors import Discard, Fail, RetryLater
from tests.apps.worker_site.tasks import exists, write

TWICE = Retry(attempts=2, wait=0, jitter=0)


def note(context: Any) -> None:
    write(f"{context.task_result.id} {context.attempt}")


@task(takes_context=True)
def run(context: Any, longest: float = 0.0) -> int:
    """Take a random time of at most so many seconds; return the process."""
    note(context)
    time.sleep(random.uniform(0, longest))
    return os.getpid()


@task(takes_context=True)
def hold(context: Any, release: str) -> int:
    """Run until the test puts a file."""
    note(context)
    while not exists(release):
        time.sleep(0.01)
    return os.getpid()


AT_ONCE, STARTS, PERIOD = 2, 5, 1.0


@task(takes_context=True, limits=Limit(AT_ONCE, by="key", name="chaos"))
def limited(context: Any, key: str, longest: float) -> None:
    """Leave when it began and when it ended, by the clock that all processes share."""
    note(context)
    note_moment("starts", context, key)
    time.sleep(random.uniform(0, longest))
    note_moment("ends", context, key)


@task(takes_context=True, limits=Rate(STARTS, per=PERIOD, by="key", name="chaos"))
def rated(context: Any, key: str) -> None:
    note(context)


def note_moment(name: str, context: Any, key: str) -> None:
    write(
        f"{context.task_result.id} {context.attempt} {os.getpid()} {key} {time.monotonic_ns()}",
        name,
    )


if os.environ.get("CHAOS_DEPLOY") != "old":

    @task(takes_context=True)
    def new(context: Any) -> int:
        """Be known to the new deploy only."""
        note(context)
        return os.getpid()


@task(takes_context=True, retry=Retry(attempts=3, wait=0, jitter=0))
def come_back(context: Any) -> None:
    """Ask for a second attempt at an instant, which a wrong clock moves."""
    note(context)
    if context.attempt == 1:
        raise RetryLater(timezone.now() + timedelta(milliseconds=100))


@task(takes_context=True, retry=TWICE)
def write_to_full_disk(context: Any) -> None:
    note(context)
    with open("/dev/full", "w") as disk:
        disk.write("x")


# --- jobs that belong together -------------------------------------------------------------------


def run_for(context: Any, key: str, version: int, longest: float) -> None:
    """Take a random time, and note when that began and ended."""
    about = f"{context.task_result.id} {os.getpid()} {key} {version}"
    write(f"begun {time.monotonic()} {about}")
    time.sleep(random.uniform(0, longest))
    write(f"ended {time.monotonic()} {about}")


@task(takes_context=True, unique=Unique(by="key"))
def run_once(context: Any, key: str, version: int, longest: float) -> None:
    run_for(context, key, version, longest)


@task(takes_context=True, unique=Unique(by="key", on_conflict="replace"))
def run_newest(context: Any, key: str, version: int, longest: float) -> None:
    run_for(context, key, version, longest)


@task(takes_context=True, unique=Unique(by="key", until="start"))
def run_after(context: Any, key: str, version: int, longest: float) -> None:
    run_for(context, key, version, longest)


@task(takes_context=True, fair_by="key")
def run_in_turn(context: Any, key: str, longest: float) -> None:
    note(context)
    time.sleep(random.uniform(0, longest))


@task(takes_context=True)
def count_paths(context: Any, counted: list[int], longest: float) -> int:
    """Return how many paths lead here through a workflow, from what others have counted."""
    note(context)
    note_moment("starts", context, "path")
    time.sleep(random.uniform(0, longest))
    note_moment("ends", context, "path")
    return sum(counted) or 1


# --- members and callbacks of batches ------------------------------------------------------------

ADDED = 3
"""How many members an attempt of one that adds others adds."""


@contextmanager
def being_member(context: Any, batch_id: str, longest: float) -> Iterator[None]:
    """Take a random time, and note when the attempt began and ended, whatever its end."""
    note(context)
    note_moment("starts", context, batch_id)
    try:
        time.sleep(random.uniform(0, longest))
        yield
    finally:
        note_moment("ends", context, batch_id)


@task(takes_context=True)
def do_part(context: Any, batch_id: str, longest: float) -> None:
    with being_member(context, batch_id, longest):
        pass


@task(takes_context=True)
def add_parts(context: Any, batch_id: str, longest: float) -> None:
    """Add members to the own batch, and note those that were added for sure."""
    with being_member(context, batch_id, longest):
        for result in Batch.get(batch_id).bulk_enqueue(do_part, [[batch_id, longest]] * ADDED):
            write(f"{batch_id} {result.id}", "added")


@task(takes_context=True)
def fail_at_times(context: Any, batch_id: str, longest: float) -> None:
    with being_member(context, batch_id, longest):
        if random.random() < 0.5:
            raise Fail("not this time")


@task(takes_context=True)
def give_up(context: Any, batch_id: str, longest: float) -> None:
    with being_member(context, batch_id, longest):
        raise Discard("nothing to do")


@task(takes_context=True)
def on_success(context: Any, batch_id: str) -> None:
    note(context)
    note_moment("success", context, batch_id)


@task(takes_context=True)
def on_end(context: Any, batch_id: str) -> None:
    note(context)
    note_moment("end", context, batch_id)


@task(takes_context=True)
def on_death(context: Any, batch_id: str) -> None:
    note(context)
    note_moment("death", context, batch_id)


def make_batch(name: str) -> Batch:
    return Batch(on_success=on_success, on_end=on_end, on_death=on_death, name=name)


# --- hostile ones: what the first does to its process, the others only to their attempt ----------


@task(takes_context=True)
def leave_process(context: Any) -> None:
    note(context)
    os._exit(1)


@task(takes_context=True)
def eat_memory(context: Any) -> None:
    """Eat, and be ended as the kernel ends what has eaten too much."""
    note(context)
    eaten = bytearray(64 * 1024 * 1024)
    os.kill(os.getpid(), signal.SIGKILL)
    del eaten


@task(takes_context=True, retry=TWICE)
def want_too_much_memory(context: Any) -> None:
    note(context)
    bytearray(1 << 60)


@task(takes_context=True, timeout=0.2, retry=TWICE)
def never_return(context: Any) -> None:
    note(context)
    while True:
        pass


@task(takes_context=True, retry=TWICE)
def exit_politely(context: Any) -> None:
    note(context)
    raise SystemExit(0)


class UnspeakableError(Exception):
    """An error of which nothing can be said."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


@task(takes_context=True, retry=TWICE)
def raise_unspeakable(context: Any) -> None:
    note(context)
    raise UnspeakableError
