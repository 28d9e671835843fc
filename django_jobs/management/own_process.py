"""Commands that know whether they own their process."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand


class OwnProcessCommand(BaseCommand):
    """A command that configures its process only if nothing else runs there.

    Attributes:
        owns_process: whether it was run from the command line, not by `call_command`.
    """

    owns_process = False

    def run_from_argv(self, argv: list[str]) -> Any:
        self.owns_process = True
        return super().run_from_argv(argv)
