"""What the tests of the commands share: how one is called, and what it wrote."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Process = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Answer:
    """What a command has written."""

    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def rows(self) -> list[list[str]]:
        """The cells of a table, which are two blanks apart."""
        lines = self.out.split("\n\n", maxsplit=1)[0].splitlines()
        return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


Jobs = Callable[..., Answer]
