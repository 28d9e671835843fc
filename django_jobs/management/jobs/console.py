"""The output of a command, and its questions."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.management.base import CommandError, OutputWrapper

from .progress import Progress
from .table import Cell, table_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """The output streams of a command.

    Attributes:
        out: results.
        err: questions, warnings and progress bars.
        verbosity: 0 for results and errors only.
        json_indent: spaces per level of JSON; None for one line.
    """

    out: OutputWrapper
    err: OutputWrapper
    verbosity: int
    json_indent: int | None = 2

    def info(self, line: str) -> None:
        """Write what was done, unless the verbosity is 0."""
        if self.verbosity:
            self.out.write(line)

    def warn(self, line: str) -> None:
        """Write a warning, unless the verbosity is 0."""
        if self.verbosity:
            self.err.write(line, str)

    def show_json(self, value: Any) -> None:
        """Write a value as JSON."""
        self.out.write(json.dumps(value, indent=self.json_indent))

    def show_table(self, headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """Write a table."""
        for line in table_lines(headings, rows):
            self.out.write(line)

    def progress(self, total: int) -> Progress:
        """Return a progress bar, which is visible on terminals only."""
        return Progress(total, self.err, visible=self.verbosity > 0 and self.err.isatty())

    def confirm(self, question: str, *, interactive: bool) -> None:
        """Return only if the user confirms.

        Raises:
            CommandError: the user declines, or there is no terminal.
        """
        if not interactive:
            return
        if not sys.stdin.isatty():
            raise CommandError(
                f"{question} There is no terminal to ask at: confirm with --no-input."
            )
        self.err.write(f"{question} [y/N] ", str, ending="")
        self.err.flush()
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            raise CommandError("Nothing was changed.")
