"""Counts again the nodes that others have added, as the doctor of Redis does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from django_jobs.brokers.doctor import Finding, Trouble

from .reading import number

PAGE = 1000
"""How many keys one call looks at."""


class Added(NamedTuple):
    """What is there of added nodes.

    Attributes:
        open, failed: for each node that has added some, how many of these are not over, and how
            many have failed.
        said: what it says of them: `<open>:<failed>`.
    """

    open: Counter[str]
    failed: Counter[str]
    said: Mapping[str, str]

    def wrong(self) -> Mapping[str, str]:
        """Return what those nodes say that are wrong."""
        return {one: said for one, said in self.said.items() if not self._is_right(one, said)}

    def _is_right(self, adder: str, said: str) -> bool:
        open_nodes, _, failed = said.partition(":")
        seen = number(failed)
        if seen is None or number(open_nodes) != self.open[adder]:
            return False
        return seen >= self.failed[adder]  # others that have failed may have been deleted


class AddedDoctor:
    """Compares what nodes say of the nodes that they have added with these.

    One whose counts change while its nodes are counted is left for the next time.

    Args:
        run: calls one of the broker's scripts.
    """

    def __init__(self, run: Callable[..., Any]) -> None:
        self._run = run

    def go_through(self, *, repair: bool) -> Iterator[Finding]:
        """Find, or mend, the counts that are off."""
        if not self._run("batch_counts", "workflows", 0, 1):
            return
        suspects = self._added().wrong()
        if not suspects:
            return
        found = self._added()
        for adder, said in found.wrong().items():
            right = found.open[adder], found.failed[adder]
            is_same = suspects.get(adder) == said
            if is_same and self._run("correct_added", adder, said, *right, int(repair)):
                instead = ":".join(map(str, right))
                detail = f"{said} open and failed nodes that it has added instead of {instead}"
                yield Finding(
                    trouble=Trouble.WRONG_COUNT, where=adder, detail=detail, repairable=True
                )

    def _added(self) -> Added:
        # As a scan of keys may name one twice.
        open_nodes: dict[str, str] = {}
        failed: dict[str, str] = {}
        said: dict[str, str] = {}
        cursor = "0"
        while True:
            cursor, flat_open, flat_failed, flat_said = self._run("added_nodes", cursor, PAGE)
            open_nodes |= _pairs(flat_open)
            failed |= _pairs(flat_failed)
            said |= _pairs(flat_said)
            if str(cursor) == "0":
                return Added(Counter(open_nodes.values()), Counter(failed.values()), said)


def _pairs(flat: list[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))
