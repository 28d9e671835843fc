"""Tables of the documentation of which tests show each row, as a file names them."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from tests.support.paths import ROOT

FIRST_CELL = re.compile(r"^\| (.+?) \| .+ \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ShownTables:
    """The tables of a page, one in each section, and the tests that show their rows.

    Attributes:
        tests: by the section, by the first cell of the row.
    """

    page: Path
    tests: dict[str, dict[str, list[str]]]

    @classmethod
    def read(cls, page: Path, tests: str) -> ShownTables:
        """Read a page, and the file next to this module that names the tests."""
        return cls(page, yaml.safe_load(Path(__file__).with_name(tests).read_text()))

    def rows(self) -> dict[str, list[str]]:
        """Return the first cells of all rows by the sections of the page."""
        sections = [part.partition("\n") for part in self.page.read_text().split("\n## ")[1:]]
        rows = {title: FIRST_CELL.findall(text)[1:] for title, _, text in sections}
        return {title: cells for title, cells in rows.items() if cells}

    def check(self) -> None:
        """Check that tests are named for each row, and for no other, and that these exist."""
        assert {section: list(shown) for section, shown in self.tests.items()} == self.rows()
        shown = [names for section in self.tests.values() for names in section.values()]
        assert all(shown)
        named = [test.split("::") for names in shown for test in names]
        assert [test for test in named if test[1] not in _functions_in(test[0])] == []


@cache
def _functions_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))
