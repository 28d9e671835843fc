"""Tests show each row of the page that compares what is promised of jobs that belong together."""

from __future__ import annotations

from tests.repository.shown_rows import ShownTables
from tests.support.paths import ROOT


def test_each_row_of_the_page_has_its_tests() -> None:
    ShownTables.read(ROOT / "docs" / "explanation" / "semantics.md", "semantics.yml").check()
