"""Each Lua script carries the parts that it builds upon."""

from __future__ import annotations

import re

import pytest

from django_jobs.brokers.redis.scripts import FOLDER, with_parts

SCRIPTS = {
    path.name: path.read_text(encoding="utf-8")
    for path in FOLDER.iterdir()
    if path.name.endswith(".lua")
}
PARTS = {path.name: path.read_text(encoding="utf-8") for path in (FOLDER / "parts").iterdir()}
DEFINED = re.compile(r"^local function (\w+)|^local (\w+) =", re.MULTILINE)


def functions(text: str) -> set[str]:
    return {function or value for function, value in DEFINED.findall(text)}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_names_the_parts_whose_functions_it_calls(name: str) -> None:
    """Redis would tell of a missing one only when a call comes that far."""
    text = with_parts(SCRIPTS[name])
    called = set(re.findall(r"\b(\w+)\(", re.sub(r"--.*", "", text)))
    shared = set().union(*map(functions, PARTS.values()))
    assert called & shared - functions(text) == set()


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_part_stands_there_once(name: str) -> None:
    text = with_parts(SCRIPTS[name])
    assert [name for name, part in PARTS.items() if text.count(part) > 1] == []
