"""The doctor of the broker in Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django_jobs.brokers.doctor import Doctor, Finding, Trouble

from .added_doctor import AddedDoctor
from .batch_doctor import BatchDoctor

PORTION = 150
"""How many keys or members one call looks at, so that nobody waits long for Redis."""


class RedisDoctor(Doctor):
    """Looks at the keys of one broker.

    Args:
        run: calls one of the broker's scripts.
        lease: milliseconds that a worker gets whose lease is missing.
    """

    def __init__(self, run: Callable[..., Any], lease: int) -> None:
        self._run = run
        self._lease = lease
        self._batches = BatchDoctor(run)
        self._added = AddedDoctor(run)

    def examine(self) -> Iterator[Finding]:
        return self._go_through("examine")

    def repair(self) -> Iterator[Finding]:
        return self._go_through("repair")

    def _go_through(self, script: str) -> Iterator[Finding]:
        """Look at types before all that relies on them, and at jobs before the lists of jobs."""
        collections: set[str] = set()
        for found, names in self._portions(script, "types"):
            yield from found
            collections.update(names)
        for found, _ in self._portions(script, "keys"):
            yield from found
        for name in sorted(collections):
            for found, _ in self._portions(script, "members", name):
                yield from found
        yield from self._batches.go_through(repair=script == "repair")
        yield from self._added.go_through(repair=script == "repair")

    def _portions(
        self, script: str, look: str, collection: str = ""
    ) -> Iterator[tuple[Iterable[Finding], Sequence[str]]]:
        cursor = "0"
        while True:
            cursor, flat, names = self._run(script, look, self._lease, cursor, PORTION, collection)
            yield _findings(flat), names
            if str(cursor) == "0":
                return


def _findings(flat: Sequence[Any]) -> Iterator[Finding]:
    columns = (flat[column::4] for column in range(4))
    for trouble, where, detail, repairable in zip(*columns, strict=True):
        yield Finding(
            trouble=Trouble(trouble), where=where, detail=detail, repairable=bool(repairable)
        )
