"""The results of one run, as a file."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.declaration import System
from benchmarks.environment import program, python
from benchmarks.numbers import numbers, pooled
from benchmarks.stage import Figures

VERSIONS = """
import sys
from importlib.metadata import PackageNotFoundError, version
for name in sys.argv[1:]:
    try:
        print(name, version(name))
    except PackageNotFoundError:
        pass
"""

FOLDER = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Run:
    """The results of one run."""

    began: str
    """The time of the run, in UTC."""
    machine: dict[str, str]
    """Cores and versions."""
    systems: dict[str, dict[str, str]]
    """Title, versions, configuration and losses of each system."""
    figures: dict[str, dict[str, list[Figures]]] = field(default_factory=dict)
    """The results of each round, by system and measure."""

    @classmethod
    def begin(cls, systems: Iterable[System]) -> Run:
        """Return a run without results."""
        about = {system.name: _about(system) for system in systems}
        return cls(datetime.now(UTC).isoformat(timespec="seconds"), _machine(), about)

    @classmethod
    def read(cls, path: Path) -> Run:
        """Return a stored run."""
        return cls(**json.loads(path.read_text()))

    def add(self, system: str, measure: str, figures: Figures) -> None:
        """Add the result of one round."""
        self.figures.setdefault(system, {}).setdefault(measure, []).append(figures)

    def save(self, folder: Path = FOLDER) -> Path:
        """Store this run in a file named after its time."""
        folder.mkdir(parents=True, exist_ok=True)
        moment = datetime.fromisoformat(self.began)
        path = folder / f"{moment:%Y-%m-%d-%H%M}.json"
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")
        return path

    def number(self, system: str, measure: str, name: str) -> float | None:
        """Return one number over all rounds; None if there is none."""
        together = pooled(self.figures.get(system, {}).get(measure, []))
        return numbers(together).get(name)

    def each(self, system: str, measure: str, name: str) -> list[float]:
        """Return one number of each round."""
        rounds = self.figures.get(system, {}).get(measure, [])
        found = [numbers(figures).get(name) for figures in rounds]
        return [number for number in found if number is not None]


def read_all(folder: Path = FOLDER) -> list[Run]:
    """Return all stored runs, oldest first."""
    return [Run.read(path) for path in sorted(folder.glob("*.json"))]


def _about(system: System) -> dict[str, str]:
    return {
        "title": system.title,
        "versions": ", ".join((*_distributions(system), *map(_package, system.packages))),
        "configuration": system.configuration,
        "loses": system.loses,
    }


def _distributions(system: System) -> list[str]:
    """Return the dependencies of a system that are installed; some are for other Pythons."""
    names = {re.split(r"[^\w.-]", each, maxsplit=1)[0]: None for each in system.dependencies}
    if not names:
        return []
    return _answer(program(system, "python"), "-c", VERSIONS, *names).splitlines()


def _package(name: str) -> str:
    version = _answer("dpkg-query", "--show", "--showformat=${Version}", name)
    return f"{name} {version}"


def _machine() -> dict[str, str]:
    return {
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} on {platform.machine()}",
        "python": _answer(python(), "-c", "import platform; print(platform.python_version())"),
        "redis": _answer("redis-server", "--version").partition("v=")[2].partition(" ")[0],
    }


def _answer(*command: str) -> str:
    return subprocess.check_output(command, text=True).strip()
