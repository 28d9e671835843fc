"""Tests show each row of the page for people who come from Sidekiq, and its commands exist."""

from __future__ import annotations

import ast
import re
import shlex
from functools import cache
from pathlib import Path

import pytest
import yaml
from django.core.management import load_command_class

from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "howto" / "sidekiq.md"
TESTS: dict[str, dict[str, list[str]]] = yaml.safe_load(
    Path(__file__).with_name("sidekiq.yml").read_text()
)
FIRST_CELL = re.compile(r"^\| (.+?) \| .+ \|$", re.MULTILINE)
COMMAND = re.compile(r"`manage\.py ((?:runworker|jobs)[^`]*)`")


def rows() -> dict[str, list[str]]:
    """What the guides do, by the sections of the page."""
    sections = [part.partition("\n") for part in PAGE.read_text().split("\n## ")[1:]]
    return {title: FIRST_CELL.findall(text)[1:] for title, _, text in sections}


@cache
def functions_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_each_row_of_the_page_has_its_tests() -> None:
    assert {section: list(shown) for section, shown in TESTS.items()} == rows()
    assert all(names for shown in TESTS.values() for names in shown.values())


@pytest.mark.parametrize("section", TESTS)
def test_these_tests_exist(section: str) -> None:
    named = [test.split("::") for names in TESTS[section].values() for test in names]
    assert [test for test in named if test[1] not in functions_in(test[0])] == []


def test_the_commands_of_the_page_exist() -> None:
    commands = COMMAND.findall(PAGE.read_text())
    assert len(commands) > 5
    for command in commands:
        name, *arguments = shlex.split(command)
        parser = load_command_class("django_jobs", name).create_parser("manage.py", name)
        parser.parse_args(arguments)
