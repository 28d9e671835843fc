"""No thread of the package waits longer than it should: every wait is capped in one place."""

from __future__ import annotations

import ast
import math
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from django_jobs import waits
from django_jobs.waits import capped, wait_out
from tests.support.sources import MODULES

WAITS = {"wait", "wait_for", "join", "sleep", "select", "settimeout"}
CAPPED = {"self", "self.wait", "self._marks", "wakeup", "asyncio"}
"""Receivers of `wait` that need no cap: our own classes with such a method, and event loops."""

YEARS_300 = 300 * 365 * 86_400.0


@pytest.mark.parametrize("seconds", [None, 10.5, YEARS_300, 1e300, math.inf, math.nan])
def test_a_long_wait_is_capped(seconds: float | None) -> None:
    assert capped(seconds) == waits.LONGEST


@pytest.mark.parametrize(("seconds", "expected"), [(3, 3), (0, 0), (-1, 0), (-math.inf, 0)])
def test_a_short_wait_stays_as_it_is(seconds: float, expected: float) -> None:
    assert capped(seconds) == expected


@pytest.mark.parametrize("seconds", [None, YEARS_300, math.inf])
def test_a_long_wait_goes_on_until_what_it_waits_for_comes(
    seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waits, "LONGEST", 0.001)
    looks: list[float] = []

    def wait(timeout: float) -> bool:
        looks.append(timeout)
        return len(looks) == 20

    assert wait_out(wait, seconds)
    assert looks == [0.001] * 20


@pytest.mark.parametrize("seconds", [-1, 0, 0.01, math.nan])
def test_a_wait_for_what_never_comes_ends(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waits, "LONGEST", 0.001)
    condition = threading.Condition()

    assert not wait_out(threading.Event().wait, seconds)
    with condition:
        assert not wait_out(partial(condition.wait_for, lambda: False), seconds)


# --- the rule for the whole package ------------------------------------------------------------


def is_wait(call: ast.Call) -> bool:
    """Tell whether a call looks like a wait; `", ".join(…)` is none."""
    function = call.func
    if isinstance(function, ast.Attribute):
        is_text = isinstance(function.value, ast.Constant | ast.JoinedStr)
        owner = ast.unparse(function.value)
        return function.attr in WAITS and not (is_text or owner.isupper() or owner in CAPPED)
    return isinstance(function, ast.Name) and function.id in WAITS


def is_bounded(argument: ast.expr) -> bool:
    """Tell whether an argument is a capped wait, or a constant such as `PAUSE`."""
    match argument:
        case ast.Call(func=ast.Name(id="capped")):
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.isupper()
    return False


def uncapped(source: str) -> Iterator[int]:
    """Yield the lines of waits whose length nothing bounds."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and is_wait(node):
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if not any(map(is_bounded, given)):
                yield node.lineno


def test_every_wait_of_the_package_is_capped() -> None:
    own = str(waits.__name__).replace(".", "/") + ".py"
    found = [
        f"{name}:{line}"
        for name, source in MODULES.items()
        if name.startswith("django_jobs/") and name != own
        for line in uncapped(source)
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    ["event.wait()", "event.wait(pause)", "thread.join()", "time.sleep(pause)", "sleep(pause)"],
)
def test_the_rule_finds_a_wait_without_a_bound(line: str) -> None:
    assert [*uncapped(line)] == [1]
