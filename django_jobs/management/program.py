"""Commands that know whether the process is there for them alone."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand


class ProgramCommand(BaseCommand):
    """A command that may do more to its process when nothing else runs there.

    Attributes:
        is_program: whether it was given on the command line, not by `call_command`.
    """

    is_program = False

    def run_from_argv(self, argv: list[str]) -> Any:
        self.is_program = True
        return super().run_from_argv(argv)
