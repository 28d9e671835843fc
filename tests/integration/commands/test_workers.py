"""`manage.py jobs workers`, `quiet` and `stop`."""

from __future__ import annotations

import threading
from typing import Any, TypeAlias

import pytest
from django.core.management.base import CommandError

from django_jobs.backends import JobBackend
from django_jobs.brokers.messages import WorkerCommand
from django_jobs.clock import now_ms
from django_jobs.jobs.records import Claim
from tests.apps.command_site import tasks
from tests.integration.commands.helpers import Jobs
from tests.support.builders import succeeded
from tests.support.driver import Driver
from tests.support.waiting import DEADLINE, wait_until

Workers: TypeAlias = "dict[str, Driver]"


@pytest.fixture
def workers(backend: JobBackend) -> Workers:
    """Two workers of a broker that holds a job, by their ids."""
    tasks.greet.enqueue()
    workers = {name: Driver(backend.broker, name) for name in ("host:1:a", "host:2:b")}
    beat(workers["host:1:a"], queues=("critical", "low"), concurrency=3)
    beat(workers["host:2:b"], quiet=True)
    return workers


def beat(worker: Driver, **info: Any) -> WorkerCommand | None:
    """Send a heartbeat; return the command that it brings."""
    return worker.heartbeat(started_at=now_ms() - 120_000, **info).command


def test_workers_are_listed(jobs: Jobs, workers: Workers) -> None:
    worker = workers["host:1:a"]
    claim = worker.take_one()
    running, stuck = ((claim.job.id, now_ms()),), (claim.job.id,)
    beat(worker, queues=("low",), running=running, stuck=stuck)
    assert jobs("workers").rows == [
        ["Worker", "Queues", "Threads", "Running", "Uptime", "State"],
        ["host:1:a", "low", "1", "1", "2 min", "working, 1 stuck"],
        ["host:2:b", "all queues", "1", "0", "2 min", "quiet"],
    ]
    first, second = jobs("workers", "--json").json
    assert (first["id"], first["queues"], first["stuck"]) == (
        "host:1:a",
        ["low"],
        [claim.job.id],
    )
    assert first["running"][0]["id"] == claim.job.id
    assert second["quiet"] is True


def test_no_workers_is_a_sentence(jobs: Jobs, backend: JobBackend) -> None:
    tasks.greet.enqueue()
    assert jobs("workers").out == "No workers are alive. Start one with manage.py runworker.\n"
    assert jobs("workers", "--json").json == []
    with pytest.raises(CommandError, match=r"^No workers are alive\.$"):
        jobs("stop", "--all", "--no-input")


def test_a_worker_gets_its_command_with_its_next_heartbeat(jobs: Jobs, workers: Workers) -> None:
    answer = jobs("quiet", "host:1:a")
    assert answer.out == (
        "Told 1 worker to take no more jobs. The next heartbeat, within 5 s, carries it out.\n"
    )
    assert beat(workers["host:1:a"]) is WorkerCommand.QUIET
    assert beat(workers["host:2:b"]) is None


def test_a_command_reaches_all_workers_at_once(jobs: Jobs, workers: Workers) -> None:
    assert jobs("stop", "--all", "--no-input", "--json").json == {
        "command": "stop",
        "workers": ["host:1:a", "host:2:b"],
    }
    assert beat(workers["host:1:a"]) is beat(workers["host:2:b"]) is WorkerCommand.STOP


def test_quiet_waits_until_the_running_jobs_have_ended(jobs: Jobs, workers: Workers) -> None:
    worker = workers["host:1:a"]
    claim = worker.take_one()
    beat(worker, running=((claim.job.id, now_ms()),))

    with pytest.raises(CommandError, match=r"still run after 0 s, by worker: host:1:a \(1\)\."):
        jobs("quiet", "host:1:a", "--wait", "--timeout", "0")

    waiting = threading.Thread(target=end_when_told, args=(worker, claim))
    waiting.start()
    answer = jobs("quiet", "host:1:a", "host:2:b", "--wait", "--timeout", str(DEADLINE))
    waiting.join(DEADLINE)
    assert answer.out.endswith("No jobs are running in them any more.\n")


def end_when_told(worker: Driver, claim: Claim) -> None:
    """Run a job until the worker hears that it is to be quiet."""
    running = ((claim.job.id, now_ms()),)
    wait_until(lambda: beat(worker, running=running), "nobody told the worker to be quiet")
    worker.settle(succeeded(claim))
    beat(worker, quiet=True)


def test_a_worker_that_is_gone_is_idle(jobs: Jobs, workers: Workers) -> None:
    waiting = threading.Thread(target=close_when_told, args=(workers["host:1:a"],))
    waiting.start()
    answer = jobs("quiet", "host:1:a", "--wait", "--json")
    waiting.join(DEADLINE)
    assert answer.json == {"command": "quiet", "workers": ["host:1:a"], "idle": True}


def close_when_told(worker: Driver) -> None:
    wait_until(lambda: beat(worker), "nobody told the worker to be quiet")
    worker.close()


def test_a_timeout_needs_something_to_wait_for(jobs: Jobs, workers: Workers) -> None:
    with pytest.raises(CommandError, match=r"^--timeout needs --wait\.$") as refused:
        jobs("quiet", "--all", "--timeout", "3")
    assert refused.value.returncode == 2


@pytest.mark.parametrize("arguments", [(), ("host:1:a", "--all")])
def test_either_ids_or_all(jobs: Jobs, workers: Workers, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="Give the IDs of workers, or --all") as refused:
        jobs("quiet", *arguments)
    assert refused.value.returncode == 2


def test_no_worker_gets_the_command_if_one_is_unknown(jobs: Jobs, workers: Workers) -> None:
    with pytest.raises(CommandError, match=r"Unknown worker 'host:1:x'\. Did you mean 'host:1:a'"):
        jobs("stop", "host:2:b", "host:1:x")
    assert beat(workers["host:2:b"]) is None
