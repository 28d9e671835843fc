"""What `manage.py jobs` shows of workers, and tells them."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management.base import CommandError

from django_jobs.backends import JobBackend
from django_jobs.brokers.base import Broker
from django_jobs.brokers.messages import Call, Order, Share, WorkerInfo
from django_jobs.clock import now_ms
from tests.apps.command_site import tasks
from tests.integration.commands.helpers import Jobs


@pytest.fixture
def broker(backend: JobBackend) -> Broker:
    """A broker that holds a job, with two workers."""
    tasks.greet.enqueue()
    broker = backend.broker
    broker.heartbeat(worker("host:1:a", queues=("critical", "low"), concurrency=3), 1)
    broker.heartbeat(worker("host:2:b", quiet=True), 1)
    return broker


def worker(name: str, **values: Any) -> WorkerInfo:
    return WorkerInfo(id=name, host="host", pid=1, started_at=now_ms() - 120_000, **values)


def order_of(broker: Broker, name: str) -> Order | None:
    return broker.heartbeat(worker(name), 2).order


def test_workers_are_listed(jobs: Jobs, broker: Broker) -> None:
    [claim] = broker.reserve("host:1:a", Call(1, [Share("default", 1)], 1)).claims
    running, stuck = ((claim.job.id, now_ms()),), (claim.job.id,)
    broker.heartbeat(worker("host:1:a", queues=("low",), running=running, stuck=stuck), 2)
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


def test_a_worker_gets_its_order_with_its_next_heartbeat(jobs: Jobs, broker: Broker) -> None:
    answer = jobs("quiet", "host:1:a")
    assert answer.out == (
        "Told 1 worker to take no more jobs. The next heartbeat, within 5 s, carries it out.\n"
    )
    assert order_of(broker, "host:1:a") is Order.QUIET
    assert order_of(broker, "host:2:b") is None


def test_all_workers_are_told_at_once(jobs: Jobs, broker: Broker) -> None:
    assert jobs("stop", "--all", "--no-input", "--json").json == {
        "order": "stop",
        "workers": ["host:1:a", "host:2:b"],
    }
    assert order_of(broker, "host:1:a") is order_of(broker, "host:2:b") is Order.STOP


@pytest.mark.parametrize("arguments", [(), ("host:1:a", "--all")])
def test_either_ids_or_all(jobs: Jobs, broker: Broker, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="Give the IDs of workers, or --all") as refused:
        jobs("quiet", *arguments)
    assert refused.value.returncode == 2


def test_nobody_is_told_if_one_is_unknown(jobs: Jobs, broker: Broker) -> None:
    with pytest.raises(CommandError, match=r"Unknown worker 'host:1:x'\. Did you mean 'host:1:a'"):
        jobs("stop", "host:2:b", "host:1:x")
    assert order_of(broker, "host:2:b") is None
