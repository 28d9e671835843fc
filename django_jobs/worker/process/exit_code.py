"""The exit codes of `runworker`."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a worker, or the parent of several, ended. Code 2 means a wrong argument."""

    DONE = 0
    FAILED = 1
    GAVE_BACK = 3
    NEVER_STARTED = 4
