"""The code keeps the measures that make it easy to read."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.support.sources import MODULES

LONGEST_MODULE = 300
LONGEST_FUNCTION = 40


def functions(source: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function's body; what its docstring explains is not code."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def summary(source: str) -> str:
    """The first line of a module's docstring."""
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def test_modules_stay_short() -> None:
    lines = {name: len(source.splitlines()) for name, source in MODULES.items()}
    assert {name: count for name, count in lines.items() if count > LONGEST_MODULE} == {}


def test_functions_stay_short() -> None:
    lines = {
        f"{name}:{function.name}": length(function)
        for name, source in MODULES.items()
        for function in functions(source)
    }
    assert {name: count for name, count in lines.items() if count > LONGEST_FUNCTION} == {}


def test_each_module_opens_with_a_sentence_on_its_duty() -> None:
    assert [name for name, source in MODULES.items() if not summary(source).endswith(".")] == []
