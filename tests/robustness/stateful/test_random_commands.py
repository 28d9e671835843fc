"""Both brokers answer the same to the same random commands, and lose or invent no job."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from functools import partial

import pytest
import redis
from hypothesis import Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.robustness.stateful.workflow_commands import WorkflowCommands

SOAK_SECONDS = float(os.environ.get("SOAK_SECONDS", "0"))
"""How long new walks are taken; without it the same few ones each time."""

WALKS = 40
STEPS = 200 if SOAK_SECONDS else 50


def seeds() -> Iterator[int]:
    """The seeds of the walks to take."""
    end = time.monotonic() + SOAK_SECONDS
    if not SOAK_SECONDS:
        yield 1
    while time.monotonic() < end:
        yield secrets.randbelow(2**32)


def walk(url: str, number: int) -> None:
    """Take random walks; the same seed takes the same ones."""
    with redis.Redis.from_url(url, decode_responses=True) as client:
        run_state_machine_as_test(
            seed(number)(partial(WorkflowCommands, url, client)),  # type: ignore[arg-type]
            settings=settings(
                max_examples=WALKS,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                report_multiple_bugs=False,
                # Shrinking takes minutes here. Add Phase.shrink to get it.
                phases=[Phase.generate],
            ),
        )


@pytest.mark.long
@pytest.mark.timeout(SOAK_SECONDS + 600)
def test_both_brokers_behave_the_same(redis_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    for number in seeds():
        print(f"seed {number}, {STEPS} steps a walk")
        walk(redis_url, number)
    with capsys.disabled():
        if SOAK_SECONDS:
            print(f"\n{WorkflowCommands.steps} steps of random walks in {SOAK_SECONDS:.0f} s")
