"""How large the disasters are, and the figures that they leave."""

from __future__ import annotations

import os

import pytest

SCALE = int(os.environ.get("CHAOS_SCALE", "1"))
"""1 for every run of the tests, 10 for `make chaos`."""

PATIENCE = 90.0 * SCALE
"""Seconds after which a test that waits for something has failed; far more than it takes."""

LIMIT = pytest.mark.timeout(240 * SCALE)
"""The mark of each module: pytest's own limit, which a machine that is busy must not reach."""

FIGURES: list[str] = []
"""Sentences for the end of a large run."""
