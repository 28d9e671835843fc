"""The mode of a worker: running, draining, quiet, retiring or closing."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from enum import Enum

from .changes import Changes


class Mode(Enum):
    """The modes of a worker. It never goes back to an earlier one."""

    RUNNING = "takes jobs, and listens for new ones"
    DRAINING = "takes jobs, and is finished when the queues are empty"
    QUIET = "takes no jobs, and stays"
    RETIRING = "takes no jobs, and is finished when those that it holds have ended"
    CLOSING = "sends what is left, and ends"


TAKING = (Mode.RUNNING, Mode.DRAINING)


class ModeSwitch:
    """The mode of one worker. Safe to use from all threads."""

    def __init__(self, changes: Changes, mode: Mode = Mode.RUNNING) -> None:
        self._lock = threading.Lock()
        self._changes = changes
        self.current = mode

    @property
    def takes_jobs(self) -> bool:
        return self.current in TAKING

    def drain(self) -> None:
        """Finish when the queues are empty; a quiet worker finishes with the jobs that it holds."""
        self._switch({Mode.RUNNING: Mode.DRAINING, Mode.QUIET: Mode.RETIRING})

    def quiet(self) -> bool:
        """Take no more jobs. Returns whether the worker took jobs until now."""
        return self._switch({Mode.RUNNING: Mode.QUIET, Mode.DRAINING: Mode.RETIRING})

    def retire(self) -> None:
        """Take no more jobs, and finish when those that the worker holds have ended."""
        self._switch(dict.fromkeys((*TAKING, Mode.QUIET), Mode.RETIRING))

    def close(self) -> None:
        """Send what is left, and end."""
        self._switch(dict.fromkeys(Mode, Mode.CLOSING))

    def _switch(self, moves: Mapping[Mode, Mode]) -> bool:
        with self._lock:
            before, self.current = self.current, moves.get(self.current, self.current)
            has_changed = self.current is not before
        self._changes.notify()
        return has_changed
