"""Runs a function in several threads at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.support.waiting import DEADLINE


def in_threads(number: int, work: Callable[[int], object]) -> None:
    """Run `work(0)` … `work(number - 1)` at the same time; the first error is raised here."""
    errors: list[BaseException] = []
    barrier = threading.Barrier(number)

    def run(index: int) -> None:
        try:
            barrier.wait(DEADLINE)
            work(index)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(index,), daemon=True) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    if errors:
        raise errors[0]
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
