"""Where a command writes, and how it asks."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.management.base import CommandError, OutputWrapper

from .progress import Progress
from .table import Cell, table


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """The two streams of a command.

    Attributes:
        out: for answers.
        err: for all that is not an answer.
        verbosity: 0 for answers and errors only.
    """

    out: OutputWrapper
    err: OutputWrapper
    verbosity: int

    def say(self, line: str) -> None:
        """Say what was done."""
        if self.verbosity:
            self.out.write(line)

    def note(self, line: str) -> None:
        """Say something beside the answer."""
        if self.verbosity:
            self.err.write(line, str)

    def show_json(self, value: Any) -> None:
        """Answer with JSON."""
        self.out.write(json.dumps(value, indent=2))

    def show_table(self, headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """Answer with a table."""
        for line in table(headings, rows):
            self.out.write(line)

    def progress(self, total: int) -> Progress:
        """Return a bar for something that takes a while; it is seen on terminals only."""
        return Progress(total, self.err, visible=self.verbosity > 0 and self.err.isatty())

    def confirm(self, question: str, *, interactive: bool) -> None:
        """Go on only if the person at the terminal says yes.

        Raises:
            CommandError: they do not, or there is nobody.
        """
        if not interactive:
            return
        if not sys.stdin.isatty():
            raise CommandError(f"{question} There is nobody to ask: say yes with --no-input.")
        self.err.write(f"{question} [y/N] ", str, ending="")
        self.err.flush()
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            raise CommandError("Nothing was changed.")
