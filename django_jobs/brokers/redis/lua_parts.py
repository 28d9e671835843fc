"""Puts each Lua script together with the parts that it names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from .lua_constants import COMMENT

FOLDER = files(__package__) / "scripts"

PARTS = re.compile(r"^-- Parts: (.+)\.$", re.MULTILINE)
"""The line in which a script, or a part, names the parts that it builds upon."""

ENTERED_BY = re.compile(r"^-- Entered by: (\w+)\.$", re.MULTILINE)
"""The line in which a part names the function that creates its own: few calls need them."""

BLOCK_FUNCTION = re.compile(r"^local function (enter_\d+)\(\)$", re.MULTILINE)
"""The beginning of a block that is a function."""

FUNCTION = re.compile(r"^local function (\w+)\(.*?^end$\n", re.MULTILINE | re.DOTALL)
"""A function at the top level of a script or a part."""

LOCAL = re.compile(r"^local (?:(function \w+)|(\w+(?:, \w+)*)( =)?)", re.MULTILINE)
"""What begins a function, or variables with or without values, at the top level of a part."""

WORD = re.compile(r"\w+")


@cache
def source(name: str) -> str:
    """Return the text of one script file."""
    return (FOLDER / f"{name}.lua").read_text(encoding="utf-8")


@cache
def with_parts(text: str) -> str:
    """Return the text of a script behind the parts that it names: each once, what it needs first.

    Redis creates all functions again in each call, which takes longer than the work of a small
    script. So a script gets no others than those that it uses, and those of parts with an entrance
    are created when it is called. All of it stands in a function, which hands the variables before
    it on: of its own block, Lua looks for each one that a function uses among all that others use.
    """
    texts: list[str] = []

    def add(text: str) -> None:
        named = PARTS.search(text)
        for name in named[1].split(", ") if named else ():
            add(source(f"parts/{name}"))
        if text not in texts:
            texts.append(text)

    add(text)
    body = "".join(_in_blocks(_without_unused(texts)))
    return f"return (function()\n{body}\nend)()"


def _without_unused(texts: list[str]) -> list[str]:
    """Return texts without the functions whose names do not follow their ends."""
    words: set[str] = set()

    def used(text: str) -> Iterator[str]:
        end = len(text)
        for found in reversed(list(FUNCTION.finditer(text))):
            yield text[found.end() : end]
            words.update(_words(text[found.end() : end]))
            if found[1] in words:
                yield found[0]
                words.update(_words(found[0]))
            end = found.start()
        yield text[:end]
        words.update(_words(text[:end]))

    kept = ["".join(reversed(list(used(text)))) for text in reversed(texts)]
    return kept[::-1]


def _in_blocks(texts: list[str]) -> list[str]:
    """Put each part into a block, which keeps to itself what nothing after it uses.

    Lua allows no more than 200 local variables in one block. The blocks of parts with an entrance
    are functions, which it calls, if anything calls the entrance.
    """
    *parts, script = texts
    later = _words(script)
    blocks = [script]
    for number, part in reversed(list(enumerate(parts))):
        entrance = _entrance(part)
        is_entered = entrance in later
        blocks.append(_block(part, later, f"function enter_{number}()" if is_entered else "do"))
        later |= _words(COMMENT.sub("", part))
    blocks.reverse()
    return _with_entrances(blocks)


def _with_entrances(blocks: list[str]) -> list[str]:
    """Declare each entrance before its first block, and define it behind its last one."""
    entered: dict[str, list[int]] = {}
    for index, block in enumerate(blocks):
        if BLOCK_FUNCTION.search(block):
            entered.setdefault(_entrance(block), []).append(index)
    for entrance, indexes in entered.items():
        names = [found[1] for i in indexes if (found := BLOCK_FUNCTION.search(blocks[i]))]
        calls = "".join(f"  {name}()\n" for name in names)
        again = f"  {entrance} = function() end\n"
        blocks[indexes[0]] = f"local {entrance}\n{blocks[indexes[0]]}"
        blocks[indexes[-1]] += f"function {entrance}()\n{again}{calls}end\n"
    return blocks


def _entrance(text: str) -> str:
    """Return the name of the function that a part is entered by, or ""."""
    found = ENTERED_BY.search(text)
    return found[1] if found else ""


def _block(part: str, later: set[str], beginning: str) -> str:
    shared: list[str] = []

    def publish(found: re.Match[str]) -> str:
        function, names, has_values = found.groups()
        defined = [function.split()[1]] if function else names.split(", ")
        if later.isdisjoint(defined):
            return found[0]
        shared.extend(defined)
        if function:
            return function
        return f"{names} =" if has_values else ""

    block = LOCAL.sub(publish, part)
    declaration = f"local {', '.join(shared)}\n" if shared else ""
    local = "" if beginning == "do" else "local "
    return f"{declaration}{local}{beginning}\n{block}end\n"


def _words(text: str) -> set[str]:
    return set(WORD.findall(COMMENT.sub("", text)))
