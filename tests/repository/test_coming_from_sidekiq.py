"""Tests show each row of the page for people who come from Sidekiq, and its commands exist."""

from __future__ import annotations

import re
import shlex

from django.core.management import load_command_class

from tests.repository.shown_rows import ShownTables
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "howto" / "sidekiq.md"
COMMAND = re.compile(r"`manage\.py ((?:runworker|jobs)[^`]*)`")


def test_each_row_of_the_page_has_its_tests() -> None:
    ShownTables.read(PAGE, "sidekiq.yml").check()


def test_the_commands_of_the_page_exist() -> None:
    commands = COMMAND.findall(PAGE.read_text())
    assert len(commands) > 5
    for command in commands:
        name, *arguments = shlex.split(command)
        parser = load_command_class("django_jobs", name).create_parser("manage.py", name)
        parser.parse_args(arguments)
