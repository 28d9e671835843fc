"""The code keeps its limits of size and its rules for names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.paths import ROOT
from tests.support.sources import MODULES

PACKAGE = ROOT / "django_jobs"
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
    scripts = {str(path.relative_to(ROOT)): path.read_text() for path in PACKAGE.rglob("*.lua")}
    lines = {name: len(source.splitlines()) for name, source in (MODULES | scripts).items()}
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


def test_nine_modules_are_at_the_root() -> None:
    found = {path.stem for path in PACKAGE.glob("*.py")}

    assert found == {
        *("__init__", "apps", "asgi", "compat"),
        *("clock", "errors", "signals", "suggest", "waits"),
    }


def test_no_package_exports_a_function_with_the_name_of_one_of_its_modules() -> None:
    """`import package.name` would lead to the module, and `package.name` to the function."""
    hidden = {
        f"{init.parent.relative_to(ROOT)}: {name}"
        for init in PACKAGE.rglob("__init__.py")
        for name in exported(init) & modules_in(init.parent)
    }

    assert hidden == set()


def test_no_function_or_class_has_the_name_of_a_module_in_its_folder() -> None:
    clashes = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in PACKAGE.rglob("*.py")
        for name in defined(path.read_text()) & modules_in(path.parent)
    }

    assert clashes == set()


def modules_in(folder: Path) -> set[str]:
    """The names of the modules and packages in a folder."""
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    return packages | {path.stem for path in folder.glob("*.py")}


def defined(source: str) -> set[str]:
    """The functions and classes at the top level of a module."""
    return {
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }


def exported(init: Path) -> set[str]:
    """The names that a package lists in `__all__`, or imports."""
    nodes = list(ast.walk(ast.parse(init.read_text())))
    imported = {
        alias.asname or alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return imported | {
        node.value
        for assignment in nodes
        if isinstance(assignment, ast.Assign)
        and [getattr(target, "id", "") for target in assignment.targets] == ["__all__"]
        for node in ast.walk(assignment.value)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
