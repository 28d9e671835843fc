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

FUNCTION = re.compile(r"^local function (\w+)\(.*?^end$\n", re.MULTILINE | re.DOTALL)
"""A function at the top level of a script or a part."""

LOCAL = re.compile(r"^local (?:(function \w+)|(\w+(?:, \w+)*)( =)?)", re.MULTILINE)
"""What begins a function, or variables with or without values, at the top level of a part."""

WORD = re.compile(r"\w+")


@cache
def source(name: str) -> str:
    """Return the text of one script file."""
    return (FOLDER / f"{name}.lua").read_text(encoding="utf-8")


def with_parts(text: str) -> str:
    """Return the text of a script behind the parts that it names: each once, what it needs first.

    Redis creates all functions again in each call, which takes longer than the work of a small
    script. So a script gets no others than those that it uses.
    """
    texts: list[str] = []

    def add(text: str) -> None:
        named = PARTS.search(text)
        for name in named[1].split(", ") if named else ():
            add(source(f"parts/{name}"))
        if text not in texts:
            texts.append(text)

    add(text)
    return "".join(_in_blocks(_without_unused(texts)))


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

    Lua allows no more than 200 local variables in one block.
    """
    *parts, script = texts
    later = _words(script)
    blocks = [script]
    for part in reversed(parts):
        blocks.append(_block(part, later))
        later |= _words(part)
    return blocks[::-1]


def _block(part: str, later: set[str]) -> str:
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
    return f"local {', '.join(shared)}\ndo\n{block}end\n" if shared else f"do\n{block}end\n"


def _words(text: str) -> set[str]:
    return set(WORD.findall(COMMENT.sub("", text)))
