"""Counts the members of batches again, as the doctor of Redis does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from django_jobs.brokers.doctor import Finding, Trouble

from .reading import number

PAGE = 1000
"""How many batches, or keys, one call looks at."""


class Written(NamedTuple):
    """What a batch says of its open members.

    Attributes:
        counted: how often its counts have been written.
    """

    open: int
    counted: str


class BatchDoctor:
    """Compares what batches count with the members that are there.

    A batch whose counts change while its members are counted is left for the next time.

    Args:
        run: calls one of the broker's scripts.
    """

    def __init__(self, run: Callable[..., Any]) -> None:
        self._run = run

    def go_through(self, *, repair: bool) -> Iterator[Finding]:
        """Find, or mend, the counts that are off."""
        written = self._written()
        if not written:
            return
        suspects = self._differing(written, Counter(batch for _, batch in self._unfinished()))
        if not suspects:
            return
        # Once more, as a scan of keys may name one twice.
        members = {pair for pair in self._unfinished() if pair[1] in suspects}
        counts = Counter(batch for _, batch in members)
        for batch, said in self._differing(suspects, counts).items():
            found = counts[batch]
            if self._run("correct_batch", batch, said.counted, found, int(repair)):
                detail = f"{said.open} open members instead of {found}"
                yield Finding(
                    trouble=Trouble.WRONG_COUNT, where=batch, detail=detail, repairable=True
                )

    @staticmethod
    def _differing(written: Mapping[str, Written], counts: Counter[str]) -> dict[str, Written]:
        return {batch: said for batch, said in written.items() if said.open != counts[batch]}

    def _written(self) -> dict[str, Written]:
        return dict(chain(self._listed("batches"), self._listed("workflows")))

    def _listed(self, kind: str) -> Iterator[tuple[str, Written]]:
        offset = 0
        while flat := self._run("batch_counts", kind, offset, PAGE):
            for batch, said, counted in zip(flat[::3], flat[1::3], flat[2::3], strict=True):
                yield batch, Written(number(said) or 0, counted)
            offset += PAGE

    def _unfinished(self) -> Iterator[tuple[str, str]]:
        """Yield the members that have not ended, with their batches."""
        cursor = "0"
        while True:
            cursor, flat = self._run("unfinished_members", cursor, PAGE)
            yield from zip(flat[::2], flat[1::2], strict=True)
            if str(cursor) == "0":
                return
