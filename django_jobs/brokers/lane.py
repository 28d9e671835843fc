"""Where a worker makes its calls."""

from __future__ import annotations

from enum import StrEnum


class Lane(StrEnum):
    """Calls one after the other, with numbers of their own that grow from 1.

    A worker may have a call under way on each at the same time. The values are in names of keys.
    """

    FIRST = "r"
    SECOND = "o"
    APART = "a"
