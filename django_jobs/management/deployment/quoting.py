"""Quote values for the files that they stand in."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable

PLAIN = re.compile(r"[\w@:,./=+-]+", re.ASCII)
"""Words that systemd takes as they are."""


def systemd_word(text: str) -> str:
    """Return a word of a list or a command line in a unit."""
    if PLAIN.fullmatch(text):
        return text
    for special, escaped in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        text = text.replace(special, escaped)
    return f'"{text}"'


def systemd_command(words: Iterable[str]) -> str:
    """Return a command line of a unit.

    systemd replaces variables in the arguments only, so a `$` in the program's path stays single.
    """
    program, *arguments = words
    return " ".join((systemd_word(program).replace("$$", "$"), *map(systemd_word, arguments)))


def systemd_text(text: str) -> str:
    """Return a value that is the rest of its line in a unit, such as one path."""
    return text.replace("%", "%%")


def systemd_glob(text: str) -> str:
    """Return the path of one file for a line of a unit in which systemd expects a pattern."""
    return systemd_text(re.sub(r"([\\*?\[])", r"\\\1", text))


def shell_command(words: Iterable[str]) -> str:
    """Return a command line of a shell."""
    return " ".join(map(shlex.quote, words))


def yaml_text(text: str) -> str:
    """Return a text in YAML, of which JSON is a part."""
    return json.dumps(text, ensure_ascii=False)


def yaml_command(words: Iterable[str]) -> str:
    """Return a list of words in YAML."""
    return json.dumps(list(words), ensure_ascii=False)


def compose_escaped(text: str) -> str:
    """Return a text in which Compose finds no variables."""
    return text.replace("$", "$$")


def kubernetes_escaped(text: str) -> str:
    """Return a word of a command in which Kubernetes finds no variables."""
    return text.replace("$(", "$$(")
