"""The order in which the processes of a run take the tests: the long ones first."""

from __future__ import annotations

from collections.abc import Sequence

import pytest


def long_first(tests: Sequence[pytest.Item], processes: int) -> list[pytest.Item]:
    """Let each process begin with its share of the tests that are marked as long.

    A long test that begins last would keep one process busy while the others have nothing to do.

    Args:
        processes: of xdist, which gives them consecutive parts of the same length.
    """
    long = [test for test in tests if test.get_closest_marker("long")]
    others = iter([test for test in tests if not test.get_closest_marker("long")])
    order: list[pytest.Item] = []
    for number in range(processes):
        end = len(tests) * (number + 1) // processes
        order += long[number::processes]
        order += [test for _, test in zip(range(end - len(order)), others, strict=False)]
    return [*order, *others]
