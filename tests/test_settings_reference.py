"""The settings page of the documentation says what the code does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import Field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from django_jobs.options import BackendOptions, RedisOptions, ThreadPoolOptions
from django_jobs.variables import VARIABLES

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "settings.md"


def code(value: object) -> str:
    return f"`{value}`" if value else "–"


def shown_default(field: Field[Any]) -> str:
    match field.default:
        case timedelta() as span:
            return f"`timedelta(seconds={span.total_seconds():g})`"
        case str() as text:
            return f'`"{text}"`'
        case value:
            return f"`{value!r}`"


def own_fields(kind: type[BackendOptions]) -> Iterator[Field[Any]]:
    """The fields that a class adds to the common ones, or gives another default."""
    common = {field.name: field.default for field in fields(BackendOptions)}
    for field in fields(kind):
        if kind is BackendOptions or common.get(field.name, ...) != field.default:
            yield field


def variable_rows() -> list[str]:
    return [f"| `{v.name}` | {v.kind} | {code(v.default)} | {v.purpose} |" for v in VARIABLES]


def option_rows(kind: type[BackendOptions]) -> list[str]:
    return [
        f"| `{f.name}` | `{f.type.replace('|', 'or')}` | {shown_default(f)} |"
        f" {f.metadata['purpose']} |"
        for f in own_fields(kind)
    ]


def documented_rows(heading: str) -> list[str]:
    section = PAGE.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| `")]


def test_the_page_lists_every_environment_variable() -> None:
    assert documented_rows("Environment variables") == variable_rows()


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("Options of every backend", BackendOptions),
        ("Options of the thread pool", ThreadPoolOptions),
        ("Options of Redis", RedisOptions),
    ],
)
def test_the_page_lists_every_option(heading: str, kind: type[BackendOptions]) -> None:
    assert documented_rows(heading) == option_rows(kind)
