"""Jobs that kill their worker, never end or raise strange errors: they die, the others run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django_jobs.jobs.records import State
from tests.robustness.chaos import tasks
from tests.robustness.chaos.fleet import Fleet, MakeFleet
from tests.robustness.chaos.scale import FIGURES, LIMIT, SCALE

pytestmark = LIMIT

DEADLY = (tasks.leave_process, tasks.eat_memory)
POLITE = (
    (tasks.want_too_much_memory, "builtins.MemoryError"),
    (tasks.never_return, "django_jobs.errors.TaskTimeout"),
    (tasks.exit_politely, "builtins.SystemExit"),
    (tasks.raise_unspeakable, "tests.robustness.chaos.tasks.UnspeakableError"),
)
INNOCENT = 200 * SCALE


@contextmanager
def kept_alive(fleet: Fleet) -> Iterator[None]:
    """Whatever worker ends is replaced, as a supervisor does."""
    over = threading.Event()

    def replace() -> None:
        while not over.wait(0.05):
            for worker in [it for it in fleet.workers if it.process.poll() is not None]:
                fleet.workers.remove(worker)
                fleet.start("-c", "4")

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_hostile_jobs_die_as_promised_and_their_neighbours_live(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(lease=2)
    innocent = tasks.run.bulk_enqueue([[0.1]] * INNOCENT)
    deadly = [task.using(priority=10).enqueue() for task in DEADLY for _ in range(SCALE)]
    polite = [(task.using(priority=10).enqueue(), error) for task, error in POLITE]
    fleet.start("-c", "4", number=2)
    with kept_alive(fleet):
        fleet.wait_for_ends(len(innocent) + len(deadly) + len(polite))

    assert {fleet.record(job.id).state for job in innocent} == {State.SUCCEEDED}
    runs = fleet.runs()
    for job in deadly:
        record = fleet.record(job.id)
        assert (record.state, record.crashes) == (State.DEAD, 3)
        # Others of its kind may end its workers before they begin with this one.
        assert runs[job.id] <= 3
        assert record.failures[-1].exception == "django_jobs.errors.WorkerLost"
    for job, error in polite:
        record = fleet.record(job.id)
        assert record.state is State.DEAD
        assert record.attempts - record.crashes <= 2
        assert record.failures[-1].exception == error
    ended = len(fleet.site.started) - 2
    again = sum(runs[job.id] - 1 for job in innocent)
    FIGURES.append(
        f"Hostile jobs: {len(deadly)} that end their worker, {len(polite)} others, {ended} workers"
        f" ended; {again} attempts more than jobs among {INNOCENT} innocent ones."
    )
