"""The harness in which the loops are tested."""

from __future__ import annotations

import pytest

from tests.unit.worker.fetch.harness import Harness


@pytest.fixture
def harness() -> Harness:
    return Harness()
