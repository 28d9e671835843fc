"""The stage on which the loops are tested."""

from __future__ import annotations

import pytest

from tests.unit.worker.fetch.stage import Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()
