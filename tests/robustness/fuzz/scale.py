"""How much the tests of this folder try."""

from __future__ import annotations

import os

SCALE = int(os.environ.get("CHAOS_SCALE", "1"))
EXAMPLES = 10 * SCALE
"""Examples for each property; `make chaos` tries ten times as many."""
