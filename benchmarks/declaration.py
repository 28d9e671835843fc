"""Reads the declaration at the head of a system's file, without running the file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "systems"
HEAD = re.compile(r"^# /// script\n((?:#(?: .*)?\n)+?)# ///$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class System:
    """A system, as declared at the head of its file in `systems/`."""

    name: str
    path: Path
    title: str
    """Its name in the tables."""
    configuration: str
    """Its configuration, the fastest one suitable for production, in one sentence."""
    loses: str
    """What this configuration gives up, in one sentence."""
    measures: tuple[str, ...]
    """The measures that it supports, as named in `benchmarks/measures`."""
    worker: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The command of its worker for each measure, and `default` for the others."""
    dependencies: tuple[str, ...] = ()
    """Its packages from PyPI."""
    packages: tuple[str, ...] = ()
    """Its packages from Debian."""
    coroutines_only: bool = False
    """Whether it supports only coroutines; its `drain` then runs coroutines."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables for its producers and workers."""

    def worker_command(self, measure: str) -> tuple[str, ...]:
        """Return the command of the worker for a measure."""
        return self.worker.get(measure, self.worker["default"])


def read(path: Path) -> System:
    """Return the declaration of a system.

    Raises:
        ValueError: it has no head, or one that says too little; the message names the file.
    """
    match = HEAD.search(path.read_text(encoding="utf-8"))
    if match is None:
        raise ValueError(f"{path}: there is no '# /// script' block.")
    head = tomllib.loads("\n".join(line[2:] for line in match[1].splitlines()))
    try:
        return _system(path, head)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path}: the head lacks or misspells {error}.") from error


def read_all(folder: Path = FOLDER) -> dict[str, System]:
    """Return all systems by name."""
    paths = sorted(path for path in folder.iterdir() if path.suffix in {".py", ".rb"})
    return {path.stem: read(path) for path in paths if path.stem != "__init__"}


def _system(path: Path, head: Mapping[str, Any]) -> System:
    declared = dict(head["tool"]["bench"])
    for key in ("measures", "packages"):
        declared[key] = tuple(declared.get(key, ()))
    commands = declared.get("worker", {})
    declared["worker"] = {name: tuple(words) for name, words in commands.items()}
    dependencies = tuple(head.get("dependencies", ()))
    return System(name=path.stem, path=path, dependencies=dependencies, **declared)
