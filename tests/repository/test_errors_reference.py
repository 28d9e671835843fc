"""The page of errors has each message that people see, and none that is gone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from django_jobs import errors
from django_jobs.brokers import constants
from django_jobs.brokers.redis.errors import ANSWERS
from django_jobs.suggest import unknown_name
from django_jobs.timeouts.limits import too_long
from django_jobs.worker.run.thread_guard import WHILE_RUNNING
from tests.support.paths import ROOT

PACKAGE = ROOT / "django_jobs"
PAGE = (ROOT / "docs/reference/errors.md").read_text()
ROWS = re.findall(r"^\| `(.+?)` \| ", PAGE, re.MULTILINE)

OURS = {name for name, value in vars(errors).items() if isinstance(value, type)}
OTHERS = {
    *("ImproperlyConfigured", "InvalidTask", "TaskResultDoesNotExist", "CommandError"),
    *(
        "AttributeError",
        "TransactionManagementError",
        "ValueError",
        "TypeError",
        "ImportError",
        "NoCronLine",
        "UnusableMetadata",
    ),
}
INTERNAL = {"brokers/redis/lua_constants.py", "brokers/inspection/filters.py"}
"""Modules whose errors are faults of django_jobs itself, or of a forged address."""


def template(node: ast.expr) -> str:
    """The text of an expression, with `…` for what differs; empty if it is no text."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(template(part) or "…" for part in parts)
    return ""


def messages_of(path: Path) -> Iterator[str]:
    """The messages of errors that a module makes."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in OURS | OTHERS:
                yield template(first)
            case ast.Call(func=ast.Attribute(attr="__init__"), args=[first, *_]):
                if path.name == "errors.py":
                    yield template(first)


@cache
def messages() -> set[str]:
    """Every message, with `…` for what differs."""
    found = {
        text
        for path in PACKAGE.rglob("*.py")
        if str(path.relative_to(PACKAGE)) not in INTERNAL
        for text in messages_of(path)
    }
    found |= {f"Redis at … {rest}" for _, _, rest in ANSWERS}
    stored = {text for name, text in vars(constants).items() if name.endswith("_MESSAGE")}
    found |= {re.sub("%[ds]", "…", text) for text in stored}
    found |= {unknown_name("…", "…", ()), too_long(1), WHILE_RUNNING, "asked to be run again: …"}
    return {text for text in found if any(character.isalpha() for character in text)}


def is_of(row: str, message: str) -> bool:
    """Whether a row has the beginning of the message, or all of it where the row ends with `…`."""
    if row.endswith("…"):
        return row == message.rstrip(".")
    return message.startswith(row)


def test_the_page_has_every_message() -> None:
    missing = [one for one in messages() if not any(is_of(row, one) for row in ROWS)]
    assert not missing, (
        "Add the beginnings of these messages to docs/reference/errors.md, each with its cause and"
        f" what to do: {missing}"
    )


def test_no_row_is_of_a_message_that_is_gone() -> None:
    gone = [row for row in ROWS if not any(is_of(row, one) for one in messages())]
    assert not gone, f"No message begins like these any more; remove or correct them: {gone}"


@pytest.mark.parametrize("name", sorted(OURS - {"JobsError", "BrokerError"}))
def test_the_page_or_the_api_has_the_class(name: str) -> None:
    api = (ROOT / "docs/reference/api.md").read_text()
    assert f"`{name}" in PAGE + api
