"""What the exit code of `runworker` tells."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a worker, or the parent of several, has ended. Code 2 is a wrong argument."""

    DONE = 0
    FAILED = 1
    GAVE_BACK = 3
    NEVER_STARTED = 4
