"""How much the tests of this folder try."""

from __future__ import annotations

import os

EXAMPLES = 25 * int(os.environ.get("CHAOS_SCALE", "1"))
"""Examples for each property; `make chaos` tries ten times as many."""
