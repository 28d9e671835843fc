"""The parts of the broker in memory, which its sessions share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .cancellations import Cancellations
from .inspection import MemoryInspection
from .leases import Leases
from .lock import Lock
from .markers import Markers
from .store import Store
from .transitions import Transitions


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What one broker consists of. All of it is used under the lock.

    Attributes:
        now: the clock, in Unix milliseconds.
    """

    lock: Lock
    now: Callable[[], int]
    markers: Markers
    store: Store
    leases: Leases
    transitions: Transitions
    cancellations: Cancellations
    inspection: MemoryInspection
