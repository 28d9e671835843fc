"""Workers that are killed, frozen or taken down by their own jobs: nothing is lost."""

from __future__ import annotations

import os
import signal

import pytest
import redis

from django_jobs.backends import RedisBackend
from django_jobs.brokers.constants import BEATS
from django_jobs.clock import now_ms
from django_jobs.jobs.records import State
from tests.apps.worker_site import tasks
from tests.integration.worker.helpers import record_of, wait_for_end
from tests.support.waiting import wait_until
from tests.support.workers import Site


def states(backend: RedisBackend) -> dict[State, int]:
    return {state: number for state, number in backend.broker.inspection.counts().items() if number}


def test_a_thousand_jobs_survive_killed_workers(site: Site, backend: RedisBackend) -> None:
    site.options["lease"] = 2
    tasks.note.bulk_enqueue([[str(number)] for number in range(500)])
    tasks.sleep.bulk_enqueue([[0.02, f"slow{number}"] for number in range(500)])
    killed = site.start("-c", "4")
    other = site.start("-c", "4")
    site.notes.wait_for_lines(300)
    killed.kill9()
    site.notes.wait_for_lines(600)
    third = site.start("-c", "4")
    other.kill9()

    wait_until(lambda: states(backend) == {State.SUCCEEDED: 1000}, "some jobs did not come back")

    names = {line.split()[0] for line in site.notes.lines}
    assert names == {str(n) for n in range(500)} | {f"slow{n}" for n in range(500)}
    # What ran twice is what ran, or had just ended, as its worker was killed.
    assert len(site.notes.lines) < 1000 + 2 * 300
    assert third.stop() == 0


def test_jobs_of_a_dead_worker_are_back_within_thirty_seconds(
    site: Site, backend: RedisBackend, redis_url: str
) -> None:
    result = tasks.hold.enqueue("job")
    killed = site.start("-c", "1")
    site.notes.wait_for("begin job 1")
    (dead,) = backend.broker.inspection.workers()
    site.start("-c", "1")
    killed.kill9()
    site.notes.put("release")
    with redis.Redis.from_url(redis_url) as client:
        leases = f"{{{backend.configuration.namespace}}}:leases"
        now = now_ms()
        lease_until = client.zscore(leases, dead.id)
        assert lease_until is not None
        # Somebody looks at each heartbeat whose lease is over; nobody need wait for that here.
        longest = lease_until - now + backend.broker.lease * 1000 / BEATS
        assert longest <= 30_000
        client.zadd(leases, {dead.id: now})

    wait_until(lambda: "end job 2" in site.notes.lines, "not taken back")

    record = wait_for_end(backend, result)
    assert (record.state, record.attempts, record.crashes) == (State.SUCCEEDED, 2, 1)


def test_a_frozen_worker_can_not_settle_what_others_were_given(
    site: Site, backend: RedisBackend
) -> None:
    site.options["lease"] = 2
    result = tasks.hold.enqueue("job")
    frozen = site.start("-c", "1")
    site.notes.wait_for("begin job 1")
    waiting = tasks.note.enqueue("waiting")
    frozen.freeze()
    other = site.start("-c", "2")
    site.notes.wait_for("begin job 2")
    site.notes.wait_for("waiting")

    frozen.send(signal.SIGCONT)
    frozen.wait_for("was silent for longer than its lease")
    site.notes.put("release")
    site.notes.wait_for("end job 1")
    site.notes.wait_for("end job 2")
    record = wait_for_end(backend, result)

    frozen.wait_for("ended after their jobs had been given to other workers")
    assert record.state is State.SUCCEEDED
    assert record.workers[-1].split(":")[1] == str(other.process.pid)
    assert site.notes.counts["waiting"] == 1
    assert record_of(backend, waiting).state is State.SUCCEEDED
    tasks.note.bulk_enqueue([["again"]] * 20)
    site.notes.wait_for("again", 20)


def test_a_job_that_kills_three_workers_is_dead_and_its_neighbours_live(
    site: Site, backend: RedisBackend
) -> None:
    site.options["lease"] = 2
    deadly = tasks.crash.using(priority=10).enqueue()
    innocent = tasks.sleep.bulk_enqueue([[0.05, f"innocent{number}"] for number in range(10)])
    workers = site.start("-c", "4", "--processes", "2", ready=False)

    record = wait_for_end(backend, deadly)
    for result in innocent:
        assert wait_for_end(backend, result).state is State.SUCCEEDED

    assert (record.state, record.crashes) == (State.DEAD, 3)
    assert record.failures[-1].exception == "django_jobs.errors.WorkerLost"
    assert site.notes.counts["crash"] == 3
    assert "ended with code 1" in workers.said
    workers.wait_for("exception=django_jobs.errors.WorkerLost")
    assert workers.said.count(f"Task id={deadly.id} ") == 1
    assert "state=FAILED queue=default attempt=3 exception=django_jobs.errors.WorkerLost" in (
        workers.said
    )
    assert workers.stop() == 0


def test_a_killed_child_is_replaced_and_signals_reach_all(
    site: Site, backend: RedisBackend
) -> None:
    workers = site.start("-c", "1", "--processes", "2", ready=False)
    pids = _pids(backend, 2)

    os.kill(min(pids), signal.SIGKILL)
    wait_until(
        lambda: len({worker.pid for worker in backend.broker.inspection.workers()} - pids) == 1,
        "the killed process was not replaced",
    )
    workers.wait_for("ended with code -9")

    workers.send(signal.SIGTSTP)
    workers.wait_for("Quiet", 2)
    assert workers.stop() == 0
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_the_exit_code_of_processes_tells_of_given_back_jobs(
    site: Site, backend: RedisBackend
) -> None:
    tasks.hold.enqueue("job")
    workers = site.start("--processes", "2", "--shutdown-timeout", "0.1", ready=False)
    site.notes.wait_for("begin job 1")
    _pids(backend, 2)
    assert workers.stop() == 3


def test_processes_come_to_an_end_with_the_last_job(site: Site) -> None:
    tasks.note.bulk_enqueue([["x"]] * 20)
    workers = site.start("--processes", "2", "--burst", ready=False)
    assert workers.end() == 0
    assert site.notes.counts == {"x": 20}


def _pids(backend: RedisBackend, number: int) -> set[int]:
    inspection = backend.broker.inspection
    wait_until(lambda: len(inspection.workers()) == number, "not all processes work")
    return {worker.pid for worker in inspection.workers()}
