"""The memory that turns of fair keys take is given back."""

from __future__ import annotations

from django_jobs.brokers.memory.turns import FEW, Turns, is_turn
from django_jobs.jobs.records import Job, Turn
from tests.support.builders import make_job


def enter(turns: Turns, job: Job) -> int:
    """Put a job into its queue, which has another one; return its place."""
    place = turns.next_place(job, waiting=1)
    assert place is not None
    assert is_turn(place)
    turns.count(job.queue, place, 1)
    return place


def start(turns: Turns, place: int) -> None:
    turns.claim("default", place)
    turns.count("default", place, -1)


def known(turns: Turns) -> int:
    """How many keys are remembered."""
    return sum(len(band.last) for band in turns.bands("default"))


def test_keys_without_jobs_are_forgotten_as_others_start() -> None:
    turns = Turns()
    enter(turns, make_job(turn=Turn("waiting", 1)))
    for number in range(10 * FEW):
        start(turns, enter(turns, make_job(turn=Turn(f"c{number}", 20))))
    assert known(turns) <= 3 * FEW


def test_one_key_takes_no_more_memory_with_each_job() -> None:
    turns = Turns()
    for _ in range(10 * FEW):
        enter(turns, make_job(turn=Turn("a")))
    assert known(turns) == 1


def test_a_priority_without_jobs_is_forgotten() -> None:
    turns = Turns()
    enter(turns, make_job(turn=Turn("a")))
    for number in range(FEW):
        place = enter(turns, make_job(turn=Turn(f"c{number}"), priority=5))
        turns.count("default", place, -1)  # as if it were cancelled
    turns.forget_empty_bands("default")
    assert [band.priority for band in turns.bands("default")] == [0]


def test_a_queue_without_turns_knows_of_none() -> None:
    turns = Turns()
    assert turns.next_place(make_job(), waiting=3) is None
    turns.count("default", 17, 1)
    turns.count("default", 17, -1)
    turns.forget_empty_bands("default")
    assert not turns.has("default")
