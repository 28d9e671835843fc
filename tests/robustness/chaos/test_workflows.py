"""Workflows keep their promises while workers, producers, connections and Redis fail.

Each node starts after all that it needs, and gets their results: the last one of a workflow has
counted the paths that lead to it, whatever has happened on the way. What a producer has not stored
to the end never starts.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django_jobs import Workflow
from django_jobs.errors import BrokerError
from django_jobs.jobs.batches import BatchRecord, BatchState
from django_jobs.relations.nodes import Node
from tests.robustness.chaos import tasks
from tests.robustness.chaos.batches_in_store import MANY, BatchesInStore
from tests.robustness.chaos.fleet import Fleet, MakeFleet
from tests.robustness.chaos.moments import moments
from tests.robustness.chaos.scale import FIGURES, LIMIT, SCALE
from tests.support.driver import check_with_doctor

pytestmark = LIMIT

DISASTERS = ("kill", "cut", "kill", "full", "abandon", "restart", "kill", "swallow", "freeze")
LAYERS, WIDTH = 5, 8
NODES = LAYERS * WIDTH + 1
LONGEST = 0.05

PATHS = WIDTH * 2 ** (LAYERS - 1)
"""How many paths lead to the last node."""

ABANDONING = """
import django
django.setup()
from django_jobs import Workflow
from tests.robustness.chaos import tasks
flow = Workflow("abandoned")
for _ in range(900):
    flow.add(tasks.count_paths, [], 0)
print("storing", flow.id, flush=True)
flow.enqueue()
"""


@dataclass(frozen=True)
class Stored:
    """A workflow of layers, each of whose nodes needs two of the layer before.

    Attributes:
        sources: for each node, those that it needs.
        last: needs all nodes of the last layer.
    """

    id: str
    sources: dict[str, list[str]]
    last: str


@dataclass
class Flows:
    """The workflows of a test.

    Attributes:
        stored: those whose `enqueue` has returned.
        cancelled: ids of those whose `cancel` has returned that they were.
        abandoned: ids of those whose producer was killed while it stored them.
    """

    stored: list[Stored] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    abandoned: list[str] = field(default_factory=list)

    def store(self) -> None:
        """Enqueue a workflow, again if that failed, as a site would."""
        flow = Workflow()
        every: list[Node[Any]] = []
        layer: list[Node[int]] = []
        for _ in range(LAYERS):
            needed = iter([one.result for one in (*layer, *layer)])
            layer = [
                flow.add(tasks.count_paths, [*islice(needed, 2)], LONGEST) for _ in range(WIDTH)
            ]
            every += layer
        every.append(flow.add(tasks.count_paths, [one.result for one in layer], LONGEST))
        while True:
            with suppress(BrokerError):
                flow.enqueue()
                break
        sources = {node.id: [edge.source for edge in node.edges] for node in every}
        self.stored.append(Stored(flow.id, sources, every[-1].id))

    def cancel(self, flow: Stored) -> None:
        if Workflow.get(flow.id).cancel():
            self.cancelled.append(flow.id)


def test_nodes_start_in_order_with_all_results_whatever_fails(make_fleet: MakeFleet) -> None:
    fleet = make_fleet("appendfsync always", through_proxy=True, socket_timeout=1, lease=4)
    flows = Flows()
    fleet.start_ready("-c", "8", number=2)
    for number in range(SCALE * len(DISASTERS)):
        for _ in range(2):
            flows.store()
        fleet.wait_for_runs(NODES * number)
        disaster = DISASTERS[number % len(DISASTERS)]
        if disaster == "abandon":
            abandon_one(fleet, flows)
        else:
            fleet.befall(disaster, "-c", "8")
        if number % 4 == 0:
            flows.cancel(flows.stored[-1])

    fleet.wait_until(lambda: all_have_ended(fleet), "some did not end")
    fleet.wait_until(lambda: all(k.recovery is not None for k in fleet.kills), "not taken back")

    store = BatchesInStore(fleet, workflows=True)
    nodes = [(flow.id, node) for flow in flows.stored for node in flow.sources]
    assert store.lost([flow.id for flow in flows.stored], nodes) == []
    assert list(store.wrong_counts()) == []
    assert list(too_early(fleet, flows)) == []
    known = {one.job.id for members in store.members.values() for one in members}
    assert {one.job_id for one in moments(fleet.site.notes.path, "starts")} <= known
    records = {one.id: one for one in store.records}
    for flow in flows.stored:
        assert records[flow.id].is_cancelled == (flow.id in flows.cancelled)
        if flow.id not in flows.cancelled:
            assert records[flow.id].state is BatchState.SUCCEEDED
            assert fleet.record(flow.last).result == str(PATHS)
    check_with_doctor(fleet.backend.broker)
    whole = sum(flow in records for flow in flows.abandoned)
    FIGURES.append(
        f"Workflows: {SCALE} times {dict(Counter(DISASTERS))}, {len(flows.stored)} workflows of"
        f" {NODES} nodes, {len(flows.cancelled)} cancelled; {len(flows.abandoned)} producers"
        f" killed, {whole} of which had stored all; {fleet.begun()} attempts."
    )


def abandon_one(fleet: Fleet, flows: Flows) -> None:
    """Kill a process that stores a workflow, and let the hour pass after which that is noticed."""
    process = fleet.site.run(ABANDONING)
    process.wait_for("storing")
    time.sleep(random.uniform(0, 0.3))
    process.kill9()
    flow = process.said.split()[1]
    flows.abandoned.append(flow)
    fleet.redis.zadd(f"{fleet.prefix}held", {flow: 0}, xx=True)


def all_have_ended(fleet: Fleet) -> bool:
    """Whether nothing is left to do, once the nodes that took three workers down are retried."""
    if held := fleet.redis.zrange(f"{fleet.prefix}held", 0, -1):
        fleet.redis.zadd(f"{fleet.prefix}held", dict.fromkeys(map(str, held), 0), xx=True)
    broker = fleet.backend.broker
    dead = [one.id for one in workflows(fleet) if one.counts.dead and not one.is_cancelled]
    for flow in dead:
        broker.batches.retry_dead(flow)
    is_open = any(one.ended_at is None for one in workflows(fleet))
    return not (dead or is_open) and all(state.is_final for state in fleet.counts())


def workflows(fleet: Fleet) -> tuple[BatchRecord, ...]:
    return fleet.backend.broker.batches.list(workflows=True, limit=MANY)


def too_early(fleet: Fleet, flows: Flows) -> Iterator[tuple[str, str]]:
    """Yield the nodes an attempt of which began before any of one that they need had ended."""
    begun, ended = first_moments(fleet, "starts"), first_moments(fleet, "ends")
    for node, sources in (edges for flow in flows.stored for edges in flow.sources.items()):
        if node in begun:
            late = (one for one in sources if one not in ended or begun[node] < ended[one])
            yield from ((node, source) for source in late)


def first_moments(fleet: Fleet, name: str) -> dict[str, int]:
    """Return when each job has first noted something."""
    found: dict[str, int] = {}
    for one in moments(fleet.site.notes.path, name):
        found[one.job_id] = min(one.at, found.get(one.job_id, one.at))
    return found
