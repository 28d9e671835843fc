"""Tables of signals and of keys in Redis agree with the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

import pytest
from django.dispatch import Signal

from django_jobs import signals
from django_jobs.brokers.redis.key_types import KEY_TYPES
from django_jobs.jobs.records import State
from tests.support.paths import ROOT

API = (ROOT / "docs/reference/api.md").read_text()
ARCHITECTURE = (ROOT / "docs/explanation/architecture.md").read_text()
TYPES = {"hash": "hash", "list": "list", "set": "set", "sorted set": "zset"}
TYPES |= {"string": "string", "number": "string"}
NAMES = [name for name, value in vars(signals).items() if isinstance(value, Signal)]


def described_arguments() -> Mapping[str, set[str]]:
    """The arguments of each signal, by its text in the module."""
    tree = ast.parse((ROOT / "django_jobs/signals.py").read_text())
    found: dict[str, set[str]] = {}
    for statement, text in zip(tree.body, tree.body[1:], strict=False):
        match statement, text:
            case (
                ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(words))),
            ):
                arguments = words.partition("Arguments:")[2]
                found[name] = {one for one in re.findall(r"`(\w+)`", arguments) if one.islower()}
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_has_the_signal_with_its_arguments(name: str) -> None:
    row = re.search(rf"^\| `django_jobs\.signals\.{name}` .*$", API, re.MULTILINE)
    assert row, "add it to the table of signals in docs/reference/api.md"
    cell = row[0].split(" | ")[-1]
    described = described_arguments()[name] - {"task_finished"}
    assert set(re.findall(r"`(\w+)`", cell)) == described


def test_no_signal_of_the_reference_is_gone() -> None:
    assert set(re.findall(r"`django_jobs\.signals\.(\w+)`", API)) == set(NAMES)


def documented_keys() -> dict[str, str]:
    """The keys in the table of the architecture, as in `KEY_TYPES`."""
    table = ARCHITECTURE.partition("\n| key | type | |\n")[2].partition("\n\n")[0]
    found: dict[str, str] = {}
    for line in table.splitlines()[1:]:
        names, types = line.split(" | ")[:2]
        keys = [re.sub(r"[<*].*", "", key) for key in re.findall(r"`([^`]+)`", names)]
        kinds = [TYPES[kind] for kind in types.split(", ")]
        kinds += kinds[-1:] * (len(keys) - len(kinds))
        found |= dict(zip(keys, kinds, strict=True))
    return found


def test_the_architecture_has_every_key_with_its_type() -> None:
    # The page has one row for the index of each state.
    keys = {"s:" if key.startswith("s:") else key: kind for key, kind in KEY_TYPES.items()}
    assert documented_keys() == keys


def test_every_state_is_drawn_and_in_the_table() -> None:
    table = ARCHITECTURE.partition("\n| from | to | when |\n")[2].partition("\n\n")[0]
    drawn = re.findall(r'class="name"[^>]*>(\w+)<', (ROOT / "docs/images/states.svg").read_text())
    states = {state.value for state in State}
    assert set(drawn) == states
    assert {one for one in re.findall(r"`(\w+)`", table) if one in states} == states
