"""The comparison with other job queues has a dated source for all that it says of them."""

from __future__ import annotations

import re

import pytest

from tests.support.paths import ROOT

PAGE = (ROOT / "docs/explanation/choosing.md").read_text()
ROWS = [
    line
    for line in PAGE.partition("\n## The interface\n")[2].splitlines()
    if line.startswith("| ") and line != "| | |"
]
OURS = "| django_jobs |"
NOTE = re.compile(r"^\[\^([\w-]+)\]: (.+)$", re.MULTILINE)
NOTES = dict(NOTE.findall(PAGE))


@pytest.mark.parametrize("row", [row for row in ROWS if not row.startswith(OURS)])
def test_what_is_said_of_another_system_has_a_source(row: str) -> None:
    assert re.search(r"\[\^[\w-]+\]", row) or row.endswith("| not found |")


@pytest.mark.parametrize("name", NOTES)
def test_a_source_has_an_address_and_the_day_on_which_it_was_read(name: str) -> None:
    assert re.fullmatch(r"\[.+\]\(https://\S+\).*, read 20\d\d-\d\d-\d\d\.", NOTES[name])


def test_every_source_is_used_and_every_reference_has_a_source() -> None:
    text = NOTE.sub("", PAGE)
    assert set(re.findall(r"\[\^([\w-]+)\]", text)) == set(NOTES)
