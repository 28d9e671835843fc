"""Builds the distribution, and runs programs as if no test had started them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.support.paths import ROOT
from tests.support.processes import output_of

BIN = Path(sys.prefix) / "bin"
OURS = ("COVERAGE", "DJANGO_", "JOB_", "PYTEST_", "PYTHONPATH", "REDIS_", "VIRTUAL_ENV")


def outside(programs: Path = BIN) -> dict[str, str]:
    """Return the environment of a person whose shell finds the programs of a folder first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return kept | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a program to its end, which has to be a success; return what it printed."""
    return output_of(command, cwd, outside())


def build(kind: str, directory: Path, sources: Path = ROOT) -> Path:
    """Build the distribution of some sources: its "wheel" or its "sdist"."""
    program = f"import sys, uv_build; uv_build.build_{kind}(sys.argv[1])"
    run(sys.executable, "-c", program, directory, cwd=sources)
    (built,) = directory.iterdir()
    return built
