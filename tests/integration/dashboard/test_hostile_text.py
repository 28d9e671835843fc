"""Text from jobs and queues is escaped on every page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from django_jobs import periodic
from django_jobs.backends.base import JobBackend
from django_jobs.brokers.base import Broker
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.workflows import Edge, EdgeKind, NewNode
from django_jobs.periodic_tasks.registry import isolated_registry
from tests.apps.command_site import tasks
from tests.integration.dashboard.addresses import PAGES
from tests.integration.dashboard.helpers import Person, do, sign_in
from tests.support.builders import dead, limited, make_failure, make_job
from tests.support.driver import Driver, claim_tick

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Page

EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7|add:7 }}</td>"


@pytest.fixture
def hostile(redis_backend: JobBackend) -> Iterator[JobBackend]:
    """A backend in which every text that anybody could have chosen is an attack."""
    broker = redis_backend.broker
    worker = Driver(broker, f"w{EVIL}")
    hostile = {"queue": f"q{EVIL}", "task": f"t{EVIL}", "arguments": EVIL}
    jobs = [make_job(id=name, **hostile) for name in ("one", "two", f"three{EVIL}")]
    broker.push(jobs)
    failed, running = worker.take(2, f"q{EVIL}")
    failure = make_failure(exception=EVIL, message=EVIL, traceback=EVIL, worker=EVIL)
    worker.settle(dead(failed, failure=failure))
    worker.heartbeat(
        host=EVIL,
        version=EVIL,
        queues=(f"q{EVIL}",),
        running=((running.job.id, worker.info().started_at),),
        stuck=(running.job.id,),
    )
    callbacks = {BatchEvent.END: make_job(id=f"end{EVIL}", **hostile)}
    for name in ("b1", f"b{EVIL}"):
        new = NewBatch(id=name, name=EVIL, metadata=json.dumps({EVIL: EVIL}), callbacks=callbacks)
        broker.batches.open(new)
        broker.batches.add([make_job(id=f"{name}m", batch=name, **hostile)], Membership(name))
    worker.settle(dead(worker.take_one(f"q{EVIL}"), failure=failure))
    new = NewBatch(id="f1", name=EVIL, metadata=json.dumps({EVIL: EVIL}), is_workflow=True)
    broker.batches.open(new)
    first, second = (make_job(id=f"{n}{EVIL}", batch="f1", **hostile) for n in "12")
    edge = Edge(EdgeKind.SUCCESS, first.id)
    broker.batches.add_nodes("f1", [NewNode(first), NewNode(second, (edge,))])
    broker.batches.close("f1")
    hold_slots(broker, JobLimit(f"l{EVIL}", 1), JobLimit("mail server", 1, value=f"7{EVIL}"))
    with isolated_registry():
        periodic("@daily", name=f"p{EVIL}")(tasks.greet)
        claim_tick(broker, f"p{EVIL}", None, 1_000, jobs[0])
        broker.inspection.switch_off(f"p{EVIL}")
        yield redis_backend


def hold_slots(broker: Broker, *limits: JobLimit) -> None:
    """Let a job run under each limit, and another one wait."""
    broker.push([limited(f"{limit.key} {n}", limit) for limit in limits for n in range(2)])
    Driver(broker, "w3").take(10)


def test_no_page_contains_it_unescaped(operator: Client, hostile: JobBackend) -> None:
    for address in PAGES:
        html = operator.get(address.path).content.decode()
        assert "<script>alert" not in html, address.name
        assert "<img" not in html, address.name
        assert "14</td>" not in html, address.name


def test_no_message_contains_it_unescaped(operator: Client, hostile: JobBackend) -> None:
    for name, data in (
        ("pause_queue", {"queue": f"q{EVIL}"}),
        ("pause_limit", {"limit": JobLimit(f"l{EVIL}", 1).id, "key": EVIL}),
        ("stop_worker", {"worker": f"w{EVIL}"}),
        ("switch_on_periodic", {"name": f"p{EVIL}"}),
    ):
        html = do(operator, name, **data)
        assert 'class="note good"' in html
        assert "<script>alert" not in html


@pytest.mark.django_db(transaction=True)
def test_a_browser_runs_none_of_it(
    page: Page,
    live_server: LiveServer,
    person: Person,
    hostile: JobBackend,
    complaints: list[str],
) -> None:
    heard: list[str] = []

    def hear(dialog: Dialog) -> None:
        heard.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", hear)
    sign_in(page, live_server, person("superuser"))
    for address in PAGES:
        page.goto(live_server.url + address.path)
        assert page.locator("h1").count() == 1
    assert heard == []
