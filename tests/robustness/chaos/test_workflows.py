"""Workflows whose workers are killed and cut off, and whose server is killed.

Each node starts after all that it needs, and gets their results: the last one of a workflow has
counted the paths that lead to it, whatever has happened on the way.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django_jobs import Workflow
from django_jobs.errors import BrokerError
from django_jobs.jobs.batches import BatchState
from django_jobs.relations.nodes import Node
from tests.robustness.chaos import tasks
from tests.robustness.chaos.fleet import Fleet, MakeFleet
from tests.robustness.chaos.scale import FIGURES, LIMIT, SCALE
from tests.support.driver import check_with_doctor

pytestmark = LIMIT

DISASTERS = ("kill", "cut", "kill", "restart", "kill") * SCALE
LAYERS, WIDTH = 5, 8
NODES = LAYERS * WIDTH + 1
LONGEST = 0.05


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


def test_nodes_start_in_order_with_all_results_whatever_is_killed(make_fleet: MakeFleet) -> None:
    fleet = make_fleet("appendfsync always", lease=6)
    flows = [store(), store()]
    fleet.start("-c", "8", number=2, ready=True)
    for number, disaster in enumerate(DISASTERS, 1):
        fleet.wait_for_runs(NODES * number)
        strike(fleet, disaster)
        flows.append(store())

    number = NODES * len(flows)
    fleet.wait_for_ends(number)

    fleet.wait_until(lambda: all(k.recovery is not None for k in fleet.kills), "not taken back")
    fleet.assert_nothing_lost([job_id for flow in flows for job_id in flow.sources])
    assert list(too_early(fleet, flows)) == []
    for flow in flows:
        assert fleet.record(flow.last).result == str(WIDTH * 2 ** (LAYERS - 1))
        assert Workflow.get(flow.id).state is BatchState.SUCCEEDED
    fleet.wait_until(lambda: not fleet.redis.keys(f"{fleet.prefix}k:*"), "edges are left")
    check_with_doctor(fleet.backend.broker)
    FIGURES.append(f"workflows: {len(flows)} of {NODES} nodes, {dict(Counter(DISASTERS))}")


def strike(fleet: Fleet, disaster: str) -> None:
    match disaster:
        case "kill":
            fleet.kill(random.choice(fleet.workers))
            fleet.start("-c", "8")
        case "cut":
            fleet.redis.client_kill_filter(_type="normal", skipme=True)
        case "restart":
            fleet.server.kill9()
            fleet.server.start()


def store() -> Stored:
    """Enqueue a workflow, again if that failed, as a site would."""
    flow = Workflow()
    every: list[Node[Any]] = []
    layer: list[Node[int]] = []
    for _ in range(LAYERS):
        needed = iter([one.result for one in (*layer, *layer)])
        layer = [flow.add(tasks.count_paths, [*islice(needed, 2)], LONGEST) for _ in range(WIDTH)]
        every += layer
    every.append(flow.add(tasks.count_paths, [one.result for one in layer], LONGEST))
    while True:
        try:
            flow.enqueue()
        except BrokerError:
            continue
        sources = {node.id: [edge.source for edge in node.edges] for node in every}
        return Stored(flow.id, sources, every[-1].id)


def too_early(fleet: Fleet, flows: list[Stored]) -> Iterator[tuple[str, str]]:
    """Yield the nodes an attempt of which began before any of one that they need had ended."""
    begun, ended = moments(fleet, "starts"), moments(fleet, "ends")
    for flow in flows:
        for node, sources in flow.sources.items():
            yield from ((node, one) for one in sources if min(begun[node]) < min(ended[one]))


def moments(fleet: Fleet, name: str) -> dict[str, list[int]]:
    """Return the moments that attempts have noted, by the id of the job."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for line in fleet.site.notes.path.with_name(name).read_text().splitlines():
        job_id, *_, at = line.split()
        found[job_id].append(int(at))
    return found
