"""What the tests of the backends share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.dispatch import Signal

Receiver = Callable[..., Any]


@contextmanager
def connected(signal: Signal, receiver: Receiver) -> Iterator[None]:
    signal.connect(receiver)
    try:
        yield
    finally:
        signal.disconnect(receiver)
