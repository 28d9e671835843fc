"""Ids and names that nothing can have: programs get such arguments from names of files."""

from __future__ import annotations

import pytest
from django.core.management.base import CommandError

from tests.apps.command_site import tasks
from tests.integration.commands.helpers import Jobs

pytestmark = pytest.mark.usefixtures("backend")

NAMES = ["\udcff", "\ud800", "a\x00b", "x" * 100_000, "a\nb"]

REFUSING = [
    *(["show"], ["retry"], ["cancel"], ["delete"], ["pause"], ["resume"]),
    *(["clear", "--no-input"], ["batches"], ["batches", "--cancel"], ["batches", "--retry-dead"]),
    *(["workflows"], ["limits"], ["limits", "--pause"], ["list", "--queue"], ["stop"], ["quiet"]),
    ["move", "--all", "--to-queue", "low", "--no-input", "--queue"],
]
FINDING_NOTHING = [["list", option] for option in ("--task", "--error", "--text", "--batch")]


@pytest.mark.parametrize("command", REFUSING, ids=" ".join)
def test_commands_say_that_there_is_no_such_thing(jobs: Jobs, command: list[str]) -> None:
    tasks.greet.enqueue()
    name, *options = command
    for given in NAMES:
        with pytest.raises(CommandError):
            jobs(name, *options, given)


@pytest.mark.parametrize("command", FINDING_NOTHING, ids=" ".join)
def test_filters_find_nothing(jobs: Jobs, command: list[str]) -> None:
    tasks.greet.enqueue()
    for given in NAMES:
        assert jobs(*command, given).out == "No jobs match.\n"
        assert jobs(*command, given, "--json").json == []
