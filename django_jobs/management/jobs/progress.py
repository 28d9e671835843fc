"""A progress bar."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from django.core.management.base import OutputWrapper

WIDTH = 30
REDRAW_INTERVAL = 0.1
"""Seconds between two redraws."""


class Progress:
    """A progress bar as a context manager, which erases the bar at the end.

    Args:
        total: number of steps, at most.
        stream: a terminal.
        visible: whether to draw the bar.
    """

    def __init__(self, total: int, stream: OutputWrapper, *, visible: bool) -> None:
        self._total = max(1, total)
        self._stream = stream
        self._visible = visible
        self._done = 0
        self._started = time.monotonic()
        self._drawn = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._visible:
            self._write("\r\x1b[K")

    def advance(self, steps: int = 1) -> None:
        """Record that some steps are done."""
        self._done += steps
        now = time.monotonic()
        if self._visible and now - self._drawn >= REDRAW_INTERVAL:
            self._drawn = now
            self._draw(now - self._started)

    def _draw(self, elapsed: float) -> None:
        share = min(1.0, self._done / self._total)
        bar = ("█" * round(WIDTH * share)).ljust(WIDTH, "·")
        rate = self._done / max(elapsed, 0.001)
        left = (self._total - self._done) / rate
        self._write(
            f"\r\x1b[K{bar} {self._done:,} of {self._total:,} · {rate:,.0f}/s · {left:.0f} s left"
        )

    def _write(self, text: str) -> None:
        self._stream.write(text, str, ending="")
        self._stream.flush()
