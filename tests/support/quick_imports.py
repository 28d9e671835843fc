"""What processes that tests start do without, to start sooner."""

from __future__ import annotations

import sys


def without_opentelemetry() -> None:
    """Let redis-py find no OpenTelemetry, whose import takes an eighth of the start of a worker.

    In the process of the tests themselves nothing changes.
    """
    if "pytest" not in sys.modules:
        sys.modules["opentelemetry"] = None  # type: ignore[assignment]
