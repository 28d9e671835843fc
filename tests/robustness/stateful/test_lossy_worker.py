"""However many messages are lost, late or doubled, a worker keeps its jobs and hides none."""

from __future__ import annotations

import os

import pytest

from tests.robustness.stateful.lossy_worker import LossyWalk

WALKS = int(os.environ.get("LOSSY_WALKS", "8"))
STEPS = int(os.environ.get("LOSSY_STEPS", "600"))


@pytest.mark.long
@pytest.mark.timeout(WALKS * STEPS / 100 + 60)
def test_no_claim_is_lost_or_hidden_in_a_lossy_network(redis_url: str) -> None:
    found = 0
    for seed in range(WALKS):
        walk = LossyWalk(redis_url, seed)
        try:
            for _ in range(STEPS):
                walk.step()
            walk.settle_down()
        finally:
            walk.close()
        found += walk.claims.found
    assert found > WALKS, "the walks lost too little to prove anything"
