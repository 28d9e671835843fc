"""Each Lua script carries the parts and the constants that it uses."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from django_jobs.brokers.redis.lua_constants import CONSTANTS, literal, with_constants
from django_jobs.brokers.redis.lua_parts import FOLDER, source, with_parts

SCRIPTS = {
    path.name: path.read_text(encoding="utf-8")
    for path in FOLDER.iterdir()
    if path.name.endswith(".lua")
}
PARTS = {path.name: path.read_text(encoding="utf-8") for path in (FOLDER / "parts").iterdir()}
COMMANDS = {"HLEN", "LLEN", "SCARD", "ZCARD"}
"""Keys of a table in `expect.lua`."""
CAPITALS = re.compile(r"\b[A-Z][A-Z_]+\b")
TEXT = re.compile(r"--.*|'[^']*'|\"[^\"]*\"")
DEFINED = re.compile(r"^(?:local )?function (\w+)|^(?:local )?(\w+) =", re.MULTILINE)
BROUGHT_IN = re.compile(
    r"\blocal (?!function)([\w, ]+)|\bfunction\b *([\w.]*)\(([^)]*)\)"
    r"|\bfor ([\w, ]+?) (?:in\b|=)|[{,]\s*(\w+) ="
)
"""Where names stand for the first time, and the fields of tables."""
USED = re.compile(r"(?<![\w.:])[A-Za-z_]\w*")
OF_LUA = frozenset(
    re.findall(
        r"\w+",
        "and break do else elseif end false for function if in local nil not or repeat return then"
        " true until while error ipairs next pairs pcall select tonumber tostring type unpack"
        " cjson math redis string table ARGV KEYS",
    )
)
"""Words of Lua, and what Redis defines."""


def whole(name: str) -> str:
    """Return the text of a script as Redis gets it."""
    return with_constants(source("clock") + source("common") + with_parts(SCRIPTS[name]))


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
def test_each_name_is_defined_somewhere(name: str) -> None:
    """Also variables and what scripts define themselves, wherever in the script that is."""
    text = TEXT.sub("", whole(name))
    found = "".join(", ".join(groups) + ", " for groups in BROUGHT_IN.findall(text))
    assert set(USED.findall(text)) - set(re.findall(r"\w+", found)) - OF_LUA == set()


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_part_stands_there_once(name: str) -> None:
    text = with_parts(SCRIPTS[name])
    first_lines = [part.splitlines()[0] for part in PARTS.values()]
    assert [line for line in first_lines if text.count(line) > 1] == []


def test_a_part_keeps_to_itself_what_the_others_do_not_use() -> None:
    text = with_parts("-- Parts: places.\nmark('default')\n")
    assert "local mark\ndo\n" in text
    assert "\nfunction mark(" in text


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_two_parts_of_a_script_share_a_name(name: str) -> None:
    """What a later part calls would be the other one's."""
    lines = re.findall(
        r"^local ([\w, ]+)\n(?=do$|local function enter_)", with_parts(SCRIPTS[name]), re.MULTILINE
    )
    names = Counter(one for line in lines for one in line.split(", "))
    assert [one for one, number in names.items() if number > 1] == []


def test_parts_with_an_entrance_are_created_when_that_is_called() -> None:
    text = with_parts("-- Parts: flight.\nlet_go('value')\n")
    names = re.findall(r"^local function (enter_\d+)\(\)$", text, re.MULTILINE)
    calls = "".join(f"  {name}()\n" for name in names)
    assert names
    assert f"function enter_limits()\n  enter_limits = function() end\n{calls}end\n" in text
    assert text.index("\nlocal enter_limits\n") < text.index(names[0])


def test_a_script_that_does_not_call_an_entrance_has_the_parts_behind_it_at_once() -> None:
    assert "function enter_" not in with_parts("-- Parts: waiters.\nlook_at({})\n")


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_defines_the_lists_that_it_uses_and_no_others(name: str) -> None:
    text = with_parts(SCRIPTS[name])
    own = set(re.findall(r"^\s*(?:local )?([A-Z_]+) =", text, re.MULTILINE))
    whole = with_constants(text)
    used = set(CAPITALS.findall(TEXT.sub("", whole))) - {"ARGV", "KEYS", *COMMANDS}
    defined = set(re.findall(r"^local ([A-Z_]+) =", whole, re.MULTILINE))
    assert defined & CONSTANTS.keys() == used - own


def test_numbers_and_texts_stand_where_they_are_used() -> None:
    text = with_constants("return { MAX_CRASHES, WORKER_LOST } -- MAX_CRASHES\n")
    assert text == 'return { 3, "django_jobs.errors.WorkerLost" } -- 3\n'


@pytest.mark.parametrize("path", [*SCRIPTS, *PARTS])
def test_no_script_defines_a_constant_again(path: str) -> None:
    text = SCRIPTS.get(path) or PARTS[path]
    assert set(re.findall(r"\blocal ([A-Z_]+) =", text)) & CONSTANTS.keys() == set()


def test_a_constant_that_lua_has_no_word_for_is_refused() -> None:
    with pytest.raises(TypeError, match="Lua"):
        literal(1.5)
